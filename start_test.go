package charla_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStart: R16.5: what an agent writes first is read by a session of that subject, and by no
// other; with a key it is written once.
func TestStart(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	juan := charla.Proof{Subject: "1", Name: "Juan", Email: "juan@example.com"}
	agent := b.account.Agent(ana)
	said, err := agent.Start(b.ctx, juan, "tu pedido llegó", &charla.WriteOptions{Key: "a"})
	require.NoError(t, err)
	again, err := agent.Start(b.ctx, juan, "tu pedido llegó", &charla.WriteOptions{Key: "a"})
	require.NoError(t, err)
	assert.Equal(t, said, again)
	ticket := b.ticket(said.Ref)
	assert.Equal(t, tickets.Customer{Level: tickets.LevelVerified, Name: "Juan", Email: "juan@example.com"}, ticket.Customer)
	assert.Equal(t, tickets.Assignee{Agent: "ana", Name: "Ana"}, ticket.Assignee)
	assert.False(t, ticket.Answered, "nobody had asked")
	for subject, want := range map[string]int{"1": 1, "2": 0} {
		visitor := b.enterAs(charla.Entry{Proof: &charla.Proof{Subject: subject}})
		page, err := visitor.Messages(b.ctx, charla.MessageQuery{})
		require.NoError(t, err)
		assert.Len(t, page.Items, want, subject)
	}
	found, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: "juan@example.com"})
	require.NoError(t, err)
	assert.Len(t, found.Items, 1)
	_, err = b.account.Inbox().DryRun(b.ctx, said.Ref, "hola")
	require.ErrorIs(t, err, charla.ErrNotFound, "no session has written")

	_, err = b.account.Agent(guia).Start(b.ctx, juan, "hola", nil)
	require.ErrorIs(t, err, tickets.ErrAutomated)
	for _, wrong := range []charla.Proof{{}, {Subject: "1", Provider: "google"}} {
		_, err = agent.Start(b.ctx, wrong, "hola", nil)
		require.Error(t, err)
	}
	_, err = agent.Do(b.ctx, said.Ref, tickets.Command{Kind: tickets.CommandStart}, nil)
	require.ErrorIs(t, err, tickets.ErrCommand)
}

// TestStartsAtOnce: R16.5, R3.2: agents and the customer who write first at once have one
// conversation with one ticket.
func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	juan := charla.Proof{Subject: "1", Name: "Juan"}
	visitor := b.enterAs(charla.Entry{Proof: &juan})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := b.account.Agent(ana).Start(b.ctx, juan, "hola", nil)
			assert.NoError(t, err)
		})
	}
	group.Go(func() {
		_, err := visitor.Write(b.ctx, "hola", nil)
		assert.NoError(t, err)
	})
	group.Wait()
	page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Len(t, b.messages(page.Items[0].Ref), 9)
}

// TestStartWithFile: R8.1, R16.5: a keyed call with a file is repeated like one without, also
// when the account's files are full, or at one instant; the key is the agent's and the
// customer's.
func TestStartWithFile(t *testing.T) {
	t.Parallel()
	b, _, dir := uploading(t, nil, func(o *charla.FileOptions) { o.AccountBytes = 40 })
	agent := b.agent(ana)
	start := func(subject, name, body string) (charla.Result, error) {
		o := send(body)
		o.Key = "k"
		return agent.Start(b.ctx, charla.Proof{Subject: subject, Name: name}, "hola", o)
	}
	var group sync.WaitGroup
	got := make([]charla.Result, 4)
	for i := range got {
		group.Go(func() {
			var err error
			got[i], err = start("1", "Juan", "12345678")
			assert.NoError(t, err)
		})
	}
	group.Wait()
	for _, r := range got {
		assert.Equal(t, got[0], r)
	}
	other, err := start("2", "Eva", strings.Repeat("x", 32)) // and now they are full
	require.NoError(t, err)
	assert.NotEqual(t, got[0].Ref.Conversation, other.Ref.Conversation, "another customer: another call")
	var problems chatcfg.Problems
	_, err = start("3", "Leo", "1")
	require.ErrorAs(t, err, &problems)
	again, err := start("1", "Juan P.", "12345678")
	require.NoError(t, err)
	assert.Equal(t, got[0], again, "the name may change between two tries")
	assert.Len(t, b.messages(again.Ref), 1)
	assert.Equal(t, 2, kept(t, dir))
	_, err = start("1", "Juan", "1234567")
	require.ErrorIs(t, err, charla.ErrKeyReused, "another file")
}

// TestStartWithRefusedFile: R16.5: a message whose file is refused is not stored without it.
func TestStartWithRefusedFile(t *testing.T) {
	t.Parallel()
	b, _, _ := uploading(t, nil, func(o *charla.FileOptions) { o.MaxBytes = 3 })
	_, err := b.agent(ana).Start(b.ctx, charla.Proof{Subject: "1"}, "hola", send("1234"))
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{})
	require.NoError(t, err)
	assert.Empty(t, page.Items)
	_, err = b.agent(ana).Start(b.ctx, charla.Proof{Subject: "1"}, "hola", send("123"))
	require.NoError(t, err, "the control")
}
