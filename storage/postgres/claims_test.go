package postgres_test

import (
	"context"
	"testing"

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
	due, err := b.Conversations().ClaimDue(b.ctx, late, late, 10)
	require.NoError(t, err)
	assert.Empty(t, due)
	stale, err := b.Conversations().ClaimStale(b.ctx, late, late, 10)
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
		found, err := b.Conversations().ClaimStale(b.ctx, base, base.AddDate(1, 0, 0), 10)
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
