package sim

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla/storage"
)

// Opener opens an empty store in a folder of its own.
type Opener func(dir string) (storage.Store, error)

// The flags of a long run (make sim); without -seeds a test runs its short form.
var (
	seedsFlag   = flag.Int("seeds", 0, "how many seeds to run")
	seedFlag    = flag.Uint64("seed", 1, "the first seed")
	stepsFlag   = flag.Int("steps", 3000, "steps of the schedule for each seed")
	verboseFlag = flag.Bool("trace", false, "print what happens")
	shrinkFlag  = flag.Int("shrink", 0, "runs that may be spent on shrinking a failure")
	stopFlag    = flag.Int("stop", 3, "failures after which to stop")
	keepFlag    = flag.String("keep", "", "folder for shrunk failures")
)

// lasting is a store that can be opened again.
type lasting struct {
	storage.Store
	again func() (storage.Store, error)
}

// Lasting returns an opener of stores in the folder: the simulation closes them and
// opens them again while no process runs.
func Lasting(open Opener) Opener {
	return func(dir string) (storage.Store, error) {
		store, err := open(dir)
		return lasting{store, func() (storage.Store, error) { return open(dir) }}, err
	}
}

// Test runs the simulation on stores that open makes: as many seeds as the flags
// say, or else the first few and some fresh ones. name is the profile's.
func Test(t *testing.T, name string, few int, open Opener) {
	t.Helper()
	total := newStats()
	failed, begin, seeds := 0, time.Now(), few
	var list []uint64
	if *seedsFlag > 0 {
		seeds = *seedsFlag
	}
	for i := range seeds {
		list = append(list, *seedFlag+uint64(i))
	}
	if *seedsFlag == 0 {
		fresh := rand.Uint64() >> 24
		t.Logf("fresh seeds from %d", fresh)
		for i := range few / 4 {
			list = append(list, fresh+uint64(i))
		}
	}
	for i, seed := range list {
		spec := NewSpec(seed, *stepsFlag)
		twice := i%10 == 0
		spec.Verbose = *verboseFlag || twice
		out := Once(t, spec, open)
		total.Add(out.Stats)
		if *verboseFlag {
			fmt.Println(strings.Join(out.Trace, "\n"))
		}
		if out.Failure != nil {
			failed++
			report(t, name, total, spec, out, open)
			if failed == *stopFlag {
				break
			}
			continue
		}
		if i%20 == 19 && failed == 0 && !uniform(t, total) {
			return
		}
		if twice {
			if again := Once(t, spec, open); again.Hash != out.Hash {
				t.Errorf("seed %d is not reproducible: %s", seed, difference(out.Trace, again.Trace))
			}
		}
	}
	t.Logf("%s: %d seeds, %d failed, in %s\n%s", name, len(list), failed, time.Since(begin).Round(time.Millisecond), total)
	if failed == 0 && uniform(t, total) && total.Commits*100 < total.Steps {
		t.Errorf("hardly anything happened: %d commits in %d steps", total.Commits, total.Steps)
	}
}

// difference returns the lines in which two traces begin to differ.
func difference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("after %d lines\n%s\nand\n%s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(a), len(b))
}

// Once does one run in a bubble of its own and returns its outcome.
func Once(t *testing.T, spec Spec, open Opener) (out Outcome) {
	t.Helper()
	dir, err := os.MkdirTemp("", "charla-sim")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	synctest.Test(t, func(t *testing.T) {
		store, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var again func() (storage.Store, error)
		if lasts, ok := store.(lasting); ok {
			again, store = lasts.again, lasts.Store
		}
		out, store = Run(spec, store, again, synctest.Wait)
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return out
}

// report reports a failure, after shrinking it, and stores what is left of it for
// Regress.
func report(t *testing.T, name string, total Stats, spec Spec, out Outcome, open Opener) {
	t.Helper()
	t.Errorf("seed %d after %d steps of this run: %v\nreproduce: make sim STORE=%s SEEDS=1 SEED=%d",
		spec.Seed, total.Steps, out.Failure, name, spec.Seed)
	if *shrinkFlag == 0 {
		return
	}
	spec.Verbose = false
	short := Shrink(spec, out.Failure.Name, *shrinkFlag, func(s Spec) *Failure { return Once(t, s, open).Failure })
	short.Verbose = true
	last := Once(t, short, open)
	t.Logf("shrunk to %d steps: %v\n%s", len(short.Steps), last.Failure, strings.Join(last.Trace, "\n"))
	if *keepFlag == "" {
		return
	}
	body, err := json.MarshalIndent(short, "", " ")
	if err == nil {
		err = os.WriteFile(filepath.Join(*keepFlag, fmt.Sprintf("%s-%d.json", strings.ReplaceAll(out.Failure.Name, " ", "-"), spec.Seed)), body, 0o600)
	}
	if err != nil {
		t.Error(err)
	}
}

// Regress runs every stored failure of a folder: none may fail again.
func Regress(t *testing.T, dir string, open Opener) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no regression files in %s (%v)", dir, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var spec Spec
		if err := json.Unmarshal(body, &spec); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out := Once(t, spec, open)
		if out.Failure != nil {
			t.Errorf("%s: %v", file, out.Failure)
		}
		if again := Once(t, spec, open); again.Hash != out.Hash {
			t.Errorf("%s is not reproducible", file)
		}
	}
}

// uniform reports whether each text of an action is chosen as often as the others
// (section 4), where there were enough of them to tell.
func uniform(t *testing.T, s Stats) bool {
	t.Helper()
	for n := 2; n <= 3; n++ {
		total := 0
		for i := range n {
			total += s.Chosen[[2]int{n, i}]
		}
		if total < 500 {
			continue
		}
		for i := range n {
			// Six standard deviations: never by chance.
			mean := float64(total) / float64(n)
			if off := float64(s.Chosen[[2]int{n, i}]) - mean; off*off > 36*mean {
				t.Errorf("choice: text %d of %d is chosen %d times of %d (after %d steps)", i+1, n, s.Chosen[[2]int{n, i}], total, s.Steps)
				return false
			}
		}
	}
	return true
}

// String returns the report of a run.
func (s Stats) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d steps, %d commits, %d acknowledged, %d mails, %d events, %d crashes, %d reopenings, %d dry runs that came true, %d keys that met, %d next ones, %d dated by a wrong clock, %.0f days simulated\nfaults:",
		s.Steps, s.Commits, s.Acks, s.Mails, s.Hooks, s.Crashes, s.Reopened, s.Foretold, s.Met, s.Nexts, s.Redated, s.Simulated.Hours()/24)
	kinds := make(map[string]int)
	for name, n := range s.Faults {
		_, kind, _ := strings.Cut(name, ": ")
		kinds[kind] += n
	}
	names := make([]string, 0, len(kinds))
	for kind := range kinds {
		names = append(names, kind)
	}
	slices.Sort(names)
	for _, kind := range names {
		fmt.Fprintf(&b, " %s %d,", kind, kinds[kind])
	}
	return strings.TrimSuffix(b.String(), ",")
}
