package postgres_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plannedAlways returns the statements of a pool's connections that were planned at each of
// more than six calls, and how many were called as often.
func plannedAlways(b *bundle, pool *pgxpool.Pool) (always []string, all int) {
	b.Helper()
	for _, c := range pool.AcquireAllIdle(b.ctx) {
		rows, err := c.Query(b.ctx, "SELECT statement, generic_plans FROM pg_prepared_statements WHERE generic_plans + custom_plans > 6")
		require.NoError(b, err)
		for rows.Next() {
			var text string
			var generic int
			require.NoError(b, rows.Scan(&text, &generic))
			if all++; generic == 0 {
				always = append(always, text)
			}
		}
		require.NoError(b, rows.Err())
		c.Release()
	}
	return always, all
}

// TestPlannedOnce: what is asked all the time is planned once a connection, not at each
// call: that can take longer than the answer.
func TestPlannedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	id := b.account.ID
	first := b.chat(b.account)
	first.says("hola")
	own := connect(t, b.dsn)
	// The server is to think that a row costs far more than planning does, so that it plans at
	// each call whatever could then be cheaper by as little as a row.
	for _, query := range []string{
		`INSERT INTO charla.tickets SELECT (jsonb_populate_record(t, jsonb_build_object('conversation', gen_random_uuid()))).*
			FROM charla.tickets t, generate_series(1, 1200)`,
		`INSERT INTO charla.conversations SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid()))).*
			FROM charla.conversations c, generate_series(1, 1200)`,
		"ANALYZE",
		`DO $$ BEGIN
			EXECUTE format('ALTER DATABASE %I SET random_page_cost = 1000', current_database());
			EXECUTE format('ALTER DATABASE %I SET seq_page_cost = 1000', current_database());
			EXECUTE format('ALTER DATABASE %I SET enable_seqscan = off', current_database());
		END $$`,
	} {
		_, err := own.Exec(b.ctx, query)
		require.NoError(t, err)
	}
	pool := connect(t, b.dsn)
	s, err := postgres.New(b.ctx, pool, nil)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	b.Store = s
	ok := func(_ any, err error) { t.Helper(); require.NoError(t, err) }

	later := base.Add(time.Minute)
	chat := b.chat(b.account)
	session := tickets.Session{Format: tickets.SessionFormat, ID: chat.conv.Session, Account: id, Conversation: chat.conv.ID, Identity: chat.conv.Identity}
	for i := range 8 {
		session.Revision = 1
		session.ID.UUID = b.id()
		require.NoError(t, s.Sessions().Create(b.ctx, session))
		session.Revision++
		require.NoError(t, s.Sessions().Save(b.ctx, session))
		batch := chat.next("hola")
		batch.Session, batch.SessionRevision = session.ID, 2
		batch.Answers = []tickets.Answer{{Ticket: 1, Since: base, At: base, Agent: "ana"}}
		batch.Reserve = []tickets.Identity{chat.conv.Identity}
		require.NoError(t, s.Conversations().Commit(b.ctx, batch))
		require.NoError(t, s.Presence().Put(b.ctx, id, tickets.Roster{Revision: int64(i + 1)}))
		claimed, err := s.Outbox().Claim(b.ctx, base.Add(time.Hour), later.Add(time.Hour), 100, storage.Share{Each: 10})
		require.NoError(t, err)
		for _, d := range claimed {
			d.State = storage.Sent
			require.NoError(t, s.Outbox().Settle(b.ctx, d))
		}
	}
	// Reads apart: a table that grows between two of them has another price.
	for range 8 {
		ok(s.Sessions().Get(b.ctx, id, session.ID))
		ok(s.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Session: session.ID, Ticket: 1, Scope: "s", Key: "k"}))
		ok(s.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Conversation: chat.conv.ID}))

		for _, q := range []storage.TicketQuery{
			{}, {Status: tickets.StatusOpen}, {Status: tickets.StatusClosed}, {Important: true}, {Delayed: true}, {Category: "envío"},
			{Assignee: "ana"}, {Assignee: "ana", Status: tickets.StatusOpen}, {Team: "ventas"}, {Unassigned: true}, {Score: 5}, {WithBot: true},
			{Order: storage.ByWaiting}, {Conversation: chat.conv.ID},
		} {
			q.Account, q.Limit = id, 50
			page, err := s.Queries().Tickets(b.ctx, q)
			require.NoError(t, err)
			if q.Cursor = page.Next; q.Cursor != "" {
				ok(s.Queries().Tickets(b.ctx, q))
			}
			q.Cursor, q.Preview = "", true
			ok(s.Queries().Tickets(b.ctx, q))
			q.Reader = "ana"
			ok(s.Queries().Tickets(b.ctx, q))
			ok(s.Queries().Counts(b.ctx, id, []storage.TicketQuery{q}))
		}
		ok(s.Queries().Ticket(b.ctx, tickets.Ref{Account: id, Conversation: chat.conv.ID}))
		ok(s.Queries().Messages(b.ctx, storage.MessageQuery{Account: id, Conversation: chat.conv.ID, Last: true, Limit: 50}))
		ok(s.Queries().History(b.ctx, tickets.Ref{Account: id, Conversation: chat.conv.ID}, 0, 50))
		page, err := s.Queries().Changes(b.ctx, id, "", 50)
		require.NoError(t, err)
		ok(s.Queries().Changes(b.ctx, id, page.Next, 50))
		page, err = s.Queries().Changes(b.ctx, id, storage.Latest, 50)
		require.NoError(t, err)
		ok(s.Queries().Changes(b.ctx, id, page.Next, 50))

		ok(s.Conversations().ClaimDue(b.ctx, base, later, 100, nil))
		ok(s.Conversations().ClaimStale(b.ctx, base, later, 100, nil))
		ok(s.Conversations().NextWake(b.ctx))
		ok(s.Accounts().Get(b.ctx, id))
		ok(s.Accounts().Find(b.ctx, b.account.Key))
		ok(s.Accounts().Document(b.ctx, id, "config", 1))
		ok(s.Presence().Get(b.ctx, id))
		ok(s.Outbox().NextWake(b.ctx))
		ok(s.Outbox().List(b.ctx, id, storage.Sent, "", 50))
		ok(s.Contacts().List(b.ctx, id, "", 50))
	}
	always, all := plannedAlways(b, pool)
	assert.Empty(t, always)
	assert.Greater(t, all, 50)

	for range 8 {
		rows, err := pool.Query(b.ctx, "SELECT doc FROM charla.tickets WHERE account = $1 AND status = $2 ORDER BY changed LIMIT $3", id.UUID[:], "open", 50)
		require.NoError(t, err)
		rows.Close()
		require.NoError(t, rows.Err())
	}
	always, _ = plannedAlways(b, pool)
	assert.Len(t, always, 1, "a limit that is an argument")
}
