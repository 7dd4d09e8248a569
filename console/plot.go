package console

import (
	"fmt"
	"math"
	"time"

	"github.com/charlahq/charla/tickets"
)

// chart is a drawing of which the template makes SVG: bars in columns, lines over
// them, a grid with labels. All coordinates are pixels of its view box.
type chart struct {
	Title, Text   string
	Width, Height float64
	Legend        []legend
	Grid          []gridLine
	Columns       []gridLine
	Bars          []bar
	Lines         []line
	// Limit is a level across the chart; nil: none.
	Limit *gridLine
	Empty bool
}

type legend struct{ Class, Label string }

type gridLine struct {
	X, Y  float64
	Label string
}

type bar struct {
	Class               string
	X, Y, Width, Height float64
	Tip                 string
}

// line is a run of neighbouring points.
type line struct {
	Class, Points string
	Dots          []dot
}

type dot struct {
	X, Y float64
	Tip  string
}

// The frame of every chart.
const (
	chartWidth  = 720.0
	chartHeight = 250.0
	chartLeft   = 58.0
	chartRight  = 16.0
	chartTop    = 14.0
	chartBottom = 28.0
)

// newChart returns a chart with its columns' labels, where column i is, and how wide a
// column is.
func newChart(title, text string, labels []string) (c chart, x func(int) float64, column float64) {
	c = chart{Title: title, Text: text, Width: chartWidth, Height: chartHeight}
	column = (chartWidth - chartLeft - chartRight) / float64(max(len(labels), 1))
	x = func(i int) float64 { return round(chartLeft + column*(float64(i)+0.5)) }
	every := (len(labels) + 9) / 10
	for i, label := range labels {
		if i%max(every, 1) == 0 {
			c.Columns = append(c.Columns, gridLine{X: x(i), Y: chartHeight - 8, Label: label})
		}
	}
	return c, x, column
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
		c.Grid = append(c.Grid, gridLine{X: chartLeft - 8, Y: y(value), Label: label(value)})
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

// round returns a number with one decimal.
func round(f float64) float64 { return math.Round(f*10) / 10 }

// charts returns the report's charts.
func (v *visit) charts(list []bucket, sla time.Duration) []chart {
	labels := make([]string, len(list))
	for i, b := range list {
		labels[i] = b.Label
	}
	return []chart{v.ticketChart(list, labels), v.timeChart(list, labels, sla), v.shareChart(list, labels)}
}

// ticketChart returns the chart of tickets created, by their status.
func (v *visit) ticketChart(list []bucket, labels []string) chart {
	c, x, column := newChart(v.t("Tickets creados"), v.t("Por su estado de hoy."), labels)
	c.Legend = []legend{{"closed", v.t("Cerrados")}, {"open", v.t("Abiertos")}, {"ignored", v.t("Ignorados")}}
	top := int64(0)
	for _, b := range list {
		top = max(top, b.Open+b.Ignored+b.Closed)
	}
	c.Empty = top == 0
	y := c.scale(float64(max(top, 4)), func(f float64) string { return fmt.Sprintf("%.0f", f) }, []float64{1, 2, 5})
	width := math.Min(column*0.62, 46)
	for i, b := range list {
		below := int64(0)
		for _, part := range []struct {
			class, label string
			n            int64
		}{{"closed", c.Legend[0].Label, b.Closed}, {"open", c.Legend[1].Label, b.Open}, {"ignored", c.Legend[2].Label, b.Ignored}} {
			if part.n == 0 {
				continue
			}
			above := y(float64(below + part.n))
			c.Bars = append(c.Bars, bar{
				Class: part.class, X: round(x(i) - width/2), Y: above, Width: round(width), Height: round(y(float64(below)) - above),
				Tip: fmt.Sprintf("%s · %s: %d", labels[i], part.label, part.n),
			})
			below += part.n
		}
	}
	return c
}

// timeChart returns the chart of response times.
func (v *visit) timeChart(list []bucket, labels []string, sla time.Duration) chart {
	c, x, _ := newChart(v.t("Tiempos de respuesta"), v.t("De todas las respuestas, en el reloj del SLA."), labels)
	c.Legend = []legend{{"p90", v.t("9 de cada 10 hasta")}, {"mean", v.t("Media")}, {"p50", v.t("La mitad hasta")}}
	top := sla
	for _, b := range list {
		top = max(top, b.All.P90.Std(), b.All.Mean.Std())
		c.Empty = c.Empty || b.All.Count > 0
	}
	c.Empty = !c.Empty
	y := c.scale(max(top, time.Minute).Minutes(), func(f float64) string { return axis(time.Duration(f * float64(time.Minute))) },
		[]float64{0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440})
	for _, series := range []struct {
		class, label string
		of           func(tickets.Times) time.Duration
	}{
		{"p90", v.t("9 de cada 10 hasta"), func(t tickets.Times) time.Duration { return t.P90.Std() }},
		{"mean", v.t("Media"), func(t tickets.Times) time.Duration { return t.Mean.Std() }},
		{"p50", v.t("La mitad hasta"), func(t tickets.Times) time.Duration { return t.P50.Std() }},
	} {
		l := line{Class: series.class}
		for i, b := range list {
			if b.All.Count == 0 {
				continue // a day without answers is no time of zero
			}
			value := series.of(b.All)
			d := dot{x(i), y(value.Minutes()), fmt.Sprintf("%s · %s: %s", labels[i], series.label, span(value))}
			l.Dots = append(l.Dots, d)
			l.Points += fmt.Sprintf("%g,%g ", d.X, d.Y)
		}
		c.Lines = append(c.Lines, l)
	}
	if sla > 0 {
		c.Limit = &gridLine{Y: y(sla.Minutes()), Label: "SLA " + axis(sla)}
		c.Legend = append(c.Legend, legend{"limit", "SLA"})
	}
	return c
}

// shareChart returns the chart of answers within the SLA.
func (v *visit) shareChart(list []bucket, labels []string) chart {
	c, x, column := newChart(v.t("Respuestas dentro del SLA"), v.t("De las que tenían uno."), labels)
	c.Legend = []legend{{"intime", v.t("A tiempo")}, {"late", v.t("Tarde")}}
	c.Empty = true
	y := c.scale(100, func(f float64) string { return fmt.Sprintf("%.0f %%", f) }, []float64{25})
	width := math.Min(column*0.62, 46)
	for i, b := range list {
		if b.All.Limited == 0 {
			continue
		}
		c.Empty = false
		part := 100 * float64(b.All.InTime) / float64(b.All.Limited)
		tip := fmt.Sprintf("%s · %s: %d / %d", labels[i], c.Legend[0].Label, b.All.InTime, b.All.Limited)
		add := func(class string, from, to float64) {
			if to > from {
				c.Bars = append(c.Bars, bar{
					Class: class, X: round(x(i) - width/2), Y: y(to), Width: round(width), Height: round(y(from) - y(to)), Tip: tip,
				})
			}
		}
		add("intime", 0, part)
		add("late", part, 100)
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
