package postgres_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// silence is a network to the server that can begin to lose everything, without a word.
type silence struct {
	net.Listener
	// lost says that it has begun, dead how many connections, the first ones, are lost
	// before that.
	lost atomic.Bool
	dead atomic.Int64
	made atomic.Int64
	over context.Context
}

func newSilence(t *testing.T) *silence {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	s := &silence{Listener: l, over: t.Context()}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			backend, err := net.Dial("unix", filepath.Join(server.Folder(), ".s.PGSQL.5432"))
			if err != nil {
				return
			}
			number := s.made.Add(1)
			lost := func([]byte) bool { return s.lost.Load() || number <= s.dead.Load() }
			for _, way := range [][2]net.Conn{{client, backend}, {backend, client}} {
				go func() {
					pump(way[0], way[1], lost)
					if lost(nil) {
						<-s.over.Done()
					}
					client.Close()
					backend.Close()
				}()
			}
		}
	}()
	return s
}

// elapse lets real time pass, by which the driver and the server go.
func elapse(d time.Duration) { <-time.NewTimer(d).C }

// dsn is a connection string for a database over the network.
func (s *silence) dsn(dsn string) string {
	address := s.Addr().(*net.TCPAddr)
	return fmt.Sprintf("%s host=%s port=%d", dsn, address.IP, address.Port)
}

// R8.4: with a network that loses everything no call takes much longer than the timeout,
// whether it waits for another or for the server.
func TestSilentNetwork(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	network := newSilence(t)
	dsn := database(t)
	b := &bundle{TB: t, ctx: t.Context(), dsn: dsn}
	b.Store = open(t, network.dsn(dsn), &postgres.Options{Timeout: timeout, Conns: 8})
	b.account = b.newAccount("Tienda")
	c := b.chat(b.account)
	c.says("hola")
	batch := c.next("otra")
	saved := b.account
	saved.Revision++
	id := b.account.ID
	calls := map[string]func(context.Context) error{
		"load": func(ctx context.Context) error {
			_, err := b.Conversations().Load(ctx, storage.LoadQuery{Account: id, Conversation: c.conv.ID})
			return err
		},
		"commit": func(ctx context.Context) error { return b.Conversations().Commit(ctx, batch) },
		"get":    func(ctx context.Context) error { _, err := b.Accounts().Get(ctx, id); return err },
		"save":   func(ctx context.Context) error { return b.Accounts().Save(ctx, saved) },
		"purge":  func(ctx context.Context) error { _, err := b.Accounts().Purge(ctx, id); return err },
		"list": func(ctx context.Context) error {
			_, err := b.Accounts().List(ctx, chatcfg.AccountID{}, true, 5)
			return err
		},
		"due": func(ctx context.Context) error {
			_, err := b.Conversations().ClaimDue(ctx, base, base, 5, nil)
			return err
		},
		"outbox": func(ctx context.Context) error {
			_, err := b.Outbox().Claim(ctx, base, base, 5, storage.Share{})
			return err
		},
		"settle": func(ctx context.Context) error {
			return b.Outbox().Settle(ctx, storage.Delivery{Account: id, Key: "key", State: storage.Sent})
		},
		"presence": func(ctx context.Context) error { return b.Presence().Put(ctx, id, tickets.Roster{Revision: 1}) },
		"changes":  func(ctx context.Context) error { _, err := b.Queries().Changes(ctx, id, "", 5); return err },
	}
	network.lost.Store(true)
	type outcome struct {
		name string
		took time.Duration
		err  error
	}
	outcomes := make(chan outcome, len(calls))
	for name, call := range calls {
		go func() {
			began := time.Now()
			err := call(t.Context())
			outcomes <- outcome{name, time.Since(began), err}
		}()
	}
	for range calls {
		select {
		case o := <-outcomes:
			require.Error(t, o.err, o.name)
			assert.Less(t, o.took, 8*timeout, o.name)
		case <-time.After(patience):
			require.FailNow(t, "a call hangs")
		}
	}
}

// When the network has lost the connections that are not in use, and makes others, calls
// find out before their own time is up.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	network := newSilence(t)
	b := &bundle{TB: t, ctx: t.Context(), dsn: database(t)}
	b.Store = open(t, network.dsn(b.dsn), &postgres.Options{Timeout: 20 * time.Second})
	b.account = b.newAccount("Tienda")
	c := b.chat(b.account)
	c.says("hola")
	b.loaded(c.conv.ID)
	elapse(1100 * time.Millisecond) // who was busy a moment ago is not asked
	network.dead.Store(network.made.Load())
	c.says("otra")
	require.Equal(t, int64(2), b.loaded(c.conv.ID).Conversation.LastSeq)
	_, err := b.Accounts().Get(b.ctx, b.account.ID)
	require.NoError(t, err)
}

// A listener finds out that its connection is dead.
func TestSilentListen(t *testing.T) {
	t.Parallel()
	network := newSilence(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := postgres.NewBroker(connect(t, network.dsn(database(t))))
	b.Quiet(100 * time.Millisecond)
	e := listen(ctx, t, b)
	for heard := range 3 { // silence alone is no reason
		elapse(300 * time.Millisecond)
		b.Publish([]byte{byte(heard)})
		require.Eventually(t, func() bool { return e.count() == heard+2 }, patience, tick)
	}
	network.lost.Store(true)
	select {
	case err := <-e.ended:
		var lost *postgres.Error
		require.ErrorAs(t, err, &lost)
	case <-time.After(patience):
		require.FailNow(t, "it listens to nobody")
	}
}

// The server notices soon that a process is gone, even in the middle of a transaction:
// over TCP it is told to ask. (Over a Unix socket it knows.)
func TestServerNotices(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	private, err := pgtest.Start(ctx, &pgtest.Options{Settings: map[string]string{"listen_addresses": "127.0.0.1", "port": strconv.Itoa(port)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, private.Stop()) })
	dsn := fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=postgres sslmode=disable", port)
	b := &bundle{TB: t, ctx: ctx, dsn: dsn, Store: open(t, dsn, nil)}
	run(ctx, t, dsn, "CREATE TABLE public.seen (how text)",
		`CREATE FUNCTION public.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.seen SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings
				WHERE name IN ('tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count', 'tcp_user_timeout');
			RETURN NULL; END $$`,
		"CREATE TRIGGER see AFTER INSERT ON charla.accounts EXECUTE FUNCTION public.see()",
		"CREATE TRIGGER see AFTER INSERT ON charla.conversations EXECUTE FUNCTION public.see()")
	b.chat(b.newAccount("Tienda")).says("hola")
	var all []string
	require.NoError(t, connect(t, dsn).QueryRow(ctx, "SELECT array_agg(how) FROM public.seen").Scan(&all))
	assert.Equal(t, []string{"4 10 5 30000", "4 10 5 30000"}, all)
}
