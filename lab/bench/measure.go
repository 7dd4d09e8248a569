package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// line is one line of the table.
type line struct {
	name, ours, against, ratio, target string
	verdict                            verdict
}

// verdict says whether a target is met.
type verdict string

const (
	met    verdict = "met"
	missed verdict = "**missed**"
	none   verdict = ""
)

func verdictOf(ok bool) verdict {
	if ok {
		return met
	}
	return missed
}

func (l line) String() string {
	return fmt.Sprintf("%-70s %-18s %-18s %-22s %-12s %s", l.name, l.ours, l.against, l.ratio, l.target, strings.Trim(string(l.verdict), "*"))
}

// side does a piece of work in a round and says how many a second that was.
type side func(round int) (perSecond float64, err error)

// compared is the outcome of rounds of two sides.
type compared struct {
	ours, floor float64
	// ratio is the median of the rounds' ratios, lowest and highest are its ends.
	ratio, lowest, highest float64
	// cpu is the same ratio by this process's processor time instead of the wall's;
	// zero: that says nothing.
	cpu float64
}

// compare measures two sides in turns; the first one alternates.
func (b *bench) compare(ctx context.Context, rounds int, ours, floor side) (compared, error) {
	all, err := b.rounded(ctx, rounds, ours, floor)
	if err != nil {
		return compared{}, err
	}
	return against(all[0], all[1]), nil
}

// rates are what a side did in each round: how many a second, and the seconds of
// this process's processor.
type rates struct{ wall, cpu []float64 }

// rounded measures sides in turns; each round begins with another one.
func (b *bench) rounded(ctx context.Context, rounds int, sides ...side) ([]rates, error) {
	if b.profile != nil && !b.profiling {
		b.profiling = true // what was prepared before is not of interest
		if err := pprof.StartCPUProfile(b.profile); err != nil {
			return nil, err
		}
	}
	all := make([]rates, len(sides))
	for round := range rounds {
		for i := range sides {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			i = (i + round) % len(sides)
			begin := processorTime()
			rate, err := sides[i](round)
			if err != nil {
				return nil, err
			}
			r := &all[i]
			r.wall, r.cpu = append(r.wall, rate), append(r.cpu, (processorTime()-begin).Seconds())
		}
	}
	return all, nil
}

// against compares two sides round by round.
func against(ours, floor rates) compared {
	var ratios, cpus []float64
	for i := range ours.wall {
		ratios, cpus = append(ratios, ours.wall[i]/floor.wall[i]), append(cpus, floor.cpu[i]/ours.cpu[i])
	}
	return compared{
		ours: median(ours.wall), floor: median(floor.wall),
		ratio: median(ratios), lowest: slices.Min(ratios), highest: slices.Max(ratios), cpu: median(cpus),
	}
}

// line returns c as a line, for a target that the ratio must reach.
func (c compared) line(name, unit string, target float64) line {
	processor := ""
	if c.cpu != 0 {
		processor = fmt.Sprintf("; processor %.2f", c.cpu)
	}
	return line{
		name: name, ours: amount(c.ours) + unit, against: amount(c.floor) + unit,
		ratio:  fmt.Sprintf("%.2f (%.2f–%.2f%s)", c.ratio, c.lowest, c.highest, processor),
		target: fmt.Sprintf("≥ %g", target), verdict: verdictOf(c.ratio >= target),
	}
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}

// amount returns a number as people read it.
func amount(v float64) string {
	switch {
	case v >= 100_000:
		return fmt.Sprintf("%.0fk", v/1000)
	case v >= 1000:
		return fmt.Sprintf("%.1fk", v/1000)
	case v >= 10:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// processorTime returns the processor time that this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perSecond runs work of n pieces and returns how many a second that was.
func perSecond(n int, work func() error) (float64, error) {
	runtime.GC() // each side begins without the other's garbage
	begin := time.Now()
	err := work()
	return float64(n) / time.Since(begin).Seconds(), err
}

// spread does n pieces by some callers, each of which has its own; the piece i of
// a caller is its i-th.
func spread(callers, n int, do func(caller, i int) error) error {
	failed := make([]error, callers)
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for i := range n / callers {
				if failed[caller] = do(caller, i); failed[caller] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// describe returns the machine that the figures are of, in words.
func describe(folder string) (string, error) {
	sync, err := fsync(folder)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d cores (%s), %s, %s/%s, fsync of 4 KiB %.2f ms",
		runtime.NumCPU(), processor(), runtime.Version(), runtime.GOOS, runtime.GOARCH, sync.Seconds()*1000), nil
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for l := range strings.Lines(string(info)) {
			if name, ok := strings.CutPrefix(l, "model name"); ok {
				return strings.TrimLeft(strings.TrimSpace(name), ": ")
			}
		}
	}
	return "unknown processor"
}

// fsync returns the median time of a small write and its sync.
func fsync(folder string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(folder, "fsync"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []time.Duration
	page := make([]byte, 4096)
	for range 200 {
		begin := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
