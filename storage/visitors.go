package storage

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Presence keeps who is available in an account.
type Presence interface {
	// Get returns the account's roster; the zero Roster if there is none yet, or
	// no such account.
	Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error)
	// Put replaces the roster if the stored revision is r.Revision-1, else
	// ErrConflict. ErrDeleted, ErrNotFound by the account.
	Put(ctx context.Context, account chatcfg.AccountID, r tickets.Roster) error
}

// Sessions keeps visitors' sessions, and how far each side of a conversation has
// read.
type Sessions interface {
	// Create adds a session. ErrExists if its ID is taken in the account;
	// ErrDeleted, ErrNotFound by the account.
	Create(ctx context.Context, s tickets.Session) error
	// Get returns a session. ErrNotFound if there is no such account or session.
	Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error)
	// Save replaces a session if its stored revision is s.Revision-1, else
	// ErrConflict. ErrNotFound if there is no such account or session.
	Save(ctx context.Context, s tickets.Session) error
	// Prune removes sessions whose ExpiresAt is not zero and before a time, at most
	// limit, and returns how many. Their messages and conversations stay.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	// Holder returns the conversation that holds an identity; zero: none does,
	// or there is no such account.
	Holder(ctx context.Context, account chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error)
	// Raise raises the marks of a conversation to the given ones where those are
	// larger; it touches neither the conversation's version nor its feed.
	// ErrNotFound if there is no such account or conversation; ErrDeleted by the account.
	Raise(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID, m tickets.Marks) error
	// Marks returns the marks of a conversation, zero before the first Raise and if
	// there is no such account or conversation.
	Marks(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID) (tickets.Marks, error)
}

// Contacts keeps what visitors sent by the contact form (R6.2).
type Contacts interface {
	// Add adds a submission together with its deliveries, which follow the rules
	// of [Batch].Deliveries. ErrExists if the account has a submission of that
	// key; ErrDeleted, ErrNotFound by the account.
	Add(ctx context.Context, s tickets.Submission, deliveries []Delivery) error
	// Get returns the submission of a key. ErrNotFound if there is no such account or key.
	Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error)
	// List returns an account's submissions, the last added first; limit as in
	// [Queries]. An unknown account has none.
	List(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (Page[tickets.Submission], error)
}
