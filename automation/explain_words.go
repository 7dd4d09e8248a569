package automation

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

var (
	theCustomer = words("El cliente", "The customer", "O cliente")
	theAgent    = words("El ejecutivo", "Agent", "O atendente")
	isOff       = words("No está activada", "It is off", "Não está ativada")
	withText    = words(", con el texto %d", ", with text %d", ", com o texto %d")
	sameDay     = words("a las", "at", "às")
	theDay      = words("el", "on", "na")
	theWeekend  = words("el", "on", "no") // Portuguese days of the week are feminine, these two are not
	never       = words("cuando alguien cambie el horario", "when somebody changes the hours", "quando alguém mudar o horário")
	unassigned  = words("quedó sin ejecutivo", "nobody has it", "ficou sem atendente")
	noTeam      = words("quedó sin equipo", "no team has it", "ficou sem equipe")
)

// factWords say what happened within a decision.
var factWords = map[tickets.FactKind]chatcfg.Words{
	tickets.FactCreated:    words("se creó el ticket", "the ticket was created", "o ticket foi criado"),
	tickets.FactReopened:   words("se reabrió el ticket", "the ticket was reopened", "o ticket foi reaberto"),
	tickets.FactOpened:     words("se abrió el ticket", "the ticket was opened", "o ticket foi aberto"),
	tickets.FactIgnored:    words("se ignoró el ticket", "the ticket was ignored", "o ticket foi ignorado"),
	tickets.FactClosed:     words("se cerró el ticket", "the ticket was closed", "o ticket foi fechado"),
	tickets.FactPaused:     words("el ticket quedó en pausa", "the ticket was paused", "o ticket ficou em pausa"),
	tickets.FactResumed:    words("se reanudó el ticket", "the ticket was resumed", "o ticket foi retomado"),
	tickets.FactSaid:       words("se envió un mensaje automático", "an automatic message was sent", "foi enviada uma mensagem automática"),
	tickets.FactMarked:     words("quedó importante", "it became important", "ficou importante"),
	tickets.FactUnmarked:   words("quedó normal", "it became normal", "ficou normal"),
	tickets.FactDelayed:    words("quedó con demora", "it is delayed", "ficou com atraso"),
	tickets.FactAnswered:   words("el cliente había esperado {waited}", "the customer had waited {waited}", "o cliente havia esperado {waited}"),
	tickets.FactTypified:   words("cambió la tipificación", "the category changed", "a tipificação mudou"),
	tickets.FactDescribed:  words("cambiaron los datos", "the data changed", "os dados mudaram"),
	tickets.FactNotified:   words("se avisó a {address}", "{address} was told", "{address} foi avisado"),
	tickets.FactRearmed:    words("se volvió a contar el plazo para responder", "the time to answer was counted anew", "o prazo para responder foi recontado"),
	tickets.FactAssigned:   words("quedó a cargo de {assignee}", "{assignee} has it", "ficou com {assignee}"),
	tickets.FactTeam:       words("quedó con el equipo {team}", "team {team} has it", "ficou com a equipe {team}"),
	tickets.FactNoted:      words("se dejó una nota", "a note was left", "foi deixada uma nota"),
	tickets.FactMentioned:  words("menciona a {assignee}", "it names {assignee}", "menciona {assignee}"),
	tickets.FactRated:      words("{score} de 5", "{score} of 5", "{score} de 5"),
	tickets.FactLinked:     words("se enlazó con su conversación anterior", "it was linked to their earlier conversation", "foi vinculada à conversa anterior"),
	tickets.FactHandedOver: words("el bot lo pasó a los ejecutivos", "the agents have got it from the bot", "passou do bot aos atendentes"),
}
