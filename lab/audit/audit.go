// Package audit compares a ledger of what a desk's callers were told with what the
// store has now, as the desk shows it.
package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// Ack is a call that returned success.
type Ack struct {
	charla.Result
	Kind tickets.CommandKind
	// Text is what was written or replied; no two acknowledged calls have the
	// same. Empty: the call stores no message.
	Text string
	// Somewhere says that the answer did not tell where: only the text has to be
	// there.
	Somewhere bool
}

// maxProblems bounds the texts that are kept; everything is counted.
const maxProblems = 20

// Findings are what an audit found. The zero value is ready; it is for one
// goroutine.
type Findings struct {
	// Acks is how many acknowledgements were looked up.
	Acks int
	// Missing were acknowledged and are not there, or are another thing.
	Missing int
	// Duplicates were stored or done twice.
	Duplicates int
	// Unsound is everything else that must not be: gaps, two tickets that are
	// not closed, what SQLite's own check says.
	Unsound int
	// Problems describe the first of them.
	Problems []string
}

// Err returns an error that describes the findings; nil: there are none.
func (f *Findings) Err() error {
	if f.Missing+f.Duplicates+f.Unsound == 0 {
		return nil
	}
	return fmt.Errorf("%d missing, %d duplicates, %d unsound:\n%s",
		f.Missing, f.Duplicates, f.Unsound, strings.Join(f.Problems, "\n"))
}

// Add adds the findings of another audit.
func (f *Findings) Add(g *Findings) {
	f.Acks += g.Acks
	f.Missing += g.Missing
	f.Duplicates += g.Duplicates
	f.Unsound += g.Unsound
	for _, p := range g.Problems {
		f.note("%s", p)
	}
}

// note adds a description, up to maxProblems.
func (f *Findings) note(format string, args ...any) {
	if len(f.Problems) < maxProblems {
		f.Problems = append(f.Problems, fmt.Sprintf(format, args...))
	}
}

// Miss counts and describes something that is missing.
func (f *Findings) Miss(format string, args ...any) {
	f.Missing++
	f.note("missing: "+format, args...)
}

// Twice counts and describes something that was done twice.
func (f *Findings) Twice(format string, args ...any) {
	f.Duplicates++
	f.note("twice: "+format, args...)
}

// Wrong counts and describes anything else that must not be.
func (f *Findings) Wrong(format string, args ...any) {
	f.Unsound++
	f.note("unsound: "+format, args...)
}

// Conversation is all that a desk has of one.
type Conversation struct {
	Messages []tickets.Message
	Entries  []tickets.Entry
	Tickets  []tickets.Ticket // the latest first
}

// Read reads a conversation through a desk; it is empty if there is none.
func Read(ctx context.Context, desk *charla.Desk, ref tickets.Ref) (c Conversation, err error) {
	ref.Number = 0
	inbox := desk.Account(ref.Account).Inbox()
	for q, more := (charla.MessageQuery{}), true; more && err == nil; {
		var page charla.Page[tickets.Message]
		page, err = inbox.Messages(ctx, ref, q)
		c.Messages, q.Cursor, more = append(c.Messages, page.Items...), page.Next, page.Next != ""
	}
	if errors.Is(err, charla.ErrNotFound) { // entries without a message would be found
		err = nil
	}
	for q, more := (charla.PageQuery{}), true; more && err == nil; {
		var page charla.Page[tickets.Entry]
		page, err = inbox.History(ctx, ref, q)
		c.Entries, q.Cursor, more = append(c.Entries, page.Items...), page.Next, page.Next != ""
	}
	if errors.Is(err, charla.ErrNotFound) {
		err = nil
	}
	latest, err2 := inbox.Ticket(ctx, ref)
	if errors.Is(err2, charla.ErrNotFound) {
		return c, err
	}
	if err = errors.Join(err, err2); err != nil {
		return c, err
	}
	for n := latest.Number; n > 0; n-- {
		t, err := inbox.Ticket(ctx, tickets.Ref{Account: ref.Account, Conversation: ref.Conversation, Number: n})
		if err != nil {
			return c, fmt.Errorf("ticket %d: %w", n, err)
		}
		c.Tickets = append(c.Tickets, t)
	}
	return c, nil
}

// Conversation audits one conversation against its acknowledgements. An error
// means that it could not be read.
func (f *Findings) Conversation(ctx context.Context, desk *charla.Desk, ref tickets.Ref, acks []Ack) (Conversation, error) {
	c, err := Read(ctx, desk, ref)
	if err != nil {
		return c, fmt.Errorf("conversation %s: %w", ref.Conversation, err)
	}
	f.Ledger(&c, acks)
	f.Sound(&c)
	return c, nil
}

// Ledger looks up every acknowledgement in a conversation (R8.1) and adds what is
// missing.
func (f *Findings) Ledger(c *Conversation, acks []Ack) {
	f.Acks += len(acks)
	for _, a := range acks {
		if a.Somewhere {
			if !slices.ContainsFunc(c.Messages, func(m tickets.Message) bool { return m.Text == a.Text }) {
				f.Miss("%s in %s: text %q", a.Kind, a.Ref.Conversation, a.Text)
			}
			continue
		}
		where := fmt.Sprintf("%s of entry %d, message %d in %s", a.Kind, a.Entry, a.Seq, a.Ref.Conversation)
		if a.Text != "" && (a.Seq < 1 || a.Seq > int64(len(c.Messages)) || c.Messages[a.Seq-1].Text != a.Text) {
			f.Miss("%s: text %q", where, a.Text)
			continue
		}
		if a.Entry < 1 || a.Entry > int64(len(c.Entries)) {
			f.Miss("%s: the history ends at %d", where, len(c.Entries))
			continue
		}
		if e := &c.Entries[a.Entry-1]; e.Kind != a.Kind || !e.At.Equal(a.At) || e.Ticket != a.Ref.Number {
			f.Miss("%s: that entry is %s of ticket %d", where, e.Kind, e.Ticket)
		}
	}
}

// Sound checks what must be so in any conversation (R3.2, R3.8, R3.9, R4.5).
func (f *Findings) Sound(c *Conversation) {
	f.numbers(c)
	f.facts(c)
	for i, t := range c.Tickets {
		if i > 0 && t.Status != tickets.StatusClosed {
			f.Wrong("ticket %d is %s and not the latest", t.Number, t.Status)
		}
	}
}

// numbers checks sequences, and that nothing that people wrote is there twice.
func (f *Findings) numbers(c *Conversation) {
	texts := make(map[string]int64, len(c.Messages))
	for i, m := range c.Messages {
		if m.Seq != int64(i+1) {
			f.Wrong("message %d has sequence %d", i+1, m.Seq)
			return
		}
		if m.From != tickets.FromCustomer && m.From != tickets.FromAgent {
			continue
		}
		if before, found := texts[m.Text]; found {
			f.Twice("text %q is message %d and %d", m.Text, before, m.Seq)
		}
		texts[m.Text] = m.Seq
	}
	for i, e := range c.Entries {
		if e.N != int64(i+1) {
			f.Wrong("entry %d has number %d", i+1, e.N)
			return
		}
	}
}

// fired is something that happens once.
type fired struct {
	ticket tickets.Number
	what   tickets.FactKind
	due    int64
}

// facts checks the history against itself and against messages and tickets.
func (f *Findings) facts(c *Conversation) {
	var said int64
	done := map[fired]int64{}
	delayed := map[tickets.Number]bool{}
	once := func(e *tickets.Entry, what tickets.FactKind, due int64) {
		key := fired{e.Ticket, what, due}
		if before, found := done[key]; found {
			f.Twice("ticket %d: %s in entry %d and %d", e.Ticket, what, before, e.N)
		}
		done[key] = e.N
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		for _, fact := range e.Facts {
			switch fact.Kind {
			case tickets.FactSaid:
				if said++; fact.Seq != said {
					f.Wrong("entry %d says message %d, expected %d", e.N, fact.Seq, said)
				}
			case tickets.FactCreated:
				once(e, fact.Kind, 0)
			case tickets.FactClosed:
				delayed[e.Ticket] = false
				if fact.Reason == tickets.ReasonAutomatic {
					once(e, fact.Kind, e.Due.UnixMicro())
				}
			case tickets.FactDelayed:
				once(e, fact.Kind, e.Due.UnixMicro())
				if delayed[e.Ticket] {
					f.Twice("ticket %d: delayed again in entry %d", e.Ticket, e.N)
				}
				delayed[e.Ticket] = true
			case tickets.FactAnswered, tickets.FactIgnored, tickets.FactOpened, tickets.FactReopened:
				delayed[e.Ticket] = false
			}
		}
	}
	if said != int64(len(c.Messages)) {
		f.Wrong("the history has %d messages, the conversation %d", said, len(c.Messages))
	}
	for _, t := range c.Tickets {
		if _, found := done[fired{t.Number, tickets.FactCreated, 0}]; !found {
			f.Wrong("ticket %d was never created", t.Number)
		}
	}
	f.rules(c, len(c.Tickets))
}

// rules checks that automatic messages are in the store as often as what caused
// them, for the actions that depend on nothing else.
func (f *Findings) rules(c *Conversation, created int) {
	got, closed := map[tickets.RuleKey]int{}, map[tickets.CloseReason]int{}
	for _, m := range c.Messages {
		got[m.Rule]++
	}
	for _, e := range c.Entries {
		for _, fact := range e.Facts {
			if fact.Kind == tickets.FactClosed {
				closed[fact.Reason]++
			}
		}
	}
	for rule, most := range map[tickets.RuleKey]int{
		"newCustomer": min(1, created), "ticketCreated": created,
		"manualClose": closed[tickets.ReasonManual], "automaticClose": closed[tickets.ReasonAutomatic],
	} {
		switch n := got[rule]; {
		case n > most:
			f.Twice("%d messages of %s for %d causes", n, rule, most)
		case n < most:
			f.Wrong("%d messages of %s for %d causes: these actions are on", n, rule, most)
		}
	}
}

// Settled checks that no deadline of a conversation is still open, long after the last
// thing happened in it (R4.5).
func (f *Findings) Settled(c *Conversation) {
	for _, t := range c.Tickets {
		switch {
		case t.Status != tickets.StatusOpen:
		case t.LastWord == tickets.SideAgent && !t.Paused:
			f.Miss("ticket %d: its auto-close, counting from %s", t.Number, t.CountsFrom)
		case t.Wait != nil && t.Wait.DelayedAt.IsZero():
			f.Miss("ticket %d: its delay, due at %s", t.Number, t.Wait.Due)
		}
	}
}

// Config turns on, in JSON laid over the defaults, what an audit expects: the
// actions whose messages it counts, an SLA, auto-close and a notification.
const Config = `{
	"quality": {"sla": {"value": 40, "unit": "seconds"}},
	"automation": {
		"autoClose": {"enabled": true, "after": {"value": 1, "unit": "minutes"}},
		"newCustomer": {"enabled": true, "messages": ["Hola {customer}.", "Buenas, {customer}."]},
		"noAgents": {"enabled": true, "messages": ["Nadie por ahora."]},
		"ticketCreated": {"enabled": true, "messages": ["Recibido.", "Anotado.", "Ya te leemos."]},
		"manualClose": {"enabled": true, "messages": ["Cerrado por {agent}."]},
		"automaticClose": {"enabled": true, "messages": ["Cerramos por ahora."]}
	},
	"general": {
		"important": {"enabled": true, "keywords": ["urgente", "recl*"]},
		"notify": {"tickets": "all", "to": ["jefa@example.com", "turno@example.com"]}
	},
	"chat": {"locale": "es"}
}`
