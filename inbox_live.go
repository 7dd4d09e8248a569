package charla

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// InboxEnd is the cursor of [Inbox.Live] for the end of what is stored now: only what changes from then on is yielded.
const InboxEnd = storage.Latest

// Live yields the latest ticket of each conversation that changed after a cursor, as it
// is now, at least once and none skipped, until ctx ends or the reader stops. An empty
// cursor begins with every conversation there is, [InboxEnd] with the next change; keep
// a row's Cursor to go on from there later, in any process. A row without a ticket, its
// Number zero, comes when everything that changed before has been yielded, and then
// after each beat without news; a beat of zero: never again. It has a Cursor, too. A
// ticket that is with the bot comes, too, and says so (R12.2): a view that had an earlier one
// of that customer drops it. What
// another process wrote it sees within [RunnerOptions].Poll. The last pair has the error
// that ended it: [ErrCursor] for a cursor of another database (begin anew), [ErrNotFound] if
// there is no such account, ctx's in the end.
func (b *Inbox) Live(ctx context.Context, cursor string, beat time.Duration) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if err := b.live(ctx, cursor, beat, func(row Row) bool { return yield(row, nil) }); err != nil {
			yield(Row{}, err)
		}
	}
}

// live does [Inbox.Live]: it yields rows until the reader stops, and then returns nil,
// or something fails, and returns that error.
func (b *Inbox) live(ctx context.Context, cursor string, beat time.Duration, yield func(Row) bool) error {
	d := b.desk
	if _, err := d.account(ctx, b.account); err != nil {
		return err
	}
	feed, leave, err := d.joinFeed(ctx, b.account)
	if err != nil {
		return err
	}
	defer leave()
	news := d.topic.subscribe(b.account.UUID, b.account.UUID)
	defer func() { news.leave(d.Now()) }()
	var yieldedAt time.Time // zero: not caught up yet
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, heard := news.look() // before reading: what comes in between is heard
		// One at a time: each row has the cursor behind it.
		page, err := d.changes(ctx, b.account, cursor, 1)
		if err != nil {
			return err
		}
		if more, err := b.yieldChanges(ctx, page, cursor, yield); err != nil || !more {
			return err
		}
		if cursor = page.Next; len(page.Items) > 0 {
			if !yieldedAt.IsZero() {
				yieldedAt = d.Now()
			}
			continue
		}
		wait := d.o.Runner.Poll
		if now := d.Now(); yieldedAt.IsZero() || beat > 0 && now.Sub(yieldedAt).Abs() >= beat {
			if !yield(Row{Cursor: cursor}) {
				return nil
			}
			yieldedAt = d.Now()
		}
		if beat > 0 {
			wait = max(min(wait, yieldedAt.Add(beat).Sub(d.Now())), 0)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-heard:
		case <-d.o.Clock.After(wait):
			if err := d.pollFeed(ctx, b.account, feed); err != nil {
				return err
			}
		}
	}
}

// yieldChanges yields the latest ticket of each conversation of a page of changes after
// a cursor; more is false when the reader stopped. It fails if the store does.
func (b *Inbox) yieldChanges(ctx context.Context, page storage.Page[storage.Change], cursor string, yield func(Row) bool) (more bool, err error) {
	for i, c := range page.Items {
		row, err := b.latest(ctx, c.Conversation)
		if err != nil {
			return false, err
		}
		if row.Number == 0 {
			continue // purged meanwhile
		}
		if row.Cursor = cursor; i == len(page.Items)-1 {
			row.Cursor = page.Next // after a cut the rows before it are read again
		}
		if !yield(row) {
			return false, nil
		}
	}
	return true, nil
}

// latest returns the row of a conversation's latest ticket, which need not be the one
// that changed last: agents classify and describe older ones, too. It is zero for a
// conversation that does not exist. It fails if the store does.
func (b *Inbox) latest(ctx context.Context, id tickets.ConversationID) (Row, error) {
	page, err := b.Tickets(ctx, TicketQuery{Conversation: id, PageQuery: PageQuery{Limit: 1}})
	if err != nil || len(page.Items) == 0 {
		return Row{}, err
	}
	row := page.Items[0]
	row.Ref.Number = 0
	row.Ticket, err = b.desk.ticket(ctx, row.Ref)
	if row.Ref.Number = row.Number; errors.Is(err, ErrNotFound) {
		return Row{}, nil // purged meanwhile
	}
	return row, err
}
