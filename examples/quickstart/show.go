package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/tickets"
)

// show prints what happened since it last did, the ticket's state and the next
// deadline.
func (c *chat) show(ctx context.Context) error {
	entries, messages, err := c.news(ctx)
	if err != nil {
		return err
	}
	c.print(entries, messages)
	c.seen(entries, messages)
	t, err := c.account.Inbox().Ticket(ctx, c.ticket())
	if errors.Is(err, charla.ErrNotFound) {
		c.say("  no ticket yet")
		return nil
	}
	if err != nil {
		return err
	}
	c.say("  %s", c.describe(&t))
	next, err := c.desk.NextDue(ctx)
	if err == nil && !next.IsZero() {
		c.say("  next %s: %s", c.at(next), due(&t))
	}
	return err
}

// news returns the history and the messages since the last time.
func (c *chat) news(ctx context.Context) ([]tickets.Entry, []tickets.Message, error) {
	var entries []tickets.Entry
	var messages []tickets.Message
	inbox := c.account.Inbox()
	for q := (charla.PageQuery{Cursor: strconv.FormatInt(c.entry, 10)}); ; {
		page, err := inbox.History(ctx, c.ticket(), q)
		if errors.Is(err, charla.ErrNotFound) { // the customer has not written yet
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for q := (charla.MessageQuery{After: c.seq}); ; {
		page, err := inbox.Messages(ctx, c.ticket(), q)
		if err != nil {
			return nil, nil, err
		}
		messages = append(messages, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return entries, messages, nil
		}
	}
}

// seen records that news were shown.
func (c *chat) seen(entries []tickets.Entry, messages []tickets.Message) {
	if len(entries) > 0 {
		c.before, c.entry = entries[0].N-1, entries[len(entries)-1].N
	}
	if len(messages) > 0 {
		c.seq = messages[len(messages)-1].Seq
	}
}

// print prints history entries, the messages in their place.
func (c *chat) print(entries []tickets.Entry, messages []tickets.Message) {
	texts := make(map[int64]tickets.Message, len(messages))
	for _, m := range messages {
		texts[m.Seq] = m
	}
	for _, e := range entries {
		for _, f := range e.Facts {
			if words := fact(e, f, texts); words != "" {
				c.say("  %s %s", c.at(e.At), words)
			}
		}
	}
}

// fact returns one thing that happened in words; empty: the ticket's state says it
// already.
func fact(e tickets.Entry, f tickets.Fact, texts map[int64]tickets.Message) string {
	switch f.Kind {
	case tickets.FactSaid:
		m := texts[f.Seq]
		switch m.From {
		case tickets.FromRule:
			return "[" + string(m.Rule) + "] " + m.Text
		case tickets.FromAgent:
			return m.Name + ": " + m.Text
		default:
			return carla.Name + ": " + m.Text
		}
	case tickets.FactMarked:
		for _, found := range e.Trace {
			if f.Rule == automation.RuleImportant && found.Word != "" {
				return "[important] marked by the keyword " + found.Word
			}
		}
	case tickets.FactNotified:
		return "[notify] e-mail to " + f.Address
	case tickets.FactDelayed:
		return "[sla] " + carla.Name + " has waited too long"
	case tickets.FactClosed:
		if f.Reason == tickets.ReasonAutomatic {
			return "[autoClose] closed without an answer"
		}
	case tickets.FactReopened:
		return "the ticket is reopened"
	case tickets.FactAnswered:
		return "answered after " + f.Waited.Std().Round(time.Second).String()
	}
	return ""
}

// describe returns a ticket's state in one line.
func (c *chat) describe(t *tickets.Ticket) string {
	words := []string{string(t.Status)}
	if t.Reason != "" {
		words[0] += " (" + string(t.Reason) + ")"
	}
	if t.Important {
		words = append(words, "important")
	}
	if t.Paused {
		words = append(words, "paused")
	}
	switch w := t.Wait; {
	case w == nil:
	case t.Delayed():
		words = append(words, "waiting since "+c.at(w.Since), "DELAYED since "+c.at(w.DelayedAt))
	case w.Due.IsZero():
		words = append(words, "waiting since "+c.at(w.Since))
	default:
		words = append(words, "waiting since "+c.at(w.Since), "due "+c.at(w.Due))
	}
	return "ticket " + strconv.FormatInt(int64(t.Number), 10) + ": " + strings.Join(words, ", ")
}

// due returns what a ticket's next deadline does.
func due(t *tickets.Ticket) string {
	switch {
	case t.Status != tickets.StatusOpen:
		return "the outbox"
	case t.Wait != nil:
		return "the ticket becomes delayed"
	default:
		return "the ticket closes by itself"
	}
}

// at returns an instant in the form of the library's explanations.
func (c *chat) at(t time.Time) string { return t.In(c.zone).Format("2006-01-02 15:04:05 MST") }
