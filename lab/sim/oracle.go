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
	spoke                 time.Time // out of hours
	absence               int64     // no agents
	notified              map[string]bool
}

type wait struct {
	since, due, delayed time.Time
	limit               time.Duration
	clock               chatcfg.Clock
}

// table is R3.3, read from the document: what a command makes of a status. A
// missing one is refused. "new" is a ticket of its own, or the last one again.
var table = map[tickets.Status]map[tickets.CommandKind]string{
	"":        {"write": "new"},
	"open":    {"write": "open", "reply": "open", "close": "closed", "ignore": "ignored", "expire": "closed"},
	"ignored": {"write": "ignored", "reply": "open", "close": "closed", "open": "open"},
	"closed":  {"write": "new", "open": "open"},
}

// expected is what one entry must have brought.
type expected struct {
	facts []string
	rules []tickets.RuleKey
	mails []string
	// waited is how long the customer had waited for this answer.
	waited time.Duration
	from   []tickets.Author // the words of people, before the rules' messages
}

// deadline is what the conversation waits for; zero: nothing.
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
	if !cfg.Automation.AutoClose.Enabled || t.counts.IsZero() || t.paused || !t.byAgent {
		return time.Time{}, ""
	}
	from := latest(t.counts, a.since.closeOn)
	due := after(from, std(cfg.Automation.AutoClose.After), cfg.Automation.AutoClose.Clock, cfg.hours)
	return latest(due, a.since.closeChanged), tickets.CommandExpire
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (c *conv) startWait(now time.Time) {
	cfg := c.account.current()
	w := &wait{since: now}
	w.under(cfg)
	c.ticket.wait = w
}

func (w *wait) under(cfg *config) {
	w.limit, w.clock, w.due = std(cfg.Quality.SLA), cfg.Quality.Clock, time.Time{}
	if w.limit > 0 {
		w.due = after(w.since, w.limit, w.clock, cfg.hours)
	}
}

// apply carries an entry out on the model, or says what is wrong with it. text is
// what its person wrote, now the instant at which it takes effect.
func (c *conv) apply(e *tickets.Entry, now time.Time, text string, welcome bool) (x expected, wrong string) {
	t := c.ticket
	if e.Ticket != 0 && t != nil && e.Ticket != t.number && e.Kind != tickets.CommandWrite {
		return c.applyOlder(e)
	}
	status := tickets.Status("")
	if t != nil {
		status = t.status
	}
	switch e.Kind {
	case tickets.CommandWrite, tickets.CommandReply, tickets.CommandClose, tickets.CommandIgnore, tickets.CommandOpen, tickets.CommandExpire:
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
		c.write(e, now, text, welcome, &x)
	case tickets.CommandReply:
		c.reply(now, &x)
	case tickets.CommandClose, tickets.CommandExpire:
		t.status, t.closedAt, t.reason = tickets.StatusClosed, now, tickets.ReasonManual
		t.wait, t.counts, t.paused = nil, time.Time{}, false
		x.facts = append(x.facts, "closed")
		rule := automation.RuleManualClose
		if e.Kind == tickets.CommandExpire {
			t.reason, rule = tickets.ReasonAutomatic, automation.RuleAutomaticClose
		}
		c.speak(rule, true, &x)
	case tickets.CommandIgnore:
		t.status, t.wait, t.counts, t.paused = tickets.StatusIgnored, nil, time.Time{}, false
		x.facts = append(x.facts, "ignored")
	case tickets.CommandOpen:
		c.open(now)
		x.facts = append(x.facts, "opened")
	case tickets.CommandPause, tickets.CommandResume:
		if t.status != tickets.StatusOpen || t.paused == (e.Kind == tickets.CommandPause) {
			return x, fmt.Sprintf("%s on a ticket that is %q, paused %v", e.Kind, t.status, t.paused)
		}
		t.paused, t.counts = !t.paused, time.Time{}
		if !t.paused && t.byAgent {
			t.counts = now
		}
		x.facts = append(x.facts, string(e.Kind)+"d")
	case tickets.CommandMark, tickets.CommandUnmark:
		mark(t, e.Kind, &x)
	case tickets.CommandClassify:
		x.facts = append(x.facts, "typified")
	case tickets.CommandDescribe:
		x.facts = append(x.facts, "metadata")
	case tickets.CommandDelay:
		t.wait.delayed = now
		x.facts = append(x.facts, "delayed")
	case tickets.CommandRearm:
		t.wait.under(c.account.configs[c.account.since.running])
		if at := c.account.since.runningAt; !t.wait.due.IsZero() {
			t.wait.due = latest(t.wait.due, at) // at the save, not before
		}
		x.facts = append(x.facts, "rearmed")
	default:
		return x, fmt.Sprintf("entry of kind %q", e.Kind)
	}
	return x, ""
}

// applyOlder is for tickets that are not the latest (R3.3).
func (c *conv) applyOlder(e *tickets.Entry) (x expected, wrong string) {
	i := slices.IndexFunc(c.older, func(t *ticket) bool { return t.number == e.Ticket })
	if i < 0 {
		return x, fmt.Sprintf("%s on ticket %d, which does not exist", e.Kind, e.Ticket)
	}
	switch e.Kind {
	case tickets.CommandMark, tickets.CommandUnmark:
		mark(c.older[i], e.Kind, &x)
	case tickets.CommandClassify:
		x.facts = append(x.facts, "typified")
	case tickets.CommandDescribe:
		x.facts = append(x.facts, "metadata")
	default:
		return x, fmt.Sprintf("%s on ticket %d, which is not the latest", e.Kind, e.Ticket)
	}
	return x, ""
}

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

func (c *conv) write(e *tickets.Entry, now time.Time, text string, welcome bool, x *expected) {
	cfg := c.account.current()
	window := std(cfg.General.ReopenWindow)
	t := c.ticket
	created := false
	switch {
	case t != nil && t.status != tickets.StatusClosed:
	case t != nil && window > 0 && now.Before(t.closedAt.Add(window)):
		c.open(now)
		x.facts = append(x.facts, "reopened")
	default:
		created = true
		t = &ticket{number: 1, status: tickets.StatusOpen, notified: make(map[string]bool)}
		if c.ticket != nil {
			c.older = append(c.older, c.ticket)
			t.previous, t.number = c.ticket.number, c.ticket.number+1
		}
		if cfg.General.CreateIgnored {
			t.status = tickets.StatusIgnored
		}
		c.ticket = t
		x.facts = append(x.facts, "created")
	}
	if welcome {
		x.from = append(x.from, tickets.FromWelcome)
	}
	x.from = append(x.from, tickets.FromCustomer)
	t.byAgent, t.counts = false, time.Time{}
	if t.status == tickets.StatusOpen && t.wait == nil {
		c.startWait(now)
	}
	c.customerMessages++
	marked := false
	if i := cfg.General.Important; i.Enabled && !t.important && !t.keywordsOff && mentions(text, i.Keywords) {
		t.important, marked = true, true
		x.facts = append(x.facts, "important")
	}
	n := cfg.General.Notify
	if n.Tickets == chatcfg.NotifyAll && created || n.Tickets == chatcfg.NotifyImportant && marked {
		for _, to := range n.To {
			if !t.notified[to] {
				t.notified[to] = true
				x.mails = append(x.mails, to)
				x.facts = append(x.facts, "notified")
			}
		}
	}
	c.answer(e, now, created, x)
}

// answer is R4.1: what a customer's message sets off, in order.
func (c *conv) answer(e *tickets.Entry, now time.Time, created bool, x *expected) {
	cfg, t := c.account.current(), c.ticket
	if c.customerMessages == 1 {
		c.speak(automation.RuleNewCustomer, false, x)
	}
	if created {
		c.speak(automation.RuleTicketCreated, false, x)
	}
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

// speak expects an action's message if it is on.
func (c *conv) speak(rule tickets.RuleKey, evenPaused bool, x *expected) bool {
	if !action(c.account.current(), rule).Enabled || c.ticket.paused && !evenPaused {
		return false
	}
	x.rules = append(x.rules, rule)
	return true
}

func action(cfg *config, rule tickets.RuleKey) chatcfg.TextAction {
	a := cfg.Automation
	return map[tickets.RuleKey]chatcfg.TextAction{
		automation.RuleNewCustomer: a.NewCustomer, automation.RuleTicketCreated: a.TicketCreated, automation.RuleOutOfHours: a.OutOfHours,
		automation.RuleNoAgents: a.NoAgents, automation.RuleManualClose: a.ManualClose, automation.RuleAutomaticClose: a.AutomaticClose,
	}[rule]
}

func (c *conv) reply(now time.Time, x *expected) {
	t := c.ticket
	if t.status == tickets.StatusIgnored {
		t.status = tickets.StatusOpen
		x.facts = append(x.facts, "opened")
	}
	x.from = append(x.from, tickets.FromAgent)
	if t.wait != nil {
		x.facts = append(x.facts, "answered")
		x.waited = now.Sub(t.wait.since)
		if h := c.account.current().hours; t.wait.clock == chatcfg.Business && h != nil {
			x.waited = h.between(t.wait.since, now)
		}
		c.account.waits++
		if !t.answered {
			c.account.first++
		}
		t.wait = nil
	}
	t.answered, t.byAgent = true, true
	if !t.paused {
		t.counts = now
	}
}

func (c *conv) open(now time.Time) {
	t := c.ticket
	t.status, t.reason, t.closedAt = tickets.StatusOpen, "", time.Time{}
	if t.byAgent {
		t.counts = now
	} else {
		c.startWait(now)
	}
}

// mentions says whether a text of plain words holds a keyword (R5.1).
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
