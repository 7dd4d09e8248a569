package charla

import (
	"crypto/rand"
	"io"

	"github.com/benbjohnson/clock"
)

// The only place where the real time and the real chance come in.

func wallClock() Clock { return clock.New() }

func systemEntropy() io.Reader { return rand.Reader }
