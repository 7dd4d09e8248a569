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

// stream starts to follow a conversation, from somewhere in its log.
func (w *World) stream(d *desk, c *conv) {
	from := int64(w.rnd.IntN(len(c.messages) + 1))
	r := &reader{conv: c, next: from + 1}
	w.people.readers = append(w.people.readers, r)
	ref := tickets.Ref{Account: c.account.id, Conversation: c.id}
	t := w.background(d, "stream", func(ctx context.Context, _ *task) (res charla.Result, err error) {
		for m, err := range d.charla.Stream(ctx, ref, from) {
			if err != nil {
				return res, err // the reader comes back
			}
			r.got = append(r.got, m)
		}
		return res, nil
	})
	end := func(*task) { r.gone = true }
	if t.after = end; t.done {
		end(t)
	}
}

// streams checks what the readers got against the log.
func (w *World) streams() {
	w.followers()
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

// visit reads what a session may see (R7.2).
func (w *World) visit(d *desk, v *visitor) {
	ended := v.ended
	s := v.session
	var list []tickets.Message
	w.start(&task{desk: d, name: "read", after: func(t *task) {
		if !t.returned || t.err != nil {
			return
		}
		if ended {
			w.failf("session", "a session that had ended reads")
		}
		now := w.model.sessions[s.ID]
		convs := []*conv{w.model.holds(s.ID)} // where it writes, or wrote before it logged in
		for _, link := range now.Links {
			convs = append(convs, v.account.convs[link])
		}
		for _, m := range list {
			i := slices.IndexFunc(convs, func(c *conv) bool {
				return c != nil && m.Seq <= int64(len(c.messages)) && c.messages[m.Seq-1].Text == m.Text
			})
			switch {
			case i < 0:
				w.failf("isolation", "session %s reads message %+v", s.ID, m)
			case convs[i].messages[m.Seq-1].Session != s.ID && now.Customer.Level != tickets.LevelVerified:
				w.failf("isolation", "session %s reads message %d, which is another session's", s.ID, m.Seq)
			case m.Agent != "":
				w.failf("isolation", "a visitor learns who agent %s is", m.Agent)
			}
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		list, err = d.charla.Read(ctx, s, 0, 0)
		return res, err
	})
}

// holds is the conversation of a session.
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

// feed is an agents' inbox that follows an account's changes.
type feed struct {
	account *account
	cursor  string
	seen    map[tickets.ConversationID]int64
}

// poll reads on in an account's feed until it has caught up.
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
			page, err := d.charla.Changes(ctx, a.id, at, limit)
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
