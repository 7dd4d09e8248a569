package webhook_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla/webhook"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A receiver that takes connections and says nothing, not even that it speaks TLS,
// keeps none of them (R8.4): the transport goes on with a connection whose request was
// given up.
func TestSilentReceiver(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { silent.Close() })
	var taken sync.WaitGroup
	taken.Go(func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			taken.Go(func() {
				for b := make([]byte, 4096); err == nil; {
					_, err = conn.Read(b)
				}
				conn.Close()
			})
		}
	})
	h := hook(t, webhook.To("https://"+silent.Addr().String()+"/", secret(t)), func(o *webhook.Options) { o.Timeout = 200 * time.Millisecond })
	for range 3 {
		require.Error(t, h.Send(t.Context(), event("key")))
	}
	silent.Close()
	gone := make(chan struct{})
	go func() { taken.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		assert.Fail(t, "connections are kept")
	}
}
