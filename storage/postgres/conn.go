package postgres

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"

	"github.com/charlahq/charla/storage"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// gate lets so many calls have a connection at a time, and so many more wait.
type gate struct {
	free    chan struct{}
	limit   int64
	waiting atomic.Int64
}

// newGate returns a gate with n places; at most limit calls wait for one.
func newGate(n, limit int) *gate {
	g := &gate{free: make(chan struct{}, n), limit: int64(limit)}
	for range n {
		g.free <- struct{}{}
	}
	return g
}

// pass waits for a place; leave gives it back. It fails with [ErrBusy] if too many
// calls wait, and with [storage.ErrBusy] if ctx ends first.
func (g *gate) pass(ctx context.Context) (leave func(), err error) {
	leave = func() { g.free <- struct{}{} }
	select {
	case <-g.free:
		return leave, nil
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.limit {
		return nil, ErrBusy
	}
	select {
	case <-g.free:
		return leave, nil
	case <-ctx.Done():
		return nil, notDone(ctx.Err())
	}
}

// with waits for a connection, calls fn with it as retry does, and returns its error.
// If ctx ends before, it does nothing and fails with [storage.ErrBusy]. It also fails
// with [ErrBusy] if too many calls wait, and [storage.ErrClosed].
func (s *Store) with(ctx context.Context, fn func(*pgxpool.Conn) error) error {
	leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	free, err := s.others.pass(ctx)
	if err != nil {
		return err
	}
	defer free()
	return s.retry(ctx, fn)
}

// retry calls fn with a connection, up to [attempts] times while it fails with an error
// that is retryable, and returns its last error; for errRace, [storage.ErrConflict]. It
// also fails as once does.
func (s *Store) retry(ctx context.Context, fn func(*pgxpool.Conn) error) (err error) {
	for range attempts {
		if err = s.once(ctx, fn); err == nil || !retryable(err) || ctx.Err() != nil {
			break
		}
	}
	if errors.Is(err, errRace) {
		return storage.ErrConflict // what it was based on changes all the time
	}
	return err
}

// once calls fn with a connection of the pool, and closes the connection if it is
// unusable afterwards. It fails as fn does, with an [*Error] if it cannot connect, or
// with [storage.ErrBusy] if ctx or the timeout ends before it has a connection.
func (s *Store) once(ctx context.Context, fn func(*pgxpool.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	c, err := s.pool.Acquire(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return notDone(err)
	default:
		return failed("connect", err)
	}
	defer c.Release()
	registerColumns(c.Conn().TypeMap())
	err = fn(c)
	if unusable(code(err)) {
		_ = c.Conn().Close(ctx)
	}
	return err
}

// each runs a query that changes nothing and calls fn for every row, until fn fails. It
// takes no longer than the timeout. A text in args that cannot be stored finds no rows.
// each fails with fn's error, an [*Error] of the query, or as with does.
func (s *Store) each(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) error {
	return s.with(ctx, func(c *pgxpool.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		defer cancel()
		rows, err := c.Query(ctx, query, args...)
		if err != nil {
			return failed("read", err)
		}
		defer rows.Close()
		began := false
		for rows.Next() {
			began = true
			if err := fn(rows.Scan); err != nil {
				return err
			}
		}
		switch err := rows.Err(); {
		case err == nil:
		case unstorable[code(err)] && !began:
			return nil // no text that is stored is equal to it
		default:
			return &Error{Op: "read", Code: code(err), Err: err, final: began}
		}
		return nil
	})
}

// unstorable are the SQLSTATEs for texts that cannot be stored: not UTF-8, or with NUL.
var unstorable = map[string]bool{"22021": true, "22P05": true}

// one reads the row that a query finds into dest, and reports whether there was one. It
// fails as each does.
func (s *Store) one(ctx context.Context, query string, args []any, dest ...any) (bool, error) {
	found := false
	err := s.each(ctx, query, args, func(scan func(...any) error) error {
		found = true
		return scan(dest...)
	})
	return found, err
}

// settings bounds what a transaction may wait for, locks and a caller that is gone. It
// is durable even if somebody has switched that off since the store was opened.
const settings = `SELECT set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true),
	CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END`

// limits returns the value of both time limits in settings: three quarters of the timeout,
// so that the server can still report that it gave up.
func (s *Store) limits() string { return strconv.FormatInt(s.timeout.Milliseconds()*3/4, 10) }

// change runs one statement that changes something, in a transaction of its own and one
// round trip, and calls fn for every row that it returns. Once it was sent, the caller's
// context no longer matters: its outcome takes no longer than the timeout. It fails as
// with does, or with an [*Error] of the statement, which is Unknown if the statement may
// have been committed.
func (s *Store) change(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) error {
	return s.with(ctx, func(c *pgxpool.Conn) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		defer cancel()
		var b pgx.Batch
		b.Queue(settings, s.limits())
		b.Queue(query, args...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if err := fn(rows.Scan); err != nil {
					return err
				}
			}
			return rows.Err()
		})
		return changed("write", confirmed(ctx, c.SendBatch(ctx, &b).Close()))
	})
}

// confirmed returns the error of a statement that ended a transaction, or ctx's error if
// there is none. Once ctx has ended, success does not count: the driver may have cancelled
// the wait for a standby, and the server then reports a commit that no standby has.
func confirmed(ctx context.Context, err error) error {
	if err == nil {
		err = ctx.Err()
	}
	return err
}

// confirm commits an empty message to the log, so that what was read before is durable
// when it returns nil: a server that waits for a standby shows a commit whose wait was
// cut short before the standby has it. It fails as change does, but never as Unknown:
// the read may be repeated.
func (s *Store) confirm(ctx context.Context) error {
	err := s.change(ctx, "SELECT pg_logical_emit_message(true, 'charla', '')", nil, func(func(...any) error) error { return nil })
	var e *Error
	if errors.As(err, &e) && e.Unknown {
		// It changes nothing that anybody sees: a load that did not get to know may be
		// tried again.
		return &Error{Op: "read", Err: e.Err}
	}
	return err
}

// tx is a transaction of several steps.
type tx struct {
	c   *pgxpool.Conn
	ctx context.Context //nolint:containedctx // it ends with the transaction
}

// begin starts a transaction and runs its first statements, which lock and read, in one
// round trip. If it fails, with an [*Error], no transaction is open.
func (s *Store) begin(ctx context.Context, c *pgxpool.Conn, queue func(*pgx.Batch)) (*tx, error) {
	var b pgx.Batch
	b.Queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
	b.Queue(settings, s.limits())
	queue(&b)
	t := &tx{c, ctx}
	if err := t.run(&b); err != nil {
		t.rollback()
		return nil, err
	}
	return t, nil
}

// run runs statements in one round trip. It fails with an [*Error] if one of them does,
// and then does not roll back.
func (t *tx) run(b *pgx.Batch) error {
	return failed("write", t.c.SendBatch(t.ctx, b).Close())
}

// commit makes the transaction durable. If it fails, with an [*Error], the outcome may
// be unknown ([Error].Unknown), and the transaction is over.
func (t *tx) commit() error {
	tag, err := t.c.Exec(t.ctx, "COMMIT")
	if err == nil && tag.String() == "ROLLBACK" {
		err = pgx.ErrTxCommitRollback
	} else {
		err = confirmed(t.ctx, err)
	}
	if err != nil {
		err = changed("commit", err)
		t.rollback()
	}
	return err
}

// rollback rolls the transaction back; if that fails, it closes the connection.
func (t *tx) rollback() {
	if _, err := t.c.Exec(t.ctx, "ROLLBACK"); err != nil {
		_ = t.c.Conn().Close(t.ctx)
	}
}

// transact is change for two steps: first queues statements that lock and read; then
// queues statements that write, or returns an error, which rolls back. Both may be called
// again. transact fails with the error of then, or as change does.
func (s *Store) transact(ctx context.Context, first func(*pgx.Batch), then func(*pgx.Batch) error) error {
	return s.with(ctx, func(c *pgxpool.Conn) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		defer cancel()
		t, err := s.begin(ctx, c, first)
		if err != nil {
			return err
		}
		var b pgx.Batch
		if err := then(&b); err != nil {
			t.rollback()
			return err
		}
		if b.Len() > 0 {
			if err := t.run(&b); err != nil {
				t.rollback()
				return err
			}
		}
		return t.commit()
	})
}
