package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
)

// MinVersion is the oldest major version of PostgreSQL that is accepted.
const MinVersion = 14

// Options tune a store. The zero value, and nil, mean the defaults.
type Options struct {
	// Conns is how many connections [Open] takes, at least 4; zero: what the
	// connection string says in pool_max_conns, at least 8. Two commit, one loads what
	// changes are decided on, the rest does everything else. [New] does not look at
	// it: its pool's MaxConns counts, which has to be at least 4. (It is 4 by default
	// on up to four cores: set it.)
	Conns int
	// Queue is how many calls may wait for each of these three before further
	// ones get [ErrBusy]; zero: 4096.
	Queue int
	// Timeout bounds a transaction and how long it waits for locks, and how long a
	// read may take; zero: 30 seconds. At least a second.
	Timeout time.Duration
	// Partitions, where the schema is created, divides all tables but the
	// accounts' own by a hash of the account into so many; zero: not. It is not
	// looked at later. At most 1000.
	Partitions int
}

// orDefaults returns the options with defaults for what is zero; o may be nil. The error
// names everything that is out of range.
func (o *Options) orDefaults() (Options, error) {
	var got Options
	if o != nil {
		got = *o
	}
	if got.Queue == 0 {
		got.Queue = 4096
	}
	if got.Timeout == 0 {
		got.Timeout = 30 * time.Second
	}
	var errs []error
	if got.Conns < 0 || got.Conns > 0 && got.Conns < minConns {
		errs = append(errs, fmt.Errorf("postgres: Conns is %d; a store needs %d", got.Conns, minConns))
	}
	if got.Queue < 0 {
		errs = append(errs, fmt.Errorf("postgres: Queue is %d, below zero", got.Queue))
	}
	if got.Timeout < time.Second {
		errs = append(errs, fmt.Errorf("postgres: Timeout is %v, below a second", got.Timeout))
	}
	if got.Partitions < 0 || got.Partitions > maxPartitions {
		errs = append(errs, fmt.Errorf("postgres: Partitions is %d, not from 0 to %d", got.Partitions, maxPartitions))
	}
	return got, errors.Join(errs...)
}

// pingTimeout is how long a connection that was idle has to show that it is not dead,
// unless the connection string says so in pool_ping_timeout: after a network has lost all
// of them, calls should not find out one after the other, each by its own timeout.
const pingTimeout = 2 * time.Second

// The connections that a store uses at a time.
const (
	committers = 2
	loaders    = 1
	minConns   = committers + loaders + 1
)

// maxPartitions bounds [Options.Partitions].
const maxPartitions = 1000

// Store is a [storage.Store] in one PostgreSQL database. It is safe for concurrent
// use, and any number of processes may have one on the same database.
type Store struct {
	pool *pgxpool.Pool
	// owned says that Open made the pool.
	owned   bool
	timeout time.Duration
	// commits and loads gather calls; others does everything else.
	commits *worker[*batch]
	loads   *worker[*load]
	others  *gate
	known   known
	horizon horizon
	// id is the database's: cursors are bound to it.
	id [16]byte

	mu     sync.RWMutex // guards closed against a call after Close
	closed bool
	calls  sync.WaitGroup
}

var _ storage.Store = (*Store)(nil)

// Open connects to a database by a connection string, a URL or key=value pairs as
// libpq knows them, with the PG* environment variables where it says nothing. It
// brings the schema up to date, if it is not; a role that may not do that gets
// [ErrNotMigrated] ([Migrate]). The server has to be there: if it is not, the error
// is also [storage.ErrBusy], after the connect_timeout of the connection string, if it
// has one, or when ctx ends. The errors include [*VersionError], [*SchemaError],
// [ErrForeign], [ErrAsync] and [ErrPooler].
func Open(ctx context.Context, dsn string, o *Options) (*Store, error) {
	pool, err := NewPool(ctx, dsn, o)
	if err != nil {
		return nil, err
	}
	s, err := New(ctx, pool, o)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.owned = true
	return s, nil
}

// NewPool makes the pool that [Open] has, for a host that also needs it for a [Broker] or
// for itself. Of the options it uses only Conns. Within half a minute, the server ends a
// connection that the network has lost; the pool tests one that was idle before it hands
// it out. NewPool does not connect yet. It fails if any option is not valid, or if dsn
// cannot be read.
func NewPool(ctx context.Context, dsn string, o *Options) (*pgxpool.Pool, error) {
	opts, err := o.orDefaults()
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, failed("open", hideDSN(err))
	}
	config.MaxConns = max(config.MaxConns, 8)
	if opts.Conns > 0 {
		config.MaxConns = int32(min(opts.Conns, 1<<20))
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "charla"
	}
	if config.PingTimeout == 0 {
		config.PingTimeout = pingTimeout
	}
	config.AfterConnect = setKeepalives
	// A read that is given up is cancelled, and its connection kept.
	config.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: time.Second}
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, failed("open", err)
	}
	return pool, nil
}

// setKeepalives makes the server notice within half a minute, not hours, that this
// process or the network is gone. It may be in the middle of a transaction whose rest
// did not get there: then it waits for that, with its locks, and none of its own limits
// holds. It is no error if the server does not know these settings; it fails if the
// connection does.
func setKeepalives(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4; SET tcp_user_timeout = 30000",
		pgx.QueryExecModeSimpleProtocol)
	if code(err) != "" && !c.IsClosed() {
		return nil
	}
	return err
}

// hideDSN returns an error about a connection string without that string: the driver
// does not hide every password in one that it cannot read. Other errors stay as they
// are.
func hideDSN(err error) error {
	var e *pgconn.ParseConfigError
	if !errors.As(err, &e) {
		return err
	}
	without := *e
	without.ConnString = "…"
	return &without
}

// New builds a store on a host's own pool of connections, which it shares. Close leaves
// the pool open. It fails for a pool with too few connections, or in a query mode that
// learns no types from the server (simple protocol, exec), and else as [Open] does.
func New(ctx context.Context, pool *pgxpool.Pool, o *Options) (*Store, error) {
	opts, err := o.orDefaults()
	if err != nil {
		return nil, err
	}
	if pool == nil {
		return nil, errors.New("postgres: no pool")
	}
	conns := int(pool.Config().MaxConns)
	if conns < minConns {
		return nil, fmt.Errorf("postgres: the pool allows %d connections, the store needs %d", conns, minConns)
	}
	switch mode := pool.Config().ConnConfig.DefaultQueryExecMode; mode {
	case pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol:
		return nil, fmt.Errorf("postgres: the pool's query mode is %q, which does not tell parameters' types", mode)
	default:
	}
	if err := checkPooler(ctx, pool); err != nil {
		return nil, err
	}
	s := &Store{pool: pool, timeout: opts.Timeout, horizon: horizon{every: sweep, low: math.MinInt64}}
	if s.id, err = prepare(ctx, pool, opts.Partitions); err != nil {
		return nil, err
	}
	s.commits = newWorker(committers, opts.Queue, s.commit)
	s.loads = newWorker(loaders, opts.Queue, s.load)
	s.others = newGate(conns-committers-loaders, opts.Queue)
	return s, nil
}

// Migrate brings a database's schema up to date, as [Open] does, and does nothing else:
// for a host whose processes come as a role that only reads and writes rows. It is called
// as the role that owns the schema, or may create it, before processes of a newer version
// start; a database that is up to date stays as it is. Nothing but Partitions matters of
// the options. Errors are those of [Open].
func Migrate(ctx context.Context, dsn string, o *Options) error {
	pool, err := NewPool(ctx, dsn, o)
	if err != nil {
		return err
	}
	defer pool.Close()
	opts, err := o.orDefaults()
	if err != nil {
		return err
	}
	_, err = prepare(ctx, pool, opts.Partitions)
	return err
}

// prepare checks the server, brings the schema up to date and returns the database's ID.
// It fails if it cannot connect, as check does, or as migrate does.
func prepare(ctx context.Context, pool *pgxpool.Pool, partitions int) (id [16]byte, err error) {
	c, err := pool.Acquire(ctx)
	if err != nil {
		return id, failed("open", err)
	}
	defer c.Release()
	if err := check(ctx, c.Conn()); err != nil {
		return id, err
	}
	return migrate(ctx, c.Conn(), migrations, partitions)
}

// check returns [*VersionError] if the server is too old, [ErrAsync] if it acknowledges
// commits before they are durable, and an error if its texts are not UTF-8 or it cannot
// be asked; else nil.
func check(ctx context.Context, c *pgx.Conn) error {
	var number int
	var version, encoding, sync string
	err := c.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('server_encoding'), current_setting('synchronous_commit')`).Scan(&number, &version, &encoding, &sync)
	switch {
	case err != nil:
		return failed("open", err)
	case number < MinVersion*10000:
		return &VersionError{Version: version}
	case encoding != "UTF8":
		return fmt.Errorf("postgres: the database's encoding is %s, not UTF8", encoding)
	case sync == "off":
		return ErrAsync
	}
	return nil
}

// enter counts a call as under way, for Close to wait for; leave ends it. It fails with
// [storage.ErrClosed], and with [storage.ErrBusy] if ctx has ended.
func (s *Store) enter(ctx context.Context) (leave func(), err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, storage.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, notDone(err)
	}
	s.calls.Add(1)
	return s.calls.Done, nil
}

// Close waits for what is under way, does what waits already, and closes the
// connections, unless the pool is the host's. Calls after it fail with
// [storage.ErrClosed], a second Close too; else it does not fail.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return storage.ErrClosed
	}
	s.closed = true
	s.mu.Unlock()
	s.calls.Wait()
	if s.owned {
		s.pool.Close()
	}
	return nil
}

// Accounts returns the part that keeps accounts.
func (s *Store) Accounts() storage.Accounts { return accounts{s} }

// Conversations returns the part that loads and commits.
func (s *Store) Conversations() storage.Conversations { return conversations{s} }

// Outbox returns the part that keeps what leaves the system.
func (s *Store) Outbox() storage.Outbox { return outbox{s} }

// Presence returns the part that keeps who is available.
func (s *Store) Presence() storage.Presence { return presence{s} }

// Sessions returns the part that keeps visitors' sessions.
func (s *Store) Sessions() storage.Sessions { return sessions{s} }

// Contacts returns the part that keeps contact forms.
func (s *Store) Contacts() storage.Contacts { return contacts{s} }

// Queries returns the part that reads for people.
func (s *Store) Queries() storage.Queries { return queries{s} }
