package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// ticket is a ticket as the rules want it.
type ticket struct {
	number, previous      tickets.Number
	status                tickets.Status
	reason                tickets.CloseReason
	paused, important     bool
	keywordsOff, answered bool
	byAgent               bool // the last word is an agent's
	closedAt, counts      time.Time
	wait                  *wait
	reminded              int       // steps that had their turn in this silence
	bot, keyworded        bool      // it is with the bot; a keyword marked it then
	unanswered            time.Time // the oldest message that the bot has not answered
	spoke                 time.Time // out of hours
	absence               int64     // no agents
	notified              []string
	// createdAt, openedAt and changedAt are instants, agent and agentName of who spoke
	// or closed last.
	createdAt, openedAt, changedAt time.Time
	agent                          tickets.AgentID
	agentName                      string
	byBot                          bool // a bot closed last
	assignee                       tickets.Assignee
	team                           tickets.TeamID
	turn                           tickets.Turn // that gave it as the next one, last
	typification                   *tickets.Typification
	categories                     []string // that it ever had, which a search finds
	metadata                       map[string]string
	customer                       tickets.Customer // who wrote last
	messages                       int64            // of people
	asked                          bool             // how it was
	rating                         *tickets.Rating  // what the customer answered
}

type wait struct {
	since, due, delayed time.Time
	limit               time.Duration
	clock               chatcfg.Clock
}

// table is R3.3, read from the document: what a command makes of a status. A
// missing one is refused. "new" is a ticket of its own, or the last one again.
var table = map[tickets.Status]map[tickets.CommandKind]string{
	"":        {"write": "new", "start": "new"},
	"open":    {"start": "open", "write": "open", "reply": "open", "close": "closed", "ignore": "ignored", "expire": "closed", "end": "closed", "botReply": "open", "handOver": "open"},
	"ignored": {"start": "open", "botReply": "ignored", "write": "ignored", "reply": "open", "close": "closed", "open": "open", "end": "closed"},
	"closed":  {"start": "new", "write": "new", "open": "open"},
}

// expected is what one entry must have brought.
type expected struct {
	facts []string
	rules []tickets.RuleKey
	mails []string
	// waited is how long the customer had waited for this answer.
	waited time.Duration
	from   []tickets.Author // the words of people, before the rules' messages
	step   int              // which reminder it is
	// score and comment are of a rating.
	score   int
	comment string
}

// deadline returns the conversation's next deadline and what is then done; zero: there
// is none.
func (c *conv) deadline() (time.Time, tickets.CommandKind) {
	t, a := c.ticket, c.account
	if t == nil || t.status != tickets.StatusOpen {
		return time.Time{}, ""
	}
	if w := t.wait; w != nil {
		if w.limit == 0 || !w.delayed.IsZero() {
			return time.Time{}, ""
		}
		return w.due, tickets.CommandDelay
	}
	cfg := a.current()
	if t.bot {
		return c.botDeadline(cfg)
	}
	if t.counts.IsZero() || t.paused || !t.byAgent {
		return time.Time{}, ""
	}
	from, clock := latest(t.counts, a.since.closeOn), cfg.Automation.AutoClose.Clock
	closes, reminds := time.Time{}, time.Time{}
	if cfg.Automation.AutoClose.Enabled {
		closes = latest(after(from, std(cfg.Automation.AutoClose.After), clock, cfg.hours), a.since.closeChanged)
	}
	if r := cfg.Automation.Reminders; r.Enabled && t.reminded < len(r.Steps) {
		reminds = latest(after(from, std(r.Steps[t.reminded].After), clock, cfg.hours), a.since.moved(t.reminded))
	}
	switch {
	case reminds.IsZero() && closes.IsZero():
		return time.Time{}, ""
	case reminds.IsZero() || !closes.IsZero() && closes.Before(reminds):
		return closes, tickets.CommandExpire
	}
	return reminds, tickets.CommandRemind
}

// notify expects a mail to each address that was told nothing of the ticket.
func (t *ticket) notify(addresses []string, x *expected) {
	for _, to := range addresses {
		if !slices.Contains(t.notified, to) {
			t.notified = append(t.notified, to)
			x.mails = append(x.mails, to)
			x.facts = append(x.facts, "notified")
		}
	}
}

// movedToThePast reports whether the next step's turn came by a save only.
func (c *conv) movedToThePast() bool {
	a := c.account
	cfg := a.current()
	step := cfg.Automation.Reminders.Steps[c.ticket.reminded]
	at := after(latest(c.ticket.counts, a.since.closeOn), std(step.After), cfg.Automation.AutoClose.Clock, cfg.hours)
	return at.Before(a.since.moved(c.ticket.reminded))
}

// remind gives the next step its turn (R13.2). last says that nothing comes after it in its
// commit that closes, or that somebody says, or that is another reminder.
func (c *conv) remind(last bool, x *expected) {
	if last && !c.movedToThePast() {
		x.rules = append(x.rules, automation.RuleReminders)
	}
	x.step = c.ticket.reminded
	c.ticket.reminded++
}

// latest returns the later of two instants.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// startWait starts a wait under the current SLA.
func (c *conv) startWait(now time.Time) {
	cfg := c.account.current()
	w := &wait{since: now}
	w.under(cfg)
	c.ticket.wait = w
}

// under puts the wait under a configuration's SLA.
func (w *wait) under(cfg *config) {
	w.limit, w.clock, w.due = std(cfg.Quality.SLA), cfg.Quality.Clock, time.Time{}
	if w.limit > 0 {
		w.due = after(w.since, w.limit, w.clock, cfg.hours)
	}
}

// apply carries an entry out on the model and returns what must follow from it, or what
// is wrong with it. now is the instant at which it takes effect.
func (c *conv) apply(e *tickets.Entry, now time.Time, by cause) (x expected, wrong string) {
	t := c.ticket
	if e.Ticket != 0 && t != nil && e.Ticket != t.number && e.Kind != tickets.CommandWrite && e.Kind != tickets.CommandStart {
		return c.applyOlder(e, by)
	}
	defer func() { // what was done, however late, changed the ticket when it was done
		if c.ticket != nil {
			c.ticket.changedAt = e.At
		}
	}()
	status := tickets.Status("")
	if t != nil {
		status = t.status
	}
	switch e.Kind {
	case tickets.CommandWrite, tickets.CommandReply, tickets.CommandClose, tickets.CommandIgnore, tickets.CommandOpen, tickets.CommandExpire, tickets.CommandEnd, tickets.CommandBotReply, tickets.CommandStart:
		if table[status][e.Kind] == "" {
			return x, fmt.Sprintf("%s on a ticket that is %q", e.Kind, status)
		}
	default:
		if t == nil {
			return x, fmt.Sprintf("%s without a ticket", e.Kind)
		}
	}
	switch e.Kind {
	case tickets.CommandWrite:
		c.write(e, now, by, &x)
	case tickets.CommandReply:
		c.reply(now, by, &x)
	case tickets.CommandClose, tickets.CommandExpire:
		t.status, t.closedAt, t.reason = tickets.StatusClosed, now, tickets.ReasonManual
		t.wait, t.counts, t.paused, t.bot, t.unanswered = nil, time.Time{}, false, false, time.Time{}
		x.facts = append(x.facts, "closed")
		rule := automation.RuleManualClose
		if e.Kind == tickets.CommandExpire {
			t.reason, rule = tickets.ReasonAutomatic, automation.RuleAutomaticClose
		} else {
			t.agent, t.agentName, t.byBot = by.actor.Agent, by.actor.Name, by.actor.Kind == tickets.ActorBot
		}
		t.asked = t.asked || c.asks(t)
		c.speak(rule, true, &x)
	case tickets.CommandEnd:
		if s := by.session; !c.account.current().Chat.VisitorEnds || s.Customer.Level != tickets.LevelVerified && s.ID != c.session {
			return x, fmt.Sprintf("session %s ends what %s wrote", s.ID, c.session)
		}
		t.status, t.closedAt, t.reason = tickets.StatusClosed, now, "customer"
		t.asked = t.asked || c.asks(t)
		t.wait, t.counts, t.paused, t.bot, t.unanswered = nil, time.Time{}, false, false, time.Time{}
		x.facts = append(x.facts, "closed")
	case tickets.CommandIgnore:
		t.status, t.wait, t.counts, t.paused, t.bot, t.unanswered = tickets.StatusIgnored, nil, time.Time{}, false, false, time.Time{}
		x.facts = append(x.facts, "ignored")
	case tickets.CommandOpen:
		c.open(now)
		x.facts = append(x.facts, "opened")
	case tickets.CommandPause, tickets.CommandResume:
		if t.status != tickets.StatusOpen || t.paused == (e.Kind == tickets.CommandPause) {
			return x, fmt.Sprintf("%s on a ticket that is %q, paused %v", e.Kind, t.status, t.paused)
		}
		if e.Kind == tickets.CommandPause && by.actor.Kind == tickets.ActorAgent {
			c.await(now, &x)
		}
		t.paused, t.counts = !t.paused, time.Time{}
		if !t.paused && (t.byAgent || t.bot && t.unanswered.IsZero()) {
			t.counts = now
		}
		x.facts = append(x.facts, string(e.Kind)+"d")
	case tickets.CommandMark, tickets.CommandUnmark:
		mark(t, e.Kind, &x)
	case tickets.CommandClassify, tickets.CommandDescribe:
		return x, describe(t, c.account.current().General.Categories, by, &x)
	case tickets.CommandAssign, tickets.CommandTake:
		return x, c.assign(t, now, by, &x)
	case tickets.CommandStart:
		if status == tickets.StatusOpen || status == tickets.StatusIgnored {
			c.reply(now, by, &x)
		} else {
			c.begin(now, by, &x)
		}
	case tickets.CommandBotReply:
		x.from = append(x.from, tickets.FromBot)
		if t.bot {
			if t.unanswered = (time.Time{}); !t.paused {
				t.counts = now
			}
		}
	case tickets.CommandHandOver:
		if !t.bot {
			return x, "a hand-over of a ticket that is not with the bot"
		}
		c.await(now, &x)
		c.absences(e, now, &x)
	case tickets.CommandNote:
		note(by, &x)
	case tickets.CommandRate:
		return x, c.rate(t, now, by, &x)
	case tickets.CommandRemind:
		c.remind(by.last, &x)
	case tickets.CommandDelay:
		t.wait.delayed = now
		x.facts = append(x.facts, "delayed")
	case tickets.CommandRearm:
		t.wait.under(c.account.configs[c.account.since.running])
		if at := c.account.since.ran(e.At); !t.wait.due.IsZero() {
			t.wait.due = latest(t.wait.due, at) // at the save, not before
		}
		x.facts = append(x.facts, "rearmed")
	default:
		return x, fmt.Sprintf("entry of kind %q", e.Kind)
	}
	return x, ""
}

// applyOlder is apply for tickets that are not the latest (R3.3).
func (c *conv) applyOlder(e *tickets.Entry, by cause) (x expected, wrong string) {
	i := slices.IndexFunc(c.older, func(t *ticket) bool { return t.number == e.Ticket })
	if i < 0 {
		return x, fmt.Sprintf("%s on ticket %d, which does not exist", e.Kind, e.Ticket)
	}
	t := c.older[i]
	t.changedAt = e.At
	switch e.Kind {
	case tickets.CommandMark, tickets.CommandUnmark:
		mark(t, e.Kind, &x)
	case tickets.CommandClassify, tickets.CommandDescribe:
		return x, describe(t, c.account.current().General.Categories, by, &x)
	case tickets.CommandNote:
		note(by, &x)
	case tickets.CommandRate:
		return x, c.rate(t, e.At, by, &x)
	default:
		return x, fmt.Sprintf("%s on ticket %d, which is not the latest", e.Kind, e.Ticket)
	}
	return x, ""
}

// describe sets the typification or the metadata, whole (R3.6), or returns why it may
// not be.
func describe(t *ticket, categories []string, by cause, x *expected) (wrong string) {
	if t.customer.Level == tickets.LevelAnonymous {
		return fmt.Sprintf("%s on the ticket of an anonymous customer", by.cmd.Kind)
	}
	if some := by.cmd.Typification; by.cmd.Kind == tickets.CommandClassify && some != nil && len(categories) > 0 && !slices.Contains(categories, some.Category) {
		return fmt.Sprintf("%q is none of %q", some.Category, categories)
	}
	if by.cmd.Kind == tickets.CommandClassify {
		if t.typification = by.cmd.Typification; t.typification != nil {
			t.categories = append(t.categories, t.typification.Category)
		}
		x.facts = append(x.facts, "typified")
	} else {
		t.metadata = by.cmd.Metadata
		x.facts = append(x.facts, "metadata")
	}
	return ""
}

// assign gives the ticket to who shall have it (R11.1), or returns why it may not.
func (c *conv) assign(t *ticket, now time.Time, by cause, x *expected) (wrong string) {
	to, team := by.cmd.Assignee, by.cmd.Team
	if by.cmd.Kind == tickets.CommandTake {
		if t.status == tickets.StatusClosed || t.assignee.Agent != "" && t.assignee.Agent != by.actor.Agent {
			return fmt.Sprintf("take of a ticket that is %q and that %q has", t.status, t.assignee.Agent)
		}
		to = &tickets.Assignee{Agent: by.actor.Agent, Name: by.actor.Name}
		if by.cmd.Turn != (tickets.Turn{}) {
			t.turn = by.cmd.Turn
		}
	}
	if from := by.cmd.From; from != nil && *from != t.assignee.Agent {
		return fmt.Sprintf("assigned from %q a ticket that %q has", *from, t.assignee.Agent)
	}
	if to != nil && to.Agent == guia {
		return "a bot gets a ticket"
	}
	if by.actor.Kind == tickets.ActorAgent {
		c.await(now, x)
	}
	if to != nil && to.Agent != t.assignee.Agent {
		t.assignee = *to
		x.facts = append(x.facts, "assigned")
	}
	if team != nil && *team != t.team {
		t.team = *team
		x.facts = append(x.facts, "team")
	}
	return ""
}

// note expects a note, and an event for each agent whom it names (R11.4).
func note(by cause, x *expected) {
	x.from = append(x.from, tickets.FromNote)
	x.facts = append(x.facts, "noted")
	for _, who := range []tickets.AgentID{"ana", "beto", "carla"} {
		if slices.Contains(by.cmd.Mentions, who) {
			x.facts = append(x.facts, "mentioned")
		}
	}
}

// number returns the ticket that an entry must be of: the one asked for, else the
// latest.
func (by cause) number(c *conv) tickets.Number {
	if by.request != nil && by.cmd.Number != 0 {
		return by.cmd.Number
	}
	return c.ticket.number
}

// mark marks a ticket important or normal.
func mark(t *ticket, k tickets.CommandKind, x *expected) {
	important := k == tickets.CommandMark
	if !important {
		t.keywordsOff = true
	}
	if t.important != important {
		t.important = important
		x.facts = append(x.facts, map[bool]string{true: "important", false: "normal"}[important])
	}
}

// write does what a customer's message does to the conversation.
func (c *conv) write(e *tickets.Entry, now time.Time, by cause, x *expected) {
	cfg := c.account.current()
	window := std(cfg.General.ReopenWindow)
	t := c.ticket
	created, reopened := false, false
	switch {
	case t != nil && t.status != tickets.StatusClosed:
	case t != nil && window > 0 && now.Before(t.closedAt.Add(window)):
		c.open(now)
		reopened = true
		x.facts = append(x.facts, "reopened")
	default:
		created = true
		t = &ticket{number: 1, status: tickets.StatusOpen, createdAt: now, openedAt: now}
		if c.ticket != nil {
			c.older = append(c.older, c.ticket)
			t.previous, t.number = c.ticket.number, c.ticket.number+1
		}
		if cfg.General.CreateIgnored {
			t.status, t.openedAt = tickets.StatusIgnored, time.Time{}
		}
		t.bot = cfg.General.Bot.Enabled && !cfg.General.CreateIgnored
		c.ticket = t
		x.facts = append(x.facts, "created")
	}
	if c.mergeCustomer(by.session) {
		x.facts = append(x.facts, "linked")
	}
	t.messages++
	if by.cmd.Welcome != nil {
		x.from = append(x.from, tickets.FromWelcome)
	}
	x.from = append(x.from, tickets.FromCustomer)
	t.byAgent, t.counts = false, time.Time{}
	if t.bot && t.unanswered.IsZero() {
		t.unanswered = now
	}
	if t.status == tickets.StatusOpen && t.wait == nil && !t.bot {
		c.startWait(now)
	}
	c.customerMessages++
	marked := false
	if i := cfg.General.Important; i.Enabled && !t.important && !t.keywordsOff && mentions(by.cmd.Text, i.Keywords) {
		t.important, marked = true, true
		t.keyworded = t.keyworded || t.bot
		x.facts = append(x.facts, "important")
	}
	n := cfg.General.Notify
	first := reopened && cfg.General.Bot.Enabled && len(t.notified) == 0 && !t.answered && t.assignee.Agent == ""
	if !t.bot && (n.Tickets == chatcfg.NotifyAll && (created || first) || n.Tickets == chatcfg.NotifyImportant && (marked || first && t.important && t.keyworded)) {
		t.notify(n.To, x)
	}
	c.answer(e, now, created, x)
}

// answer adds the actions that follow from a customer's message, in the order of R4.1.
func (c *conv) answer(e *tickets.Entry, now time.Time, created bool, x *expected) {
	if c.customerMessages == 1 {
		c.speak(automation.RuleNewCustomer, false, x)
	}
	if created {
		c.speak(automation.RuleTicketCreated, false, x)
	}
	if !c.ticket.bot {
		c.absences(e, now, x)
	}
}

// absences adds the actions for when nobody is there, in the order of R4.1.
func (c *conv) absences(e *tickets.Entry, now time.Time, x *expected) {
	cfg, t := c.account.current(), c.ticket
	closed := cfg.Automation.OutOfHours.Enabled && cfg.hours != nil && !cfg.hours.isOpen(now)
	if closed && (t.spoke.IsZero() || !cfg.hours.sameClosing(t.spoke, now)) && c.speak(automation.RuleOutOfHours, false, x) {
		t.spoke = now
	}
	held := closed && cfg.Automation.Combine == chatcfg.CombineFirst
	p := e.Inputs.Presence
	if !p.Available && !held && t.absence != p.Absence && c.speak(automation.RuleNoAgents, false, x) {
		t.absence = p.Absence
	}
}

// speak expects an action's message if the action is on and not paused, and reports
// whether it does.
func (c *conv) speak(rule tickets.RuleKey, evenPaused bool, x *expected) bool {
	if !action(c.account.current(), rule).Enabled || c.ticket.paused && !evenPaused {
		return false
	}
	x.rules = append(x.rules, rule)
	return true
}

// action returns a configuration's action of a rule.
func action(cfg *config, rule tickets.RuleKey) chatcfg.TextAction {
	a := cfg.Automation
	return map[tickets.RuleKey]chatcfg.TextAction{
		automation.RuleNewCustomer: a.NewCustomer, automation.RuleTicketCreated: a.TicketCreated, automation.RuleOutOfHours: a.OutOfHours,
		automation.RuleNoAgents: a.NoAgents, automation.RuleManualClose: a.ManualClose, automation.RuleAutomaticClose: a.AutomaticClose,
	}[rule]
}

// reply does what an agent's answer does to the conversation.
func (c *conv) reply(now time.Time, by cause, x *expected) {
	t := c.ticket
	if t.status == tickets.StatusIgnored {
		t.status, t.openedAt = tickets.StatusOpen, now
		x.facts = append(x.facts, "opened")
	}
	c.leaveBot(x)
	t.messages++
	t.agent, t.agentName, t.byBot = by.actor.Agent, by.actor.Name, false
	x.from = append(x.from, tickets.FromAgent)
	if t.wait != nil {
		x.facts = append(x.facts, "answered")
		x.waited = now.Sub(t.wait.since)
		if h := c.account.current().hours; t.wait.clock == chatcfg.Business && h != nil {
			x.waited = h.between(t.wait.since, now)
		}
		c.account.answers = append(c.account.answers, answer{t, by.actor.Agent, now, x.waited, t.wait.limit, !t.answered})
		t.wait = nil
	}
	if t.assignee.Agent == "" && c.account.current().General.Assignment.OnReply {
		t.assignee = tickets.Assignee{Agent: by.actor.Agent, Name: by.actor.Name}
		x.facts = append(x.facts, "assigned")
	}
	t.answered, t.byAgent, t.reminded = true, true, 0
	if !t.paused {
		t.counts = now
	}
}

// begin does what an agent's message does that begins a ticket (R16.5).
func (c *conv) begin(now time.Time, by cause, x *expected) {
	t := &ticket{number: 1, status: tickets.StatusOpen, createdAt: now, openedAt: now, byAgent: true, counts: now, messages: 1}
	if c.ticket == nil {
		c.customer = by.cmd.Customer
	} else {
		c.older = append(c.older, c.ticket)
		t.previous, t.number = c.ticket.number, c.ticket.number+1
	}
	t.customer, t.agent, t.agentName = c.customer, by.actor.Agent, by.actor.Name
	t.assignee = tickets.Assignee{Agent: by.actor.Agent, Name: by.actor.Name}
	c.ticket = t
	x.facts = append(x.facts, "created", "assigned")
	x.from = append(x.from, tickets.FromAgent)
}

// open does what opening does to the latest ticket.
func (c *conv) open(now time.Time) {
	t := c.ticket
	t.status, t.reason, t.closedAt, t.openedAt = tickets.StatusOpen, "", time.Time{}, now
	if t.byAgent {
		t.counts = now
	} else {
		c.startWait(now)
	}
}

// mentions reports whether a text of plain words has a keyword (R5.1).
func mentions(text string, keywords []string) bool {
	words := " " + strings.ToLower(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '#' || r == '/' }), " ")) + " "
	for _, k := range keywords {
		if head, prefix := strings.CutSuffix(k, "*"); prefix && strings.Contains(words, " "+head) {
			return true
		} else if !prefix && strings.Contains(words, " "+k+" ") {
			return true
		}
	}
	return false
}
