package automation

import (
	"fmt"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Explanation is a history entry in words.
type Explanation struct {
	// Entry and Ticket are the history entry's, At and Due its instants.
	Entry  int64          `json:"entry"`
	Ticket tickets.Number `json:"ticket"`
	At     time.Time      `json:"at"`
	Due    time.Time      `json:"due,omitzero"`
	// What says who did what, and what came of it.
	What string `json:"what"`
	// Rules say what every rule that could have acted did, and why.
	Rules []RuleExplanation `json:"rules,omitempty"`
}

// RuleExplanation is why a rule acted or did not.
type RuleExplanation struct {
	Rule  tickets.RuleKey `json:"rule"`
	Fired bool            `json:"fired"`
	Text  string          `json:"text"`
}

// Explain puts a history entry into words, in Spanish, English or Portuguese
// ([chatcfg.Auto] and any other: Spanish), its instants in the time of loc. Rules
// that were off left no finding in the history; they are named here.
func Explain(e tickets.Entry, l chatcfg.Locale, loc *time.Location) Explanation {
	w, ok := explainWords[l]
	if !ok {
		w = explainWords[chatcfg.Spanish]
	}
	x := Explanation{Entry: e.N, Ticket: e.Ticket, At: e.At, Due: e.Due}
	var what strings.Builder
	what.WriteString(w.actor(e.Actor))
	what.WriteString(" " + w.kinds[e.Kind])
	facts := make([]string, 0, len(e.Facts))
	for _, f := range e.Facts {
		facts = append(facts, w.fact(f))
	}
	if len(facts) > 0 {
		what.WriteString(": " + strings.Join(facts, ", "))
	}
	x.What = what.String()
	said := make(map[tickets.RuleKey]bool, len(e.Trace))
	for _, f := range e.Trace {
		said[f.Rule] = true
		x.Rules = append(x.Rules, RuleExplanation{Rule: f.Rule, Fired: f.Fired, Text: w.finding(f, loc)})
	}
	for _, rule := range asked(e) {
		if !said[rule] {
			x.Rules = append(x.Rules, RuleExplanation{Rule: rule, Text: w.why["off"]})
		}
	}
	return x
}

// asked are the rules that an entry of its kind asks.
func asked(e tickets.Entry) []tickets.RuleKey {
	switch e.Kind {
	case tickets.CommandWrite:
		return []tickets.RuleKey{
			RuleImportant, RuleNotify,
			RuleNewCustomer, RuleTicketCreated, RuleOutOfHours, RuleNoAgents,
		}
	case tickets.CommandClose:
		return []tickets.RuleKey{RuleManualClose}
	case tickets.CommandExpire:
		return []tickets.RuleKey{RuleAutomaticClose}
	case tickets.CommandReply, tickets.CommandResume:
		return []tickets.RuleKey{RuleAutoClose}
	default:
		return nil
	}
}

type vocabulary struct {
	customer, agent, rule string
	kinds                 map[tickets.CommandKind]string
	facts                 map[tickets.FactKind]string
	by, manual, automatic string
	why                   map[tickets.Why]string
	text, word, until     string
}

func (w *vocabulary) actor(a tickets.Actor) string {
	switch a.Kind {
	case tickets.ActorCustomer:
		return w.customer
	case tickets.ActorAgent:
		name := a.Name
		if name == "" {
			name = string(a.Agent)
		}
		return w.agent + " " + name
	default:
		return w.rule + " " + string(a.Rule)
	}
}

func (w *vocabulary) fact(f tickets.Fact) string {
	s := w.facts[f.Kind]
	switch f.Kind {
	case tickets.FactSaid:
		s = fmt.Sprintf("%s %d", s, f.Seq)
	case tickets.FactClosed:
		reason := w.manual
		if f.Reason == tickets.ReasonAutomatic {
			reason = w.automatic
		}
		s += " (" + reason + ")"
	case tickets.FactAnswered:
		s = fmt.Sprintf("%s %s", s, f.Waited.Round(time.Second))
	case tickets.FactNotified:
		s += " " + f.Address
	}
	if f.Rule != "" {
		s += fmt.Sprintf(" (%s %s)", w.by, f.Rule)
	}
	return s
}

func (w *vocabulary) finding(f tickets.Finding, loc *time.Location) string {
	s, ok := w.why[f.Why]
	if !ok {
		s = string(f.Why)
	}
	if f.Text > 0 {
		s += fmt.Sprintf("; "+w.text, f.Text)
	}
	if f.Word != "" {
		s += fmt.Sprintf("; "+w.word, f.Word, f.From, f.To)
	}
	if !f.Until.IsZero() {
		s += fmt.Sprintf("; "+w.until, f.Until.In(loc).Format("2006-01-02 15:04:05 MST"))
	}
	return s
}
