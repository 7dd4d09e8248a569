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
	for range a.desk.o.Limits.Attempts {
		if result, err := a.tryNext(ctx, turn, teams, fits); !errors.Is(err, errMissed) {
			return result, err
		}
	}
	return Result{}, fmt.Errorf("%w: %d tickets were taken by others first", ErrBusy, a.desk.o.Limits.Attempts)
}

// tryNext takes the ticket that has waited longest of those that fit, or answers what the
// call has taken before. It fails with [ErrNoneWaiting] if there is none, with errMissed if
// others took it first, and like [Agent.Do].
func (a *Agent) tryNext(ctx context.Context, turn tickets.Turn, teams []tickets.TeamID, fits func(*tickets.Ticket) bool) (Result, error) {
	next, release, err := a.desk.turns.next(ctx, a.desk, a.account, fits)
	if err != nil {
		return Result{}, err
	}
	defer release()
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
	return a.takeTurn(ctx, next, turn, teams, func(l *storage.Loaded, _ *automation.Rules) error {
		// The same call may have taken another one meanwhile, which a conflict has shown.
		if taken, err := a.taken(ctx, turn); err != nil || taken != (tickets.Ref{}) {
			return cmp.Or(err, errMissed)
		}
		if l.Ticket.Number != next.Number || !fits(&l.Ticket) {
			return errMissed
		}
		return nil
	})
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

// turns are the tickets that agents are taking in this process, so that agents who ask at
// once get different ones. Another process may get the same: then one of them looks again.
type turns struct {
	mu       sync.Mutex
	accounts map[chatcfg.AccountID]*looks
}

// looks are how the agents of an account look for the next ticket: one at a time, and what
// a look has found is also for those who asked before it began.
type looks struct {
	// asking is how many ask or take, n how many looks have begun.
	asking, n int
	// left are those who wait, as the last look found them, without those taken since.
	left []storage.TicketRow
	// taking are the tickets that agents are taking; each has a channel that closes when they
	// have taken it or not.
	taking map[tickets.Ref]chan struct{}
}

// next returns the ticket of an account that has waited longest of those that fit and that
// nobody is taking; zero: none fits. While those that fit are all being taken it waits for what
// becomes of one. release says that the caller has taken it, or not. It fails if too many ask at
// once ([ErrBusy]), with ctx's error, or if the store does.
func (t *turns) next(ctx context.Context, d *Desk, account chatcfg.AccountID, fits func(*tickets.Ticket) bool) (ref tickets.Ref, release func(), err error) {
	l, before := t.ask(account)
	release = func() { t.answer(account, l, ref) }
	defer func() {
		if err != nil {
			release()
		}
	}()
	leave, _, err := d.queues.enter(ctx, account.UUID, d.o.Limits.Queue)
	if err != nil {
		return ref, release, err
	}
	defer leave()
	if l.n > before {
		if ref, _ = t.take(account, l, len(l.left), fits); ref != (tickets.Ref{}) {
			return ref, release, nil
		}
	}
	for {
		var taken <-chan struct{}
		if ref, taken, err = t.look(ctx, d, account, l, fits); err != nil || ref != (tickets.Ref{}) || taken == nil {
			return ref, release, err
		}
		select {
		case <-taken:
		case <-ctx.Done():
			return ref, release, ctx.Err()
		}
	}
}

// look reads who waits until one fits that nobody is taking, and reserves it; zero: there is
// none. Then taken closes when one that fits has been taken, or not; nil: none fits. It fails
// if the store does.
func (t *turns) look(ctx context.Context, d *Desk, account chatcfg.AccountID, l *looks, fits func(*tickets.Ticket) bool) (ref tickets.Ref, taken <-chan struct{}, err error) {
	t.begin(l)
	q := storage.TicketQuery{Account: account, Order: storage.ByWaiting, Unassigned: true}
	for more := true; more; {
		page, err := d.store.Queries().Tickets(ctx, q)
		if err != nil {
			l.left = nil
			return ref, nil, storeError(err)
		}
		l.left = append(l.left, page.Items...)
		q.Cursor, more = page.Next, page.Next != ""
		known := len(l.left)
		for last := known - 1; more && known > 0 && l.left[known-1].Wait.Since.Equal(l.left[last].Wait.Since); {
			known-- // the next page may have more that have waited as long
		}
		if ref, taken = t.take(account, l, known, fits); ref != (tickets.Ref{}) {
			l.left = l.left[:known-1]
			return ref, nil, nil
		}
	}
	return ref, taken, nil
}

// ask says that an agent of an account asks, and returns its looks and how many have begun.
func (t *turns) ask(account chatcfg.AccountID) (*looks, int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.accounts[account]
	if l == nil {
		if t.accounts == nil {
			t.accounts = make(map[chatcfg.AccountID]*looks)
		}
		l = &looks{}
		t.accounts[account] = l
	}
	l.asking++
	return l, l.n
}

// answer says that an agent of an account asks no more, and has taken a ticket, or not; zero:
// there was none.
func (t *turns) answer(account chatcfg.AccountID, l *looks, ref tickets.Ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if taken := l.taking[ref]; taken != nil {
		close(taken)
		delete(l.taking, ref)
	}
	if l.asking--; l.asking == 0 {
		delete(t.accounts, account)
	}
}

// begin begins another look.
func (t *turns) begin(l *looks) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l.n++
	l.left = nil
}

// take reserves, of the first rows that are left, the one that has waited longest of those
// that fit and that nobody is taking, and drops it from them; of those that have waited
// equally long the one with the lowest ID, since the store's order among them is its own.
// Zero: there is none. Then taken is of one that fits and that somebody is taking; nil: none
// fits.
func (t *turns) take(account chatcfg.AccountID, l *looks, first int, fits func(*tickets.Ticket) bool) (ref tickets.Ref, taken <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	best := -1
	for i := range l.left[:first] {
		row := &l.left[i]
		if best >= 0 && !row.Wait.Since.Equal(l.left[best].Wait.Since) {
			break
		}
		by := l.taking[refOf(account, row)]
		switch {
		case !fits(&row.Ticket):
		case by != nil:
			taken = by
		case best < 0 || bytes.Compare(row.Conversation.UUID[:], l.left[best].Conversation.UUID[:]) < 0:
			best = i
		}
	}
	if best < 0 {
		return ref, taken
	}
	ref = refOf(account, &l.left[best])
	l.left = slices.Delete(l.left, best, best+1)
	if l.taking == nil {
		l.taking = make(map[tickets.Ref]chan struct{})
	}
	l.taking[ref] = make(chan struct{})
	return ref, nil
}
