package automation

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleManualClose says good-bye when an agent closes.
const RuleManualClose tickets.RuleKey = "manualClose"

// WhyAgentClosed is the reason of [RuleManualClose]: an agent closed the ticket.
const WhyAgentClosed tickets.Why = "agent_closed"

var manualClose = rule{
	key:  RuleManualClose,
	name: words("Cierre manual", "Manual close", "Fechamento manual"),
	on:   []tickets.CommandKind{tickets.CommandClose},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyAgentClosed: words("Se despidió: un ejecutivo cerró el ticket", "It said good-bye: an agent closed the ticket", "Despediu-se: um atendente fechou o ticket"),
	},
	compile: speaks(func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.ManualClose },
		func(s *speaker, d *tickets.Draft) { s.say(d, WhyAgentClosed) }),
}
