package postgres

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
)

type outbox struct{ s *Store }

var deliveryKinds = []kind{aUUID, aText, aText, aUUID, aNumber, aBytea, aFlag, aNumber, aNumber, aNumber, aNumber, aText}

// insertDeliveries returns the beginning of a statement that adds deliveries, which are
// the arguments from number first on; unlessThere after it leaves out those whose keys
// are there.
func insertDeliveries(first int) string {
	return `INSERT INTO charla.deliveries (account, name, kind, conversation, ticket, body, repeatable, state, attempts, fence, not_before, settled, due, error)
		SELECT u.account, u.name, u.kind, u.conversation, u.ticket, u.body, u.repeatable, 'pending', u.attempts, u.fence, u.not_before, u.settled, u.not_before, u.error
		FROM ` + unnest(first, deliveryKinds...) + " AS u(account, name, kind, conversation, ticket, body, repeatable, attempts, fence, not_before, settled, error)"
}

const unlessThere = " ON CONFLICT (account, name) DO NOTHING"

const delivered = "d.account, d.name, d.n, d.kind, d.conversation, d.ticket, d.body, d.repeatable, d.state, d.attempts, d.fence, d.not_before, d.settled, d.error"

// delivery is a delivery with its place in the order of commits.
type delivery struct {
	n int64
	storage.Delivery
}

// scanDelivery returns the delivery in a row of the columns in delivered. It fails if
// scan does.
func scanDelivery(scan func(...any) error) (d delivery, err error) {
	var notBefore, settled int64
	var account, conversation [16]byte
	var number, attempts int64
	var state string
	err = scan(&account, &d.Key, &d.n, &d.Kind, &conversation, &number, &d.Body, &d.Repeatable,
		&state, &attempts, &d.Fence, &notBefore, &settled, &d.Error)
	d.Account.UUID, d.Conversation.UUID = account, conversation
	d.Ticket, d.Attempts, d.State = tickets.Number(number), int(attempts), storage.DeliveryState(state)
	d.NotBefore, d.SettledAt = instant(notBefore), instant(settled)
	return d, err
}

// Claiming takes some of each lane, locks that, passes over what another process has
// locked, and goes by the primary key. Those of deleted accounts are not pending,
// or have no due.
const (
	lose = `WITH lost AS (
		SELECT account, name FROM charla.deliveries
		WHERE state = 'sending' AND due <= $1 AND NOT repeatable ORDER BY due FOR UPDATE SKIP LOCKED)
	UPDATE charla.deliveries d SET state = 'unknown', due = NULL
	FROM lost WHERE d.account = lost.account AND d.name = lost.name`

	// lanes are those that hold pending deliveries. Each is found by a step in the
	// index, however many deliveries it holds.
	lanes = `RECURSIVE lanes AS (
		(SELECT account, kind FROM charla.deliveries WHERE state = 'pending' ORDER BY account, kind LIMIT 1)
		UNION ALL
		SELECT next.account, next.kind FROM lanes l CROSS JOIN LATERAL (
			SELECT account, kind FROM charla.deliveries
			WHERE state = 'pending' AND (account, kind) > (l.account, l.kind) ORDER BY account, kind LIMIT 1) next)`

	claim = `WITH ` + lanes + `,
	filled AS (SELECT * FROM unnest($5::uuid[], $6::text[]) AS f(account, kind)),
	due AS (
		SELECT p.* FROM lanes l CROSS JOIN LATERAL (
			SELECT account, kind, name, not_before, n FROM charla.deliveries d
			WHERE d.state = 'pending' AND d.account = l.account AND d.kind = l.kind AND d.due <= $1
			ORDER BY d.due, d.n LIMIT least($3::bigint, $4::bigint)) p
		WHERE NOT EXISTS (SELECT FROM filled f WHERE f.kind = l.kind AND f.account IN (l.account, $7::uuid))
		UNION ALL
		SELECT account, kind, name, not_before, n FROM charla.deliveries d
		WHERE state = 'sending' AND due <= $1 AND repeatable
			AND NOT EXISTS (SELECT FROM filled f WHERE f.kind = d.kind AND f.account IN (d.account, $7::uuid))),
	first AS (
		SELECT account, name FROM (
			SELECT *, row_number() OVER (PARTITION BY account, kind ORDER BY not_before, n) AS place FROM due) x
		WHERE place <= $4::bigint ORDER BY not_before, n LIMIT $3::bigint),
	held AS (
		SELECT d.account, d.name FROM first JOIN charla.deliveries d ON d.account = first.account AND d.name = first.name
		WHERE d.state IN ('pending', 'sending') AND d.due <= $1 FOR UPDATE OF d SKIP LOCKED)
	UPDATE charla.deliveries d SET state = 'sending', attempts = attempts + 1, fence = fence + 1, due = $2
	FROM held WHERE d.account = held.account AND d.name = held.name
	RETURNING ` + delivered
)

// Claim implements [storage.Outbox]: it marks as sending until leaseUntil, and returns,
// up to limit deliveries that are due at now, the earliest first, as far as s allows:
// pending ones, and repeatable ones whose lease has run out. In the same transaction,
// it first marks as unknown the others whose lease has run out. It fails as transact
// does.
func (p outbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int, s storage.Share) ([]storage.Delivery, error) {
	var found []delivery
	if limit < 1 {
		_, err := p.NextWake(ctx) // the context's and the store's end
		return nil, err
	}
	each := limit
	if s.Each > 0 {
		each = s.Each
	}
	accounts, kinds := make([][16]byte, len(s.Full)), make([]string, len(s.Full))
	for i, lane := range s.Full {
		accounts[i], kinds[i] = lane.Account.UUID, lane.Kind
	}
	err := p.s.transact(ctx, func(b *pgx.Batch) {
		found = nil
		b.Queue(lose, micros(now))
		b.Queue(claim, micros(now), micros(leaseUntil), limit, each, accounts, kinds, [16]byte{}).Query(rows(func(scan func(...any) error) error {
			d, err := scanDelivery(scan)
			found = append(found, d)
			return err
		}))
	}, func(*pgx.Batch) error { return nil })
	if err != nil || len(found) == 0 {
		return nil, err
	}
	slices.SortFunc(found, func(d, e delivery) int {
		return cmp.Or(d.NotBefore.Compare(e.NotBefore), cmp.Compare(d.n, e.n))
	})
	claims := make([]storage.Delivery, len(found))
	for i, d := range found {
		claims[i] = d.Delivery
	}
	return claims, nil
}

// Settle implements [storage.Outbox]: it stores the outcome of an attempt; in a deleted
// account one that is to be tried again is removed. It locks the account's row, shared,
// so that an account that is being deleted keeps nothing pending. It fails with
// [storage.ErrLeaseLost] unless the delivery is sending with the fence d.Fence, with
// another error for a state that ends no attempt, and as change does.
func (p outbox) Settle(ctx context.Context, d storage.Delivery) error {
	var notBefore, due *int64 // nil: as it is, none
	at := micros(d.NotBefore)
	settled := micros(d.SettledAt)
	switch d.State {
	case storage.Pending:
		notBefore, due = &at, &at
	case storage.Sent:
		due = &settled
	case storage.Dead, storage.Unknown:
	default:
		return errors.New("postgres: a delivery cannot be settled as " + string(d.State))
	}
	var n int64
	pending := hidden("$4::text") + " = 'pending'"
	err := p.s.change(ctx, `WITH a AS (SELECT id, deleted FROM charla.accounts WHERE id = $1 FOR SHARE),
		gone AS (DELETE FROM charla.deliveries d USING a
			WHERE d.account = $1 AND d.name = $2 AND d.state = 'sending' AND d.fence = $3 AND a.deleted AND `+pending+` RETURNING 1),
		kept AS (UPDATE charla.deliveries d SET state = $4, not_before = coalesce($5, d.not_before), settled = $6, due = $7, error = $8, attempts = $9 FROM a
			WHERE d.account = $1 AND d.name = $2 AND d.state = 'sending' AND d.fence = $3 AND NOT (a.deleted AND `+pending+`) RETURNING 1)
		SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM kept)`,
		[]any{d.Account.UUID[:], d.Key, d.Fence, string(d.State), notBefore, settled, due, d.Error, d.Attempts},
		func(scan func(...any) error) error { return scan(&n) })
	if err == nil && n == 0 {
		err = storage.ErrLeaseLost
	}
	return err
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
	var last int64
	err = p.s.each(ctx, "SELECT "+delivered+" FROM charla.deliveries d WHERE account = $1 AND state = $2 AND n > $3 ORDER BY n LIMIT $4",
		[]any{account.UUID[:], string(state), after.number, limit + 1}, func(scan func(...any) error) error {
			d, err := scanDelivery(scan)
			if len(page.Items) == limit {
				page.Next = p.s.cursor(name, position{number: last})
				return err
			}
			page.Items, last = append(page.Items, d.Delivery), d.n
			return err
		})
	if err != nil {
		return storage.Page[storage.Delivery]{}, err
	}
	return page, nil
}

// Replay implements [storage.Outbox]: it makes a dead or unknown delivery pending at
// now, with no attempts. It fails with [storage.ErrNotFound], [storage.ErrDeleted], or
// [storage.ErrConflict] in another state, or if ctx ends, the store is closed or busy,
// or its database fails.
func (p outbox) Replay(ctx context.Context, account chatcfg.AccountID, key string, now time.Time) error {
	err := p.s.inAccount(ctx, errNotDone, `,
		done AS (UPDATE charla.deliveries d SET state = 'pending', attempts = 0, not_before = $3, due = $3 FROM a
			WHERE NOT a.deleted AND d.account = $1 AND d.name = $2 AND d.state IN ('dead', 'unknown') RETURNING 1)`,
		account.UUID[:], key, micros(now))
	if e := (*Error)(nil); errors.As(err, &e) && unstorable[e.Code] {
		return storage.ErrNotFound
	}
	if !errors.Is(err, errNotDone) {
		return err
	}
	found, err := p.s.one(ctx, "SELECT true FROM charla.deliveries WHERE account = $1 AND name = $2", []any{account.UUID[:], key}, new(bool))
	if err == nil && !found {
		return storage.ErrNotFound
	}
	if err == nil {
		return storage.ErrConflict
	}
	return err
}

// errNotDone: the reason is still to be found.
var errNotDone = errors.New("postgres: nothing happened")

// Recall implements [storage.Outbox]: it makes due at now pending deliveries that wait
// until after an instant, and those that are leased until after another. It fails if the
// database does.
func (p outbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	n, err := p.s.count(ctx, `WITH `+lanes+`,
		found AS (
			SELECT p.* FROM lanes l CROSS JOIN LATERAL (
				SELECT account, name FROM charla.deliveries d
				WHERE d.state = 'pending' AND d.account = l.account AND d.kind = l.kind AND d.due > $2) p
			UNION ALL SELECT account, name FROM charla.deliveries WHERE state = 'sending' AND due > $3),
		held AS (
			SELECT d.account, d.name FROM found f JOIN charla.deliveries d ON d.account = f.account AND d.name = f.name
			JOIN charla.accounts a ON a.id = d.account WHERE NOT a.deleted FOR UPDATE OF d SKIP LOCKED)
		UPDATE charla.deliveries d SET due = $1, not_before = CASE d.state WHEN 'pending' THEN $1 ELSE d.not_before END
		FROM held WHERE d.account = held.account AND d.name = held.name
			AND (d.state = 'pending' AND d.due > $2 OR d.state = 'sending' AND d.due > $3)`,
		micros(now), micros(pending), micros(leased))
	return int(n), err
}

// Prune implements [storage.Outbox]: it removes up to limit sent deliveries that were
// settled before a time, the oldest first, and returns how many. It fails if ctx ends,
// the store is closed or busy, or its database fails.
func (p outbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := p.s.count(ctx, `DELETE FROM charla.deliveries WHERE (account, name) IN (
		SELECT account, name FROM charla.deliveries WHERE state = 'sent' AND due < $1 ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED)`,
		micros(before), max(limit, 0))
	return int(n), err
}

// NextWake implements [storage.Outbox]: it returns the earliest instant at which Claim
// has something to do; zero: there is none. It fails if ctx ends, the store is closed
// or busy, or its database fails.
func (p outbox) NextWake(ctx context.Context) (time.Time, error) {
	return p.s.earliest(ctx, `WITH `+lanes+` SELECT least(
		(SELECT min(first.due) FROM lanes l CROSS JOIN LATERAL (
			SELECT due FROM charla.deliveries d WHERE state = 'pending' AND d.account = l.account AND d.kind = l.kind ORDER BY due LIMIT 1) first),
		(SELECT due FROM charla.deliveries WHERE state = 'sending' AND due IS NOT NULL ORDER BY due LIMIT 1))`)
}

// earliest returns the time that a query finds, or zero if it finds none. It fails as one
// does.
func (s *Store) earliest(ctx context.Context, query string, args ...any) (time.Time, error) {
	var at *int64
	if _, err := s.one(ctx, query, args, &at); err != nil || at == nil {
		return time.Time{}, err
	}
	return instant(*at), nil
}
