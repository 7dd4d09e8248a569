package webhook

import (
	"crypto/rand"
	"io"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
)

// The only place where the real time and the real chance come in.

// wallClock returns the system's clock.
func wallClock() charla.Clock { return clock.New() }

// systemEntropy returns the system's random bytes.
func systemEntropy() io.Reader { return rand.Reader }
