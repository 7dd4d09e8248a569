package postgres

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// groupSize is how many calls one transaction takes at most.
const groupSize = 64

// patience is how long callers wait for a place that is busy before they get
// another one.
const patience = 50 * time.Millisecond

// worker does calls together. Callers queue up; a caller that gets one of the worker's
// few places takes what waits, up to groupSize calls, and does it for all of them.
// There is no goroutine of its own to wait for.
//
// One place is enough while it is quick: many small groups cost more than they
// gain. The others are for full groups, and for when it is held up.
type worker[T any] struct {
	// do does calls together, sets the error of each, and panics never.
	do    func([]*call[T])
	queue chan *call[T]
	// lead holds the token of the place that anybody may take, if it is free;
	// spare those of all others.
	lead, spare chan struct{}
}

// call is one piece of work that waits or is under way.
type call[T any] struct {
	work  T
	state atomic.Int32
	err   error
	done  chan struct{}
}

// The states of a call.
const (
	waiting int32 = iota
	taken
	dropped
)

// newWorker returns a worker that does at most that many groups at a time, its places;
// at most queue calls wait for it.
func newWorker[T any](places, queue int, do func([]*call[T])) *worker[T] {
	w := &worker[T]{do: do, queue: make(chan *call[T], queue), lead: make(chan struct{}, 1), spare: make(chan struct{}, places-1)}
	w.lead <- struct{}{}
	for range places - 1 {
		w.spare <- struct{}{}
	}
	return w
}

// run does work in a group with others' and returns its error. If ctx ends before the
// work has begun, run fails with [storage.ErrBusy] and nothing happens; once it has
// begun, run waits for the outcome, which the store's timeout bounds. If the queue is
// full, run fails with [ErrBusy].
func (w *worker[T]) run(ctx context.Context, work T) error {
	c := &call[T]{work: work, done: make(chan struct{})}
	select {
	case w.queue <- c:
	default:
		return ErrBusy
	}
	if len(w.queue) >= groupSize {
		select {
		case <-w.spare:
			w.runGroup()
			w.free()
		default:
		}
	}
	lead := w.lead
	for {
		select {
		case <-c.done:
			return c.err
		default:
		}
		select {
		case <-c.done:
			return c.err
		case <-lead:
			if len(w.queue) < groupSize {
				runtime.Gosched() // who was woken with this caller comes along
			}
			stop := w.lendLater()
			if !w.runGroup() {
				lead = nil // another place has taken it up
			}
			stop()
			w.free()
		case <-ctx.Done():
			if c.state.CompareAndSwap(waiting, dropped) {
				return notDone(ctx.Err())
			}
			<-c.done
			return c.err
		}
	}
}

// lendLater frees a spare place for another group if stop is not called within
// [patience].
func (w *worker[T]) lendLater() (stop func()) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	enough := context.AfterFunc(ctx, func() {
		select {
		case <-w.spare:
			w.free()
		default:
		}
	})
	return func() { enough(); cancel() }
}

// free gives a place back: as lead if that is missing, else as spare.
func (w *worker[T]) free() {
	select {
	case w.lead <- struct{}{}:
	default:
		w.spare <- struct{}{}
	}
}

// runGroup does the calls that wait, up to groupSize of them, tells their callers, and
// reports whether there were any.
func (w *worker[T]) runGroup() bool {
	var all [groupSize]*call[T]
	group := all[:0]
	for len(group) < groupSize {
		select {
		case c := <-w.queue:
			if c.state.CompareAndSwap(waiting, taken) {
				group = append(group, c)
			}
			continue
		default:
		}
		break
	}
	if len(group) == 0 {
		return false
	}
	w.do(group)
	for _, c := range group {
		close(c.done)
	}
	return true
}
