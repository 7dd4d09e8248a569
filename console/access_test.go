package console_test

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// law says of an address who gets there, and what answers them there.
type law struct {
	// least is the least role; zero: anybody.
	least console.Role
	// all says that only who sees every account gets there.
	all bool
	// admitted is the status for who gets there.
	admitted int
}

// laws is what the access table shall say, written independently of it.
var laws = map[string]law{
	"GET /assets/{hash}/{name}": {0, false, http.StatusOK},
	"GET /{$}":                  {console.RoleAgent, false, http.StatusSeeOther},
	"GET /inbox":                {console.RoleAgent, false, http.StatusOK},
	"POST /preferences":         {console.RoleAgent, false, http.StatusSeeOther},
	"POST /presence":            {console.RoleAgent, false, http.StatusUnprocessableEntity},
	"/":                         {console.RoleAgent, false, http.StatusNotFound},

	"/api/":                 {console.RoleAgent, false, http.StatusNotFound},
	"GET /api/openapi.json": {console.RoleAgent, false, http.StatusOK},
	"GET /api/me":           {console.RoleAgent, false, http.StatusOK},
	"GET /api/accounts":     {console.RoleAgent, false, http.StatusOK},
	"GET /api/events":       {console.RoleAgent, false, http.StatusOK},
	"POST /api/presence":    {console.RoleAgent, false, http.StatusUnsupportedMediaType},

	"GET /api/a/{account}/presence":                                    {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/colleagues":                                  {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/tickets":                                     {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/counts":                                      {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/contacts":                                    {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/customer":                                    {console.RoleAgent, false, http.StatusNotFound},
	"GET /api/a/{account}/quick-replies":                               {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/report":                                      {console.RoleSupervisor, false, http.StatusUnprocessableEntity},
	"POST /api/a/{account}/start":                                      {console.RoleAgent, false, http.StatusUnsupportedMediaType},
	"POST /api/a/{account}/take-next":                                  {console.RoleAgent, false, http.StatusUnsupportedMediaType},
	"GET /api/a/{account}/tickets/{conversation}/{number}":             {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/tickets/{conversation}/{number}/messages":    {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/tickets/{conversation}/{number}/files/{seq}": {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/tickets/{conversation}/{number}/history":     {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/tickets/{conversation}/{number}/explain":     {console.RoleAgent, false, http.StatusOK},
	"GET /api/a/{account}/tickets/{conversation}/{number}/quick-reply": {console.RoleAgent, false, http.StatusNotFound},
	"POST /api/a/{account}/tickets/{conversation}/{number}/reply":      {console.RoleAgent, false, http.StatusUnsupportedMediaType},
	"POST /api/a/{account}/tickets/{conversation}/{number}/note":       {console.RoleAgent, false, http.StatusUnsupportedMediaType},
	"POST /api/a/{account}/tickets/{conversation}/{number}/do":         {console.RoleAgent, false, http.StatusUnsupportedMediaType},
	"POST /api/a/{account}/tickets/{conversation}/{number}/read":       {console.RoleAgent, false, http.StatusUnsupportedMediaType},
	"POST /api/a/{account}/tickets/{conversation}/{number}/activity":   {console.RoleAgent, false, http.StatusUnsupportedMediaType},

	"GET /a/{account}/events":                                  {console.RoleAgent, false, http.StatusOK},
	"GET /a/{account}/inbox":                                   {console.RoleAgent, false, http.StatusOK},
	"GET /a/{account}/inbox/{conversation}/{number}":           {console.RoleAgent, false, http.StatusOK},
	"POST /a/{account}/inbox/{conversation}/{number}/{action}": {console.RoleAgent, false, http.StatusSeeOther},
	"POST /a/{account}/next":                                   {console.RoleAgent, false, http.StatusConflict},
	"GET /a/{account}/file/{conversation}/{number}/{seq}":      {console.RoleAgent, false, http.StatusOK},
	"GET /a/{account}/contacts":                                {console.RoleAgent, false, http.StatusOK},
	"GET /a/{account}/replies":                                 {console.RoleSupervisor, false, http.StatusOK},
	"POST /a/{account}/replies":                                {console.RoleSupervisor, false, http.StatusConflict},
	"GET /a/{account}/outbox":                                  {console.RoleSupervisor, false, http.StatusOK},
	"POST /a/{account}/outbox":                                 {console.RoleSupervisor, false, http.StatusSeeOther},
	"GET /a/{account}/report":                                  {console.RoleSupervisor, false, http.StatusOK},
	"GET /a/{account}/report.csv":                              {console.RoleSupervisor, false, http.StatusOK},
	"GET /channels":                                            {console.RoleAdministrator, false, http.StatusOK},
	"POST /channels":                                           {console.RoleAdministrator, true, http.StatusUnprocessableEntity},
	"GET /channels/{account}":                                  {console.RoleAdministrator, false, http.StatusOK},
	"POST /channels/{account}":                                 {console.RoleAdministrator, false, http.StatusConflict},
	"GET /channels/{account}/history":                          {console.RoleAdministrator, false, http.StatusOK},
	"POST /channels/{account}/history":                         {console.RoleAdministrator, false, http.StatusBadRequest},
	"POST /channels/{account}/preview":                         {console.RoleAdministrator, false, http.StatusOK},
	"POST /channels/{account}/secret":                          {console.RoleAdministrator, false, http.StatusBadRequest},
	"POST /channels/{account}/delete":                          {console.RoleAdministrator, false, http.StatusUnprocessableEntity},
	"POST /channels/{account}/purge":                           {console.RoleAdministrator, false, http.StatusConflict},
	"GET /channels/{account}/{image}":                          {console.RoleAdministrator, false, http.StatusOK},
	"POST /channels/{account}/{image}":                         {console.RoleAdministrator, false, http.StatusBadRequest},
}

// TestAccess: R1.3: every address × role × account. What a person does not see answers
// exactly as what does not exist.
func TestAccess(t *testing.T) {
	t.Parallel()
	still := clock.NewMock()
	still.Set(time.Date(2026, 5, 20, 18, 0, 0, 0, time.UTC))
	b := setupOn(t, charla.Options{Clock: still}, nil)
	require.ElementsMatch(t, slices.Collect(maps.Keys(laws)), console.Patterns())
	asset := regexp.MustCompile(`assets/(\w+)/base\.css`).FindStringSubmatch(b.get("/desk/").text)[1]

	another, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	paths, hide := map[string]*strings.Replacer{}, map[string]*strings.Replacer{}
	fill := func(id, conversation string) *strings.Replacer {
		return strings.NewReplacer("{account}", id, "{conversation}", conversation, "{number}", "1", "{seq}", "2", "{action}", "important",
			"{image}", "picture", "{hash}", asset, "{name}", "base.css", "{$}", "")
	}
	for name, account := range map[string]*charla.Account{"own": b.account, "other": another} {
		require.NoError(t, account.SetImage(t.Context(), charla.ImagePicture, picture(t, 30, 30)))
		require.NoError(t, account.Agent(charla.Person{ID: "x"}).Heartbeat(t.Context(), "online"))
		visitor, _, err := account.Enter(t.Context(), charla.Entry{Name: "Carla", Email: "carla@example.com"})
		require.NoError(t, err)
		said, err := visitor.Write(t.Context(), "hola", nil)
		require.NoError(t, err)
		_, err = account.Agent(charla.Person{ID: "x"}).Reply(t.Context(), said.Ref, "", &charla.WriteOptions{File: &charla.Upload{Name: "x.png", Body: dot(t)}})
		require.NoError(t, err)
		paths[name] = fill(account.ID().String(), said.Ref.Conversation.String())
		hide[name] = strings.NewReplacer(account.ID().String(), "ID", said.Ref.Conversation.String(), "ID")
	}
	nowhere := "01890000-0000-7000-8000-000000000000"
	paths["none"], hide["none"] = fill(nowhere, nowhere), strings.NewReplacer(nowhere, "ID")

	roles := map[string]console.Role{"agent": console.RoleAgent, "supervisor": console.RoleSupervisor, "administrator": console.RoleAdministrator}
	for name, role := range roles {
		b.people.set(name, console.Person{ID: "p", Role: role, Accounts: []chatcfg.AccountID{b.account.ID()}})
		b.people.set(name+" of all", console.Person{ID: "q", Role: role, AllAccounts: true})
	}
	cells := 0
	for _, who := range []string{"nobody", "agent", "agent of all", "supervisor", "supervisor of all", "administrator", "administrator of all"} {
		role, ofAll := strings.CutSuffix(who, " of all")
		for pattern, law := range laws {
			method, path, both := strings.Cut(pattern, " ")
			if !both {
				method, path = http.MethodGet, pattern+"nothing"
			}
			answers := map[string]string{}
			for account, replace := range paths {
				want := law.admitted
				named := strings.Contains(pattern, "{account}")
				switch {
				case law.least == 0:
				case who == "nobody":
					want = http.StatusUnauthorized
				case roles[role] < law.least, law.all && !ofAll:
					want = http.StatusForbidden
				case named && (account == "none" || account == "other" && !ofAll):
					want = http.StatusNotFound
				}
				status, answer := b.ask(who, method, replace.Replace(path))
				answer = hide[account].Replace(answer)
				assert.Equal(t, want, status, "%s, %s, %s account", who, pattern, account)
				answers[account] = answer
				cells++
			}
			if strings.Contains(pattern, "{account}") && !ofAll {
				assert.True(t, answers["none"] == answers["other"], "%s, %s: the answer tells whether the account exists", who, pattern)
			}
		}
	}
	assert.Equal(t, 7*3*len(laws), cells)
}

// ask makes a request and returns its status and, unless it is a stream, all of its answer.
func (b *bench) ask(who, method, path string) (int, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+"/desk"+path, strings.NewReader(""))
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := as(who).RoundTrip(request)
	require.NoError(b.t, err)
	defer response.Body.Close()
	if response.Header.Get("Content-Type") == "text/event-stream" {
		return response.StatusCode, ""
	}
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	response.Header.Del("Date")
	var head strings.Builder
	require.NoError(b.t, response.Header.Write(&head))
	return response.StatusCode, head.String() + string(body)
}

// TestOneDoor: only the access check touches the desk.
func TestOneDoor(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	touching := map[string]bool{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		if !strings.HasSuffix(name, "_test.go") && regexp.MustCompile(`\.desk\b`).Match(text) {
			touching[name] = true
		}
	}
	assert.Equal(t, map[string]bool{"access.go": true}, touching)
}

// TestNobody: a page sends to the host's login, with the address that was asked for; a
// script and a stream are told so.
func TestNobody(t *testing.T) {
	t.Parallel()
	b := setupOn(t, charla.Options{}, &console.Options{Login: "/login?by=form"})
	b.client = b.browser("nobody")
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, tt := range []struct{ method, path, next string }{
		{http.MethodGet, b.inbox() + "?view=all&q=a%20b", b.inbox() + "?view=all&q=a%20b"},
		{http.MethodGet, "/desk/nothing", "/desk/nothing"},
		{http.MethodGet, "/desk/", "/desk/"},
		{http.MethodPost, b.channel() + "/delete", "/desk/"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), tt.method, b.server.URL+tt.path, nil)
		require.NoError(t, err)
		answer := b.answer(b.client.Do(request))
		assert.Equal(t, http.StatusSeeOther, answer.status, tt.path)
		to, err := url.Parse(answer.header.Get("Location"))
		require.NoError(t, err)
		assert.Equal(t, "/login", to.Path)
		assert.Equal(t, url.Values{"by": {"form"}, "next": {tt.next}}, to.Query())
	}
	for name, value := range map[string]string{"Accept": "text/event-stream", "Charla-Root": "../../"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL+"/desk/a/"+b.account.ID().String()+"/events", nil)
		require.NoError(t, err)
		request.Header.Set(name, value)
		answer := b.answer(b.client.Do(request))
		assert.Equal(t, http.StatusUnauthorized, answer.status, name)
		assert.Equal(t, "application/json", answer.header.Get("Content-Type"))
		assert.JSONEq(t, `{"error":"Tu sesión terminó. Entra de nuevo.","code":"unauthorized"}`, answer.text)
	}
}

// TestPersons: a host that fails, or names somebody who cannot be, lets nobody in.
func TestPersons(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, one := range []console.Person{{ID: "ana"}, {Role: console.RoleAdministrator}, {ID: "ana", Role: 4}, {ID: "ana", Role: -1}} {
		one.AllAccounts = true
		b.people.set("ana", one)
		assert.Equal(t, http.StatusInternalServerError, b.get(b.inbox()).status, one)
	}
	c, err := console.New(b.desk, func(*http.Request) (console.Person, error) { return console.Person{}, io.ErrUnexpectedEOF }, nil)
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, http.StatusInternalServerError, serve(t, c, "", "/").Code)

	for _, o := range []console.Options{{Login: "http://a b/"}, {WidgetURL: "/chat/"}, {WidgetURL: "ftp://x/"}} {
		_, err := console.New(b.desk, b.people.who, &o)
		require.Error(t, err)
	}
	_, err = console.New(b.desk, nil, nil)
	require.Error(t, err)
}

// TestCrossOrigin: a form on another site changes nothing.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+b.channel()+"/delete", strings.NewReader("confirm=Tienda"))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set(name, value)
		answer := b.answer(b.client.Do(request))
		assert.Equal(t, http.StatusForbidden, answer.status, name)
	}
	a, err := b.account.Info(t.Context())
	require.NoError(t, err)
	assert.True(t, a.DeletedAt.IsZero())
	b.post(b.channel()+"/delete", url.Values{"confirm": {"Tienda"}})
	a, err = b.account.Info(t.Context())
	require.NoError(t, err)
	assert.False(t, a.DeletedAt.IsZero(), "its own form does")
}
