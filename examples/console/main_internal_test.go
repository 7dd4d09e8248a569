package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser calls what the front end calls, over HTTP.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string
}

// do makes a request and returns its status and its body.
func (b *browser) do(method, path, body string, head http.Header) (int, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(body))
	require.NoError(b.t, err)
	request.Header = head
	response, err := b.client.Do(request)
	require.NoError(b.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return response.StatusCode, string(text)
}

// call calls the API as front.js does.
func (b *browser) call(path string, body any, key string, into any) int {
	b.t.Helper()
	method, text, head := http.MethodGet, "", http.Header{}
	if body != nil {
		encoded, err := json.Marshal(body)
		require.NoError(b.t, err)
		method, text = http.MethodPost, string(encoded)
		head.Set("Content-Type", "application/json")
	}
	if key != "" {
		head.Set("Idempotency-Key", key)
	}
	status, answer := b.do(method, "/desk/api"+path, text, head)
	if into != nil {
		require.NoError(b.t, json.Unmarshal([]byte(answer), into), answer)
	}
	return status
}

// TestFrontEnd: who logs in gets the page and all that its script calls: the accounts, their
// open tickets, one stream of what changes, a conversation, and an answer that is stored once.
func TestFrontEnd(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, listener, out) }()
	lines := bufio.NewScanner(said)
	next := func() string {
		require.True(t, lines.Scan())
		_, value, found := strings.Cut(lines.Text(), ": ")
		require.True(t, found, lines.Text())
		return value
	}
	chats := []string{next(), next()}
	_, password := next(), next()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	b := &browser{t, &http.Client{Jar: jar}, "http://" + listener.Addr().String()}

	assert.Equal(t, http.StatusUnauthorized, b.call("/accounts", nil, "", nil), "before the login")
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	_, page := b.do(http.MethodPost, "/login", url.Values{"name": {"ana"}, "password": {"wrong"}}.Encode(), form)
	assert.Contains(t, page, "Password")
	status, page := b.do(http.MethodPost, "/login", url.Values{"name": {"ana"}, "password": {password}}.Encode(), form)
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, `<script src="/front.js">`)
	_, script := b.do(http.MethodGet, "/front.js", "", http.Header{})
	for _, used := range []string{"'/accounts'", "tickets?status=open&limit=50", "'/messages?newest=true&limit=100'", "'/read'", "'/reply'", "/desk/api/events"} {
		assert.Contains(t, script, used, "what follows is what the script calls")
	}
	status, page = b.do(http.MethodGet, "/desk/", "", http.Header{})
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "Tienda", "the console is there, too")

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+"/desk/api/events", nil)
	require.NoError(t, err)
	stream, err := b.client.Do(request)
	require.NoError(t, err)
	defer stream.Body.Close()
	events := bufio.NewScanner(stream.Body)
	events.Buffer(nil, 1<<20)
	hear := func(name string) (data []byte) {
		for events.Scan() {
			if events.Text() == "event: "+name {
				require.True(t, events.Scan())
				return bytes.TrimPrefix(bytes.Clone(events.Bytes()), []byte("data: "))
			}
		}
		require.Fail(t, "the stream ended before "+name)
		return nil
	}
	hear("ready")
	var accounts charla.Page[charla.AccountInfo]
	b.call("/accounts", nil, "", &accounts)
	require.Len(t, accounts.Items, 2)

	// A customer writes on the page of each chat.
	for i, chat := range chats {
		at, err := url.Parse(chat)
		require.NoError(t, err)
		write(t, b.base+at.Path, []string{"hola", "buenas"}[i])
		var row charla.Row
		require.NoError(t, json.Unmarshal(hear("ticket"), &row))
		assert.Equal(t, []string{"hola", "buenas"}[i], row.Last.Text)
		assert.Equal(t, 1, row.Unread)
	}
	for _, account := range accounts.Items {
		var rows charla.Page[charla.Row]
		b.call("/a/"+account.ID.String()+"/tickets?status=open&limit=50", nil, "", &rows)
		require.Len(t, rows.Items, 1)
		ref := rows.Items[0].Ref
		path := "/a/" + ref.Account.String() + "/tickets/" + ref.Conversation.String() + "/1"
		var messages charla.Page[tickets.Message]
		b.call(path+"/messages?newest=true&limit=100", nil, "", &messages)
		assert.Equal(t, http.StatusNoContent, b.call(path+"/read", map[string]int64{"seq": messages.Items[0].Seq}, "", nil))
		var first, again charla.Result
		b.call(path+"/reply", map[string]string{"text": "¿en qué ayudo?"}, "k", &first)
		b.call(path+"/reply", map[string]string{"text": "¿en qué ayudo?"}, "k", &again)
		assert.Equal(t, first, again)
		assert.Equal(t, http.StatusUnprocessableEntity, b.call(path+"/reply", map[string]string{"text": " "}, "k2", nil))
		for row := (charla.Row{}); row.Last.Text != "¿en qué ayudo?"; { // a mark changes the row, too
			require.NoError(t, json.Unmarshal(hear("ticket"), &row))
		}
	}

	_, page = b.do(http.MethodPost, "/logout", "", form)
	assert.Contains(t, page, "Password")
	hear("out")
	for events.Scan() {
		require.Empty(t, events.Text(), "not a word more")
	}
	stop()
	require.NoError(t, <-ended)
}

// write says something in a chat as a new customer.
func write(t *testing.T, page, text string) {
	t.Helper()
	before, key, ok := strings.Cut(page, "page/")
	require.True(t, ok, page)
	post := func(path, token, body string, into any) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, before+"v1/"+key+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Origin", strings.Replace(strings.TrimSuffix(before, "/chat/"), "127.0.0.1", "localhost", 1))
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, response.StatusCode, string(answer))
		if into != nil {
			require.NoError(t, json.Unmarshal(answer, into))
		}
	}
	var session struct{ Token string }
	post("/sessions", "", `{"name":"Carla","email":"carla@example.com"}`, &session)
	post("/messages", session.Token, `{"key":"1","text":"`+text+`"}`, nil)
}
