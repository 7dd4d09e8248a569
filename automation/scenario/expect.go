package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// ticket returns a customer's latest ticket; false: there is none. It fails if the desk
// does.
func (p *player) ticket(ctx context.Context, name string) (tickets.Ticket, bool, error) {
	t, err := p.inbox().Ticket(ctx, p.latest(name))
	if errors.Is(err, charla.ErrNotFound) {
		return t, false, nil
	}
	return t, err == nil, err
}

const noTicket = "no ticket"

// expectStatus fails unless a customer's latest ticket has a status: "open", "ignored",
// "closed", or "closed" with its reason. It also fails if the desk does.
func (p *player) expectStatus(ctx context.Context, name, want string) error {
	t, found, err := p.ticket(ctx, name)
	if err != nil {
		return err
	}
	got := noTicket
	if found {
		got = string(t.Status)
		if t.Status == tickets.StatusClosed {
			got += " " + string(t.Reason)
		}
		if want == string(t.Status) || want == got {
			return nil
		}
		rows, err := p.tickets(ctx, p.latest(name).Conversation)
		if err != nil {
			return err
		}
		if t.Status == tickets.StatusOpen && len(rows) > 0 && !rows[0].Due.IsZero() {
			got += ", next due at " + stamp(rows[0].Due)
		}
	}
	return wanted(want, got)
}

// expectFlag fails unless a customer's latest ticket is important, delayed, paused or with bot;
// with not, unless it is not. It also fails if there is no ticket, or the desk fails.
func (p *player) expectFlag(ctx context.Context, name, flag string, not bool) error {
	t, found, err := p.ticket(ctx, name)
	if err != nil {
		return err
	}
	is := map[string]bool{"important": t.Important, "delayed": t.Delayed(), "paused": t.Paused, "with bot": t.WithBot}[flag]
	say := func(not bool) string {
		if not {
			return "not " + flag
		}
		return flag
	}
	switch {
	case !found:
		return wanted(say(not), noTicket)
	case is == not:
		got := say(!is)
		if flag == "delayed" && !is && t.Wait != nil && !t.Wait.Due.IsZero() {
			got += ", due at " + stamp(t.Wait.Due)
		}
		return wanted(say(not), got)
	}
	return nil
}

// expectAssigned fails unless an agent has a customer's latest ticket; "nobody": unless
// nobody has it.
func (p *player) expectAssigned(ctx context.Context, name, want string) error {
	t, found, err := p.ticket(ctx, name)
	return expectOwner(want, cmp.Or(string(t.Assignee.Agent), "nobody"), found, err)
}

// expectTeam fails unless a team has a customer's latest ticket; "none": unless none has.
func (p *player) expectTeam(ctx context.Context, name, want string) error {
	t, found, err := p.ticket(ctx, name)
	return expectOwner(want, cmp.Or(string(t.Team), "none"), found, err)
}

// expectRated fails unless a customer's latest ticket is "unrated", or "rated" with its
// score, as wanted. It also fails if there is no ticket, or the desk fails.
func (p *player) expectRated(ctx context.Context, name, want string) error {
	t, found, err := p.ticket(ctx, name)
	has := "unrated"
	if t.Rating != nil {
		has = "rated " + strconv.Itoa(t.Rating.Score)
	}
	return expectOwner(want, has, found, err)
}

// expectOwner fails with err, or unless there is a ticket and who has it is wanted.
func expectOwner(want, has string, found bool, err error) error {
	switch {
	case err != nil:
		return err
	case !found:
		return wanted(want, noTicket)
	case has != want:
		return wanted(want, has)
	}
	return nil
}

// expectClosedBy fails unless the customer is told who closed their latest ticket (R14.1). It
// also fails if they cannot read it, or the desk fails.
func (p *player) expectClosedBy(ctx context.Context, name, want string) error {
	v, err := p.visitor(name)
	if err != nil {
		return err
	}
	status, err := v.Status(ctx)
	if err != nil {
		return err
	}
	c, got := status.Closed, "not closed"
	switch {
	case c.By == tickets.ReasonManual && c.Bot:
		got = "closed by bot " + c.Name
	case c.By == tickets.ReasonManual:
		got = "closed by " + c.Name
	case c.By != "":
		got = "closed " + string(c.By)
	}
	if got != want {
		return wanted(want, got)
	}
	return nil
}

// expectTickets fails unless a customer has that many tickets, or if the desk does.
func (p *player) expectTickets(ctx context.Context, name string, want int) error {
	list, err := p.tickets(ctx, p.latest(name).Conversation)
	if err == nil && len(list) != want {
		err = wanted(strconv.Itoa(want)+" tickets", strconv.Itoa(len(list)))
	}
	return err
}

// tickets returns the tickets of a conversation, or all if it is zero, the last changed
// first. It fails if the desk does.
func (p *player) tickets(ctx context.Context, c tickets.ConversationID) ([]charla.Row, error) {
	return pages(func(q charla.PageQuery) (charla.Page[charla.Row], error) {
		return p.inbox().Tickets(ctx, charla.TicketQuery{Conversation: c, PageQuery: q})
	})
}

// messages returns all messages of a conversation, in order. It fails if the desk does.
func (p *player) messages(ctx context.Context, c tickets.ConversationID) ([]tickets.Message, error) {
	return pages(func(q charla.PageQuery) (charla.Page[tickets.Message], error) {
		return p.inbox().Messages(ctx, tickets.Ref{Conversation: c}, charla.MessageQuery{PageQuery: q})
	})
}

// nextAutomatic returns the first automatic message to a customer that was not expected
// yet; nil: there is none. It fails if the desk does.
func (p *player) nextAutomatic(ctx context.Context, name string) (*tickets.Message, error) {
	c := p.latest(name).Conversation
	all, err := p.messages(ctx, c)
	i := slices.IndexFunc(all, func(m tickets.Message) bool {
		return m.From == tickets.FromRule && m.Seq > p.expected[c]
	})
	if err != nil || i < 0 {
		return nil, err
	}
	return &all[i], nil
}

// expectNothing fails with a [*Failure] if a customer got an automatic message that was
// not expected yet, or never tried to write, or if the desk fails.
func (p *player) expectNothing(ctx context.Context, name string) error {
	if !p.named[name] {
		return wanted("nothing", "no customer "+name)
	}
	m, err := p.nextAutomatic(ctx, name)
	if err == nil && m != nil {
		err = wanted("nothing", got(m))
	}
	return err
}

// got returns an automatic message's rule and text, as failures show them; "nothing"
// for nil.
func got(m *tickets.Message) string {
	if m == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s %q", m.Rule, m.Text)
}

// expectGot fails unless the next automatic message to a customer is of a rule, with
// one of its texts, and exactly that text unless nil. The message then is expected. It
// also fails if the desk or rendered does.
func (p *player) expectGot(ctx context.Context, name string, key tickets.RuleKey, exactly *string) error {
	m, err := p.nextAutomatic(ctx, name)
	if err != nil {
		return err
	}
	want := string(key)
	if exactly != nil {
		want += " " + strconv.Quote(*exactly)
	}
	if m == nil || m.Rule != key || exactly != nil && m.Text != *exactly {
		return wanted(want, got(m))
	}
	c := p.latest(name).Conversation
	may, err := p.rendered(ctx, c, m)
	if err != nil {
		return err
	}
	if !slices.Contains(may, m.Text) {
		return wanted(fmt.Sprintf("%s, one of %q", key, may), got(m))
	}
	p.expected[c] = m.Seq
	return nil
}

// rendered returns the texts that an automatic message may have had, under the
// configuration and with the variables of its moment, by the history alone (R4.6). It
// fails if the desk does, the history does not have the message, or render fails.
func (p *player) rendered(ctx context.Context, c tickets.ConversationID, m *tickets.Message) ([]string, error) {
	entries, err := p.history(ctx, c)
	if err != nil {
		return nil, err
	}
	agent := ""
	for i := range entries {
		e := &entries[i]
		if e.Ticket != m.Ticket {
			continue
		}
		if e.Kind == tickets.CommandReply || e.Kind == tickets.CommandClose {
			agent = e.Actor.Name
		}
		if slices.ContainsFunc(e.Facts, func(f tickets.Fact) bool { return f.Kind == tickets.FactSaid && f.Seq == m.Seq }) {
			return render(p.configs[e.Inputs.Config], p.customerOf(c), agent, m.Rule, e)
		}
	}
	return nil, fmt.Errorf("scenario: message %d is not in the history", m.Seq)
}

// customerOf returns the customer of a conversation; zero for an anonymous one.
func (p *player) customerOf(c tickets.ConversationID) tickets.Customer {
	for name, who := range p.people {
		if who.conversation == c && !who.anonymous {
			return tickets.Customer{Name: name, Locale: who.language}
		}
	}
	return tickets.Customer{}
}

// render returns all texts of a rule's action, with their variables, as of a history
// entry; none for a rule without texts. It fails if the hours or a message of the
// configuration are malformed.
func render(cfg chatcfg.Config, customer tickets.Customer, agent string, key tickets.RuleKey, e *tickets.Entry) ([]string, error) {
	calendar, err := cfg.Hours.Compile()
	if err != nil {
		return nil, err
	}
	v := chatcfg.Values{Customer: customer.Name, Agent: agent, Account: cfg.Chat.Name}
	if cfg.Chat.WriteAsCompany {
		v.Agent = v.Account
	}
	var opens time.Time
	if calendar != nil {
		opens, _ = calendar.NextOpen(e.Inputs.Now)
	}
	a := &cfg.Automation
	messages := map[tickets.RuleKey][]chatcfg.Words{
		automation.RuleNewCustomer: a.NewCustomer.Messages, automation.RuleNoAgents: a.NoAgents.Messages,
		automation.RuleOutOfHours: a.OutOfHours.Messages, automation.RuleTicketCreated: a.TicketCreated.Messages,
		automation.RuleManualClose: a.ManualClose.Messages, automation.RuleAutomaticClose: a.AutomaticClose.Messages,
	}[key]
	if key == automation.RuleReminders {
		for _, step := range a.Reminders.Steps {
			messages = append(messages, step.Messages...)
		}
	}
	may := make([]string, len(messages))
	for i, message := range messages {
		template, err := chatcfg.ParseTemplate(message)
		if err != nil {
			return nil, err
		}
		text, language := template.In(customer.Locale, cfg.Chat.Locale)
		if calendar != nil {
			v.NextOpen = chatcfg.FormatInstant(opens, calendar.Location(), language)
		}
		may[i] = text.Render(v)
	}
	return may, nil
}

// history returns the whole history of a conversation, in order. It fails if the desk
// does.
func (p *player) history(ctx context.Context, c tickets.ConversationID) ([]tickets.Entry, error) {
	return pages(func(q charla.PageQuery) (charla.Page[tickets.Entry], error) {
		return p.inbox().History(ctx, tickets.Ref{Conversation: c}, q)
	})
}

// expectMail fails unless the next notification went to an address; "nothing": unless
// there is no other. The notification then is expected.
func (p *player) expectMail(address string) error {
	got := "nothing"
	if mails := p.outgoing.Mails(); p.mails < len(mails) {
		got = mails[p.mails].To
	}
	if got != address {
		return wanted(address, got)
	}
	if address != "nothing" {
		p.mails++
	}
	return nil
}
