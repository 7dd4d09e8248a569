package charla_test

import (
	"context"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// older is a store on which an older version writes: its receipts do not name what a
// commit stored.
type older struct{ storage.Store }

func (s older) Conversations() storage.Conversations {
	return olderConversations{s.Store.Conversations()}
}

type olderConversations struct{ storage.Conversations }

func (p olderConversations) Commit(ctx context.Context, b *storage.Batch) error {
	if b.Receipt != nil {
		r := *b.Receipt
		r.First, r.Last = 0, 0
		b.Receipt = &r
	}
	return p.Conversations.Commit(ctx, b)
}

// TestStoredSequences: R3.9: a result names the messages that the call stored, and so
// does its repetition.
func TestStoredSequences(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Automation.NewCustomer = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Bienvenida")}
		c.Automation.TicketCreated = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Ya te atendemos")}
	})
	type named struct{ Seq, First, Last int64 }
	// told is what a call names, twice.
	told := func(call func(o *charla.WriteOptions) (charla.Result, error), o *charla.WriteOptions) named {
		t.Helper()
		r, err := call(o)
		require.NoError(t, err)
		again, err := call(o)
		require.NoError(t, err)
		require.Equal(t, r, again)
		return named{r.Seq, r.First, r.Last}
	}
	s := b.enter("juan")
	write := func(text string) func(o *charla.WriteOptions) (charla.Result, error) {
		return func(o *charla.WriteOptions) (charla.Result, error) { return s.Write(b.ctx, text, o) }
	}
	welcome := &charla.WriteOptions{Key: "k1", Welcome: &tickets.Welcome{Text: "¡Hola!"}}
	assert.Equal(t, named{2, 1, 4}, told(write("hola"), welcome), "with the welcome message before and two rules' after")
	assert.Equal(t, named{5, 5, 5}, told(write("sigo"), &charla.WriteOptions{Key: "k2"}), "alone")
	ref := b.write(s, "¿están?").Ref
	assert.Equal(t, named{7, 7, 7}, told(func(o *charla.WriteOptions) (charla.Result, error) {
		return b.agent(ana).Reply(b.ctx, ref, "sí", o)
	}, &charla.WriteOptions{Key: "k1"}), "an agent's")
	assert.Equal(t, named{}, told(func(o *charla.WriteOptions) (charla.Result, error) {
		return b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandIgnore}, &charla.CallOptions{Key: o.Key})
	}, &charla.WriteOptions{Key: "k2"}), "none")

	// What an older version answered is repeated as far as its receipt tells.
	store := b.store
	b.store = older{store}
	eva, o := b.enter("eva"), &charla.WriteOptions{Key: "k1"}
	_, err := b.on(b.newDesk(nil), eva).Write(b.ctx, "hola", o)
	require.NoError(t, err)
	again, err := eva.Write(b.ctx, "hola", o)
	require.NoError(t, err)
	assert.Equal(t, named{1, 1, 1}, named{again.Seq, again.First, again.Last}, "of an older version")
}

// TestResultNamesItsTicket: R3.6: what is done to an older ticket answers with that ticket, and
// so does the call repeated.
func TestResultNamesItsTicket(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	carla := b.enter("carla")
	older := b.write(carla, "hola").Ref
	b.closes(older)
	b.write(carla, "otra cosa")
	for range 2 {
		r, err := b.agent(ana).Do(b.ctx, older, tickets.Command{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "Venta"}}, &charla.CallOptions{Key: "k"})
		require.NoError(t, err)
		assert.Equal(t, older, r.Ref)
	}
	assert.Equal(t, "Venta", b.ticket(older).Typification.Category)
}
