package charla

import (
	"context"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// CustomerKey names a customer by one of the ways in which they are known. One of Subject,
// Email and Conversation is given.
type CustomerKey struct {
	// Subject is the host's lasting name for them, as in a signed identity (R7.1); with
	// Provider it is that social login's.
	Subject string
	// Provider is "google" or "facebook"; empty: the host.
	Provider string
	// Email is a claimed e-mail where "e-mail as identifier" is on (R7.2). It is read as
	// one that a visitor types.
	Email string
	// Conversation is the one that they write in.
	Conversation tickets.ConversationID
}

// Customer is one customer of an account with their conversations.
type Customer struct {
	tickets.Customer
	// Identity is what finds them.
	Identity tickets.Identity `json:"identity"`
	// Conversation is where they write now, Links the conversations of sessions that
	// logged in as them later (R7.2).
	Conversation tickets.ConversationID   `json:"conversation"`
	Links        []tickets.ConversationID `json:"links,omitempty"`
}

// Customer finds a customer who has written, with all of their conversations. It fails
// with [ErrNotFound] if the key names nobody, or names somebody in two ways.
func (b *Inbox) Customer(ctx context.Context, key CustomerKey) (Customer, error) {
	id := key.Conversation
	if key != (CustomerKey{Conversation: id}) {
		identity, err := key.identity()
		if err != nil {
			return Customer{}, err
		}
		if id, err = b.desk.store.Sessions().Holder(ctx, b.account, identity); err != nil {
			return Customer{}, storeError(err)
		}
	}
	if id.IsZero() {
		return Customer{}, ErrNotFound
	}
	loaded, err := b.desk.store.Conversations().Load(ctx, storage.LoadQuery{Account: b.account, Conversation: id})
	if err != nil {
		return Customer{}, storeError(err)
	}
	c := &loaded.Conversation
	if c.Version == 0 {
		return Customer{}, ErrNotFound
	}
	return Customer{Customer: c.Customer, Identity: c.Identity, Conversation: c.ID, Links: c.Links}, nil
}

// identity returns the identity that a key without a conversation names. It fails with
// [ErrNotFound] for any other key.
func (k CustomerKey) identity() (tickets.Identity, error) {
	switch k {
	case CustomerKey{Provider: k.Provider, Subject: k.Subject}:
		if checkProof(&Proof{Provider: k.Provider, Subject: k.Subject}) == nil {
			return proven(k.Provider, k.Subject), nil
		}
	case CustomerKey{Email: k.Email}:
		if email, err := chatcfg.ParseEmail(k.Email); err == nil {
			return claimed(email), nil
		}
	}
	return tickets.Identity{}, ErrNotFound
}
