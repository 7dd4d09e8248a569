package console

import (
	"sync"
	"sync/atomic"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// streams are the streams that are open in this process.
type streams struct {
	mu  sync.Mutex
	all map[*stream]tickets.AgentID
}

// stream is one of them.
type stream struct {
	// stale says that who it belongs to has to be asked again before the next word.
	stale atomic.Bool
	// poke wakes it.
	poke chan struct{}
}

// maxStreams is how many streams a person may have in this process.
const maxStreams = 64

// open adds a stream of a person; leave takes it out again. It fails with [charla.ErrBusy] for
// a person who has too many.
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
	if n >= maxStreams {
		return nil, nil, charla.ErrBusy
	}
	if s.all == nil {
		s.all = map[*stream]tickets.AgentID{}
	}
	s.all[one] = id
	return one, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, one)
	}, nil
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
