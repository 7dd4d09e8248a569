package powercut

import (
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes as a whole.
const sector = 512

// Platter is a disk's surface after some of its operations: what is durable, and
// what is on its way.
type Platter struct {
	durable Image
	pending []op
	// Deaf ignores every sync: the negative control.
	deaf bool
}

func newPlatter(start Image, deaf bool) *Platter {
	return &Platter{durable: start.clone(), deaf: deaf}
}

// apply takes the next operation: a sync makes earlier ones durable, any other is
// pending.
func (p *Platter) apply(o op) {
	switch o.kind {
	case syncFile:
		p.settle(func(q op) bool { return (q.kind == write || q.kind == truncate) && q.file == o.file })
	case syncFolder:
		p.settle(func(q op) bool { return q.kind == create || q.kind == remove })
	default:
		p.pending = append(p.pending, o)
	}
}

// settle makes durable what a sync covers.
func (p *Platter) settle(covers func(op) bool) {
	if p.deaf {
		return
	}
	p.pending = slices.DeleteFunc(p.pending, func(q op) bool {
		if !covers(q) {
			return false
		}
		p.durable.apply(q)
		return true
	})
}

// The ways in which the power goes out.
const (
	// loseAll leaves what was synced, and nothing else.
	loseAll = iota
	// keepAll is what a killed process leaves.
	keepAll
	// keepFirst keeps the operations up to one, of which it keeps some sectors.
	keepFirst
	// loseOne loses a single operation, or some sectors of it.
	loseOne
	// chance decides about each sector by itself, with odds of its own each time.
	chance
	// garble does too, and leaves some sectors with neither the old nor the new.
	garble
	ways
)

// Cut returns what is left when the power goes out now: what is durable, and of the
// rest what way and rng decide.
func (p *Platter) Cut(way int, rng *rand.Rand) Image {
	m := p.durable.clone()
	odds, bad := 0.0, 0.0
	switch way {
	case chance:
		odds = rng.Float64()
	case garble:
		odds, bad = rng.Float64(), 0.2
	}
	one := 0
	if len(p.pending) > 0 {
		one = rng.IntN(len(p.pending))
	}
	for i, o := range p.pending {
		keep := odds
		switch {
		case way == loseAll, way == keepFirst && i > one:
			continue
		case way == keepAll, way == keepFirst && i < one, way == loseOne && i != one:
			keep = 1
		case way == keepFirst, way == loseOne:
			keep = float64(rng.IntN(3)) / 3 // all of it, or some sectors
		}
		tear(m, o, keep, bad, rng)
	}
	return m
}

// tear does a part of an operation: each sector with the odds to be kept, else to
// be garbage. What the process asked for in between is not there.
func tear(m Image, o op, keep, bad float64, rng *rand.Rand) {
	if o.kind != write {
		if keep >= 1 || rng.Float64() < keep {
			m.apply(o)
		}
		return
	}
	if keep >= 1 {
		m.apply(o)
		return
	}
	for from := int64(0); from < int64(len(o.data)); {
		to := min(int64(len(o.data)), from+sector-(o.off+from)%sector)
		piece := op{kind: write, file: o.file, off: o.off + from, data: o.data[from:to]}
		switch r := rng.Float64(); {
		case r < keep:
			m.apply(piece)
		case r < keep+(1-keep)*bad:
			piece.data = make([]byte, to-from)
			if rng.IntN(2) == 0 { // else zeros
				for i := range piece.data {
					piece.data[i] = byte(rng.Uint32())
				}
			}
			m.apply(piece)
		}
		from = to
	}
	// The size is written apart from the bytes.
	if end := o.off + int64(len(o.data)); end > int64(len(m.files[o.file])) && rng.Float64() < keep/2 {
		m.apply(op{kind: truncate, file: o.file, off: end})
	}
}
