package tickets

import (
	"strconv"

	"github.com/charlahq/charla/chatcfg"
	"github.com/google/uuid"
)

// ConversationID identifies a conversation: one customer in one account. It is
// only meaningful together with its account. The zero value is none.
type ConversationID struct{ uuid.UUID }

// IsZero reports whether the ID is missing.
func (id ConversationID) IsZero() bool { return id.UUID == uuid.Nil }

// ParseConversationID reads an ID as String writes it. It fails with [chatcfg.ErrID]
// for any other text.
func ParseConversationID(text string) (ConversationID, error) {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return ConversationID{}, chatcfg.ErrID
	}
	return ConversationID{id}, nil
}

// SessionID identifies a browser session of an account. The zero value is none.
type SessionID struct{ uuid.UUID }

// IsZero reports whether the ID is missing.
func (id SessionID) IsZero() bool { return id.UUID == uuid.Nil }

// FileID identifies the bytes of an attachment within its account. The zero
// value is none.
type FileID struct{ uuid.UUID }

// IsZero reports whether the ID is missing.
func (id FileID) IsZero() bool { return id.UUID == uuid.Nil }

// AgentID is the host's own name for an agent: any text of 1 to 128 bytes on one line.
type AgentID string

// TeamID is the host's own name for a team: any text of 1 to 128 bytes on one line.
type TeamID string

// Number numbers the tickets of a conversation: 1, 2, 3, …. Zero is none, or,
// where a call says so, the latest.
type Number int64

// Ref addresses a ticket.
type Ref struct {
	// Account is whose it is; an ID of another account finds nothing.
	Account chatcfg.AccountID `json:"account"`
	// Conversation is its customer's.
	Conversation ConversationID `json:"conversation"`
	// Number zero is the latest ticket.
	Number Number `json:"number"`
}

// String returns "account/conversation/number".
func (r Ref) String() string {
	return r.Account.String() + "/" + r.Conversation.String() + "/" + strconv.FormatInt(int64(r.Number), 10)
}
