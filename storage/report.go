package storage

import (
	"math/bits"
	"slices"
	"time"

	"github.com/charlahq/charla/tickets"
)

// Reporter computes the figures of a report ([Queries].Report) from the tickets created
// and the answers given in its period. The zero value has none.
type Reporter struct {
	report     tickets.Report
	first, all times
}

// Ticket counts a ticket by its status, whether it is important or delayed, and how it was
// rated.
func (r *Reporter) Ticket(t *tickets.Ticket) {
	switch t.Status {
	case tickets.StatusOpen:
		r.report.Open++
	case tickets.StatusIgnored:
		r.report.Ignored++
	case tickets.StatusClosed:
		r.report.Closed++
	}
	if t.Important {
		r.report.Important++
	}
	if t.Delayed() {
		r.report.Delayed++
	}
	r.rating(t)
}

// rating counts how a ticket was rated.
func (r *Reporter) rating(t *tickets.Ticket) {
	if t.Asked || t.Rating != nil {
		r.report.Ratings.Asked++
	}
	if t.Rating != nil && t.Rating.Score >= 1 && t.Rating.Score <= len(r.report.Ratings.Scores) {
		r.report.Ratings.Scores[t.Rating.Score-1]++
	}
}

// Answer counts an answer: whether it was the first to its ticket, how long the customer
// waited, and the time limit for it (zero: none).
func (r *Reporter) Answer(first bool, waited, limit tickets.Span) {
	r.all.add(waited, limit)
	if first {
		r.first.add(waited, limit)
	}
}

// Report returns the figures of all that was counted so far.
func (r *Reporter) Report() tickets.Report {
	report := r.report
	report.First, report.All = r.first.figures(), r.all.figures()
	return report
}

// times gathers response times. Their sum has 128 bits: three hundred waits of a year
// overflow 64.
type times struct {
	waits           []tickets.Span
	high, low       uint64
	limited, inTime int64
}

// add counts a response time; limit zero: it had no limit.
func (t *times) add(waited, limit tickets.Span) {
	t.waits = append(t.waits, waited)
	var carry uint64
	t.low, carry = bits.Add64(t.low, uint64(max(waited, 0)), 0)
	t.high += carry
	if limit > 0 {
		t.limited++
		if waited <= limit {
			t.inTime++
		}
	}
}

// figures returns how many times there are, their mean and percentiles, and how many
// had a limit and kept it; zero if there are no times. It sorts the times.
func (t *times) figures() tickets.Times {
	n := len(t.waits)
	if n == 0 {
		return tickets.Times{}
	}
	slices.Sort(t.waits)
	mean, _ := bits.Div64(t.high, t.low, uint64(n))
	rank := func(percent int) tickets.Span { return t.waits[(n*percent+99)/100-1] }
	return tickets.Times{
		Count:   int64(n),
		Mean:    tickets.Span(time.Duration(mean).Truncate(time.Microsecond)),
		P50:     rank(50),
		P90:     rank(90),
		Limited: t.limited,
		InTime:  t.inTime,
	}
}
