package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

type conversations struct{ s *Store }

// A load is one statement, which sees one moment by itself. ?1 is the account,
// ?2 the session or conversation; what is not asked for costs nothing.
const (
	fromSession = `FROM accounts a
JOIN sessions s ON s.account = a.id AND s.id = ?2
LEFT JOIN conversations c ON c.key = coalesce(
  (SELECT key FROM conversations WHERE account = a.id AND id = s.conversation),
  (SELECT conversation FROM identities WHERE account = a.id AND kind = s.kind AND value = s.value))
`
	fromConversation = `FROM accounts a
LEFT JOIN conversations c ON c.account = a.id AND c.id = ?2
`
	withLatest  = "LEFT JOIN tickets t ON t.account = a.id AND t.conversation = c.key AND t.number = c.number\n"
	withOlder   = "LEFT JOIN tickets o ON o.account = a.id AND o.conversation = c.key AND o.number = ? AND o.number <> c.number\n"
	withReceipt = "LEFT JOIN receipts r ON r.account = a.id AND r.conversation = c.key AND r.scope = ? AND r.key = ?\n"
)

// loading is the statement of a load, with its arguments.
func loading(q storage.LoadQuery) (string, []any) {
	from, session, older, receipt := fromConversation, "NULL", "NULL", "NULL"
	args := []any{q.Account.UUID[:], q.Conversation.UUID[:]}
	if !q.Session.IsZero() {
		from, session = fromSession, "s.doc"
		args[1] = q.Session.UUID[:]
	}
	from += withLatest
	if q.Ticket != 0 {
		from, older = from+withOlder, "o.doc"
		args = append(args, int64(q.Ticket))
	}
	if q.Key != "" {
		from, receipt = from+withReceipt, "r.doc"
		args = append(args, q.Scope, q.Key)
	}
	return "SELECT a.doc, " + session + ", c.doc, t.doc, " + older + ", " + receipt + "\n" + from + "WHERE a.uuid = ?1", args
}

func (p conversations) Load(ctx context.Context, q storage.LoadQuery) (l storage.Loaded, err error) {
	query, args := loading(q)
	var account, session, conversation, ticket, older, receipt []byte
	err = p.s.loader.do(ctx, func(c *conn) error {
		found, err := c.one(query, args, &account, &session, &conversation, &ticket, &older, &receipt)
		if err == nil && !found {
			err = storage.ErrNotFound
		}
		return err
	})
	if err != nil {
		return l, err
	}
	if l.Account, err = decode[chatcfg.Account](account); err == nil && session != nil {
		l.Session, err = decode[tickets.Session](session)
	}
	if err == nil && conversation != nil {
		l.Conversation, err = decode[tickets.Conversation](conversation)
	}
	if err == nil && ticket != nil {
		l.Ticket, err = decode[tickets.Ticket](ticket)
	}
	if err == nil && older != nil {
		var t tickets.Ticket
		t, err = decode[tickets.Ticket](older)
		l.Older = &t
	}
	if err == nil && receipt != nil {
		var r storage.Receipt
		r, err = decode[storage.Receipt](receipt)
		l.Receipt = &r
	}
	return l, err
}

// claimed is a conversation that is being claimed.
type claimed struct {
	key  int64
	wake int64
	storage.Claim
}

func (c *conn) claims(query string, args ...any) (found []claimed, err error) {
	err = c.each(context.Background(), query, args, func(scan func(...any) error) error {
		var one claimed
		var account, id []byte
		if err := scan(&one.key, &account, &id, &one.wake); err != nil {
			return err
		}
		copy(one.Account.UUID[:], account)
		copy(one.Conversation.UUID[:], id)
		found = append(found, one)
		return nil
	})
	return found, err
}

func (p conversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int) ([]storage.Claim, error) {
	var claims []storage.Claim
	err := p.s.writer.do(ctx, func(c *conn) error {
		claims = nil
		found, err := c.claims(`SELECT c.key, a.uuid, c.id, c.wake
			FROM conversations c CROSS JOIN accounts a ON a.id = c.account
			WHERE c.wake <= ? AND a.deleted = 0 ORDER BY c.wake, c.key LIMIT ?`, micros(now), max(limit, 0))
		if err != nil {
			return err
		}
		for _, one := range found {
			if _, err := c.exec("UPDATE conversations SET wake = ? WHERE key = ?", orNull(leaseUntil), one.key); err != nil {
				return err
			}
			one.Due = instant(one.wake)
			claims = append(claims, one.Claim)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

func (p conversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int) ([]storage.Claim, error) {
	var claims []storage.Claim
	err := p.s.writer.do(ctx, func(c *conn) error {
		claims = nil
		behind, err := c.behind()
		if err != nil {
			return err
		}
		for _, a := range behind {
			if limit-len(claims) < 1 {
				break
			}
			found, err := c.claims(`SELECT c.key, a.uuid, c.id, 0
				FROM accounts a CROSS JOIN conversations c ON c.account = a.id
				WHERE a.id = ?1 AND c.armed < ?2 AND c.lease <= ?3
				ORDER BY c.armed, c.lease LIMIT ?4`, a.id, a.version, micros(now), limit-len(claims))
			if err != nil {
				return err
			}
			for _, one := range found {
				if _, err := c.exec("UPDATE conversations SET lease = ? WHERE key = ?", micros(leaseUntil), one.key); err != nil {
					return err
				}
				claims = append(claims, one.Claim)
			}
			if len(found) == 0 {
				if err := c.settle(a); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

// behind are the accounts that may have conversations to arm again.
func (c *conn) behind() (found []account, err error) {
	err = c.each(context.Background(), "SELECT id, version FROM accounts INDEXED BY accounts_stale WHERE settled < version AND deleted = 0 ORDER BY id", nil,
		func(scan func(...any) error) error {
			var a account
			err := scan(&a.id, &a.version)
			found = append(found, a)
			return err
		})
	return found, err
}

// settle notes that an account has none, if it is so.
func (c *conn) settle(a account) error {
	left, err := c.one("SELECT 1 FROM conversations WHERE account = ? AND armed < ? LIMIT 1", []any{a.id, a.version}, new(int))
	if err != nil || left {
		return err
	}
	_, err = c.exec("UPDATE accounts SET settled = version WHERE id = ?", a.id)
	return err
}

func (p conversations) NextWake(ctx context.Context) (time.Time, error) {
	return p.s.earliest(ctx, `SELECT c.wake FROM conversations c CROSS JOIN accounts a ON a.id = c.account
		WHERE c.wake IS NOT NULL AND a.deleted = 0 ORDER BY c.wake LIMIT 1`)
}

// earliest returns the earliest of the instants that queries find, or zero.
func (s *Store) earliest(ctx context.Context, queries ...string) (time.Time, error) {
	var all []int64
	err := s.readers.do(ctx, func(c *conn) error {
		for _, q := range queries {
			var at int64
			found, err := c.one(q, nil, &at)
			if err != nil {
				return err
			}
			if found {
				all = append(all, at)
			}
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		return time.Time{}, err
	}
	return instant(slices.Min(all)), nil
}
