package widget_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMiddleware: behind middleware that does not let a stream through, the
// client is told at once and long polling works; behind any other, streams do.
func TestMiddleware(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		wrap    func(http.Handler) http.Handler
		streams bool
	}{
		{"nothing", func(h http.Handler) http.Handler { return h }, true},
		{"StripPrefix", func(h http.Handler) http.Handler { return http.StripPrefix("/chat", h) }, true},
		{"StripPrefix with the slash", func(h http.Handler) http.Handler { return http.StripPrefix("/chat/", h) }, true},
		{"a mux", func(h http.Handler) http.Handler {
			m := http.NewServeMux()
			m.Handle("/chat/", h)
			return m
		}, true},
		{"a logger that unwraps", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(unwraps{w}, r) })
		}, true},
		{"a logger that hides everything", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(hides{w}, r) })
		}, false},
		{"a logger that flushes but hides deadlines", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(flushes{hides{w}, w}, r) })
		}, false},
		{"http.TimeoutHandler", func(h http.Handler) http.Handler { return http.TimeoutHandler(h, 15*time.Second, "") }, false},
		{"compression", compresses, false},
	} {
		for _, hijack := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, ", taken over ", hijack), func(t *testing.T) {
				t.Parallel()
				s := setup(t, nil, func(o *widget.Options) { o.Streams.Hijack = hijack })
				server := httptest.NewServer(tt.wrap(s.handler))
				t.Cleanup(func() { s.handler.Close(); server.Close() })
				s.server = server
				v := s.enter("carla")
				s.write(v, "uno")
				if tt.streams {
					e := s.stream(request{path: "stream", token: v.token}, nil)
					e.want("1=1 customer uno", "ready {}")
				} else {
					got := s.do(request{path: "stream", token: v.token})
					assert.Equal(t, http.StatusNotImplemented, got.status)
					assert.Equal(t, "stream", got.code())
					assert.Equal(t, "application/json", got.header.Get("Content-Type"))
				}
				require.Eventually(t, func() bool { return widget.Streams(s.handler) <= 1 }, 10*time.Second, time.Millisecond)
				polled := make(chan answer, 1)
				go func() { polled <- s.do(request{path: "messages?after=1&wait=10", token: v.token}) }()
				time.Sleep(20 * time.Millisecond)
				s.write(v, "dos")
				var p page
				(<-polled).into(t, &p)
				assert.Equal(t, []string{"2 customer dos"}, texts(p.Messages))
			})
		}
	}
}

type unwraps struct{ http.ResponseWriter }

func (u unwraps) Unwrap() http.ResponseWriter { return u.ResponseWriter }

type hides struct{ http.ResponseWriter }

type flushes struct {
	hides
	f http.ResponseWriter
}

func (f flushes) Flush() { f.f.(http.Flusher).Flush() }

func compresses(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		h.ServeHTTP(zipped{hides{w}, z}, r)
	})
}

type zipped struct {
	hides
	z io.Writer
}

func (z zipped) Write(b []byte) (int, error) {
	z.Header().Del("Content-Length")
	return z.z.Write(b)
}

func (z zipped) WriteHeader(status int) {
	z.Header().Del("Content-Length")
	z.hides.WriteHeader(status)
}

// TestLongPoll: where streams do not get through, waiting does: for messages,
// for what the page does not know yet, and no longer than asked.
func TestLongPoll(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	ref := s.write(v, "uno").Ref
	ask := func(query string) page {
		var p page
		got := s.do(request{path: "messages?" + query, token: v.token})
		require.Equal(t, http.StatusOK, got.status, "%s", got.body)
		got.into(t, &p)
		return p
	}
	p := ask("after=0&wait=20")
	assert.Equal(t, []string{"1 customer uno"}, texts(p.Messages))
	require.NotNil(t, p.Typing)
	require.NotNil(t, p.Read)

	for range 4 {
		s.reply(ref, "más")
	}
	p = ask("after=1&limit=2&wait=20")
	assert.Equal(t, []string{"2 agent más", "3 agent más"}, texts(p.Messages))
	assert.True(t, p.More)
	p = ask("after=3&limit=2&wait=20")
	assert.Equal(t, []string{"4 agent más", "5 agent más"}, texts(p.Messages))
	assert.False(t, p.More)

	began := time.Now()
	p = ask("after=5&wait=1")
	assert.GreaterOrEqual(t, time.Since(began), time.Second, "it waits for so long")
	assert.Empty(t, p.Messages)

	require.NoError(t, s.ana().MarkRead(t.Context(), ref, 4))
	assert.EqualValues(t, 4, ask("after=5&wait=20&agent=0&customer=0").Read.Agent, "what it does not know")
	assert.EqualValues(t, 4, ask("after=5&wait=1&agent=4&customer=0&typing=false").Read.Agent, "what it knows")
	waiting := make(chan page)
	go func() { waiting <- ask("after=5&wait=20&agent=4&customer=0&typing=false") }()
	time.Sleep(20 * time.Millisecond)
	require.NoError(t, s.ana().SetActivity(t.Context(), ref, charla.Replying))
	assert.True(t, (<-waiting).Typing.Agent)

	// What is said between two polls is told by the next one.
	require.Eventually(t, func() bool { return widget.Streams(s.handler) == 0 }, 10*time.Second, time.Millisecond)
	quiet := s.enter("berta")
	other := s.write(quiet, "uno").Ref
	require.NoError(t, s.ana().SetActivity(t.Context(), other, charla.Replying))
	got := s.do(request{path: "messages?after=1&wait=20&agent=0&customer=0&typing=false", token: quiet.token})
	var told page
	got.into(t, &told)
	assert.True(t, told.Typing.Agent)

	go func() { waiting <- ask("after=5&wait=20&typing=true") }()
	require.Eventually(t, func() bool { return widget.Streams(s.handler) == 1 }, 10*time.Second, time.Millisecond)
	s.handler.Close()
	p = <-waiting
	assert.Empty(t, p.Messages, "a server that closes answers")
}

// TestClaimedEmail: R7.2: with "e-mail as identifier" a session that only claims
// an e-mail learns nothing of that e-mail's conversation, by any route.
func TestClaimedEmail(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier, c.Chat.VisitorEnds = true, true }, nil)
	carla := s.enter("carla")
	ref := s.write(carla, "mi secreto").Ref
	s.reply(ref, "la respuesta")
	require.NoError(t, s.ana().MarkRead(t.Context(), ref, 1))
	require.NoError(t, s.ana().SetActivity(t.Context(), ref, charla.Replying))

	thief := s.start(s.account, charla.Entry{Name: "x", Email: "carla@example.com"})
	nobody := s.start(s.account, charla.Entry{Name: "x", Email: "nobody@example.com"})
	compare := func(q request) {
		t.Helper()
		q.token = thief.token
		a := s.do(q)
		q.token = nobody.token
		b := s.do(q)
		assert.Equal(t, b.status, a.status)
		for _, v := range []visitor{thief, nobody} {
			a.body = []byte(strings.ReplaceAll(string(a.body), v.session.ID.String(), "ID"))
			b.body = []byte(strings.ReplaceAll(string(b.body), v.session.ID.String(), "ID"))
		}
		a.body = []byte(strings.ReplaceAll(string(a.body), thief.session.ExpiresAt.Format(time.RFC3339Nano), "T"))
		b.body = []byte(strings.ReplaceAll(string(b.body), nobody.session.ExpiresAt.Format(time.RFC3339Nano), "T"))
		a.body = []byte(strings.ReplaceAll(string(a.body), "carla@", "nobody@"))
		assert.JSONEq(t, string(b.body), string(a.body))
	}
	compare(request{path: "session"})
	compare(request{path: "messages"})
	compare(request{path: "messages?before=0"})
	compare(request{path: "messages?wait=1"})
	compare(request{method: "POST", path: "end", body: `{"ticket":1,"key":"k"}`})
	assert.Equal(t, http.StatusNotFound, s.do(request{path: "files/1", token: thief.token}).status)
	e := s.stream(request{path: "stream?after=1", token: thief.token}, nil)
	e.want("ready {}")
	for _, q := range []request{
		{method: "POST", path: "read", body: `{"seq":2}`}, {method: "POST", path: "typing", body: `{}`},
	} {
		q.token = thief.token
		assert.Equal(t, http.StatusNoContent, s.do(q).status)
	}
	marks, err := s.account.Inbox().Marks(t.Context(), ref)
	require.NoError(t, err)
	assert.Zero(t, marks.Customer, "nor does it speak for them")

	require.NoError(t, s.ana().SetActivity(t.Context(), ref, charla.Replying))
	require.NoError(t, s.ana().MarkRead(t.Context(), ref, 2))
	time.Sleep(100 * time.Millisecond)

	s.write(thief, "hola")
	e.want("3=3 customer hola") // and nothing before
	require.NoError(t, s.ana().MarkRead(t.Context(), ref, 3))
	e.want(`read {"agent":3,"customer":0}`)
	s.reply(ref, "¿quién?") // to whoever wrote last
	e.want("4=4 agent ¿quién?")
}

// TestClaimedEmailForm: R7.2: nor does it learn whether that e-mail's ticket is open,
// by the contact form that would stand in place of starting one.
func TestClaimedEmailForm(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *chatcfg.Config) {
		c.Chat.EmailAsIdentifier = true
		c.Chat.ContactForm.Enabled = true
		c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "agents@tienda.cl"}
	}, nil)
	s.online(tickets.Online)
	carla := s.enter("carla")
	s.write(carla, "mi secreto")
	s.online(tickets.Offline)
	form := func(v visitor) bool {
		var status struct{ Form bool }
		s.do(request{path: "session", token: v.token}).into(t, &status)
		return status.Form
	}
	thief := s.start(s.account, charla.Entry{Name: "x", Email: "carla@example.com"})
	nobody := s.start(s.account, charla.Entry{Name: "x", Email: "nobody@example.com"})
	assert.True(t, form(nobody))
	assert.True(t, form(thief), "as if there were none")
	assert.False(t, form(carla), "her own goes on (R6.2)")
}

// TestClaimedEmailClose: R7.2: nor does it learn what that e-mail's ticket was closed
// with, though its own message is what had the close that was due happen.
func TestClaimedEmailClose(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		enter func(s *site) visitor
		also  []string
	}{
		"another": {func(s *site) visitor {
			return s.start(s.account, charla.Entry{Name: "x", Email: "carla@example.com"})
		}, []string{"5 rule Hola de nuevo"}},
		"herself": {nil, []string{"3 rule Adiós, carla", "5 rule Hola de nuevo"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mock := clock.NewMock()
			mock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))
			s := setupDesk(t, &charla.Options{Clock: mock}, func(c *chatcfg.Config) {
				c.Chat.EmailAsIdentifier = true
				c.Automation.AutoClose = chatcfg.AutoClose{
					Enabled: true, After: &chatcfg.Duration{Value: 10, Unit: chatcfg.UnitMinutes}, Clock: chatcfg.Wall,
				}
				c.Automation.AutomaticClose = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Adiós, {customer}")}
			}, nil)
			carla := s.enter("carla")
			s.reply(s.write(carla, "mi secreto").Ref, "la respuesta")
			s.save(func(c *chatcfg.Config) {
				c.Automation.TicketCreated = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Hola de nuevo")}
			})
			mock.Add(time.Hour) // nobody ran what is due
			who := carla
			if tt.enter != nil {
				who = tt.enter(s)
			}
			var stored struct {
				Message message
				Also    []message
			}
			s.do(request{method: "POST", path: "messages", token: who.token, body: `{"key":"a","text":"hola"}`}).into(t, &stored)
			assert.Equal(t, []string{"4 customer hola"}, texts([]message{stored.Message}))
			assert.Equal(t, tt.also, texts(stored.Also))
		})
	}
}
