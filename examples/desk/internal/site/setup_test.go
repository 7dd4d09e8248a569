package site_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/examples/desk/internal/site"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// bench is a site on a memory store, with a browser in which somebody is logged
// in.
type bench struct {
	t        *testing.T
	desk     *charla.Desk
	site     *site.Site
	mails    *site.Mailbox
	server   *httptest.Server
	client   *http.Client
	password string
	state    string
	account  *charla.Account
}

// setup makes a site with one account, and logs Ana in.
func setup(t *testing.T) *bench {
	t.Helper()
	b := start(t)
	b.login("Ana")
	return b
}

func start(t *testing.T, proxies ...netip.Prefix) *bench {
	t.Helper()
	b := &bench{t: t, mails: &site.Mailbox{}, state: filepath.Join(t.TempDir(), "desk.json")}
	store := storage.NewMemory()
	kept, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	b.desk, err = charla.New(store, &charla.Options{Mailer: b.mails, Files: &charla.FileOptions{Store: kept}})
	require.NoError(t, err)
	b.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.site.ServeHTTP(w, r) }))
	base := "http://" + b.server.Listener.Addr().String()
	chat, err := widget.New(b.desk, &widget.Options{BaseURL: base + "/chat/"})
	require.NoError(t, err)
	b.site, b.password, err = site.New(b.desk, site.Options{
		Base: base, State: b.state, Mailbox: b.mails, Widget: chat, HashMemory: 64, Proxies: proxies,
	})
	require.NoError(t, err)
	b.server.Start()
	t.Cleanup(func() {
		b.site.Close()
		chat.Close()
		b.server.Close()
	})
	u, err := url.Parse(base)
	require.NoError(t, err)
	b.account, _, err = b.desk.CreateAccount(t.Context(), "Tienda", u.Host, nil)
	require.NoError(t, err)
	b.client = b.browser()
	return b
}

// browser has cookies of its own and follows redirects.
func (b *bench) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	return &http.Client{Jar: jar}
}

func (b *bench) login(name string) *page {
	return b.post("/desk/login", url.Values{"name": {name}, "password": {b.password}})
}

// page is an answer, parsed.
type page struct {
	t      *testing.T
	status int
	path   string
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
		t: b.t, status: response.StatusCode, path: response.Request.URL.Path, header: response.Header, text: string(body), root: root,
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

// form is what a browser would send of the form with an ID or action.
func (p *page) form(name string) url.Values {
	p.t.Helper()
	values := url.Values{}
	found := false
	p.each(func(n *html.Node) {
		if n.Data != "form" || attr(n, "id") != name && attr(n, "action") != name {
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
