package powercut_test

import (
	"flag"
	"testing"
	"time"

	"github.com/charlahq/charla/lab/powercut"
	"github.com/stretchr/testify/require"
)

// The flags of a long run (make powercut).
var (
	seeds    = flag.Int("seeds", 0, "how many runs to cut; zero: the short form")
	seed     = flag.Uint64("seed", 1, "the first seed")
	steps    = flag.Int("steps", 120, "steps of a run")
	together = flag.Int("together", 6, "customers who write at once, in every second run")
	cuts     = flag.Int("cuts", 0, "positions that are cut at in a run; zero: all")
	keep     = flag.String("keep", "", "a folder for disks that failed")
)

// R8.1, R4.5, R8.2: after a power cut at any operation of the disk, what was
// acknowledged is there once, nothing fires and no mail goes out a second time.
func TestCut(t *testing.T) {
	t.Parallel()
	plans := []powercut.Plan{
		{Seed: *seed, Steps: 12, Cuts: 4, Again: 1},
		{Seed: *seed + 1, Steps: 12, Cuts: 3, Together: 6},
	}
	if *seeds > 0 {
		plans = nil
		for i := range *seeds {
			p := powercut.Plan{Seed: *seed + uint64(i), Steps: *steps, Cuts: *cuts, Again: 1, Keep: *keep}
			if i%2 == 1 {
				p.Together = *together
			}
			plans = append(plans, p)
		}
	}
	begin, total := time.Now(), &powercut.Report{}
	for _, p := range plans {
		r, err := powercut.Run(p)
		require.NoError(t, err)
		t.Logf("seed %d: %s", p.Seed, r)
		total.Add(r)
		require.NoError(t, r.Err(), "seed %d", p.Seed)
	}
	t.Logf("%d runs: %s, in %s", len(plans), total, time.Since(begin).Round(time.Millisecond))
	require.Positive(t, total.Checkpoints)
	require.Positive(t, total.Acks)
}

// The negative controls: what does not sync as the store does loses acknowledged
// messages under the same cuts, and the same checks see it.
func TestControl(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]powercut.Plan{
		"synchronous NORMAL": {Synchronous: "1"},
		"synchronous OFF":    {Synchronous: "0"},
		"a deaf disk":        {Deaf: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.Seed, p.Steps, p.Cuts, p.First = *seed, 16, 60, true
			r, err := powercut.Run(p)
			require.NoError(t, err)
			t.Log(r)
			require.Positive(t, r.Missing, "nothing acknowledged was lost: this proves nothing")
		})
	}
}
