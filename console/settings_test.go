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
	"golang.org/x/net/html"
)

// TestSettingsMenu: the menu leads to every section and every group of settings, and what
// installs the chat comes first.
func TestSettingsMenu(t *testing.T) {
	t.Parallel()
	b := setupOn(t, charla.Options{}, &console.Options{WidgetURL: "https://chat.tienda.cl/chat/"})
	page := b.get(b.channel())
	linked := map[string]string{}
	for n := range page.find("contents").Descendants() {
		if n.Data == "a" {
			linked[attr(n, "href")] = words(n)
		}
	}
	groups := 0
	for _, section := range chatcfg.Sections() {
		assert.Equal(t, section.Label.ES, linked["#s-"+section.Key])
		groups += len(section.Groups)
	}
	assert.Len(t, linked, 1+len(chatcfg.Sections())+groups)
	for to := range linked {
		assert.NotNil(t, page.find(to[1:]), "%s leads nowhere", to)
	}
	text := page.text
	assert.Less(t, strings.Index(text, `id="snippet"`), strings.Index(text, `id="s-quality"`))
	info, err := b.account.Info(t.Context())
	require.NoError(t, err)
	assert.Equal(t, info.Key, words(page.find("public")))
	where := words(page.find("integrate"))
	assert.Contains(t, where, "páginas de: localhost:8080", "the account's domain")
	assert.Contains(t, where, "este servidor, chat.tienda.cl", "pages of the server itself show the chat, too")
}

// TestMenuMarks: the menu marks the groups in which something is wrong, and no other.
func TestMenuMarks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	form.Set("hours.weekly[2].open", "tarde")
	form.Set("automation.noAgents.messages[1].pt", "{nadie}")
	page := b.post(b.channel(), form)
	require.Equal(t, http.StatusUnprocessableEntity, page.status)
	var marked []string
	for n := range page.find("contents").Descendants() {
		if n.Data == "a" && strings.Contains(words(n), "Hay algo que ver") {
			marked = append(marked, attr(n, "href"))
		}
	}
	assert.Equal(t, []string{"#g-hours-timezone", "#g-automation-noAgents-enabled"}, marked)
}

// TestSaysWhatWasSaved: R1.4: the page after a save names what changed.
func TestSaysWhatWasSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	saved := func(change func(url.Values)) string {
		form := b.get(b.channel()).form("config")
		change(form)
		return words(b.post(b.channel(), form).find("toasts"))
	}
	assert.Equal(t, "Se guardó: Mensajes de la ventana · Mensaje de cabecera de conversación.", saved(func(f url.Values) {
		f.Set("chat.headerMessage", "otro")
	}))
	many := saved(func(f url.Values) {
		for _, path := range []string{"chat.sound", "chat.anonymous", "chat.askPhone", "chat.writeAsCompany", "chat.visitorEnds"} {
			if f.Has(path) {
				f.Del(path)
			} else {
				f.Set(path, "on")
			}
		}
	})
	assert.Contains(t, many, "Notificaciones de sonido; Escribir a nombre de la empresa;")
	assert.Contains(t, many, "y 1 más")
	form := b.get(b.channel()).form("config")
	form.Set("chat.headerMessage", "una vez")
	for range 2 { // the second says no less
		assert.Contains(t, words(b.post(b.channel(), form).find("toasts")), "guard")
	}
	for _, done := range []string{"saved", "saved.x", "saved.1.2.3.-4.99999", "saved.-1.-1.-1.-1.-1.-1.-1.-1"} {
		assert.Equal(t, http.StatusOK, b.get(b.channel()+"?done="+done).status, done)
	}
}

// TestBesideSaving: an image and a new token leave what was typed and not saved as it is, and
// save nothing of it.
func TestBesideSaving(t *testing.T) {
	t.Parallel()
	b := setup(t)
	typed := func() url.Values {
		form := b.get(b.channel()).form("config")
		form.Set("chat.headerMessage", "a medias")
		form.Set("quality.sla.value", "mucho") // what could not be saved, too
		form.Set("automation.newCustomer.enabled", "on")
		return form
	}
	kept := func(page *page) {
		t.Helper()
		form := page.form("config")
		assert.Equal(t, "a medias", form.Get("chat.headerMessage"))
		assert.Equal(t, "mucho", form.Get("quality.sla.value"))
		assert.True(t, form.Has("automation.newCustomer.enabled"))
		assert.True(t, has(page.find("config"), "data-unsaved"))
		_, version, err := b.account.Config(t.Context())
		require.NoError(t, err)
		assert.Equal(t, chatcfg.Version(1), version)
	}
	good := b.uploadWith(b.channel()+"/logo", picture(t, 200, 200), typed())
	assert.Equal(t, http.StatusOK, good.status)
	assert.Contains(t, words(good.find("toasts")), "La imagen se guardó")
	assert.Contains(t, good.text, "/logo?v=")
	kept(good)
	bad := b.uploadWith(b.channel()+"/logo", picture(t, 20, 20), typed())
	assert.Equal(t, http.StatusUnprocessableEntity, bad.status)
	assert.True(t, has(bad.find("logo"), "data-show"))
	kept(bad)
	gone := typed()
	gone.Set("remove", "1")
	kept(b.post(b.channel()+"/logo", gone))
	assert.Equal(t, http.StatusNotFound, b.get(b.channel()+"/logo").status)
	token := typed()
	token.Set("overlap", "24")
	page := b.post(b.channel()+"/secret", token)
	assert.NotEmpty(t, words(page.find("secret")))
	kept(page)
	saved := b.get(b.channel()).form("config")
	saved.Set("overlap", "24")
	assert.False(t, has(b.post(b.channel()+"/secret", saved).find("config"), "data-unsaved"))
	// The buttons that do so send the settings' form.
	for _, id := range []string{"logo", "picture", "rotate"} {
		for n := range b.get(b.channel()).find(id).Descendants() {
			if n.Type == html.ElementNode && (n.Data == "input" || n.Data == "select" || has(n, "formaction")) {
				assert.Equal(t, "config", attr(n, "form"), "%s: %s", id, n.Data)
			}
		}
	}
}

// TestTypedTimes: R3.1: times of day are taken as people type them.
func TestTypedTimes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	for typed, want := range map[[2]string][2]string{
		{"9", "18"}:                {"09:00", "18:00"},
		{"9.30", "6pm"}:            {"09:30", "18:00"},
		{"930", "1830"}:            {"09:30", "18:30"},
		{"9h", "18h30"}:            {"09:00", "18:30"},
		{"9:00 a. m.", "6 p.m."}:   {"09:00", "18:00"},
		{"9,15", "12:30 PM"}:       {"09:15", "12:30"},
		{"12am", "12 am"}:          {"00:00", "24:00"},
		{"09 hrs", "24"}:           {"09:00", "24:00"},
		{"9 horas", "11:59 p. m."}: {"09:00", "23:59"},
	} {
		form.Set("hours.timezone", "UTC")
		form.Set("hours.weekly[0].open", typed[0])
		form.Set("hours.weekly[0].close", typed[1])
		page := b.post(b.channel(), form)
		require.Equal(t, http.StatusOK, page.status, "%v: %s", typed, words(page.find("main")))
		form = page.form("config")
		cfg, _, err := b.account.Config(t.Context())
		require.NoError(t, err)
		require.Equal(t, []chatcfg.Interval{{Day: "monday", Open: want[0], Close: want[1]}}, cfg.Hours.Weekly, "%v", typed)
	}
	for _, typed := range []string{"25", "9.75", "13pm", "0am", "tarde", "9-18", "183", "9:3", "24.30", "99999", "６"} {
		form.Set("hours.weekly[0].open", typed)
		page := b.post(b.channel(), form)
		assert.Equal(t, http.StatusUnprocessableEntity, page.status, typed)
		assert.NotEmpty(t, words(page.find("f-hours-weekly-0-open-say")), typed)
	}
}

// TestClosedDays: a day without hours says that it is closed, and no placeholder looks like
// its hours.
func TestClosedDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	page := b.get(b.channel())
	days := 0
	page.each(func(n *html.Node) {
		if has(n, "data-day") {
			days++
			assert.Contains(t, words(n), "Cerrado")
		}
		assert.NotRegexp(t, `\d`, attr(n, "placeholder"))
	})
	assert.Equal(t, 7, days)
}

// TestTypedZones: a time zone is found by its country or city, in Spanish and English.
func TestTypedZones(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	for typed, want := range map[string]string{
		"Chile": "America/Santiago", "santiago": "America/Santiago", "  Chile, Santiago ": "America/Santiago", "Punta Arenas": "America/Punta_Arenas",
		"Perú": "America/Lima", "PERU": "America/Lima", "Buenos Aires": "America/Argentina/Buenos_Aires", "España": "Europe/Madrid", "spain": "Europe/Madrid",
		"São Paulo": "America/Sao_Paulo", "Japan": "Asia/Tokyo", "Tokyo (Japan)": "Asia/Tokyo", "America/Lima": "America/Lima", "EE.UU.": "America/New_York",
		"": "",
	} {
		form.Set("hours.timezone", typed)
		page := b.post(b.channel(), form)
		require.Equal(t, http.StatusOK, page.status, "%q: %s", typed, words(page.find("main")))
		form = page.form("config")
		cfg, _, err := b.account.Config(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, cfg.Hours.Timezone, typed)
	}
	form.Set("hours.timezone", "Marte")
	page := b.post(b.channel(), form)
	assert.Equal(t, http.StatusUnprocessableEntity, page.status)
	assert.Equal(t, "Marte", page.form("config").Get("hours.timezone"))
	options := 0
	for n := range page.find("zones").Descendants() {
		if n.Data == "option" {
			options++
			cfg := chatcfg.Default(chatcfg.Spanish)
			cfg.Chat.Name, cfg.Chat.Domain, cfg.Hours.Timezone = "T", "tienda.cl", attr(n, "value")
			assert.NoError(t, cfg.Validate(), "%s is a time zone", attr(n, "value"))
		}
	}
	assert.Greater(t, options, 50)
}

// TestHostLacks: what the host is not able to do is said at the settings that need it, also
// before they are switched on; of a host of which nothing is known nothing is said.
func TestHostLacks(t *testing.T) {
	t.Parallel()
	lacks := func(p *page) (list []string) {
		p.each(func(n *html.Node) {
			if strings.Contains(attr(n, "class"), "note lacks") {
				list = append(list, words(n))
			}
		})
		return list
	}
	b := setupOn(t, charla.Options{Abilities: &chatcfg.Abilities{Logins: []string{"google"}, Mailer: true}}, &console.Options{})
	assert.Equal(t, []string{"Este sistema no tiene conexión con Facebook: el botón no aparecerá."}, lacks(b.get(b.channel())))
	form := b.get(b.channel()).form("config")
	form.Set("chat.facebook.enabled", "on")
	form.Set("chat.facebook.only", "on")
	saved := b.post(b.channel(), form)
	assert.Empty(t, lacks(saved), "the warning says it")
	assert.Contains(t, words(saved.find("f-chat-facebook-enabled-say")), "no tiene conexión con Facebook")
	assert.Contains(t, words(saved.find("f-chat-facebook-only-say")), "Nadie podrá empezar una conversación")

	unknown := setup(t)
	assert.Empty(t, lacks(unknown.get(unknown.channel())))
}

// TestSaysTypification: R3.6: a typification and metadata that were saved are said to be.
func TestSaysTypification(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	for action, want := range map[string]string{"classify": "La tipificación se guardó.", "describe": "Los metadatos se guardaron."} {
		page := b.post(b.ticket(ref)+"/"+action, url.Values{"category": {"Venta"}, "name": {"Pedido"}, "value": {"77"}, "back": {strings.TrimPrefix(b.ticket(ref), "/desk") + "?view=all"}})
		require.Equal(t, http.StatusOK, page.status, words(page.find("main")))
		assert.Equal(t, want, words(page.find("toasts")))
		assert.Equal(t, "all", page.url.Query().Get("view"), "the list stays as it was")
	}
}
