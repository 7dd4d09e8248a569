package tickets

// CommandKind is what a command asks for.
type CommandKind string

// The kinds of commands: the columns of R3.3, and what changes a
// ticket without moving it.
const (
	CommandWrite  CommandKind = "write"  // the customer writes
	CommandReply  CommandKind = "reply"  // an agent replies
	CommandStart  CommandKind = "start"  // an agent writes first (R16.5)
	CommandClose  CommandKind = "close"  // an agent closes
	CommandIgnore CommandKind = "ignore" // an agent ignores
	CommandOpen   CommandKind = "open"   // an agent opens
	CommandExpire CommandKind = "expire" // auto-close closes
	CommandEnd    CommandKind = "end"    // the visitor ends (R14.2)
	CommandRate   CommandKind = "rate"   // the customer rates (R14.3)
	CommandPause  CommandKind = "pause"  // an agent pauses (R3.7)
	CommandResume CommandKind = "resume" // an agent resumes
	CommandMark   CommandKind = "mark"   // an agent marks important (R3.5)
	CommandUnmark CommandKind = "unmark" // an agent marks normal
	// CommandClassify sets the typification, CommandDescribe the metadata (R3.6).
	CommandClassify CommandKind = "classify"
	CommandDescribe CommandKind = "describe"
	CommandAssign   CommandKind = "assign" // an agent says who has it (R11.1)
	CommandTake     CommandKind = "take"   // an agent takes it
	CommandNote     CommandKind = "note"   // an agent writes for agents (R11.4)
	// CommandBotReply is an automated agent's answer (R12.1), CommandHandOver gives a ticket
	// that is with the bot to the agents (R12.3); a rule sends it, too.
	CommandBotReply CommandKind = "botReply"
	CommandHandOver CommandKind = "handOver"
	// CommandDelay notes that a wait has reached the SLA (R2.3), CommandRearm moves
	// a running wait to a new SLA (R2.6). Rules send these, as they do
	// CommandExpire. CommandTick carries out what is due, and nothing else.
	CommandDelay CommandKind = "delay"
	CommandRearm CommandKind = "rearm"
	// CommandRemind notes that a reminder has had its turn (R13.2); a rule sends it.
	CommandRemind CommandKind = "remind"
	CommandTick   CommandKind = "tick"
)

// Command is one change that is asked for in a conversation. Which kind reads which fields,
// beside Kind (a [CommandRow] has it as Takes; charla's Agent.Do refuses what is set beside):
//
//	classify                                Typification
//	describe                                Metadata
//	assign                                  Assignee, Team, From
//	close, ignore, open, pause, resume,
//	mark, unmark, take, handOver            none
//
// The others have calls of their own in package charla, which fill them in: Visitor.Write
// (write), Visitor.End (end), Visitor.Rate (rate), Agent.Reply (reply, botReply), Agent.Note
// (note), Agent.Start (start) and Agent.TakeNext (take, with Turn). expire, delay, rearm,
// remind and tick are the rules' own.
type Command struct {
	Kind  CommandKind
	Actor Actor
	// Number addresses a ticket; zero: the latest.
	Number Number
	// Text is what is written, replied or noted, File what is attached to it; nil:
	// nothing.
	Text string
	File *File
	// Mentions are the agents whom a note names, for [CommandNote]; each counts once.
	Mentions []AgentID
	// Customer is who writes.
	Customer Customer
	// Welcome is the welcome message that this message answers; nil: none
	// (R6.5).
	Welcome *Welcome
	// Links are conversations to link (R7.2).
	Links []ConversationID
	// Typification is for [CommandClassify]; nil clears it.
	Typification *Typification
	// Metadata is for [CommandDescribe]: it replaces all of it.
	Metadata map[string]string
	// Assignee and Team are for [CommandAssign]; nil: as it was. The zero Assignee is
	// nobody, the empty Team none.
	Assignee *Assignee
	Team     *TeamID
	// From is who must still have the ticket for [CommandAssign], else it is refused
	// ([ErrTaken]); the empty one: nobody; nil: it does not matter.
	From *AgentID
	// Score and Comment are for [CommandRate].
	Score   int
	Comment string
	// Turn is for [CommandTake], of a ticket that was the next one; zero: of another one,
	// or without a key.
	Turn Turn
}

// Welcome is a welcome message as the widget showed it (R6.5).
type Welcome struct {
	Text   string
	Author string
}
