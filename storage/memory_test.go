package storage_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/storagetest"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// ending is a context that ends when it was asked that often.
type ending struct {
	context.Context
	left atomic.Int64
}

func (c *ending) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestEnds: what looks at many tickets ends with its context, also under way.
func TestEnds(t *testing.T) {
	t.Parallel()
	s := storage.NewMemory()
	ctx, a, at := t.Context(), chatcfg.Account{ID: chatcfg.AccountID{UUID: uuid.New()}, Key: "a", Revision: 1}, time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	require.NoError(t, s.Accounts().Create(ctx, a))
	const many = 20
	for range many {
		c := tickets.Conversation{Account: a.ID, ID: tickets.ConversationID{UUID: uuid.New()}, Version: 1, Number: 1}
		one := tickets.Ticket{Number: 1, Status: tickets.StatusOpen, CreatedAt: at, ChangedAt: at}
		require.NoError(t, s.Conversations().Commit(ctx, &storage.Batch{Conversation: c, Tickets: []tickets.Ticket{one}}))
	}
	for name, read := range map[string]func(context.Context) (int, error){
		"counts": func(ctx context.Context) (int, error) {
			counts, err := s.Queries().Counts(ctx, a.ID, []storage.TicketQuery{{}})
			return slices.Max(append(counts, 0)), err
		},
		"tickets": func(ctx context.Context) (int, error) {
			page, err := s.Queries().Tickets(ctx, storage.TicketQuery{Account: a.ID})
			return len(page.Items), err
		},
		"report": func(ctx context.Context) (int, error) {
			r, err := s.Queries().Report(ctx, a.ID, storage.ReportQuery{From: at, To: at.Add(time.Second)})
			return int(r.Open), err
		},
	} {
		n, err := read(ctx)
		require.NoError(t, err, name)
		assert.Equal(t, many, n, name)
		under := &ending{Context: ctx}
		under.left.Store(2) // it begins, and looks at some
		n, err = read(under)
		require.ErrorIs(t, err, context.Canceled, name)
		assert.Zero(t, n, name)
	}
}
