package sqlite

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/charlahq/charla/storage"
)

// readers are the connections that read. None of them ever waits for the writer.
type readers struct {
	free    chan *conn
	limit   int64
	waiting atomic.Int64
	closing chan struct{}
	closed  atomic.Bool
}

// newReaders returns readers for connections; at most limit calls wait for one.
func newReaders(conns []*conn, limit int) *readers {
	r := &readers{free: make(chan *conn, len(conns)), limit: int64(limit), closing: make(chan struct{})}
	for _, c := range conns {
		r.free <- c
	}
	return r
}

// do calls read with a connection that no other call has. Each statement sees one moment.
// do fails with read's error, the context's, [ErrBusy] or [storage.ErrClosed].
func (r *readers) do(ctx context.Context, read func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer func() { r.free <- c }()
	return read(c)
}

// snapshot is do where all statements together see one moment. It fails as do does, or if
// no transaction begins.
func (r *readers) snapshot(ctx context.Context, read func(*conn) error) error {
	return r.do(ctx, func(c *conn) error {
		if err := c.plain("begin", "BEGIN"); err != nil {
			return err
		}
		defer func() { _ = c.plain("rollback", "ROLLBACK") }()
		return read(c)
	})
}

// take returns a free connection, and waits for one if there is none. It fails with
// [storage.ErrClosed], with [ErrBusy] if too many calls wait, or with the context's
// error.
func (r *readers) take(ctx context.Context) (*conn, error) {
	if r.closed.Load() {
		return nil, storage.ErrClosed
	}
	select {
	case c := <-r.free:
		return c, nil
	default:
	}
	defer r.waiting.Add(-1)
	if r.waiting.Add(1) > r.limit {
		return nil, ErrBusy
	}
	select {
	case c := <-r.free:
		return c, nil
	case <-r.closing:
		return nil, storage.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close waits for every reader to finish and closes its connection. It is called once. It
// fails if closing a connection does.
func (r *readers) close() error {
	r.closed.Store(true)
	close(r.closing)
	var all error
	for range cap(r.free) {
		all = errors.Join(all, (<-r.free).close())
	}
	return all
}
