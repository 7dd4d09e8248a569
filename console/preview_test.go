package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
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

// preview makes a preview of a form, and returns the path of its frame; empty: there is none.
func (b *bench) preview(form url.Values) (frame string, status int) {
	b.t.Helper()
	made := b.post(b.channel()+"/preview", form)
	var said struct{ Frame, Problem string }
	if made.status == http.StatusOK || made.status == http.StatusUnprocessableEntity {
		require.NoError(b.t, json.Unmarshal([]byte(made.text), &said))
		assert.NotEqual(b.t, said.Frame == "", said.Problem == "")
	}
	if said.Frame != "" {
		frame = made.leads(said.Frame)
	}
	return frame, made.status
}

// bare asks without a login, as the preview's frame does: it has no origin.
func (b *bench) bare(method, at, body string, head ...string) *page {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+at, strings.NewReader(body))
	require.NoError(b.t, err)
	request.Header.Set("Origin", "null")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(head); i += 2 {
		request.Header.Set(head[i], head[i+1])
	}
	return b.answer(http.DefaultTransport.RoundTrip(request))
}

// TestPreview: R1.4: the preview is the widget with what was typed and not saved, on a desk of its
// own: nothing of it is stored, and nothing of the account's history is in it.
func TestPreview(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("Juan", "un secreto")
	require.NoError(t, b.account.SetImage(t.Context(), charla.ImagePicture, picture(t, 30, 30)))
	before, version, err := b.account.Config(t.Context())
	require.NoError(t, err)
	form := b.get(b.channel()).form("config")
	form.Set("chat.headerMessage", "todavía sin guardar")
	form.Set("chat.hidden", "on")
	frame, status := b.preview(form)
	require.Equal(t, http.StatusOK, status)
	dir := path.Dir(frame)

	answer := b.bare(http.MethodGet, frame+"?state=chat&theme=dark\"><script>", "")
	text := answer.text
	assert.Equal(t, http.StatusOK, answer.status)
	policy := answer.header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "sandbox allow-scripts;")
	assert.NotContains(t, policy, "allow-same-origin")
	assert.Contains(t, policy, "frame-ancestors 'self'")
	assert.Contains(t, policy, "connect-src 'self'")
	assert.NotContains(t, text, `"><script>`)
	assert.Empty(t, answer.header.Get("Set-Cookie"))
	key := regexp.MustCompile(`data-charla="([^"]+)"`).FindStringSubmatch(text)[1]
	identity := regexp.MustCompile(`data-identity="([^"]+)"`).FindStringSubmatch(text)[1]
	info, err := b.account.Info(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, info.Key, key)
	_, err = b.account.VerifyIdentity(t.Context(), identity)
	require.ErrorIs(t, err, charla.ErrIdentity, "it is worth nothing elsewhere")

	for _, file := range []string{"/preview.js", "/loader.js"} {
		answer = b.bare(http.MethodGet, dir+file, "")
		assert.Equal(t, http.StatusOK, answer.status, file)
		assert.Equal(t, "cross-origin", answer.header.Get("Cross-Origin-Resource-Policy"), file)
	}
	answer = b.bare(http.MethodGet, dir+"/v1/"+key+"/config", "")
	text = answer.text
	require.Equal(t, http.StatusOK, answer.status, text)
	assert.Equal(t, "*", answer.header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, text, "todavía sin guardar")
	assert.Contains(t, text, `"available":true`)
	assert.NotContains(t, text, `"hidden":true`, "it is seen here all the same")
	assert.Contains(t, text, `"picture":`)
	b.bare(http.MethodGet, frame+"?state=form", "")
	text = b.bare(http.MethodGet, dir+"/v1/"+key+"/config", "").text
	assert.Contains(t, text, `"available":false`)
	answer = b.bare(http.MethodGet, dir+"/v1/"+info.Key+"/config", "")
	assert.Equal(t, http.StatusForbidden, answer.status, "another account is not there")

	answer = b.bare(http.MethodPost, dir+"/v1/"+key+"/sessions", `{"identity":"`+identity+`"}`)
	text = answer.text
	require.Less(t, answer.status, 300, text)
	var session struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(text), &session))
	text = b.bare(http.MethodGet, dir+"/v1/"+key+"/messages", "", "Authorization", "Bearer "+session.Token).text
	assert.Contains(t, text, "taza azul")
	assert.NotContains(t, text, "secreto")

	now, still, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.Equal(t, before, now)
	assert.Equal(t, version, still)
	page, err := b.account.Inbox().Tickets(t.Context(), charla.TicketQuery{})
	require.NoError(t, err)
	assert.Len(t, page.Items, 1)
	assert.Contains(t, b.get(b.channel()).header.Get("Content-Security-Policy"), "frame-src 'self'")
}

// TestPreviewBounds: only who may change the settings makes previews, of what is valid, two at
// a time and for a quarter of an hour; the console's end ends them.
func TestPreviewBounds(t *testing.T) {
	t.Parallel()
	still := clock.NewMock()
	still.Set(time.Date(2026, 5, 20, 18, 0, 0, 0, time.UTC))
	b := setupOn(t, charla.Options{Clock: still}, nil)
	form := b.get(b.channel()).form("config")
	is := func(frame string) int {
		return b.bare(http.MethodGet, frame, "").status
	}
	bad := url.Values{}
	for name, value := range form {
		bad[name] = value
	}
	bad.Set("hours.timezone", "nada así")
	_, status := b.preview(bad)
	assert.Equal(t, http.StatusUnprocessableEntity, status)
	var frames []string
	for range 3 {
		frame, _ := b.preview(form)
		frames = append(frames, frame)
		still.Add(time.Second)
	}
	assert.Equal(t, []int{http.StatusNotFound, http.StatusOK, http.StatusOK}, []int{is(frames[0]), is(frames[1]), is(frames[2])})
	for _, odd := range []string{"/desk/preview/x/frame", "/desk/preview/" + strings.Repeat("A", 26) + "/loader.js", path.Dir(frames[2]) + "x/frame"} {
		assert.Equal(t, http.StatusNotFound, is(odd), odd)
	}
	b.people.set("ana", console.Person{ID: "ana", Role: console.RoleSupervisor, Accounts: []chatcfg.AccountID{b.account.ID()}})
	_, status = b.preview(form)
	assert.Equal(t, http.StatusForbidden, status)
	still.Add(16 * time.Minute)
	assert.Equal(t, http.StatusNotFound, is(frames[2]))
	b.people.set("ana", console.Person{ID: "ana", Role: console.RoleAdministrator, Accounts: []chatcfg.AccountID{b.account.ID()}})
	frame, _ := b.preview(form)
	require.Equal(t, http.StatusOK, is(frame))
	b.console.Close()
	assert.Equal(t, http.StatusNotFound, is(frame))
}

// TestPreviewsOfMany: whoever makes a preview gets it, however many others have: the oldest of all
// ends. A name that is longer than an agent's may be keeps nobody from saving.
func TestPreviewsOfMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var first, last string
	for i := range 33 {
		who := fmt.Sprint("admin", i)
		b.people.set(who, console.Person{
			ID: tickets.AgentID(who), Name: strings.Repeat("Ñuñoa ", 40), Role: console.RoleAdministrator, Accounts: []chatcfg.AccountID{b.account.ID()},
		})
		b.client = b.browser(who)
		form := b.get(b.channel()).form("config")
		for range 2 {
			var status int
			last, status = b.preview(form)
			require.Equal(t, http.StatusOK, status, who)
			if first == "" {
				first = last
			}
		}
	}
	assert.Equal(t, http.StatusNotFound, b.bare("GET", first, "").status)
	assert.Equal(t, http.StatusOK, b.bare("GET", last, "").status)
	form := b.get(b.channel()).form("config")
	form.Set("chat.headerMessage", "hola")
	b.post(b.channel(), form)
	_, version, err := b.account.Config(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 2, version)
	saves, err := b.account.Saves().List(t.Context())
	require.NoError(t, err)
	assert.Len(t, []rune(saves[0].Name), charla.MaxAgent)
}
