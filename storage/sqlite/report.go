package sqlite

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

// Report implements [storage.Queries]: it returns R2.7's figures from an instant on, up
// to another, exclusive, from tickets and answers read in one transaction. It fails as
// readers.do does, or if a query does.
func (p queries) Report(ctx context.Context, account chatcfg.AccountID, from, to time.Time) (tickets.Report, error) {
	var r tickets.Report
	var times storage.Reporter
	err := p.s.readers.snapshot(ctx, func(c *conn) error {
		args := []any{account.UUID[:], micros(from), micros(to)}
		err := c.each(ctx, `SELECT status, rating IS NOT NULL, coalesce(rating, 0), count(*), sum(important), sum(delayed) FROM tickets
			WHERE account = `+ofAccount+` AND created >= ?2 AND created < ?3 GROUP BY status, rating`, args,
			func(scan func(...any) error) error {
				var status tickets.Status
				var asked, score, n, important, delayed int64
				err := scan(&status, &asked, &score, &n, &important, &delayed)
				switch status {
				case tickets.StatusOpen, columns.StatusBot:
					r.Open += n
				case tickets.StatusIgnored:
					r.Ignored += n
				case tickets.StatusClosed:
					r.Closed += n
				}
				r.Important += important
				r.Delayed += delayed
				r.Ratings.Asked += asked * n
				if score >= 1 && score <= int64(len(r.Ratings.Scores)) {
					r.Ratings.Scores[score-1] += n
				}
				return err
			})
		if err != nil {
			return err
		}
		var isFirst, waited, limit int64
		columns := []any{&isFirst, &waited, &limit}
		return c.each(ctx, "SELECT first, waited, sla FROM answers WHERE account = "+ofAccount+" AND at >= ?2 AND at < ?3", args,
			func(scan func(...any) error) error {
				if err := scan(columns...); err != nil {
					return err
				}
				times.Answer(isFirst != 0, tickets.Span(waited), tickets.Span(limit))
				return nil
			})
	})
	if err != nil {
		return tickets.Report{}, err
	}
	figures := times.Report()
	r.First, r.All = figures.First, figures.All
	return r, nil
}

// Count implements [storage.Queries]: it returns how many open tickets have their
// instant of that kind after one time and not after another. It fails for an unknown
// kind of instant, or if ctx ends, the store is closed or busy, or its database fails.
func (p queries) Count(ctx context.Context, account chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (n int, err error) {
	if err := by.Check(); err != nil {
		return 0, err
	}
	query := "SELECT count(*) FROM tickets WHERE account = " + ofAccount
	if by == storage.CountsFrom {
		query += " AND counts > ?2 AND counts <= ?3"
	} else {
		query += " AND waits > ?2 AND waits <= ?3 AND delayed = 0"
	}
	err = p.s.readers.do(ctx, func(c *conn) error {
		return c.each(ctx, query, []any{account.UUID[:], micros(after), micros(upTo)}, func(scan func(...any) error) error {
			return scan(&n)
		})
	})
	return n, err
}
