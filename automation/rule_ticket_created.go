package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleTicketCreated answers a message that creates a ticket.
const RuleTicketCreated tickets.RuleKey = "ticketCreated"

var ticketCreated = rule{
	key:  RuleTicketCreated,
	name: words("Ticket creado", "Ticket created", "Ticket criado"),
	on:   []tickets.CommandKind{tickets.CommandWrite},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyCreated:    words("Respondió: se creó un ticket", "It answered: a ticket was created", "Respondeu: um ticket foi criado"),
		WhyNotCreated: words("No respondió: el ticket ya existía", "It did not answer: the ticket existed already", "Não respondeu: o ticket já existia"),
		WhyPaused:     paused,
	},
	compile: speaks(func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.TicketCreated },
		func(s *speaker, d *tickets.Draft) {
			if d.HasFact(tickets.FactCreated) {
				s.reply(d, WhyCreated)
			} else {
				s.skip(d, WhyNotCreated, time.Time{})
			}
		}),
}
