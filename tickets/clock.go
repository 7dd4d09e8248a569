package tickets

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// MaxSkew is by how much the clocks of desks on one store may differ. A stored instant
// at which something happened that lies further ahead was dated by a wrong clock.
const MaxSkew = 5 * time.Minute

// Ahead reports whether an instant at which something happened lies so far after now
// that a wrong clock dated it.
func Ahead(at, now time.Time) bool { return at.Sub(now) > MaxSkew }

// Ahead reports whether a wrong clock dated the last change of the conversation or of one
// of its tickets.
func (s *State) Ahead(now time.Time) bool {
	return Ahead(s.Conversation.LastAt, now) || Ahead(s.Ticket.ChangedAt, now) ||
		s.Older != nil && Ahead(s.Older.ChangedAt, now)
}

// BeginRedated is [Begin] for a state that is ahead: its changes are done at that instant.
// It dates at that what a wrong clock dated later: the conversation, its tickets, and what
// a wait or auto-close counts from. hours are the business hours; nil: none. Messages and
// history stay as they are.
func BeginRedated(s State, at time.Time, hours *chatcfg.Calendar) *Draft {
	s.Conversation.LastAt = at
	d := Begin(s, at)
	c := &d.Conversation
	if c.CreatedAt.After(d.At) {
		c.CreatedAt = d.At
	}
	if d.Ticket.Number > 0 && d.Ticket.redate(d.At, hours) {
		d.ticketChanged = true
	}
	if d.Older != nil && d.Older.redate(d.At, hours) {
		d.olderChanged = true
	}
	return d
}

// redate moves the ticket's instants that are later than now to now. It returns false if
// there are none.
func (t *Ticket) redate(now time.Time, hours *chatcfg.Calendar) bool {
	if !t.ChangedAt.After(now) {
		return false
	}
	for _, at := range []*time.Time{&t.CreatedAt, &t.OpenedAt, &t.ClosedAt, &t.ChangedAt, &t.CountsFrom, &t.Unanswered} {
		if at.After(now) {
			*at = now
		}
	}
	if t.Rating != nil && t.Rating.At.After(now) {
		rating := *t.Rating
		rating.At, t.Rating = now, &rating
	}
	if t.Wait == nil {
		return true
	}
	w := *t.Wait
	for _, at := range []*time.Time{&w.Since, &w.DelayedAt} {
		if at.After(now) {
			*at = now
		}
	}
	if due, ok := After(w.Since, w.Limit.Std(), w.Clock, hours); ok && w.Due.After(now) && due.Before(w.Due) {
		if w.Due = due; due.Before(now) {
			w.Due = now
		}
	}
	t.Wait = &w
	return true
}
