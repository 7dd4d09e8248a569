package widget_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// gate is a body, or what takes an answer, that waits to be let go on.
type gate struct {
	*httptest.ResponseRecorder
	reached chan struct{}
	open    chan struct{}
	once    sync.Once
}

func newGate() *gate {
	return &gate{ResponseRecorder: httptest.NewRecorder(), reached: make(chan struct{}), open: make(chan struct{})}
}

func (g *gate) wait() {
	g.once.Do(func() { close(g.reached) })
	<-g.open
}

func (g *gate) Write(b []byte) (int, error) {
	g.wait()
	return g.ResponseRecorder.Write(b)
}

func (g *gate) Read([]byte) (int, error) {
	g.wait()
	return 0, io.EOF
}

// TestBulk: R8.4: what takes much memory while its client is slow is counted, so that
// one address cannot take it all and everybody together only so much.
func TestBulk(t *testing.T) {
	t.Parallel()
	files, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = files.Close() })
	for name, slow := range map[string]struct {
		request func(*site, visitor) request
		upload  bool
	}{
		"files that go": {func(_ *site, v visitor) request { return request{path: "files/1", token: v.token} }, false},
		"files that come": {func(_ *site, v visitor) request {
			return request{method: "POST", path: "files?key=b&name=b.txt", token: v.token, body: "b"}
		}, true},
		"large pages": {func(s *site, v visitor) request {
			for range 40 {
				s.write(v, strings.Repeat("x", 3900))
			}
			return request{path: "messages", token: v.token}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setupDesk(t, &charla.Options{Files: &charla.FileOptions{Store: files}}, nil, func(o *widget.Options) { o.Limits.Bulk = 32 })
			v := s.enter("carla")
			file := request{method: "POST", path: "files?key=a&name=a.txt", token: v.token, body: "a"}
			require.Equal(t, http.StatusCreated, s.do(file).status)
			q := slow.request(s, v)
			var group sync.WaitGroup
			var gates []*gate
			begin := func(from string) {
				g := newGate()
				gates = append(gates, g)
				r := s.new(q)
				r.RemoteAddr = from
				var w http.ResponseWriter = g
				if slow.upload {
					r.Body, r.ContentLength = io.NopCloser(g), -1
					w = httptest.NewRecorder()
				} else {
					r.Body = http.NoBody
				}
				group.Go(func() { s.handler.ServeHTTP(w, r) })
				select {
				case <-g.reached:
				case <-soon(t).Done():
					assert.Fail(t, "it was not begun")
				}
			}
			read := request{path: "files/1", token: v.token}
			for i := range 8 {
				for range 2 {
					begin(fmt.Sprintf("192.0.2.%d:1", i))
				}
				got := s.send(read, fmt.Sprintf("192.0.2.%d:1", i))
				assert.Equal(t, http.StatusTooManyRequests, got.status)
				assert.Equal(t, "rate", got.code())
				assert.Equal(t, 2, atoi(got.header.Get("Retry-After")))
			}
			got := s.send(read, "192.0.2.99:1")
			assert.Equal(t, http.StatusTooManyRequests, got.status, "everybody of the account together")
			assert.Equal(t, http.StatusTooManyRequests, s.send(file, "192.0.2.99:1").status)
			madeUp := file
			madeUp.token = "0190a1b2-0000-7000-8000-000000000000.AAAA"
			assert.Equal(t, http.StatusUnauthorized, s.send(madeUp, "192.0.2.99:1").status, "a file of nobody takes no memory")
			assert.Equal(t, http.StatusOK, s.send(request{path: "session", token: v.token}, "192.0.2.1:1").status, "what is small goes on")
			for _, g := range gates {
				close(g.open)
			}
			group.Wait()
			for i := range 8 {
				assert.Equal(t, http.StatusOK, s.send(read, fmt.Sprintf("192.0.2.%d:1", i)).status)
			}
		})
	}
}

// writes notes the deadlines of an answer, and when it was written.
type writes struct {
	*httptest.ResponseRecorder
	last time.Time
}

func (w *writes) SetWriteDeadline(t time.Time) error { w.last = t; return nil }

// TestSlowReaders: R8.4: no answer waits for its reader for ever.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	files, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { _ = files.Close() })
	s := setupDesk(t, &charla.Options{Files: &charla.FileOptions{Store: files}}, nil, nil)
	v := s.enter("carla")
	require.NoError(t, s.account.SetImage(t.Context(), charla.ImagePicture, png(t, 8)))
	for _, tt := range []struct {
		request
		within time.Duration
	}{
		{request{path: "/loader.js"}, time.Minute},
		{request{path: "config"}, time.Minute},
		{request{path: "picture"}, time.Minute},
		{request{path: "nothing"}, time.Minute},
		{request{path: "messages", token: v.token}, time.Minute},
		{request{path: "messages?wait=1", token: v.token}, time.Minute},
		{request{method: "POST", path: "typing", token: v.token, body: "{}"}, time.Minute},
		{request{method: "POST", path: "files?key=a&name=a.txt", token: v.token, body: "a"}, time.Minute},
		{request{path: "files/1", token: v.token}, 5 * time.Minute},
		{request{path: "/page/" + s.account.key}, time.Minute},
		{request{path: "/contact/nobody"}, time.Minute},
	} {
		t.Run(tt.path, func(t *testing.T) {
			w := &writes{ResponseRecorder: httptest.NewRecorder()}
			r := s.new(tt.request)
			if r.Body == nil {
				r.Body = http.NoBody
			}
			s.handler.ServeHTTP(w, r)
			within := time.Until(w.last)
			assert.True(t, tt.within-10*time.Second < within && within <= tt.within, "%d %s", w.Code, within)
		})
	}
}
