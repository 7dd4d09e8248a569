package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The faults of a proxy.
const (
	none int32 = iota
	// dropCommit cuts the connection instead of passing COMMIT on.
	dropCommit
	// dropAnswer passes COMMIT on and cuts the connection instead of the answer.
	dropAnswer
	// dropConfirm cuts the connection instead of preparing what a repeated call waits for.
	dropConfirm
	// dropAll cuts the connection at the next bytes from the server.
	dropAll
)

// proxy passes connections on to the server over TCP, and cuts them where it is
// told to. It is also the tracer that sees a COMMIT coming.
type proxy struct {
	net.Listener
	// next is the fault of the next commit, fault the one that is armed.
	next, fault atomic.Int32
	cuts        atomic.Int32
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{Listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(client)
		}
	}()
	return p
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	backend, err := net.Dial("unix", filepath.Join(server.Folder(), ".s.PGSQL.5432"))
	if err != nil {
		return
	}
	defer backend.Close()
	go func() {
		pump(client, backend, func(chunk []byte) bool {
			return bytes.HasSuffix(chunk, []byte("COMMIT\x00")) && p.cut(dropCommit) ||
				bytes.Contains(chunk, []byte("pg_logical_emit_message")) && p.cut(dropConfirm)
		})
		backend.Close()
		client.Close()
	}()
	pump(backend, client, func(chunk []byte) bool {
		return p.cut(dropAll) || bytes.Contains(chunk, []byte("COMMIT\x00")) && p.cut(dropAnswer)
	})
}

func (p *proxy) cut(fault int32) bool {
	if !p.fault.CompareAndSwap(fault, none) {
		return false
	}
	p.cuts.Add(1)
	return true
}

// pump copies until there is no more, or cut says so.
func pump(from, to net.Conn, cut func([]byte) bool) {
	chunk := make([]byte, 1<<20)
	for {
		n, err := from.Read(chunk)
		if err != nil || cut(chunk[:n]) {
			return
		}
		if _, err := to.Write(chunk[:n]); err != nil {
			return
		}
	}
}

func (p *proxy) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if data.SQL == "COMMIT" {
		p.fault.Store(p.next.Swap(none))
	}
	return ctx
}

func (p *proxy) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// through is a store whose connections go through a proxy.
func through(t *testing.T, p *proxy) *bundle {
	t.Helper()
	dsn := database(t)
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	address := p.Addr().(*net.TCPAddr)
	config.ConnConfig.Host, config.ConnConfig.Port = address.IP.String(), uint16(address.Port)
	config.ConnConfig.Fallbacks, config.ConnConfig.Tracer, config.MaxConns = nil, p, 8
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	s, err := postgres.New(context.Background(), pool, nil)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	b := &bundle{TB: t, Store: s, ctx: context.Background(), dsn: dsn}
	b.account = b.newAccount("Tienda")
	return b
}

// R8.1: a repeated call that does not get to know whether the first one is durable did
// nothing, and says so.
func TestCutAtConfirmation(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	b := through(t, p)
	c := b.chat(b.account)
	batch := c.next("hola")
	require.NoError(t, b.Conversations().Commit(b.ctx, batch))
	q := storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID, Scope: batch.Receipt.Scope, Key: batch.Receipt.Key}
	p.fault.Store(dropConfirm)
	_, err := b.Conversations().Load(b.ctx, q)
	require.ErrorIs(t, err, storage.ErrBusy)
	require.Equal(t, int32(1), p.cuts.Load())
	again, err := b.Conversations().Load(b.ctx, q)
	require.NoError(t, err)
	assert.NotNil(t, again.Receipt)
}

// R8.1: when the connection is lost at COMMIT, whether the server had it or not,
// the outcome is unknown and is said to be, to all of the group; and the store goes
// on.
func TestCutAtCommit(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	b := through(t, p)
	for fault, happened := range map[int32]bool{dropCommit: false, dropAnswer: true} {
		var chats []*chat
		var batches []*storage.Batch
		for range 5 {
			c := b.chat(b.account)
			chats = append(chats, c)
			batches = append(batches, c.next("hola"))
		}
		refused := b.chat(b.account).next("no")
		refused.Config = 7
		cuts := p.cuts.Load()
		p.next.Store(fault)
		errs := queued(t, b.Store, append(batches, refused)...)
		require.Equal(t, cuts+1, p.cuts.Load(), "the fault was there")
		require.ErrorIs(t, errs[5], storage.ErrConfigChanged, "what was refused is known to have done nothing")
		for i, c := range chats {
			var e *postgres.Error
			require.ErrorAs(t, errs[i], &e)
			assert.True(t, e.Unknown)
			require.NotErrorIs(t, errs[i], storage.ErrBusy)
			require.NotErrorIs(t, errs[i], storage.ErrConflict)
			stored := b.loaded(c.conv.ID).Conversation
			assert.Equal(t, happened, stored.Version == 1)
			if happened {
				require.ErrorIs(t, b.Conversations().Commit(b.ctx, batches[i]), storage.ErrConflict)
			} else {
				require.NoError(t, b.Conversations().Commit(b.ctx, batches[i]))
			}
		}
	}
}

// R8.1: when the connection is lost before COMMIT nothing happened, and the
// transaction is made again; a single statement whose answer is lost is unknown,
// and a read is read again.
func TestCutElsewhere(t *testing.T) {
	t.Parallel()
	p := newProxy(t)
	b := through(t, p)
	c := b.chat(b.account)
	for i := range 3 {
		p.fault.Store(dropAll)
		c.says("hola")
		require.Equal(t, int32(2*i+1), p.cuts.Load())
		p.fault.Store(dropAll)
		require.Equal(t, c.conv, b.loaded(c.conv.ID).Conversation)
		require.Equal(t, int32(2*i+2), p.cuts.Load())
	}
	unknown := 0
	for range 10 {
		s := tickets.Session{ID: tickets.SessionID{UUID: b.id()}, Account: b.account.ID, Revision: 1}
		p.fault.Store(dropAll)
		if err := b.Sessions().Create(b.ctx, s); err != nil { // else it was a new connection that was cut
			var e *postgres.Error
			require.ErrorAs(t, err, &e)
			require.True(t, e.Unknown)
			unknown++
			if again := b.Sessions().Create(b.ctx, s); again != nil {
				require.ErrorIs(t, again, storage.ErrExists)
			}
		}
		_, err := b.Sessions().Get(b.ctx, b.account.ID, s.ID)
		require.NoError(t, err)
	}
	assert.Positive(t, unknown)
}

// A server that does not answer holds nobody longer than the timeout.
func TestTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t, &postgres.Options{Timeout: time.Second})
	c := b.chat(b.account)
	c.says("hola")
	// Another process, which has stopped, holds the account.
	tx, err := connect(t, b.dsn).Begin(b.ctx)
	require.NoError(t, err)
	_, err = tx.Exec(b.ctx, "SELECT FROM charla.accounts FOR UPDATE")
	require.NoError(t, err)
	late := c.next("otra")
	err = b.Conversations().Commit(b.ctx, late)
	var e *postgres.Error
	require.ErrorAs(t, err, &e)
	require.False(t, e.Unknown)
	require.ErrorIs(t, err, storage.ErrBusy, "nothing happened")
	err = b.Sessions().Create(b.ctx, tickets.Session{ID: c.conv.Session, Account: b.account.ID, Revision: 1})
	require.ErrorIs(t, err, storage.ErrBusy, "nothing happened")
	require.NoError(t, tx.Rollback(b.ctx))
	require.NoError(t, b.Conversations().Commit(b.ctx, late))
}

// A process that stops in the middle of a transaction loses it, and holds nobody
// longer than its timeout.
func TestStoppedProcess(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	h := host(t, dsn, &postgres.Options{Timeout: time.Second})
	defer h.Close()
	stopped := &bundle{TB: t, Store: h.Store, ctx: context.Background(), dsn: dsn}
	stopped.account = stopped.newAccount("Tienda")
	c := stopped.chat(stopped.account)
	held, release := h.stop.hold()
	answer := make(chan error)
	batch := c.next("hola")
	go func() { answer <- h.Conversations().Commit(stopped.ctx, batch) }()
	<-held
	other := open(t, dsn, nil)
	require.NoError(t, other.Conversations().Commit(stopped.ctx, batch), "the server has given up the other's transaction")
	release()
	err := <-answer
	require.Error(t, err)
	var e *postgres.Error
	if errors.As(err, &e) && !e.Unknown {
		require.ErrorIs(t, err, storage.ErrBusy)
	}
	list, err := other.Queries().Messages(stopped.ctx, storage.MessageQuery{Account: stopped.account.ID, Conversation: c.conv.ID})
	require.NoError(t, err)
	assert.Len(t, list, 1)
}

// crashes is how often the server is killed.
func crashes() int {
	if os.Getenv("CHARLA_FULL") != "" {
		return 30
	}
	return 2
}

// R8.1, R4.5: a server that is killed under load and started again has everything
// that was acknowledged, and nothing of what was said not to have happened. The
// store goes on by itself.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	private, err := pgtest.Start(ctx, &pgtest.Options{Sync: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, private.Stop()) }()
	dsn, err := private.Create(ctx)
	require.NoError(t, err)
	b := &bundle{TB: t, Store: open(t, dsn, &postgres.Options{Timeout: 10 * time.Second}), ctx: ctx, dsn: dsn}
	b.account = b.newAccount("Tienda")

	const writers = 12
	chats := make([]*chat, writers)
	for i := range chats {
		chats[i] = b.chat(b.account)
	}
	unknown, busy := 0, 0
	for range crashes() {
		var acknowledged atomic.Int64
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i, c := range chats {
			wg.Go(func() {
				for errs[i] == nil {
					before := *c
					if errs[i] = b.Conversations().Commit(ctx, c.next("hola qué tal")); errs[i] == nil {
						acknowledged.Add(1)
					} else {
						*c = before
					}
				}
			})
		}
		require.Eventually(t, func() bool { return acknowledged.Load() >= 300 }, patience, tick)
		require.NoError(t, private.Kill())
		wg.Wait()
		require.NoError(t, private.Restart(ctx))
		for i, c := range chats {
			var e *postgres.Error
			require.ErrorAs(t, errs[i], &e, "%v", errs[i])
			var l storage.Loaded
			require.Eventually(t, func() bool {
				l, err = b.Conversations().Load(ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
				return err == nil
			}, patience, tick)
			if e.Unknown {
				unknown++
				require.Contains(t, []int64{c.conv.Version, c.conv.Version + 1}, l.Conversation.Version, "acknowledged, or one more")
			} else {
				busy++
				require.Equal(t, c.conv.Version, l.Conversation.Version, "it was said that nothing happened: %v", errs[i])
			}
			c.conv, c.tick = l.Conversation, l.Ticket
			var q storage.MessageQuery
			q.Account, q.Conversation = b.account.ID, c.conv.ID
			for q.After < c.conv.LastSeq {
				list, err := b.Queries().Messages(ctx, q)
				require.NoError(t, err)
				require.NotEmpty(t, list)
				for _, m := range list {
					q.After++
					require.Equal(t, q.After, m.Seq)
				}
			}
		}
	}
	t.Logf("%d outcomes unknown, %d known not to have happened", unknown, busy)
	total := 0
	for cursor := ""; ; {
		page, err := b.Outbox().List(ctx, b.account.ID, storage.Pending, cursor, 0)
		require.NoError(t, err)
		total += len(page.Items)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	sum := 0
	for _, c := range chats {
		sum += int(c.conv.LastSeq)
	}
	assert.Equal(t, sum, total, "a delivery for each message")
}
