package site

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
)

// Who is logged in stays so for sessionIdle after the last request, and at most
// sessionMax, also through restarts.
const (
	sessionIdle = 12 * time.Hour
	sessionMax  = 7 * 24 * time.Hour
	// deviceMax is how long a browser in which somebody logged in is remembered.
	deviceMax = 365 * 24 * time.Hour
)

// What a session holds: whose it is, and the number of their logins when it began.
const (
	keyName   = "name"
	keyLogins = "logins"
)

// newSessions returns the sessions' manager: their tokens are in a cookie, and only hashes
// of them in the book.
func newSessions(book *Book, secure bool) *scs.SessionManager {
	m := scs.New()
	m.Store, m.HashTokenInStore = book, true
	m.Lifetime, m.IdleTimeout = sessionMax, sessionIdle
	m.Cookie.Name, m.Cookie.Secure, m.Cookie.SameSite = cookieName("desk", secure), secure, http.SameSiteLaxMode
	return m
}

// cookieName returns a cookie's name: a secure one is of this host alone.
func cookieName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// sessionOf returns who is logged in by a session's data in ctx; nil: nobody, or a person
// who is gone or whose sessions were ended.
func (s *Site) sessionOf(ctx context.Context) (*somebody, error) {
	name := s.sessions.GetString(ctx, keyName)
	if name == "" {
		return nil, nil
	}
	p, err := s.o.Book.person(ctx, name)
	if p != nil && p.logins != s.sessions.GetInt64(ctx, keyLogins) {
		p = nil
	}
	return p, err
}

// who tells the console who makes a request. It reads the session anew: that in the
// request's context is as old as the request.
func (s *Site) who(r *http.Request) (console.Person, error) {
	cookie, err := r.Cookie(s.sessions.Cookie.Name)
	if err != nil {
		return console.Person{}, console.ErrNobody
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if ctx, err = s.sessions.Load(ctx, cookie.Value); err != nil {
		return console.Person{}, err
	}
	p, err := s.sessionOf(ctx)
	if err != nil {
		return console.Person{}, err
	}
	if p == nil {
		return console.Person{}, console.ErrNobody
	}
	deleted, err := s.o.Book.deleted(ctx)
	return console.Person{ID: agentID(p.Name), Name: p.Name, Role: p.Role, AllAccounts: true, Accounts: deleted}, err
}

// colleagues tells the console to whom a ticket can be given: everybody.
func (s *Site) colleagues(ctx context.Context, _ chatcfg.AccountID) ([]console.Person, error) {
	all, err := s.o.Book.people(ctx)
	people := make([]console.Person, len(all))
	for i, p := range all {
		people[i] = console.Person{ID: agentID(p.Name), Name: p.Name, Role: p.Role}
	}
	return people, err
}

// agentID returns a person's name as an agent's ID, which is not longer than 128 bytes.
func agentID(name string) tickets.AgentID {
	name = strings.ToLower(name)
	for len(name) > charla.MaxAgent {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return tickets.AgentID(name)
}

// loginPage asks for name and password.
type loginPage struct {
	Name, Problem, Next string
}

// loginForm shows the login.
func (v *visit) loginForm() error {
	return v.render("login", v.t("Entrar"), loginPage{Next: v.r.URL.Query().Get("next")})
}

// login starts a session for a name and its password. A wrong one shows the login again.
func (v *visit) login() error {
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	next := v.r.PostFormValue("next")
	refuse := func(status int, text string) error {
		v.status = status
		return v.render("login", v.t("Entrar"), loginPage{Name: name, Problem: text, Next: next})
	}
	if !validName(name) {
		return refuse(http.StatusUnprocessableEntity, v.t("Escribe tu nombre, de hasta 60 caracteres."))
	}
	p, err := v.o.Book.person(v.r.Context(), name)
	if err != nil {
		return err
	}
	from, known := v.from(name)
	if !v.attempts.allow(from, known, v.desk.Now()) {
		v.w.Header().Set("Retry-After", "600")
		return refuse(http.StatusTooManyRequests, v.t("Demasiados intentos. Espera unos minutos."))
	}
	ok, err := v.passwordMatches(v.r.PostFormValue("password"), p)
	if err != nil {
		return err
	}
	if !ok {
		return refuse(http.StatusUnauthorized, v.t("El nombre o la contraseña no son correctos."))
	}
	v.attempts.succeeded(from)
	if err := v.enter(p); err != nil {
		return err
	}
	if err := v.remember(p.Name); err != nil {
		return err
	}
	http.Redirect(v.w, v.r, local(next, "/desk/"), http.StatusSeeOther)
	return nil
}

// enter makes the request's session one of a person, with another token.
func (v *visit) enter(p *somebody) error {
	ctx := v.r.Context()
	if err := v.sessions.RenewToken(ctx); err != nil {
		return err
	}
	v.sessions.Put(ctx, keyName, p.Name)
	v.sessions.Put(ctx, keyLogins, p.logins)
	return nil
}

// validName reports whether a text may be a person's name.
func validName(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= 60 && len(chatcfg.CheckLine("name", name, 60)) == 0
}

// deviceKey is the prefix of the keys under which the book remembers browsers.
const deviceKey = "device:"

// remember makes the browser one in which a person has logged in.
func (v *visit) remember(name string) error {
	token := rand.Text() + rand.Text()
	err := v.o.Book.CommitCtx(v.r.Context(), deviceKey+hashToken(token), []byte(strings.ToLower(name)), time.Now().Add(deviceMax))
	http.SetCookie(v.w, &http.Cookie{
		Name: cookieName("desk-device", v.secure), Value: token, Path: "/", MaxAge: int(deviceMax.Seconds()),
		HttpOnly: true, Secure: v.secure, SameSite: http.SameSiteLaxMode,
	})
	return err
}

// from returns under what the tries of a request are counted: a browser in which that person
// has logged in has tries of its own (known), any other shares those of its network.
func (v *visit) from(name string) (key string, known bool) {
	if cookie, err := v.r.Cookie(cookieName("desk-device", v.secure)); err == nil {
		key := deviceKey + hashToken(cookie.Value)
		whose, found, err := v.o.Book.FindCtx(v.r.Context(), key)
		if err == nil && found && string(whose) == strings.ToLower(name) {
			return key, true
		}
	}
	return network(remote(v.r, v.o.Proxies)).String(), false
}

// passwordMatches reports whether a password is a person's; nil: nobody's, which takes as
// long. It checks one at a time: each check takes much memory.
func (s *Site) passwordMatches(password string, p *somebody) (bool, error) {
	if len(password) > maxPasswordLen {
		return false, nil
	}
	hash := s.nobody
	if p != nil {
		hash = p.hash
	}
	s.hashing.Lock()
	defer s.hashing.Unlock()
	ok, err := checkPassword(strings.TrimSpace(password), hash)
	return ok && p != nil, err
}

// logout ends the session, with its streams, and makes the agent offline (R4.7).
func (v *visit) logout() error {
	ctx := v.r.Context()
	if err := v.sessions.Destroy(ctx); err != nil {
		return err
	}
	id := agentID(v.person.Name)
	v.console.Recheck(id)
	list, err := v.desk.Accounts(ctx, charla.AccountQuery{Hidden: true})
	for _, one := range list.Items {
		err = errors.Join(err, v.desk.Account(one.ID).Agent(charla.Person{ID: id}).Heartbeat(ctx, tickets.Offline))
	}
	if err != nil {
		v.o.Logger.Warn("desk: offline", slog.Any("error", err))
	}
	http.Redirect(v.w, v.r, "/login", http.StatusSeeOther)
	return nil
}

// local returns a path if it is one of the console's, else other.
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
