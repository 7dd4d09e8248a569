package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var _ charla.Broker = (*postgres.Broker)(nil)

// ear is what one listener has heard.
type ear struct {
	mu    sync.Mutex
	heard map[string]int
	ended chan error
}

func (e *ear) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.heard)
}

// listen listens until the test ends, and returns when it does.
func listen(ctx context.Context, t *testing.T, b *postgres.Broker) *ear {
	t.Helper()
	e := &ear{heard: map[string]int{}, ended: make(chan error, 1)}
	go func() {
		e.ended <- b.Listen(ctx, func(hint []byte) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.heard[string(hint)]++
		})
	}()
	require.Eventually(t, func() bool { // a listener does not say when it is ready
		b.Publish([]byte("listening"))
		return e.count() > 0
	}, patience, tick)
	return e
}

// Hints reach every process, whatever bytes they are, each at least once; those
// that wait are sent together, and none blocks.
func TestBroker(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	one, two := postgres.NewBroker(connect(t, dsn)), postgres.NewBroker(connect(t, dsn))
	first, second := listen(ctx, t, one), listen(ctx, t, two)

	hints := [][]byte{{0}, {0, 255, '\'', ' ', '\n'}, []byte("ñ"), bytes.Repeat([]byte{7}, 4096)}
	for i := range 1000 {
		hints = append(hints, fmt.Appendf(nil, "hint %d with some more bytes", i))
	}
	for _, hint := range hints {
		kept := bytes.Clone(hint)
		one.Publish(kept)
		one.Publish(kept)
		kept[0]++ // it is the broker's
	}
	one.Publish(nil)
	one.Publish(make([]byte, 4097))
	one.Wait()
	for _, e := range []*ear{first, second} {
		require.Eventually(t, func() bool {
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, hint := range hints {
				if e.heard[string(hint)] == 0 {
					return false
				}
			}
			return true
		}, patience, tick)
		e.mu.Lock()
		assert.Zero(t, e.heard[""])
		assert.Zero(t, e.heard[string(make([]byte, 4097))])
		e.mu.Unlock()
	}

	cancel()
	require.NoError(t, <-first.ended)
	require.NoError(t, <-second.ended)
	require.NoError(t, one.Listen(ctx, func([]byte) {}))
}

// deaf is a connection that brings no notification any more once it is told so, and
// is all right else.
type deaf struct {
	net.Conn
	now *atomic.Bool
}

func (d deaf) Read(b []byte) (int, error) {
	for {
		n, err := d.Conn.Read(b)
		if err != nil || b[0] != 'A' || !d.now.Load() {
			return n, err
		}
	}
}

// deafened is a broker that listened, and to which nothing comes any more.
func deafened(ctx context.Context, t *testing.T, dsn string) *postgres.Broker {
	t.Helper()
	var now atomic.Bool
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return deaf{conn, &now}, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	b := postgres.NewBroker(pool)
	e := listen(ctx, t, b)
	now.Store(true)
	b.Publish([]byte("nobody hears this"))
	t.Cleanup(func() {
		require.NoError(t, <-e.ended)
		assert.NotContains(t, e.heard, "nobody hears this")
	})
	return b
}

// R8.3, R4.5: hints only save time. A desk that gets none, since it has no broker or
// one that nothing comes to, follows what another desk writes, and does what falls
// due of it.
func TestBrokerSilent(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"none", "deaf", "closed"} {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			dsn := database(t)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			delayed := make(chan charla.Event, 1)
			o := charla.Options{
				Runner: charla.RunnerOptions{Poll: 50 * tick},
				Hooks: map[string]charla.Hook{"host": func(_ context.Context, e charla.Event) error {
					if e.Fact.Kind == tickets.FactDelayed {
						delayed <- e
					}
					return nil
				}},
			}
			switch broker {
			case "deaf":
				o.Broker = deafened(ctx, t, dsn)
			case "closed":
				pool := connect(t, dsn)
				pool.Close()
				o.Broker = postgres.NewBroker(pool)
			}
			reader, err := charla.New(open(t, dsn, nil), &o)
			require.NoError(t, err)
			ran := make(chan error)
			go func() { ran <- reader.Run(ctx) }()
			o.Broker = postgres.NewBroker(connect(t, dsn))
			writer, err := charla.New(open(t, dsn, nil), &o)
			require.NoError(t, err)

			cfg := chatcfg.Default(chatcfg.Spanish)
			cfg.Chat.Anonymous = true
			cfg.Quality.SLA = &chatcfg.Duration{Value: 1, Unit: "seconds"}
			account, _, err := writer.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
			require.NoError(t, err)
			customer, token, err := account.Enter(ctx, charla.Entry{Anonymous: true})
			require.NoError(t, err)
			write := func() charla.Result {
				r, err := customer.Write(ctx, "hola", nil)
				require.NoError(t, err)
				return r
			}
			last := write()
			for u, err := range reader.Account(account.ID()).Visitor(token).Live(ctx, 0, 0) {
				require.NoError(t, err)
				if u.Message == nil {
					continue
				}
				require.Equal(t, last.Seq, u.Message.Seq)
				if last.Seq == 3 {
					break
				}
				last = write()
			}
			// The writer has no runner.
			require.Equal(t, last.Ref, (<-delayed).Ref)
			cancel()
			require.ErrorIs(t, <-ran, context.Canceled)
		})
	}
}

// A connection that is lost ends Listen with an error, and the next one works.
func TestBrokerLost(t *testing.T) {
	t.Parallel()
	dsn := database(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	pool := connect(t, dsn)
	b := postgres.NewBroker(pool)
	e := listen(ctx, t, b)
	_, err := connect(t, dsn).Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	require.NoError(t, err)
	var lost *postgres.Error
	require.ErrorAs(t, <-e.ended, &lost)
	pool.Reset()
	listen(ctx, t, b)

	// Without a database Publish drops, at once.
	pool.Close()
	for i := range 10_000 {
		b.Publish(fmt.Appendf(nil, "%d", i))
	}
	b.Wait()
}
