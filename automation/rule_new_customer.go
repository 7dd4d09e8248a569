package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleNewCustomer answers a customer's first message ever.
const RuleNewCustomer tickets.RuleKey = "newCustomer"

// The reasons of [RuleNewCustomer].
const (
	// WhyFirstMessage: the customer's first message ever.
	WhyFirstMessage tickets.Why = "first_message"
	// WhyNotFirstMessage: the customer had written before.
	WhyNotFirstMessage tickets.Why = "not_first_message"
)

var newCustomer = rule{
	key:  RuleNewCustomer,
	name: words("Clientes nuevos", "New customers", "Clientes novos"),
	on:   []tickets.CommandKind{tickets.CommandWrite},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyFirstMessage:    words("Respondió: es el primer mensaje del cliente", "It answered: this is the customer's first message", "Respondeu: é a primeira mensagem do cliente"),
		WhyNotFirstMessage: words("No respondió: el cliente ya había escrito antes", "It did not answer: the customer had written before", "Não respondeu: o cliente já havia escrito antes"),
		WhyPaused:          paused,
	},
	compile: speaks(func(a *chatcfg.Automation) *chatcfg.TextAction { return &a.NewCustomer },
		func(s *speaker, d *tickets.Draft) {
			if d.Conversation.CustomerMessages == 1 {
				s.reply(d, WhyFirstMessage)
			} else {
				s.skip(d, WhyNotFirstMessage, time.Time{})
			}
		}),
}
