package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// queued starts commits while none is taken up, so that they are one group, and
// returns what they answered.
func queued(t *testing.T, s *postgres.Store, batches ...*storage.Batch) []error {
	t.Helper()
	release, rest := s.Stall()
	defer rest()
	errs := make([]error, len(batches))
	var wg sync.WaitGroup
	for i, b := range batches {
		wg.Go(func() { errs[i] = s.Conversations().Commit(context.Background(), b) })
	}
	require.Eventually(t, func() bool { return s.Waiting() == len(batches) }, patience, tick)
	release()
	wg.Wait()
	return errs
}

func (b *bundle) loaded(id tickets.ConversationID) storage.Loaded {
	b.Helper()
	l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: id})
	require.NoError(b, err)
	return l
}

// R8.1: one that fails in a group did nothing, and the others are as if it had not
// been there.
func TestGroupIsolation(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	other := b.newAccount("Otra")
	var batches []*storage.Batch
	var good, bad []*chat
	for i := range 60 {
		a := b.account
		if i%2 == 1 {
			a = other
		}
		c := b.chat(a)
		batch := c.next("hola")
		switch i % 10 {
		case 2: // fails where it is written
			batch.Messages = append(batch.Messages, batch.Messages[0])
			bad = append(bad, c)
		case 4: // refused
			batch.Config = 7
			bad = append(bad, c)
		case 6: // another of the group takes its identity
			batch.Reserve = []tickets.Identity{{Kind: tickets.IdentityHost, Value: "one"}}
		default:
			if i%2 == 0 {
				good = append(good, c)
			}
		}
		batches = append(batches, batch)
	}
	won := 0
	for i, err := range queued(t, b.Store, batches...) {
		var e *postgres.Error
		switch i % 10 {
		case 2:
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "23505", e.Code, "a constraint, known by its code")
			assert.False(t, e.Unknown)
			require.NotErrorIs(t, err, storage.ErrBusy, "trying again is of no use")
		case 4:
			require.ErrorIs(t, err, storage.ErrConfigChanged)
		case 6:
			if err == nil {
				won++
			} else {
				require.ErrorIs(t, err, storage.ErrConflict)
			}
		default:
			require.NoError(t, err)
		}
	}
	assert.Equal(t, 1, won, "who has the identity")
	for _, c := range good {
		assert.Equal(t, c.conv, b.loaded(c.conv.ID).Conversation)
	}
	for _, c := range bad {
		assert.Zero(t, b.loaded(c.conv.ID).Conversation)
		holder, err := b.Sessions().Holder(b.ctx, b.account.ID, c.conv.Identity)
		require.NoError(t, err)
		assert.Zero(t, holder)
	}
	page, err := b.Outbox().List(b.ctx, b.account.ID, storage.Pending, "", 0)
	require.NoError(t, err)
	assert.Len(t, page.Items, len(good)+won)
}

// A text that cannot be stored is nowhere, and hurts nobody who asks at the same
// time.
func TestUnheard(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.chat(b.account)
	c.says("hola")
	for _, text := range []string{"\x00", "a\x00b", "\xff", "\xc3("} {
		_, err := b.Accounts().Find(b.ctx, text)
		require.ErrorIs(t, err, storage.ErrNotFound)
		for _, q := range []storage.TicketQuery{
			{Category: text}, {Words: []string{text}}, {Words: []string{text, "hola"}}, {Fields: map[string]string{text: "a"}}, {Fields: map[string]string{"a": text}},
		} {
			q.Account = b.account.ID
			page, err := b.Queries().Tickets(b.ctx, q)
			require.NoError(t, err)
			require.Empty(t, page.Items)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				q := storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID}
				if i%4 == 0 {
					q.Scope, q.Key = "s", text
				}
				l, err := b.Conversations().Load(b.ctx, q)
				if i%4 == 0 {
					assert.Error(t, err)
				} else if assert.NoError(t, err) {
					assert.Equal(t, c.conv, l.Conversation)
				}
			})
		}
		wg.Wait()
	}
}

// Of two batches of one conversation in a group the first lands, the second is in
// conflict.
func TestGroupOfOneConversation(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.chat(b.account)
	c.says("hola")
	one, two := *c, *c
	landed := 0
	for _, err := range queued(t, b.Store, one.next("una"), two.next("otra")) {
		if err == nil {
			landed++
			continue
		}
		require.ErrorIs(t, err, storage.ErrConflict)
	}
	assert.Equal(t, 1, landed)
	assert.Equal(t, int64(2), b.loaded(c.conv.ID).Conversation.Version)
}

// R8.1: a context that ends while the call waits leaves nothing done.
func TestContext(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.chat(b.account)
	ctx, cancel := context.WithCancel(b.ctx)
	release, rest := b.Stall()
	defer rest()
	answer := make(chan error)
	go func() { answer <- b.Conversations().Commit(ctx, c.next("hola")) }()
	require.Eventually(t, func() bool { return b.Waiting() == 1 }, patience, tick)
	cancel()
	err := <-answer
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, storage.ErrBusy)
	release()
	b.chat(b.account).says("hola")
	assert.Zero(t, b.loaded(c.conv.ID).Conversation)
}

// R8.4: the queues have a limit and say when they are full.
func TestQueueLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, &postgres.Options{Queue: 2, Conns: 4})
	release, rest := b.Stall()
	defer rest()
	answers := make(chan error, 2)
	for range 2 {
		go func() { answers <- b.Conversations().Commit(b.ctx, b.chat(b.account).next("hola")) }()
	}
	require.Eventually(t, func() bool { return b.Waiting() == 2 }, patience, tick)
	require.ErrorIs(t, b.Conversations().Commit(b.ctx, b.chat(b.account).next("hola")), postgres.ErrBusy)

	// Everything else does not wait for commits, and has a limit of its own.
	calls := make(chan error, 2)
	require.NoError(t, b.Hold(b.ctx, func() {
		for range 2 {
			go func() {
				_, err := b.Accounts().Get(b.ctx, b.account.ID)
				calls <- err
			}()
		}
		require.Eventually(t, func() bool { return b.Waiters() == 2 }, patience, tick)
		_, err := b.Accounts().Get(b.ctx, b.account.ID)
		require.ErrorIs(t, err, postgres.ErrBusy)
	}))
	release()
	for range 2 {
		require.NoError(t, <-answers)
		require.NoError(t, <-calls)
	}
	_, err := postgres.Open(b.ctx, b.dsn, &postgres.Options{Conns: 3})
	require.ErrorContains(t, err, "needs 4")
}

// R2.6: of two processes, one that decides under a configuration that the other has
// replaced is refused, while the save waits for what is under way.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	second := open(t, b.dsn, nil)
	c := b.chat(b.account)
	c.says("hola")
	l, err := second.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
	require.NoError(t, err)
	assert.Equal(t, c.conv, l.Conversation)

	a := b.account
	a.Revision, a.Version = 2, 2
	require.NoError(t, second.Accounts().Save(b.ctx, a))
	batch := c.next("otra")
	require.ErrorIs(t, b.Conversations().Commit(b.ctx, batch), storage.ErrConfigChanged)
	assert.Equal(t, chatcfg.Version(2), b.loaded(c.conv.ID).Account.Version, "a load sees the other's save")
	batch.Config = 2
	require.NoError(t, b.Conversations().Commit(b.ctx, batch))

	// An account that is made anew with an old one's ID and revision is not it.
	a.Revision, a.DeletedAt = 3, base
	require.NoError(t, second.Accounts().Save(b.ctx, a))
	_, err = second.Accounts().Purge(b.ctx, a.ID)
	require.NoError(t, err)
	a.Revision, a.DeletedAt, a.Name = 2, base.AddDate(-1, 0, 0), "Nueva"
	require.NoError(t, second.Accounts().Create(b.ctx, a))
	assert.Equal(t, "Nueva", b.loaded(c.conv.ID).Account.Name)
}

// Errors are judged by their code: what is known to have failed did nothing.
func TestErrors(t *testing.T) {
	t.Parallel()
	server := func(severity, code string) error {
		return &pgconn.PgError{SeverityUnlocalized: severity, Severity: severity, Code: code}
	}
	for name, one := range map[string]struct {
		err                  error
		unknown, busy, again bool
	}{
		"serialization":    {server("ERROR", "40001"), false, true, true},
		"deadlock":         {server("ERROR", "40P01"), false, true, true},
		"lock timeout":     {server("ERROR", "55P03"), false, true, false},
		"constraint":       {server("ERROR", "23505"), false, false, false},
		"missing right":    {server("ERROR", "42501"), false, false, false},
		"pooler":           {server("ERROR", "26000"), false, false, false},
		"disk full":        {server("ERROR", "53100"), false, true, false},
		"in doubt":         {server("ERROR", "40003"), true, false, false},
		"shutting down":    {server("FATAL", "57P01"), true, false, false},
		"connection":       {errors.New("reset by peer"), true, false, false},
		"rolled back":      {pgx.ErrTxCommitRollback, false, true, true},
		"no answer so far": {context.DeadlineExceeded, true, false, false},
	} {
		err := postgres.Changed(one.err)
		var e *postgres.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, one.unknown, e.Unknown, name)
		assert.Equal(t, one.busy, errors.Is(err, storage.ErrBusy), name)
		assert.Equal(t, !one.unknown && !one.busy, errors.Is(err, storage.ErrNotDone), name)
		assert.Equal(t, one.again, postgres.Again(err), name)
		require.ErrorIs(t, err, one.err)
	}
	require.NoError(t, postgres.Changed(nil))
}

// A commit that waits for a lock holds up only what is in its group.
func TestHeldUp(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	held, other := b.chat(b.account), b.chat(b.account)
	held.says("hola")
	conn, err := connect(t, b.dsn).Acquire(b.ctx)
	require.NoError(t, err)
	defer conn.Release()
	tx, err := conn.Begin(b.ctx)
	require.NoError(t, err)
	_, err = tx.Exec(b.ctx, "SELECT FROM charla.conversations WHERE account = $1 AND id = $2 FOR UPDATE", b.account.ID.UUID, held.conv.ID.UUID)
	require.NoError(t, err)
	answer := make(chan error, 1)
	batch := held.next("¿hay alguien?")
	go func() { answer <- b.Conversations().Commit(b.ctx, batch) }()
	require.Eventually(t, func() bool {
		var waits bool
		err := tx.QueryRow(b.ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')").Scan(&waits)
		return err == nil && waits
	}, patience, tick)
	for range 3 {
		other.says("yo sí")
	}
	assert.Empty(t, answer, "it still waits")
	require.NoError(t, tx.Rollback(b.ctx))
	require.NoError(t, <-answer)
}
