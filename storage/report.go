package storage

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla/tickets"
)

// ReportQuery says which report to compute: over a period from From, inclusive, to To,
// exclusive.
type ReportQuery struct {
	From, To time.Time
	// By divides the report into groups; empty: it has none.
	By tickets.Grouping
	// Zone is the time zone of hours and weekdays; nil: UTC.
	Zone *time.Location
}

// TimeKey returns the group of what happened at an instant: the hour or the weekday.
func (q *ReportQuery) TimeKey(at time.Time) string {
	zone := cmp.Or(q.Zone, time.UTC)
	if q.By == tickets.ByHour {
		return at.In(zone).Format("15")
	}
	return strings.ToLower(at.In(zone).Weekday().String())
}

// compare orders the keys of groups: weekdays from Monday on, others as texts.
func (q *ReportQuery) compare(a, b string) int {
	if q.By == tickets.ByWeekday {
		return cmp.Compare(fromMonday(a), fromMonday(b))
	}
	return strings.Compare(a, b)
}

// fromMonday returns how many days after Monday a weekday's key is.
func fromMonday(key string) int {
	for day := time.Monday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String(), key) {
			return int(day - time.Monday)
		}
	}
	return 6
}

// Reporter computes a report ([Queries].Report) from the tickets created and the answers
// given in its period.
type Reporter struct {
	q      ReportQuery
	total  figures
	groups map[string]*figures
}

// figures are what a Reporter has counted, of all or of a group.
type figures struct {
	report     tickets.Report
	first, all times
}

// NewReporter returns a Reporter that has counted nothing.
func NewReporter(q ReportQuery) *Reporter { return &Reporter{q: q, groups: map[string]*figures{}} }

// each calls count with the figures of all and, in a report that has groups, with those of
// one.
func (r *Reporter) each(key string, count func(*figures)) {
	count(&r.total)
	if r.q.By == "" {
		return
	}
	if r.groups[key] == nil {
		r.groups[key] = &figures{}
	}
	count(r.groups[key])
}

// ticketKey returns the group of a ticket.
func (r *Reporter) ticketKey(t *tickets.Ticket) string {
	switch {
	case r.q.By == tickets.ByAgent:
		return string(t.Assignee.Agent)
	case r.q.By == tickets.ByTeam:
		return string(t.Team)
	case r.q.By == tickets.ByCategory && t.Typification != nil:
		return t.Typification.Category
	case r.q.By == tickets.ByHour, r.q.By == tickets.ByWeekday:
		return r.q.TimeKey(t.CreatedAt)
	default:
		return ""
	}
}

// Ticket counts a ticket by its status, whether it is important or delayed, and how it was
// rated.
func (r *Reporter) Ticket(t *tickets.Ticket) {
	var one tickets.Report
	switch t.Status {
	case tickets.StatusOpen:
		one.Open++
	case tickets.StatusIgnored:
		one.Ignored++
	case tickets.StatusClosed:
		one.Closed++
	}
	if t.Important {
		one.Important++
	}
	if t.Delayed() {
		one.Delayed++
	}
	if t.Asked || t.Rating != nil {
		one.Ratings.Asked++
	}
	if t.Rating != nil && t.Rating.Score >= 1 && t.Rating.Score <= len(one.Ratings.Scores) {
		one.Ratings.Scores[t.Rating.Score-1]++
	}
	r.Tickets(r.ticketKey(t), &one)
}

// Tickets adds what was counted of some tickets of a group.
func (r *Reporter) Tickets(key string, some *tickets.Report) {
	r.each(key, func(f *figures) {
		f.report.Open += some.Open
		f.report.Ignored += some.Ignored
		f.report.Closed += some.Closed
		f.report.Important += some.Important
		f.report.Delayed += some.Delayed
		f.report.Ratings.Asked += some.Ratings.Asked
		for i, n := range some.Ratings.Scores {
			f.report.Ratings.Scores[i] += n
		}
	})
}

// Answer counts an answer to a ticket. ticket is called only if the group depends on it.
func (r *Reporter) Answer(a *tickets.Answer, ticket func() *tickets.Ticket) {
	key := ""
	switch r.q.By {
	case tickets.ByAgent:
		key = string(a.Agent)
	case tickets.ByTeam, tickets.ByCategory:
		key = r.ticketKey(ticket())
	case tickets.ByHour, tickets.ByWeekday:
		key = r.q.TimeKey(a.At)
	default:
	}
	r.Time(key, a.First, a.Waited, a.Limit)
}

// Time counts an answer of a group: whether it was the first to its ticket, how long the
// customer waited, and the time limit for it (zero: none).
func (r *Reporter) Time(key string, first bool, waited, limit tickets.Span) {
	r.each(key, func(f *figures) {
		f.all.add(waited, limit)
		if first {
			f.first.add(waited, limit)
		}
	})
}

// Report returns the figures of all that was counted so far.
func (r *Reporter) Report() tickets.Report {
	report := r.total.figures()
	for _, key := range slices.SortedFunc(maps.Keys(r.groups), r.q.compare) {
		report.Groups = append(report.Groups, tickets.ReportGroup{Key: key, Report: r.groups[key].figures()})
	}
	return report
}

// figures returns the figures as a report has them.
func (f *figures) figures() tickets.Report {
	report := f.report
	report.First, report.All = f.first.figures(), f.all.figures()
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
