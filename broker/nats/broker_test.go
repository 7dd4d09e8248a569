package charlanats_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	charlanats "github.com/charlahq/charla/broker/nats"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const subject = "charla.hints"

// patience is how long a test waits for what has to come; a stream would look for
// itself after 15 seconds.
const patience = 10 * time.Second

func connect(t *testing.T, s *server, o ...nats.Option) *nats.Conn {
	t.Helper()
	o = append(o, nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(0, 0))
	conn, err := charlanats.Connect(s.url(), o...)
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	return conn
}

func broker(t *testing.T, conn *nats.Conn) *charlanats.Broker {
	t.Helper()
	b, err := charlanats.New(conn, subject)
	require.NoError(t, err)
	return b
}

// listening waits until the server knows that conn listens.
func listening(t *testing.T, conn *nats.Conn) {
	t.Helper()
	require.Eventually(t, func() bool { return conn.NumSubscriptions() == 1 }, patience, time.Millisecond)
	require.NoError(t, conn.FlushTimeout(patience))
}

// listen listens until the test ends.
func listen(t *testing.T, conn *nats.Conn, receive func([]byte)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { assert.ErrorIs(t, broker(t, conn).Listen(ctx, receive), context.Canceled) })
	t.Cleanup(func() { stop(); ended.Wait() })
	listening(t, conn)
}

// next is what comes next.
func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing comes")
		panic("unreachable")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	s := serve(t)
	conn := connect(t, s)
	_, err := charlanats.New(nil, subject)
	require.Error(t, err)
	for _, bad := range []string{"", ".", "a.", ".a", "a..b", "a b", "a\n", "a.*", "a.>", ">"} {
		_, err := charlanats.New(conn, bad)
		require.Error(t, err, "%q", bad)
	}
}

// Listen ends with its context, and fails with a connection that is closed.
func TestListenEnds(t *testing.T) {
	t.Parallel()
	s := serve(t)
	conn := connect(t, s)
	b := broker(t, conn)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Listen(ctx, func([]byte) {}) }()
	listening(t, conn)
	stop()
	require.ErrorIs(t, next(t, ended), context.Canceled)
	require.Zero(t, conn.NumSubscriptions())
	go func() { ended <- b.Listen(t.Context(), func([]byte) {}) }()
	listening(t, conn)
	conn.Close()
	require.ErrorIs(t, next(t, ended), nats.ErrConnectionClosed)
	require.ErrorIs(t, b.Listen(t.Context(), func([]byte) {}), nats.ErrConnectionClosed)
	b.Publish([]byte("into the void"))
}

// Every hint of many publishers gets there while nothing is in the way.
func TestPublish(t *testing.T) {
	t.Parallel()
	s := serve(t)
	heard := make(chan string, 800)
	listen(t, connect(t, s), func(hint []byte) { heard <- string(hint) })
	b := broker(t, connect(t, s))
	for round := range 8 {
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() { b.Publish(fmt.Appendf(nil, "%d %d", round, i)) })
		}
		all.Wait()
	}
	got := map[string]bool{}
	for range 800 {
		got[next(t, heard)] = true
	}
	assert.Len(t, got, 800)
}

// gate is a way to the server that can be shut.
type gate struct{ shut sync.RWMutex }

func (g *gate) Dial(network, address string) (net.Conn, error) {
	g.shut.RLock()
	defer g.shut.RUnlock()
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return &gated{conn, g}, nil
}

type gated struct {
	net.Conn
	gate *gate
}

func (c *gated) Write(b []byte) (int, error) {
	c.gate.shut.RLock()
	defer c.gate.shut.RUnlock()
	return c.Conn.Write(b)
}

// A server that does not read holds nobody up: Publish loses what is too much, and
// goes on when the server does.
func TestPublishDoesNotBlock(t *testing.T) {
	t.Parallel()
	s := serve(t)
	heard := make(chan string, 1<<16)
	listen(t, connect(t, s), func(hint []byte) { heard <- string(hint) })
	way := &gate{}
	b := broker(t, connect(t, s, nats.SetCustomDialer(way)))
	way.shut.Lock()
	open := sync.OnceFunc(way.shut.Unlock)
	t.Cleanup(open)
	done := make(chan struct{})
	const many = 3500 // what a receiver takes; nats.go's own buffer takes about 600
	go func() {
		defer close(done)
		for range many {
			b.Publish(make([]byte, 25))
		}
	}()
	next(t, done)
	open()
	got := 0
	for b.Publish([]byte("after")); next(t, heard) != "after"; b.Publish([]byte("after")) {
		got++
	}
	assert.Less(t, got, many, "some were lost")
}

// What is published while there is no server is lost, not late; and the connection
// comes back by itself.
func TestPublishDisconnected(t *testing.T) {
	t.Parallel()
	s := serve(t)
	gone, back := make(chan struct{}, 2), make(chan struct{}, 2)
	o := []nats.Option{
		nats.DisconnectErrHandler(func(*nats.Conn, error) { gone <- struct{}{} }),
		nats.ReconnectHandler(func(*nats.Conn) { back <- struct{}{} }),
	}
	way := &gate{}
	here, there := connect(t, s, append(o, nats.SetCustomDialer(way))...), connect(t, s, o...)
	heard := make(chan string, 100)
	listen(t, there, func(hint []byte) { heard <- string(hint) })
	b := broker(t, here)
	b.Publish([]byte("before"))
	assert.Equal(t, "before", next(t, heard))
	s.kill()
	next(t, gone)
	next(t, gone)
	for range 50 {
		b.Publish([]byte("meanwhile"))
	}
	require.Eventually(t, b.Idle, patience, time.Millisecond)
	way.shut.Lock()
	open := sync.OnceFunc(way.shut.Unlock)
	t.Cleanup(open)
	s.start("")
	next(t, back)
	listening(t, there)
	open() // the listener is there before it
	next(t, back)
	b.Publish([]byte("after"))
	assert.Equal(t, "after", next(t, heard))
}

// A receiver that is too slow loses hints and goes on.
func TestSlowReceiver(t *testing.T) {
	t.Parallel()
	s := serve(t)
	heard, free := make(chan string, 1<<16), make(chan struct{})
	there := connect(t, s, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	listen(t, there, func(hint []byte) { <-free; heard <- string(hint) })
	raw := connect(t, s)
	for i := range 10_000 {
		require.NoError(t, raw.Publish(subject, fmt.Append(nil, i)))
	}
	require.NoError(t, raw.FlushTimeout(patience))
	require.NoError(t, there.FlushTimeout(patience)) // it has read them all
	close(free)
	got := 0
	for {
		require.NoError(t, raw.Publish(subject, []byte("after")))
		if next(t, heard) == "after" {
			break
		}
		got++
	}
	assert.Less(t, got, 10_000, "some were lost")
}

// garbage is anything but hints.
func garbage(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(64))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	if r.IntN(2) == 0 {
		b = append(b, make([]byte, 25)...)[:25]
		b[0] = "casmtTx"[r.IntN(7)]
	}
	return b
}

// Somebody who publishes what is no hint costs a desk that is slow no memory.
func TestLargeMessages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	heard, held := make(chan int, 100), make(chan struct{})
	listen(t, connect(t, s), func(hint []byte) {
		heard <- len(hint)
		<-held
	})
	stranger := connect(t, s)
	for range 50 {
		require.NoError(t, stranger.Publish(subject, make([]byte, 1<<20)))
	}
	require.NoError(t, stranger.Publish(subject, []byte("hint")))
	require.NoError(t, stranger.FlushTimeout(patience))
	close(held)
	for large := 0; ; large++ {
		if next(t, heard) == len("hint") {
			assert.LessOrEqual(t, large, 2)
			return
		}
	}
}
