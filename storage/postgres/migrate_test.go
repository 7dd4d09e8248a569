package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// and is the package's own migrations and one more.
func and(t *testing.T, name, script string) fs.FS {
	all := fstest.MapFS{name: &fstest.MapFile{Data: []byte(script)}}
	names, err := fs.Glob(postgres.Migrations(), "*.sql")
	require.NoError(t, err)
	for _, own := range names {
		data, err := fs.ReadFile(postgres.Migrations(), own)
		require.NoError(t, err)
		all[own] = &fstest.MapFile{Data: data}
	}
	return all
}

// A database of one schema becomes one of the next with everything in it, and
// older code then refuses it. A migration that fails half way leaves nothing.
func TestMigrate(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.chat(b.account).says("hola")
	require.NoError(t, b.Store.Close())
	pool := connect(t, b.dsn)
	name, gap := fmt.Sprintf("%04d_more.sql", postgres.Schema()+1), fmt.Sprintf("%04d_gap.sql", postgres.Schema()+2)

	broken := and(t, name, "ALTER TABLE charla.accounts ADD COLUMN more integer; INSERT INTO none VALUES (1);")
	require.ErrorContains(t, postgres.MigrateTo(b.ctx, pool, broken), name)
	again := open(t, b.dsn, nil)
	page, err := again.Queries().Tickets(b.ctx, storage.TicketQuery{Account: b.account.ID})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
	require.NoError(t, again.Close())

	require.ErrorContains(t, postgres.MigrateTo(b.ctx, pool, and(t, gap, "SELECT 1;")), "is not number")
	whole := and(t, name, "ALTER TABLE charla.accounts ADD COLUMN more integer;")
	require.NoError(t, postgres.MigrateTo(b.ctx, pool, whole))
	require.NoError(t, postgres.MigrateTo(b.ctx, pool, whole))
	assert.Equal(t, []string{"1"}, texts(t, pool, "SELECT count(*)::text FROM charla.accounts WHERE more IS NULL"))
	_, err = postgres.Open(b.ctx, b.dsn, nil)
	var newer *postgres.SchemaError
	require.ErrorAs(t, err, &newer)
	assert.Equal(t, postgres.SchemaError{Found: postgres.Schema() + 1, Known: postgres.Schema()}, *newer)
}

// A migration that meets a process whose transaction locks what it needs, and needs
// what it has locked, is tried again.
func TestMigrationCrossed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	more := and(t, fmt.Sprintf("%04d_more.sql", postgres.Schema()+1), `ALTER TABLE charla.accounts ADD COLUMN more integer;
		ALTER TABLE charla.tickets ADD COLUMN more integer;`)
	pool := connect(t, b.dsn)
	tx, err := pool.Begin(b.ctx)
	require.NoError(t, err)
	_, err = tx.Exec(b.ctx, "SET LOCAL deadlock_timeout = '1h'; LOCK TABLE charla.tickets IN ROW SHARE MODE")
	require.NoError(t, err)
	migrated := make(chan error, 1)
	go func() { migrated <- postgres.MigrateTo(b.ctx, pool, more) }()
	require.Eventually(t, func() bool {
		return texts(t, pool, "SELECT count(*)::text FROM pg_locks WHERE relation = 'charla.tickets'::regclass AND NOT granted")[0] == "1"
	}, time.Minute, time.Millisecond)
	_, err = tx.Exec(b.ctx, "SELECT FROM charla.accounts FOR SHARE") // it is not this one that is given up
	require.NoError(t, err)
	require.NoError(t, tx.Commit(b.ctx))
	require.NoError(t, <-migrated)
	assert.Equal(t, []string{"1"}, texts(t, pool, "SELECT count(*)::text FROM charla.accounts WHERE more IS NULL"))
}

// A database that many open at once for the first time is made once.
func TestOpenedAtOnce(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	errs := make([]error, 8)
	stores := make([]*postgres.Store, len(errs))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { stores[i], errs[i] = postgres.Open(context.Background(), dsn, &postgres.Options{Conns: 4}) })
	}
	wg.Wait()
	for i := range errs {
		require.NoError(t, errs[i])
		require.NoError(t, stores[i].Close())
		require.ErrorIs(t, stores[i].Close(), storage.ErrClosed)
	}
}

// A process that loses its connection while it makes the schema is told to try again,
// wherever that was, and then finds it or makes it.
func TestMigrationCut(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	address := p.Addr().(*net.TCPAddr)
	for _, fault := range []int32{dropAll, dropAnswer} {
		dsn := fmt.Sprintf("%s host=%s port=%d", database(t), address.IP, address.Port) // the last ones count
		cuts := p.cuts.Load()
		p.fault.Store(fault)
		_, err := postgres.Open(context.Background(), dsn, nil)
		require.Equal(t, cuts+1, p.cuts.Load())
		var e *postgres.Error
		require.ErrorAs(t, err, &e)
		require.ErrorIs(t, err, storage.ErrBusy)
		open(t, dsn, nil)
	}
}

// What cannot be used is refused, with a reason that a program can tell.
func TestRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	foreign := database(t)
	_, err := connect(t, foreign).Exec(ctx, "CREATE SCHEMA charla")
	require.NoError(t, err)
	_, err = postgres.Open(ctx, foreign, nil)
	require.ErrorIs(t, err, postgres.ErrForeign)

	dsn := database(t)
	_, err = postgres.Open(ctx, dsn+" options='-c synchronous_commit=off'", nil)
	require.ErrorIs(t, err, postgres.ErrAsync)
	_, err = postgres.Open(ctx, dsn+"no", nil)
	var e *postgres.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "3D000", e.Code)
	_, err = postgres.Open(ctx, "host=/nowhere", nil)
	require.ErrorAs(t, err, &e)
	_, err = postgres.Open(ctx, "=", nil)
	require.ErrorAs(t, err, &e)
	for _, mode := range []string{"simple_protocol", "exec"} {
		_, err = postgres.Open(ctx, dsn+" default_query_exec_mode="+mode, nil)
		require.ErrorContains(t, err, "query mode")
	}
	for _, o := range []postgres.Options{{Queue: -1}, {Timeout: 1}, {Partitions: 1001}} {
		_, err = postgres.Open(ctx, dsn, &o)
		require.Error(t, err)
	}
	require.NoError(t, open(t, dsn, nil).Close(), "what is right is not")
}

// A database whose data was moved to another server, where transactions are
// counted anew, begins its feeds anew: no cursor of before holds, nothing is
// missing, and what comes then is new.
func TestMoved(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.chat(b.account)
	c.says("hola")
	page, err := b.Queries().Changes(b.ctx, b.account.ID, "", 10)
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	require.NoError(t, b.Store.Close())
	_, err = connect(t, b.dsn).Exec(b.ctx, "UPDATE charla.conversations SET change = '999999999'; UPDATE charla.meta SET place = 'another'")
	require.NoError(t, err)

	again := open(t, b.dsn, nil)
	_, err = again.Queries().Changes(b.ctx, b.account.ID, page.Next, 10)
	require.ErrorIs(t, err, storage.ErrCursor)
	all, err := again.Queries().Changes(b.ctx, b.account.ID, "", 10)
	require.NoError(t, err)
	assert.Equal(t, []storage.Change{{Conversation: c.conv.ID, Version: 1}}, all.Items)
	require.NoError(t, again.Conversations().Commit(b.ctx, c.next("otra")))
	next, err := again.Queries().Changes(b.ctx, b.account.ID, all.Next, 10)
	require.NoError(t, err)
	assert.Equal(t, []storage.Change{{Conversation: c.conv.ID, Version: 2}}, next.Items)
	third := open(t, b.dsn, nil)
	_, err = third.Queries().Changes(b.ctx, b.account.ID, next.Next, 10)
	require.NoError(t, err, "it was moved once")
}

// A feed is not held up by a transaction that stays open, and a cursor that is
// ahead of the server is not of its history.
func TestFeedBesideOpenTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tx, err := connect(t, database(t)).Begin(b.ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback(b.ctx)) }()
	_, err = tx.Exec(b.ctx, "SELECT pg_current_xact_id()")
	require.NoError(t, err)
	cursor := ""
	for range 5 {
		c := b.chat(b.account)
		c.says("hola")
		page, err := b.Queries().Changes(b.ctx, b.account.ID, cursor, 10)
		require.NoError(t, err)
		assert.Equal(t, []storage.Change{{Conversation: c.conv.ID, Version: 1}}, page.Items)
		cursor = page.Next
	}
}

// Snapshots are read and written as PostgreSQL writes them, and nothing else is.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1:1:", "10:20:", "10:20:10", "10:20:10,14,19", "3:9223372036854775807:4"} {
		got, ok := postgres.Snapshot(text)
		assert.True(t, ok, text)
		assert.Equal(t, text, got)
	}
	for _, text := range []string{"", "1", "1:2", "0:1:", "2:1:", "1:2:3", "1:5:4,3", "1:5:3,3", "1:5:x", "1:9223372036854775808:", "1:2:1:", "-1:2:"} {
		_, ok := postgres.Snapshot(text)
		assert.False(t, ok, text)
	}
}

// A cursor that is not one of the feed's is ErrCursor, never a failure.
func FuzzFeedCursor(f *testing.F) {
	b := setup(f, nil)
	b.chat(b.account).says("hola")
	b.chat(b.account).says("hola")
	list := "changes " + b.account.ID.String()
	for _, limit := range []int{1, 5} {
		page, err := b.Queries().Changes(b.ctx, b.account.ID, "", limit)
		require.NoError(f, err)
		f.Add(page.Next)
	}
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, cursor string) {
		again, err := b.FeedCursor(list, cursor)
		if err != nil {
			require.ErrorIs(t, err, storage.ErrCursor)
			return
		}
		if cursor != "" {
			assert.Equal(t, cursor, again, "a cursor has one spelling")
		}
		_, err = b.Queries().Changes(b.ctx, b.account.ID, cursor, 2)
		if err != nil {
			require.ErrorIs(t, err, storage.ErrCursor)
		}
	})
}

// No password is told, however odd the connection string in which it stands.
func TestDiscreet(t *testing.T) {
	t.Parallel()
	for _, dsn := range []string{
		"host=db password=s3cret sslmode=odd",
		"host=db password = s3cret sslmode=odd",
		"host=db password='its \\' s3cret' sslmode=odd",
		"host=db password=its\\ s3cret sslmode=odd",
		"host=db PASSWORD=s3cret sslmode=odd",
		"host=db password='s3cret",
		"host=db password = s3cret pool_max_conns=odd",
		"postgres://charla:s3cret@db:odd/chat",
		"postgres://charla:s3cret@[::1/chat",
		"postgres://charla@db/chat?sslmode=odd&password=s3cret",
	} {
		_, err := postgres.Open(t.Context(), dsn, nil)
		require.Error(t, err, dsn)
		for ; err != nil; err = errors.Unwrap(err) {
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "s3cret", dsn)
		}
	}
}

// R8.1: commits wait for the disk even if somebody has switched that off since the store
// was opened.
func TestSwitchedOff(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	c := b.chat(b.account)
	c.says("hola")
	pool := connect(t, b.dsn)
	for _, statement := range []string{
		"ALTER DATABASE " + pgx.Identifier{pool.Config().ConnConfig.Database}.Sanitize() + " SET synchronous_commit = off",
		"CREATE TABLE public.seen (how text)",
		`CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$`,
		"CREATE TRIGGER see AFTER INSERT OR UPDATE ON charla.conversations EXECUTE FUNCTION public.see()",
		"CREATE TRIGGER see AFTER INSERT OR UPDATE ON charla.presence EXECUTE FUNCTION public.see()",
		// The store's connections are lost, and it makes others.
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
	} {
		_, err := pool.Exec(b.ctx, statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, b.Conversations().Commit(b.ctx, c.next("otra")))
	require.NoError(t, b.Presence().Put(b.ctx, b.account.ID, tickets.Roster{Revision: 1}))
	var all []string
	require.NoError(t, connect(t, b.dsn).QueryRow(b.ctx, "SELECT array_agg(DISTINCT how) FROM public.seen").Scan(&all))
	assert.Equal(t, []string{"on"}, all)
}
