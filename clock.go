package charla

import (
	"sync"
	"time"

	"github.com/charlahq/charla/tickets"
)

// deskTime is a desk's time: what its clock says, but for one that steps back behind an
// instant up to which it had gone on steadily. Such a clock is not believed for stepBack:
// the desk's time stands still meanwhile.
type deskTime struct {
	mu sync.Mutex
	// last is what the clock said last, jumped what it said after its last jump, and steady
	// what it said last when it had not jumped for settled.
	last, jumped, steady time.Time
	// stands is where the desk's time stands since the clock said since; zero: it goes on.
	stands, since time.Time
}

const (
	// stepBack is for how long a clock that stepped back is not believed.
	stepBack = 3 * time.Minute
	// settled is how long a clock must go on without a jump to be believed later.
	settled = 10 * time.Minute
)

// read returns the desk's time, given what its clock says.
func (t *deskTime) read(clock time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch back := tickets.Ahead(t.last, clock); {
	case back && tickets.Ahead(t.steady, clock):
		if t.since = clock; t.stands.IsZero() {
			t.stands = t.last
		}
	case back, tickets.Ahead(clock, t.last):
		t.jumped = clock
	case t.stands.IsZero() && clock.Sub(t.jumped) >= settled:
		t.steady = clock
	}
	t.last = clock
	switch {
	case t.stands.IsZero():
	case !tickets.Ahead(t.steady, clock):
		t.stands = time.Time{} // it is right again
	case clock.Sub(t.since) < stepBack:
		return t.stands
	default:
		t.stands, t.jumped, t.steady = time.Time{}, clock, clock
	}
	return clock
}

// jump returns what the clock said after its last jump.
func (t *deskTime) jump() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.jumped
}

// timeIn returns the time of a change of what was created and last changed at these
// instants: the desk's, or that of the last change if it is later, so that time does not
// go back. What a wrong clock dated does not count, unless it is the desk's own clock that
// is wrong, because it is behind the creation.
func (d *Desk) timeIn(created, last time.Time) time.Time {
	now := d.Now()
	if tickets.Ahead(last, now) && !tickets.Ahead(created, now) {
		return now
	}
	return later(now, last)
}
