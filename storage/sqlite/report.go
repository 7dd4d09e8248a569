package sqlite

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

// groupedBy are the columns by which a report is divided, of a ticket t and of an answer
// a to it. Times are divided into quarters of an hour, in which no time zone changes the
// hour.
var groupedBy = map[tickets.Grouping]struct{ ticket, answer string }{
	"":                 {"''", "''"},
	tickets.ByAgent:    {"coalesce(t.assignee, '')", "a.agent"},
	tickets.ByTeam:     {"coalesce(t.team, '')", "coalesce(t.team, '')"},
	tickets.ByCategory: {"coalesce(t.category, '')", "coalesce(t.category, '')"},
	tickets.ByHour:     {"t.created / " + quarter, "a.at / " + quarter},
	tickets.ByWeekday:  {"t.created / " + quarter, "a.at / " + quarter},
}

// quarter is a quarter of an hour in microseconds.
const quarter = "900000000"

// groupKey returns the key of a group as one of the columns of groupedBy has it.
func groupKey(q *storage.ReportQuery, column any) string {
	switch v := column.(type) {
	case int64:
		return q.TimeKey(time.Unix(900*v, 0))
	case string:
		return v
	default:
		return ""
	}
}

// Report implements [storage.Queries]: it returns R2.7's figures over a period, from
// tickets and answers read in one transaction. It fails as readers.do does, or if a query
// does.
func (p queries) Report(ctx context.Context, account chatcfg.AccountID, q storage.ReportQuery) (tickets.Report, error) {
	r, by := storage.NewReporter(q), groupedBy[q.By]
	join := ""
	if by.ticket == by.answer && q.By != "" {
		join = " LEFT JOIN tickets t ON t.account = a.account AND t.conversation = a.conversation AND t.number = a.ticket"
	}
	err := p.s.readers.snapshot(ctx, func(c *conn) error {
		args := []any{account.UUID[:], micros(q.From), micros(q.To)}
		var key any
		var status tickets.Status
		var isAsked, score, n, important, delayed int64
		dest := []any{&key, &status, &isAsked, &score, &n, &important, &delayed}
		err := c.each(ctx, "SELECT "+by.ticket+" AS k, status, rating IS NOT NULL, coalesce(rating, 0), count(*), sum(important), sum(delayed) FROM tickets t"+
			" WHERE account = "+ofAccount+" AND created >= ?2 AND created < ?3 GROUP BY k, status, rating", args,
			func(scan func(...any) error) error {
				if err := scan(dest...); err != nil {
					return err
				}
				some := tickets.Report{Important: important, Delayed: delayed, Ratings: tickets.Ratings{Asked: isAsked * n}}
				switch status {
				case tickets.StatusOpen, columns.StatusBot:
					some.Open = n
				case tickets.StatusIgnored:
					some.Ignored = n
				case tickets.StatusClosed:
					some.Closed = n
				}
				if score >= 1 && score <= int64(len(some.Ratings.Scores)) {
					some.Ratings.Scores[score-1] = n
				}
				r.Tickets(groupKey(&q, key), &some)
				return nil
			})
		if err != nil {
			return err
		}
		var isFirst, waited, limit int64
		dest = []any{&key, &isFirst, &waited, &limit}
		return c.each(ctx, "SELECT "+by.answer+", a.first, a.waited, a.sla FROM answers a"+join+
			" WHERE a.account = "+ofAccount+" AND a.at >= ?2 AND a.at < ?3", args,
			func(scan func(...any) error) error {
				if err := scan(dest...); err != nil {
					return err
				}
				r.Time(groupKey(&q, key), isFirst != 0, tickets.Span(waited), tickets.Span(limit))
				return nil
			})
	})
	if err != nil {
		return tickets.Report{}, err
	}
	return r.Report(), nil
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
