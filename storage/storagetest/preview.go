package storagetest

import (
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var previewChecks = []test{
	{"preview/rows", checkPreview},
	{"preview/unread", checkUnread},
	{"preview/reader", checkReader},
	{"counts/stop", checkCounts},
	{"preview/pages and cursors", checkPreviewPages},
	{"preview/one moment", checkPreviewMoment},
}

// say commits messages of some authors in one commit and returns its batch. A failure
// stops the check.
func (c *check) say(b *storage.Batch, authors ...tickets.Author) *storage.Batch {
	next := c.next(b)
	next.Messages = nil
	next.Conversation.LastSeq--
	for _, from := range authors {
		next.Conversation.LastSeq++
		m := message(next.Conversation.LastSeq, next.Conversation.Session, next.Conversation.LastAt, "texto")
		m.From = from
		next.Messages = append(next.Messages, m)
	}
	return c.commit(next)
}

// read raises the agents' mark of a conversation to a sequence. A failure stops the
// check.
func (c *check) read(b *storage.Batch, seq int64) {
	c.must(c.Sessions().Raise(c.ctx, b.Conversation.Account, b.Conversation.ID, tickets.Marks{Agent: seq, Customer: 1000}), "Raise")
}

// row returns the row of a conversation's latest ticket, with its preview. The check
// stops if there is none.
func (c *check) row(a chatcfg.AccountID, id tickets.ConversationID) storage.TicketRow {
	rows := c.list(storage.TicketQuery{Account: a, Conversation: id, Preview: true}, 0)
	c.that(len(rows) > 0, "no row of conversation %v", id)
	return rows[0]
}

// checkPreview checks that a row has its conversation's last message, unread messages
// and deadline, whatever the query's conditions.
func checkPreview(c *check) {
	a, other := c.account(), c.account()
	wake := later(700)
	b := c.begin(a, func(b *storage.Batch) { b.Wake = wake })
	b = c.say(b, tickets.FromAgent, tickets.FromCustomer)
	c.read(b, 1)
	want := storage.TicketRow{Conversation: b.Conversation.ID, Ticket: b.Tickets[0], Last: &b.Messages[1], Unread: 1, Wake: wake}
	// The same IDs in another account are others.
	twin := *b
	twin.Conversation.Account, twin.Conversation.Version, twin.Wake = other.ID, 1, time.Time{}
	twin.Messages = twin.Messages[:1]
	c.commit(&twin)

	for _, order := range []storage.Order{"", storage.ByChange, storage.ByWaiting} {
		for _, f := range []func(*storage.TicketQuery){
			func(*storage.TicketQuery) {},
			func(q *storage.TicketQuery) { q.Status = tickets.StatusOpen },
			func(q *storage.TicketQuery) { q.Conversation = b.Conversation.ID },
			func(q *storage.TicketQuery) { q.Words = []string{"ho"} },
		} {
			next := c.next(b)
			next.Tickets[0].Wait = &tickets.Wait{Since: base}
			next.Messages[0].File = &tickets.File{Name: "a.pdf", Size: 3}
			next.Words = []storage.Words{{Ticket: 1, Text: "hola"}}
			b = c.commit(next)
			want.Ticket, want.Last = b.Tickets[0], &b.Messages[0]
			want.Unread++
			q := storage.TicketQuery{Account: a.ID, Order: order, Preview: true}
			f(&q)
			c.same(c.list(q, 0), []storage.TicketRow{want}, "Tickets %+v", q)
			q.Preview = false
			c.same(c.list(q, 0), []storage.TicketRow{{Conversation: want.Conversation, Ticket: want.Ticket}}, "Tickets without Preview %+v", q)
		}
	}
	c.same(c.row(other.ID, b.Conversation.ID), storage.TicketRow{Conversation: b.Conversation.ID, Ticket: twin.Tickets[0], Last: &twin.Messages[0]},
		"the row of the same IDs in another account")

	// A claim moves the Wake, a commit without one takes it away.
	c.same(len(c.due(wake, later(900), 10)), 1, "claims")
	c.same(c.row(a.ID, b.Conversation.ID).Wake, later(900), "Wake under a claim")
	next := c.next(b)
	next.Wake = time.Time{}
	b = c.commit(next)
	c.same(c.row(a.ID, b.Conversation.ID).Wake, time.Time{}, "Wake of none")

	// A conversation without messages, and one of two tickets.
	empty := c.begin(a, func(b *storage.Batch) { b.Messages, b.Conversation.LastSeq = nil, 0 })
	c.same(c.row(a.ID, empty.Conversation.ID), storage.TicketRow{Conversation: empty.Conversation.ID, Ticket: empty.Tickets[0]}, "a row without messages")
	next = c.next(b)
	closed := b.Tickets[0]
	closed.Status = tickets.StatusClosed
	next.Conversation.Number, next.Tickets[0].Number = 2, 2
	next.Tickets = append(next.Tickets, closed)
	b = c.commit(next)
	rows := c.list(storage.TicketQuery{Account: a.ID, Conversation: b.Conversation.ID, Preview: true}, 0)
	c.same(len(rows), 2, "tickets of the conversation")
	for _, row := range rows {
		c.same(row.Last, &b.Messages[0], "the last message beside ticket %d", row.Number)
	}

	// What a deleted account shows has no Wake any more.
	next = c.next(b)
	next.Tickets, next.Wake = next.Tickets[:1], later(800)
	next.Tickets[0].Number = 2
	b = c.commit(next)
	want = c.row(a.ID, b.Conversation.ID)
	c.same(want.Wake, later(800), "Wake before the account is deleted")
	c.remove(a)
	want.Wake = time.Time{}
	c.same(c.row(a.ID, b.Conversation.ID), want, "a row of a deleted account")
}

// checkReader checks that a list for an agent counts what that agent has not read, by the
// conversation's Readers; that the agents' mark does not matter to it, and that it shows
// the rest as any list does.
func checkReader(c *check) {
	a := c.account()
	b := c.begin(a, nil)
	next := c.next(b)
	next.Conversation.CustomerMessages = 150
	next.Conversation.Readers = []tickets.Reader{{Agent: "ana", Seq: 1, Customer: 140}, {Agent: "béto", Seq: 2, Customer: 150}}
	b = c.commit(next)
	c.must(c.Sessions().Raise(c.ctx, a.ID, b.Conversation.ID, tickets.Marks{Agent: 2}), "Raise")
	want := c.row(a.ID, b.Conversation.ID)
	c.same(want.Unread, 0, "unread above the agents' mark")
	for agent, unread := range map[tickets.AgentID]int{"ana": 10, "béto": 0, "carla": storage.MaxUnread} {
		rows := c.list(storage.TicketQuery{Account: a.ID, Preview: true, Reader: agent}, 0)
		want.Unread = unread
		c.same(rows, []storage.TicketRow{want}, "the list of %s", agent)
	}
	loaded, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Conversation: b.Conversation.ID})
	c.must(err, "Load")
	c.same(loaded.Conversation.Readers, next.Conversation.Readers, "Readers")
}

// checkCounts checks that a count stops at MaxCount, and that each query counts its own
// tickets, of its own account.
func checkCounts(c *check) {
	a, other := c.account(), c.account()
	c.begin(a, nil)
	const many = storage.MaxCount + 3
	c.begin(other, func(b *storage.Batch) {
		open := b.Tickets[0]
		b.Conversation.Number, open.Number, b.Tickets = many+1, many+1, nil
		for n := range tickets.Number(many) {
			t := open
			t.Number, t.Status, t.Team = n+1, tickets.StatusClosed, "ventas"
			if t.Number == 1 {
				t.Team = "soporte"
			}
			b.Tickets = append(b.Tickets, t)
		}
		b.Tickets = append(b.Tickets, open)
	})
	all := []storage.TicketQuery{
		{}, {Status: tickets.StatusClosed}, {Team: "ventas"}, {Team: "soporte"}, {Status: tickets.StatusOpen},
		{Unassigned: true, Words: []string{"nada"}, Limit: 1}, {Assignee: "ana"},
	}
	for account, want := range map[chatcfg.AccountID][]int{
		a.ID: {1, 0, 0, 0, 1, 1, 0}, other.ID: {storage.MaxCount, storage.MaxCount, storage.MaxCount, 1, 1, 1, 0}, c.newAccount().ID: make([]int, 7),
	} {
		counts, err := c.Queries().Counts(c.ctx, account, all)
		c.must(err, "Counts")
		c.same(counts, want, "counts")
	}
	counts, err := c.Queries().Counts(c.ctx, a.ID, nil)
	c.must(err, "Counts of nothing")
	c.same(len(counts), 0, "counts of nothing")
}

// checkUnread checks that only who wrote a message decides whether it counts, not what
// else is in it; that the agents' mark ends it, and that no more than MaxUnread are
// counted.
func checkUnread(c *check) {
	a := c.account()
	b := c.begin(a, func(b *storage.Batch) {
		b.Messages[0].At, b.Messages[0].From, b.Messages[0].Level, b.Messages[0].Session = time.Time{}, tickets.FromAgent, "", tickets.SessionID{}
		b.Messages[0].Name, b.Messages[0].Text = "\"\bcustomer", "\"\bcustomer"
	})
	unread := func() int { return c.row(a.ID, b.Conversation.ID).Unread }
	c.same(unread(), 0, "unread messages where the customer wrote none")
	b = c.say(b, tickets.FromRule, tickets.FromWelcome, tickets.FromAgent)
	c.same(unread(), 0, "unread messages of rules and agents")
	b = c.say(b, tickets.FromCustomer, tickets.FromRule, tickets.FromCustomer, tickets.FromAgent)
	c.same(unread(), 2, "unread messages before the first mark")
	c.must(c.Sessions().Raise(c.ctx, a.ID, b.Conversation.ID, tickets.Marks{Customer: 1000}), "Raise")
	c.same(unread(), 2, "unread messages where the customer has read")
	for _, one := range []struct {
		mark int64
		want int
	}{{4, 2}, {5, 1}, {6, 1}, {7, 0}, {8, 0}, {8000, 0}} {
		c.read(b, one.mark)
		c.same(unread(), one.want, "unread messages above %d", one.mark)
	}
	many := c.begin(a, nil)
	b = many
	for range storage.MaxUnread - 2 {
		many = c.say(many, tickets.FromAgent, tickets.FromRule, tickets.FromCustomer, tickets.FromRule)
	}
	c.same(unread(), storage.MaxUnread-1, "unread messages among those of others")
	many = c.say(many, tickets.FromCustomer)
	c.same(unread(), storage.MaxUnread, "as many unread messages as are counted")
	many = c.say(many, tickets.FromCustomer, tickets.FromCustomer, tickets.FromAgent)
	c.same(unread(), storage.MaxUnread, "more unread messages than are counted")
	c.read(many, many.Conversation.LastSeq-2)
	c.same(unread(), 1, "unread messages above a mark near the end")
}

// checkPreviewPages checks that a list is the same with previews, and its cursors hold
// in both.
func checkPreviewPages(c *check) {
	a, _ := c.filled(25)
	for _, order := range []storage.Order{storage.ByChange, storage.ByWaiting} {
		whole := c.list(storage.TicketQuery{Account: a.ID, Order: order, Preview: true}, 0)
		bare := c.list(storage.TicketQuery{Account: a.ID, Order: order}, 0)
		for _, limit := range []int{1, 3, 25} {
			c.same(c.list(storage.TicketQuery{Account: a.ID, Order: order, Preview: true}, limit), whole, "by %s, limit %d", order, limit)
		}
		c.same(len(whole), len(bare), "rows by %s", order)
		for i, row := range whole {
			c.same(row.Last.Seq, int64(1), "the last message of row %d", i)
			c.same(row.Unread, 1, "unread messages of row %d", i)
			c.same(row.Ticket, bare[i].Ticket, "the ticket of row %d", i)
		}
		q := storage.TicketQuery{Account: a.ID, Order: order, Limit: 3}
		page, err := c.Queries().Tickets(c.ctx, q)
		c.must(err, "Tickets")
		q.Cursor, q.Preview = page.Next, true
		page, err = c.Queries().Tickets(c.ctx, q)
		c.must(err, "Tickets with Preview by a cursor without")
		c.same(page.Items, whole[3:6], "the second page by %s", order)
	}
}

// checkPreviewMoment checks that a row's ticket, last message, unread messages and Wake
// are of one moment. Each commit adds one message of the customer's, and its number
// everywhere.
func checkPreviewMoment(c *check) {
	const commits, chats = 60, 3
	a := c.account()
	batches := make([]*storage.Batch, chats)
	for i := range batches {
		batches[i] = c.begin(a, func(b *storage.Batch) { b.Wake = later(1) })
	}
	look := func() {
		for _, row := range c.list(storage.TicketQuery{Account: a.ID, Preview: true}, 0) {
			n := row.Ticket.Messages
			c.same(row.Last.Seq, n, "Last beside a ticket with that many messages")
			c.same(row.Unread, int(n), "Unread beside a ticket with that many messages")
			c.same(row.Wake, later(int(n)), "Wake beside a ticket with that many messages")
		}
	}
	look()
	var done atomic.Bool
	c.race(2, func(i int) {
		if i == 0 {
			defer done.Store(true)
			for n := range commits {
				next := c.next(batches[n%chats])
				next.Wake = later(int(next.Conversation.LastSeq))
				batches[n%chats] = c.commit(next)
			}
			return
		}
		for last := false; !last; {
			last = done.Load()
			look()
		}
	})
}
