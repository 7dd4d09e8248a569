package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var _ charla.Broker = (*postgres.Broker)(nil)

// ear is what one listener has heard.
type ear struct {
	mu    sync.Mutex
	heard map[string]int
	ended chan error
}

func (e *ear) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.heard)
}

// listen listens until the test ends, and returns when it does.
func listen(ctx context.Context, t *testing.T, b *postgres.Broker) *ear {
	t.Helper()
	e := &ear{heard: map[string]int{}, ended: make(chan error, 1)}
	go func() {
		e.ended <- b.Listen(ctx, func(hint []byte) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.heard[string(hint)]++
		})
	}()
	require.Eventually(t, func() bool { // a listener does not say when it is ready
		b.Publish([]byte("listening"))
		return e.count() > 0
	}, patience, tick)
	return e
}

// Hints reach every process, whatever bytes they are, each at least once; those
// that wait are sent together, and none blocks.
func TestBroker(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	one, two := postgres.NewBroker(connect(t, dsn)), postgres.NewBroker(connect(t, dsn))
	first, second := listen(ctx, t, one), listen(ctx, t, two)

	hints := [][]byte{{0}, {0, 255, '\'', ' ', '\n'}, []byte("ñ"), bytes.Repeat([]byte{7}, 4096)}
	for i := range 1000 {
		hints = append(hints, fmt.Appendf(nil, "hint %d with some more bytes", i))
	}
	for _, hint := range hints {
		kept := bytes.Clone(hint)
		one.Publish(kept)
		one.Publish(kept)
		kept[0]++ // it is the broker's
	}
	one.Publish(nil)
	one.Publish(make([]byte, 4097))
	one.Wait()
	for _, e := range []*ear{first, second} {
		require.Eventually(t, func() bool {
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, hint := range hints {
				if e.heard[string(hint)] == 0 {
					return false
				}
			}
			return true
		}, patience, tick)
		e.mu.Lock()
		assert.Zero(t, e.heard[""])
		assert.Zero(t, e.heard[string(make([]byte, 4097))])
		e.mu.Unlock()
	}

	cancel()
	require.NoError(t, <-first.ended)
	require.NoError(t, <-second.ended)
	require.NoError(t, one.Listen(ctx, func([]byte) {}))
}

// A connection that is lost ends Listen with an error, and the next one works.
func TestBrokerLost(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pool := connect(t, dsn)
	b := postgres.NewBroker(pool)
	e := listen(ctx, t, b)
	_, err := connect(t, dsn).Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	require.NoError(t, err)
	var lost *postgres.Error
	require.ErrorAs(t, <-e.ended, &lost)
	pool.Reset()
	listen(ctx, t, b)

	// Without a database Publish drops, at once.
	pool.Close()
	for i := range 10_000 {
		b.Publish(fmt.Appendf(nil, "%d", i))
	}
	b.Wait()
}
