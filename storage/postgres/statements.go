package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

type pgconnTag = pgconn.CommandTag

// The statements that write a group. A conversation and an identity that another
// process has just made are left out, and then counted.
var (
	putConversations = `INSERT INTO charla.conversations AS c (account, id, version, number, change, wake, armed, lease, doc)
		SELECT u.account, u.id, u.version, u.number, pg_current_xact_id(), u.wake, u.armed, 0, u.doc
		FROM ` + unnest(1, "uuid", "uuid", "bigint", "bigint", "bigint", "bigint", "bytea") + ` AS u(account, id, version, number, wake, armed, doc)
		ON CONFLICT (account, id) DO UPDATE SET version = excluded.version, number = excluded.number, change = excluded.change,
			wake = excluded.wake, armed = excluded.armed, lease = 0, doc = excluded.doc
		WHERE c.version = excluded.version - 1`

	putIdentities = `INSERT INTO charla.identities AS i (account, kind, value, conversation)
		SELECT u.account, u.kind, u.value, u.conversation
		FROM ` + unnest(1, "uuid", "text", "text", "uuid") + ` AS u(account, kind, value, conversation)
		ORDER BY u.account, u.kind COLLATE "C", u.value COLLATE "C"
		ON CONFLICT (account, kind, value) DO UPDATE SET conversation = excluded.conversation
		WHERE i.conversation = excluded.conversation`

	putTickets = `INSERT INTO charla.tickets (account, conversation, number, status, important, delayed, category, fields, created, changed, waits, counts, doc)
		SELECT u.account, u.conversation, u.number, u.status, u.important, u.delayed, u.category, u.fields::jsonb, u.created, u.changed, u.waits, u.counts, u.doc
		FROM ` + unnest(1, "uuid", "uuid", "bigint", "text", "boolean", "boolean", "text", "text", "bigint", "bigint", "bigint", "bigint", "bytea") + `
		AS u(account, conversation, number, status, important, delayed, category, fields, created, changed, waits, counts, doc)
		ON CONFLICT (account, conversation, number) DO UPDATE SET status = excluded.status, important = excluded.important,
			delayed = excluded.delayed, category = excluded.category, fields = excluded.fields, created = excluded.created,
			changed = excluded.changed, waits = excluded.waits, counts = excluded.counts, doc = excluded.doc`

	putMessages = "INSERT INTO charla.messages (account, conversation, seq, session, doc) SELECT * FROM " +
		unnest(1, "uuid", "uuid", "bigint", "uuid", "bytea")

	putEntries = "INSERT INTO charla.entries (account, conversation, n, ticket, doc) SELECT * FROM " +
		unnest(1, "uuid", "uuid", "bigint", "bigint", "bytea")

	putReceipts = "INSERT INTO charla.receipts (account, conversation, scope, key, doc) SELECT * FROM " +
		unnest(1, "uuid", "uuid", "text", "text", "bytea")

	putAnswers = "INSERT INTO charla.answers (account, at, conversation, version, n, ticket, since, waited, sla, first, agent) SELECT * FROM " +
		unnest(1, "uuid", "bigint", "uuid", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "boolean", "text")

	putTexts = `INSERT INTO charla.texts (account, conversation, ticket, version, n, words, long)
		SELECT u.account, u.conversation, u.ticket, u.version, u.n, u.words::tsvector, u.long
		FROM ` + unnest(1, "uuid", "uuid", "bigint", "bigint", "bigint", "text", "text") + ` AS u(account, conversation, ticket, version, n, words, long)`

	putDeliveries = deliver(1) + orHeld
)

func (w *writes) queueTickets(b *pgx.Batch) {
	t := &w.tickets
	n := len(t.rows)
	numbers, created, changed := make([]int64, n), make([]int64, n), make([]int64, n)
	statuses := make([]string, n)
	important, delayed := make([]bool, n), make([]bool, n)
	categories, fields := make([]pgtype.Text, n), make([]pgtype.Text, n)
	waits, counts := make([]pgtype.Int8, n), make([]pgtype.Int8, n)
	docs := make([][]byte, n)
	for i, r := range t.rows {
		numbers[i], created[i], changed[i] = r.number, r.created, r.changed
		statuses[i], important[i], delayed[i] = r.status, r.important, r.delayed
		categories[i], fields[i], waits[i], counts[i], docs[i] = r.category, r.fields, r.waits, r.counts, r.doc
	}
	b.Queue(putTickets, t.accounts, t.conversations, numbers, statuses, important, delayed, categories, fields, created, changed, waits, counts, docs)
}

func (w *writes) queueAnswers(b *pgx.Batch) {
	t := &w.answers
	n := len(t.all)
	at, numbers, since, waited, limits := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	first, agents := make([]bool, n), make([]string, n)
	for i, a := range t.all {
		at[i], numbers[i], since[i] = micros(a.At), int64(a.Ticket), micros(a.Since)
		waited[i], limits[i] = int64(a.Waited), int64(a.Limit)
		first[i], agents[i] = a.First, string(a.Agent)
	}
	b.Queue(putAnswers, t.accounts, at, t.conversations, t.versions, t.ns, numbers, since, waited, limits, first, agents)
}
