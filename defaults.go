package charla

import (
	"crypto/rand"
	"io"

	"github.com/benbjohnson/clock"
)

// The only place where the real time and the real chance come in.

// wallClock returns the system's clock.
func wallClock() Clock { return clock.New() }

// systemEntropy returns the system's random bytes.
func systemEntropy() io.Reader { return rand.Reader }
