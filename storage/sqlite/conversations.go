package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
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
	latest         = "LEFT JOIN tickets t ON t.account = a.id AND t.conversation = c.key AND t.number = c.number\n"
	olderOne       = "LEFT JOIN tickets o ON o.account = a.id AND o.conversation = c.key AND o.number = ? AND o.number <> c.number\n"
	earlierReceipt = "LEFT JOIN receipts r ON r.account = a.id AND r.conversation = c.key AND r.scope = ? AND r.key = ?\n"
)

// loads are the statements of loads: by a session, with an older ticket, with a
// receipt.
var loads = func() (all [2][2][2]string) {
	for i := range 8 {
		all[i>>2][i>>1&1][i&1] = load(i>>2 == 1, i>>1&1 == 1, i&1 == 1)
	}
	return all
}()

// load returns the SQL text of a load. It finds NULL for the account's document if the
// row ?3 still has the revision ?4: then the document is known.
func load(bySession, withOlder, withReceipt bool) string {
	from, session, older, receipt := fromConversation, "NULL", "NULL", "NULL"
	if bySession {
		from, session = fromSession, "s.doc"
	}
	from += latest
	if withOlder {
		from, older = from+olderOne, "o.doc"
	}
	if withReceipt {
		from, receipt = from+earlierReceipt, "r.doc"
	}
	return "SELECT a.id, a.revision, CASE WHEN a.id = ?3 AND a.revision = ?4 THEN NULL ELSE a.doc END, " + session +
		", c.key, c.doc, t.key, t.doc, " + older + ", " + receipt + "\n" + from + "WHERE a.uuid = ?1"
}

// loading returns the SQL text for a query and its arguments.
func loading(q storage.LoadQuery, a knownAccount) (string, []any) {
	args := append(make([]any, 0, 8), q.Account.UUID[:], q.Conversation.UUID[:], a.row, a.revision)
	bySession := !q.Session.IsZero()
	if bySession {
		args[1] = q.Session.UUID[:]
	}
	if q.Ticket != 0 {
		args = append(args, int64(q.Ticket))
	}
	if q.Key != "" {
		args = append(args, q.Scope, q.Key)
	}
	return loads[bit(bySession)][bit(q.Ticket != 0)][bit(q.Key != "")], args
}

// Load implements [storage.Conversations]: it returns what one decision needs, from one
// moment; what does not exist is zero. It remembers what it found for the commit that
// follows. It fails with [storage.ErrNotFound] if there is no such account, or no
// session as asked for, or if ctx ends, the store is closed or busy, or its database
// fails.
func (p conversations) Load(ctx context.Context, q storage.LoadQuery) (l storage.Loaded, err error) {
	a := p.s.known.account(q.Account)
	query, args := loading(q, a)
	var row, revision int64
	var key, ticketKey sql.NullInt64
	var account, session, conversation, ticket, older, receipt sql.NullString
	err = p.s.loader.do(ctx, func(c *conn) error {
		found, err := c.one(query, args, &row, &revision, &account, &session, &key, &conversation, &ticketKey, &ticket, &older, &receipt)
		if err == nil && !found {
			err = storage.ErrNotFound
		}
		return err
	})
	if err != nil {
		return l, err
	}
	if account.Valid {
		a = knownAccount{row: row, revision: revision}
		if err := decodeJSON(account.String, &a.account); err != nil {
			return l, corrupt(err)
		}
		p.s.known.keepAccount(a)
	}
	l.Account = storage.Clean(a.account)
	// Nothing is an empty document, which reads as zero.
	if err := corrupt(codec.DecodeSession(session.String, &l.Session)); err != nil {
		return l, err
	}
	if err := corrupt(codec.DecodeConversation(conversation.String, &l.Conversation)); err != nil {
		return l, err
	}
	if err := corrupt(codec.DecodeTicket(ticket.String, &l.Ticket)); err != nil {
		return l, err
	}
	if older.Valid {
		l.Older = &tickets.Ticket{}
		if err := corrupt(codec.DecodeTicket(older.String, l.Older)); err != nil {
			return l, err
		}
	}
	if receipt.Valid {
		l.Receipt = &storage.Receipt{}
		return l, corrupt(codec.DecodeReceipt(receipt.String, l.Receipt))
	}
	if key.Valid && ticketKey.Valid {
		p.s.known.keepConversation(knownID{l.Account.ID, l.Conversation.ID}, knownConversation{
			account: row, key: key.Int64, version: l.Conversation.Version,
			ticket: storedTicket{ticketKey.Int64, int64(l.Ticket.Number), ticket.String}, scope: q.Scope, once: q.Key,
		})
	}
	return l, nil
}

// claimed is a conversation that is being claimed.
type claimed struct {
	key  int64
	wake int64
	storage.Claim
}

// claims returns the conversations that a query finds. It changes nothing. It fails if
// the query does.
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

// ClaimDue implements [storage.Conversations]: it returns up to limit conversations
// whose Wake is not after now, the earliest first, and moves their Wake to leaseUntil.
// It skips deleted accounts and those in without. It fails if ctx ends, the store is
// closed or busy, or its database fails.
func (p conversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	var claims []storage.Claim
	err := p.s.writer.do(ctx, func(c *conn) error {
		claims = nil
		found, err := c.claims(`SELECT c.key, a.uuid, c.id, c.wake
			FROM conversations c CROSS JOIN accounts a ON a.id = c.account
			WHERE c.wake <= ?1 AND a.deleted = 0 AND hex(a.uuid) NOT IN (SELECT value FROM json_each(?3)) ORDER BY c.wake, c.key LIMIT ?2`,
			micros(now), max(limit, 0), listed(without))
		if err != nil {
			return err
		}
		for _, one := range found {
			if _, err := c.exec("UPDATE conversations SET wake = ?, lease = ? WHERE key = ?", orNull(leaseUntil), micros(leaseUntil), one.key); err != nil {
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

// ClaimStale implements [storage.Conversations]: it returns up to limit conversations
// that were armed under a version below their account's and are not leased beyond now,
// and leases them until leaseUntil. It skips deleted accounts and those in without. It
// notes which accounts have none left. It fails if ctx ends, the store is closed or
// busy, or its database fails.
func (p conversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	var claims []storage.Claim
	err := p.s.writer.do(ctx, func(c *conn) error {
		claims = nil
		behind, err := c.staleAccounts(without)
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

// staleAccounts returns the accounts that may have conversations armed under an older
// version; only their id and version are set. It fails if the query does.
func (c *conn) staleAccounts(without []chatcfg.AccountID) (found []account, err error) {
	err = c.each(context.Background(), `SELECT id, version FROM accounts INDEXED BY accounts_stale
		WHERE settled < version AND deleted = 0 AND hex(uuid) NOT IN (SELECT value FROM json_each(?)) ORDER BY id`, []any{listed(without)},
		func(scan func(...any) error) error {
			var a account
			err := scan(&a.id, &a.version)
			found = append(found, a)
			return err
		})
	return found, err
}

// listed returns account IDs as a JSON list of upper-case hex texts.
func listed(accounts []chatcfg.AccountID) string {
	var b strings.Builder
	for _, id := range accounts {
		fmt.Fprintf(&b, `,"%X"`, id.UUID[:])
	}
	return "[" + strings.TrimPrefix(b.String(), ",") + "]"
}

// settle records that no conversation of an account is armed under an older version, if
// that is so; else it does nothing. It fails if a statement does.
func (c *conn) settle(a account) error {
	left, err := c.one("SELECT 1 FROM conversations WHERE account = ? AND armed < ? LIMIT 1", []any{a.id, a.version}, new(int))
	if err != nil || left {
		return err
	}
	_, err = c.exec("UPDATE accounts SET settled = version WHERE id = ?", a.id)
	return err
}

// Ahead implements [storage.Conversations]: it returns tickets that changed after an
// instant, and conversations that are leased until after another. It fails as readers.do
// does.
func (p conversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	var found []tickets.Ref
	err := p.s.readers.do(ctx, func(c *conn) error {
		found = nil
		return c.each(ctx, `SELECT a.uuid, c.id, 0 FROM conversations c CROSS JOIN accounts a ON a.id = c.account
				WHERE c.wake > ?2 AND c.lease = c.wake AND a.deleted = 0
			UNION ALL SELECT a.uuid, c.id, 0 FROM accounts a INDEXED BY accounts_stale CROSS JOIN conversations c ON c.account = a.id
				WHERE a.settled < a.version AND a.deleted = 0 AND c.armed < a.version AND c.lease > ?2
			UNION ALL SELECT a.uuid, c.id, t.number FROM accounts a CROSS JOIN tickets t ON t.account = a.id
				CROSS JOIN conversations c ON c.key = t.conversation
				WHERE a.deleted = 0 AND t.status IN ('open', 'bot', 'ignored', 'closed') AND t.changed > ?1
			LIMIT ?3`, []any{micros(changed), micros(leased), max(limit, 0)}, func(scan func(...any) error) error {
			var account, id []byte
			var number int64
			err := scan(&account, &id, &number)
			ref := tickets.Ref{Number: tickets.Number(number)}
			copy(ref.Account.UUID[:], account)
			copy(ref.Conversation.UUID[:], id)
			found = append(found, ref)
			return err
		})
	})
	return found, err
}

// NextWake implements [storage.Conversations]: it returns the earliest Wake of an
// account that is not deleted; zero: there is none. It fails if ctx ends, the store is
// closed or busy, or its database fails.
func (p conversations) NextWake(ctx context.Context) (time.Time, error) {
	return p.s.earliest(ctx, `SELECT c.wake FROM conversations c CROSS JOIN accounts a ON a.id = c.account
		WHERE c.wake IS NOT NULL AND a.deleted = 0 ORDER BY c.wake LIMIT 1`)
}

// earliest returns the earliest of the times that queries find, or zero if they find
// none. It fails as readers.do does, or if a query fails.
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
