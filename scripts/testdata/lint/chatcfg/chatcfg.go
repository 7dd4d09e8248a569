// Package chatcfg breaks rules.
package chatcfg

import (
	"math/rand/v2"
	_ "net/http" // want depguard
	_ "net/mail"
	"time"
	alias "time"

	_ "github.com/charlahq/charla/internal/fold"
	_ "github.com/charlahq/charla/storage/storagetest" // want depguard
	"github.com/google/uuid"
	_ "github.com/stretchr/testify/require" // want depguard
)

// Bad reads the clock, sleeps and draws.
func Bad() {
	_ = time.Now()        // want forbidigo
	_ = alias.Now()       // want forbidigo
	now := time.Now       // want forbidigo
	_ = time.Since(now()) // want forbidigo
	_ = time.Until(now()) // want forbidigo
	<-time.After(1)       // want forbidigo
	time.Sleep(1)         // want forbidigo
	_ = time.NewTimer(1)  // want forbidigo
	_ = time.NewTicker(1) // want forbidigo
	_ = time.Tick(1)      // want forbidigo
	_ = uuid.New()        // want forbidigo
	_ = rand.IntN(2)      // want forbidigo
	_ = rand.N(int64(2))  // want forbidigo
	rand.Shuffle(1, nil)  // want forbidigo
}

// Good compares times and draws from a seed.
func Good(t time.Time) bool {
	return t.After(t) && rand.New(rand.NewPCG(1, 2)).IntN(2) == 0
}

func Undocumented() {} // want revive
