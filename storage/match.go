package storage

import (
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla/tickets"
)

// hasWord reports whether one of the texts has the word; with prefix, also a word that
// begins with it.
func hasWord(texts []string, word string, prefix bool) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		for one := range strings.SplitSeq(text, " ") {
			if one == word || prefix && strings.HasPrefix(one, word) {
				return true
			}
		}
		return false
	})
}

// Of returns the instant by which a list in this order sorts a ticket: the latest first
// by change, the earliest first by waiting. It returns false if the ticket is not in such
// a list.
func (o Order) Of(t *tickets.Ticket) (time.Time, bool) {
	if o != ByWaiting {
		return t.ChangedAt, true
	}
	if t.Status != tickets.StatusOpen || t.Wait == nil {
		return time.Time{}, false
	}
	return t.Wait.Since, true
}

// Of returns the instant by which [Queries].Count counts a ticket, or false if it does not
// count the ticket.
func (i Instant) Of(t *tickets.Ticket) (time.Time, bool) {
	switch {
	case i == CountsFrom:
		return t.CountsFrom, t.Status == tickets.StatusOpen && !t.CountsFrom.IsZero()
	case t.Delayed():
		return time.Time{}, false
	default:
		return ByWaiting.Of(t)
	}
}

// Matches reports whether a message meets the query's Session and WithoutNotes.
func (q *MessageQuery) Matches(m *tickets.Message) bool {
	return (q.Session.IsZero() || m.Session == q.Session) && !(q.WithoutNotes && m.From == tickets.FromNote)
}

// Check fails unless i is one of the constants.
func (i Instant) Check() error {
	if i != CountsFrom && i != WaitsSince {
		return errors.New("storage: no such instant: " + string(i))
	}
	return nil
}

// Preview sets Last, Unread and Wake, which q asks for. messages are the conversation's,
// the last one first; it reads no more of them than it needs.
func (r *TicketRow) Preview(q *TicketQuery, c *tickets.Conversation, marks tickets.Marks, wake time.Time, messages iter.Seq[tickets.Message]) {
	r.Wake, r.Last, r.Unread = wake, nil, 0
	if q.Reader != "" {
		r.Unread = int(min(c.Unread(q.Reader), MaxUnread))
	}
	for m := range messages {
		if r.Last == nil {
			last := m
			r.Last = &last
		}
		if q.Reader != "" {
			return
		}
		if m.Seq <= marks.Agent || r.Unread == MaxUnread {
			return
		}
		if m.From == tickets.FromCustomer {
			r.Unread++
		}
	}
}
