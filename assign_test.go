package charla_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// take has an agent take a ticket.
func (b *bench) take(who tickets.AgentID, ref tickets.Ref) error {
	_, err := b.agent(charla.Person{ID: who}).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandTake}, nil)
	return err
}

// TestTakers: R11.1: of 64 agents who take one ticket at once one has it, and the others
// are told who.
func TestTakers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("Juan"), "hola").Ref
	var group sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		group.Go(func() {
			for {
				errs[i] = b.take(tickets.AgentID(fmt.Sprint("agent ", i)), ref)
				if !errors.Is(errs[i], charla.ErrBusy) {
					return
				}
			}
		})
	}
	group.Wait()
	has := b.ticket(ref).Assignee.Agent
	require.NotEmpty(t, has)
	for i, err := range errs {
		var taken *tickets.TakenError
		if tickets.AgentID(fmt.Sprint("agent ", i)) == has {
			require.NoError(t, err)
		} else if assert.ErrorAs(t, err, &taken) {
			assert.Equal(t, has, taken.By.Agent)
		}
	}
}

// TestAssign: R11.1, R8.1: an assignment with a key is done once; another under the same
// key is refused, and so is what cannot be stored.
func TestAssign(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("Juan"), "hola").Ref
	agent := b.agent(ana)
	do := func(to *tickets.Assignee, team *tickets.TeamID) (charla.Result, error) {
		return agent.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandAssign, Assignee: to, Team: team}, &charla.CallOptions{Key: "k"})
	}
	beto := tickets.Assignee{Agent: "beto", Name: "Beto"}
	first, err := do(&beto, new(tickets.TeamID("ventas")))
	require.NoError(t, err)
	again, err := do(&beto, new(tickets.TeamID("ventas")))
	require.NoError(t, err)
	assert.Equal(t, first, again)
	for _, other := range []struct {
		to   *tickets.Assignee
		team *tickets.TeamID
	}{{&beto, nil}, {nil, new(tickets.TeamID("ventas"))}, {&beto, new(tickets.TeamID("soporte"))}, {&tickets.Assignee{Agent: "ana"}, new(tickets.TeamID("ventas"))}} {
		_, err := do(other.to, other.team)
		require.ErrorIs(t, err, charla.ErrKeyReused)
	}
	for path, bad := range map[string]struct {
		to   *tickets.Assignee
		team *tickets.TeamID
	}{
		"assignee":       {},
		"assignee.agent": {to: &tickets.Assignee{Name: "Beto"}},
		"assignee.name":  {to: &tickets.Assignee{Agent: "beto", Name: "a\nb"}},
		"team":           {team: new(tickets.TeamID(strings.Repeat("é", 65)))},
	} {
		_, err := agent.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandAssign, Assignee: bad.to, Team: bad.team}, nil)
		var problems chatcfg.Problems
		if assert.ErrorAs(t, err, &problems, path) {
			assert.Equal(t, path, problems[0].Path)
		}
	}
	got := b.ticket(ref)
	assert.Equal(t, beto, got.Assignee)
	assert.Equal(t, tickets.TeamID("ventas"), got.Team)
}

// TestAssignFrom: R11.1: an assignment may say who must still have the ticket; another key
// for another one. What it refuses changes nothing.
func TestAssignFrom(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("Juan"), "hola").Ref
	do := func(from, to tickets.AgentID, key string) error {
		_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandAssign, From: &from, Assignee: &tickets.Assignee{Agent: to}}, &charla.CallOptions{Key: key})
		return err
	}
	refused := func(by, from, to tickets.AgentID) {
		t.Helper()
		var taken *tickets.TakenError
		require.ErrorAs(t, do(from, to, ""), &taken)
		assert.Equal(t, by, taken.By.Agent)
		assert.Equal(t, by, b.ticket(ref).Assignee.Agent)
	}
	refused("", "beto", "carla")
	require.NoError(t, do("", "beto", "k"))
	require.NoError(t, do("", "beto", "k"), "repeated")
	require.ErrorIs(t, do("beto", "beto", "k"), charla.ErrKeyReused)
	_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandAssign, Assignee: &tickets.Assignee{Agent: "beto"}}, &charla.CallOptions{Key: "k"})
	require.ErrorIs(t, err, charla.ErrKeyReused)
	refused("beto", "", "carla")
	refused("beto", "", "beto")
	refused("beto", "carla", "")
	require.NoError(t, do("beto", "carla", ""))
	require.NoError(t, do("carla", "", ""))
	assert.Empty(t, b.ticket(ref).Assignee)
}

// TestAssignersAndTakers: R11.1: of agents who take a ticket and others who assign what
// nobody has, all at once and on two desks, one has it, and the history knows of no other.
func TestAssignersAndTakers(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("Juan"), "hola").Ref
	desks := []*charla.Desk{b.desk, b.newDesk(nil)}
	var group sync.WaitGroup
	for i := range 32 {
		who := tickets.AgentID(fmt.Sprint("agent ", i))
		agent := desks[i%2].Account(b.account.ID()).Agent(charla.Person{ID: who})
		for _, cmd := range []tickets.Command{
			{Kind: tickets.CommandTake}, {Kind: tickets.CommandAssign, From: new(tickets.AgentID), Assignee: &tickets.Assignee{Agent: who}},
		} {
			group.Go(func() {
				for {
					_, err := agent.Do(b.ctx, ref, cmd, nil)
					if !errors.Is(err, charla.ErrBusy) {
						assert.True(t, err == nil || errors.Is(err, tickets.ErrTaken), "%v", err)
						return
					}
				}
			})
		}
	}
	group.Wait()
	page, err := b.account.Inbox().History(b.ctx, ref, charla.PageQuery{})
	require.NoError(t, err)
	var assigned []tickets.AgentID
	for _, entry := range page.Items {
		for _, fact := range entry.Facts {
			if fact.Kind == tickets.FactAssigned {
				assigned = append(assigned, fact.Assignee.Agent)
			}
		}
	}
	assert.Equal(t, []tickets.AgentID{b.ticket(ref).Assignee.Agent}, assigned)
}

// TestInboxByAssignee: R11.3: the inbox lists what an agent has, what a team has, and
// what nobody has.
func TestInboxByAssignee(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	refs := map[string]tickets.Ref{}
	for _, name := range []string{"mine", "mine closed", "theirs", "team", "nobody", "nobody closed"} {
		refs[name] = b.write(b.enter(strings.ReplaceAll(name, " ", ".")), "hola").Ref
	}
	require.NoError(t, b.take("ana", refs["mine"]))
	require.NoError(t, b.take("ana", refs["mine closed"]))
	require.NoError(t, b.take("beto", refs["theirs"]))
	_, err := b.agent(ana).Do(b.ctx, refs["team"], tickets.Command{Kind: tickets.CommandAssign, Team: new(tickets.TeamID("ventas"))}, nil)
	require.NoError(t, err)
	for _, name := range []string{"mine closed", "nobody closed"} {
		_, err := b.agent(ana).Do(b.ctx, refs[name], tickets.Command{Kind: tickets.CommandClose}, nil)
		require.NoError(t, err)
	}
	for _, tt := range []struct {
		q    charla.TicketQuery
		want []string
	}{
		{charla.TicketQuery{Assignee: "ana"}, []string{"mine", "mine closed"}},
		{charla.TicketQuery{Assignee: "ana", Status: tickets.StatusOpen}, []string{"mine"}},
		{charla.TicketQuery{Unassigned: true}, []string{"team", "nobody"}},
		{charla.TicketQuery{Unassigned: true, Waiting: true}, []string{"team", "nobody"}},
		{charla.TicketQuery{Team: "ventas"}, []string{"team"}},
		{charla.TicketQuery{Team: "ventas", Assignee: "ana"}, nil},
	} {
		page, err := b.account.Inbox().Tickets(b.ctx, tt.q)
		require.NoError(t, err)
		var want, got []tickets.Ref
		for _, name := range tt.want {
			want = append(want, refs[name])
		}
		for _, row := range page.Items {
			got = append(got, row.Ref)
		}
		assert.ElementsMatch(t, want, got, "%+v", tt.q)
	}
}

// TestTakeNext: R11.2: 64 agents who take the next of 64 tickets get one each, of two
// desks on one store; then none is left. A repetition with the key finds the same.
func TestTakeNext(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	desks := []*charla.Desk{b.desk, b.newDesk(nil)}
	for i := range 64 {
		b.write(b.enter(fmt.Sprint("c", i)), "hola")
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	took := map[tickets.Ref]tickets.AgentID{}
	for i := range 64 {
		group.Go(func() {
			who := tickets.AgentID(fmt.Sprint("agent ", i))
			agent := b.agentOn(desks[i%2], charla.Person{ID: who})
			o := &charla.CallOptions{Key: "turn"}
			first, err := agent.TakeNext(b.ctx, nil, o)
			for errors.Is(err, charla.ErrBusy) {
				first, err = agent.TakeNext(b.ctx, nil, o)
			}
			if !assert.NoError(t, err) {
				return
			}
			again, err := agent.TakeNext(b.ctx, nil, o)
			assert.NoError(t, err)
			assert.Equal(t, first, again, "a repetition finds the same")
			mu.Lock()
			defer mu.Unlock()
			assert.Empty(t, took[first.Ref], "nobody twice")
			took[first.Ref] = who
		})
	}
	group.Wait()
	require.Len(t, took, 64)
	for ref, who := range took {
		assert.Equal(t, who, b.ticket(ref).Assignee.Agent)
	}
	_, err := b.agent(ana).TakeNext(b.ctx, nil, nil)
	require.ErrorIs(t, err, charla.ErrNoneWaiting)
	_, err = b.agent(ana).TakeNext(b.ctx, []tickets.TeamID{"a\nb"}, nil)
	var problems chatcfg.Problems
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, "teams[0]", problems[0].Path)
}

// TestTakeNextOnce: R11.2, R8.1: one call that two processes make at one instant takes one
// ticket, which both answer, also when it has been taken by others since.
func TestTakeNextOnce(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		b := setup(t, nil)
		desks := []*charla.Desk{b.desk, b.newDesk(nil)}
		for i := range 8 {
			b.write(b.enter(fmt.Sprint("c", i)), "hola")
		}
		o := &charla.CallOptions{Key: "turn"}
		got := make([]charla.Result, 8)
		var group sync.WaitGroup
		for i := range got {
			group.Go(func() {
				agent := b.agentOn(desks[i%2], ana)
				var err error
				for got[i], err = agent.TakeNext(b.ctx, nil, o); errors.Is(err, charla.ErrBusy); {
					got[i], err = agent.TakeNext(b.ctx, nil, o)
				}
				assert.NoError(t, err, round)
			})
		}
		group.Wait()
		for i := range got {
			assert.Equal(t, got[0], got[i], round)
		}
		page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Assignee: "ana"})
		require.NoError(t, err)
		require.Len(t, page.Items, 1, round)

		_, err = b.agent(ana).Do(b.ctx, got[0].Ref, tickets.Command{Kind: tickets.CommandAssign, Assignee: new(tickets.Assignee)}, nil)
		require.NoError(t, err)
		_, err = b.agent(charla.Person{ID: "beto"}).TakeNext(b.ctx, nil, o)
		require.NoError(t, err, "another agent's key is another")
		again, err := b.agent(ana).TakeNext(b.ctx, nil, o)
		require.NoError(t, err)
		assert.Equal(t, got[0], again)
	}
}

// TestTakeNextNowhere: R11.2: an account that is deleted, or does not exist, says so.
func TestTakeNextNowhere(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, err := b.agent(ana).TakeNext(b.ctx, nil, nil)
	require.ErrorIs(t, err, charla.ErrNoneWaiting)
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	for _, o := range []*charla.CallOptions{nil, {Key: "k"}} {
		_, err = b.agent(ana).TakeNext(b.ctx, nil, o)
		require.ErrorIs(t, err, charla.ErrDeleted)
		_, err = b.desk.Account(chatcfg.AccountID{UUID: uuid.New()}).Agent(ana).TakeNext(b.ctx, nil, o)
		require.ErrorIs(t, err, charla.ErrNotFound)
	}
}

// TestTakeNextTies: R11.2: of tickets that have waited equally long the one with the lowest
// ID is next.
func TestTakeNextTies(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var want []tickets.Ref
	for i := range 12 {
		want = append(want, b.write(b.enter(fmt.Sprint("c", i)), "hola").Ref)
	}
	slices.SortFunc(want, func(a, b tickets.Ref) int {
		return strings.Compare(a.Conversation.String(), b.Conversation.String())
	})
	for i := range want {
		got, err := b.agent(ana).TakeNext(b.ctx, nil, nil)
		require.NoError(t, err)
		assert.Equal(t, want[i], got.Ref, i)
	}
}
