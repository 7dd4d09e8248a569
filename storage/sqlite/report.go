package sqlite

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Report reads two ranges of two indexes, from one moment.
func (p queries) Report(ctx context.Context, account chatcfg.AccountID, from, to time.Time) (tickets.Report, error) {
	var r tickets.Report
	var first, all sample
	err := p.s.readers.snapshot(ctx, func(c *conn) error {
		args := []any{account.UUID[:], micros(from), micros(to)}
		err := c.each(ctx, `SELECT status, count(*), sum(important), sum(delayed) FROM tickets
			WHERE account = `+ofAccount+` AND created >= ?2 AND created < ?3 GROUP BY status`, args,
			func(scan func(...any) error) error {
				var status tickets.Status
				var n, important, delayed int64
				err := scan(&status, &n, &important, &delayed)
				switch status {
				case tickets.StatusOpen:
					r.Open = n
				case tickets.StatusIgnored:
					r.Ignored = n
				case tickets.StatusClosed:
					r.Closed = n
				}
				r.Important += important
				r.Delayed += delayed
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
				all.add(waited, limit)
				if isFirst != 0 {
					first.add(waited, limit)
				}
				return nil
			})
	})
	if err != nil {
		return tickets.Report{}, err
	}
	r.First, r.All = first.times(), all.times()
	return r, nil
}

// sample gathers response times. Its sum has 128 bits: three hundred waits of a
// year overflow 64.
type sample struct {
	waits           []int64
	high, low       uint64
	limited, inTime int64
}

func (s *sample) add(waited, limit int64) {
	s.waits = append(s.waits, waited)
	var carry uint64
	s.low, carry = bits.Add64(s.low, uint64(max(waited, 0)), 0)
	s.high += carry
	if limit > 0 {
		s.limited++
		if waited <= limit {
			s.inTime++
		}
	}
}

func (s *sample) times() tickets.Times {
	n := len(s.waits)
	if n == 0 {
		return tickets.Times{}
	}
	slices.Sort(s.waits)
	mean, _ := bits.Div64(s.high, s.low, uint64(n))
	rank := func(percent int) time.Duration { return time.Duration(s.waits[(n*percent+99)/100-1]) }
	return tickets.Times{
		Count:   int64(n),
		Mean:    time.Duration(mean).Truncate(time.Microsecond),
		P50:     rank(50),
		P90:     rank(90),
		Limited: s.limited,
		InTime:  s.inTime,
	}
}

func (p queries) Count(ctx context.Context, account chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (n int, err error) {
	query := "SELECT count(*) FROM tickets WHERE account = " + ofAccount
	switch by {
	case storage.CountsFrom:
		query += " AND counts > ?2 AND counts <= ?3"
	case storage.WaitsSince:
		query += " AND waits > ?2 AND waits <= ?3 AND delayed = 0"
	default:
		return 0, errors.New("sqlite: no such instant: " + string(by))
	}
	err = p.s.readers.do(ctx, func(c *conn) error {
		return c.each(ctx, query, []any{account.UUID[:], micros(after), micros(upTo)}, func(scan func(...any) error) error {
			return scan(&n)
		})
	})
	return n, err
}
