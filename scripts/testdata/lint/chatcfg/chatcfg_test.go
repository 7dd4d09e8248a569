package chatcfg_test

import (
	"math/rand/v2"
	"testing"
	"time"

	_ "github.com/charlahq/charla/examples/shared" // want depguard
	_ "github.com/charlahq/charla/storage/storagetest"
	_ "github.com/stretchr/testify/require"
)

func TestClock(t *testing.T) {
	t.Log(time.Now())
	t.Log(rand.IntN(2)) // want forbidigo
	time.Sleep(1)       // want forbidigo
}
