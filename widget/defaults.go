package widget

import (
	"crypto/rand"
	"time"
)

// The only place where the real time and the real chance come in.

// networkTime is what the operating system counts the deadlines of connections
// from; everything else goes by the desk's clock.
func networkTime() time.Time { return time.Now() }

// randomText is 26 characters of 128 random bits or more.
func randomText() string { return rand.Text() }

func randomKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // it never fails
	return key
}
