package console_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rich and other are configurations that differ in every setting but two, which
// the test changes by hand; each setting of the other may stand in the first one.
const rich = `{
  "quality": {"sla": {"value": 5, "unit": "minutes"}, "clock": "wall"},
  "automation": {
    "autoClose": {"enabled": true, "after": {"value": 2, "unit": "hours"}, "clock": "wall"},
    "reminders": {"enabled": true, "steps": [{"after": {"value": 10, "unit": "seconds"}, "messages": ["¿Sigues ahí?", {"es": "Hola", "pt": "Olá"}]}, {"after": {"value": 1, "unit": "minutes"}, "messages": ["Cerraremos\nluego"]}]},
    "newCustomer": {"enabled": true, "messages": ["Hola"]}, "noAgents": {"enabled": true, "messages": [{"es": "Nadie", "pt": "Ninguém"}, "Ninguno"]},
    "outOfHours": {"enabled": true, "messages": ["Cerrado\nhasta {nextOpen}"]}, "ticketCreated": {"enabled": true, "messages": ["\nTicket"]},
    "manualClose": {"enabled": true, "messages": ["Adiós", "Chao", "Hasta luego"]}, "automaticClose": {"enabled": true, "messages": [" Fin "]},
    "combine": "all"},
  "general": {"important": {"enabled": true, "keywords": ["reclamo", "muy mal", "hola, mundo"]}, "notify": {"tickets": "all", "to": ["a@b.cl", "c@d.cl"]},
    "createIgnored": true, "assignment": {"onReply": true}, "categories": ["Reclamo", "Venta/Cotización"], "bot": {"enabled": true, "timeout": {"value": 20, "unit": "seconds"}}, "reopenWindow": {"value": 3, "unit": "days"}},
  "hours": {"timezone": "America/Santiago", "weekly": [{"day": "friday", "open": "20:00", "close": "02:00"}, {"day": "monday", "open": "09:00", "close": "13:00"},
    {"day": "monday", "open": "14:00", "close": "24:00"}], "exceptions": [{"date": "2026-09-18", "closed": true}, {"date": "2026-09-19", "open": "10:00", "close": "12:00"},
    {"yearly": "12-25", "closed": true}, {"from": "2026-12-24", "to": "2027-01-02", "open": "10:00", "close": "12:00"}]},
  "chat": {"name": "Tienda", "hidden": true, "domain": "tienda.cl", "extraDomains": ["*.tienda.cl", "otra.cl"],
    "contactForm": {"enabled": true, "email": {"enabled": true, "address": "x@y.cl"}, "mailbox": {"enabled": true, "id": "ventas"},
      "title": "T", "description": "D", "success": "S", "error": "E"},
    "sound": true, "primaryColor": "#123", "textColor": "#ffffff", "position": "left", "longButton": {"enabled": true, "text": "Hola"},
    "writeAsCompany": true, "facebook": {"enabled": true, "only": false}, "google": {"enabled": true, "only": false}, "anonymous": false,
    "visitorEnds": true, "rating": {"enabled": true, "scale": "thumbs", "question": "Q", "thanks": "T", "comment": true, "reasons": ["automatic", "customer"]},
    "emailAsIdentifier": true, "askRUT": true, "askPhone": true, "openOnLoad": {"enabled": true, "delaySeconds": 3, "devices": "mobile"},
    "notification": {"reply": true, "count": 3}, "welcome": {"enabled": true, "delaySeconds": 1, "repeatMinutes": 2, "existing": true, "devices": "desktop", "text": "Hola\n\nadiós", "author": "Ana"},
    "identificationMessage": "I", "headerMessage": "H", "locale": "pt"}}`

const other = `{
  "quality": {"sla": {"value": 7, "unit": "days"}, "clock": "business"},
  "automation": {
    "autoClose": {"enabled": false, "after": {"value": 61, "unit": "seconds"}, "clock": "business"},
    "reminders": {"enabled": false, "steps": [{"after": {"value": 11, "unit": "seconds"}, "messages": ["Otro"]}]},
    "newCustomer": {"enabled": false, "messages": ["Hola", "Buenas"]}, "noAgents": {"enabled": false, "messages": ["Nadie"]},
    "outOfHours": {"enabled": false, "messages": ["Cerrado"]}, "ticketCreated": {"enabled": false, "messages": ["Otro", "más", "uno"]},
    "manualClose": {"enabled": false, "messages": ["Adiós"]}, "automaticClose": {"enabled": false, "messages": ["Fin", "Fin de verdad"]},
    "combine": "first"},
  "general": {"important": {"enabled": false, "keywords": ["otro"]}, "notify": {"tickets": "important", "to": ["c@d.cl"]},
    "createIgnored": false, "assignment": {"onReply": false}, "categories": ["Otra"], "bot": {"enabled": false, "timeout": {"value": 1, "unit": "minutes"}}, "reopenWindow": null},
  "hours": {"timezone": "Europe/Madrid", "weekly": [{"day": "sunday", "open": "10:00", "close": "13:00"}], "exceptions": []},
  "chat": {"name": "Otra", "hidden": false, "domain": "otra.cl:8080", "extraDomains": [],
    "contactForm": {"enabled": false, "email": {"enabled": false, "address": "z@y.cl"}, "mailbox": {"enabled": false, "id": "otra"},
      "title": "T2", "description": "D2", "success": "S2", "error": "E2"},
    "sound": false, "primaryColor": "#222222", "textColor": "#eee", "position": "right", "longButton": {"enabled": false, "text": "Chao"},
    "writeAsCompany": false, "facebook": {"enabled": false, "only": true}, "google": {"enabled": true, "only": true}, "anonymous": false,
    "visitorEnds": false, "rating": {"enabled": false, "scale": "stars", "question": "Q2", "thanks": "T2", "comment": false, "reasons": ["manual"]},
    "emailAsIdentifier": false, "askRUT": false, "askPhone": false, "openOnLoad": {"enabled": false, "delaySeconds": 0, "devices": "desktop"},
    "notification": {"reply": false, "count": 1}, "welcome": {"enabled": false, "delaySeconds": 0, "repeatMinutes": 5, "existing": false, "devices": "all", "text": "Otra", "author": ""},
    "identificationMessage": "I2", "headerMessage": "H2", "locale": "auto"}}`

// R5.1: words, addresses and hosts may stand on one line, separated by commas.
func TestCommas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	form.Set("general.important.keywords", "reclamo, urgente\r\n\"hola, mundo\"")
	form.Set("general.notify.to", "ana@tienda.cl, luis@tienda.cl; eva@tienda.cl")
	form.Set("chat.extraDomains", "otra.cl,*.otra.cl")
	answer := b.post(b.channel(), form)
	require.Equal(t, http.StatusOK, answer.status, words(answer.find("main")))
	cfg, _, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"reclamo", "urgente", "hola, mundo"}, cfg.General.Important.Keywords)
	assert.Equal(t, []string{"ana@tienda.cl", "luis@tienda.cl", "eva@tienda.cl"}, cfg.General.Notify.To)
	assert.Equal(t, []string{"otra.cl", "*.otra.cl"}, cfg.Chat.ExtraDomains)
}

// leaves are the settings of a document by path: whatever is no object, and
// durations. It walks the document itself, not the site's idea of it.
func leaves(t *testing.T, doc []byte) map[string]any {
	t.Helper()
	var root any
	require.NoError(t, json.Unmarshal(doc, &root))
	all := map[string]any{}
	var walk func(string, any)
	walk = func(path string, value any) {
		object, ok := value.(map[string]any)
		if _, duration := object["unit"]; !ok || duration {
			all[path] = value
			return
		}
		for key, inner := range object {
			walk(strings.TrimPrefix(path+"."+key, "."), inner)
		}
	}
	walk("", root)
	return all
}

func documentOf(t *testing.T, cfg chatcfg.Config) []byte {
	t.Helper()
	doc, err := json.Marshal(cfg)
	require.NoError(t, err)
	return doc
}

func decode(t *testing.T, doc string) chatcfg.Config {
	t.Helper()
	cfg, err := chatcfg.Decode([]byte(doc))
	require.NoError(t, err)
	cfg = cfg.Normalize()
	require.NoError(t, cfg.Validate())
	return cfg
}

// of says whether a form's value belongs to a setting.
func of(name, path string) bool {
	rest, ok := strings.CutPrefix(name, path)
	return ok && (rest == "" || rest[0] == '[' || rest == ".value" || rest == ".unit")
}

// TestEverySetting: R1.4, SPEC section 10: each setting of the configuration
// document has its field on the page, which shows it, changes it and changes
// nothing else.
func TestEverySetting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := decode(t, rich), decode(t, other)
	first, second := leaves(t, documentOf(t, one)), leaves(t, documentOf(t, two))
	require.Equal(t, len(leaves(t, documentOf(t, chatcfg.Default(chatcfg.Spanish)))), len(first))

	b.config(func(c *chatcfg.Config) { *c = two })
	theirs := b.get(b.channel()).form("config")
	// Together with the other's "only" these two would not be valid.
	second["chat.google.enabled"], second["chat.anonymous"] = false, true
	theirs.Del("chat.google.enabled")
	theirs.Set("chat.anonymous", "on")
	b.config(func(c *chatcfg.Config) { *c = one })
	for path, value := range first {
		require.NotEqual(t, value, second[path], "%s is the same in both", path)
		mine := b.get(b.channel()).form("config")
		found := false
		for name := range mine {
			if of(name, path) {
				found = true
				delete(mine, name)
			}
		}
		for name, values := range theirs {
			if of(name, path) {
				found = true
				mine[name] = values
			}
		}
		require.True(t, found, "%s has no field on the page", path)
		answer := b.post(b.channel(), mine)
		require.Equal(t, http.StatusOK, answer.status, "%s: %s", path, words(answer.find("main")))
		cfg, _, err := b.account.Config(t.Context())
		require.NoError(t, err)
		for at, got := range leaves(t, documentOf(t, cfg)) {
			want := first[at]
			if at == path {
				want = second[at]
			}
			require.Equal(t, want, got, "%s after changing %s", at, path)
		}
		b.config(func(c *chatcfg.Config) { *c = one })
	}
}

// TestSaveUnchanged: saving the page as it is changes nothing, and says so.
func TestSaveUnchanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, doc := range []string{rich, other, `{"chat": {"name": "Tienda", "domain": "tienda.cl", "headerMessage": {"es": "H", "pt": "P"}}}`, `{"chat": {"name": "Tienda", "domain": "tienda.cl"}}`} {
		want := decode(t, doc)
		b.config(func(c *chatcfg.Config) { *c = want })
		answer := b.post(b.channel(), b.get(b.channel()).form("config"))
		assert.Equal(t, http.StatusOK, answer.status)
		assert.Contains(t, words(answer.find("toasts")), "No había cambios")
		got, _, err := b.account.Config(t.Context())
		require.NoError(t, err)
		assert.Equal(t, string(documentOf(t, want)), string(documentOf(t, got)))
	}
}

// TestByLanguage: R6.9: each text has a box for every language, and one for each;
// a language that is emptied is taken back.
func TestByLanguage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	saved := func(change func(url.Values)) chatcfg.Config {
		t.Helper()
		form := b.get(b.channel()).form("config")
		change(form)
		answer := b.post(b.channel(), form)
		require.Equal(t, http.StatusOK, answer.status, words(answer.find("main")))
		cfg, _, err := b.account.Config(t.Context())
		require.NoError(t, err)
		return cfg
	}
	cfg := saved(func(f url.Values) {
		f.Set("chat.headerMessage", "para todos")
		f.Set("automation.noAgents.messages[0]", "Nadie")
		f.Set("automation.noAgents.messages[0].pt", "Ninguém")
	})
	assert.Equal(t, chatcfg.Words{Any: "para todos"}, cfg.Chat.HeaderMessage)
	assert.Equal(t, []chatcfg.Words{{ES: "Nadie", EN: "Nadie", PT: "Ninguém"}}, cfg.Automation.NoAgents.Messages)
	cfg = saved(func(f url.Values) {
		f.Set("chat.headerMessage", "")
		f.Set("chat.headerMessage.es", "H")
		f.Set("chat.headerMessage.pt", "P")
	})
	assert.Equal(t, chatcfg.Words{ES: "H", PT: "P"}, cfg.Chat.HeaderMessage)
	cfg = saved(func(f url.Values) { f.Set("chat.headerMessage.es", "") })
	assert.Equal(t, chatcfg.Words{PT: "P"}, cfg.Chat.HeaderMessage)
	form := b.get(b.channel()).form("config")
	form.Set("chat.headerMessage.pt", strings.Repeat("x", chatcfg.MaxNote+1))
	answer := b.post(b.channel(), form)
	assert.Equal(t, http.StatusUnprocessableEntity, answer.status)
	assert.NotEmpty(t, words(answer.find("f-chat-headerMessage-pt-say")), "the problem is at its language")
	cfg = saved(func(f url.Values) { f.Set("chat.headerMessage.pt", "") })
	assert.True(t, cfg.Chat.HeaderMessage.IsZero())
}

// TestProblems: R1.4: every problem at once, each at its field, in the reader's
// language; what was typed stays on the page, what was saved in the store.
func TestProblems(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := decode(t, rich)
	b.config(func(c *chatcfg.Config) { *c = one })
	form := b.get(b.channel()).form("config")
	bad := map[string]string{
		"quality.sla.value":                  "pronto",
		"automation.autoClose.after.value":   "99999999999999999999",
		"automation.newCustomer.messages[0]": "Hola {nadie}",
		"automation.manualClose.messages[1]": "  ",
		"general.important.keywords":         "bien\r\n*\r\notra",
		"general.notify.to":                  "no es un correo",
		"hours.timezone":                     "Marte/Base",
		"hours.weekly[1].close":              "25:00",
		"hours.exceptions[0].date":           "18 de septiembre",
		"chat.name":                          "",
		"chat.primaryColor":                  "rojo",
		"chat.openOnLoad.delaySeconds":       "-1",
		"chat.contactForm.email.address":     "x@",
		"chat.welcome.text":                  "",
		"chat.extraDomains":                  "exa mple",
		"chat.identificationMessage":         strings.Repeat("x", 501),
		"chat.locale":                        "xx",
		"automation.combine":                 "",
	}
	for name, value := range bad {
		require.True(t, form.Has(name), name)
		form.Set(name, value)
	}
	form.Del("chat.google.enabled")
	answer := b.post(b.channel(), form)
	assert.Equal(t, http.StatusUnprocessableEntity, answer.status)
	assert.Contains(t, words(answer.find("main")), "No se guardó nada")
	assert.Contains(t, words(answer.find("main")), "Respuesta automática ante cierre manual de ticket · Mensajes")
	kept := answer.form("config")
	for name, value := range bad {
		switch name {
		case "automation.manualClose.messages[1]", "chat.locale", "automation.combine": // a choice that is none cannot be shown
		default:
			assert.Equal(t, value, kept.Get(name), name)
		}
		field := strings.TrimSuffix(name, ".value")
		id := "f-" + strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(field)
		note := answer.find(id + "-say")
		require.NotNil(t, note, "no problem at %s", name)
		assert.NotEmpty(t, words(note))
		input := answer.find(id)
		require.NotNil(t, input, id)
		if input.Data == "input" || input.Data == "textarea" || input.Data == "select" {
			assert.Equal(t, "true", attr(input, "aria-invalid"), name)
			assert.Equal(t, id+"-say", attr(input, "aria-describedby"), name)
		}
	}
	assert.False(t, kept.Has("chat.google.enabled"), "what was switched off stays so")
	now, _, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, one, now)

	b.post("/desk/preferences", url.Values{"lang": {"en"}})
	assert.Contains(t, words(b.post(b.channel(), form).find("f-chat-primaryColor-say")), "A colour is written")
}

// TestWarnings: R6.7: what is legal but doubtful is said at its place.
func TestWarnings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	form.Set("chat.emailAsIdentifier", "on")
	form.Set("chat.textColor", "#1d4ed9")
	answer := b.post(b.channel(), form)
	assert.Equal(t, http.StatusOK, answer.status)
	assert.Contains(t, words(answer.find("toasts")), "Hay advertencias: 2")
	assert.NotEmpty(t, words(answer.find("f-chat-emailAsIdentifier-say")))
	assert.NotEmpty(t, words(answer.find("f-chat-textColor-say")))
	assert.Empty(t, attr(answer.find("f-chat-textColor"), "aria-invalid"))
}

// TestStale: R1.4: a save on an old version says so and keeps what was typed; the
// one after it wins.
func TestStale(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	b.config(func(c *chatcfg.Config) { c.Chat.HeaderMessage.Any = "de otra persona" })
	form.Set("chat.headerMessage", "mío")
	form.Set("chat.sound", "on")
	answer := b.post(b.channel(), form)
	assert.Equal(t, http.StatusConflict, answer.status)
	text := words(answer.find("main"))
	assert.Contains(t, text, "Otra persona guardó la versión 2")
	assert.Contains(t, text, "Mensaje de cabecera de conversación")
	again := answer.form("config")
	assert.Equal(t, "mío", again.Get("chat.headerMessage"))
	assert.True(t, again.Has("chat.sound"))
	cfg, _, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "de otra persona", cfg.Chat.HeaderMessage.Any)
	assert.Equal(t, http.StatusOK, b.post(b.channel(), again).status)
	cfg, _, err = b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "mío", cfg.Chat.HeaderMessage.Any)
}

// TestRepeatedSave: R8.1: a form that is sent twice is saved once.
func TestRepeatedSave(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	form.Set("chat.headerMessage", "una vez")
	for range 2 {
		assert.Equal(t, http.StatusOK, b.post(b.channel(), form).status)
	}
	_, version, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, chatcfg.Version(2), version)
}

// TestManyRows: more rows than a page has, out of order and with gaps.
func TestManyRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	form := b.get(b.channel()).form("config")
	form.Set("hours.timezone", "UTC")
	for i, times := range map[string][3]string{"40": {"tuesday", "01:00", "02:00"}, "7": {"monday", "03:00", "04:00"}, "12": {"monday", "", ""}, "99999": {"monday", "05:00", "06:00"}} {
		form.Set("hours.weekly["+i+"].day", times[0])
		form.Set("hours.weekly["+i+"].open", times[1])
		form.Set("hours.weekly["+i+"].close", times[2])
	}
	answer := b.post(b.channel(), form)
	require.Equal(t, http.StatusOK, answer.status, words(answer.find("main")))
	cfg, _, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []chatcfg.Interval{{Day: "monday", Open: "03:00", Close: "04:00"}, {Day: "tuesday", Open: "01:00", Close: "02:00"}}, cfg.Hours.Weekly)
}
