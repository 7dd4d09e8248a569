package charla

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

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
// a repetition answers the same ticket, also one at the same instant in another process. It
// fails with [ErrNoneWaiting], and like [Agent.Do]; for a bot with [tickets.ErrAutomated].
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
	var turn tickets.Turn
	if o.Key != "" {
		turn = tickets.Turn{Agent: a.who.ID, Key: o.Key}
	}
	fits := func(t *tickets.Ticket) bool {
		return t.Status == tickets.StatusOpen && t.Wait != nil && !t.Paused && t.Assignee.Agent == "" &&
			(t.Team == "" || slices.Contains(teams, t.Team))
	}
	for range a.desk.o.Limits.Attempts {
		taken, err := a.taken(ctx, turn)
		if err != nil {
			return Result{}, err
		}
		if taken != (tickets.Ref{}) {
			return a.takeTurn(ctx, taken, turn, nil)
		}
		ref, release, err := a.desk.turns.next(ctx, a.desk, a.account, fits)
		if err != nil {
			return Result{}, err
		}
		result, err := a.takeTurn(ctx, ref, turn, func(l *storage.Loaded, _ *automation.Rules) error {
			// The same call may have taken another one meanwhile, which a conflict has shown.
			if taken, err := a.taken(ctx, turn); err != nil || taken != (tickets.Ref{}) {
				return cmp.Or(err, errMissed)
			}
			if l.Ticket.Number != ref.Number || !fits(&l.Ticket) {
				return errMissed
			}
			return nil
		})
		release()
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

// takeTurn takes a ticket for the agent if it is admitted, and has it keep the turn. It
// fails with what admit returns, and like [Agent.Do].
func (a *Agent) takeTurn(ctx context.Context, ref tickets.Ref, turn tickets.Turn, admit admission) (Result, error) {
	return a.desk.change(ctx, request{
		query: storage.LoadQuery{
			Account: ref.Account, Conversation: ref.Conversation, Ticket: ref.Number, Scope: a.scope(), Key: turn.Key,
		},
		queue: ref.Conversation.UUID, admit: admit,
		cmd: tickets.Command{
			Kind: tickets.CommandTake, Number: ref.Number, Turn: turn, Actor: a.actor(),
		},
	})
}

// turns are the tickets that agents are taking in this process, so that agents who ask at
// once get different ones. Another process may get the same: then one of them looks again.
type turns struct {
	mu  sync.Mutex
	all map[tickets.Ref]bool
}

// next returns the ticket of an account that has waited longest of those that fit and that
// nobody is taking; release gives it back. It fails with [ErrNoneWaiting], and if too many
// ask at once ([ErrBusy]).
func (t *turns) next(ctx context.Context, d *Desk, account chatcfg.AccountID, fits func(*tickets.Ticket) bool) (ref tickets.Ref, release func(), err error) {
	leave, _, err := d.queues.enter(ctx, account.UUID, d.o.Limits.Queue)
	if err != nil {
		return ref, nil, err
	}
	defer leave()
	q := storage.TicketQuery{Account: account, Order: storage.ByWaiting, Unassigned: true}
	var alike []storage.TicketRow // that have waited equally long: the store's order among them is its own
	for more := true; more; {
		page, err := d.store.Queries().Tickets(ctx, q)
		if err != nil {
			return ref, nil, storeError(err)
		}
		for i := range page.Items {
			row := &page.Items[i]
			if !fits(&row.Ticket) {
				continue
			}
			if len(alike) > 0 && !alike[0].Wait.Since.Equal(row.Wait.Since) {
				if ref, release, ok := t.reserveOne(account, alike); ok {
					return ref, release, nil
				}
				alike = alike[:0]
			}
			alike = append(alike, *row)
		}
		q.Cursor, more = page.Next, page.Next != ""
	}
	if ref, release, ok := t.reserveOne(account, alike); ok {
		return ref, release, nil
	}
	return ref, nil, ErrNoneWaiting
}

// reserveOne reserves the ticket with the lowest ID that nobody is taking; false: there is
// none.
func (t *turns) reserveOne(account chatcfg.AccountID, rows []storage.TicketRow) (tickets.Ref, func(), bool) {
	slices.SortFunc(rows, func(a, b storage.TicketRow) int {
		return bytes.Compare(a.Conversation.UUID[:], b.Conversation.UUID[:])
	})
	for i := range rows {
		if ref := refOf(account, &rows[i]); t.reserve(ref) {
			return ref, func() { t.release(ref) }, true
		}
	}
	return tickets.Ref{}, nil, false
}

// reserve reports whether nobody was taking a ticket; then somebody is.
func (t *turns) reserve(ref tickets.Ref) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[ref] {
		return false
	}
	if t.all == nil {
		t.all = make(map[tickets.Ref]bool)
	}
	t.all[ref] = true
	return true
}

// release says that a ticket is being taken no more.
func (t *turns) release(ref tickets.Ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.all, ref)
}
