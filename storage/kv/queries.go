package kv

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

type queries struct{ *Store }

// Ticket implements [storage.Queries]: it returns one ticket; number zero is the
// latest. It fails with [storage.ErrNotFound] if there is none, or if ctx ends, the
// store is closed, or its database fails.
func (p queries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	return read(ctx, p.Store, func(t *tx) (found tickets.Ticket) {
		if ref.Number == 0 {
			ref.Number = t.conversation(ref.Account, ref.Conversation).Number
		}
		t.need(t.load(ticketTable, key(ref.Account, ref.Conversation, ref.Number), &found), storage.ErrNotFound)
		return found
	})
}

// Tickets implements [storage.Queries]: it returns a page of a query's tickets in its
// order, with previews if it asks for them. It reads a view of the account; a cursor
// holds the rest of the last row's key. It fails with [storage.ErrCursor] for a cursor
// of another list, or as read does.
func (p queries) Tickets(ctx context.Context, q storage.TicketQuery) (page storage.Page[storage.TicketRow], err error) {
	var last []byte
	if q.Cursor != "" {
		if last, err = storage.ParseCursor(p.id, q.List(), q.Cursor); err != nil {
			return page, err
		}
	}
	return read(ctx, p.Store, func(t *tx) (page storage.Page[storage.TicketRow]) {
		prefix := key(q.Account, changedView)
		rows := t.below(viewTable, prefix, after(prefix))
		switch {
		case q.Order == storage.ByWaiting && last != nil:
			prefix = key(q.Account, waitingView)
			rows = t.from(viewTable, prefix, after(key(prefix, last)))
		case q.Order == storage.ByWaiting:
			prefix = key(q.Account, waitingView)
			rows = t.from(viewTable, prefix, prefix)
		case last != nil:
			rows = t.below(viewTable, prefix, key(prefix, last))
		}
		for k := range rows {
			of := k[len(prefix)+8:]
			if !q.Conversation.IsZero() && id(of) != q.Conversation.UUID {
				continue
			}
			var one ticket
			t.load(ticketTable, key(q.Account, of), &one)
			if !q.Matches(&one.Ticket, one.Texts) {
				continue
			}
			if len(page.Items) == storage.PageLimit(q.Limit) {
				page.Next = storage.Cursor(p.id, q.List(), last)
				break
			}
			row := storage.TicketRow{Conversation: tickets.ConversationID{UUID: id(of)}, Ticket: one.Ticket}
			if q.Preview {
				c, said := t.conversation(q.Account, row.Conversation), key(q.Account, row.Conversation)
				row.Preview(&q, &c.Conversation, c.Marks, c.Wake, decoded[tickets.Message](t, t.below(messageTable, said, after(said))))
			}
			page.Items, last = append(page.Items, row), slices.Clone(k[len(prefix):])
		}
		return page
	})
}

// Counts implements [storage.Queries]: it returns how many tickets each query finds, at
// most [storage.MaxCount]. It fails if ctx ends, the store is closed, or its database fails.
func (p queries) Counts(ctx context.Context, account chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	return read(ctx, p.Store, func(t *tx) []int {
		counts := make([]int, len(all))
		for i, q := range all {
			q.Words = nil
			prefix := key(account, changedView)
			if q.Order == storage.ByWaiting {
				prefix = key(account, waitingView)
			}
			for k := range t.from(viewTable, prefix, prefix) {
				of := k[len(prefix)+8:]
				if !q.Conversation.IsZero() && id(of) != q.Conversation.UUID {
					continue
				}
				var one ticket
				if t.load(ticketTable, key(account, of), &one); !q.Matches(&one.Ticket, nil) {
					continue
				}
				if counts[i]++; counts[i] == storage.MaxCount {
					break
				}
			}
		}
		return counts
	})
}

// Messages implements [storage.Queries]: it returns the messages that a query asks for,
// in their order; of more than its limit the first, or with q.Last the last. It fails
// if ctx ends, the store is closed, or its database fails.
func (p queries) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	if q.Before == 0 {
		q.Before = math.MaxInt64
	}
	return read(ctx, p.Store, func(t *tx) (list []tickets.Message) {
		of := key(q.Account, q.Conversation)
		values := t.from(messageTable, of, key(of, q.After+1))
		if q.Last {
			values = t.below(messageTable, of, key(of, q.Before))
		}
		for m := range decoded[tickets.Message](t, values) {
			if m.Seq <= q.After || m.Seq >= q.Before || len(list) == storage.PageLimit(q.Limit) {
				break
			}
			if q.Matches(&m) {
				list = append(list, m)
			}
		}
		if q.Last {
			slices.Reverse(list)
		}
		return list
	})
}

// History implements [storage.Queries]: it returns at most limit entries after a
// number, in their order, of a ticket, or of the conversation if ref.Number is zero. It
// fails if ctx ends, the store is closed, or its database fails.
func (p queries) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	return read(ctx, p.Store, func(t *tx) (list []tickets.Entry) {
		of := key(ref.Account, ref.Conversation)
		for e := range decoded[tickets.Entry](t, t.from(entryTable, of, key(of, after+1))) {
			if len(list) == storage.PageLimit(limit) {
				break
			}
			if ref.Number == 0 || e.Ticket == ref.Number {
				list = append(list, e)
			}
		}
		return list
	})
}

// Changes implements [storage.Queries]: it returns the conversations that changed after
// a cursor, each with its version, and a Next that is never empty. It skips nothing:
// updates are serial, and so the numbers of the feed are drawn in the order of commits.
// It fails with [storage.ErrCursor] for a cursor of another list, or as read does.
func (p queries) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (page storage.Page[storage.Change], err error) {
	list, last := "changes "+account.String(), int64(0)
	if cursor != storage.Latest {
		if last, err = p.parseCursor(list, cursor, 0); err != nil {
			return page, err
		}
	}
	return read(ctx, p.Store, func(t *tx) (page storage.Page[storage.Change]) {
		if cursor == storage.Latest {
			for k := range t.below(feedTable, key(account), after(key(account))) {
				last = number(k[16:])
				break
			}
			limit = 0
		}
		for k, of := range t.from(feedTable, key(account), key(account, last+1)) {
			if len(page.Items) == storage.PageLimit(limit) {
				break
			}
			c := t.conversation(account, tickets.ConversationID{UUID: id(of)})
			page.Items, last = append(page.Items, storage.Change{Conversation: c.ID, Version: c.Version}), number(k[16:])
		}
		page.Next = storage.Cursor(p.id, list, key(last))
		return page
	})
}

// Report implements [storage.Queries]: it returns R2.7's figures over a period. It fails if ctx ends, the store is closed, or its database
// fails.
func (p queries) Report(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	return read(ctx, p.Store, func(t *tx) tickets.Report {
		r, to := storage.NewReporter(q), storage.Cut(q.To)
		prefix := key(account, createdView)
		for k := range t.from(viewTable, prefix, key(prefix, q.From)) {
			if !instant(k[len(prefix):]).Before(to) {
				break
			}
			var one tickets.Ticket
			t.load(ticketTable, key(account, k[len(prefix)+8:]), &one)
			r.Ticket(&one)
		}
		prefix = key(account)
		for k, doc := range t.from(answerTable, prefix, key(account, q.From)) {
			if !instant(k[len(prefix):]).Before(to) {
				break
			}
			var a tickets.Answer
			t.decode(doc, &a)
			r.Answer(&a, func() *tickets.Ticket {
				var one tickets.Ticket
				t.load(ticketTable, key(account, k[len(prefix)+8:len(prefix)+24], a.Ticket), &one)
				return &one
			})
		}
		return r.Report()
	})
}

// Count implements [storage.Queries]: it returns how many open tickets have their
// instant of that kind after one time and not after another. It fails for an unknown
// kind of instant, or if ctx ends, the store is closed, or its database fails.
func (p queries) Count(ctx context.Context, account chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (int, error) {
	if err := by.Check(); err != nil {
		return 0, err
	}
	return read(ctx, p.Store, func(t *tx) (n int) {
		prefix := key(account, string(by))
		for k := range t.from(viewTable, prefix, key(prefix, after.Add(time.Microsecond))) {
			if instant(k[len(prefix):]).After(storage.Cut(upTo)) {
				break
			}
			n++
		}
		return n
	})
}
