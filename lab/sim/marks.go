package sim

import (
	"context"
	"slices"

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
	// least is what an agent's own mark must reach, told what visitors hear of: no note
	// behind the last message that is theirs (R11.4).
	var least, told int64
	t.saw = func(name string) {
		if to := w.model.holds(v.id); name == "load" && (!customer || to == c) {
			least = min(seq, int64(len(c.messages)))
			told = min(least, 1+int64(lastIndex(c.messages, func(m *tickets.Message) bool { return m.From != tickets.FromNote })))
		}
	}
	t.after = func(t *task) {
		has := c.marks.Agent
		if customer {
			has = c.marks.Customer
		}
		if !customer && t.returned && t.err == nil && (least > 0 && len(c.readers) == 0 || len(c.readers) > 0 && c.readers[0].Seq < least) {
			w.failf("marks", "%+v of %s is acknowledged, they have read %+v", *t.marks, c.id, c.readers)
		}
		if t.returned && t.err == nil && has < told {
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

// read follows how far the agent of a task has read: further than before, and never beyond
// the last message (R11.3).
func (m *model) read(t *task, c *conv) {
	by := tickets.Reader{Agent: "ana", Seq: min(t.marks.Agent, int64(len(c.messages)))}
	for _, msg := range c.messages[:by.Seq] {
		if msg.From == tickets.FromCustomer {
			by.Customer++
		}
	}
	i := slices.IndexFunc(c.readers, func(r tickets.Reader) bool { return r.Agent == by.Agent })
	if i >= 0 && c.readers[i].Seq >= by.Seq {
		m.w.failf("marks", "%+v of %s is stored again, it was %+v", *t.marks, c.id, c.readers[i])
	}
	if c.readers = slices.Clone(c.readers); i >= 0 {
		c.readers = slices.Delete(c.readers, i, i+1)
	}
	c.readers = append(c.readers, by)
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
	own := tickets.Reader{}
	if len(c.readers) > 0 {
		own = c.readers[0]
	}
	mine, err := w.real.Queries().Tickets(ctx, storage.TicketQuery{Account: c.account.id, Conversation: c.id, Preview: true, Reader: "ana"})
	for _, row := range mine.Items {
		if want := min(c.customerMessages-int(own.Customer), storage.MaxUnread); err != nil || row.Unread != want {
			w.failf("marks", "a list says of %s to ana: %d unread (%v), want %d", c.id, row.Unread, err, want)
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

// lastIndex returns where the last message is that is so; -1: none is.
func lastIndex(list []tickets.Message, is func(*tickets.Message) bool) int {
	for i := range slices.Backward(list) {
		if is(&list[i]) {
			return i
		}
	}
	return -1
}
