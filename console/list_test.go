package console_test

import (
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
)

// TestEmptyList: an empty list says why it is empty, and a search where else to look.
func TestEmptyList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for query, want := range map[string]string{
		"":                    "No hay tickets abiertos Cuando alguien escriba en el chat, aparecerá en esta lista.",
		"?view=none":          "No hay tickets abiertos Cuando alguien escriba en el chat, aparecerá en esta lista.",
		"?view=waiting":       "Nadie espera Todos los que escribieron tienen respuesta.",
		"?view=delayed":       "Nada con demora Nadie espera más de lo que fija tu SLA.",
		"?view=important":     "Nada importante Aquí quedan los tickets marcados con la estrella.",
		"?view=ignored":       "Nada ignorado Aquí quedan los tickets que alguien decide ignorar.",
		"?view=closed":        "Nada cerrado Aquí quedan los tickets que ya se cerraron.",
		"?view=all":           "Ningún ticket todavía Cuando alguien escriba en el chat, aparecerá en esta lista.",
		"?view=closed&q=azul": "Sin resultados Ningún ticket de esta lista tiene todas esas palabras. Buscar en todos",
		"?view=all&q=azul":    "Sin resultados Ningún ticket tiene todas esas palabras.",
	} {
		assert.Equal(t, want, words(b.get(b.inbox()+query).find("list")), query)
	}
	b.customer("Carla", "mi camión azul")
	page := b.get(b.inbox() + "?view=closed&q=azul")
	link := regexp.MustCompile(`<a class="button" href="([^"]+)"`).FindStringSubmatch(page.text)
	require.NotNil(t, link)
	to, err := page.url.Parse(strings.ReplaceAll(link[1], "&amp;", "&"))
	require.NoError(t, err)
	assert.Contains(t, words(b.get(to.RequestURI()).find("list")), "Carla")
	problem := words(b.get(b.inbox() + "?q=" + strings.Repeat("palabra+", 37)).find("list"))
	assert.NotEmpty(t, problem)
	assert.NotContains(t, problem, "Sin resultados")
}

// TestRows: a row says its state where the list has several, and is bold while its customer
// waits; a list behind the button lends it its name.
func TestRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	row := regexp.MustCompile(`<a class="row( new)?`)
	bold := func(p *page) bool {
		found := row.FindStringSubmatch(p.text)
		require.NotNil(t, found)
		return found[1] != ""
	}
	open := b.get(b.inbox())
	assert.NotContains(t, words(open.find("list")), "Abierto")
	assert.True(t, bold(open))
	assert.Contains(t, words(open.find("tabs")), "Abiertos 1 Míos Sin asignar 1 Más listas Esperan 1 Demora Importantes")
	all := b.get(b.inbox() + "?view=all")
	assert.Contains(t, words(all.find("list")), "Abierto")
	assert.Contains(t, words(all.find("tabs")), "Sin asignar 1 Todos Esperan 1")
	b.post(b.ticket(ref)+"/reply", url.Values{"text": {"buenas"}})
	assert.False(t, bold(b.get(b.inbox())))
	b.post(b.ticket(ref)+"/close", nil)
	for view, want := range map[string]bool{"closed": false, "all": true} {
		list := b.get(b.inbox() + "?view=" + view)
		assert.Equal(t, want, strings.Contains(words(list.find("list")), "Cerrado"), view)
		assert.False(t, bold(list), view)
		assert.NotContains(t, list.text, "· bot")
	}
	b.post(b.ticket(ref)+"/open", nil)
	_, err := b.account.Agent(charla.Person{ID: "guia", Name: "Guía", Automated: true}).Do(t.Context(), ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	assert.Contains(t, words(b.get(b.inbox()+"?view=all").find("list")), "Cerrado · bot", "R12.1: marked")
	assert.Contains(t, words(b.get(b.ticket(ref)).find("facts")), "Guía · bot")
}

// TestTimes: messages stand below their day in the account's time, and say only the hour;
// the exact instant is a title, without the name of a zone.
func TestTimes(t *testing.T) {
	t.Parallel()
	clock := clock.NewMock()
	clock.Set(time.Date(2026, 5, 20, 10, 0, 0, 0, time.UTC))
	b := setupOn(t, charla.Options{Clock: clock}, &console.Options{})
	b.config(func(c *chatcfg.Config) { c.Hours.Timezone = "Pacific/Auckland" })
	s, ref := b.customer("Carla", "buenas noches")
	clock.Add(3 * time.Hour)
	_, err := s.Write(t.Context(), "¿siguen ahí?", nil)
	require.NoError(t, err)
	clock.Add(48 * time.Hour)
	page := b.get(b.ticket(ref))
	assert.Equal(t, "20 may Ticket 1 Carla Declarado buenas noches 22:00 21 may Carla Declarado ¿siguen ahí? 01:00", words(page.find("messages")))
	assert.Contains(t, page.text, `title="21 may 2026, 01:00:00"`)
}

// TestFolded: what nobody filled in takes no room above what happened, and what somebody did
// is read without opening a form, which a deleted account has no more.
func TestFolded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	page := b.get(b.ticket(ref))
	assert.Less(t, strings.Index(page.text, `id="why"`), strings.Index(page.text, `id="classify"`))
	assert.Equal(t, 2, strings.Count(page.text, `<details class="edit"><summary class="button">`))
	assert.Equal(t, "Tipificación Tipificar Categoría Guardar", words(page.find("classify")))
	assert.Equal(t, "Metadatos Añadir un dato Guardar", words(page.find("describe")))
	b.post(b.ticket(ref)+"/classify", url.Values{"category": {"Despacho"}, "name": {"pedido"}, "value": {"20418"}})
	page = b.post(b.ticket(ref)+"/describe", url.Values{"name": {"canal"}, "value": {"web"}})
	assert.Equal(t, "Tipificación Categoría Despacho pedido 20418 Editar Categoría Guardar", words(page.find("classify")))
	assert.Equal(t, "Metadatos canal web Editar Guardar", words(page.find("describe")))
	assert.Contains(t, words(page.find("why")), "Lo de antes", "only the newest stand open")
	require.NoError(t, b.account.Delete(t.Context(), "Tienda"))
	page = b.get(b.ticket(ref))
	assert.Equal(t, "Tipificación Categoría Despacho pedido 20418", words(page.find("classify")))
	assert.Equal(t, "Metadatos canal web", words(page.find("describe")))
}
