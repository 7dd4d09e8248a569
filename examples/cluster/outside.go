package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/charlahq/charla"
)

// speed is how much faster the processes' clock goes than the real one.
const speed = 60

// fastClock is the same in every process, and goes on over restarts.
type fastClock struct{ epoch time.Time }

// Now returns the time, which passes speed times as fast since the epoch.
func (c fastClock) Now() time.Time { return c.epoch.Add(time.Since(c.epoch) * speed) }

// After waits for d on the fast clock.
func (c fastClock) After(d time.Duration) <-chan time.Time { return time.After(d / speed) }

// mailFile is a mailer that appends a line for each e-mail to a file: what was sent
// cannot be taken back, and is still there when the process is killed.
type mailFile string

// Send appends the mail's key to the file. It fails with [charla.ErrNotSent] where it
// is certain that nothing was written, so that charla tries again.
func (f mailFile) Send(_ context.Context, m charla.Mail) error {
	file, err := os.OpenFile(string(f), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("%w: %w", charla.ErrNotSent, err)
	}
	defer file.Close()
	_, err = fmt.Fprintln(file, m.Key)
	return err
}
