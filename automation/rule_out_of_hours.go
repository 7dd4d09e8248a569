package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleOutOfHours answers outside the business hours, once per ticket and closed
// interval. It remembers when it spoke.
const RuleOutOfHours tickets.RuleKey = "outOfHours"

// The reasons of [RuleOutOfHours].
const (
	// WhyClosedHours: outside the business hours.
	WhyClosedHours tickets.Why = "closed_hours"
	// WhyOpenHours: inside the business hours.
	WhyOpenHours tickets.Why = "open_hours"
	// WhySpokeInInterval: it has spoken in this closed interval; Until is the next
	// opening.
	WhySpokeInInterval tickets.Why = "spoke_in_interval"
)

var outOfHours = rule{
	key:  RuleOutOfHours,
	name: words("Fuera de horario", "Out of hours", "Fora do horário"),
	on:   []tickets.CommandKind{tickets.CommandWrite, tickets.CommandHandOver},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyClosedHours:     words("Respondió: es fuera del horario de atención", "It answered: this is outside the business hours", "Respondeu: é fora do horário de atendimento"),
		WhyOpenHours:       words("No respondió: es horario de atención", "It did not answer: this is inside the business hours", "Não respondeu: é horário de atendimento"),
		WhySpokeInInterval: words("No respondió: ya había contestado en este cierre, que termina {until}", "It did not answer: it had answered already since closing time; it opens {until}", "Não respondeu: já havia respondido neste fechamento, que termina {until}"),
		WhyWithBot:         withBot,
		WhyPaused:          paused,
	},
	compile: func(e *env) (any, error) {
		s, err := e.speaker(&e.Config.Automation.OutOfHours)
		if s == nil || e.policy.Calendar == nil {
			return nil, err
		}
		return outside{s, e.policy.Calendar}, nil
	},
	redated: func(r *Rules, now time.Time) time.Time {
		if r.policy.Calendar != nil && r.policy.Calendar.IsOpen(now) {
			return time.Time{} // the closed interval in which it spoke is over
		}
		return now
	},
}

type outside struct {
	*speaker
	hours *chatcfg.Calendar
}

// ask answers outside the business hours, once per ticket and closed interval, but not while
// the ticket is with the bot, and adds the finding. Two instants are in one interval if no opening lies between them.
func (r outside) ask(d *tickets.Draft) {
	now := d.Inputs().Now
	if d.Ticket.WithBot {
		r.skip(d, WhyWithBot, time.Time{})
		return
	}
	if r.hours.IsOpen(now) {
		r.skip(d, WhyOpenHours, time.Time{})
		return
	}
	if spoke := d.Ticket.Recall(RuleOutOfHours).At; !spoke.IsZero() {
		if opens, ok := r.hours.NextOpen(spoke); !ok || opens.After(now) {
			r.skip(d, WhySpokeInInterval, opens)
			return
		}
	}
	if r.reply(d, WhyClosedHours) {
		d.Remember(tickets.Memory{Rule: RuleOutOfHours, At: now})
	}
}
