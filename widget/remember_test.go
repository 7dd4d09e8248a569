package widget_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counting is a store that counts the calls that a visitor's request may cost.
type counting struct {
	storage.Store
	mu    sync.Mutex
	calls map[string]int
	// hold, if set, keeps each look at an account waiting.
	hold chan struct{}
}

func (c *counting) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls == nil {
		c.calls = make(map[string]int)
	}
	c.calls[name]++
}

// since returns the calls since it was asked last.
func (c *counting) since() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := maps.Clone(c.calls)
	clear(c.calls)
	return calls
}

func (c *counting) Accounts() storage.Accounts { return countedAccounts{c.Store.Accounts(), c} }

func (c *counting) Conversations() storage.Conversations {
	return countedConversations{c.Store.Conversations(), c}
}

func (c *counting) Sessions() storage.Sessions { return countedSessions{c.Store.Sessions(), c} }

func (c *counting) Queries() storage.Queries { return countedQueries{c.Store.Queries(), c} }

type countedAccounts struct {
	storage.Accounts
	c *counting
}

func (a countedAccounts) Find(ctx context.Context, key string) (chatcfg.Account, error) {
	a.c.count("find account")
	return a.Accounts.Find(ctx, key)
}

func (a countedAccounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a.c.count("get account")
	if a.c.hold != nil {
		select {
		case <-a.c.hold:
		case <-ctx.Done():
			return chatcfg.Account{}, ctx.Err()
		}
	}
	return a.Accounts.Get(ctx, id)
}

func (a countedAccounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) ([]byte, error) {
	a.c.count("document")
	return a.Accounts.Document(ctx, id, name, version)
}

type countedConversations struct {
	storage.Conversations
	c *counting
}

func (v countedConversations) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	v.c.count("load")
	return v.Conversations.Load(ctx, q)
}

func (v countedConversations) Commit(ctx context.Context, b *storage.Batch) error {
	v.c.count("commit")
	return v.Conversations.Commit(ctx, b)
}

type countedSessions struct {
	storage.Sessions
	c *counting
}

func (s countedSessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	s.c.count("session")
	return s.Sessions.Get(ctx, account, id)
}

type countedQueries struct {
	storage.Queries
	c *counting
}

func (q countedQueries) Messages(ctx context.Context, what storage.MessageQuery) ([]tickets.Message, error) {
	q.c.count("messages")
	return q.Queries.Messages(ctx, what)
}

// remembering is a site without a server, on a counting store.
func remembering(t *testing.T, configure func(*chatcfg.Config), remember time.Duration) (*site, *counting) {
	t.Helper()
	store := &counting{Store: storage.NewMemory()}
	s := newSite(t, store, nil, configure)
	var err error
	s.handler, err = widget.New(s.desk, &widget.Options{Limits: fast(), Remember: remember})
	require.NoError(t, err)
	s.server = &httptest.Server{URL: "http://chat.example.com"}
	t.Cleanup(s.handler.Close)
	return s, store
}

// ask asks the handler itself.
func (s *site) ask(q request) answer {
	s.t.Helper()
	q.path = strings.TrimPrefix(q.path, "/")
	r := s.new(q)
	r.URL.Path = strings.TrimPrefix(r.URL.Path, "/chat")
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.Bytes()}
}

// TestStoreCalls: a text costs one load and one commit, and what rules answered to it one
// read; its account is remembered.
func TestStoreCalls(t *testing.T) {
	t.Parallel()
	s, store := remembering(t, func(c *chatcfg.Config) {
		c.Automation.TicketCreated = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Ya te atendemos")}
	}, time.Hour)
	v := s.enter("carla")
	write := func(key string) int {
		return s.ask(request{method: "POST", path: "messages", token: v.token, body: map[string]string{"key": key, "text": "hola"}}).status
	}
	require.Equal(t, http.StatusCreated, write("first")) // this one reads the configuration, too
	v = s.enter("otra")
	store.since()
	require.Equal(t, http.StatusCreated, write("answered"))
	assert.Equal(t, map[string]int{"load": 1, "commit": 1, "messages": 1}, store.since())
	const n = 10
	for i := range n {
		require.Equal(t, http.StatusCreated, write(itoa(int64(i))))
	}
	assert.Equal(t, map[string]int{"load": n, "commit": n}, store.since())
	for _, tt := range []struct {
		q     request
		calls map[string]int
	}{
		{request{path: "messages"}, map[string]int{"load": 1, "messages": 1}},
		{request{method: "POST", path: "messages", body: "{"}, map[string]int{"load": 1}},
		{request{method: "POST", path: "messages", origin: "https://evil.example", body: "{}"}, map[string]int{}},
		{request{path: "session"}, map[string]int{"load": 2}},
		{request{method: "POST", path: "typing", body: "{}"}, map[string]int{"load": 2}},
		{request{path: "config"}, map[string]int{"get account": 2}}, // this is asked for anew
	} {
		tt.q.token = v.token
		s.ask(tt.q)
		assert.Equal(t, tt.calls, store.since(), "%s %s", tt.q.method, tt.q.path)
	}
}

// TestRemember: R6.8: what is known of an account serves its sessions' requests for
// 250 ms; every other route asks the store and tells the others.
func TestRemember(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, store := remembering(t, nil, 0)
		v := s.enter("carla")
		read := func(origin string) int {
			return s.ask(request{path: "messages", token: v.token, origin: origin}).status
		}
		allow := func(domains ...string) {
			s.save(func(c *chatcfg.Config) { c.Chat.ExtraDomains = domains })
			store.since()
		}
		const other = "https://otra.cl"
		require.Equal(t, http.StatusOK, read("")) // this one reads the configuration, too
		for range 3 {
			time.Sleep(250 * time.Millisecond)
			store.since()
			for range 10 {
				require.Equal(t, http.StatusOK, read(""))
			}
			assert.Equal(t, map[string]int{"get account": 1, "load": 10}, store.since())
			time.Sleep(249 * time.Millisecond)
			require.Equal(t, http.StatusOK, read(""))
			assert.Equal(t, map[string]int{"load": 1}, store.since())
		}
		require.Equal(t, http.StatusForbidden, read(other))
		allow("otra.cl")
		assert.Equal(t, http.StatusForbidden, read(other), "not yet")
		time.Sleep(250 * time.Millisecond)
		assert.Equal(t, http.StatusOK, read(other))

		allow()
		assert.Equal(t, http.StatusOK, read(other), "still")
		assert.Equal(t, http.StatusForbidden, s.ask(request{path: "config", origin: other}).status, "at once")
		assert.Equal(t, http.StatusForbidden, read(other), "what one request learned all know")
		for _, q := range []request{
			{path: "config"}, {path: "picture"}, {method: "POST", path: "sessions", body: `{"name":"x"}`}, {method: "POST", path: "contact", body: "{}"},
			{method: "POST", path: "logins", body: "{}"}, {path: "nothing"}, {method: "OPTIONS", path: "messages"}, {method: "PUT", path: "messages"},
		} {
			store.since()
			s.ask(q)
			assert.NotZero(t, store.since()["get account"], "%s %s asks the store", q.method, q.path)
		}
	})
}

// TestRememberNothing: a negative time has every request ask the store.
func TestRememberNothing(t *testing.T) {
	t.Parallel()
	s, store := remembering(t, nil, -1)
	v := s.enter("carla")
	require.Equal(t, http.StatusOK, s.ask(request{path: "messages", token: v.token}).status)
	store.since()
	for range 3 {
		require.Equal(t, http.StatusOK, s.ask(request{path: "messages", token: v.token}).status)
	}
	assert.Equal(t, 3, store.since()["get account"])
}

// TestRememberDeleted: R1.6: a deleted account answers nothing at once, whatever is
// remembered of it.
func TestRememberDeleted(t *testing.T) {
	t.Parallel()
	s, store := remembering(t, nil, time.Hour)
	v := s.enter("carla")
	requests := func(key string) []request {
		return []request{
			{path: "messages"}, {path: "messages?before=0"}, {path: "messages?wait=1&agent=9"}, {path: "session"},
			{method: "POST", path: "messages", body: map[string]string{"key": key, "text": "hola"}},
			{method: "POST", path: "messages", body: "{"}, {method: "POST", path: "messages", body: `{"key":"a","text":""}`},
			{method: "POST", path: "typing", body: "{}"}, {method: "POST", path: "read", body: `{"seq":1}`},
			{path: "files/1"}, {path: "files/x"}, {method: "POST", path: "files?key=a&name=a.txt", body: "a"},
			{method: "DELETE", path: "session"},
		}
	}
	for _, q := range requests("a") {
		q.token = v.token
		require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, s.ask(q).status, "%s %s", q.method, q.path)
	}
	v = s.enter("carla")
	require.Equal(t, http.StatusOK, s.ask(request{path: "session", token: v.token}).status)
	require.NoError(t, s.account.Delete(t.Context(), "Tienda"))
	for _, q := range append(requests("b"), request{path: "stream"}) {
		store.since()
		q.token = v.token
		got := s.ask(q)
		assert.Equal(t, http.StatusForbidden, got.status, "%s %s: %s", q.method, q.path, got.body)
		assert.Equal(t, "origin", got.code())
		calls := store.since()
		assert.Zero(t, calls["get account"]+calls["find account"], "it was remembered")
		assert.Zero(t, calls["commit"])
	}
}

// TestRememberOnce: requests that come together ask the store once, and one that gives
// up leaves the others their answer.
func TestRememberOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		leave bool
		asked int
	}{{"together", false, 1}, {"the first gives up", true, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, store := remembering(t, nil, 0)
				v := s.enter("carla")
				require.Equal(t, http.StatusOK, s.ask(request{path: "messages", token: v.token}).status)
				time.Sleep(time.Second)
				store.since()
				store.hold = make(chan struct{})
				const n = 8
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				first := s.new(request{path: "messages", token: v.token}).WithContext(ctx)
				first.URL.Path, first.Body = strings.TrimPrefix(first.URL.Path, "/chat"), http.NoBody
				statuses := make([]int, n)
				var all sync.WaitGroup
				all.Go(func() {
					w := httptest.NewRecorder()
					s.handler.ServeHTTP(w, first)
					statuses[0] = w.Code
				})
				synctest.Wait()
				for i := 1; i < n; i++ {
					all.Go(func() { statuses[i] = s.ask(request{path: "messages", token: v.token}).status })
				}
				synctest.Wait()
				want := []int{200, 200, 200, 200, 200, 200, 200, 200}
				if tt.leave {
					cancel()
					synctest.Wait()
					want[0] = http.StatusInternalServerError
				}
				close(store.hold)
				all.Wait()
				assert.Equal(t, want, statuses)
				assert.Equal(t, tt.asked, store.since()["get account"])
			})
		})
	}
}
