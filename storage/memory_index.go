package storage

import (
	"bytes"
	"cmp"
	"iter"
	"math"
	"slices"
	"sort"
	"time"
)

// position is a place in an index: by time, then by account, conversation and
// number, of which an index uses what it needs.
type position struct {
	at                    int64
	account, conversation [16]byte
	n                     int64
}

// compare returns a number below zero if p is before q, zero if they are equal, else
// one above zero.
func (p position) compare(q position) int {
	return cmp.Or(
		cmp.Compare(p.at, q.at),
		bytes.Compare(p.account[:], q.account[:]),
		bytes.Compare(p.conversation[:], q.conversation[:]),
		cmp.Compare(p.n, q.n),
	)
}

// lowest and highest are before and behind every position.
var (
	lowest  = position{at: math.MinInt64}
	highest = position{at: math.MaxInt64}
)

// micros returns a time as a position has it: microseconds since 1970.
func micros(t time.Time) int64 { return t.UnixMicro() }

// index is an ordered map from positions to values: a list of sorted chunks, so
// that a change moves at most one chunk and a rank adds up the chunks before.
// The zero value is empty. It must not be changed while it is ranged over.
type index[V any] struct {
	chunks [][]element[V]
}

type element[V any] struct {
	position
	value V
}

// chunkSize is the length at which a chunk is split.
const chunkSize = 512

// find returns the chunk and the index within it at which p is or belongs, and whether it
// is there. chunk is len(chunks) if p is behind every position.
func (x *index[V]) find(p position) (chunk, i int, found bool) {
	chunk = sort.Search(len(x.chunks), func(c int) bool {
		last := x.chunks[c][len(x.chunks[c])-1]
		return last.compare(p) >= 0
	})
	if chunk == len(x.chunks) {
		return chunk, 0, false
	}
	i, found = slices.BinarySearchFunc(x.chunks[chunk], p, func(e element[V], p position) int {
		return e.compare(p)
	})
	return chunk, i, found
}

// last returns the highest position, or the zero one if the index is empty.
func (x *index[V]) last() position {
	if len(x.chunks) == 0 {
		return position{}
	}
	chunk := x.chunks[len(x.chunks)-1]
	return chunk[len(chunk)-1].position
}

// put adds a position, which must not be there yet.
func (x *index[V]) put(p position, v V) {
	e := element[V]{p, v}
	c, i, _ := x.find(p)
	if c == len(x.chunks) {
		if c == 0 || len(x.chunks[c-1]) == chunkSize {
			x.chunks = append(x.chunks, []element[V]{e})
			return
		}
		c, i = c-1, len(x.chunks[c-1])
	}
	x.chunks[c] = slices.Insert(x.chunks[c], i, e)
	if all := x.chunks[c]; len(all) > chunkSize {
		half := len(all) / 2
		x.chunks = slices.Insert(x.chunks, c+1, slices.Clone(all[half:]))
		clear(all[half:])
		x.chunks[c] = all[:half]
	}
}

// remove removes a position, if it is there.
func (x *index[V]) remove(p position) {
	c, i, found := x.find(p)
	if !found {
		return
	}
	x.chunks[c] = slices.Delete(x.chunks[c], i, i+1)
	if len(x.chunks[c]) == 0 {
		x.chunks = slices.Delete(x.chunks, c, c+1)
	}
}

// first returns the lowest position, or false if the index is empty.
func (x *index[V]) first() (position, bool) {
	if len(x.chunks) == 0 {
		return position{}, false
	}
	return x.chunks[0][0].position, true
}

// rank returns how many positions are below p.
func (x *index[V]) rank(p position) int {
	c, i, _ := x.find(p)
	for _, chunk := range x.chunks[:c] {
		i += len(chunk)
	}
	return i
}

// from ranges upwards over the positions that are not below p, with their values.
func (x *index[V]) from(p position) iter.Seq2[position, V] {
	return func(yield func(position, V) bool) {
		c, i, _ := x.find(p)
		for ; c < len(x.chunks); c, i = c+1, 0 {
			for _, e := range x.chunks[c][i:] {
				if !yield(e.position, e.value) {
					return
				}
			}
		}
	}
}

// below ranges downwards over the positions below p, with their values.
func (x *index[V]) below(p position) iter.Seq2[position, V] {
	return func(yield func(position, V) bool) {
		c, i, _ := x.find(p)
		for {
			for i--; i >= 0; i-- {
				if e := x.chunks[c][i]; !yield(e.position, e.value) {
					return
				}
			}
			if c--; c < 0 {
				return
			}
			i = len(x.chunks[c])
		}
	}
}
