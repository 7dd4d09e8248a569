package site

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Who is logged in stays so for sessionIdle after the last request, and at most
// sessionMax; the oldest of more than maxSessions give way.
const (
	sessionIdle = 12 * time.Hour
	sessionMax  = 7 * 24 * time.Hour
	maxSessions = 1000
)

// session is an agent's login. Its token is in a cookie; only the hash is kept,
// in memory: a restart logs everybody out.
type session struct {
	Agent    charla.Person
	Lang     chatcfg.Locale
	Theme    string
	Presence tickets.Availability
	// flash is shown on the next page.
	flash      *flash
	made, seen time.Time
}

// flash is what the page after a change says.
type flash struct {
	// Kind is "good", "bad" or "warn".
	Kind, Text string
	// Draft is what was typed and could not be sent.
	Draft string
}

type sessionID [sha256.Size]byte

type sessions struct {
	mu sync.Mutex
	m  map[sessionID]*session
}

// start makes a session and returns its token. The oldest session ends if there are too
// many.
func (s *sessions) start(one session, now time.Time) string {
	token := rand.Text() + rand.Text()
	one.made, one.seen = now, now
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[sessionID]*session{}
	}
	var oldest sessionID
	for id, other := range s.m {
		if expired(other, now) {
			delete(s.m, id)
		} else if o := s.m[oldest]; o == nil || other.seen.Before(o.seen) {
			oldest = id
		}
	}
	if len(s.m) >= maxSessions {
		delete(s.m, oldest)
	}
	s.m[sha256.Sum256([]byte(token))] = &one
	return token
}

// expired reports whether a session was idle, or lasted, for too long, or a clock that was
// ahead dated it.
func expired(s *session, now time.Time) bool {
	return now.Sub(s.seen).Abs() > sessionIdle || now.Sub(s.made).Abs() > sessionMax
}

// get returns a copy of a session and records that it was used; false: it has ended.
func (s *sessions) get(id sessionID, now time.Time) (session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.m[id]
	if one == nil || expired(one, now) {
		delete(s.m, id)
		return session{}, false
	}
	one.seen = now
	return *one, true
}

// change changes a session; one that has ended is no error.
func (s *sessions) change(id sessionID, change func(*session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one := s.m[id]; one != nil {
		change(one)
	}
}

// end ends a session.
func (s *sessions) end(id sessionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, id)
}

// cookieName returns the name of the session's cookie.
func (s *Site) cookieName() string {
	if s.secure {
		return "__Host-desk"
	}
	return "desk"
}

// setCookie sets the session's cookie for an age in seconds; below zero: removes it.
func (s *Site) setCookie(w http.ResponseWriter, token string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(), Value: token, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

// loginPage asks for the password.
type loginPage struct {
	Name, Problem, Next string
}

// loginForm shows the login.
func (v *visit) loginForm() error {
	return v.render("login", page{Title: v.t("Entrar"), Data: loginPage{Next: v.r.URL.Query().Get("next")}})
}

// login starts a session for a name and the password, and makes the agent online. A
// wrong one shows the login again.
func (v *visit) login() error {
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	password := v.r.PostFormValue("password")
	next := v.r.PostFormValue("next")
	from := remote(v.r, v.o.Proxies)
	refuse := func(status int, text string) error {
		v.status = status
		return v.render("login", page{Title: v.t("Entrar"), Data: loginPage{Name: name, Problem: text, Next: next}})
	}
	switch {
	case name == "" || utf8.RuneCountInString(name) > 60 || len(chatcfg.CheckLine("name", name, 60)) > 0:
		return refuse(http.StatusUnprocessableEntity, v.t("Escribe tu nombre, de hasta 60 caracteres."))
	case !v.attempts.allow(from, v.desk.Now()):
		v.w.Header().Set("Retry-After", "600")
		return refuse(http.StatusTooManyRequests, v.t("Demasiados intentos. Espera unos minutos."))
	}
	ok, err := v.passwordMatches(password)
	if err != nil {
		return err
	}
	if !ok {
		return refuse(http.StatusUnauthorized, v.t("La contraseña no es correcta."))
	}
	v.attempts.succeeded(from)
	// Agents share one password here; an ID is not longer than 128 bytes.
	id := name
	for len(id) > 128 {
		_, size := utf8.DecodeLastRuneInString(id)
		id = id[:len(id)-size]
	}
	one := session{Agent: charla.Person{ID: tickets.AgentID(id), Name: name}, Lang: v.session.Lang, Presence: tickets.Online}
	v.session = one // who comes in is there
	if err := v.heartbeat(tickets.Online); err != nil {
		return err
	}
	v.setCookie(v.w, v.sessions.start(one, v.desk.Now()), int(sessionMax.Seconds()))
	return v.redirect(local(next, "/desk/"))
}

// passwordMatches reports whether a password is right. It checks one at a time: each
// check takes much memory.
func (s *Site) passwordMatches(password string) (bool, error) {
	if len(password) > maxPasswordLen {
		return false, nil
	}
	s.hashing.Lock()
	defer s.hashing.Unlock()
	return checkPassword(strings.TrimSpace(password), s.state.read().Password)
}

// logout ends the session and makes the agent offline.
func (v *visit) logout() error {
	err := v.heartbeat(tickets.Offline)
	v.sessions.end(v.id)
	v.setCookie(v.w, "", -1)
	return errors.Join(err, v.redirect("/desk/login"))
}

// local returns a path if it is one of this site, else other.
func local(path, other string) string {
	if strings.HasPrefix(path, "/desk/") && !strings.ContainsAny(path, "\\\r\n") {
		return path
	}
	return other
}

// remote returns the address that a request comes from: the peer's, or, if that is one
// of the proxies, the last in X-Forwarded-For that is none. Zero: it is not known.
func remote(r *http.Request, proxies []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, one := range slices.Backward(list) {
		if !slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(at) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(one))
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	return at
}

// preferences stores the language and the theme that an agent chose.
func (v *visit) preferences() error {
	lang, theme := chatcfg.Locale(v.r.PostFormValue("lang")), v.r.PostFormValue("theme")
	v.sessions.change(v.id, func(s *session) {
		if _, ok := languages[lang]; ok {
			s.Lang = lang
		}
		switch theme {
		case "auto", "light", "dark":
			s.Theme = theme
		}
	})
	return v.back("/desk/")
}

// presence stores whether the agent is online, in every account (R4.7).
func (v *visit) presence() error {
	a := tickets.Availability(v.r.PostFormValue("status"))
	if err := v.heartbeat(a); err != nil {
		return err
	}
	v.sessions.change(v.id, func(s *session) { s.Presence = a })
	return v.back("/desk/")
}

// heartbeat sends the agent's heartbeat to every account.
func (v *visit) heartbeat(a tickets.Availability) error {
	accounts, err := v.accounts()
	if err != nil {
		return err
	}
	for _, one := range accounts {
		if err := v.desk.Account(one.ID).Agent(v.session.Agent).Heartbeat(v.r.Context(), a); err != nil {
			return err
		}
	}
	return nil
}
