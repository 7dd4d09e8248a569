package postgres_test

import (
	"context"
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func texts(t testing.TB, pool *pgxpool.Pool, query string, args ...any) []string {
	t.Helper()
	rows, err := pool.Query(context.Background(), query, args...)
	require.NoError(t, err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return list
}

// apart are the tables that are not one account's, and the indexes that lead with
// time, for claims over all accounts.
var (
	apart = map[string]bool{"accounts": true, "meta": true, "migrations": true}
	timed = map[string]string{
		"conversations_leased": "wake", "conversations_wake": "wake", "deliveries_sending": "due", "deliveries_sent": "due",
		"sessions_expires": "expires",
	}
)

// R1.3: the tables of accounts lead with the account in every index, no constraint
// spans two accounts but that of their public keys, and nothing refers to anything
// else.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	for _, partitions := range []int{0, 2} {
		b := setup(t, &postgres.Options{Partitions: partitions})
		pool := connect(t, b.dsn)
		rows, err := pool.Query(b.ctx, `SELECT t.relname, i.relname, x.indisunique, am.amname,
				(SELECT attname FROM pg_attribute WHERE attrelid = t.oid AND attnum = x.indkey[0])
			FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
			JOIN pg_am am ON am.oid = i.relam WHERE t.relnamespace = 'charla'::regnamespace AND NOT t.relispartition`)
		require.NoError(t, err)
		seen := map[string]bool{}
		for rows.Next() {
			var table, index, method string
			var unique bool
			var first *string
			require.NoError(t, rows.Scan(&table, &index, &unique, &method, &first))
			seen[index] = true
			switch {
			case apart[table]:
				assert.Contains(t, []string{"accounts_pkey", "accounts_key_key", "migrations_pkey"}, index)
			case method == "gin":
				assert.Equal(t, "texts_words", index) // its words lead with the account: TestLead
			case timed[index] != "":
				assert.Equal(t, timed[index], *first)
				assert.False(t, unique, index)
			default:
				assert.Equal(t, "account", *first, index)
			}
		}
		require.NoError(t, rows.Err())
		for index := range timed {
			assert.True(t, seen[index], index)
		}
		require.Greater(t, len(seen), 30)
		assert.Empty(t, texts(t, pool, `SELECT conname::text FROM pg_constraint
			WHERE connamespace = 'charla'::regnamespace AND contype NOT IN ('p', 'u') AND conparentid = 0`), "no reference, no check")
		assert.Empty(t, texts(t, pool, `SELECT c.table_name::text FROM information_schema.tables c WHERE table_schema = 'charla'
			AND NOT EXISTS (SELECT FROM information_schema.columns k WHERE k.table_schema = 'charla' AND k.table_name = c.table_name AND k.column_name = 'account')
			AND table_name NOT IN ('accounts', 'meta', 'migrations')`), "tables without an account")
		// Texts are compared byte by byte.
		assert.Empty(t, texts(t, pool, `SELECT table_name || '.' || column_name FROM information_schema.columns
			WHERE table_schema = 'charla' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
			AND table_name NOT IN ('meta', 'migrations')`))
		partitioned := texts(t, pool, "SELECT relname::text FROM pg_class WHERE relnamespace = 'charla'::regnamespace AND relkind = 'p'")
		assert.Len(t, partitioned, map[int]int{0: 0, 2: 14}[partitions])
	}
}

// Every lexeme leads with its account's number.
func TestLead(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	other := b.newAccount("Otra")
	b.chat(b.account).says("hola 12x ' \\ " + strings.Repeat("z", 600))
	b.chat(other).says("hola")
	pool := connect(t, b.dsn)
	assert.Equal(t, []string{"true"}, texts(t, pool, `SELECT DISTINCT (l.lexeme ~ ('^' || a.number || '[xy]'))::text
		FROM charla.texts x JOIN charla.accounts a ON a.id = x.account, unnest(x.words) l`))
	assert.Equal(t, []string{"6"}, texts(t, pool, "SELECT count(DISTINCT lexeme)::text FROM charla.texts, unnest(words)"))
}

// onBehalf calls everything that is done on behalf of one account.
func (b *bundle) onBehalf() {
	b.Helper()
	ok := func(_ any, err error) { require.NoError(b, err) }
	late := base.AddDate(1, 0, 0)
	id := b.account.ID
	c := b.chat(b.account)
	session := tickets.Session{ID: c.conv.Session, Account: id, Conversation: c.conv.ID, Identity: c.conv.Identity, Revision: 1}
	require.NoError(b, b.Sessions().Create(b.ctx, session))
	session.Revision++
	require.NoError(b, b.Sessions().Save(b.ctx, session))
	for i := range 3 {
		batch := c.next("hola otra vez")
		batch.Session, batch.SessionRevision = session.ID, 2
		batch.Answers = []tickets.Answer{{Ticket: 1, Since: base, At: base, First: i == 0}}
		require.NoError(b, b.Conversations().Commit(b.ctx, batch))
	}
	for _, q := range []storage.LoadQuery{{Session: session.ID, Ticket: 1}, {Conversation: c.conv.ID, Scope: "s", Key: "k"}} {
		q.Account = id
		ok(b.Conversations().Load(b.ctx, q))
	}
	ok(b.Accounts().Document(b.ctx, id, "config", 1))
	require.NoError(b, b.Presence().Put(b.ctx, id, tickets.Roster{Revision: 1}))
	ok(b.Presence().Get(b.ctx, id))
	ok(b.Sessions().Get(b.ctx, id, session.ID))
	ok(b.Sessions().Holder(b.ctx, id, c.conv.Identity))
	require.NoError(b, b.Sessions().Raise(b.ctx, id, c.conv.ID, tickets.Marks{Agent: 1}))
	ok(b.Sessions().Marks(b.ctx, id, c.conv.ID))
	require.NoError(b, b.Contacts().Add(b.ctx, tickets.Submission{Account: id, Key: "k"}, []storage.Delivery{{Key: "form", Kind: "mail"}}))
	ok(b.Contacts().Get(b.ctx, id, "k"))
	ok(b.Contacts().List(b.ctx, id, "", 10))
	ok(b.Outbox().List(b.ctx, id, storage.Pending, "", 10))
	require.ErrorIs(b, b.Outbox().Replay(b.ctx, id, "form", late), storage.ErrConflict)
	require.ErrorIs(b, b.Outbox().Settle(b.ctx, storage.Delivery{Account: id, Key: "form", State: storage.Sent}), storage.ErrLeaseLost)
	ref := tickets.Ref{Account: id, Conversation: c.conv.ID}
	ok(b.Queries().Ticket(b.ctx, ref))
	ok(b.Queries().Messages(b.ctx, storage.MessageQuery{Account: id, Conversation: c.conv.ID, Session: session.ID, Last: true}))
	ok(b.Queries().Messages(b.ctx, storage.MessageQuery{Account: id, Conversation: c.conv.ID, WithoutNotes: true, Last: true}))
	ok(b.Queries().History(b.ctx, ref, 0, 10))
	page, err := b.Queries().Changes(b.ctx, id, "", 1)
	require.NoError(b, err)
	ok(b.Queries().Changes(b.ctx, id, page.Next, 10))
	ok(b.Queries().Counts(b.ctx, id, []storage.TicketQuery{
		{}, {Status: tickets.StatusOpen}, {Unassigned: true}, {Assignee: "ana", Status: tickets.StatusOpen}, {Team: "ventas"}, {Order: storage.ByWaiting},
	}))
	ok(b.Queries().Tickets(b.ctx, storage.TicketQuery{Account: id, Preview: true, Reader: "ana"}))
	for _, by := range []tickets.Grouping{"", tickets.ByAgent, tickets.ByTeam, tickets.ByCategory, tickets.ByHour, tickets.ByWeekday} {
		ok(b.Queries().Report(b.ctx, id, storage.ReportQuery{From: base, To: late, By: by}))
	}
	ok(b.Queries().Count(b.ctx, id, storage.CountsFrom, base, late))
	ok(b.Queries().Count(b.ctx, id, storage.WaitsSince, base, late))
	for set := range uint(1) << 8 {
		if bits.OnesCount(set) > 2 {
			continue
		}
		q := storage.TicketQuery{Account: id, Limit: 1}
		for i, add := range []func(){
			func() { q.Status = tickets.StatusOpen },
			func() { q.Conversation = c.conv.ID },
			func() { q.Important = true },
			func() { q.Delayed = true },
			func() { q.Category = "venta" },
			func() { q.Fields = map[string]string{"a": "b"} },
			func() { q.Words = []string{"hola", "ot"} },
			func() { q.Order = storage.ByWaiting },
		} {
			if set&(1<<i) != 0 {
				add()
			}
		}
		ok(b.Queries().Tickets(b.ctx, q))
	}
}

// R1.3: what is done on behalf of one account looks into no partition but its own,
// whatever statement does it.
func TestOwnPartition(t *testing.T) {
	t.Parallel()
	b := setup(t, &postgres.Options{Partitions: 4})
	pool := connect(t, b.dsn)
	touched := func() map[string]string {
		require.NoError(t, b.Store.Close()) // counts are complete when connections end
		counts := map[string]string{}
		require.Eventually(t, func() bool {
			return texts(t, pool, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'charla'")[0] == "0"
		}, patience, tick)
		for _, line := range texts(t, pool, `SELECT relname || ' ' || seq_scan + coalesce(idx_scan, 0) + n_tup_ins FROM pg_stat_all_tables
			WHERE schemaname = 'charla' AND relname ~ '_[0-9]$'`) {
			table, count, _ := strings.Cut(line, " ")
			counts[table] = count
		}
		return counts
	}
	before := touched()
	b.Store = open(t, b.dsn, nil)
	b.onBehalf()
	var changed []string
	own := map[string]bool{}
	for table, count := range touched() {
		if before[table] != count {
			changed = append(changed, table)
			own[table[len(table)-1:]] = true
		}
	}
	assert.Len(t, own, 1, "%v", changed)
	assert.Len(t, changed, 14)
}

// Claims, lists and the feed find what they want by an index, in a database with
// many other rows.
func TestIndexes(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.onBehalf()
	pool := connect(t, b.dsn)
	for _, fill := range []string{
		`INSERT INTO charla.conversations SELECT account, gen_random_uuid(), 1, 1, change, i, 1, 0, doc
			FROM (SELECT * FROM charla.conversations LIMIT 1) c, generate_series(4000000000000000, 4000000000020000) i`,
		`INSERT INTO charla.deliveries SELECT account, name || i, n + i, kind, conversation, ticket, body, repeatable,
			(ARRAY['pending', 'sending', 'sent'])[1 + i % 3], 0, 0, i, 0, 4000000000000000 + i, ''
			FROM (SELECT * FROM charla.deliveries LIMIT 1) d, generate_series(1, 20000) i`,
		`INSERT INTO charla.tickets SELECT account, gen_random_uuid(), 1, 'closed', false, false, NULL, NULL, i, i, NULL, NULL, doc
			FROM (SELECT * FROM charla.tickets LIMIT 1) t, generate_series(1, 20000) i`,
		"ANALYZE",
	} {
		_, err := pool.Exec(b.ctx, fill)
		require.NoError(t, err)
	}
	const scans = `SELECT format('%s %s', relname, seq_scan) FROM pg_stat_all_tables
		WHERE schemaname = 'charla' AND relname IN ('conversations', 'deliveries', 'tickets') ORDER BY relname`
	require.NoError(t, b.Store.Close())
	settled := func() []string {
		// A new connection each time: the old one's view may be its own.
		list := texts(t, pool, "SELECT pg_stat_force_next_flush()::text")
		require.Len(t, list, 1)
		pool.Reset()
		return texts(t, pool, scans)
	}
	before := settled()

	again := open(t, b.dsn, nil)
	late := base.AddDate(1, 0, 0)
	for range 8 { // plans settle after some runs
		_, err := again.Conversations().NextWake(b.ctx)
		require.NoError(t, err)
		due, err := again.Conversations().ClaimDue(b.ctx, late, late.AddDate(1, 0, 0), 100, nil)
		require.NoError(t, err)
		require.LessOrEqual(t, len(due), 1)
		_, err = again.Outbox().NextWake(b.ctx)
		require.NoError(t, err)
		sent, err := again.Outbox().Claim(b.ctx, late, late.AddDate(1, 0, 0), 100, storage.Share{})
		require.NoError(t, err)
		require.LessOrEqual(t, len(sent), 10)
		_, err = again.Outbox().Prune(b.ctx, late, 100)
		require.NoError(t, err)
		_, err = again.Conversations().Ahead(b.ctx, late, late, 100)
		require.NoError(t, err)
		_, err = again.Outbox().Recall(b.ctx, late, late.AddDate(90, 0, 0), late.AddDate(90, 0, 0))
		require.NoError(t, err)
		page, err := again.Queries().Changes(b.ctx, b.account.ID, storage.Latest, 10)
		require.NoError(t, err)
		_, err = again.Queries().Changes(b.ctx, b.account.ID, page.Next, 10)
		require.NoError(t, err)
		for _, q := range []storage.TicketQuery{{}, {Status: tickets.StatusOpen}, {Order: storage.ByWaiting}, {Important: true}, {Words: []string{"ho"}}} {
			q.Account, q.Limit = b.account.ID, 20
			_, err := again.Queries().Tickets(b.ctx, q)
			require.NoError(t, err, fmt.Sprintf("%+v", q))
		}
	}
	require.NoError(t, again.Close())
	assert.Equal(t, before, settled(), "scans of whole tables")
}
