package automation

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleAutomaticClose says good-bye when a ticket closes by itself.
const RuleAutomaticClose tickets.RuleKey = "automaticClose"

var automaticClose = rule{
	key:  RuleAutomaticClose,
	name: words("Cierre automático", "Automatic close", "Fechamento automático"),
	on:   []tickets.CommandKind{tickets.CommandExpire},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyDeadline: words("Se despidió: el ticket se cerró solo", "It said good-bye: the ticket closed by itself", "Despediu-se: o ticket fechou sozinho"),
	},
	compile: speaks(func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.AutomaticClose },
		func(s *speaker, d *tickets.Draft) { s.say(d, WhyDeadline) }),
}
