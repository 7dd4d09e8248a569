package linear_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The flags of a long run (make linear); without -n a test runs its short form.
var (
	nFlag    = flag.Int("n", 0, "how many histories on each store; zero: a few")
	seedFlag = flag.Uint64("seed", 0, "the first seed; zero: a fresh one, which is printed")
)

// run makes histories on stores that each makes, and fails at the first that
// is not linearizable. It makes more where no deadline was reached yet. Goroutines meet otherwise each time: a seed repeats the
// calls, not how they meet.
func run(t *testing.T, few int, each func(t *testing.T) []storage.Store) {
	n, seed := few, *seedFlag
	if *nFlag > 0 {
		n = *nFlag
	}
	if seed == 0 {
		seed = rand.Uint64() >> 32
	}
	t.Logf("%d histories from seed %d", n, seed)
	var calls, met, unknowns, closes int
	begin := time.Now()
	played := 0
	for ; played < n || closes == 0 && played < 10*n; played++ {
		i := uint64(played)
		h := playOn(t, seed+i, i%2*11, defect{}, each(t)...)
		require.NoError(t, h.check())
		closes += h.closes
		for _, ops := range h.ops {
			var latest int64
			for _, op := range ops {
				calls++
				if op.Call < latest {
					met++
				}
				latest = max(latest, op.Return)
				if op.Output.(output).Outcome == unknown {
					unknowns++
				}
			}
		}
	}
	t.Logf("%d histories, %d calls, %d of them concurrent with another, %d with an unknown outcome, %d automatic closes, in %s",
		played, calls, met, unknowns, closes, time.Since(begin).Round(time.Millisecond))
	assert.Positive(t, unknowns, "no outcome was unknown")
	assert.Positive(t, closes, "no deadline was reached")
	assert.Greater(t, met*10, calls, "hardly any calls were concurrent")
}

// playOn plays a history on stores that take turns, and fail if asked to.
func playOn(t *testing.T, seed, failures uint64, d defect, stores ...storage.Store) *history {
	t.Helper()
	var all []*jittery
	for _, s := range stores {
		all = append(all, &jittery{Store: s, failures: int64(failures), defect: d})
	}
	return play(t, seed, all)
}

func memory(*testing.T) []storage.Store { return []storage.Store{storage.NewMemory()} }

// onSQLite opens one file twice, as two processes do.
func onSQLite(t *testing.T) []storage.Store {
	path := filepath.Join(t.TempDir(), "linear.db")
	var both []storage.Store
	for range 2 {
		s, err := sqlite.Open(path, &sqlite.Options{Readers: 1, InsecureNoSync: true})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, s.Close()) })
		both = append(both, s)
	}
	return both
}

// TestLinearizable: R3.2, R3.3, R3.4, R3.5, R3.7, R3.9, R4.2, R4.3, R4.5 and R8.1
// under concurrent customers, agents, readers and deadlines.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) { t.Parallel(); run(t, 300, memory) })
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); run(t, 12, onSQLite) })
}

// TestBroken: a store that is broken is not linearizable, and the proof says so.
func TestBroken(t *testing.T) {
	t.Parallel()
	for name, broken := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(200) {
				err := playOn(t, seed, 0, broken(), storage.NewMemory()).check()
				var found *illegal
				if errors.As(err, &found) || errors.Is(err, storage.ErrNotDone) { // it broke a rule of the store's
					t.Logf("found by history %d", seed+1)
					return
				}
				require.NoError(t, err)
			}
			t.Error("200 histories of a broken store were found linearizable")
		})
	}
}

// TestModel: the model's own sense, where it is easily seen: what must be
// possible is, and what must not be is not.
func TestModel(t *testing.T) {
	t.Parallel()
	m := model{rules{AutoClose: time.Minute}, []time.Duration{0, time.Minute, time.Minute + 1}}
	says := func(text string) input { return input{Kind: write, Who: "s", Text: text, To: time.Hour} }
	s, first := state{}.apply(m.rules, says("hola"), 0)
	assert.Equal(t, output{Outcome: done, Number: 1, Entry: 1, Seq: 1}, first)
	s, _ = s.apply(m.rules, input{Kind: reply, Text: "sí"}, 0)
	for at, status := range map[time.Duration]string{time.Minute: "open", time.Minute + 1: "closed automatic"} {
		next, _ := s.apply(m.rules, input{Kind: mark}, at)
		assert.Equal(t, status, next.latest().Status, fmt.Sprint("a command ", at, " after"))
	}
	assert.Len(t, m.step(s, input{Kind: runDue, To: time.Minute - 1}, output{Outcome: done}), 1)
	assert.Len(t, m.step(s, input{Kind: runDue, To: time.Minute}, output{Outcome: done}), 2)
	assert.Empty(t, m.step(s, input{Kind: look}, output{Outcome: done, Number: 1, Ticket: view{Status: "closed manual"}}))
	assert.Len(t, m.step(s, input{Kind: resume, To: time.Hour}, output{Outcome: refused}), 1)
	assert.Empty(t, m.step(s, input{Kind: pause, To: time.Minute}, output{Outcome: refused}))
}
