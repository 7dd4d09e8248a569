package charla

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

// queues let the calls for one conversation pass one at a time, so that they
// queue up instead of fighting over its version. They are a courtesy: the
// version decides.
type queues struct {
	mu sync.Mutex
	m  map[uuid.UUID]*queue
}

type queue struct {
	// token is in the channel while nobody is inside.
	token chan struct{}
	// users are those inside or waiting.
	users int
}

// enter waits until the caller is alone with id; leave then lets the next one in.
// waited reports whether somebody was ahead. It fails with [ErrBusy] if more than limit
// are waiting, or with ctx's error.
func (g *queues) enter(ctx context.Context, id uuid.UUID, limit int) (leave func(), waited bool, err error) {
	g.mu.Lock()
	one := g.m[id]
	switch {
	case one == nil:
		if g.m == nil {
			g.m = make(map[uuid.UUID]*queue)
		}
		one = &queue{token: make(chan struct{}, 1)}
		one.token <- struct{}{}
		g.m[id] = one
	case one.users > limit:
		g.mu.Unlock()
		return nil, false, ErrBusy
	}
	waited = one.users > 0
	one.users++
	g.mu.Unlock()
	quit := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(g.m, id)
		}
	}
	select {
	case <-one.token:
		return func() { one.token <- struct{}{}; quit() }, waited, nil
	case <-ctx.Done():
		quit()
		return nil, true, ctx.Err()
	}
}
