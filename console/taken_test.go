package console_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
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

// slowly sends a request whose body comes in two parts, with something between them: after the
// console has begun to read it.
func (b *bench) slowly(who, path, kind, first, second string, between func()) int {
	b.t.Helper()
	read, write := io.Pipe()
	go func() {
		_, _ = io.WriteString(write, first)
		between()
		_, _ = io.WriteString(write, second)
		_ = write.Close()
	}()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.server.URL+path, read)
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", kind)
	request.Header.Set("Who", who)
	request.Header.Set("Expect", "100-continue")
	transport := &http.Transport{ExpectContinueTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(request)
	require.NoError(b.t, err)
	defer answer.Body.Close()
	return answer.StatusCode
}

// TestRightsEndWhileABodyComes: a request whose login ends, or loses its role, before its body
// is whole changes nothing; one whose login goes on does.
func TestRightsEndWhileABodyComes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, ref := b.customer("Carla", "hola")
	admin := console.Person{ID: "rita", Name: "Rita", Role: console.RoleAdministrator, AllAccounts: true}
	for name, tt := range map[string]struct {
		path, kind, first, second string
	}{
		"form":  {b.channel() + "/secret", "application/x-www-form-urlencoded", "overlap=", "24"},
		"reply": {"/desk/api/a/" + b.account.ID().String() + "/tickets/" + ref.Conversation.String() + "/1/reply", "application/json", `{"text":`, `"hola"}`},
	} {
		b.people.set("rita", admin)
		want := map[string]int{"goes on": http.StatusOK, "ends": http.StatusUnauthorized, "demoted": http.StatusForbidden}
		for _, what := range []string{"goes on", "ends", "demoted"} {
			if name == "reply" && what == "demoted" {
				continue // agents may
			}
			b.people.set("rita", admin)
			status := b.slowly("rita", tt.path, tt.kind, tt.first, tt.second, func() {
				switch what {
				case "ends":
					b.people.end("rita")
				case "demoted":
					b.people.set("rita", console.Person{ID: "rita", Role: console.RoleAgent, AllAccounts: true})
				}
			})
			assert.Equal(t, want[what], status, "%s: %s", name, what)
		}
	}
}

// TestUnreadBodies: a page that is only refused does not read the request's body for it.
func TestUnreadBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "x")
	require.NoError(t, err)
	_, err = part.Write(make([]byte, 64<<20))
	require.NoError(t, err)
	require.NoError(t, form.Close())
	for _, path := range []string{"/desk/channels", "/desk/none", b.inbox()} {
		read := &counting{Reader: bytes.NewReader(body.Bytes())}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, path[len("/desk"):], read)
		require.NoError(t, err)
		request.Header.Set("Content-Type", form.FormDataContentType())
		request.Header.Set("Who", "nobody")
		b.console.ServeHTTP(&timed{ResponseRecorder: httptest.NewRecorder()}, request)
		assert.Less(t, read.n, 1<<20, path)
	}
}

type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

// TestManyValues: what takes far more memory than its length is refused before it is looked at.
func TestManyValues(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, ref := a.customer("Carla", "hola")
	many := "[" + strings.Repeat("1,", 1<<16) + "1]"
	for _, path := range []string{"/note", "/read"} {
		assert.Equal(t, http.StatusRequestEntityTooLarge, a.post(ofTicket(ref, path), `{"text":"a","mentions":`+many+`}`).status, path)
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, a.post(ofTicket(ref, "/read"), `{"seq":1`+strings.Repeat(" ", 300<<10)+`}`).status, "no file can be in it")
	assert.Equal(t, http.StatusOK, a.post(ofTicket(ref, "/note"), `{"text":"`+strings.Repeat(",", 4000)+`"}`).status)
}

// TestNamedColleagues: a ticket is given only to whom the host lists, by the host's name for
// them, and a note mentions nobody else; a name is taken whole, in whatever order they are listed.
func TestNamedColleagues(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	_, ref := a.customer("Carla", "hola")
	assert.Equal(t, []string{"assignee.agent invalid_choice"}, a.post(ofTicket(ref, "/do"), m{"kind": "assign", "assignee": m{"agent": "mallory", "name": "Eva"}}).refused().paths())
	assert.Equal(t, []string{"team invalid_choice"}, a.post(ofTicket(ref, "/do"), m{"kind": "assign", "team": "caja"}).refused().paths())
	assert.Equal(t, []string{"mentions invalid_choice"}, a.post(ofTicket(ref, "/note"), m{"text": "a", "mentions": []string{"mallory"}}).refused().paths())
	require.Equal(t, http.StatusOK, a.post(ofTicket(ref, "/do"), m{"kind": "assign", "assignee": m{"agent": "eva", "name": "Somebody else"}}).status)
	got, err := a.account.Inbox().Ticket(t.Context(), ref)
	require.NoError(t, err)
	assert.Equal(t, "Eva", got.Assignee.Name)

	turn := 0
	list := []console.Person{{ID: "1", Name: "Ana"}, {ID: "2", Name: "Ana Rojas"}, {ID: "3", Name: "Bruno"}}
	b := setupOn(t, charla.Options{}, &console.Options{Colleagues: func(context.Context, chatcfg.AccountID) ([]console.Person, error) {
		turn++
		return append(list[turn%3:3:3], list[:turn%3]...), nil
	}})
	_, ref = b.customer("Carla", "hola")
	note := url.Values{"as": {"note"}, "text": {"@Bruno y @Ana Rojas, no @Anabel"}, "key": {"k"}}
	for range 3 {
		require.Equal(t, http.StatusOK, b.post(b.ticket(ref)+"/reply", note).status)
	}
	messages, err := b.account.Inbox().Messages(t.Context(), ref, charla.MessageQuery{})
	require.NoError(t, err)
	require.Len(t, messages.Items, 2, "once")
}

// TestBotsGetNoTickets: R12.1: whom the host names as a bot is not among those to whom a ticket
// can be given, and gets none by the API either, also where the host lists nobody.
func TestBotsGetNoTickets(t *testing.T) {
	t.Parallel()
	isBot := func(_ chatcfg.AccountID, id tickets.AgentID) bool { return id == "guia" }
	for name, o := range map[string]*console.Options{
		"listed": {Colleagues: func(context.Context, chatcfg.AccountID) ([]console.Person, error) {
			return []console.Person{{ID: "guia", Name: "Guía"}, {ID: "eva", Name: "Eva"}}, nil
		}},
		"not listed": nil,
	} {
		a := &api{bench: setupOn(t, charla.Options{IsBot: isBot}, o), who: "ana"}
		_, ref := a.customer("Carla", "hola")
		refused := a.post(ofTicket(ref, "/do"), m{"kind": "assign", "assignee": m{"agent": "guia"}}).refused()
		if o == nil {
			assert.Equal(t, "automated", refused.Code)
			a.people.set("guia", console.Person{ID: "guia", Role: console.RoleAgent, AllAccounts: true})
			a.as("guia").post(ofTicket(ref, "/do"), m{"kind": "take"}).refused()
		} else {
			assert.Equal(t, []string{"assignee.agent invalid_choice"}, refused.paths())
		}
		owner := words(a.bench.get(a.ticket(ref)).find("owner"))
		assert.NotContains(t, owner, "Guía", name)
		assert.Equal(t, o != nil, strings.Contains(owner, "Eva"), name)
		a.bench.post(a.ticket(ref)+"/assign", url.Values{"to": {"agent:guia"}, "from": {""}})
		one, err := a.account.Inbox().Ticket(t.Context(), ref)
		require.NoError(t, err)
		assert.Empty(t, one.Assignee, name)
		assert.Equal(t, http.StatusOK, a.bench.post(a.ticket(ref)+"/take", nil).status, "a person takes it")
	}
}
