package tickets_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWait: R2.2 to R2.4.
func TestWait(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite)
	first := s.now
	want := &tickets.Wait{Since: first, Clock: chatcfg.Wall, Limit: tickets.Span(30 * time.Minute), Due: first.Add(30 * time.Minute)}
	assert.Equal(t, want, s.state.Ticket.Wait, "it starts with the message")
	s.do(tickets.CommandWrite)
	assert.Equal(t, want, s.state.Ticket.Wait, "a later message does not restart it (R2.2)")
	s.do(tickets.CommandDelay)
	assert.True(t, s.state.Ticket.Delayed(), "R2.3")
	assert.Zero(t, want.DelayedAt, "the loaded wait is not written to")
	s.do(tickets.CommandReply)
	assert.Nil(t, s.state.Ticket.Wait)
	assert.Equal(t, []tickets.Answer{{
		Ticket: 1, Since: first, At: s.now, Waited: tickets.Span(3 * time.Hour), Limit: tickets.Span(30 * time.Minute), First: true, Agent: "ana",
	}}, s.last.Answers, "the late answer is still measured (R2.3)")

	s.do(tickets.CommandWrite, tickets.CommandReply)
	require.Len(t, s.last.Answers, 1)
	assert.False(t, s.last.Answers[0].First)

	s.do(tickets.CommandWrite, tickets.CommandIgnore)
	assert.Nil(t, s.state.Ticket.Wait, "ignoring stops it (R2.4)")
	s.do(tickets.CommandWrite)
	assert.Nil(t, s.state.Ticket.Wait, "only open tickets wait (R2.4)")
	s.do(tickets.CommandOpen)
	require.NotNil(t, s.state.Ticket.Wait, "opening starts a new one (R2.4)")
	assert.Equal(t, s.now, s.state.Ticket.Wait.Since, "at that moment, not at the old message")
	s.do(tickets.CommandClose)
	assert.Nil(t, s.state.Ticket.Wait, "closing stops it (R2.4)")
	s.do(tickets.CommandOpen, tickets.CommandReply, tickets.CommandIgnore, tickets.CommandOpen)
	assert.Nil(t, s.state.Ticket.Wait, "the agent had the last word (R2.4)")
}

// TestCountsFrom: R4.2's start, and R3.7's pause.
func TestCountsFrom(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite)
	assert.Zero(t, s.state.Ticket.CountsFrom, "the customer has the last word")
	for _, step := range []struct {
		kind   tickets.CommandKind
		counts bool // from this step
		keeps  bool // from where it did
	}{
		{kind: tickets.CommandReply, counts: true},
		{kind: tickets.CommandMark, keeps: true},
		{kind: tickets.CommandClassify, keeps: true},
		{kind: tickets.CommandReply, counts: true},
		{kind: tickets.CommandPause},
		{kind: tickets.CommandReply},
		{kind: tickets.CommandResume, counts: true},
		{kind: tickets.CommandIgnore},
		{kind: tickets.CommandOpen, counts: true},
		{kind: tickets.CommandWrite},
		{kind: tickets.CommandPause},
		{kind: tickets.CommandResume},
		{kind: tickets.CommandReply, counts: true},
		{kind: tickets.CommandClose},
		{kind: tickets.CommandOpen, counts: true},
		{kind: tickets.CommandExpire},
	} {
		before := s.state.Ticket.CountsFrom
		s.do(step.kind)
		switch {
		case step.counts:
			assert.Equal(t, s.now, s.state.Ticket.CountsFrom, step.kind)
		case step.keeps:
			assert.Equal(t, before, s.state.Ticket.CountsFrom, step.kind)
		default:
			assert.Zero(t, s.state.Ticket.CountsFrom, step.kind)
		}
	}
	assert.False(t, begin(t).do(tickets.CommandWrite, tickets.CommandPause, tickets.CommandIgnore).state.Ticket.Paused, "ignoring ends the pause (R3.7)")
	assert.False(t, begin(t).do(tickets.CommandWrite, tickets.CommandPause, tickets.CommandClose).state.Ticket.Paused, "closing ends the pause (R3.7)")
}

// TestNewTicket: R3.1, R3.2, R3.4, R5.3.
func TestNewTicket(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite, tickets.CommandWrite, tickets.CommandClose)
	assert.EqualValues(t, 1, s.state.Ticket.Number)
	s.do(tickets.CommandWrite)
	assert.EqualValues(t, 2, s.state.Ticket.Number)
	assert.EqualValues(t, 1, s.state.Ticket.Previous, "linked to the one before (R3.4)")

	s.policy.ReopenWindow = 2 * time.Hour
	s.do(tickets.CommandClose, tickets.CommandWrite)
	assert.EqualValues(t, 2, s.state.Ticket.Number, "an hour after the close it reopens (R3.4)")
	assert.True(t, s.last.HasFact(tickets.FactReopened))
	assert.False(t, s.last.HasFact(tickets.FactCreated))
	s.policy.ReopenWindow = time.Hour
	s.policy.CreateIgnored = true
	s.do(tickets.CommandClose, tickets.CommandWrite)
	assert.EqualValues(t, 3, s.state.Ticket.Number, "the window excludes its end instant (R3.4)")
	assert.Equal(t, tickets.StatusIgnored, s.state.Ticket.Status, "created ignored (R5.3)")
	s.policy.ReopenWindow = 2 * time.Hour
	s.do(tickets.CommandClose, tickets.CommandWrite)
	assert.Equal(t, tickets.StatusOpen, s.state.Ticket.Status, "reopened as open even under create ignored (R3.4)")
}

// TestImportance: R3.5.
func TestImportance(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite, tickets.CommandUnmark)
	assert.True(t, s.state.Ticket.KeywordsOff, "unmarking an unmarked ticket succeeds and holds")
	assert.Empty(t, s.last.Entries[0].Facts)
	s.do(tickets.CommandMark)
	assert.True(t, s.state.Ticket.Important)
	s.do(tickets.CommandClose, tickets.CommandWrite)
	assert.False(t, s.state.Ticket.KeywordsOff, "another ticket starts anew")
}

// TestHistory: R3.8, R3.9: numbered without a gap, in the order of doing.
func TestHistory(t *testing.T) {
	t.Parallel()
	s := begin(t)
	var entries []tickets.Entry
	var seqs []int64
	for _, kind := range []tickets.CommandKind{
		tickets.CommandWrite, tickets.CommandReply, tickets.CommandPause, tickets.CommandResume, tickets.CommandClose, tickets.CommandWrite, tickets.CommandIgnore, tickets.CommandReply,
	} {
		s.do(kind)
		entries = append(entries, s.last.Entries...)
		for _, m := range s.last.Messages {
			seqs = append(seqs, m.Seq)
		}
	}
	for i, e := range entries {
		assert.EqualValues(t, i+1, e.N)
		assert.NotEmpty(t, e.Actor.Kind)
		assert.False(t, e.At.IsZero())
	}
	assert.Equal(t, []int64{1, 2, 3, 4}, seqs)
	assert.Equal(t, tickets.ActorAgent, entries[1].Actor.Kind)
	assert.EqualValues(t, 2, entries[6].Ticket)
}

// TestTimeNeverGoesBack: R4.5, for one conversation.
func TestTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite)
	d := tickets.Begin(s.state, s.now.Add(-time.Hour))
	assert.Equal(t, s.now, d.At)
}

// TestCustomer: R7.2: a claim never overwrites what is verified.
func TestCustomer(t *testing.T) {
	t.Parallel()
	s := begin(t)
	write := func(c tickets.Customer) {
		require.NoError(t, s.try(tickets.Command{Kind: tickets.CommandWrite, Customer: c}))
	}
	write(tickets.Customer{Level: tickets.LevelClaimed, Name: "Juan", Email: "juan@example.com"})
	write(tickets.Customer{Level: tickets.LevelClaimed, Name: "Juana", Phone: "+56912345678"})
	assert.Equal(t, tickets.Customer{
		Level: tickets.LevelClaimed, Name: "Juana", Phone: "+56912345678",
	}, s.state.Conversation.Customer, "a claim learns nothing from another")
	verified := tickets.Customer{Level: tickets.LevelVerified, Name: "J. Pérez"}
	write(verified)
	assert.Equal(t, verified, s.state.Conversation.Customer, "claims do not become verified")
	write(tickets.Customer{Level: tickets.LevelClaimed, Name: "Mallory"})
	assert.Equal(t, verified, s.state.Conversation.Customer)
	assert.Equal(t, "Mallory", s.state.Ticket.Customer.Name, "but it labels the ticket")
	assert.Equal(t, tickets.LevelClaimed, s.last.Messages[0].Level, "every message carries the level (R7.1)")
}

// TestHeartbeatEnds: R4.7: a heartbeat ends at 90 s without another; an agent who comes
// at that instant ends an absence.
func TestHeartbeatEnds(t *testing.T) {
	t.Parallel()
	var r tickets.Roster
	r = r.Heartbeat("ana", tickets.Online, noon, tickets.HeartbeatTTL)
	for wait, empty := range map[time.Duration]bool{
		tickets.HeartbeatTTL - time.Nanosecond: false,
		tickets.HeartbeatTTL:                   true,
	} {
		now := noon.Add(wait)
		was := r.At(now, tickets.HeartbeatTTL)
		assert.Equal(t, !empty, was.Available)
		next := r.Heartbeat("eva", tickets.Online, now, tickets.HeartbeatTTL)
		_, kept := next.Agents["ana"]
		assert.Equal(t, !empty, kept, "who has gone is forgotten")
		absence := was.Absence // of the absence that follows
		if empty {
			absence++
		}
		assert.Equal(t, absence, next.At(now.Add(time.Hour), tickets.HeartbeatTTL).Absence)
	}
}

// TestRoster: R4.7.
func TestRoster(t *testing.T) {
	t.Parallel()
	var r tickets.Roster
	first := r.At(noon, tickets.HeartbeatTTL)
	assert.Equal(t, tickets.Presence{Absence: 1}, first, "absent from the creation on")
	r = r.Heartbeat("ana", tickets.Online, noon, tickets.HeartbeatTTL)
	assert.True(t, r.At(noon.Add(89*time.Second), tickets.HeartbeatTTL).Available)
	gone := r.At(noon.Add(90*time.Second), tickets.HeartbeatTTL)
	assert.False(t, gone.Available, "90 s without a heartbeat")
	assert.NotEqual(t, first.Absence, gone.Absence, "another absence")
	again := r.Heartbeat("ana", tickets.Online, noon.Add(60*time.Second), tickets.HeartbeatTTL)
	assert.Equal(t, gone.Absence, again.At(noon.Add(time.Hour), tickets.HeartbeatTTL).Absence, "a heartbeat in time begins nothing")
	r = r.Heartbeat("eva", tickets.Online, noon.Add(80*time.Second), tickets.HeartbeatTTL)
	r = r.Heartbeat("ana", tickets.Away, noon.Add(81*time.Second), tickets.HeartbeatTTL)
	assert.True(t, r.At(noon.Add(100*time.Second), tickets.HeartbeatTTL).Available, "eva is still there")
	r = r.Heartbeat("eva", tickets.Offline, noon.Add(101*time.Second), tickets.HeartbeatTTL)
	assert.Equal(t, gone, r.At(noon.Add(101*time.Second), tickets.HeartbeatTTL), "nobody came into an empty room meanwhile")
	r = r.Heartbeat("eva", tickets.Online, noon.Add(200*time.Second), 0)
	assert.True(t, r.At(noon.Add(1000*time.Hour), tickets.HeartbeatTTL).Available, "without a limit it holds until changed")
	assert.EqualValues(t, 5, r.Revision)
}

// TestCategories: R11.6: where there are categories, a ticket gets one of them or none.
func TestCategories(t *testing.T) {
	t.Parallel()
	s := begin(t).do(tickets.CommandWrite)
	classify := func(category string) error {
		return s.try(tickets.Command{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: category}})
	}
	require.NoError(t, classify("cualquiera"))
	s.policy.Categories = []string{"Venta/Cotización", "Reclamo"}
	require.ErrorIs(t, classify("cualquiera"), tickets.ErrCategory)
	require.ErrorIs(t, classify("reclamo"), tickets.ErrCategory, "compared exactly")
	assert.Equal(t, "cualquiera", s.state.Ticket.Typification.Category, "what it has stays")
	require.NoError(t, classify("Reclamo"))
	s.do(tickets.CommandClassify)
	assert.Nil(t, s.state.Ticket.Typification)
}
