package charla_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unread returns what an agent's inbox says that they have not read of a conversation.
func (b *bench) unread(who tickets.AgentID, ref tickets.Ref) int {
	b.t.Helper()
	page, err := b.agent(charla.Person{ID: who}).Inbox().Tickets(b.ctx, charla.TicketQuery{Conversation: ref.Conversation})
	require.NoError(b.t, err)
	return page.Items[0].Unread
}

// TestUnreadOfEachAgent: R11.3: each agent has a mark of their own, which only rises, and a
// count of the customer's messages after it; agents' words, notes and automatic messages do
// not count.
func TestUnreadOfEachAgent(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Automation.TicketCreated = text("Ya vamos") })
	v := b.enter("juan")
	first := b.write(v, "uno") // 1, and 2 from the rule
	ref := first.Ref
	second := b.write(v, "dos") // 3
	b.reply(ref, "hola")        // 4
	note, err := b.agent(ana).Note(b.ctx, ref, "ojo", nil)
	require.NoError(t, err)
	mark := func(who tickets.AgentID, seq int64) {
		require.NoError(t, b.agent(charla.Person{ID: who}).MarkRead(b.ctx, ref, seq))
	}
	assert.Equal(t, 2, b.unread("ana", ref))
	mark("ana", first.Seq)
	assert.Equal(t, 1, b.unread("ana", ref))
	assert.Equal(t, 2, b.unread("beto", ref), "another's mark is not theirs")
	mark("ana", note.Seq)
	mark("ana", second.Seq) // it does not fall
	assert.Equal(t, 0, b.unread("ana", ref))
	b.write(v, "tres")
	assert.Equal(t, 1, b.unread("ana", ref))
	mark("beto", 99) // not beyond the last
	assert.Equal(t, 0, b.unread("beto", ref))
	b.write(v, "cuatro")
	assert.Equal(t, 1, b.unread("beto", ref))
	assert.Equal(t, 2, b.unread("ana", ref))
	page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{})
	require.NoError(t, err)
	assert.Equal(t, 1, page.Items[0].Unread, "what no agent has read")
	require.Error(t, b.agent(charla.Person{}).MarkRead(b.ctx, ref, 1))

	for range charla.MaxUnread + 20 {
		b.write(v, "más")
	}
	assert.Equal(t, charla.MaxUnread, b.unread("carla", ref), "it stops there")
	mark("ana", second.Seq+5)
	assert.Equal(t, charla.MaxUnread, b.unread("ana", ref))
	mark("ana", first.Seq+1000)
	assert.Equal(t, 0, b.unread("ana", ref))
	for i := range tickets.MaxReaders + 5 {
		mark(tickets.AgentID(fmt.Sprint("agent ", i)), int64(10+i))
	}
	assert.Equal(t, 0, b.unread("ana", ref), "who has read least is forgotten first")
	mark("late", 1)
	assert.Equal(t, charla.MaxUnread, b.unread("late", ref), "who has read less than all is not kept")
	loaded, err := b.store.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID(), Conversation: ref.Conversation})
	require.NoError(t, err)
	assert.Len(t, loaded.Conversation.Readers, tickets.MaxReaders)
}

// TestManyReaders: R11.3: more agents than a conversation keeps marks of do not push each other
// out: it settles after each message, and reading again changes nothing.
func TestManyReaders(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := b.enter("juan")
	ref := b.write(v, "hola").Ref
	read := func() (version int64) {
		t.Helper()
		for i := range tickets.MaxReaders + 3 {
			require.NoError(t, b.agent(charla.Person{ID: tickets.AgentID(fmt.Sprint("agent ", i))}).MarkRead(b.ctx, ref, 1000))
		}
		loaded, err := b.store.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID(), Conversation: ref.Conversation})
		require.NoError(t, err)
		return loaded.Conversation.Version
	}
	for range 3 {
		b.write(v, "más")
		read()
		settled := read()
		assert.Equal(t, settled, read(), "nothing changes any more")
		unread := 0
		for i := range tickets.MaxReaders + 3 {
			unread += min(b.unread(tickets.AgentID(fmt.Sprint("agent ", i)), ref), 1)
		}
		assert.Equal(t, 3, unread)
	}
}

// TestReadOnAllScreens: R11.3: an agent's read mark changes that agent's row on their other
// screens, also in another process; it is no change of the ticket, and does not move it in
// the list.
func TestReadOnAllScreens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		older := b.write(b.enter("juan"), "hola").Ref
		elapse(1)
		newer := b.write(b.enter("maria"), "hola").Ref
		before := b.ticket(older)
		other := b.newDesk(func(o *charla.Options) { o.Clock = nil })
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		got := make([][]charla.Row, 2) // of each screen
		for i, d := range []*charla.Desk{b.desk, other} {
			go func() {
				for row, err := range b.agentOn(d, ana).Inbox().Live(ctx, charla.InboxEnd, 0) {
					if err == nil && row.Number != 0 {
						got[i] = append(got[i], row)
					}
				}
			}()
		}
		synctest.Wait()
		require.NoError(t, b.agent(ana).MarkRead(b.ctx, older, 1))
		elapse(2e9) // the other process polls
		synctest.Wait()
		for _, rows := range got {
			require.Len(t, rows, 1)
			assert.Equal(t, older, rows[0].Ref)
			assert.Zero(t, rows[0].Unread)
		}
		require.NoError(t, b.agent(ana).MarkRead(b.ctx, older, 1)) // nothing new
		elapse(2e9)
		synctest.Wait()
		assert.Equal(t, []int{1, 1}, []int{len(got[0]), len(got[1])})
		assert.Equal(t, before, b.ticket(older))
		page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{})
		require.NoError(t, err)
		assert.Equal(t, newer, page.Items[0].Ref)
	})
}

// TestCounts: R11.3: the counts of an inbox's views come in one call, of this account only.
func TestCounts(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	refs := make([]tickets.Ref, 6)
	for i := range refs {
		refs[i] = b.write(b.enter(fmt.Sprint("c", i)), "hola").Ref
	}
	require.NoError(t, b.take("ana", refs[0]))
	require.NoError(t, b.take("ana", refs[1]))
	require.NoError(t, b.take("beto", refs[2]))
	for ref, cmd := range map[tickets.Ref]tickets.Command{
		refs[1]: {Kind: tickets.CommandClose}, refs[3]: {Kind: tickets.CommandAssign, Team: new(tickets.TeamID("ventas"))},
		refs[4]: {Kind: tickets.CommandIgnore},
	} {
		_, err := b.agent(ana).Do(b.ctx, ref, cmd, nil)
		require.NoError(t, err)
	}
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	views := []charla.TicketQuery{
		{Assignee: "ana", Status: tickets.StatusOpen}, {Assignee: "ana"}, {Unassigned: true}, {Team: "ventas"}, {Status: tickets.StatusOpen},
		{Status: tickets.StatusOpen, Waiting: true}, {}, {Assignee: "carla"}, {Conversation: refs[0].Conversation, PageQuery: charla.PageQuery{Limit: 1}},
	}
	counts, err := b.account.Inbox().Counts(b.ctx, views...)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2, 3, 1, 4, 4, 6, 0, 1}, counts)
	counts, err = other.Inbox().Counts(b.ctx, views...)
	require.NoError(t, err)
	assert.Equal(t, make([]int, len(views)), counts)
	for path, bad := range map[string][]charla.TicketQuery{
		"text": {{}, {Text: "hola"}}, "status": {{Status: "x"}}, "team": {{}, {Team: "a\nb"}}, "views": make([]charla.TicketQuery, charla.MaxViews+1),
	} {
		_, err := b.account.Inbox().Counts(b.ctx, bad...)
		var problems chatcfg.Problems
		if assert.ErrorAs(t, err, &problems, path) {
			assert.Equal(t, path, problems[0].Path)
		}
	}
}

// TestHugeConditions: R8.4: what no ticket can have is refused before a store reads it, whatever
// its size; the longest that one can have is looked for.
func TestHugeConditions(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enterAs(charla.Entry{Proof: &charla.Proof{Subject: "u1"}}), "hola").Ref
	agent, team := tickets.AgentID(strings.Repeat("a", charla.MaxAgent)), tickets.TeamID(strings.Repeat("t", charla.MaxAgent))
	name := strings.Repeat("ñ", charla.MaxField)
	for _, cmd := range []tickets.Command{
		{Kind: tickets.CommandAssign, Assignee: &tickets.Assignee{Agent: agent}, Team: &team},
		{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: name, Fields: map[string]string{name: name, "empty": ""}}},
	} {
		_, err := b.agent(ana).Do(b.ctx, ref, cmd, nil)
		require.NoError(t, err)
	}
	many := map[string]string{}
	for i := range charla.MaxFields + 1 {
		many[fmt.Sprint(i)] = "x"
	}
	huge := strings.Repeat("x", 1<<20)
	for _, tt := range []struct {
		path string
		fits charla.TicketQuery
		bad  []charla.TicketQuery
	}{
		{"assignee", charla.TicketQuery{Assignee: agent}, []charla.TicketQuery{{Assignee: agent + "a"}, {Assignee: tickets.AgentID(huge)}, {Assignee: "a\xff"}}},
		{"team", charla.TicketQuery{Team: team}, []charla.TicketQuery{{Team: team + "t"}, {Team: tickets.TeamID(huge)}, {Team: "a\x00"}}},
		{"category", charla.TicketQuery{Category: name}, []charla.TicketQuery{{Category: name + "ñ"}, {Category: huge}}},
		{"fields", charla.TicketQuery{Fields: map[string]string{name: name, "empty": ""}}, []charla.TicketQuery{
			{Fields: map[string]string{"a": huge}}, {Fields: map[string]string{huge: "a"}}, {Fields: map[string]string{"": "a"}}, {Fields: many},
		}},
		{"text", charla.TicketQuery{Text: strings.Repeat(" ", 1996) + "hola"}, []charla.TicketQuery{{Text: strings.Repeat(" ", 1997) + "hola"}, {Text: huge}}},
	} {
		page, err := b.account.Inbox().Tickets(b.ctx, tt.fits)
		require.NoError(t, err, tt.path)
		assert.Len(t, page.Items, 1, tt.path)
		for _, bad := range tt.bad {
			var problems chatcfg.Problems
			_, err := b.account.Inbox().Tickets(b.ctx, bad)
			require.ErrorAs(t, err, &problems, tt.path)
			assert.True(t, strings.HasPrefix(problems[0].Path, tt.path), problems[0].Path)
			_, err = b.account.Inbox().Counts(b.ctx, bad)
			require.ErrorAs(t, err, &problems, tt.path)
		}
	}
	for _, key := range []charla.CustomerKey{{Subject: huge}, {Subject: "u1", Provider: huge}, {Subject: "u1\n"}, {Email: huge + "@example.com"}} {
		_, err := b.account.Inbox().Customer(b.ctx, key)
		require.ErrorIs(t, err, charla.ErrNotFound)
	}
}
