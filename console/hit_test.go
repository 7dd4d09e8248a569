package console_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla"
)

// TestHit: a search shows the message that it found, the words marked, and leads to it; what
// is found elsewhere leaves the last message.
func TestHit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("Carla", "buenas tardes, ayer les compré un hermoso camión azul que no funciona", "¿hay alguien?", "<b>hola</b>")
	marks := func(q string) (all []string) {
		for _, found := range regexp.MustCompile(`<mark>([^<]*)</mark>`).FindAllStringSubmatch(b.get(b.inbox()+"?view=all&q="+url.QueryEscape(q)).text, -1) {
			all = append(all, found[1])
		}
		return all
	}
	list := b.get(b.inbox() + "?view=all&q=" + url.QueryEscape("CAMION az"))
	assert.Contains(t, words(list.find("list")), "… les compré un hermoso camión azul que no funciona")
	assert.Regexp(t, `href="[^"]+#m1"`, list.text)
	assert.Equal(t, []string{"camión", "azul"}, marks("CAMION az"))
	assert.Equal(t, []string{"&lt;b&gt;hola&lt;/b&gt;"}, marks("hola"))
	assert.Empty(t, marks("carla"), "the name")
	assert.Contains(t, words(b.get(b.inbox()+"?view=all&q=carla").find("list")), "<b>hola</b>")
	assert.Empty(t, marks(""))
}

// TestLinks: the host's links are in the reader's language.
func TestLinks(t *testing.T) {
	t.Parallel()
	b := setupOn(t, charla.Options{}, &console.Options{Links: []console.Link{
		{Label: chatcfg.Words{ES: "Tienda", EN: "Shop"}, URL: "/shop?chat={key}"}, {Label: chatcfg.Words{Any: "Blog"}, URL: "/blog"},
	}})
	for lang, want := range map[string][]string{"es": {"Tienda", "Blog"}, "en": {"Shop", "Blog"}} {
		page := b.post("/desk/preferences", url.Values{"lang": {lang}})
		for _, label := range want {
			assert.Contains(t, page.text, "<span>"+label+"</span>", lang)
		}
		assert.Equal(t, lang == "es", strings.Contains(page.text, "<span>Tienda</span>"), lang)
	}
}

// TestCategories: R11.6: where the account has categories one of them is chosen; what a ticket
// has already stays to choose, and another one is refused in words.
func TestCategories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	classify := b.ticket(ref) + "/classify"
	b.post(classify, url.Values{"category": {"Antigua"}})
	b.config(func(c *chatcfg.Config) { c.General.Categories = []string{"Despacho", "Garantía"} })
	page := b.get(b.ticket(ref))
	assert.Equal(t, "Ninguna. Despacho Garantía Antigua", words(page.find("category")))
	assert.Equal(t, "Antigua", page.form(classify).Get("category"))
	b.post(classify, url.Values{"category": {"Garantía"}})
	one, err := b.account.Inbox().Ticket(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, "Garantía", one.Typification.Category)
	refused := b.post(classify, url.Values{"category": {"Otra"}})
	assert.Equal(t, 422, refused.status)
	assert.Contains(t, words(refused.find("toasts")), "Esa categoría no está en la lista")
}
