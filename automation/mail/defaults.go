package mail

import (
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
)

// The only place where the real time comes in.

// wallClock returns the system's clock.
func wallClock() charla.Clock { return clock.New() }

// networkTime returns the system's time, which contexts and the deadlines of
// connections need.
func networkTime() time.Time { return time.Now() }
