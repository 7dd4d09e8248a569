package journal

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// The parts of the store: changes go to the journal, reads to the memory.

// Accounts returns the part that keeps accounts.
func (s *Store) Accounts() storage.Accounts { return accounts{s} }

// Conversations returns the part that loads, commits and claims.
func (s *Store) Conversations() storage.Conversations { return conversations{s} }

// Outbox returns the part that keeps what leaves the system.
func (s *Store) Outbox() storage.Outbox { return outbox{s} }

// Presence returns the part that keeps who is available.
func (s *Store) Presence() storage.Presence { return presence{s} }

// Sessions returns the part that keeps visitors' sessions.
func (s *Store) Sessions() storage.Sessions { return sessions{s} }

// Queries returns the part that reads for people.
func (s *Store) Queries() storage.Queries { return queries{s} }

// Contacts returns the part that keeps contact forms.
func (s *Store) Contacts() storage.Contacts { return contacts{s} }

type (
	contacts      struct{ *Store }
	accounts      struct{ *Store }
	conversations struct{ *Store }
	outbox        struct{ *Store }
	presence      struct{ *Store }
	sessions      struct{ *Store }
	queries       struct{ *Store }
)

func (p accounts) Create(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return p.change(ctx, "account", &createAccount{a, docs})
}

func (p accounts) Save(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return p.change(ctx, "save", &saveAccount{a, docs})
}

func (p accounts) Purge(ctx context.Context, id chatcfg.AccountID) (storage.Purged, error) {
	c := &purgeAccount{ID: id}
	err := p.change(ctx, "purge", c)
	return c.purged, err
}

func (p accounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	return read(p.Store, func(m *storage.Memory) (chatcfg.Account, error) { return m.Accounts().Get(ctx, id) })
}

func (p accounts) Find(ctx context.Context, key string) (chatcfg.Account, error) {
	return read(p.Store, func(m *storage.Memory) (chatcfg.Account, error) { return m.Accounts().Find(ctx, key) })
}

func (p accounts) List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	return read(p.Store, func(m *storage.Memory) ([]chatcfg.Account, error) {
		return m.Accounts().List(ctx, after, hidden, limit)
	})
}

func (p accounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) ([]byte, error) {
	return read(p.Store, func(m *storage.Memory) ([]byte, error) { return m.Accounts().Document(ctx, id, name, version) })
}

func (p conversations) Commit(ctx context.Context, b *storage.Batch) error {
	return p.change(ctx, "commit", &commit{b})
}

func (p conversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	c := &claimDue{lease: lease{Now: now, Until: leaseUntil, Limit: limit, Without: without}}
	err := p.change(ctx, "due", c)
	return c.claims, err
}

func (p conversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	c := &claimStale{lease: lease{Now: now, Until: leaseUntil, Limit: limit, Without: without}}
	err := p.change(ctx, "stale", c)
	return c.claims, err
}

func (p conversations) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	return read(p.Store, func(m *storage.Memory) (storage.Loaded, error) { return m.Conversations().Load(ctx, q) })
}

func (p conversations) NextWake(ctx context.Context) (time.Time, error) {
	return read(p.Store, func(m *storage.Memory) (time.Time, error) { return m.Conversations().NextWake(ctx) })
}

func (p conversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	return read(p.Store, func(m *storage.Memory) ([]tickets.Ref, error) {
		return m.Conversations().Ahead(ctx, changed, leased, limit)
	})
}

func (p outbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	c := &recall{Now: now, Pending: pending, Leased: leased}
	err := p.change(ctx, "recall", c)
	return c.recalled, err
}

func (p outbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int, s storage.Share) ([]storage.Delivery, error) {
	c := &claimDeliveries{lease: lease{Now: now, Until: leaseUntil, Limit: limit, Share: s}}
	err := p.change(ctx, "claim", c)
	return c.claimed, err
}

func (p outbox) Settle(ctx context.Context, d storage.Delivery) error {
	return p.change(ctx, "settle", &settle{d})
}

func (p outbox) Replay(ctx context.Context, account chatcfg.AccountID, key string, now time.Time) error {
	return p.change(ctx, "replay", &replayDelivery{account, key, now})
}

func (p outbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	c := &prune{Before: before, Limit: limit}
	err := p.change(ctx, "prune", c)
	return c.pruned, err
}

func (p outbox) List(ctx context.Context, account chatcfg.AccountID, state storage.DeliveryState, cursor string, limit int) (storage.Page[storage.Delivery], error) {
	return read(p.Store, func(m *storage.Memory) (storage.Page[storage.Delivery], error) {
		return m.Outbox().List(ctx, account, state, cursor, limit)
	})
}

func (p outbox) NextWake(ctx context.Context) (time.Time, error) {
	return read(p.Store, func(m *storage.Memory) (time.Time, error) { return m.Outbox().NextWake(ctx) })
}

func (p presence) Put(ctx context.Context, account chatcfg.AccountID, r tickets.Roster) error {
	return p.change(ctx, "presence", &putRoster{account, r})
}

func (p presence) Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error) {
	return read(p.Store, func(m *storage.Memory) (tickets.Roster, error) { return m.Presence().Get(ctx, account) })
}

func (p sessions) Create(ctx context.Context, s tickets.Session) error {
	return p.change(ctx, "session", &createSession{s})
}

func (p sessions) Save(ctx context.Context, s tickets.Session) error {
	return p.change(ctx, "visit", &saveSession{s})
}

func (p sessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	return read(p.Store, func(m *storage.Memory) (tickets.Session, error) { return m.Sessions().Get(ctx, account, id) })
}

func (p sessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	c := &pruneSessions{Before: before, Limit: limit}
	err := p.change(ctx, "expire", c)
	return c.pruned, err
}

func (p sessions) Holder(ctx context.Context, account chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error) {
	return read(p.Store, func(m *storage.Memory) (tickets.ConversationID, error) {
		return m.Sessions().Holder(ctx, account, id)
	})
}

func (p queries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	return read(p.Store, func(m *storage.Memory) (tickets.Ticket, error) { return m.Queries().Ticket(ctx, ref) })
}

func (p queries) Tickets(ctx context.Context, q storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
	return read(p.Store, func(m *storage.Memory) (storage.Page[storage.TicketRow], error) {
		return m.Queries().Tickets(ctx, q)
	})
}

func (p queries) Counts(ctx context.Context, account chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	return read(p.Store, func(m *storage.Memory) ([]int, error) { return m.Queries().Counts(ctx, account, all) })
}

func (p queries) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	return read(p.Store, func(m *storage.Memory) ([]tickets.Message, error) { return m.Queries().Messages(ctx, q) })
}

func (p queries) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	return read(p.Store, func(m *storage.Memory) ([]tickets.Entry, error) {
		return m.Queries().History(ctx, ref, after, limit)
	})
}

func (p queries) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	return read(p.Store, func(m *storage.Memory) (storage.Page[storage.Change], error) {
		return m.Queries().Changes(ctx, account, cursor, limit)
	})
}

func (p queries) Report(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	return read(p.Store, func(m *storage.Memory) (tickets.Report, error) {
		return m.Queries().Report(ctx, account, q)
	})
}

func (p queries) Count(ctx context.Context, account chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (int, error) {
	return read(p.Store, func(m *storage.Memory) (int, error) {
		return m.Queries().Count(ctx, account, by, after, upTo)
	})
}

func (p sessions) Raise(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID, m tickets.Marks) error {
	return p.change(ctx, "marks", &raise{account, conversation, m})
}

func (p sessions) Marks(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID) (tickets.Marks, error) {
	return read(p.Store, func(m *storage.Memory) (tickets.Marks, error) {
		return m.Sessions().Marks(ctx, account, conversation)
	})
}

func (p contacts) Add(ctx context.Context, s tickets.Submission, deliveries []storage.Delivery) error {
	return p.change(ctx, "contact", &addContact{s, deliveries})
}

func (p contacts) Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error) {
	return read(p.Store, func(m *storage.Memory) (tickets.Submission, error) { return m.Contacts().Get(ctx, account, key) })
}

func (p contacts) List(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[tickets.Submission], error) {
	return read(p.Store, func(m *storage.Memory) (storage.Page[tickets.Submission], error) {
		return m.Contacts().List(ctx, account, cursor, limit)
	})
}
