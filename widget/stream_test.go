package widget_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// event is a server-sent event; a comment has neither name nor data.
type event struct {
	id, name, data string
}

func (e event) String() string {
	if e.name == "message" {
		var m message
		_ = json.Unmarshal([]byte(e.data), &m)
		return fmt.Sprintf("%s=%d %s %s", e.id, m.Seq, m.From, m.Text)
	}
	return e.name + " " + e.data
}

// events reads a stream.
type events struct {
	t    *testing.T
	res  *http.Response
	read *bufio.Reader
}

func (s *site) stream(q request, client *http.Client) *events {
	s.t.Helper()
	if client == nil {
		client = s.server.Client()
	}
	r := s.new(q)
	res, err := client.Do(r.WithContext(soon(s.t)))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(s.t, http.StatusOK, res.StatusCode)
	require.Equal(s.t, "text/event-stream", res.Header.Get("Content-Type"))
	require.Equal(s.t, s.origin, res.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(s.t, res.Header.Get("Cache-Control"), "no-store")
	return &events{s.t, res, bufio.NewReader(res.Body)}
}

// next is the next event; io.EOF at the end.
func (e *events) next() (event, error) {
	var one event
	for {
		line, err := e.read.ReadString('\n')
		if err != nil {
			return one, err
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "":
			return one, nil
		case name == "id":
			one.id = value
		case name == "event":
			one.name = value
		case name == "data":
			one.data = value
		}
	}
}

// want reads on until the given events have come, and fails on any other but
// comments.
func (e *events) want(events ...string) {
	e.t.Helper()
	for _, want := range events {
		for {
			got, err := e.next()
			require.NoError(e.t, err, "waiting for %q", want)
			if got.name == "" {
				continue
			}
			require.Equal(e.t, want, got.String())
			break
		}
	}
}

func (e *events) wantEnd() {
	e.t.Helper()
	for {
		got, err := e.next()
		if err != nil {
			return
		}
		require.Empty(e.t, got.name, "after the end: %s", got)
	}
}

// ways are the ways in which a stream can travel.
func ways(t *testing.T, run func(t *testing.T, options func(*widget.Options), start func(s *site) *http.Client)) {
	t.Helper()
	plain := func(s *site) *http.Client { return s.server.Client() }
	for _, way := range []struct {
		name   string
		hijack bool
		start  func(s *site) *http.Client
	}{
		{"HTTP/1", false, plain},
		{"HTTP/1, taken over", true, plain},
		{"HTTP/2", false, secure},
		{"HTTP/2, cannot be taken over", true, secure},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			run(t, func(o *widget.Options) { o.Streams.Hijack = way.hijack }, way.start)
		})
	}
}

// secure serves the site by HTTP/2.
func secure(s *site) *http.Client {
	server := httptest.NewUnstartedServer(s.handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	s.t.Cleanup(func() { s.handler.Close(); server.Close() })
	s.server = server
	return server.Client()
}

// TestStream: R8.3: what is stored, then what comes, in order, with typing, read
// marks and the end.
func TestStream(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, options func(*widget.Options), start func(*site) *http.Client) {
		s := setup(t, nil, options)
		client := start(s)
		v := s.enter("carla")
		ref := s.write(v, "uno").Ref
		s.reply(ref, "dos")
		e := s.stream(request{path: "stream?after=0", token: v.token}, client)
		e.want("1=1 customer uno", "2=2 agent dos", "ready {}")
		s.write(v, "tres")
		e.want("3=3 customer tres")
		require.NoError(t, s.ana().SetActivity(t.Context(), ref, charla.Replying))
		e.want(`typing {"agent":true}`)
		require.NoError(t, s.ana().MarkRead(t.Context(), ref, 3))
		e.want(`read {"agent":3,"customer":0}`)
		s.reply(ref, "cuatro\r\nevent: end\ndata: {}")
		e.want("4=4 agent cuatro\r\nevent: end\ndata: {}")

		late := s.stream(request{path: "stream?after=3", token: v.token}, client)
		late.want("4=4 agent cuatro\r\nevent: end\ndata: {}")
		require.NoError(t, v.Leave(t.Context()))
		for _, one := range []*events{e, late} {
			got, err := one.next()
			for err == nil && got.name != "end" { // typing may stop first
				got, err = one.next()
			}
			require.NoError(t, err)
			require.Equal(t, `end {"code":"session"}`, got.String())
			one.wantEnd()
		}
	})
}

// TestStreamResumes: R8.3: whatever breaks a stream, its reader has every message
// once in the end, in order: restarts of the server in the middle, with another
// process on the same store.
func TestStreamResumes(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, options func(*widget.Options), start func(*site) *http.Client) {
		s := setup(t, nil, options)
		client := start(s)
		v := s.enter("carla")
		ref := s.write(v, "1").Ref
		const total = 60
		go func() {
			for i := 2; i <= total; i++ {
				_, err := s.ana().Reply(t.Context(), ref, strconv.Itoa(i), nil)
				assert.NoError(t, err)
				time.Sleep(time.Millisecond)
			}
		}()
		var got []string
		after, restarts := "0", 0
		for len(got) < total {
			e := s.stream(request{path: "stream?after=" + after, token: v.token}, client)
			for len(got) < total {
				one, err := e.next()
				if err != nil {
					break
				}
				if one.name == "end" {
					require.JSONEq(t, `{"code":"closing"}`, one.data)
				}
				if one.name != "message" {
					continue
				}
				after = one.id
				got = append(got, one.String())
				if len(got)%10 == 5 { // another process takes over
					restarts++
					old, server := s.handler, s.server
					s.serve(options)
					client = start(s)
					go func() { old.Close(); server.Close() }()
				}
			}
		}
		want := []string{"1=1 customer 1"}
		for i := 2; i <= total; i++ {
			want = append(want, fmt.Sprintf("%d=%d agent %d", i, i, i))
		}
		require.Equal(t, want, got)
		require.GreaterOrEqual(t, restarts, 5)
	})
}

// TestStreamCloses: closing the handler ends every stream by saying so, and
// returns only then; later ones are told to come again.
func TestStreamCloses(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, options func(*widget.Options), start func(*site) *http.Client) {
		s := setup(t, nil, options)
		client := start(s)
		v := s.enter("carla")
		e := s.stream(request{path: "stream", token: v.token}, client)
		e.want("ready {}")
		s.handler.Close()
		e.want(`end {"code":"closing"}`)
		e.wantEnd()
		res, err := client.Do(s.new(request{path: "stream", token: v.token}))
		require.NoError(t, err)
		defer res.Body.Close()
		assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		assert.Equal(t, "1", res.Header.Get("Retry-After"))
	})
}

// TestStreamMoves: R7.2: a login to another conversation ends the stream of the
// one before.
func TestStreamMoves(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	s.write(v, "hola")
	e := s.stream(request{path: "stream", token: v.token}, nil)
	e.want("1=1 customer hola", "ready {}")
	identity, err := charla.SignIdentity(s.secret, s.account.ID(), charla.Proof{Subject: "42", Name: "Carla"}, s.desk.Now(), time.Minute)
	require.NoError(t, err)
	other := s.start(s.account, charla.Entry{Proof: &charla.Proof{Subject: "42", Name: "Carla"}})
	s.write(other, "antes")
	got := s.do(request{method: "POST", path: "session/login", token: v.token, body: map[string]string{"identity": identity}})
	require.Equal(t, http.StatusOK, got.status, "%s", got.body)
	assert.Contains(t, string(got.body), `"verified"`)
	e.want(`end {"code":"session"}`)
	var now struct{ Token string }
	got.into(t, &now)
	e = s.stream(request{path: "stream", token: now.Token}, nil)
	e.want("1=1 customer antes", "ready {}")
}

// TestHeartbeat: an idle stream says that it is there, and a session that expires
// meanwhile ends it.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, options func(*widget.Options), start func(*site) *http.Client) {
		s := setup(t, nil, func(o *widget.Options) {
			options(o)
			o.Streams.Beat = 30 * time.Millisecond
		})
		client := start(s)
		v := s.enter("carla")
		e := s.stream(request{path: "stream", token: v.token}, client)
		e.want("ready {}")
		for range 3 {
			got, err := e.next()
			require.NoError(t, err)
			require.Equal(t, event{}, got)
		}
	})
}

// TestQuietStream: an idle stream outlives the time that a write may take.
func TestQuietStream(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, options func(*widget.Options), start func(*site) *http.Client) {
		s := setup(t, nil, func(o *widget.Options) {
			options(o)
			o.Streams.WriteTimeout = 200 * time.Millisecond
		})
		client := start(s)
		v := s.enter("carla")
		e := s.stream(request{path: "stream", token: v.token}, client)
		e.want("ready {}")
		time.Sleep(600 * time.Millisecond)
		s.write(v, "hola")
		e.want("1=1 customer hola")
	})
}

// TestSlowReader: R8.3: who does not read is cut after the timeout, and slows
// nobody; R8.4.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	for _, hijack := range []bool{false, true} {
		t.Run(fmt.Sprint("taken over ", hijack), func(t *testing.T) {
			t.Parallel()
			s := setup(t, nil, func(o *widget.Options) {
				o.Streams.Hijack = hijack
				o.Streams.WriteTimeout = 200 * time.Millisecond
			})
			v := s.enter("carla")
			ref := s.write(v, "hola").Ref
			conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4096))
			require.NoError(t, s.new(request{path: "stream", token: v.token}).Write(conn))
			quick := s.stream(request{path: "stream", token: v.token}, nil)
			quick.want("1=1 customer hola", "ready {}")
			text := strings.Repeat("x", chatcfg.MaxMessage)
			n := 1
			// The slow one is cut once the network's buffers are full, however long that takes
			// here; they hold a few megabytes.
			for sent := 0; widget.Streams(s.handler) > 1; sent += len(text) {
				require.Less(t, sent, 256<<20, "the slow one is not cut")
				n++
				s.reply(ref, text)
				quick.want(fmt.Sprintf("%d=%d agent %s", n, n, text))
			}
		})
	}
}

// TestReaderLeaves: a reader who goes is noticed, at the latest by a heartbeat,
// and leaves nothing behind.
func TestReaderLeaves(t *testing.T) {
	t.Parallel()
	ways(t, func(t *testing.T, options func(*widget.Options), start func(*site) *http.Client) {
		s := setup(t, nil, func(o *widget.Options) {
			options(o)
			o.Streams.Beat = 20 * time.Millisecond
		})
		client := start(s)
		v := s.enter("carla")
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			res, err := client.Do(s.new(request{path: "stream", token: v.token}).WithContext(ctx))
			require.NoError(t, err)
			require.Equal(t, 1, widget.Streams(s.handler))
			cancel()
			_ = res.Body.Close()
			require.Eventually(t, func() bool { return widget.Streams(s.handler) == 0 }, 10*time.Second, time.Millisecond)
		}
	})
}

// TestStreamLimits: R8.4: streams are counted by session, address, account and
// altogether; a place is free again when one ends.
func TestStreamLimits(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*widget.StreamOptions){
		"session": func(o *widget.StreamOptions) { o.Session = 2 },
		"address": func(o *widget.StreamOptions) { o.Address = 2 },
		"account": func(o *widget.StreamOptions) { o.Account = 2 },
		"all":     func(o *widget.StreamOptions) { o.All = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, nil, func(o *widget.Options) { limit(&o.Streams) })
			v := s.enter("carla")
			first := s.stream(request{path: "stream", token: v.token}, nil)
			s.stream(request{path: "stream", token: v.token}, nil)
			for _, path := range []string{"stream", "messages?wait=5"} {
				got := s.do(request{path: path, token: v.token})
				require.Equal(t, http.StatusTooManyRequests, got.status)
				require.Equal(t, "rate", got.code())
				require.NotEmpty(t, got.header.Get("Retry-After"))
			}
			if name == "session" { // another's are another's
				other := s.enter("juan")
				s.stream(request{path: "stream", token: other.token}, nil)
			}
			_ = first.res.Body.Close()
			require.Eventually(t, func() bool {
				return s.do(request{path: "messages?wait=1&typing=true", token: v.token}).status == http.StatusOK
			}, 10*time.Second, 10*time.Millisecond)
		})
	}
}

// TestServerTimeouts: a server's own timeouts do not end streams and long polls.
func TestServerTimeouts(t *testing.T) {
	t.Parallel()
	for _, hijack := range []bool{false, true} {
		t.Run(fmt.Sprint("taken over ", hijack), func(t *testing.T) {
			t.Parallel()
			s := setup(t, nil, func(o *widget.Options) { o.Streams.Hijack = hijack })
			server := httptest.NewUnstartedServer(s.handler)
			server.Config.ReadTimeout = 100 * time.Millisecond
			server.Config.WriteTimeout = 100 * time.Millisecond
			server.Start()
			t.Cleanup(func() { s.handler.Close(); server.Close() })
			s.server = server
			v := s.enter("carla")
			e := s.stream(request{path: "stream", token: v.token}, nil)
			e.want("ready {}")
			polled := make(chan answer, 1)
			go func() { polled <- s.do(request{path: "messages?wait=20", token: v.token}) }()
			time.Sleep(500 * time.Millisecond)
			s.write(v, "hola")
			e.want("1=1 customer hola")
			var p page
			(<-polled).into(t, &p)
			assert.Equal(t, []string{"1 customer hola"}, texts(p.Messages))
		})
	}
}

// TestStreamPanics: a panic below a stream that was taken over ends that stream and
// nothing else, and is in the log when the stream's seat is free.
func TestStreamPanics(t *testing.T) {
	t.Parallel()
	var log safeBuffer
	c := &panics{Clock: clock.New(), waits: make(chan struct{}, 1)}
	s := setupDesk(t, &charla.Options{Clock: c}, nil, func(o *widget.Options) {
		o.Streams.Hijack, o.Logger = true, slog.New(slog.NewTextHandler(&log, nil))
	})
	v := s.enter("carla")
	e := s.stream(request{path: "stream", token: v.token}, nil)
	e.want("ready {}")
	<-c.waits
	c.bad.Store(true)
	_, err := v.Write(t.Context(), "hola", nil) // the stream looks again and waits
	require.NoError(t, err)
	e.want("1=1 customer hola")
	e.wantEnd()
	require.Eventually(t, func() bool { return widget.Streams(s.handler) == 0 }, 10*time.Second, time.Millisecond)
	assert.Contains(t, log.String(), "stream panicked")
	c.bad.Store(false)
	s.stream(request{path: "stream", token: v.token}, nil).want("1=1 customer hola", "ready {}")
}

// panics is a clock on which no wait ever ends, and on which nobody can wait while
// it is bad. It tells waits of each wait that begins.
type panics struct {
	charla.Clock
	bad   atomic.Bool
	waits chan struct{}
}

func (p *panics) After(time.Duration) <-chan time.Time {
	if p.bad.Load() {
		panic("the clock stands still")
	}
	select {
	case p.waits <- struct{}{}:
	default:
	}
	return nil
}

type safeBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestLoginReplacesToken: R7.1: a login answers with a new token. The old one is 401 on
// every route, and good only for that login again, as when its answer was lost.
func TestLoginReplacesToken(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	s.write(v, "hola")
	logIn := func(token, subject string) (fresh string, status int) {
		identity, err := charla.SignIdentity(s.secret, s.account.ID(), charla.Proof{Subject: subject}, s.desk.Now(), time.Minute)
		require.NoError(t, err)
		got := s.do(request{method: "POST", path: "session/login", token: token, body: map[string]string{"identity": identity}})
		var body struct{ Token string }
		if got.status == http.StatusOK {
			got.into(t, &body)
		}
		return body.Token, got.status
	}
	use := func(token string) map[string]int {
		out := map[string]int{}
		for _, r := range []request{
			{path: "session"},
			{path: "messages"},
			{path: "messages?wait=1"},
			{method: "POST", path: "messages", body: map[string]string{"key": token[:40], "text": "hola"}},
			{method: "POST", path: "typing", body: map[string]string{}},
			{method: "POST", path: "read", body: map[string]int{"seq": 1}},
		} {
			r.token = token
			out[r.method+" "+r.path] = s.do(r).status
		}
		return out
	}
	refused := func(token string) {
		t.Helper()
		for route, status := range use(token) {
			assert.Equal(t, http.StatusUnauthorized, status, route)
		}
	}
	first, status := logIn(v.token, "42")
	require.Equal(t, http.StatusOK, status)
	refused(v.token)
	for route, status := range use(first) {
		assert.Less(t, status, 300, route)
	}
	_, status = logIn(v.token, "43")
	assert.Equal(t, http.StatusUnauthorized, status, "nobody else logs in with the old token")
	second, status := logIn(v.token, "42")
	require.Equal(t, http.StatusOK, status, "the same customer does")
	refused(first)
	refused(v.token)
	assert.Equal(t, 200, s.do(request{path: "session", token: second}).status)
}
