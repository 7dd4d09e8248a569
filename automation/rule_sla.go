package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleSLA notes that a customer has waited for as long as the SLA (R2.3).
const RuleSLA tickets.RuleKey = "sla"

var sla = rule{
	key:  RuleSLA,
	name: words("Tiempo de respuesta", "Time to answer", "Tempo de resposta"),
	reasons: map[tickets.Why]chatcfg.Words{
		WhyArmed:    words("Si nadie contesta, el ticket queda con demora {until}", "If nobody answers, the ticket is delayed {until}", "Se ninguém responder, o ticket fica com atraso {until}"),
		WhyDeadline: words("Nadie contestó a tiempo: el plazo venció {until}", "Nobody answered in time: time was up {until}", "Ninguém respondeu a tempo: o prazo venceu {until}"),
	},
	compile: func(e *env) (any, error) { return waiting{e}, nil },
}

// waiting is on under any configuration: a wait keeps the SLA that it began with.
type waiting struct{ *env }

// due returns when the ticket's wait becomes a delay; false: no wait, no SLA, or it is
// a delay already.
func (r waiting) due(t *tickets.Ticket) (time.Time, bool) {
	if t.Status != tickets.StatusOpen || t.Wait == nil || t.Wait.Due.IsZero() || t.Delayed() {
		return time.Time{}, false
	}
	return t.Wait.Due, true
}

// fire makes the wait a delay as of when that was due. It fails if the command does
// ([tickets.Draft.Do]).
func (r waiting) fire(d *tickets.Draft, in tickets.Inputs, due time.Time, _ tickets.CommandKind) error {
	return r.act(d, tickets.CommandDelay, in, due, WhyDeadline)
}

// overdue returns the latest beginning of a wait that is too long by now. It is zero,
// none, unless the save moves running waits: each keeps the SLA that it began with.
func (r waiting) overdue(now time.Time, running bool) (by Start, upTo time.Time) {
	if !running || r.policy.SLA == 0 {
		return StartWait, time.Time{}
	}
	upTo, _ = startOf(now, r.policy.SLA, r.policy.SLAClock, r.policy.Calendar)
	return StartWait, upTo
}

// follows reports whether a wait is running.
func (r waiting) follows(t *tickets.Ticket) bool { return t.Wait != nil }

// follow moves a running wait to the SLA of the save (R2.6). A wait that was a delay
// before stays one. It fails if the command does ([tickets.Draft.Do]).
func (r waiting) follow(d *tickets.Draft, in tickets.Inputs) error {
	cmd := tickets.Command{Kind: tickets.CommandRearm, Actor: tickets.Actor{Kind: tickets.ActorRule, Rule: RuleSLA}}
	return d.Do(cmd, in, in.Now, r.running)
}
