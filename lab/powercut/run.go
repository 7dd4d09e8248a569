package powercut

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"github.com/charlahq/charla/lab/audit"
)

// Plan is a run and how it is cut.
type Plan struct {
	// Seed decides everything that is left to chance. A run with Together up to
	// 1 is repeated exactly by it.
	Seed uint64
	// Steps is how many things happen; a machine is shut down and started again
	// in the middle.
	Steps int
	// Together is how many customers write at once at most; zero: one.
	Together int
	// Synchronous is SQLite's setting; empty: what the store sets, FULL.
	Synchronous string
	// Deaf has a disk whose sync does nothing.
	Deaf bool
	// Cuts is about how many positions are cut at, evenly spread; zero: all.
	Cuts int
	// Again is how many cuts follow each cut, on the disk that goes on.
	Again int
	// First cuts in the second half of the run only, and ends at the first loss of
	// something acknowledged: for controls.
	First bool
	// Keep is a folder for disks that failed; empty: they are not kept.
	Keep string
}

// Report is the result of a plan, or of several.
type Report struct {
	// Ops are the operations of the disk, Syncs how many of them were syncs, and
	// Checkpoints how many of those of the database file itself.
	Ops, Syncs, Checkpoints int
	// Cuts are the positions, Images the different disks that they left.
	Cuts, Images int
	// Unopened did not open.
	Unopened int
	audit.Findings
}

// Add adds another report.
func (r *Report) Add(o *Report) {
	r.Ops += o.Ops
	r.Syncs += o.Syncs
	r.Checkpoints += o.Checkpoints
	r.Cuts += o.Cuts
	r.Images += o.Images
	r.Unopened += o.Unopened
	r.Findings.Add(&o.Findings)
}

// String returns the line that a run prints.
func (r *Report) String() string {
	return fmt.Sprintf("%d operations (%d syncs, %d checkpoints), %d cuts, %d images, %d acks checked, %d lost, %d twice, %d unsound",
		r.Ops, r.Syncs, r.Checkpoints, r.Cuts, r.Images, r.Acks, r.Missing, r.Duplicates, r.Unsound)
}

// Run records a run and cuts it. An error means that the run itself failed, before
// anything was cut.
func Run(p Plan) (*Report, error) {
	settings := Settings{}
	// Small, so that checkpoints and a cache that spills are cut, too.
	settings.set("wal_autocheckpoint", "16384", "40")
	settings.set("cache_size", "-16384", "16")
	s := p.settings(settings)
	c, err := newMachine(emptyImage(), s, p.Seed, newLedger(start))
	if err != nil {
		return nil, err
	}
	defer c.discard()
	for range 2 {
		if err := c.boot(); err != nil {
			return nil, err
		}
		if err := c.openAccount(); err != nil {
			return nil, err
		}
		for range p.Steps / 2 {
			if err := c.step(max(1, p.Together)); err != nil {
				return nil, err
			}
		}
		if err := c.shutdown(); err != nil {
			return nil, err
		}
	}
	r := &Report{Ops: len(c.disk.log)}
	for _, o := range c.disk.log {
		if o.kind == syncFile {
			r.Syncs++
			if o.file == 1 { // the first file that SQLite makes
				r.Checkpoints++
			}
		}
	}
	p.cut(c, settings, r)
	return r, nil
}

// settings returns base with the run's synchronous.
func (p Plan) settings(base Settings) Settings {
	s := maps.Clone(base)
	if p.Synchronous != "" {
		s.set("synchronous", "2", p.Synchronous)
	}
	return s
}

// task is one image to try.
type task struct {
	image Image
	world *ledger
	cut   int
	way   int
	trial trial
}

// cut tries what every cut leaves, on all processors.
func (p Plan) cut(c *machine, s Settings, r *Report) {
	tasks := make(chan task)
	lost := make(chan struct{})
	var mu sync.Mutex
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for one := range tasks {
				found, opened := one.trial.run(one.image, one.world)
				if found.Err() != nil {
					found.Problems = slices.Insert(found.Problems, 0, fmt.Sprintf("seed %d, cut at %d of %d, way %d%s",
						p.Seed, one.cut, r.Ops, one.way, p.keep(one.image)))
				}
				mu.Lock()
				if !opened {
					r.Unopened++
				}
				if p.First && r.Missing == 0 && found.Missing > 0 {
					close(lost)
				}
				r.Findings.Add(&found)
				mu.Unlock()
			}
		})
	}
	p.images(c, s, r, tasks, lost)
	close(tasks)
	group.Wait()
}

// images sends each disk that the cuts leave, once.
func (p Plan) images(c *machine, s Settings, r *Report, tasks chan<- task, lost <-chan struct{}) {
	seed := maphash.MakeSeed()
	tried := map[[2]uint64]bool{}
	surface := newPlatter(emptyImage(), p.Deaf)
	every := 1
	if p.Cuts > 0 {
		every = max(1, len(c.disk.log)/p.Cuts)
	}
	for k := 0; k <= len(c.disk.log); k++ {
		if k > 0 {
			surface.apply(c.disk.log[k-1])
		}
		if p.First && k < len(c.disk.log)/2 || k%every != 0 && k != len(c.disk.log) {
			continue
		}
		r.Cuts++
		rng := rand.New(rand.NewPCG(p.Seed, uint64(k)<<8))
		acked := c.out.before(k).acked()
		for _, way := range []int{loseAll, keepAll, keepFirst + rng.IntN(2), chance + rng.IntN(2)} {
			m := surface.Cut(way, rng)
			id := [2]uint64{m.hash(seed), uint64(acked)}
			if tried[id] {
				continue
			}
			tried[id] = true
			r.Images++
			one := task{
				image: m, world: c.out.before(k), cut: k, way: way,
				trial: trial{settings: s, seed: p.Seed<<32 + uint64(k)<<4 + uint64(way), again: p.Again},
			}
			select {
			case tasks <- one:
			case <-lost:
				return
			}
		}
	}
}

func (m Image) hash(seed maphash.Seed) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	names := make([]string, 0, len(m.names))
	for name := range m.names {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		data := m.files[m.names[name]]
		_, _ = h.WriteString(name + " " + strconv.Itoa(len(data)) + " ")
		_, _ = h.Write(data)
	}
	return h.Sum64()
}

// keep writes a disk that failed to a folder, and returns its path.
func (p Plan) keep(m Image) string {
	if p.Keep == "" {
		return ""
	}
	dir, err := os.MkdirTemp(p.Keep, "disk-")
	for name, n := range m.names {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), m.files[n], 0o600)
		}
	}
	if err != nil {
		return fmt.Sprintf("; it was not kept: %v", err)
	}
	return "; it is in " + dir
}
