package tickets

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// RuleKey names an automatic rule, an action by its configuration key. The rules
// are in package automation.
type RuleKey string

// ActorKind says what kind of actor changed something.
type ActorKind string

// The kinds of actor.
const (
	ActorCustomer ActorKind = "customer"
	ActorAgent    ActorKind = "agent"
	ActorRule     ActorKind = "rule"
	ActorBot      ActorKind = "bot" // an automated agent (R12.1)
)

// Actor is who changed something (R3.8).
type Actor struct {
	Kind ActorKind `json:"kind"`
	// Agent and Name are the agent's, also an automated one's.
	Agent AgentID `json:"agent,omitempty"`
	Name  string  `json:"name,omitempty"`
	// Session is the customer's.
	Session SessionID `json:"session,omitzero"`
	// Rule is the rule's.
	Rule RuleKey `json:"rule,omitempty"`
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

// Entry is one line of the history: a decision, its inputs and everything that
// followed from it (R3.8). Entries are never rewritten.
type Entry struct {
	// N numbers the entries of a conversation: 1, 2, 3, …
	N int64 `json:"n"`
	// Ticket is the ticket it changed.
	Ticket Number `json:"ticket"`
	// At is when it was done.
	At time.Time `json:"at"`
	// Due is when it was due, for a deadline; else zero (R4.3).
	Due    time.Time   `json:"due,omitzero"`
	Kind   CommandKind `json:"kind"`
	Actor  Actor       `json:"actor"`
	Inputs Inputs      `json:"inputs"`
	// Facts are what changed, in order, those of rules included.
	Facts []Fact `json:"facts,omitempty"`
	// Trace is what every rule that was asked answered, in order.
	Trace []Finding `json:"trace,omitempty"`
}

// FactKind says what happened.
type FactKind string

// What can happen.
const (
	FactCreated   FactKind = "created"
	FactReopened  FactKind = "reopened" // by a customer's message, within the window
	FactOpened    FactKind = "opened"   // by an agent, or by an agent's reply
	FactIgnored   FactKind = "ignored"
	FactClosed    FactKind = "closed"
	FactPaused    FactKind = "paused"
	FactResumed   FactKind = "resumed"
	FactSaid      FactKind = "said" // a message was stored
	FactMarked    FactKind = "important"
	FactUnmarked  FactKind = "normal"
	FactDelayed   FactKind = "delayed"
	FactAnswered  FactKind = "answered" // a wait ended by a reply
	FactTypified  FactKind = "typified"
	FactDescribed FactKind = "metadata"
	FactNotified  FactKind = "notified"
	FactRearmed   FactKind = "rearmed"  // a deadline was recomputed after a save
	FactLinked    FactKind = "linked"   // to what the session wrote before its login
	FactAssigned  FactKind = "assigned" // to another agent, or to nobody (R11.1)
	FactTeam      FactKind = "team"     // given to another team, or to none
	FactNoted     FactKind = "noted"    // a note was stored (R11.4)
	FactMentioned FactKind = "mentioned"
	FactRated     FactKind = "rated" // by the customer (R14.3)
	// FactHandedOver: the ticket is with the bot no more (R12.3).
	FactHandedOver FactKind = "handedOver"
)

// Fact is one thing that happened within a decision.
type Fact struct {
	Kind FactKind `json:"kind"`
	// Rule is the rule that did it; empty: the entry's actor did.
	Rule RuleKey `json:"rule,omitempty"`
	// Seq is the message's, for [FactSaid] and [FactNoted].
	Seq int64 `json:"seq,omitempty"`
	// Reason is for [FactClosed].
	Reason CloseReason `json:"reason,omitempty"`
	// Address is for [FactNotified].
	Address string `json:"address,omitempty"`
	// Assignee is for [FactAssigned]: who has the ticket now; zero: nobody; and for
	// [FactMentioned]: whom a note names. Team is for [FactTeam]; empty: none.
	Assignee Assignee `json:"assignee,omitzero"`
	Team     TeamID   `json:"team,omitempty"`
	// Score and Comment are for [FactRated].
	Score   int    `json:"score,omitempty"`
	Comment string `json:"comment,omitempty"`
	// Waited is for [FactAnswered], on the clock of the SLA.
	Waited Span `json:"waited,omitempty"`
}

// Why says why a rule fired or did not. The reasons are in package automation,
// with the rules.
type Why string

// Finding is what one rule answered within a decision, with what it looked at.
type Finding struct {
	Rule  RuleKey `json:"rule"`
	Fired bool    `json:"fired,omitempty"`
	Why   Why     `json:"why"`
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
