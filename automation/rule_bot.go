package automation

import (
	"reflect"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleBot gives the agents what the bot does not answer in time, or has when it is switched
// off (R12.3).
const RuleBot tickets.RuleKey = "bot"

// WhyBotOff is a reason of [RuleBot], beside [WhyArmed] and [WhyDeadline]: a save switched
// the bot off.
const WhyBotOff tickets.Why = "bot_off"

var bot = rule{
	key:  RuleBot,
	name: words("Bot", "Bot", "Bot"),
	reasons: map[tickets.Why]chatcfg.Words{
		WhyArmed:    words("Si no responde, el ticket pasa a los ejecutivos {until}", "If it does not answer, the agents get the ticket {until}", "Se não responde, o ticket passa aos atendentes {until}"),
		WhyDeadline: words("No respondió a tiempo: el plazo venció {until}", "It did not answer in time: time was up {until}", "Não respondeu a tempo: o prazo venceu {until}"),
		WhyBotOff:   words("Pasó el ticket a los ejecutivos: el bot se desactivó", "It handed the ticket over: the bot was switched off", "Passou o ticket aos atendentes: o bot foi desativado"),
	},
	compile: func(e *env) (any, error) {
		r := answering{env: e, saves: e.since.Rule(string(RuleBot))}
		if of := &e.Config.General.Bot; of.Enabled {
			r.timeout = of.Timeout.Std()
		}
		return r, nil
	},
	// What it switches on is that everything is handed over.
	saved: func(old, cfg *chatcfg.Config) (on, changed bool) {
		was, is := old.General.Bot, cfg.General.Bot
		return was.Enabled && !is.Enabled, is.Enabled && !reflect.DeepEqual(was.Timeout, is.Timeout)
	},
}

// answering is on under any configuration: also one that is off has tickets to hand over.
type answering struct {
	*env
	timeout time.Duration // zero: the bot is off
	// saves.On is the save that switched the bot off last.
	saves chatcfg.RuleSince
}

// due returns when the agents get the ticket, not before the save that moved it; false: the
// bot has answered all, or does not have it.
func (r answering) due(t *tickets.Ticket) (time.Time, bool) {
	due, save := t.Unanswered.Add(r.timeout), r.saves.Changed
	switch {
	case !t.WithBot:
		return time.Time{}, false
	case r.off(t):
		due, save = t.CreatedAt, r.saves.On
	case t.Unanswered.IsZero():
		return time.Time{}, false
	}
	if due.Before(save) {
		due = save
	}
	return due, true
}

// off reports whether the bot has been switched off since the ticket began.
func (r answering) off(t *tickets.Ticket) bool {
	return r.timeout == 0 || t.CreatedAt.Before(r.saves.On)
}

// fire hands the ticket over as of when that was due. It fails if the command does
// ([tickets.Draft.Do]).
func (r answering) fire(d *tickets.Draft, in tickets.Inputs, due time.Time, _ tickets.CommandKind) error {
	why := WhyDeadline
	if r.off(&d.Ticket) {
		why = WhyBotOff
	}
	return r.act(d, tickets.CommandHandOver, in, due, why)
}

// overdue returns none: what waits for the bot waits for seconds only.
func (r answering) overdue(time.Time, bool) (by Start, upTo time.Time) {
	return StartAgent, time.Time{}
}
