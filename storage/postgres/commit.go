package postgres

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

// batch is a batch whose documents are encoded, which is done on its caller's time.
type batch struct {
	*storage.Batch
	conversation []byte
	receipt      []byte
	tickets      []ticketRow
	messages     [][]byte
	entries      [][]byte
	// reserve are the identities, each once, in their order.
	reserve []tickets.Identity
}

// ticketRow is a ticket as its row is.
type ticketRow struct {
	number int64
	closed bool
	columns.Row
	doc []byte
}

// key names a conversation, or a session.
type key struct{ account, id [16]byte }

// compare returns a number below zero if k is before l, zero if they are equal, else one
// above zero.
func (k key) compare(l key) int {
	return cmp.Or(bytes.Compare(k.account[:], l.account[:]), bytes.Compare(k.id[:], l.id[:]))
}

// key returns the key of the batch's conversation.
func (e *batch) key() key { return key{e.Conversation.Account.UUID, e.Conversation.ID.UUID} }

// encodeBatch returns a batch with its documents encoded, its closed tickets before the
// others, and its identities in order.
func encodeBatch(b *storage.Batch) *batch {
	docs := make(documents, 0, 2048)
	e := &batch{
		Batch:        b,
		conversation: encoded(&docs, codec.AppendConversation, &b.Conversation),
		tickets:      make([]ticketRow, len(b.Tickets)),
		messages:     make([][]byte, len(b.Messages)),
		entries:      make([][]byte, len(b.Entries)),
		reserve:      slices.Clone(b.Reserve),
	}
	for i := range b.Messages {
		e.messages[i] = encoded(&docs, codec.AppendMessage, &b.Messages[i])
	}
	for i := range b.Entries {
		e.entries[i] = encoded(&docs, codec.AppendEntry, &b.Entries[i])
	}
	for i := range b.Tickets {
		t := &b.Tickets[i]
		e.tickets[i] = ticketRow{number: int64(t.Number), closed: t.Status == tickets.StatusClosed, Row: ofTickets.Of(t)}
		e.tickets[i].doc = encoded(&docs, codec.AppendTicket, t)
	}
	if b.Receipt != nil {
		e.receipt = encoded(&docs, codec.AppendReceipt, b.Receipt)
	}
	// One ticket may close and another open: never two open in between.
	slices.SortStableFunc(e.tickets, func(t, u ticketRow) int { return cmp.Compare(t.rank(), u.rank()) })
	slices.SortFunc(e.reserve, compareIdentities)
	e.reserve = slices.Compact(e.reserve)
	return e
}

// compareIdentities orders identities by kind, then by value.
func compareIdentities(a, b tickets.Identity) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value))
}

// rank returns 0 for a closed ticket, which is written first, and 1 for any other.
func (t *ticketRow) rank() int {
	if t.closed {
		return 0
	}
	return 1
}

// Commit implements [storage.Conversations]: it writes a batch, whole or not at all. It
// commits together with other batches that wait. It fails with [storage.ErrNotFound],
// [storage.ErrDeleted], [storage.ErrConfigChanged] or [storage.ErrConflict], with
// [storage.ErrNotDone] for a second ticket that is not closed, or if ctx ends, the
// store is closed or busy, or its database fails.
func (p conversations) Commit(ctx context.Context, b *storage.Batch) error {
	leave, err := p.s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return p.s.commits.run(ctx, encodeBatch(b))
}

// account is what a commit needs to know of an account's row.
type account struct {
	number   int64
	revision int64
	version  int64
	deleted  bool
}

// identity is an identity of an account.
type identity struct {
	account [16]byte
	tickets.Identity
}

// receipt names a receipt.
type receipt struct {
	key
	scope, once string
}

// found is what a group finds when it has its locks.
type found struct {
	accounts map[[16]byte]account
	versions map[key]int64
	sessions map[key]int64
	holders  map[identity][16]byte
	receipts map[receipt]bool
}

// decide returns the error with which a batch must fail, or nil if it may be written:
// [storage.ErrNotFound], [storage.ErrDeleted], [storage.ErrConfigChanged] or
// [storage.ErrConflict]. For one that may, it records what that changes for the batches
// of the group that come after.
func (f *found) decide(e *batch) error {
	k := e.key()
	a, there := f.accounts[k.account]
	revision, hasSession := f.sessions[key{k.account, e.Session.UUID}]
	switch {
	case !there:
		return storage.ErrNotFound
	case a.deleted:
		return storage.ErrDeleted
	case a.version != int64(e.Config):
		return storage.ErrConfigChanged
	case f.versions[k] != e.Conversation.Version-1, e.Conversation.Version < 1,
		e.AccountRevision != 0 && a.revision != e.AccountRevision,
		!e.Session.IsZero() && (!hasSession || revision != e.SessionRevision),
		e.Receipt != nil && f.receipts[receipt{k, e.Receipt.Scope, e.Receipt.Key}]:
		return storage.ErrConflict
	}
	for _, id := range e.reserve {
		if holder, held := f.holders[identity{k.account, id}]; held && holder != k.id {
			return storage.ErrConflict
		}
	}
	f.versions[k]++
	for _, id := range e.reserve {
		f.holders[identity{k.account, id}] = k.id
	}
	return nil
}

// isStale reports whether a batch has an open ticket and is armed under an older version
// than its account's.
func (f *found) isStale(e *batch) bool {
	return e.Active && int64(e.Conversation.Armed) < f.accounts[e.Conversation.Account.UUID].version
}
