package widget_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRatesElsewhere: R8.4: what enters or writes by another way is counted like the rest:
// the form without script, the way back from a provider, uploads.
func TestRatesElsewhere(t *testing.T) {
	t.Parallel()
	few := widget.Rate{PerSecond: 1e-6, Burst: 4}
	form := func(s *site, v visitor, i int) answer {
		return s.do(request{
			method: "POST", path: "/contact/" + s.account.key, origin: s.server.URL,
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			body:   url.Values{"key": {fmt.Sprint(i)}, "email": {"a@example.com"}, "text": {"hola"}}.Encode(),
		})
	}
	comeBack := func(s *site, _ visitor, i int) answer {
		var begun struct{ URL string }
		if i%2 == 0 { // beginning counts, too
			got := s.do(request{method: "POST", path: "logins", body: `{"provider":"google"}`})
			got.into(t, &begun)
			s.begun = begun.URL
			return got
		}
		return s.do(request{path: "/login/google?who=carla&state=" + url.QueryEscape(stateOf(t, s.begun)), origin: "-"})
	}
	upload := func(s *site, v visitor, i int) answer {
		return s.do(request{method: "POST", path: fmt.Sprintf("files?key=%d&name=a.txt", i), token: v.token, body: "hola"})
	}
	for name, c := range map[string]struct {
		limit func(*widget.Limits)
		one   func(*site, visitor, int) answer
	}{
		"forms of an address":       {func(l *widget.Limits) { l.Entry = few }, form},
		"forms of an account":       {func(l *widget.Limits) { l.AccountEntry = few }, form},
		"logins of an address":      {func(l *widget.Limits) { l.Entry = few }, comeBack},
		"logins of an account":      {func(l *widget.Limits) { l.AccountEntry = few }, comeBack},
		"uploads":                   {func(l *widget.Limits) { l.Message = few }, upload},
		"uploads, of any request":   {func(l *widget.Limits) { l.Session = few }, upload},
		"forms, of any request":     {func(l *widget.Limits) { l.Address = few }, form},
		"forms, of all of anything": {func(l *widget.Limits) { l.All = few }, form},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := watched(t, func(c *chatcfg.Config) {
				c.Chat.ContactForm = chatcfg.ContactForm{Enabled: true, Email: chatcfg.FormEmail{Enabled: true, Address: "a@tienda.cl"}}
			}, func(_ *charla.Options, o *widget.Options) { c.limit(&o.Limits) })
			s.online(tickets.Online)
			v := s.enter("carla")
			for i := range few.Burst {
				got := c.one(s, v, i)
				require.Less(t, got.status, 300, "%d: %s", i, got.body)
			}
			for i := range 2 {
				require.Equal(t, http.StatusTooManyRequests, c.one(s, v, few.Burst+1+2*i).status)
			}
		})
	}
}

// liar is a login that proves what it is told to, and notes what it was asked.
type liar struct {
	fakeLogin
	mu    sync.Mutex
	proof charla.Proof
	asked []string
}

func (l *liar) Finish(_ context.Context, r *http.Request) (charla.Proof, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, r.Host+" "+r.URL.Scheme+"://"+r.URL.Host+r.URL.Path)
	return l.proof, nil
}

// TestLoginProves: R7.1: a login proves who somebody is at its own provider only, and is
// asked under the address of the options, whatever the request says.
func TestLoginProves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proof charla.Proof
		ok    bool
	}{
		"its own":        {charla.Proof{Provider: "google", Subject: "1"}, true},
		"another's":      {charla.Proof{Provider: "facebook", Subject: "1"}, false},
		"the host's":     {charla.Proof{Subject: "1"}, false},
		"nobody":         {charla.Proof{Provider: "google"}, false},
		"not even UTF-8": {charla.Proof{Provider: "google", Subject: "pe\xf1a"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &liar{fakeLogin: fakeLogin{"google"}, proof: c.proof}
			s, _ := watched(t, nil, func(_ *charla.Options, o *widget.Options) { o.Logins = []widget.Login{l, fakeLogin{"facebook"}} })
			var begun struct{ URL, Nonce string }
			s.do(request{method: "POST", path: "logins", body: `{"provider":"google"}`}).into(t, &begun)
			r := s.new(request{path: "/login/google?state=" + url.QueryEscape(stateOf(t, begun.URL)), origin: "-"})
			r.Host = "evil.example"
			res, err := s.server.Client().Do(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			host := strings.TrimPrefix(s.server.URL, "http://")
			assert.Equal(t, []string{host + " http://" + host + "/chat/login/google"}, l.asked)
			login, nonce := s.socialLogin(t, "google", "x")
			assert.Equal(t, c.ok, login != "")
			got := s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": login, "nonce": nonce}})
			assert.Equal(t, c.ok, got.status == http.StatusCreated, "%s", got.body)
		})
	}
}

// TestPolicies: each answer that a browser could draw has a policy of its own, word for
// word.
func TestPolicies(t *testing.T) {
	t.Parallel()
	s, _ := watched(t, func(c *chatcfg.Config) {
		c.Chat.ContactForm = chatcfg.ContactForm{Enabled: true, Email: chatcfg.FormEmail{Enabled: true, Address: "a@tienda.cl"}}
	}, nil)
	s.online(tickets.Online)
	v := s.enter("carla")
	sent := s.do(request{method: "POST", path: "files?key=a&name=a.txt", token: v.token, body: "hola"})
	require.Equal(t, http.StatusCreated, sent.status)
	const nothing = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
	for path, want := range map[string]string{
		"config":     nothing,
		"nothing":    nothing,
		"/loader.js": nothing,
		"files/1":    "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
		"/page/" + s.account.key: "default-src 'none'; base-uri 'none'; form-action 'none'; script-src 'self'; connect-src 'self'; " +
			"img-src 'self' blob:; require-trusted-types-for 'script'; frame-ancestors tienda.cl",
		"/contact/" + s.account.key: "default-src 'none'; base-uri 'none'; style-src HASH; form-action 'self'; frame-ancestors tienda.cl",
		"/page/nobody":              "default-src 'none'; base-uri 'none'; style-src HASH; frame-ancestors 'none'",
	} {
		got := s.do(request{path: path, token: v.token})
		policy := regexp.MustCompile(`'sha256-[^']+'`).ReplaceAllString(got.header.Get("Content-Security-Policy"), "HASH")
		assert.Equal(t, want, policy, path)
		assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), path)
		referrer := "no-referrer"
		if strings.HasPrefix(path, "/page") || strings.HasPrefix(path, "/contact") {
			referrer = "same-origin" // a form says where it comes from
		}
		assert.Equal(t, referrer, got.header.Get("Referrer-Policy"), path)
		if path != "/loader.js" && path != "config" { // these are anybody's
			assert.Contains(t, got.header.Get("Cache-Control"), "no-store", path)
		}
	}
	got := s.do(request{path: "files/1", token: v.token})
	assert.Equal(t, "attachment; filename=a.txt", got.header.Get("Content-Disposition"))
	assert.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
}

// TestRepeatedParameters: a parameter that is there twice is refused, because a firewall on
// the way may have looked at the other one; once, it is taken.
func TestRepeatedParameters(t *testing.T) {
	t.Parallel()
	s, _ := watched(t, nil, nil)
	v := s.enter("carla")
	for _, q := range []request{
		{method: "POST", path: "files?key=k&name=a.txt", token: v.token, body: "hola"},
		{path: "messages?after=0", token: v.token},
		{path: "messages?before=0&limit=9", token: v.token},
		{path: "messages?wait=0", token: v.token},
	} {
		_, parameters, _ := strings.Cut(q.path, "?")
		first, _, _ := strings.Cut(parameters, "&")
		path := q.path
		for _, more := range []string{first, first + "1", fmt.Sprintf("%%%x", first[0]) + first[1:]} {
			q.path = path + "&" + more
			got := s.do(q)
			assert.Equal(t, http.StatusBadRequest, got.status, q.path)
			assert.Equal(t, "request", got.code(), q.path)
		}
		q.path = path
		assert.Less(t, s.do(q).status, 300, "the control: %s", path)
	}
	got := s.do(request{path: "stream?after=1&%61fter=0", token: v.token})
	assert.Equal(t, http.StatusBadRequest, got.status)
}

// TestOtherMethods: a route refuses all methods but its own, TRACE and unknown ones
// included.
func TestOtherMethods(t *testing.T) {
	t.Parallel()
	s, _ := watched(t, nil, nil)
	v := s.enter("carla")
	for _, path := range []string{"config", "session", "messages", "/loader.js", "/page/" + s.account.key} {
		assert.Equal(t, http.StatusOK, s.do(request{path: path, token: v.token}).status, "the control: %s", path)
		for _, method := range []string{"TRACE", "PUT", "PATCH", "PROPFIND"} {
			got := s.do(request{method: method, path: path, token: v.token})
			assert.Equal(t, http.StatusMethodNotAllowed, got.status, "%s %s", method, path)
			assert.NotContains(t, string(got.body), v.token)
		}
	}
}

// TestHugePictures: a picture of more than 64 megapixels is refused by its header, without
// a look at its pixels; one of exactly that many is taken, as a download.
func TestHugePictures(t *testing.T) {
	t.Parallel()
	s, _ := watched(t, nil, nil)
	v := s.enter("carla")
	for _, c := range []struct {
		width, height uint32
		status        int
	}{{8192, 8192, http.StatusCreated}, {8193, 8192, http.StatusUnprocessableEntity}, {1 << 20, 65, http.StatusUnprocessableEntity}, {1<<31 - 1, 1<<31 - 1, http.StatusUnprocessableEntity}} {
		body := claimedPNG(t, c.width, c.height)
		got := s.do(request{method: "POST", path: fmt.Sprintf("files?key=%d-%d&name=a.png", c.width, c.height), token: v.token, body: body})
		assert.Equal(t, c.status, got.status, "%d×%d: %s", c.width, c.height, got.body)
		assert.NotContains(t, string(got.body), `"inline":true`)
	}
}

// claimedPNG is a small picture that claims another size.
func claimedPNG(t *testing.T, width, height uint32) []byte {
	t.Helper()
	b := slices.Clone(png(t, 8))
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}
