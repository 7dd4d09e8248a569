package charla_test

import (
	"fmt"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// TestLinksOfACustomer: R7.2: however many sessions log in to a customer, the customer's
// conversation keeps the latest of theirs, each once.
func TestLinksOfACustomer(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var before []tickets.ConversationID
	var in tickets.ConversationID
	for i := range 80 {
		s := b.enter(fmt.Sprint("juan", i))
		before = append(before, b.write(s, "hola").Ref.Conversation)
		s, _, err := s.Login(b.ctx, charla.Proof{Subject: "juan"})
		require.NoError(t, err)
		for range 2 {
			in = b.write(s, "soy yo").Ref.Conversation
		}
	}
	l, err := b.store.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID(), Conversation: in})
	require.NoError(t, err)
	require.Equal(t, before[16:], l.Conversation.Links)
}
