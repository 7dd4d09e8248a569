// Package automation decides what follows by itself: the eight automatic actions
// of SPEC section 4, the marking by keywords and the notifications of section 5,
// and the deadlines of both. It is pure. R4.2 and the like are rules of docs/SPEC.md.
//
// [Compile] makes [Rules] of a configuration version once: calendar, keyword
// automaton, parsed texts. [Rules.Decide] decides a command: the deadlines
// before it come first, then the command, then the actions that follow from it. Every rule that is on leaves a finding in the history entry, with what it
// looked at; [Explain] puts an entry into words. Each rule is a file of its own
// here, rule_….go, and a line in the list of rule.go. Stored state, explanations, dry
// runs, simulations and scenario files all come from this one function.
//
// Nothing here answers an automatic message (R4.4): actions follow from commands
// of customers, agents and deadlines only, so a decision ends by construction.
package automation
