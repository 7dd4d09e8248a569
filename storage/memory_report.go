package storage

import (
	"context"
	"errors"
	"math/bits"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

func (p memoryQueries) Report(ctx context.Context, account chatcfg.AccountID, from, to time.Time) (tickets.Report, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.Report{}, err
	}
	defer done()
	var r tickets.Report
	a := p.m.accounts[account]
	if a == nil {
		return r, nil
	}
	begin, end := position{at: micros(from)}, micros(to)
	for at, t := range a.views[byCreation].from(begin) {
		if at.at >= end {
			break
		}
		countTicket(&r, &t.record)
	}
	var first, all []tickets.Answer
	for at, answer := range a.answers.from(begin) {
		if at.at >= end {
			break
		}
		all = append(all, answer)
		if answer.First {
			first = append(first, answer)
		}
	}
	r.First, r.All = measure(first), measure(all)
	return r, nil
}

func countTicket(r *tickets.Report, t *tickets.Ticket) {
	switch t.Status {
	case tickets.StatusOpen:
		r.Open++
	case tickets.StatusIgnored:
		r.Ignored++
	case tickets.StatusClosed:
		r.Closed++
	}
	if t.Important {
		r.Important++
	}
	if t.Delayed() {
		r.Delayed++
	}
}

// measure computes the figures of some answers.
func measure(answers []tickets.Answer) tickets.Times {
	n := len(answers)
	if n == 0 {
		return tickets.Times{}
	}
	figures := tickets.Times{Count: int64(n)}
	waits := make([]time.Duration, n)
	// Three hundred waits of a year overflow 64 bits.
	var high, low, carry uint64
	for i, a := range answers {
		waits[i] = a.Waited
		low, carry = bits.Add64(low, uint64(a.Waited), 0)
		high += carry
		if a.Limit > 0 {
			figures.Limited++
			if a.Waited <= a.Limit {
				figures.InTime++
			}
		}
	}
	mean, _ := bits.Div64(high, low, uint64(n))
	figures.Mean = time.Duration(mean).Truncate(time.Microsecond)
	slices.Sort(waits)
	rank := func(percent int) time.Duration { return waits[(n*percent+99)/100-1] }
	figures.P50, figures.P90 = rank(50), rank(90)
	return figures
}

func (p memoryQueries) Count(ctx context.Context, account chatcfg.AccountID, by Instant, after, upTo time.Time) (int, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	var v view
	switch by {
	case CountsFrom:
		v = byCount
	case WaitsSince:
		v = byUndelayed
	default:
		return 0, errors.New("storage: no such instant: " + string(by))
	}
	a := p.m.accounts[account]
	if a == nil || !after.Before(upTo) {
		return 0, nil
	}
	x := &a.views[v]
	return x.rank(position{at: micros(upTo) + 1}) - x.rank(position{at: micros(after) + 1}), nil
}
