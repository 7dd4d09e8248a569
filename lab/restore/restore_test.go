// Package restore puts databases back to an earlier moment, and looks at what a desk
// then does. docs/deployment.md says the same in words.
package restore_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const settings = `{
	"automation": {"autoClose": {"enabled": true, "after": {"value": 10, "unit": "minutes"}},
	               "automaticClose": {"enabled": true, "messages": ["Cerramos."]}},
	"general": {"notify": {"tickets": "all", "to": ["jefa@example.com"]}}
}`

var ana = charla.Person{ID: "ana", Name: "Ana"}

// clock is moved by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time                       { return c.now }
func (c *clock) After(time.Duration) <-chan time.Time { return nil }

// host is a desk with the world around it.
type host struct {
	t       *testing.T
	clock   *clock
	desk    *charla.Desk
	account *charla.Account
	mails   charla.Outgoing

	mu     sync.Mutex
	events []string
}

func serve(t *testing.T, store storage.Store, c *clock, files string) *host {
	t.Helper()
	h := &host{t: t, clock: c}
	dir, err := charla.NewFileDir(files)
	require.NoError(t, err)
	t.Cleanup(func() { dir.Close() })
	h.desk, err = charla.New(store, &charla.Options{
		Clock: c, Mailer: &h.mails, Files: &charla.FileOptions{Store: dir}, Runner: charla.RunnerOptions{Workers: 1},
		Hooks: map[string]charla.Hook{"host": h.hear},
	})
	require.NoError(t, err)
	return h
}

func (h *host) hear(_ context.Context, e charla.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.Fact.Kind == tickets.FactClosed {
		h.events = append(h.events, e.Key)
	}
	return nil
}

// pass moves the clock and does what is due.
func (h *host) pass(d time.Duration) {
	h.t.Helper()
	h.clock.now = h.clock.now.Add(d)
	_, err := h.desk.RunDue(h.t.Context())
	require.NoError(h.t, err)
}

func (h *host) enter(name string) charla.Token {
	h.t.Helper()
	_, token, err := h.account.Enter(h.t.Context(), charla.Entry{Name: name, Email: name + "@example.com"})
	require.NoError(h.t, err)
	return token
}

func (h *host) write(token charla.Token, text string, file string) charla.Result {
	h.t.Helper()
	o := &charla.WriteOptions{Key: text}
	if file != "" {
		o.File = &charla.Upload{Name: "nota.txt", Body: []byte(file)}
	}
	r, err := h.account.Visitor(token).Write(h.t.Context(), text, o)
	require.NoError(h.t, err)
	return r
}

func (h *host) texts(token charla.Token) (all []string) {
	h.t.Helper()
	page, err := h.account.Visitor(token).Messages(h.t.Context(), charla.MessageQuery{})
	require.NoError(h.t, err)
	for _, m := range page.Items {
		all = append(all, m.Text)
	}
	return all
}

func (h *host) sent() (keys []string) {
	for _, m := range h.mails.Mails() {
		keys = append(keys, m.Key)
	}
	return keys
}

// scenario backs a store up in the middle of what it does and goes on with the copy.
// The copy is whole and knows nothing of what came after; keys of before answer as
// they did and those of after are new; feeds begin again; what was due after the
// backup is due again, and what was sent after it goes out again, under the same
// keys (R8.1, R8.2).
func scenario(t *testing.T, store storage.Store, backup func() (restored storage.Store)) {
	ctx := t.Context()
	c := &clock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	folder := filepath.Join(t.TempDir(), "files")
	first := serve(t, store, c, folder)
	cfg, err := chatcfg.Decode([]byte(settings))
	require.NoError(t, err)
	first.account, _, err = first.desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	account := first.account.ID()
	juan := first.enter("juan")
	before := first.write(juan, "antes", "lo de antes")
	first.pass(time.Minute)
	require.Len(t, first.sent(), 1)
	eva := first.enter("eva")
	open := first.write(eva, "hola", "").Ref
	_, err = first.account.Agent(ana).Reply(ctx, open, "¿en qué ayudo?", nil)
	require.NoError(t, err)

	restored := backup()
	at := c.now

	first.write(juan, "después", "lo de después")
	late := first.enter("luz")
	feed, err := store.Queries().Changes(ctx, account, charla.InboxEnd, 0)
	require.NoError(t, err)
	first.pass(10 * time.Minute)
	closed, err := first.account.Inbox().Ticket(ctx, open)
	require.NoError(t, err)
	require.Equal(t, tickets.StatusClosed, closed.Status)
	require.Len(t, first.events, 1)
	require.Len(t, first.sent(), 2)

	copied := filepath.Join(t.TempDir(), "copy") // after the database
	require.NoError(t, os.CopyFS(copied, os.DirFS(folder)))
	second := serve(t, restored, c, copied)
	second.account = second.desk.Account(account)
	inbox := second.account.Inbox()
	ticket, err := inbox.Ticket(ctx, open)
	require.NoError(t, err)
	assert.Equal(t, tickets.StatusOpen, ticket.Status)
	assert.Equal(t, []string{"antes"}, second.texts(juan))
	_, body, err := second.account.Visitor(juan).File(ctx, 1)
	require.NoError(t, err)
	assert.Equal(t, "lo de antes", string(body))
	_, err = second.account.Visitor(juan).Session(ctx)
	require.NoError(t, err)
	_, err = second.account.Visitor(late).Session(ctx)
	require.ErrorIs(t, err, charla.ErrSession)

	for _, err = range inbox.Live(ctx, feed.Next, 0) {
		require.ErrorIs(t, err, charla.ErrCursor)
	}
	require.Error(t, err)
	page, err := restored.Queries().Changes(ctx, account, "", 0)
	require.NoError(t, err)
	assert.Len(t, page.Items, 2)

	assert.Equal(t, before, second.write(juan, "antes", "lo de antes"))
	second.write(juan, "después", "lo de después")
	assert.Equal(t, []string{"antes", "después"}, second.texts(juan))
	unseen, err := second.account.Visitor(juan).Messages(ctx, charla.MessageQuery{After: 2}) // as a page asks that had seen the other second one
	require.NoError(t, err)
	assert.Empty(t, unseen.Items)

	// Without a mailer what is due waits for somebody to decide.
	silent, err := charla.New(restored, &charla.Options{Clock: c, Hooks: map[string]charla.Hook{"host": second.hear}})
	require.NoError(t, err)
	_, err = silent.RunDue(ctx)
	require.NoError(t, err)
	dead, err := silent.Deliveries(ctx, charla.DeliveryQuery{Account: account, State: charla.DeliveryDead})
	require.NoError(t, err)
	require.NotEmpty(t, dead.Items)
	for _, d := range dead.Items {
		require.NoError(t, silent.Replay(ctx, account, d.Key))
	}

	second.pass(0)
	ticket, err = inbox.Ticket(ctx, open)
	require.NoError(t, err)
	assert.Equal(t, tickets.StatusClosed, ticket.Status)
	assert.Equal(t, closed.ClosedAt, ticket.ClosedAt)
	assert.Equal(t, at.Add(10*time.Minute), ticket.ClosedAt)
	assert.Equal(t, first.events, second.events)
	assert.Equal(t, first.sent()[1:], second.sent())
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := sqlite.Open(filepath.Join(dir, "chat.db"), nil)
	require.NoError(t, err)
	defer store.Close()
	scenario(t, store, func() storage.Store {
		path := filepath.Join(dir, "backup.db")
		require.NoError(t, store.Backup(t.Context(), path))
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		var sound string
		require.NoError(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&sound))
		require.NoError(t, db.Close())
		assert.Equal(t, "ok", sound)
		restored, err := sqlite.Open(path, nil)
		require.NoError(t, err)
		t.Cleanup(func() { restored.Close() })
		return restored
	})
}

// A dump goes into another server, and into the same one under another name.
func TestPostgres(t *testing.T) {
	t.Parallel()
	from, err := pgtest.Start(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, from.Stop()) })
	to, err := pgtest.Start(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, to.Stop()) })
	for name, test := range map[string]struct {
		to         *pgtest.Server
		partitions int
	}{
		"another server":              {to, 0},
		"another server, partitioned": {to, 4},
		"the same server":             {from, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, target := create(t, from), create(t, test.to)
			store := open(t, source, test.partitions)
			scenario(t, store, func() storage.Store {
				dump := filepath.Join(t.TempDir(), "chat.dump")
				run(t, from.Program("pg_dump"), "--format=custom", "--schema=charla", "--file="+dump, "--dbname="+source)
				run(t, from.Program("pg_restore"), "--exit-on-error", "--single-transaction", "--dbname="+target, dump)
				return open(t, target, 0)
			})
		})
	}
}

func create(t *testing.T, s *pgtest.Server) string {
	t.Helper()
	dsn, err := s.Create(t.Context())
	require.NoError(t, err)
	return dsn
}

func open(t *testing.T, dsn string, partitions int) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), dsn, &postgres.Options{Partitions: partitions})
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })
	return store
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
