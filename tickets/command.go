package tickets

// Kind is the kind of a command.
type Kind string

// What can be asked of a conversation: the columns of R3.3, and what changes a
// ticket without moving it.
const (
	Write      Kind = "write"  // the customer writes
	Reply      Kind = "reply"  // an agent replies
	Close      Kind = "close"  // an agent closes
	Ignore     Kind = "ignore" // an agent ignores
	OpenTicket Kind = "open"   // an agent opens
	Expire     Kind = "expire" // auto-close closes
	Pause      Kind = "pause"  // an agent pauses (R3.7)
	Resume     Kind = "resume" // an agent resumes
	Mark       Kind = "mark"   // an agent marks important (R3.5)
	Unmark     Kind = "unmark" // an agent marks normal
	// Classify sets the typification, Describe the metadata (R3.6).
	Classify Kind = "classify"
	Describe Kind = "describe"
	// Delay notices that a wait has reached the SLA (R2.3), Rearm moves a
	// running wait to a new SLA (R2.6), Tick lets happen what is due and is
	// nothing by itself. Rules send these, as they do Expire.
	Delay Kind = "delay"
	Rearm Kind = "rearm"
	Tick  Kind = "tick"
)

// Command is one thing asked of a conversation.
type Command struct {
	Kind  Kind
	Actor Actor
	// Number addresses a ticket; zero: the latest.
	Number Number
	// Text is what is written or replied, File what is attached to it; nil:
	// nothing.
	Text string
	File *File
	// Customer is who writes.
	Customer Customer
	// Welcome is the welcome message that this message answers; nil: none
	// (R6.5).
	Welcome *Welcome
	// Links are conversations to link (R7.2).
	Links []ConversationID
	// Typification is for Classify; nil clears it.
	Typification *Typification
	// Metadata is for Describe: it replaces all of it.
	Metadata map[string]string
}

// Welcome is a welcome message as the widget showed it (R6.5).
type Welcome struct {
	Text   string
	Author string
}
