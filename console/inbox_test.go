package console_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
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

// TestConversation: a customer's question, seen, answered, closed, opened.
func TestConversation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) {
		c.Quality.SLA = &chatcfg.Duration{Value: 1, Unit: chatcfg.UnitHours}
		c.Automation.ManualClose = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Chao, {customer}.")}
	})
	s, ref := b.customer("Carla", "¿Dónde está mi pedido?")
	list := b.get(b.inbox())
	assert.Contains(t, words(list.find("list")), "Carla")
	assert.Contains(t, words(list.find("list")), "¿Dónde está mi pedido?")
	assert.Contains(t, list.text, "chip wait ok")

	page := b.get(b.ticket(ref))
	assert.Contains(t, words(page.find("messages")), "¿Dónde está mi pedido?")
	assert.Contains(t, words(page.find("facts")), "Declarada")
	form := page.form(b.ticket(ref) + "/reply")
	form.Set("text", "Salió hoy.\r\nLlega mañana.")
	for range 2 { // sent twice with one key, stored once (R3.9)
		page = b.post(b.ticket(ref)+"/reply", form)
	}
	assert.Equal(t, b.ticket(ref), page.path)
	seen, err := s.Messages(t.Context(), charla.MessageQuery{})
	require.NoError(t, err)
	require.Len(t, seen.Items, 2)
	assert.Equal(t, "Salió hoy.\nLlega mañana.", seen.Items[1].Text)
	assert.Equal(t, "Ana", seen.Items[1].Name)

	do := func(action string) string {
		return words(b.post(b.ticket(ref)+"/"+action, url.Values{}).find("toasts"))
	}
	status := func() tickets.Ticket {
		one, err := b.account.Inbox().Ticket(t.Context(), ref)
		require.NoError(t, err)
		return one
	}
	do("important")
	assert.True(t, status().Important)
	assert.Contains(t, words(b.get(b.inbox()+"?view=important").find("list")), "Carla")
	do("normal")
	assert.False(t, status().Important)
	do("pause")
	assert.True(t, status().Paused)
	assert.Contains(t, do("pause"), "ya no permite")
	do("resume")
	assert.False(t, status().Paused)
	do("ignore")
	assert.Equal(t, tickets.StatusIgnored, status().Status)
	assert.Contains(t, words(b.get(b.inbox()+"?view=ignored").find("list")), "Carla")
	do("open")
	do("close")
	assert.Equal(t, tickets.StatusClosed, status().Status)
	closed := b.get(b.ticket(ref))
	assert.Contains(t, words(closed.find("messages")), "Chao, Carla.")
	assert.Contains(t, words(closed.find("why")), "Cierre manual")
	assert.Contains(t, closed.text, "Ábrelo para responder")
	assert.Equal(t, http.StatusNotFound, b.post(b.ticket(ref)+"/explode", url.Values{}).status)
}

// TestRefusedReply: what was typed and not taken is on the page again, and a script, which
// still has it, is told why.
func TestRefusedReply(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	reply := b.ticket(ref) + "/reply"
	back := strings.TrimPrefix(b.ticket(ref), "/desk") + "?q=&view=all"
	draft := strings.Repeat("muy largo ", 500)
	page := b.post(reply, url.Values{"text": {draft}, "back": {back}})
	assert.Equal(t, http.StatusUnprocessableEntity, page.status)
	assert.Equal(t, draft, page.form(reply).Get("text"))
	assert.Equal(t, back, page.form(reply).Get("back"))
	assert.Contains(t, page.text, "toast bad")
	assert.Equal(t, b.ticket(ref), page.leads(attr(page.find("out").LastChild, "href")))

	b.post(b.ticket(ref)+"/close", nil)
	for _, tt := range []struct {
		action, text string
		status       int
		want         string
	}{
		{"reply", draft, http.StatusUnprocessableEntity, "4000"},
		{"reply", "hola", http.StatusConflict, "ya no permite"},
		{"close", "", http.StatusConflict, "ya no permite"},
		{"explode", "", http.StatusNotFound, "nada"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+b.ticket(ref)+"/"+tt.action, strings.NewReader(url.Values{"text": {tt.text}}.Encode()))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Charla-Root", "../../../../")
		answer := b.answer(b.client.Do(request))
		assert.Equal(t, tt.status, answer.status, tt.action)
		var said struct{ Error string }
		require.NoError(t, json.Unmarshal([]byte(answer.text), &said), answer.text)
		assert.Contains(t, strings.ReplaceAll(said.Error, ".", ""), tt.want)
	}
	closed := b.post(reply, url.Values{"text": {"tarde"}})
	assert.Contains(t, words(closed.find("toasts")), "ya no permite")
}

// TestScripted: what a script gets has links from the page that it is on, not from where it
// asked; an address that is no way up counts for nothing.
func TestScripted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	for root, want := range map[string]string{"../../../../": "../../../../", "/evil/": "../../../../../", "../x": "../../../../../", `"><script>`: "../../../../../"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+b.ticket(ref)+"/dryrun", strings.NewReader("text=hola"))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Charla-Root", root)
		answer := b.answer(b.client.Do(request))
		assert.Equal(t, http.StatusOK, answer.status)
		assert.Contains(t, answer.text, `data-root="`+want+`"`)
		harmless(t, answer, root)
	}
}

// TestTypification: R3.6: category, fields, metadata, previous tickets; none of
// them for anonymous customers.
func TestTypification(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, ref := b.customer("Carla", "hola")
	b.post(b.ticket(ref)+"/classify", url.Values{"category": {"Despacho"}, "name": {"pedido", "", "zona"}, "value": {"20418", "x", "sur"}})
	b.post(b.ticket(ref)+"/describe", url.Values{"name": {"canal"}, "value": {"web"}})
	one, err := b.account.Inbox().Ticket(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, &tickets.Typification{Category: "Despacho", Fields: map[string]string{"pedido": "20418", "zona": "sur"}}, one.Typification)
	assert.Equal(t, map[string]string{"canal": "web"}, one.Metadata)
	page := b.get(b.ticket(ref))
	assert.Equal(t, []string{"pedido", "zona", ""}, page.form(b.ticket(ref) + "/classify")["name"])
	b.post(b.ticket(ref)+"/classify", url.Values{"category": {""}})
	one, err = b.account.Inbox().Ticket(t.Context(), ref)
	require.NoError(t, err)
	assert.Nil(t, one.Typification)

	b.post(b.ticket(ref)+"/close", url.Values{})
	_, err = s.Write(t.Context(), "otra cosa", nil)
	require.NoError(t, err)
	assert.Contains(t, words(b.get(strings.TrimSuffix(b.ticket(ref), "1")+"2").find("previous")), "Ticket 1")
	assert.Contains(t, b.get(b.ticket(ref)).text, "ticket más nuevo")

	b.config(func(c *chatcfg.Config) { c.Chat.Anonymous = true })
	anonymous, _, err := b.account.Enter(t.Context(), charla.Entry{Anonymous: true})
	require.NoError(t, err)
	said, err := anonymous.Write(t.Context(), "¿hay alguien?", nil)
	require.NoError(t, err)
	assert.Nil(t, b.get(b.ticket(said.Ref)).find("classify"))
	refused := b.post(b.ticket(said.Ref)+"/classify", url.Values{"category": {"x"}})
	assert.Contains(t, words(refused.find("toasts")), "anónimo")
}

// TestSearch: in what was written, by words and beginnings.
func TestSearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("Carla", "mi camión azul")
	b.customer("Juan", "otra cosa")
	found := words(b.get(b.inbox() + "?view=all&q=" + url.QueryEscape("CAMION az")).find("list"))
	assert.Contains(t, found, "Carla")
	assert.NotContains(t, found, "Juan")
	assert.NotContains(t, words(b.get(b.inbox()+"?view=all&q=azul+verde").find("list")), "Carla")
	many := b.get(b.inbox() + "?view=all&q=" + strings.Repeat("palabra+", 37))
	assert.Equal(t, http.StatusOK, many.status)
	assert.Contains(t, many.text, "banner bad")
}

// TestDryRun: what would happen is shown, and nothing is written.
func TestDryRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) {
		c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"recl*"}}
	})
	s, ref := b.customer("Carla", "hola")
	page := b.post(b.ticket(ref)+"/dryrun", url.Values{"text": {"tengo un reclamo"}})
	assert.Contains(t, words(page.find("dry")), "Importante")
	assert.Contains(t, words(page.find("dry")), "reclamo")
	list, err := s.Messages(t.Context(), charla.MessageQuery{})
	require.NoError(t, err)
	assert.Len(t, list.Items, 1)
}

// TestAttachment: a file goes with a reply and comes back as what it is.
func TestAttachment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	require.NoError(t, w.WriteField("text", "mira"))
	part, err := w.CreateFormFile("file", "punto.png")
	require.NoError(t, err)
	_, err = part.Write(dot(t))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	answer := b.answer(b.client.Post(b.server.URL+b.ticket(ref)+"/reply", w.FormDataContentType(), &body))
	assert.Contains(t, words(answer.find("messages")), "punto.png")
	link := "/desk/a/" + b.account.ID().String() + "/file/" + ref.Conversation.String() + "/1/2"
	file := b.get(link)
	assert.Equal(t, "image/png", file.header.Get("Content-Type"))
	assert.Equal(t, string(dot(t)), file.text)
	assert.Contains(t, file.header.Get("Content-Security-Policy"), "sandbox")
	assert.Equal(t, http.StatusNotFound, b.get(strings.TrimSuffix(link, "2")+"1").status)
}

// dot is a picture of one pixel.
func dot(t *testing.T) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
	require.NoError(t, err)
	return b
}

// TestEvents: R8.3: the stream tells of a customer's message, of typing and of
// reading, keeps its agent online (R4.7), and ends with the login.
func TestEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config(func(c *chatcfg.Config) { c.Chat.Sound = true })
	s, ref := b.customer("Carla", "hola")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		b.server.URL+"/desk/a/"+b.account.ID().String()+"/events?conversation="+ref.Conversation.String(), nil)
	require.NoError(t, err)
	answer, err := b.client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	lines := bufio.NewScanner(answer.Body)
	next := func(name string) string {
		for lines.Scan() {
			if lines.Text() == "event: "+name {
				require.True(t, lines.Scan())
				return strings.TrimPrefix(lines.Text(), "data: ")
			}
		}
		require.Fail(t, "the stream ended before "+name)
		return ""
	}
	require.NoError(t, s.Typing(ctx))
	assert.Equal(t, "true", next("typing"))
	_, err = s.Write(ctx, "¿hay alguien?", nil)
	require.NoError(t, err)
	var change struct {
		Conversation, Name, Text string
		Sound                    bool
	}
	require.NoError(t, json.Unmarshal([]byte(next("change")), &change))
	assert.Equal(t, ref.Conversation.String(), change.Conversation)
	assert.True(t, change.Sound)
	assert.Equal(t, "¿hay alguien?", change.Text)
	require.NoError(t, s.MarkRead(ctx, 2))
	assert.Contains(t, next("read"), `"customer":2`)

	b.post(b.ticket(ref)+"/reply", url.Values{"text": {"sí"}})
	require.NoError(t, json.Unmarshal([]byte(next("change")), &change))
	assert.Equal(t, http.StatusNoContent, b.post(b.ticket(ref)+"/activity", url.Values{"does": {"replying"}}).status)
	assert.Equal(t, http.StatusNoContent, b.post(b.ticket(ref)+"/read", url.Values{"seq": {"2"}}).status)
	marks, err := b.account.Inbox().Marks(ctx, ref)
	require.NoError(t, err)
	assert.Equal(t, tickets.Marks{Customer: 2, Agent: 2}, marks)

	b.people.end("ana")
	b.console.Recheck("ana")
	_, err = s.Write(ctx, "un secreto", nil)
	require.NoError(t, err)
	for lines.Scan() {
		assert.NotContains(t, lines.Text(), "secreto")
	}
}

// TestStreamsEnd: a stream of whose login ends, or whose account is withdrawn, hears nothing
// more: at once if the host says so, else at the next look.
func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	type change = func(b *bench)
	logout := func(b *bench) { b.people.end("bruno") }
	recheck := func(b *bench) { b.console.Recheck("bruno") }
	bruno := console.Person{ID: "bruno", Role: console.RoleAgent}
	for name, tt := range map[string]struct {
		change, tell change
		ends         bool
	}{
		"logged out, told":        {logout, recheck, true},
		"logged out, looked":      {logout, nil, true},
		"account withdrawn, told": {func(b *bench) { b.people.set("bruno", bruno) }, recheck, true},
		"another in the same browser": {func(b *bench) {
			b.people.set("bruno", console.Person{ID: "eva", Role: console.RoleAgent, AllAccounts: true})
		}, recheck, true},
		"no person any more": {func(b *bench) { b.people.set("bruno", console.Person{ID: "bruno", AllAccounts: true}) }, recheck, true},
		"promoted": {func(b *bench) {
			b.people.set("bruno", console.Person{ID: "bruno", Role: console.RoleSupervisor, AllAccounts: true})
		}, recheck, false},
		"nothing changed":   {nil, recheck, false},
		"another's recheck": {nil, func(b *bench) { b.console.Recheck("ana") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := clock.NewMock()
			clock.Set(time.Date(2026, 5, 20, 18, 0, 0, 0, time.UTC))
			b := setupOn(t, charla.Options{Clock: clock}, nil)
			s, ref := b.customer("Carla", "hola")
			one := bruno
			one.Accounts = []chatcfg.AccountID{b.account.ID()}
			b.people.set("bruno", one)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+"/desk/a/"+b.account.ID().String()+"/events?conversation="+ref.Conversation.String(), nil)
			require.NoError(t, err)
			answer, err := b.browser("bruno").Do(request)
			require.NoError(t, err)
			defer answer.Body.Close()
			lines := bufio.NewScanner(answer.Body)
			next := func(name string) string {
				for lines.Scan() {
					if event, is := strings.CutPrefix(lines.Text(), "event: "); is && (event == name || event == "out") {
						return event
					}
				}
				return "end"
			}
			require.Equal(t, "ready", next("ready"))
			if tt.change != nil {
				tt.change(b)
			}
			if tt.tell != nil {
				tt.tell(b)
			} else {
				clock.Add(console.RecheckEvery)
			}
			if tt.ends {
				assert.Equal(t, "out", next("ready"))
				assert.Equal(t, "end", next("change"))
			}
			_, err = s.Write(t.Context(), "un secreto", nil)
			require.NoError(t, err)
			if !tt.ends {
				assert.Equal(t, "change", next("change"))
			}
		})
	}
}

// TestCloses: the streams end with the console.
func TestCloses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer, err := b.client.Get(b.server.URL + "/desk/a/" + b.account.ID().String() + "/events")
	require.NoError(t, err)
	defer answer.Body.Close()
	b.console.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		assert.NotEmpty(t, lines.Text()+".")
	}
	assert.NoError(t, lines.Err())
}

// TestOtherAccount: R1.3: nothing of one account under another's address.
func TestOtherAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	another, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	path := "/desk/a/" + another.ID().String() + "/inbox/" + ref.Conversation.String() + "/1"
	assert.Equal(t, http.StatusNotFound, b.get(path).status)
	assert.Equal(t, http.StatusNotFound, b.post(path+"/reply", url.Values{"text": {"hola"}}).status)
	for _, bad := range []string{"/desk/a/x/inbox", b.inbox() + "/x/1", b.inbox() + "/" + ref.Conversation.String() + "/0", b.inbox() + "/" + ref.Conversation.String() + "/9"} {
		assert.Equal(t, http.StatusNotFound, b.get(bad).status, bad)
	}
}
