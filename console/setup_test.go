package console_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// bench is a console on a memory store, mounted below /desk/, with a browser in which
// Ana is logged in.
type bench struct {
	t       *testing.T
	desk    *charla.Desk
	console *console.Console
	server  *httptest.Server
	client  *http.Client
	account *charla.Account
	people  people
	mails   mails
}

// mails is a mail server that fails as it is told to.
type mails struct{ fail atomic.Pointer[error] }

// Send takes the mail, or fails.
func (m *mails) Send(context.Context, charla.Mail) error {
	if err := m.fail.Load(); err != nil {
		return *err
	}
	return nil
}

// people are a host's logins: the header Who names one.
type people struct {
	mu sync.Mutex
	m  map[string]console.Person
}

// who is the host's own way of knowing who asks.
func (p *people) who(r *http.Request) (console.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.m[r.Header.Get("Who")]
	if !ok {
		return one, console.ErrNobody
	}
	return one, nil
}

// set logs somebody in, or changes what they may do.
func (p *people) set(name string, one console.Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = map[string]console.Person{}
	}
	p.m[name] = one
}

// end logs somebody out.
func (p *people) end(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.m, name)
}

// as sends every request in somebody's name.
type as string

func (name as) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Who", string(name))
	return http.DefaultTransport.RoundTrip(r)
}

// setup makes a console with one account, whose administrator is Ana.
func setup(t *testing.T) *bench {
	t.Helper()
	return setupOn(t, charla.Options{}, &console.Options{})
}

func setupOn(t *testing.T, d charla.Options, o *console.Options) *bench {
	t.Helper()
	return setupStore(t, storage.NewMemory(), d, o)
}

// setupStore makes a console as setup does, on a store.
func setupStore(t *testing.T, store storage.Store, d charla.Options, o *console.Options) *bench {
	t.Helper()
	b := &bench{t: t}
	kept, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	d.Mailer = &b.mails
	d.Files = &charla.FileOptions{Store: kept}
	b.desk, err = charla.New(store, &d)
	require.NoError(t, err)
	b.account, _, err = b.desk.CreateAccount(t.Context(), "Tienda", "localhost:8080", nil)
	require.NoError(t, err)
	b.people.set("ana", console.Person{
		ID: "ana", Name: "Ana", Role: console.RoleAdministrator, AllAccounts: true, Accounts: []chatcfg.AccountID{b.account.ID()},
	})
	b.console, err = console.New(b.desk, b.people.who, o)
	require.NoError(t, err)
	host := http.NewServeMux()
	host.Handle("/desk/", http.StripPrefix("/desk", b.console))
	b.server = httptest.NewServer(host)
	t.Cleanup(func() {
		b.console.Close()
		b.server.Close()
	})
	b.client = b.browser("ana")
	return b
}

// browser has cookies of its own, is somebody's, and follows redirects.
func (b *bench) browser(name string) *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	return &http.Client{Jar: jar, Transport: as(name)}
}

// page is an answer, parsed.
type page struct {
	t      *testing.T
	status int
	path   string
	url    *url.URL
	header http.Header
	text   string
	root   *html.Node
}

func (b *bench) answer(response *http.Response, err error) *page {
	b.t.Helper()
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	root, err := html.Parse(strings.NewReader(string(body)))
	require.NoError(b.t, err)
	return &page{
		t: b.t, status: response.StatusCode, path: response.Request.URL.Path, url: response.Request.URL, header: response.Header, text: string(body), root: root,
	}
}

func (b *bench) get(path string) *page {
	b.t.Helper()
	return b.answer(b.client.Get(b.server.URL + path))
}

func (b *bench) post(path string, form url.Values) *page {
	b.t.Helper()
	return b.answer(b.client.PostForm(b.server.URL+path, form))
}

func (b *bench) channel() string { return "/desk/channels/" + b.account.ID().String() }

func (b *bench) inbox() string { return "/desk/a/" + b.account.ID().String() + "/inbox" }

func (b *bench) ticket(ref tickets.Ref) string {
	return b.inbox() + "/" + ref.Conversation.String() + "/1"
}

// customer starts a session and writes.
func (b *bench) customer(name string, lines ...string) (*charla.Visitor, tickets.Ref) {
	b.t.Helper()
	s, _, err := b.account.Enter(b.t.Context(), charla.Entry{Name: name, Email: "carla@example.com"})
	require.NoError(b.t, err)
	var ref tickets.Ref
	for _, line := range lines {
		said, err := s.Write(b.t.Context(), line, nil)
		require.NoError(b.t, err)
		ref = said.Ref
	}
	return s, ref
}

// config changes the account's configuration.
func (b *bench) config(change func(*chatcfg.Config)) {
	b.t.Helper()
	cfg, version, err := b.account.Config(b.t.Context())
	require.NoError(b.t, err)
	change(&cfg)
	_, err = b.account.SaveConfig(b.t.Context(), version, cfg, nil)
	require.NoError(b.t, err)
}

// each calls for every element.
func (p *page) each(do func(*html.Node)) {
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode {
			do(n)
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// find is the element with an ID; nil: there is none.
func (p *page) find(id string) *html.Node {
	var found *html.Node
	p.each(func(n *html.Node) {
		if attr(n, "id") == id {
			found = n
		}
	})
	return found
}

// words are all of an element's texts.
func words(n *html.Node) string {
	var b strings.Builder
	if n != nil {
		for inner := range n.Descendants() {
			if inner.Type == html.TextNode {
				b.WriteString(inner.Data + " ")
			}
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// leads is the path to which an address on the page leads.
func (p *page) leads(address string) string {
	u, err := p.url.Parse(address)
	require.NoError(p.t, err)
	return u.Path
}

// form is what a browser would send of the form with an ID or action.
func (p *page) form(name string) url.Values {
	p.t.Helper()
	values := url.Values{}
	found := false
	p.each(func(n *html.Node) {
		if n.Data != "form" || attr(n, "id") != name && p.leads(attr(n, "action")) != name {
			return
		}
		found = true
		for f := range n.Descendants() {
			field := attr(f, "name")
			if f.Type != html.ElementNode || field == "" {
				continue
			}
			switch f.Data {
			case "input":
				if kind := attr(f, "type"); kind != "checkbox" || has(f, "checked") {
					value := attr(f, "value")
					if kind == "checkbox" && !has(f, "value") {
						value = "on"
					}
					values.Add(field, value)
				}
			case "textarea":
				text := ""
				if f.FirstChild != nil {
					text = f.FirstChild.Data
				}
				values.Add(field, strings.ReplaceAll(text, "\n", "\r\n"))
			case "select":
				for o := range f.Descendants() {
					if o.Data == "option" && has(o, "selected") {
						values.Add(field, attr(o, "value"))
					}
				}
			}
		}
	})
	require.True(p.t, found, "no form %q", name)
	return values
}

// customerWith is customer for a visitor with more data.
func (b *bench) customerWith(v charla.Entry, text string) (*charla.Visitor, tickets.Ref) {
	b.t.Helper()
	s, _, err := b.account.Enter(b.t.Context(), v)
	require.NoError(b.t, err)
	said, err := s.Write(b.t.Context(), text, nil)
	require.NoError(b.t, err)
	return s, said.Ref
}
