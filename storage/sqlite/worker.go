package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/charlahq/charla/storage"
)

// groupSize is how many calls one transaction takes at most.
const groupSize = 64

// worker does calls on one connection. Callers queue up; the first one takes
// what waits, up to groupSize calls, into one transaction, does it for all of them
// and answers when it is over: for the worker that writes, when it is durable.
// There is no goroutine of its own to wait for.
type worker struct {
	conn *conn
	// writes says that the transactions write; reads that are alone need none.
	writes bool
	// files are the database's, for the worker that writes.
	files files
	queue chan *call
	// lead holds a token while nobody does the others' work.
	lead chan struct{}

	mu     sync.RWMutex // guards closed against an enqueue after close
	closed bool
}

// call is one piece of work that waits or is under way.
type call struct {
	// run checks and then writes. It may be run again after a rollback. An
	// error before the first write costs the others nothing.
	run   func(*conn) error
	state atomic.Int32
	err   error
	done  chan error
}

// The states of a call.
const (
	waiting int32 = iota
	taken
	dropped
)

// newWorker returns a worker on a connection; at most queue calls wait for it.
func newWorker(c *conn, writes bool, queue int) *worker {
	w := &worker{conn: c, writes: writes, queue: make(chan *call, queue), lead: make(chan struct{}, 1)}
	w.lead <- struct{}{}
	return w
}

// do runs a call in a transaction with others and returns its error. If ctx ends before
// the call has begun, do returns [storage.ErrBusy] and nothing happens; once it has begun,
// do waits for the outcome. It also fails with [ErrBusy] and [storage.ErrClosed].
func (w *worker) do(ctx context.Context, run func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return notDone(err)
	}
	c := &call{run: run, done: make(chan error, 1)}
	if err := w.enqueue(c); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-w.lead:
		defer func() { w.lead <- struct{}{} }()
		for len(c.done) == 0 {
			w.runGroup()
		}
		return <-c.done
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, dropped) {
			return notDone(ctx.Err())
		}
		return <-c.done
	}
}

// notDone returns a [storage.ErrBusy] that wraps the error of a call that did not
// begin.
func notDone(err error) error { return fmt.Errorf("%w: %w", storage.ErrBusy, err) }

// enqueue puts a call into the queue. It fails with [ErrBusy] if the queue is full, and
// with [storage.ErrClosed] once the worker is closed.
func (w *worker) enqueue(c *call) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return storage.ErrClosed
	}
	select {
	case w.queue <- c:
		return nil
	default:
		return ErrBusy
	}
}

// close refuses further calls, runs those that wait, and closes the connection. It must
// be called only once. It fails if closing the connection does.
func (w *worker) close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	<-w.lead
	for len(w.queue) > 0 {
		w.runGroup()
	}
	return w.conn.close()
}

// runGroup runs the calls that wait, up to groupSize of them, and answers each.
func (w *worker) runGroup() {
	var all [groupSize]*call
	group := take(w.gather(all[:0]))
	if len(group) == 0 || w.commit(group) {
		return
	}
	for i := range group {
		w.commit(group[i : i+1])
	}
}

// gather appends the calls that wait to group until it has groupSize of them or none
// waits, and returns it.
func (w *worker) gather(group []*call) []*call {
	for len(group) < groupSize {
		select {
		case c := <-w.queue:
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

// take marks calls as begun and returns them, without those whose context has ended.
func take(group []*call) []*call {
	kept := group[:0]
	for _, c := range group {
		if c.state.CompareAndSwap(waiting, taken) {
			kept = append(kept, c)
		}
	}
	return kept
}

// commit runs a group in one transaction, answers each call and returns true. If one of
// several calls fails after it has written, commit rolls everything back, answers none and
// returns false: the caller then commits each call by itself.
func (w *worker) commit(group []*call) bool {
	begin := "BEGIN"
	switch {
	case w.writes:
		begin = "BEGIN IMMEDIATE"
	case len(group) == 1:
		group[0].err = w.guard(group[0].run)
		answer(group, nil)
		return true
	}
	err := w.files.check()
	if err == nil {
		err = w.conn.plain("begin", begin)
	}
	if err != nil {
		// After a failed rollback a transaction may still be open.
		_ = w.conn.plain("rollback", "ROLLBACK")
		if errors.Is(err, ErrReplaced) {
			w.files.rescue(w.conn)
		}
		answer(group, err)
		return true
	}
	for _, c := range group {
		w.conn.touched = false
		c.err = w.guard(c.run)
		if c.err == nil || !w.conn.touched {
			continue
		}
		_ = w.conn.plain("rollback", "ROLLBACK")
		if len(group) > 1 {
			return false
		}
		answer(group, nil)
		return true
	}
	err = w.conn.plain("commit", "COMMIT")
	if err != nil {
		_ = w.conn.plain("rollback", "ROLLBACK")
		var e *Error
		if errors.As(err, &e) {
			e.Unknown = inDoubt(e.Code)
		}
	}
	answer(group, err)
	return true
}

// inDoubt reports whether a COMMIT that failed with a result code may have happened.
// It has not if it never got the lock, or found no room for its last page: a log is
// read up to its last whole transaction.
func inDoubt(code int) bool {
	switch code & 0xff {
	case codeBusy, codeLocked, codeFull:
		return false
	default:
		return true
	}
}

// answer sends each caller its call's own error, or else err.
func answer(group []*call, err error) {
	for _, c := range group {
		if c.err == nil {
			c.err = err
		}
		c.done <- c.err
	}
}

// guard calls run and returns its error, or an [*Error] if it panics; then the
// transaction counts as touched.
func (w *worker) guard(run func(*conn) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.conn.touched = true
			err = &Error{Op: "write", Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return run(w.conn)
}
