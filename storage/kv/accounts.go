package kv

import (
	"bytes"
	"context"
	"math"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

type accounts struct{ *Store }

// live returns an account that is not deleted. Without one, the transaction fails with
// [storage.ErrNotFound] or [storage.ErrDeleted].
func (t *tx) live(id chatcfg.AccountID) (a chatcfg.Account) {
	t.need(t.load(accountTable, key(id), &a), storage.ErrNotFound)
	t.need(a.DeletedAt.IsZero(), storage.ErrDeleted)
	return a
}

// saveAccount inserts or replaces an account, and the documents. A failure fails the
// transaction.
func (t *tx) saveAccount(a chatcfg.Account, docs []storage.Document) {
	t.save(accountTable, key(a.ID), storage.Clean(a))
	for _, d := range docs {
		t.put(documentTable, key(a.ID, d.Name, d.Version), d.Body)
	}
}

// Create implements [storage.Accounts]: it adds an account with its first documents. It
// fails with [storage.ErrExists] if its ID or key is taken, or if ctx ends, the store
// is closed, or its database fails.
func (p accounts) Create(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return p.change(ctx, func(t *tx) {
		t.need(t.get(accountTable, key(a.ID)) == nil && t.get(keyTable, key(a.Key)) == nil, storage.ErrExists)
		t.put(keyTable, key(a.Key), key(a.ID))
		t.saveAccount(a, docs)
	})
}

// Get implements [storage.Accounts]: it returns an account by its ID, a deleted one
// too. It fails with [storage.ErrNotFound] if there is none, or if ctx ends, the store
// is closed, or its database fails.
func (p accounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	return read(ctx, p.Store, func(t *tx) (a chatcfg.Account) {
		t.need(t.load(accountTable, key(id), &a), storage.ErrNotFound)
		return a
	})
}

// Find implements [storage.Accounts]: it returns an account by its public key, a
// deleted one too. It fails with [storage.ErrNotFound] if there is none, or if ctx
// ends, the store is closed, or its database fails.
func (p accounts) Find(ctx context.Context, public string) (chatcfg.Account, error) {
	return read(ctx, p.Store, func(t *tx) (a chatcfg.Account) {
		t.need(t.load(accountTable, t.get(keyTable, key(public)), &a), storage.ErrNotFound)
		return a
	})
}

// List implements [storage.Accounts]: it returns the accounts that are not deleted, by
// ID, after the given one and at most limit; hidden ones only when asked for. It fails
// if ctx ends, the store is closed, or its database fails.
func (p accounts) List(ctx context.Context, behind chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	return read(ctx, p.Store, func(t *tx) (list []chatcfg.Account) {
		for k, doc := range t.from(accountTable, nil, key(behind)) {
			var a chatcfg.Account
			if bytes.Equal(k, key(behind)) || !t.decode(doc, &a) || !a.DeletedAt.IsZero() || a.Hidden && !hidden {
				continue
			}
			if list = append(list, a); len(list) == storage.PageLimit(limit) {
				break
			}
		}
		return list
	})
}

// Save implements [storage.Accounts]: it replaces an account, but for its key, if the
// stored revision is one below, and adds or replaces documents. A save that deletes the
// account drops its deadlines and pending deliveries. It fails with
// [storage.ErrConflict] for another revision, [storage.ErrDeleted] or
// [storage.ErrNotFound], or if ctx ends, the store is closed, or its database fails.
func (p accounts) Save(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return p.change(ctx, func(t *tx) {
		stored := t.live(a.ID)
		t.need(stored.Revision == a.Revision-1, storage.ErrConflict)
		a.Key = stored.Key
		t.saveAccount(a, docs)
		if !a.DeletedAt.IsZero() {
			t.dropWork(a.ID)
		}
	})
}

// dropWork removes the deadlines and the pending deliveries of an account that is being
// deleted, and the leases of those that are being sent.
func (t *tx) dropWork(account chatcfg.AccountID) {
	for _, c := range all[conversation](t, conversationTable, account) {
		t.unlist(&c)
		c.Wake, c.Active = time.Time{}, false
		t.saveConversation(&c)
	}
	for _, d := range all[delivery](t, deliveryTable, account) {
		switch d.State {
		case storage.Pending:
			t.removeDelivery(&d)
		case storage.Sending:
			t.unqueue(&d)
		}
	}
}

// Document implements [storage.Accounts]: it returns the body of a document, of a
// deleted account too. It fails with [storage.ErrNotFound] if there is no such account
// or document, or if ctx ends, the store is closed, or its database fails.
func (p accounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) ([]byte, error) {
	return read(ctx, p.Store, func(t *tx) []byte {
		body := t.get(documentTable, key(id, name, version))
		t.need(body != nil, storage.ErrNotFound)
		return slices.Clone(body)
	})
}

// Purge implements [storage.Accounts]: it removes everything of a deleted account,
// itself included, and returns how much. It fails with [storage.ErrNotFound], or
// [storage.ErrConflict] while the account is not deleted, or if ctx ends, the store is
// closed, or its database fails.
func (p accounts) Purge(ctx context.Context, id chatcfg.AccountID) (storage.Purged, error) {
	return update(ctx, p.Store, func(t *tx) (purged storage.Purged) {
		var a chatcfg.Account
		t.need(t.load(accountTable, key(id), &a), storage.ErrNotFound)
		t.need(!a.DeletedAt.IsZero(), storage.ErrConflict)
		for _, d := range all[delivery](t, deliveryTable, id) {
			t.unqueue(&d)
		}
		t.remove(keyTable, key(a.Key))
		counted := map[table]*int64{
			conversationTable: &purged.Conversations, ticketTable: &purged.Tickets, messageTable: &purged.Messages, entryTable: &purged.Entries,
			sessionTable: &purged.Sessions, deliveryTable: &purged.Deliveries, submissionTable: &purged.Submissions,
		}
		for _, in := range ofAccount {
			var keys [][]byte
			for k := range t.from(in, key(id), key(id)) {
				keys = append(keys, slices.Clone(k))
			}
			for _, k := range keys {
				t.remove(in, k)
			}
			if n := counted[in]; n != nil {
				*n = int64(len(keys))
			}
		}
		return purged
	})
}

type presence struct{ *Store }

// Get implements [storage.Presence]: it returns an account's roster; the zero one if
// there is none, or no such account. It fails if ctx ends, the store is closed, or its
// database fails.
func (p presence) Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error) {
	return read(ctx, p.Store, func(t *tx) (r tickets.Roster) {
		t.load(rosterTable, key(account), &r)
		return r
	})
}

// Put implements [storage.Presence]: it replaces the roster if the stored revision is
// one below. It fails with [storage.ErrConflict] for another revision,
// [storage.ErrDeleted] or [storage.ErrNotFound], or if ctx ends, the store is closed,
// or its database fails.
func (p presence) Put(ctx context.Context, account chatcfg.AccountID, r tickets.Roster) error {
	return p.change(ctx, func(t *tx) {
		t.live(account)
		var stored tickets.Roster
		t.load(rosterTable, key(account), &stored)
		t.need(stored.Revision == r.Revision-1, storage.ErrConflict)
		t.save(rosterTable, key(account), storage.Clean(r))
	})
}

type sessions struct{ *Store }

// Create implements [storage.Sessions]: it adds a session. It fails with
// [storage.ErrExists] if its ID is taken, [storage.ErrDeleted] or [storage.ErrNotFound]
// by the account, or if ctx ends, the store is closed, or its database fails.
func (p sessions) Create(ctx context.Context, s tickets.Session) error {
	return p.change(ctx, func(t *tx) {
		t.live(s.Account)
		t.need(t.get(sessionTable, key(s.Account, s.ID)) == nil, storage.ErrExists)
		t.save(sessionTable, key(s.Account, s.ID), storage.Clean(s))
	})
}

// Get implements [storage.Sessions]: it returns a session. It fails with
// [storage.ErrNotFound] if there is none, or if ctx ends, the store is closed, or its
// database fails.
func (p sessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	return read(ctx, p.Store, func(t *tx) (s tickets.Session) {
		t.need(t.load(sessionTable, key(account, id), &s), storage.ErrNotFound)
		return s
	})
}

// Save implements [storage.Sessions]: it replaces a session if the stored revision is
// one below. It fails with [storage.ErrConflict] for another revision,
// [storage.ErrNotFound] if there is no such session, or if ctx ends, the store is
// closed, or its database fails.
func (p sessions) Save(ctx context.Context, s tickets.Session) error {
	return p.change(ctx, func(t *tx) {
		var stored tickets.Session
		t.need(t.load(sessionTable, key(s.Account, s.ID), &stored), storage.ErrNotFound)
		t.need(stored.Revision == s.Revision-1, storage.ErrConflict)
		t.save(sessionTable, key(s.Account, s.ID), storage.Clean(s))
	})
}

// Prune implements [storage.Sessions]: it removes up to limit sessions that expired
// before a time, and returns how many. It fails if ctx ends, the store is closed, or
// its database fails.
func (p sessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return update(ctx, p.Store, func(t *tx) int {
		var keys [][]byte
		for k, doc := range t.from(sessionTable, nil, nil) {
			var s tickets.Session
			if t.decode(doc, &s); len(keys) < limit && !s.ExpiresAt.IsZero() && s.ExpiresAt.Before(before) {
				keys = append(keys, slices.Clone(k))
			}
		}
		for _, k := range keys {
			t.remove(sessionTable, k)
		}
		return len(keys)
	})
}

// holder returns the conversation that holds an identity, or zero if none does.
func (t *tx) holder(account chatcfg.AccountID, of tickets.Identity) (c tickets.ConversationID) {
	copy(c.UUID[:], t.get(identityTable, key(account, string(of.Kind), of.Value)))
	return c
}

// Holder implements [storage.Sessions]: it returns the conversation that holds an
// identity; zero: none does. It fails if ctx ends, the store is closed, or its database
// fails.
func (p sessions) Holder(ctx context.Context, account chatcfg.AccountID, of tickets.Identity) (tickets.ConversationID, error) {
	return read(ctx, p.Store, func(t *tx) tickets.ConversationID { return t.holder(account, of) })
}

// Raise implements [storage.Sessions]: it raises a conversation's marks to the given
// ones where those are larger. It fails with [storage.ErrNotFound] or
// [storage.ErrDeleted], or if ctx ends, the store is closed, or its database fails.
func (p sessions) Raise(ctx context.Context, account chatcfg.AccountID, of tickets.ConversationID, m tickets.Marks) error {
	return p.change(ctx, func(t *tx) {
		t.live(account)
		c := t.conversation(account, of)
		t.need(c.Version > 0, storage.ErrNotFound)
		c.Marks = tickets.Marks{Customer: max(c.Marks.Customer, m.Customer), Agent: max(c.Marks.Agent, m.Agent)}
		t.saveConversation(&c)
	})
}

// Marks implements [storage.Sessions]: it returns a conversation's marks; zero if there
// are none, or no such conversation. It fails if ctx ends, the store is closed, or its
// database fails.
func (p sessions) Marks(ctx context.Context, account chatcfg.AccountID, of tickets.ConversationID) (tickets.Marks, error) {
	return read(ctx, p.Store, func(t *tx) tickets.Marks { return t.conversation(account, of).Marks })
}

type contacts struct{ *Store }

// Add implements [storage.Contacts]: it adds a submission with its deliveries. It fails
// with [storage.ErrExists] if its key is taken, [storage.ErrDeleted] or
// [storage.ErrNotFound] by the account, or if ctx ends, the store is closed, or its
// database fails.
func (p contacts) Add(ctx context.Context, s tickets.Submission, deliveries []storage.Delivery) error {
	return p.change(ctx, func(t *tx) {
		t.live(s.Account)
		t.need(t.get(submissionKeyTable, key(s.Account, s.Key)) == nil, storage.ErrExists)
		n := t.next(submissionTable)
		t.put(submissionKeyTable, key(s.Account, s.Key), key(n))
		t.save(submissionTable, key(s.Account, n), storage.Clean(s))
		t.addDeliveries(s.Account, deliveries)
	})
}

// Get implements [storage.Contacts]: it returns the submission of a key. It fails with
// [storage.ErrNotFound] if there is none, or if ctx ends, the store is closed, or its
// database fails.
func (p contacts) Get(ctx context.Context, account chatcfg.AccountID, name string) (tickets.Submission, error) {
	return read(ctx, p.Store, func(t *tx) (s tickets.Submission) {
		t.need(t.load(submissionTable, key(account, t.get(submissionKeyTable, key(account, name))), &s), storage.ErrNotFound)
		return s
	})
}

// List implements [storage.Contacts]: it returns a page of an account's submissions,
// the last added first. It fails with [storage.ErrCursor] for a cursor of another list,
// or if ctx ends, the store is closed, or its database fails.
func (p contacts) List(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[tickets.Submission], error) {
	list := "contacts " + account.String()
	end, err := p.parseCursor(list, cursor, math.MaxInt64)
	if err != nil {
		return storage.Page[tickets.Submission]{}, err
	}
	return read(ctx, p.Store, func(t *tx) (page storage.Page[tickets.Submission]) {
		for k, doc := range t.below(submissionTable, key(account), key(account, end)) {
			if len(page.Items) == storage.PageLimit(limit) {
				page.Next = storage.Cursor(p.id, list, key(end))
				break
			}
			var s tickets.Submission
			t.decode(doc, &s)
			page.Items, end = append(page.Items, s), number(k[16:])
		}
		return page
	})
}

// parseCursor returns the number in a cursor of a list, or begin for an empty cursor.
// It fails with [storage.ErrCursor] for any other text.
func (s *Store) parseCursor(list, cursor string, begin int64) (int64, error) {
	if cursor == "" {
		return begin, nil
	}
	b, err := storage.ParseCursor(s.id, list, cursor)
	if err != nil {
		return 0, err
	}
	return number(b), nil
}
