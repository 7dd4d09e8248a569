package automation

import (
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// RuleParts are what a rule has to be checked for.
type RuleParts struct {
	Key      tickets.RuleKey
	Name     chatcfg.Words
	On       []tickets.CommandKind
	Off      chatcfg.Words
	Reads    []tickets.RuleKey
	Earlier  []tickets.RuleKey
	Reasons  map[tickets.Why]chatcfg.Words
	Compiles bool
	// Asks and Timed say what the rule is under a configuration that has
	// everything on.
	Asks, Timed bool
	// PartlyTimed says that it has some methods of a deadline, but not all.
	PartlyTimed bool
}

// Parts are the parts of all rules, in their order.
func Parts(r *Rules) []RuleParts {
	var list []RuleParts
	for i, one := range rules {
		p := RuleParts{
			Key: one.key, Name: one.name, On: one.on, Off: one.off, Reads: one.reads, Reasons: one.reasons,
			Compiles: one.compile != nil,
		}
		for _, before := range rules[:i] {
			p.Earlier = append(p.Earlier, before.key)
		}
		if one.compile != nil {
			compiled, err := one.compile(&env{Rules: r, rule: one, before: rules[:i]})
			_, asks := compiled.(asker)
			p.Asks = err == nil && asks
			p.PartlyTimed = err == nil && partlyTimed(compiled)
			p.Timed = slices.ContainsFunc(r.timed, func(d deadline) bool { return d.key == one.key })
		}
		list = append(list, p)
	}
	return list
}

func partlyTimed(compiled any) bool {
	if _, ok := compiled.(timed); ok {
		return false
	}
	_, due := compiled.(interface {
		due(*tickets.Ticket) (time.Time, bool)
	})
	_, fire := compiled.(interface {
		fire(*tickets.Draft, tickets.Inputs, time.Time, tickets.CommandKind) error
	})
	return due || fire
}

// FactWords are the words of facts.
func FactWords() map[tickets.FactKind]chatcfg.Words { return factWords }

// Timed returns a rule's deadline for a ticket; false: it has none.
func (r *Rules) Timed(t *tickets.Ticket, key tickets.RuleKey) (time.Time, bool) {
	for i := range r.timed {
		if r.timed[i].key == key {
			return r.timed[i].due(t)
		}
	}
	return time.Time{}, false
}
