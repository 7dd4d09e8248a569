package charla

import (
	"context"
	"slices"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// visibleMessages reads messages as a loaded session may see them, and returns their
// conversation: a verified session sees all, any other only its own; no note (R11.4), nor
// another kind that is not forVisitors, no agent's ID, no name of an agent if the account
// writes as the company, and no other session's ID. It fails as rules does, or if the store does.
func (d *Desk) visibleMessages(ctx context.Context, l *storage.Loaded, q storage.MessageQuery) ([]tickets.Message, tickets.ConversationID, error) {
	rules, err := d.rules(ctx, &l.Account)
	if err != nil {
		return nil, tickets.ConversationID{}, err
	}
	q.Account, q.Conversation = l.Account.ID, l.Conversation.ID
	if q.After >= l.Conversation.LastSeq-l.Conversation.Notes { // notes only follow
		return nil, q.Conversation, nil
	}
	if l.Session.Customer.Level != tickets.LevelVerified {
		q.Session = l.Session.ID
	}
	q.WithoutNotes = true
	list, err := d.store.Queries().Messages(ctx, q)
	// Also of a store that does not know WithoutNotes, and what a newer process stored.
	list = slices.DeleteFunc(list, func(m tickets.Message) bool { return !forVisitors(m.From) })
	d.topic.stopTyping(q.Conversation.UUID, list) // which needs to know who wrote
	for i := range list {
		m := &list[i]
		if m.Agent != "" {
			m.Agent = ""
			if rules.Config.Chat.WriteAsCompany {
				m.Name = rules.Config.Chat.Name
			}
		}
		if m.Session != l.Session.ID {
			m.Session = tickets.SessionID{}
		}
	}
	return list, q.Conversation, storeError(err)
}

// forVisitors reports whether visitors may see messages of an author. A new kind of author is
// hidden until it stands here.
func forVisitors(from tickets.Author) bool {
	switch from {
	case tickets.FromCustomer, tickets.FromAgent, tickets.FromBot, tickets.FromRule, tickets.FromWelcome:
		return true
	case tickets.FromNote:
	}
	return false
}

// ticket returns one ticket; number zero is the customer's latest. It fails with
// [ErrNotFound] if there is none.
func (d *Desk) ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	t, err := d.store.Queries().Ticket(ctx, ref)
	return t, storeError(err)
}
