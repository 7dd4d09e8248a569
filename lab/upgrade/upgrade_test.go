package upgrade_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/lab/upgrade"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const settings = `{
	"automation": {"autoClose": {"enabled": true, "after": {"value": 1, "unit": "minutes"}},
	               "automaticClose": {"enabled": true, "messages": ["Cerramos."]}},
	"general": {"notify": {"tickets": "all", "to": ["jefa@example.com"]}}
}`

// lease is the hosts'.
const lease = time.Minute

// patience is how long a test waits for what has to come.
const patience = time.Minute

// service is a database and the processes on it.
type service struct {
	t     *testing.T
	conn  *pgx.Conn
	job   upgrade.Job
	older string
	newer string
	first upgrade.Answer // who made the account
}

func setup(t *testing.T) *service {
	t.Helper()
	s := &service{t: t}
	s.older, s.newer = build(t.Context(), t)
	databases, stop, err := pgtest.Find(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, stop()) })
	dsn, err := databases.Create(t.Context())
	require.NoError(t, err)
	s.conn, err = pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	s.job = upgrade.Job{DSN: dsn, Mails: filepath.Join(t.TempDir(), "mails"), Epoch: time.Now(), Speed: 30}
	return s
}

func (s *service) start(program string) *process {
	s.t.Helper()
	p, err := start(s.t.Context(), s.t, program, s.job)
	require.NoError(s.t, err)
	return p
}

// chat is a customer, and their ticket.
type chat struct {
	token charla.Token
	ref   tickets.Ref
}

// open lets a customer write through a process.
func (s *service) open(p *process, name string) chat {
	s.t.Helper()
	c := chat{token: p.must(upgrade.Request{Op: "session", Account: s.first.Account, Text: name}).Token}
	c.ref = p.must(upgrade.Request{Op: "write", Account: s.first.Account, Token: c.token, Text: "hola de " + name}).Ref
	return c
}

func (s *service) status(p *process, c chat) tickets.Ticket {
	s.t.Helper()
	for _, row := range p.must(upgrade.Request{Op: "tickets", Account: c.ref.Account}).Rows {
		if row.Ref.Conversation == c.ref.Conversation {
			return row.Ticket
		}
	}
	require.Fail(s.t, "the list has no such ticket")
	return tickets.Ticket{}
}

// closes waits until a ticket was closed automatically, once.
func (s *service) closes(p *process, c chat) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.status(p, c).Status == tickets.StatusClosed }, patience, 20*time.Millisecond)
	closed := 0
	for _, e := range p.must(upgrade.Request{Op: "history", Ref: c.ref}).Entries {
		for _, f := range e.Facts {
			if f.Kind == tickets.FactClosed {
				closed++
				assert.Equal(s.t, tickets.ReasonAutomatic, f.Reason)
			}
		}
	}
	assert.Equal(s.t, 1, closed)
}

// passes lets some of the desks' time pass.
func (s *service) passes(d time.Duration) {
	timer := time.NewTimer(d / time.Duration(s.job.Speed))
	defer timer.Stop()
	<-timer.C
}

func (s *service) number(query string, args ...any) (n int64) {
	s.t.Helper()
	require.NoError(s.t, s.conn.QueryRow(s.t.Context(), query, args...).Scan(&n))
	return n
}

// Two versions on one database: the older one goes on serving what it wrote, reads
// what the newer one wrote, leaves its deadlines and mails to it, rewrites nothing of
// it, and does not start again. R4.5: nothing is lost or done twice, though the newer
// one is killed in between (R8.2).
func TestUpgrade(t *testing.T) {
	t.Parallel()
	s := setup(t)
	one, two := s.start(s.older), s.start(s.older)
	own := chatcfg.AccountID{UUID: uuid.New()}
	s.first = one.must(upgrade.Request{Op: "account", Account: own, Text: settings})
	account := s.first.Account
	var chats []chat
	for i := range 6 {
		chats = append(chats, s.open([]*process{one, two}[i%2], fmt.Sprint("c", i)))
	}
	juan, eva, luz, leo := chats[0], chats[1], chats[2], chats[3]

	require.EqualValues(t, schema, s.number("SELECT max(version) FROM charla.migrations"))

	// The newer one migrates while the others serve.
	stop, load := make(chan struct{}), sync.WaitGroup{}
	for i, p := range []*process{one, two} {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				a := p.ask(upgrade.Request{Op: "write", Account: account, Token: chats[4+i].token, Text: fmt.Sprint("más ", n)})
				if !assert.Empty(t, a.Error) {
					return
				}
			}
		})
	}
	three := s.start(s.newer)
	assert.EqualValues(t, newer, s.number("SELECT max(version) FROM charla.migrations"))
	assert.EqualValues(t, len(chats), s.number("SELECT count(*) FROM charla.tickets WHERE answerer = ''"), "filled")
	// The same call finds the account, though the configuration has grown (R8.1).
	assert.Equal(t, own, three.must(upgrade.Request{Op: "account", Account: own, Text: settings}).Account)
	assert.Equal(t, own, one.must(upgrade.Request{Op: "account", Account: own, Text: settings}).Account)
	s.passes(20 * time.Second)
	close(stop)
	load.Wait()

	// What the newer one wrote, the older ones read.
	two.must(upgrade.Request{Op: "follow", Ref: juan.ref})
	three.must(upgrade.Request{Op: "write", Account: account, Token: juan.token, Text: "más nuevo"})
	both := []string{"hola de c0", "más nuevo"}
	require.Eventually(t, func() bool {
		return assert.ObjectsAreEqual(both, two.must(upgrade.Request{Op: "followed"}).Texts)
	}, patience, 10*time.Millisecond)
	assert.Equal(t, both, one.must(upgrade.Request{Op: "read", Account: account, Token: juan.token}).Texts)
	assert.Equal(t, tickets.StatusOpen, s.status(one, juan).Status)
	found := one.must(upgrade.Request{Op: "tickets", Account: account, Text: "nuevo"}).Rows
	require.Len(t, found, 1)
	assert.Equal(t, juan.ref.Conversation, found[0].Ref.Conversation)
	assert.Len(t, one.must(upgrade.Request{Op: "changes", Account: account}).Changes, len(chats))

	// They do not write it again, and say so. A call that was answered is.
	for _, r := range []upgrade.Request{
		{Op: "write", Account: account, Token: juan.token, Text: "otra vez"},
		{Op: "reply", Ref: juan.ref, Text: "otra vez"},
	} {
		assert.Equal(t, "newer_format", one.ask(r).Class, r.Op)
	}
	assert.Equal(t, juan.ref, one.must(upgrade.Request{Op: "write", Account: account, Token: juan.token, Text: "hola de c0"}).Ref)
	other := three.must(upgrade.Request{Op: "account", Text: settings}).Account
	three.must(upgrade.Request{Op: "online", Account: other})
	assert.Equal(t, "newer_format", one.ask(upgrade.Request{Op: "online", Account: other}).Class)
	assert.True(t, one.must(upgrade.Request{Op: "available", Account: other}).Available)
	assert.Equal(t, "newer_format", one.ask(upgrade.Request{Op: "save", Account: other, Text: `{"chat": {"headerMessage": "Hola"}}`}).Class)
	fresh := three.must(upgrade.Request{Op: "session", Account: account, Text: "fresca"}).Token
	assert.Equal(t, "newer_format", one.ask(upgrade.Request{Op: "end session", Account: account, Token: fresh}).Class)
	one.must(upgrade.Request{Op: "write", Account: account, Token: fresh, Text: "hola"})

	// Deadlines and mails of both are carried out, by either process.
	s.open(three, "nueva")
	three.must(upgrade.Request{Op: "reply", Ref: juan.ref, Text: "¿en qué ayudo?"})
	one.must(upgrade.Request{Op: "reply", Ref: eva.ref, Text: "¿en qué ayudo?"})
	s.closes(two, juan)
	s.closes(two, eva)

	// Without the newer one its deadlines wait, and are not tried all the time.
	three.must(upgrade.Request{Op: "reply", Ref: luz.ref, Text: "¿en qué ayudo?"})
	two.must(upgrade.Request{Op: "reply", Ref: leo.ref, Text: "¿en qué ayudo?"})
	three.kill()
	s.closes(one, leo)
	left := func() int64 {
		return one.must(upgrade.Request{Op: "left"}).Left + two.must(upgrade.Request{Op: "left"}).Left
	}
	begun, met := time.Now(), left()
	require.Eventually(t, func() bool { return left() >= met+2 }, patience, 10*time.Millisecond)
	leases := time.Since(begun)*time.Duration(s.job.Speed)/lease + 1
	assert.LessOrEqual(t, left()-met, int64(leases)+1, "once a lease")
	assert.Equal(t, tickets.StatusOpen, s.status(one, luz).Status)

	// An older one that starts is refused.
	_, err := start(t.Context(), t, s.older, s.job)
	require.ErrorContains(t, err, fmt.Sprintf("the database has schema %d, this code knows up to %d", newer, schema))

	// The newer one comes back, and the others go.
	three = s.start(s.newer)
	s.closes(three, luz)
	one.stop()
	two.stop()
	three.must(upgrade.Request{Op: "write", Account: account, Token: leo.token, Text: "sigo"})
	s.mails(int64(len(chats)) + 3) // one a ticket: of fresh, nueva and leo's second, too
	three.stop()

	// The newer one's column of tickets has what it wrote.
	assert.Positive(t, s.number("SELECT count(*) FROM charla.tickets WHERE answerer <> ''"))

	// Nothing that the newer one wrote was written again by another.
	assert.Zero(t, s.number("SELECT count(*) FROM charla.conversations WHERE version > 0 AND "+
		"(position('\\x0806'::bytea IN doc) = 1) <> (position($1::bytea IN doc) > 0)", []byte(unknown)))
	assert.LessOrEqual(t, int64(4), s.number("SELECT count(*) FROM charla.conversations WHERE position($1::bytea IN doc) > 0", []byte(unknown)))
	assert.EqualValues(t, 2, s.number("SELECT count(*) FROM charla.sessions WHERE account = $2 AND position($1::bytea IN doc) > 0", []byte(unknown), account.UUID[:]))
}

// mails waits until so many mails are settled, and checks that none went out twice, and
// that those that the newer version wrote went out whole. One whose sender was gone
// or slow may be unknown.
func (s *service) mails(want int64) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return s.number("SELECT count(*) FROM charla.deliveries WHERE state IN ('sent', 'unknown')") == want
	}, patience, 20*time.Millisecond)
	body, err := os.ReadFile(s.job.Mails)
	require.NoError(s.t, err)
	seen, whole := map[string]bool{}, int64(0)
	for line := range strings.Lines(string(body)) {
		var m struct{ Key, Mood string }
		require.NoError(s.t, json.Unmarshal([]byte(line), &m))
		assert.NotContains(s.t, seen, m.Key)
		seen[m.Key] = true
		newer := s.number("SELECT count(*) FROM charla.deliveries WHERE name = $1 AND position('mood'::bytea IN body) > 0", m.Key)
		assert.Equal(s.t, newer == 1, m.Mood != "", m.Key)
		whole += newer
	}
	assert.LessOrEqual(s.t, s.number("SELECT count(*) FROM charla.deliveries WHERE state = 'sent'"), int64(len(seen)))
	assert.Positive(s.t, whole)
}
