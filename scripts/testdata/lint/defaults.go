package charla

import (
	"crypto/rand"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/google/uuid"
)

// Defaults may read the clock and the entropy, nothing more.
func Defaults() {
	_ = time.Now()
	_ = clock.New()
	_ = rand.Reader
	_ = uuid.New() // want forbidigo
	time.Sleep(1)  // want forbidigo
}
