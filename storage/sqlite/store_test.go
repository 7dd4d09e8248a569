package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hosted is a store on a host's own database, which it closes too.
type hosted struct {
	*sqlite.Store
	g *gate
}

func host(t *testing.T, g *gate) storage.Store { return &hosted{g.open(t), g} }

func (h *hosted) Close() error { return errors.Join(h.Store.Close(), h.g.db.Close()) }

// The whole contract, through a host's own database, so that commits can be held.
// It is not parallel: it counts goroutines.
func TestConformance(t *testing.T) {
	storagetest.Run(t, storagetest.Harness{
		Open: func(t *testing.T) storage.Store {
			return host(t, &gate{path: filepath.Join(t.TempDir(), "chat.db")})
		},
		Reopen: func(t *testing.T, s storage.Store) storage.Store {
			require.NoError(t, s.Close())
			return host(t, &gate{path: s.(*hosted).g.path})
		},
		Hold: func(_ *testing.T, s storage.Store) (<-chan struct{}, func()) {
			return s.(*hosted).g.hold()
		},
	})
}

// R1.6: a purge goes on where an interrupted one stopped, other calls go on
// beside it, and nothing but the account's own goes.
func TestPurge(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	const n = sqlite.PurgeStep + 10
	other := b.newAccount("Otra")
	kept := b.chat(other)
	kept.says("hola queda")
	for range n {
		c := b.chat(b.account)
		c.says("hola")
	}
	a := b.account
	a.Revision, a.DeletedAt = 2, base
	require.NoError(t, b.Accounts().Save(b.ctx, a))

	var total storage.Purged
	add := func(p storage.Purged) {
		total.Conversations += p.Conversations
		total.Tickets += p.Tickets
		total.Messages += p.Messages
		total.Entries += p.Entries
		total.Sessions += p.Sessions
		total.Deliveries += p.Deliveries
	}
	interrupted := 0
	for {
		ctx := &counted{Context: b.ctx, left: 2}
		p, err := b.Accounts().Purge(ctx, a.ID)
		add(p)
		if err == nil {
			break
		}
		require.ErrorIs(t, err, context.Canceled)
		interrupted++
		kept.says("sigue")
	}
	require.Positive(t, interrupted)
	assert.Equal(t, storage.Purged{Conversations: n, Tickets: n, Messages: n, Entries: n}, total)
	_, err := b.Accounts().Purge(b.ctx, a.ID)
	require.ErrorIs(t, err, storage.ErrNotFound)
	assert.Len(t, b.searched(other, []string{"hola", "qued"}), 1)

	// Nothing of it is left anywhere, its words included.
	require.NoError(t, b.Store.Close())
	db := database(t, b.path)
	for table, want := range map[string]int{
		"accounts": 1, "documents": 1, "conversations": 1, "tickets": 1, "identities": 1, "sessions": 0, "answers": 0,
		"messages": interrupted + 1, "entries": interrupted + 1, "receipts": interrupted + 1, "deliveries": interrupted + 1,
		"texts": interrupted + 1, "words": interrupted + 1, "words_docsize": interrupted + 1,
	} {
		var got int
		require.NoError(t, db.QueryRow("SELECT count(*) FROM "+table).Scan(&got))
		assert.Equal(t, want, got, table)
	}
}

// counted is a context that is canceled once its error was asked for some times.
type counted struct {
	context.Context
	left int
}

func (c *counted) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}
