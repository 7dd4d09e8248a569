package tickets

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// State is what a decision is taken on: a conversation, its latest ticket (its
// Number zero: none), and possibly one older ticket.
type State struct {
	Conversation Conversation
	Ticket       Ticket
	Older        *Ticket
}

// Policy is what a configuration says about tickets themselves.
type Policy struct {
	// SLA is the longest wait that is no delay; zero: none (R2.1).
	SLA time.Duration
	// SLAClock is what it is counted on (R2.5).
	SLAClock chatcfg.Clock
	// Calendar holds the business hours; nil: none.
	Calendar *chatcfg.Calendar
	// CreateIgnored creates new tickets ignored (R5.3).
	CreateIgnored bool
	// TakeOnReply gives a ticket that no agent has to the one who replies (R11.1).
	TakeOnReply bool
	// Categories are those that a typification may have; none: any (R11.6).
	Categories []string
	// Rating says after which closes customers are asked how it was (R14.3); nil: none.
	Rating *chatcfg.Rating
	// Bot has new tickets that are open begin with the bot (R12.2).
	Bot bool
	// ReopenWindow is how long after a close a message reopens the ticket; zero:
	// never (R3.4).
	ReopenWindow time.Duration
}

// Draft is a conversation being changed: the state as it has become and what is
// to be appended to it. It is pure: everything comes in as values, nothing goes
// out but what it holds. A Draft is for one goroutine and one commit.
type Draft struct {
	State
	// At is when all of it is done.
	At time.Time
	// Settled are tickets that changed and are no longer the latest.
	Settled  []Ticket
	Messages []Message
	Entries  []Entry
	Answers  []Answer

	ticketChanged, olderChanged bool
	// room is for the facts of the first entry; nil once it has them.
	room []Fact
}

// begun is a draft with room for what one message adds, as one allocation.
type begun struct {
	Draft
	entries  [1]Entry
	messages [1]Message
	facts    [2]Fact
}

// Begin returns a draft of a state, whose changes are done at an instant; if that is
// before the conversation's last change, they are done at that. State's slices and maps
// are not written to.
func Begin(s State, at time.Time) *Draft {
	if at.Before(s.Conversation.LastAt) {
		at = s.Conversation.LastAt
	}
	if s.Older != nil {
		older := *s.Older
		s.Older = &older
	}
	b := &begun{Draft: Draft{State: s, At: at}}
	b.Entries, b.Messages, b.room = b.entries[:0], b.messages[:0], b.facts[:0]
	return &b.Draft
}

// Changed returns the tickets that are to be stored, each once: those that this draft
// replaced as the latest, the older one, the latest. nil: none.
func (d *Draft) Changed() []Ticket {
	changed := d.Settled
	if d.olderChanged {
		changed = append(changed, *d.Older)
	}
	if d.ticketChanged {
		changed = append(changed, d.Ticket)
	}
	return changed
}

// Do carries out one command: it changes the state by the table of R3.3 and adds a
// history entry, whose Inputs are in. in.Now is the instant at which the command takes
// effect, for a deadline the instant at which it was due, which due repeats; for any
// other command due is zero. A rating that is there already changes nothing, and adds no entry. It fails with [ErrCommand], [ErrNoTicket], [ErrNotLatest],
// [ErrTransition], [ErrAnonymous] (classify, describe), [ErrCategory] (classify), [ErrTaken]
// (take, assign) or [ErrRating] (rate); after an error the draft must not be used.
func (d *Draft) Do(cmd Command, in Inputs, due time.Time, p *Policy) error {
	r := row(cmd.Kind)
	if r == nil {
		return ErrCommand
	}
	t, err := d.target(cmd, r)
	if err != nil {
		return err
	}
	if _, ok := r.To[t.Status]; !ok {
		return &TransitionError{From: t.Status, Kind: cmd.Kind}
	}
	d.Entries = append(d.Entries, Entry{
		Kind: cmd.Kind, Actor: cmd.Actor, At: d.At, Due: due, Inputs: in, Facts: d.room,
	})
	d.room = nil
	switch err := r.do(d, t, cmd, in.Now, p); {
	case errors.Is(err, errSame):
		d.Entries = d.Entries[:len(d.Entries)-1]
		return nil
	case err != nil:
		return err
	}
	if t == d.Older {
		d.olderChanged = true
	} else {
		d.ticketChanged = true
	}
	t.ChangedAt = d.At
	d.Conversation.LastAt = d.At
	d.Conversation.LastEntry++
	e := d.entry()
	e.N, e.Ticket = d.Conversation.LastEntry, t.Number
	return nil
}

// target returns the ticket to which a command goes: the latest, with Number zero if
// the command may begin one, or the older ticket. It fails with [ErrNoTicket] if there
// is no such ticket, or [ErrNotLatest] if the command may not go to an older one.
func (d *Draft) target(cmd Command, r *CommandRow) (*Ticket, error) {
	switch {
	case cmd.Number == 0 || cmd.Number == d.Ticket.Number:
		if _, begins := r.To[StatusNone]; d.Ticket.Number == 0 && !begins {
			return nil, ErrNoTicket
		}
		return &d.Ticket, nil
	case d.Older == nil || d.Older.Number != cmd.Number:
		return nil, ErrNoTicket
	case !r.Older:
		return nil, ErrNotLatest
	}
	return d.Older, nil
}

// What follows are the commands' own changes ([CommandRow]). Do has checked the status of
// the ticket; the error is nil unless a comment says when it fails.

// ignore makes the ticket ignored, ends what runs on it and adds the fact. It never
// fails.
func (d *Draft) ignore(t *Ticket, _ Command, _ time.Time, _ *Policy) error {
	t.Status = StatusIgnored
	t.stopClocks()
	d.AddFact(Fact{Kind: FactIgnored})
	return nil
}

// close closes the ticket, for an agent, by CommandEnd for its customer, or by
// CommandExpire for a rule, ends what runs on it and adds the fact. It never fails.
func (d *Draft) close(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	t.Status, t.ClosedAt = StatusClosed, now
	switch cmd.Kind {
	case CommandExpire:
		t.Reason = ReasonAutomatic
	case CommandEnd:
		t.Reason = ReasonCustomer
	default:
		t.Reason, t.Agent, t.AgentName = ReasonManual, cmd.Actor.Agent, cmd.Actor.Name
	}
	t.Asked = t.Asked || p.asks(t)
	t.stopClocks()
	d.AddFact(Fact{Kind: FactClosed, Reason: t.Reason, Rule: cmd.Actor.Rule})
	return nil
}

// delay records that the wait has reached the SLA (R2.3), and adds the fact. The ticket
// must have a wait. It never fails.
func (d *Draft) delay(t *Ticket, cmd Command, now time.Time, _ *Policy) error {
	w := *t.Wait
	w.DelayedAt, t.Wait = now, &w
	d.AddFact(Fact{Kind: FactDelayed, Rule: cmd.Actor.Rule})
	return nil
}

// rearm sets the running wait to the SLA of the policy (R2.6) and adds the fact. A
// deadline that would then be in the past is now. The ticket must have a wait. It never
// fails.
func (d *Draft) rearm(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	w := *t.Wait
	w.setSLA(p)
	if !w.Due.IsZero() && w.Due.Before(now) {
		w.Due = now // a deadline that the save moves into the past is due at the save
	}
	t.Wait = &w
	d.AddFact(Fact{Kind: FactRearmed, Rule: cmd.Actor.Rule})
	return nil
}

// remind changes nothing of the ticket: what a reminder says and remembers is the rule's. It
// never fails.
func (d *Draft) remind(*Ticket, Command, time.Time, *Policy) error { return nil }

// write stores what the customer wrote, into the ticket, the ticket reopened, or a new
// one (R3.2, R3.4), and who they are, with the facts. An open ticket then waits for an
// answer, an agent's or the bot's. It never fails.
func (d *Draft) write(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	c := &d.Conversation
	linked := c.mergeCustomer(cmd)
	switch {
	case t.Status == StatusOpen || t.Status == StatusIgnored:
	case t.Status == StatusClosed && p.ReopenWindow > 0 && now.Before(t.ClosedAt.Add(p.ReopenWindow)):
		d.open(t, now, p)
		d.AddFact(Fact{Kind: FactReopened})
	default:
		d.create(t, now, p)
	}
	if linked {
		d.AddFact(Fact{Kind: FactLinked})
	}
	t.Customer = cmd.Customer
	if cmd.Customer.Level == c.Customer.Level {
		t.Customer = c.Customer
	}
	if w := cmd.Welcome; w != nil {
		d.append(Message{From: FromWelcome, Name: w.Author, Text: w.Text})
	}
	c.CustomerMessages++
	t.Messages++
	d.append(Message{From: FromCustomer, Level: cmd.Customer.Level, Text: cmd.Text, File: cmd.File})
	t.LastWord, t.CountsFrom = SideCustomer, time.Time{}
	switch {
	case t.WithBot && t.Unanswered.IsZero():
		t.Unanswered = now
	case t.Status == StatusOpen && !t.WithBot && t.Wait == nil:
		t.startWait(now, p)
	}
	return nil
}

// create puts a new ticket in place of the latest, which is kept in Settled if it
// changed, and adds the fact.
func (d *Draft) create(t *Ticket, now time.Time, p *Policy) {
	if d.ticketChanged {
		d.Settled = append(d.Settled, *t)
	}
	d.Conversation.Number++
	*t = Ticket{Number: d.Conversation.Number, Previous: t.Number, Status: StatusOpen, CreatedAt: now, OpenedAt: now, WithBot: p.Bot}
	if p.CreateIgnored {
		t.Status, t.OpenedAt, t.WithBot = StatusIgnored, time.Time{}, false
	}
	d.AddFact(Fact{Kind: FactCreated})
}

// reply stores an agent's message, opens the ticket if it is ignored, and ends the
// customer's wait, if there is one, with an Answer (R2.2); it adds the facts. A ticket that
// is with the bot is then the agent's (R12.3). It never fails.
func (d *Draft) reply(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	if t.Status != StatusOpen {
		t.Status, t.OpenedAt = StatusOpen, now
		d.AddFact(Fact{Kind: FactOpened})
	}
	d.leaveBot(t, "")
	d.agentSays(t, cmd)
	if w := t.Wait; w != nil {
		a := Answer{
			Ticket: t.Number, Since: w.Since, At: now, Waited: Span(elapsed(w.Since, now, w.Clock, p.Calendar)),
			Limit: w.Limit, First: !t.Answered, Agent: cmd.Actor.Agent,
		}
		d.Answers = append(d.Answers, a)
		d.AddFact(Fact{Kind: FactAnswered, Waited: a.Waited})
		t.Wait = nil
	}
	if p.TakeOnReply && t.Assignee.Agent == "" {
		d.assignTo(t, Assignee{cmd.Actor.Agent, cmd.Actor.Name})
	}
	t.Answered = true
	t.LastWord, t.Agent, t.AgentName = SideAgent, cmd.Actor.Agent, cmd.Actor.Name
	if !t.Paused {
		t.CountsFrom = now
	}
	return nil
}

// agentSays stores what an agent writes to the customer.
func (d *Draft) agentSays(t *Ticket, cmd Command) {
	t.Messages++
	d.append(Message{From: FromAgent, Agent: cmd.Actor.Agent, Name: cmd.Actor.Name, Text: cmd.Text, File: cmd.File})
}

// start stores what an agent writes first: an answer, or, without a ticket or after a close,
// the first message of a new one, which is open and the agent's, with the facts (R16.5). It
// never fails.
func (d *Draft) start(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	if t.Status == StatusOpen || t.Status == StatusIgnored {
		return d.reply(t, cmd, now, p)
	}
	c := &d.Conversation
	if c.Customer.Level == "" {
		c.Customer = cmd.Customer
	}
	open := *p
	open.CreateIgnored, open.Bot = false, false
	d.create(t, now, &open)
	t.Customer = c.Customer
	d.agentSays(t, cmd)
	d.assignTo(t, Assignee{cmd.Actor.Agent, cmd.Actor.Name})
	t.LastWord, t.Agent, t.AgentName, t.CountsFrom = SideAgent, cmd.Actor.Agent, cmd.Actor.Name, now
	return nil
}

// botReply stores an automated agent's message. It answers what a customer asked while the
// ticket is with the bot, and auto-close then counts from it (R12.4); otherwise it changes
// nothing of the ticket (R12.1). It never fails.
func (d *Draft) botReply(t *Ticket, cmd Command, now time.Time, _ *Policy) error {
	d.append(Message{From: FromBot, Agent: cmd.Actor.Agent, Name: cmd.Actor.Name, Text: cmd.Text, File: cmd.File})
	if t.WithBot {
		t.Unanswered, t.CountsFrom = time.Time{}, now
	}
	return nil
}

// handOver gives a ticket that is with the bot to the agents, with the fact: the customer
// then waits (R12.3). It fails with a [TransitionError] if it is not with the bot.
func (d *Draft) handOver(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	if !t.WithBot {
		return &TransitionError{From: t.Status, Kind: cmd.Kind}
	}
	d.await(t, cmd.Actor.Rule, now, p)
	return nil
}

// await has the customer of a ticket that is with the bot wait for an agent from now on, who
// has said the last word that is not a bot's; it adds the fact. Another ticket stays as it is.
func (d *Draft) await(t *Ticket, rule RuleKey, now time.Time, p *Policy) {
	if d.leaveBot(t, rule) {
		t.CountsFrom = time.Time{}
		t.startWait(now, p)
	}
}

// leaveBot takes a ticket from the bot and adds the fact. It reports whether the ticket was
// with the bot; else nothing changes.
func (d *Draft) leaveBot(t *Ticket, rule RuleKey) bool {
	if !t.WithBot {
		return false
	}
	t.WithBot, t.Unanswered = false, time.Time{}
	d.AddFact(Fact{Kind: FactHandedOver, Rule: rule})
	return true
}

// reopen opens an ignored or closed ticket for an agent, as open does, and adds the
// fact. It never fails.
func (d *Draft) reopen(t *Ticket, _ Command, now time.Time, p *Policy) error {
	d.open(t, now, p)
	d.AddFact(Fact{Kind: FactOpened})
	return nil
}

// open makes the ticket open again. If the customer had the last word a new wait starts
// (R2.4), else auto-close counts from now (R4.2). It adds no fact.
func (d *Draft) open(t *Ticket, now time.Time, p *Policy) {
	t.Status, t.Reason, t.OpenedAt, t.ClosedAt = StatusOpen, "", now, time.Time{}
	if t.LastWord == SideCustomer {
		t.startWait(now, p)
	} else {
		t.CountsFrom = now
	}
}

// pause pauses or resumes the ticket (R3.7) and adds the fact; one that is paused is with
// the bot no more (R12.3). It fails with a [TransitionError] if the ticket already is so.
func (d *Draft) pause(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	pause := cmd.Kind == CommandPause
	if t.Paused == pause {
		return &TransitionError{From: t.Status, Paused: t.Paused, Kind: cmd.Kind}
	}
	d.await(t, "", now, p) // resumed ones are not with the bot
	t.Paused, t.CountsFrom = pause, time.Time{}
	if pause {
		d.AddFact(Fact{Kind: FactPaused})
		return nil
	}
	if t.LastWord == SideAgent {
		t.CountsFrom = now
	}
	d.AddFact(Fact{Kind: FactResumed})
	return nil
}

// mark marks the ticket important or normal (R3.5) and adds the fact; one that is so
// already stays, without a fact. Normal switches keywords off. It never fails.
func (d *Draft) mark(t *Ticket, cmd Command, _ time.Time, _ *Policy) error {
	important := cmd.Kind == CommandMark
	if !important {
		t.KeywordsOff = true
	}
	if t.Important == important {
		return nil
	}
	t.Important = important
	if important {
		d.AddFact(Fact{Kind: FactMarked})
	} else {
		d.AddFact(Fact{Kind: FactUnmarked})
	}
	return nil
}

// classify sets the typification and adds the fact. It fails with [ErrAnonymous] for an
// anonymous customer, with [ErrCategory] for a category that is not one of the policy's.
func (d *Draft) classify(t *Ticket, cmd Command, _ time.Time, p *Policy) error {
	if t.Customer.Level == LevelAnonymous {
		return ErrAnonymous
	}
	if cmd.Typification != nil && len(p.Categories) > 0 && !slices.Contains(p.Categories, cmd.Typification.Category) {
		return ErrCategory
	}
	t.Typification = cmd.Typification
	d.AddFact(Fact{Kind: FactTypified})
	return nil
}

// describe replaces the metadata and adds the fact. It fails with [ErrAnonymous] for an
// anonymous customer.
func (d *Draft) describe(t *Ticket, cmd Command, _ time.Time, _ *Policy) error {
	if t.Customer.Level == LevelAnonymous {
		return ErrAnonymous
	}
	t.Metadata = cmd.Metadata
	d.AddFact(Fact{Kind: FactDescribed})
	return nil
}

// assign sets the agent, the team or both; what is so already stays, without a fact. A
// ticket that an agent assigns is with the bot no more; a bot may choose the team of its own
// (R12.3). It fails with a [TakenError] if not the one has it who must.
func (d *Draft) assign(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	if cmd.From != nil && *cmd.From != t.Assignee.Agent {
		return &TakenError{t.Assignee}
	}
	if cmd.Actor.Kind != ActorBot {
		d.await(t, "", now, p)
	}
	if cmd.Assignee != nil && cmd.Assignee.Agent != t.Assignee.Agent {
		d.assignTo(t, *cmd.Assignee)
	}
	if cmd.Team != nil && *cmd.Team != t.Team {
		t.Team = *cmd.Team
		d.AddFact(Fact{Kind: FactTeam, Team: t.Team})
	}
	return nil
}

// take assigns the ticket to the actor; one who has it already keeps it, without a fact. It
// is with the bot no more (R12.3). It fails with a [TakenError] if another agent has it.
func (d *Draft) take(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	has := t.Assignee.Agent
	if has != "" && has != cmd.Actor.Agent {
		return &TakenError{t.Assignee}
	}
	d.await(t, "", now, p)
	if has == "" {
		d.assignTo(t, Assignee{cmd.Actor.Agent, cmd.Actor.Name})
	}
	if cmd.Turn != (Turn{}) {
		t.Turn = cmd.Turn
	}
	return nil
}

// note stores what an agent writes for agents, and adds a fact for it and one for each
// agent whom it names. Nothing of the ticket changes (R11.4). It never fails.
func (d *Draft) note(t *Ticket, cmd Command, _ time.Time, _ *Policy) error {
	c := &d.Conversation
	c.LastSeq++
	c.Notes++
	d.Messages = append(d.Messages, Message{
		Seq: c.LastSeq, Ticket: t.Number, At: d.At, From: FromNote, Level: t.Customer.Level,
		Agent: cmd.Actor.Agent, Name: cmd.Actor.Name, Text: cmd.Text, File: cmd.File,
	})
	d.AddFact(Fact{Kind: FactNoted, Seq: c.LastSeq})
	for i, agent := range cmd.Mentions {
		if !slices.Contains(cmd.Mentions[:i], agent) {
			d.AddFact(Fact{Kind: FactMentioned, Assignee: Assignee{Agent: agent}})
		}
	}
	return nil
}

// assignTo gives the ticket to an agent, or to nobody, with a fact that says so.
func (d *Draft) assignTo(t *Ticket, to Assignee) {
	t.Assignee = to
	d.AddFact(Fact{Kind: FactAssigned, Assignee: to})
}

// Remember sets what the rule m.Rule remembers of the latest ticket, in place of what it
// remembered before. It is stored only if a command ([Draft.Do]) changes that ticket in
// this draft.
func (d *Draft) Remember(m Memory) {
	memory := slices.Clone(d.Ticket.Memory) // the loaded one is not written to
	i := slices.IndexFunc(memory, func(old Memory) bool { return old.Rule == m.Rule })
	if i < 0 {
		memory = append(memory, m)
	} else {
		memory[i] = m
	}
	d.Ticket.Memory = memory
}

// Written returns the text of the customer's last message in this draft; empty: none.
func (d *Draft) Written() string {
	for i := len(d.Messages) - 1; i >= 0; i-- {
		if d.Messages[i].From == FromCustomer {
			return d.Messages[i].Text
		}
	}
	return ""
}

// Inputs returns the inputs of the last entry. It panics before the first Do.
func (d *Draft) Inputs() Inputs { return d.entry().Inputs }

// FindingOf returns what a rule has answered in the last entry; false: nothing. It
// panics before the first Do.
func (d *Draft) FindingOf(rule RuleKey) (Finding, bool) {
	trace := d.entry().Trace
	for i := range trace {
		if trace[i].Rule == rule {
			return trace[i], true
		}
	}
	return Finding{}, false
}

// Say appends an automatic message to the latest ticket, as part of the last entry. It
// counts as neither side's word: no status, wait or deadline changes (R4.4). It panics
// before the first Do.
func (d *Draft) Say(rule RuleKey, text string) {
	d.append(Message{From: FromRule, Rule: rule, Text: text})
}

// MarkImportant marks the latest ticket important for a rule, as part of the last entry
// (R5.1). It panics before the first Do.
func (d *Draft) MarkImportant(rule RuleKey) {
	d.Ticket.Important = true
	d.AddFact(Fact{Kind: FactMarked, Rule: rule})
}

// NotifyAddress records, as part of the last entry, that a rule tells an address of the
// latest ticket. It reports whether that is new: each address is told once a ticket
// (R5.2). It panics if that is new before the first Do.
func (d *Draft) NotifyAddress(rule RuleKey, address string) bool {
	if slices.Contains(d.Ticket.Notified, address) {
		return false
	}
	d.Ticket.Notified = append(slices.Clip(d.Ticket.Notified), address)
	d.AddFact(Fact{Kind: FactNotified, Rule: rule, Address: address})
	return true
}

// HasFact reports whether the last entry has a fact of a kind. It panics before the
// first Do.
func (d *Draft) HasFact(k FactKind) bool {
	facts := d.entry().Facts
	for i := range facts {
		if facts[i].Kind == k {
			return true
		}
	}
	return false
}

// AddFact adds to the facts of the last entry. It panics before the first Do.
func (d *Draft) AddFact(f Fact) { e := d.entry(); e.Facts = append(e.Facts, f) }

// AddFinding adds what a rule answered to the trace of the last entry. It panics before
// the first Do.
func (d *Draft) AddFinding(f Finding) {
	e := d.entry()
	if e.Trace == nil {
		e.Trace = make([]Finding, 0, 7) // what a customer's message asks at most
	}
	e.Trace = append(e.Trace, f)
}

// entry returns the last entry, to be written to. It panics before the first Do.
func (d *Draft) entry() *Entry { return &d.Entries[len(d.Entries)-1] }

// append adds a message to the latest ticket, with the next sequence number, and a fact
// that says so to the last entry.
func (d *Draft) append(m Message) {
	c := &d.Conversation
	c.LastSeq++
	c.Notes = 0
	m.Seq, m.Ticket, m.At, m.Session = c.LastSeq, d.Ticket.Number, d.At, c.Session
	if m.Level == "" {
		m.Level = d.Ticket.Customer.Level
	}
	d.Messages = append(d.Messages, m)
	d.AddFact(Fact{Kind: FactSaid, Seq: m.Seq, Rule: m.Rule})
}

// maxLinks is how many links a conversation keeps, the latest; a session's are fewer.
const maxLinks = 64

// mergeCustomer records the writer's session, links and contact data; data less trusted
// than what is stored is ignored (R7.2). It reports whether a conversation was linked.
func (c *Conversation) mergeCustomer(cmd Command) (linked bool) {
	c.Session = cmd.Actor.Session
	for _, link := range cmd.Links {
		if !slices.Contains(c.Links, link) {
			c.Links, linked = append(slices.Clip(c.Links), link), true
		}
	}
	c.Links = c.Links[max(len(c.Links)-maxLinks, 0):]
	if cmd.Customer.Level.rank() < c.Customer.Level.rank() {
		return linked
	}
	who, old := cmd.Customer, c.Customer
	if who.Level == LevelVerified && old.Level == LevelVerified { // claims are not merged
		who.Name = cmp.Or(who.Name, old.Name)
		who.Email = cmp.Or(who.Email, old.Email)
		who.RUT = cmp.Or(who.RUT, old.RUT)
		who.Phone = cmp.Or(who.Phone, old.Phone)
		who.Locale = cmp.Or(who.Locale, old.Locale)
	}
	c.Customer = who
	return linked
}

// rank returns a number that orders the levels, the most trusted highest; zero for an
// invalid one.
func (l Level) rank() int {
	switch l {
	case LevelVerified:
		return 3
	case LevelClaimed:
		return 2
	case LevelAnonymous:
		return 1
	default:
		return 0
	}
}

// stopClocks ends everything that runs while a ticket is open: wait, auto-close, pause and
// the bot's turn (R2.4, R3.7, R4.2, R12.2).
func (t *Ticket) stopClocks() {
	t.Wait, t.CountsFrom, t.Paused, t.WithBot, t.Unanswered = nil, time.Time{}, false, false, time.Time{}
}

// startWait starts a wait at now under the policy's SLA (R2.2, R2.6).
func (t *Ticket) startWait(now time.Time, p *Policy) {
	t.Wait = &Wait{Since: now}
	t.Wait.setSLA(p)
}

// setSLA puts the wait under the policy's SLA and computes when it is due. A wait that
// is a delay already stays one.
func (w *Wait) setSLA(p *Policy) {
	w.Clock, w.Limit, w.Due = p.SLAClock, Span(p.SLA), time.Time{}
	if p.SLA > 0 {
		w.Due, _ = After(w.Since, p.SLA, p.SLAClock, p.Calendar)
	}
}

// After returns the instant at which a duration has passed since another on a clock;
// false: it never will, or the clock has no hours.
func After(from time.Time, d time.Duration, clock chatcfg.Clock, hours *chatcfg.Calendar) (time.Time, bool) {
	if clock != chatcfg.Business {
		return from.Add(d), true
	}
	if hours == nil {
		return time.Time{}, false
	}
	return hours.Add(from, d)
}

// elapsed returns the time between two instants on a clock; on the wall clock if there
// are no hours.
func elapsed(from, to time.Time, clock chatcfg.Clock, hours *chatcfg.Calendar) time.Duration {
	if clock == chatcfg.Business && hours != nil {
		return hours.Between(from, to)
	}
	return to.Sub(from)
}
