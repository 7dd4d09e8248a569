package postgres_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R1.6: what a deletion that was interrupted left of deadlines is not claimed, nor
// waited for.
func TestDeletedHalfWay(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.chat(b.account).says("hola")
	a := b.account
	a.Revision, a.Version, a.DeletedAt = 2, 2, base
	require.NoError(t, b.Accounts().Save(b.ctx, a))
	late := base.AddDate(1, 0, 0)
	pool := connect(t, b.dsn)
	assert.Equal(t, []string{"0"}, texts(t, pool, "SELECT count(*)::text FROM charla.conversations WHERE wake IS NOT NULL OR armed IS NOT NULL"))
	_, err := pool.Exec(b.ctx, "UPDATE charla.conversations SET wake = 1, armed = 1; INSERT INTO charla.stale SELECT id FROM charla.accounts")
	require.NoError(t, err)
	due, err := b.Conversations().ClaimDue(b.ctx, late, late, 10, nil)
	require.NoError(t, err)
	assert.Empty(t, due)
	stale, err := b.Conversations().ClaimStale(b.ctx, late, late, 10, nil)
	require.NoError(t, err)
	assert.Empty(t, stale)
	wake, err := b.Conversations().NextWake(b.ctx)
	require.NoError(t, err)
	assert.Zero(t, wake)
}

// R4.8: an account that had nothing left to arm again has something again when a
// conversation lands that was armed before.
func TestStaleAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.chat(b.account)
	c.says("hola")
	a := b.account
	a.Revision, a.Version = 2, 2
	require.NoError(t, b.Accounts().Save(b.ctx, a))
	pool := connect(t, b.dsn)
	marks := func() string { return texts(t, pool, "SELECT count(*)::text FROM charla.stale")[0] }
	claim := func(want int) {
		t.Helper()
		found, err := b.Conversations().ClaimStale(b.ctx, base, base.AddDate(1, 0, 0), 10, nil)
		require.NoError(t, err)
		assert.Len(t, found, want)
	}
	claim(1)
	for armed := range 3 {
		c.conv.Armed = b.account.Version + 1
		if armed == 1 {
			c.conv.Armed = b.account.Version
		}
		batch := c.next("otra")
		batch.Config = 2
		require.NoError(t, b.Conversations().Commit(b.ctx, batch))
		claim(armed % 2)
		assert.Equal(t, []string{"0", "1", "0"}[armed], marks())
	}
}

// R7.2: a session does not move or end under a commit that it makes.
func TestSessionIsHeld(t *testing.T) {
	t.Parallel()
	h := host(t, database(t), nil)
	defer h.Close()
	b := &bundle{TB: t, Store: h.Store, ctx: context.Background(), dsn: h.dsn}
	b.account = b.newAccount("Tienda")
	c := b.chat(b.account)
	s := tickets.Session{ID: c.conv.Session, Account: b.account.ID, Conversation: c.conv.ID, Revision: 1}
	require.NoError(t, b.Sessions().Create(b.ctx, s))
	batch := c.next("hola")
	batch.Session, batch.SessionRevision = s.ID, 1
	held, release := h.stop.hold()
	committed, saved := make(chan error, 1), make(chan error, 1)
	go func() { committed <- b.Conversations().Commit(b.ctx, batch) }()
	<-held
	s.Revision, s.EndedAt = 2, base
	go func() { saved <- b.Sessions().Save(b.ctx, s) }()
	pool := connect(t, b.dsn)
	require.Eventually(t, func() bool {
		return len(saved) > 0 || texts(t, pool, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")[0] == "1"
	}, patience, tick)
	assert.Empty(t, saved, "it waits for the commit")
	release()
	require.NoError(t, <-committed)
	require.NoError(t, <-saved)
}

// scheduled is a conversation's first message, with a deadline.
func (b *bundle) scheduled(s storage.Store, wake time.Time) {
	b.Helper()
	batch := b.chat(b.account).next("hola")
	batch.Wake = wake
	require.NoError(b, s.Conversations().Commit(b.ctx, batch))
}

// due claims what is due.
func (b *bundle) due(s storage.Store, now time.Time, limit int) []storage.Claim {
	b.Helper()
	found, err := s.Conversations().ClaimDue(b.ctx, now, now.AddDate(1, 0, 0), limit, nil)
	require.NoError(b, err)
	return found
}

// R4.5: claims begin where the last one ended, but miss nothing that their own
// process schedules; what another schedules before that is found within ten seconds.
func TestHorizon(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	other := open(t, b.dsn, nil)
	now := base.Add(time.Hour)
	b.scheduled(b, now.Add(-time.Minute))
	assert.Len(t, b.due(b, now, 10), 1)
	b.scheduled(b, now.Add(-2*time.Minute))
	wake, err := b.Conversations().NextWake(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, now.Add(-2*time.Minute), wake)
	assert.Len(t, b.due(b, now, 10), 1, "its own, at once")
	b.scheduled(b, now.Add(-time.Minute))
	assert.Len(t, b.due(b, now, 10), 1)
	b.scheduled(other, now.Add(-3*time.Minute))
	b.scheduled(other, now.Add(-30*time.Second))
	assert.Len(t, b.due(b, now.Add(5*time.Second), 10), 1, "what comes later, at once")
	assert.Len(t, b.due(b, now.Add(10*time.Second), 10), 1, "all else")
	b.scheduled(other, now.Add(-3*time.Minute))
	assert.Len(t, b.due(b, now, 10), 1, "a clock that was put back")
}

// R4.5: what is scheduled while others claim is claimed once.
func TestHorizonRaced(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	const writers, each = 8, 40
	now := base.Add(2 * time.Hour)
	var writing, claiming sync.WaitGroup
	var chats [writers][]*storage.Batch
	for i := range chats {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		for range each {
			batch := b.chat(b.account).next("hola")
			batch.Wake = base.Add(time.Duration(random.IntN(3600)) * time.Second)
			chats[i] = append(chats[i], batch)
		}
	}
	errs := make([]error, writers)
	for i := range writers {
		writing.Go(func() {
			for _, batch := range chats[i] {
				if errs[i] == nil {
					errs[i] = b.Conversations().Commit(b.ctx, batch)
				}
			}
		})
	}
	done := make(chan struct{})
	claimed := make([]map[tickets.ConversationID]int, 3)
	failed := make([]error, len(claimed))
	for i := range claimed {
		claimed[i] = map[tickets.ConversationID]int{}
		claiming.Go(func() {
			for last := false; ; {
				select {
				case <-done:
					last = true
				default:
				}
				found, err := b.Conversations().ClaimDue(b.ctx, now, now.AddDate(1, 0, 0), 1+i, nil)
				if failed[i] = err; err != nil || last && len(found) == 0 {
					return
				}
				for _, c := range found {
					claimed[i][c.Conversation]++
				}
			}
		})
	}
	writing.Wait()
	close(done)
	claiming.Wait()
	all := map[tickets.ConversationID]int{}
	for i := range claimed {
		require.NoError(t, failed[i])
		for id, n := range claimed[i] {
			all[id] += n
		}
	}
	for i := range chats {
		require.NoError(t, errs[i])
		for _, batch := range chats[i] {
			assert.Equal(t, 1, all[batch.Conversation.ID])
		}
	}
}
