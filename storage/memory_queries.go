package storage

import (
	"context"
	"iter"
	"slices"
	"sort"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

type memoryQueries struct{ m *Memory }

// view is an order in which an account's tickets are indexed.
type view int

const (
	byChange view = iota
	byCreation
	// byWait holds open tickets that wait, byUndelayed those of them that are
	// not delayed, byCount open tickets that auto-close counts.
	byWait
	byUndelayed
	byCount
	views
)

// position returns the ticket's position in a view, or false if it is not in it.
func (t *ticket) position(v view) (position, bool) {
	r := &t.record
	if r.Number == 0 {
		return position{}, false
	}
	var at time.Time
	ok := true
	switch v {
	case byChange:
		at = r.ChangedAt
	case byCreation:
		at = r.CreatedAt
	case byWait:
		at, ok = ByWaiting.Of(r)
	case byUndelayed:
		at, ok = WaitsSince.Of(r)
	case byCount:
		at, ok = CountsFrom.Of(r)
	}
	return position{at: micros(at), conversation: t.conversation.UUID, n: int64(r.Number)}, ok
}

// Ticket implements [Queries]: it returns one ticket; number zero is the latest. It
// fails with [ErrNotFound] if there is none, with ctx's error or [ErrClosed].
func (p memoryQueries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.Ticket{}, err
	}
	defer done()
	c := p.m.conversation(ref.Account, ref.Conversation)
	if c == nil {
		return tickets.Ticket{}, ErrNotFound
	}
	n := ref.Number
	if n == 0 {
		n = c.record.Number
	}
	t := c.tickets[n]
	if t == nil {
		return tickets.Ticket{}, ErrNotFound
	}
	return copyTicket(t.record), nil
}

// Tickets implements [Queries]: it returns a page of a query's tickets in its order,
// with previews if it asks for them. It fails with [ErrCursor] for a cursor of another
// list, with ctx's error or [ErrClosed].
func (p memoryQueries) Tickets(ctx context.Context, q TicketQuery) (Page[TicketRow], error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return Page[TicketRow]{}, err
	}
	defer done()
	list := q.List()
	var after *position
	if q.Cursor != "" {
		at, err := p.m.parseCursor(list, q.Cursor)
		if err != nil {
			return Page[TicketRow]{}, err
		}
		after = &at
	}
	var page Page[TicketRow]
	a := p.m.accounts[q.Account]
	if a == nil {
		return page, nil
	}
	var last position
	for at, t := range a.tickets(q, after) {
		if err := ctx.Err(); err != nil {
			return Page[TicketRow]{}, err
		}
		if !q.Matches(&t.record, t.texts) {
			continue
		}
		if len(page.Items) == PageLimit(q.Limit) {
			page.Next = p.m.cursor(list, last)
			break
		}
		row := TicketRow{Conversation: t.conversation, Ticket: copyTicket(t.record)}
		if q.Preview {
			a.conversations[t.conversation].preview(&q, &row)
		}
		page.Items = append(page.Items, row)
		last = at
	}
	return page, nil
}

// preview sets Last, Unread and Wake of a row, which the query asks for.
func (c *conversation) preview(q *TicketQuery, row *TicketRow) {
	row.Preview(q, &c.record, c.marks, c.wake, func(yield func(tickets.Message) bool) {
		for _, m := range slices.Backward(c.messages) {
			if !yield(m) {
				return
			}
		}
	})
	if row.Last != nil {
		*row.Last = copyMessage(*row.Last)
	}
}

// Counts implements [Queries]: it returns how many tickets each query finds, at most
// [MaxCount]. It fails with ctx's error or [ErrClosed].
func (p memoryQueries) Counts(ctx context.Context, account chatcfg.AccountID, all []TicketQuery) ([]int, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	counts := make([]int, len(all))
	a := p.m.accounts[account]
	if a == nil {
		return counts, nil
	}
	for i, q := range all {
		q.Words = nil
		for _, t := range a.tickets(q, nil) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if !q.Matches(&t.record, nil) {
				continue
			}
			if counts[i]++; counts[i] == MaxCount {
				break
			}
		}
	}
	return counts, nil
}

// tickets ranges over the tickets of the query's conversation, or of the account, in the
// query's order, behind a position (nil: from the start). The query's conditions are not
// checked.
func (a *account) tickets(q TicketQuery, after *position) iter.Seq2[position, *ticket] {
	v := byChange
	if q.Order == ByWaiting {
		v = byWait
	}
	x := &a.views[v]
	if !q.Conversation.IsZero() {
		x = new(index[*ticket])
		if c := a.conversations[q.Conversation]; c != nil {
			for _, t := range c.tickets {
				if at, ok := t.position(v); ok {
					x.put(at, t)
				}
			}
		}
	}
	switch {
	case v == byWait && after == nil:
		return x.from(lowest)
	case v == byWait:
		after.n++
		return x.from(*after)
	case after == nil:
		return x.below(highest)
	default:
		return x.below(*after)
	}
}

// Messages implements [Queries]: it returns the messages that a query asks for, in
// their order; of more than its limit the first, or with q.Last the last. It fails with
// ctx's error or [ErrClosed].
func (p memoryQueries) Messages(ctx context.Context, q MessageQuery) ([]tickets.Message, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	c := p.m.conversation(q.Account, q.Conversation)
	if c == nil {
		return nil, nil
	}
	from := sort.Search(len(c.messages), func(i int) bool { return c.messages[i].Seq > q.After })
	to := len(c.messages)
	if q.Before != 0 {
		to = sort.Search(len(c.messages), func(i int) bool { return c.messages[i].Seq >= q.Before })
	}
	in := slices.Values(c.messages[from:max(from, to)])
	if q.Last {
		in = func(yield func(tickets.Message) bool) {
			for _, m := range slices.Backward(c.messages[from:max(from, to)]) {
				if !yield(m) {
					return
				}
			}
		}
	}
	var list []tickets.Message
	for m := range in {
		if !q.Matches(&m) {
			continue
		}
		if list = append(list, copyMessage(m)); len(list) == PageLimit(q.Limit) {
			break
		}
	}
	if q.Last {
		slices.Reverse(list)
	}
	return list, nil
}

// History implements [Queries]: it returns at most limit entries after a number, in
// their order, of a ticket, or of the conversation if ref.Number is zero. It fails with
// ctx's error or [ErrClosed].
func (p memoryQueries) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	c := p.m.conversation(ref.Account, ref.Conversation)
	if c == nil {
		return nil, nil
	}
	from := sort.Search(len(c.entries), func(i int) bool { return c.entries[i].N > after })
	var list []tickets.Entry
	for _, e := range c.entries[from:] {
		if ref.Number != 0 && e.Ticket != ref.Number {
			continue
		}
		if list = append(list, copyEntry(e)); len(list) == PageLimit(limit) {
			break
		}
	}
	return list, nil
}

// Changes implements [Queries]: it returns the conversations that changed after a
// cursor, each with its version, and a Next that is never empty. It fails with
// [ErrCursor] for a cursor of another list or database, with ctx's error or
// [ErrClosed].
func (p memoryQueries) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (Page[Change], error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return Page[Change]{}, err
	}
	defer done()
	list := "changes " + account.String()
	a := p.m.accounts[account]
	var after position
	switch {
	case cursor == Latest && a != nil:
		after = a.feed.last()
	case cursor == Latest, cursor == "":
	default:
		if after, err = p.m.parseCursor(list, cursor); err != nil {
			return Page[Change]{}, err
		}
	}
	var page Page[Change]
	if a != nil && cursor != Latest {
		for at, c := range a.feed.from(position{n: after.n + 1}) {
			if len(page.Items) == PageLimit(limit) {
				break
			}
			page.Items = append(page.Items, Change{c.record.ID, c.record.Version})
			after = at
		}
	}
	page.Next = p.m.cursor(list, after)
	return page, nil
}
