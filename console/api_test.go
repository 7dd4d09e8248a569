package console_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type m map[string]any

// TestDocument: the document is OpenAPI 3.1, by the schema of the OpenAPI Initiative
// (testdata/openapi-3.1.schema.json, Apache License 2.0), and has the API's rows of the access table, and
// no others.
func TestDocument(t *testing.T) {
	t.Parallel()
	read := func(name string) any {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		return value
	}
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("oas.json", read("testdata/openapi-3.1.schema.json")))
	oas, err := compiler.Compile("oas.json")
	require.NoError(t, err)
	doc := read(name)
	require.NoError(t, oas.Validate(doc))
	delete(doc.(map[string]any)["info"].(map[string]any), "title")
	require.Error(t, oas.Validate(doc), "what is no document is refused")

	var rows []string
	for _, pattern := range console.Patterns() {
		if strings.Contains(pattern, " /api/") {
			rows = append(rows, pattern)
		}
	}
	assert.ElementsMatch(t, rows, slices.Collect(maps.Keys(described(t).operations)))
	a := setupAPI(t)
	served := a.get("/openapi.json")
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(file), string(served.body))
	assert.Equal(t, "application/json", served.header.Get("Content-Type"))
}

// TestOperations: every operation of the document does what it says, and refuses as it
// says. Each answer is held against its schema.
func TestOperations(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	visitor, ref := a.customer("Carla", "hola")
	_, other := a.customer("Juan", "buenas")
	a.people.set("beto", console.Person{ID: "beto", Name: "Beto", Role: console.RoleAgent, Teams: []tickets.TeamID{"ventas", "taller"}, Accounts: []chatcfg.AccountID{a.account.ID()}})
	_, err := a.account.Agent(charla.Person{}).SaveQuickReplies(t.Context(), 0, []chatcfg.QuickReply{
		{Shortcut: "hola", Title: "Saludo", Text: chatcfg.Words{ES: "Hola, soy {agent}.", EN: "Hi, I am {agent}."}}, {Shortcut: "adios", Title: "x", Text: chatcfg.Texts("Adiós")[0]},
	})
	require.NoError(t, err)
	a.config(func(c *chatcfg.Config) {
		c.Chat.ContactForm.Enabled = true
		c.Chat.ContactForm.Mailbox.Enabled, c.Chat.ContactForm.Mailbox.ID = true, "ventas"
	})
	_, err = a.account.Visitor("").Contact(t.Context(), charla.ContactForm{Name: "Pía", Email: "pia@example.com", Text: "¿Abren hoy?", Scriptless: true}, nil)
	require.NoError(t, err)

	var me struct{ ID, Name, Role string }
	a.get("/me").into(&me)
	assert.Equal(t, struct{ ID, Name, Role string }{"ana", "Ana", "administrator"}, me)
	var accounts charla.Page[charla.AccountInfo]
	a.get("/accounts").into(&accounts)
	require.Len(t, accounts.Items, 1)
	assert.Equal(t, a.account.ID(), accounts.Items[0].ID)

	assert.Equal(t, http.StatusNoContent, a.post("/presence", m{"is": "online"}).status)
	var presence tickets.Presence
	a.get(a.here("/presence")).into(&presence)
	assert.True(t, presence.Available)

	var people struct {
		Items []struct {
			ID, Name string
			Teams    []string
		}
	}
	a.get(a.here("/colleagues")).into(&people)
	require.Len(t, people.Items, 3)
	assert.Equal(t, "ana", people.Items[0].ID)
	assert.Equal(t, []string{"taller"}, people.Items[1].Teams)

	// Lists and counts.
	var rows charla.Page[charla.Row]
	a.get(a.here("/tickets?status=open&waiting=true&limit=1")).into(&rows)
	require.Len(t, rows.Items, 1)
	assert.Equal(t, ref, rows.Items[0].Ref)
	assert.Equal(t, "hola", rows.Items[0].Last.Text)
	assert.Equal(t, 1, rows.Items[0].Unread)
	a.get(a.here("/tickets?status=open&waiting=true&limit=1&cursor=" + rows.Next)).into(&rows)
	require.Len(t, rows.Items, 1)
	assert.Equal(t, other, rows.Items[0].Ref)
	a.get(a.here("/tickets?text=%20")).into(&rows)
	assert.Equal(t, []charla.Row{}, rows.Items, "no null")
	var counts struct{ Counts []int }
	a.get(a.here("/counts?view=status%3Dopen&view=status%3Dclosed&view=assignee%3Dana%26fields%5Bcolor%5D%3Dred")).into(&counts)
	assert.Equal(t, []int{2, 0, 0}, counts.Counts)
	a.get(a.here("/counts")).into(&counts)

	// One conversation.
	var messages charla.Page[tickets.Message]
	a.get(ofTicket(ref, "/messages?newest=true&limit=10")).into(&messages)
	require.Len(t, messages.Items, 1)
	png := dot(t)
	var first, again charla.Result
	a.keyed(ofTicket(ref, "/reply"), "k1", m{"text": "¿sí?", "file": m{"name": "x.png", "body": png}}).into(&first)
	a.keyed(ofTicket(ref, "/reply"), "k1", m{"text": "¿sí?", "file": m{"name": "x.png", "body": png}}).into(&again)
	assert.Equal(t, first, again, "the same key answers as before")
	assert.Equal(t, "key_reused", a.keyed(ofTicket(ref, "/reply"), "k1", m{"text": "otra cosa"}).refused().Code)
	own, err := visitor.Messages(t.Context(), charla.MessageQuery{})
	require.NoError(t, err)
	assert.Len(t, own.Items, 2, "sent once")
	file := a.get(ofTicket(ref, "/files/2"))
	assert.Equal(t, png, file.body)
	assert.Equal(t, "image/png", file.header.Get("Content-Type"))
	assert.Equal(t, "default-src 'none'; sandbox", file.header.Get("Content-Security-Policy"))
	a.post(ofTicket(ref, "/note"), m{"text": "ojo", "mentions": []string{"beto"}}).into(&first)
	own, err = visitor.Messages(t.Context(), charla.MessageQuery{})
	require.NoError(t, err)
	assert.Len(t, own.Items, 2, "a note is not the customer's")
	assert.Equal(t, http.StatusNoContent, a.post(ofTicket(ref, "/read"), m{"seq": 1}).status)
	assert.Equal(t, http.StatusNoContent, a.post(ofTicket(ref, "/activity"), m{"activity": "replying"}).status)
	assert.Equal(t, http.StatusNoContent, a.post(ofTicket(ref, "/activity"), m{}).status, "they have left")

	// Commands.
	for _, step := range []struct {
		body m
		want int
	}{
		{m{"kind": "mark"}, 200}, {m{"kind": "pause"}, 200}, {m{"kind": "resume"}, 200}, {m{"kind": "describe", "metadata": m{"pedido": "7"}}, 200},
		{m{"kind": "assign", "assignee": m{"agent": "beto"}, "team": "ventas", "from": "ana"}, 200}, {m{"kind": "take"}, 409},
		{m{"kind": "assign", "assignee": m{"agent": "ana"}, "from": ""}, 409}, {m{"kind": "assign", "assignee": m{"agent": ""}}, 200},
		{m{"kind": "classify", "typification": m{"category": "ventas", "fields": m{"color": "red"}}}, 200},
		{m{"kind": "close"}, 200}, {m{"kind": "close"}, 409}, {m{"kind": "open"}, 200}, {m{"kind": "reply"}, 422}, {m{"kind": "x"}, 422}, {m{"kind": "close", "team": "ventas"}, 422},
	} {
		r := a.post(ofTicket(ref, "/do"), step.body)
		assert.Equal(t, step.want, r.status, "%v: %s", step.body, r.body)
	}
	var one struct {
		tickets.Ticket
		Ref   tickets.Ref
		Marks tickets.Marks
	}
	a.get(ofTicket(ref, "")).into(&one)
	assert.Equal(t, ref, one.Ref)
	assert.Equal(t, map[string]string{"pedido": "7"}, one.Metadata)
	assert.Equal(t, int64(1), one.Marks.Agent)
	var history charla.Page[tickets.Entry]
	a.get(ofTicket(ref, "/history?limit=5")).into(&history)
	assert.Len(t, history.Items, 5)
	var why charla.Page[struct{ What string }]
	a.get(ofTicket(ref, "/explain")).into(&why)
	assert.Contains(t, why.Items[0].What, "El cliente escribió")
	english := &api{a.bench, "ana", "en"}
	english.get(ofTicket(ref, "/explain")).into(&why)
	assert.Contains(t, why.Items[0].What, "The customer wrote")

	// What is of the account.
	var forms charla.Page[tickets.Submission]
	a.get(a.here("/contacts")).into(&forms)
	require.Len(t, forms.Items, 1)
	var customer charla.Customer
	a.get(a.here("/customer?conversation=" + ref.Conversation.String())).into(&customer)
	assert.Equal(t, "Carla", customer.Name)
	assert.Equal(t, http.StatusNotFound, a.get(a.here("/customer?subject=u1")).status)
	var started charla.Result
	a.post(a.here("/start"), m{"subject": "u1", "name": "Rosa", "text": "Su pedido llegó."}).into(&started)
	a.get(a.here("/customer?subject=u1")).into(&customer)
	assert.Equal(t, started.Ref.Conversation, customer.Conversation)
	var replies struct {
		Items   []chatcfg.QuickReply
		Version int
	}
	a.get(a.here("/quick-replies")).into(&replies)
	assert.Len(t, replies.Items, 2)
	var text struct{ Text string }
	a.get(ofTicket(ref, "/quick-reply?shortcut=HOLA")).into(&text)
	assert.Equal(t, "Hola, soy Ana.", text.Text)
	assert.Equal(t, http.StatusNotFound, a.get(ofTicket(ref, "/quick-reply?shortcut=nada")).status)
	var taken charla.Result
	a.as("beto").keyed(a.here("/take-next"), "t1", m{}).into(&taken)
	assert.Equal(t, other, taken.Ref)
	a.as("beto").keyed(a.here("/take-next"), "t1", m{}).into(&again)
	assert.Equal(t, taken.Ref, again.Ref)
	assert.Equal(t, "none_waiting", a.as("beto").post(a.here("/take-next"), m{"teams": []string{"taller"}}).refused().Code)
	assert.Equal(t, []string{"teams[1] unwanted"}, a.as("beto").post(a.here("/take-next"), m{"teams": []string{"ventas", "caja"}}).refused().paths())
	var beto struct{ Teams []string }
	a.as("beto").get("/me").into(&beto)
	assert.Equal(t, []string{"ventas", "taller"}, beto.Teams)
	var report tickets.Report
	a.get(a.here("/report?from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&by=agent")).into(&report)
	assert.Equal(t, int64(3), report.Open)
	assert.Equal(t, http.StatusForbidden, a.as("beto").get(a.here("/report?to=2100-01-01T00:00:00Z")).status)

	// Every operation except the stream has succeeded once. Without a login each is refused.
	for pattern := range described(t).operations {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{account}", a.account.ID().String(), "{conversation}", ref.Conversation.String(), "{number}", "1", "{seq}", "2").Replace(path)
		path = strings.TrimPrefix(path, "/api")
		for _, who := range []string{"nobody", "ana"} {
			want := http.StatusUnauthorized
			body := strings.NewReader(`{"unknown":1}`)
			if who == "ana" {
				if want = http.StatusBadRequest; method == http.MethodGet {
					path += "?unknown=1"
				}
			}
			r := a.as(who).call(method, path, "", body)
			require.Equal(t, want, r.status, "%s %s: %s", who, pattern, r.body)
			if p := r.refused(); who == "ana" {
				assert.Contains(t, p.paths(), "unknown unknown_key", pattern)
			} else {
				assert.Empty(t, r.header.Get("Location"), "no way to a login")
			}
		}
	}
	d := described(t)
	d.mu.Lock()
	defer d.mu.Unlock()
	for pattern := range d.operations {
		seen := d.seen[pattern]
		assert.True(t, seen[http.StatusOK] || seen[http.StatusNoContent] || pattern == "GET /api/events" || pattern == "GET /api/openapi.json", "%s never succeeded: %v", pattern, seen)
	}
}

// TestSchemasBite: an answer that is not as the document says is noticed.
func TestSchemasBite(t *testing.T) {
	t.Parallel()
	d := described(t)
	good := `{"ref":{"account":"01890000-0000-7000-8000-000000000000","conversation":"01890000-0000-7000-8000-000000000000","number":1},"entry":1,"at":"2026-05-20T18:00:00Z"}`
	require.NoError(t, d.against("/components/schemas/Result", []byte(good)))
	for old, other := range map[string]string{`"entry":1,`: ``, `"number":1`: `"number":"1"`, `2026-05-20T18`: `2026`, `{"ref"`: `{"more":1,"ref"`, `01890000-`: `x`} {
		require.Error(t, d.against("/components/schemas/Result", []byte(strings.Replace(good, old, other, 1))), other)
	}
	body := "/paths/~1api~1a~1%7Baccount%7D~1tickets~1%7Bconversation%7D~1%7Bnumber%7D~1do/post/requestBody/content/application~1json/schema"
	require.NoError(t, d.against(body, []byte(`{"kind":"close"}`)))
	for _, bad := range []string{`{}`, `{"kind":"close","more":1}`, `{"kind":"explode"}`, `{"kind":"assign","assignee":{"id":"ana"}}`} {
		require.Error(t, d.against(body, []byte(bad)), bad)
	}
	encoded, err := json.Marshal(m{"kind": "close"})
	require.NoError(t, err)
	require.NoError(t, d.against(body, encoded))
}
