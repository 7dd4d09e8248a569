package storage

import (
	"maps"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Cut returns a time as a store keeps it: cut to the microsecond, in UTC. The zero time
// stays zero.
func Cut(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// Record is what a store keeps.
type Record interface {
	chatcfg.Account | tickets.Session | tickets.Conversation | tickets.Ticket | tickets.Message |
		tickets.Entry | tickets.Answer | tickets.Roster | tickets.Submission | Receipt | Delivery
}

// Clean returns a copy of a record that shares no memory with it, with its times as a
// store keeps them ([Cut]). A store calls it on what it is given, and on what it returns
// unless that was just decoded.
func Clean[T Record](record T) T {
	switch r := any(&record).(type) {
	case *chatcfg.Account:
		*r = copyAccount(*r)
	case *tickets.Session:
		*r = copySession(*r)
	case *tickets.Conversation:
		*r = copyConversation(*r)
	case *tickets.Ticket:
		*r = copyTicket(*r)
	case *tickets.Message:
		*r = copyMessage(*r)
	case *tickets.Entry:
		*r = copyEntry(*r)
	case *tickets.Answer:
		*r = copyAnswer(*r)
	case *tickets.Roster:
		*r = copyRoster(*r)
	case *tickets.Submission:
		*r = copySubmission(*r)
	case *Receipt:
		*r = copyReceipt(*r)
	case *Delivery:
		*r = copyDelivery(*r)
	}
	return record
}

// clonePointer returns a pointer to a copy of the value; nil for nil.
func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// copyAccount returns a copy of an account that shares no memory with it, with its
// times as [Cut] returns them.
func copyAccount(a chatcfg.Account) chatcfg.Account {
	a.Secrets = slices.Clone(a.Secrets)
	for i := range a.Secrets {
		s := &a.Secrets[i]
		s.PublicKey = slices.Clone(s.PublicKey)
		s.CreatedAt, s.ExpiresAt = Cut(s.CreatedAt), Cut(s.ExpiresAt)
	}
	a.Picture, a.Logo = clonePointer(a.Picture), clonePointer(a.Logo)
	a.CreatedAt, a.DeletedAt, a.SavedAt = Cut(a.CreatedAt), Cut(a.DeletedAt), Cut(a.SavedAt)
	a.Rules.RunningAt = Cut(a.Rules.RunningAt)
	a.Rules.Rules = slices.Clone(a.Rules.Rules)
	for i := range a.Rules.Rules {
		r := &a.Rules.Rules[i]
		r.On, r.Changed = Cut(r.On), Cut(r.Changed)
	}
	return a
}

// copySession returns a copy of a session that shares no memory with it, with its times
// as [Cut] returns them.
func copySession(s tickets.Session) tickets.Session {
	s.TokenHash, s.Replaced = slices.Clone(s.TokenHash), slices.Clone(s.Replaced)
	s.Links = slices.Clone(s.Links)
	s.CreatedAt, s.ExpiresAt, s.EndedAt = Cut(s.CreatedAt), Cut(s.ExpiresAt), Cut(s.EndedAt)
	return s
}

// copyConversation returns a copy of a conversation that shares no memory with it, with
// its times as [Cut] returns them.
func copyConversation(c tickets.Conversation) tickets.Conversation {
	c.Links, c.Readers = slices.Clone(c.Links), slices.Clone(c.Readers)
	c.CreatedAt, c.LastAt = Cut(c.CreatedAt), Cut(c.LastAt)
	return c
}

// copyTicket returns a copy of a ticket that shares no memory with it, with its times
// as [Cut] returns them.
func copyTicket(t tickets.Ticket) tickets.Ticket {
	t.CreatedAt, t.OpenedAt, t.ClosedAt = Cut(t.CreatedAt), Cut(t.OpenedAt), Cut(t.ClosedAt)
	t.ChangedAt, t.CountsFrom, t.Unanswered = Cut(t.ChangedAt), Cut(t.CountsFrom), Cut(t.Unanswered)
	t.Memory = slices.Clone(t.Memory)
	for i := range t.Memory {
		t.Memory[i].At = Cut(t.Memory[i].At)
	}
	if t.Wait = clonePointer(t.Wait); t.Wait != nil {
		w := t.Wait
		w.Since, w.Due, w.DelayedAt = Cut(w.Since), Cut(w.Due), Cut(w.DelayedAt)
	}
	if t.Typification = clonePointer(t.Typification); t.Typification != nil {
		t.Typification.Fields = maps.Clone(t.Typification.Fields)
	}
	if t.Rating = clonePointer(t.Rating); t.Rating != nil {
		t.Rating.At = Cut(t.Rating.At)
	}
	t.Notified = slices.Clone(t.Notified)
	t.Metadata = maps.Clone(t.Metadata)
	return t
}

// copyMessage returns a copy of a message that shares no memory with it, with its times
// as [Cut] returns them.
func copyMessage(m tickets.Message) tickets.Message {
	m.At, m.File = Cut(m.At), clonePointer(m.File)
	return m
}

// copyEntry returns a copy of a history entry that shares no memory with it, with its
// times as [Cut] returns them.
func copyEntry(e tickets.Entry) tickets.Entry {
	e.At, e.Due, e.Inputs.Now = Cut(e.At), Cut(e.Due), Cut(e.Inputs.Now)
	e.Facts = slices.Clone(e.Facts)
	e.Trace = slices.Clone(e.Trace)
	for i := range e.Trace {
		e.Trace[i].Until = Cut(e.Trace[i].Until)
	}
	return e
}

// copyAnswer returns a copy of an answer that shares no memory with it, with its times
// as [Cut] returns them.
func copyAnswer(a tickets.Answer) tickets.Answer {
	a.Since, a.At = Cut(a.Since), Cut(a.At)
	return a
}

// copyReceipt returns a copy of a receipt that shares no memory with it, with its times
// as [Cut] returns them.
func copyReceipt(r Receipt) Receipt {
	r.At = Cut(r.At)
	return r
}

// copyDelivery returns a copy of a delivery that shares no memory with it, with its
// times as [Cut] returns them.
func copyDelivery(d Delivery) Delivery {
	d.Body = slices.Clone(d.Body)
	d.NotBefore, d.SettledAt = Cut(d.NotBefore), Cut(d.SettledAt)
	return d
}

// copyRoster returns a copy of a roster that shares no memory with it, with its times
// as [Cut] returns them.
func copyRoster(r tickets.Roster) tickets.Roster {
	r.Agents = maps.Clone(r.Agents)
	for agent, until := range r.Agents {
		r.Agents[agent] = Cut(until)
	}
	return r
}

// copySubmission returns a copy of a contact form that shares no memory with it, with
// its times as [Cut] returns them.
func copySubmission(s tickets.Submission) tickets.Submission {
	s.At = Cut(s.At)
	return s
}
