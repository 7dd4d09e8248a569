package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
)

// Prune implements [storage.Sessions]: it removes up to limit sessions that expired
// before a time, and returns how many. It fails if ctx ends, the store is closed or
// busy, or its database fails.
func (p sessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := p.s.writer.do(ctx, func(c *conn) (err error) {
		n, err = c.change(`DELETE FROM sessions WHERE rowid IN (
			SELECT rowid FROM sessions WHERE expires < ? ORDER BY expires LIMIT ?)`, micros(before), max(limit, 0))
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// Raise implements [storage.Sessions]: it raises a conversation's marks to the given
// ones where those are larger. It fails with [storage.ErrNotFound] or
// [storage.ErrDeleted], or if ctx ends, the store is closed or busy, or its database
// fails.
func (p sessions) Raise(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID, m tickets.Marks) error {
	return p.s.writer.do(ctx, func(c *conn) error {
		a, err := c.live(account)
		if err != nil {
			return err
		}
		n, err := c.change(`INSERT INTO marks (account, conversation, customer, agent)
			SELECT account, key, ?3, ?4 FROM conversations WHERE account = ?1 AND id = ?2
			ON CONFLICT DO UPDATE SET customer = max(customer, excluded.customer), agent = max(agent, excluded.agent)`,
			a.id, conversation.UUID[:], m.Customer, m.Agent)
		if err == nil && n == 0 {
			err = storage.ErrNotFound
		}
		return err
	})
}

// Marks implements [storage.Sessions]: it returns a conversation's marks; zero if there
// are none, or no such conversation. It fails if ctx ends, the store is closed or busy,
// or its database fails.
func (p sessions) Marks(ctx context.Context, account chatcfg.AccountID, conversation tickets.ConversationID) (m tickets.Marks, err error) {
	err = p.s.readers.do(ctx, func(c *conn) error {
		_, err := c.one(`SELECT m.customer, m.agent FROM accounts a
			JOIN conversations c ON c.account = a.id AND c.id = ?2
			JOIN marks m ON m.account = a.id AND m.conversation = c.key
			WHERE a.uuid = ?1`, []any{account.UUID[:], conversation.UUID[:]}, &m.Customer, &m.Agent)
		return err
	})
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
	return p.s.writer.do(ctx, func(c *conn) error {
		a, err := c.live(s.Account)
		if err != nil {
			return err
		}
		found, err := c.one("SELECT 1 FROM submissions WHERE account = ? AND name = ?", []any{a.id, s.Key}, new(int))
		if err != nil {
			return err
		}
		if found {
			return storage.ErrExists
		}
		if _, err := c.exec("INSERT INTO submissions (account, name, doc) VALUES (?, ?, ?)", a.id, s.Key, doc); err != nil {
			return err
		}
		for i := range deliveries {
			if err := c.addDelivery(a.id, &deliveries[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Get implements [storage.Contacts]: it returns the submission of a key. It fails with
// [storage.ErrNotFound] if there is none, or if ctx ends, the store is closed or busy,
// or its database fails.
func (p contacts) Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error) {
	var doc []byte
	err := p.s.readers.do(ctx, func(c *conn) error {
		found, err := c.one("SELECT doc FROM submissions WHERE account = "+ofAccount+" AND name = ?2",
			[]any{account.UUID[:], key}, &doc)
		if err == nil && !found {
			err = storage.ErrNotFound
		}
		return err
	})
	if err != nil {
		return tickets.Submission{}, err
	}
	return submission(doc)
}

// submission decodes a stored submission. It fails if doc is not the JSON of one.
func submission(doc []byte) (s tickets.Submission, err error) {
	err = corrupt(json.Unmarshal(doc, &s))
	return s, err
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
		before.key = never
	}
	limit = storage.PageLimit(limit)
	var last int64
	err = p.s.readers.do(ctx, func(c *conn) error {
		return c.each(ctx, "SELECT key, doc FROM submissions WHERE account = "+ofAccount+" AND key < ?2 ORDER BY key DESC LIMIT ?3",
			[]any{account.UUID[:], before.key, limit + 1}, func(scan func(...any) error) error {
				var key int64
				var doc []byte
				if err := scan(&key, &doc); err != nil {
					return err
				}
				if len(page.Items) == limit {
					page.Next = p.s.cursor(name, position{key: last})
					return nil
				}
				s, err := submission(doc)
				page.Items, last = append(page.Items, s), key
				return err
			})
	})
	if err != nil {
		return storage.Page[tickets.Submission]{}, err
	}
	return page, nil
}
