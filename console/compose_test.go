package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// team makes a bench whose account has Ana and Bruno.
func team(t *testing.T) *bench {
	t.Helper()
	bruno := console.Person{ID: "bruno", Name: "Bruno Díaz", Role: console.RoleAgent, AllAccounts: true, Teams: []tickets.TeamID{"ventas"}}
	b := setupOn(t, charla.Options{}, &console.Options{Colleagues: func(context.Context, chatcfg.AccountID) ([]console.Person, error) {
		return []console.Person{{ID: "ana", Name: "Ana"}, bruno}, nil
	}})
	b.people.set("bruno", bruno)
	return b
}

// said are the texts that a visitor has got, or written.
func said(t *testing.T, s *charla.Visitor) (all []string) {
	t.Helper()
	list, err := s.Messages(t.Context(), charla.MessageQuery{})
	require.NoError(t, err)
	for _, m := range list.Items {
		all = append(all, m.Text)
	}
	return all
}

// TestNotes: R11.4: a note stands in the conversation as one, names colleagues, and no
// customer gets it; it goes also to a closed ticket, and a refused one is not made a reply.
func TestNotes(t *testing.T) {
	t.Parallel()
	b := team(t)
	s, ref := b.customer("Carla", "hola")
	reply := b.ticket(ref) + "/reply"
	page := b.post(reply, url.Values{"as": {"note"}, "text": {"cliente frecuente, @Bruno Díaz"}})
	assert.Contains(t, words(page.find("messages")), "Ana · Nota cliente frecuente, @Bruno Díaz")
	assert.Equal(t, []string{"hola"}, said(t, s))
	b.post(reply, url.Values{"as": {"reply"}, "text": {"buenas"}})
	assert.Equal(t, []string{"hola", "buenas"}, said(t, s))

	draft := strings.Repeat("muy largo ", 500)
	refused := b.post(reply, url.Values{"as": {"note"}, "text": {draft}})
	assert.Equal(t, http.StatusUnprocessableEntity, refused.status)
	assert.Equal(t, draft, refused.form(reply).Get("text"))
	assert.Contains(t, refused.text, `value="note" checked`)
	assert.NotContains(t, refused.text, `value="reply" checked`)

	b.post(b.ticket(ref)+"/close", nil)
	closed := b.get(b.ticket(ref))
	form := closed.form(reply)
	assert.Equal(t, "note", form.Get("as"), "it is all that can be written")
	form.Set("text", "llamó después")
	assert.Contains(t, words(b.post(reply, form).find("messages")), "llamó después")
	assert.Equal(t, []string{"hola", "buenas"}, said(t, s))

	history, err := b.account.Inbox().History(t.Context(), ref, charla.PageQuery{})
	require.NoError(t, err)
	var named []tickets.AgentID
	for _, e := range history.Items {
		for _, f := range e.Facts {
			if f.Kind == tickets.FactMentioned {
				named = append(named, f.Assignee.Agent)
			}
		}
	}
	assert.Equal(t, []tickets.AgentID{"bruno"}, named)
}

// TestQuickReplies: R11.5: those of one's teams and of none are offered; choosing one puts it
// below what was typed and sends nothing.
func TestQuickReplies(t *testing.T) {
	t.Parallel()
	b := team(t)
	_, err := b.account.Agent(charla.Person{}).SaveQuickReplies(t.Context(), 0, []chatcfg.QuickReply{
		{Shortcut: "gracias", Title: "Dar las gracias", Text: chatcfg.Words{Any: "Gracias, {customer}. Soy {agent}."}},
		{Shortcut: "lista", Title: "Lista de precios", Text: chatcfg.Words{Any: "Aquí está."}, Team: "ventas"},
	})
	require.NoError(t, err)
	s, ref := b.customer("Carla", "hola")
	page := b.get(b.ticket(ref))
	assert.Equal(t, "Respuestas rápidas: / gracias — Dar las gracias", words(page.find("quick")))
	form := page.form(b.ticket(ref) + "/reply")
	form.Set("text", "Hola.")
	form.Set("quick", "gracias")
	page = b.post(b.ticket(ref)+"/quick", form)
	assert.Equal(t, "Hola.\r\nGracias, Carla. Soy Ana.", page.form(b.ticket(ref)+"/reply").Get("text"))
	assert.Equal(t, []string{"hola"}, said(t, s))
	b.post(b.ticket(ref)+"/reply", page.form(b.ticket(ref)+"/reply"))
	assert.Equal(t, "Hola.\nGracias, Carla. Soy Ana.", said(t, s)[1])
	assert.Equal(t, http.StatusNotFound, b.post(b.ticket(ref)+"/quick", url.Values{"quick": {"nada"}}).status)
	assert.Equal(t, "x", b.post(b.ticket(ref)+"/quick", url.Values{"quick": {""}, "text": {"x"}}).form(b.ticket(ref)+"/reply").Get("text"))

	answer := b.scripted(b.ticket(ref)+"/quick", url.Values{"quick": {"GRACIAS"}})
	assert.JSONEq(t, `{"text": "Gracias, Carla. Soy Ana."}`, answer.text)
	b.client = b.browser("bruno")
	assert.Contains(t, words(b.get(b.ticket(ref)).find("quick")), "lista — Lista de precios")
}

// scripted posts as the page's script does.
func (b *bench) scripted(path string, form url.Values) *page {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.server.URL+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Charla-Root", "../../../../")
	return b.answer(b.client.Do(request))
}

// TestMeanwhile: who answers without having seen a colleague's answer is told so once, with
// that answer and what they typed on the page; pressed again, it is sent.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	b := team(t)
	s, ref := b.customer("Carla", "hola")
	reply := b.ticket(ref) + "/reply"
	bruno := b.account.Agent(charla.Person{ID: "bruno", Name: "Bruno Díaz"})
	form := b.get(b.ticket(ref)).form(reply)
	form.Set("text", "Quedan tres.")
	_, err := s.Write(t.Context(), "¿hay alguien?", nil)
	require.NoError(t, err)
	_, err = bruno.Note(t.Context(), ref, "yo no puedo", nil)
	require.NoError(t, err)
	_, err = bruno.Reply(t.Context(), ref, "Quedan dos.", nil)
	require.NoError(t, err)

	told := b.post(reply, form)
	assert.Equal(t, http.StatusConflict, told.status)
	assert.Contains(t, words(told.find("toasts")), "Bruno Díaz respondió mientras escribías.")
	assert.Contains(t, words(told.find("messages")), "Quedan dos.")
	assert.Equal(t, "Quedan tres.", told.form(reply).Get("text"))
	assert.Equal(t, []string{"hola", "¿hay alguien?", "Quedan dos."}, said(t, s))
	again := b.post(reply, told.form(reply))
	assert.Equal(t, http.StatusOK, again.status)
	assert.Equal(t, "Quedan tres.", said(t, s)[3])

	form = b.get(b.ticket(ref)).form(reply)
	form.Set("text", "Y azules.")
	b.post(reply, url.Values{"text": {"de otra pestaña"}})
	_, err = bruno.Note(t.Context(), ref, "bien", nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, b.post(reply, form).status, "one's own answer and a note are no answer of another")

	form = b.get(b.ticket(ref)).form(reply)
	form.Set("text", "Adiós.")
	_, err = bruno.Reply(t.Context(), ref, "Hasta luego.", nil)
	require.NoError(t, err)
	refused := b.scripted(reply, form)
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(refused.text), &fields))
	assert.Equal(t, http.StatusConflict, refused.status)
	assert.Contains(t, fields["error"], "Bruno Díaz respondió")
	form.Set("as", "note")
	assert.Equal(t, http.StatusOK, b.post(reply, form).status, "a note answers nobody")
	form.Set("as", "reply")
	form.Set("key", "another")
	form.Set("seen", strings.TrimSuffix(strings.TrimPrefix(refused.text[strings.Index(refused.text, `"seen":`):], `"seen":`), "}"))
	assert.Equal(t, http.StatusOK, b.post(reply, form).status)
}

// TestColleagues: R11.7: the stream of a conversation says by name what colleagues do in it,
// and not what its own agent does.
func TestColleagues(t *testing.T) {
	t.Parallel()
	b := team(t)
	_, ref := b.customer("Carla", "hola")
	answer, err := b.client.Get(b.server.URL + "/desk/a/" + b.account.ID().String() + "/events?conversation=" + ref.Conversation.String())
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	next := func() (data string) {
		for lines.Scan() {
			if lines.Text() == "event: colleague" {
				require.True(t, lines.Scan())
				return strings.TrimPrefix(lines.Text(), "data: ")
			}
		}
		return "the stream ended"
	}
	for lines.Scan() && lines.Text() != "event: ready" {
	}
	does := func(who, what string) {
		b.client = b.browser(who)
		assert.Equal(t, http.StatusNoContent, b.post(b.ticket(ref)+"/activity", url.Values{"does": {what}}).status)
	}
	does("ana", "replying")
	for _, what := range []string{"looking", "noting", "replying", ""} {
		does("bruno", what)
		assert.JSONEq(t, `{"agent": "bruno", "name": "Bruno Díaz", "does": "`+what+`"}`, next())
	}
	assert.Equal(t, http.StatusUnprocessableEntity, b.post(b.ticket(ref)+"/activity", url.Values{"does": {"sleeping"}}).status)
}
