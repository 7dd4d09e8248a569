package tickets

import (
	"cmp"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// Format numbers the shape of a stored conversation, with its tickets. A process
// refuses to rewrite one of a newer format than its own. Format 2 has epochs of
// sessions, and Memory in place of two rules' own fields. Format 3 has who has a ticket,
// format 4 notes, format 5 ratings, and tickets that are with the bot or closed by one.
const Format = 5

// SessionFormat numbers the shape of a stored [Session], which is refused alike.
const SessionFormat = 2

// Status is the state of a ticket (R3.1). The zero value is no ticket.
type Status string

// The statuses.
const (
	StatusNone    Status = ""
	StatusOpen    Status = "open"
	StatusIgnored Status = "ignored"
	StatusClosed  Status = "closed"
)

// CloseReason says who closed a ticket. Empty: it is not closed.
type CloseReason string

// The reasons.
const (
	ReasonManual    CloseReason = "manual"
	ReasonAutomatic CloseReason = "automatic"
	ReasonCustomer  CloseReason = "customer"
)

// Level is how far a customer's identity is known (R7.1). The zero value is
// invalid.
type Level string

// The trust levels, from the lowest.
const (
	// LevelAnonymous said nothing about themselves.
	LevelAnonymous Level = "anonymous"
	// LevelClaimed typed a name, an e-mail, a RUT or a telephone; none is proved.
	LevelClaimed Level = "claimed"
	// LevelVerified came by a social login or an identity that the host signed.
	LevelVerified Level = "verified"
)

// IdentityKind keeps identities of different kinds apart (R7.2).
type IdentityKind string

// The kinds of identity.
const (
	// IdentitySession: the value is the ID of a browser session.
	IdentitySession IdentityKind = "session"
	// IdentityClaimedEmail: the value is a claimed e-mail ("e-mail as identifier").
	IdentityClaimedEmail IdentityKind = "claimed-email"
	// IdentityProvider: the value is "provider:subject" of a social login.
	IdentityProvider IdentityKind = "provider"
	// IdentityHost: the value is the subject of an identity signed by the host.
	IdentityHost IdentityKind = "host"
	// IdentityTurn is no customer: the value is the agent and the key of a call that took the
	// next ticket ([Turn.Identity]), so that one call takes one ticket.
	IdentityTurn IdentityKind = "turn"
)

// Identity is what finds a customer's conversation in an account. At most one
// conversation holds an identity.
type Identity struct {
	Kind  IdentityKind `json:"kind"`
	Value string       `json:"value"`
}

// Customer is what is known of who writes. Name, e-mail, RUT and telephone are
// labels unless Level is [LevelVerified].
type Customer struct {
	Level Level  `json:"level"`
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	// RUT is canonical: "12345678-5".
	RUT string `json:"rut,omitempty"`
	// Phone is E.164 where it could be.
	Phone string `json:"phone,omitempty"`
	// Locale is the visitor's language; empty: unknown.
	Locale chatcfg.Locale `json:"locale,omitempty"`
}

// Session is a visitor's stay: who they are and where they write (R7.1). It is a
// unit of its own in the store.
type Session struct {
	// Format is the [SessionFormat] of the charla that wrote it last.
	Format  int               `json:"format"`
	ID      SessionID         `json:"id"`
	Account chatcfg.AccountID `json:"account"`
	// Conversation is where it writes: the one that Identity found when the
	// session began, else a new ID that its first message creates unless
	// another session of the same identity was first.
	Conversation ConversationID `json:"conversation"`
	Identity     Identity       `json:"identity"`
	Customer     Customer       `json:"customer"`
	// TokenHash is the SHA-256 of the session's secret.
	TokenHash []byte `json:"tokenHash"`
	// Replaced is the TokenHash before the last login. Its token does nothing but
	// repeat that login.
	Replaced []byte `json:"replaced,omitempty"`
	// Signed says that it began, or last logged in, by an identity signed with the
	// account's secret token.
	Signed bool `json:"signed,omitempty"`
	// AccountEpoch, CustomerEpoch and SecretEpoch are the epochs of its account,
	// conversation and secret token when it began or last logged in. Once one of
	// those is higher the session is over.
	AccountEpoch  int64     `json:"accountEpoch,omitempty"`
	CustomerEpoch int64     `json:"customerEpoch,omitempty"`
	SecretEpoch   int64     `json:"secretEpoch,omitempty"`
	CreatedAt     time.Time `json:"createdAt"`
	// ExpiresAt is when it stops by itself.
	ExpiresAt time.Time `json:"expiresAt"`
	// EndedAt is when it was ended; zero: it goes on.
	EndedAt time.Time `json:"endedAt,omitzero"`
	// Links are the latest 32 conversations that it wrote in before its logins, the
	// last one at the end (R7.2).
	Links []ConversationID `json:"links,omitempty"`
	// Revision counts the writes; the store compares it when it saves.
	Revision int64 `json:"revision"`
}

// Conversation is one customer in one account: the unit of consistency. Every
// change of it raises Version by one.
type Conversation struct {
	// Format is the [Format] of the charla that wrote it last.
	Format  int               `json:"format"`
	Account chatcfg.AccountID `json:"account"`
	ID      ConversationID    `json:"id"`
	Version int64             `json:"version"`
	// Identity is what finds it.
	Identity  Identity  `json:"identity"`
	Customer  Customer  `json:"customer"`
	CreatedAt time.Time `json:"createdAt"`
	// LastAt is the time of the last change; time never goes back before it.
	LastAt time.Time `json:"lastAt"`
	// LastSeq is the sequence of the last message, LastEntry the number of the
	// last history entry; both are gapless from 1.
	LastSeq   int64 `json:"lastSeq"`
	LastEntry int64 `json:"lastEntry"`
	// Notes is how many notes follow the last message that is none (R11.4).
	Notes int64 `json:"notes,omitempty"`
	// Number is the latest ticket's; zero before the first.
	Number Number `json:"number"`
	// CustomerMessages counts what the customer wrote.
	CustomerMessages int64 `json:"customerMessages"`
	// Session is the session that wrote last: agents' and automatic messages
	// belong to it (R7.2).
	Session SessionID `json:"session"`
	// Links are conversations of sessions that logged in to this customer, the latest 64.
	Links []ConversationID `json:"links,omitempty"`
	// Armed is the configuration version under which the deadline was computed.
	Armed chatcfg.Version `json:"armed"`
	// SessionEpoch counts how often all sessions of the customer were ended.
	SessionEpoch int64 `json:"sessionEpoch,omitempty"`
	// Readers are how far agents have read, at most [MaxReaders], each agent once (R11.3).
	Readers []Reader `json:"readers,omitempty"`
}

// Reader is how far an agent has read a conversation.
type Reader struct {
	Agent AgentID `json:"agent"`
	// Seq is the sequence of the last message read.
	Seq int64 `json:"seq"`
	// Customer is how many of the customer's messages are up to there.
	Customer int64 `json:"customer"`
}

// MaxReaders is of how many agents a conversation keeps how far they have read: those who
// have read furthest, of several equally far those who were first.
const MaxReaders = 64

// Reader returns how far an agent has read; without a Seq: not at all, as far as is known.
func (c *Conversation) Reader(agent AgentID) Reader {
	for _, r := range c.Readers {
		if r.Agent == agent {
			return r
		}
	}
	return Reader{Agent: agent}
}

// Unread returns how many of the customer's messages an agent has not read.
func (c *Conversation) Unread(agent AgentID) int64 {
	return max(c.CustomerMessages-c.Reader(agent).Customer, 0)
}

// Read records how far an agent has read. It reports whether that is further than before;
// else nothing changes. Readers are not written to.
func (c *Conversation) Read(by Reader) bool {
	if by.Seq <= c.Reader(by.Agent).Seq {
		return false
	}
	readers := slices.DeleteFunc(slices.Clone(c.Readers), func(r Reader) bool { return r.Agent == by.Agent })
	if len(readers) >= MaxReaders {
		least := slices.MinFunc(readers, func(a, b Reader) int { return cmp.Compare(a.Seq, b.Seq) })
		if by.Seq <= least.Seq { // equal: the first ones stay, else they would take turns
			return false
		}
		readers = slices.DeleteFunc(readers, func(r Reader) bool { return r.Agent == least.Agent })
	}
	c.Readers = append(readers, by)
	return true
}

// Ticket is one episode of a conversation.
type Ticket struct {
	// Number is its place in the conversation: 1, 2, 3, ….
	Number Number `json:"number"`
	// Previous is the ticket before it; zero: none (R3.4).
	Previous Number `json:"previous,omitempty"`
	// Status is what it is now (R3.1).
	Status Status `json:"status"`
	// Reason is why it is closed; empty while it is not.
	Reason CloseReason `json:"reason,omitempty"`

	// Important: a keyword or an agent marked it (R3.5).
	Important bool `json:"important,omitempty"`
	// KeywordsOff: an agent unmarked it, so keywords never mark it again (R3.5).
	KeywordsOff bool `json:"keywordsOff,omitempty"`
	// Paused: an agent keeps the automatic actions off it (R3.7).
	Paused bool `json:"paused,omitempty"`

	// CreatedAt is when the customer's message created it.
	CreatedAt time.Time `json:"createdAt"`
	// OpenedAt is the last opening or reopening, or the creation as open.
	OpenedAt time.Time `json:"openedAt,omitzero"`
	// ClosedAt is when it closed; an automatic close counts from its deadline.
	ClosedAt time.Time `json:"closedAt,omitzero"`
	// ChangedAt is when anything of it last changed.
	ChangedAt time.Time `json:"changedAt"`

	// LastWord says who spoke last, automatic messages and automated agents aside.
	LastWord Side `json:"lastWord"`
	// Agent is the last agent who spoke or closed; AgentName their name. Automated says that
	// it is a bot, which closed (R12.1).
	Agent     AgentID `json:"agent,omitempty"`
	AgentName string  `json:"agentName,omitempty"`
	Automated bool    `json:"automated,omitempty"`
	// Answered says that an agent has replied at least once.
	Answered bool `json:"answered,omitempty"`
	// Assignee is who has the ticket; zero: nobody. Team is the team that has it; empty:
	// none (R11.1).
	Assignee Assignee `json:"assignee,omitzero"`
	Team     TeamID   `json:"team,omitempty"`
	// Turn is the keyed call that gave the ticket to its agent last, as the next one to
	// take; zero: none did (R11.2).
	Turn Turn `json:"turn,omitzero"`

	// Wait is the running wait for an answer; nil: nobody waits (R2.2).
	Wait *Wait `json:"wait,omitempty"`
	// CountsFrom is where auto-close counts from: the latest of the agent's last
	// word, the resume and the opening; with the bot, its last word (R12.4). Zero: it does
	// not count (R4.2).
	CountsFrom time.Time `json:"countsFrom,omitzero"`
	// WithBot says that the ticket is with the bot (R12.2). Unanswered is when the oldest
	// customer's message came that no automated agent has answered since; zero: there is
	// none (R12.3).
	WithBot    bool      `json:"withBot,omitempty"`
	Unanswered time.Time `json:"unanswered,omitzero"`

	// Memory is what rules remember of this ticket, at most one each.
	Memory []Memory `json:"memory,omitempty"`
	// Notified are the addresses that were told of this ticket (R5.2).
	Notified []string `json:"notified,omitempty"`

	// Asked says that the customer was to be asked after a close how it was; Rating is
	// what they answered, nil: nothing (R14.3).
	Asked  bool    `json:"asked,omitempty"`
	Rating *Rating `json:"rating,omitempty"`

	// Typification and Metadata are the agent's (R3.6).
	Typification *Typification     `json:"typification,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`

	// Customer is a copy of who wrote, for lists.
	Customer Customer `json:"customer"`
	// Messages counts the customer's and the agents' messages in it.
	Messages int64 `json:"messages"`
}

// Assignee is the agent who has a ticket. The zero value is nobody.
type Assignee struct {
	Agent AgentID `json:"agent"`
	Name  string  `json:"name,omitempty"`
}

// Turn is a call by which an agent took the next ticket: the agent, and the call's key.
type Turn struct {
	Agent AgentID `json:"agent"`
	Key   string  `json:"key"`
}

// Identity returns what the conversation that the call took reserves.
func (t Turn) Identity() Identity {
	return Identity{Kind: IdentityTurn, Value: string(t.Agent) + "\n" + t.Key} // an agent's ID is one line
}

// Memory is what a rule remembers of a ticket.
type Memory struct {
	Rule RuleKey `json:"rule"`
	// At is an instant of the rule's, Number a number; zero: none.
	At     time.Time `json:"at,omitzero"`
	Number int64     `json:"number,omitempty"`
}

// Recall returns what a rule remembers of the ticket; zero: nothing.
func (t *Ticket) Recall(rule RuleKey) Memory {
	for _, m := range t.Memory {
		if m.Rule == rule {
			return m
		}
	}
	return Memory{}
}

// Side says who spoke.
type Side string

// The two sides of a conversation.
const (
	SideCustomer Side = "customer"
	SideAgent    Side = "agent"
)

// Wait is a customer's wait for an answer (R2.2). It starts at the oldest
// unanswered message, or at the opening.
type Wait struct {
	// Since is when it started.
	Since time.Time `json:"since"`
	// Clock is what it is counted on, fixed when it starts (R2.6).
	Clock chatcfg.Clock `json:"clock"`
	// Limit is the SLA; zero: none.
	Limit Span `json:"limit,omitempty"`
	// Due is when it becomes a delay; zero: never.
	Due time.Time `json:"due,omitzero"`
	// DelayedAt is when it did; zero: it is not delayed (R2.3).
	DelayedAt time.Time `json:"delayedAt,omitzero"`
}

// Delayed reports whether the customer has waited for longer than the SLA (R2.3).
func (t *Ticket) Delayed() bool { return t.Wait != nil && !t.Wait.DelayedAt.IsZero() }

// Typification is the category of a ticket and free-form fields (R3.6).
type Typification struct {
	// Category is the host's own name for it; required.
	Category string `json:"category"`
	// Fields are whatever the host wants beside it; nil: none.
	Fields map[string]string `json:"fields,omitempty"`
}

// Answer is a finished wait: what reports are made of (R2.7).
type Answer struct {
	// Ticket is the ticket's number within its conversation.
	Ticket Number `json:"ticket"`
	// Since is when the wait started, At when the agent's answer ended it.
	Since time.Time `json:"since"`
	At    time.Time `json:"at"`
	// Waited is measured on the wait's own clock.
	Waited Span `json:"waited"`
	// Limit is the SLA that held; zero: none.
	Limit Span `json:"limit,omitempty"`
	// First says that it is the ticket's first answer.
	First bool `json:"first,omitempty"`
	// Agent is who answered.
	Agent AgentID `json:"agent"`
}

// Author says who wrote a message. The zero value is invalid.
type Author string

// The authors.
const (
	FromCustomer Author = "customer"
	FromAgent    Author = "agent"
	// FromBot is an automated agent's word, which is no agent's (R12.1).
	FromBot Author = "bot"
	// FromRule is an automatic message: neither side's word (R4.4).
	FromRule Author = "rule"
	// FromWelcome is the welcome message that the customer answered (R6.5).
	FromWelcome Author = "welcome"
	// FromNote is an agent's note for agents, which no customer gets (R11.4).
	FromNote Author = "note"
)

// Message is one message of a conversation. Messages never change.
type Message struct {
	// Seq is its place in the conversation: 1, 2, 3, … without a gap (R3.9).
	Seq int64 `json:"seq"`
	// Ticket is the ticket it was written in.
	Ticket Number `json:"ticket"`
	// At is when it was stored; never before the message before it.
	At time.Time `json:"at"`
	// From says who wrote it.
	From Author `json:"from"`
	// Level is how far the customer was known when this was written.
	Level Level `json:"level"`
	// Session is the session it belongs to (R7.2); zero: none, as of a note.
	Session SessionID `json:"session,omitzero"`
	// Agent and Name are the agent's, also an automated one's; for a welcome message Name is its author.
	Agent AgentID `json:"agent,omitempty"`
	Name  string  `json:"name,omitempty"`
	// Rule is the automatic action that sent it; empty unless From is [FromRule].
	Rule RuleKey `json:"rule,omitempty"`
	// Text is what it says; an automatic one's variables are filled in. It may be
	// empty beside a File.
	Text string `json:"text"`
	// File is what the customer or the agent attached; nil: nothing.
	File *File `json:"file,omitempty"`
}

// File describes an attachment. Its bytes are kept apart.
type File struct {
	ID FileID `json:"id"`
	// Name is a label, made of what it was called where it comes from; it ends as
	// its type does.
	Name string `json:"name"`
	// Type is its media type, known by its content.
	Type string `json:"type"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// Inline reports whether it is a picture that may be shown beside its message;
	// everything else is offered as a download only.
	Inline bool `json:"inline,omitempty"`
}
