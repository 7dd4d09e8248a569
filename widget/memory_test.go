package widget_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestIdleStreamMemory: an idle stream costs at most 3 KB more than a bare
// server-sent event handler of net/http, and at most 10 KB in all where it is
// taken over, the client's half of the connection in this process included. It
// runs beside no other test.
func TestIdleStreamMemory(t *testing.T) {
	// The bare one comes last: later goroutines begin with as much stack as earlier
	// ones needed.
	ours := idleMemory(t, func(t *testing.T) (*site, *httptest.Server) {
		s := setupDesk(t, &charla.Options{}, nil, func(o *widget.Options) { o.Streams.Address = idleStreams })
		return s, s.server
	})
	taken := idleMemory(t, func(t *testing.T) (*site, *httptest.Server) {
		s := setupDesk(t, &charla.Options{}, nil, func(o *widget.Options) {
			o.Streams.Address, o.Streams.Hijack = idleStreams, true
		})
		return s, s.server
	})
	bare := idleMemory(t, func(t *testing.T) (*site, *httptest.Server) {
		s := setup(t, nil, nil)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte("event: ready\ndata: {}\n\n"))
			_ = http.NewResponseController(w).Flush()
			tick := time.NewTicker(25 * time.Second)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					_, _ = w.Write([]byte(":\n\n"))
					_ = http.NewResponseController(w).Flush()
				}
			}
		}))
		t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
		return s, server
	})
	t.Logf("%d idle streams: bare %d bytes each, ours %d, taken over %d", idleStreams, bare, ours, taken)
	assert.Less(t, ours, bare+memoryFactor*3<<10)
	assert.Less(t, taken, int64(memoryFactor*10<<10))
}

// idleMemory is what one idle stream on a server costs, in bytes of live heap and
// stack.
func idleMemory(t *testing.T, serve func(t *testing.T) (*site, *httptest.Server)) (each int64) {
	t.Helper()
	t.Run("measure", func(t *testing.T) {
		s, server := serve(t)
		s.server = server
		visitors := make([]visitor, idleStreams)
		for i := range visitors {
			visitors[i] = s.enter(fmt.Sprint("v", i))
		}
		conns := make([]net.Conn, 0, idleStreams)
		defer func() {
			for _, c := range conns {
				_ = c.Close()
			}
		}()
		reader := bufio.NewReader(nil)
		open := func(v visitor) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			conns = append(conns, conn)
			require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
			require.NoError(t, s.new(request{path: "stream", token: v.token}).Write(conn))
			reader.Reset(conn)
			for line := ""; line != "data: {}\n"; {
				line, err = reader.ReadString('\n')
				require.NoError(t, err)
			}
		}
		open(visitors[0]) // what the first one costs everybody
		before := inUse()
		for _, v := range visitors[1:] {
			open(v)
		}
		each = (idleUse(before) - before) / (idleStreams - 1)
		runtime.KeepAlive(visitors)
	})
	return each
}

// idleUse is what is in use when everything that goes on has ended: the least of
// measurements, until five in a row find no less. A busy machine takes more of them.
func idleUse(before int64) int64 {
	tick := time.NewTicker(400 * time.Millisecond)
	defer tick.Stop()
	least, same := inUse(), 0
	for range 100 {
		<-tick.C
		now := inUse()
		if now < least-(least-before)/100 {
			same = 0
		}
		if least, same = min(least, now), same+1; same > 5 {
			break
		}
	}
	return least
}

func inUse() int64 {
	for range 5 { // a stack shrinks by half at each
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
