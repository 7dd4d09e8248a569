package postgres

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
)

// Claims lock what they are about to claim, pass over what another process has
// locked, and go by the primary key.
const (
	claimDue = `WITH due AS (
		SELECT c.account, c.id, c.wake FROM charla.conversations c JOIN charla.accounts a ON a.id = c.account
		WHERE c.wake <= $1 AND NOT a.deleted ORDER BY c.wake LIMIT $3 FOR UPDATE OF c SKIP LOCKED)
	UPDATE charla.conversations c SET wake = $2 FROM due WHERE c.account = due.account AND c.id = due.id
	RETURNING c.account, c.id, due.wake`

	claimStale = `WITH stale AS (
		SELECT c.account, c.id FROM charla.stale s JOIN charla.accounts a ON a.id = s.account
		JOIN charla.conversations c ON c.account = a.id AND c.armed < a.version AND c.lease <= $1
		WHERE NOT a.deleted LIMIT $3 FOR UPDATE OF c SKIP LOCKED)
	UPDATE charla.conversations c SET lease = $2 FROM stale WHERE c.account = stale.account AND c.id = stale.id
	RETURNING c.account, c.id, 0::bigint`
)

// claims runs a claim; the earliest first.
func (p conversations) claims(ctx context.Context, query string, now time.Time, lease any, limit int) ([]storage.Claim, error) {
	var found []storage.Claim
	if limit < 1 {
		_, err := p.NextWake(ctx) // the context's and the store's end
		return nil, err
	}
	err := p.s.change(ctx, query, []any{micros(now), lease, limit}, func(scan func(...any) error) error {
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

func (p conversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int) ([]storage.Claim, error) {
	return p.claims(ctx, claimDue, now, orNull(leaseUntil), limit)
}

func (p conversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int) ([]storage.Claim, error) {
	claims, err := p.claims(ctx, claimStale, now, micros(leaseUntil), limit)
	if err != nil {
		return nil, err
	}
	for i := range claims {
		claims[i].Due = time.Time{}
	}
	if len(claims) == 0 && limit > 0 {
		return nil, p.settle(ctx)
	}
	return claims, nil
}

// settle forgets the accounts that have nothing to arm again. It holds their rows
// for itself while it looks, so that no commit is under way; one that comes later
// notes the account again.
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

func (p conversations) NextWake(ctx context.Context) (time.Time, error) {
	return p.s.earliest(ctx, `SELECT c.wake FROM charla.conversations c JOIN charla.accounts a ON a.id = c.account
		WHERE c.wake IS NOT NULL AND NOT a.deleted ORDER BY c.wake LIMIT 1`)
}
