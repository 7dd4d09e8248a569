package console_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// TestAnotherPersonsPage: a page that was rendered for another person than the one who is logged
// in now does nothing when it is sent. The answer shows what was typed; sent from there, it is done.
func TestAnotherPersonsPage(t *testing.T) {
	t.Parallel()
	b := team(t)
	b.people.set("bruno", console.Person{ID: "bruno", Name: "Bruno", Role: console.RoleAdministrator, AllAccounts: true})
	s, ref := b.customer("Carla", "hola")
	reply := b.ticket(ref) + "/reply"
	answer, settings := b.get(b.ticket(ref)).form(reply), b.get(b.channel()).form("config")
	answer.Set("text", "de Ana")
	settings.Set("chat.name", "Otra tienda")
	mark := answer.Get("person")
	b.client = b.browser("bruno")

	told := b.post(reply, answer)
	assert.Equal(t, http.StatusConflict, told.status)
	assert.Contains(t, words(told.find("toasts")), "Esta página era de otra persona; ahora entró Bruno. No se hizo nada")
	assert.Equal(t, "de Ana", told.form(reply).Get("text"))
	assert.NotEqual(t, mark, told.form(reply).Get("person"))
	shown := b.post(b.channel(), settings)
	assert.Equal(t, http.StatusConflict, shown.status)
	assert.Contains(t, words(shown.find("toasts")), "Esta página era de otra persona")
	assert.Equal(t, "Otra tienda", shown.form("config").Get("chat.name"))
	cfg, _, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Tienda", cfg.Chat.Name)

	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, value := range map[string]string{"text": "con archivo", "person": mark} {
		require.NoError(t, parts.WriteField(name, value))
	}
	require.NoError(t, parts.Close())
	assert.Equal(t, http.StatusConflict, b.answer(b.client.Post(b.server.URL+reply, parts.FormDataContentType(), &body)).status)
	for _, path := range []string{b.ticket(ref) + "/close", b.ticket(ref) + "/activity", "/desk/presence", "/desk/preferences"} {
		assert.Equal(t, http.StatusConflict, b.post(path, url.Values{"person": {mark}, "status": {"away"}}).status, path)
	}
	assert.Equal(t, []string{"hola"}, said(t, s))
	assert.Equal(t, http.StatusOK, b.post(reply, told.form(reply)).status)
	assert.Equal(t, []string{"hola", "de Ana"}, said(t, s))
	b.post(b.channel(), shown.form("config"))
	cfg, _, err = b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "Otra tienda", cfg.Chat.Name)
}

// TestAnotherPersonsScript: a script's request names its person in a header, also where who is
// logged in now could not do that at all; a login that changes while the body comes counts.
func TestAnotherPersonsScript(t *testing.T) {
	t.Parallel()
	b := team(t)
	_, ref := b.customer("Carla", "hola")
	var ana, bruno struct{ Mark string }
	require.NoError(t, json.Unmarshal([]byte(b.get("/desk/api/me").text), &ana))
	b.client = b.browser("bruno")
	require.NoError(t, json.Unmarshal([]byte(b.get("/desk/api/me").text), &bruno))
	api := "/desk/api/a/" + b.account.ID().String() + "/tickets/" + ref.Conversation.String() + "/1/note"
	for _, tt := range []struct {
		path, kind, body string
		status           int
	}{
		{b.ticket(ref) + "/reply", "application/x-www-form-urlencoded", "text=a", http.StatusOK},
		{b.channel(), "application/x-www-form-urlencoded", "", http.StatusForbidden},
		{api, "application/json", `{"text":"a"}`, http.StatusOK},
	} {
		for mark, want := range map[string]int{ana.Mark: http.StatusConflict, bruno.Mark: tt.status, "": tt.status} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+tt.path, strings.NewReader(tt.body))
			require.NoError(t, err)
			request.Header.Set("Content-Type", tt.kind)
			request.Header.Set("Charla-Root", "../../../../")
			request.Header.Set("Charla-Person", mark)
			answer := b.answer(b.client.Do(request))
			assert.Equal(t, want, answer.status, "%s of %q", tt.path, mark)
			if want == http.StatusConflict {
				assert.Contains(t, answer.text, `"code":"person"`, tt.path)
			}
		}
	}
	as := func(id string) {
		b.people.set("both", console.Person{ID: tickets.AgentID("p" + id), Role: console.RoleAgent, AllAccounts: true})
	}
	for _, next := range []string{"1", "2"} {
		as("1")
		b.client = b.browser("both")
		mark := b.get(b.ticket(ref)).form(b.ticket(ref) + "/reply").Get("person")
		status := b.slowly("both", b.ticket(ref)+"/close", "application/x-www-form-urlencoded", "person="+mark, "&x=y", func() { as(next) })
		assert.Equal(t, map[string]int{"1": http.StatusSeeOther, "2": http.StatusConflict}[next], status)
		b.post(b.ticket(ref)+"/open", nil)
	}
}

// TestFormsSayWhose: every form of the console's own names the person of its page.
func TestFormsSayWhose(t *testing.T) {
	t.Parallel()
	b := setupOn(t, charla.Options{}, &console.Options{Logout: "/logout"})
	_, ref := b.customer("Carla", "hola")
	seen := 0
	for _, path := range []string{b.ticket(ref), "/desk/channels", b.channel(), b.inbox(), strings.TrimSuffix(b.inbox(), "inbox") + "outbox"} {
		page := b.get(path)
		page.each(func(n *html.Node) {
			if n.Data != "form" || !strings.EqualFold(attr(n, "method"), "post") || attr(n, "action") == "/logout" {
				return
			}
			seen++
			assert.NotEmpty(t, page.form(page.leads(attr(n, "action"))).Get("person"), "%s: %s", path, attr(n, "action"))
		})
	}
	assert.Greater(t, seen, 15)
}

// TestWrongMethod: what only another method does is refused with the methods that there are; a
// number has one way to be written.
func TestWrongMethod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	api := "/desk/api/a/" + b.account.ID().String() + "/tickets/" + ref.Conversation.String()
	for _, tt := range []struct {
		method, path, allow string
		status              int
	}{
		{http.MethodPost, "/desk/inbox", "GET", 405},
		{http.MethodPost, b.inbox(), "GET", 405},
		{http.MethodPut, b.channel(), "GET POST", 405},
		{http.MethodDelete, b.channel(), "GET POST", 405},
		{http.MethodGet, b.ticket(ref) + "/close", "POST", 405},
		{http.MethodGet, api + "/1/reply", "POST", 405},
		{http.MethodPost, api + "/1", "GET", 405},
		{http.MethodPost, "/desk/api/nothing", "", 404},
		{http.MethodPut, "/desk/nothing", "", 404},
		{http.MethodHead, b.inbox(), "", 200},
		{http.MethodGet, api + "/1", "", 200},
		{http.MethodGet, api + "/01", "", 404},
		{http.MethodGet, api + "/+1", "", 404},
		{http.MethodGet, api + "/1/files/01", "", 404},
		{http.MethodGet, b.ticket(ref), "", 200},
		{http.MethodGet, strings.TrimSuffix(b.ticket(ref), "1") + "01", "", 404},
		{http.MethodGet, strings.TrimSuffix(b.ticket(ref), "1") + "0", "", 404},
	} {
		request, err := http.NewRequestWithContext(t.Context(), tt.method, b.server.URL+tt.path, nil)
		require.NoError(t, err)
		answer := b.answer(b.client.Do(request))
		assert.Equal(t, tt.status, answer.status, "%s %s", tt.method, tt.path)
		assert.Equal(t, tt.allow, strings.Join(answer.header.Values("Allow"), " "), "%s %s", tt.method, tt.path)
		if tt.status == http.StatusMethodNotAllowed && strings.HasPrefix(tt.path, "/desk/api") {
			assert.Contains(t, answer.text, `"code":"method"`)
		}
	}
}
