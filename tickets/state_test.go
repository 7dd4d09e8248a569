package tickets_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRedated: R4.5: what a wrong clock dated later counts from now on, in the conversation, its
// latest ticket and an older one; what it dated earlier stays, and nothing is written to
// what was loaded. A ticket of the right time is not stored again.
func TestRedated(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	before, ahead := now.Add(-time.Hour), now.Add(30*24*time.Hour)
	limit := tickets.Span(10 * time.Minute)
	wrong := func(number tickets.Number) tickets.Ticket {
		return tickets.Ticket{
			Number: number, Status: tickets.StatusOpen, CreatedAt: before, OpenedAt: ahead, ClosedAt: ahead, ChangedAt: ahead, CountsFrom: ahead,
			Wait: &tickets.Wait{Since: ahead, Clock: chatcfg.Wall, Limit: limit, Due: ahead.Add(limit.Std()), DelayedAt: ahead},
		}
	}
	right := func(number tickets.Number) tickets.Ticket {
		return tickets.Ticket{
			Number: number, Status: tickets.StatusOpen, CreatedAt: before, OpenedAt: now, ClosedAt: now, ChangedAt: now, CountsFrom: now,
			Wait: &tickets.Wait{Since: now, Clock: chatcfg.Wall, Limit: limit, Due: now.Add(limit.Std()), DelayedAt: now},
		}
	}
	older := wrong(1)
	s := tickets.State{Conversation: tickets.Conversation{CreatedAt: ahead, LastAt: ahead, Number: 2}, Ticket: wrong(2), Older: &older}
	assert.True(t, s.Ahead(now))
	d := tickets.BeginRedated(s, now, nil)
	assert.Equal(t, now, d.At)
	assert.Equal(t, now, d.Conversation.LastAt)
	assert.Equal(t, now, d.Conversation.CreatedAt)
	assert.Equal(t, []tickets.Ticket{right(1), right(2)}, d.Changed())
	assert.Equal(t, wrong(1), older, "what was loaded")
	assert.Equal(t, wrong(2), s.Ticket)

	earlier := tickets.Conversation{CreatedAt: before, LastAt: ahead, Number: 2}
	d = tickets.BeginRedated(tickets.State{Conversation: earlier, Ticket: right(2), Older: new(right(1))}, now, nil)
	assert.Empty(t, d.Changed(), "nothing is ahead")
	assert.Equal(t, before, d.Conversation.CreatedAt)
	assert.Empty(t, tickets.BeginRedated(tickets.State{Conversation: earlier}, now, nil).Changed(), "no ticket")

	idle := wrong(1)
	idle.Wait = nil
	changed := tickets.BeginRedated(tickets.State{Conversation: earlier, Ticket: idle}, now, nil).Changed()
	require.Len(t, changed, 1, "it is stored also if nobody waits")
	assert.Equal(t, now, changed[0].ChangedAt)

	// A wait that began before keeps its start, and is due no later than its limit.
	began := wrong(1)
	began.Wait.Since, began.Wait.DelayedAt = before, time.Time{}
	w := tickets.BeginRedated(tickets.State{Conversation: earlier, Ticket: began}, now, nil).Ticket.Wait
	assert.Equal(t, tickets.Wait{Since: before, Clock: chatcfg.Wall, Limit: limit, Due: now}, *w, "due by now, not in the past")
	began.Wait.Due = now.Add(time.Minute)
	assert.Equal(t, now, tickets.BeginRedated(tickets.State{Conversation: earlier, Ticket: began}, now, nil).Ticket.Wait.Due)
}

// TestAhead: five minutes ahead is what clocks may differ by; one part that is further ahead is
// enough.
func TestAhead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	edge, over := now.Add(5*time.Minute), now.Add(5*time.Minute+1)
	for i, s := range []tickets.State{
		{Conversation: tickets.Conversation{LastAt: over}}, {Ticket: tickets.Ticket{ChangedAt: over}}, {Older: &tickets.Ticket{ChangedAt: over}},
	} {
		assert.True(t, s.Ahead(now), i)
	}
	s := tickets.State{Conversation: tickets.Conversation{LastAt: edge}, Ticket: tickets.Ticket{ChangedAt: edge}, Older: &tickets.Ticket{ChangedAt: edge}}
	assert.False(t, s.Ahead(now))
}

// TestReaders: R11.3: a mark only rises; of 64 agents the one who has read least makes room for
// one who has read further, and one who has read no further is not kept.
func TestReaders(t *testing.T) {
	t.Parallel()
	var c tickets.Conversation
	assert.False(t, c.Read(tickets.Reader{Agent: "ana"}), "nothing is read")
	for i := range tickets.MaxReaders {
		require.True(t, c.Read(tickets.Reader{Agent: tickets.AgentID(fmt.Sprint("a", i)), Seq: int64(10 + i)}))
	}
	before := append([]tickets.Reader(nil), c.Readers...)
	assert.False(t, c.Read(tickets.Reader{Agent: "a7", Seq: 17}), "as far as before")
	assert.False(t, c.Read(tickets.Reader{Agent: "beto", Seq: 9}), "less than all others")
	assert.Equal(t, before, c.Readers)

	assert.True(t, c.Read(tickets.Reader{Agent: "a7", Seq: 18, Customer: 3}))
	assert.Len(t, c.Readers, tickets.MaxReaders, "who is there already takes nobody's place")
	assert.EqualValues(t, 10, c.Reader("a0").Seq)
	assert.False(t, c.Read(tickets.Reader{Agent: "beto", Seq: 10}), "as far as the one who has read least")
	assert.True(t, c.Read(tickets.Reader{Agent: "beto", Seq: 11}))
	assert.Len(t, c.Readers, tickets.MaxReaders)
	assert.Equal(t, tickets.Reader{Agent: "a0"}, c.Reader("a0"), "the one who had read least")
	assert.EqualValues(t, 11, c.Reader("beto").Seq)
	for i := 1; i < tickets.MaxReaders; i++ {
		assert.Positive(t, c.Reader(tickets.AgentID(fmt.Sprint("a", i))).Seq, i)
	}
	c.CustomerMessages = 4
	assert.EqualValues(t, 1, c.Unread("a7"))
	assert.EqualValues(t, 4, c.Unread("a0"))
}

// TestNoteIsStored: R11.4: a note has the next number, counts as one, and names each agent once;
// the ticket stays as it was but for when it changed.
func TestNoteIsStored(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	s := tickets.State{
		Conversation: tickets.Conversation{Number: 1, LastSeq: 4, Notes: 1, LastEntry: 3, LastAt: now},
		Ticket:       tickets.Ticket{Number: 1, Status: tickets.StatusOpen, LastWord: tickets.SideCustomer, Customer: tickets.Customer{Level: tickets.LevelClaimed}, Messages: 3, ChangedAt: now},
	}
	d := tickets.Begin(s, now.Add(time.Second))
	require.NoError(t, d.Do(tickets.Command{
		Kind: tickets.CommandNote, Text: "mirar", Actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: "ana", Name: "Ana"}, Mentions: []tickets.AgentID{"beto", "eva", "beto"},
	}, tickets.Inputs{Now: now.Add(time.Second)}, time.Time{}, &tickets.Policy{}))
	assert.Equal(t, []tickets.Message{{
		Seq: 5, Ticket: 1, At: d.At, From: tickets.FromNote, Level: tickets.LevelClaimed, Agent: "ana", Name: "Ana", Text: "mirar",
	}}, d.Messages)
	assert.EqualValues(t, 5, d.Conversation.LastSeq)
	assert.EqualValues(t, 2, d.Conversation.Notes)
	want := s.Ticket
	want.ChangedAt = d.At
	assert.Equal(t, want, d.Ticket)
	assert.Equal(t, []tickets.Fact{
		{Kind: tickets.FactNoted, Seq: 5}, {Kind: tickets.FactMentioned, Assignee: tickets.Assignee{Agent: "beto"}}, {Kind: tickets.FactMentioned, Assignee: tickets.Assignee{Agent: "eva"}},
	}, d.Entries[0].Facts)
}

// TestTurnIsKept: R11.2: a ticket keeps the keyed call by which it was taken as the next one, and a
// call without a key leaves it.
func TestTurnIsKept(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite)
	turn := tickets.Turn{Agent: "ana", Key: "k"}
	for _, given := range []tickets.Turn{turn, {}} {
		d := tickets.Begin(s.state, s.now)
		require.NoError(t, d.Do(tickets.Command{Kind: tickets.CommandTake, Number: 1, Turn: given, Actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: "ana"}}, tickets.Inputs{Now: s.now}, time.Time{}, &tickets.Policy{}))
		assert.Equal(t, turn, d.Ticket.Turn)
		s.state = d.State
	}
}

// TestErrorsSay: errors say what was refused and why.
func TestErrorsSay(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"tickets: reply is not possible on a ticket that is missing":             &tickets.TransitionError{Kind: tickets.CommandReply},
		"tickets: pause is not possible on a ticket that is paused":              &tickets.TransitionError{Kind: tickets.CommandPause, From: tickets.StatusOpen, Paused: true},
		"tickets: reply is not possible on a ticket that is closed":              &tickets.TransitionError{Kind: tickets.CommandReply, From: tickets.StatusClosed},
		"tickets: resume is not possible on a ticket that is not paused":         &tickets.TransitionError{Kind: tickets.CommandResume, From: tickets.StatusOpen},
		"tickets: handOver is not possible on a ticket that is not with the bot": &tickets.TransitionError{Kind: tickets.CommandHandOver, From: tickets.StatusOpen},
		"tickets: handOver is not possible on a ticket that is closed":           &tickets.TransitionError{Kind: tickets.CommandHandOver, From: tickets.StatusClosed},
		`tickets: nobody has it`:       &tickets.TakenError{},
		`tickets: agent "beto" has it`: &tickets.TakenError{By: tickets.Assignee{Agent: "beto", Name: "Beto"}},
	} {
		assert.EqualError(t, err, want)
	}
	require.ErrorIs(t, &tickets.TransitionError{}, tickets.ErrTransition)
	require.ErrorIs(t, &tickets.TakenError{}, tickets.ErrTaken)
}

// TestRatingKeepsItsTime: R14.3: a rating that is changed counts from the first, so that it cannot be
// changed for ever.
func TestRatingKeepsItsTime(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite, tickets.CommandReply, tickets.CommandClose)
	rate := func(at time.Time, score int) error {
		d := tickets.Begin(s.state, at)
		err := d.Do(tickets.Command{Kind: tickets.CommandRate, Score: score, Actor: tickets.Actor{Kind: tickets.ActorCustomer}}, tickets.Inputs{Now: at}, time.Time{}, &s.policy)
		if err == nil {
			s.state = d.State
		}
		return err
	}
	first := s.now.Add(time.Second)
	require.NoError(t, rate(first, 5))
	require.NoError(t, rate(first.Add(tickets.RatingChanges-1), 1))
	assert.Equal(t, tickets.Rating{Score: 1, At: first, Changes: 1}, *s.state.Ticket.Rating)
	require.ErrorIs(t, rate(first.Add(tickets.RatingChanges), 2), tickets.ErrRating)
}

// TestHandOver: R12.3: when a ticket leaves the bot, its customer begins to wait for an agent,
// and the SLA counts from then.
func TestHandOver(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cmd   tickets.Command
		waits bool
	}{
		"the bot itself":  {tickets.Command{Kind: tickets.CommandHandOver}, true},
		"who takes it":    {tickets.Command{Kind: tickets.CommandTake}, true},
		"who assigns it":  {tickets.Command{Kind: tickets.CommandAssign, Team: new(tickets.TeamID)}, true},
		"who pauses it":   {tickets.Command{Kind: tickets.CommandPause}, true},
		"the bot answers": {tickets.Command{Kind: tickets.CommandBotReply, Text: "A las 9."}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.policy.Bot = true
			s.do(tickets.CommandWrite)
			require.True(t, s.state.Ticket.WithBot)
			require.Nil(t, s.state.Ticket.Wait)
			require.NoError(t, s.try(tt.cmd))
			if !tt.waits {
				assert.True(t, s.state.Ticket.WithBot)
				assert.Nil(t, s.state.Ticket.Wait)
				return
			}
			assert.False(t, s.state.Ticket.WithBot)
			assert.Equal(t, &tickets.Wait{Since: s.now, Clock: chatcfg.Wall, Limit: tickets.Span(30 * time.Minute), Due: s.now.Add(30 * time.Minute)}, s.state.Ticket.Wait)
			assert.True(t, s.last.HasFact(tickets.FactHandedOver))
		})
	}
}

// TestStartIsOpen: R16.5: what an agent writes first is with the agent from the beginning, also where
// new tickets begin ignored or with the bot.
func TestStartIsOpen(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.policy.CreateIgnored, s.policy.Bot = true, true
	s.do(tickets.CommandStart)
	assert.Equal(t, tickets.StatusOpen, s.state.Ticket.Status)
	assert.False(t, s.state.Ticket.WithBot)
	assert.False(t, s.last.HasFact(tickets.FactHandedOver))
	assert.Zero(t, s.state.Ticket.Unanswered)
}

// TestTake: R11.1: who takes a ticket has it, with a fact; taken again it stays theirs without one,
// and nobody else takes it.
func TestTake(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.do(tickets.CommandWrite)
	for i := range 2 {
		s.do(tickets.CommandTake)
		assert.Equal(t, tickets.Assignee{Agent: "ana", Name: "Ana"}, s.state.Ticket.Assignee)
		assert.Equal(t, i == 0, s.last.HasFact(tickets.FactAssigned))
	}
	s.state.Ticket.Assignee = tickets.Assignee{Agent: "beto"}
	require.ErrorIs(t, s.try(tickets.Command{Kind: tickets.CommandTake}), tickets.ErrTaken)
	assert.Equal(t, tickets.Assignee{Agent: "beto"}, s.state.Ticket.Assignee)
}
