package sim

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// cause is what an entry must follow from: what somebody asked for, and for a
// customer's message the session that wrote it as it was then. What a rule does has
// no request.
type cause struct {
	*request
	session tickets.Session
	last    bool // nothing else of its commit forbids a reminder to speak
}

// cause returns what an entry and its messages follow from, and checks that the entry
// names the same actor and command; false: the run has failed.
func (m *model) cause(c *conv, e *tickets.Entry, messages []tickets.Message) (by cause, ok bool) {
	actor := tickets.Actor{Kind: tickets.ActorRule, Rule: automation.RuleSLA}
	switch e.Kind {
	case tickets.CommandExpire:
		actor.Rule = automation.RuleAutoClose
	case tickets.CommandRemind:
		actor.Rule = automation.RuleReminders
	case tickets.CommandHandOver:
		actor.Rule = automation.RuleBot
	default:
	}
	tag := e.Actor.Name
	if e.Kind == tickets.CommandWrite {
		if i := slices.IndexFunc(messages, func(msg tickets.Message) bool { return msg.From == tickets.FromCustomer }); i >= 0 {
			tag = messages[i].Text
		}
	}
	if e.Kind == tickets.CommandEnd {
		tag = endTag(e.Actor.Session)
	}
	if e.Kind == tickets.CommandRate && len(e.Facts) == 1 {
		tag = rateTag(e.Actor.Session, e.Facts[0].Score)
	}
	if e.Actor.Kind != tickets.ActorRule {
		if by.request = m.w.people.asked[tag]; by.request == nil {
			m.w.failf("made up", "entry %d is a %s of %+v (%q) that nobody asked for", e.N, e.Kind, e.Actor, tag)
			return by, false
		}
		actor = by.actor
		if e.Kind != by.cmd.Kind || by.account != c.account || by.cmd.Number != 0 && by.cmd.Number != e.Ticket {
			m.w.failf("made up", "entry %d is a %s of ticket %d, asked for was %+v", e.N, e.Kind, e.Ticket, by.cmd)
			return by, false
		}
	}
	if e.Actor != actor {
		m.w.failf("actor", "entry %d (%s) is of %+v, want %+v", e.N, e.Kind, e.Actor, actor)
		return by, false
	}
	if e.Actor.Kind == tickets.ActorCustomer {
		by.session = m.sessions[e.Actor.Session]
	}
	return by, true
}

// message returns what a message must be, but for an automatic one's text.
func (c *conv) message(e *tickets.Entry, from tickets.Author, by cause) tickets.Message {
	msg := tickets.Message{
		Seq: int64(len(c.messages)) + 1, Ticket: c.ticket.number, At: e.At, From: from,
		Level: c.ticket.customer.Level, Session: c.session,
	}
	switch from {
	case tickets.FromWelcome:
		msg.Name, msg.Text = by.cmd.Welcome.Author, by.cmd.Welcome.Text
	case tickets.FromAgent, tickets.FromBot:
		msg.Agent, msg.Name, msg.Text = by.actor.Agent, by.actor.Name, by.cmd.Text
	case tickets.FromNote: // of no session, and perhaps of an older ticket
		msg.Agent, msg.Name, msg.Text = by.actor.Agent, by.actor.Name, by.cmd.Text
		msg.Session, msg.Ticket = tickets.SessionID{}, e.Ticket
		for _, t := range c.older {
			if t.number == e.Ticket {
				msg.Level = t.customer.Level
			}
		}
	case tickets.FromCustomer:
		msg.Text = by.cmd.Text
	default:
	}
	return msg
}

// mergeCustomer does what R7.2 says of a writer's data: the ticket shows them; what is
// known of the customer is of the highest level there was, and only a proof adds to a
// proof. It reports whether a conversation was linked.
func (c *conv) mergeCustomer(s tickets.Session) (linked bool) {
	levels := []tickets.Level{"", tickets.LevelAnonymous, tickets.LevelClaimed, tickets.LevelVerified}
	who, known := s.Customer, c.customer
	c.session = s.ID
	for _, link := range s.Links {
		if !slices.Contains(c.links, link) {
			c.links, linked = append(c.links, link), true
		}
	}
	if who.Level == tickets.LevelVerified && known.Level == who.Level {
		who.Name, who.Email = cmp.Or(who.Name, known.Name), cmp.Or(who.Email, known.Email)
		who.RUT, who.Phone = cmp.Or(who.RUT, known.RUT), cmp.Or(who.Phone, known.Phone)
		who.Locale = cmp.Or(who.Locale, known.Locale)
	}
	if slices.Index(levels, who.Level) >= slices.Index(levels, known.Level) {
		c.customer = who
	}
	c.ticket.customer = who
	return linked
}

// kept returns a ticket as it must be stored, without its memory.
func (t *ticket) kept() tickets.Ticket {
	k := tickets.Ticket{
		Number: t.number, Previous: t.previous, Status: t.status, Reason: t.reason,
		Important: t.important, KeywordsOff: t.keywordsOff, Paused: t.paused,
		CreatedAt: t.createdAt.UTC(), OpenedAt: t.openedAt.UTC(), ClosedAt: t.closedAt.UTC(), ChangedAt: t.changedAt.UTC(),
		LastWord: tickets.SideCustomer, Agent: t.agent, AgentName: t.agentName, Automated: t.byBot, Answered: t.answered,
		CountsFrom: t.counts.UTC(), Notified: t.notified, Typification: t.typification, Metadata: t.metadata,
		Customer: t.customer, Messages: t.messages, Assignee: t.assignee, Team: t.team, WithBot: t.bot, Unanswered: t.unanswered.UTC(),
		Asked: t.asked, Rating: t.rating, Turn: t.turn,
	}
	if t.byAgent {
		k.LastWord = tickets.SideAgent
	}
	if w := t.wait; w != nil {
		k.Wait = &tickets.Wait{Since: w.since.UTC(), Clock: w.clock, Limit: tickets.Span(w.limit), Due: w.due.UTC(), DelayedAt: w.delayed.UTC()}
	}
	return k
}

// plain returns a stored ticket in the form that kept has.
func plain(s tickets.Ticket) tickets.Ticket {
	for _, at := range []*time.Time{&s.CreatedAt, &s.OpenedAt, &s.ClosedAt, &s.ChangedAt, &s.CountsFrom, &s.Unanswered} {
		*at = at.UTC()
	}
	if s.Wait != nil {
		w := *s.Wait
		w.Since, w.Due, w.DelayedAt = w.Since.UTC(), w.Due.UTC(), w.DelayedAt.UTC()
		s.Wait = &w
	}
	if s.Rating != nil {
		rating := *s.Rating
		rating.At, s.Rating = rating.At.UTC(), &rating
	}
	if t := s.Typification; t != nil && len(t.Fields) == 0 {
		s.Typification = &tickets.Typification{Category: t.Category}
	}
	if len(s.Metadata) == 0 {
		s.Metadata = nil
	}
	if len(s.Notified) == 0 {
		s.Notified = nil
	}
	s.Memory = nil
	return s
}

// sameTicket compares a stored ticket with the model's.
func (m *model) sameTicket(c *conv, s tickets.Ticket) {
	t := c.ticket
	if s.Number != t.number {
		i := slices.IndexFunc(c.older, func(t *ticket) bool { return t.number == s.Number })
		if i < 0 {
			m.w.failf("tickets", "conversation %s has a ticket %d", c.id, s.Number)
			return
		}
		t = c.older[i]
	}
	if have, want := plain(s), t.kept(); !reflect.DeepEqual(have, want) {
		m.w.failf("state", "conversation %s, entry %d: stored %+v wait %+v %+v, want %+v wait %+v %+v",
			c.id, len(c.entries), have, have.Wait, have.Typification, want, want.Wait, want.Typification)
	}
	// What rules remember: that a keyword marked it while it was with the bot; when it was said that it is out of hours (once per closed
	// interval), and in which absence that nobody is there (once per absence).
	memory := map[tickets.RuleKey]tickets.Memory{}
	if !t.spoke.IsZero() {
		memory[automation.RuleOutOfHours] = tickets.Memory{Rule: automation.RuleOutOfHours, At: t.spoke}
	}
	if t.reminded != 0 {
		memory[automation.RuleReminders] = tickets.Memory{Rule: automation.RuleReminders, Number: int64(t.reminded)}
	}
	if t.keyworded {
		memory[automation.RuleImportant] = tickets.Memory{Rule: automation.RuleImportant, Number: 1}
	}
	if t.absence != 0 {
		memory[automation.RuleNoAgents] = tickets.Memory{Rule: automation.RuleNoAgents, Number: t.absence}
	}
	for _, has := range s.Memory {
		if has.At.IsZero() && has.Number == 0 {
			continue // nothing
		}
		want, known := memory[has.Rule]
		if !known || !want.At.Equal(has.At) || want.Number != has.Number {
			m.w.failf("memory", "ticket %d of %s remembers %+v, want %+v", s.Number, c.id, has, want)
		}
		delete(memory, has.Rule)
	}
	for rule := range memory {
		m.w.failf("memory", "ticket %d of %s remembers nothing of %s", s.Number, c.id, rule)
		return
	}
}

// sameConversation compares a stored conversation with the model's.
func (m *model) sameConversation(c *conv, s tickets.Conversation) {
	want := tickets.Conversation{
		Format: tickets.Format, Account: c.account.id, ID: c.id, Version: c.version, Identity: c.identity, Customer: c.customer,
		CreatedAt: c.began.UTC(), LastAt: c.lastAt.UTC(), LastSeq: int64(len(c.messages)), LastEntry: int64(len(c.entries)),
		Number: c.ticket.number, CustomerMessages: int64(c.customerMessages), Session: c.session, Links: c.links, Armed: chatcfg.Version(c.armed), Readers: c.readers,
	}
	for i := len(c.messages); i > 0 && c.messages[i-1].From == tickets.FromNote; i-- {
		want.Notes++
	}
	s.CreatedAt, s.LastAt = s.CreatedAt.UTC(), s.LastAt.UTC()
	if len(s.Links) == 0 {
		s.Links = nil
	}
	if len(s.Readers) == 0 {
		s.Readers = nil
	}
	if !reflect.DeepEqual(s, want) {
		m.w.failf("state", "conversation %+v, want %+v", s, want)
	}
}

// everyTicket compares all tickets of a conversation with the model's.
func (w *World) everyTicket(ctx context.Context, c *conv) {
	n, cursor := 0, ""
	for {
		page, err := w.real.Queries().Tickets(ctx, storage.TicketQuery{Account: c.account.id, Conversation: c.id, Cursor: cursor})
		if err != nil {
			w.failf("read back", "tickets: %v", err)
			return
		}
		for _, row := range page.Items {
			n++
			w.model.sameTicket(c, row.Ticket)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if n != len(c.older)+1 {
		w.failf("tickets", "conversation %s lists %d tickets, want %d", c.id, n, len(c.older)+1)
	}
}
