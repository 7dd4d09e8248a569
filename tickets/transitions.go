package tickets

import (
	"errors"
	"fmt"
)

// Errors of a decision. A refused command changes nothing.
var (
	// ErrNoTicket: the conversation has no such ticket.
	ErrNoTicket = errors.New("tickets: no such ticket")
	// ErrNotLatest: only typification, metadata and importance of an older
	// ticket can change (R3.3).
	ErrNotLatest = errors.New("tickets: not the customer's latest ticket")
	// ErrTransition: the ticket's state does not allow it (R3.3, R3.7). It comes
	// as a [*TransitionError].
	ErrTransition = errors.New("tickets: not possible in this state")
	// ErrAnonymous: typification, metadata and previous tickets are not to be
	// had for anonymous customers (R3.6, R7.3).
	ErrAnonymous = errors.New("tickets: the customer is anonymous")
	// ErrCommand: the command is of no known kind.
	ErrCommand = errors.New("tickets: unknown command")
)

// TransitionError says which command which state refused. It is an
// [ErrTransition].
type TransitionError struct {
	From   Status
	Paused bool
	Kind   CommandKind
}

// Error says it in English.
func (e *TransitionError) Error() string {
	from := string(e.From)
	switch {
	case e.From == StatusNone:
		from = "missing"
	case e.Paused:
		from = "paused"
	}
	return fmt.Sprintf("tickets: %s is not possible on a ticket that is %s", e.Kind, from)
}

// Unwrap makes errors.Is(err, ErrTransition) hold.
func (e *TransitionError) Unwrap() error { return ErrTransition }

// transitions is the table of R3.3, and nothing else: a command that is missing
// in the row of a ticket's status is an error (for CommandExpire: it never happens). A
// customer who writes without a ticket, or after its close, starts a new one;
// it is ignored under "create ignored", and within the reopening window it is
// the closed one again (R3.4, R5.3).
var transitions = map[Status]map[CommandKind]Status{
	StatusNone:    {CommandWrite: StatusOpen},
	StatusOpen:    {CommandWrite: StatusOpen, CommandReply: StatusOpen, CommandClose: StatusClosed, CommandIgnore: StatusIgnored, CommandExpire: StatusClosed},
	StatusIgnored: {CommandWrite: StatusIgnored, CommandReply: StatusOpen, CommandClose: StatusClosed, CommandOpen: StatusOpen},
	StatusClosed:  {CommandWrite: StatusOpen, CommandOpen: StatusOpen},
}

// Next says which status a command leads to from a status, by the table of R3.3;
// false: the command is refused. From [StatusNone] and [StatusClosed], [CommandWrite] leads to a
// ticket of its own, or reopens (R3.4).
func Next(from Status, k CommandKind) (Status, bool) {
	to, ok := transitions[from][k]
	return to, ok
}
