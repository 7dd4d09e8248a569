package site_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/examples/desk/internal/site"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/require"
)

// bench is a site on a memory store, with a browser.
type bench struct {
	t        *testing.T
	desk     *charla.Desk
	site     *site.Site
	mails    *site.Mailbox
	server   *httptest.Server
	client   *http.Client
	password string
	book     string
	account  *charla.Account
}

// setup makes a site with one account, and logs its administrator in.
func setup(t *testing.T) *bench {
	t.Helper()
	b := start(t)
	b.login()
	return b
}

func start(t *testing.T, proxies ...netip.Prefix) *bench {
	t.Helper()
	b := &bench{t: t, mails: &site.Mailbox{}, book: filepath.Join(t.TempDir(), "desk.people")}
	book := b.open(b.book)
	var err error
	b.desk, err = charla.New(storage.NewMemory(), &charla.Options{Mailer: b.mails, Observer: &charla.Observer{Security: book.Security}})
	require.NoError(t, err)
	b.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.site.ServeHTTP(w, r) }))
	base := "http://" + b.server.Listener.Addr().String()
	chat, err := widget.New(b.desk, &widget.Options{BaseURL: base + "/chat/"})
	require.NoError(t, err)
	b.site, b.password, err = site.New(b.desk, site.Options{
		Base: base, Book: book, Mailbox: b.mails, Widget: chat, HashMemory: 64, Proxies: proxies,
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

// open opens a book.
func (b *bench) open(path string) *site.Book {
	book, err := site.OpenBook(path)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { require.NoError(b.t, book.Close()) })
	return book
}

// restart replaces the site by one on the same book and desk.
func (b *bench) restart() {
	b.t.Helper()
	var password string
	var err error
	b.site, password, err = site.New(b.desk, site.Options{Base: b.server.URL, Book: b.open(b.book), Mailbox: b.mails, HashMemory: 64})
	require.NoError(b.t, err)
	require.Empty(b.t, password, "it is shown the first time only")
}

// browser has cookies of its own and follows redirects.
func (b *bench) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(b.t, err)
	return &http.Client{Jar: jar}
}

func (b *bench) login() *page {
	return b.post("/login", url.Values{"name": {site.FirstPerson}, "password": {b.password}})
}

// page is an answer.
type page struct {
	status int
	path   string
	header http.Header
	text   string
}

func (b *bench) answer(response *http.Response, err error) *page {
	b.t.Helper()
	require.NoError(b.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return &page{status: response.StatusCode, path: response.Request.URL.Path, header: response.Header, text: string(body)}
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
