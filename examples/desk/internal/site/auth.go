package site

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
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
	Agent      charla.Person
	made, seen time.Time
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

// loggedIn returns the session that a request's cookie names; false: there is none.
func (s *Site) loggedIn(r *http.Request) (id sessionID, one session, ok bool) {
	if cookie, err := r.Cookie(s.cookieName()); err == nil {
		id = sha256.Sum256([]byte(cookie.Value))
		one, ok = s.sessions.get(id, s.desk.Now())
	}
	return id, one, ok
}

// who tells the console who makes a request. All share one password here, and may do
// everything.
func (s *Site) who(r *http.Request) (console.Person, error) {
	_, one, ok := s.loggedIn(r)
	if !ok {
		return console.Person{}, console.ErrNobody
	}
	return console.Person{
		ID: one.Agent.ID, Name: one.Agent.Name, Role: console.RoleAdministrator, AllAccounts: true, Accounts: s.o.State.read().Deleted,
	}, nil
}

// loginPage asks for the password.
type loginPage struct {
	Name, Problem, Next string
}

// loginForm shows the login.
func (v *visit) loginForm() error {
	return v.render("login", v.t("Entrar"), loginPage{Next: v.r.URL.Query().Get("next")})
}

// login starts a session for a name and the password. A wrong one shows the login again.
func (v *visit) login() error {
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	password := v.r.PostFormValue("password")
	next := v.r.PostFormValue("next")
	from := remote(v.r, v.o.Proxies)
	refuse := func(status int, text string) error {
		v.status = status
		return v.render("login", v.t("Entrar"), loginPage{Name: name, Problem: text, Next: next})
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
	one := session{Agent: charla.Person{ID: tickets.AgentID(id), Name: name}}
	v.setCookie(v.w, v.sessions.start(one, v.desk.Now()), int(sessionMax.Seconds()))
	http.Redirect(v.w, v.r, local(next, "/desk/"), http.StatusSeeOther)
	return nil
}

// passwordMatches reports whether a password is right. It checks one at a time: each
// check takes much memory.
func (s *Site) passwordMatches(password string) (bool, error) {
	if len(password) > maxPasswordLen {
		return false, nil
	}
	s.hashing.Lock()
	defer s.hashing.Unlock()
	return checkPassword(strings.TrimSpace(password), s.o.State.read().Password)
}

// logout ends the session, with its streams, and makes the agent offline (R4.7).
func (v *visit) logout() error {
	v.sessions.end(v.id)
	v.setCookie(v.w, "", -1)
	v.console.Recheck(v.session.Agent.ID)
	list, err := v.desk.Accounts(v.r.Context(), charla.AccountQuery{Hidden: true})
	for _, one := range list.Items {
		err = errors.Join(err, v.desk.Account(one.ID).Agent(v.session.Agent).Heartbeat(v.r.Context(), tickets.Offline))
	}
	http.Redirect(v.w, v.r, "/login", http.StatusSeeOther)
	if err != nil {
		v.o.Logger.Warn("desk: offline", slog.Any("error", err))
	}
	return nil
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
