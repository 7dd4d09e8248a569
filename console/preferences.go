package console

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// preferences are what a person chose in this browser. They are kept in cookies, which
// grant nothing.
type preferences struct {
	Lang chatcfg.Locale
	// Theme is "auto", "light" or "dark".
	Theme string
	// Presence is whether this browser says that the person is there (R4.7).
	Presence tickets.Availability
}

// The cookies are set without a path by addresses right below the console's root, and so
// are sent to the console only, wherever it is mounted. Presence lasts as long as
// the browser is open, and is of one person.
const (
	cookieLook     = "charla-console"
	cookiePresence = "charla-presence"
	cookieAge      = 365 * 24 * 60 * 60
)

// preferencesOf reads the preferences of a person's browser. What it cannot read has its
// default: the browser's language, the system's theme, and online.
func preferencesOf(r *http.Request, p *Person) preferences {
	prefs := preferences{Lang: preferred(r), Theme: "auto", Presence: tickets.Online}
	if c, err := r.Cookie(cookieLook); err == nil {
		lang, theme, _ := strings.Cut(c.Value, ".")
		prefs.setLook(lang, theme)
	}
	if c, err := r.Cookie(cookiePresence); err == nil {
		status, whose, _ := strings.Cut(c.Value, ".")
		if whose == ownerOf(p) && validPresence(tickets.Availability(status)) {
			prefs.Presence = tickets.Availability(status)
		}
	}
	return prefs
}

// setLook sets the language and the theme, each if it is one.
func (p *preferences) setLook(lang, theme string) {
	if _, ok := languages[chatcfg.Locale(lang)]; ok {
		p.Lang = chatcfg.Locale(lang)
	}
	switch theme {
	case "auto", "light", "dark":
		p.Theme = theme
	}
}

// validPresence reports whether a is one of those that a person may choose.
func validPresence(a tickets.Availability) bool {
	return a == tickets.Online || a == tickets.Away || a == tickets.Offline
}

// ownerOf returns a mark of a person that fits into a cookie.
func ownerOf(p *Person) string {
	sum := sha256.Sum256([]byte(p.ID))
	return hex.EncodeToString(sum[:8])
}

// setCookie sets a cookie of the console for an age in seconds; zero: until the browser is
// closed.
func (v *visit) setCookie(name, value string, age int) {
	http.SetCookie(v.w, &http.Cookie{
		Name: name, Value: value, MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: v.r.TLS != nil || strings.HasPrefix(v.r.Header.Get("Origin"), "https://"),
	})
}

// setPreferences stores the language and the theme that the person chose.
func (v *visit) setPreferences() error {
	v.prefs.setLook(v.r.PostFormValue("lang"), v.r.PostFormValue("theme"))
	v.setCookie(cookieLook, string(v.prefs.Lang)+"."+v.prefs.Theme, cookieAge)
	return v.back("/")
}

// setPresence stores whether the person is online, in every account that they see (R4.7).
func (v *visit) setPresence() error {
	status := tickets.Availability(v.r.PostFormValue("status"))
	if !validPresence(status) {
		return statusError(http.StatusUnprocessableEntity)
	}
	if err := v.heartbeat(v.r.Context(), &v.person, status); err != nil {
		return err
	}
	v.setCookie(cookiePresence, string(status)+"."+ownerOf(&v.person), 0)
	return v.back("/")
}
