package tickets

// Kind is the kind of a command.
type Kind string

// What can be asked of a conversation: the columns of R3.3 and what changes a
// ticket without moving it.
const (
	Write  Kind = "write"  // the customer writes
	Reply  Kind = "reply"  // an agent replies
	Close  Kind = "close"  // an agent closes
	Ignore Kind = "ignore" // an agent ignores
	Reopen Kind = "open"   // an agent opens
	Pause  Kind = "pause"
	Resume Kind = "resume"
	Mark   Kind = "mark"   // an agent marks important
	Unmark Kind = "unmark" // an agent marks normal
	// Classify sets the typification, Describe the metadata (R3.6).
	Classify Kind = "classify"
	Describe Kind = "describe"
	// Tick lets happen what is due; charla itself sends it.
	Tick Kind = "tick"
)

// Command is one thing asked of a conversation.
type Command struct {
	Kind  Kind
	Actor Actor
	// Number addresses a ticket; zero: the latest.
	Number Number
	// Text is what is written or replied.
	Text string
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
