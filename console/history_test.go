package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// history is the page, and what it offers to undo of a version.
func (b *bench) history(version string) (page *page, undo url.Values) {
	b.t.Helper()
	page = b.get(b.channel() + "/history")
	require.Equal(b.t, http.StatusOK, page.status)
	undo = url.Values{"version": {version}}
	if one := page.find("v" + version); one != nil {
		for n := range one.Descendants() {
			if n.Type == html.ElementNode && attr(n, "name") == "setting" {
				undo.Add("setting", attr(n, "value"))
			}
		}
	}
	return page, undo
}

// TestHistory: R1.4: the history says who saved, and what changed, in the page's words; undoing
// is a new save.
func TestHistory(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	form.Set("chat.headerMessage", "Hola, <b>qué tal</b>")
	form.Set("quality.sla.value", "7")
	form.Set("quality.sla.unit", "hours")
	form.Set("chat.sound", "on")
	b.post(b.channel(), form)
	b.config(func(c *chatcfg.Config) { c.Chat.Sound = !c.Chat.Sound })

	page, undo := b.history("2")
	says := words(page.find("v2"))
	assert.Contains(t, says, "Ana")
	assert.Contains(t, says, "Mensaje de cabecera de conversación")
	assert.Contains(t, says, "Hola, <b>qué tal</b>")
	assert.Contains(t, says, "7 horas")
	harmless(t, page, "<b>qué tal</b>")
	assert.Contains(t, words(page.find("v3")), "el programa", "the host's own code")
	assert.Contains(t, words(page.find("v3")), "Vale ahora")
	assert.Contains(t, words(page.find("v1")), "se creó la cuenta")
	assert.Equal(t, "/desk/channels/"+b.account.ID().String()+"/history", b.get(b.channel()).leads(b.channel()+"/history"))
	assert.Contains(t, b.get(b.channel()).text, "/history", "the settings lead there")

	done := b.post(b.channel()+"/history", undo)
	require.Equal(t, http.StatusOK, done.status)
	assert.Contains(t, words(done.find("toasts")), "Se deshicieron 2 cambios.")
	first, err := b.account.Saves().Config(t.Context(), 1)
	require.NoError(t, err)
	now, version, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, chatcfg.Version(4), version)
	assert.Equal(t, first.Chat.HeaderMessage, now.Chat.HeaderMessage)
	assert.Equal(t, first.Quality.SLA, now.Quality.SLA)
	saves, err := b.account.Saves().List(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "ana", string(saves[0].By))
	page, undo = b.history("2")
	assert.Contains(t, words(page.find("v2")), "deshecho")
	assert.Empty(t, undo["setting"])

	// Undoing the undoing, of one setting only.
	b.post(b.channel()+"/history", url.Values{"version": {"4"}, "setting": {"chat.headerMessage"}})
	now, _, err = b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Hola, <b>qué tal</b>", now.Chat.HeaderMessage.Any)
	assert.Equal(t, first.Quality.SLA, now.Quality.SLA)
}

// TestUndoConflict: a setting that was changed again since then stays as it is, and the page
// names it; what is no save or no setting changes nothing.
func TestUndoConflict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) {
		c.Chat.HeaderMessage = chatcfg.Words{Any: "uno"}
		c.Chat.Sound = !c.Chat.Sound
	})
	b.config(func(c *chatcfg.Config) { c.Chat.HeaderMessage = chatcfg.Words{Any: "dos"} })
	before, _, err := b.account.Config(t.Context())
	require.NoError(t, err)
	page, undo := b.history("2")
	assert.Contains(t, words(page.find("v2")), "cambió después")
	assert.Equal(t, []string{"chat.sound"}, undo["setting"], "the other one is not offered")
	for name, bad := range map[string]struct {
		form url.Values
		want int
	}{
		"no version":  {url.Values{"version": {"x"}, "setting": {"chat.sound"}}, http.StatusBadRequest},
		"creation":    {url.Values{"version": {"1"}, "setting": {"chat.sound"}}, http.StatusBadRequest},
		"none yet":    {url.Values{"version": {"9"}, "setting": {"chat.sound"}}, http.StatusNotFound},
		"no setting":  {url.Values{"version": {"2"}, "setting": {"chat.nothing", "", "chat"}}, http.StatusOK},
		"other's":     {url.Values{"version": {"3"}, "setting": {"chat.sound"}}, http.StatusOK},
		"none ticked": {url.Values{"version": {"2"}}, http.StatusOK},
	} {
		assert.Equal(t, bad.want, b.post(b.channel()+"/history", bad.form).status, name)
	}
	now, version, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, now)
	assert.Equal(t, chatcfg.Version(3), version)

	undo.Add("setting", "chat.headerMessage") // of a page from before
	says := words(b.post(b.channel()+"/history", undo).find("toasts"))
	assert.Contains(t, says, "Se deshizo un cambio.")
	assert.Contains(t, says, "Mensaje de cabecera de conversación")
	now, _, err = b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "dos", now.Chat.HeaderMessage.Any)
	assert.NotEqual(t, before.Chat.Sound, now.Chat.Sound)
}

// TestUndoProblems: what would be no valid configuration any more is not saved, and its problems
// are told.
func TestUndoProblems(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) { c.Chat.ExtraDomains = []string{"otra.cl"} })
	b.config(func(c *chatcfg.Config) { c.Chat.Domain = "nueva.cl" })
	b.config(func(c *chatcfg.Config) {
		c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "a@tienda.cl"}
	})
	b.config(func(c *chatcfg.Config) { c.Chat.ContactForm.Email.Enabled = false })
	b.config(func(c *chatcfg.Config) { c.Chat.ContactForm.Email.Address = "" })
	before, version, err := b.account.Config(t.Context())
	require.NoError(t, err)
	page := b.post(b.channel()+"/history", url.Values{"version": {"5"}, "setting": {"chat.contactForm.email.enabled"}})
	assert.Equal(t, http.StatusUnprocessableEntity, page.status)
	assert.Contains(t, page.text, "No se deshizo nada.")
	now, still, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, now)
	assert.Equal(t, version, still)
}

// TestHistoryPages: twenty saves a page, to the first; a deleted account's is read and not undone.
func TestHistoryPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 30 {
		b.config(func(c *chatcfg.Config) { c.Chat.Sound = !c.Chat.Sound })
	}
	page, _ := b.history("31")
	assert.NotNil(t, page.find("v31"))
	assert.NotNil(t, page.find("v12"))
	assert.Nil(t, page.find("v11"))
	page = b.get(b.channel() + "/history?before=12")
	assert.Nil(t, page.find("v12"))
	assert.NotNil(t, page.find("v1"))
	for _, odd := range []string{"x", "-1", "99999999999999999999"} {
		assert.Equal(t, http.StatusOK, b.get(b.channel()+"/history?before="+odd).status, odd)
	}
	require.NoError(t, b.account.Delete(t.Context(), "Tienda"))
	page, undo := b.history("31")
	assert.NotNil(t, page.find("v31"))
	assert.Empty(t, undo["setting"])
	assert.Equal(t, http.StatusGone, b.post(b.channel()+"/history", url.Values{"version": {"31"}, "setting": {"chat.sound"}}).status)
	b.people.set("ana", console.Person{ID: "ana", Role: console.RoleSupervisor, AllAccounts: true})
	assert.Equal(t, http.StatusForbidden, b.get(b.channel()+"/history").status)
}
