package login

import (
	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
)

// The only place where the real time comes in.

// wallClock returns the system's clock.
func wallClock() charla.Clock { return clock.New() }
