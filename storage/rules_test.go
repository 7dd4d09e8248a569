package storage_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBatchCheck: the first thing that is wrong is the error, in the contract's order.
func TestBatchCheck(t *testing.T) {
	t.Parallel()
	mine, other := tickets.ConversationID{UUID: [16]byte{1}}, tickets.ConversationID{UUID: [16]byte{2}}
	batch := func() *storage.Batch {
		return &storage.Batch{
			Config: 3, Conversation: tickets.Conversation{ID: mine, Version: 5}, Session: tickets.SessionID{UUID: [16]byte{3}}, SessionRevision: 2,
			Reserve: []tickets.Identity{{Kind: tickets.IdentityHost, Value: "x"}}, Receipt: &storage.Receipt{Key: "k"},
			Tickets: []tickets.Ticket{{Number: 2, Status: tickets.StatusOpen}, {Number: 1, Status: tickets.StatusClosed}},
		}
	}
	found := func() *storage.Found {
		return &storage.Found{
			Account: &chatcfg.Account{Version: 3}, Version: 4, SessionRevision: 2, Unclosed: 1,
			Holder: func(tickets.Identity) tickets.ConversationID { return mine },
		}
	}
	require.NoError(t, batch().Check(found()), "what is right")
	for _, tt := range []struct {
		name  string
		spoil func(*storage.Batch, *storage.Found)
		want  error
	}{
		{"a third ticket open", func(_ *storage.Batch, f *storage.Found) { f.Unclosed = 3 }, storage.ErrNotDone},
		{"two open", func(b *storage.Batch, _ *storage.Found) { b.Tickets[1].Status = tickets.StatusIgnored }, storage.ErrNotDone},
		{"another's identity", func(_ *storage.Batch, f *storage.Found) {
			f.Holder = func(tickets.Identity) tickets.ConversationID { return other }
		}, storage.ErrConflict},
		{"a session that is gone", func(_ *storage.Batch, f *storage.Found) { f.SessionRevision = 0 }, storage.ErrConflict},
		{"a receipt", func(_ *storage.Batch, f *storage.Found) { f.Receipt = true }, storage.ErrConflict},
		{"a version", func(_ *storage.Batch, f *storage.Found) { f.Version = 5 }, storage.ErrConflict},
		{"a configuration", func(_ *storage.Batch, f *storage.Found) { f.Account.Version = 4 }, storage.ErrConfigChanged},
		{"a deletion", func(_ *storage.Batch, f *storage.Found) { f.Account.DeletedAt = time.Unix(1, 0) }, storage.ErrDeleted},
		{"no account", func(_ *storage.Batch, f *storage.Found) { f.Account = nil }, storage.ErrNotFound},
	} {
		b, f := batch(), found()
		tt.spoil(b, f)
		require.ErrorIs(t, b.Check(f), tt.want, tt.name)
	}
}

// TestCursor: a cursor holds for its own list of its own database, and no other text does.
func TestCursor(t *testing.T) {
	t.Parallel()
	for _, position := range []string{"", "x", "a position"} {
		cursor := storage.Cursor("db", "list", []byte(position))
		got, err := storage.ParseCursor("db", "list", cursor)
		require.NoError(t, err)
		assert.Equal(t, position, string(got))
		for _, foreign := range [][3]string{{"db", "other", cursor}, {"other", "list", cursor}, {"db", "list", cursor + "\n"}, {"db", "list", cursor + "A"}, {"db", "list", cursor + "AA"}, {"db", "list", "x" + cursor}, {"db", "list", ""}} {
			_, err := storage.ParseCursor(foreign[0], foreign[1], foreign[2])
			require.ErrorIs(t, err, storage.ErrCursor, "%q", foreign)
		}
	}
}

// TestClean: a copy shares nothing and has its times cut, the zero time aside.
func TestClean(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 5, 12, 0, 0, 1999, time.FixedZone("", 3600))
	given := tickets.Roster{Agents: map[tickets.AgentID]time.Time{"ana": at, "eva": {}}}
	clean := storage.Clean(given)
	assert.Equal(t, map[tickets.AgentID]time.Time{"ana": time.Date(2026, 1, 5, 11, 0, 0, 1000, time.UTC), "eva": {}}, clean.Agents)
	delete(clean.Agents, "ana")
	assert.Len(t, given.Agents, 2)
}
