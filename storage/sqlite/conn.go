package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// conn is one connection of a database, with the statements that were prepared
// on it. It belongs to one goroutine at a time.
type conn struct {
	c     *sql.Conn
	stmts map[string]*sql.Stmt
	// touched says that something was written, or that something failed: the
	// transaction is no longer what it was.
	touched bool
}

// each runs a query and calls fn for every row, until fn fails. It fails with an
// [*Error] if the query or fn does; the connection then counts as touched.
func (c *conn) each(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) error {
	err := c.with(query, func(st *sql.Stmt) error {
		rows, err := st.QueryContext(ctx, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := fn(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		c.touched = true
	}
	return failed("read", err)
}

// eachSoon is each for a query that soon finds its next row, if there is one. It checks
// ctx at each row only: a driver that watches it starts two goroutines for each query,
// which can cost more than the query. It fails as each does, or with the context's error
// in an [*Error].
func (c *conn) eachSoon(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) error {
	return c.each(context.Background(), query, args, func(scan func(...any) error) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(scan)
	})
}

// one reads the row that a query finds into dest, and reports whether there was one. It
// fails as each does.
func (c *conn) one(query string, args []any, dest ...any) (bool, error) {
	found := false
	err := c.each(context.Background(), query, args, func(scan func(...any) error) error {
		found = true
		return scan(dest...)
	})
	return found, err
}

// exec runs a statement that writes. The transaction then counts as touched, even if it
// fails. exec fails with an [*Error] if the statement does.
func (c *conn) exec(query string, args ...any) (res sql.Result, err error) {
	c.touched = true
	err = c.with(query, func(st *sql.Stmt) error {
		res, err = st.ExecContext(context.Background(), args...)
		return err
	})
	return res, failed("write", err)
}

// insert is exec for a statement that inserts one row; it returns the row's number. It
// fails as exec does.
func (c *conn) insert(query string, args ...any) (int64, error) {
	res, err := c.exec(query, args...)
	if err != nil {
		return 0, err
	}
	key, err := res.LastInsertId()
	return key, failed("write", err)
}

// change is exec that returns how many rows it wrote. It fails as exec does.
func (c *conn) change(query string, args ...any) (int64, error) {
	res, err := c.exec(query, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return n, failed("write", err)
}

// plain runs a statement that begins or ends a transaction. It fails with an [*Error],
// in which op is what failed, if the statement does.
func (c *conn) plain(op, query string) error {
	return failed(op, c.with(query, func(st *sql.Stmt) error {
		_, err := st.ExecContext(context.Background())
		return err
	}))
}

// maxStatements bounds the statements kept on a connection; a list has as many
// as there are combinations of its conditions.
const maxStatements = 256

// with calls fn with a prepared statement. It prepares a query once and keeps the
// statement. It fails if the query cannot be prepared, or as fn does.
func (c *conn) with(query string, fn func(*sql.Stmt) error) error {
	if c.stmts[query] == nil {
		if len(c.stmts) >= maxStatements {
			c.closeStatements()
		}
		st, err := c.c.PrepareContext(context.Background(), query) //nolint:sqlclosecheck // closeStatements closes it
		if err != nil {
			return err
		}
		c.stmts[query] = st
	}
	return fn(c.stmts[query])
}

// closeStatements closes all prepared statements.
func (c *conn) closeStatements() {
	for query, st := range c.stmts {
		st.Close()
		delete(c.stmts, query)
	}
}

// close closes the statements and gives the connection back. It fails if the driver does.
func (c *conn) close() error {
	c.closeStatements()
	return c.c.Close()
}

// open takes a connection of the database and sets it up, for reading only if reader is
// true. It fails if there is no connection, or as setUp does.
func open(ctx context.Context, db *sql.DB, o Options, reader bool) (*conn, error) {
	raw, err := db.Conn(ctx)
	if err != nil {
		return nil, failed("open", err)
	}
	c := &conn{c: raw, stmts: map[string]*sql.Stmt{}}
	if err := c.setUp(ctx, o, reader); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// setUp sets the connection's pragmas. On the writer it also checks SQLite. It fails if
// a pragma does not take effect (SQLite itself ignores what it does not know or cannot
// do), and on the writer with [*VersionError] or [ErrNoFTS5].
func (c *conn) setUp(ctx context.Context, o Options, reader bool) error {
	synchronous := 2 // FULL: NORMAL can lose commits when the power goes
	if o.InsecureNoSync {
		synchronous = 0
	}
	queryOnly := 0
	if reader {
		queryOnly = 1
	}
	busy := o.BusyTimeout.Milliseconds()
	if err := c.pragma(ctx, "busy_timeout", busy, fmt.Sprint(busy)); err != nil {
		return err
	}
	if !reader {
		if err := c.checkSQLite(ctx); err != nil {
			return err
		}
	}
	if err := c.walMode(ctx); err != nil {
		return err
	}
	for _, p := range []struct {
		name  string
		value int
	}{
		{"synchronous", synchronous},
		{"foreign_keys", 1},
		{"wal_autocheckpoint", 16384},
		{"cache_size", -16384},
		{"trusted_schema", 0},
		{"query_only", queryOnly},
	} {
		if err := c.pragma(ctx, p.name, p.value, fmt.Sprint(p.value)); err != nil {
			return err
		}
	}
	return nil
}

// checkSQLite returns [*VersionError] if SQLite is too old and [ErrNoFTS5] if it has no
// full text search; else nil. It fails if it cannot ask SQLite.
func (c *conn) checkSQLite(ctx context.Context) error {
	var version string
	if err := c.c.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return failed("open", err)
	}
	if err := checkVersion(version); err != nil {
		return err
	}
	var n int
	if err := c.c.QueryRowContext(ctx, "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'").Scan(&n); err != nil {
		return failed("open", err)
	}
	if n == 0 {
		return ErrNoFTS5
	}
	return nil
}

// walMode turns WAL mode on. SQLite does not wait for the lock that this needs, so
// walMode waits by beginning a transaction, and tries ten times. It fails with the last
// attempt's error, at once if that is not SQLite's busy or locked.
func (c *conn) walMode(ctx context.Context) error {
	var err error
	for range 10 {
		if err = c.pragma(ctx, "journal_mode", "wal", "wal"); err == nil {
			return nil
		}
		if k := code(err) & 0xff; k != codeBusy && k != codeLocked {
			return err
		}
		if err := c.direct(ctx, "BEGIN IMMEDIATE"); err == nil {
			_ = c.direct(ctx, "ROLLBACK")
		}
	}
	return err
}

// pragma sets a pragma. It fails if the statement does, or if the pragma does not then
// read as want.
func (c *conn) pragma(ctx context.Context, name string, value any, want string) error {
	// Exec first: some drivers only run the first row of a query.
	if err := c.direct(ctx, fmt.Sprintf("PRAGMA %s = %v", name, value)); err != nil {
		return err
	}
	var got string
	if err := c.c.QueryRowContext(ctx, "PRAGMA "+name).Scan(&got); err != nil {
		return failed("open", err)
	}
	if got != want {
		return fmt.Errorf("sqlite: PRAGMA %s is %s, not %s: not a database file of its own?", name, got, want)
	}
	return nil
}

// direct runs a statement that is not worth preparing. It fails with an [*Error] if the
// statement does.
func (c *conn) direct(ctx context.Context, query string) error {
	_, err := c.c.ExecContext(ctx, query)
	return failed("open", err)
}
