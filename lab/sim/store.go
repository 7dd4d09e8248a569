package sim

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// errInjected is the failure of a store that says nothing of what happened.
var errInjected = errors.New("sim: the store failed")

// sentinels are what a sound store may answer besides success.
var sentinels = []error{
	storage.ErrConflict, storage.ErrNotFound, storage.ErrExists, storage.ErrConfigChanged, storage.ErrDeleted,
	storage.ErrLeaseLost, storage.ErrCursor, storage.ErrBusy,
}

// through is a yield point: the call parks, and the schedule decides when it is
// carried out and what its caller learns of it.
func through[T any](ctx context.Context, at spot, call func() (T, error)) (T, error) {
	var none T
	t, ok := ctx.Value(taskKey{}).(*task)
	if !ok {
		return call() // the simulation itself
	}
	v := t.park(at)
	switch v {
	case failBefore:
		return none, errInjected
	case busy:
		return none, storage.ErrBusy
	case conflict:
		return none, storage.ErrConflict
	case configChanged:
		return none, storage.ErrConfigChanged
	default:
	}
	got, err := call()
	if t.saw != nil {
		t.saw(at.name)
	}
	if err != nil && ctx.Err() == nil && !slices.ContainsFunc(sentinels, func(s error) bool { return errors.Is(err, s) }) {
		t.desk.clock.w.failf("store", "%s fails by itself: %v", at.name, err)
	}
	switch v {
	case linger:
		t.park(spot{at.name, returns, at.detail})
	case failAfter:
		return none, errInjected
	case dieAfter:
		runtime.Goexit()
	default:
	}
	return got, err
}

// only is through for calls that return nothing but an error.
func only(ctx context.Context, at spot, call func() error) error {
	_, err := through(ctx, at, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// faulty is the world's store as one desk sees it: every call is a yield point,
// and what really happened is shown to the model.
type faulty struct{ w *World }

func (s faulty) Accounts() storage.Accounts           { return faultyAccounts(s) }
func (s faulty) Conversations() storage.Conversations { return faultyConversations(s) }
func (s faulty) Outbox() storage.Outbox               { return faultyOutbox(s) }
func (s faulty) Presence() storage.Presence           { return faultyPresence(s) }
func (s faulty) Sessions() storage.Sessions           { return faultySessions(s) }
func (s faulty) Queries() storage.Queries             { return faultyQueries(s) }
func (s faulty) Contacts() storage.Contacts           { return faultyContacts(s) }
func (s faulty) Close() error                         { return nil }

type faultyAccounts struct{ w *World }

func (s faultyAccounts) Create(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return only(ctx, spot{"create account", changes, ""}, func() error {
		err := s.w.real.Accounts().Create(ctx, a, docs...)
		if err == nil {
			s.w.model.created(a, docs)
		}
		return err
	})
}

func (s faultyAccounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	return through(ctx, spot{"account", reads, id.String()}, func() (chatcfg.Account, error) { return s.w.real.Accounts().Get(ctx, id) })
}

func (s faultyAccounts) Find(ctx context.Context, key string) (chatcfg.Account, error) {
	return through(ctx, spot{"find account", reads, ""}, func() (chatcfg.Account, error) { return s.w.real.Accounts().Find(ctx, key) })
}

func (s faultyAccounts) List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	return through(ctx, spot{"list accounts", reads, ""}, func() ([]chatcfg.Account, error) {
		return s.w.real.Accounts().List(ctx, after, hidden, limit)
	})
}

func (s faultyAccounts) Save(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return only(ctx, spot{"save account", commits, ""}, func() error {
		err := s.w.real.Accounts().Save(ctx, a, docs...)
		if err == nil {
			s.w.model.saved(a, docs)
		}
		return err
	})
}

func (s faultyAccounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) ([]byte, error) {
	return through(ctx, spot{"document", reads, fmt.Sprint(id, name, version)}, func() ([]byte, error) {
		return s.w.real.Accounts().Document(ctx, id, name, version)
	})
}

func (s faultyAccounts) Purge(ctx context.Context, id chatcfg.AccountID) (storage.Purged, error) {
	return through(ctx, spot{"purge", changes, ""}, func() (storage.Purged, error) {
		p, err := s.w.real.Accounts().Purge(ctx, id)
		if err == nil {
			s.w.model.purged(id, p)
		}
		return p, err
	})
}

type faultyConversations struct{ w *World }

func (s faultyConversations) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	if t, ok := ctx.Value(taskKey{}).(*task); ok && t.tag != "" {
		t.asked = time.Time{}
	}
	return through(ctx, spot{"load", reads, q.Conversation.String()}, func() (storage.Loaded, error) { return s.w.real.Conversations().Load(ctx, q) })
}

func (s faultyConversations) Commit(ctx context.Context, b *storage.Batch) error {
	t, _ := ctx.Value(taskKey{}).(*task)
	s.w.model.attempted(t, b)
	return only(ctx, spot{"commit", commits, b.Conversation.ID.String()}, func() error {
		err := s.w.real.Conversations().Commit(ctx, b)
		if err == nil {
			s.w.model.committed(ctx, t, b)
		}
		return err
	})
}

func (s faultyConversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	return through(ctx, spot{"claim due", changes, ""}, func() ([]storage.Claim, error) {
		claims, err := s.w.real.Conversations().ClaimDue(ctx, now, leaseUntil, limit, without)
		if err == nil {
			s.w.model.claimed(claims, true, len(without) > 0, now, leaseUntil, limit)
		}
		return claims, err
	})
}

func (s faultyConversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	return through(ctx, spot{"claim stale", changes, ""}, func() ([]storage.Claim, error) {
		claims, err := s.w.real.Conversations().ClaimStale(ctx, now, leaseUntil, limit, without)
		if err == nil {
			s.w.model.claimed(claims, false, len(without) > 0, now, leaseUntil, limit)
		}
		return claims, err
	})
}

func (s faultyConversations) NextWake(ctx context.Context) (time.Time, error) {
	return through(ctx, spot{"next wake", reads, ""}, func() (time.Time, error) { return s.w.real.Conversations().NextWake(ctx) })
}

func (s faultyConversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	return through(ctx, spot{"ahead", reads, ""}, func() ([]tickets.Ref, error) {
		return s.w.real.Conversations().Ahead(ctx, changed, leased, limit)
	})
}

type faultyOutbox struct{ w *World }

func (s faultyOutbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	return through(ctx, spot{"recall", changes, ""}, func() (int, error) {
		n, err := s.w.real.Outbox().Recall(ctx, now, pending, leased)
		if err == nil {
			s.w.model.outbox.recalled(n, now, pending, leased)
		}
		return n, err
	})
}

func (s faultyOutbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int, share storage.Share) ([]storage.Delivery, error) {
	return through(ctx, spot{"claim outbox", changes, ""}, func() ([]storage.Delivery, error) {
		list, err := s.w.real.Outbox().Claim(ctx, now, leaseUntil, limit, share)
		if err == nil {
			s.w.model.outbox.claimed(list, now, leaseUntil, limit, share)
		}
		return list, err
	})
}

func (s faultyOutbox) Settle(ctx context.Context, d storage.Delivery) error {
	return only(ctx, spot{"settle", changes, d.Kind + " " + d.Key}, func() error {
		err := s.w.real.Outbox().Settle(ctx, d)
		if err == nil {
			s.w.model.outbox.settled(d)
		}
		return err
	})
}

func (s faultyOutbox) List(ctx context.Context, account chatcfg.AccountID, state storage.DeliveryState, cursor string, limit int) (storage.Page[storage.Delivery], error) {
	return through(ctx, spot{"list outbox", reads, ""}, func() (storage.Page[storage.Delivery], error) {
		return s.w.real.Outbox().List(ctx, account, state, cursor, limit)
	})
}

func (s faultyOutbox) Replay(ctx context.Context, account chatcfg.AccountID, key string, now time.Time) error {
	return only(ctx, spot{"replay", changes, ""}, func() error {
		err := s.w.real.Outbox().Replay(ctx, account, key, now)
		if err == nil {
			s.w.model.outbox.replayed(account, key, now)
		}
		return err
	})
}

func (s faultyOutbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return through(ctx, spot{"prune", changes, ""}, func() (int, error) {
		n, err := s.w.real.Outbox().Prune(ctx, before, limit)
		if err == nil {
			s.w.model.outbox.pruned(before, n)
		}
		return n, err
	})
}

func (s faultyOutbox) NextWake(ctx context.Context) (time.Time, error) {
	return through(ctx, spot{"next delivery", reads, ""}, func() (time.Time, error) { return s.w.real.Outbox().NextWake(ctx) })
}

type faultyPresence struct{ w *World }

func (s faultyPresence) Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error) {
	if t, ok := ctx.Value(taskKey{}).(*task); ok && t.tag != "" {
		t.asked = t.desk.charla.Now()
	}
	return through(ctx, spot{"presence", reads, account.String()}, func() (tickets.Roster, error) { return s.w.real.Presence().Get(ctx, account) })
}

func (s faultyPresence) Put(ctx context.Context, account chatcfg.AccountID, r tickets.Roster) error {
	return only(ctx, spot{"put presence", commits, ""}, func() error {
		err := s.w.real.Presence().Put(ctx, account, r)
		if err == nil {
			t, _ := ctx.Value(taskKey{}).(*task)
			s.w.model.present(t, account, r)
		}
		return err
	})
}

type faultySessions struct{ w *World }

func (s faultySessions) Create(ctx context.Context, one tickets.Session) error {
	return only(ctx, spot{"create session", changes, ""}, func() error {
		err := s.w.real.Sessions().Create(ctx, one)
		if err == nil {
			s.w.model.session(one)
		}
		return err
	})
}

func (s faultySessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	return through(ctx, spot{"session", reads, ""}, func() (tickets.Session, error) {
		return s.w.real.Sessions().Get(ctx, account, id)
	})
}

func (s faultySessions) Save(ctx context.Context, one tickets.Session) error {
	return only(ctx, spot{"save session", commits, ""}, func() error {
		err := s.w.real.Sessions().Save(ctx, one)
		if err == nil {
			s.w.model.session(one)
		}
		return err
	})
}

func (s faultySessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return through(ctx, spot{"prune sessions", changes, ""}, func() (int, error) {
		n, err := s.w.real.Sessions().Prune(ctx, before, limit)
		if n > 0 && err == nil {
			t, _ := ctx.Value(taskKey{}).(*task)
			s.w.model.forgets(ctx, before, t.desk.clock.ahead)
		}
		return n, err
	})
}

func (s faultySessions) Holder(ctx context.Context, account chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error) {
	return through(ctx, spot{"holder", reads, ""}, func() (tickets.ConversationID, error) {
		return s.w.real.Sessions().Holder(ctx, account, id)
	})
}

func (s faultySessions) Raise(ctx context.Context, account chatcfg.AccountID, id tickets.ConversationID, m tickets.Marks) error {
	return only(ctx, spot{"raise marks", changes, ""}, func() error {
		err := s.w.real.Sessions().Raise(ctx, account, id, m)
		if err == nil {
			t, _ := ctx.Value(taskKey{}).(*task)
			s.w.model.raised(ctx, t, account, id, m)
		}
		return err
	})
}

func (s faultySessions) Marks(ctx context.Context, account chatcfg.AccountID, id tickets.ConversationID) (tickets.Marks, error) {
	return through(ctx, spot{"marks", reads, ""}, func() (tickets.Marks, error) { return s.w.real.Sessions().Marks(ctx, account, id) })
}

type faultyContacts struct{ w *World }

func (s faultyContacts) Add(ctx context.Context, one tickets.Submission, deliveries []storage.Delivery) error {
	return only(ctx, spot{"add contact", changes, ""}, func() error { return s.w.real.Contacts().Add(ctx, one, deliveries) })
}

func (s faultyContacts) Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error) {
	return through(ctx, spot{"contact", reads, ""}, func() (tickets.Submission, error) { return s.w.real.Contacts().Get(ctx, account, key) })
}

func (s faultyContacts) List(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[tickets.Submission], error) {
	return through(ctx, spot{"contacts", reads, ""}, func() (storage.Page[tickets.Submission], error) {
		return s.w.real.Contacts().List(ctx, account, cursor, limit)
	})
}

type faultyQueries struct{ w *World }

func (s faultyQueries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	return through(ctx, spot{"ticket", reads, fmt.Sprint(ref)}, func() (tickets.Ticket, error) { return s.w.real.Queries().Ticket(ctx, ref) })
}

func (s faultyQueries) Tickets(ctx context.Context, q storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
	return through(ctx, spot{"tickets", reads, ""}, func() (storage.Page[storage.TicketRow], error) {
		return s.w.real.Queries().Tickets(ctx, q)
	})
}

func (s faultyQueries) Counts(ctx context.Context, account chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	return through(ctx, spot{"counts", reads, ""}, func() ([]int, error) { return s.w.real.Queries().Counts(ctx, account, all) })
}

func (s faultyQueries) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	if t, ok := ctx.Value(taskKey{}).(*task); ok && t.tag != "" && t.asked.IsZero() {
		t.asked = t.desk.charla.Now() // it has decided with a presence that it knew
	}
	return through(ctx, spot{"messages", reads, ""}, func() ([]tickets.Message, error) {
		return s.w.real.Queries().Messages(ctx, q)
	})
}

func (s faultyQueries) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	return through(ctx, spot{"history", reads, ""}, func() ([]tickets.Entry, error) {
		return s.w.real.Queries().History(ctx, ref, after, limit)
	})
}

func (s faultyQueries) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	return through(ctx, spot{"changes", reads, ""}, func() (storage.Page[storage.Change], error) {
		page, err := s.w.real.Queries().Changes(ctx, account, cursor, limit)
		if t, ok := ctx.Value(taskKey{}).(*task); ok && err == nil && t.snapshot == nil {
			t.snapshot = s.w.model.versions(account)
		}
		return page, err
	})
}

func (s faultyQueries) Report(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	return through(ctx, spot{"report", reads, ""}, func() (tickets.Report, error) {
		return s.w.real.Queries().Report(ctx, account, q)
	})
}

func (s faultyQueries) Count(ctx context.Context, account chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (int, error) {
	return through(ctx, spot{"count", reads, ""}, func() (int, error) {
		return s.w.real.Queries().Count(ctx, account, by, after, upTo)
	})
}
