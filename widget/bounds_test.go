package widget_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A path has 512 bytes at most: a longer one is not looked at.
func TestPathLength(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	for length, want := range map[int]int{512: http.StatusForbidden, 513: http.StatusNotFound, 5000: http.StatusNotFound} {
		path := "/v1/" + strings.Repeat("k", length-len("/chat/v1/")-len("/config")) + "/config"
		assert.Equal(t, want, s.do(request{path: path}).status, "%d bytes", length)
	}
}

// A text that cannot be a public key is not looked for in the store.
func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	s, store := remembering(t, nil, time.Minute)
	for key, want := range map[string]int{
		strings.Repeat("k", 64): 1, strings.Repeat("k", 65): 0, "": 0, "KEY": 0, "a-b": 0, "a.b": 0, "ñ": 0, "a b": 0,
	} {
		store.since()
		r, w := s.new(request{path: "config"}), httptest.NewRecorder()
		r.URL.Path = "/v1/" + key + "/config"
		s.handler.ServeHTTP(w, r)
		assert.Equal(t, http.StatusForbidden, w.Code, "%q", key)
		assert.Equal(t, want, store.since()["find account"], "%q", key)
		if want == 0 && key != "" {
			assert.Equal(t, http.StatusNotFound, s.ask(request{path: "/contact/" + url.PathEscape(key)}).status, "%q", key)
		}
	}
}

// A session's routes answer no HEAD: its stream would hold a place for nobody.
func TestHeadOfSessions(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	for _, path := range []string{"session", "messages", "stream", "files/1"} {
		got := s.do(request{method: http.MethodHead, path: path, token: v.token})
		assert.Equal(t, http.StatusMethodNotAllowed, got.status, path)
		assert.Contains(t, got.header.Get("Allow"), http.MethodGet, path)
	}
	assert.Zero(t, widget.Streams(s.handler))
	for _, path := range []string{"config", "picture", "logo"} {
		got := s.do(request{method: http.MethodHead, path: path, token: v.token})
		assert.NotEqual(t, http.StatusMethodNotAllowed, got.status, path)
	}
	assert.Equal(t, http.StatusOK, s.do(request{path: "session", token: v.token}).status, "the control")
}

// A header without a token lets nobody in, on any of a session's routes.
func TestEmptyTokens(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	s.write(v, "hola")
	for _, q := range []request{
		{path: "session"}, {method: "DELETE", path: "session"}, {path: "messages"}, {path: "stream"}, {path: "files/1"},
		{method: "POST", path: "messages", body: `{"key":"k","text":"x"}`}, {method: "POST", path: "typing", body: `{"typing":true}`},
		{method: "POST", path: "read", body: `{"seq":1}`}, {method: "POST", path: "files?key=k", body: "x"},
	} {
		for _, header := range []string{"", "Bearer", "Bearer ", "Bearer  " + v.token, v.token, "Bearer " + strings.Repeat("a", 300)} {
			q.header = http.Header{"Authorization": {header}, "Content-Type": {"application/json"}}
			assert.Equal(t, http.StatusUnauthorized, s.do(q).status, "%s %s %.20q", q.method, q.path, header)
		}
	}
	assert.Equal(t, http.StatusOK, s.do(request{path: "session", token: v.token}).status, "the control")
}

// A body over its limit is refused whatever stands in what was read of it, and whether or
// not its length was announced.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, func(o *widget.Options) { o.Limits.Body = 1000 })
	v := s.enter("carla")
	send := func(length int, announced bool) int {
		body := fmt.Sprintf(`{"key":"k%d-%v","text":"hola"}`, length, announced)
		body += strings.Repeat(" ", length-len(body))
		r := s.new(request{method: "POST", path: "messages", token: v.token, body: body})
		if !announced {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
		}
		res, err := s.server.Client().Do(r)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	for _, announced := range []bool{true, false} {
		assert.Equal(t, http.StatusCreated, send(1000, announced))
		for _, length := range []int{1001, 1002, 20_000} {
			assert.Equal(t, http.StatusRequestEntityTooLarge, send(length, announced), "%d bytes, announced: %v", length, announced)
		}
	}
}

// A request that needs no body and announces one that is too long to be discarded is
// refused before any of it arrives; so is one that turns out too long.
func TestTooLongToDiscard(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	host := strings.TrimPrefix(s.server.URL, "http://")
	ask := func(length string, body io.Reader) int {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
		fmt.Fprintf(conn, "GET /chat/v1/%s/config HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n%s\r\n\r\n", s.account.key, host, s.origin, length)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _ = io.Copy(conn, body) // until the refusal closes the connection
		}()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		_ = res.Body.Close()
		_ = conn.Close()
		<-sent
		return res.StatusCode
	}
	const chunk = 1 << 20
	chunks := func(n int) io.Reader {
		one := fmt.Sprintf("%x\r\n%s\r\n", chunk, strings.Repeat("x", chunk))
		return strings.NewReader(strings.Repeat(one, n) + "0\r\n\r\n")
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, ask("Content-Length: 1000000000", strings.NewReader("")))
	assert.Equal(t, http.StatusRequestEntityTooLarge, ask("Transfer-Encoding: chunked", chunks(40)))
	assert.Equal(t, http.StatusOK, ask("Transfer-Encoding: chunked", chunks(2)), "the control")
}

// A provider sends visitors back by GET only: nothing else has it asked who that was.
func TestLoginReturnsByGet(t *testing.T) {
	t.Parallel()
	l := &liar{fakeLogin: fakeLogin{"google"}, proof: charla.Proof{Provider: "google", Subject: "1"}}
	s := setup(t, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true }, func(o *widget.Options) { o.Logins = []widget.Login{l} })
	var begun struct{ URL, Nonce string }
	s.do(request{method: "POST", path: "logins", body: `{"provider":"google"}`}).into(t, &begun)
	path := "/login/google?who=carla&state=" + url.QueryEscape(stateOf(t, begun.URL))
	for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodPut, http.MethodOptions} {
		assert.Equal(t, http.StatusNotFound, s.do(request{method: method, path: path, origin: "-"}).status, method)
	}
	assert.Empty(t, l.asked)
	assert.Equal(t, http.StatusOK, s.do(request{path: path, origin: "-"}).status, "the control")
	assert.Len(t, l.asked, 1)
}

// What a wrong clock sealed, to end years from now, opens nothing when the clock is right.
func TestLoginSealedByWrongClock(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{0, 4 * time.Minute, time.Hour, 30 * 24 * time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			mock := clock.NewMock()
			mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
			s := setupDesk(t, &charla.Options{Clock: mock}, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true },
				func(o *widget.Options) { o.Logins = []widget.Login{fakeLogin{"google"}} })
			mock.Add(off)
			var begun struct{ URL, Nonce string }
			s.do(request{method: "POST", path: "logins", body: `{"provider":"google"}`}).into(t, &begun)
			login, nonce := s.socialLogin(t, "google", "carla")
			mock.Add(-off)
			state := s.do(request{path: "/login/google?who=carla&state=" + url.QueryEscape(stateOf(t, begun.URL)), origin: "-"})
			started := s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": login, "nonce": nonce}})
			if off > 5*time.Minute {
				assert.Equal(t, http.StatusBadRequest, state.status)
				assert.Equal(t, http.StatusUnprocessableEntity, started.status)
				return
			}
			assert.Equal(t, http.StatusOK, state.status)
			assert.Equal(t, http.StatusCreated, started.status, "%s", started.body)
		})
	}
}

// failing is a store that fails to create a session, once, if err is not nil.
type failing struct {
	storage.Store
	err *error
}

func (f failing) Sessions() storage.Sessions { return failingSessions{f.Store.Sessions(), f.err} }

type failingSessions struct {
	storage.Sessions
	err *error
}

func (f failingSessions) Create(ctx context.Context, s tickets.Session) error {
	if err := *f.err; err != nil {
		*f.err = nil
		return err
	}
	return f.Sessions.Create(ctx, s)
}

// TestLoginAfterFailure: R7.1: a social login that may have let somebody in is used up; one that
// the store certainly did not take is not.
func TestLoginAfterFailure(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want int
	}{
		"busy":    {storage.ErrBusy, http.StatusCreated},
		"unknown": {errors.New("the connection is gone"), http.StatusUnprocessableEntity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failure error
			s := setupStore(t, failing{storage.NewMemory(), &failure}, nil, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true },
				func(o *widget.Options) { o.Logins = []widget.Login{fakeLogin{"google"}} })
			login, nonce := s.socialLogin(t, "google", "carla")
			start := func() int {
				return s.do(request{method: "POST", path: "sessions", body: map[string]string{"login": login, "nonce": nonce}}).status
			}
			failure = tt.err
			assert.GreaterOrEqual(t, start(), 500)
			assert.Equal(t, tt.want, start())
		})
	}
}
