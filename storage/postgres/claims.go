package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
)

// Claims lock what they are about to claim, pass over what another process has
// locked, and go by the primary key. What is left out and the limit are parts of the text:
// the planner knows nothing of an argument.
var (
	claimDue = `WITH due AS (
		SELECT c.account, c.id, c.wake FROM charla.conversations c JOIN charla.accounts a ON a.id = c.account
		WHERE c.wake >= ` + hidden("$3::bigint") + " AND c.wake <= " + hidden("$1::bigint") + ` AND NOT a.deleted%s
		ORDER BY c.wake LIMIT %d FOR UPDATE OF c SKIP LOCKED)
	UPDATE charla.conversations c SET wake = $2, lease = $4 FROM due WHERE c.account = due.account AND c.id = due.id
	RETURNING c.account, c.id, due.wake`

	claimStale = `WITH stale AS (
		SELECT c.account, c.id FROM charla.stale s JOIN charla.accounts a ON a.id = s.account
		JOIN charla.conversations c ON c.account = a.id AND c.armed < a.version AND c.lease <= ` + hidden("$1::bigint") + `
		WHERE NOT a.deleted%s LIMIT %d FOR UPDATE OF c SKIP LOCKED)
	UPDATE charla.conversations c SET lease = $2 FROM stale WHERE c.account = stale.account AND c.id = stale.id
	RETURNING c.account, c.id, 0::bigint`
)

// sweep is how often, by the callers' clock, a claim looks for what is due from the
// beginning.
const sweep = 10 * time.Second

// horizon is where claims begin to look. While some transaction of the server stays
// open, what was claimed stays in the index and would be read again by each claim.
// Nothing of this process is due before the horizon. What another process leaves
// there, when its clock is behind or it ends within a claim, is found by the next
// sweep.
type horizon struct {
	// every is how often a claim begins at the beginning; zero: always.
	every time.Duration

	mu sync.Mutex
	// low is where claims begin.
	low int64
	// swept is when a claim last began at the beginning.
	swept time.Time
	// looking is how many claims are under way, came the earliest that was scheduled
	// meanwhile.
	looking int
	came    int64
}

// look begins a claim and returns the wake from which it must look, math.MinInt64 when
// it is time to look at all; saw must be called at its end.
func (h *horizon) look(now time.Time) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.looking == 0 {
		h.came = math.MaxInt64
	}
	h.looking++
	if h.low > micros(now) { // a clock that was ahead raised it
		h.low = micros(now)
	}
	if now.Before(h.swept) || now.Sub(h.swept) >= h.every {
		return math.MinInt64
	}
	return h.low
}

// saw ends a claim that looked from a wake and found claims, the earliest first, or
// failed with err. It raises the horizon to the last that was found, but not above what
// was scheduled meanwhile: everything before is claimed. After a failure it changes
// nothing.
func (h *horizon) saw(from int64, now time.Time, found []storage.Claim, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.looking--
	if err != nil {
		return
	}
	if from == math.MinInt64 {
		h.swept = now
	}
	if n := len(found); n > 0 && h.every > 0 {
		h.low = max(h.low, min(h.came, micros(found[n-1].Due)))
	}
}

// scheduled lowers the horizon to a wake that this process has stored.
func (h *horizon) scheduled(wake int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.low, h.came = min(h.low, wake), min(h.came, wake)
}

// first returns the horizon: nothing that this process knows of is due earlier.
func (h *horizon) first() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.low
}

// claims runs a claim's statement and returns what it claimed, the earliest first, of
// accounts that are not in without; nothing for a limit below one. It fails as change does.
func (p conversations) claims(ctx context.Context, query string, limit int, without []chatcfg.AccountID, args ...any) ([]storage.Claim, error) {
	var found []storage.Claim
	if limit < 1 {
		_, err := p.NextWake(ctx) // the context's and the store's end
		return nil, err
	}
	others := ""
	if len(without) > 0 {
		args = append(args, uuids(without))
		others = fmt.Sprintf(" AND a.id <> ALL($%d::uuid[])", len(args))
	}
	err := p.s.change(ctx, fmt.Sprintf(query, others, limit), args, func(scan func(...any) error) error {
		var account, id [16]byte
		var wake int64
		err := scan(&account, &id, &wake)
		found = append(found, storage.Claim{
			Account: chatcfg.AccountID{UUID: account}, Conversation: tickets.ConversationID{UUID: id}, Due: instant(wake),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b storage.Claim) int {
		return cmp.Or(a.Due.Compare(b.Due), slices.Compare(a.Conversation.UUID[:], b.Conversation.UUID[:]))
	})
	return found, nil
}

// ClaimDue implements [storage.Conversations]: it returns up to limit conversations
// whose Wake is not after now, the earliest first, and moves their Wake to leaseUntil.
// It skips deleted accounts and those in without. It may overlook for some seconds what
// another process scheduled. It fails if ctx ends, the store is closed or busy, or its
// database fails.
func (p conversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	h := &p.s.horizon
	if limit < 1 {
		return p.claims(ctx, claimDue, limit, nil)
	}
	from := h.look(now)
	found, err := p.claims(ctx, claimDue, limit, without, micros(now), orNull(leaseUntil), from, micros(leaseUntil))
	if !leaseUntil.IsZero() {
		h.scheduled(micros(leaseUntil))
	}
	seen := found
	if len(without) > 0 {
		seen = nil // what was left out may be due earlier
	}
	h.saw(from, now, seen, err)
	return found, err
}

// ClaimStale implements [storage.Conversations]: it returns up to limit conversations
// that were armed under a version below their account's and are not leased beyond now,
// and leases them until leaseUntil. It skips deleted accounts and those in without. If
// it finds none, it notes which accounts have none left. It fails if ctx ends, the
// store is closed or busy, or its database fails.
func (p conversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
	claims, err := p.claims(ctx, claimStale, limit, without, micros(now), micros(leaseUntil))
	if err != nil {
		return nil, err
	}
	for i := range claims {
		claims[i].Due = time.Time{}
	}
	if len(claims) == 0 && limit > 0 && len(without) == 0 {
		return nil, p.settle(ctx)
	}
	return claims, nil
}

// uuids returns the IDs of accounts as the driver takes a list of them.
func uuids(accounts []chatcfg.AccountID) [][16]byte {
	ids := make([][16]byte, len(accounts))
	for i, id := range accounts {
		ids[i] = id.UUID
	}
	return ids
}

// settle removes from the table stale the accounts that have nothing to arm again. It
// locks their rows while it looks, so that no commit is under way; a later commit adds
// its account again. It fails as transact does.
func (p conversations) settle(ctx context.Context) error {
	var noted bool
	if _, err := p.s.one(ctx, "SELECT EXISTS (SELECT FROM charla.stale)", nil, &noted); err != nil || !noted {
		return err
	}
	const none = "NOT EXISTS (SELECT FROM charla.conversations c WHERE c.account = a.id AND c.armed < a.version)"
	var settled [][16]byte
	return p.s.transact(ctx, func(b *pgx.Batch) {
		settled = nil
		b.Queue("SELECT a.id FROM charla.stale s JOIN charla.accounts a ON a.id = s.account WHERE " + none + " ORDER BY a.id FOR UPDATE OF a SKIP LOCKED").
			Query(rows(func(scan func(...any) error) error {
				var id [16]byte
				err := scan(&id)
				settled = append(settled, id)
				return err
			}))
	}, func(b *pgx.Batch) error {
		if len(settled) > 0 {
			b.Queue("DELETE FROM charla.stale s USING charla.accounts a WHERE a.id = s.account AND a.id = ANY($1::uuid[]) AND "+none, settled)
		}
		return nil
	})
}

// Ahead implements [storage.Conversations]: it returns tickets that changed after an
// instant, and conversations that are leased until after another. It fails as each does.
func (p conversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	var found []tickets.Ref
	err := p.s.each(ctx, `(SELECT c.account, c.id, 0::bigint FROM charla.conversations c JOIN charla.accounts a ON a.id = c.account
			WHERE c.wake > $2 AND c.lease = c.wake AND NOT a.deleted ORDER BY c.wake DESC LIMIT $3)
		UNION ALL SELECT c.account, c.id, 0 FROM charla.stale s JOIN charla.accounts a ON a.id = s.account
			CROSS JOIN LATERAL (SELECT account, id FROM charla.conversations
				WHERE account = a.id AND armed < a.version AND lease > $2 ORDER BY armed LIMIT $3) c WHERE NOT a.deleted
		UNION ALL SELECT t.* FROM charla.accounts a CROSS JOIN (VALUES ('open'), ('bot'), ('ignored'), ('closed')) AS is_(status) CROSS JOIN LATERAL (
			SELECT t.account, t.conversation, t.number FROM charla.tickets t
			WHERE t.account = a.id AND t.status = is_.status AND t.changed > $1 ORDER BY t.changed DESC LIMIT $3) t WHERE NOT a.deleted
		LIMIT $3`, []any{micros(changed), micros(leased), max(limit, 0)}, func(scan func(...any) error) error {
		var account, id [16]byte
		var number int64
		err := scan(&account, &id, &number)
		found = append(found, tickets.Ref{
			Account: chatcfg.AccountID{UUID: account}, Conversation: tickets.ConversationID{UUID: id}, Number: tickets.Number(number),
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// NextWake implements [storage.Conversations]: it returns the earliest Wake of an
// account that is not deleted; zero: there is none. It may overlook for some seconds
// what another process scheduled. It fails if ctx ends, the store is closed or busy, or
// its database fails.
func (p conversations) NextWake(ctx context.Context) (time.Time, error) {
	return p.s.earliest(ctx, `SELECT c.wake FROM charla.conversations c JOIN charla.accounts a ON a.id = c.account
		WHERE c.wake >= $1 AND NOT a.deleted ORDER BY c.wake LIMIT 1`, p.s.horizon.first())
}
