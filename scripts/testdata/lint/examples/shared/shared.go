// Package shared is a program's.
package shared

import (
	"time"

	_ "github.com/stretchr/testify/require" // want depguard
)

// Now reads the clock, as a program may.
func Now() time.Time { return time.Now() }
