package charla_test

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wire is a broker between desks in one process. It hands every hint to all who
// listen, the sender included, twice.
type wire struct {
	mu     sync.Mutex
	ears   map[int]chan []byte
	next   int
	breaks int
}

func (w *wire) Publish(hint []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ear := range w.ears {
		for range 2 {
			select {
			case ear <- hint:
			default:
			}
		}
	}
}

func (w *wire) Listen(ctx context.Context, receive func([]byte)) error {
	w.mu.Lock()
	if w.breaks++; w.breaks <= 2 {
		w.mu.Unlock()
		return errors.New("broken wire")
	}
	ear := make(chan []byte, 100)
	w.next++
	me := w.next
	w.ears[me] = ear
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.ears, me)
	}()
	for _, nonsense := range [][]byte{nil, {}, []byte("c"), make([]byte, 25), make([]byte, 1000)} {
		receive(nonsense)
	}
	for {
		select {
		case hint := <-ear:
			receive(hint)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestBroker: with a broker, what another process does is told at once, typing
// included; hints doubled, malformed or from a broker that fails at first do no
// harm.
func TestBroker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		w := &wire{ears: make(map[int]chan []byte)}
		var desks []*charla.Desk
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		for range 2 {
			d := b.newDesk(func(o *charla.Options) { o.Clock, o.Broker, o.Runner.Poll = nil, w, time.Hour })
			ran.Go(func() { _ = d.Run(ctx) })
			desks = append(desks, d)
		}
		elapse(2 * time.Hour) // until the wire holds
		here, there := desks[0], desks[1]
		s := b.enter("juan")
		customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return b.on(here, s).Live(ctx, 0, 0) })
		assert.Equal(t, []string{"nothing"}, customer.since())
		first, err := b.on(there, s).Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		agent := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return there.Account(b.account.ID()).Inbox().Follow(ctx, first.Ref, 0, 0)
		})
		assert.Equal(t, []string{"message hola"}, customer.since())
		assert.Equal(t, []string{"message hola", "nothing"}, agent.since())
		require.NoError(t, b.on(here, s).Typing(b.ctx))
		assert.Equal(t, []string{"typing true"}, agent.since())
		_, err = b.on(here, s).Write(b.ctx, "¿hay alguien?", nil)
		require.NoError(t, err)
		assert.Equal(t, []string{"message ¿hay alguien?", "typing false"}, agent.since())
		customer.since()
		require.NoError(t, there.Account(b.account.ID()).Agent(ana).SetActivity(b.ctx, first.Ref, charla.Replying))
		require.NoError(t, there.Account(b.account.ID()).Agent(ana).MarkRead(b.ctx, first.Ref, 2))
		assert.Equal(t, []string{"typing true", "read 0 2"}, customer.since())
		require.NoError(t, b.on(there, s).Leave(b.ctx))
		customer.since()
		require.ErrorIs(t, customer.err, charla.ErrSession, "told at once")
		stop()
		ran.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		assert.Empty(t, w.ears, "Run ended what it began")
	})
}

// A hint that is a lie has a stream look once more, and keeps nothing from it: neither
// what a true hint says later, nor what a poll finds.
func TestForgedHint(t *testing.T) {
	t.Parallel()
	for name, polled := range map[string]bool{"hint": false, "poll": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { forgeHint(t, polled) })
		})
	}
}

func forgeHint(t *testing.T, polled bool) {
	t.Helper()
	b := bubble(t)
	w := &wire{ears: make(map[int]chan []byte), breaks: 2}
	ctx, stop := context.WithCancel(t.Context())
	var ran sync.WaitGroup
	var desks []*charla.Desk
	for range 2 {
		d := b.newDesk(func(o *charla.Options) {
			if o.Clock, o.Broker = nil, w; polled {
				o.Runner.Poll = time.Second
			} else {
				o.Runner.Poll = time.Hour
			}
		})
		ran.Go(func() { _ = d.Run(ctx) })
		desks = append(desks, d)
	}
	s := b.enter("juan")
	first, err := b.on(desks[1], s).Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return b.on(desks[0], s).Live(ctx, 0, 0) })
	assert.Equal(t, []string{"message hola", "nothing"}, customer.since())

	id := first.Ref.Conversation.UUID
	for _, version := range []uint64{2, math.MaxInt64, math.MaxUint64} {
		w.Publish(binary.BigEndian.AppendUint64(append([]byte{'c'}, id[:]...), version))
	}
	synctest.Wait()
	if polled { // no true hint comes
		w.deafen()
	}
	_, err = desks[1].Account(b.account.ID()).Agent(ana).Reply(b.ctx, first.Ref, "¿en qué ayudo?", nil)
	require.NoError(t, err)
	if polled {
		elapse(3 * time.Second)
	}
	assert.Equal(t, []string{"message ¿en qué ayudo?"}, customer.since())
	stop()
	ran.Wait()
}

// deafen has nobody hear anything more.
func (w *wire) deafen() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.ears)
}
