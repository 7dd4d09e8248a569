package automation

import (
	"reflect"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleAutoClose closes tickets whose customer does not answer (R4.2).
const RuleAutoClose tickets.RuleKey = "autoClose"

var autoClose = rule{
	key:  RuleAutoClose,
	name: words("Cierre sin respuesta", "Close without answer", "Fechamento sem resposta"),
	on:   []tickets.CommandKind{tickets.CommandReply, tickets.CommandStart, tickets.CommandResume},
	off:  words("No cuenta: no está activada, o el ticket está en pausa", "It does not count: it is off, or the ticket is paused", "Não conta: não está ativada, ou o ticket está em pausa"),
	reasons: map[tickets.Why]chatcfg.Words{
		WhyArmed:    words("Si el cliente no responde, el ticket se cierra {until}", "If the customer does not answer, the ticket closes {until}", "Se o cliente não responder, o ticket fecha {until}"),
		WhyDeadline: words("Lo cerró: el cliente no respondió; el plazo venció {until}", "It closed the ticket: the customer did not answer; time was up {until}", "Fechou: o cliente não respondeu; o prazo venceu {until}"),
	},
	compile: func(e *env) (any, error) {
		of := &e.Config.Automation.AutoClose
		if !of.Enabled {
			return nil, nil
		}
		return closing{e, of.After.Std(), of.Clock, e.since.Rule(string(RuleAutoClose))}, nil
	},
	saved: func(old, cfg *chatcfg.Config) (on, changed bool) {
		was, is := old.Automation.AutoClose, cfg.Automation.AutoClose
		hours := is.Clock == chatcfg.Business && !reflect.DeepEqual(old.Hours, cfg.Hours)
		return is.Enabled && !was.Enabled, hours || !reflect.DeepEqual(was.After, is.After) || was.Clock != is.Clock
	},
}

type closing struct {
	*env
	after time.Duration
	clock chatcfg.Clock
	saves chatcfg.RuleSince
}

// due returns when the ticket closes by itself: not before the rule was switched on,
// nor before the save that moved the deadline (R4.8); false: it does not (R4.2).
func (r closing) due(t *tickets.Ticket) (time.Time, bool) {
	from := t.CountsFrom
	if t.Status != tickets.StatusOpen || t.Wait != nil || from.IsZero() {
		return time.Time{}, false
	}
	if from.Before(r.saves.On) {
		from = r.saves.On
	}
	due, ok := tickets.After(from, r.after, r.clock, r.policy.Calendar)
	if due.Before(r.saves.Changed) {
		due = r.saves.Changed
	}
	return due, ok
}

// fire closes the ticket as of when that was due. It fails if the command does
// ([tickets.Draft.Do]).
func (r closing) fire(d *tickets.Draft, in tickets.Inputs, due time.Time, _ tickets.CommandKind) error {
	return r.act(d, tickets.CommandExpire, in, due, WhyDeadline)
}

// overdue returns the latest start from which the time is over by now; zero: none.
func (r closing) overdue(now time.Time, _ bool) (by Start, upTo time.Time) {
	from, ok := startOf(now, r.after, r.clock, r.policy.Calendar)
	if !ok || from.Before(r.saves.On) {
		return StartAgent, time.Time{}
	}
	return StartAgent, from
}
