// Package charla breaks rules.
package charla

import (
	"crypto/rand"
	"io"

	"github.com/benbjohnson/clock"
	_ "github.com/charlahq/charla/automation"
	_ "github.com/charlahq/charla/examples/shared" // want depguard
	_ "github.com/charlahq/charla/storage"
	_ "github.com/charlahq/charla/storage/storagetest" // want depguard
	_ "modernc.org/sqlite"                             // want depguard
)

// Entropy is global.
func Entropy() io.Reader { return rand.Reader } // want forbidigo

// Clock is real.
func Clock() int { return clock.New() } // want forbidigo
