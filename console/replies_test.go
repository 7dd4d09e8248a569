package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRepliesPage: R11.5: a supervisor adds, changes and removes quick replies; each problem
// stands at its field with what was typed; the same form again changes nothing, and one that is
// based on an older list is shown with the newer one.
func TestRepliesPage(t *testing.T) {
	t.Parallel()
	b := team(t)
	b.people.set("rita", console.Person{ID: "rita", Name: "Rita", Role: console.RoleSupervisor, AllAccounts: true})
	b.client = b.browser("rita")
	path := strings.TrimSuffix(b.inbox(), "inbox") + "replies"
	list := func() []chatcfg.QuickReply {
		all, _, err := b.account.Agent(charla.Person{}).QuickReplies(t.Context())
		require.NoError(t, err)
		return all
	}
	// form is the form of one of the quick replies; empty: of another.
	form := func(page *page, was string) url.Values {
		version := page.form(path).Get("version")
		mark := page.form(path).Get("person")
		return url.Values{"version": {version}, "person": {mark}, "was": {was}}
	}
	fill := func(f url.Values, pairs ...string) url.Values {
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	empty := b.get(path)
	assert.Contains(t, words(empty.root), "Ninguna respuesta rápida todavía")
	assert.Contains(t, empty.text, `data-insert="{customer|amigo}"`)

	wrong := b.post(path, fill(form(empty, ""), "shortcut", "", "title", "<b>Dar las gracias</b>", "text", "Gracias, {cliente}."))
	assert.Equal(t, http.StatusUnprocessableEntity, wrong.status)
	assert.Empty(t, list())
	for _, field := range []string{"new-shortcut-say", "new-text-say"} {
		assert.NotEmpty(t, words(wrong.find(field)), field)
	}
	assert.Nil(t, wrong.find("new-title-say"))
	assert.Contains(t, wrong.text, `value="&lt;b&gt;Dar las gracias&lt;/b&gt;"`)
	assert.Contains(t, words(wrong.find("new-text")), "Gracias, {cliente}.")

	add := fill(form(empty, ""), "shortcut", "gracias", "title", "Dar las gracias", "text", "Gracias,\r\n{customer}.", "team", "ventas")
	for range 2 {
		page := b.post(path, add)
		assert.Equal(t, http.StatusOK, page.status)
		assert.Contains(t, words(page.find("toasts")), "La respuesta rápida se guardó.")
	}
	want := chatcfg.QuickReply{Shortcut: "gracias", Title: "Dar las gracias", Text: chatcfg.Words{Any: "Gracias,\n{customer}."}, Team: "ventas"}
	assert.Equal(t, []chatcfg.QuickReply{want}, list())
	same := b.post(path, fill(form(b.get(path), ""), "shortcut", "GRACIAS", "title", "Otra", "text", "Hola"))
	assert.Equal(t, http.StatusUnprocessableEntity, same.status)
	assert.NotEmpty(t, words(same.find("new-shortcut-say")))

	old := form(b.get(path), "gracias")
	b.post(path, fill(form(b.get(path), ""), "shortcut", "hola", "title", "Saludo", "text.es", "Hola", "text.en", "Hello", "text.pt", "Olá"))
	stale := b.post(path, fill(old, "shortcut", "gracias", "title", "Agradecer", "text", "Gracias"))
	assert.Equal(t, http.StatusConflict, stale.status)
	assert.Contains(t, words(stale.find("toasts")), "Alguien cambió las respuestas")
	assert.Contains(t, stale.text, `value="Agradecer"`)
	assert.Contains(t, stale.text, "Saludo")
	b.post(path, fill(form(stale, "gracias"), "shortcut", "gracias", "title", "Agradecer", "text", "Gracias"))
	require.Len(t, list(), 2)
	assert.Equal(t, "Agradecer", list()[0].Title)
	assert.Equal(t, "Olá", list()[1].Text.PT)

	remove := fill(form(b.get(path), "gracias"), "remove", "1")
	for range 2 {
		assert.Contains(t, words(b.post(path, remove).find("toasts")), "La respuesta rápida se quitó.")
	}
	assert.Len(t, list(), 1)

	b.client = b.browser("bruno")
	assert.Equal(t, http.StatusForbidden, b.get(path).status)
	assert.NotContains(t, b.get(b.inbox()).text, "/replies")
	assert.Equal(t, http.StatusForbidden, b.post(path, fill(form(stale, "hola"), "remove", "1")).status)
	assert.Len(t, list(), 1)
	b.client = b.browser("rita")
	assert.Contains(t, b.get(b.inbox()).text, "/replies")
	require.NoError(t, b.account.Delete(t.Context(), "Tienda"))
	b.people.set("rita", console.Person{ID: "rita", Role: console.RoleSupervisor, Accounts: []chatcfg.AccountID{b.account.ID()}})
	gone := b.get(path)
	assert.Equal(t, http.StatusOK, gone.status)
	assert.NotContains(t, gone.text, `name="remove"`)
	assert.Equal(t, http.StatusGone, b.post(path, fill(form(gone, "hola"), "remove", "1")).status)
}
