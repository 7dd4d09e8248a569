package console

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// streams are the streams that are open in this process.
type streams struct {
	mu  sync.Mutex
	all map[*stream]tickets.AgentID
	// beaten is when a stream last said that its person is there, for all of theirs.
	beaten map[tickets.AgentID]time.Time
}

// stream is one of them.
type stream struct {
	// stale says that who it belongs to has to be asked again before the next word.
	stale atomic.Bool
	// poke wakes it.
	poke chan struct{}
	// asked is when that was asked; only the stream itself touches it.
	asked time.Time
}

// due reports whether who it belongs to has to be asked now: at first, when somebody said so,
// and each [RecheckEvery].
func (s *stream) due(now time.Time) bool {
	if !s.stale.Swap(false) && now.Sub(s.asked).Abs() < RecheckEvery {
		return false
	}
	s.asked = now
	return true
}

// maxStreams is how many streams a person may have in this process, maxAllStreams how many
// all may have together.
const (
	maxStreams    = 64
	maxAllStreams = 8192
)

// open adds a stream of a person; leave takes it out again. It fails with [charla.ErrBusy] for
// a person who has too many, or if all have together.
func (s *streams) open(id tickets.AgentID) (one *stream, leave func(), err error) {
	one = &stream{poke: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, whose := range s.all {
		if whose == id {
			n++
		}
	}
	if n >= maxStreams || len(s.all) >= maxAllStreams {
		return nil, nil, charla.ErrBusy
	}
	if s.all == nil {
		s.all = map[*stream]tickets.AgentID{}
	}
	s.all[one] = id
	return one, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(s.all, one); !s.has(id) {
			delete(s.beaten, id)
		}
	}, nil
}

// has reports whether a person has a stream. The lock must be held.
func (s *streams) has(id tickets.AgentID) bool {
	for _, whose := range s.all {
		if whose == id {
			return true
		}
	}
	return false
}

// beats reports whether a person's stream is to say now that they are there: one of theirs does
// so each eventBeat, and one that has just begun (first) at once.
func (s *streams) beats(id tickets.AgentID, now time.Time, first bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.beaten[id]; ok && !first && now.Sub(last).Abs() < eventBeat {
		return false
	}
	if s.beaten == nil {
		s.beaten = map[tickets.AgentID]time.Time{}
	}
	s.beaten[id] = now
	return true
}

// recheck makes the streams of a person ask again who they belong to.
func (s *streams) recheck(id tickets.AgentID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one, whose := range s.all {
		if whose != id {
			continue
		}
		one.stale.Store(true)
		select {
		case one.poke <- struct{}{}:
		default: // it is awake
		}
	}
}
