package sqlite_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/stretchr/testify/require"
)

// TestCountsEnd: counts that look at many tickets end with their context, and give the
// connection back.
func TestCountsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	c := b.chat(b.account)
	c.says("hola")
	db, err := sql.Open("sqlite", b.path)
	require.NoError(t, err)
	defer db.Close()
	// Copies of the ticket that a list by field looks at and does not find.
	_, err = db.ExecContext(t.Context(), `INSERT INTO tickets (account, conversation, number, status, important, delayed, category, fields, created, changed, doc)
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50000)
SELECT account, conversation, number + x, 'closed', 0, 0, 'venta', '{"a":"1"}', created, changed, doc FROM n, (SELECT * FROM tickets LIMIT 1)`)
	require.NoError(t, err)
	views := make([]storage.TicketQuery, 1000)
	for i := range views {
		views[i] = storage.TicketQuery{Fields: map[string]string{"a": "nobody"}}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = b.Queries().Counts(ctx, b.account.ID, views) // all of them would take minutes
	require.ErrorIs(t, err, context.DeadlineExceeded)
	found, err := b.Queries().Counts(t.Context(), b.account.ID, []storage.TicketQuery{{Fields: map[string]string{"a": "1"}}})
	require.NoError(t, err)
	require.Equal(t, []int{storage.MaxCount}, found)
}
