package console

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
	"net/url"
	"path"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

//go:embed all:templates static
var files embed.FS

// Options tune a console. Nil is valid.
type Options struct {
	// Login is the address of the host's login. A browser in which nobody is logged in is
	// sent there, with the address that it asked for as "next". Empty: it gets status 401.
	Login string
	// Logout is the address to which the button that logs out posts. Empty: there is no
	// such button.
	Logout string
	// WidgetURL is where the host has mounted package widget, such as
	// "https://tienda.cl/chat/": what a page needs to show the chat is made of it. Empty: the
	// settings have no such code.
	WidgetURL string
	// Links are the host's own, below the console's in the menu of every page.
	Links []Link
	// Colleagues returns the people of an account: those to whom a ticket can be given, with
	// their teams, and whom a note can name. What they may do does not matter here. Nil: a ticket
	// can be taken and given back, and given to one's own teams.
	Colleagues func(context.Context, chatcfg.AccountID) ([]Person, error)
	// Logger gets what fails inside, without what people typed. It defaults to silence.
	Logger *slog.Logger
}

// Link is an entry of the menu.
type Link struct {
	// Label is what it is called, by language.
	Label chatcfg.Words
	// URL is where it leads. {key} in it is replaced by the account's public key.
	URL string
}

// Console is the pages as an [http.Handler]. It is safe for concurrent use.
type Console struct {
	access
	o        Options
	login    *url.URL
	pages    pages
	assets   map[string]asset
	settings map[string]setting
	mux      http.Handler
	// table is the access table's part of mux.
	table   *http.ServeMux
	streams streams
	// followers read for all streams what changes, directory which accounts there are.
	followers followers
	directory directory
	previews  previews
	// mark stands in a page for the way to the console's root until it is written out, and
	// whose for the mark of the person.
	mark, whose string
	// closing ends the streams.
	closing context.Context //nolint:containedctx // it lasts as long as the console, not a call
	close   context.CancelFunc
}

// New returns the console of a desk. who says who makes a request: it fails with
// [ErrNobody] if nobody is logged in; any other error is answered with status 500. It is
// asked at every request, and again and again while a stream lasts, with the stream's request:
// it must look afresh, and not only at what a middleware has put into the request's context.
//
// It fails for options that are no addresses.
func New(desk *charla.Desk, who func(*http.Request) (Person, error), o *Options) (*Console, error) {
	c := &Console{access: access{desk, who}, mark: randomText() + "/", whose: randomText()}
	if o != nil {
		c.o = *o
	}
	if c.o.Logger == nil {
		c.o.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if c.login, err = url.Parse(c.o.Login); err != nil {
		return nil, fmt.Errorf("console: Login: %w", err)
	}
	if u, err := url.Parse(c.o.WidgetURL); err != nil || c.o.WidgetURL != "" && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("console: WidgetURL %q is not an address such as https://tienda.cl/chat/", c.o.WidgetURL)
	}
	if desk == nil || who == nil {
		return nil, errors.New("console: the desk or who is nil")
	}
	if c.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	c.settings = settings()
	if c.pages, err = c.loadPages(); err != nil {
		return nil, err
	}
	c.closing, c.close = context.WithCancel(context.Background())
	c.followers = followers{inbox: c.sharedInbox, chat: c.chat, log: c.o.Logger, closing: c.closing, turns: make(chan struct{}, maxReaders)}
	c.directory.busy = make(chan struct{}, 1)
	c.table = http.NewServeMux()
	for i := range routes {
		c.table.Handle(routes[i].pattern, c.handler(&routes[i]))
	}
	origin := http.NewCrossOriginProtection()
	// The one address beside the table: a preview has no login, and its frame no origin.
	c.table.HandleFunc("/preview/{preview}/{rest...}", c.servePreview)
	origin.AddInsecureBypassPattern("/preview/{preview}/{rest...}")
	origin.SetDenyHandler(http.HandlerFunc(refuseOrigin))
	c.mux = origin.Handler(c.table)
	return c, nil
}

// ServeHTTP serves the console. A prefix under which it is mounted has to be taken off
// the request's path, as [http.StripPrefix] does.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setHeaders(w.Header())
	switch clean := path.Clean(r.URL.Path); {
	case r.URL.Path == "": // the prefix without its slash
		w.Header().Set("Location", path.Base(strings.SplitN(r.RequestURI, "?", 2)[0])+"/")
		w.WriteHeader(http.StatusSeeOther)
		return
	case clean != r.URL.Path: // a ServeMux would send it to an address without the prefix
		http.NotFound(w, r)
		return
	}
	c.mux.ServeHTTP(w, r)
}

// Recheck asks again who the streams of a person belong to, at once: call it when their
// login ends or what they may do changes. Without it, that takes [RecheckEvery]. Streams
// in other processes hear nothing of it.
func (c *Console) Recheck(id tickets.AgentID) { c.streams.recheck(id) }

// Close ends the streams that are open, and the previews. An [http.Server] does not wait for them if its
// RegisterOnShutdown has it.
func (c *Console) Close() {
	c.close()
	c.previews.close()
}

// TicketURL returns the address of a ticket in a console that browsers reach at a base address, such as
// "https://tienda.cl/desk/": for [charla.Options].TicketURL. Of a ref without a number, which
// contact forms have, it is that of the account's forms.
func TicketURL(base string, ref tickets.Ref) string {
	base = strings.TrimRight(base, "/")
	if ref.Number == 0 {
		return base + accountPath(ref.Account, "contacts")
	}
	return base + ticketPath(ref)
}

// asset is a file that browsers keep: its address changes with its content.
type asset struct {
	body       []byte
	hash, kind string
}

var kinds = map[string]string{
	"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
}

// loadAssets reads the static files, with a hash of each for its address.
func loadAssets() (map[string]asset, error) {
	all := map[string]asset{}
	list, err := fs.ReadDir(files, "static")
	if err != nil {
		return nil, fmt.Errorf("console: assets: %w", err)
	}
	for _, one := range list {
		body, err := files.ReadFile("static/" + one.Name())
		if err != nil {
			return nil, fmt.Errorf("console: assets: %w", err)
		}
		sum := sha256.Sum256(body)
		_, ending, _ := strings.Cut(one.Name(), ".")
		all[one.Name()] = asset{body, hex.EncodeToString(sum[:6]), kinds[ending]}
	}
	return all, nil
}

// asset serves a static file; 404 for another hash.
func (v *visit) asset() error {
	a, ok := v.assets[v.r.PathValue("name")]
	if !ok || v.r.PathValue("hash") != a.hash {
		return charla.ErrNotFound
	}
	head := v.w.Header()
	head.Set("Content-Type", a.kind)
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	head.Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = v.w.Write(a.body)
	return nil
}
