package sim

import (
	"context"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// markRead has an agent or a visitor say how far they have read, sometimes beyond the
// last message or less far than before.
func (w *World) markRead(d *desk, c *conv, v *visitor) {
	customer := w.rnd.IntN(2) == 0
	if customer {
		if c = w.model.holds(v.id); c == nil {
			return
		}
	}
	seq := int64(1 + w.rnd.IntN(len(c.messages)+1))
	if w.rnd.IntN(3) == 0 {
		seq = int64(len(c.messages) + 2 + w.rnd.IntN(3))
	}
	t := &task{desk: d, name: "mark read", marks: &tickets.Marks{Agent: seq}}
	if customer {
		t.marks = &tickets.Marks{Customer: seq}
	}
	var least int64
	t.saw = func(name string) {
		if to := w.model.holds(v.id); name == "load" && (!customer || to == c) {
			least = min(seq, int64(len(c.messages)))
		}
	}
	t.after = func(t *task) {
		has := c.marks.Agent
		if customer {
			has = c.marks.Customer
		}
		if t.returned && t.err == nil && has < least {
			w.failf("marks", "%+v of %s is acknowledged, the mark is %d", *t.marks, c.id, has)
		}
	}
	w.start(t, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		if customer {
			return res, v.on(d.charla).MarkRead(ctx, seq)
		}
		ref := tickets.Ref{Account: c.account.id, Conversation: c.id}
		return res, d.charla.Account(c.account.id).Agent(charla.Person{ID: "ana"}).MarkRead(ctx, ref, seq)
	})
}

// raised follows read marks: they only rise, by what a side said, and never beyond the
// last message.
func (m *model) raised(ctx context.Context, t *task, account chatcfg.AccountID, id tickets.ConversationID, by tickets.Marks) {
	c := m.conv(tickets.Ref{Account: account, Conversation: id})
	if c == nil || t == nil || t.marks == nil {
		m.w.failf("marks", "marks %+v of %s, which nobody made", by, id)
		return
	}
	last := int64(len(c.messages))
	if by.Agent > min(t.marks.Agent, last) || by.Customer > min(t.marks.Customer, last) {
		m.w.failf("marks", "marks %+v of %s, said was %+v, with %d messages", by, id, *t.marks, last)
	}
	c.marks.Agent, c.marks.Customer = max(c.marks.Agent, by.Agent), max(c.marks.Customer, by.Customer)
	m.w.marked(ctx, c)
}

// marked compares the marks that are kept, and what a list says is unread and last.
func (w *World) marked(ctx context.Context, c *conv) {
	kept, err := w.real.Sessions().Marks(ctx, c.account.id, c.id)
	if err != nil || kept != c.marks {
		w.failf("marks", "the marks of %s are %+v (%v), want %+v", c.id, kept, err, c.marks)
		return
	}
	unread := 0
	for _, msg := range c.messages {
		if msg.From == tickets.FromCustomer && msg.Seq > c.marks.Agent {
			unread = min(unread+1, storage.MaxUnread)
		}
	}
	page, err := w.real.Queries().Tickets(ctx, storage.TicketQuery{Account: c.account.id, Conversation: c.id, Preview: true})
	if err != nil {
		w.failf("read back", "tickets: %v", err)
	}
	for _, row := range page.Items {
		if last := c.messages[len(c.messages)-1]; row.Unread != unread || row.Last.Seq != last.Seq || row.Last.Text != last.Text {
			w.failf("marks", "a list says of %s: %d unread, last %q; want %d, %q", c.id, row.Unread, row.Last.Text, unread, last.Text)
		}
	}
}
