package charla_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// fragile is a store of which one call fails, before it does anything: the one that is left
// calls away.
type fragile struct {
	storage.Store
	left atomic.Int64
	// changed is how many calls have changed something.
	changed atomic.Int64
}

// try makes a call unless it is the one that fails.
func try[T any](s *fragile, change bool, call func() (T, error)) (v T, err error) {
	if s.left.Add(-1) == 0 {
		return v, errStore
	}
	v, err = call()
	if change && err == nil {
		s.changed.Add(1)
	}
	return v, err
}

// change is try for a call that only changes something.
func (s *fragile) change(call func() error) error {
	_, err := try(s, true, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

func (s *fragile) Accounts() storage.Accounts { return fragileAccounts{s.Store.Accounts(), s} }
func (s *fragile) Conversations() storage.Conversations {
	return fragileConversations{s.Store.Conversations(), s}
}
func (s *fragile) Outbox() storage.Outbox     { return fragileOutbox{s.Store.Outbox(), s} }
func (s *fragile) Presence() storage.Presence { return fragilePresence{s.Store.Presence(), s} }
func (s *fragile) Sessions() storage.Sessions { return fragileSessions{s.Store.Sessions(), s} }
func (s *fragile) Contacts() storage.Contacts { return fragileContacts{s.Store.Contacts(), s} }
func (s *fragile) Queries() storage.Queries   { return fragileQueries{s.Store.Queries(), s} }

type fragileAccounts struct {
	storage.Accounts
	s *fragile
}

func (p fragileAccounts) Create(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return p.s.change(func() error { return p.Accounts.Create(ctx, a, docs...) })
}

func (p fragileAccounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	return try(p.s, false, func() (chatcfg.Account, error) { return p.Accounts.Get(ctx, id) })
}

func (p fragileAccounts) Find(ctx context.Context, key string) (chatcfg.Account, error) {
	return try(p.s, false, func() (chatcfg.Account, error) { return p.Accounts.Find(ctx, key) })
}

func (p fragileAccounts) List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	return try(p.s, false, func() ([]chatcfg.Account, error) { return p.Accounts.List(ctx, after, hidden, limit) })
}

func (p fragileAccounts) Save(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return p.s.change(func() error { return p.Accounts.Save(ctx, a, docs...) })
}

func (p fragileAccounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) ([]byte, error) {
	return try(p.s, false, func() ([]byte, error) { return p.Accounts.Document(ctx, id, name, version) })
}

func (p fragileAccounts) Purge(ctx context.Context, id chatcfg.AccountID) (storage.Purged, error) {
	return try(p.s, true, func() (storage.Purged, error) { return p.Accounts.Purge(ctx, id) })
}

type fragileConversations struct {
	storage.Conversations
	s *fragile
}

func (p fragileConversations) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	return try(p.s, false, func() (storage.Loaded, error) { return p.Conversations.Load(ctx, q) })
}

func (p fragileConversations) Commit(ctx context.Context, b *storage.Batch) error {
	return p.s.change(func() error { return p.Conversations.Commit(ctx, b) })
}

func (p fragileConversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	return try(p.s, true, func() ([]storage.Claim, error) { return p.Conversations.ClaimDue(ctx, now, leaseUntil, limit, without) })
}

func (p fragileConversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	return try(p.s, true, func() ([]storage.Claim, error) {
		return p.Conversations.ClaimStale(ctx, now, leaseUntil, limit, without)
	})
}

func (p fragileConversations) NextWake(ctx context.Context) (time.Time, error) {
	return try(p.s, false, func() (time.Time, error) { return p.Conversations.NextWake(ctx) })
}

func (p fragileConversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	return try(p.s, false, func() ([]tickets.Ref, error) { return p.Conversations.Ahead(ctx, changed, leased, limit) })
}

type fragileOutbox struct {
	storage.Outbox
	s *fragile
}

func (p fragileOutbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int, s storage.Share) ([]storage.Delivery, error) {
	return try(p.s, true, func() ([]storage.Delivery, error) { return p.Outbox.Claim(ctx, now, leaseUntil, limit, s) })
}

func (p fragileOutbox) Settle(ctx context.Context, d storage.Delivery) error {
	return p.s.change(func() error { return p.Outbox.Settle(ctx, d) })
}

func (p fragileOutbox) List(ctx context.Context, account chatcfg.AccountID, state storage.DeliveryState, cursor string, limit int) (storage.Page[storage.Delivery], error) {
	return try(p.s, false, func() (storage.Page[storage.Delivery], error) {
		return p.Outbox.List(ctx, account, state, cursor, limit)
	})
}

func (p fragileOutbox) Replay(ctx context.Context, account chatcfg.AccountID, key string, now time.Time) error {
	return p.s.change(func() error { return p.Outbox.Replay(ctx, account, key, now) })
}

func (p fragileOutbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	return try(p.s, true, func() (int, error) { return p.Outbox.Recall(ctx, now, pending, leased) })
}

func (p fragileOutbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return try(p.s, true, func() (int, error) { return p.Outbox.Prune(ctx, before, limit) })
}

func (p fragileOutbox) NextWake(ctx context.Context) (time.Time, error) {
	return try(p.s, false, func() (time.Time, error) { return p.Outbox.NextWake(ctx) })
}

type fragilePresence struct {
	storage.Presence
	s *fragile
}

func (p fragilePresence) Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error) {
	return try(p.s, false, func() (tickets.Roster, error) { return p.Presence.Get(ctx, account) })
}

func (p fragilePresence) Put(ctx context.Context, account chatcfg.AccountID, r tickets.Roster) error {
	return p.s.change(func() error { return p.Presence.Put(ctx, account, r) })
}

type fragileSessions struct {
	storage.Sessions
	s *fragile
}

func (p fragileSessions) Create(ctx context.Context, s tickets.Session) error {
	return p.s.change(func() error { return p.Sessions.Create(ctx, s) })
}

func (p fragileSessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	return try(p.s, false, func() (tickets.Session, error) { return p.Sessions.Get(ctx, account, id) })
}

func (p fragileSessions) Save(ctx context.Context, s tickets.Session) error {
	return p.s.change(func() error { return p.Sessions.Save(ctx, s) })
}

func (p fragileSessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return try(p.s, true, func() (int, error) { return p.Sessions.Prune(ctx, before, limit) })
}

func (p fragileSessions) Holder(ctx context.Context, account chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error) {
	return try(p.s, false, func() (tickets.ConversationID, error) { return p.Sessions.Holder(ctx, account, id) })
}

func (p fragileSessions) Raise(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID, m tickets.Marks) error {
	return p.s.change(func() error { return p.Sessions.Raise(ctx, account, conversation, m) })
}

func (p fragileSessions) Marks(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID) (tickets.Marks, error) {
	return try(p.s, false, func() (tickets.Marks, error) { return p.Sessions.Marks(ctx, account, conversation) })
}

type fragileContacts struct {
	storage.Contacts
	s *fragile
}

func (p fragileContacts) Add(ctx context.Context, s tickets.Submission, deliveries []storage.Delivery) error {
	return p.s.change(func() error { return p.Contacts.Add(ctx, s, deliveries) })
}

func (p fragileContacts) Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error) {
	return try(p.s, false, func() (tickets.Submission, error) { return p.Contacts.Get(ctx, account, key) })
}

func (p fragileContacts) List(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[tickets.Submission], error) {
	return try(p.s, false, func() (storage.Page[tickets.Submission], error) { return p.Contacts.List(ctx, account, cursor, limit) })
}

type fragileQueries struct {
	storage.Queries
	s *fragile
}

func (p fragileQueries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	return try(p.s, false, func() (tickets.Ticket, error) { return p.Queries.Ticket(ctx, ref) })
}

func (p fragileQueries) Tickets(ctx context.Context, q storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
	return try(p.s, false, func() (storage.Page[storage.TicketRow], error) { return p.Queries.Tickets(ctx, q) })
}

func (p fragileQueries) Counts(ctx context.Context, account chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	return try(p.s, false, func() ([]int, error) { return p.Queries.Counts(ctx, account, all) })
}

func (p fragileQueries) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	return try(p.s, false, func() ([]tickets.Message, error) { return p.Queries.Messages(ctx, q) })
}

func (p fragileQueries) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	return try(p.s, false, func() ([]tickets.Entry, error) { return p.Queries.History(ctx, ref, after, limit) })
}

func (p fragileQueries) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	return try(p.s, false, func() (storage.Page[storage.Change], error) { return p.Queries.Changes(ctx, account, cursor, limit) })
}

func (p fragileQueries) Report(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	return try(p.s, false, func() (tickets.Report, error) { return p.Queries.Report(ctx, account, q) })
}

func (p fragileQueries) Count(ctx context.Context, account chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (int, error) {
	return try(p.s, false, func() (int, error) { return p.Queries.Count(ctx, account, by, after, upTo) })
}
