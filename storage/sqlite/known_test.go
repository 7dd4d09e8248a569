package sqlite_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// familiar is a store that loads before every commit, as desks do, so that commits
// build on what the load has seen.
type familiar struct{ *hosted }

func (f familiar) Conversations() storage.Conversations { return loadsFirst{f.hosted.Conversations()} }

type loadsFirst struct{ storage.Conversations }

func (l loadsFirst) Commit(ctx context.Context, b *storage.Batch) error {
	q := storage.LoadQuery{Account: b.Conversation.Account, Conversation: b.Conversation.ID}
	if b.Receipt != nil {
		q.Scope, q.Key = b.Receipt.Scope, b.Receipt.Key
	}
	_, _ = l.Load(ctx, q)
	return l.Conversations.Commit(ctx, b)
}

func TestConformanceAfterLoads(t *testing.T) {
	t.Parallel()
	for _, err := range storagetest.Errors(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store {
			return familiar{host(t, &gate{path: filepath.Join(t.TempDir(), "chat.db")}).(*hosted)}
		},
		Hold: func(_ *testing.T, s storage.Store) (<-chan struct{}, func()) { return s.(familiar).g.hold() },
	}, "claims/", "commit/", "held/", "isolation/", "load/", "races/", "stale/") {
		t.Error(err)
	}
}

// What a load has seen is no reason to commit what may not land any more.
func TestKnownIsChecked(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		between func(b *bundle, c *chat, batch *storage.Batch)
		want    error
	}{
		"nothing": {between: func(*bundle, *chat, *storage.Batch) {}},
		"another commit": {func(_ *bundle, c *chat, _ *storage.Batch) {
			other := *c
			other.says("antes")
		}, storage.ErrConflict},
		"a receipt that was not looked for": {func(_ *bundle, c *chat, batch *storage.Batch) {
			batch.Receipt.Key = c.conv.ID.String() + "-1"
		}, storage.ErrConflict},
		"an identity that another has": {func(b *bundle, _ *chat, batch *storage.Batch) {
			other := b.chat(b.account)
			other.says("mía")
			batch.Reserve = []tickets.Identity{other.conv.Identity}
		}, storage.ErrConflict},
		"a second identity that another has": {func(b *bundle, _ *chat, batch *storage.Batch) {
			other := b.chat(b.account)
			other.says("mía")
			batch.Reserve = []tickets.Identity{batch.Conversation.Identity, other.conv.Identity}
		}, storage.ErrConflict},
		"a session that moved": {func(b *bundle, _ *chat, batch *storage.Batch) {
			s, err := b.Sessions().Get(b.ctx, b.account.ID, batch.Session)
			require.NoError(b, err)
			s.Revision++
			require.NoError(b, b.Sessions().Save(b.ctx, s))
		}, storage.ErrConflict},
		"a save of the configuration": {func(b *bundle, _ *chat, _ *storage.Batch) {
			a := b.account
			a.Revision, a.Version = 2, 2
			require.NoError(b, b.Accounts().Save(b.ctx, a))
		}, storage.ErrConfigChanged},
		"the end of the account": {func(b *bundle, _ *chat, _ *storage.Batch) {
			a := b.account
			a.Revision, a.DeletedAt = 2, base
			require.NoError(b, b.Accounts().Save(b.ctx, a))
		}, storage.ErrDeleted},
		"a purge": {func(b *bundle, _ *chat, _ *storage.Batch) { b.purge() }, storage.ErrNotFound},
		"an account with the ID of one that was purged": {func(b *bundle, _ *chat, _ *storage.Batch) {
			b.purge()
			require.NoError(b, b.Accounts().Create(b.ctx, b.account))
		}, storage.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, &sqliteFast)
			c := b.chat(b.account)
			session := tickets.Session{ID: c.conv.Session, Account: b.account.ID, Conversation: c.conv.ID, Identity: c.conv.Identity, Revision: 1}
			require.NoError(t, b.Sessions().Create(b.ctx, session))
			c.says("hola")
			before := *c
			batch := c.next("después")
			batch.Session, batch.SessionRevision = session.ID, 1
			_, err := b.Conversations().Load(b.ctx, storage.LoadQuery{
				Account: b.account.ID, Session: session.ID, Scope: batch.Receipt.Scope, Key: batch.Receipt.Key,
			})
			require.NoError(t, err)
			one.between(b, &before, batch)
			require.ErrorIs(t, b.Conversations().Commit(b.ctx, batch), one.want)
			if one.want != nil {
				return
			}
			plans, err := b.Plans(b.ctx)
			require.NoError(t, err)
			short, long := false, false
			for query := range plans {
				short = short || strings.Contains(query, "JOIN conversations c ON c.key = ?2")
				long = long || strings.Contains(query, "EXISTS (SELECT 1 FROM receipts")
			}
			assert.Equal(t, [2]bool{true, true}, [2]bool{short, long}, "the first commit looked for everything, the second did not")
		})
	}
}

// purge deletes the account and purges it.
func (b *bundle) purge() {
	a := b.account
	a.Revision, a.DeletedAt = a.Revision+1, base
	require.NoError(b, b.Accounts().Save(b.ctx, a))
	_, err := b.Accounts().Purge(b.ctx, a.ID)
	require.NoError(b, err)
}

// What claims changed meanwhile is set anew by the commit.
func TestKnownAfterClaim(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	c := b.chat(b.account)
	c.says("hola")
	a := b.account
	a.Revision, a.Version = 2, 2
	require.NoError(t, b.Accounts().Save(b.ctx, a))
	q := storage.LoadQuery{Account: a.ID, Conversation: c.conv.ID}
	_, err := b.Conversations().Load(b.ctx, q)
	require.NoError(t, err)
	claims, err := b.Conversations().ClaimStale(b.ctx, base, base.Add(time.Hour), 10, nil)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	batch := c.next("otra")
	batch.Config, batch.Receipt = 2, nil
	require.NoError(t, b.Conversations().Commit(b.ctx, batch))
	claims, err = b.Conversations().ClaimStale(b.ctx, base, base.Add(time.Hour), 10, nil)
	require.NoError(t, err)
	assert.Len(t, claims, 1, "the commit ended the lease")
}

// A loaded account is the holder's own, and as it is now.
func TestKnownAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	save := func(change func(*chatcfg.Account)) {
		b.account.Revision++
		change(&b.account)
		require.NoError(t, b.Accounts().Save(b.ctx, b.account))
	}
	load := func() chatcfg.Account {
		l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: tickets.ConversationID{UUID: b.id()}})
		require.NoError(t, err)
		return l.Account
	}
	save(func(a *chatcfg.Account) {
		a.Secrets = []chatcfg.Secret{{PublicKey: []byte{1, 2, 3}, CreatedAt: base}}
		a.Picture, a.Logo = &chatcfg.Image{Side: 1}, &chatcfg.Image{Side: 200}
	})
	for range 3 {
		got := load()
		require.Equal(t, b.account, got)
		got.Secrets[0].PublicKey[0], got.Secrets[0].CreatedAt = 9, time.Time{}
		got.Picture.Side, got.Logo.Side = 9, 9
	}
	save(func(a *chatcfg.Account) { a.Name = "Otra" })
	require.Equal(t, "Otra", load().Name)

	// Another account that has its ID, and the same revision.
	b.purge()
	b.account.Name = "Tercera"
	require.NoError(t, b.Accounts().Create(b.ctx, b.account))
	require.Equal(t, "Tercera", load().Name)
}

// More accounts and conversations than are remembered make no difference.
func TestKnownIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	chats := warm(b, sqlite.MaxKnown+100)
	for _, c := range chats {
		_, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
		require.NoError(t, err)
	}
	assert.Equal(t, sqlite.MaxKnown, b.Known())
	for _, c := range chats[:200] {
		batch := c.next("otra")
		batch.Receipt = nil
		require.NoError(t, b.Conversations().Commit(b.ctx, batch))
	}
	assert.Less(t, b.Known(), sqlite.MaxKnown)
}
