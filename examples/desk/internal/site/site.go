// Package site is the website of the example desk: the pages of agents and
// administrators, and a shop with the widget on it. Everything is rendered on
// the server; static/desk.js keeps the pages live and is not needed for any of
// them to work.
package site

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

//go:embed all:templates static
var files embed.FS

// Options are what a site needs beside a desk.
type Options struct {
	// Base is where browsers find the site, such as "http://localhost:8080".
	Base string
	// State is the file that holds the password's hash.
	State string
	// Mailbox is the desk's mailer.
	Mailbox *Mailbox
	// Widget is mounted at /chat/; nil: there is none.
	Widget http.Handler
	// Logger gets what fails inside; nil: silence.
	Logger *slog.Logger
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// HashMemory is what checking a password takes, in KiB; zero: 64 MiB.
	HashMemory uint32
}

// Site is the website.
type Site struct {
	desk     *charla.Desk
	o        Options
	origin   string
	secure   bool
	state    *state
	sessions sessions
	attempts attempts
	hashing  sync.Mutex
	pages    pages
	assets   map[string]asset
	settings map[string]setting
	handler  http.Handler
	// closing ends the streams.
	closing context.Context //nolint:containedctx // it lasts as long as the site, not a call
	close   context.CancelFunc
}

// ParseBase reads the address at which browsers find a site. It fails unless that is a
// scheme and a host, without a path.
func ParseBase(base string) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, fmt.Errorf("desk: base %q is not an address such as http://localhost:8080", base)
	}
	return u, nil
}

// New makes the site. password is not empty the first time: it is shown this once, and
// its hash is in the state file.
func New(desk *charla.Desk, o Options) (s *Site, password string, err error) {
	base, err := ParseBase(o.Base)
	if err != nil {
		return nil, "", err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.HashMemory == 0 {
		o.HashMemory = hashMemory
	}
	s = &Site{desk: desk, o: o, origin: base.Scheme + "://" + base.Host, secure: base.Scheme == "https"}
	if s.state, err = openState(o.State); err != nil {
		return nil, "", err
	}
	if s.state.read().Password == "" {
		password = newPassword()
		hash := hashPassword(password, o.HashMemory)
		if err := s.state.change(func(d *stateData) { d.Password = hash }); err != nil {
			return nil, "", err
		}
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, "", err
	}
	s.settings = settings()
	if s.pages, err = s.loadPages(); err != nil {
		return nil, "", err
	}
	s.closing, s.close = context.WithCancel(context.Background())
	return s, password, s.routes()
}

// Close ends the streams that are open.
func (s *Site) Close() { s.close() }

// Origin returns the address at which browsers find the site, without a path.
func (s *Site) Origin() string { return s.origin }

// ServeHTTP serves the whole site.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// routes sets the site's handler.
func (s *Site) routes() error {
	own := http.NewServeMux()
	open := func(pattern string, h func(*visit) error) { own.Handle(pattern, s.visit(h, false)) }
	desk := func(pattern string, h func(*visit) error) { own.Handle(pattern, s.visit(h, true)) }

	own.HandleFunc("GET /assets/{hash}/{name}", s.asset)
	open("GET /{$}", (*visit).shop)
	open("GET /desk/login", (*visit).loginForm)
	open("POST /desk/login", (*visit).login)
	desk("GET /desk/{$}", (*visit).home)
	desk("POST /desk/logout", (*visit).logout)
	desk("POST /desk/preferences", (*visit).preferences)
	desk("POST /desk/presence", (*visit).presence)
	desk("GET /desk/events", (*visit).events)

	desk("GET /desk/a/{account}/inbox", (*visit).inbox)
	desk("GET /desk/a/{account}/inbox/{conversation}/{number}", (*visit).inbox)
	desk("POST /desk/a/{account}/inbox/{conversation}/{number}/{action}", (*visit).act)
	desk("GET /desk/a/{account}/file/{conversation}/{number}/{seq}", (*visit).file)
	desk("GET /desk/a/{account}/contacts", (*visit).contacts)
	desk("GET /desk/a/{account}/outbox", (*visit).outbox)
	desk("POST /desk/a/{account}/outbox", (*visit).replay)
	desk("GET /desk/a/{account}/report", (*visit).report)
	desk("GET /desk/mail", (*visit).mail)
	desk("POST /desk/mail", (*visit).setMail)

	desk("GET /desk/channels", (*visit).channels)
	desk("POST /desk/channels", (*visit).addChannel)
	desk("POST /desk/purge", (*visit).purge)
	desk("GET /desk/channels/{account}", (*visit).configure)
	desk("POST /desk/channels/{account}", (*visit).saveConfig)
	desk("POST /desk/channels/{account}/secret", (*visit).rotate)
	desk("POST /desk/channels/{account}/delete", (*visit).deleteChannel)
	desk("POST /desk/channels/{account}/{image}", (*visit).setImage)
	desk("GET /desk/channels/{account}/{image}", (*visit).image)

	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(s.origin); err != nil {
		return fmt.Errorf("desk: base: %w", err)
	}
	all := http.NewServeMux()
	all.Handle("/", guard.Handler(own))
	if s.o.Widget != nil {
		all.Handle("/chat/", s.o.Widget)
	}
	s.handler = all
	return nil
}

// The most that a request's body may hold.
const (
	maxForm   = 2 << 20 // a configuration of 256 KiB, as a form writes it
	maxUpload = 8 << 20 // a picture, or an attachment of 5 MiB
)

// policy lets a page load what the site serves and nothing else: no script or
// style inside a page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// visit is one request of one person.
type visit struct {
	*Site
	w       http.ResponseWriter
	r       *http.Request
	id      sessionID
	session session
	// in says that somebody is logged in.
	in bool
	// status is what render answers; zero: 200.
	status int
}

// visit returns a handler that calls h with a visit, or shows its error. If private, a
// browser that is not logged in is sent to the login.
func (s *Site) visit(h func(*visit) error, private bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cross-Origin-Resource-Policy", "same-origin")
		head.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		head.Set("Cache-Control", "no-store")
		if s.secure {
			head.Set("Strict-Transport-Security", "max-age=31536000")
		}
		limit := int64(maxForm)
		if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
			limit = maxUpload
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		v := &visit{Site: s, w: w, r: r, session: session{Lang: preferred(r)}}
		if cookie, err := r.Cookie(s.cookieName()); err == nil {
			v.id = sha256.Sum256([]byte(cookie.Value))
			if one, ok := s.sessions.get(v.id, s.desk.Now()); ok {
				v.session, v.in = one, true
			}
		}
		if private && !v.in {
			next := ""
			if r.Method == http.MethodGet {
				next = "?next=" + url.QueryEscape(r.URL.RequestURI())
			}
			http.Redirect(w, r, "/desk/login"+next, http.StatusSeeOther)
			return
		}
		if r.Method == http.MethodPost {
			if err := parseForm(r); err != nil {
				v.fail(err)
				return
			}
		}
		if err := h(v); err != nil {
			v.fail(err)
		}
	})
}

// parseForm reads a form. It fails with a statusError.
func parseForm(r *http.Request) error {
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err = r.ParseMultipartForm(maxUpload)
	} else {
		err = r.ParseForm()
	}
	tooLarge := (*http.MaxBytesError)(nil)
	switch {
	case errors.As(err, &tooLarge):
		return statusError(http.StatusRequestEntityTooLarge)
	case err != nil:
		return statusError(http.StatusBadRequest)
	}
	return nil
}

// statusError is an error that is only its status.
type statusError int

// Error returns the status in words.
func (e statusError) Error() string { return http.StatusText(int(e)) }

// failure returns the status and the sentence for an error, and logs one that it does
// not know.
func (v *visit) failure(err error) (status int, text string) {
	var status0 statusError
	var found chatcfg.Problems
	switch {
	case errors.As(err, &status0):
		return int(status0), v.t(map[statusError]string{
			http.StatusBadRequest: "La petición no se entiende.", http.StatusNotFound: "Aquí no hay nada.",
			http.StatusRequestEntityTooLarge: "Es demasiado grande.",
		}[status0])
	case errors.As(err, &found):
		var texts []string
		for _, p := range found {
			texts = append(texts, p.Message(v.session.Lang))
		}
		return http.StatusUnprocessableEntity, strings.Join(texts, " ")
	case errors.Is(err, charla.ErrNotFound):
		return http.StatusNotFound, v.t("Aquí no hay nada.")
	case errors.Is(err, charla.ErrDeleted):
		return http.StatusGone, v.t("Esta cuenta fue eliminada.")
	case errors.Is(err, tickets.ErrTransition):
		return http.StatusConflict, v.t("El estado del ticket ya no permite eso.")
	case errors.Is(err, tickets.ErrAnonymous):
		return http.StatusConflict, v.t("El cliente es anónimo: no se puede tipificar ni describir.")
	case errors.Is(err, charla.ErrKeyReused):
		return http.StatusConflict, v.t("Esto ya se envió con otro contenido.")
	case errors.Is(err, charla.ErrNotDead), errors.Is(err, charla.ErrNotDeleted):
		return http.StatusConflict, v.t("Ya no es necesario.")
	case errors.Is(err, charla.ErrCursor):
		return http.StatusBadRequest, v.t("La lista cambió; vuelve a empezar.")
	case errors.Is(err, charla.ErrBusy):
		return http.StatusServiceUnavailable, v.t("Hay demasiado trabajo en este momento. Inténtalo de nuevo.")
	}
	if v.r.Context().Err() == nil {
		v.o.Logger.Error("desk: request failed", slog.String("path", v.r.URL.Path), slog.Any("error", err))
	}
	return http.StatusInternalServerError, v.t("Algo falló. Puede que se haya hecho o no: compruébalo antes de repetir.")
}

// fail answers with a page about an error.
func (v *visit) fail(err error) {
	var text string
	v.status, text = v.failure(err)
	if err := v.render("error", page{Title: http.StatusText(v.status), Data: text}); err != nil {
		v.o.Logger.Error("desk: error page", slog.Any("error", err))
	}
}

// redirect sends the browser to a path. It does not fail.
func (v *visit) redirect(path string) error {
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// back sends the browser to the path in the form's field "back", else to other.
func (v *visit) back(other string) error {
	return v.redirect(local(v.r.PostFormValue("back"), other))
}

// say stores a sentence for the next page.
func (v *visit) say(kind, text string) {
	v.sessions.change(v.id, func(s *session) { s.flash = &flash{Kind: kind, Text: text} })
}

// accounts returns all accounts, hidden ones too: the agents here are their
// administrators.
func (v *visit) accounts() ([]charla.AccountInfo, error) {
	list, err := v.desk.Accounts(v.r.Context(), charla.AccountQuery{Hidden: true, PageQuery: charla.PageQuery{Limit: 200}})
	return list.Items, err
}

// account returns the account that the path names, a deleted one too. It fails with
// [charla.ErrNotFound].
func (v *visit) account() (charla.AccountInfo, error) {
	id, err := parseID(v.r.PathValue("account"))
	if err != nil {
		return charla.AccountInfo{}, err
	}
	return v.desk.Account(chatcfg.AccountID{UUID: id}).Info(v.r.Context())
}

// parseID reads an ID. It fails with [charla.ErrNotFound] for any other text.
func parseID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return uuid.Nil, charla.ErrNotFound
	}
	return id, nil
}

// home sends the browser to the first account's inbox, or to the accounts if there is
// none.
func (v *visit) home() error {
	list, err := v.accounts()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return v.redirect("/desk/channels")
	}
	return v.redirect("/desk/a/" + list[0].ID.String() + "/inbox")
}

// asset is a file that browsers keep: its address changes with its content.
type asset struct {
	body       []byte
	hash, kind string
}

var kinds = map[string]string{
	"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
}

// loadAssets reads the site's static files, with a hash of each for its address.
func loadAssets() (map[string]asset, error) {
	all := map[string]asset{}
	list, err := fs.ReadDir(files, "static")
	if err != nil {
		return nil, fmt.Errorf("desk: assets: %w", err)
	}
	for _, one := range list {
		body, err := files.ReadFile("static/" + one.Name())
		if err != nil {
			return nil, fmt.Errorf("desk: assets: %w", err)
		}
		sum := sha256.Sum256(body)
		_, ending, _ := strings.Cut(one.Name(), ".")
		all[one.Name()] = asset{body, hex.EncodeToString(sum[:6]), kinds[ending]}
	}
	return all, nil
}

// asset serves a static file; 404 for another hash.
func (s *Site) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("name")]
	if !ok || r.PathValue("hash") != a.hash {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.body)
}
