package console_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// reported is an account with answers on some days of November 2026: 6 minutes on the 4th and
// the 17th, 2 on the 16th, 18th and 20th, with an SLA of five.
func reported(t *testing.T) (b *bench, report string) {
	t.Helper()
	now := clock.NewMock()
	now.Set(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	b = setupOn(t, charla.Options{Clock: now}, nil)
	b.config(func(c *chatcfg.Config) {
		c.Quality.SLA = &chatcfg.Duration{Value: 5, Unit: chatcfg.UnitMinutes}
		c.Hours.Timezone, c.General.Assignment.OnReply = "America/Santiago", false
	})
	eva := b.account.Agent(charla.Person{ID: "=eva", Name: "Eva"})
	for _, one := range []struct{ day, minutes int }{{4, 6}, {16, 2}, {17, 6}, {18, 2}, {20, 2}} {
		now.Set(time.Date(2026, 11, one.day, 12, 0, 0, 0, time.UTC))
		_, ref := b.customer("Carla", "hola")
		now.Add(time.Duration(one.minutes) * time.Minute)
		_, err := eva.Reply(t.Context(), ref, "hola", nil)
		require.NoError(t, err)
		_, err = eva.Do(t.Context(), ref, tickets.Command{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "Venta"}}, nil)
		require.NoError(t, err)
	}
	now.Set(time.Date(2026, 11, 21, 15, 0, 0, 0, time.UTC))
	return b, "/desk/a/" + b.account.ID().String() + "/report"
}

// shown are a report's figures by what they are called.
func (p *page) figures() map[string]string {
	all := map[string]string{}
	p.each(func(n *html.Node) {
		if n.Data == "dt" {
			all[words(n)] = words(n.Parent)
		}
	})
	return all
}

// TestReport: R2.7: a period's figures in words, against the period before it.
func TestReport(t *testing.T) {
	t.Parallel()
	b, report := reported(t)
	page := b.get(report + "?from=2026-11-16&to=2026-11-21")
	assert.Contains(t, words(page.find("main")), "16–21 nov , comparado con 10–15 nov")
	assert.Equal(t, map[string]string{
		"Tickets creados":      "Tickets creados 4 4 abiertos, 0 cerrados, 0 ignorados",
		"Primera respuesta":    "Primera respuesta 2 min La mitad se respondió en ese tiempo o menos. Nueve de cada diez, en 6 min o menos.",
		"Todas las respuestas": "Todas las respuestas 2 min La mitad se respondió en ese tiempo o menos. Nueve de cada diez, en 6 min o menos.",
		"Respuestas a tiempo":  "Respuestas a tiempo 75 % 3 de 4. El SLA es de 5 min.",
		"Importantes":          "Importantes 0 Con demora ahora: 0",
	}, page.figures())
	figures := b.get(report + "?from=2026-11-11&to=2026-11-20").figures()
	assert.Contains(t, figures["Tickets creados"], "Antes: 1 (+300 %)")
	assert.Contains(t, figures["Primera respuesta"], "Antes: 6 min, más rápido ▲")
	assert.Contains(t, figures["Respuestas a tiempo"], "Antes: 0 %, mejor ▲")
	figures = b.get(report + "?from=2026-11-17&to=2026-11-17").figures()
	assert.Contains(t, figures["Primera respuesta"], "Antes: 2 min, más lento ▼")
	assert.Contains(t, figures["Respuestas a tiempo"], "Antes: 100 %, peor ▼")
	figures = b.get(report + "?from=2026-11-05&to=2026-11-06").figures()
	assert.Contains(t, figures["Primera respuesta"], "– Sin respuestas en este período.", "no time of zero seconds")
	b.post("/desk/preferences", url.Values{"lang": {"en"}})
	english := b.get(report + "?from=2026-11-16&to=2026-11-21")
	assert.Contains(t, words(english.find("main")), "16–21 Nov , compared with 10–15 Nov")
	assert.Contains(t, english.figures()["Answers in time"], "75% 3 of 4. The SLA is 5 min.")

	empty := b.get(report + "?from=2020-01-01&to=2020-12-31")
	assert.Equal(t, http.StatusOK, empty.status)
	assert.NotContains(t, empty.text, `class="area"`)
	for _, bad := range []string{"?from=x&to=y", "?from=2026-01-02&to=2026-01-01", "?from=2000-01-01&to=2026-01-01", "?from=2025-11-20&to=2026-11-21"} {
		assert.Contains(t, b.get(report+bad).text, "banner bad", bad)
	}
	assert.NotContains(t, b.get(report+"?from=2025-11-21&to=2026-11-21").text, "banner bad", "366 days are not too many")
}

// TestReportGaps: a day without answers is a gap in the line, not a value; the labels' places
// do not depend on the page's width.
func TestReportGaps(t *testing.T) {
	t.Parallel()
	b, report := reported(t)
	page := b.get(report + "?from=2026-11-16&to=2026-11-21")
	steps, dots := 0, 0
	page.each(func(n *html.Node) {
		switch {
		case attr(n, "class") != "p90":
		case n.Data == "circle":
			dots++
		case n.Data == "line":
			steps++
		}
		if n.Data == "svg" {
			assert.False(t, has(n, "viewbox"), "letters would shrink with it")
		}
	})
	assert.Equal(t, 4, dots, "the 16th, 17th, 18th and 20th")
	assert.Equal(t, 2, steps, "nothing across the 19th")
}

// TestReportGroups: R11.8: the same figures by agent, team, category, hour and weekday, by
// names that people know.
func TestReportGroups(t *testing.T) {
	t.Parallel()
	b, report := reported(t)
	rows := func(by string) (list []string) {
		page := b.get(report + "?from=2026-11-16&to=2026-11-21&by=" + by)
		for n := range page.find("groups").Descendants() {
			if n.Data == "tr" && n.Parent.Data == "tbody" {
				list = append(list, words(n))
			}
		}
		return list
	}
	assert.Equal(t, []string{"Nadie 4 0 – – – –", "=eva 0 4 2 min 6 min 3 de 4 –"}, rows("agent"))
	assert.Equal(t, rows("agent"), rows("nothing"))
	assert.Equal(t, []string{"Sin equipo 4 4 2 min 6 min 3 de 4 –"}, rows("team"))
	assert.Equal(t, []string{"Venta 4 4 2 min 6 min 3 de 4 –"}, rows("category"))
	assert.Equal(t, []string{"09:00 4 4 2 min 6 min 3 de 4 –"}, rows("hour"), "in the account's time zone")
	assert.Equal(t, []string{
		"Lunes 1 1 2 min 2 min 1 de 1 –", "Martes 1 1 6 min 6 min 0 de 1 –", "Miércoles 1 1 2 min 2 min 1 de 1 –", "Viernes 1 1 2 min 2 min 1 de 1 –",
	}, rows("weekday"))
}

// TestReportFile: the figures as a file, in which no name is a formula.
func TestReportFile(t *testing.T) {
	t.Parallel()
	b, report := reported(t)
	file := func(query string) [][]string {
		page := b.get(report + ".csv?from=2026-11-16&to=2026-11-21" + query)
		require.Equal(t, http.StatusOK, page.status)
		assert.Equal(t, "text/csv; charset=utf-8", page.header.Get("Content-Type"))
		assert.Contains(t, page.header.Get("Content-Disposition"), "attachment; filename=charla-2026-11-16-2026-11-21")
		text, marked := strings.CutPrefix(page.text, "\ufeff")
		assert.True(t, marked)
		lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		return lines
	}
	agents := file("&by=agent")
	require.Len(t, agents, 3)
	assert.Equal(t, "'=eva", agents[2][0])
	assert.Equal(t, "Nadie", agents[1][0])
	days := file("")
	require.Len(t, days, 7)
	assert.Equal(t, []string{"2026-11-16", "1"}, days[1][:2])
	assert.Equal(t, []string{"2026-11-19", "0"}, days[4][:2])
	assert.Equal(t, http.StatusUnprocessableEntity, b.get(report+".csv?from=x&to=y").status)
	for lang, want := range map[string][]string{
		"es": {"Ejecutivo", "Con demora", "Valoraciones de 5", "Primera respuesta: media (s)", "Todas las respuestas: a tiempo", "Período"},
		"en": {"Agent", "Delayed", "Rated 5", "First answer: mean (s)", "All answers: in time", "Period"},
		"pt": {"Atendente", "Com atraso", "Avaliações de 5", "Primeira resposta: média (s)", "Todas as respostas: no prazo", "Período"},
	} {
		b.post("/desk/preferences", url.Values{"lang": {lang}})
		heads := file("&by=agent")[0]
		for i, column := range []int{0, 5, 11, 13, 23} {
			assert.Equal(t, want[i], heads[column], "R11.8, in the reader's language")
		}
		assert.Equal(t, want[5], file("")[0][0])
	}
	b.post("/desk/preferences", url.Values{"lang": {"es"}})
	page := b.get(report)
	links := regexp.MustCompile(`href="([^"]*report\.csv[^"]*)" download`).FindAllStringSubmatch(page.text, -1)
	require.Len(t, links, 2)
	for _, link := range links {
		to, err := page.url.Parse(html.UnescapeString(link[1]))
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, b.get(to.RequestURI()).status)
	}
}

// TestReportRatings: R14.3: how customers rated, and how many of those who were asked.
func TestReportRatings(t *testing.T) {
	t.Parallel()
	b := setupOn(t, charla.Options{}, &console.Options{})
	b.config(func(c *chatcfg.Config) { c.Chat.Rating.Enabled = true })
	path := "/desk/a/" + b.account.ID().String() + "/report"
	for _, score := range []int{5, 4, 0} {
		visitor, ref := b.customer("Carla", "hola")
		_, err := b.account.Agent(charla.Person{ID: "ana"}).Do(t.Context(), ref, tickets.Command{Kind: tickets.CommandClose}, nil)
		require.NoError(t, err)
		if score > 0 {
			_, err = visitor.Rate(t.Context(), charla.Rating{Ticket: ref.Number, Score: score}, nil)
			require.NoError(t, err)
		}
	}
	assert.Equal(t, "Valoración 4,5 de 5 Clientes que respondieron: 2 de 3.", b.get(path).figures()["Valoración"])
}
