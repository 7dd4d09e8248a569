package automation

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleImportant marks tickets by the words of their customers (R5.1). It remembers that it
// marked a ticket that was with the bot.
const RuleImportant tickets.RuleKey = "important"

// The reasons of [RuleImportant].
const (
	// WhyKeyword: the message has a keyword; Word, From and To say which and where.
	WhyKeyword tickets.Why = "keyword"
	// WhyNoKeyword: the message has no keyword.
	WhyNoKeyword tickets.Why = "no_keyword"
	// WhyAlreadyImportant: the ticket was important already.
	WhyAlreadyImportant tickets.Why = "already_important"
	// WhyUnmarkedByAgent: an agent marked the ticket normal (R3.5).
	WhyUnmarkedByAgent tickets.Why = "unmarked_by_agent"
)

var important = rule{
	key:  RuleImportant,
	name: words("Importante por contenido", "Important by content", "Importante por conteúdo"),
	on:   []tickets.CommandKind{tickets.CommandWrite},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyKeyword:          words("Lo marcó importante: el mensaje tiene «{word}»", "It marked the ticket as important: the message has “{word}”", "Marcou como importante: a mensagem tem «{word}»"),
		WhyNoKeyword:        words("No lo marcó: el mensaje no tiene ninguna de las palabras", "It did not mark it: the message has none of the words", "Não marcou: a mensagem não tem nenhuma das palavras"),
		WhyAlreadyImportant: words("No hizo nada: el ticket ya era importante", "It did nothing: the ticket was important already", "Não fez nada: o ticket já era importante"),
		WhyUnmarkedByAgent:  words("No lo marcó: un ejecutivo lo había marcado como normal", "It did not mark it: an agent had marked it as normal", "Não marcou: um atendente o havia marcado como normal"),
	},
	compile: func(e *env) (any, error) {
		of := &e.Config.General.Important
		if !of.Enabled {
			return nil, nil
		}
		keywords, err := CompileKeywords(of.Keywords)
		return importance{keywords}, err
	},
}

type importance struct{ keywords *Keywords }

// ask marks the ticket important if the message has a keyword, unless it is important
// already or an agent unmarked it, and adds the finding. One that is with the bot is notified
// when it is handed over ([RuleNotify]).
func (r importance) ask(d *tickets.Draft) {
	f := tickets.Finding{Rule: RuleImportant}
	switch m, ok := r.keywords.Find(d.Written()); {
	case d.Ticket.Important:
		f.Why = WhyAlreadyImportant
	case d.Ticket.KeywordsOff:
		f.Why = WhyUnmarkedByAgent
	case !ok:
		f.Why = WhyNoKeyword
	default:
		f.Fired, f.Why, f.Word, f.From, f.To = true, WhyKeyword, m.Word, m.From, m.To
		d.MarkImportant(RuleImportant)
		if d.Ticket.WithBot {
			d.Remember(tickets.Memory{Rule: RuleImportant, Number: 1})
		}
	}
	d.AddFinding(f)
}
