package widget_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOrigins: R6.8: an origin is allowed whole or not at all.
func TestOrigins(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) {
		c.Chat.ExtraDomains = []string{"*.sub.cl", "otra.cl:8443", "[2001:db8::1]", "capacitor://localhost", "mi_app.cl"}
	}, nil)
	for origin, ok := range map[string]bool{
		"https://tienda.cl": true, "http://tienda.cl": true, "https://a.sub.cl": true, "https://otra.cl:8443": true,
		"capacitor://localhost": true, "https://mi_app.cl": true,
		"https://[2001:db8::1]": true, s.server.URL: true, "http://tienda.cl:80": true,

		"": false, "-": false, "null": false, "https://": false, "*": false, "file://": false,
		"https://tienda.cl.evil.example": false, "https://eviltienda.cl": false, "https://evil.example/tienda.cl": false,
		"https://evil.example?tienda.cl": false, "https://evil.example#https://tienda.cl": false,
		"https://tienda.cl@evil.example": false, "https://tienda.cl:8443": false, "https://tienda.cl:80": false,
		"https://tienda.cl/": false, "https://tienda.cl.": false, "HTTPS://TIENDA.CL": false, "https://TIENDA.cl": false,
		"ionic://localhost": false, "capacitor://localhost:80": false, "capacitor://localhost/": false, "https://localhost": false, "Capacitor://localhost": false,
		"https://sub.cl": false, "https://a.b.sub.cl": false, "https://otra.cl": false, "https://.sub.cl": false,
		"chrome-extension://tienda.cl": false, "javascript:tienda.cl": false, "tienda.cl": false, "//tienda.cl": false,
		"https://tienda.cl https://evil.example": false, "https://tienda.cl,https://evil.example": false,
		"https://tienda.cl%00.evil.example": false, "https://xn--tienda.cl": false, "https://tienda\u3002cl": false,
		strings.Replace(s.server.URL, "http:", "https:", 1): false, s.server.URL + "0": false,
		"https://" + strings.Repeat("a", 400) + ".sub.cl": false,
	} {
		q := request{path: "config", header: http.Header{}}
		if q.header["Origin"] = []string{origin}; origin == "-" {
			q.header["Origin"] = nil
		}
		got := s.do(q)
		if !ok {
			assert.Equal(t, http.StatusForbidden, got.status, origin)
			assert.Equal(t, "origin", got.code(), origin)
			assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"), origin)
		} else {
			assert.Equal(t, http.StatusOK, got.status, origin)
			assert.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"))
		}
		assert.Contains(t, got.header.Values("Vary"), "Origin, Authorization", origin)
		assert.Empty(t, got.header.Get("Access-Control-Allow-Credentials"))

		q.method, q.header["Access-Control-Request-Method"] = "OPTIONS", []string{"GET"}
		got = s.do(q)
		if !ok {
			assert.Equal(t, http.StatusForbidden, got.status, origin)
			assert.Empty(t, got.header.Get("Access-Control-Allow-Methods"), origin)
		} else {
			assert.Equal(t, http.StatusNoContent, got.status, origin)
			assert.Equal(t, "Authorization, Content-Type, *", got.header.Get("Access-Control-Allow-Headers"))
			assert.Equal(t, "GET", got.header.Get("Access-Control-Allow-Methods"))
		}
	}
	got := s.do(request{path: "config", header: http.Header{"Origin": {origin, "https://evil.example"}}})
	assert.Equal(t, http.StatusForbidden, got.status, "two origins are none")
	got = s.do(request{method: "OPTIONS", path: "session"})
	assert.Equal(t, "DELETE, GET", got.header.Get("Access-Control-Allow-Methods"))
}

// TestSameOrigin: pages of the server's own origin send no Origin when they read;
// what stands in for it is believed for nothing else.
func TestSameOrigin(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	for _, tt := range []struct {
		name, method, path string
		header             http.Header
		status             int
	}{
		{"our own page", "GET", "messages", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 200},
		{"our own page over http", "GET", "messages", http.Header{"Referer": {s.server.URL + "/chat/page/KEY"}}, 200},
		{"an allowed page's referrer", "GET", "messages", http.Header{"Referer": {"https://tienda.cl/x?y"}}, 200},
		{"a sister page", "GET", "messages", http.Header{"Sec-Fetch-Site": {"same-site"}, "Referer": {s.server.URL}}, 403},
		{"a foreign page", "GET", "messages", http.Header{"Sec-Fetch-Site": {"cross-site"}, "Referer": {s.server.URL}}, 403},
		{"typed into the browser", "GET", "messages", http.Header{"Sec-Fetch-Site": {"none"}}, 403},
		{"a foreign referrer", "GET", "messages", http.Header{"Referer": {"https://evil.example/" + s.server.URL}}, 403},
		{"a referrer with a user", "GET", "messages", http.Header{"Referer": {"https://tienda.cl@evil.example/"}}, 403},
		{"no URL", "GET", "messages", http.Header{"Referer": {"://"}}, 403},
		{"an origin counts first", "GET", "messages", http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"same-origin"}}, 403},
		{"changing something needs an origin", "POST", "typing", http.Header{"Sec-Fetch-Site": {"same-origin"}}, 403},
	} {
		q := request{method: tt.method, path: tt.path, token: v.token, origin: "-", header: tt.header}
		if tt.method == "POST" {
			q.body = "{}"
		}
		assert.Equal(t, tt.status, s.do(q).status, tt.name)
	}

	// Without a base URL our own origin is one of the account's domains or none.
	s.serve(func(o *widget.Options) { o.BaseURL = "" })
	s.server.Config.Handler = http.StripPrefix("/chat", s.handler)
	same := request{path: "messages", token: v.token, origin: "-", header: http.Header{"Sec-Fetch-Site": {"same-origin"}}}
	assert.Equal(t, http.StatusForbidden, s.do(same).status)
	r := s.new(same)
	r.Host = "tienda.cl"
	res, err := s.server.Client().Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, http.StatusOK, res.StatusCode)
	for _, path := range []string{"/page/", "/contact/", "/login/google?state="} {
		assert.Equal(t, http.StatusNotFound, s.do(request{path: path + s.account.key}).status, "%s: links are never made of requests", path)
	}
}

// TestNoDomain: R6.8: an account without a domain refuses every page, ours too.
func TestNoDomain(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	key := s.account.key
	require.Equal(t, http.StatusOK, s.do(request{path: "/page/" + key}).status)
	s.strip(t)
	for _, origin := range []string{"https://tienda.cl", s.server.URL, "null", "-", ""} {
		assert.Equal(t, http.StatusForbidden, s.do(request{path: "config", origin: origin}).status, origin)
	}
	assert.Equal(t, http.StatusNotFound, s.do(request{path: "/page/" + key}).status)
	assert.Equal(t, http.StatusNotFound, s.do(request{path: "/contact/" + key}).status)
}

// TestUnknownAccounts: who may not use an account does not learn whether there is
// one: the answers are the same, byte for byte, deleted accounts included (R1.6).
func TestUnknownAccounts(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) { c.Chat.Locale = chatcfg.English }, nil)
	gone, _ := s.newAccount("Cerrada", "tienda.cl", nil)
	v := s.start(gone, visitorNamed("x"))
	require.NoError(t, gone.Delete(t.Context(), "Cerrada"))
	for _, path := range []string{"config", "session", "messages", "stream", "files/1", "picture", "nothing", ""} {
		wrong := request{path: path, origin: "https://evil.example", token: v.token}
		if path == "picture" {
			wrong.origin = "" // it is for every page, and this account has none
		}
		want := s.do(wrong)
		for _, key := range []string{"ck_aaaaaaaaaaaaaaaaaaaaaaaaaa", gone.key, "x", "A", "ck_%00", strings.Repeat("k", 65)} {
			got := s.do(request{path: path, key: key, token: v.token})
			if path == "picture" {
				assert.GreaterOrEqual(t, got.status, 403, "%s of %s", path, key)
				continue
			}
			got.header.Del("Date")
			want.header.Del("Date")
			assert.Equal(t, want, got, "%s of %s", path, key)
		}
	}
	want := s.do(request{path: "/page/nothing"})
	got := s.do(request{path: "/page/" + gone.key})
	got.header.Del("Date")
	want.header.Del("Date")
	assert.Equal(t, want, got)
}

// TestPaths: what is no path of ours is not found, whatever it looks like.
func TestPaths(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	for _, path := range []string{
		"/", "/v2/x", "/loader-000000000000.js", "/manifest.json", "/ui/dist/manifest.json", "/../widget.go", "/%2e%2e/widget.go",
		"/app.js", "/.gitignore", "/page", "/page/", "/contact/", "/login/", "/login/google", "/page/a/b", "/" + strings.Repeat("x", 600),
	} {
		got := s.do(request{path: path})
		assert.Contains(t, []int{http.StatusNotFound, http.StatusBadRequest}, got.status, path)
	}
}
