package sqlite

import (
	"context"
	"slices"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
)

type accounts struct{ s *Store }

// account is what a change needs to know of an account's row.
type account struct {
	id       int64
	revision int64
	version  int64
	settled  int64
	deleted  bool
}

// account returns an account's row. It fails with [storage.ErrNotFound] if there is
// none, or if the query does.
func (c *conn) account(id chatcfg.AccountID) (account, error) {
	var a account
	found, err := c.one("SELECT id, revision, version, settled, deleted FROM accounts WHERE uuid = ?",
		[]any{id.UUID[:]}, &a.id, &a.revision, &a.version, &a.settled, &a.deleted)
	if err == nil && !found {
		err = storage.ErrNotFound
	}
	return a, err
}

// live is account, which also fails with [storage.ErrDeleted] if the account is
// deleted.
func (c *conn) live(id chatcfg.AccountID) (account, error) {
	a, err := c.account(id)
	if err == nil && a.deleted {
		err = storage.ErrDeleted
	}
	return a, err
}

// Create implements [storage.Accounts]: it adds an account with its first documents. It
// fails with [storage.ErrExists] if its ID or key is taken, or if ctx ends, the store
// is closed or busy, or its database fails.
func (p accounts) Create(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	doc, err := codec.Account(a)
	if err != nil {
		return err
	}
	return p.s.writer.do(ctx, func(c *conn) error {
		found, err := c.one("SELECT 1 FROM accounts WHERE uuid = ?1 UNION ALL SELECT 1 FROM accounts WHERE key = ?2",
			[]any{a.ID.UUID[:], a.Key}, new(int))
		if err != nil {
			return err
		}
		if found {
			return storage.ErrExists
		}
		id, err := c.insert("INSERT INTO accounts (uuid, key, revision, version, settled, hidden, deleted, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			a.ID.UUID[:], a.Key, a.Revision, int64(a.Version), int64(a.Version), bit(a.Hidden), bit(!a.DeletedAt.IsZero()), doc)
		if err != nil {
			return err
		}
		return c.putDocuments(id, docs)
	})
}

// putDocuments adds or replaces documents of an account. It fails if a statement does.
func (c *conn) putDocuments(account int64, docs []storage.Document) error {
	for _, d := range docs {
		body := d.Body
		if body == nil {
			body = []byte{} // NULL is no body
		}
		if _, err := c.exec("INSERT OR REPLACE INTO documents (account, name, version, body) VALUES (?, ?, ?, ?)",
			account, d.Name, d.Version, body); err != nil {
			return err
		}
	}
	return nil
}

// Get implements [storage.Accounts]: it returns an account by its ID, a deleted one
// too. It fails with [storage.ErrNotFound] if there is none, or if ctx ends, the store
// is closed or busy, or its database fails.
func (p accounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	return get(ctx, p.s, decodeJSON[chatcfg.Account], "SELECT doc FROM accounts WHERE uuid = ?", id.UUID[:])
}

// Find implements [storage.Accounts]: it returns an account by its public key, a
// deleted one too. It fails with [storage.ErrNotFound] if there is none, or if ctx
// ends, the store is closed or busy, or its database fails.
func (p accounts) Find(ctx context.Context, key string) (chatcfg.Account, error) {
	return get(ctx, p.s, decodeJSON[chatcfg.Account], "SELECT doc FROM accounts WHERE key = ?", key)
}

// get returns the decoded document that a query finds. It fails with
// [storage.ErrNotFound] if there is none, and else as list does.
func get[T any](ctx context.Context, s *Store, decode func(string, *T) error, query string, args ...any) (v T, err error) {
	var doc string
	err = s.readers.do(ctx, func(c *conn) error {
		found, err := c.one(query, args, &doc)
		if err == nil && !found {
			err = storage.ErrNotFound
		}
		return err
	})
	if err != nil {
		return v, err
	}
	return v, corrupt(decode(doc, &v))
}

// list returns the decoded documents that a query finds, in its order; none is no
// error. It stops at the next row when ctx ends. It fails as readers.do does, if the
// query does, or if a document cannot be decoded.
func list[T any](ctx context.Context, s *Store, decode func(string, *T) error, query string, args ...any) (items []T, err error) {
	err = s.readers.do(ctx, func(c *conn) error {
		var doc string
		column := []any{&doc}
		return c.eachSoon(ctx, query, args, func(scan func(...any) error) error {
			if err := scan(column...); err != nil {
				return err
			}
			items = oneMore(items, 16)
			return corrupt(decode(doc, &items[len(items)-1]))
		})
	})
	return items, err
}

// oneMore returns a list with a zero item appended, and with capacity for room items at
// first. Nothing may have been written beyond the list's end.
func oneMore[T any](items []T, room int) []T {
	if len(items) == cap(items) {
		items = slices.Grow(items, max(len(items), room))
	}
	return items[:len(items)+1]
}

// List implements [storage.Accounts]: it returns the accounts that are not deleted, by
// ID, after the given one and at most limit; hidden ones only when asked for. It fails
// if ctx ends, the store is closed or busy, or its database fails.
func (p accounts) List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	return list(ctx, p.s, decodeJSON[chatcfg.Account],
		"SELECT doc FROM accounts WHERE uuid > ?1 AND deleted = 0 AND hidden <= ?2 ORDER BY uuid LIMIT ?3",
		after.UUID[:], bit(hidden), storage.PageLimit(limit))
}

// Save implements [storage.Accounts]: it replaces an account, but for its key, if the
// stored revision is one below, and adds or replaces documents. A save that deletes the
// account drops its deadlines and pending deliveries. It fails with
// [storage.ErrConflict] for another revision, [storage.ErrDeleted] or
// [storage.ErrNotFound], or if ctx ends, the store is closed or busy, or its database
// fails.
func (p accounts) Save(ctx context.Context, a chatcfg.Account, docs ...storage.Document) error {
	return p.s.writer.do(ctx, func(c *conn) error {
		stored, err := c.live(a.ID)
		if err != nil {
			return err
		}
		if stored.revision != a.Revision-1 {
			return storage.ErrConflict
		}
		a := a
		if _, err := c.one("SELECT key FROM accounts WHERE id = ?", []any{stored.id}, &a.Key); err != nil {
			return err
		}
		doc, err := codec.Account(a)
		if err != nil {
			return err
		}
		deleted := !a.DeletedAt.IsZero()
		if _, err := c.exec("UPDATE accounts SET revision = ?, version = ?, hidden = ?, deleted = ?, doc = ? WHERE id = ?",
			a.Revision, int64(a.Version), bit(a.Hidden), bit(deleted), doc, stored.id); err != nil {
			return err
		}
		if err := c.putDocuments(stored.id, docs); err != nil {
			return err
		}
		if !deleted {
			return nil
		}
		return c.dropWork(stored.id)
	})
}

// dropWork removes the deadlines and the pending deliveries of an account that is being
// deleted. What is being sent can still be settled, but is not claimed again. It fails if
// a statement does.
func (c *conn) dropWork(account int64) error {
	for _, statement := range []string{
		"UPDATE conversations SET wake = NULL, armed = NULL WHERE account = ? AND armed IS NOT NULL",
		"DELETE FROM deliveries WHERE account = ? AND state = 'pending'",
		"UPDATE deliveries SET due = NULL WHERE account = ? AND state = 'sending'",
	} {
		if _, err := c.exec(statement, account); err != nil {
			return err
		}
	}
	return nil
}

// Document implements [storage.Accounts]: it returns the body of a document, of a
// deleted account too. It fails with [storage.ErrNotFound] if there is no such account
// or document, or if ctx ends, the store is closed or busy, or its database fails.
func (p accounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) (body []byte, err error) {
	err = p.s.readers.do(ctx, func(c *conn) error {
		found, err := c.one("SELECT body FROM documents WHERE account = (SELECT id FROM accounts WHERE uuid = ?) AND name = ? AND version = ?",
			[]any{id.UUID[:], name, version}, &body)
		if err == nil && !found {
			err = storage.ErrNotFound
		}
		return err
	})
	return body, err
}

type presence struct{ s *Store }

// Get implements [storage.Presence]: it returns an account's roster; the zero one if
// there is none, or no such account. It fails if ctx ends, the store is closed or busy,
// or its database fails.
func (p presence) Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error) {
	found, err := list(ctx, p.s, decodeJSON[tickets.Roster],
		"SELECT doc FROM presence WHERE account = (SELECT id FROM accounts WHERE uuid = ?)", account.UUID[:])
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
	return p.s.writer.do(ctx, func(c *conn) error {
		a, err := c.live(account)
		if err != nil {
			return err
		}
		var revision int64
		if _, err := c.one("SELECT revision FROM presence WHERE account = ?", []any{a.id}, &revision); err != nil {
			return err
		}
		if revision != r.Revision-1 {
			return storage.ErrConflict
		}
		_, err = c.exec("INSERT OR REPLACE INTO presence (account, revision, doc) VALUES (?, ?, ?)", a.id, r.Revision, doc)
		return err
	})
}

type sessions struct{ s *Store }

// Create implements [storage.Sessions]: it adds a session. It fails with
// [storage.ErrExists] if its ID is taken, [storage.ErrDeleted] or [storage.ErrNotFound]
// by the account, or if ctx ends, the store is closed or busy, or its database fails.
func (p sessions) Create(ctx context.Context, s tickets.Session) error {
	doc := codec.AppendSession(nil, &s)
	return p.s.writer.do(ctx, func(c *conn) error {
		a, err := c.live(s.Account)
		if err != nil {
			return err
		}
		found, err := c.one("SELECT 1 FROM sessions WHERE account = ? AND id = ?", []any{a.id, s.ID.UUID[:]}, new(int))
		if err != nil {
			return err
		}
		if found {
			return storage.ErrExists
		}
		_, err = c.exec("INSERT INTO sessions (account, id, revision, conversation, kind, value, doc, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			a.id, s.ID.UUID[:], s.Revision, s.Conversation.UUID[:], string(s.Identity.Kind), s.Identity.Value, doc, orNull(s.ExpiresAt))
		return err
	})
}

// Get implements [storage.Sessions]: it returns a session. It fails with
// [storage.ErrNotFound] if there is none, or if ctx ends, the store is closed or busy,
// or its database fails.
func (p sessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	return get(ctx, p.s, codec.DecodeSession,
		"SELECT doc FROM sessions WHERE account = (SELECT id FROM accounts WHERE uuid = ?) AND id = ?", account.UUID[:], id.UUID[:])
}

// Save implements [storage.Sessions]: it replaces a session if the stored revision is
// one below. It fails with [storage.ErrConflict] for another revision,
// [storage.ErrNotFound] if there is no such session, or if ctx ends, the store is
// closed or busy, or its database fails.
func (p sessions) Save(ctx context.Context, s tickets.Session) error {
	doc := codec.AppendSession(nil, &s)
	return p.s.writer.do(ctx, func(c *conn) error {
		a, err := c.account(s.Account)
		if err != nil {
			return err
		}
		var revision int64
		found, err := c.one("SELECT revision FROM sessions WHERE account = ? AND id = ?", []any{a.id, s.ID.UUID[:]}, &revision)
		if err != nil {
			return err
		}
		if !found {
			return storage.ErrNotFound
		}
		if revision != s.Revision-1 {
			return storage.ErrConflict
		}
		_, err = c.exec("UPDATE sessions SET revision = ?, conversation = ?, kind = ?, value = ?, doc = ?, expires = ? WHERE account = ? AND id = ?",
			s.Revision, s.Conversation.UUID[:], string(s.Identity.Kind), s.Identity.Value, doc, orNull(s.ExpiresAt), a.id, s.ID.UUID[:])
		return err
	})
}

// Holder implements [storage.Sessions]: it returns the conversation that holds an
// identity; zero: none does. It fails if ctx ends, the store is closed or busy, or its
// database fails.
func (p sessions) Holder(ctx context.Context, account chatcfg.AccountID, id tickets.Identity) (holder tickets.ConversationID, err error) {
	var raw []byte
	err = p.s.readers.do(ctx, func(c *conn) error {
		_, err := c.one(`SELECT c.id FROM identities i JOIN conversations c ON c.key = i.conversation
			WHERE i.account = (SELECT id FROM accounts WHERE uuid = ?) AND i.kind = ? AND i.value = ?`,
			[]any{account.UUID[:], string(id.Kind), id.Value}, &raw)
		return err
	})
	copy(holder.UUID[:], raw)
	return holder, err
}
