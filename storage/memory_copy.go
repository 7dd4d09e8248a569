package storage

import (
	"maps"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// The copies below share nothing with their originals and keep times as a store
// does. They serve on the way in and on the way out.

// kept is the instant as a store keeps it.
func kept(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func pointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

func copyAccount(a chatcfg.Account) chatcfg.Account {
	a.Secrets = slices.Clone(a.Secrets)
	for i := range a.Secrets {
		s := &a.Secrets[i]
		s.PublicKey = slices.Clone(s.PublicKey)
		s.CreatedAt, s.ExpiresAt = kept(s.CreatedAt), kept(s.ExpiresAt)
	}
	a.Picture, a.Logo = pointer(a.Picture), pointer(a.Logo)
	a.CreatedAt, a.DeletedAt, a.SavedAt = kept(a.CreatedAt), kept(a.DeletedAt), kept(a.SavedAt)
	a.Rules.RunningAt = kept(a.Rules.RunningAt)
	a.Rules.Rules = slices.Clone(a.Rules.Rules)
	for i := range a.Rules.Rules {
		r := &a.Rules.Rules[i]
		r.On, r.Changed = kept(r.On), kept(r.Changed)
	}
	return a
}

func copySession(s tickets.Session) tickets.Session {
	s.TokenHash, s.Replaced = slices.Clone(s.TokenHash), slices.Clone(s.Replaced)
	s.Links = slices.Clone(s.Links)
	s.CreatedAt, s.ExpiresAt, s.EndedAt = kept(s.CreatedAt), kept(s.ExpiresAt), kept(s.EndedAt)
	return s
}

func copyConversation(c tickets.Conversation) tickets.Conversation {
	c.Links = slices.Clone(c.Links)
	c.CreatedAt, c.LastAt = kept(c.CreatedAt), kept(c.LastAt)
	return c
}

func copyTicket(t tickets.Ticket) tickets.Ticket {
	t.CreatedAt, t.OpenedAt, t.ClosedAt = kept(t.CreatedAt), kept(t.OpenedAt), kept(t.ClosedAt)
	t.ChangedAt, t.CountsFrom = kept(t.ChangedAt), kept(t.CountsFrom)
	t.Memory = slices.Clone(t.Memory)
	for i := range t.Memory {
		t.Memory[i].At = kept(t.Memory[i].At)
	}
	if t.Wait = pointer(t.Wait); t.Wait != nil {
		w := t.Wait
		w.Since, w.Due, w.DelayedAt = kept(w.Since), kept(w.Due), kept(w.DelayedAt)
	}
	if t.Typification = pointer(t.Typification); t.Typification != nil {
		t.Typification.Fields = maps.Clone(t.Typification.Fields)
	}
	t.Notified = slices.Clone(t.Notified)
	t.Metadata = maps.Clone(t.Metadata)
	return t
}

func copyMessage(m tickets.Message) tickets.Message {
	m.At, m.File = kept(m.At), pointer(m.File)
	return m
}

func copyEntry(e tickets.Entry) tickets.Entry {
	e.At, e.Due, e.Inputs.Now = kept(e.At), kept(e.Due), kept(e.Inputs.Now)
	e.Facts = slices.Clone(e.Facts)
	e.Trace = slices.Clone(e.Trace)
	for i := range e.Trace {
		e.Trace[i].Until = kept(e.Trace[i].Until)
	}
	return e
}

func copyAnswer(a tickets.Answer) tickets.Answer {
	a.Since, a.At = kept(a.Since), kept(a.At)
	return a
}

func copyReceipt(r Receipt) Receipt {
	r.At = kept(r.At)
	return r
}

func copyDelivery(d Delivery) Delivery {
	d.Body = slices.Clone(d.Body)
	d.NotBefore, d.SettledAt = kept(d.NotBefore), kept(d.SettledAt)
	return d
}

func copyRoster(r tickets.Roster) tickets.Roster {
	r.Agents = maps.Clone(r.Agents)
	for agent, until := range r.Agents {
		r.Agents[agent] = kept(until)
	}
	return r
}
