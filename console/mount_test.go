package console_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// serve is the answer of a handler mounted under a prefix, without following it.
func serve(t *testing.T, h http.Handler, prefix, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, prefix+path, nil)
	r.Header.Set("Who", "ana")
	w := httptest.NewRecorder()
	http.StripPrefix(prefix, h).ServeHTTP(w, r)
	return w
}

// TestMount: under any prefix, also one that only a proxy knows, every link, form and file of
// every page leads to the console.
func TestMount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	for name, mount := range map[string]struct{ public, seen string }{
		"root": {"", ""}, "prefix": {"/agents", "/agents"}, "deep": {"/a/b/c", "/a/b/c"}, "proxy": {"/x/y", "/y"}, "proxy without": {"/x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := http.NewServeMux()
			console := http.StripPrefix(mount.seen, b.console)
			host.Handle(mount.public+"/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // a proxy takes its part off
				r.RequestURI = strings.TrimPrefix(r.RequestURI, strings.TrimSuffix(mount.public, mount.seen))
				http.StripPrefix(strings.TrimSuffix(mount.public, mount.seen), console).ServeHTTP(w, r)
			}))
			server := httptest.NewServer(host)
			defer server.Close()
			jar, err := cookiejar.New(nil)
			require.NoError(t, err)
			local := &bench{t: t, server: server, client: &http.Client{Jar: jar, Transport: as("ana")}}
			account := mount.public + "/a/" + b.account.ID().String()
			ticket := account + "/inbox/" + ref.Conversation.String() + "/1"
			seen := map[string]bool{}
			for _, path := range []string{
				mount.public + "/", account + "/inbox", ticket, account + "/report", account + "/outbox", account + "/contacts", mount.public + "/channels",
				mount.public + "/channels/" + b.account.ID().String(), mount.public + "/nothing/at/all", mount.public + "/nothing%2Fat",
			} {
				page := local.get(path)
				assert.True(t, strings.HasPrefix(page.path, mount.public+"/"), page.path)
				page.each(func(n *html.Node) {
					for _, name := range []string{"href", "src"} {
						if to := attr(n, name); to != "" && to[0] != '#' && to[0] != '?' && !strings.Contains(to, "nothing") {
							seen[page.leads(to)] = true
						}
					}
					if n.Data == "form" && attr(n, "method") == "post" {
						assert.True(t, strings.HasPrefix(page.leads(attr(n, "action")), mount.public+"/"), attr(n, "action"))
					}
				})
			}
			assert.GreaterOrEqual(t, len(seen), 15)
			for path := range seen {
				assert.Equal(t, http.StatusOK, local.get(path).status, path)
			}
			// A form leads back to its page, and what was chosen is for the console only.
			back := local.get(ticket).form(mount.public + "/preferences")
			back.Set("lang", "en")
			page := local.post(mount.public+"/preferences", back)
			assert.Equal(t, ticket, page.path)
			assert.Contains(t, page.text, "Inbox")
			u, err := url.Parse(server.URL + "/elsewhere")
			require.NoError(t, err)
			assert.Equal(t, mount.public != "", len(jar.Cookies(u)) == 0)
		})
	}
}

// TestPaths: what is no path of a request from a ServeMux leads nowhere else.
func TestPaths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, want := range map[string]int{"//evil.example/": http.StatusNotFound, "/a/../channels": http.StatusNotFound, "/channels/": http.StatusNotFound, "/channels": http.StatusOK} {
		answer := serve(t, b.console, "/desk", path)
		assert.Equal(t, want, answer.Code, path)
		assert.Empty(t, answer.Header().Get("Location"), path)
	}
	answer := serve(t, b.console, "/desk", "?x")
	assert.Equal(t, "desk/", answer.Header().Get("Location"))
}

// TestBack: a form leads back to the console's own pages only.
func TestBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for back, want := range map[string]string{
		"/channels": "./channels", "/a/x?q=//y": "./a/x?q=//y", "": "./",
		"//evil.example/": "./", "https://evil.example/": "./", "/../../x": "./", "/\\evil.example": "./", "javascript:x()": "./", "channels": "./", "/a\r\nSet-Cookie: x": "./",
	} {
		assert.Equal(t, want, b.post("/desk/preferences", url.Values{"back": {back}}).header.Get("Location"), back)
	}
}

// TestPreferences: language and look are each browser's own, and presence each person's
// in it; what is not one of them counts for nothing.
func TestPreferences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	assert.Contains(t, b.get(b.inbox()).text, "Bandeja")
	b.post("/desk/preferences", url.Values{"lang": {"en"}, "theme": {"dark"}})
	english := b.get(b.inbox())
	assert.Contains(t, english.text, "Inbox")
	assert.Contains(t, english.text, `data-theme="dark"`)
	assert.NotContains(t, english.text, "Bandeja")

	b.post("/desk/presence", url.Values{"status": {"away"}})
	assert.Contains(t, b.get(b.inbox()).text, `lamp away`)
	b.people.set("ana", console.Person{ID: "bruno", Role: console.RoleAgent, AllAccounts: true})
	assert.Contains(t, b.get(b.inbox()).text, `lamp online`, "another in the same browser")

	for _, value := range []string{"", "x", "en", "xx.xx", `en."><script>`, strings.Repeat(".", 4000)} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+b.inbox(), nil)
		require.NoError(t, err)
		request.Header.Set("Cookie", "charla-console="+value+"; charla-presence="+value)
		response, err := as("ana").RoundTrip(request)
		page := b.answer(response, err)
		assert.Equal(t, http.StatusOK, page.status, value)
		assert.Contains(t, page.text, `data-theme="auto"`)
		assert.Contains(t, page.text, "lamp online")
		harmless(t, page, value)
	}
}

// TestCookies: scripts do not read them, other sites do not send them, and they are secure
// on a secure page.
func TestCookies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, origin := range []string{"http://", "https://"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://tienda.cl/preferences", strings.NewReader("theme=dark"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin+"tienda.cl")
		r.Header.Set("Who", "ana")
		w := httptest.NewRecorder()
		b.console.ServeHTTP(w, r)
		cookies := w.Result().Cookies()
		require.Len(t, cookies, 1)
		assert.True(t, cookies[0].HttpOnly)
		assert.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
		assert.Equal(t, origin == "https://", cookies[0].Secure)
		assert.Empty(t, cookies[0].Path, "that of the address")
	}
}

// TestPresence: R4.7: what an agent says of themselves, in every account that they see.
func TestPresence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	another, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	available := func(a *charla.Account) bool {
		presence, err := a.Inbox().Presence(t.Context())
		require.NoError(t, err)
		return presence.Available
	}
	assert.False(t, available(b.account))
	b.people.set("ana", console.Person{ID: "ana", Role: console.RoleAgent, Accounts: []chatcfg.AccountID{b.account.ID(), {}}})
	b.get("/desk/")
	assert.True(t, available(b.account), "who comes in is there")
	assert.False(t, available(another), "it is none of theirs")
	for _, status := range []tickets.Availability{tickets.Away, tickets.Online, tickets.Offline} {
		b.post("/desk/presence", url.Values{"status": {string(status)}})
		assert.Equal(t, status == tickets.Online, available(b.account), status)
	}
	b.get("/desk/")
	assert.False(t, available(b.account), "who is offline stays so")
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/desk/presence", url.Values{"status": {"asleep"}}).status)
}

// TestTicketURL: R5.2: the addresses in mails are the pages of the ticket and of the forms.
func TestTicketURL(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola, ¿tienen la taza?")
	for _, base := range []string{b.server.URL + "/desk", b.server.URL + "/desk/"} {
		open := func(ref tickets.Ref) *page {
			return b.get(strings.TrimPrefix(console.TicketURL(base, ref), b.server.URL))
		}
		assert.Contains(t, words(open(ref).find("messages")), "¿tienen la taza?")
		forms := open(tickets.Ref{Account: ref.Account, Conversation: ref.Conversation})
		assert.Equal(t, http.StatusOK, forms.status)
		assert.Contains(t, words(forms.find("main")), "Formularios de contacto")
	}
}
