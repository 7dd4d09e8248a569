package widget_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCanaries: R1.7, R7.2 and section 6: an account full of marked secrets; no
// answer of any route holds one of them, whoever asks.
func TestCanaries(t *testing.T) {
	t.Parallel()
	files, err := charla.NewFileDir(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, files.Close()) })
	text := func(s string) chatcfg.TextAction {
		return chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(s)}
	}
	s := setupDesk(t, &charla.Options{
		Files: &charla.FileOptions{Store: files}, Runner: charla.RunnerOptions{Poll: 20 * time.Millisecond},
	}, func(c *chatcfg.Config) {
		c.Automation.OutOfHours.Messages = chatcfg.Texts("canary-text-out-of-hours")
		c.Automation.NoAgents.Messages = chatcfg.Texts("canary-text-no-agents")
		c.Automation.ManualClose = text("canary-text-manual-close")
		c.Automation.TicketCreated = text("sent to everybody")
		c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"canarykeyword"}}
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"canary-notify@example.com"}}
		c.Hours.Timezone = "America/Santiago"
		c.Hours.Weekly = []chatcfg.Interval{{Day: chatcfg.Monday, Open: "09:00", Close: "18:00"}}
		chat := &c.Chat
		chat.WriteAsCompany, chat.AskRUT, chat.Google.Enabled = true, true, true
		chat.ContactForm.Enabled = true
		chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "canary-form@example.com"}
		chat.ContactForm.Mailbox = chatcfg.FormMailbox{Enabled: true, ID: "canary-mailbox"}
		chat.LongButton.Text.Any, chat.Welcome.Text.Any, chat.Welcome.Author = "canary-button-off", "canary-welcome-off", "canary-author-off"
	}, func(o *widget.Options) { o.Logins = []widget.Login{fakeLogin{"google"}} })
	agent := charla.Person{ID: "canary-agent-id", Name: "canary-agent-name"}
	acts := s.account.Agent(agent)
	require.NoError(t, acts.Heartbeat(t.Context(), tickets.Online))

	rut := func(v charla.Entry) charla.Entry { v.RUT = "12345678-5"; return v }
	other := s.start(s.account, charla.Entry{
		Name: "canary-other-name", Email: "canary-other@example.com", RUT: "11111111-1", Phone: "+56987654321",
	})
	theirs, err := other.Write(t.Context(), "canary-other-text canarykeyword", &charla.WriteOptions{
		Key: "canary-key", File: &charla.Upload{Name: "canary-file.png", Body: png(t, 8)},
	})
	require.NoError(t, err)
	mine := s.start(s.account, rut(charla.Entry{Name: "Carla", Email: "carla@example.com"}))
	verified := s.start(s.account, rut(charla.Entry{Proof: &charla.Proof{Subject: "canary-subject", Name: "Carla"}}))
	asked, err := mine.Write(t.Context(), "hola", &charla.WriteOptions{
		File: &charla.Upload{Name: "mine.png", Body: png(t, 9)},
	})
	require.NoError(t, err)
	for _, ref := range []tickets.Ref{asked.Ref, theirs.Ref} {
		_, err = acts.Reply(t.Context(), ref, "answered", nil)
		require.NoError(t, err)
		for _, cmd := range []tickets.Command{
			{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "canary-category"}},
			{Kind: tickets.CommandDescribe, Metadata: map[string]string{"canary-field": "canary-metadata"}},
		} {
			_, err = acts.Do(t.Context(), ref, cmd, nil)
			require.NoError(t, err)
		}
		require.NoError(t, acts.SetActivity(t.Context(), ref, charla.Replying))
	}
	proven, err := verified.Write(t.Context(), "hola", nil)
	require.NoError(t, err)
	for _, ref := range []tickets.Ref{asked.Ref, theirs.Ref, proven.Ref} {
		for range 2 {
			_, err = acts.Note(t.Context(), ref, "canary-note", &charla.WriteOptions{
				File: &charla.Upload{Name: "canary-note.png", Body: png(t, 10)}, Mentions: []tickets.AgentID{"canary-colleague"},
			})
			require.NoError(t, err)
		}
	}
	read, err := s.account.Inbox().Messages(t.Context(), asked.Ref, charla.MessageQuery{})
	require.NoError(t, err)
	record, err := s.store.Accounts().Get(t.Context(), s.account.ID())
	require.NoError(t, err)

	canaries := []string{
		"canary", s.secret.Reveal(), s.account.ID().String(), "11111111", "11.111.111", "987654321",
		other.token, other.session.ID.String(), other.session.Conversation.String(), asked.Ref.Conversation.String(),
		read.Items[0].File.ID.String(), "charla_sk_",
	}
	hidden := [][]byte{s.secret.Key().Seed(), record.Secrets[0].PublicKey}
	for _, v := range []visitor{other, mine, verified} {
		loaded, err := s.store.Conversations().Load(t.Context(), storage.LoadQuery{Account: s.account.ID(), Session: v.session.ID})
		require.NoError(t, err)
		hidden = append(hidden, loaded.Session.TokenHash)
	}
	for _, raw := range hidden {
		canaries = append(canaries, hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
	}

	send := []request{
		{path: "config"}, {path: "config?lang=en"}, {path: "session"}, {path: "messages"}, {path: "messages?before=0"},
		{path: "messages?before=0&limit=1"}, {path: "messages?after=3&limit=1"},
		{path: "messages?wait=1"}, {path: "picture"}, {path: "files/1"}, {path: "files/2"}, {path: "files/4"}, {path: "files/5"}, {path: "nothing"}, {path: "messages?after=x"},
		{method: "POST", path: "messages", body: `{"key":"a","text":"canarykeyword"}`},
		{method: "POST", path: "messages", body: `{"key":"a","text":"other"}`},
		{method: "POST", path: "messages", body: `{"key":"w","text":"x","welcome":true}`},
		{method: "POST", path: "messages", body: `{"key":"b","text":""}`},
		{method: "POST", path: "messages", body: `{`},
		{method: "POST", path: "typing", body: `{}`}, {method: "POST", path: "read", body: `{"seq":2}`},
		{method: "POST", path: "files?key=f&name=a.png", body: png(t, 8)},
		{method: "POST", path: "files?key=g&name=a.txt", body: "x"},
		{method: "POST", path: "contact", body: `{"key":"c","email":"carla@example.com","text":"hola"}`},
		{method: "POST", path: "contact", body: `{"key":"d","email":"x","text":""}`},
		{method: "POST", path: "logins", body: `{"provider":"google"}`},
		{method: "POST", path: "sessions", body: `{"name":"x"}`},
		{method: "POST", path: "sessions", body: `{"name":"x","email":"canary-other@example.com","rut":"12345678-5"}`},
		{method: "POST", path: "sessions", body: `{"identity":"x"}`},
		{method: "POST", path: "session/login", body: `{"identity":"x"}`},
		{path: "/page/" + s.account.key}, {path: "/contact/" + s.account.key}, {path: "/loader.js"},
		{method: "POST", path: "/contact/" + s.account.key, origin: s.server.URL,
			body:   url.Values{"key": {"p"}, "email": {"x"}}.Encode(),
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		{method: "POST", path: "/contact/" + s.account.key, origin: s.server.URL,
			body:   url.Values{"key": {"p"}, "email": {"carla@example.com"}, "text": {"x"}}.Encode(),
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		{path: "/login/google?state=x"},
	}
	searched := 0
	search := func(q request, got answer) {
		searched++
		all := fmt.Sprint(got.header, string(got.body))
		// What this visitor typed themselves may come back.
		all = strings.ReplaceAll(strings.ReplaceAll(all, `"text":"canarykeyword"`, ""), `"email":"canary-other@example.com"`, "")
		for _, c := range canaries {
			if c != "" {
				assert.NotContains(t, all, c, "%s %s", q.method, q.path)
			}
		}
	}
	for _, token := range []string{"", "x.y", mine.token, verified.token} {
		for _, from := range []string{"", "https://evil.example"} {
			for _, q := range send {
				q.token = token
				if q.origin == "" {
					q.origin = from
				}
				search(q, s.do(q))
			}
			if token == mine.token || token == verified.token {
				q := request{path: "stream", token: token}
				search(q, s.firstOf(q))
			}
		}
	}
	// The agent's name is there to be seen, if not written as the company.
	mineStill := request{path: "messages", token: mine.token}
	assert.NotContains(t, string(s.do(mineStill).body), agent.Name)
	s.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = false })
	assert.Contains(t, string(s.do(mineStill).body), agent.Name)
	assert.NotContains(t, string(s.do(mineStill).body), string(agent.ID))
	t.Logf("%d answers searched for %d secrets", searched, len(canaries))
}

// TestHostileTexts: whatever is typed comes back as typed, and only as data.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, nil)
	v := s.enter("carla")
	e := s.stream(request{path: "stream", token: v.token}, nil)
	e.want("ready {}")
	for i, text := range []string{
		"<script>alert(1)</script>", "'\"><img src=x onerror=alert(1)>", "a\n\nevent: end\ndata: {\"code\":\"session\"}\n\n",
		"data: x\r\nid: 99", "{{.}} ${x} %s {customer}", "\u202eevil\u202c \u2066x\u2069", "=HYPERLINK(\"http://x\")",
		"' OR 1=1 --", "👩‍👩‍👧‍👦 ñandú é", "]]>--></style>", "\u2028\u2029", strings.Repeat("ñ", chatcfg.MaxMessage),
	} {
		got := s.do(request{method: "POST", path: "messages", token: v.token, body: map[string]string{"key": itoa(int64(i)), "text": text}})
		if got.status == http.StatusUnprocessableEntity {
			continue // refused whole
		}
		require.Equal(t, http.StatusCreated, got.status, "%q: %s", text, got.body)
		var stored struct{ Message message }
		got.into(t, &stored)
		assert.Equal(t, text, stored.Message.Text)
		assert.NotContains(t, string(got.body), "<", "it could not be markup anywhere")
		e.want(fmt.Sprintf("%d=%d customer %s", stored.Message.Seq, stored.Message.Seq, text))
	}
	for _, name := range []string{"<b>Carla</b>", "Carla\u202e", strings.Repeat("x", 101), "a\x00b", "\t"} {
		got := s.do(request{method: "POST", path: "sessions", body: map[string]string{"name": name}})
		if got.status == http.StatusCreated {
			assert.NotContains(t, string(got.body), "<")
			continue
		}
		assert.Equal(t, http.StatusUnprocessableEntity, got.status, "%q", name)
	}
}
