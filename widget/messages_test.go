package widget_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestConversation is the whole way of a visitor: R7.1, R3.9, R6.5.
func TestConversation(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) {
		c.Chat.Welcome.Enabled = true
		c.Chat.Welcome.Text.Any, c.Chat.Welcome.Author = "¡Hola!", "La tienda"
		c.Automation.NewCustomer = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Bienvenida")}
		c.Automation.TicketCreated = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Ya te atendemos")}
	}, nil)

	got := s.do(request{method: "POST", path: "sessions", body: map[string]any{
		"name": "Carla", "email": "carla@example.com", "locale": "pt-BR",
	}})
	require.Equal(t, http.StatusCreated, got.status, "%s", got.body)
	var started struct {
		Token   string
		Session struct{ ID, Level, Name, Email, ExpiresAt string }
	}
	got.into(t, &started)
	assert.Equal(t, "claimed", started.Session.Level)
	assert.Equal(t, "Carla", started.Session.Name)
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))

	write := map[string]any{"key": "k1", "text": "¿dónde está mi pedido?", "welcome": true}
	first := s.do(request{method: "POST", path: "messages", token: started.Token, body: write})
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	var stored struct {
		Message message
		Also    []message
	}
	first.into(t, &stored)
	assert.Equal(t, []string{"2 customer ¿dónde está mi pedido?"}, texts([]message{stored.Message}))
	assert.Equal(t, []string{"1 welcome ¡Hola!", "3 rule Bienvenida", "4 rule Ya te atendemos"}, texts(stored.Also))
	assert.Equal(t, "La tienda", stored.Also[0].Name)

	again := s.do(request{method: "POST", path: "messages", token: started.Token, body: write})
	assert.Equal(t, first.status, again.status)
	assert.JSONEq(t, string(first.body), string(again.body), "R3.9: the same key answers alike")
	write["text"] = "otra cosa"
	reused := s.do(request{method: "POST", path: "messages", token: started.Token, body: write})
	assert.Equal(t, http.StatusConflict, reused.status)
	assert.Equal(t, "key_reused", reused.code())

	v := s.account.Visitor(charla.Token(started.Token))
	asked := s.write(visitor{Visitor: v}, "¿hola?")
	s.reply(asked.Ref, "ya sale")
	var p page
	s.do(request{path: "messages?after=0&limit=2", token: started.Token}).into(t, &p)
	assert.Equal(t, []string{"1 welcome ¡Hola!", "2 customer ¿dónde está mi pedido?"}, texts(p.Messages))
	assert.True(t, p.More)
	s.do(request{path: "messages?after=4", token: started.Token}).into(t, &p)
	assert.Equal(t, []string{"5 customer ¿hola?", "6 agent ya sale"}, texts(p.Messages))
	assert.Equal(t, "Ana", p.Messages[1].Name)
	p = page{}
	s.do(request{path: "messages?before=0&limit=2", token: started.Token}).into(t, &p)
	assert.Equal(t, []string{"5 customer ¿hola?", "6 agent ya sale"}, texts(p.Messages))
	assert.True(t, p.More)
	p = page{}
	s.do(request{path: "messages?before=3&limit=5", token: started.Token}).into(t, &p)
	assert.Equal(t, []string{"1 welcome ¡Hola!", "2 customer ¿dónde está mi pedido?"}, texts(p.Messages))
	assert.False(t, p.More)

	require.Equal(t, http.StatusNoContent, s.do(request{method: "POST", path: "read", token: started.Token, body: `{"seq": 6}`}).status)
	var status struct {
		Ongoing bool
		LastSeq int64
		Read    struct{ Customer, Agent int64 }
		Form    bool
		Level   string
	}
	s.do(request{path: "session", token: started.Token}).into(t, &status)
	assert.True(t, status.Ongoing)
	assert.EqualValues(t, 6, status.LastSeq)
	assert.EqualValues(t, 6, status.Read.Customer)
	assert.Equal(t, "claimed", status.Level)
	assert.Equal(t, http.StatusNoContent, s.do(request{method: "POST", path: "typing", token: started.Token, body: `{}`}).status)

	assert.Equal(t, http.StatusNoContent, s.do(request{method: "DELETE", path: "session", token: started.Token}).status)
	ended := s.do(request{path: "messages", token: started.Token})
	assert.Equal(t, http.StatusUnauthorized, ended.status)
	assert.Equal(t, "session", ended.code())
}

// TestWhatCannotBeSent: bodies, types and parameters that are refused.
func TestWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	long := strings.Repeat("a", 70<<10)
	for _, tt := range []struct {
		name   string
		q      request
		status int
		code   string
	}{
		{"no body", request{body: ""}, 400, "request"},
		{"not JSON", request{body: "key=1"}, 400, "request"},
		{"a list", request{body: `["k"]`}, 400, "request"},
		{"null", request{body: `null`}, 400, "request"},
		{"a null field", request{body: `{"key":"a","text":null}`}, 400, "request"},
		{"a number for a text", request{body: `{"key":1,"text":"a"}`}, 400, "request"},
		{"a list for a text", request{body: `{"key":["a"],"text":"a"}`}, 400, "request"},
		{"an object for a text", request{body: `{"key":{"$ne":""},"text":"a"}`}, 400, "request"},
		{"a text for a boolean", request{body: `{"key":"a","text":"a","welcome":"true"}`}, 400, "request"},
		{"an unknown field", request{body: `{"key":"a","text":"a","from":"agent"}`}, 400, "request"},
		{"a field in other letters", request{body: `{"Key":"a","text":"a"}`}, 400, "request"},
		{"a field twice", request{body: `{"key":"a","text":"a","text":"b"}`}, 400, "request"},
		{"more behind", request{body: `{"key":"a","text":"a"}{}`}, 400, "request"},
		{"cut off", request{body: `{"key":"a","text":"a"`}, 400, "request"},
		{"not UTF-8", request{body: "{\"key\":\"a\",\"text\":\"\xff\"}"}, 400, "request"},
		{"half a character", request{body: `{"key":"a","text":"ana\ud83d"}`}, 400, "request"},
		{"half a character in a key", request{body: `{"key":"\udc00","text":"a"}`}, 400, "request"},
		{"a whole one, in a field twice", request{body: `{"key":"a","text":"\ud83d\ude00","\u0074ext":"b"}`}, 400, "request"},
		{"without a key", request{body: `{"text":"a"}`}, 400, "request"},
		{"too large", request{body: `{"key":"a","text":"` + long + `"}`}, 413, "too_large"},
		{"blank", request{body: `{"key":"a","text":"  "}`}, 422, "invalid"},
		{"too long", request{body: `{"key":"a","text":"` + strings.Repeat("a", chatcfg.MaxMessage+1) + `"}`}, 422, "invalid"},
		{"a key too long", request{body: `{"key":"` + strings.Repeat("a", 201) + `","text":"a"}`}, 422, "invalid"},
		{"a form", request{body: `key=a`, header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}, 415, "media_type"},
		{"plain text", request{body: `{}`, header: http.Header{"Content-Type": {"text/plain"}}}, 415, "media_type"},
		{"no type", request{body: `{}`, header: http.Header{"Content-Type": {""}}}, 415, "media_type"},
		{"other letters", request{body: `{}`, header: http.Header{"Content-Type": {"application/json; charset=utf-16"}}}, 415, "media_type"},
		{"compressed", request{body: `{}`, header: http.Header{"Content-Encoding": {"gzip"}}}, 415, "media_type"},
		{"put", request{method: "PUT", body: `{}`}, 405, "method"},
		{"a negative after", request{method: "GET", path: "messages?after=-1"}, 400, "request"},
		{"an after twice", request{method: "GET", path: "messages?after=1&after=2"}, 400, "request"},
		{"an after too large", request{method: "GET", path: "messages?after=9223372036854775808"}, 400, "request"},
		{"after and before", request{method: "GET", path: "messages?after=1&before=2"}, 400, "request"},
		{"a limit of words", request{method: "GET", path: "messages?limit=all"}, 400, "request"},
		{"a bad escape", request{method: "GET", path: "messages?after=%zz"}, 400, "request"},
		{"a stream from nowhere", request{method: "GET", path: "stream?after=x"}, 400, "request"},
		{"a wrong seq", request{path: "read", body: `{"seq":-1}`}, 400, "request"},
		{"half a seq", request{path: "read", body: `{"seq":1.5}`}, 400, "request"},
		{"typing what", request{path: "typing", body: `{"text":"secret"}`}, 400, "request"},
		{"no such route", request{path: "nothing", body: `{}`}, 404, "not_found"},
		{"no such route below", request{path: "messages/1", body: `{}`}, 404, "not_found"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := tt.q
			if q.method == "" {
				q.method = "POST"
			}
			if q.path == "" {
				q.path = "messages"
			}
			q.token = v.token
			got := s.do(q)
			assert.Equal(t, tt.status, got.status, "%s", got.body)
			assert.Equal(t, tt.code, got.code(), "%s", got.body)
		})
	}
	got := s.do(request{method: "POST", path: "messages", token: v.token, body: `{"key":"whole","text":"\ud83d\ude00"}`})
	assert.Equal(t, http.StatusCreated, got.status, "a whole character: %s", got.body)
}
