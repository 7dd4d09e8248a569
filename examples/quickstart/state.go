package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/charlahq/charla"
)

// state is what is remembered beside the database: what a browser keeps for its
// visitor, and how far the clock has been moved.
type state struct {
	// Account is whose session this is, and Token its secret.
	Account string `json:"account"`
	Token   string `json:"token"`
	// Ahead is how far the clock is ahead of the real one, in nanoseconds.
	Ahead time.Duration `json:"ahead"`
	// Last is the latest time that was shown: it never gets earlier again.
	Last time.Time `json:"last"`
}

// readState reads the file; one that is not there is the zero state.
func readState(file string) (state, error) {
	var s state
	body, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", file, err)
	}
	return s, nil
}

// write replaces the file in one step: a crash leaves the old one or the new one.
func (s state) write(file string) error {
	body, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.WriteFile(file+".new", append(body, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	return err
}

// movedClock is a clock that somebody moves forward.
type movedClock struct {
	charla.Clock
	mu    sync.Mutex
	ahead time.Duration
}

// Now returns the real time plus what it was moved by.
func (c *movedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Clock.Now().Add(c.ahead)
}

// moveTo moves the clock to a time, never back.
func (c *movedClock) moveTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = max(c.ahead, t.Sub(c.Clock.Now()))
}

// by returns how far the clock has been moved.
func (c *movedClock) by() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}
