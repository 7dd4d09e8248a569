package storage_test

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// big is a memory store with many conversations in one account.
type big struct {
	*storage.Memory
	account chatcfg.Account
	batches []*storage.Batch
}

func newBig(t testing.TB, n int, wake func(i int) time.Time) *big {
	b := &big{Memory: storage.NewMemory(), account: chatcfg.Account{ID: chatcfg.AccountID{UUID: [16]byte{1}}, Key: "k", Version: 1}}
	require.NoError(t, b.Accounts().Create(t.Context(), b.account))
	for i := range n {
		var id [16]byte
		binary.BigEndian.PutUint64(id[8:], uint64(i)+1)
		at := wake(i)
		b.batches = append(b.batches, &storage.Batch{
			Config:       1,
			Conversation: tickets.Conversation{Account: b.account.ID, ID: tickets.ConversationID{UUID: id}, Number: 1},
			Tickets:      []tickets.Ticket{{Number: 1, Status: tickets.StatusOpen}},
		})
		b.move(t, i, at)
	}
	return b
}

// move gives a conversation another deadline, and its ticket other instants.
func (b *big) move(t testing.TB, i int, at time.Time) {
	batch := b.batches[i]
	batch.Conversation.Version++
	batch.Wake = at
	batch.Tickets[0].ChangedAt, batch.Tickets[0].CountsFrom = at, at
	require.NoError(t, b.Conversations().Commit(t.Context(), batch))
}

// TestMemoryOrder: with many entries that move about, every index stays
// what a sorted list would be.
func TestMemoryOrder(t *testing.T) {
	t.Parallel()
	const n, span, seed = 1600, 3000, 11
	r := rand.New(rand.NewPCG(seed, seed))
	instant := func() time.Time { return time.UnixMilli(int64(r.IntN(span))).UTC() }
	b := newBig(t, n, func(int) time.Time { return instant() })
	check := func() {
		t.Helper()
		sorted := slices.Clone(b.batches)
		slices.SortFunc(sorted, func(x, y *storage.Batch) int {
			return cmp.Or(x.Wake.Compare(y.Wake), slices.Compare(x.Conversation.ID.UUID[:], y.Conversation.ID.UUID[:]))
		})
		wake, err := b.Conversations().NextWake(t.Context())
		require.NoError(t, err)
		assert.Equal(t, sorted[0].Wake, wake)

		var listed []tickets.ConversationID
		for q := (storage.TicketQuery{Account: b.account.ID, Limit: 333}); ; {
			page, err := b.Queries().Tickets(t.Context(), q)
			require.NoError(t, err)
			for _, row := range page.Items {
				listed = append(listed, row.Conversation)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		slices.Reverse(listed)
		require.Len(t, listed, n)
		for i, one := range sorted {
			require.Equal(t, one.Conversation.ID, listed[i], "place %d, seed %d", i, seed)
		}
		for range 50 {
			after, upTo := instant(), instant()
			want := 0
			for _, one := range sorted {
				if one.Wake.After(after) && !one.Wake.After(upTo) {
					want++
				}
			}
			got, err := b.Queries().Count(t.Context(), b.account.ID, storage.CountsFrom, after, upTo)
			require.NoError(t, err)
			require.Equal(t, want, got, "after %v up to %v, seed %d", after, upTo, seed)
		}
	}
	check()
	for range 3 {
		for range n {
			b.move(t, r.IntN(n), instant())
		}
		check()
	}
	// All at one end, so that the rest of the chunks empties.
	for i := range n {
		b.move(t, i, time.UnixMilli(int64(span+i%7)).UTC())
	}
	check()
	claims, err := b.Conversations().ClaimDue(t.Context(), time.UnixMilli(span+3), time.UnixMilli(2*span), n, nil)
	require.NoError(t, err)
	assert.True(t, slices.IsSortedFunc(claims, func(x, y storage.Claim) int { return x.Due.Compare(y.Due) }))
	assert.Len(t, claims, (n+6)/7+(n+5)/7+(n+4)/7+(n+3)/7)
}

// BenchmarkMemory is what a claim, a count and a page cost among many tickets.
func BenchmarkMemory(b *testing.B) {
	start := time.Unix(1_800_000_000, 0)
	store := newBig(b, 100_000, func(i int) time.Time { return start.Add(time.Duration(i*7919%100_000) * time.Second) })
	b.Run("claim", func(b *testing.B) {
		now := start
		for b.Loop() {
			now = now.Add(time.Second)
			_, err := store.Conversations().ClaimDue(b.Context(), now, now.Add(1000*time.Hour), 100, nil)
			require.NoError(b, err)
		}
	})
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			_, err := store.Queries().Count(b.Context(), store.account.ID, storage.CountsFrom, start, start.Add(12*time.Hour))
			require.NoError(b, err)
		}
	})
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			_, err := store.Queries().Tickets(b.Context(), storage.TicketQuery{Account: store.account.ID, Limit: 50})
			require.NoError(b, err)
		}
	})
}
