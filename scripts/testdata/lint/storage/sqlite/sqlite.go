// Package sqlite breaks rules in a module of its own.
package sqlite

import (
	"time"

	_ "github.com/charlahq/charla/storage"
	_ "github.com/charlahq/charla/widget" // want depguard
	_ "modernc.org/sqlite"
)

// Now reads the clock.
func Now() time.Time { return time.Now() } // want forbidigo
