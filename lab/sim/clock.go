package sim

import (
	"slices"
	"sync"
	"time"
)

// deskClock is one desk's clock: the world's, off by an offset that may change,
// backwards too. It implements charla.Clock.
type deskClock struct {
	w      *World
	offset time.Duration
	mu     sync.Mutex // two goroutines of a runner may read it on their way
	timers []timer
	// handed are the last instants it told, newest last; ahead is the latest ever.
	handed []time.Time
	ahead  time.Time
}

type timer struct {
	at    time.Time // on the world's clock: a timer counts steadily
	fired chan time.Time
}

// Now returns the desk's time, which its offset may put ahead of the world's or behind
// it.
func (c *deskClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.w.now.Add(c.offset)
	c.ahead = latest(c.ahead, now)
	if len(c.handed) == 0 || !c.handed[len(c.handed)-1].Equal(now) {
		c.handed = append(c.handed, now)
		if len(c.handed) > 512 {
			c.handed = slices.Delete(c.handed, 0, 256)
		}
	}
	return now
}

// After returns a channel that gets the time once the world's time has passed d.
func (c *deskClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := timer{c.w.now.Add(d), make(chan time.Time, 1)}
	c.timers = append(c.timers, t)
	return t.fired
}

// told reports whether the clock returned an instant lately.
func (c *deskClock) told(at time.Time) bool {
	return slices.ContainsFunc(c.handed, func(t time.Time) bool { return t.Truncate(time.Microsecond).Equal(at) })
}

// advance moves the world's time on and fires the timers that are due, one by one.
func (w *World) advance(d time.Duration) {
	if d <= 0 {
		return
	}
	w.now = w.now.Add(d)
	w.stats.Simulated += d
	w.logf("now %s", w.now.Format(time.RFC3339Nano))
	for _, d := range w.desks {
		due := d.clock.timers
		d.clock.timers = nil
		var fire []timer
		for _, t := range due {
			if t.at.After(w.now) {
				d.clock.timers = append(d.clock.timers, t)
			} else {
				fire = append(fire, t)
			}
		}
		for _, t := range fire {
			t.fired <- w.now.Add(d.clock.offset)
			w.settle()
		}
	}
}
