package scenario

import (
	"sync"
	"time"
)

// clock is a [charla.Clock] that stands still until it is set.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	waiters []waiter
}

type waiter struct {
	until time.Time
	c     chan time.Time
}

// Now returns the time it was set to.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After returns a channel that gets the time once the clock has been set d further, at
// once if d is not positive.
func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := waiter{until: c.now.Add(d), c: make(chan time.Time, 1)}
	c.waiters = append(c.waiters, w)
	c.wake()
	return w.c
}

// set moves the clock to a time and wakes those who wait for that or an earlier one.
func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
	c.wake()
}

// wake sends the time to the waiters whose time has come. The caller holds mu.
func (c *clock) wake() {
	left := c.waiters[:0]
	for _, w := range c.waiters {
		if w.until.After(c.now) {
			left = append(left, w)
			continue
		}
		w.c <- c.now
	}
	c.waiters = left
}
