package console_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
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

// listener reads a stream of the API.
type listener struct {
	t      *testing.T
	status int
	header http.Header
	lines  *bufio.Reader
	hangUp context.CancelFunc
	// last is the ID of the last event that had one.
	last string
}

// heard is one of its events.
type heard struct {
	name, data string
}

// row is the ticket that it is about.
func (h heard) row(t *testing.T) (row charla.Row) {
	t.Helper()
	require.Equal(t, "ticket", h.name, h.data)
	require.NoError(t, json.Unmarshal([]byte(h.data), &row))
	return row
}

// accounts are those that it names.
func (h heard) accounts(t *testing.T) (ids []chatcfg.AccountID, more bool) {
	t.Helper()
	require.Equal(t, "accounts", h.name, h.data)
	var data struct {
		Accounts []chatcfg.AccountID
		More     bool
	}
	require.NoError(t, json.Unmarshal([]byte(h.data), &data))
	return data.Accounts, data.More
}

// ask asks for the stream, to go on after an event. A test that waits in vain ends: the stream
// does, too, after a minute.
func (a *api) ask(query, last string) *listener {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	a.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.server.URL+"/desk/api/events"+query, nil)
	require.NoError(a.t, err)
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	response, err := as(a.who).RoundTrip(request)
	require.NoError(a.t, err)
	a.t.Cleanup(func() { _ = response.Body.Close() })
	return &listener{a.t, response.StatusCode, response.Header, bufio.NewReader(response.Body), cancel, last}
}

// listen is ask for a stream that opens.
func (a *api) listen(query, last string) *listener {
	a.t.Helper()
	l := a.ask(query, last)
	require.Equal(a.t, http.StatusOK, l.status)
	require.Equal(a.t, "text/event-stream", l.header.Get("Content-Type"))
	require.Equal(a.t, "no-store", l.header.Get("Cache-Control"))
	return l
}

// newReader reads a stream's lines.
func newReader(body io.Reader) *bufio.Reader { return bufio.NewReader(body) }

// next is the next event, which is as the document says; its name is empty when the stream
// has ended.
func (l *listener) next() heard {
	l.t.Helper()
	e := l.raw()
	if e.name != "" {
		assert.NoError(l.t, described(l.t).against("/paths/~1api~1events/get/x-events/"+e.name, []byte(e.data)), e.name)
	}
	return e
}

// raw is next without a look at the document.
func (l *listener) raw() (e heard) {
	for {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			return heard{}
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			e.name = value
		case "data":
			e.data = value
		case "id":
			l.last = value
		case "":
			if e.name == "" {
				continue // a comment, or how long to wait
			}
			return e
		}
	}
}

// another makes one more account, and says something there as a customer.
func (a *api) another(name string) (account *charla.Account, write func(text string) tickets.Ref) {
	a.t.Helper()
	account, _, err := a.desk.CreateAccount(a.t.Context(), name, "otra.cl", nil)
	require.NoError(a.t, err)
	return account, a.customerOf(account)
}

// customerOf lets a customer into an account, who then writes there.
func (a *api) customerOf(account *charla.Account) func(text string) tickets.Ref {
	a.t.Helper()
	visitor, _, err := account.Enter(a.t.Context(), charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(a.t, err)
	return func(text string) tickets.Ref {
		a.t.Helper()
		said, err := visitor.Write(a.t.Context(), text, nil)
		require.NoError(a.t, err)
		return said.Ref
	}
}

// sees makes Ana an agent of some accounts.
func (a *api) sees(accounts ...*charla.Account) {
	p := console.Person{ID: "ana", Name: "Ana", Role: console.RoleAgent}
	for _, one := range accounts {
		p.Accounts = append(p.Accounts, one.ID())
	}
	a.people.set("ana", p)
}

// TestStreamOfAccounts: R8.3: one stream tells of all of a person's accounts; one that was cut
// off goes on where it was, in all of them, and tells nothing twice after its own event.
func TestStreamOfAccounts(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	other, there := a.another("Otra")
	_, nowhere := a.another("Tercera")
	here := a.customerOf(a.account)
	a.sees(a.account, other)
	before := here("antes")

	l := a.listen("", "")
	ids, more := l.next().accounts(t)
	assert.ElementsMatch(t, []chatcfg.AccountID{a.account.ID(), other.ID()}, ids)
	assert.False(t, more)
	require.Equal(t, "ready", l.next().name, "what there was before is not told")
	nowhere("un secreto")
	assert.Equal(t, there("uno"), l.next().row(t).Ref)
	one := l.last
	row := l.next
	ref := here("dos")
	told := row().row(t)
	assert.Equal(t, ref, told.Ref)
	assert.Equal(t, before.Conversation, told.Ref.Conversation)
	assert.Equal(t, "dos", told.Last.Text)
	assert.Equal(t, 2, told.Unread)
	two := l.last
	l.hangUp()

	there("tres")
	for last, want := range map[string][]string{one: {"dos", "tres"}, two: {"tres"}} {
		for _, how := range []string{"header", "query"} {
			var l *listener
			if how == "header" {
				l = a.listen("?cursor=x", last)
			} else {
				l = a.listen("?cursor="+last, "")
			}
			l.next().accounts(t)
			var texts []string
			for e := l.next(); e.name != "ready"; e = l.next() {
				texts = append(texts, e.row(t).Last.Text)
			}
			assert.ElementsMatch(t, want, texts, how)
			l.hangUp()
		}
	}

	// Of one account by name.
	l = a.listen("?account="+other.ID().String(), "")
	ids, _ = l.next().accounts(t)
	assert.Equal(t, []chatcfg.AccountID{other.ID()}, ids)
	require.Equal(t, "ready", l.next().name)
	here("cuatro")
	assert.Equal(t, there("cinco"), l.next().row(t).Ref)
}

// TestStreamOfConversation: R11.7: the stream also tells typing, read marks and colleagues of the
// conversation that is asked for, while the person may see its account.
func TestStreamOfConversation(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	other, _ := a.another("Otra")
	visitor, _, err := other.Enter(t.Context(), charla.Entry{Name: "Pía", Email: "pia@example.com"})
	require.NoError(t, err)
	said, err := visitor.Write(t.Context(), "hola", nil)
	require.NoError(t, err)
	query := "?conversation=" + other.ID().String() + "/" + said.Ref.Conversation.String()
	a.sees(a.account, other)
	l := a.listen(query, "")
	l.next().accounts(t)
	until := func(name, data string) {
		t.Helper()
		for e := l.next(); ; e = l.next() {
			require.NotEmpty(t, e.name, "it ended before "+data)
			if e.name == name && strings.Contains(e.data, data) {
				return
			}
		}
	}
	until("ready", "{}")
	require.NoError(t, visitor.Typing(t.Context()))
	until("typing", `{"typing":true}`)
	beto := other.Agent(charla.Person{ID: "beto"})
	require.NoError(t, beto.SetActivity(t.Context(), said.Ref, charla.Noting))
	until("colleague", `{"agent":"beto","activity":"noting"}`)
	require.NoError(t, beto.MarkRead(t.Context(), said.Ref, 1))
	until("read", `"agent":1`)

	a.sees(a.account)
	a.console.Recheck("ana")
	until("accounts", `{"accounts":["`+a.account.ID().String()+`"]}`)
	require.NoError(t, beto.SetActivity(t.Context(), said.Ref, charla.Looking))
	ref := a.customerOf(a.account)("sigo")
	assert.Equal(t, ref, l.next().row(t).Ref, "nothing of what is seen no more")
	for _, bad := range []string{query, "?conversation=x", "?conversation=" + a.account.ID().String() + "/" + said.Ref.Conversation.String(), "?conversation=" + a.account.ID().String()} {
		assert.Equal(t, http.StatusNotFound, a.ask(bad, "").status, bad)
	}
}

// TestStreamRights: what a person may no longer see is not told any more from the moment
// at which the host says so, and an ended, another's or a refused login ends the stream.
func TestStreamRights(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	other, there := a.another("Otra")
	here := a.customerOf(a.account)
	a.sees(a.account)
	l := a.listen("", "")
	l.next().accounts(t)
	require.Equal(t, "ready", l.next().name)

	// Granted.
	a.sees(a.account, other)
	a.console.Recheck("ana")
	ids, _ := l.next().accounts(t)
	assert.Len(t, ids, 2)
	for told := false; !told; { // the new account is told of from some moment on
		ref := there("hola")
		here("un latido")
		for e := l.next(); ; e = l.next() {
			if e.row(t).Ref == ref {
				told = true
			} else {
				break
			}
		}
	}
	// Taken away.
	a.sees(a.account)
	a.console.Recheck("ana")
	for e := l.next(); ; e = l.next() { // what was told before may still be on its way
		require.NotEmpty(t, e.name, "it ended")
		if e.name == "accounts" {
			ids, _ = e.accounts(t)
			break
		}
	}
	assert.Equal(t, []chatcfg.AccountID{a.account.ID()}, ids)
	there("un secreto")
	ref := here("sigo aquí")
	assert.Equal(t, ref, l.next().row(t).Ref)

	// The stream ends when the login ends, becomes another person's, or loses its role.
	for name, change := range map[string]func(){
		"ended":   func() { a.people.end("ana") },
		"other":   func() { a.people.set("ana", console.Person{ID: "eva", Role: console.RoleAgent, AllAccounts: true}) },
		"no role": func() { a.people.set("ana", console.Person{ID: "ana", AllAccounts: true}) },
	} {
		a.sees(a.account)
		l := a.listen("", "")
		l.next().accounts(t)
		require.Equal(t, "ready", l.next().name)
		change()
		a.console.Recheck("ana")
		assert.Equal(t, "out", l.next().name, name)
		assert.Empty(t, l.next().name, name)
	}
	// Without a word of the host, too: it is asked again.
	a.sees(a.account)
	l = a.listen("", "")
	l.next().accounts(t)
	require.Equal(t, "ready", l.next().name)
	a.people.end("ana")
	assert.Equal(t, "out", l.next().name)
	assert.Empty(t, l.next().name)
	assert.Equal(t, http.StatusUnauthorized, a.ask("", "").status)
}

// TestStreamOfAll: who sees every account hears of those that are made later, and of
// no deleted one.
func TestStreamOfAll(t *testing.T) {
	t.Parallel()
	still := clock.NewMock()
	still.Set(time.Date(2026, 5, 20, 18, 0, 0, 0, time.UTC))
	a := &api{setupOn(t, charla.Options{Clock: still}, nil), "root", ""}
	a.people.set("root", console.Person{ID: "root", Role: console.RoleAgent, AllAccounts: true})
	l := a.listen("", "")
	l.next().accounts(t)
	require.Equal(t, "ready", l.next().name)
	other, there := a.another("Otra")
	still.Add(31 * time.Second)
	a.console.Recheck("root")
	ids, _ := l.next().accounts(t)
	assert.ElementsMatch(t, []chatcfg.AccountID{a.account.ID(), other.ID()}, ids)
	require.NoError(t, a.account.Delete(t.Context(), "Tienda"))
	still.Add(31 * time.Second)
	a.console.Recheck("root")
	e := l.next()
	for e.name == "ticket" {
		e = l.next()
	}
	ids, _ = e.accounts(t)
	assert.Equal(t, []chatcfg.AccountID{other.ID()}, ids)
	assert.Equal(t, there("hola"), l.next().row(t).Ref)
	a.console.Close()
	assert.Empty(t, l.next().name, "closing the console ends it")
}

// TestStreamBounds: a stream tells of 64 accounts and says that there are more, which can be
// asked for; a person has 64 streams, and others have theirs.
func TestStreamBounds(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	seen := []*charla.Account{a.account}
	for i := range 64 {
		one, _, err := a.desk.CreateAccount(t.Context(), fmt.Sprint("Tienda ", i), "otra.cl", nil)
		require.NoError(t, err)
		seen = append(seen, one)
	}
	a.sees(seen...)
	l := a.listen("", "")
	ids, more := l.next().accounts(t)
	assert.Len(t, ids, 64)
	assert.True(t, more)
	require.Equal(t, "ready", l.next().name)
	assert.Less(t, len(l.last), 8000, "it fits into a header")
	again := a.listen("", l.last)
	again.next().accounts(t)
	require.Equal(t, "ready", again.next().name, "and is understood")
	again.hangUp()
	l.hangUp()
	var left *charla.Account
	for _, one := range seen {
		if !slices.Contains(ids, one.ID()) {
			left = one
		}
	}
	require.NotNil(t, left)
	l = a.listen("?account="+left.ID().String(), "")
	l.next().accounts(t)
	require.Equal(t, "ready", l.next().name)
	assert.Equal(t, a.customerOf(left)("hola"), l.next().row(t).Ref)
	l.hangUp()

	a.people.set("beto", console.Person{ID: "beto", Role: console.RoleAgent, Accounts: []chatcfg.AccountID{a.account.ID()}})
	beto := a.as("beto")
	var open []*listener
	for range 64 {
		open = append(open, beto.listen("", ""))
		open[len(open)-1].next().accounts(t)
	}
	refused := beto.ask("", "")
	assert.Equal(t, http.StatusServiceUnavailable, refused.status)
	assert.Equal(t, "1", refused.header.Get("Retry-After"))
	a.listen("", "").next().accounts(t)
	open[0].hangUp()
	require.Eventually(t, func() bool { return beto.ask("", "").status == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
}

// TestStreamCursors: an ID that is none of the stream's, or of another desk, is answered by
// "again" and leads to no account that the person does not see.
func TestStreamCursors(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, there := a.another("Otra")
	here := a.customerOf(a.account)
	here("antes")
	secret := there("un secreto")
	a.people.set("root", console.Person{ID: "root", Role: console.RoleAgent, AllAccounts: true})
	l := a.as("root").listen("", "")
	l.next().accounts(t)
	require.Equal(t, "ready", l.next().name)
	of := l.last
	a.sees(a.account)

	// With another person's cursor Ana's accounts go on from it; accounts that she does not see do not.
	there("otro secreto")
	here("después")
	l = a.listen("", of)
	ids, _ := l.next().accounts(t)
	assert.Equal(t, []chatcfg.AccountID{a.account.ID()}, ids)
	row := l.next().row(t)
	assert.Equal(t, "después", row.Last.Text)
	assert.NotEqual(t, secret.Conversation, row.Ref.Conversation)
	require.Equal(t, "ready", l.next().name)

	encode := func(parts ...string) string {
		return "1" + base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, "")))
	}
	id := a.account.ID().UUID
	for name, given := range map[string]string{
		"empty form": "1x", "no form": "x", "newer form": "2" + of[1:], "cut": of[:len(of)-4], "padded": of + "=",
		"huge": "1" + strings.Repeat("A", 50_000), "short": encode(string(id[:])), "length": encode(string(id[:]), "\xff", strings.Repeat("x", 255)),
		"not UTF-8": encode(string(id[:]), "\x02", "\xff\xfe"), "foreign": encode(string(id[:]), "\x01", "x"),
		"twice": encode(string(id[:]), "\x01", "x", string(id[:]), "\x01", "y"), "quotes": `"'><script>`,
	} {
		l := a.listen("", given)
		l.next().accounts(t)
		var names []string
		for e := l.next(); ; e = l.next() {
			names = append(names, e.name)
			if e.name == "ready" || e.name == "" {
				break
			}
			require.Equal(t, "again", e.name, name)
			assert.JSONEq(t, `{"account":"`+a.account.ID().String()+`"}`, e.data)
		}
		assert.Equal(t, []string{"again", "ready"}, names, name)
		assert.Equal(t, here(name), l.next().row(t).Ref, "and it goes on")
		l.hangUp()
	}
}

// TestStreamOfAJoinedAccount: R8.3: a client that was told of one account more goes on there,
// too, when its connection breaks before anything happens in it.
func TestStreamOfAJoinedAccount(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	other, there := a.another("Otra")
	there("antes")
	a.sees(a.account)
	l := a.listen("", "")
	l.next().accounts(t)
	require.Equal(t, "ready", l.next().name)
	before := l.last
	a.sees(a.account, other)
	a.console.Recheck("ana")
	ids, _ := l.next().accounts(t)
	require.Len(t, ids, 2)
	for l.last == before { // the cursor of both comes alone
		line, err := l.lines.ReadString('\n')
		require.NoError(t, err)
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			l.last = strings.TrimSpace(id)
		}
	}
	l.hangUp()
	there("mientras tanto")
	l = a.listen("", l.last)
	var told []string
	for e := l.next(); e.name != "ready"; e = l.next() {
		told = append(told, e.name+" "+e.data)
	}
	assert.Contains(t, strings.Join(told, "\n"), "mientras tanto")
}
