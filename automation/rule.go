package automation

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// rule is an automatic rule: all that distinguishes it from others. Each is a
// value in a file of its own, and a line in rules.
type rule struct {
	key tickets.RuleKey
	// name is what people call it.
	name chatcfg.Words
	// on are the commands after which it is asked, and after which [Explain]
	// says that it is off if it has said nothing.
	on []tickets.CommandKind
	// handed says that it is also asked after any other command that takes a ticket from the
	// bot; [Explain] does not say then that it is off.
	handed bool
	// reads are the rules before it in the list whose answers it needs.
	reads []tickets.RuleKey
	// reasons say why it acted or did not, by every [tickets.Why] that it gives.
	// They may hold {until} and {word}.
	reasons map[tickets.Why]chatcfg.Words
	// off says that it is off; none: in the words of most rules.
	off chatcfg.Words
	// compile makes what carries it out under one version of the configuration:
	// an asker, a timed or both, perhaps a follower; nil: it is off.
	compile func(*env) (any, error)
	// saved reports what a save means for deadlines armed before it (R4.8):
	// whether it switches the rule on, and whether it moves them. Nil: nothing.
	saved func(old, cfg *chatcfg.Config) (on, changed bool)
	// moved returns the parts of the rule whose deadlines a save moves and no others ([part]);
	// nil: it has no parts.
	moved func(old, cfg *chatcfg.Config) []int
	// redated returns the instant to remember in place of one that a wrong clock dated,
	// zero for none, when that is found out; nil: that instant.
	redated func(r *Rules, now time.Time) time.Time
}

// rules are all rules, in the order in which they are asked (R4.1), and of those
// that are due at one instant, carried out (R4.3).
var rules = []*rule{
	&important, &notify,
	&newCustomer, &ticketCreated, &outOfHours, &noAgents,
	&sla, &bot, &reminders, &autoClose,
	&manualClose, &automaticClose,
}

// part returns under what name saves are remembered that moved one part of a rule.
func part(key tickets.RuleKey, n int) string { return string(key) + "/" + strconv.Itoa(n) }

// asker is a rule that is asked after commands. It leaves a finding in the draft, or
// nothing if the command does not concern it.
type asker interface {
	ask(d *tickets.Draft)
}

// timed is a rule with a deadline.
type timed interface {
	// due returns the rule's deadline for a ticket; false: it has none.
	due(t *tickets.Ticket) (time.Time, bool)
	// fire carries the rule out as of the instant at which it was due, in the decision of
	// a command. It fails if the rule's command does ([tickets.Draft.Do]).
	fire(d *tickets.Draft, in tickets.Inputs, due time.Time, by tickets.CommandKind) error
	// overdue returns which tickets are due by now: those that count from upTo or
	// earlier; zero: none. running says that running waits follow the save.
	overdue(now time.Time, running bool) (by Start, upTo time.Time)
}

// follower is a timed rule of which a save can ask that running deadlines follow
// it (R2.6).
type follower interface {
	// follows reports whether the ticket has a running deadline of the rule.
	follows(t *tickets.Ticket) bool
	// follow moves that deadline as of in.Now. It fails as fire does.
	follow(d *tickets.Draft, in tickets.Inputs) error
}

// env is what a rule is compiled from.
type env struct {
	*Rules
	rule *rule
	// before are the rules that are asked before it.
	before []*rule
}

// earlier returns the means to read the answer of a rule that is asked before this one.
// It fails unless the rule names it in reads and it stands earlier in the list.
func (e *env) earlier(key tickets.RuleKey) (earlier, error) {
	before := slices.ContainsFunc(e.before, func(r *rule) bool { return r.key == key })
	if !before || !slices.Contains(e.rule.reads, key) {
		return earlier{}, fmt.Errorf("automation: %s reads the answer of %s, which it does not name or which is not asked before it", e.rule.key, key)
	}
	return earlier{key}, nil
}

// earlier is a rule that was asked before.
type earlier struct{ key tickets.RuleKey }

// answer returns what the earlier rule answered; false: nothing, because it is off.
func (e earlier) answer(d *tickets.Draft) (tickets.Finding, bool) { return d.FindingOf(e.key) }

// act carries out a command of the rule as of its deadline, and adds the finding that
// it fired, and why. It fails if the command does ([tickets.Draft.Do]).
func (e *env) act(d *tickets.Draft, kind tickets.CommandKind, in tickets.Inputs, due time.Time, why tickets.Why) error {
	in.Now = due
	cmd := tickets.Command{Kind: kind, Actor: tickets.Actor{Kind: tickets.ActorRule, Rule: e.rule.key}}
	if err := d.Do(cmd, in, due, &e.policy); err != nil {
		return err
	}
	d.AddFinding(tickets.Finding{Rule: e.rule.key, Fired: true, Why: why, Until: due})
	return nil
}

// words returns a text in Spanish, English and Portuguese.
func words(es, en, pt string) chatcfg.Words { return chatcfg.Words{ES: es, EN: en, PT: pt} }

// The reasons that several rules give.
const (
	// WhyArmed: the deadline is set, Until is when.
	WhyArmed tickets.Why = "armed"
	// WhyDeadline: the deadline came.
	WhyDeadline tickets.Why = "deadline"
	// WhyCreated: the message created a ticket.
	WhyCreated tickets.Why = "created"
	// WhyNotCreated: the message created no ticket.
	WhyNotCreated tickets.Why = "not_created"
	// WhyPaused: the ticket is paused (R3.7).
	WhyPaused tickets.Why = "paused"
	// WhyWithBot: the ticket is with the bot (R12.2).
	WhyWithBot tickets.Why = "with_bot"
)

// withBot is the reason of what does not answer while the bot does.
var withBot = words("No respondió: el ticket está con el bot", "It did not answer: the ticket is with the bot", "Não respondeu: o ticket está com o bot")

// paused is the reason of what does not answer on a paused ticket.
var paused = words("No respondió: el ticket está en pausa", "It did not answer: the ticket is paused", "Não respondeu: o ticket está em pausa")
