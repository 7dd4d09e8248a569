package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

// batch is a batch whose documents are encoded, which is done before it takes the
// writer's time.
type batch struct {
	*storage.Batch
	conversation []byte
	receipt      []byte
	tickets      []ticketRow
	messages     [][]byte
	entries      [][]byte
	words        []string
	// known is what the load before has seen; version zero: nothing of use.
	known knownConversation
}

// ticketRow is a ticket as its row is.
type ticketRow struct {
	number int64
	closed bool
	columns.Row
	doc []byte
}

// encodeBatch returns a batch with its documents encoded, and its closed tickets before
// the others.
func encodeBatch(b *storage.Batch) *batch {
	docs := make(documents, 0, 2048)
	e := &batch{
		Batch:        b,
		conversation: encoded(&docs, codec.AppendConversation, &b.Conversation),
		tickets:      make([]ticketRow, len(b.Tickets)),
		messages:     make([][]byte, len(b.Messages)),
		entries:      make([][]byte, len(b.Entries)),
	}
	for i := range b.Messages {
		e.messages[i] = encoded(&docs, codec.AppendMessage, &b.Messages[i])
	}
	for i := range b.Entries {
		e.entries[i] = encoded(&docs, codec.AppendEntry, &b.Entries[i])
	}
	for i := range b.Tickets {
		t := &b.Tickets[i]
		e.tickets[i] = ticketRow{int64(t.Number), t.Status == tickets.StatusClosed, table.Of(t), encoded(&docs, codec.AppendTicket, t)}
	}
	if b.Receipt != nil {
		e.receipt = encoded(&docs, codec.AppendReceipt, b.Receipt)
	}
	for _, w := range b.Words {
		e.words = append(e.words, spelled(w.Text))
	}
	// One ticket may close and another open: never two open in between.
	slices.SortStableFunc(e.tickets, func(t, u ticketRow) int {
		return cmp.Compare(bit(!t.closed), bit(!u.closed))
	})
	return e
}

// Commit implements [storage.Conversations]: it writes a batch, whole or not at all. It
// fails with [storage.ErrNotFound], [storage.ErrDeleted], [storage.ErrConfigChanged] or
// [storage.ErrConflict], with [storage.ErrNotDone] for a second ticket that is not
// closed, or if ctx ends, the store is closed or busy, or its database fails.
func (p conversations) Commit(ctx context.Context, b *storage.Batch) error {
	e := encodeBatch(b)
	k, ok := p.s.known.takeConversation(knownID{b.Conversation.Account, b.Conversation.ID})
	if ok && (b.Receipt == nil || b.Receipt.Scope == k.scope && b.Receipt.Key == k.once) {
		e.known = k
	}
	return p.s.writer.do(ctx, e.commit)
}

// stored is what a commit finds.
type stored struct {
	account account
	key     int64
	version int64
	armed   sql.NullInt64
	lease   int64
	// change is the account's count of commits, with this one.
	change   int64
	isStored bool
	// session is the revision of the one that writes, taken that the receipt's
	// key is used already, holder who has the first identity to be reserved.
	session sql.NullInt64
	taken   bool
	holder  sql.NullInt64
	// ticket is the latest one, number zero if there is none.
	ticket storedTicket
}

// storedTicket is a ticket as it is stored.
type storedTicket struct {
	key, number int64
	doc         string
}

// commit checks the batch and writes it. It fails as check does, before anything is
// written, or with an error of the database.
func (e *batch) commit(c *conn) error {
	s, err := e.check(c)
	if err != nil {
		return err
	}
	if err := e.putConversation(c, s); err != nil {
		return err
	}
	for _, id := range e.Reserve {
		if _, err := c.exec("INSERT INTO identities (account, kind, value, conversation) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			s.account.id, string(id.Kind), id.Value, s.key); err != nil {
			return err
		}
	}
	keys := make([]int64, len(e.tickets)) // in their order
	for i := range e.tickets {
		if keys[i], err = e.tickets[i].put(c, s); err != nil {
			return err
		}
	}
	if err := e.insertRows(c, s); err != nil {
		return err
	}
	return e.indexWords(c, s, keys)
}

// check returns what the commit finds stored, or the error with which it must fail:
// [storage.ErrNotFound], ErrDeleted, ErrConfigChanged or ErrConflict, or that of a
// query. It writes nothing.
func (e *batch) check(c *conn) (s *stored, err error) {
	if e.known.version > 0 && len(e.Reserve) == 0 {
		s, err = e.checkKnown(c)
	}
	if s == nil && err == nil {
		s, err = e.checkAll(c)
	}
	if err != nil {
		return nil, err
	}
	switch a := s.account; {
	case a.deleted:
		return nil, storage.ErrDeleted
	case a.version != int64(e.Config):
		return nil, storage.ErrConfigChanged
	case s.version != e.Conversation.Version-1, s.taken,
		e.AccountRevision != 0 && s.account.revision != e.AccountRevision,
		!e.Session.IsZero() && s.session != (sql.NullInt64{Int64: e.SessionRevision, Valid: true}):
		return nil, storage.ErrConflict
	}
	s.change++
	if h := s.holder; h.Valid && (!s.isStored || h.Int64 != s.key) {
		return nil, storage.ErrConflict
	}
	for _, id := range e.Reserve[min(1, len(e.Reserve)):] {
		var holder int64
		found, err := c.one("SELECT conversation FROM identities WHERE account = ? AND kind = ? AND value = ?",
			[]any{s.account.id, string(id.Kind), id.Value}, &holder)
		if err != nil {
			return nil, err
		}
		if found && (!s.isStored || holder != s.key) {
			return nil, storage.ErrConflict
		}
	}
	return s, nil
}

// latestChange is the account's count of commits, and ofSession the revision of
// the session that writes. A check is one statement because each costs more than
// what it reads.
const (
	latestChange = "coalesce((SELECT change FROM conversations WHERE account = a.id ORDER BY change DESC LIMIT 1), 0)"
	ofSession    = "(SELECT revision FROM sessions s WHERE s.account = a.id AND s.id = ?3)"

	checkingKnown = "SELECT a.revision, a.version, a.settled, a.deleted, c.version, c.armed, c.lease, " + latestChange + ", " + ofSession + `
FROM accounts a JOIN conversations c ON c.key = ?2 AND c.account = a.id AND c.id = ?4
WHERE a.id = ?1`

	checking = "SELECT a.revision, a.version, a.settled, a.deleted, coalesce(c.version, 0), c.armed, coalesce(c.lease, 0), " + latestChange + ", " + ofSession + `,
  a.id, c.key, coalesce(t.key, 0), coalesce(t.number, 0), coalesce(t.doc, ''),
  EXISTS (SELECT 1 FROM receipts r WHERE r.account = a.id AND r.conversation = c.key AND r.scope = ?4 AND r.key = ?5),
  (SELECT conversation FROM identities i WHERE i.account = a.id AND i.kind = ?6 AND i.value = ?7)
FROM accounts a
LEFT JOIN conversations c ON c.account = a.id AND c.id = ?2
LEFT JOIN tickets t ON t.account = a.id AND t.conversation = c.key AND t.number = c.number
WHERE a.uuid = ?1`
)

// dest returns where to scan the columns that both checks begin with, and then more.
func (s *stored) dest(more ...any) []any {
	return append([]any{&s.account.revision, &s.account.version, &s.account.settled, &s.account.deleted, &s.version, &s.armed, &s.lease, &s.change, &s.session}, more...)
}

// checkKnown is checkAll with one look-up less: it uses what the load before has seen. It
// returns nil if the conversation has another version since, or the account is gone. It
// fails if the query does.
func (e *batch) checkKnown(c *conn) (*stored, error) {
	k := &e.known
	s := &stored{account: account{id: k.account}, key: k.key, isStored: true, ticket: k.ticket}
	found, err := c.one(checkingKnown, []any{k.account, k.key, e.Session.UUID[:], e.Conversation.ID.UUID[:]}, s.dest()...)
	if err != nil || !found || s.version != k.version {
		return nil, err
	}
	return s, nil
}

// checkAll reads what the commit must know of what is stored. It fails with
// [storage.ErrNotFound] if there is no such account, or if the query does.
func (e *batch) checkAll(c *conn) (*stored, error) {
	s := &stored{}
	var key sql.NullInt64
	var scope, once, kind, value any // NULL equals nothing
	if e.Receipt != nil {
		scope, once = e.Receipt.Scope, e.Receipt.Key
	}
	if len(e.Reserve) > 0 {
		kind, value = string(e.Reserve[0].Kind), e.Reserve[0].Value
	}
	found, err := c.one(checking, []any{e.Conversation.Account.UUID[:], e.Conversation.ID.UUID[:], e.Session.UUID[:], scope, once, kind, value},
		s.dest(&s.account.id, &key, &s.ticket.key, &s.ticket.number, &s.ticket.doc, &s.taken, &s.holder)...)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, storage.ErrNotFound
	}
	s.isStored, s.key = key.Valid, key.Int64
	return s, nil
}

// putConversation inserts or replaces the conversation's row, takes back its claim, and
// notes on the account that an open ticket runs by an older configuration. SQLite
// rewrites the entries of every index that a statement names a column of, so what did
// not change is left out. It fails if a statement does.
func (e *batch) putConversation(c *conn, s *stored) (err error) {
	b := &e.Conversation
	var armed sql.NullInt64
	switch {
	case e.Active:
		armed = sql.NullInt64{Int64: int64(b.Armed), Valid: true}
	case !e.Wake.IsZero():
		armed = sql.NullInt64{Int64: never, Valid: true}
	}
	switch {
	case !s.isStored:
		s.key, err = c.insert(`INSERT INTO conversations (account, id, version, number, change, wake, armed, lease, doc)
VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?)`,
			s.account.id, b.ID.UUID[:], b.Version, int64(b.Number), s.change, orNull(e.Wake), armed, e.conversation)
	case armed == s.armed && s.lease == 0:
		_, err = c.exec("UPDATE conversations SET version = ?, number = ?, change = ?, wake = ?, doc = ? WHERE key = ?",
			b.Version, int64(b.Number), s.change, orNull(e.Wake), e.conversation, s.key)
	default:
		_, err = c.exec("UPDATE conversations SET version = ?, number = ?, change = ?, wake = ?, armed = ?, lease = 0, doc = ? WHERE key = ?",
			b.Version, int64(b.Number), s.change, orNull(e.Wake), armed, e.conversation, s.key)
	}
	if err != nil || !e.Active || int64(b.Armed) >= s.account.settled {
		return err
	}
	_, err = c.exec("UPDATE accounts SET settled = ? WHERE id = ?", int64(b.Armed), s.account.id)
	return err
}

// ticketOf returns a ticket of the conversation; its key is zero if there is none. It
// fails if the query does.
func (s *stored) ticketOf(c *conn, number int64) (t storedTicket, err error) {
	if number == s.ticket.number || !s.isStored {
		return s.ticket, nil
	}
	_, err = c.one("SELECT key, number, doc FROM tickets WHERE account = ? AND conversation = ? AND number = ?",
		[]any{s.account.id, s.key, number}, &t.key, &t.number, &t.doc)
	return t, err
}

// put inserts or replaces a ticket's row and returns its key. It fails if a statement
// does, or if the ticket's stored document cannot be decoded.
func (t *ticketRow) put(c *conn, s *stored) (int64, error) {
	old, err := s.ticketOf(c, t.number)
	if err != nil {
		return 0, err
	}
	if old.key == 0 {
		args := append(make([]any, 0, len(table)+4), s.account.id, s.key, t.number)
		return c.insert(insertTicket, append(t.args(args, columns.Seldom), t.doc)...)
	}
	var was tickets.Ticket
	if err := codec.DecodeTicket(old.doc, &was); err != nil {
		return 0, corrupt(err)
	}
	change := table.Changed(t.Row, &was)
	args := t.args(make([]any, 0, len(table)+2), change)
	_, err = c.exec(updateTicket[change], append(args, t.doc, old.key)...)
	return old.key, err
}

// insertRows inserts messages, entries, answers, deliveries and the receipt. It fails if
// a statement does.
func (e *batch) insertRows(c *conn, s *stored) error {
	for i, m := range e.Messages {
		if _, err := c.exec("INSERT INTO messages (account, conversation, seq, session, note, doc) VALUES (?, ?, ?, ?, ?, ?)",
			s.account.id, s.key, m.Seq, m.Session.UUID[:], bit(m.From == tickets.FromNote), e.messages[i]); err != nil {
			return err
		}
	}
	for i, one := range e.Entries {
		if _, err := c.exec("INSERT INTO entries (account, conversation, n, ticket, doc) VALUES (?, ?, ?, ?, ?)",
			s.account.id, s.key, one.N, int64(one.Ticket), e.entries[i]); err != nil {
			return err
		}
	}
	for _, a := range e.Answers {
		if _, err := c.exec("INSERT INTO answers (account, conversation, ticket, since, at, waited, sla, first, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			s.account.id, s.key, int64(a.Ticket), micros(a.Since), micros(a.At), int64(a.Waited), int64(a.Limit), bit(a.First), string(a.Agent)); err != nil {
			return err
		}
	}
	for i := range e.Deliveries {
		if err := c.addDelivery(s.account.id, &e.Deliveries[i]); err != nil {
			return err
		}
	}
	if e.Receipt == nil {
		return nil
	}
	_, err := c.exec("INSERT INTO receipts (account, conversation, scope, key, doc) VALUES (?, ?, ?, ?, ?)",
		s.account.id, s.key, e.Receipt.Scope, e.Receipt.Key, e.receipt)
	return err
}

// indexWords adds the words to the full text index. keys are the row keys of e.tickets.
// Words of a ticket that does not exist are left out. It fails if a statement does.
func (e *batch) indexWords(c *conn, s *stored, keys []int64) error {
	for i, w := range e.Words {
		var key int64
		if at := slices.IndexFunc(e.tickets, func(t ticketRow) bool { return t.number == int64(w.Ticket) }); at >= 0 {
			key = keys[at]
		} else {
			t, err := s.ticketOf(c, int64(w.Ticket))
			if err != nil {
				return err
			}
			key = t.key
		}
		if key == 0 {
			continue
		}
		text, err := c.insert("INSERT INTO texts (ticket) VALUES (?)", key)
		if err != nil {
			return err
		}
		if _, err := c.exec("INSERT INTO words (rowid, text) VALUES (?, ?)", text, prefixed(s.account.id, e.words[i])); err != nil {
			return err
		}
	}
	return nil
}
