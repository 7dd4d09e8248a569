// Package storagetest breaks rules.
package storagetest

import (
	_ "testing"
	"time"

	_ "github.com/stretchr/testify/require" // want depguard
)

// Wait may read the clock, as tests may, but not sleep.
func Wait() {
	<-time.After(1)
	time.Sleep(1) // want forbidigo
}
