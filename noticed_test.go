package charla_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSweepReadsOn: R8.1: a file is kept whose message stands behind the first page of its
// conversation, at whichever place.
func TestSweepReadsOn(t *testing.T) {
	t.Parallel()
	for _, before := range []int{storage.MaxPage - 1, storage.MaxPage, storage.MaxPage + 1} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			folder, err := charla.NewFileDir(dir)
			require.NoError(t, err)
			defer folder.Close()
			store := &crashing{Store: storage.NewMemory()}
			desk, err := charla.New(store, &charla.Options{Files: &charla.FileOptions{Store: folder}})
			require.NoError(t, err)
			account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
			require.NoError(t, err)
			v, _, err := account.Enter(t.Context(), charla.Entry{Name: "Juan"})
			require.NoError(t, err)
			for range before {
				_, err := v.Write(t.Context(), "hola", nil)
				require.NoError(t, err)
			}
			store.after = true
			_, err = v.Write(t.Context(), "", send("guardado"))
			require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
			store.after = false
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { _ = desk.Run(ctx) }()
			elapse(2 * time.Hour)
			synctest.Wait()
			require.Empty(t, slices.Collect(notes(t, folder)))
			_, body, err := v.File(ctx, int64(before)+1)
			require.NoError(t, err)
			require.Equal(t, "guardado", string(body))
		})
	}
}

// TestTypingEndsByItself: typing ends after six seconds, not at the next poll.
func TestTypingEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, nil)
		b.use(b.newDesk(func(o *charla.Options) { o.Clock, o.Runner.Poll = nil, time.Hour }))
		s := b.enter("juan")
		ref := b.write(s, "hola").Ref
		customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, 0) })
		customer.since()
		elapse(time.Second)
		require.NoError(t, b.agent(ana).SetActivity(b.ctx, ref, charla.Replying))
		assert.Equal(t, []string{"typing true"}, customer.since())
		elapse(6*time.Second - time.Millisecond)
		assert.Empty(t, customer.since())
		elapse(2 * time.Millisecond)
		assert.Equal(t, []string{"typing false"}, customer.since())
		customer.stop()
		customer.since()
	})
}

// TestTypingAfterAMessage: who begins to type after their message goes on typing for whoever reads
// that message only now; who wrote since does not.
func TestTypingAfterAMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		s := b.enter("juan")
		ref := b.write(s, "hola").Ref
		open := func() *screen {
			return watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, 0) })
		}
		first := open()
		b.reply(ref, "dime")
		first.since()
		elapse(time.Second)
		require.NoError(t, b.agent(ana).SetActivity(b.ctx, ref, charla.Replying))
		assert.Equal(t, []string{"typing true"}, first.since())
		second := open()
		assert.Equal(t, []string{"message hola", "message dime", "typing true", "nothing"}, second.since())
		elapse(time.Second)
		colleague := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return b.agent(charla.Person{ID: "beto"}).Inbox().Follow(ctx, ref, 0, 0)
		})
		assert.Contains(t, colleague.since(), "ana replying")
		assert.Empty(t, first.since(), "another page does not end it")
		colleague.stop()
		first.stop()
		second.stop()
		first.since()
		alone := open()
		assert.Equal(t, []string{"message hola", "message dime", "typing true", "nothing"}, alone.since(), "nobody read meanwhile")
		b.reply(ref, "y más")
		assert.Equal(t, []string{"message y más", "typing false"}, alone.since())
		alone.stop()
		alone.since()
	})
}

// hinting is a broker that hears what it is given.
type hinting struct{ hints chan []byte }

func (h hinting) Publish([]byte) {}

func (h hinting) Listen(ctx context.Context, receive func([]byte)) error {
	for {
		select {
		case hint := <-h.hints:
			receive(hint)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestTypingOfMany: of who types where nobody reads, the latest 4,096 are known; those who type no
// more make room.
func TestTypingOfMany(t *testing.T) {
	t.Parallel()
	const many = 4096
	for name, tt := range map[string]struct {
		pause  time.Duration
		others int
		known  bool
	}{
		"room for one": {0, many - 1, true}, "no room": {0, many, false}, "all have stopped": {7 * time.Second, many, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, nil)
			broker := hinting{make(chan []byte)}
			b.use(b.newDesk(func(o *charla.Options) { o.Clock, o.Broker = nil, broker }))
			s := b.enter("juan")
			ref := b.write(s, "hola").Ref
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { _ = b.desk.Run(ctx) }()
			for range tt.others {
				id := uuid.New()
				broker.hints <- append(append([]byte{'t'}, id[:]...), make([]byte, 8)...)
			}
			elapse(tt.pause + time.Millisecond)
			require.NoError(t, b.agent(ana).SetActivity(b.ctx, ref, charla.Replying))
			customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, 0) })
			told := customer.since()
			assert.Equal(t, tt.known, slices.Contains(told, "typing true"), "%s: %q", name, told)
			customer.stop()
			customer.since()
			stop()
			synctest.Wait()
		})
	}
}

// TestIDs: an ID is a UUID of version 7, of the desk's clock; without entropy there is none, and
// nothing is stored.
func TestIDs(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	conversation := b.session(b.enter("juan")).Conversation
	for _, id := range []uuid.UUID{b.account.ID().UUID, conversation.UUID} {
		assert.EqualValues(t, 7, id.Version())
		assert.Equal(t, uuid.RFC4122, id.Variant())
		assert.EqualValues(t, start.UnixMilli(), binary.BigEndian.Uint64(append(make([]byte, 2), id[:6]...)))
	}
	dry := errors.New("no entropy")
	for left := range 16 {
		store := storage.NewMemory()
		desk, err := charla.New(store, &charla.Options{Entropy: io.MultiReader(bytes.NewReader(make([]byte, left)), iotest.ErrReader(dry))})
		require.NoError(t, err)
		_, _, err = desk.CreateAccount(b.ctx, "Tienda", "tienda.cl", nil)
		require.ErrorIs(t, err, dry)
		list, err := store.Accounts().List(b.ctx, chatcfg.AccountID{}, true, 0)
		require.NoError(t, err)
		assert.Empty(t, list)
	}
}
