package charla

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// ErrNoneWaiting: no ticket waits that the agent could take next (R11.2).
var ErrNoneWaiting error = chatcfg.Refusal("charla: no ticket is waiting")

// errMissed: a ticket does not wait for an agent any more.
var errMissed = errors.New("charla: the ticket does not wait for an agent any more")

// TakeNext takes the ticket that has waited longest among those that are open, wait, are
// not paused, and that no agent has, of the given teams and of no team (R11.2). With a key
// a repetition answers the same ticket, also one at the same instant in another process; with
// other teams it is [ErrKeyReused]. It fails with [ErrNoneWaiting] if none waits, and like
// [Agent.Do]; for a bot with [tickets.ErrAutomated].
func (a *Agent) TakeNext(ctx context.Context, teams []tickets.TeamID, o *CallOptions) (Result, error) {
	if o == nil {
		o = &CallOptions{}
	}
	if err := firstError(a.human(), checkPerson(a.who), checkKey(o.Key)); err != nil {
		return Result{}, err
	}
	for i, team := range teams {
		if err := problems(checkID(fmt.Sprintf("teams[%d]", i), team)); err != nil {
			return Result{}, err
		}
	}
	teams = slices.Compact(slices.Sorted(slices.Values(teams)))
	var turn tickets.Turn
	if o.Key != "" {
		turn = tickets.Turn{Agent: a.who.ID, Key: o.Key}
	}
	fits := func(t *tickets.Ticket) bool {
		return t.Status == tickets.StatusOpen && t.Wait != nil && !t.Paused && t.Assignee.Agent == "" &&
			(t.Team == "" || slices.Contains(teams, t.Team))
	}
	// The calls of an account in this process go one at a time, so that agents who ask at
	// once get different tickets. Another process may be first: then this one looks again.
	leave, _, err := a.desk.queues.enter(ctx, a.account.UUID, a.desk.o.Limits.Queue)
	if err != nil {
		return Result{}, err
	}
	defer leave()
	for range a.desk.o.Limits.Attempts {
		next, err := a.desk.longestWaiting(ctx, a.account, fits)
		if err != nil {
			return Result{}, err
		}
		// After that look: if the same call took the last one in another process, it is known by now.
		taken, err := a.taken(ctx, turn)
		switch {
		case err != nil:
			return Result{}, err
		case taken != (tickets.Ref{}):
			return a.takeTurn(ctx, taken, turn, teams, nil)
		case next == (tickets.Ref{}):
			_, err := a.desk.liveAccount(ctx, a.account)
			return Result{}, firstError(err, ErrNoneWaiting)
		}
		result, err := a.takeTurn(ctx, next, turn, teams, func(l *storage.Loaded, _ *automation.Rules) error {
			// The same call may have taken another one meanwhile, which a conflict has shown.
			if taken, err := a.taken(ctx, turn); err != nil || taken != (tickets.Ref{}) {
				return cmp.Or(err, errMissed)
			}
			if l.Ticket.Number != next.Number || !fits(&l.Ticket) {
				return errMissed
			}
			return nil
		})
		if !errors.Is(err, errMissed) {
			return result, err
		}
	}
	return Result{}, fmt.Errorf("%w: %d tickets were taken by others first", ErrBusy, a.desk.o.Limits.Attempts)
}

// taken returns the ticket that a call took; zero: none, or the call has no key. It fails
// if the store does.
func (a *Agent) taken(ctx context.Context, turn tickets.Turn) (tickets.Ref, error) {
	if turn == (tickets.Turn{}) {
		return tickets.Ref{}, nil
	}
	holder, err := a.desk.store.Sessions().Holder(ctx, a.account, turn.Identity())
	if err != nil || holder.IsZero() {
		return tickets.Ref{}, storeError(err)
	}
	loaded, err := a.desk.load(ctx, storage.LoadQuery{Account: a.account, Conversation: holder, Scope: a.scope(), Key: turn.Key})
	if err != nil || loaded.Receipt == nil { // both come with one commit
		return tickets.Ref{}, err
	}
	return tickets.Ref{Account: a.account, Conversation: holder, Number: loaded.Receipt.Ticket}, nil
}

// takeTurn takes a ticket for the agent if it is admitted, and has it keep the turn, which
// was asked for with these teams. It fails with what admit returns, and like [Agent.Do].
func (a *Agent) takeTurn(ctx context.Context, ref tickets.Ref, turn tickets.Turn, teams []tickets.TeamID, admit admission) (Result, error) {
	return a.desk.change(ctx, request{
		query: storage.LoadQuery{
			Account: ref.Account, Conversation: ref.Conversation, Ticket: ref.Number, Scope: a.scope(), Key: turn.Key,
		},
		queue: ref.Conversation.UUID, admit: admit, teams: teams,
		cmd: tickets.Command{
			Kind: tickets.CommandTake, Number: ref.Number, Turn: turn, Actor: a.actor(),
		},
	})
}

// longestWaiting returns the ticket of an account that has waited longest of those that
// fit, of several the one with the lowest ID; zero: there is none. It fails if the store
// does.
func (d *Desk) longestWaiting(ctx context.Context, account chatcfg.AccountID, fits func(*tickets.Ticket) bool) (tickets.Ref, error) {
	q := storage.TicketQuery{Account: account, Order: storage.ByWaiting, Unassigned: true}
	var best *storage.TicketRow
	for more := true; more; {
		page, err := d.store.Queries().Tickets(ctx, q)
		if err != nil {
			return tickets.Ref{}, storeError(err)
		}
		for i := range page.Items {
			row := &page.Items[i]
			switch {
			case !fits(&row.Ticket):
			case best == nil:
				best = row
			case !best.Wait.Since.Equal(row.Wait.Since):
				return refOf(account, best), nil
			case bytes.Compare(row.Conversation.UUID[:], best.Conversation.UUID[:]) < 0: // the store's order among them is its own
				best = row
			}
		}
		q.Cursor, more = page.Next, page.Next != ""
	}
	if best == nil {
		return tickets.Ref{}, nil
	}
	return refOf(account, best), nil
}
