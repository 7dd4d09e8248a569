package postgres

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
)

// lives begins a statement that needs the account $1 to be there and not deleted,
// and keeps it from being deleted meanwhile. verdict is what such a statement
// returns: its outcome.
const (
	lives   = "WITH a AS (SELECT id, deleted FROM charla.accounts WHERE id = $1 FOR SHARE)"
	verdict = " SELECT coalesce((SELECT CASE WHEN deleted THEN 'deleted' END FROM a), CASE WHEN NOT EXISTS (SELECT FROM a) THEN 'none' WHEN EXISTS (SELECT FROM done) THEN 'done' ELSE 'not' END)"
)

// inAccount runs a statement that changes something in an account: lives, query,
// verdict. query has a part "done" with a row if it did something; if it did nothing,
// inAccount returns otherwise. It fails with [storage.ErrDeleted] and
// [storage.ErrNotFound] by the account, or as change does.
func (s *Store) inAccount(ctx context.Context, otherwise error, query string, args ...any) error {
	var became string
	if err := s.change(ctx, lives+query+verdict, args, func(scan func(...any) error) error { return scan(&became) }); err != nil {
		return err
	}
	switch became {
	case "deleted":
		return storage.ErrDeleted
	case "none":
		return storage.ErrNotFound
	case "not":
		return otherwise
	}
	return nil
}

type presence struct{ s *Store }

// Get implements [storage.Presence]: it returns an account's roster; the zero one if
// there is none, or no such account. It fails if ctx ends, the store is closed or busy,
// or its database fails.
func (p presence) Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error) {
	found, err := list(ctx, p.s, decodeJSON[tickets.Roster], "SELECT doc FROM charla.presence WHERE account = $1", account.UUID[:])
	if err != nil || len(found) == 0 {
		return tickets.Roster{}, err
	}
	return found[0], nil
}

// Put implements [storage.Presence]: it replaces the roster if the stored revision is
// one below. It fails with [storage.ErrConflict] for another revision,
// [storage.ErrDeleted] or [storage.ErrNotFound], or if ctx ends, the store is closed or
// busy, or its database fails.
func (p presence) Put(ctx context.Context, account chatcfg.AccountID, r tickets.Roster) error {
	doc, err := codec.Roster(r)
	if err != nil {
		return err
	}
	return p.s.inAccount(ctx, storage.ErrConflict, `,
		first AS (INSERT INTO charla.presence (account, revision, doc)
			SELECT id, $2::bigint, $3::json FROM a WHERE NOT deleted AND $2 = 1 ON CONFLICT DO NOTHING RETURNING 1),
		next AS (UPDATE charla.presence p SET revision = $2, doc = $3 FROM a
			WHERE NOT a.deleted AND p.account = $1 AND p.revision = $2 - 1 RETURNING 1),
		done AS (SELECT 1 FROM first UNION ALL SELECT 1 FROM next)`, account.UUID[:], r.Revision, doc)
}

type sessions struct{ s *Store }

// Create implements [storage.Sessions]: it adds a session. It fails with
// [storage.ErrExists] if its ID is taken, [storage.ErrDeleted] or [storage.ErrNotFound]
// by the account, or if ctx ends, the store is closed or busy, or its database fails.
func (p sessions) Create(ctx context.Context, s tickets.Session) error {
	return p.s.inAccount(ctx, storage.ErrExists, `,
		done AS (INSERT INTO charla.sessions (account, id, revision, conversation, kind, value, doc, expires)
			SELECT id, $2, $3, $4, $5, $6, $7, $8 FROM a WHERE NOT deleted ON CONFLICT DO NOTHING RETURNING 1)`,
		s.Account.UUID[:], s.ID.UUID[:], s.Revision, s.Conversation.UUID[:], string(s.Identity.Kind), s.Identity.Value, codec.AppendSession(nil, &s), orNull(s.ExpiresAt))
}

// Get implements [storage.Sessions]: it returns a session. It fails with
// [storage.ErrNotFound] if there is none, or if ctx ends, the store is closed or busy,
// or its database fails.
func (p sessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	return get(ctx, p.s, codec.DecodeSession, "SELECT doc FROM charla.sessions WHERE account = $1 AND id = $2", account.UUID[:], id.UUID[:])
}

// Save implements [storage.Sessions]: it replaces a session if the stored revision is
// one below. It fails with [storage.ErrConflict] for another revision,
// [storage.ErrNotFound] if there is no such session, or if ctx ends, the store is
// closed or busy, or its database fails.
func (p sessions) Save(ctx context.Context, s tickets.Session) error {
	var found, saved bool
	err := p.s.change(ctx, `WITH done AS (UPDATE charla.sessions SET revision = $3, conversation = $4, kind = $5, value = $6, doc = $7, expires = $8
			WHERE account = $1 AND id = $2 AND revision = $3 - 1 RETURNING 1)
		SELECT EXISTS (SELECT FROM charla.sessions WHERE account = $1 AND id = $2), EXISTS (SELECT FROM done)`,
		[]any{s.Account.UUID[:], s.ID.UUID[:], s.Revision, s.Conversation.UUID[:], string(s.Identity.Kind), s.Identity.Value, codec.AppendSession(nil, &s), orNull(s.ExpiresAt)},
		func(scan func(...any) error) error { return scan(&found, &saved) })
	switch {
	case err != nil:
		return err
	case !found:
		return storage.ErrNotFound
	case !saved:
		return storage.ErrConflict
	}
	return nil
}

// Prune implements [storage.Sessions]: it removes up to limit sessions that expired
// before a time, and returns how many. It fails if ctx ends, the store is closed or
// busy, or its database fails.
func (p sessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := p.s.count(ctx, `DELETE FROM charla.sessions WHERE (account, id) IN (
		SELECT account, id FROM charla.sessions WHERE expires < $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED)`,
		micros(before), max(limit, 0))
	return int(n), err
}

// Holder implements [storage.Sessions]: it returns the conversation that holds an
// identity; zero: none does. It fails if ctx ends, the store is closed or busy, or its
// database fails.
func (p sessions) Holder(ctx context.Context, account chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error) {
	var holder [16]byte
	_, err := p.s.one(ctx, "SELECT conversation FROM charla.identities WHERE account = $1 AND kind = $2 AND value = $3",
		[]any{account.UUID[:], string(id.Kind), id.Value}, &holder)
	return tickets.ConversationID{UUID: holder}, err
}

// Raise implements [storage.Sessions]: it raises a conversation's marks to the given
// ones where those are larger. It fails with [storage.ErrNotFound] or
// [storage.ErrDeleted], or if ctx ends, the store is closed or busy, or its database
// fails.
func (p sessions) Raise(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID, m tickets.Marks) error {
	return p.s.inAccount(ctx, storage.ErrNotFound, `,
		done AS (INSERT INTO charla.marks AS m (account, conversation, customer, agent)
			SELECT c.account, c.id, $3::bigint, $4::bigint FROM a JOIN charla.conversations c ON c.account = a.id AND c.id = $2 WHERE NOT a.deleted
			ON CONFLICT (account, conversation) DO UPDATE
				SET customer = greatest(m.customer, excluded.customer), agent = greatest(m.agent, excluded.agent) RETURNING 1)`,
		account.UUID[:], conversation.UUID[:], m.Customer, m.Agent)
}

// Marks implements [storage.Sessions]: it returns a conversation's marks; zero if there
// are none, or no such conversation. It fails if ctx ends, the store is closed or busy,
// or its database fails.
func (p sessions) Marks(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID) (m tickets.Marks, err error) {
	_, err = p.s.one(ctx, "SELECT customer, agent FROM charla.marks WHERE account = $1 AND conversation = $2",
		[]any{account.UUID[:], conversation.UUID[:]}, &m.Customer, &m.Agent)
	return m, err
}

type contacts struct{ s *Store }

// Add implements [storage.Contacts]: it adds a submission with its deliveries. It fails
// with [storage.ErrExists] if its key is taken, [storage.ErrDeleted] or
// [storage.ErrNotFound] by the account, or if ctx ends, the store is closed or busy, or
// its database fails.
func (p contacts) Add(ctx context.Context, s tickets.Submission, deliveries []storage.Delivery) error {
	doc, err := codec.Submission(s)
	if err != nil {
		return err
	}
	d := newTable(deliveryKinds...)
	for i := range deliveries {
		d.delivery(s.Account, &deliveries[i])
	}
	args := append([]any{s.Account.UUID[:], s.Key, doc}, d.args()...)
	return p.s.inAccount(ctx, storage.ErrExists, `,
		done AS (INSERT INTO charla.submissions (account, name, doc)
			SELECT id, $2, $3::json FROM a WHERE NOT deleted ON CONFLICT DO NOTHING RETURNING 1),
		sent AS (`+insertDeliveries(4)+" WHERE EXISTS (SELECT FROM done) "+unlessThere+")", args...)
}

// Get implements [storage.Contacts]: it returns the submission of a key. It fails with
// [storage.ErrNotFound] if there is none, or if ctx ends, the store is closed or busy,
// or its database fails.
func (p contacts) Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error) {
	return get(ctx, p.s, decodeJSON[tickets.Submission],
		"SELECT doc FROM charla.submissions WHERE account = $1 AND name = $2", account.UUID[:], key)
}

// List implements [storage.Contacts]: it returns a page of an account's submissions,
// the last added first. It fails with [storage.ErrCursor] for a cursor of another list,
// or if ctx ends, the store is closed or busy, or its database fails.
func (p contacts) List(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[tickets.Submission], error) {
	var page storage.Page[tickets.Submission]
	name := "contacts " + account.String()
	before, ok, err := p.s.parseCursor(name, cursor)
	if err != nil {
		return page, err
	}
	if !ok {
		before.number = never
	}
	limit = storage.PageLimit(limit)
	var last int64
	err = p.s.each(ctx, "SELECT n, doc FROM charla.submissions WHERE account = $1 AND n < $2 ORDER BY n DESC LIMIT $3",
		[]any{account.UUID[:], before.number, limit + 1}, func(scan func(...any) error) error {
			var n int64
			var doc document
			if err := scan(&n, &doc); err != nil {
				return err
			}
			if len(page.Items) == limit {
				page.Next = p.s.cursor(name, position{number: last})
				return nil
			}
			page.Items, last = append(page.Items, tickets.Submission{}), n
			return corrupt(decodeJSON(doc.text, &page.Items[len(page.Items)-1]))
		})
	if err != nil {
		return storage.Page[tickets.Submission]{}, err
	}
	return page, nil
}
