package postgres_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

var base = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// patience bounds a wait in a test, tick is how often it looks.
const (
	patience = 30 * time.Second
	tick     = 5 * time.Millisecond
)

// server is what all tests share, each with databases of its own. Without one they
// fail: nothing is skipped.
var server *pgtest.Server

func TestMain(m *testing.M) {
	os.Exit(func() int {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		var err error
		if server, err = pgtest.Start(ctx, nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

// database makes an empty database.
func database(t testing.TB) string {
	t.Helper()
	dsn, err := server.Create(context.Background())
	require.NoError(t, err)
	return dsn
}

func open(t testing.TB, dsn string, o *postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), dsn, o)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// connect is a pool of the test's own.
func connect(t testing.TB, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// bundle is a store with one account in it.
type bundle struct {
	testing.TB
	*postgres.Store
	ctx     context.Context
	dsn     string
	account chatcfg.Account
	minted  atomic.Uint64
}

func setup(t testing.TB, o *postgres.Options) *bundle {
	t.Helper()
	b := &bundle{TB: t, dsn: database(t), ctx: context.Background()}
	b.Store = open(t, b.dsn, o)
	b.account = b.newAccount("Tienda")
	return b
}

func (b *bundle) id() (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], b.minted.Add(1))
	id[15] = 1
	return id
}

func (b *bundle) newAccount(name string) chatcfg.Account {
	a := chatcfg.Account{ID: chatcfg.AccountID{UUID: b.id()}, Name: name, Version: 1, Revision: 1, CreatedAt: base, SavedAt: base}
	a.Key = "key-" + a.ID.String()
	require.NoError(b, b.Accounts().Create(b.ctx, a, storage.Document{Name: "config", Version: 1, Body: []byte("{}")}))
	return a
}

// chat is a conversation as a desk would write it: with everything a message of a
// busy account brings.
type chat struct {
	b    *bundle
	conv tickets.Conversation
	tick tickets.Ticket
}

func (b *bundle) chat(a chatcfg.Account) *chat {
	session := tickets.SessionID{UUID: b.id()}
	customer := tickets.Customer{Level: tickets.LevelClaimed, Name: "Juana Pérez", Email: "juana@example.com", Phone: "+56912345678", Locale: "es"}
	return &chat{
		b: b,
		conv: tickets.Conversation{
			Format: tickets.Format, Account: a.ID, ID: tickets.ConversationID{UUID: b.id()},
			Identity: tickets.Identity{Kind: tickets.IdentitySession, Value: session.String()},
			Customer: customer, CreatedAt: base, Session: session, Number: 1, Armed: a.Version,
		},
		tick: tickets.Ticket{
			Number: 1, Status: tickets.StatusOpen, CreatedAt: base, OpenedAt: base,
			LastWord: tickets.SideCustomer, Customer: customer,
			Wait: &tickets.Wait{Since: base, Clock: "wall", Limit: tickets.Span(time.Hour), Due: base.Add(time.Hour)},
		},
	}
}

// next is the batch of the next message.
func (c *chat) next(text string) *storage.Batch {
	c.conv.Version++
	c.conv.LastSeq++
	c.conv.LastEntry++
	c.conv.CustomerMessages++
	at := base.Add(time.Duration(c.conv.Version) * time.Second)
	c.conv.LastAt, c.tick.ChangedAt = at, at
	c.tick.Messages++
	actor := tickets.Actor{Kind: tickets.ActorCustomer, Session: c.conv.Session}
	key := fmt.Sprintf("%s-%d", c.conv.ID, c.conv.LastSeq)
	batch := &storage.Batch{
		Config: 1, Conversation: c.conv, Tickets: []tickets.Ticket{c.tick},
		Messages: []tickets.Message{{
			Seq: c.conv.LastSeq, Ticket: 1, At: at, From: tickets.FromCustomer, Level: tickets.LevelClaimed, Session: c.conv.Session, Text: text,
		}},
		Entries: []tickets.Entry{{
			N: c.conv.LastEntry, Ticket: 1, At: at, Kind: tickets.CommandWrite, Actor: actor,
			Inputs: tickets.Inputs{Now: at, Presence: tickets.Presence{Available: true, Absence: 3}, Config: 1, Chance: 12345678901234567},
			Facts:  []tickets.Fact{{Kind: tickets.FactSaid, Seq: c.conv.LastSeq}},
			Trace: []tickets.Finding{
				{Rule: "newCustomer", Why: "known"}, {Rule: "ticketCreated", Why: "no_new_ticket"},
				{Rule: "outOfHours", Why: "inside", Until: at.Add(time.Hour)}, {Rule: "noAgents", Why: "available"},
				{Rule: "important", Why: "no_keyword"}, {Rule: "sla", Why: "runs", Until: at.Add(time.Hour)},
			},
		}},
		Deliveries: []storage.Delivery{{
			Account: c.conv.Account, Key: key, Kind: "event", Conversation: c.conv.ID, Ticket: 1,
			Body: []byte(`{"kind":"message","text":"` + text + `"}`), Repeatable: true, State: storage.Pending, NotBefore: at,
		}},
		Receipt: &storage.Receipt{Scope: "session:" + c.conv.Session.String(), Key: key, Entry: c.conv.LastEntry, Ticket: 1, Seq: c.conv.LastSeq, At: at},
		Words:   []storage.Words{{Ticket: 1, Text: strings.ToLower(text)}},
		Wake:    at.Add(time.Hour), Active: true,
	}
	if c.conv.Version == 1 {
		batch.Reserve = []tickets.Identity{c.conv.Identity}
	}
	return batch
}

func (c *chat) says(text string) {
	c.b.Helper()
	require.NoError(c.b, c.b.Conversations().Commit(c.b.ctx, c.next(text)))
}
