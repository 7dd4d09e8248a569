package console

import (
	"github.com/charlahq/charla"
	"strconv"
	"time"

	"github.com/charlahq/charla/tickets"
)

// reportPage are the figures of R2.7.
type reportPage struct {
	From, To string
	Days     int
	Quick    []quickView
	Problem  string
	Total    tickets.Report
	SLA      tickets.Span
	Created  int64
	Share    string
	Charts   []chart
	Buckets  []bucket
}

type quickView struct {
	Days   int
	Label  string
	Active bool
	URL    string
}

// bucket are the figures of some days.
type bucket struct {
	From, To time.Time
	Label    string
	tickets.Report
}

// maxReportDays is the longest period, maxBuckets how many columns a chart has.
const (
	maxReportDays = 366
	maxBuckets    = 31
)

// report shows the figures of a period, the last two weeks by default.
func (v *visit) report() error {
	zone, err := v.zone()
	if err != nil {
		return err
	}
	cfg, _, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	p := reportPage{}
	if cfg.Quality.SLA != nil {
		p.SLA = tickets.Span(cfg.Quality.SLA.Std())
	}
	form := v.r.URL.Query()
	today := midnight(v.now().In(zone))
	from, to := today.AddDate(0, 0, -13), today
	if text := form.Get("from"); text != "" {
		first, err := time.ParseInLocation(time.DateOnly, text, zone)
		last, err2 := time.ParseInLocation(time.DateOnly, form.Get("to"), zone)
		switch days := int(last.Sub(first).Hours()/24) + 1; {
		case err != nil || err2 != nil || days < 1:
			p.Problem = v.t("Elige dos días, el primero antes que el último.")
		case days > maxReportDays:
			p.Problem = v.t("El período tiene más de %d días.", maxReportDays)
		default:
			from, to = first, last
		}
	}
	p.From, p.To = from.Format(time.DateOnly), to.Format(time.DateOnly)
	end := to.AddDate(0, 0, 1)
	for d := from; d.Before(end); d = d.AddDate(0, 0, 1) {
		p.Days++
	}
	for _, n := range []int{7, 14, 30, 90} {
		first := today.AddDate(0, 0, 1-n)
		p.Quick = append(p.Quick, quickView{
			Days: n, Label: v.t("%d días", n), Active: p.Days == n && to.Equal(today),
			URL: v.link(accountPath(v.account.ID(), "report")) + "?from=" + first.Format(time.DateOnly) + "&to=" + today.Format(time.DateOnly),
		})
	}
	if p.Total, err = v.account.Inbox().Report(v.r.Context(), charla.ReportQuery{From: from, To: end}); err != nil {
		return err
	}
	p.Created = p.Total.Open + p.Total.Ignored + p.Total.Closed
	p.Share = share(p.Total.All)
	shown := page{Title: v.t("Informes"), Nav: "report", Zone: zone, Prefs: v.prefs, Now: v.now()}
	if p.Buckets, err = v.buckets(shown, from, end, p.Days); err != nil {
		return err
	}
	p.Charts = v.charts(p.Buckets, p.SLA.Std())
	shown.Data = p
	return v.render("report", shown)
}

// buckets returns the period's figures in at most maxBuckets parts.
func (v *visit) buckets(shown page, from, end time.Time, days int) ([]bucket, error) {
	step := (days + maxBuckets - 1) / maxBuckets
	var list []bucket
	for first := from; first.Before(end); {
		next := first.AddDate(0, 0, step)
		if next.After(end) {
			next = end
		}
		r, err := v.account.Inbox().Report(v.r.Context(), charla.ReportQuery{From: first, To: next})
		if err != nil {
			return nil, err
		}
		list = append(list, bucket{From: first, To: next, Label: shown.day(first), Report: r})
		first = next
	}
	return list, nil
}

// midnight returns the beginning of an instant's day.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// share returns the percentage of answers with an SLA that were in time; "–" without
// any.
func share(t tickets.Times) string {
	if t.Limited == 0 {
		return "–"
	}
	return strconv.FormatInt((t.InTime*200+t.Limited)/(2*t.Limited), 10) + " %"
}

// itoa returns a number as text.
func itoa(n int) string { return strconv.Itoa(n) }
