package console

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// reportPage are the figures of R2.7, beside those of the period before it.
type reportPage struct {
	period
	Quick   []quickView
	Problem string
	// Range and Before are the period and the one before it, in words.
	Range, Before string
	Figures       []figure
	Charts        []chart
	Parts         []part
	// Groups are the figures by what the reader chose (R11.8), one of By.
	Groups []groupRow
	By     []quickView
	// CSV and PartsCSV are the addresses of the figures by groups and by days, as files.
	CSV, PartsCSV string
}

// quickView is a choice that is a link.
type quickView struct {
	Label  string
	Active bool
	URL    string
}

// period is what a report is about: whole days in the account's time zone.
type period struct {
	From, To string
	Days     int
	// from is inclusive, end exclusive; today is the day that it is now.
	from, end, today time.Time
}

// part are the figures of some days of a period.
type part struct {
	From, To time.Time
	Label    string
	tickets.Report
	answers
}

// maxReportDays is the longest period, maxParts how many parts it is shown in.
const (
	maxReportDays = 366
	maxParts      = 31
)

// groupings are what a report can be divided by, and what that is called.
var groupings = []struct {
	by    tickets.Grouping
	label string
}{
	{tickets.ByAgent, "Ejecutivo"}, {tickets.ByTeam, "Equipo"}, {tickets.ByCategory, "Categoría"}, {tickets.ByHour, "Hora"}, {tickets.ByWeekday, "Día de la semana"},
}

// period returns the period that the address names, the last two weeks by default, and what
// is wrong with one that is none.
func (v *visit) period(zone *time.Location) (p period, problem string) {
	p.today = midnight(v.now().In(zone))
	first, last := p.today.AddDate(0, 0, -13), p.today
	form := v.r.URL.Query()
	if text := form.Get("from"); text != "" {
		from, err := time.ParseInLocation(time.DateOnly, text, zone)
		to, err2 := time.ParseInLocation(time.DateOnly, form.Get("to"), zone)
		switch {
		case err != nil || err2 != nil || to.Before(from):
			problem = v.t("Elige dos días, el primero antes que el último.")
		case to.AddDate(0, 0, 1-maxReportDays).After(from):
			problem = v.t("El período tiene más de %d días.", maxReportDays)
		default:
			first, last = from, to
		}
	}
	p.From, p.To = first.Format(time.DateOnly), last.Format(time.DateOnly)
	p.from, p.end = first, last.AddDate(0, 0, 1)
	for d := p.from; d.Before(p.end); d = d.AddDate(0, 0, 1) {
		p.Days++
	}
	return p, problem
}

// grouping returns what the address wants a report divided by: one of groupings, else none.
func (v *visit) grouping() tickets.Grouping {
	by := tickets.Grouping(v.r.URL.Query().Get("by"))
	for _, one := range groupings {
		if one.by == by {
			return by
		}
	}
	return ""
}

// report shows the figures of a period against those of the one before it.
func (v *visit) report() error {
	zone, err := v.zone()
	if err != nil {
		return err
	}
	cfg, _, err := v.account.Config(v.r.Context())
	if err != nil {
		return err
	}
	var p reportPage
	p.period, p.Problem = v.period(zone)
	shown := page{Title: v.t("Informes"), Nav: "report", Zone: zone, Prefs: v.prefs, Now: v.now()}
	by := v.grouping()
	if by == "" {
		by = tickets.ByAgent
	}
	before := p.from.AddDate(0, 0, -p.Days)
	p.Range, p.Before = shown.days(p.from, p.end), shown.days(before, p.from)
	v.reportLinks(&p, by)
	total, err := v.account.Inbox().Report(v.r.Context(), charla.ReportQuery{From: p.from, To: p.end, By: by})
	if err != nil {
		return err
	}
	last, err := v.account.Inbox().Report(v.r.Context(), charla.ReportQuery{From: before, To: p.from})
	if err != nil {
		return err
	}
	if p.Groups, err = v.groupRows(total.Groups, by); err != nil {
		return err
	}
	if p.Parts, err = v.parts(shown, &p.period); err != nil {
		return err
	}
	var sla time.Duration
	if cfg.Quality.SLA != nil {
		sla = cfg.Quality.SLA.Std()
	}
	p.Figures = v.figures(&total, &last, sla)
	p.Charts = v.charts(p.Parts, sla)
	shown.Data = p
	return v.render("report", shown)
}

// reportLinks adds to a page the links to other periods, other groups and the files.
func (v *visit) reportLinks(p *reportPage, by tickets.Grouping) {
	link := func(name, from, to string, by tickets.Grouping) string {
		query := url.Values{"from": {from}, "to": {to}}
		if by != "" {
			query.Set("by", string(by))
		}
		return v.link(accountPath(v.account.ID(), name)) + "?" + query.Encode()
	}
	for _, n := range []int{7, 14, 30, 90} {
		first, today := p.today.AddDate(0, 0, 1-n).Format(time.DateOnly), p.today.Format(time.DateOnly)
		p.Quick = append(p.Quick, quickView{v.t("%d días", n), p.From == first && p.To == today, link("report", first, today, by)})
	}
	for _, one := range groupings {
		p.By = append(p.By, quickView{v.t(one.label), one.by == by, link("report", p.From, p.To, one.by) + "#groups"})
	}
	p.CSV, p.PartsCSV = link("report.csv", p.From, p.To, by), link("report.csv", p.From, p.To, "")
}

// reportFile sends the figures of a period as CSV: by what the address names, else by days.
func (v *visit) reportFile() error {
	zone, err := v.zone()
	if err != nil {
		return err
	}
	p, problem := v.period(zone)
	if problem != "" {
		return statusError(http.StatusUnprocessableEntity)
	}
	by := v.grouping()
	report, err := v.account.Inbox().Report(v.r.Context(), charla.ReportQuery{From: p.from, To: p.end, By: by})
	if err != nil {
		return err
	}
	if by == "" {
		report.Groups = []tickets.ReportGroup{}
		parts, err := v.parts(page{Zone: zone, Prefs: v.prefs, Now: v.now()}, &p)
		if err != nil {
			return err
		}
		for _, one := range parts {
			key := one.From.Format(time.DateOnly)
			if last := one.To.AddDate(0, 0, -1).Format(time.DateOnly); last != key {
				key += "/" + last
			}
			report.Groups = append(report.Groups, tickets.ReportGroup{Key: key, Report: one.Report})
		}
	} else {
		rows, err := v.groupRows(report.Groups, by)
		if err != nil {
			return err
		}
		for i := range rows {
			report.Groups[i].Key = rows[i].Label
		}
	}
	body := bytes.NewBufferString("\ufeff") // else some spreadsheets take it for another character set
	if err := report.WriteCSV(body, v.fileHeads(by)); err != nil {
		return err
	}
	name := "charla-" + p.From + "-" + p.To
	if by != "" {
		name += "-" + string(by)
	}
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + ".csv"}))
	_, _ = v.w.Write(body.Bytes())
	return nil
}

// fileHeads returns what the columns of a report's file are called in the reader's language, in
// the order of [tickets.Report.WriteCSV].
func (v *visit) fileHeads(by tickets.Grouping) []string {
	first := v.t("Período")
	for _, one := range groupings {
		if one.by == by {
			first = v.t(one.label)
		}
	}
	heads := []string{first, v.t("Abiertos"), v.t("Ignorados"), v.t("Cerrados"), v.t("Importantes"), v.t("Con demora"), v.t("Valoraciones pedidas")}
	for score := 1; score <= 5; score++ {
		heads = append(heads, v.t("Valoraciones de %d", score))
	}
	for _, what := range []string{v.t("Primera respuesta"), v.t("Todas las respuestas")} {
		heads = append(
			heads, v.t("%s: cantidad", what), v.t("%s: media (s)", what), v.t("%s: la mitad en (s)", what),
			v.t("%s: nueve de cada diez en (s)", what), v.t("%s: con SLA", what), v.t("%s: a tiempo", what),
		)
	}
	return heads
}

// parts returns the figures of a period in at most maxParts parts of as many days.
func (v *visit) parts(shown page, p *period) ([]part, error) {
	step := (p.Days + maxParts - 1) / maxParts
	var list []part
	for first := p.from; first.Before(p.end); {
		next := first.AddDate(0, 0, step)
		if next.After(p.end) {
			next = p.end
		}
		r, err := v.account.Inbox().Report(v.r.Context(), charla.ReportQuery{From: first, To: next})
		if err != nil {
			return nil, err
		}
		list = append(list, part{From: first, To: next, Label: shown.days(first, next), Report: r, answers: v.answersOf(&r)})
		first = next
	}
	return list, nil
}

// groupRow are the figures of a group, by what it is called.
type groupRow struct {
	Label string
	// Width is how many tickets it has, of 100 for the group with the most.
	Width int64
	tickets.Report
	answers
}

// Created returns how many tickets the group has.
func (g groupRow) Created() int64 { return created(&g.Report) }

// groupRows returns a report's groups as the page has them.
func (v *visit) groupRows(groups []tickets.ReportGroup, by tickets.Grouping) ([]groupRow, error) {
	people, err := v.colleagues()
	if err != nil {
		return nil, err
	}
	var rows []groupRow
	most := int64(1)
	for _, g := range groups {
		rows = append(rows, groupRow{Label: v.groupLabel(g.Key, by, people), Report: g.Report, answers: v.answersOf(&g.Report)})
		most = max(most, created(&g.Report))
	}
	for i := range rows {
		rows[i].Width = created(&rows[i].Report) * 100 / most
	}
	return rows, nil
}

// groupLabel returns what a group is called.
func (v *visit) groupLabel(key string, by tickets.Grouping, people []Person) string {
	switch {
	case by == tickets.ByHour:
		return key + ":00"
	case by == tickets.ByWeekday:
		for _, day := range v.settings["hours.weekly"].Columns[0].Choices {
			if day.Value == key {
				return day.Label.In(v.prefs.Lang, v.prefs.Lang)
			}
		}
	case key == "" && by == tickets.ByAgent:
		return v.t("Nadie")
	case key == "" && by == tickets.ByTeam:
		return v.t("Sin equipo")
	case key == "":
		return v.t("Sin categoría")
	case by == tickets.ByAgent:
		if i := slices.IndexFunc(people, func(p Person) bool { return string(p.ID) == key }); i >= 0 {
			return people[i].called()
		}
	}
	return key
}

// midnight returns the beginning of an instant's day.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// itoa returns a number as text.
func itoa[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }
