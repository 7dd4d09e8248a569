package tickets

import (
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
		t.Reason = ReasonManual
		t.setAgent(cmd.Actor)
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
	t.LastWord = SideAgent
	t.setAgent(cmd.Actor)
	if !t.Paused {
		t.CountsFrom = now
	}
	return nil
}

// setAgent has the ticket know who spoke or closed last.
func (t *Ticket) setAgent(by Actor) {
	t.Agent, t.AgentName, t.Automated = by.Agent, by.Name, by.Kind == ActorBot
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
	t.LastWord, t.CountsFrom = SideAgent, now
	t.setAgent(cmd.Actor)
	return nil
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

// pause pauses or resumes the ticket (R3.7) and adds the fact; one that an agent pauses is with
// the bot no more (R12.3). It fails with a [TransitionError] if the ticket already is so.
func (d *Draft) pause(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	pause := cmd.Kind == CommandPause
	if t.Paused == pause {
		return &TransitionError{From: t.Status, Paused: t.Paused, Kind: cmd.Kind}
	}
	if pause && cmd.Actor.Kind != ActorBot {
		d.await(t, "", now, p)
	}
	t.Paused, t.CountsFrom = pause, time.Time{}
	if pause {
		d.AddFact(Fact{Kind: FactPaused})
		return nil
	}
	if t.LastWord == SideAgent || t.WithBot && t.Unanswered.IsZero() {
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
