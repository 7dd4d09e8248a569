package site_test

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla/examples/desk/internal/site"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLogin: nothing can be read without the password, which is kept as a slow
// hash in a file for its owner's eyes.
func TestLogin(t *testing.T) {
	t.Parallel()
	b := start(t)
	before, err := b.account.Info(t.Context())
	require.NoError(t, err)
	info, err := os.Stat(b.book)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(b.book + "-wal")
	require.NoError(t, err)
	assert.Contains(t, string(text), "argon2id$")
	assert.NotContains(t, string(text), b.password)

	for _, path := range []string{
		"/desk/", "/desk/channels", "/mail", "/desk/a/" + b.account.ID().String() + "/events",
		b.channel(), b.channel() + "/picture", b.inbox(),
		"/desk/a/" + b.account.ID().String() + "/report", "/desk/a/" + b.account.ID().String() + "/outbox",
		"/desk/a/" + b.account.ID().String() + "/contacts",
	} {
		assert.Equal(t, "/login", b.get(path).path, path)
	}
	for _, path := range []string{"/desk/channels", b.channel(), b.channel() + "/secret", b.channel() + "/delete", "/mail", "/logout", "/desk/presence"} {
		assert.Equal(t, "/login", b.post(path, url.Values{"confirm": {"Tienda"}}).path, path)
	}
	a, err := b.account.Info(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, a)

	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/login", url.Values{"password": {b.password}}).status)
	wrong := b.post("/login", url.Values{"name": {"admin"}, "password": {"no"}})
	assert.Equal(t, http.StatusUnauthorized, wrong.status)
	assert.Equal(t, "/login", b.get("/desk/").path)

	in := b.post("/login?x=1", url.Values{"name": {"admin"}, "password": {b.password}, "next": {b.channel()}})
	assert.Equal(t, b.channel(), in.path)
	assert.Equal(t, b.inbox(), b.get("/desk/").path)
	presence, err := b.account.Inbox().Presence(t.Context())
	require.NoError(t, err)
	assert.True(t, presence.Available, "who comes in is online (R4.7)")

	old := b.browser()
	u, err := url.Parse(b.server.URL)
	require.NoError(t, err)
	old.Jar.SetCookies(u, b.client.Jar.Cookies(u))
	b.post("/logout", nil)
	presence, err = b.account.Inbox().Presence(t.Context())
	require.NoError(t, err)
	assert.False(t, presence.Available)
	b.client = old // the cookie is worth nothing any more
	assert.Equal(t, "/login", b.get("/desk/").path)
}

// TestCookie: scripts and other sites do not get at the session.
func TestCookie(t *testing.T) {
	t.Parallel()
	b := start(t)
	client := b.browser()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.PostForm(b.server.URL+"/login", url.Values{"name": {"admin"}, "password": {b.password}, "next": {"//evil.example/"}})
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Len(t, answer.Cookies(), 2)
	for _, cookie := range answer.Cookies() {
		assert.True(t, cookie.HttpOnly)
		assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
		text, err := os.ReadFile(b.book + "-wal")
		require.NoError(t, err)
		assert.NotContains(t, string(text), cookie.Value, "only hashes are kept")
	}
	assert.Equal(t, "/desk/", answer.Header.Get("Location"), "only to pages of this site")
}

// TestSecureCookie: with https the cookie is a secure one of this host alone.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	b := start(t)
	secure, password, err := site.New(b.desk, site.Options{Base: "https://desk.example", Book: b.open(b.book + "2"), Mailbox: b.mails, HashMemory: 64})
	require.NoError(t, err)
	defer secure.Close()
	b.site = secure
	client := b.browser()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.PostForm(b.server.URL+"/login", url.Values{"name": {"admin"}, "password": {password}})
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Len(t, answer.Cookies(), 2)
	for _, cookie := range answer.Cookies() {
		assert.True(t, cookie.Secure)
		assert.True(t, strings.HasPrefix(cookie.Name, "__Host-"))
	}
	assert.NotEmpty(t, answer.Header.Get("Strict-Transport-Security"))
}

// TestGuessing: after ten wrong passwords even the right one has to wait.
func TestGuessing(t *testing.T) {
	t.Parallel()
	b := start(t)
	for range 10 {
		assert.Equal(t, http.StatusUnauthorized, b.post("/login", url.Values{"name": {"admin"}, "password": {"no"}}).status)
	}
	late := b.login()
	assert.Equal(t, http.StatusTooManyRequests, late.status)
	assert.NotEmpty(t, late.header.Get("Retry-After"))
}

// TestGuessingAtOnce: guesses that come together are no more than others.
func TestGuessingAtOnce(t *testing.T) {
	t.Parallel()
	b := start(t)
	var group sync.WaitGroup
	var tried atomic.Int64
	for range 50 {
		group.Go(func() {
			if b.post("/login", url.Values{"name": {"admin"}, "password": {"no"}}).status == http.StatusUnauthorized {
				tried.Add(1)
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 10, tried.Load())
}

// TestKnownBrowser: who guesses from an address keeps out nobody who has logged in from there
// before, in a browser of their own; another's name is no use to it.
func TestKnownBrowser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	own := b.client
	b.client = b.browser()
	guess := func(name string) int {
		return b.post("/login", url.Values{"name": {name}, "password": {"no"}}).status
	}
	for range 10 {
		assert.Equal(t, http.StatusUnauthorized, guess("admin"))
	}
	assert.Equal(t, http.StatusTooManyRequests, b.login().status)
	b.client = own
	assert.Equal(t, http.StatusTooManyRequests, guess("eva"), "known for admin only")
	b.post("/logout", nil)
	assert.Equal(t, b.inbox(), b.login().path)
	for range 10 {
		assert.Equal(t, http.StatusUnauthorized, guess("admin"))
	}
	assert.Equal(t, http.StatusTooManyRequests, b.login().status, "it has ten of its own")
}

// TestRestart: a login goes on after a restart, and the password is the same.
func TestRestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.restart()
	assert.Equal(t, b.inbox(), b.get("/desk/").path)
	b.client = b.browser()
	assert.Equal(t, "/login", b.get("/desk/").path)
	assert.Equal(t, b.inbox(), b.login().path)
}

// TestPeople: an administrator adds people; what they may do changes at once, and ends with
// them.
func TestPeople(t *testing.T) {
	t.Parallel()
	b := setup(t)
	admin := b.client
	add := b.post("/people", url.Values{"do": {"add"}, "name": {"Éva"}, "role": {"1"}})
	password := regexp.MustCompile(`id="shown">([^<]+)<`).FindStringSubmatch(add.text)[1]
	assert.Equal(t, http.StatusConflict, b.post("/people", url.Values{"do": {"add"}, "name": {"Éva"}, "role": {"3"}}).status)
	for _, form := range []url.Values{
		{"do": {"add"}, "name": {"x\ny"}, "role": {"1"}}, {"do": {"add"}, "name": {"x"}, "role": {"4"}}, {"do": {"add"}, "name": {""}, "role": {"1"}},
	} {
		assert.Equal(t, http.StatusUnprocessableEntity, b.post("/people", form).status, form)
	}
	for _, do := range []string{"remove", "role"} {
		assert.Equal(t, http.StatusConflict, b.post("/people", url.Values{"do": {do}, "name": {"admin"}, "role": {"1"}}).status, "somebody has to be one")
	}

	eva := b.browser()
	b.client = eva
	assert.Equal(t, b.inbox(), b.post("/login", url.Values{"name": {"Éva"}, "password": {password}}).path)
	assert.Equal(t, http.StatusForbidden, b.get("/desk/channels").status)
	assert.Equal(t, http.StatusForbidden, b.post("/people", url.Values{"do": {"role"}, "name": {"Éva"}, "role": {"3"}}).status)
	assert.NotContains(t, b.get("/people").text, "admin")

	b.client = admin
	b.post("/people", url.Values{"do": {"role"}, "name": {"Éva"}, "role": {"3"}})
	b.client = eva
	assert.Equal(t, http.StatusOK, b.get("/desk/channels").status)
	stream, err := eva.Get(b.server.URL + "/desk/a/" + b.account.ID().String() + "/events")
	require.NoError(t, err)
	defer stream.Body.Close()
	assert.Equal(t, http.StatusOK, stream.StatusCode)

	b.client = admin
	b.post("/people", url.Values{"do": {"remove"}, "name": {"Éva"}, "role": {"3"}})
	rest, err := io.ReadAll(stream.Body)
	require.NoError(t, err)
	assert.Contains(t, string(rest), "event: out", "the stream ends at once")
	b.client = eva
	assert.Equal(t, "/login", b.get("/desk/").path)
}

// TestPassword: everybody changes their own password, with the old one; other sessions end.
func TestPassword(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := b.client
	b.client = b.browser()
	b.login()
	change := func(old, next string) int {
		return b.post("/people/password", url.Values{"old": {old}, "new": {next}}).status
	}
	assert.Equal(t, http.StatusUnauthorized, change("no", "una nueva y larga"))
	assert.Equal(t, http.StatusUnprocessableEntity, change(b.password, "corta"))
	assert.Equal(t, http.StatusOK, change(b.password, "una nueva y larga"))
	assert.Equal(t, b.inbox(), b.get("/desk/").path, "this session goes on")
	b.client = other
	assert.Equal(t, "/login", b.get("/desk/").path)
	assert.Equal(t, http.StatusUnauthorized, b.login().status)
	b.password = "una nueva y larga"
	assert.Equal(t, b.inbox(), b.login().path)
}

// TestCrossOrigin: a form on another site changes nothing.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, want := range map[string]int{"/logout": http.StatusForbidden, "/desk/preferences": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+path, nil)
		require.NoError(t, err)
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		assert.Equal(t, want, b.answer(b.client.Do(request)).status, path)
	}
	assert.Equal(t, b.inbox(), b.get("/desk/").path, "still logged in")
}

// TestProxies: behind a proxy that is named, who tries too often keeps nobody else out;
// what others say of themselves is not believed.
func TestProxies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		proxies []netip.Prefix
		from    func(i int) string
		last    int
	}{
		{"named", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, http.StatusUnauthorized},
		{"named, one visitor who invents others", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, func(i int) string { return fmt.Sprintf("203.0.113.%d, 198.51.100.1", i) }, http.StatusTooManyRequests},
		{"not named", nil, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, http.StatusTooManyRequests},
	} {
		b := start(t, tt.proxies...)
		var status int
		for i := range 30 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+"/login", strings.NewReader("name=admin&password=x"))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Origin", b.server.URL)
			r.Header.Set("X-Forwarded-For", tt.from(i))
			res, err := b.client.Do(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			status = res.StatusCode
		}
		assert.Equal(t, tt.last, status, tt.name)
	}
}
