package storage

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Report implements [Queries]: it returns R2.7's figures over a period. It fails with ctx's error or [ErrClosed].
func (p memoryQueries) Report(ctx context.Context, account chatcfg.AccountID, q ReportQuery) (tickets.Report, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.Report{}, err
	}
	defer done()
	a := p.m.accounts[account]
	if a == nil {
		return tickets.Report{}, nil
	}
	r := NewReporter(q)
	begin, end := position{at: micros(q.From)}, micros(q.To)
	for at, t := range a.views[byCreation].from(begin) {
		if at.at >= end {
			break
		}
		if err := ctx.Err(); err != nil {
			return tickets.Report{}, err
		}
		r.Ticket(&t.record)
	}
	for at, answer := range a.answers.from(begin) {
		if at.at >= end {
			break
		}
		if err := ctx.Err(); err != nil {
			return tickets.Report{}, err
		}
		r.Answer(&answer, func() *tickets.Ticket {
			if t := a.conversations[tickets.ConversationID{UUID: at.conversation}].tickets[answer.Ticket]; t != nil {
				return &t.record
			}
			return &tickets.Ticket{}
		})
	}
	return r.Report(), nil
}

// Count implements [Queries]: it returns how many open tickets have their instant of
// that kind after one time and not after another. It fails for an unknown kind of
// instant, with ctx's error or [ErrClosed].
func (p memoryQueries) Count(ctx context.Context, account chatcfg.AccountID, by Instant, after, upTo time.Time) (int, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	if err := by.Check(); err != nil {
		return 0, err
	}
	v := byCount
	if by == WaitsSince {
		v = byUndelayed
	}
	a := p.m.accounts[account]
	if a == nil || !after.Before(upTo) {
		return 0, nil
	}
	x := &a.views[v]
	return x.rank(position{at: micros(upTo) + 1}) - x.rank(position{at: micros(after) + 1}), nil
}
