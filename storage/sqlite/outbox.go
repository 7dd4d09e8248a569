package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

type outbox struct{ s *Store }

// addDelivery adds a pending delivery to an account's outbox unless its key is there. It
// fails if a statement does.
func (c *conn) addDelivery(account int64, d *storage.Delivery) error {
	body := d.Body
	if body == nil {
		body = []byte{}
	}
	_, err := c.exec(`INSERT INTO deliveries (account, name, kind, conversation, ticket, body, repeatable, state, attempts, fence, not_before, settled, due, error)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?9, ?10, ?11, ?10, ?12) ON CONFLICT DO NOTHING`,
		account, d.Key, d.Kind, d.Conversation.UUID[:], int64(d.Ticket), body, bit(d.Repeatable),
		d.Attempts, d.Fence, micros(d.NotBefore), micros(d.SettledAt), d.Error)
	return err
}

const deliveryColumns = `d.key, a.uuid, d.name, d.kind, d.conversation, d.ticket, d.body, d.repeatable, d.state, d.attempts, d.fence, d.not_before, d.settled, d.error`

// delivery is a delivery with its row number.
type delivery struct {
	key int64
	storage.Delivery
}

// deliveries returns the deliveries that a query for deliveryColumns finds. It fails if
// the query does.
func (c *conn) deliveries(ctx context.Context, query string, args ...any) (found []delivery, err error) {
	err = c.each(ctx, query, args, func(scan func(...any) error) error {
		var d delivery
		var account, conversation []byte
		var notBefore, settled int64
		err := scan(&d.key, &account, &d.Key, &d.Kind, &conversation, &d.Ticket, &d.Body, &d.Repeatable,
			&d.State, &d.Attempts, &d.Fence, &notBefore, &settled, &d.Error)
		copy(d.Account.UUID[:], account)
		copy(d.Conversation.UUID[:], conversation)
		d.NotBefore, d.SettledAt = instant(notBefore), instant(settled)
		found = append(found, d)
		return err
	})
	return found, err
}

// Claim implements [storage.Outbox]: it marks as sending until leaseUntil, and returns,
// up to limit deliveries that are due at now, the earliest first, as far as s allows:
// pending ones, and repeatable ones whose lease has run out. Others whose lease has run
// out become unknown. It fails if ctx ends, the store is closed or busy, or its
// database fails.
func (p outbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int, s storage.Share) ([]storage.Delivery, error) {
	var claims []storage.Delivery
	err := p.s.writer.do(ctx, func(c *conn) error {
		claims = nil
		if _, err := c.markLost(micros(now)); err != nil {
			return err
		}
		if limit < 1 {
			return nil
		}
		due, err := c.due(micros(now), limit, &s)
		if err != nil {
			return err
		}
		for _, d := range due {
			d.State = storage.Sending
			d.Attempts++
			d.Fence++
			if _, err := c.exec("UPDATE deliveries SET state = 'sending', attempts = ?, fence = ?, due = ? WHERE key = ?",
				d.Attempts, d.Fence, micros(leaseUntil), d.key); err != nil {
				return err
			}
			claims = append(claims, d.Delivery)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claims, nil
}

// markLost marks as unknown the deliveries whose lease has run out and that are not
// repeatable. It returns how many. It fails if a statement does.
func (c *conn) markLost(now int64) (int64, error) {
	found, err := c.one("SELECT 1 FROM deliveries WHERE state = 'sending' AND due <= ? AND repeatable = 0 LIMIT 1", []any{now}, new(int))
	if err != nil || !found {
		return 0, err
	}
	return c.change("UPDATE deliveries SET state = 'unknown', due = NULL WHERE state = 'sending' AND due <= ? AND repeatable = 0", now)
}

// due returns the deliveries that a claim takes, at most limit and as far as s allows,
// the earliest first: pending ones that are due, and sending ones whose lease has run
// out, none of deleted accounts. It changes nothing. It fails if a query does.
func (c *conn) due(now int64, limit int, s *storage.Share) ([]delivery, error) {
	const from = "SELECT " + deliveryColumns + " FROM deliveries d %s CROSS JOIN accounts a ON a.id = d.account "
	ctx := context.Background()
	all, err := c.deliveries(ctx, fmt.Sprintf(from, "")+"WHERE d.state = 'sending' AND d.due <= ? AND a.deleted = 0", now)
	if err != nil {
		return nil, err
	}
	each := limit
	if s.Each > 0 {
		each = min(each, s.Each)
	}
	lanes, err := c.lanes(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range lanes {
		if !s.Allows(l.Lane, 0) {
			continue
		}
		// By any other index it would read what is due in all lanes.
		pending, err := c.deliveries(ctx, fmt.Sprintf(from, "INDEXED BY deliveries_lanes")+"WHERE d.state = 'pending' AND d.account = ? AND d.kind = ? AND d.due <= ? AND a.deleted = 0 ORDER BY d.due, d.key LIMIT ?",
			l.account, l.Kind, now, each)
		if err != nil {
			return nil, err
		}
		all = append(all, pending...)
	}
	slices.SortFunc(all, func(d, e delivery) int {
		return cmp.Or(d.NotBefore.Compare(e.NotBefore), cmp.Compare(d.key, e.key))
	})
	taken := map[storage.Lane]int{}
	all = slices.DeleteFunc(all, func(d delivery) bool {
		of := storage.Lane{Account: d.Account, Kind: d.Kind}
		allowed := s.Allows(of, taken[of])
		taken[of]++
		return !allowed
	})
	return all[:min(len(all), limit)], nil
}

// lane is a lane with its account's row.
type lane struct {
	account int64
	storage.Lane
}

// lanes returns the lanes that have pending deliveries. It finds each one by a step in
// the index, however many deliveries it has: SQLite steps over one column's equal values,
// but reads those of two. It fails if a query does.
func (c *conn) lanes(ctx context.Context) (found []lane, err error) {
	const next = `SELECT d.account, a.uuid, d.kind FROM deliveries d INDEXED BY deliveries_lanes CROSS JOIN accounts a ON a.id = d.account
		WHERE d.state = 'pending' AND `
	var last lane
	for {
		var uuid []byte
		there, err := c.one(next+"d.account = ? AND d.kind > ? ORDER BY d.kind LIMIT 1", []any{last.account, last.Kind}, &last.account, &uuid, &last.Kind)
		if err == nil && !there {
			there, err = c.one(next+"d.account > ? ORDER BY d.account, d.kind LIMIT 1", []any{last.account}, &last.account, &uuid, &last.Kind)
		}
		if err != nil || !there {
			return found, err
		}
		copy(last.Account.UUID[:], uuid)
		found = append(found, last)
	}
}

// Settle implements [storage.Outbox]: it stores the outcome of an attempt; in a deleted
// account one that is to be tried again is removed. It fails with
// [storage.ErrLeaseLost] unless the delivery is sending with the fence d.Fence, for a
// state that ends no attempt, or if ctx ends, the store is closed or busy, or its
// database fails.
func (p outbox) Settle(ctx context.Context, d storage.Delivery) error {
	notBefore := sql.NullInt64{} // NULL: as it is
	var due any
	switch d.State {
	case storage.Pending:
		notBefore = sql.NullInt64{Int64: micros(d.NotBefore), Valid: true}
		due = micros(d.NotBefore)
	case storage.Sent:
		due = micros(d.SettledAt)
	case storage.Dead, storage.Unknown:
	default:
		return errors.New("sqlite: a delivery cannot be settled as " + string(d.State))
	}
	return p.s.writer.do(ctx, func(c *conn) error {
		var key int64
		var deleted bool
		found, err := c.one(`SELECT d.key, a.deleted FROM accounts a JOIN deliveries d ON d.account = a.id AND d.name = ?2
			WHERE a.uuid = ?1 AND d.state = 'sending' AND d.fence = ?3`, []any{d.Account.UUID[:], d.Key, d.Fence}, &key, &deleted)
		if err != nil {
			return err
		}
		if !found {
			return storage.ErrLeaseLost
		}
		if deleted && d.State == storage.Pending {
			_, err = c.exec("DELETE FROM deliveries WHERE key = ?", key)
			return err
		}
		_, err = c.exec("UPDATE deliveries SET state = ?, attempts = ?, not_before = coalesce(?, not_before), settled = ?, due = ?, error = ? WHERE key = ?",
			string(d.State), d.Attempts, notBefore, micros(d.SettledAt), due, d.Error, key)
		return err
	})
}

// List implements [storage.Outbox]: it returns a page of an account's deliveries in a
// state, in the order of their commits. It fails with [storage.ErrCursor] for a cursor
// of another list, or if ctx ends, the store is closed or busy, or its database fails.
func (p outbox) List(ctx context.Context, account chatcfg.AccountID, state storage.DeliveryState, cursor string, limit int) (storage.Page[storage.Delivery], error) {
	var page storage.Page[storage.Delivery]
	name := "outbox " + account.String() + " " + string(state)
	after, _, err := p.s.parseCursor(name, cursor)
	if err != nil {
		return page, err
	}
	limit = storage.PageLimit(limit)
	var found []delivery
	err = p.s.readers.do(ctx, func(c *conn) (err error) {
		found, err = c.deliveries(ctx, "SELECT "+deliveryColumns+` FROM accounts a CROSS JOIN deliveries d ON d.account = a.id
			WHERE a.uuid = ?1 AND d.state = ?2 AND d.key > ?3 ORDER BY d.key LIMIT ?4`,
			account.UUID[:], string(state), after.key, limit+1)
		return err
	})
	if err != nil {
		return page, err
	}
	if len(found) > limit {
		found = found[:limit]
		page.Next = p.s.cursor(name, position{key: found[limit-1].key})
	}
	for _, d := range found {
		page.Items = append(page.Items, d.Delivery)
	}
	return page, nil
}

// Replay implements [storage.Outbox]: it makes a dead or unknown delivery pending at
// now, with no attempts. It fails with [storage.ErrNotFound], [storage.ErrDeleted], or
// [storage.ErrConflict] in another state, or if ctx ends, the store is closed or busy,
// or its database fails.
func (p outbox) Replay(ctx context.Context, account chatcfg.AccountID, key string, now time.Time) error {
	return p.s.writer.do(ctx, func(c *conn) error {
		a, err := c.live(account)
		if err != nil {
			return err
		}
		var row int64
		var state storage.DeliveryState
		found, err := c.one("SELECT key, state FROM deliveries WHERE account = ? AND name = ?", []any{a.id, key}, &row, &state)
		if err != nil {
			return err
		}
		if !found {
			return storage.ErrNotFound
		}
		if state != storage.Dead && state != storage.Unknown {
			return storage.ErrConflict
		}
		_, err = c.exec("UPDATE deliveries SET state = 'pending', attempts = 0, not_before = ?1, due = ?1 WHERE key = ?2", micros(now), row)
		return err
	})
}

// Recall implements [storage.Outbox]: it makes due at now pending deliveries that wait
// until after an instant, and those that are leased until after another. It fails if the
// database does.
func (p outbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	var n int64
	err := p.s.writer.do(ctx, func(c *conn) (err error) {
		n, err = c.change(`UPDATE deliveries SET due = ?1, not_before = CASE state WHEN 'pending' THEN ?1 ELSE not_before END
			WHERE key IN (SELECT key FROM deliveries WHERE state = 'pending' AND due > ?2
				UNION ALL SELECT key FROM deliveries WHERE state = 'sending' AND due > ?3)
			AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = deliveries.account AND a.deleted = 0)`, micros(now), micros(pending), micros(leased))
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// Prune implements [storage.Outbox]: it removes up to limit sent deliveries that were
// settled before a time, the oldest first, and returns how many. It fails if ctx ends,
// the store is closed or busy, or its database fails.
func (p outbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := p.s.writer.do(ctx, func(c *conn) (err error) {
		n, err = c.change(`DELETE FROM deliveries WHERE key IN (
			SELECT key FROM deliveries WHERE state = 'sent' AND due < ? ORDER BY due LIMIT ?)`, micros(before), max(limit, 0))
		return err
	})
	if err != nil {
		return 0, err
	}
	return int(n), nil
}

// NextWake implements [storage.Outbox]: it returns the earliest instant at which Claim
// has something to do; zero: there is none. It fails if ctx ends, the store is closed
// or busy, or its database fails.
func (p outbox) NextWake(ctx context.Context) (time.Time, error) {
	return p.s.earliest(ctx,
		"SELECT due FROM deliveries WHERE state = 'pending' AND due IS NOT NULL ORDER BY due LIMIT 1",
		"SELECT due FROM deliveries WHERE state = 'sending' AND due IS NOT NULL ORDER BY due LIMIT 1")
}
