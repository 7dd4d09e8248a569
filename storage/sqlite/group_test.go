package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stall keeps the writer busy until it is released, so that calls queue up.
func stall(s *sqlite.Store) (release func()) {
	taken, released, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Write(context.Background(), func() error {
			close(taken)
			<-released
			return nil
		})
	}()
	<-taken
	return func() {
		close(released)
		<-ended
	}
}

// queued starts calls while the writer is stalled and returns what they answered.
func queued(t *testing.T, s *sqlite.Store, calls ...func() error) []error {
	t.Helper()
	release := stall(s)
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() { errs[i] = call() })
	}
	require.Eventually(t, func() bool { return s.Waiting() == len(calls) }, patience, tick)
	release()
	wg.Wait()
	return errs
}

// R8.1: one that fails, or panics, in a group did nothing, and the others are as
// if it had not been there.
func TestGroupIsolation(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var calls []func() error
	var good, bad []*chat
	for i := range 60 {
		c := b.chat(b.account)
		batch := c.next("hola")
		switch i % 10 {
		case 3: // fails after it has written its conversation
			batch.Messages = append(batch.Messages, batch.Messages[0])
			bad = append(bad, c)
		case 6: // fails before it writes
			batch.Config = 7
			bad = append(bad, c)
		case 9:
			batch = nil
		default:
			good = append(good, c)
		}
		calls = append(calls, func() error {
			if batch == nil {
				return b.Write(b.ctx, func() error { panic("boom") })
			}
			return b.Conversations().Commit(b.ctx, batch)
		})
	}
	for i, err := range queued(t, b.Store, calls...) {
		switch i % 10 {
		case 3:
			var e *sqlite.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, 19, e.Code&0xff, "a constraint, known by its code")
			assert.False(t, e.Unknown)
		case 6:
			require.ErrorIs(t, err, storage.ErrConfigChanged)
		case 9:
			require.ErrorContains(t, err, "boom")
		default:
			require.NoError(t, err)
		}
	}
	for _, c := range good {
		l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
		require.NoError(t, err)
		assert.Equal(t, c.conv, l.Conversation)
	}
	for _, c := range bad {
		l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
		require.NoError(t, err)
		assert.Zero(t, l.Conversation)
		holder, err := b.Sessions().Holder(b.ctx, b.account.ID, c.conv.Identity)
		require.NoError(t, err)
		assert.Zero(t, holder)
	}
	page, err := b.Outbox().List(b.ctx, b.account.ID, storage.Pending, "", 0)
	require.NoError(t, err)
	assert.Len(t, page.Items, len(good))
}

// R8.1: a context that ends while the call waits leaves nothing done; one that
// ends later does not hide the outcome.
func TestContext(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	early, late := b.chat(b.account), b.chat(b.account)

	ctx, cancel := context.WithCancel(b.ctx)
	release := stall(b.Store)
	answer := make(chan error)
	go func() { answer <- b.Conversations().Commit(ctx, early.next("hola")) }()
	require.Eventually(t, func() bool { return b.Waiting() == 1 }, patience, tick)
	cancel()
	require.ErrorIs(t, <-answer, context.Canceled)
	release()

	ctx, cancel = context.WithCancel(b.ctx)
	require.NoError(t, b.Write(ctx, func() error {
		cancel()
		return nil
	}), "its outcome is known")
	require.ErrorIs(t, b.Conversations().Commit(ctx, late.next("hola")), context.Canceled)
	require.NoError(t, b.Conversations().Commit(b.ctx, b.chat(b.account).next("hola")))

	for _, c := range []*chat{early, late} {
		l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
		require.NoError(t, err)
		assert.Zero(t, l.Conversation)
	}
}

// R8.4: the queues have a limit and say when they are full.
func TestQueueLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqlite.Options{Queue: 2, Readers: 1})
	release := stall(b.Store)
	answers := make(chan error, 2)
	for range 2 {
		go func() { answers <- b.Write(b.ctx, func() error { return nil }) }()
	}
	require.Eventually(t, func() bool { return b.Waiting() == 2 }, patience, tick)
	require.ErrorIs(t, b.Conversations().Commit(b.ctx, b.chat(b.account).next("hola")), sqlite.ErrBusy)

	// Reads do not wait for the writer, and have a limit of their own.
	_, err := b.Accounts().Get(b.ctx, b.account.ID)
	require.NoError(t, err)
	reads := make(chan error, 2)
	require.NoError(t, b.Read(b.ctx, func() error {
		for range 2 {
			go func() { reads <- b.Read(b.ctx, func() error { return nil }) }()
		}
		require.Eventually(t, func() bool { return b.Waiters() == 2 }, patience, tick)
		_, err := b.Accounts().Get(b.ctx, b.account.ID)
		require.ErrorIs(t, err, sqlite.ErrBusy)
		return nil
	}))
	release()
	for range 2 {
		require.NoError(t, <-answers)
		require.NoError(t, <-reads)
	}
}

// R8.1: when COMMIT fails every caller of the group is told that the outcome is
// unknown, whichever it was, and the store goes on.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, happened := range map[string]bool{"it did nothing": false, "it had happened": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &gate{path: filepath.Join(t.TempDir(), "chat.db")}
			b := &bundle{TB: t, Store: g.open(t), ctx: context.Background()}
			b.account = b.newAccount("Tienda")
			boom := errors.New("boom")
			var chats []*chat
			var calls []func() error
			for range 5 {
				c := b.chat(b.account)
				batch := c.next("hola")
				chats = append(chats, c)
				calls = append(calls, func() error { return b.Conversations().Commit(b.ctx, batch) })
			}
			calls = append(calls, func() error {
				return b.Presence().Put(b.ctx, b.account.ID, tickets.Roster{Revision: 9})
			})
			release := stall(b.Store)
			errs := make([]error, len(calls))
			var wg sync.WaitGroup
			for i, call := range calls {
				wg.Go(func() { errs[i] = call() })
			}
			require.Eventually(t, func() bool { return b.Waiting() == len(calls) }, patience, tick)
			// The stalled call's own COMMIT comes first.
			g.once(func(commit func() error) error {
				g.once(func(commit func() error) error {
					if happened {
						_ = commit()
					}
					return boom
				})
				return commit()
			})
			release()
			wg.Wait()
			for _, err := range errs[:5] {
				var e *sqlite.Error
				require.ErrorAs(t, err, &e)
				require.ErrorIs(t, err, boom)
				assert.True(t, e.Unknown)
				assert.Equal(t, "commit", e.Op)
			}
			require.ErrorIs(t, errs[5], storage.ErrConflict, "what did nothing anyway is known")
			for _, c := range chats {
				l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
				require.NoError(t, err)
				assert.Equal(t, happened, l.Conversation.Version == 1)
			}
			b.chat(b.account).says("y sigue")
		})
	}
}

// Close does what waits already, and then nothing.
func TestClose(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	release := stall(b.Store)
	var chats []*chat
	answers := make(chan error)
	for range 100 {
		c := b.chat(b.account)
		chats = append(chats, c)
		batch := c.next("hola")
		go func() { answers <- b.Conversations().Commit(b.ctx, batch) }()
	}
	require.Eventually(t, func() bool { return b.Waiting() == 100 }, patience, tick)
	closed := make(chan error)
	go func() { closed <- b.Store.Close() }()
	release()
	for range chats {
		require.NoError(t, <-answers)
	}
	require.NoError(t, <-closed)
	_, err := b.Accounts().Get(b.ctx, b.account.ID)
	require.ErrorIs(t, err, storage.ErrClosed)
	require.ErrorIs(t, b.Accounts().Create(b.ctx, b.account), storage.ErrClosed)
	require.ErrorIs(t, b.Backup(b.ctx, b.path+".copy"), storage.ErrClosed)
	require.ErrorIs(t, b.Store.Close(), storage.ErrClosed)

	again, err := sqlite.Open(b.path, nil)
	require.NoError(t, err)
	defer again.Close()
	for _, c := range chats {
		l, err := again.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
		require.NoError(t, err)
		assert.Equal(t, c.conv, l.Conversation)
	}
}
