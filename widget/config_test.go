package widget_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestConfig: section 6: what the widget is told, off and on.
func TestConfig(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) {
		c.Chat.PrimaryColor, c.Chat.TextColor = "#1d4ed8", "#fff"
		c.Chat.IdentificationMessage.Any, c.Chat.HeaderMessage.Any = "¿Quién eres?", "Ya vamos"
	}, func(o *widget.Options) { o.Logins = []widget.Login{fakeLogin{"google"}} })
	got := s.do(request{path: "config"})
	require.Equal(t, http.StatusOK, got.status)
	assert.JSONEq(t, `{"name": "Tienda", "locale": "es", "speaks": "", "available": false, "form": false,
		"primaryColor": "#1d4ed8", "textColor": "#fff", "accent": {"light": "#1d4ed8", "dark": "#6183e4"}, "visitorEnds": false, "position": "right", "sound": false, "company": false,
		"entry": {"anonymous": false, "email": false, "rut": false, "phone": false, "form": true, "providers": []},
		"notification": {"reply": false, "count": 1},
		"identificationMessage": "¿Quién eres?", "headerMessage": "Ya vamos"}`, string(got.body))
	assert.Equal(t, "private, no-cache", got.header.Get("Cache-Control"))

	tag := got.header.Get("ETag")
	assert.Regexp(t, `^"[0-9a-f]{24}"$`, tag)
	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		same := s.do(request{path: "config", header: http.Header{"If-None-Match": {known}}})
		assert.Equal(t, http.StatusNotModified, same.status, known)
		assert.Empty(t, same.body)
		assert.Equal(t, s.origin, same.header.Get("Access-Control-Allow-Origin"))
	}

	picture, logo := png(t, 64), png(t, 200)
	require.NoError(t, s.account.SetImage(t.Context(), charla.ImagePicture, picture))
	require.NoError(t, s.account.SetImage(t.Context(), charla.ImageLogo, logo))
	s.online("online")
	s.save(func(c *chatcfg.Config) {
		chat := &c.Chat
		chat.Position, chat.Sound, chat.WriteAsCompany = chatcfg.Left, true, true
		chat.LongButton = chatcfg.LongButton{Enabled: true, Text: chatcfg.Words{Any: "Escríbenos"}}
		chat.EmailAsIdentifier, chat.AskRUT, chat.AskPhone = true, true, true
		chat.Google.Enabled, chat.Facebook.Enabled, chat.Google.Only = true, true, true
		chat.OpenOnLoad = chatcfg.OpenOnLoad{Enabled: true, DelaySeconds: 3, Devices: chatcfg.Desktop}
		chat.Notification = chatcfg.Notification{Reply: true, Count: 3}
		chat.Welcome = chatcfg.Welcome{Enabled: true, DelaySeconds: 2, RepeatMinutes: 60, Existing: true, Devices: chatcfg.Mobile, Text: chatcfg.Words{Any: "¡Hola!"}, Author: "Ana"}
		chat.ContactForm = chatcfg.ContactForm{
			Enabled: true, Mailbox: chatcfg.FormMailbox{Enabled: true, ID: "m1"},
			Title: chatcfg.Words{Any: "T"}, Description: chatcfg.Words{Any: "D"}, Success: chatcfg.Words{Any: "S"}, Error: chatcfg.Words{Any: "E"},
		}
		chat.Locale = chatcfg.Auto
	})
	got = s.do(request{path: "config?lang=pt-BR", header: http.Header{"If-None-Match": {tag}, "Accept-Language": {"en"}}})
	require.Equal(t, http.StatusOK, got.status)
	var c struct{ Picture, Logo string }
	got.into(t, &c)
	assert.JSONEq(t, `{"name": "Tienda", "locale": "pt", "speaks": "pt", "available": true, "form": false,
		"picture": "`+c.Picture+`", "logo": "`+c.Logo+`", "longButton": "Escríbenos",
		"primaryColor": "#1d4ed8", "textColor": "#fff", "accent": {"light": "#1d4ed8", "dark": "#6183e4"}, "visitorEnds": false, "position": "left", "sound": true, "company": true,
		"entry": {"anonymous": false, "email": true, "rut": true, "phone": true, "form": false, "providers": ["google"]},
		"openOnLoad": {"delaySeconds": 3, "devices": "desktop"}, "notification": {"reply": true, "count": 3},
		"welcome": {"delaySeconds": 2, "repeatMinutes": 60, "existing": true, "devices": "mobile", "text": "¡Hola!", "author": "Ana"},
		"contact": {"title": "T", "description": "D", "success": "S", "error": "E"},
		"identificationMessage": "¿Quién eres?", "headerMessage": "Ya vamos"}`, string(got.body))

	for path, body := range map[string][]byte{c.Picture: picture, c.Logo: logo} {
		require.True(t, strings.HasPrefix(path, "v1/"+s.account.key+"/"), path)
		got := s.do(request{path: "/" + path, origin: "-"})
		assert.Equal(t, http.StatusOK, got.status)
		assert.Equal(t, body, got.body)
		assert.Equal(t, "image/png", got.header.Get("Content-Type"))
		assert.Contains(t, got.header.Get("Cache-Control"), "immutable")
		assert.Equal(t, "cross-origin", got.header.Get("Cross-Origin-Resource-Policy"))
		old := s.do(request{path: "/" + path + "0", origin: "-"})
		assert.NotContains(t, old.header.Get("Cache-Control"), "immutable", "another version's address")
		head := s.do(request{method: "HEAD", path: "/" + path, origin: "-", header: http.Header{"If-None-Match": {got.header.Get("ETag")}}})
		assert.Equal(t, http.StatusNotModified, head.status)
	}

	require.NoError(t, s.account.SetImage(t.Context(), charla.ImagePicture, nil))
	assert.Equal(t, http.StatusNotFound, s.do(request{path: "picture"}).status)

	s.save(func(c *chatcfg.Config) { c.Chat.Hidden = true })
	got = s.do(request{path: "config"})
	assert.JSONEq(t, `{"hidden": true}`, string(got.body), "a hidden chat says nothing else")
}

// TestForm: R6.2: who gets the contact form is the server's to say, at each step.
func TestForm(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) {
		c.Chat.ContactForm.Enabled = true
		c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "agents@tienda.cl"}
	}, nil)
	says := func(path, token string) (form bool) {
		var c struct{ Form, Ongoing bool }
		s.do(request{path: path, token: token}).into(t, &c)
		return c.Form
	}
	v := s.enter("carla")
	write := func() answer {
		return s.do(request{method: "POST", path: "messages", token: v.token, body: `{"key":"a","text":"hola"}`})
	}
	assert.True(t, says("config", ""))
	assert.True(t, says("session", v.token))
	got := write()
	assert.Equal(t, http.StatusConflict, got.status)
	assert.Equal(t, "contact_form", got.code())

	send := request{method: "POST", path: "contact", token: v.token, body: map[string]string{
		"key": "f1", "name": "Carla", "email": "carla@example.com", "phone": "+56 9 1234 5678", "text": "¿Abren hoy?",
	}}
	got = s.do(send)
	assert.Equal(t, http.StatusCreated, got.status, "%s", got.body)
	assert.JSONEq(t, `{}`, string(got.body))
	assert.Equal(t, http.StatusCreated, s.do(send).status, "R8.1: the same again")
	list, err := s.account.Inbox().Contacts(t.Context(), charla.PageQuery{})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	assert.Equal(t, v.session.ID, list.Items[0].Session)
	send.body.(map[string]string)["text"] = "otra"
	assert.Equal(t, "key_reused", s.do(send).code())
	got = s.do(request{method: "POST", path: "contact", body: map[string]string{"key": "f2", "email": "x", "text": " "}})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	var e struct {
		Error struct {
			Problems []struct{ Path, Code, Message string }
		}
	}
	got.into(t, &e)
	assert.Len(t, e.Error.Problems, 2)
	assert.Equal(t, "request", s.do(request{method: "POST", path: "contact", body: `{"email":"x@example.com","text":"a"}`}).code(), "without a key")

	s.online("online")
	assert.False(t, says("config", ""))
	assert.False(t, says("session", v.token))
	assert.Equal(t, "available", s.do(request{method: "POST", path: "contact", body: map[string]string{"key": "f3", "email": "x@example.com", "text": "a"}}).code())
	assert.Equal(t, http.StatusCreated, write().status)
	s.online("offline")
	assert.True(t, says("config", ""))
	assert.False(t, says("session", v.token), "an ongoing conversation goes on")
	got = s.do(request{method: "POST", path: "messages", token: v.token, body: `{"key":"b","text":"¿sigues?"}`})
	assert.Equal(t, http.StatusCreated, got.status)
	s.save(func(c *chatcfg.Config) { c.Chat.ContactForm.Enabled = false })
	assert.Equal(t, "not_found", s.do(request{method: "POST", path: "contact", body: map[string]string{"key": "f4", "email": "x@example.com", "text": "a"}}).code())
}

// TestEntry: R6.3, R6.4, R7.1, R7.3: who may start is checked here, and why not
// is said in the account's language (R6.9).
func TestEntry(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	identity := func(mutate func(string) string) string {
		jwt, err := charla.SignIdentity(s.secret, s.account.ID(), charla.Proof{Subject: "42", Name: "Carla"}, s.desk.Now(), charla.MaxIdentity)
		require.NoError(t, err)
		return mutate(jwt)
	}
	start := func(body any) answer { return s.do(request{method: "POST", path: "sessions", body: body}) }
	level := func(a answer) string {
		var b struct{ Session struct{ Level string } }
		a.into(t, &b)
		return b.Session.Level
	}
	got := start(map[string]string{"identity": identity(func(s string) string { return s })})
	require.Equal(t, http.StatusCreated, got.status)
	assert.Equal(t, "verified", level(got))
	for name, body := range map[string]any{
		"changed":          map[string]string{"identity": identity(func(s string) string { return s[:len(s)-3] + "AAA" })},
		"unsigned":         map[string]string{"identity": identity(func(s string) string { return s[:strings.LastIndexByte(s, '.')+1] })},
		"a word":           map[string]string{"identity": "carla"},
		"with a claim":     map[string]string{"identity": "x", "name": "Carla", "email": "carla@example.com"},
		"a login unknown":  map[string]string{"login": "x", "nonce": "y"},
		"a login alone":    map[string]string{"login": "x", "name": "Carla"},
		"a nonce alone":    map[string]string{"nonce": "x", "name": "Carla"},
		"without anything": map[string]string{},
		"anonymous":        map[string]any{"anonymous": true},
		"a wrong e-mail":   map[string]string{"name": "Carla", "email": "x@localhost"},
		"a wrong RUT":      map[string]string{"name": "Carla", "rut": "12345678-0"},
	} {
		got := start(body)
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, name)
		assert.Equal(t, "invalid", got.code(), name)
		assert.Contains(t, string(got.body), "Revisa lo que escribiste", name)
	}
	for name, body := range map[string]string{
		"null":    `{"identity":null,"name":"Carla"}`,
		"a list":  `{"identity":[],"name":"Carla"}`,
		"false":   `{"identity":false,"name":"Carla"}`,
		"two":     `{"identity":"x","login":"y","nonce":"z"}`,
		"a level": `{"name":"Carla","level":"verified"}`,
	} {
		assert.Equal(t, "request", start(body).code(), name)
	}
	assert.Equal(t, "claimed", level(start(`{"identity":"","name":"Carla"}`)), "blank is none")

	s.save(func(c *chatcfg.Config) { c.Chat.Anonymous, c.Chat.Locale = true, chatcfg.Auto })
	assert.Equal(t, "anonymous", level(start(`{"anonymous":true}`)))
	s.save(func(c *chatcfg.Config) { c.Chat.Anonymous, c.Chat.EmailAsIdentifier, c.Chat.AskRUT = false, true, true })
	got = s.do(request{method: "POST", path: "sessions?lang=en", body: `{"name":"Carla"}`})
	assert.Equal(t, http.StatusUnprocessableEntity, got.status)
	for _, want := range []string{`"path":"email"`, `"path":"rut"`, `"code":"required"`, "Check what you typed"} {
		assert.Contains(t, string(got.body), want)
	}
}

// R6.3: where only social logins may enter and the host has none of them, the chat says
// so in the visitor's language, in place of a page without a way in.
func TestNobodyEnters(t *testing.T) {
	t.Parallel()
	only := func(c *chatcfg.Config) {
		c.Chat.Locale = chatcfg.Auto
		c.Chat.IdentificationMessage.Any = "¿Quién eres?"
		c.Chat.Facebook = chatcfg.Social{Enabled: true, Only: true}
	}
	for provider, want := range map[string]string{"google": "Nobody can enter this chat for now.", "facebook": "¿Quién eres?"} {
		s := setup(t, only, func(o *widget.Options) { o.Logins = []widget.Login{fakeLogin{provider}} })
		var c struct{ IdentificationMessage string }
		s.do(request{path: "config?lang=en"}).into(t, &c)
		assert.Equal(t, want, c.IdentificationMessage)
	}
}
