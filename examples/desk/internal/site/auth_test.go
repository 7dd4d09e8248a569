package site_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
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
	info, err := os.Stat(b.state)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(b.state)
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
	wrong := b.post("/login", url.Values{"name": {"Ana"}, "password": {"no"}})
	assert.Equal(t, http.StatusUnauthorized, wrong.status)
	assert.Equal(t, "/login", b.get("/desk/").path)

	in := b.post("/login?x=1", url.Values{"name": {"Ana"}, "password": {b.password}, "next": {b.channel()}})
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
	answer, err := client.PostForm(b.server.URL+"/login", url.Values{"name": {"Ana"}, "password": {b.password}, "next": {"//evil.example/"}})
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Len(t, answer.Cookies(), 1)
	cookie := answer.Cookies()[0]
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	assert.Equal(t, "/desk/", answer.Header.Get("Location"), "only to pages of this site")
}

// TestSecureCookie: with https the cookie is a secure one of this host alone.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	b := start(t)
	secure, password, err := site.New(b.desk, site.Options{Base: "https://desk.example", State: b.open(b.state + "2"), Mailbox: b.mails, HashMemory: 64})
	require.NoError(t, err)
	defer secure.Close()
	b.site = secure
	client := b.browser()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.PostForm(b.server.URL+"/login", url.Values{"name": {"Ana"}, "password": {password}})
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Len(t, answer.Cookies(), 1)
	assert.True(t, answer.Cookies()[0].Secure)
	assert.True(t, strings.HasPrefix(answer.Cookies()[0].Name, "__Host-"))
	assert.NotEmpty(t, answer.Header.Get("Strict-Transport-Security"))
}

// TestGuessing: after ten wrong passwords even the right one has to wait.
func TestGuessing(t *testing.T) {
	t.Parallel()
	b := start(t)
	for range 10 {
		assert.Equal(t, http.StatusUnauthorized, b.post("/login", url.Values{"name": {"Ana"}, "password": {"no"}}).status)
	}
	late := b.login("Ana")
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
			if b.post("/login", url.Values{"name": {"Ana"}, "password": {"no"}}).status == http.StatusUnauthorized {
				tried.Add(1)
			}
		})
	}
	group.Wait()
	assert.EqualValues(t, 10, tried.Load())
}

// TestPasswordStays: the second start shows none and takes the first one's.
func TestPasswordStays(t *testing.T) {
	t.Parallel()
	b := start(t)
	again, password, err := site.New(b.desk, site.Options{Base: b.server.URL, State: b.open(b.state), Mailbox: b.mails})
	require.NoError(t, err)
	defer again.Close()
	assert.Empty(t, password)
	b.site = again
	assert.Equal(t, b.inbox(), b.login("Ana").path)
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
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+"/login", strings.NewReader("name=Ana&password=x"))
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
