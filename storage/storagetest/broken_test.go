package storagetest_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// broken is a memory store with a defect: what is set stands in for the part of
// the store.
type broken struct {
	*storage.Memory
	accounts      storage.Accounts
	conversations storage.Conversations
	outbox        storage.Outbox
	sessions      storage.Sessions
	presence      storage.Presence
	queries       storage.Queries
	contacts      storage.Contacts
	// before is called as a commit begins, and gate then holds the next one.
	before func(*storage.Batch)
	gate   atomic.Pointer[gate]
}

type gate struct{ held, open chan struct{} }

func or[T comparable](set, whole T) T {
	var none T
	if set != none {
		return set
	}
	return whole
}

func (b *broken) Accounts() storage.Accounts { return or(b.accounts, b.Memory.Accounts()) }
func (b *broken) Conversations() storage.Conversations {
	whole := or(b.conversations, b.Memory.Conversations())
	return &conversations{Conversations: whole, commit: func(ctx context.Context, batch *storage.Batch) error {
		if b.before != nil {
			b.before(batch)
		}
		if g := b.gate.Swap(nil); g != nil {
			close(g.held)
			<-g.open
		}
		return whole.Commit(ctx, batch)
	}}
}
func (b *broken) Outbox() storage.Outbox     { return or(b.outbox, b.Memory.Outbox()) }
func (b *broken) Sessions() storage.Sessions { return or(b.sessions, b.Memory.Sessions()) }
func (b *broken) Presence() storage.Presence { return or(b.presence, b.Memory.Presence()) }
func (b *broken) Queries() storage.Queries   { return or(b.queries, b.Memory.Queries()) }
func (b *broken) Contacts() storage.Contacts { return or(b.contacts, b.Memory.Contacts()) }

// lowering is a part that lets marks go back.
type lowering struct {
	storage.Sessions
	mu    sync.Mutex
	marks map[tickets.ConversationID]tickets.Marks
}

func (p *lowering) Raise(ctx context.Context, a chatcfg.AccountID, id tickets.ConversationID, m tickets.Marks) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marks[id] = m
	return p.Sessions.Raise(ctx, a, id, m)
}

func (p *lowering) Marks(context.Context, chatcfg.AccountID, tickets.ConversationID) (tickets.Marks, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.marks {
		return m, nil
	}
	return tickets.Marks{}, nil
}

// spoiltPreview is a list whose previews are spoilt.
func spoiltPreview(b *broken, q *queries, spoil func(*storage.TicketRow, tickets.Marks)) func(context.Context, storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
	return func(ctx context.Context, asked storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
		page, err := q.Queries.Tickets(ctx, asked)
		for i := range page.Items {
			m, _ := b.Memory.Sessions().Marks(ctx, asked.Account, page.Items[i].Conversation)
			if asked.Preview {
				spoil(&page.Items[i], m)
			}
		}
		return page, err
	}
}

// hasty is a part that sends a form's deliveries before it knows that the form
// is new.
type hasty struct{ storage.Contacts }

func (p hasty) Add(ctx context.Context, s tickets.Submission, deliveries []storage.Delivery) error {
	err := p.Contacts.Add(ctx, s, deliveries)
	if errors.Is(err, storage.ErrExists) {
		s.Key += "'"
		_ = p.Contacts.Add(ctx, s, deliveries)
	}
	return err
}

// brief is a part that keeps only the first of a form's deliveries.
type brief struct{ storage.Contacts }

func (p brief) Add(ctx context.Context, s tickets.Submission, deliveries []storage.Delivery) error {
	return p.Contacts.Add(ctx, s, deliveries[:min(len(deliveries), 1)])
}

// The parts of a store with single methods replaced.
type (
	conversations struct {
		storage.Conversations
		load   func(context.Context, storage.LoadQuery) (storage.Loaded, error)
		commit func(context.Context, *storage.Batch) error
		due    func(context.Context, time.Time, time.Time, int, []chatcfg.AccountID) ([]storage.Claim, error)
		stale  func(context.Context, time.Time, time.Time, int, []chatcfg.AccountID) ([]storage.Claim, error)
		ahead  func(context.Context, time.Time, time.Time, int) ([]tickets.Ref, error)
	}
	outbox struct {
		storage.Outbox
		claim  func(context.Context, time.Time, time.Time, int, storage.Share) ([]storage.Delivery, error)
		settle func(context.Context, storage.Delivery) error
		recall func(context.Context, time.Time, time.Time, time.Time) (int, error)
	}
	queries struct {
		storage.Queries
		tickets  func(context.Context, storage.TicketQuery) (storage.Page[storage.TicketRow], error)
		messages func(context.Context, storage.MessageQuery) ([]tickets.Message, error)
		counts   func(context.Context, chatcfg.AccountID, []storage.TicketQuery) ([]int, error)
		changes  func(context.Context, chatcfg.AccountID, string, int) (storage.Page[storage.Change], error)
		report   func(context.Context, chatcfg.AccountID, storage.ReportQuery) (tickets.Report, error)
		count    func(context.Context, chatcfg.AccountID, storage.Instant, time.Time, time.Time) (int, error)
	}
	sessions struct {
		storage.Sessions
		holder func(context.Context, chatcfg.AccountID, tickets.Identity) (tickets.ConversationID, error)
	}
)

func (p *conversations) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	if p.load != nil {
		return p.load(ctx, q)
	}
	return p.Conversations.Load(ctx, q)
}

func (p *conversations) Commit(ctx context.Context, b *storage.Batch) error {
	if p.commit != nil {
		return p.commit(ctx, b)
	}
	return p.Conversations.Commit(ctx, b)
}

func (p *conversations) ClaimDue(ctx context.Context, now, lease time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	if p.due != nil {
		return p.due(ctx, now, lease, limit, without)
	}
	return p.Conversations.ClaimDue(ctx, now, lease, limit, without)
}

func (p *conversations) ClaimStale(ctx context.Context, now, lease time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	if p.stale != nil {
		return p.stale(ctx, now, lease, limit, without)
	}
	return p.Conversations.ClaimStale(ctx, now, lease, limit, without)
}

func (p *conversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	if p.ahead != nil {
		return p.ahead(ctx, changed, leased, limit)
	}
	return p.Conversations.Ahead(ctx, changed, leased, limit)
}

func (p *outbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	if p.recall != nil {
		return p.recall(ctx, now, pending, leased)
	}
	return p.Outbox.Recall(ctx, now, pending, leased)
}

func (p *outbox) Claim(ctx context.Context, now, lease time.Time, limit int, s storage.Share) ([]storage.Delivery, error) {
	if p.claim != nil {
		return p.claim(ctx, now, lease, limit, s)
	}
	return p.Outbox.Claim(ctx, now, lease, limit, s)
}

func (p *outbox) Settle(ctx context.Context, d storage.Delivery) error {
	if p.settle != nil {
		return p.settle(ctx, d)
	}
	return p.Outbox.Settle(ctx, d)
}

func (p *queries) Tickets(ctx context.Context, q storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
	if p.tickets != nil {
		return p.tickets(ctx, q)
	}
	return p.Queries.Tickets(ctx, q)
}

func (p *queries) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	if p.messages != nil {
		return p.messages(ctx, q)
	}
	return p.Queries.Messages(ctx, q)
}

func (p *queries) Counts(ctx context.Context, a chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	if p.counts != nil {
		return p.counts(ctx, a, all)
	}
	return p.Queries.Counts(ctx, a, all)
}

func (p *queries) Changes(ctx context.Context, a chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	if p.changes != nil {
		return p.changes(ctx, a, cursor, limit)
	}
	return p.Queries.Changes(ctx, a, cursor, limit)
}

func (p *queries) Report(ctx context.Context, a chatcfg.AccountID, of storage.ReportQuery) (tickets.Report, error) {
	if p.report != nil {
		return p.report(ctx, a, of)
	}
	return p.Queries.Report(ctx, a, of)
}

func (p *queries) Count(ctx context.Context, a chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (int, error) {
	if p.count != nil {
		return p.count(ctx, a, by, after, upTo)
	}
	return p.Queries.Count(ctx, a, by, after, upTo)
}

func (p *sessions) Holder(ctx context.Context, a chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error) {
	return p.holder(ctx, a, id)
}
