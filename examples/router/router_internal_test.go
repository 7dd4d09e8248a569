package main

import (
	"context"
	"fmt"
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

// What an agent took stays theirs, and an event that comes again after its ticket was given
// back changes nothing.
func TestAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var events []charla.Event
	desk, err := charla.New(storage.NewMemory(), &charla.Options{Hooks: map[string]charla.Hook{"keep": func(_ context.Context, e charla.Event) error {
		events = append(events, e)
		return nil
	}}})
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
	require.NotEmpty(t, events)
	zoe := account.Agent(charla.Person{ID: "zoe", Name: "Zoe"})
	_, err = zoe.Do(ctx, said.Ref, tickets.Command{Kind: tickets.CommandTake}, nil)
	require.NoError(t, err)
	for _, e := range events {
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
	for _, e := range events {
		require.NoError(t, first.hear(ctx, e))
	}
	assert.Equal(t, tickets.AgentID("ana"), has())
	give()
	for _, e := range events {
		require.NoError(t, second.hear(ctx, e), "the key was used for another choice")
	}
	assert.Empty(t, has())
}
