package tickets

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// Marks say how far each side has read: the sequence of the last message seen.
type Marks struct {
	Customer int64 `json:"customer"`
	Agent    int64 `json:"agent"`
}

// Submission is one contact form that a visitor sent.
type Submission struct {
	Account chatcfg.AccountID `json:"account"`
	// Key is unique within the account.
	Key string `json:"key"`
	// At is when it was stored.
	At time.Time `json:"at"`
	// Name, Email, Phone and Text are what the visitor typed; nothing is proved.
	Name  string `json:"name,omitempty"`
	Email string `json:"email"`
	Phone string `json:"phone,omitempty"`
	Text  string `json:"text"`
	// Session and Conversation are the visitor's, if they had a session.
	Session      SessionID      `json:"session,omitzero"`
	Conversation ConversationID `json:"conversation,omitzero"`
	// Locale is the visitor's language; empty: unknown.
	Locale chatcfg.Locale `json:"locale,omitempty"`
}
