package tickets

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// Rule names an automatic rule.
type Rule string

// The seven automatic actions, by their configuration keys, and the other rules.
const (
	AutoClose      Rule = "autoClose"
	NewCustomer    Rule = "newCustomer"
	NoAgents       Rule = "noAgents"
	OutOfHours     Rule = "outOfHours"
	TicketCreated  Rule = "ticketCreated"
	ManualClose    Rule = "manualClose"
	AutomaticClose Rule = "automaticClose"
	// Important marks by keyword (R5.1), Notify writes e-mails (R5.2), SLA
	// notices delays (R2.3).
	Important Rule = "important"
	Notify    Rule = "notify"
	SLA       Rule = "sla"
)

// ActorKind says what kind of actor changed something.
type ActorKind string

// The kinds of actor.
const (
	ByCustomer ActorKind = "customer"
	ByAgent    ActorKind = "agent"
	ByRule     ActorKind = "rule"
)

// Actor is who changed something (R3.8).
type Actor struct {
	Kind ActorKind `json:"kind"`
	// Agent and Name are the agent's.
	Agent AgentID `json:"agent,omitempty"`
	Name  string  `json:"name,omitempty"`
	// Session is the customer's.
	Session SessionID `json:"session,omitzero"`
	// Rule is the rule's.
	Rule Rule `json:"rule,omitempty"`
}

// Presence is whether an account has an available agent (R4.7).
type Presence struct {
	Available bool `json:"available,omitempty"`
	// Absence numbers the absences of an account; it is constant during one
	// and larger in the next.
	Absence int64 `json:"absence"`
}

// Inputs is everything that a decision takes from outside the conversation.
type Inputs struct {
	// Now is the deciding desk's clock, never before the conversation's LastAt.
	Now time.Time `json:"now"`
	// Presence is the account's.
	Presence Presence `json:"presence"`
	// Config is the configuration version that was in force.
	Config chatcfg.Version `json:"config"`
	// Chance is the command's one random number.
	Chance uint64 `json:"chance"`
}

// Entry is one line of the history: a decision, what it took in and everything
// that followed from it (R3.8). Entries are never rewritten.
type Entry struct {
	// N numbers the entries of a conversation: 1, 2, 3, …
	N int64 `json:"n"`
	// Ticket is the ticket it changed.
	Ticket Number `json:"ticket"`
	// At is when it was done.
	At time.Time `json:"at"`
	// Due is when it fell due; zero for what nobody scheduled (R4.3).
	Due    time.Time `json:"due,omitzero"`
	Kind   Kind      `json:"kind"`
	Actor  Actor     `json:"actor"`
	Inputs Inputs    `json:"inputs"`
	// Facts are what changed, in order, those of rules included.
	Facts []Fact `json:"facts,omitempty"`
	// Trace is what every rule that was asked answered, in order.
	Trace []Finding `json:"trace,omitempty"`
}

// FactKind says what happened.
type FactKind string

// What can happen.
const (
	Created    FactKind = "created"
	Reopened   FactKind = "reopened" // by a customer's message, within the window
	Opened     FactKind = "opened"   // by an agent, or by an agent's reply
	WasIgnored FactKind = "ignored"
	WasClosed  FactKind = "closed"
	Paused     FactKind = "paused"
	Resumed    FactKind = "resumed"
	Said       FactKind = "said" // a message was stored
	Marked     FactKind = "important"
	Unmarked   FactKind = "normal"
	WasDelayed FactKind = "delayed"
	Answered   FactKind = "answered" // a wait ended by a reply
	Typified   FactKind = "typified"
	Described  FactKind = "metadata"
	Notified   FactKind = "notified"
	Rearmed    FactKind = "rearmed" // a deadline was recomputed after a save
	Linked     FactKind = "linked"  // to what the session wrote before its login
)

// Fact is one thing that happened within a decision.
type Fact struct {
	Kind FactKind `json:"kind"`
	// Rule is the rule that did it; empty: the entry's actor did.
	Rule Rule `json:"rule,omitempty"`
	// Seq is the message's, for Said.
	Seq int64 `json:"seq,omitempty"`
	// Reason is for WasClosed.
	Reason CloseReason `json:"reason,omitempty"`
	// Address is for Notified.
	Address string `json:"address,omitempty"`
	// Waited is for Answered, on the clock of the SLA; in JSON nanoseconds.
	Waited time.Duration `json:"waited,omitempty"`
}

// Why says why a rule fired or did not.
type Why string

// The reasons.
const (
	// Armed: the deadline is set, Until is when.
	Armed Why = "armed"
	// AtDeadline: the deadline came.
	AtDeadline Why = "deadline"
	// AgentClosed: an agent closed the ticket.
	AgentClosed Why = "agent_closed"
	// FirstMessage: the customer's first message ever.
	FirstMessage Why = "first_message"
	// NotFirstMessage: the customer had written before.
	NotFirstMessage Why = "not_first_message"
	// WasCreated: the message created a ticket.
	WasCreated Why = "created"
	// NotCreated: the message created no ticket.
	NotCreated Why = "not_created"
	// ClosedHours: outside the business hours.
	ClosedHours Why = "closed_hours"
	// OpenHours: inside the business hours.
	OpenHours Why = "open_hours"
	// SpokeInInterval: it has spoken in this closed interval; Until is the next opening.
	SpokeInInterval Why = "spoke_in_interval"
	// NoAgent: no agent is available.
	NoAgent Why = "no_agent"
	// AgentAvailable: an agent is available.
	AgentAvailable Why = "agent_available"
	// SpokeInAbsence: it has spoken in this absence.
	SpokeInAbsence Why = "spoke_in_absence"
	// HeldBack: it gives way to outOfHours (R4.1).
	HeldBack Why = "held_back"
	// WhilePaused: the ticket is paused (R3.7).
	WhilePaused Why = "paused"
	// HasKeyword: the message has a keyword; Word, From and To say which and where.
	HasKeyword Why = "keyword"
	// NoKeyword: the message has no keyword.
	NoKeyword Why = "no_keyword"
	// AlreadyImportant: the ticket was important already.
	AlreadyImportant Why = "already_important"
	// UnmarkedByAgent: an agent marked the ticket normal (R3.5).
	UnmarkedByAgent Why = "unmarked_by_agent"
	// MarkedImportant: this message made the ticket important.
	MarkedImportant Why = "marked_important"
	// NotMarkedImportant: this message did not make the ticket important.
	NotMarkedImportant Why = "not_marked_important"
	// AlreadyNotified: every address was told of this ticket before.
	AlreadyNotified Why = "already_notified"
)

// Finding is what one rule answered within a decision, with what it looked at.
type Finding struct {
	Rule  Rule `json:"rule"`
	Fired bool `json:"fired,omitempty"`
	Why   Why  `json:"why"`
	// Text is which of the texts was chosen, from 1; zero: none.
	Text int `json:"text,omitempty"`
	// Word is the keyword that matched; From and To are where, in bytes of the
	// message's text.
	Word string `json:"word,omitempty"`
	From int    `json:"from,omitempty"`
	To   int    `json:"to,omitempty"`
	// Until is the instant that the rule looked at: the next opening, the
	// deadline.
	Until time.Time `json:"until,omitzero"`
}
