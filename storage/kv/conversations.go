package kv

import (
	"context"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

type conversations struct{ *Store }

// conversation is a conversation as it is kept.
type conversation struct {
	tickets.Conversation
	Wake   time.Time
	Active bool
	// Lease is the end of the last lease, Commit the number of the last commit.
	Lease  time.Time
	Commit int64
	Marks  tickets.Marks
	// Answers counts the answers, and Unclosed is the ticket that is not closed.
	Answers  int64
	Unclosed tickets.Number
}

// dueKey returns the conversation's key in dueTable.
func (c *conversation) dueKey() []byte { return key(c.Wake, c.Account, c.ID) }

// armedKey returns the conversation's key in armedTable.
func (c *conversation) armedKey() []byte { return key(c.Account, int64(c.Armed), c.Lease, c.ID) }

// conversation returns a conversation; its Version is zero if there is none.
func (t *tx) conversation(account chatcfg.AccountID, id tickets.ConversationID) (c conversation) {
	t.load(conversationTable, key(account, id), &c)
	return c
}

// saveConversation writes a conversation to its own table only; see list.
func (t *tx) saveConversation(c *conversation) { t.save(conversationTable, key(c.Account, c.ID), c) }

// list adds a conversation to dueTable if it has a Wake, and to armedTable if it is
// active.
func (t *tx) list(c *conversation) {
	if !c.Wake.IsZero() {
		t.put(dueTable, c.dueKey(), nil)
	}
	if c.Active {
		t.put(armedTable, c.armedKey(), nil)
	}
}

// unlist removes a conversation from dueTable and armedTable.
func (t *tx) unlist(c *conversation) {
	t.remove(dueTable, c.dueKey())
	t.remove(armedTable, c.armedKey())
}

// ticket is a ticket as it is kept.
type ticket struct {
	tickets.Ticket
	Texts []string
}

// The views of an account's tickets, in the keys of viewTable, beside those by which
// tickets are counted.
const (
	changedView = "changed"
	createdView = "created"
	waitingView = "waiting"
)

// views returns the ticket's keys in viewTable.
func (k *ticket) views(c *conversation) (keys [][]byte) {
	enter := func(view string, at time.Time, ok bool) {
		if ok {
			keys = append(keys, key(c.Account, view, at, c.ID, k.Number))
		}
	}
	enter(createdView, k.CreatedAt, true)
	at, ok := storage.ByChange.Of(&k.Ticket)
	enter(changedView, at, ok)
	at, ok = storage.ByWaiting.Of(&k.Ticket)
	enter(waitingView, at, ok)
	for _, by := range []storage.Instant{storage.CountsFrom, storage.WaitsSince} {
		at, ok = by.Of(&k.Ticket)
		enter(string(by), at, ok)
	}
	return keys
}

// Load implements [storage.Conversations]: it returns what one decision needs, from one
// moment; what does not exist is zero. It fails with [storage.ErrNotFound] if there is
// no such account, or no session as asked for, or if ctx ends, the store is closed, or
// its database fails.
func (p conversations) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	return read(ctx, p.Store, func(t *tx) (l storage.Loaded) {
		t.need(t.load(accountTable, key(q.Account), &l.Account), storage.ErrNotFound)
		c := t.conversation(q.Account, q.Conversation)
		if !q.Session.IsZero() {
			t.need(t.load(sessionTable, key(q.Account, q.Session), &l.Session), storage.ErrNotFound)
			if c = t.conversation(q.Account, l.Session.Conversation); c.Version == 0 {
				c = t.conversation(q.Account, t.holder(q.Account, l.Session.Identity))
			}
		}
		l.Conversation = c.Conversation
		t.load(ticketTable, key(c.Account, c.ID, c.Number), &l.Ticket)
		var older tickets.Ticket
		if q.Ticket != c.Number && t.load(ticketTable, key(c.Account, c.ID, q.Ticket), &older) {
			l.Older = &older
		}
		var r storage.Receipt
		if q.Key != "" && t.load(receiptTable, key(c.Account, c.ID, q.Scope, q.Key), &r) {
			l.Receipt = &r
		}
		return l
	})
}

// Commit implements [storage.Conversations]: it writes a batch, whole or not at all. It
// fails with [storage.ErrNotFound], [storage.ErrDeleted], [storage.ErrConfigChanged] or
// [storage.ErrConflict], with [storage.ErrNotDone] for a second ticket that is not
// closed, or if ctx ends, the store is closed, or its database fails.
func (p conversations) Commit(ctx context.Context, b *storage.Batch) error {
	return p.change(ctx, func(t *tx) {
		account, id := b.Conversation.Account, b.Conversation.ID
		c := t.conversation(account, id)
		err := b.Check(t.found(&c, b))
		if t.need(err == nil, err); err != nil {
			return
		}
		if c.Version > 0 {
			t.unlist(&c)
			t.remove(feedTable, key(account, c.Commit))
		}
		c.Conversation, c.Wake, c.Active = storage.Clean(b.Conversation), storage.Cut(b.Wake), b.Active
		c.Lease, c.Commit = time.Time{}, t.next(feedTable)
		t.put(feedTable, key(account, c.Commit), key(id))
		t.list(&c)
		for _, of := range b.Reserve {
			t.put(identityTable, key(account, string(of.Kind), of.Value), key(id))
		}
		for _, one := range b.Tickets {
			t.updateTicket(&c, one.Number, func(k *ticket) { k.Ticket = storage.Clean(one) })
		}
		for _, w := range b.Words {
			t.updateTicket(&c, w.Ticket, func(k *ticket) { k.Texts = append(k.Texts, w.Text) })
		}
		for _, m := range b.Messages {
			t.save(messageTable, key(account, id, m.Seq), storage.Clean(m))
		}
		for _, e := range b.Entries {
			t.save(entryTable, key(account, id, e.N), storage.Clean(e))
		}
		for _, one := range b.Answers {
			c.Answers++
			t.save(answerTable, key(account, one.At, id, c.Answers), storage.Clean(one))
		}
		t.addDeliveries(account, b.Deliveries)
		if b.Receipt != nil {
			t.save(receiptTable, key(account, id, b.Receipt.Scope, b.Receipt.Key), storage.Clean(*b.Receipt))
		}
		t.saveConversation(&c)
	})
}

// found returns what the batch's check needs to know of what is stored of its account
// and c. A failure fails the transaction.
func (t *tx) found(c *conversation, b *storage.Batch) *storage.Found {
	account := b.Conversation.Account
	f := &storage.Found{
		Version: c.Version, Unclosed: c.Unclosed,
		Holder: func(of tickets.Identity) tickets.ConversationID { return t.holder(account, of) },
	}
	var a chatcfg.Account
	if t.load(accountTable, key(account), &a) {
		f.Account = &a
	}
	var s tickets.Session
	t.load(sessionTable, key(account, b.Session), &s)
	f.SessionRevision = s.Revision
	if b.Receipt != nil {
		f.Receipt = t.get(receiptTable, key(account, b.Conversation.ID, b.Receipt.Scope, b.Receipt.Key)) != nil
	}
	return f
}

// updateTicket loads a ticket, which is zero if it is not stored, changes it by change
// and saves it; it saves nothing if its number is then zero. It updates c.Unclosed,
// which the caller must save.
func (t *tx) updateTicket(c *conversation, n tickets.Number, change func(*ticket)) {
	var k ticket
	if t.load(ticketTable, key(c.Account, c.ID, n), &k) {
		for _, view := range k.views(c) {
			t.remove(viewTable, view)
		}
	}
	if change(&k); k.Number == 0 {
		return
	}
	for _, view := range k.views(c) {
		t.put(viewTable, view, nil)
	}
	t.save(ticketTable, key(c.Account, c.ID, n), k)
	if k.Status != tickets.StatusClosed {
		c.Unclosed = n
	} else if c.Unclosed == n {
		c.Unclosed = 0
	}
}

// ClaimDue implements [storage.Conversations]: it returns up to limit conversations
// whose Wake is not after now, the earliest first, and moves their Wake to leaseUntil.
// It skips deleted accounts and those in without. It fails if ctx ends, the store is
// closed, or its database fails.
func (p conversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	return update(ctx, p.Store, func(t *tx) (claims []storage.Claim) {
		var taken []conversation
		for k := range t.from(dueTable, nil, nil) {
			if len(taken) >= limit || instant(k).After(now) {
				break
			}
			account := chatcfg.AccountID{UUID: id(k[8:])}
			if !slices.Contains(without, account) {
				taken = append(taken, t.conversation(account, tickets.ConversationID{UUID: id(k[24:])}))
			}
		}
		for _, c := range taken {
			claims = append(claims, storage.Claim{Account: c.Account, Conversation: c.ID, Due: c.Wake})
			t.unlist(&c)
			c.Wake, c.Lease = storage.Cut(leaseUntil), storage.Cut(leaseUntil)
			t.list(&c)
			t.saveConversation(&c)
		}
		return claims
	})
}

// ClaimStale implements [storage.Conversations]: it returns up to limit conversations
// that were armed under a version below their account's and are not leased beyond now,
// and leases them until leaseUntil. It skips deleted accounts and those in without. It
// fails if ctx ends, the store is closed, or its database fails.
func (p conversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	return update(ctx, p.Store, func(t *tx) (claims []storage.Claim) {
		var taken []conversation
		for account, doc := range t.from(accountTable, nil, nil) {
			var a chatcfg.Account
			if !t.decode(doc, &a) || !a.DeletedAt.IsZero() || slices.Contains(without, a.ID) {
				continue
			}
			for k := range t.from(armedTable, account, account) {
				if len(taken) >= limit || number(k[16:]) >= int64(a.Version) {
					break
				}
				if !instant(k[24:]).After(now) {
					taken = append(taken, t.conversation(a.ID, tickets.ConversationID{UUID: id(k[32:])}))
				}
			}
		}
		for _, c := range taken {
			claims = append(claims, storage.Claim{Account: c.Account, Conversation: c.ID})
			t.unlist(&c)
			c.Lease = storage.Cut(leaseUntil)
			t.list(&c)
			t.saveConversation(&c)
		}
		return claims
	})
}

// NextWake implements [storage.Conversations]: it returns the earliest Wake of an
// account that is not deleted; zero: there is none. It fails if ctx ends, the store is
// closed, or its database fails.
func (p conversations) NextWake(ctx context.Context) (time.Time, error) {
	return read(ctx, p.Store, func(t *tx) time.Time { return t.firstInstant(dueTable, nil) })
}

// Ahead implements [storage.Conversations]: it returns tickets that changed after an
// instant, and conversations that are leased until after another.
func (p conversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	return read(ctx, p.Store, func(t *tx) (found []tickets.Ref) {
		changed, leased := storage.Cut(changed).Add(time.Microsecond), storage.Cut(leased).Add(time.Microsecond)
		full := func(account chatcfg.AccountID, conversation tickets.ConversationID, n tickets.Number) bool {
			if len(found) < limit {
				found = append(found, tickets.Ref{Account: account, Conversation: conversation, Number: n})
			}
			return len(found) >= limit
		}
		for k := range t.from(dueTable, nil, key(leased)) {
			account, conversation := chatcfg.AccountID{UUID: id(k[8:])}, tickets.ConversationID{UUID: id(k[24:])}
			if t.conversation(account, conversation).Lease.Equal(instant(k)) && full(account, conversation, 0) {
				return found
			}
		}
		for _, doc := range t.from(accountTable, nil, nil) {
			var a chatcfg.Account
			if !t.decode(doc, &a) || !a.DeletedAt.IsZero() {
				continue
			}
			for k := range t.from(armedTable, key(a.ID), key(a.ID)) {
				if number(k[16:]) >= int64(a.Version) {
					break
				}
				if !instant(k[24:]).Before(leased) && full(a.ID, tickets.ConversationID{UUID: id(k[32:])}, 0) {
					return found
				}
			}
			view := key(a.ID, changedView)
			for k := range t.from(viewTable, view, key(view, changed)) {
				rest := k[len(view)+8:]
				if full(a.ID, tickets.ConversationID{UUID: id(rest)}, tickets.Number(number(rest[16:]))) {
					return found
				}
			}
		}
		return found
	})
}
