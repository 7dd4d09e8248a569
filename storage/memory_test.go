package storage_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/storagetest"
)

// heldStore is a store whose next commit can be made to wait.
type heldStore struct {
	storage.Store
	gate atomic.Pointer[gate]
}

type gate struct{ held, open chan struct{} }

func (s *heldStore) Conversations() storage.Conversations {
	return heldConversations{s.Store.Conversations(), s}
}

type heldConversations struct {
	storage.Conversations
	s *heldStore
}

func (c heldConversations) Commit(ctx context.Context, b *storage.Batch) error {
	if g := c.s.gate.Swap(nil); g != nil {
		close(g.held)
		<-g.open
	}
	return c.Conversations.Commit(ctx, b)
}

func TestMemory(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, storagetest.Harness{
		Open: func(*testing.T) storage.Store { return &heldStore{Store: storage.NewMemory()} },
		Hold: func(_ *testing.T, s storage.Store) (<-chan struct{}, func()) {
			g := &gate{make(chan struct{}), make(chan struct{})}
			s.(*heldStore).gate.Store(g)
			return g.held, func() { close(g.open) }
		},
	})
}
