package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleNoAgents answers while no agent is available, once per ticket and absence.
// It remembers the absence's number.
const RuleNoAgents tickets.RuleKey = "noAgents"

// The reasons of [RuleNoAgents].
const (
	// WhyNoAgent: no agent is available.
	WhyNoAgent tickets.Why = "no_agent"
	// WhyAgentAvailable: an agent is available.
	WhyAgentAvailable tickets.Why = "agent_available"
	// WhySpokeInAbsence: it has spoken in this absence.
	WhySpokeInAbsence tickets.Why = "spoke_in_absence"
	// WhyHeldBack: [RuleOutOfHours] answers instead (R4.1).
	WhyHeldBack tickets.Why = "held_back"
)

var noAgents = rule{
	key:   RuleNoAgents,
	name:  words("Sin ejecutivos", "No agents", "Sem atendentes"),
	on:    []tickets.CommandKind{tickets.CommandWrite, tickets.CommandHandOver},
	reads: []tickets.RuleKey{RuleOutOfHours},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyNoAgent:        words("Respondió: no había ejecutivos disponibles", "It answered: no agent was available", "Respondeu: não havia atendentes disponíveis"),
		WhyAgentAvailable: words("No respondió: había un ejecutivo disponible", "It did not answer: an agent was available", "Não respondeu: havia um atendente disponível"),
		WhySpokeInAbsence: words("No respondió: ya había contestado en esta ausencia", "It did not answer: it had answered already in this absence", "Não respondeu: já havia respondido nesta ausência"),
		WhyHeldBack:       words("No respondió: fuera de horario contesta el otro mensaje", "It did not answer: out of hours the other reply does", "Não respondeu: fora do horário responde a outra mensagem"),
		WhyWithBot:        withBot,
		WhyPaused:         paused,
	},
	compile: func(e *env) (any, error) {
		s, err := e.speaker(&e.Config.Automation.NoAgents)
		if s == nil {
			return nil, err
		}
		hours, err := e.earlier(RuleOutOfHours)
		return absence{s, hours, e.Config.Automation.Combine == chatcfg.CombineFirst}, err
	},
}

type absence struct {
	*speaker
	hours earlier
	first bool // R4.1: only one of the two answers
}

// ask answers if no agent is available, once per ticket and absence, but not while the
// ticket is with the bot, and adds the finding.
func (r absence) ask(d *tickets.Draft) {
	now := d.Inputs().Presence
	hours, asked := r.hours.answer(d)
	closed := asked && hours.Why != WhyOpenHours
	switch {
	case d.Ticket.WithBot:
		r.skip(d, WhyWithBot, time.Time{})
	case now.Available:
		r.skip(d, WhyAgentAvailable, time.Time{})
	case closed && r.first:
		r.skip(d, WhyHeldBack, time.Time{})
	case d.Ticket.Recall(RuleNoAgents).Number == now.Absence:
		r.skip(d, WhySpokeInAbsence, time.Time{})
	case r.reply(d, WhyNoAgent):
		d.Remember(tickets.Memory{Rule: RuleNoAgents, Number: now.Absence})
	}
}
