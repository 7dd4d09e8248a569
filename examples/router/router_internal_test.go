package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Ana 2
	// Eva 2
	// Luis 2
}

// Two processes with a router each: every ticket is assigned once, and evenly; what is with
// the bot only once it is handed over.
func TestTwo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		store := storage.NewMemory()
		var running sync.WaitGroup
		var desks []*charla.Desk
		for range 2 {
			desk, err := open(store)
			require.NoError(t, err)
			running.Go(func() { assert.ErrorIs(t, desk.Run(ctx), context.Canceled) })
			desks = append(desks, desk)
		}
		cfg := chatcfg.Default(chatcfg.English)
		account, _, err := desks[0].CreateAccount(ctx, "Shop", "shop.example", &charla.AccountOptions{Config: &cfg})
		require.NoError(t, err)
		write := func(n int) tickets.Ref {
			t.Helper()
			customer, _, err := desks[n%2].Account(account.ID()).Enter(ctx, charla.Entry{Name: "Customer", Email: fmt.Sprintf("c%d@shop.example", n)})
			require.NoError(t, err)
			said, err := customer.Write(ctx, "Hello?", nil)
			require.NoError(t, err)
			return said.Ref
		}
		assigned := func(ref tickets.Ref) (n int) {
			t.Helper()
			page, err := account.Inbox().History(ctx, ref, charla.PageQuery{})
			require.NoError(t, err)
			for _, entry := range page.Items {
				for _, fact := range entry.Facts {
					if fact.Kind == tickets.FactAssigned {
						n++
					}
				}
			}
			return n
		}
		const many = 60
		refs := make([]tickets.Ref, many)
		for n := range refs {
			refs[n] = write(n)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		counts := map[tickets.AgentID]int{}
		for _, ref := range refs {
			ticket, err := account.Inbox().Ticket(ctx, ref)
			require.NoError(t, err)
			counts[ticket.Assignee.Agent]++
			assert.Equal(t, 1, assigned(ref))
		}
		assert.Equal(t, map[tickets.AgentID]int{"ana": many / 3, "eva": many / 3, "luis": many / 3}, counts)

		cfg, version, err := account.Config(ctx)
		require.NoError(t, err)
		cfg.General.Bot.Enabled = true
		_, err = account.SaveConfig(ctx, version, cfg, nil)
		require.NoError(t, err)
		asked := write(many)
		time.Sleep(20 * time.Second)
		assert.Zero(t, assigned(asked), "with the bot")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, 1, assigned(asked), "handed over")
		stop()
		running.Wait()
	})
}

// heard keeps the events that it hears.
type heard struct {
	mu     sync.Mutex
	events []charla.Event
}

func (h *heard) hear(_ context.Context, e charla.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
	return nil
}

// looked is a store that says when somebody has counted tickets.
type looked struct {
	storage.Store
	then func()
}

// Queries returns the store's, which say so.
func (s looked) Queries() storage.Queries { return lookedQueries{s.Store.Queries(), s.then} }

type lookedQueries struct {
	storage.Queries
	then func()
}

// Counts counts, then does what was to be done.
func (q lookedQueries) Counts(ctx context.Context, account chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	n, err := q.Queries.Counts(ctx, account, all)
	q.then()
	return n, err
}

// Who takes a ticket after a router has looked and before it assigns keeps it, also of two
// routers who hear different events at once.
func TestTaken(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var heard heard
	store := storage.NewMemory()
	other, err := charla.New(store, &charla.Options{Hooks: map[string]charla.Hook{"keep": heard.hear}})
	require.NoError(t, err)
	var then func()
	desk, err := charla.New(looked{store, func() { then() }}, nil)
	require.NoError(t, err)
	cfg := chatcfg.Default(chatcfg.English)
	account, _, err := other.CreateAccount(ctx, "Shop", "shop.example", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	ask := func(who string) charla.Event {
		t.Helper()
		customer, _, err := account.Enter(ctx, charla.Entry{Name: "Customer", Email: who + "@shop.example"})
		require.NoError(t, err)
		_, err = customer.Write(ctx, "Hello?", nil)
		require.NoError(t, err)
		_, err = other.RunDue(ctx)
		require.NoError(t, err)
		for _, e := range slices.Backward(heard.events) {
			if e.Fact.Kind == tickets.FactCreated {
				return e
			}
		}
		require.Fail(t, "no ticket was created")
		return charla.Event{}
	}
	has := func(ref tickets.Ref) tickets.AgentID {
		t.Helper()
		ticket, err := account.Inbox().Ticket(ctx, ref)
		require.NoError(t, err)
		return ticket.Assignee.Agent
	}
	hear := func(e charla.Event) {
		t.Helper()
		assert.NoError(t, (&router{desk, team[:1]}).hear(ctx, e))
	}
	zoe := account.Agent(charla.Person{ID: "zoe", Name: "Zoe"})

	e := ask("taken")
	then = func() {
		_, err := zoe.Do(ctx, e.Ref, tickets.Command{Kind: tickets.CommandTake}, nil)
		assert.NoError(t, err)
	}
	hear(e)
	assert.Equal(t, tickets.AgentID("zoe"), has(e.Ref))

	e = ask("twice")
	then = func() {
		then = func() {}
		again := e
		again.Key += " again"
		hear(again)
		assert.Equal(t, tickets.AgentID("ana"), has(e.Ref))
	}
	assert.NoError(t, (&router{desk, team[1:2]}).hear(ctx, e))
	assert.Equal(t, tickets.AgentID("ana"), has(e.Ref))

	e = ask("alone")
	then = func() {}
	hear(e)
	assert.Equal(t, tickets.AgentID("ana"), has(e.Ref))
}

// What an agent took stays theirs, and an event that comes again after its ticket was given
// back changes nothing.
func TestAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var heard heard
	desk, err := charla.New(storage.NewMemory(), &charla.Options{Hooks: map[string]charla.Hook{"keep": heard.hear}})
	require.NoError(t, err)
	cfg := chatcfg.Default(chatcfg.English)
	account, _, err := desk.CreateAccount(ctx, "Shop", "shop.example", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	customer, _, err := account.Enter(ctx, charla.Entry{Name: "Customer", Email: "c@shop.example"})
	require.NoError(t, err)
	said, err := customer.Write(ctx, "Hello?", nil)
	require.NoError(t, err)
	_, err = desk.RunDue(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, heard.events)
	zoe := account.Agent(charla.Person{ID: "zoe", Name: "Zoe"})
	_, err = zoe.Do(ctx, said.Ref, tickets.Command{Kind: tickets.CommandTake}, nil)
	require.NoError(t, err)
	for _, e := range heard.events {
		require.NoError(t, (&router{desk, team}).hear(ctx, e))
	}
	has := func() tickets.AgentID {
		t.Helper()
		ticket, err := account.Inbox().Ticket(ctx, said.Ref)
		require.NoError(t, err)
		return ticket.Assignee.Agent
	}
	assert.Equal(t, tickets.AgentID("zoe"), has())
	give := func() {
		t.Helper()
		_, err := zoe.Do(ctx, said.Ref, tickets.Command{Kind: tickets.CommandAssign, Assignee: &tickets.Assignee{}}, nil)
		require.NoError(t, err)
	}
	give()
	first, second := &router{desk, team[:1]}, &router{desk, team[1:2]}
	for _, e := range heard.events {
		require.NoError(t, first.hear(ctx, e))
	}
	assert.Equal(t, tickets.AgentID("ana"), has())
	give()
	for _, e := range heard.events {
		require.NoError(t, second.hear(ctx, e), "the key was used for another choice")
	}
	assert.Empty(t, has())
}
