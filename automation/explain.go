package automation

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
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
	// What says who did what, and what changed by it.
	What string `json:"what"`
	// Rules say what every rule that could have acted did, and why.
	Rules []RuleExplanation `json:"rules,omitempty"`
}

// RuleExplanation is why a rule acted or did not.
type RuleExplanation struct {
	Rule tickets.RuleKey `json:"rule"`
	// Name is what people call the rule.
	Name  string `json:"name"`
	Fired bool   `json:"fired"`
	Text  string `json:"text"`
}

// Explain puts a history entry into words, in Spanish, English or Portuguese
// ([chatcfg.Auto] and any other: Spanish), its instants in the time of loc; nil: UTC.
// Rules that were off left no finding in the history; they are named here.
func Explain(e tickets.Entry, l chatcfg.Locale, loc *time.Location) Explanation {
	if l != chatcfg.English && l != chatcfg.Portuguese {
		l = chatcfg.Spanish
	}
	w := wording{l, loc, e.At}
	x := Explanation{Entry: e.N, Ticket: e.Ticket, At: e.At, Due: e.Due, What: w.what(&e)}
	for _, f := range e.Trace {
		x.Rules = append(x.Rules, RuleExplanation{Rule: f.Rule, Name: w.name(f.Rule), Fired: f.Fired, Text: w.finding(f)})
	}
	for _, one := range rules {
		if !slices.Contains(one.on, e.Kind) || slices.ContainsFunc(e.Trace, func(f tickets.Finding) bool { return f.Rule == one.key }) {
			continue
		}
		off := one.off
		if off.IsZero() {
			off = isOff
		}
		x.Rules = append(x.Rules, RuleExplanation{Rule: one.key, Name: w.in(one.name), Text: w.in(off)})
	}
	return x
}

// wording puts things into the words of a language, as of an instant.
type wording struct {
	locale chatcfg.Locale
	loc    *time.Location
	at     time.Time
}

// in returns the words in the language; in Spanish if they are not in that one.
func (w wording) in(words chatcfg.Words) string { return words.In(w.locale, chatcfg.Spanish) }

// name returns what people call a rule; its key, if this version does not know it.
func (w wording) name(key tickets.RuleKey) string {
	if one := ruleOf(key); one != nil {
		return w.in(one.name)
	}
	return string(key)
}

// RuleName returns what people call a rule, in Spanish, English or Portuguese (any
// other: Spanish); its key, if this version does not know it.
func RuleName(key tickets.RuleKey, l chatcfg.Locale) string { return wording{locale: l}.name(key) }

// ruleOf returns the rule with a key; nil: this version does not know it.
func ruleOf(key tickets.RuleKey) *rule {
	for _, one := range rules {
		if one.key == key {
			return one
		}
	}
	return nil
}

// what says in words who did what, and what changed by it; a command of an unknown kind
// is its key.
func (w wording) what(e *tickets.Entry) string {
	text, said := string(e.Kind), tickets.FactKind("")
	if row := e.Kind.Row(); row != nil {
		text, said = strings.ReplaceAll(w.in(row.Words), "{actor}", w.actor(e.Actor)), row.Fact
	}
	var facts []string
	for _, f := range e.Facts {
		written := f.Kind == tickets.FactSaid && f.Rule == "" // as the command says
		if !written && (f.Kind != said || f.Rule != e.Actor.Rule) {
			facts = append(facts, w.fact(f))
		}
	}
	if len(facts) > 0 {
		text += ": " + strings.Join(facts, ", ")
	}
	return text
}

// actor returns what people call who did something: a name, or "the agent" with the ID; a
// bot's is marked (R12.1).
func (w wording) actor(a tickets.Actor) string {
	switch {
	case a.Kind == tickets.ActorCustomer:
		return w.in(theCustomer)
	case a.Kind == tickets.ActorRule:
		return w.name(a.Rule)
	case a.Kind == tickets.ActorBot:
		return cmp.Or(a.Name, string(a.Agent)) + " (bot)"
	case a.Name != "":
		return a.Name
	default:
		return w.in(theAgent) + " " + string(a.Agent)
	}
}

// fact says in words what happened; a fact of an unknown kind is its key.
func (w wording) fact(f tickets.Fact) string {
	words, ok := factWords[f.Kind]
	if !ok {
		return string(f.Kind)
	}
	switch {
	case f.Kind == tickets.FactAssigned && f.Assignee.Agent == "":
		words = unassigned
	case f.Kind == tickets.FactTeam && f.Team == "":
		words = noTeam
	}
	text := strings.NewReplacer(
		"{assignee}", cmp.Or(f.Assignee.Name, string(f.Assignee.Agent)), "{team}", string(f.Team), "{address}", f.Address, "{score}", strconv.Itoa(f.Score), "{waited}", w.duration(f.Waited.Std()),
	).Replace(w.in(words))
	if f.Comment != "" {
		text += ", “" + f.Comment + "”"
	}
	if f.Rule != "" {
		text += " (" + w.name(f.Rule) + ")"
	}
	return text
}

// finding says in words what a rule answered; the key of the reason, if this version
// does not know the rule or the reason.
func (w wording) finding(f tickets.Finding) string {
	one := ruleOf(f.Rule)
	if one == nil {
		return string(f.Why)
	}
	reason, ok := one.reasons[f.Why]
	if !ok {
		return string(f.Why)
	}
	text := strings.NewReplacer("{until}", w.instant(f.Until), "{word}", strings.ReplaceAll(f.Word, "*", "…")).Replace(w.in(reason))
	if f.Text > 0 {
		text += fmt.Sprintf(w.in(withText), f.Text)
	}
	return text
}

// instant returns an instant as people say it: "at 14:50" on the entry's day, another with its
// date, so that it is true whenever it is read.
func (w wording) instant(t time.Time) string {
	if t.IsZero() {
		return w.in(never)
	}
	loc := w.loc
	if loc == nil {
		loc = time.UTC
	}
	on := t.In(loc)
	if on.Format(time.DateOnly) == w.at.In(loc).Format(time.DateOnly) {
		return w.in(sameDay) + " " + on.Format("15:04")
	}
	date := chatcfg.FormatInstant(t, loc, w.locale) // "Monday 9 March, 09:00"
	the := theDay
	if day := on.Weekday(); day == time.Saturday || day == time.Sunday {
		the = theWeekend
	}
	return w.in(the) + " " + date[:strings.LastIndex(date, ", ")] + " " + w.in(sameDay) + " " + on.Format("15:04")
}

// duration returns a duration as people say it, in at most two units: "2 h 30 min".
func (w wording) duration(d time.Duration) string {
	d = d.Round(time.Second)
	var parts []string
	for _, unit := range [...]struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if n := d / unit.of; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf("%d %s", n, unit.name))
			d -= n * unit.of
		}
	}
	if len(parts) == 0 {
		return "0 s"
	}
	return strings.Join(parts, " ")
}
