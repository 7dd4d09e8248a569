package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// figure is one number of a report in words, and what it was in the period before.
type figure struct {
	Label, Value, Text string
	// Change says what it was before; Trend is "better", "worse" or empty.
	Change, Trend string
}

// answers are a report's response times, in words; "–" without any.
type answers struct {
	Half, Most, InTimeOf, Rated string
}

// none is what a page shows in place of a figure of nothing.
const none = "–"

// answersOf returns the response times and the rating of a report.
func (v *visit) answersOf(r *tickets.Report) answers {
	a := answers{Half: none, Most: none, InTimeOf: none, Rated: none}
	if r.All.Count > 0 {
		a.Half, a.Most = span(r.All.P50.Std()), span(r.All.P90.Std())
	}
	if r.All.Limited > 0 {
		a.InTimeOf = v.t("%d de %d", r.All.InTime, r.All.Limited)
	}
	if r.Ratings.Given() > 0 {
		a.Rated = v.decimal(r.Ratings.Mean())
	}
	return a
}

// created returns how many tickets a report counts.
func created(r *tickets.Report) int64 { return r.Open + r.Ignored + r.Closed }

// figures returns a period's figures against those of the one before it.
func (v *visit) figures(now, before *tickets.Report, sla time.Duration) []figure {
	tickets := figure{
		Label: v.t("Tickets creados"), Value: itoa(created(now)),
		Text: strings.Join([]string{
			v.n(now.Open, "%d abierto", "%d abiertos"), v.n(now.Closed, "%d cerrado", "%d cerrados"), v.n(now.Ignored, "%d ignorado", "%d ignorados"),
		}, ", "),
	}
	if was := created(before); was > 0 {
		tickets.Change = v.t("Antes: %d", was) + v.more(created(now), was)
	}
	list := []figure{
		tickets,
		v.timeFigure(v.t("Primera respuesta"), &now.First, &before.First),
		v.timeFigure(v.t("Todas las respuestas"), &now.All, &before.All),
	}
	if sla > 0 || now.All.Limited > 0 {
		list = append(list, v.shareFigure(&now.All, &before.All, sla))
	}
	if now.Ratings.Asked > 0 || before.Ratings.Asked > 0 {
		list = append(list, v.ratingFigure(&now.Ratings, &before.Ratings))
	}
	important := figure{Label: v.t("Importantes"), Value: itoa(now.Important), Text: v.t("Con demora ahora: %d", now.Delayed)}
	if created(before) > 0 {
		important.Change = v.t("Antes: %d", before.Important)
	}
	return append(list, important)
}

// more returns by how much a number is larger or smaller than it was; empty: it is the same.
func (v *visit) more(now, was int64) string {
	share := (now - was) * 100 / was
	switch {
	case share > 0:
		return " (+" + v.percent(share) + ")"
	case share < 0:
		return " (−" + v.percent(-share) + ")"
	}
	return ""
}

// timeFigure returns how long customers waited.
func (v *visit) timeFigure(label string, now, before *tickets.Times) figure {
	f := figure{Label: label, Value: none, Text: v.t("Sin respuestas en este período.")}
	if now.Count > 0 {
		f.Value = span(now.P50.Std())
		f.Text = v.t("La mitad se respondió en ese tiempo o menos. Nueve de cada diez, en %s o menos.", span(now.P90.Std()))
	}
	if before.Count > 0 {
		f.Change = v.t("Antes: %s", span(before.P50.Std()))
		if now.Count > 0 {
			f.trend(v, float64(before.P50), float64(now.P50), v.t("más rápido"), v.t("más lento"))
		}
	}
	return f
}

// shareFigure returns which share of the answers was in time.
func (v *visit) shareFigure(now, before *tickets.Times, sla time.Duration) figure {
	f := figure{Label: v.t("Respuestas a tiempo"), Value: none, Text: v.t("Sin respuestas en este período.")}
	if now.Limited > 0 {
		f.Value = v.percent(share(now))
		f.Text = v.t("%d de %d", now.InTime, now.Limited)
	}
	if sla > 0 {
		f.Text += ". " + v.t("El SLA es de %s.", span(sla))
	}
	if before.Limited > 0 {
		f.Change = v.t("Antes: %s", v.percent(share(before)))
		if now.Limited > 0 {
			f.trend(v, float64(share(now)), float64(share(before)), v.t("mejor"), v.t("peor"))
		}
	}
	return f
}

// ratingFigure returns how customers rated (R14.3).
func (v *visit) ratingFigure(now, before *tickets.Ratings) figure {
	f := figure{Label: v.t("Valoración"), Value: none, Text: v.n(now.Asked, "Nadie respondió todavía: una pregunta.", "Nadie respondió todavía: %d preguntas.")}
	if now.Given() > 0 {
		f.Value = v.t("%s de 5", v.decimal(now.Mean()))
		f.Text = v.t("Clientes que respondieron: %d de %d.", now.Given(), now.Asked)
	}
	if before.Given() > 0 {
		f.Change = v.t("Antes: %s", v.decimal(before.Mean()))
		if now.Given() > 0 {
			f.trend(v, now.Mean(), before.Mean(), v.t("mejor"), v.t("peor"))
		}
	}
	return f
}

// trend adds to a figure whether it is better, that is larger in the first number, or worse.
func (f *figure) trend(v *visit, more, less float64, better, worse string) {
	switch {
	case more > less:
		f.Trend, f.Change = "better", f.Change+", "+better
	case more < less:
		f.Trend, f.Change = "worse", f.Change+", "+worse
	default:
		f.Change += ", " + v.t("igual")
	}
}

// share returns the percentage of answers with an SLA that were in time.
func share(t *tickets.Times) int64 { return (t.InTime*200 + t.Limited) / (2 * max(t.Limited, 1)) }

// percent returns a percentage as it is written in the reader's language.
func (v *visit) percent(n int64) string { return v.t("%d %%", n) }

// decimal returns a number with one decimal as it is written in the reader's language.
func (v *visit) decimal(f float64) string {
	text := strconv.FormatFloat(f, 'f', 1, 64)
	if v.prefs.Lang != chatcfg.English { // the others write a comma
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}
