package console_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQueries: a query is read as it is written, or refused with every parameter that is not.
func TestQueries(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, ref := a.customer("Carla", "hola")
	long := strings.Repeat("x", 20<<10)
	for query, want := range map[string]struct {
		status int
		paths  []string
	}{
		"":                                    {200, nil},
		"status=open&important=false&score=0": {200, nil},
		"fields[color]=red&fields%5B%20%5D=":  {422, []string{`fields[" "] blank`}},
		"conversation=" + ref.Conversation.String(): {200, nil},
		"status=open&status=open":                   {400, []string{"status duplicate_key"}},
		"state=open&z=1":                            {400, []string{"state unknown_key", "z unknown_key"}},
		"Status=open&pageQuery=1":                   {400, []string{"Status unknown_key", "pageQuery unknown_key"}},
		"limit=1.0&important=1":                     {400, []string{"important not_boolean", "limit not_integer"}},
		"limit=%2B5":                                {400, []string{"limit not_integer"}},
		"limit=07":                                  {400, []string{"limit not_integer"}},
		"limit=":                                    {400, []string{"limit not_integer"}},
		"limit=99999999999999999999":                {400, []string{"limit overflow"}},
		"conversation=x":                            {400, []string{"conversation invalid_id"}},
		"conversation=" + strings.ToUpper(ref.Conversation.String()): {400, []string{"conversation invalid_id"}},
		"text=%ff":                {400, []string{"text invalid_utf8"}},
		"fields[%ff]=x":           {400, []string{"fields[\"\uFFFD\"] invalid_utf8"}},
		"fields=x":                {400, []string{"fields unknown_key"}},
		"fields[a=x":              {400, []string{`["fields[a"] unknown_key`}},
		"status[a]=open":          {400, []string{`["status[a]"] unknown_key`}},
		"fields[a]=1&fields[a]=2": {400, []string{"fields.a duplicate_key"}},
		"text=%zz":                {400, nil},
		"text=a;b":                {400, nil},
		"status=x":                {422, []string{"status invalid_choice"}},
		"score=6":                 {422, []string{"score out_of_range"}},
		"team=%0A":                {422, []string{"team blank", "team control_character"}},
		"text=" + long:            {422, []string{"text too_long"}},
		"cursor=" + long:          {422, nil},
		"cursor=x":                {422, nil},
		"text=" + long + long:     {414, nil},
	} {
		r := a.get(a.here("/tickets?" + query))
		if !assert.Equal(t, want.status, r.status, "%.200s: %s", query, r.body) || r.status == http.StatusOK {
			continue
		}
		assert.Equal(t, want.paths, r.refused().paths(), "%.200s", query)
	}
	assert.Equal(t, "cursor", a.get(a.here("/tickets?cursor=x")).refused().Code)
	views := strings.Repeat("view=&", 20)
	assert.Equal(t, http.StatusOK, a.get(a.here("/counts?"+views)).status)
	assert.Equal(t, []string{"views too_many"}, a.get(a.here("/counts?view=&"+views)).refused().paths())
	for view, want := range map[string]string{"text=a": "view[0].text unwanted", "limit=1": "view[0].limit unwanted", "x=1": "view[0].x unknown_key", "score=z": "view[0].score not_integer"} {
		assert.Equal(t, []string{want}, a.get(a.here("/counts?view="+url.QueryEscape(view))).refused().paths())
	}
	assert.Equal(t, []string{"to invalid_time"}, a.get(a.here("/report?to=tomorrow")).refused().paths())
	many := a.get(a.here("/tickets?" + strings.Repeat("a", 3) + func() (q string) {
		for i := range 1000 {
			q += fmt.Sprintf("&p%d=", i)
		}
		return q
	}()))
	assert.Len(t, many.refused().Problems, 50, "the refusal of a hostile query is bounded")
	for _, path := range []string{"/me?x=1", "/accounts?x=1", "/events?x=1", "/openapi.json?x=1"} {
		assert.Equal(t, []string{"x unknown_key"}, a.get(path).refused().paths(), path)
	}
}

// TestBodies: a body is read as it is written, or refused with every member that is not.
func TestBodies(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, ref := a.customer("Carla", "hola")
	for _, tt := range []struct {
		path, body string
		status     int
		paths      []string
	}{
		{"/reply", `{"text":"sí","file":null}`, 200, nil},
		{"/reply", ` {"text":"😀 \ud83d\ude00"} `, 200, nil},
		{"/reply", ``, 400, []string{" syntax"}},
		{"/reply", `{"text":"a"} {}`, 400, []string{" syntax"}},
		{"/reply", `{"text":`, 400, []string{" syntax"}},
		{"/reply", `null`, 400, []string{" not_object"}},
		{"/reply", `[]`, 400, []string{" not_object"}},
		{"/reply", `{"text":1}`, 400, []string{"text not_text"}},
		{"/reply", `{"text":null}`, 400, []string{"text not_text"}},
		{"/reply", `{"text":"a","text":"b"}`, 400, []string{"text duplicate_key"}},
		{"/reply", `{"Text":"a","ke\u0079":"b"}`, 400, []string{"Text unknown_key", "key unknown_key"}},
		{"/reply", `{"text":"\ud83d"}`, 400, []string{"text invalid_utf8"}},
		{"/reply", "{\"text\":\"\xff\"}", 400, []string{" invalid_utf8"}},
		{"/reply", `{"text":"a","file":{"name":"x.png","body":"!"}}`, 400, []string{"file.body invalid_base64"}},
		{"/reply", `{"text":"a","file":{"name":"x.png","body":"aGk=\n"}}`, 400, []string{"file.body invalid_base64"}},
		{"/reply", `{"text":"a","file":{}}`, 400, []string{"file.name required", "file.body required"}},
		{"/reply", `{"text":"a","file":{"name":"x.png","body":"aGk="}}`, 422, []string{"file.name file_ending"}},
		{"/reply", `{"text":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, 400, []string{" too_deep"}},
		{"/reply", `{}`, 422, []string{"text blank"}},
		{"/reply", `{"text":"` + strings.Repeat("x", 4001) + `"}`, 422, []string{"text too_long"}},
		{"/note", `{"text":"a","mentions":"ana"}`, 400, []string{"mentions not_list"}},
		{"/note", `{"text":"a","mentions":["ana",1]}`, 400, []string{"mentions[1] not_text"}},
		{"/note", `{"text":"a","mentions":["ana",""]}`, 422, []string{"mentions[1] blank"}},
		{"/read", `{"seq":1.5}`, 400, []string{"seq not_integer"}},
		{"/read", `{"seq":1e2}`, 400, []string{"seq not_integer"}},
		{"/read", `{"seq":"1"}`, 400, []string{"seq not_integer"}},
		{"/read", `{"seq":99999999999999999999}`, 400, []string{"seq overflow"}},
		{"/read", `{}`, 400, []string{"seq required"}},
		{"/read", `{"seq":9000000000000000000}`, 204, nil},
		{"/do", `{}`, 400, []string{"kind required"}},
		{"/do", `{"kind":"describe","metadata":{"a":1,"b":"\udc00"}}`, 400, []string{"metadata.a not_text", "metadata.b invalid_utf8"}},
		{"/do", `{"kind":"describe","metadata":{"a":"1","\u0061":"2"}}`, 400, []string{"metadata.a duplicate_key"}},
		{"/do", `{"kind":"describe","metadata":{"\ud800":"1"}}`, 400, []string{`metadata["` + "\uFFFD" + `"] invalid_utf8`}},
		{"/do", `{"kind":"assign","assignee":{"agent":"ana","id":"x"}}`, 400, []string{"assignee.id unknown_key"}},
		{"/do", `{"kind":"close","actor":{"agent":"x"}}`, 400, []string{"actor unknown_key"}},
		{"/activity", `{"activity":"sleeping"}`, 422, []string{"activity invalid_choice"}},
	} {
		r := a.post(ofTicket(ref, tt.path), tt.body)
		if assert.Equal(t, tt.status, r.status, "%s %.100s: %s", tt.path, tt.body, r.body) && tt.status >= 400 {
			assert.Equal(t, tt.paths, r.refused().paths(), "%.100s", tt.body)
		}
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.post(ofTicket(ref, "/reply"), `{"text":"`+strings.Repeat("x", 8<<20)+`"}`).status)
	assert.Equal(t, []string{"is invalid_choice"}, a.post("/presence", m{"is": "asleep"}).refused().paths())

	// Keys: as they are, up to 200 characters, one.
	assert.Equal(t, http.StatusOK, a.keyed(ofTicket(ref, "/reply"), strings.Repeat("ñ", 200), m{"text": "a"}).status)
	assert.Equal(t, []string{"key too_long"}, a.keyed(ofTicket(ref, "/reply"), strings.Repeat("k", 201), m{"text": "a"}).refused().paths())
	assert.Equal(t, []string{"key invalid_utf8"}, a.keyed(ofTicket(ref, "/reply"), "\xff", m{"text": "a"}).refused().paths())
	ask := func(kind string, head http.Header) *reply {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.server.URL+"/desk/api"+ofTicket(ref, "/reply"), strings.NewReader(`{"text":"a"}`))
		require.NoError(t, err)
		request.Header = head
		if kind != "" {
			request.Header.Set("Content-Type", kind)
		}
		return a.send(request)
	}
	twice := ask("application/json", http.Header{"Idempotency-Key": {"a", "b"}})
	assert.Equal(t, []string{`Idempotency-Key duplicate_key`}, twice.refused().paths())
	for kind, want := range map[string]int{
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=latin1": 415, "application/jsonx": 415,
		"application/json": 200, "Application/JSON; charset=UTF-8": 200,
	} {
		assert.Equal(t, want, ask(kind, http.Header{}).status, kind)
	}
	foreign := ask("application/json", http.Header{"Origin": {"https://evil.example"}})
	assert.Equal(t, http.StatusForbidden, foreign.status)
	assert.Equal(t, "origin", foreign.refused().Code)
}

// TestLanguages: problems have a text in the reader's language.
func TestLanguages(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, ref := a.customer("Carla", "hola")
	for language, want := range map[string][2]string{
		"": {"Debe ser un ID.", "Debe ser un texto."}, "en-GB,es;q=0.5": {"It must be an ID.", "Must be a text."}, "pt-BR": {"Deve ser um ID.", "Deve ser um texto."},
	} {
		of := &api{a.bench, "ana", language}
		assert.Equal(t, want[0], of.get(a.here("/tickets?conversation=x")).refused().Problems[0].Text)
		assert.Equal(t, want[1], of.post(ofTicket(ref, "/reply"), m{"text": 1}).refused().Problems[0].Text)
	}
}

// TestForeignTickets: R1.3: a ticket of another account is not there, whichever operation
// asks for it under an account that the person sees.
func TestForeignTickets(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, own := a.customer("Carla", "hola")
	another, _, err := a.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	visitor, _, err := another.Enter(t.Context(), charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(t, err)
	said, err := visitor.Write(t.Context(), "un secreto", nil)
	require.NoError(t, err)
	a.people.set("ana", console.Person{ID: "ana", Name: "Ana", Role: console.RoleAdministrator, Accounts: []chatcfg.AccountID{a.account.ID()}})
	bodies := map[string]any{
		"/reply": m{"text": "a"}, "/note": m{"text": "a"}, "/do": m{"kind": "mark"}, "/read": m{"seq": 1}, "/activity": m{"activity": "looking"},
	}
	tried := 0
	for pattern := range described(t).operations {
		method, rest, ok := strings.Cut(pattern, "{number}")
		if !ok {
			continue
		}
		method, _, _ = strings.Cut(method, " ")
		rest = strings.ReplaceAll(rest, "{seq}", "1")
		if rest == "/quick-reply" {
			rest += "?shortcut=x"
		}
		call := func(ref tickets.Ref) *reply {
			if method == http.MethodPost {
				require.NotNil(t, bodies[rest], rest)
				return a.post(ofTicket(ref, rest), bodies[rest])
			}
			return a.get(ofTicket(ref, rest))
		}
		for _, ref := range []tickets.Ref{
			{Account: own.Account, Conversation: said.Ref.Conversation}, {Account: said.Ref.Account, Conversation: said.Ref.Conversation},
			{Account: own.Account}, {Account: said.Ref.Account, Conversation: own.Conversation},
		} {
			r := call(ref)
			assert.Equal(t, http.StatusNotFound, r.status, "%s %s", pattern, ref)
			assert.Equal(t, "not_found", r.refused().Code)
		}
		if !strings.Contains(rest, "files") && !strings.Contains(rest, "quick") {
			assert.Less(t, call(own).status, 300, pattern)
		}
		tried++
	}
	assert.Equal(t, 11, tried)
	for _, number := range []string{"0", "-1", "2", "x", "99999999999999999999"} {
		assert.Equal(t, http.StatusNotFound, a.get(a.here("/tickets/"+own.Conversation.String()+"/"+number+"/messages")).status, number)
	}
	assert.Equal(t, http.StatusNotFound, a.get(a.here("/customer?conversation="+said.Ref.Conversation.String())).status)
	assert.Equal(t, http.StatusNotFound, a.get("/nothing").status)
	assert.Equal(t, http.StatusNotFound, a.get("/events?account="+another.ID().String()).status)
	assert.Equal(t, http.StatusNotFound, a.get("/events?account=x").status)
}

// TestStatuses: a deleted account, a busy desk and a fault answer as doc.go says.
func TestStatuses(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, ref := a.customer("Carla", "hola")
	require.NoError(t, a.account.Delete(t.Context(), "Tienda"))
	assert.Equal(t, http.StatusOK, a.get(ofTicket(ref, "/messages")).status, "history can be read")
	gone := a.post(ofTicket(ref, "/reply"), m{"text": "a"})
	assert.Equal(t, http.StatusConflict, gone.status)
	assert.Equal(t, "deleted", gone.refused().Code)
	var list charla.Page[charla.AccountInfo]
	a.get("/accounts").into(&list)
	require.Len(t, list.Items, 1)
	assert.False(t, list.Items[0].DeletedAt.IsZero())

	c, err := console.New(a.desk, func(*http.Request) (console.Person, error) { return console.Person{}, io.ErrUnexpectedEOF }, nil)
	require.NoError(t, err)
	defer c.Close()
	w := serve(t, c, "", "/api/me")
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.NotContains(t, w.Body.String(), "EOF", "nothing of the inside")
}

// timed notes the deadlines that are set for reading.
type timed struct {
	*httptest.ResponseRecorder
	deadlines []time.Time
}

func (w *timed) SetReadDeadline(at time.Time) error {
	w.deadlines = append(w.deadlines, at)
	return nil
}

// TestSlowBodies: a body has a deadline, which stays set if the request is refused before its
// body is read, and ends when the body is whole.
func TestSlowBodies(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, ref := a.customer("Carla", "hola")
	for who, cleared := range map[string]bool{"ana": true, "nobody": false} {
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		request := httptest.NewRequest(http.MethodPost, "/api"+ofTicket(ref, "/reply"), strings.NewReader(`{"text":"a"}`))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Who", who)
		before := time.Now()
		a.console.ServeHTTP(w, request)
		require.NotEmpty(t, w.deadlines, who)
		assert.True(t, w.deadlines[0].After(before) && w.deadlines[0].Before(before.Add(10*time.Minute)), who)
		assert.Equal(t, cleared, w.deadlines[len(w.deadlines)-1].IsZero(), who)
	}
}
