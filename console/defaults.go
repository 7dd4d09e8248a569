package console

import (
	"crypto/rand"
	"time"
)

// The only place where the real time and the real chance come in.

// networkTime returns the operating system's time, for the deadlines of connections only;
// everything else goes by the desk's clock.
func networkTime() time.Time { return time.Now() }

// randomText returns 26 characters that hold at least 128 random bits.
func randomText() string { return rand.Text() }

// newTicker returns a ticker on the operating system's time, which wakes who writes a stream.
func newTicker(every time.Duration) *time.Ticker { return time.NewTicker(every) }
