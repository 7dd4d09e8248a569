// Package tickets has what a host reads and says of conversations: [Ticket], [Message] and
// [Entry] (a line of the history) are what lists and streams of package charla yield, [Ref]
// names a ticket, [Command] is what an agent does by charla's Agent.Do, [Report] the figures.
// Its errors ([ErrTransition], [ErrTaken]…) say why a command was refused.
//
// R3.3 and the like, here and in all of charla's documentation, are rules of docs/SPEC.md.
//
// It is also the state machine behind them: what a customer's message, an agent's command or
// a deadline does to tickets, messages and history (SPEC sections 2 and 3). That is pure: a
// decision takes the state, the command and its [Inputs] as values and returns a [Draft];
// there is no clock, no chance and no I/O in it. Hosts need none of it.
//
// A [Conversation] is one customer in one account, and the unit of consistency.
// Its tickets are numbered; only the latest can be other than closed, so it is
// the only one that a decision needs, with at most one older one for
// typification, metadata and importance. [Commands] is the table of R3.3,
// and docs/states.md is drawn from it.
//
// A ticket waits for one thing at a time. While the customer has the last word a
// [Wait] runs against the SLA; while an agent has it, auto-close counts from
// CountsFrom. That keeps deadlines to one indexed column of a store.
//
// What the automatic actions do with this is in package automation; how it is
// stored, in package storage.
package tickets
