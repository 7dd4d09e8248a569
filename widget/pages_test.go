package widget_test

import (
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPage: the widget alone, for the account's domains to frame.
func TestPage(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) {
		c.Chat.ExtraDomains = []string{"*.sub.cl", "otra.cl:8443", "[2001:db8::1]"}
	}, nil)
	s.save(func(c *chatcfg.Config) { c.Chat.Name = `</title><script>alert(1)</script>` })
	got := s.do(request{path: "/page/" + s.account.key, origin: "-"})
	require.Equal(t, http.StatusOK, got.status)
	policy := got.header.Get("Content-Security-Policy")
	assert.True(t, strings.HasSuffix(policy, "; frame-ancestors tienda.cl *.sub.cl otra.cl:8443"), policy)
	assert.Contains(t, policy, "default-src 'none'")
	assert.NotContains(t, policy, "unsafe")
	assert.Equal(t, "text/html; charset=utf-8", got.header.Get("Content-Type"))
	assert.Equal(t, "same-origin", got.header.Get("Referrer-Policy"))
	body := string(got.body)
	assert.Contains(t, body, `<script async src="../loader.js" data-charla="`+s.account.key+`" data-charla-page></script>`)
	assert.NotContains(t, body, "alert(1)</script>")
	assert.Equal(t, 1, strings.Count(body, "<script"))
	head := s.do(request{method: "HEAD", path: "/page/" + s.account.key})
	assert.Equal(t, http.StatusOK, head.status)
	assert.Empty(t, head.body)
	post := s.do(request{method: "POST", path: "/page/" + s.account.key})
	assert.Equal(t, http.StatusMethodNotAllowed, post.status)
	assert.Contains(t, string(post.body), "<!doctype html>", "people read errors of pages")
}

// TestAssets: the browser's part: each file under its content's name, for ever, and
// the loader under a name that stays.
func TestAssets(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	var m struct {
		Loader, App string
		Chunks      []string
		Integrity   map[string]string
	}
	raw, err := os.ReadFile("ui/dist/manifest.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &m))
	names := append([]string{m.Loader, m.App, "loader.js"}, m.Chunks...)
	for _, name := range names {
		file := name
		if name == "loader.js" {
			file = m.Loader
		}
		want, err := os.ReadFile("ui/dist/" + file)
		require.NoError(t, err)
		sum := sha512.Sum384(want)
		assert.Equal(t, m.Integrity[file], "sha384-"+base64.StdEncoding.EncodeToString(sum[:]), name)
		tags := map[string]bool{}
		for _, encoding := range []string{"", "gzip", "br", "gzip, deflate, br, zstd", "br;q=0, gzip;q=0.5", "identity"} {
			got := s.do(request{path: "/" + name, origin: "-", header: http.Header{"Accept-Encoding": {encoding}}})
			require.Equal(t, http.StatusOK, got.status, name)
			h := got.header
			assert.Equal(t, "text/javascript; charset=utf-8", h.Get("Content-Type"))
			assert.Equal(t, "*", h.Get("Access-Control-Allow-Origin"))
			assert.Equal(t, "cross-origin", h.Get("Cross-Origin-Resource-Policy"))
			assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
			assert.Contains(t, h.Values("Vary"), "Accept-Encoding")
			assert.Equal(t, name != "loader.js", strings.Contains(h.Get("Cache-Control"), "immutable"), name)
			tags[h.Get("ETag")] = true
			switch h.Get("Content-Encoding") {
			case "":
				assert.Equal(t, want, got.body, name)
			case "gzip":
				assert.Contains(t, encoding, "gzip")
				z, err := gzip.NewReader(strings.NewReader(string(got.body)))
				require.NoError(t, err)
				plain, err := io.ReadAll(z)
				require.NoError(t, err)
				assert.Equal(t, want, plain)
			case "br":
				assert.NotContains(t, encoding, "br;q=0")
				assert.Less(t, len(got.body), len(want))
			}
			again := s.do(request{path: "/" + name, header: http.Header{"If-None-Match": {h.Get("ETag")}, "Accept-Encoding": {encoding}}})
			assert.Equal(t, http.StatusNotModified, again.status)
		}
		assert.Len(t, tags, 3, "%s: one ETag for each encoding", name)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, s.do(request{method: "POST", path: "/loader.js"}).status)
	asked := s.do(request{method: "OPTIONS", path: "/loader.js"})
	assert.Equal(t, http.StatusNoContent, asked.status)
	assert.Equal(t, "*", asked.header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, asked.header.Get("Access-Control-Allow-Headers"), "*", "monitoring adds headers to what the loader fetches")

	pinned, err := widget.PinnedSnippet("https://tienda.cl/chat", s.account.key)
	require.NoError(t, err)
	imports, script, _ := strings.Cut(pinned, "\n")
	assert.Equal(t, fmt.Sprintf(`<script async src="https://tienda.cl/chat/%[1]s?key=%[3]s" integrity="%[2]s" crossorigin="anonymous" data-charla="%[3]s"></script>`,
		m.Loader, m.Integrity[m.Loader], s.account.key), strings.ReplaceAll(script, "&#43;", "+"))
	var digests struct{ Integrity map[string]string }
	require.NoError(t, json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(imports, `<script type="importmap">`), "</script>")), &digests))
	assert.Len(t, digests.Integrity, len(m.Integrity)-1, "all but the loader")
	for _, file := range append(m.Chunks, m.App) {
		assert.Equal(t, m.Integrity[file], digests.Integrity["https://tienda.cl/chat/"+file], file)
	}
	_, err = widget.PinnedSnippet("/chat", s.account.key)
	require.Error(t, err)
}

// TestContactPage: R6.2: the form without script: stored once, whatever the visitor
// typed is still there after a failure, and nothing typed runs.
func TestContactPage(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	path := "/contact/" + s.account.key
	assert.Equal(t, http.StatusNotFound, s.do(request{path: path}).status, "no form, no page")
	s.save(func(c *chatcfg.Config) {
		f := &c.Chat.ContactForm
		f.Enabled, f.Email = true, chatcfg.FormEmail{Enabled: true, Address: "agents@tienda.cl"}
		f.Title.Any, f.Description.Any, f.Success.Any, f.Error.Any = "Título <b>", "Descripción", "¡Gracias!", "Falló"
	})
	s.online("online") // a page that cannot chat takes it all the same
	shown := s.do(request{path: path, origin: "-", header: http.Header{"Accept-Language": {"en"}}})
	require.Equal(t, http.StatusOK, shown.status)
	page := string(shown.body)
	assert.Contains(t, page, "Título &lt;b&gt;")
	assert.Contains(t, page, "Correo electrónico", "R6.9: the account's language")
	assert.NotContains(t, page, "<script")
	assert.Contains(t, shown.header.Get("Content-Security-Policy"), "form-action 'self'; frame-ancestors tienda.cl")
	key := regexp.MustCompile(`name="key" value="([A-Z0-9]{26})"`).FindStringSubmatch(page)
	require.NotNil(t, key)

	send := func(from string, v url.Values) answer {
		return s.do(request{
			method: "POST", path: path, origin: from, body: v.Encode(),
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		})
	}
	form := url.Values{"key": {key[1]}, "name": {`"><img src=x onerror=alert(1)>`}, "email": {"carla@"}, "phone": {""}, "text": {"</textarea><script>alert(1)</script>"}}
	for _, from := range []string{"https://evil.example", "null", "-", "https://tienda.cl"} {
		assert.Equal(t, http.StatusForbidden, send(from, form).status, "%s: only the page itself sends it", from)
	}
	got := send(s.server.URL, form)
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	page = string(got.body)
	assert.NotContains(t, page, "<script>alert")
	assert.NotContains(t, page, "<img")
	assert.Contains(t, page, `value="&#34;&gt;&lt;img src=x onerror=alert(1)&gt;"`)
	assert.Contains(t, page, "&lt;/textarea&gt;&lt;script&gt;")
	assert.Contains(t, page, `id="email-problem"`)
	assert.Contains(t, page, key[1], "the same form")

	form.Set("email", "carla@example.com")
	for range 2 {
		got = send(s.server.URL, form)
		assert.Equal(t, http.StatusOK, got.status)
		assert.Contains(t, string(got.body), "¡Gracias!")
	}
	list, err := s.account.Inbox().Contacts(t.Context(), charla.PageQuery{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1, "sent twice, stored once")
	form.Set("text", "y otra cosa")
	got = send(s.server.URL, form)
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Contains(t, string(got.body), "y otra cosa")
	assert.Contains(t, string(got.body), "Falló")
	assert.NotContains(t, string(got.body), key[1], "what was changed is another form")

	for name, bad := range map[string]url.Values{
		"without a key": {"email": {"a@example.com"}}, "unknown": {"key": {"k"}, "admin": {"1"}}, "twice": {"key": {"k", "l"}},
	} {
		assert.Equal(t, http.StatusBadRequest, send(s.server.URL, bad).status, name)
	}
	assert.Equal(t, http.StatusUnsupportedMediaType, s.do(request{method: "POST", path: path, origin: s.server.URL, body: "{}"}).status)
	assert.Equal(t, http.StatusRequestEntityTooLarge, send(s.server.URL, url.Values{"key": {strings.Repeat("k", 70<<10)}}).status)
	assert.Equal(t, http.StatusMethodNotAllowed, s.do(request{method: "DELETE", path: path}).status)
	assert.Equal(t, http.StatusNotFound, s.do(request{path: "/contact/ck_unknown"}).status)
	require.NoError(t, s.store.Close())
	got = send(s.server.URL, form)
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.NotContains(t, string(got.body), "closed")
}

// TestLogin: R7.1: a social login ends at the page that began it, once, for a short
// time, and a URL sent to somebody else is worth nothing to whoever sent it.
func TestLogin(t *testing.T) {
	t.Parallel()
	mock := clock.NewMock()
	mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
	key := []byte("0123456789abcdef0123456789abcdef")
	options := func(o *widget.Options) {
		o.Logins, o.Key = []widget.Login{fakeLogin{"google"}, fakeLogin{"facebook"}}, key
	}
	s := setupDesk(t, &charla.Options{Clock: mock}, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true }, options)
	other, _ := s.newAccount("Otra", "tienda.cl", func(c *chatcfg.Config) { c.Chat.Google.Enabled = true })

	type begun struct{ URL, Nonce string }
	begin := func() begun {
		var b begun
		got := s.do(request{method: "POST", path: "logins", body: `{"provider":"google"}`})
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		got.into(t, &b)
		return b
	}
	// back is what the provider does after somebody has logged in there.
	back := func(b begun, who string) answer {
		u, err := url.Parse(b.URL)
		require.NoError(t, err)
		to, err := url.Parse(u.Query().Get("redirect_uri"))
		require.NoError(t, err)
		require.Equal(t, s.server.URL+"/chat/login/google", to.String())
		q := url.Values{"state": u.Query()["state"], "who": {who}}
		return s.do(request{path: "/login/google?" + q.Encode(), origin: "-"})
	}
	posted := func(a answer) (message map[string]string, to string) {
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		m := regexp.MustCompile(`<body data-message="([^"]*)" data-origin="([^"]*)">`).FindStringSubmatch(string(a.body))
		require.NotNil(t, m)
		require.NoError(t, json.Unmarshal([]byte(strings.NewReplacer("&#34;", `"`, "&#43;", "+").Replace(m[1])), &message))
		return message, m[2]
	}
	start := func(login, nonce string) answer {
		return s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": login, "nonce": nonce}})
	}

	b := begin()
	page := back(b, "carla")
	message, to := posted(page)
	assert.Equal(t, origin, to, "only to the page that began")
	assert.Equal(t, "login", message["charla"])
	assert.NotContains(t, string(page.body), b.Nonce)
	assert.NotContains(t, b.URL, b.Nonce, "whoever gets the URL has no nonce")
	assert.Regexp(t, `script-src 'sha256-[A-Za-z0-9+/]{43}='; frame-ancestors 'none'$`, page.header.Get("Content-Security-Policy"))
	script := regexp.MustCompile(`(?s)<script>(.*)</script>`).FindStringSubmatch(string(page.body))
	require.NotNil(t, script)
	assert.Equal(t, widget.ScriptHash(), widget.HashOf(script[1]), "the policy is for this script")

	login := message["login"]
	for name, got := range map[string]answer{
		"without the nonce":    start(login, ""),
		"with another's":       start(login, begin().Nonce),
		"changed":              start(login[:len(login)-4]+"AAAA", b.Nonce),
		"the state instead":    start(stateOf(t, b.URL), b.Nonce),
		"a line end":           start(login[:8]+"\n"+login[8:], b.Nonce),
		"too long":             start(strings.Repeat("A", 5000), b.Nonce),
		"in another account":   s.do(request{method: "POST", path: "sessions", key: other.key, body: map[string]string{"login": login, "nonce": b.Nonce}}),
		"both ways to be sure": start("", b.Nonce),
	} {
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, name)
		assert.Contains(t, string(got.body), `"code":"login"`, name)
	}
	got := start(login, b.Nonce)
	require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
	assert.Contains(t, string(got.body), `"level":"verified","name":"CARLA","email":"carla@example.com"`)
	assert.Equal(t, http.StatusUnprocessableEntity, start(login, b.Nonce).status, "once")

	b = begin()
	message, _ = posted(back(b, "carla"))
	s.save(func(c *chatcfg.Config) { c.Chat.AskRUT = true })
	assert.Contains(t, string(start(message["login"], b.Nonce).body), `"path":"rut"`)
	got = s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": message["login"], "nonce": b.Nonce, "rut": "12.345.678-5"}})
	assert.Equal(t, http.StatusCreated, got.status, "who was asked for more may try again: %s", got.body)
	s.save(func(c *chatcfg.Config) { c.Chat.AskRUT = false })

	// A session moves to the customer, on another process with the same key.
	b = begin()
	message, _ = posted(back(b, "carla"))
	v := s.enter("visita")
	first := s.server
	s.serve(options)
	logIn := func(token string) answer {
		return s.do(request{method: "POST", path: "session/login", token: token, body: map[string]string{"login": message["login"], "nonce": b.Nonce}})
	}
	got = logIn(v.token)
	assert.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.Contains(t, string(got.body), `"verified"`)
	again := logIn(v.token)
	assert.Equal(t, http.StatusOK, again.status, "the session that it logged in may not have got the answer: %s", again.body)
	assert.NotEqual(t, string(got.body), string(again.body))
	assert.Equal(t, http.StatusUnprocessableEntity, logIn(s.enter("otra").token).status, "another session")
	assert.Equal(t, http.StatusUnprocessableEntity, start(message["login"], b.Nonce).status, "nor a new one")
	s.serve(func(o *widget.Options) { options(o); o.Key = nil })
	assert.Equal(t, http.StatusUnprocessableEntity, start(message["login"], b.Nonce).status, "another key opens nothing")
	s.server = first

	b = begin()
	message, _ = posted(back(b, "carla"))
	mock.Add(2 * time.Minute)
	assert.Equal(t, http.StatusUnprocessableEntity, start(message["login"], b.Nonce).status, "for two minutes")
	b = begin()
	mock.Add(15 * time.Minute)
	assert.Equal(t, http.StatusBadRequest, back(b, "carla").status, "who takes too long at the provider's begins anew")

	for _, who := range []string{"", "pe\xf1a", "pe\xe9a"} { // nobody, and two that JSON would make one
		message, to = posted(back(begin(), who))
		assert.Equal(t, map[string]string{"charla": "login", "error": "failed"}, message)
		assert.Equal(t, origin, to)
	}

	b = begin()
	state := stateOf(t, b.URL)
	for name, path := range map[string]string{
		"no state": "/login/google?who=carla", "a made-up state": "/login/google?who=carla&state=AAAA",
		"another provider's": "/login/facebook?who=carla&state=" + state, "a login for a state": "/login/google?who=carla&state=" + login,
	} {
		got := s.do(request{path: path, origin: "-"})
		assert.Equal(t, http.StatusBadRequest, got.status, name)
		assert.NotContains(t, string(got.body), "data-message=", name)
	}
	assert.Equal(t, http.StatusNotFound, s.do(request{path: "/login/github?state=" + state}).status)
	for _, body := range []string{`{"provider":"facebook"}`, `{"provider":"github"}`, `{}`} {
		got := s.do(request{method: "POST", path: "logins", body: body})
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, body)
	}
	require.NoError(t, s.account.Delete(t.Context(), "Tienda"))
	assert.Equal(t, http.StatusForbidden, back(b, "carla").status)
}

func stateOf(t *testing.T, to string) string {
	t.Helper()
	u, err := url.Parse(to)
	require.NoError(t, err)
	return u.Query().Get("state")
}
