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

// writer is the one goroutine that writes. It takes what waits, up to groupSize
// calls, into one transaction and answers them when that is durable.
type writer struct {
	conn  *conn
	queue chan *call
	ended chan struct{}

	mu     sync.RWMutex // guards closed, and queue against a send after its close
	closed bool
}

// call is one change that waits or is under way.
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

func newWriter(c *conn, queue int) *writer {
	w := &writer{conn: c, queue: make(chan *call, queue), ended: make(chan struct{})}
	go w.loop()
	return w
}

// do has a change made and waits until it is durable. A context that ends before
// the change was taken up leaves nothing done; once it is taken up, do waits for
// the outcome, which is bounded by the busy timeout and the group.
func (w *writer) do(ctx context.Context, run func(*conn) error) error {
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
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, dropped) {
			return notDone(ctx.Err())
		}
		return <-c.done
	}
}

func notDone(err error) error { return fmt.Errorf("sqlite: nothing happened: %w", err) }

func (w *writer) enqueue(c *call) error {
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

// close does what waits already and ends the goroutine. It is called once.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	group := make([]*call, 0, groupSize)
	for first := range w.queue {
		group = append(group[:0], first)
		group = w.gather(group)
		group = take(group)
		if len(group) == 0 || w.commit(group) {
			continue
		}
		for i := range group {
			w.commit(group[i : i+1])
		}
	}
}

// gather adds what waits already.
func (w *writer) gather(group []*call) []*call {
	for len(group) < groupSize {
		select {
		case c, ok := <-w.queue:
			if !ok {
				return group
			}
			group = append(group, c)
		default:
			return group
		}
	}
	return group
}

// take leaves out the calls whose caller has gone.
func take(group []*call) []*call {
	kept := group[:0]
	for _, c := range group {
		if c.state.CompareAndSwap(waiting, taken) {
			kept = append(kept, c)
		}
	}
	return kept
}

// commit runs a group in one transaction and answers it. If one of several calls
// fails after it has written, it rolls everything back, answers nobody and
// returns false: then each is to be run by itself, so that none suffers from
// another.
func (w *writer) commit(group []*call) bool {
	if err := w.conn.plain("begin", "BEGIN IMMEDIATE"); err != nil {
		// After a failed rollback a transaction may still be open.
		_ = w.conn.plain("rollback", "ROLLBACK")
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
	err := w.conn.plain("commit", "COMMIT")
	if err != nil {
		_ = w.conn.plain("rollback", "ROLLBACK")
		var e *Error
		if errors.As(err, &e) {
			e.Unknown = true
		}
	}
	answer(group, err)
	return true
}

// answer tells each caller its own error, else the group's.
func answer(group []*call, err error) {
	for _, c := range group {
		if c.err == nil {
			c.err = err
		}
		c.done <- c.err
	}
}

// guard turns a panic into an error.
func (w *writer) guard(run func(*conn) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.conn.touched = true
			err = fmt.Errorf("sqlite: panic while writing: %v", p)
		}
	}()
	return run(w.conn)
}
