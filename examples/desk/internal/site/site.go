// Package site is the website of the example desk, a host of the console: a shop with the
// widget on it, a login, a pretended mail server, and package console below /desk/.
package site

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"

	"github.com/alexedwards/scs/v2"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
)

//go:embed all:templates static
var files embed.FS

// Options are what a site needs beside a desk.
type Options struct {
	// Base is where browsers find the site, such as "http://localhost:8080".
	Base string
	// Book is what the site keeps beside the desk.
	Book *Book
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
	sessions *scs.SessionManager
	attempts attempts
	// nobody is a hash that no password has.
	nobody  string
	hashing sync.Mutex
	pages   map[string]*template.Template // by language and name: "en login"
	console *console.Console
	handler http.Handler
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

// FirstPerson is the name of the administrator of the first start.
const FirstPerson = "admin"

// New makes the site. The first time it makes an administrator, [FirstPerson], and password is
// theirs: it is shown this once.
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
	s.sessions, s.nobody = newSessions(o.Book, s.secure), s.hash(newPassword())
	list, err := o.Book.people(context.Background())
	if err == nil && len(list) == 0 {
		password = newPassword()
		err = o.Book.add(context.Background(), FirstPerson, console.RoleAdministrator, s.hash(password))
	}
	if err != nil {
		return nil, "", err
	}
	if s.pages, err = loadPages(); err != nil {
		return nil, "", err
	}
	s.console, err = console.New(desk, s.who, &console.Options{
		Colleagues: s.colleagues,
		Login:      "/login", Logout: "/logout", WidgetURL: s.origin + "/chat/", Logger: o.Logger,
		Links: []console.Link{
			{Label: chatcfg.Words{ES: "Tienda", EN: "Shop", PT: "Loja"}, URL: "/?chat={key}"},
			{Label: chatcfg.Words{ES: "Correo", EN: "E-mail", PT: "E-mail"}, URL: "/mail"},
			{Label: chatcfg.Words{ES: "Personas", EN: "People", PT: "Pessoas"}, URL: "/people"},
		},
	})
	if err != nil {
		return nil, "", err
	}
	return s, password, s.routes()
}

// Close ends the streams that are open.
func (s *Site) Close() { s.console.Close() }

// ServeHTTP serves the whole site.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// routes sets the site's handler.
func (s *Site) routes() error {
	static, err := fs.Sub(files, "static")
	if err != nil {
		return err
	}
	own := http.NewServeMux()
	own.Handle("GET /static/{name}", http.StripPrefix("/static", http.FileServerFS(static)))
	own.Handle("GET /{$}", s.visit((*visit).shop, false))
	own.Handle("GET /login", s.visit((*visit).loginForm, false))
	own.Handle("POST /login", s.visit((*visit).login, false))
	own.Handle("POST /logout", s.visit((*visit).logout, true))
	own.Handle("GET /mail", s.visit((*visit).mail, true))
	own.Handle("POST /mail", s.visit((*visit).setMail, true))
	own.Handle("GET /people", s.visit((*visit).people, true))
	own.Handle("POST /people", s.visit((*visit).setPerson, true))
	own.Handle("POST /people/password", s.visit((*visit).setPassword, true))
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(s.origin); err != nil {
		return fmt.Errorf("desk: base: %w", err)
	}
	all := http.NewServeMux()
	all.Handle("/", s.sessions.LoadAndSave(guard.Handler(own)))
	all.Handle("/desk/", s.sessions.LoadAndSave(http.StripPrefix("/desk", s.console)))
	if s.o.Widget != nil {
		all.Handle("/chat/", s.o.Widget)
	}
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if s.secure {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		all.ServeHTTP(w, r)
	})
	return nil
}

// maxForm is the most that a request's body may hold.
const maxForm = 64 << 10

// policy lets a page load what the site serves and nothing else: no script or
// style inside a page.
const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// visit is one request of the site's own pages.
type visit struct {
	*Site
	w http.ResponseWriter
	r *http.Request
	// person is who is logged in; nil: nobody.
	person *somebody
	lang   string
	// status is what render answers; zero: 200.
	status int
}

// visit returns a handler that calls h with a visit, or shows its error. If private, a
// browser that is not logged in is sent to the login.
func (s *Site) visit(h func(*visit) error, private bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		v := &visit{Site: s, w: w, r: r, lang: preferred(r)}
		var err error
		if v.person, err = s.sessionOf(r.Context()); err == nil && v.person == nil && private {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		if err == nil {
			err = v.serve(h)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// serve reads the request's form and calls h.
func (v *visit) serve(h func(*visit) error) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	err := v.r.ParseForm()
	tooLarge := (*http.MaxBytesError)(nil)
	switch {
	case errors.As(err, &tooLarge):
		return statusError(http.StatusRequestEntityTooLarge)
	case err != nil:
		return statusError(http.StatusBadRequest)
	}
	return h(v)
}

// statusError is an error that is only its status.
type statusError int

// Error returns the status in words.
func (e statusError) Error() string { return http.StatusText(int(e)) }

// fail answers with a page about an error, and logs one that it does not know.
func (v *visit) fail(err error) {
	var known statusError
	text := "Algo falló."
	switch {
	case errors.As(err, &known):
		v.status = int(known)
		text = map[statusError]string{
			http.StatusBadRequest: "La petición no se entiende.", http.StatusRequestEntityTooLarge: "Es demasiado grande.", http.StatusForbidden: "Tu rol no permite esto.",
		}[known]
	default:
		v.status = http.StatusInternalServerError
		v.o.Logger.Error("desk: request failed", slog.String("path", v.r.URL.Path), slog.Any("error", err))
	}
	if err := v.render("error", http.StatusText(v.status), v.t(text)); err != nil {
		v.o.Logger.Error("desk: error page", slog.Any("error", err))
	}
}

// t returns a text in the reader's language.
func (v *visit) t(text string) string { return translate(v.lang, text) }

// loadPages parses each page with the layout, for each language.
func loadPages() (map[string]*template.Template, error) {
	all := map[string]*template.Template{}
	for _, lang := range []string{"es", "en"} {
		for _, name := range []string{"error", "login", "mail", "people", "shop"} {
			one := template.New("").Funcs(template.FuncMap{"t": func(text string) string { return translate(lang, text) }})
			if _, err := one.ParseFS(files, "templates/_layout.html", "templates/"+name+".html"); err != nil {
				return nil, fmt.Errorf("desk: templates: %w", err)
			}
			all[lang+" "+name] = one
		}
	}
	return all, nil
}

// render answers with a page and the visit's status; zero: 200. It writes nothing if it
// fails.
func (v *visit) render(name, title string, data any) error {
	var body bytes.Buffer
	err := v.pages[v.lang+" "+name].ExecuteTemplate(&body, "layout", struct {
		Lang, Title string
		Data        any
	}{v.lang, title, data})
	if err != nil {
		return fmt.Errorf("desk: page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.status == 0 {
		v.status = http.StatusOK
	}
	v.w.WriteHeader(v.status)
	_, _ = v.w.Write(body.Bytes())
	return nil
}
