package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// countedStore counts what is asked of a store, and keeps the presence of one account from
// being stored.
type countedStore struct {
	storage.Store
	calls atomic.Int64
	fails atomic.Pointer[chatcfg.AccountID]
}

func (s *countedStore) Accounts() storage.Accounts {
	s.calls.Add(1)
	return s.Store.Accounts()
}

func (s *countedStore) Queries() storage.Queries {
	s.calls.Add(1)
	return s.Store.Queries()
}

func (s *countedStore) Conversations() storage.Conversations {
	s.calls.Add(1)
	return s.Store.Conversations()
}

func (s *countedStore) Presence() storage.Presence {
	s.calls.Add(1)
	return failingPresence{s.Store.Presence(), s}
}

type failingPresence struct {
	storage.Presence
	s *countedStore
}

func (p failingPresence) Put(ctx context.Context, id chatcfg.AccountID, r tickets.Roster) error {
	if bad := p.s.fails.Load(); bad != nil && *bad == id {
		return errors.New("no room for this one")
	}
	return p.Presence.Put(ctx, id, r)
}

// watch is a browser's page that hears its stream: it is called for each event, by its name and
// data.
func (b *bench) watch(who string, on func(name, data string)) (hangUp func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+"/desk/a/"+b.account.ID().String()+"/events", nil)
	require.NoError(b.t, err)
	answer, err := as(who).RoundTrip(request)
	require.NoError(b.t, err)
	require.Equal(b.t, http.StatusOK, answer.StatusCode)
	var group sync.WaitGroup
	l := &listener{t: b.t, lines: newReader(answer.Body)}
	group.Go(func() {
		for e := l.raw(); e.name != ""; e = l.raw() {
			on(e.name, e.data)
		}
	})
	hangUp = func() {
		cancel()
		group.Wait()
		_ = answer.Body.Close()
	}
	b.t.Cleanup(hangUp)
	return hangUp
}

// soon waits until something holds.
func soon(t *testing.T, holds func() bool, what string) {
	t.Helper()
	require.Eventually(t, holds, time.Minute, 5*time.Millisecond, what)
}

// TestSharedReads: R8.3: what an account's change costs the store does not depend on how many
// pages are open, nor on how many agents have them.
func TestSharedReads(t *testing.T) {
	t.Parallel()
	const events = 20
	cost := func(pages int) int64 {
		store := &countedStore{Store: storage.NewMemory()}
		b := setupStore(t, store, charla.Options{}, nil)
		other, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
		require.NoError(t, err)
		var mu sync.Mutex
		last := map[string]string{} // what each page heard a customer say last
		for i := range pages {
			name := fmt.Sprint("agent ", i)
			b.people.set(name, console.Person{ID: tickets.AgentID(name), Role: console.RoleAgent, Accounts: []chatcfg.AccountID{b.account.ID(), other.ID()}})
			b.watch(name, func(event, data string) {
				if event == "change" && strings.Contains(data, `"text"`) {
					mu.Lock()
					defer mu.Unlock()
					last[name] = data
				}
			})
		}
		allHeard := func(text string) bool {
			mu.Lock()
			defer mu.Unlock()
			n := 0
			for _, data := range last {
				if strings.Contains(data, text) {
					n++
				}
			}
			return n == pages
		}
		write := (&api{b, "", ""}).customerOf(other)
		soon(t, func() bool { write("hola"); return allHeard("hola") }, "all have begun")
		write("vamos")
		soon(t, func() bool { return allHeard("vamos") }, "all hear")
		before := store.calls.Load()
		for i := range events {
			text := fmt.Sprintf("mensaje %d.", i)
			write(text)
			soon(t, func() bool { return allHeard(text) }, "all hear it")
		}
		return store.calls.Load() - before
	}
	one, many := cost(1), cost(50)
	t.Logf("%d calls of the store for %d events with one page, %d with 50", one, events, many)
	assert.Positive(t, one)
	assert.Less(t, many, 2*one, "each page would read by itself")
}

// blockedWriter is a connection that takes nothing until it is let go.
type blockedWriter struct {
	*httptest.ResponseRecorder
	mu    sync.Mutex
	begun chan struct{}
	once  sync.Once
	let   chan struct{}
}

func (w *blockedWriter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "event: change") {
		w.once.Do(func() { close(w.begun) })
		<-w.let
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ResponseRecorder.Write(p)
}

// said is what it has taken.
func (w *blockedWriter) said() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Body.String()
}

// TestSlowPage: R8.3: a page that takes nothing keeps no other from hearing everything, and
// what waits for it is bounded: it is told to read again, and goes on.
func TestSlowPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/a/"+b.account.ID().String()+"/events", nil)
	request.Header.Set("Who", "ana")
	slow := &blockedWriter{ResponseRecorder: httptest.NewRecorder(), begun: make(chan struct{}), let: make(chan struct{})}
	var group sync.WaitGroup
	group.Go(func() { b.console.ServeHTTP(slow, request) })
	soon(t, func() bool { return strings.Contains(slow.said(), "event: ready") }, "it has begun")
	var heard atomic.Int64
	b.watch("ana", func(name, _ string) {
		if name == "change" {
			heard.Add(1)
		}
	})
	write := (&api{b, "", ""}).customerOf(b.account)
	said := int64(0)
	soon(t, func() bool { write("hola"); said++; return heard.Load() > 0 }, "the other one has begun")
	<-slow.begun
	for range 400 {
		due := heard.Load() + 1
		write("hola")
		soon(t, func() bool { return heard.Load() >= due }, "the other one hears it")
	}
	close(slow.let)
	soon(t, func() bool { return strings.Contains(slow.said(), "event: again") }, "it is told to read again")
	assert.LessOrEqual(t, strings.Count(slow.said(), "event: change"), 300, "what waits is bounded")
	write("y ahora")
	soon(t, func() bool { return strings.Contains(slow.said(), "y ahora") }, "it goes on")
	cancel()
	group.Wait()
}

// TestFailingHeartbeat: R4.7: an account that cannot say that an agent is there ends no stream,
// and the agent is there in the others.
func TestFailingHeartbeat(t *testing.T) {
	t.Parallel()
	store := &countedStore{Store: storage.NewMemory()}
	b := setupStore(t, store, charla.Options{}, nil)
	other, _, err := b.desk.CreateAccount(t.Context(), "Otra", "otra.cl", nil)
	require.NoError(t, err)
	for name, bad := range map[string]*charla.Account{"own": b.account, "other": other} {
		good := other
		if bad == other {
			good = b.account
		}
		store.fails.Store(new(bad.ID()))
		who := "agent " + name
		b.people.set(who, console.Person{ID: tickets.AgentID(who), Role: console.RoleAgent, Accounts: []chatcfg.AccountID{b.account.ID(), other.ID()}})
		var heard atomic.Int64
		hangUp := b.watch(who, func(name, _ string) {
			if name == "change" {
				heard.Add(1)
			}
		})
		write := (&api{b, "", ""}).customerOf(b.account)
		soon(t, func() bool { write("hola"); return heard.Load() > 0 }, name)
		presence, err := good.Inbox().Presence(t.Context())
		require.NoError(t, err)
		assert.True(t, presence.Available, name)
		hangUp()
		require.NoError(t, good.Agent(charla.Person{ID: tickets.AgentID(who)}).Heartbeat(t.Context(), tickets.Offline))
	}
}

// TestManyAccounts: a person who sees every account sees the last of hundreds, too: in the
// list, in the stream that asks for it, and as one who is there.
func TestManyAccounts(t *testing.T) {
	t.Parallel()
	a := setupAPI(t)
	var last *charla.Account
	for i := range 520 {
		one, _, err := a.desk.CreateAccount(t.Context(), fmt.Sprint("Tienda ", i), "otra.cl", nil)
		require.NoError(t, err)
		if last == nil || one.ID().String() > last.ID().String() {
			last = one
		}
	}
	a.people.set("root", console.Person{ID: "root", Role: console.RoleAdministrator, AllAccounts: true})
	root := a.as("root")
	l := root.listen("?account="+last.ID().String(), "")
	ids, more := l.next().accounts(t)
	assert.Equal(t, []chatcfg.AccountID{last.ID()}, ids)
	assert.False(t, more)
	require.Equal(t, "ready", l.next().name)
	assert.Equal(t, a.customerOf(last)("hola"), l.next().row(t).Ref)
	a.bench.client = a.browser("root")
	assert.Contains(t, a.bench.get("/desk/channels").text, last.ID().String())
	a.bench.get("/desk/")
	presence, err := last.Inbox().Presence(t.Context())
	require.NoError(t, err)
	assert.True(t, presence.Available)
	_, more = root.listen("", "").next().accounts(t)
	assert.True(t, more)
}

// heldWriter takes an answer, and holds each write that has a mark until it is let go.
type heldWriter struct {
	*httptest.ResponseRecorder
	mark string
	held chan struct{}
	let  chan struct{}
	mu   sync.Mutex
}

func (w *heldWriter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.mark) {
		w.held <- struct{}{}
		<-w.let
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ResponseRecorder.Write(p)
}

func (w *heldWriter) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Body.String()
}

// TestSlowReadersRights: R8.3: a stream whose reader reads slowly ends with the login, whatever
// waits to be told.
func TestSlowReadersRights(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, mark string }{{"/a/ID/events", "event: change"}, {"/api/events", "event: ticket"}} {
		t.Run(c.mark, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			const waiting = 4
			b.people.set("zoe", console.Person{ID: "zoe", Role: console.RoleAgent, Accounts: []chatcfg.AccountID{b.account.ID()}})
			var told atomic.Int64
			b.watch("zoe", func(name, _ string) {
				if name == "change" {
					told.Add(1)
				}
			})
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(c.path, "ID", b.account.ID().String(), 1), nil)
			request.Header.Set("Who", "ana")
			slow := &heldWriter{ResponseRecorder: httptest.NewRecorder(), mark: c.mark, held: make(chan struct{}), let: make(chan struct{})}
			var group sync.WaitGroup
			group.Go(func() { b.console.ServeHTTP(slow, request) })
			soon(t, func() bool { return strings.Contains(slow.text(), "event: ready") }, "it has begun")
			b.customer("Primera", "hola")
			<-slow.held
			begun := told.Load()
			for i := range waiting {
				b.customer(fmt.Sprint("Otra", i), "hola")
			}
			soon(t, func() bool { return told.Load() >= begun+waiting }, "who reads hears of all")
			slow.let <- struct{}{}
			<-slow.held // of the others, the control; the rest waits
			b.people.end("ana")
			b.console.Recheck("ana")
			close(slow.let)
			go func() { group.Wait(); close(slow.held) }()
			for range slow.held { // what is told in spite of it
			}
			assert.True(t, strings.HasSuffix(strings.TrimSpace(slow.text()), "event: out\ndata: {}"), slow.text())
			assert.Equal(t, 2, strings.Count(slow.text(), c.mark))
		})
	}
}
