package postgres_test

import (
	"context"
	"sync"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// hosted is a store on a host's own pool, which it closes too.
type hosted struct {
	*postgres.Store
	dsn  string
	pool *pgxpool.Pool
	stop *stopper
}

func (h *hosted) Close() error {
	err := h.Store.Close()
	h.pool.Close()
	return err
}

// stopper stops the next COMMIT before it is sent.
type stopper struct {
	mu             sync.Mutex
	held, released chan struct{}
}

func (s *stopper) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	held, released := s.held, s.released
	if data.SQL == "COMMIT" {
		s.held = nil
	}
	s.mu.Unlock()
	if data.SQL == "COMMIT" && held != nil {
		close(held)
		<-released
	}
	return ctx
}

func (s *stopper) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *stopper) hold() (<-chan struct{}, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.released = make(chan struct{}), make(chan struct{})
	return s.held, sync.OnceFunc(func() { close(s.released) })
}

func host(t testing.TB, dsn string, o *postgres.Options) *hosted {
	t.Helper()
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(dsn)
	require.NoError(t, err)
	h := &hosted{dsn: dsn, stop: &stopper{}}
	config.MaxConns, config.ConnConfig.Tracer = 8, h.stop
	h.pool, err = pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	h.Store, err = postgres.New(ctx, h.pool, o)
	require.NoError(t, err)
	return h
}

func harness(o *postgres.Options) storagetest.Harness {
	return storagetest.Harness{
		Open: func(t *testing.T) storage.Store { return host(t, database(t), o) },
		Reopen: func(t *testing.T, s storage.Store) storage.Store {
			require.NoError(t, s.Close())
			return host(t, s.(*hosted).dsn, nil)
		},
		Hold: func(_ *testing.T, s storage.Store) (<-chan struct{}, func()) { return s.(*hosted).stop.hold() },
	}
}

// The whole contract, through a host's own pool, so that commits can be held. It is
// not parallel: it counts goroutines.
func TestConformance(t *testing.T) { storagetest.Run(t, harness(nil)) }

// The same statements do on a schema that is partitioned by account.
func TestPartitioned(t *testing.T) {
	storagetest.Run(t, harness(&postgres.Options{Partitions: 3}))
}
