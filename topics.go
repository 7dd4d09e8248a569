package charla

import (
	"sync"

	"github.com/google/uuid"
)

// topics wake up who waits for news of a conversation or an account. They carry
// nothing and may be lost: readers poll, too.
type topics struct {
	mu sync.Mutex
	m  map[uuid.UUID]*topic
}

type topic struct {
	news    chan struct{}
	readers int
}

// publish wakes up everybody who waits for news of id.
func (t *topics) publish(id uuid.UUID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.m[id]; one != nil {
		close(one.news)
		one.news = make(chan struct{})
	}
}

// subscribe keeps a topic for a reader until cancel is called. next is a channel
// that closes at the first news after the call of next.
func (t *topics) subscribe(id uuid.UUID) (next func() <-chan struct{}, cancel func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.m[id]
	if one == nil {
		if t.m == nil {
			t.m = make(map[uuid.UUID]*topic)
		}
		one = &topic{news: make(chan struct{})}
		t.m[id] = one
	}
	one.readers++
	next = func() <-chan struct{} {
		t.mu.Lock()
		defer t.mu.Unlock()
		return one.news
	}
	cancel = sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.readers--; one.readers == 0 {
			delete(t.m, id)
		}
	})
	return next, cancel
}
