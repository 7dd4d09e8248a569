package postgres_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// private is a server of the test's own, and a database on it.
func private(ctx context.Context, t *testing.T, o *pgtest.Options) (s *pgtest.Server, dsn string) {
	t.Helper()
	s, err := pgtest.Start(ctx, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	dsn, err = s.Create(ctx)
	require.NoError(t, err)
	return s, dsn
}

func run(ctx context.Context, t *testing.T, dsn string, statements ...string) {
	t.Helper()
	pool := connect(t, dsn)
	for _, statement := range statements {
		_, err := pool.Exec(ctx, statement)
		require.NoError(t, err)
	}
}

// R8.1: a commit that no standby has confirmed within the timeout is not acknowledged:
// if the primary is lost now, it is gone. The server itself says of a wait that is
// cancelled that the transaction is committed.
func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	_, dsn := private(ctx, t, &pgtest.Options{Replicated: true})
	b := &bundle{TB: t, Store: open(t, dsn, &postgres.Options{Timeout: time.Second}), ctx: ctx, dsn: dsn}
	b.account = b.newAccount("Tienda")
	c := b.chat(b.account)
	c.says("hola")
	run(ctx, t, dsn, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
	pool := connect(t, dsn)
	require.Eventually(t, func() bool { // the server takes a moment
		soon, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		_, err := pool.Exec(soon, "CREATE TABLE IF NOT EXISTS waits(); DROP TABLE waits")
		return err != nil
	}, patience, tick)
	saved := b.account
	saved.Revision++
	batch := c.next("otra")
	again := storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID, Scope: batch.Receipt.Scope, Key: batch.Receipt.Key}
	repeat := func() error {
		_, err := b.Conversations().Load(ctx, again)
		return err
	}
	for what, err := range map[string]error{
		"a commit":   b.Conversations().Commit(ctx, batch),
		"a session":  b.Sessions().Create(ctx, tickets.Session{ID: c.conv.Session, Account: b.account.ID, Revision: 1}),
		"an account": b.Accounts().Save(ctx, saved),
	} {
		var e *postgres.Error
		if assert.ErrorAs(t, err, &e, what) {
			assert.True(t, e.Unknown, "%s: %v", what, e)
		}
	}
	require.Error(t, repeat(), "with the key it is not acknowledged, either")
	run(ctx, t, dsn, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
	require.Eventually(t, func() bool { return repeat() == nil }, patience, tick)
}

// switchboard is an address behind which there is now one server, now another.
type switchboard struct {
	net.Listener
	mu    sync.Mutex
	to    string
	conns []net.Conn
}

func newSwitchboard(t *testing.T, s *pgtest.Server) *switchboard {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &switchboard{Listener: l}
	b.lead(s)
	t.Cleanup(func() { l.Close(); b.cut() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			backend, err := net.Dial("unix", b.to)
			b.conns = append(b.conns, client)
			b.mu.Unlock()
			if err != nil {
				client.Close()
				continue
			}
			go func() { _, _ = io.Copy(client, backend); client.Close() }()
			go func() { _, _ = io.Copy(backend, client); backend.Close() }()
		}
	}()
	return b
}

// lead leads new connections to a server.
func (b *switchboard) lead(s *pgtest.Server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.to = filepath.Join(s.Folder(), ".s.PGSQL.5432")
}

// cut ends the connections there are.
func (b *switchboard) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		c.Close()
	}
	b.conns = nil
}

// R8.1: where an address leads to a standby, because it was moved too early, or to the
// wrong one, a change does nothing and says so; the connections are not kept, and it
// goes on as soon as the address leads to a primary.
func TestLedToStandby(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, dsn := private(ctx, t, &pgtest.Options{Replicated: true})
	standby, err := s.Standby(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, standby.Stop()) }()
	address := newSwitchboard(t, s)
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	config.ConnConfig.Host, config.ConnConfig.Port = "127.0.0.1", uint16(address.Addr().(*net.TCPAddr).Port)
	config.ConnConfig.Fallbacks, config.MaxConns = nil, 8
	pool, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	defer pool.Close()
	store, err := postgres.New(ctx, pool, nil)
	require.NoError(t, err)
	defer store.Close()
	b := &bundle{TB: t, Store: store, ctx: ctx, dsn: dsn}
	b.account = b.newAccount("Tienda")
	c := b.chat(b.account)
	c.says("hola")
	there := connect(t, dsn+" host="+standby.Folder())
	require.Eventually(t, func() bool { // it has it, but shows it a little later
		var n int
		return there.QueryRow(ctx, "SELECT count(*) FROM charla.messages").Scan(&n) == nil && n == 1
	}, patience, tick)

	address.lead(standby)
	address.cut()
	session := tickets.Session{ID: c.conv.Session, Account: b.account.ID, Revision: 1}
	batch := c.next("otra")
	for range 5 {
		require.ErrorIs(t, b.Conversations().Commit(ctx, batch), storage.ErrBusy)
		require.ErrorIs(t, b.Sessions().Create(ctx, session), storage.ErrBusy)
		require.ErrorIs(t, b.Accounts().Save(ctx, b.account), storage.ErrBusy)
		_, err := b.Conversations().ClaimDue(ctx, base, base, 10, nil)
		require.ErrorIs(t, err, storage.ErrBusy)
	}
	address.lead(s)
	require.NoError(t, b.Conversations().Commit(ctx, batch))
	require.NoError(t, b.Sessions().Create(ctx, session))
	require.Equal(t, c.conv, b.loaded(c.conv.ID).Conversation)
}

// burn uses up transactions that leave nothing behind.
const burn = "DO $$ BEGIN FOR i IN 1..200 LOOP PERFORM pg_current_xact_id(); ROLLBACK; END LOOP; END $$"

// A server that was killed gives the numbers of transactions that left nothing behind
// to others. The feed skips none of those.
func TestFeedAfterCrash(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, dsn := private(ctx, t, &pgtest.Options{Sync: true, Settings: map[string]string{"wal_writer_delay": "10s"}})
	b := &bundle{TB: t, Store: open(t, dsn, nil), ctx: ctx, dsn: dsn}
	b.account = b.newAccount("Tienda")
	one, two := b.chat(b.account), b.chat(b.account)
	one.says("hola")
	cursors := map[string]string{"from the beginning": "", "latest": storage.Latest}
	run(ctx, t, dsn, burn)
	for name, cursor := range cursors {
		page, err := b.Queries().Changes(ctx, b.account.ID, cursor, 0)
		require.NoError(t, err)
		cursors[name] = page.Next
	}
	require.NoError(t, s.Kill())
	require.NoError(t, s.Restart(ctx))
	require.Eventually(t, func() bool {
		_, err := b.Accounts().Get(ctx, b.account.ID)
		return err == nil
	}, patience, tick)
	two.says("hola")
	run(ctx, t, dsn, burn)
	for name, cursor := range cursors {
		page, err := b.Queries().Changes(ctx, b.account.ID, cursor, 0)
		require.NoError(t, err, name)
		require.Equal(t, []storage.Change{{Conversation: two.conv.ID, Version: 1}}, page.Items, name)
	}
}

// When a standby takes over, a feed begins anew: the transactions that its reader knows
// may not be those of the new primary.
func TestFeedAfterPromotion(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, dsn := private(ctx, t, &pgtest.Options{Replicated: true})
	standby, err := s.Standby(ctx)
	require.NoError(t, err)
	defer func() { require.NoError(t, standby.Stop()) }()
	b := &bundle{TB: t, Store: open(t, dsn+" host="+s.Folder()+","+standby.Folder()+" port=5432,5432 target_session_attrs=read-write", nil), ctx: ctx, dsn: dsn}
	b.account = b.newAccount("Tienda")
	c := b.chat(b.account)
	c.says("hola")
	page, err := b.Queries().Changes(ctx, b.account.ID, "", 0)
	require.NoError(t, err)
	require.NoError(t, s.Kill())
	require.NoError(t, standby.Promote(ctx))
	require.Eventually(t, func() bool {
		return b.Conversations().Commit(ctx, c.next("otra")) == nil
	}, patience, tick)
	_, err = b.Queries().Changes(ctx, b.account.ID, page.Next, 0)
	require.ErrorIs(t, err, storage.ErrCursor)
	page, err = b.Queries().Changes(ctx, b.account.ID, "", 0)
	require.NoError(t, err)
	require.Equal(t, []storage.Change{{Conversation: c.conv.ID, Version: 2}}, page.Items)
	again, err := b.Queries().Changes(ctx, b.account.ID, page.Next, 0)
	require.NoError(t, err)
	require.Empty(t, again.Items)
}
