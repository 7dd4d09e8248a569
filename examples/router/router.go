package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// router gives each new ticket to the agent of a team who has the fewest open ones. Its
// hear is a hook of the desks; any number of processes may have one.
type router struct {
	desk *charla.Desk
	team []tickets.Assignee
}

// hear assigns the ticket of an event with which its work begins.
func (r *router) hear(ctx context.Context, e charla.Event) error {
	switch e.Fact.Kind {
	case tickets.FactCreated, tickets.FactReopened, tickets.FactHandedOver:
	default:
		return nil
	}
	account := r.desk.Account(e.Ref.Account)
	ticket, err := account.Inbox().Ticket(ctx, e.Ref)
	if err != nil || ticket.Status != tickets.StatusOpen || ticket.WithBot || ticket.Assignee.Agent != "" {
		return err // nobody needs to be found for it
	}
	to, err := r.leastBusy(ctx, account.Inbox())
	if err != nil {
		return err
	}
	// Only what nobody has is assigned. An event may come twice: its key lets only the first
	// choice count.
	_, err = account.Agent(charla.Person{ID: "router", Name: "Router", Automated: true}).Do(ctx, e.Ref,
		tickets.Command{Kind: tickets.CommandAssign, Assignee: to, From: new(tickets.AgentID)}, &charla.CallOptions{Key: e.Key})
	if errors.Is(err, charla.ErrKeyReused) || errors.Is(err, tickets.ErrTaken) || errors.Is(err, tickets.ErrNotLatest) {
		return nil // somebody has it, or it is over
	}
	return err
}

// leastBusy returns one of those who have the fewest open tickets, at random.
func (r *router) leastBusy(ctx context.Context, inbox *charla.Inbox) (*tickets.Assignee, error) {
	views := make([]charla.TicketQuery, len(r.team))
	for i, who := range r.team {
		views[i] = charla.TicketQuery{Status: tickets.StatusOpen, Assignee: who.Agent}
	}
	open, err := inbox.Counts(ctx, views...)
	if err != nil {
		return nil, err
	}
	order := rand.Perm(len(open)) // among equals
	least := slices.MinFunc(order, func(a, b int) int { return open[a] - open[b] })
	return &r.team[least], nil
}
