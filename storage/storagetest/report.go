package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var reportChecks = []test{
	{"report/boundaries", checkReportBoundaries},
	{"report/figures", checkReportFigures},
	{"report/groups", checkReportGroups},
	{"report/percentiles", checkPercentiles},
	{"count/boundaries", checkCount},
}

// report returns the store's report of a batch's account over a period. A failure stops
// the check.
func (c *check) report(b *storage.Batch, from, to time.Time) tickets.Report {
	r, err := c.Queries().Report(c.ctx, b.Conversation.Account, storage.ReportQuery{From: from, To: to})
	c.must(err, "Report")
	return r
}

// checkReportBoundaries checks that a period includes its beginning and not its end,
// that each figure counts at its own instant, and that an empty or missing account has
// zeros.
func checkReportBoundaries(c *check) {
	a := c.account()
	at := later(100)
	b := c.begin(a, func(b *storage.Batch) {
		b.Tickets[0].CreatedAt = at
		b.Answers = []tickets.Answer{{Ticket: 1, Since: base, At: at, Waited: tickets.Span(3 * time.Second), First: true}}
	})
	one := tickets.Times{Count: 1, Mean: tickets.Span(3 * time.Second), P50: tickets.Span(3 * time.Second), P90: tickets.Span(3 * time.Second)}
	in, out := tickets.Report{Open: 1, First: one, All: one}, tickets.Report{}
	const tick = time.Microsecond
	for _, p := range []struct {
		from, to time.Time
		want     tickets.Report
	}{
		{at, at.Add(tick), in},
		{at.Add(-tick), at.Add(tick), in},
		{at.Add(-tick), at, out},
		{at.Add(tick), at.Add(2 * tick), out},
		{at, at, out},
		{at.Add(tick), at.Add(-tick), out},
		{time.Time{}, base.AddDate(100, 0, 0), in},
		{time.Time{}, time.Time{}, out},
		{at.In(time.FixedZone("", -4*3600)), at.Add(tick).In(time.FixedZone("", 3600)), in},
	} {
		c.same(c.report(b, p.from, p.to), p.want, "Report from %v to %v", p.from, p.to)
	}
	// A ticket counts by its creation, an answer by its own instant.
	next := c.next(b)
	next.Tickets[0].Status = tickets.StatusIgnored
	next.Answers = []tickets.Answer{{Ticket: 1, Since: at, At: later(200), Waited: tickets.Span(time.Minute)}}
	c.commit(next)
	minute := tickets.Times{Count: 1, Mean: tickets.Span(time.Minute), P50: tickets.Span(time.Minute), P90: tickets.Span(time.Minute)}
	c.same(c.report(b, at, at.Add(tick)), tickets.Report{Ignored: 1, First: one, All: one}, "Report of the creation")
	c.same(c.report(b, later(200), later(201)), tickets.Report{All: minute}, "Report of a later answer")
	c.same(c.report(c.first(c.account()), base, later(1000)), tickets.Report{}, "Report of an empty account")
	c.same(c.report(c.first(c.newAccount()), base, later(1000)), tickets.Report{}, "Report of no account")
}

// checkReportFigures compares reports with figures computed from scratch (R2.7).
func checkReportFigures(c *check) {
	seed := uint64(1)
	r := rand.New(rand.NewPCG(seed, seed))
	a, other := c.account(), c.account()
	var all []tickets.Ticket
	var answers []tickets.Answer
	for i := range 60 {
		b := c.first(a)
		b.Answers = nil
		shape(r.IntN(60), b)
		b.Tickets[0].CreatedAt = later(r.IntN(100))
		for range r.IntN(4) {
			b.Answers = append(b.Answers, randomAnswer(r))
		}
		all, answers = append(all, b.Tickets[0]), append(answers, b.Answers...)
		c.commit(b)
		if i%3 == 0 {
			next := c.next(b)
			next.Answers = []tickets.Answer{randomAnswer(r)}
			next.Tickets[0].Important = !next.Tickets[0].Important
			c.commit(next)
			all[len(all)-1] = next.Tickets[0]
			answers = append(answers, next.Answers...)
		}
		c.begin(other, func(b *storage.Batch) { b.Answers = []tickets.Answer{randomAnswer(r)} })
	}
	for range 60 {
		from, to := later(r.IntN(110)-5), later(r.IntN(110)-5)
		got, err := c.Queries().Report(c.ctx, a.ID, storage.ReportQuery{From: from, To: to})
		c.must(err, "Report")
		c.same(got, figures(all, answers, from, to), "Report from %v to %v, seed %d", from, to, seed)
	}
}

// checkReportGroups compares reports by groups with figures computed from scratch for each
// group (R11.8).
func checkReportGroups(c *check) {
	r := rand.New(rand.NewPCG(2, 2))
	a, other := c.account(), c.account()
	var all []tickets.Ticket
	var answers []answerOf
	pick := func(names ...string) string { return names[r.IntN(len(names))] }
	for range 60 {
		b := c.first(a)
		shape(r.IntN(60), b)
		t := &b.Tickets[0]
		// Quarters of an hour, over more than a week.
		t.CreatedAt = base.Add(time.Duration(r.IntN(800)) * 15 * time.Minute)
		t.Assignee.Agent, t.Team, t.Typification = tickets.AgentID(pick("", "ana", "Ana", "beto")), tickets.TeamID(pick("", "ventas", "año")), nil
		if category := pick("", "Venta/Cotización", "otra"); category != "" {
			t.Typification = &tickets.Typification{Category: category}
		}
		b.Answers = nil
		for range r.IntN(4) {
			answer := randomAnswer(r)
			answer.At, answer.Agent = base.Add(time.Duration(r.IntN(800))*15*time.Minute), tickets.AgentID(pick("ana", "beto", "carla"))
			b.Answers = append(b.Answers, answer)
		}
		for _, answer := range b.Answers {
			answers = append(answers, answerOf{answer, len(all)})
		}
		all = append(all, *t)
		c.commit(b)
		c.begin(other, func(b *storage.Batch) {
			b.Tickets[0].Team, b.Answers = "de otra", []tickets.Answer{randomAnswer(r)}
		})
	}
	for _, zone := range []*time.Location{nil, time.FixedZone("half past", 5*3600+1800), time.FixedZone("west", -4*3600)} {
		local := func(at time.Time) time.Time {
			if zone == nil {
				return at.UTC()
			}
			return at.In(zone)
		}
		hour := func(at time.Time) string { return fmt.Sprintf("%02d", local(at).Hour()) }
		weekday := func(at time.Time) string {
			return []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}[local(at).Weekday()]
		}
		ofTicket := map[tickets.Grouping]func(*tickets.Ticket) string{
			tickets.ByAgent: func(t *tickets.Ticket) string { return string(t.Assignee.Agent) },
			tickets.ByTeam:  func(t *tickets.Ticket) string { return string(t.Team) },
			tickets.ByCategory: func(t *tickets.Ticket) string {
				if t.Typification == nil {
					return ""
				}
				return t.Typification.Category
			},
			tickets.ByHour:    func(t *tickets.Ticket) string { return hour(t.CreatedAt) },
			tickets.ByWeekday: func(t *tickets.Ticket) string { return weekday(t.CreatedAt) },
		}
		ofAnswer := map[tickets.Grouping]func(tickets.Answer) string{
			tickets.ByAgent:   func(a tickets.Answer) string { return string(a.Agent) },
			tickets.ByHour:    func(a tickets.Answer) string { return hour(a.At) },
			tickets.ByWeekday: func(a tickets.Answer) string { return weekday(a.At) },
		}
		for by, key := range ofTicket {
			for range 4 {
				from := base.Add(time.Duration(r.IntN(700)-50) * 15 * time.Minute)
				to := from.Add(time.Duration(r.IntN(700)) * 15 * time.Minute)
				var every []tickets.Answer
				for _, one := range answers {
					every = append(every, one.Answer)
				}
				want := figures(all, every, from, to)
				for _, name := range groupKeys {
					var some []tickets.Ticket
					var theirs []tickets.Answer
					for i := range all {
						if key(&all[i]) == name {
							some = append(some, all[i])
						}
					}
					for _, one := range answers {
						if f := ofAnswer[by]; f != nil && f(one.Answer) == name || f == nil && key(&all[one.ticket]) == name {
							theirs = append(theirs, one.Answer)
						}
					}
					if group := figures(some, theirs, from, to); group.Open+group.Ignored+group.Closed+group.All.Count > 0 {
						want.Groups = append(want.Groups, tickets.ReportGroup{Key: name, Report: group})
					}
				}
				got, err := c.Queries().Report(c.ctx, a.ID, storage.ReportQuery{From: from, To: to, By: by, Zone: zone})
				c.must(err, "Report")
				c.same(got, want, "Report by %s from %v to %v in %v", by, from, to, zone)
			}
		}
	}
}

// answerOf is an answer and the index of its ticket.
type answerOf struct {
	tickets.Answer
	ticket int
}

// groupKeys are the keys of all groups of checkReportGroups, in their order.
var groupKeys = func() []string {
	keys := []string{""}
	for h := range 24 {
		keys = append(keys, fmt.Sprintf("%02d", h))
	}
	keys = append(keys, "Ana", "Venta/Cotización", "ana", "año", "beto", "carla", "otra", "ventas")
	return append(keys, "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}()

// randomAnswer returns a random answer of ticket 1.
func randomAnswer(r *rand.Rand) tickets.Answer {
	answer := tickets.Answer{
		Ticket: 1, Since: base, At: later(r.IntN(100)), First: r.IntN(2) == 0,
		Waited: tickets.Span(time.Duration(r.IntN(200)) * 700_001 * time.Microsecond), Agent: "ana",
	}
	if r.IntN(3) > 0 {
		answer.Limit = tickets.Span(time.Minute)
	}
	if r.IntN(10) == 0 {
		answer.Waited = answer.Limit
	}
	return answer
}

// figures returns the report that a store must return, computed from all tickets and
// answers.
func figures(all []tickets.Ticket, answers []tickets.Answer, from, to time.Time) tickets.Report {
	in := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	var r tickets.Report
	for _, t := range all {
		if !in(t.CreatedAt) {
			continue
		}
		*map[tickets.Status]*int64{tickets.StatusOpen: &r.Open, tickets.StatusIgnored: &r.Ignored, tickets.StatusClosed: &r.Closed}[t.Status]++
		if t.Important {
			r.Important++
		}
		if t.Delayed() {
			r.Delayed++
		}
		if t.Asked || t.Rating != nil {
			r.Ratings.Asked++
		}
		if t.Rating != nil {
			r.Ratings.Scores[t.Rating.Score-1]++
		}
	}
	var first, every []tickets.Answer
	for _, answer := range answers {
		if in(answer.At) {
			every = append(every, answer)
			if answer.First {
				first = append(first, answer)
			}
		}
	}
	r.First, r.All = times(first), times(every)
	return r
}

// times returns the figures of some answers, computed from scratch.
func times(answers []tickets.Answer) (t tickets.Times) {
	var sum time.Duration
	var waits []time.Duration
	for _, a := range answers {
		t.Count++
		sum += a.Waited.Std()
		waits = append(waits, a.Waited.Std())
		if a.Limit > 0 {
			t.Limited++
			if a.Waited <= a.Limit {
				t.InTime++
			}
		}
	}
	if t.Count == 0 {
		return t
	}
	t.Mean = tickets.Span((sum / time.Duration(t.Count)).Truncate(time.Microsecond))
	slices.Sort(waits)
	// The nearest rank: the first time that enough of all do not exceed.
	nearest := func(percent int) time.Duration {
		for i, w := range waits {
			if (i+1)*100 >= percent*len(waits) {
				return w
			}
		}
		return 0
	}
	t.P50, t.P90 = tickets.Span(nearest(50)), tickets.Span(nearest(90))
	return t
}

// checkPercentiles checks that a percentile is a time that was measured, by nearest
// rank.
func checkPercentiles(c *check) {
	for _, p := range []struct{ n, p50, p90 int }{{1, 1, 1}, {2, 1, 2}, {3, 2, 3}, {4, 2, 4}, {5, 3, 5}, {10, 5, 9}, {11, 6, 10}, {20, 10, 18}, {101, 51, 91}} {
		a := c.account()
		b := c.first(a)
		for i := range p.n {
			// Out of order: 7 has no factor in common with any of the counts.
			b.Answers = append(b.Answers, tickets.Answer{Ticket: 1, Since: base, At: base, Waited: tickets.Span(time.Duration(1+i*7%p.n) * time.Second)})
		}
		c.commit(b)
		got := c.report(b, base, later(1)).All
		c.same([]time.Duration{got.P50.Std(), got.P90.Std()}, []time.Duration{time.Duration(p.p50) * time.Second, time.Duration(p.p90) * time.Second}, "percentiles of 1s to %ds", p.n)
		c.same(got.Mean.Std(), time.Duration(p.n+1)*time.Second/2, "mean of 1s to %ds", p.n)
	}
	// A thousand waits of a year do not overflow.
	b := c.first(c.account())
	const year = 365 * 24 * time.Hour
	for range 1000 {
		b.Answers = append(b.Answers, tickets.Answer{Ticket: 1, Since: base, At: base, Waited: tickets.Span(year), Limit: tickets.Span(year)})
	}
	c.commit(b)
	want := tickets.Times{Count: 1000, Mean: tickets.Span(year), P50: tickets.Span(year), P90: tickets.Span(year), Limited: 1000, InTime: 1000}
	c.same(c.report(b, base, later(1)).All, want, "a thousand waits of a year")
}

// checkCount checks that Count counts open tickets by an instant, after one bound and
// up to the other.
func checkCount(c *check) {
	a, other := c.account(), c.account()
	var rows []tickets.Ticket
	for i := range 40 {
		b := c.begin(a, func(b *storage.Batch) {
			shape(i, b)
			t := &b.Tickets[0]
			if t.Wait != nil {
				t.Wait.Since = later(i)
			}
			if i%2 == 0 {
				t.CountsFrom = later(i)
			}
		})
		c.begin(other, func(b *storage.Batch) {
			b.Tickets[0].CountsFrom, b.Tickets[0].Wait = later(i), &tickets.Wait{Since: later(i)}
		})
		if i%4 == 1 {
			b = c.next(b)
			b.Tickets[0].Status, b.Tickets[0].Wait = tickets.StatusClosed, nil
			c.commit(b)
		}
		rows = append(rows, b.Tickets[0])
	}
	instants := map[storage.Instant]func(t *tickets.Ticket) time.Time{
		storage.CountsFrom: func(t *tickets.Ticket) time.Time { return t.CountsFrom },
		storage.WaitsSince: func(t *tickets.Ticket) time.Time {
			if t.Wait == nil || t.Delayed() {
				return time.Time{}
			}
			return t.Wait.Since
		},
	}
	bounds := []time.Time{{}, later(-1), base, later(5), later(6), later(6).Add(-time.Microsecond), later(6).Add(time.Microsecond), later(30), later(1000)}
	for by, instant := range instants {
		total := 0
		for _, after := range bounds {
			for _, upTo := range bounds {
				want := 0
				for i := range rows {
					at := instant(&rows[i])
					if rows[i].Status == tickets.StatusOpen && !at.IsZero() && at.After(after) && !at.After(upTo) {
						want++
					}
				}
				got, err := c.Queries().Count(c.ctx, a.ID, by, after, upTo)
				c.must(err, "Count")
				c.same(got, want, "Count by %s, after %v, up to %v", by, after, upTo)
				total += got
			}
		}
		c.that(total > 0, "nothing was counted by %s", by)
	}
	for _, by := range []storage.Instant{"", "createdAt", storage.Instant(fmt.Sprintf("%s' OR 1=1 --", storage.CountsFrom))} {
		_, err := c.Queries().Count(c.ctx, a.ID, by, base, later(100))
		c.that(err != nil, "Count by %q succeeded", by)
	}
	n, err := c.Queries().Count(c.ctx, c.newAccount().ID, storage.CountsFrom, base, later(100))
	c.must(err, "Count")
	c.same(n, 0, "Count in no account")
}
