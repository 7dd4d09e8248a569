package postgres

import (
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// insertion is a statement that takes rows.
type insertion struct {
	sql   string
	kinds []kind
}

// put returns an insertion: the SQL before and after the table of its rows, and the
// types of the table's columns.
func put(before, after string, kinds ...kind) insertion {
	return insertion{before + unnest(1, kinds...) + after, kinds}
}

// table returns an empty table for the statement's rows.
func (s insertion) table() *table { return newTable(s.kinds...) }

// The statements that write a group. A conversation and an identity that another
// process has just made are left out, and then counted.
var (
	putConversations = put(`INSERT INTO charla.conversations AS c (account, id, version, number, change, wake, armed, lease, doc)
		SELECT u.account, u.id, u.version, u.number, pg_current_xact_id(), u.wake, u.armed, 0, u.doc
		FROM `, ` AS u(account, id, version, number, wake, armed, doc)
		ON CONFLICT (account, id) DO UPDATE SET version = excluded.version, number = excluded.number, change = excluded.change,
			wake = excluded.wake, armed = excluded.armed, lease = 0, doc = excluded.doc
		WHERE c.version = excluded.version - 1`,
		aUUID, aUUID, aNumber, aNumber, aNumber, aNumber, aBytea)

	putIdentities = put(`INSERT INTO charla.identities AS i (account, kind, value, conversation)
		SELECT u.account, u.kind, u.value, u.conversation
		FROM `, ` AS u(account, kind, value, conversation)
		ORDER BY u.account, u.kind COLLATE "C", u.value COLLATE "C"
		ON CONFLICT (account, kind, value) DO UPDATE SET conversation = excluded.conversation
		WHERE i.conversation = excluded.conversation`,
		aUUID, aText, aText, aUUID)

	putTickets = put("INSERT INTO charla.tickets (account, conversation, number, "+ticketColumns("")+", doc) SELECT u.account, u.conversation, u.number, "+
		ticketColumns("u")+", u.doc FROM ", " AS u(account, conversation, number, "+ticketColumns("")+`, doc)
		ON CONFLICT (account, conversation, number) DO UPDATE SET (`+ticketColumns("")+", doc) = ROW ("+ticketColumns("excluded")+", excluded.doc)",
		ticketKinds()...)

	putMessages = put("INSERT INTO charla.messages (account, conversation, seq, session, note, doc) SELECT * FROM ", "",
		aUUID, aUUID, aNumber, aUUID, aFlag, aBytea)

	putEntries = put("INSERT INTO charla.entries (account, conversation, n, ticket, doc) SELECT * FROM ", "",
		aUUID, aUUID, aNumber, aNumber, aBytea)

	putReceipts = put("INSERT INTO charla.receipts (account, conversation, scope, key, doc) SELECT * FROM ", "",
		aUUID, aUUID, aText, aText, aBytea)

	putAnswers = put("INSERT INTO charla.answers (account, conversation, version, n, at, ticket, since, waited, sla, first, agent) SELECT * FROM ", "",
		aUUID, aUUID, aNumber, aNumber, aNumber, aNumber, aNumber, aNumber, aNumber, aFlag, aText)

	putTexts = put(`INSERT INTO charla.texts (account, conversation, ticket, version, n, words, long)
		SELECT u.account, u.conversation, u.ticket, u.version, u.n, u.words::tsvector, u.long
		FROM `, ` AS u(account, conversation, ticket, version, n, words, long)`,
		aUUID, aUUID, aNumber, aNumber, aNumber, aText, aText)

	putDeliveries = insertDeliveries(1) + unlessThere
)

// key adds the two IDs of a key as the next values.
func (t *table) key(k key) {
	t.uuid(k.account)
	t.uuid(k.id)
}

// answer adds a row, of the n-th answer of a conversation's version.
func (t *table) answer(k key, version int64, n int, a *tickets.Answer) {
	t.key(k)
	t.number(version)
	t.number(int64(n))
	t.number(micros(a.At))
	t.number(int64(a.Ticket))
	t.number(micros(a.Since))
	t.number(int64(a.Waited))
	t.number(int64(a.Limit))
	t.flag(a.First)
	t.text(string(a.Agent))
}

// delivery adds a delivery's row.
func (t *table) delivery(account chatcfg.AccountID, d *storage.Delivery) {
	t.uuid(account.UUID)
	t.text(d.Key)
	t.text(d.Kind)
	t.uuid(d.Conversation.UUID)
	t.number(int64(d.Ticket))
	t.bytea(d.Body)
	t.flag(d.Repeatable)
	t.number(int64(d.Attempts))
	t.number(d.Fence)
	t.number(micros(d.NotBefore))
	t.number(micros(d.SettledAt))
	t.text(d.Error)
}
