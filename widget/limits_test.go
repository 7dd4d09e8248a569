package widget_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
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

// send asks the handler itself, from an address.
func (s *site) send(q request, from string, forwarded ...string) answer {
	s.t.Helper()
	r := s.new(q)
	r.RemoteAddr, r.RequestURI = from, r.URL.RequestURI()
	for _, f := range forwarded {
		r.Header.Add("X-Forwarded-For", f)
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// TestRates: R8.4: each rate by itself lets a burst through, then says how long to
// wait, and means it; others are not slowed.
func TestRates(t *testing.T) {
	t.Parallel()
	few := widget.Rate{PerSecond: 0.5, Burst: 3}
	start := request{method: "POST", path: "sessions", body: `{"name":"x"}`}
	config := request{path: "config"}
	type world struct {
		*site
		a, b visitor // of one address each
	}
	for _, tt := range []struct {
		name  string
		limit func(*widget.Limits)
		// one is what is limited, free what is not.
		one, free func(w *world, i int) answer
	}{
		{"an address", func(l *widget.Limits) { l.Address = few },
			func(w *world, _ int) answer { return w.send(config, "192.0.2.1:1") },
			func(w *world, _ int) answer { return w.send(config, "192.0.2.2:1") }},
		{"an IPv6 network", func(l *widget.Limits) { l.Address = few },
			func(w *world, i int) answer { return w.send(config, fmt.Sprintf("[2001:db8::%x]:1", i)) },
			func(w *world, _ int) answer { return w.send(config, "[2001:db8:0:1::1]:1") }},
		{"an IPv4 address in IPv6", func(l *widget.Limits) { l.Address = few },
			func(w *world, i int) answer {
				return w.send(config, []string{"192.0.2.1:1", "[::ffff:192.0.2.1]:2"}[i%2])
			},
			func(w *world, _ int) answer { return w.send(config, "[::ffff:192.0.2.2]:2") }},
		{"a session", func(l *widget.Limits) { l.Session = few },
			func(w *world, i int) answer {
				return w.send(request{path: "messages", token: w.a.token}, fmt.Sprintf("192.0.2.%d:1", i))
			},
			func(w *world, _ int) answer {
				return w.send(request{path: "messages", token: w.b.token}, "192.0.2.1:1")
			}},
		{"an account", func(l *widget.Limits) { l.Account = few },
			func(w *world, i int) answer { return w.send(config, fmt.Sprintf("192.0.2.%d:1", i)) },
			func(w *world, _ int) answer {
				other, _ := w.newAccount("Otra", "tienda.cl", nil)
				return w.send(request{path: "config", key: other.key}, "192.0.2.1:1")
			}},
		{"everybody", func(l *widget.Limits) { l.All = few },
			func(w *world, i int) answer { return w.send(config, fmt.Sprintf("192.0.2.%d:1", i)) },
			func(w *world, _ int) answer { return w.send(request{path: "/loader.js"}, "192.0.2.1:1") }},
		{"what a session writes", func(l *widget.Limits) { l.Message = few },
			func(w *world, i int) answer {
				return w.send(request{method: "POST", path: "messages", token: w.a.token, body: fmt.Sprintf(`{"key":"%d","text":"a"}`, i)}, "192.0.2.1:1")
			},
			func(w *world, _ int) answer {
				return w.send(request{method: "POST", path: "messages", token: w.b.token, body: `{"key":"a","text":"a"}`}, "192.0.2.1:1")
			}},
		{"who starts", func(l *widget.Limits) { l.Entry = few },
			func(w *world, i int) answer {
				if i%2 == 0 { // they share it
					return w.send(request{method: "POST", path: "contact", body: fmt.Sprintf(`{"key":"%d","email":"x@example.com","text":"a"}`, i)}, "192.0.2.1:1")
				}
				return w.send(start, "192.0.2.1:1")
			},
			func(w *world, _ int) answer { return w.send(start, "192.0.2.2:1") }},
		{"who starts in an account", func(l *widget.Limits) { l.AccountEntry = few },
			func(w *world, i int) answer { return w.send(start, fmt.Sprintf("192.0.2.%d:1", i)) },
			func(w *world, _ int) answer { return w.send(config, "192.0.2.1:1") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mock := clock.NewMock()
			mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
			w := &world{site: setupDesk(t, &charla.Options{Clock: mock}, func(c *chatcfg.Config) {
				c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "agents@tienda.cl"}
				c.Chat.ContactForm.Enabled = strings.HasPrefix(t.Name(), "TestRates/who_starts")
			}, func(o *widget.Options) { tt.limit(&o.Limits) })}
			w.a, w.b = w.enter("a"), w.enter("b")
			i := 0
			ask := func() answer { i++; return tt.one(w, i) }
			for range few.Burst {
				got := ask()
				require.Less(t, got.status, 300, "%s", got.body)
			}
			got := ask()
			require.Equal(t, http.StatusTooManyRequests, got.status)
			require.Equal(t, "rate", got.code())
			assert.Equal(t, 2, atoi(got.header.Get("Retry-After")))
			if tt.name != "everybody" && !strings.HasPrefix(tt.name, "an ") || tt.name == "an account" {
				assert.Equal(t, origin, got.header.Get("Access-Control-Allow-Origin"), "the page can read it")
			}
			require.Less(t, tt.free(w, 1).status, 300)
			require.Equal(t, http.StatusTooManyRequests, ask().status, "asking costs nothing more")
			mock.Add(2 * time.Second)
			require.Less(t, ask().status, 300)
			require.Equal(t, http.StatusTooManyRequests, ask().status)
		})
	}
}

// TestTooFastIsReadable: a page that is refused for its address's rate can read
// so, once its account has been heard of; other pages cannot.
func TestTooFastIsReadable(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, func(o *widget.Options) { o.Limits.Address = widget.Rate{PerSecond: 0.01, Burst: 1} })
	require.Equal(t, http.StatusOK, s.do(request{path: "config"}).status)
	got := s.do(request{path: "config"})
	assert.Equal(t, http.StatusTooManyRequests, got.status)
	assert.Equal(t, s.origin, got.header.Get("Access-Control-Allow-Origin"))
	got = s.do(request{path: "config", origin: "https://evil.example"})
	assert.Equal(t, http.StatusTooManyRequests, got.status)
	assert.Empty(t, got.header.Get("Access-Control-Allow-Origin"))
}

// TestProxies: X-Forwarded-For counts from trusted proxies only, from the last
// that is none of them.
func TestProxies(t *testing.T) {
	t.Parallel()
	type step struct {
		from      string
		forwarded []string
		status    int
	}
	for name, steps := range map[string][]step{
		"a client cannot name itself": {
			{"198.51.100.1:1", []string{"192.0.2.1"}, 200}, {"198.51.100.1:1", []string{"192.0.2.2"}, 429},
		},
		"behind a proxy clients are told apart": {
			{"10.0.0.1:1", []string{"192.0.2.1"}, 200}, {"10.0.0.1:1", []string{"192.0.2.2"}, 200}, {"10.0.0.1:1", []string{"192.0.2.1"}, 429},
		},
		"what a client wrote before does not count": {
			{"10.0.0.1:1", []string{"203.0.113.1, 192.0.2.1"}, 200}, {"10.0.0.1:1", []string{"203.0.113.2", "192.0.2.1"}, 429},
			{"10.0.0.1:1", []string{"10.9.9.9, 192.0.2.1"}, 429},
		},
		"proxies behind proxies": {
			{"10.0.0.1:1", []string{"192.0.2.1, 10.0.0.2"}, 200}, {"10.0.0.3:1", []string{"192.0.2.1"}, 429},
		},
		"nonsense is the proxy's": {
			{"10.0.0.1:1", []string{"unknown"}, 200}, {"10.0.0.1:1", []string{"<script>"}, 429}, {"10.0.0.1:1", nil, 429},
		},
		"as proxies write addresses": {
			{"10.0.0.1:1", []string{"192.0.2.1:50001"}, 200}, {"10.0.0.1:1", []string{"192.0.2.1:50002"}, 429}, {"10.0.0.1:1", []string{`"192.0.2.1"`}, 429},
			{"10.0.0.1:1", []string{"[2001:db8::1]:50001"}, 200}, {"10.0.0.1:1", []string{"[2001:db8::2]"}, 429}, {"10.0.0.1:1", []string{`"[2001:db8::3]:1"`}, 429},
			{"10.0.0.1:1", []string{"192.0.2.2:50001, 10.0.0.2:1"}, 200}, {"10.0.0.1:1", []string{"::ffff:192.0.2.2"}, 429},
		},
		"IPv6 by its line, home and site": {
			{"[2001:db8:1:100::1]:1", nil, 200}, {"[2001:db8:1:100:ffff::1]:1", nil, 429},
			{"[2001:db8:1:101::1]:1", nil, 200}, {"[2001:db8:1:102::1]:1", nil, 200}, {"[2001:db8:1:103::1]:1", nil, 200}, {"[2001:db8:1:104::1]:1", nil, 429},
			{"[2001:db8:1:200::1]:1", nil, 200}, {"[2001:db8:2::1]:1", nil, 200},
		},
		"ports and zones": {
			{"[fe80::1%eth0]:1", nil, 200}, {"[fe80::1%eth1]:1", nil, 429},
		},
		"no address at all": {
			{"@", nil, 200}, {"", []string{"192.0.2.1"}, 429},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, nil, func(o *widget.Options) {
				o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
				o.Limits.Address = widget.Rate{PerSecond: 0.001, Burst: 1}
			})
			for _, one := range steps {
				assert.Equal(t, one.status, s.send(request{path: "config"}, one.from, one.forwarded...).status, "%v", one)
			}
		})
	}
}

// TestRemembered: R8.4: however many addresses ask, so many are remembered.
func TestRemembered(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, func(o *widget.Options) {
		o.Limits.Remembered = 10
		o.Limits.Address = widget.Rate{PerSecond: 0.001, Burst: 1}
	})
	ask := func(i int) int {
		return s.send(request{path: "config"}, fmt.Sprintf("192.0.%d.%d:1", 2+i/250, i%250)).status
	}
	for i := range 500 {
		require.Equal(t, http.StatusOK, ask(i))
	}
	assert.Equal(t, 10, widget.Remembered(s.handler))
	for i := 490; i < 500; i++ {
		assert.Equal(t, http.StatusTooManyRequests, ask(i), "the last are remembered")
	}
}

// TestLargeHeaders: what a server lets through of them is still bounded here.
func TestLargeHeaders(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	long := strings.Repeat("a", 20_000)
	for name, q := range map[string]request{
		"a token":    {path: "session", token: v.token + long},
		"an origin":  {path: "session", token: v.token, origin: "https://" + long + ".cl"},
		"a referrer": {path: "session", token: v.token, origin: "-", header: http.Header{"Referer": {"https://" + long + ".cl"}}},
		"two tokens": {path: "session", header: http.Header{"Authorization": {"Bearer " + v.token, "Bearer " + v.token}}},
		"a basic":    {path: "session", header: http.Header{"Authorization": {"Basic " + v.token}}},
		"in the URL": {path: "session?token=" + v.token + "&access_token=" + v.token},
		"a cookie":   {path: "session", header: http.Header{"Cookie": {"token=" + v.token}}},
	} {
		got := s.do(q)
		assert.Contains(t, []int{401, 403}, got.status, name)
	}
	got := s.do(request{path: "config?lang=" + long[:5000]})
	assert.Equal(t, http.StatusOK, got.status)
	got = s.do(request{path: "session", token: v.token, header: http.Header{"Authorization": {"bearer " + v.token}}})
	assert.Equal(t, http.StatusOK, got.status, "schemes are written in any letters")
}

// TestBodyTimes: R8.4: a body has 30 seconds, the answer more than the body, and what comes
// after the body is no longer timed.
func TestBodyTimes(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	r := s.new(request{method: "POST", path: "messages", token: v.token, body: "{}"})
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	s.handler.ServeHTTP(w, r)
	require.Len(t, w.read, 2)
	within := time.Until(w.read[0])
	assert.True(t, 20*time.Second < within && within <= 30*time.Second, "%s", within)
	assert.Equal(t, time.Minute, w.write[0].Sub(w.read[0]), "HTTP/2 ends a stream at either deadline")
	assert.True(t, w.read[1].IsZero(), "and none afterwards")
}

// TestHiddenDeadlines: an operator is told, once, of middleware that leaves slow bodies to
// the server.
func TestHiddenDeadlines(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := setup(t, nil, func(o *widget.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	send := func() { s.send(request{method: "POST", path: "sessions", body: `{"name":"x"}`}, "192.0.2.1:1") }
	require.Empty(t, log.String())
	send()
	send()
	assert.Equal(t, 1, strings.Count(log.String(), "Unwrap"), log.String())
}

type deadlines struct {
	*httptest.ResponseRecorder
	read, write []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.write = append(d.write, t)
	return nil
}

// TestNothingInsideIsShown: what went wrong inside is for the log, which in turn
// holds nothing of the visitor's.
func TestNothingInsideIsShown(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := setup(t, nil, func(o *widget.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	v := s.enter("carla")
	require.NoError(t, s.store.Close())
	for _, q := range []request{
		{path: "config"}, {path: "session", token: v.token}, {method: "POST", path: "messages", token: v.token, body: `{"key":"a","text":"mi texto"}`},
	} {
		got := s.do(q)
		assert.Equal(t, http.StatusServiceUnavailable, got.status)
		assert.Equal(t, "busy", got.code())
		assert.NotContains(t, string(got.body), "storage")
		assert.Equal(t, "1", got.header.Get("Retry-After"))
	}
	assert.Contains(t, log.String(), "storage: closed")
	assert.NotContains(t, log.String(), v.token)
	assert.NotContains(t, log.String(), "mi texto")
}
