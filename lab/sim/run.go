package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/charlahq/charla/storage"
)

// Spec is all that a run depends on.
type Spec struct {
	// Seed makes the world: how many desks, when, how faulty.
	Seed uint64 `json:"seed"`
	// Steps are what happens in it.
	Steps []Step `json:"steps"`
	// Whole runs do everything that the simulation knows; kept failures of before
	// it learned more are run again as they were.
	Whole bool `json:"whole,omitempty"`
	// Verbose keeps the trace.
	Verbose bool `json:"-"`
}

// Step is one step of the schedule.
type Step struct {
	Seed uint64 `json:"s"`
	// Calm steps have no faults.
	Calm bool `json:"calm,omitempty"`
}

// Stats count what happened in a run.
type Stats struct {
	Steps, Crashes, Commits, Acks, Mails, Hooks int
	// Foretold are the dry runs that could be compared with what then happened,
	// Reopened the times that the store was closed and opened again.
	// Met are the refusals for a key that somebody had used for something else.
	Foretold, Reopened, Met int
	// Nexts are the tickets that were taken as the next ones.
	Nexts int
	// Redated are the conversations and deliveries that a wrong clock had dated.
	Redated   int
	Simulated time.Duration
	// Faults are counted by the call and what went wrong with it.
	Faults map[string]int
	// Chosen counts which text was chosen, by how many there were and its place.
	Chosen map[[2]int]int
}

// newStats returns empty figures.
func newStats() Stats { return Stats{Faults: make(map[string]int), Chosen: make(map[[2]int]int)} }

// Add adds the figures of another run.
func (s *Stats) Add(o Stats) {
	s.Steps += o.Steps
	s.Crashes += o.Crashes
	s.Commits += o.Commits
	s.Acks += o.Acks
	s.Mails += o.Mails
	s.Hooks += o.Hooks
	s.Foretold += o.Foretold
	s.Reopened += o.Reopened
	s.Met += o.Met
	s.Nexts += o.Nexts
	s.Redated += o.Redated
	s.Simulated += o.Simulated
	for k, n := range o.Faults {
		s.Faults[k] += n
	}
	for k, n := range o.Chosen {
		s.Chosen[k] += n
	}
}

// Outcome is what a run found.
type Outcome struct {
	// Hash is of everything that happened: equal for equal runs.
	Hash    string
	Failure *Failure
	Stats   Stats
	Trace   []string
}

// NewSpec returns the specification of a seed's run.
func NewSpec(seed uint64, steps int) Spec {
	s := Spec{Seed: seed, Whole: true}
	r := rand.New(rand.NewPCG(seed, 0))
	for range steps {
		s.Steps = append(s.Steps, Step{Seed: r.Uint64()})
	}
	return s
}

// Run carries out a specification on an empty store. wait must return when every
// other goroutine is blocked or done: synctest.Wait, in a bubble in which the
// store was opened.
//
// again, if not nil, opens the store again; the run closes it when no desk runs,
// and leaves the last one open for the caller, as the second result.
func Run(spec Spec, store storage.Store, again func() (storage.Store, error), wait func()) (Outcome, storage.Store) {
	w := newWorld(spec, store, wait)
	w.restore = again
	for i, s := range spec.Steps {
		if w.failure != nil {
			break
		}
		w.current = i
		w.stats.Steps++
		w.step(s)
	}
	w.current = len(spec.Steps)
	if w.failure == nil {
		w.quieten()
	}
	failure := w.failure
	for _, d := range w.desks { // so that every goroutine ends
		w.kill(d)
	}
	w.stats.Chosen = w.model.chosen
	return Outcome{Hash: fmt.Sprintf("%016x", w.hash.Sum64()), Failure: failure, Stats: w.stats, Trace: w.trace}, w.real
}

// Shrink drops steps, and then faults, for as long as the run still fails in the
// same way. fails runs a specification; it is called at most budget times.
func Shrink(spec Spec, name string, budget int, fails func(Spec) *Failure) Spec {
	try := func(s Spec) bool {
		if budget--; budget < 0 {
			return false
		}
		f := fails(s)
		return f != nil && f.Name == name
	}
	if f := fails(spec); f != nil && f.Step+1 < len(spec.Steps) {
		short := spec
		short.Steps = spec.Steps[:f.Step+1]
		if try(short) {
			spec = short
		}
	}
	for size := len(spec.Steps) / 2; size > 0; size /= 2 {
		for from := 0; from < len(spec.Steps) && budget > 0; {
			short := spec
			short.Steps = append(append([]Step{}, spec.Steps[:from]...), spec.Steps[min(from+size, len(spec.Steps)):]...)
			if try(short) {
				spec = short
			} else {
				from += size
			}
		}
	}
	for i := range spec.Steps {
		calm := spec
		calm.Steps = append([]Step{}, spec.Steps...)
		calm.Steps[i].Calm = true
		if !spec.Steps[i].Calm && budget > 0 && try(calm) {
			spec = calm
		}
	}
	return spec
}

// reopen closes the store and opens it again, as when every process has ended.
func (w *World) reopen() {
	if w.restore == nil || !w.spec.Whole || w.failure != nil {
		return
	}
	err := w.real.Close()
	if err == nil {
		w.real, err = w.restore()
	}
	if err != nil {
		w.failf("reopen", "%v", err)
	}
	w.stats.Reopened++
}
