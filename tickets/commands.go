package tickets

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// CommandRow is a command of the table: all that distinguishes it from others.
type CommandRow struct {
	Kind CommandKind
	// By is who may send it.
	By ActorKind
	// To is the status that it leads to, by the ticket's status. A status that is
	// missing refuses it (R3.3).
	To map[Status]Status
	// Older lets it go to a ticket that is not the latest.
	Older bool
	// Follows says that the command's entry names the deadlines that run afterwards.
	Follows bool
	// Writes says that somebody says something by it.
	Writes bool
	// Words say what was done: "{actor}" is who did it.
	Words chatcfg.Words
	// Fact is the fact that the words already say; empty: none.
	Fact FactKind
	// Takes names the fields of [Command] that it reads, beside Kind, Actor and Number, each
	// by its name with a small first letter.
	Takes []string

	do func(*Draft, *Ticket, Command, time.Time, *Policy) error
}

// kept returns a row's To for a command that these statuses allow and that leaves the
// status as it is.
func kept(in ...Status) map[Status]Status {
	to := make(map[Status]Status, len(in))
	for _, s := range in {
		to[s] = s
	}
	return to
}

// words returns a text in Spanish, English and Portuguese.
func words(es, en, pt string) chatcfg.Words { return chatcfg.Words{ES: es, EN: en, PT: pt} }

// commands is the table of R3.3, R3.5, R3.6, R3.7, R11.1, R11.4, R12.1, R12.3, R14.2, R14.3, R16.5 and R2.3: each command is a row
// here. A customer who writes without a ticket, or after its close, starts a new
// one; it is ignored under "create ignored", and within the reopening window it is
// the closed one again (R3.4, R5.3).
var commands = []CommandRow{
	{
		Kind: CommandWrite, By: ActorCustomer, Follows: true, Writes: true, do: (*Draft).write,
		Takes: []string{"text", "file", "customer", "welcome", "links"},
		To:    map[Status]Status{StatusNone: StatusOpen, StatusOpen: StatusOpen, StatusIgnored: StatusIgnored, StatusClosed: StatusOpen},
		Words: words("El cliente escribió", "The customer wrote", "O cliente escreveu"),
	},
	{
		Kind: CommandReply, By: ActorAgent, Follows: true, Writes: true, do: (*Draft).reply,
		Takes: []string{"text", "file"},
		To:    map[Status]Status{StatusOpen: StatusOpen, StatusIgnored: StatusOpen},
		Words: words("{actor} respondió", "{actor} replied", "{actor} respondeu"),
	},
	{
		Kind: CommandStart, By: ActorAgent, Follows: true, Writes: true, do: (*Draft).start,
		Takes: []string{"text", "file", "customer"},
		To:    map[Status]Status{StatusNone: StatusOpen, StatusOpen: StatusOpen, StatusIgnored: StatusOpen, StatusClosed: StatusOpen},
		Words: words("{actor} escribió primero", "{actor} wrote first", "{actor} escreveu primeiro"),
	},
	{
		Kind: CommandClose, By: ActorAgent, Follows: true, Fact: FactClosed, do: (*Draft).close,
		To:    map[Status]Status{StatusOpen: StatusClosed, StatusIgnored: StatusClosed},
		Words: words("{actor} cerró el ticket", "{actor} closed the ticket", "{actor} fechou o ticket"),
	},
	{
		Kind: CommandIgnore, By: ActorAgent, Follows: true, Fact: FactIgnored, do: (*Draft).ignore,
		To:    map[Status]Status{StatusOpen: StatusIgnored},
		Words: words("{actor} ignoró el ticket", "{actor} ignored the ticket", "{actor} ignorou o ticket"),
	},
	{
		Kind: CommandOpen, By: ActorAgent, Follows: true, Fact: FactOpened, do: (*Draft).reopen,
		To:    map[Status]Status{StatusIgnored: StatusOpen, StatusClosed: StatusOpen},
		Words: words("{actor} abrió el ticket", "{actor} opened the ticket", "{actor} abriu o ticket"),
	},
	{
		Kind: CommandExpire, By: ActorRule, Fact: FactClosed, do: (*Draft).close,
		To:    map[Status]Status{StatusOpen: StatusClosed},
		Words: words("El ticket se cerró solo", "The ticket closed by itself", "O ticket fechou sozinho"),
	},
	{
		Kind: CommandEnd, By: ActorCustomer, Fact: FactClosed, do: (*Draft).close,
		To:    map[Status]Status{StatusOpen: StatusClosed, StatusIgnored: StatusClosed},
		Words: words("El cliente terminó la conversación", "The customer ended the conversation", "O cliente encerrou a conversa"),
	},
	{
		Kind: CommandRate, By: ActorCustomer, Older: true, do: (*Draft).rate, To: kept(StatusClosed),
		Takes: []string{"score", "comment"},
		Words: words("El cliente calificó la atención", "The customer rated how it was", "O cliente avaliou o atendimento"),
	},
	{
		Kind: CommandPause, By: ActorAgent, Follows: true, Fact: FactPaused, do: (*Draft).pause, To: kept(StatusOpen),
		Words: words("{actor} puso el ticket en pausa", "{actor} paused the ticket", "{actor} pausou o ticket"),
	},
	{
		Kind: CommandResume, By: ActorAgent, Follows: true, Fact: FactResumed, do: (*Draft).pause, To: kept(StatusOpen),
		Words: words("{actor} reanudó el ticket", "{actor} resumed the ticket", "{actor} retomou o ticket"),
	},
	{
		Kind: CommandMark, By: ActorAgent, Older: true, Fact: FactMarked, do: (*Draft).mark, To: kept(StatusOpen, StatusIgnored, StatusClosed),
		Words: words("{actor} marcó el ticket como importante", "{actor} marked the ticket as important", "{actor} marcou o ticket como importante"),
	},
	{
		Kind: CommandUnmark, By: ActorAgent, Older: true, Fact: FactUnmarked, do: (*Draft).mark, To: kept(StatusOpen, StatusIgnored, StatusClosed),
		Words: words("{actor} marcó el ticket como normal", "{actor} marked the ticket as normal", "{actor} marcou o ticket como normal"),
	},
	{
		Kind: CommandClassify, By: ActorAgent, Older: true, Fact: FactTypified, do: (*Draft).classify, To: kept(StatusOpen, StatusIgnored, StatusClosed),
		Takes: []string{"typification"},
		Words: words("{actor} tipificó el ticket", "{actor} categorised the ticket", "{actor} tipificou o ticket"),
	},
	{
		Kind: CommandDescribe, By: ActorAgent, Older: true, Fact: FactDescribed, do: (*Draft).describe, To: kept(StatusOpen, StatusIgnored, StatusClosed),
		Takes: []string{"metadata"},
		Words: words("{actor} cambió los datos del ticket", "{actor} changed the ticket's data", "{actor} mudou os dados do ticket"),
	},
	{
		Kind: CommandAssign, By: ActorAgent, do: (*Draft).assign, To: kept(StatusOpen, StatusIgnored, StatusClosed),
		Takes: []string{"assignee", "team", "from"},
		Words: words("{actor} asignó el ticket", "{actor} assigned the ticket", "{actor} atribuiu o ticket"),
	},
	{
		Kind: CommandTake, By: ActorAgent, Fact: FactAssigned, do: (*Draft).take, To: kept(StatusOpen, StatusIgnored),
		Takes: []string{"turn"},
		Words: words("{actor} tomó el ticket", "{actor} took the ticket", "{actor} assumiu o ticket"),
	},
	{
		Kind: CommandNote, By: ActorAgent, Older: true, Fact: FactNoted, do: (*Draft).note, To: kept(StatusOpen, StatusIgnored, StatusClosed),
		Takes: []string{"text", "file", "mentions"},
		Words: words("{actor} dejó una nota", "{actor} left a note", "{actor} deixou uma nota"),
	},
	{
		Kind: CommandBotReply, By: ActorBot, Follows: true, Writes: true, do: (*Draft).botReply, To: kept(StatusOpen, StatusIgnored),
		Takes: []string{"text", "file"},
		Words: words("{actor} respondió", "{actor} replied", "{actor} respondeu"),
	},
	{
		Kind: CommandHandOver, By: ActorBot, Follows: true, Fact: FactHandedOver, do: (*Draft).handOver, To: kept(StatusOpen),
		Words: words("{actor} pasó el ticket a los ejecutivos", "{actor} handed the ticket over to the agents", "{actor} passou o ticket aos atendentes"),
	},
	{
		Kind: CommandDelay, By: ActorRule, Fact: FactDelayed, do: (*Draft).delay, To: kept(StatusOpen),
		Words: words("Se cumplió el tiempo de respuesta sin que nadie contestara", "The time to answer ran out without an answer", "O tempo de resposta se esgotou sem que ninguém respondesse"),
	},
	{
		Kind: CommandRearm, By: ActorRule, Fact: FactRearmed, do: (*Draft).rearm, To: kept(StatusOpen),
		Words: words("Cambió el tiempo de respuesta, también para esta espera", "The time to answer changed, for this wait too", "O tempo de resposta mudou, também para esta espera"),
	},
	{
		Kind: CommandRemind, By: ActorRule, do: (*Draft).remind, To: kept(StatusOpen),
		Words: words("Tocaba un recordatorio", "A reminder was due", "Era a vez de um lembrete"),
	},
}

// Commands returns a copy of the rows of all commands but [CommandTick], which has
// none.
func Commands() []CommandRow { return append([]CommandRow(nil), commands...) }

// Row returns a copy of the row of a command; nil for an unknown kind and
// [CommandTick].
func (k CommandKind) Row() *CommandRow {
	for i := range commands {
		if commands[i].Kind == k {
			row := commands[i]
			return &row
		}
	}
	return nil
}

// row returns a command's row, or nil if there is no such command, as Row does but
// without a copy: callers must not write to it.
func row(k CommandKind) *CommandRow {
	for i := range commands {
		if commands[i].Kind == k {
			return &commands[i]
		}
	}
	return nil
}

// Follows reports whether the history entry of a command names the deadline that runs
// afterwards; false for an unknown kind.
func (k CommandKind) Follows() bool { r := row(k); return r != nil && r.Follows }

// Next returns the status to which a command leads from a status, by the table of R3.3;
// false: the command is refused. From [StatusNone] and [StatusClosed], [CommandWrite]
// leads to a ticket of its own, or reopens (R3.4).
func Next(from Status, k CommandKind) (Status, bool) {
	r := row(k)
	if r == nil {
		return StatusNone, false
	}
	to, ok := r.To[from]
	return to, ok
}
