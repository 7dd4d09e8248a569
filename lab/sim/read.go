package sim

import (
	"context"
	"reflect"
	"slices"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// reader follows a conversation's stream on a desk.
type reader struct {
	conv *conv
	// next is the sequence of the first message that the schedule has not
	// checked, got what came since.
	next int64
	got  []tickets.Message
	gone bool
}

// stream has an agent's page follow a conversation, from a random message on.
func (w *World) stream(d *desk, c *conv) {
	from := int64(w.rnd.IntN(len(c.messages) + 1))
	r := &reader{conv: c, next: from + 1}
	w.people.readers = append(w.people.readers, r)
	ref := tickets.Ref{Account: c.account.id, Conversation: c.id}
	t := w.background(d, "stream", func(ctx context.Context, _ *task) (res charla.Result, err error) {
		for u, err := range d.charla.Account(c.account.id).Inbox().Follow(ctx, ref, from, 0) {
			if err != nil {
				return res, err // the reader comes back
			}
			if u.Message != nil {
				r.got = append(r.got, *u.Message)
			}
		}
		return res, nil
	})
	end := func(*task) { r.gone = true }
	if t.after = end; t.done {
		end(t)
	}
}

// streams checks what the pages got against the log.
func (w *World) streams() {
	w.followers()
	w.inboxes()
	for _, r := range w.people.readers {
		for _, m := range r.got {
			if m.Seq != r.next || m.Seq > int64(len(r.conv.messages)) || !reflect.DeepEqual(m, r.conv.messages[m.Seq-1]) {
				w.failf("stream", "a stream of %s yields %+v, want message %d", r.conv.id, m, r.next)
				return
			}
			r.next++
		}
		r.got = r.got[:0]
	}
	w.people.readers = slices.DeleteFunc(w.people.readers, func(r *reader) bool { return r.gone })
}

// visit reads a conversation as a visitor and checks that the session may see all of it
// (R7.2).
func (w *World) visit(d *desk, v *visitor) {
	ended := v.ended
	token := v.token
	var list []tickets.Message
	w.start(&task{desk: d, name: "read", after: func(t *task) {
		if !t.returned || t.err != nil {
			return
		}
		if ended {
			w.failf("session", "a session that had ended reads")
		}
		now := w.model.sessions[v.id]
		convs := []*conv{w.model.holds(v.id)} // where it writes, or wrote before it logged in
		for _, link := range now.Links {
			convs = append(convs, v.account.convs[link])
		}
		for _, m := range list {
			i := slices.IndexFunc(convs, func(c *conv) bool {
				return c != nil && m.Seq <= int64(len(c.messages)) && c.messages[m.Seq-1].Text == m.Text
			})
			switch {
			case i < 0:
				w.failf("isolation", "session %s reads message %+v", v.id, m)
			case convs[i].messages[m.Seq-1].Session != v.id && now.Customer.Level != tickets.LevelVerified:
				w.failf("isolation", "session %s reads message %d, which is another session's", v.id, m.Seq)
			case m.From == tickets.FromNote:
				w.failf("isolation", "a visitor reads note %d", m.Seq)
			case m.Agent != "":
				w.failf("isolation", "a visitor learns who agent %s is", m.Agent)
			}
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		page, err := d.charla.Account(v.account.id).Visitor(token).Messages(ctx, charla.MessageQuery{})
		list = page.Items
		return res, err
	})
}

// holds returns the conversation of a session; nil: it has none yet.
func (m *model) holds(id tickets.SessionID) *conv {
	s, ok := m.sessions[id]
	if !ok || m.accounts[s.Account] == nil {
		return nil
	}
	a := m.accounts[s.Account]
	if c := a.convs[s.Conversation]; c != nil {
		return c
	}
	return a.holders[s.Identity]
}

// inbox is what an agent's page follows: an account's tickets as they change. It
// goes on where it stopped, on any desk.
type inbox struct {
	account *account
	cursor  string
	got     []charla.Row
	rows    map[tickets.ConversationID]charla.Row
	gone    bool
}

// inbox has a page follow an account's inbox, unless one does.
func (w *World) inbox(d *desk, a *account) {
	if w.people.inboxes == nil {
		w.people.inboxes = make(map[chatcfg.AccountID]*inbox)
	}
	b := w.people.inboxes[a.id]
	switch {
	case b == nil:
		b = &inbox{account: a, rows: make(map[tickets.ConversationID]charla.Row)}
		w.people.inboxes[a.id] = b
	case !b.gone:
		return
	}
	b.gone = false
	t := w.background(d, "inbox", func(ctx context.Context, _ *task) (res charla.Result, err error) {
		for row, err := range d.charla.Account(a.id).Inbox().Live(ctx, b.cursor, 0) {
			if err != nil {
				return res, err // the page comes back
			}
			if b.cursor = row.Cursor; row.Number > 0 {
				b.got = append(b.got, row)
			}
		}
		return res, nil
	})
	end := func(*task) { b.gone = true }
	if t.after = end; t.done {
		end(t)
	}
}

// inboxes checks the rows that pages got against the log.
func (w *World) inboxes() {
	for _, a := range w.model.order {
		b := w.people.inboxes[a.id]
		if b == nil || a.purged {
			continue
		}
		for _, row := range b.got {
			c := a.convs[row.Ref.Conversation]
			if c == nil || row.Ref.Account != a.id || row.Ref.Number != row.Number || row.Number > c.ticket.number {
				w.failf("inbox", "the inbox of %s yields %+v", a.name, row)
				return
			}
			if last := b.rows[c.id]; row.Number < last.Number {
				w.failf("inbox", "the inbox of %s yields ticket %d of %s after %d", a.name, row.Number, c.id, last.Number)
			}
			b.rows[c.id] = row
		}
		b.got = b.got[:0]
	}
}

// shown checks at the end that an inbox that is still followed shows every
// conversation's latest ticket as it is.
func (w *World) shown() {
	for _, a := range w.model.order {
		b := w.people.inboxes[a.id]
		if b == nil || b.gone || a.purged {
			continue
		}
		for _, c := range a.order {
			row, t := b.rows[c.id], c.ticket
			delayed := t.wait != nil && !t.wait.delayed.IsZero()
			if row.Number != t.number || row.Status != t.status || row.Paused != t.paused || row.Important != t.important || row.Delayed() != delayed {
				w.failf("inbox", "the inbox of %s shows of %s %+v, it is ticket %d, %s", a.name, c.id, row.Ticket, t.number, t.status)
			}
		}
	}
}

// feed is a reader of an account's changes in the store.
type feed struct {
	account *account
	cursor  string
	seen    map[tickets.ConversationID]int64
}

// poll reads an account's feed on until it has caught up, and checks that no change is
// missing.
func (w *World) poll(d *desk, a *account) {
	if w.people.feeds == nil {
		w.people.feeds = make(map[chatcfg.AccountID]*feed)
	}
	f := w.people.feeds[a.id]
	if f == nil {
		f = &feed{account: a, seen: make(map[tickets.ConversationID]int64)}
		w.people.feeds[a.id] = f
	}
	cursor := f.cursor
	limit := 1 + w.rnd.IntN(3)
	var items []storage.Change
	caughtUp := false
	w.start(&task{desk: d, name: "feed", after: func(t *task) {
		if !t.returned || t.err != nil && len(items) == 0 || f.cursor != cursor && !caughtUp {
			return
		}
		for _, one := range items {
			c := a.convs[one.Conversation]
			if c == nil || one.Version > c.version {
				w.failf("feed", "conversation %s at version %d is in the feed of %s", one.Conversation, one.Version, a.name)
				return
			}
			f.seen[one.Conversation] = max(f.seen[one.Conversation], one.Version)
		}
		if !caughtUp || t.err != nil {
			return
		}
		for _, c := range a.order {
			if f.seen[c.id] < t.snapshot[c.id] {
				w.failf("feed", "the feed of %s has caught up without conversation %s at version %d", a.name, c.id, t.snapshot[c.id])
			}
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		at := cursor
		for range 1000 {
			page, err := faulty{w}.Queries().Changes(ctx, a.id, at, limit)
			if err != nil {
				return res, err
			}
			items = append(items, page.Items...)
			if at = page.Next; len(page.Items) == 0 {
				caughtUp = true
				f.cursor = at
				return res, nil
			}
		}
		return res, nil
	})
}
