package pgtest_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func one(ctx context.Context, t *testing.T, dsn, query string) (got string) {
	t.Helper()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer conn.Close(ctx)
	require.NoError(t, conn.QueryRow(ctx, query).Scan(&got))
	return got
}

// A server starts, is killed and starts again with what was committed, and leaves
// nothing behind.
func TestServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := pgtest.Start(ctx, &pgtest.Options{Sync: true, Settings: map[string]string{"max_connections": "17"}})
	require.NoError(t, err)
	first, err := s.Create(ctx)
	require.NoError(t, err)
	second, err := s.Create(ctx)
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	assert.Equal(t, "17 on UTF8", one(ctx, t, first, "SELECT concat_ws(' ', current_setting('max_connections'), current_setting('fsync'), current_setting('server_encoding'))"))
	assert.Equal(t, "1", one(ctx, t, first, "WITH made AS (SELECT 1) SELECT count(*)::text FROM made"))

	conn, err := pgx.Connect(ctx, first)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "CREATE TABLE kept AS SELECT 7 AS n")
	require.NoError(t, err)
	require.NoError(t, s.Kill())
	require.Error(t, conn.Ping(ctx))
	require.NoError(t, s.Restart(ctx))
	assert.Equal(t, "7", one(ctx, t, first, "SELECT n::text FROM kept"))

	require.NoError(t, s.Stop())
	_, err = os.Stat(s.Folder())
	require.ErrorIs(t, err, os.ErrNotExist)
}
