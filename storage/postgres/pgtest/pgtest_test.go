package pgtest_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
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

	require.NoError(t, s.Drop(ctx, second))
	_, err = pgx.Connect(ctx, second)
	require.ErrorContains(t, err, "does not exist")

	require.NoError(t, s.Stop())
	_, err = os.Stat(s.Folder())
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What a server with a standby has committed is there when the server is gone and the
// standby takes over; clients that know both find the one that writes. A server that
// is started again goes on with its standby, and does not commit without it.
func TestStandby(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := pgtest.Start(ctx, &pgtest.Options{Replicated: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop()) }()
	standby, err := s.Standby(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, standby.Stop()) }()
	dsn, err := s.Create(ctx)
	require.NoError(t, err)
	both := dsn + " host=" + s.Folder() + "," + standby.Folder() + " port=5432,5432 target_session_attrs=read-write"
	made := func(table string) error {
		conn, err := pgx.Connect(ctx, both)
		require.NoError(t, err)
		defer conn.Close(ctx)
		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err = conn.Exec(soon, "CREATE TABLE "+table+" AS SELECT 7 AS n")
		return err
	}
	require.NoError(t, made("one"))
	require.NoError(t, s.Kill())
	require.NoError(t, s.Restart(ctx))
	require.NoError(t, made("two"))
	require.NoError(t, standby.Kill())
	require.ErrorIs(t, made("three"), context.DeadlineExceeded)
	require.NoError(t, standby.Restart(ctx))
	require.NoError(t, made("four"))

	require.NoError(t, s.Kill())
	require.NoError(t, standby.Promote(ctx))
	for _, table := range []string{"one", "two", "four"} {
		assert.Equal(t, "7", one(ctx, t, both, "SELECT n::text FROM "+table))
	}
	require.NoError(t, made("five"), "nobody is waited for any more")
}

// A server that is not meant to have one has no standby, and nothing is left of the
// attempt.
func TestNoStandby(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := pgtest.Start(ctx, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop()) }()
	_, err = s.Standby(ctx)
	require.ErrorContains(t, err, "pg_basebackup")
	require.Error(t, s.Promote(ctx), "it is no standby")
}

// A server that the environment names is used, in databases of our own; without one
// a private server is.
func TestFind(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, name := range []string{"CHARLA_POSTGRES", "PGHOST", "PGPORT", "PGSERVICE", "PGDATABASE", "PGUSER"} {
		t.Setenv(name, "")
	}
	private, stop, err := pgtest.Find(ctx)
	require.NoError(t, err)
	dsn, err := private.Create(ctx)
	require.NoError(t, err)
	config, err := pgx.ParseConfig(dsn)
	require.NoError(t, err)

	for name, value := range map[string]string{
		"CHARLA_POSTGRES": "postgres://postgres@/postgres?host=" + config.Host,
		"PGHOST":          config.Host,
	} {
		t.Setenv("PGUSER", "postgres")
		t.Setenv(name, value)
		found, nothing, err := pgtest.Find(ctx)
		require.NoError(t, err)
		dsn, err := found.Create(ctx)
		require.NoError(t, err)
		assert.Contains(t, one(ctx, t, dsn, "SELECT current_database()::text"), "charla_")
		conn, err := pgx.Connect(ctx, dsn)
		require.NoError(t, err)
		_, err = conn.Exec(ctx, "CREATE SCHEMA charla")
		require.NoError(t, err)
		require.NoError(t, conn.Close(ctx))
		require.NoError(t, found.Empty(ctx, dsn))
		assert.Equal(t, "0", one(ctx, t, dsn, "SELECT count(*)::text FROM pg_namespace WHERE nspname = 'charla'"))
		require.NoError(t, found.Drop(ctx, dsn))
		require.NoError(t, nothing())
		t.Setenv(name, "")
	}
	require.NoError(t, stop())
	_, err = pgx.Connect(ctx, dsn)
	require.Error(t, err)
}

// A server ends, and leaves nothing behind, when the process that started it is
// killed.
func TestOrphan(t *testing.T) {
	t.Parallel()
	if os.Getenv("CHARLA_PGTEST_ORPHAN") != "" {
		s, err := pgtest.Start(t.Context(), nil)
		require.NoError(t, err)
		os.Stdout.WriteString(s.Folder() + "\n")
		select {}
	}
	child := exec.Command(os.Args[0], "-test.run=^TestOrphan$")
	child.Env = append(os.Environ(), "CHARLA_PGTEST_ORPHAN=1")
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	folder, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	folder = strings.TrimSpace(folder)
	require.DirExists(t, folder)
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	require.Eventually(t, func() bool {
		_, err := os.Stat(folder)
		return errors.Is(err, os.ErrNotExist)
	}, time.Minute, 20*time.Millisecond)
}
