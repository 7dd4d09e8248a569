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
	// closed is told.
	closed func(*hosted)
}

func (h *hosted) Close() error {
	err := h.Store.Close()
	h.pool.Close()
	if err == nil && h.closed != nil {
		h.closed(h)
	}
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

// spare are databases that a suite no longer needs: emptying one is quicker than
// making one.
type spare struct {
	mu   sync.Mutex
	free []string
}

func (s *spare) put(h *hosted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, h.dsn)
}

func (s *spare) take(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	if len(s.free) == 0 {
		s.mu.Unlock()
		return database(t)
	}
	dsn := s.free[0]
	s.free = s.free[1:]
	s.mu.Unlock()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `DO $$ BEGIN
		EXECUTE (SELECT 'TRUNCATE ' || string_agg('charla.' || relname, ', ') FROM pg_class
			WHERE relnamespace = 'charla'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname NOT IN ('meta', 'migrations'));
		UPDATE charla.meta SET id = gen_random_uuid();
	END $$`)
	require.NoError(t, err)
	return dsn
}

func harness(o *postgres.Options) storagetest.Harness {
	var s spare
	return storagetest.Harness{
		Open: func(t *testing.T) storage.Store {
			h := host(t, s.take(t), o)
			h.closed = s.put
			return h
		},
		Reopen: func(t *testing.T, old storage.Store) storage.Store {
			h := old.(*hosted)
			h.closed = nil
			require.NoError(t, h.Close())
			again := host(t, h.dsn, nil)
			again.closed = s.put
			return again
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
