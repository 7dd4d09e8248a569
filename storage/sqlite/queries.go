package sqlite

import (
	"context"
	"math"
	"slices"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
)

type queries struct{ s *Store }

// of finds the account ?1 and the conversation ?2 of it.
const (
	ofAccount      = "(SELECT id FROM accounts WHERE uuid = ?1)"
	ofConversation = "(SELECT key FROM conversations WHERE account = " + ofAccount + " AND id = ?2)"
)

// Ticket implements [storage.Queries]: it returns one ticket; number zero is the
// latest. It fails with [storage.ErrNotFound] if there is none, or if ctx ends, the
// store is closed or busy, or its database fails.
func (p queries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	return get(ctx, p.s, codec.DecodeTicket, `SELECT t.doc FROM accounts a
JOIN conversations c ON c.account = a.id AND c.id = ?2
JOIN tickets t ON t.account = a.id AND t.conversation = c.key AND t.number = CASE ?3 WHEN 0 THEN c.number ELSE ?3 END
WHERE a.uuid = ?1`, ref.Account.UUID[:], ref.Conversation.UUID[:], int64(ref.Number))
}

// Messages implements [storage.Queries]: it returns the messages that a query asks for,
// in their order; of more than its limit the first, or with q.Last the last. It fails
// if ctx ends, the store is closed or busy, or its database fails.
func (p queries) Messages(ctx context.Context, q storage.MessageQuery) ([]tickets.Message, error) {
	const from = "SELECT doc FROM messages WHERE account = " + ofAccount + " AND conversation = " + ofConversation +
		" AND seq > ?3 AND seq < ?4 AND (?5 IS NULL OR session = ?5) AND NOT (?6 AND note) ORDER BY seq "
	order := "ASC LIMIT ?7"
	if q.Last {
		order = "DESC LIMIT ?7"
	}
	before := q.Before
	if before == 0 {
		before = math.MaxInt64
	}
	var session any
	if !q.Session.IsZero() {
		session = q.Session.UUID[:]
	}
	found, err := list(ctx, p.s, codec.DecodeMessage, from+order,
		q.Account.UUID[:], q.Conversation.UUID[:], q.After, before, session, bit(q.WithoutNotes), storage.PageLimit(q.Limit))
	if q.Last {
		slices.Reverse(found)
	}
	return found, err
}

// History implements [storage.Queries]: it returns at most limit entries after a
// number, in their order, of a ticket, or of the conversation if ref.Number is zero. It
// fails if ctx ends, the store is closed or busy, or its database fails.
func (p queries) History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error) {
	return list(ctx, p.s, codec.DecodeEntry, "SELECT doc FROM entries WHERE account = "+ofAccount+" AND conversation = "+ofConversation+
		" AND n > ?3 AND (?4 = 0 OR ticket = ?4) ORDER BY n LIMIT ?5",
		ref.Account.UUID[:], ref.Conversation.UUID[:], after, int64(ref.Number), storage.PageLimit(limit))
}

// Changes implements [storage.Queries]: it returns the conversations that changed after
// a cursor, in the order of their last commits. A conversation's row has the account's
// count of commits as of its last one. There is one writer at a time, so no lower count
// appears later. It fails with [storage.ErrCursor] for a cursor of another list or that
// is ahead of the feed, or as readers.do does.
func (p queries) Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	var page storage.Page[storage.Change]
	name := "changes " + account.String()
	var after position
	var err error
	if cursor != storage.Latest {
		if after, _, err = p.s.parseCursor(name, cursor); err != nil {
			return page, err
		}
	}
	var last int64
	err = p.s.readers.snapshot(ctx, func(c *conn) error {
		// A cursor ahead of the feed is from before the file was put back to an
		// earlier state.
		if _, err := c.one("SELECT change FROM conversations WHERE account = "+ofAccount+" ORDER BY change DESC LIMIT 1",
			[]any{account.UUID[:]}, &last); err != nil {
			return err
		}
		if after.key > last {
			return storage.ErrCursor
		}
		if cursor == storage.Latest {
			after.key = last
			return nil
		}
		return c.eachSoon(ctx, "SELECT id, version, change FROM conversations WHERE account = "+ofAccount+" AND change > ?2 ORDER BY change LIMIT ?3",
			[]any{account.UUID[:], after.key, storage.PageLimit(limit)}, func(scan func(...any) error) error {
				var id []byte
				var one storage.Change
				err := scan(&id, &one.Version, &after.key)
				copy(one.Conversation.UUID[:], id)
				page.Items = append(page.Items, one)
				return err
			})
	})
	if err != nil {
		return storage.Page[storage.Change]{}, err
	}
	page.Next = p.s.cursor(name, after)
	return page, nil
}
