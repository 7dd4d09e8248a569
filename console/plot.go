package console

import (
	"fmt"
	"math"
	"time"
)

// chart is a drawing of which the template makes SVG: bars in columns, lines over them, a
// grid with labels. Places across are shares of its width, so that it may be of any width
// with letters of one size; places down are pixels.
type chart struct {
	Title, Text string
	Legend      []legend
	Grid        []gridLine
	Columns     []column
	Bars        []bar
	Lines       []line
	// Limit is a level across the chart; nil: none.
	Limit *gridLine
	Empty bool
}

type legend struct{ Class, Label string }

type gridLine struct {
	Y     float64
	Label string
}

// column is a label below; one that is Minor is left out where there is little room.
type column struct {
	X     float64
	Label string
	Minor bool
}

type bar struct {
	Class               string
	X, Y, Width, Height float64
	Tip                 string
}

// line are the points of a series; neighbours are joined, and nothing across a gap.
type line struct {
	Class string
	Steps []step
	Dots  []dot
}

type step struct{ X1, Y1, X2, Y2 float64 }

type dot struct {
	X, Y float64
	Tip  string
}

// The frame of every chart, in pixels.
const (
	chartHeight = 240.0
	chartTop    = 14.0
	chartBottom = 28.0
)

// newChart returns a chart with its columns' labels, where the middle of column i is, and how
// wide a bar is.
func newChart(title, text string, labels []string) (c chart, x func(int) float64, width float64) {
	c = chart{Title: title, Text: text}
	size := 100 / float64(max(len(labels), 1))
	x = func(i int) float64 { return round(size * (float64(i) + 0.5)) }
	every := max((len(labels)+7)/8, 1)
	for i, label := range labels {
		if i%every == 0 {
			c.Columns = append(c.Columns, column{X: x(i), Label: label, Minor: i/every%2 == 1})
		}
	}
	return c, x, round(math.Min(size*0.62, 6))
}

// scale draws the grid up to a top value and returns the function from a value to its
// place.
func (c *chart) scale(top float64, label func(float64) string, steps []float64) func(float64) float64 {
	step := niceStep(top/4, steps)
	top = math.Max(math.Ceil(top/step), 1) * step
	y := func(value float64) float64 {
		return round(chartTop + (chartHeight-chartTop-chartBottom)*(1-value/top))
	}
	for value := 0.0; value <= top+step/2; value += step {
		c.Grid = append(c.Grid, gridLine{Y: y(value), Label: label(value)})
	}
	return y
}

// niceStep returns the smallest of the steps, or of 1, 2, 5 times a power of ten beyond
// them, that is not below a size.
func niceStep(size float64, steps []float64) float64 {
	for _, s := range steps {
		if s >= size {
			return s
		}
	}
	power := math.Pow(10, math.Floor(math.Log10(size)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*power >= size {
			return m * power
		}
	}
	return size
}

// round returns a number with two decimals.
func round(f float64) float64 { return math.Round(f*100) / 100 }

// charts returns the report's charts.
func (v *visit) charts(list []part, sla time.Duration) []chart {
	labels := make([]string, len(list))
	limited := int64(0)
	for i := range list {
		labels[i] = list[i].Label
		limited += list[i].All.Limited
	}
	all := []chart{v.ticketChart(list, labels), v.timeChart(list, labels, sla)}
	if limited > 0 {
		all = append(all, v.lateChart(list, labels))
	}
	return all
}

// stack adds to a chart bars upon each other in a column; parts of nothing are left out.
func (c *chart) stack(x, width float64, y func(float64) float64, label string, parts []stacked) {
	below := int64(0)
	for _, p := range parts {
		if p.n == 0 {
			continue
		}
		above := y(float64(below + p.n))
		c.Bars = append(c.Bars, bar{
			Class: p.Class, X: round(x - width/2), Y: above, Width: width, Height: round(y(float64(below)) - above),
			Tip: fmt.Sprintf("%s · %s: %d", label, p.Label, p.n),
		})
		below += p.n
	}
}

// stacked is a part of a column.
type stacked struct {
	legend
	n int64
}

// counts draws the grid for numbers of things.
func (c *chart) counts(top int64) func(float64) float64 {
	return c.scale(float64(max(top, 4)), func(f float64) string { return fmt.Sprintf("%.0f", f) }, []float64{1, 2, 5})
}

// ticketChart returns the chart of tickets created, by their status.
func (v *visit) ticketChart(list []part, labels []string) chart {
	c, x, width := newChart(v.t("Tickets creados"), v.t("Por su estado de hoy."), labels)
	c.Legend = []legend{{"closed", v.t("Cerrados")}, {"open", v.t("Abiertos")}, {"ignored", v.t("Ignorados")}}
	top := int64(0)
	for i := range list {
		top = max(top, created(&list[i].Report))
	}
	c.Empty = top == 0
	y := c.counts(top)
	for i := range list {
		p := &list[i]
		c.stack(x(i), width, y, labels[i], []stacked{{c.Legend[0], p.Closed}, {c.Legend[1], p.Open}, {c.Legend[2], p.Ignored}})
	}
	return c
}

// lateChart returns the chart of answers that came later than the SLA allows.
func (v *visit) lateChart(list []part, labels []string) chart {
	c, x, width := newChart(v.t("Respuestas tarde"), v.t("Fuera del SLA."), labels)
	c.Legend = []legend{{"late", v.t("Tarde")}}
	top, late := int64(0), func(p *part) int64 { return p.All.Limited - p.All.InTime }
	for i := range list {
		top = max(top, late(&list[i]))
	}
	if top == 0 {
		c.Text, c.Legend = v.t("Ninguna: todas llegaron a tiempo."), nil
	}
	y := c.counts(top)
	for i := range list {
		c.stack(x(i), width, y, labels[i], []stacked{{legend{"late", v.t("Tarde")}, late(&list[i])}})
	}
	return c
}

// timeChart returns the chart of response times.
func (v *visit) timeChart(list []part, labels []string, sla time.Duration) chart {
	c, x, _ := newChart(v.t("Tiempos de respuesta"), v.t("De todas las respuestas, en el reloj del SLA."), labels)
	c.Legend = []legend{{"p90", v.t("Nueve de cada diez en")}, {"p50", v.t("La mitad en")}}
	top := sla
	c.Empty = true
	for i := range list {
		top = max(top, list[i].All.P90.Std())
		c.Empty = c.Empty && list[i].All.Count == 0
	}
	y := c.scale(max(top, time.Minute).Minutes(), func(f float64) string { return axis(time.Duration(f * float64(time.Minute))) },
		[]float64{0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440})
	for series, of := range []func(*part) time.Duration{
		func(p *part) time.Duration { return p.All.P90.Std() }, func(p *part) time.Duration { return p.All.P50.Std() },
	} {
		l := line{Class: c.Legend[series].Class}
		last := -2
		for i := range list {
			if list[i].All.Count == 0 {
				continue // a day without answers is a gap, no time of zero
			}
			value := of(&list[i])
			d := dot{x(i), y(value.Minutes()), fmt.Sprintf("%s · %s %s", labels[i], c.Legend[series].Label, span(value))}
			if last == i-1 {
				before := l.Dots[len(l.Dots)-1]
				l.Steps = append(l.Steps, step{before.X, before.Y, d.X, d.Y})
			}
			l.Dots, last = append(l.Dots, d), i
		}
		c.Lines = append(c.Lines, l)
	}
	if sla > 0 {
		c.Limit = &gridLine{Y: y(sla.Minutes()), Label: "SLA " + axis(sla)}
		c.Legend = append(c.Legend, legend{"limit", "SLA"})
	}
	return c
}

// axis returns a duration in as few letters as it takes.
func axis(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%d d", d/(24*time.Hour))
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
}
