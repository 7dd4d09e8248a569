package webhook

import (
	"crypto/rand"
	"io"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
)

// The only place where the real time and the real chance come in.

func wallClock() charla.Clock { return clock.New() }

func systemEntropy() io.Reader { return rand.Reader }
