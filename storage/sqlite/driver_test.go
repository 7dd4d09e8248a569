package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"

	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/require"
	modernc "modernc.org/sqlite"
)

// gate is a host's own driver: modernc's, with a hand on every BEGIN and COMMIT.
type gate struct {
	path string
	db   *sql.DB
	mu   sync.Mutex
	// next is called once, in place of the next COMMIT, which it may do.
	next func(commit func() error) error
	// refuse, if set, is the error of every BEGIN IMMEDIATE.
	refuse error
	// fail, if set, is asked before a statement is prepared or begun, and before each of its
	// rows and results; its error is in place of the driver's.
	fail func(query string) error
	// record, if set, is told of every statement.
	record func(query string, args []driver.NamedValue)
}

// open opens a store through the gate.
func (g *gate) open(t testing.TB) *sqlite.Store {
	g.db = sql.OpenDB(g)
	t.Cleanup(func() { g.db.Close() })
	s, err := sqlite.New(g.db, &sqlite.Options{Readers: 2})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// once sets what happens at the next COMMIT.
func (g *gate) once(next func(commit func() error) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next = next
}

// hold stops the next COMMIT until it is released.
func (g *gate) hold() (held <-chan struct{}, release func()) {
	stopped, released := make(chan struct{}), make(chan struct{})
	g.once(func(commit func() error) error {
		close(stopped)
		<-released
		return commit()
	})
	return stopped, sync.OnceFunc(func() { close(released) })
}

// begins sets the error of every BEGIN IMMEDIATE; nil: it is SQLite's own.
func (g *gate) begins(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refuse = err
}

func (g *gate) refused() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refuse
}

func (g *gate) failed(query string) error {
	if g.fail == nil {
		return nil
	}
	return g.fail(query)
}

func (g *gate) commit(do func() error) error {
	g.mu.Lock()
	next := g.next
	g.next = nil
	g.mu.Unlock()
	if next == nil {
		return do()
	}
	return next(do)
}

func (g *gate) Driver() driver.Driver { return &modernc.Driver{} }

func (g *gate) Connect(context.Context) (driver.Conn, error) {
	c, err := g.Driver().Open(g.path)
	return gateConn{c, g}, err
}

type gateConn struct {
	driver.Conn
	g *gate
}

func (c gateConn) Prepare(query string) (driver.Stmt, error) {
	if err := c.g.failed(query); err != nil {
		return nil, err
	}
	st, err := c.Conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	return gateStmt{st, c.g, query}, nil
}

type gateStmt struct {
	driver.Stmt
	g     *gate
	query string
}

func (s gateStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	s.told(args)
	if err := s.g.failed(s.query); err != nil {
		return nil, err
	}
	do := func() (err error) {
		r, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		return err
	}
	switch s.query {
	case "COMMIT":
		err = s.g.commit(do)
	case "BEGIN IMMEDIATE":
		if err = s.g.refused(); err == nil {
			err = do()
		}
	default:
		err = do()
	}
	return gateResult{r, s}, err
}

func (s gateStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.told(args)
	if err := s.g.failed(s.query); err != nil {
		return nil, err
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	return gateRows{rows, s}, err
}

func (s gateStmt) told(args []driver.NamedValue) {
	if s.g.record != nil {
		s.g.record(s.query, args)
	}
}

type gateRows struct {
	driver.Rows
	s gateStmt
}

func (r gateRows) Next(row []driver.Value) error {
	if err := r.s.g.failed(r.s.query); err != nil {
		return err
	}
	return r.Rows.Next(row)
}

type gateResult struct {
	driver.Result
	s gateStmt
}

func (r gateResult) LastInsertId() (int64, error) {
	if err := r.s.g.failed(r.s.query); err != nil {
		return 0, err
	}
	return r.Result.LastInsertId()
}

func (r gateResult) RowsAffected() (int64, error) {
	if err := r.s.g.failed(r.s.query); err != nil {
		return 0, err
	}
	return r.Result.RowsAffected()
}
