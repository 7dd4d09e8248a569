package sim

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// answer is a finished wait.
type answer struct {
	ticket        *ticket
	agent         tickets.AgentID // who gave it
	at            time.Time
	waited, limit time.Duration
	first         bool
}

// figures computes R2.7's figures of an account over a period, from inclusive, to
// exclusive, and those of its groups (R11.8) in a time zone.
func (a *account) figures(from, to time.Time, by tickets.Grouping, zone *time.Location) tickets.Report {
	var created []*ticket
	var given []answer
	within := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	for _, c := range a.order {
		for _, t := range append(slices.Clone(c.older), c.ticket) {
			if within(t.createdAt) {
				created = append(created, t)
			}
		}
	}
	for _, one := range a.answers {
		if within(one.at) {
			given = append(given, one)
		}
	}
	r := count(created, given)
	if by == "" {
		return r
	}
	kept := func(t *ticket) string { // of what a ticket has now
		switch by {
		case tickets.ByTeam:
			return string(t.team)
		case tickets.ByCategory:
			if t.typification == nil {
				return ""
			}
			return t.typification.Category
		default:
			return string(t.assignee.Agent)
		}
	}
	days := []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	wall := func(at time.Time) string {
		if at = at.In(zone); by == tickets.ByHour {
			return fmt.Sprintf("%02d", at.Hour())
		}
		return days[(int(at.Weekday())+6)%7]
	}
	timed := by == tickets.ByHour || by == tickets.ByWeekday
	groups, answers := map[string][]*ticket{}, map[string][]answer{}
	var keys []string
	for _, t := range created {
		key := ""
		if key = kept(t); timed {
			key = wall(t.createdAt)
		}
		groups[key], keys = append(groups[key], t), append(keys, key)
	}
	for _, one := range given {
		key := ""
		switch {
		case timed:
			key = wall(one.at)
		case by == tickets.ByAgent:
			key = string(one.agent)
		default:
			key = kept(one.ticket)
		}
		answers[key], keys = append(answers[key], one), append(keys, key)
	}
	slices.SortFunc(keys, func(x, y string) int {
		return cmp.Or(slices.Index(days, x)-slices.Index(days, y), strings.Compare(x, y))
	})
	for _, key := range slices.Compact(keys) {
		r.Groups = append(r.Groups, tickets.ReportGroup{Key: key, Report: count(groups[key], answers[key])})
	}
	return r
}

// count computes R2.7's figures of some tickets and answers.
func count(created []*ticket, given []answer) (r tickets.Report) {
	for _, t := range created {
		*map[tickets.Status]*int64{tickets.StatusOpen: &r.Open, tickets.StatusIgnored: &r.Ignored, tickets.StatusClosed: &r.Closed}[t.status]++
		if t.important {
			r.Important++
		}
		if t.wait != nil && !t.wait.delayed.IsZero() {
			r.Delayed++
		}
	}
	r.Ratings = ratings(created)
	var first []answer
	for _, one := range given {
		if one.first {
			first = append(first, one)
		}
	}
	r.First, r.All = times(first), times(given)
	return r
}

// groupings are what a report may be divided by.
var groupings = []tickets.Grouping{"", tickets.ByAgent, tickets.ByTeam, tickets.ByCategory, tickets.ByHour, tickets.ByWeekday}

// zone returns the time zone of a configuration.
func (c *config) zone() *time.Location {
	if c.hours == nil {
		return time.UTC
	}
	return c.hours.loc
}

// times computes the figures of some answers. A percentile is the smallest time that at
// least that share of all do not exceed.
func times(all []answer) (f tickets.Times) {
	if len(all) == 0 {
		return f
	}
	sum := new(big.Int)
	var waited []time.Duration
	for _, one := range all {
		sum.Add(sum, big.NewInt(int64(one.waited)))
		waited = append(waited, one.waited)
		if one.limit > 0 {
			f.Limited++
			if one.waited <= one.limit {
				f.InTime++
			}
		}
	}
	slices.Sort(waited)
	share := func(percent int) time.Duration {
		for i, d := range waited {
			if (i+1)*100 >= percent*len(waited) {
				return d
			}
		}
		return 0
	}
	f.Count, f.P50, f.P90 = int64(len(all)), tickets.Span(share(50)), tickets.Span(share(90))
	mean := new(big.Int).Div(sum, big.NewInt(int64(len(all)))).Int64()
	f.Mean = tickets.Span(time.Duration(mean).Truncate(time.Microsecond))
	return f
}

// storedTime returns an instant as stores keep and compare it.
func storedTime(t time.Time) time.Time { return t.Truncate(time.Microsecond) }

// border returns an instant at which something happened in an account, or one beside
// it.
func (w *World) border(a *account) time.Time {
	at := w.now
	if c := a.order[w.rnd.IntN(len(a.order))]; w.rnd.IntN(2) == 0 {
		at = c.entries[w.rnd.IntN(len(c.entries))].At
	} else if n := len(a.answers); n > 0 {
		at = a.answers[w.rnd.IntN(n)].at
	}
	return storedTime(at).Add(time.Duration(w.rnd.IntN(3)-1) * time.Microsecond)
}

// report reads an account's report over some period and checks it.
func (w *World) report(d *desk, a *account) {
	from, to := w.border(a), w.border(a)
	if to.Before(from) {
		from, to = to, from
	}
	if to.Equal(from) { // refused
		to = from.Add(time.Microsecond)
	}
	var want, got tickets.Report
	by, zone := groupings[w.rnd.IntN(len(groupings))], a.current().zone()
	w.start(&task{desk: d, name: "report", saw: func(name string) {
		switch {
		case a.purged:
		case name == "account":
			zone = a.current().zone()
		case name == "report":
			want = a.figures(from, to, by, zone)
		}
	}, after: func(t *task) {
		if t.returned && t.err == nil && !reflect.DeepEqual(got, want) && !a.purged {
			w.failf("report", "from %s to %s by %q the report of %s says %+v, want %+v", stamp(from), stamp(to), by, a.name, got, want)
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		got, err = d.charla.Account(a.id).Inbox().Report(ctx, charla.ReportQuery{From: from, To: to, By: by})
		return res, err
	})
}

// reports checks every account's figures at the end, over all and over a part.
func (w *World) reports(ctx context.Context) {
	for _, a := range w.model.order {
		if w.failure != nil {
			return
		}
		if a.purged {
			continue
		}
		periods := [][2]time.Time{{time.Unix(0, 0), w.now.AddDate(1, 0, 0)}}
		if len(a.order) > 0 {
			periods = append(periods, [2]time.Time{w.border(a), storedTime(w.now)}, [2]time.Time{time.Unix(0, 0), w.border(a)})
		}
		for _, p := range periods {
			by, zone := groupings[w.rnd.IntN(len(groupings))], a.current().zone()
			got, err := w.real.Queries().Report(ctx, a.id, storage.ReportQuery{From: p[0], To: p[1], By: by, Zone: zone})
			if want := a.figures(p[0], p[1], by, zone); err != nil || !reflect.DeepEqual(got, want) {
				w.failf("report", "from %s to %s by %q the report of %s says %+v (%v), want %+v", stamp(p[0]), stamp(p[1]), by, a.name, got, err, want)
			}
		}
	}
}
