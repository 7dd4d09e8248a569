package tickets

import (
	"fmt"

	"github.com/charlahq/charla/chatcfg"
)

// Errors of a decision. A refused command changes nothing.
var (
	// ErrNoTicket: the conversation has no such ticket.
	ErrNoTicket error = chatcfg.Refusal("tickets: no such ticket")
	// ErrNotLatest: an older ticket takes only typification, metadata, importance, notes
	// and ratings (R3.3).
	ErrNotLatest error = chatcfg.Refusal("tickets: not the customer's latest ticket")
	// ErrTransition: the ticket's state does not allow it (R3.3, R3.7). It comes
	// as a [*TransitionError].
	ErrTransition error = chatcfg.Refusal("tickets: not possible in this state")
	// ErrAnonymous: typification, metadata and previous tickets are not to be
	// had for anonymous customers (R3.6, R7.3).
	ErrAnonymous error = chatcfg.Refusal("tickets: the customer is anonymous")
	// ErrTaken: another agent has the ticket, or not the one who must (R11.1). It comes as a [*TakenError].
	ErrTaken error = chatcfg.Refusal("tickets: another agent has it")
	// ErrCategory: the account has categories, and this is none of them (R11.6).
	ErrCategory error = chatcfg.Refusal("tickets: not a category of the account")
	// ErrRating: the ticket cannot be rated: customers are not asked after such a close, or
	// it is too late (R14.3).
	ErrRating error = chatcfg.Refusal("tickets: cannot be rated")
	// ErrAutomated: an automated agent may not do this (R12.1).
	ErrAutomated error = chatcfg.Refusal("tickets: not for an automated agent")
	// ErrCommand: the command is of no kind that can be given there.
	ErrCommand error = chatcfg.Refusal("tickets: no such command")
)

// TransitionError says which command which state refused. It is an
// [ErrTransition].
type TransitionError struct {
	From   Status
	Paused bool
	Kind   CommandKind
}

// Error says in English which command is not possible in which state.
func (e *TransitionError) Error() string {
	from := string(e.From)
	switch {
	case e.From == StatusNone:
		from = "missing"
	case e.Paused:
		from = "paused"
	case e.From == StatusOpen && e.Kind == CommandResume:
		from = "not paused"
	case e.From == StatusOpen && e.Kind == CommandHandOver:
		from = "not with the bot"
	}
	return fmt.Sprintf("tickets: %s is not possible on a ticket that is %s", e.Kind, from)
}

// Unwrap returns [ErrTransition].
func (e *TransitionError) Unwrap() error { return ErrTransition }

// TakenError refuses to take or to assign a ticket and says which agent has it; the zero
// one: nobody. It is an [ErrTaken].
type TakenError struct{ By Assignee }

// Error says in English which agent has the ticket, by their ID.
func (e *TakenError) Error() string {
	if e.By.Agent == "" {
		return "tickets: nobody has it"
	}
	return fmt.Sprintf("tickets: agent %q has it", e.By.Agent)
}

// Unwrap makes errors.Is(err, ErrTaken) hold.
func (e *TakenError) Unwrap() error { return ErrTaken }
