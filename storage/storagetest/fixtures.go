package storagetest

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// base is when the checks begin. No check looks at a clock.
var base = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// later returns an instant some seconds after base.
func later(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }

// id returns a new ID, higher than those before.
func (c *check) id() (id [16]byte) {
	id[6], id[8] = 0x70, 0x80
	binary.BigEndian.PutUint64(id[8:], 1<<63|c.minted.Add(1))
	return id
}

// conversationID returns a new conversation's ID.
func (c *check) conversationID() tickets.ConversationID {
	return tickets.ConversationID{UUID: c.id()}
}

// sessionID returns a new session's ID.
func (c *check) sessionID() tickets.SessionID { return tickets.SessionID{UUID: c.id()} }

// newAccount returns an account with a new ID and key that is not stored yet.
func (c *check) newAccount() chatcfg.Account {
	a := chatcfg.Account{ID: chatcfg.AccountID{UUID: c.id()}, Version: 1, Revision: 1, CreatedAt: base, SavedAt: base}
	a.Name = "Tienda"
	a.Key = "key-" + a.ID.String()
	return a
}

// account stores a new account with a configuration and returns it. A failure stops the
// check.
func (c *check) account() chatcfg.Account {
	a := c.newAccount()
	c.must(c.Accounts().Create(c.ctx, a, storage.Document{Name: "config", Version: 1, Body: []byte("{}")}), "Accounts.Create")
	return a
}

// save stores a change of an account and returns it as it is then. A failure stops the
// check.
func (c *check) save(a chatcfg.Account, change func(*chatcfg.Account)) chatcfg.Account {
	a.Revision++
	change(&a)
	c.must(c.Accounts().Save(c.ctx, a), "Accounts.Save")
	return a
}

// raise saves the account with the next configuration version and returns it. A failure
// stops the check.
func (c *check) raise(a chatcfg.Account) chatcfg.Account {
	return c.save(a, func(a *chatcfg.Account) { a.Version++ })
}

// remove deletes an account and returns it as it is then. A failure stops the check.
func (c *check) remove(a chatcfg.Account) chatcfg.Account {
	return c.save(a, func(a *chatcfg.Account) { a.DeletedAt = later(1000) })
}

// first returns the batch of a customer's first message, not stored yet: a new
// conversation with an open ticket, a message and an entry.
func (c *check) first(a chatcfg.Account) *storage.Batch {
	id, session := c.conversationID(), c.sessionID()
	at := later(int(c.ticks.Add(1)))
	identity := tickets.Identity{Kind: tickets.IdentitySession, Value: session.String()}
	customer := tickets.Customer{Level: tickets.LevelClaimed, Name: "Juan"}
	return &storage.Batch{
		Config: a.Version,
		Conversation: tickets.Conversation{
			Format: tickets.Format, Account: a.ID, ID: id, Version: 1,
			Identity: identity, Customer: customer, CreatedAt: at, LastAt: at,
			LastSeq: 1, LastEntry: 1, Number: 1, CustomerMessages: 1, Session: session, Armed: a.Version,
		},
		Reserve: []tickets.Identity{identity},
		Tickets: []tickets.Ticket{{
			Number: 1, Status: tickets.StatusOpen, CreatedAt: at, OpenedAt: at, ChangedAt: at,
			LastWord: tickets.SideCustomer, Customer: customer, Messages: 1,
		}},
		Messages: []tickets.Message{message(1, session, at, "hola")},
		Entries:  []tickets.Entry{entry(1, 1, at)},
		Active:   true,
	}
}

// next returns the batch that follows a committed one, not stored yet: another message
// into the same ticket.
func (c *check) next(b *storage.Batch) *storage.Batch {
	at := later(int(c.ticks.Add(1)))
	conv := b.Conversation
	conv.Version++
	conv.LastSeq++
	conv.LastEntry++
	conv.CustomerMessages++
	conv.LastAt = at
	t := b.Tickets[0]
	t.ChangedAt = at
	t.Messages++
	return &storage.Batch{
		Config: b.Config, Conversation: conv, Tickets: []tickets.Ticket{t},
		Messages: []tickets.Message{message(conv.LastSeq, conv.Session, at, "otra "+strconv.FormatInt(conv.LastSeq, 10))},
		Entries:  []tickets.Entry{entry(conv.LastEntry, t.Number, at)},
		Wake:     b.Wake, Active: b.Active,
	}
}

// message returns a customer's message in ticket 1.
func message(seq int64, session tickets.SessionID, at time.Time, text string) tickets.Message {
	return tickets.Message{Seq: seq, Ticket: 1, At: at, From: tickets.FromCustomer, Level: tickets.LevelClaimed, Session: session, Text: text}
}

// entry returns a history entry of a ticket.
func entry(n int64, ticket tickets.Number, at time.Time) tickets.Entry {
	return tickets.Entry{
		N: n, Ticket: ticket, At: at, Kind: tickets.CommandWrite, Actor: tickets.Actor{Kind: tickets.ActorCustomer},
		Inputs: tickets.Inputs{Now: at, Config: 1, Chance: math.MaxUint64 - uint64(n)},
	}
}

// delivery returns a pending delivery of a batch, due at an instant.
func delivery(b *storage.Batch, key string, due time.Time) storage.Delivery {
	return storage.Delivery{
		Account: b.Conversation.Account, Key: key, Kind: "mail", Conversation: b.Conversation.ID, Ticket: 1,
		Body: []byte("body of " + key), State: storage.Pending, NotBefore: due,
	}
}

// commit stores a batch and returns it. A failure stops the check.
func (c *check) commit(b *storage.Batch) *storage.Batch {
	c.must(c.Conversations().Commit(c.ctx, b), "Conversations.Commit")
	return b
}

// begin stores a new conversation, as change makes it (nil: as first does), and returns
// its batch. A failure stops the check.
func (c *check) begin(a chatcfg.Account, change func(*storage.Batch)) *storage.Batch {
	b := c.first(a)
	if change != nil {
		change(b)
	}
	return c.commit(b)
}

// load returns what the store loads of a conversation. A failure stops the check.
func (c *check) load(account chatcfg.AccountID, id tickets.ConversationID) storage.Loaded {
	l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: account, Conversation: id})
	c.must(err, "Conversations.Load")
	return l
}

// messages returns the first page of a conversation's messages. A failure stops the
// check.
func (c *check) messages(account chatcfg.AccountID, id tickets.ConversationID) []tickets.Message {
	list, err := c.Queries().Messages(c.ctx, storage.MessageQuery{Account: account, Conversation: id})
	c.must(err, "Queries.Messages")
	return list
}

// history returns the first page of a conversation's entries. A failure stops the
// check.
func (c *check) history(account chatcfg.AccountID, id tickets.ConversationID) []tickets.Entry {
	list, err := c.Queries().History(c.ctx, tickets.Ref{Account: account, Conversation: id}, 0, 0)
	c.must(err, "Queries.History")
	return list
}

// list returns all rows of a list of tickets, read in pages of at most limit. The check
// stops if reading fails, a page is larger or the list never ends.
func (c *check) list(q storage.TicketQuery, limit int) []storage.TicketRow {
	q.Limit = limit
	var rows []storage.TicketRow
	for range 10_000 {
		page, err := c.Queries().Tickets(c.ctx, q)
		c.must(err, "Queries.Tickets")
		c.that(limit < 1 || len(page.Items) <= limit, "Queries.Tickets: %d rows with limit %d", len(page.Items), limit)
		rows = append(rows, page.Items...)
		if page.Next == "" {
			return rows
		}
		q.Cursor = page.Next
	}
	c.failf("Queries.Tickets: the list never ends")
	return nil
}

// deliveries returns all of an account's deliveries in a state, read in pages of at
// most limit. The check stops if reading fails or the list never ends.
func (c *check) deliveries(account chatcfg.AccountID, state storage.DeliveryState, limit int) []storage.Delivery {
	var all []storage.Delivery
	cursor := ""
	for range 10_000 {
		page, err := c.Outbox().List(c.ctx, account, state, cursor, limit)
		c.must(err, "Outbox.List")
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
	c.failf("Outbox.List: the list never ends")
	return nil
}

// follow reads an account's feed from a cursor until it has caught up, and returns the
// changes and the last cursor. The check stops if reading fails or the feed never ends.
func (c *check) follow(account chatcfg.AccountID, cursor string, limit int) ([]storage.Change, string) {
	var all []storage.Change
	for range 10_000 {
		page, err := c.Queries().Changes(c.ctx, account, cursor, limit)
		c.must(err, "Queries.Changes")
		c.that(page.Next != "", "Queries.Changes: a page without Next")
		all = append(all, page.Items...)
		cursor = page.Next
		if len(page.Items) == 0 {
			return all, cursor
		}
	}
	c.failf("Queries.Changes: the feed never ends")
	return nil, ""
}

// keys returns the keys of deliveries, in their order.
func keys(list []storage.Delivery) []string {
	names := []string{}
	for _, d := range list {
		names = append(names, d.Key)
	}
	return names
}

// conversations returns the IDs of rows, in their order.
func conversations(rows []storage.TicketRow) []tickets.ConversationID {
	ids := []tickets.ConversationID{}
	for _, r := range rows {
		ids = append(ids, r.Conversation)
	}
	return ids
}
