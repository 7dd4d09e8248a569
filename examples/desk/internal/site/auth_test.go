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
	"github.com/charlahq/charla/tickets"
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
		"/desk/", "/desk/channels", "/desk/mail", "/desk/events?account=" + b.account.ID().String(),
		b.channel(), b.channel() + "/picture", b.inbox(),
		"/desk/a/" + b.account.ID().String() + "/report", "/desk/a/" + b.account.ID().String() + "/outbox",
		"/desk/a/" + b.account.ID().String() + "/contacts",
	} {
		assert.Equal(t, "/desk/login", b.get(path).path, path)
	}
	for _, path := range []string{"/desk/channels", b.channel(), b.channel() + "/secret", b.channel() + "/delete", "/desk/purge", "/desk/presence"} {
		assert.Equal(t, "/desk/login", b.post(path, url.Values{"confirm": {"Tienda"}}).path, path)
	}
	a, err := b.account.Info(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, a)

	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/desk/login", url.Values{"password": {b.password}}).status)
	wrong := b.post("/desk/login", url.Values{"name": {"Ana"}, "password": {"no"}})
	assert.Equal(t, http.StatusUnauthorized, wrong.status)
	assert.Equal(t, "/desk/login", b.get("/desk/").path)

	in := b.post("/desk/login?x=1", url.Values{"name": {"Ana"}, "password": {b.password}, "next": {b.channel()}})
	assert.Equal(t, b.channel(), in.path)
	assert.Equal(t, b.inbox(), b.get("/desk/").path)
	presence, err := b.account.Inbox().Presence(t.Context())
	require.NoError(t, err)
	assert.True(t, presence.Available, "who comes in is online (R4.7)")

	old := b.browser()
	u, err := url.Parse(b.server.URL)
	require.NoError(t, err)
	old.Jar.SetCookies(u, b.client.Jar.Cookies(u))
	b.post("/desk/logout", nil)
	presence, err = b.account.Inbox().Presence(t.Context())
	require.NoError(t, err)
	assert.False(t, presence.Available)
	b.client = old // the cookie is worth nothing any more
	assert.Equal(t, "/desk/login", b.get("/desk/").path)
}

// TestCookie: scripts and other sites do not get at the session.
func TestCookie(t *testing.T) {
	t.Parallel()
	b := start(t)
	client := b.browser()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.PostForm(b.server.URL+"/desk/login", url.Values{"name": {"Ana"}, "password": {b.password}, "next": {"//evil.example/"}})
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
	secure, password, err := site.New(b.desk, site.Options{Base: "https://desk.example", State: b.state + "2", Mailbox: b.mails, HashMemory: 64})
	require.NoError(t, err)
	defer secure.Close()
	b.site = secure
	client := b.browser()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.PostForm(b.server.URL+"/desk/login", url.Values{"name": {"Ana"}, "password": {password}})
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
		assert.Equal(t, http.StatusUnauthorized, b.post("/desk/login", url.Values{"name": {"Ana"}, "password": {"no"}}).status)
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
			if b.post("/desk/login", url.Values{"name": {"Ana"}, "password": {"no"}}).status == http.StatusUnauthorized {
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
	again, password, err := site.New(b.desk, site.Options{Base: b.server.URL, State: b.state, Mailbox: b.mails})
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
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+b.channel()+"/delete", strings.NewReader("confirm=Tienda"))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set(name, value)
		answer := b.answer(b.client.Do(request))
		assert.Equal(t, http.StatusForbidden, answer.status, name)
	}
	a, err := b.account.Info(t.Context())
	require.NoError(t, err)
	assert.True(t, a.DeletedAt.IsZero())
}

// TestPresence: R4.7: what an agent says of themselves.
func TestPresence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for status, available := range map[tickets.Availability]bool{tickets.Away: false, tickets.Online: true, tickets.Offline: false} {
		b.post("/desk/presence", url.Values{"status": {string(status)}})
		presence, err := b.account.Inbox().Presence(t.Context())
		require.NoError(t, err)
		assert.Equal(t, available, presence.Available, status)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, b.post("/desk/presence", url.Values{"status": {"asleep"}}).status)
}

// TestPreferences: language and look are each agent's own.
func TestPreferences(t *testing.T) {
	t.Parallel()
	b := setup(t)
	assert.Contains(t, b.get(b.inbox()).text, "Bandeja")
	b.post("/desk/preferences", url.Values{"lang": {"en"}, "theme": {"dark"}})
	english := b.get(b.inbox())
	assert.Contains(t, english.text, "Inbox")
	assert.Contains(t, english.text, `data-theme="dark"`)
	assert.NotContains(t, english.text, "Bandeja")
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
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+"/desk/login", strings.NewReader("name=Ana&password=x"))
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
