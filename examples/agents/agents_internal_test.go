package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const password = "secret"

// bench is a console on a real server.
type bench struct {
	t       *testing.T
	desk    *charla.Desk
	account *charla.Account
	server  *httptest.Server
	// ended gets a value when a live page's request is over.
	ended chan struct{}
}

func setup(t *testing.T, writeTimeout time.Duration) *bench {
	t.Helper()
	b := &bench{t: t, ended: make(chan struct{}, 10)}
	var err error
	b.desk, err = charla.New(storage.NewMemory(), nil)
	require.NoError(t, err)
	b.account, _, err = b.desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
	require.NoError(t, err)
	c := &console{account: b.account, who: basic(password), writeTimeout: writeTimeout}
	pages := c.handler()
	b.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pages.ServeHTTP(w, r)
		if r.URL.Path == "/live" {
			b.ended <- struct{}{}
		}
	}))
	b.server.Listener = narrow{b.server.Listener}
	b.server.Start()
	t.Cleanup(func() { b.server.CloseClientConnections(); b.server.Close() })
	return b
}

// narrow makes connections that hold little that was not read.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err == nil {
		err = conn.(*net.TCPConn).SetWriteBuffer(4096)
	}
	return conn, err
}

// customer writes as a new customer.
func (b *bench) customer(name, text string) (*charla.Visitor, tickets.Ref) {
	b.t.Helper()
	visitor, _, err := b.account.Enter(b.t.Context(), charla.Entry{Name: name, Email: name + "@example.com"})
	require.NoError(b.t, err)
	said, err := visitor.Write(b.t.Context(), text, nil)
	require.NoError(b.t, err)
	return visitor, said.Ref
}

// ask asks as Ana, and reads the answer into a value.
func (b *bench) ask(method, path string, form url.Values, into any) (status int) {
	b.t.Helper()
	return b.askAs("ana", method, path, form, into)
}

func (b *bench) askAs(agent, method, path string, form url.Values, into any) (status int) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	r.SetBasicAuth(agent, password)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := b.server.Client().Do(r)
	require.NoError(b.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	if into != nil {
		require.NoError(b.t, json.Unmarshal(body, into), "%s", body)
	}
	return res.StatusCode
}

// of is the path of a conversation.
func of(ref tickets.Ref, rest string) string {
	return "/tickets/" + ref.Conversation.String() + "/" + rest
}

// The list comes in pages, by status and by words.
func TestList(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Minute)
	var refs []tickets.Ref
	for i := range 5 {
		_, ref := b.customer(fmt.Sprint("carla", i), fmt.Sprint("question ", i))
		refs = append(refs, ref)
	}
	require.Equal(t, http.StatusOK, b.ask(http.MethodPost, of(refs[4], "close"), nil, nil))
	seen := map[tickets.Ref]bool{}
	for query, sizes := (url.Values{"limit": {"3"}, "status": {"open"}}), []int{3, 1}; len(sizes) > 0; sizes = sizes[1:] {
		var page charla.Page[charla.Row]
		require.Equal(t, http.StatusOK, b.ask(http.MethodGet, "/tickets?"+query.Encode(), nil, &page))
		require.Len(t, page.Items, sizes[0])
		for _, row := range page.Items {
			assert.Equal(t, tickets.StatusOpen, row.Status)
			seen[row.Ref] = true
		}
		assert.Equal(t, len(sizes) == 1, page.Next == "")
		query.Set("cursor", page.Next)
	}
	assert.Len(t, seen, 4)
	var found charla.Page[charla.Row]
	b.ask(http.MethodGet, "/tickets?q=question+2", nil, &found)
	require.Len(t, found.Items, 1)
	assert.Equal(t, refs[2], found.Items[0].Ref)
	for path, want := range map[string]int{"/tickets?status=lost": http.StatusUnprocessableEntity, "/tickets?cursor=x": http.StatusUnprocessableEntity} {
		assert.Equal(t, want, b.ask(http.MethodGet, path, nil, nil), path)
	}
}

// R11.3: each agent's rows count what that agent has not read.
func TestUnread(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Minute)
	visitor, ref := b.customer("carla", "hola")
	last, err := visitor.Write(t.Context(), "¿hay alguien?", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, b.ask(http.MethodPost, of(ref, "read"), url.Values{"seq": {fmt.Sprint(last.Last)}}, nil))
	_, err = visitor.Write(t.Context(), "¿hola?", nil)
	require.NoError(t, err)
	for agent, want := range map[string]int{"ana": 1, "beto": 3} {
		var page charla.Page[charla.Row]
		require.Equal(t, http.StatusOK, b.askAs(agent, http.MethodGet, "/tickets", nil, &page))
		require.Len(t, page.Items, 1)
		assert.EqualValues(t, want, page.Items[0].Unread, agent)
	}
	assert.Equal(t, http.StatusNotFound, b.ask(http.MethodPost, of(tickets.Ref{}, "read"), url.Values{"seq": {"1"}}, nil))
}

// A reply that is repeated with its key is stored once; commands move the ticket as far
// as its state allows.
func TestReply(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Minute)
	visitor, ref := b.customer("carla", "hola")
	var first, again charla.Result
	form := url.Values{"text": {"yes?"}, "key": {"k1"}}
	require.Equal(t, http.StatusOK, b.ask(http.MethodPost, of(ref, "replies"), form, &first))
	require.Equal(t, http.StatusOK, b.ask(http.MethodPost, of(ref, "replies"), form, &again))
	assert.Equal(t, first.Seq, again.Seq)
	form.Set("text", "something else")
	assert.Equal(t, http.StatusConflict, b.ask(http.MethodPost, of(ref, "replies"), form, nil))
	assert.Equal(t, http.StatusUnprocessableEntity, b.ask(http.MethodPost, of(ref, "replies"), url.Values{"text": {""}}, nil))

	var page charla.Page[tickets.Message]
	require.Equal(t, http.StatusOK, b.ask(http.MethodGet, of(ref, "messages"), nil, &page))
	require.Len(t, page.Items, 2)
	assert.Equal(t, "yes?", page.Items[1].Text)
	own, err := visitor.Messages(t.Context(), charla.MessageQuery{})
	require.NoError(t, err)
	assert.Len(t, own.Items, 2)

	for _, step := range []struct {
		command string
		want    int
	}{
		{"close", http.StatusOK}, {"close", http.StatusConflict}, {"open", http.StatusOK}, {"mark", http.StatusOK},
		{"write", http.StatusUnprocessableEntity}, {"nonsense", http.StatusUnprocessableEntity},
	} {
		assert.Equal(t, step.want, b.ask(http.MethodPost, of(ref, step.command), nil, nil), step.command)
	}
	one, err := b.account.Inbox().Ticket(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, tickets.StatusOpen, one.Status)
	assert.True(t, one.Important)

	assert.Equal(t, http.StatusOK, b.ask(http.MethodPost, "/presence", url.Values{"is": {"online"}}, nil))
	presence, err := b.account.Inbox().Presence(t.Context())
	require.NoError(t, err)
	assert.True(t, presence.Available)

	// What a refusal says is no fault of the server.
	assert.Equal(t, http.StatusConflict, b.askAs("beto", http.MethodPost, of(ref, "take"), nil, nil), "a colleague's")
	require.NoError(t, b.account.Delete(t.Context(), "Tienda"))
	assert.Equal(t, http.StatusConflict, b.ask(http.MethodPost, of(ref, "replies"), url.Values{"text": {"yes?"}}, nil), "a deleted account's")
}

// R1.3: nothing of another account's conversation is there, nor anything for those who
// are not logged in.
func TestForeign(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Minute)
	_, own := b.customer("carla", "hola")
	other, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	visitor, _, err := other.Enter(t.Context(), charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(t, err)
	said, err := visitor.Write(t.Context(), "a secret", nil)
	require.NoError(t, err)
	for _, rest := range []string{"messages", "replies", "close"} {
		method := http.MethodPost
		if rest == "messages" {
			method = http.MethodGet
		}
		form := url.Values{"text": {"hello"}}
		assert.Equal(t, http.StatusNotFound, b.ask(method, of(said.Ref, rest), form, nil), rest)
		assert.Equal(t, http.StatusNotFound, b.ask(method, "/tickets/x/"+rest, form, nil), rest)
		assert.Equal(t, http.StatusOK, b.ask(method, of(own, rest), form, nil), rest)
	}
	for _, path := range []string{"/tickets", "/live", of(own, "messages")} {
		res, err := b.server.Client().Get(b.server.URL + path)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, res.StatusCode, path)
	}
}

// event is a server-sent event.
type event struct {
	name, id string
	row      charla.Row
}

// live opens the live page where another was cut off.
func (b *bench) live(id string) (next func() event, hangUp func()) {
	b.t.Helper()
	conn, err := net.Dial("tcp", b.server.Listener.Addr().String())
	require.NoError(b.t, err)
	require.NoError(b.t, conn.(*net.TCPConn).SetReadBuffer(4096))
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.server.URL+"/live", nil)
	require.NoError(b.t, err)
	r.SetBasicAuth("ana", password)
	if id != "" {
		r.Header.Set("Last-Event-ID", id)
	}
	require.NoError(b.t, r.Write(conn))
	res, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), r)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(b.t, http.StatusOK, res.StatusCode)
	body := bufio.NewReader(res.Body)
	next = func() (e event) {
		b.t.Helper()
		for {
			line, err := body.ReadString('\n')
			require.NoError(b.t, err)
			field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch field {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				require.NoError(b.t, json.Unmarshal([]byte(value), &e.row))
			case "":
				return e
			}
		}
	}
	return next, func() { require.NoError(b.t, conn.Close()) }
}

// R8.3: a live page hears of each ticket that changes; one that was cut off before
// anything happened, or later, goes on from its last event and misses nothing.
func TestLive(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Minute)
	next, hangUp := b.live("")
	ready := next()
	require.Equal(t, "ready", ready.name)
	hangUp()
	visitor, ref := b.customer("carla", "while nobody looks")

	next, hangUp = b.live(ready.id)
	got := next()
	require.Equal(t, "ticket", got.name)
	assert.Equal(t, ref, got.row.Ref)
	assert.Equal(t, int64(1), got.row.Messages)
	require.Equal(t, "ready", next().name)
	_, err := visitor.Write(t.Context(), "while it looks", nil)
	require.NoError(t, err)
	got = next()
	assert.Equal(t, int64(2), got.row.Messages)
	hangUp()

	next, hangUp = b.live(got.id)
	require.Equal(t, "ready", next().name, "nothing is told twice after its own event")
	hangUp()
	next, hangUp = b.live("of another database")
	require.Equal(t, "again", next().name)
	hangUp()
}

// TestAnswers: each refusal has an answer that is no fault, and only faults are faults.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for want, errs := range map[int][]error{
		http.StatusOK:                  {nil},
		http.StatusNotFound:            {charla.ErrNotFound, fmt.Errorf("%w: %w", charla.ErrNotFound, tickets.ErrNoTicket)},
		http.StatusUnprocessableEntity: {chatcfg.Problems{{Path: "text"}}, charla.ErrCursor, tickets.ErrCommand},
		http.StatusConflict: {
			charla.ErrDeleted, charla.ErrKeyReused, charla.ErrNoneWaiting, &tickets.TransitionError{}, &tickets.TakenError{}, tickets.ErrNotLatest,
			tickets.ErrAnonymous, tickets.ErrCategory, tickets.ErrAutomated,
		},
		http.StatusServiceUnavailable:  {charla.ErrBusy},
		http.StatusInternalServerError: {charla.ErrOutcomeUnknown, charla.ErrNewerFormat, errors.New("disk on fire")},
	} {
		for _, err := range errs {
			w := httptest.NewRecorder()
			answer(w, func() (any, error) { return nil, err })
			assert.Equal(t, want, w.Code, "%v", err)
		}
	}
}

// R8.3: a page that stops reading slows nobody: others go on, and it is cut, comes back
// and finds what it missed.
func TestStoppedReader(t *testing.T) {
	t.Parallel()
	b := setup(t, 3*time.Second)
	_, ref := b.customer("carla", "hola")
	stopped, hangUp := b.live("")
	defer hangUp()
	last := stopped() // and reads no more
	other, leave := b.live("")
	require.Equal(t, "ready", other().name)
	agent := b.account.Agent(charla.Person{ID: "ana"})
	large := func(n int) map[string]string {
		m := map[string]string{"n": fmt.Sprint(n)}
		for i := range 40 {
			m[fmt.Sprint("key ", i)] = strings.Repeat("x", 500)
		}
		return m
	}
	const changes = 15 // of 20 KB each: far more than a connection holds
	for n := range changes {
		describe := tickets.Command{Kind: tickets.CommandDescribe, Metadata: large(n)}
		_, err := agent.Do(t.Context(), ref, describe, nil)
		require.NoError(t, err)
		for want := fmt.Sprint(n); other().row.Metadata["n"] != want; {
		}
	}
	leave()
	<-b.ended // the page that left
	<-b.ended // the one that stopped reading, and is still connected
	next, hangUp := b.live(last.id)
	defer hangUp()
	assert.Equal(t, fmt.Sprint(changes-1), next().row.Metadata["n"])
}

// The program says where it is and how agents log in, serves, and ends when it is told to.
func TestRun(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	said, out := io.Pipe()
	ended := make(chan error, 1)
	host := visible("localhost:0", listener.Addr())
	go func() { ended <- run(ctx, listener, host, filepath.Join(t.TempDir(), "agents.db"), out) }()
	lines := bufio.NewScanner(said)
	next := func(before string) string {
		require.True(t, lines.Scan())
		_, value, found := strings.Cut(lines.Text(), before)
		require.True(t, found, lines.Text())
		return value
	}
	page, password := next("The chat: "), next("password: ")
	assert.Regexp(t, `^http://localhost:\d+/chat/page/ck_`, page, "the host as it was given, which is the account's domain")
	for _, address := range []string{page, "http://ana:" + password + "@" + listener.Addr().String() + "/agents/tickets"} {
		res, err := http.Get(address)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusOK, res.StatusCode, address)
	}
	live, err := http.Get("http://ana:" + password + "@" + listener.Addr().String() + "/agents/live")
	require.NoError(t, err)
	defer live.Body.Close()
	stop()
	require.NoError(t, <-ended)
}
