package automation

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleNotify tells addresses of new tickets by e-mail (R5.2).
const RuleNotify tickets.RuleKey = "notify"

// The reasons of [RuleNotify], beside [WhyCreated] and [WhyNotCreated].
const (
	// WhyMarkedImportant: this message made the ticket important.
	WhyMarkedImportant tickets.Why = "marked_important"
	// WhyNotMarkedImportant: this message did not make the ticket important.
	WhyNotMarkedImportant tickets.Why = "not_marked_important"
	// WhyHandedOver: the ticket is with the bot no more.
	WhyHandedOver tickets.Why = "handed_over"
	// WhyFirstForAgents: the ticket was with the bot until it was closed, and the customer goes on.
	WhyFirstForAgents tickets.Why = "first_for_agents"
	// WhyNotImportant: no keyword has made the ticket important.
	WhyNotImportant tickets.Why = "not_important"
	// WhyAlreadyNotified: every address was told of this ticket before.
	WhyAlreadyNotified tickets.Why = "already_notified"
)

var notify = rule{
	key:  RuleNotify,
	name: words("Aviso de tickets por correo", "Notification of tickets", "Aviso de tickets por e-mail"),
	on:   []tickets.CommandKind{tickets.CommandWrite, tickets.CommandHandOver}, handed: true,
	reads: []tickets.RuleKey{RuleImportant},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyCreated:            words("Avisó: es un ticket nuevo", "It sent word: this is a new ticket", "Avisou: é um ticket novo"),
		WhyNotCreated:         words("No avisó: el ticket no es nuevo", "It sent nothing: the ticket is not new", "Não avisou: o ticket não é novo"),
		WhyMarkedImportant:    words("Avisó: el ticket pasó a ser importante", "It sent word: the ticket became important", "Avisou: o ticket passou a ser importante"),
		WhyNotMarkedImportant: words("No avisó: este mensaje no volvió importante el ticket", "It sent nothing: this message did not make the ticket important", "Não avisou: esta mensagem não tornou o ticket importante"),
		WhyWithBot:            words("No avisó: avisa cuando el bot pasa el ticket", "It sent nothing: it sends word when the bot hands the ticket over", "Não avisou: avisa quando o bot passa o ticket"),
		WhyHandedOver:         words("Avisó: el ticket pasó del bot a los ejecutivos", "It sent word: the agents have got the ticket from the bot", "Avisou: o ticket passou do bot aos atendentes"),
		WhyFirstForAgents:     words("Avisó: el ticket estuvo con el bot, y ahora es de los ejecutivos", "It sent word: the ticket was with the bot, and now it is the agents'", "Avisou: o ticket esteve com o bot, e agora é dos atendentes"),
		WhyNotImportant:       words("No avisó: ninguna palabra volvió importante el ticket", "It sent nothing: no word has made the ticket important", "Não avisou: nenhuma palavra tornou o ticket importante"),
		WhyAlreadyNotified:    words("No avisó: ya se había avisado de este ticket", "It sent nothing: word of this ticket had been sent", "Não avisou: já se havia avisado deste ticket"),
	},
	compile: func(e *env) (any, error) {
		of := &e.Config.General.Notify
		if of.Tickets != chatcfg.NotifyAll && of.Tickets != chatcfg.NotifyImportant {
			return nil, nil
		}
		marks, err := e.earlier(RuleImportant)
		return notification{of.Tickets == chatcfg.NotifyAll, e.Config.General.Bot.Enabled, of.To, marks}, err
	},
}

type notification struct {
	all, bot bool
	to       []string
	marks    earlier
}

// ask notifies each address at most once a ticket, if the ticket is new, or was just
// marked important, and adds the finding. A ticket that begins with the bot is new when it
// is handed over, or when its customer goes on after a close and nobody was told of it.
func (r notification) ask(d *tickets.Draft) {
	f := tickets.Finding{Rule: RuleNotify}
	var otherwise tickets.Why
	switch {
	case d.Ticket.WithBot:
		otherwise = WhyWithBot
	case d.HasFact(tickets.FactHandedOver):
		f.Fired, f.Why, otherwise = r.all || marked(d), WhyHandedOver, WhyNotImportant
	case r.bot && d.HasFact(tickets.FactReopened) && unknown(&d.Ticket):
		now, _ := r.marks.answer(d)
		f.Fired, f.Why, otherwise = r.all || now.Fired || marked(d), WhyFirstForAgents, WhyNotImportant
	case r.all:
		f.Fired, f.Why, otherwise = d.HasFact(tickets.FactCreated), WhyCreated, WhyNotCreated
	default:
		important, _ := r.marks.answer(d)
		f.Fired, f.Why, otherwise = important.Fired, WhyMarkedImportant, WhyNotMarkedImportant
	}
	if !f.Fired {
		f.Why = otherwise
	} else if !r.tell(d) {
		f.Fired, f.Why = false, WhyAlreadyNotified
	}
	d.AddFinding(f)
}

// unknown reports whether no agent can have learnt of the ticket: the bot had it until its close.
func unknown(t *tickets.Ticket) bool {
	return len(t.Notified) == 0 && !t.Answered && t.Assignee.Agent == ""
}

// marked reports whether a keyword has made the ticket important.
func marked(d *tickets.Draft) bool {
	return d.Ticket.Important && d.Ticket.Recall(RuleImportant).Number != 0
}

// tell notifies the addresses that were not told of the ticket, and reports whether
// there was one.
func (r notification) tell(d *tickets.Draft) bool {
	told := false
	for _, address := range r.to {
		told = d.NotifyAddress(RuleNotify, address) || told
	}
	return told
}
