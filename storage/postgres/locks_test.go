package postgres_test

import (
	"context"
	"slices"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/require"
)

// What becomes of a deleted account's conversations locks them in the order of their
// keys, as commits do: who waits for the first one holds none of the others.
func TestLockOrder(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*bundle, chatcfg.Account) error{
		"deletion": func(b *bundle, a chatcfg.Account) error {
			a.Revision, a.DeletedAt = 2, base
			return b.Accounts().Save(b.ctx, a)
		},
		"purge": func(b *bundle, a chatcfg.Account) error {
			_, err := b.Accounts().Purge(b.ctx, a.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			var chats []*chat
			for range 50 {
				chats = append(chats, b.chat(b.account))
			}
			// The last comes first in the table.
			slices.Reverse(chats)
			for _, c := range chats {
				c.says("hola")
			}
			last, first := chats[0].conv.ID, chats[len(chats)-1].conv.ID
			pool := connect(t, b.dsn)
			if name == "purge" {
				_, err := pool.Exec(b.ctx, "UPDATE charla.accounts SET deleted = true")
				require.NoError(t, err)
			}
			tx, err := pool.Begin(b.ctx)
			require.NoError(t, err)
			defer func() { _ = tx.Rollback(context.Background()) }()
			const lock = "SELECT FROM charla.conversations WHERE account = $1 AND id = $2 FOR UPDATE NOWAIT"
			_, err = tx.Exec(b.ctx, lock, b.account.ID.UUID[:], first.UUID[:])
			require.NoError(t, err)
			removed := make(chan error, 1)
			go func() { removed <- remove(b, b.account) }()
			require.Eventually(t, func() bool {
				var waits bool
				err := pool.QueryRow(b.ctx, "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database())").Scan(&waits)
				return err == nil && waits
			}, patience, tick)
			_, err = tx.Exec(b.ctx, lock, b.account.ID.UUID[:], last.UUID[:])
			require.NoError(t, err)
			require.NoError(t, tx.Commit(b.ctx))
			require.NoError(t, <-removed)
		})
	}
}
