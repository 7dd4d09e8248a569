package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"github.com/charlahq/charla/storage"
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
}

// ticketRow is a ticket as its row is.
type ticketRow struct {
	number    int64
	status    string
	important int64
	delayed   int64
	category  sql.NullString
	created   int64
	changed   int64
	waits     sql.NullInt64
	counts    sql.NullInt64
	doc       []byte
}

func encodeBatch(b *storage.Batch) (e *batch, err error) {
	e = &batch{Batch: b}
	if e.conversation, err = encodeConversation(b.Conversation); err != nil {
		return nil, err
	}
	if b.Receipt != nil {
		if e.receipt, err = encodeReceipt(*b.Receipt); err != nil {
			return nil, err
		}
	}
	if e.messages, err = encodeAll(b.Messages, encodeMessage); err != nil {
		return nil, err
	}
	if e.entries, err = encodeAll(b.Entries, encodeEntry); err != nil {
		return nil, err
	}
	for _, w := range b.Words {
		e.words = append(e.words, spelled(w.Text))
	}
	for _, t := range b.Tickets {
		row, err := newTicketRow(t)
		if err != nil {
			return nil, err
		}
		e.tickets = append(e.tickets, row)
	}
	// One ticket may close and another open: never two open in between.
	slices.SortStableFunc(e.tickets, func(t, u ticketRow) int {
		return cmp.Compare(bit(t.status != string(tickets.Closed)), bit(u.status != string(tickets.Closed)))
	})
	return e, nil
}

func encodeAll[T any](all []T, encode func(T) ([]byte, error)) ([][]byte, error) {
	docs := make([][]byte, len(all))
	for i, one := range all {
		var err error
		if docs[i], err = encode(one); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func newTicketRow(t tickets.Ticket) (r ticketRow, err error) {
	r = ticketRow{
		number:    int64(t.Number),
		status:    string(t.Status),
		important: bit(t.Important),
		delayed:   bit(t.Delayed()),
		created:   micros(t.CreatedAt),
		changed:   micros(t.ChangedAt),
	}
	if t.Typification != nil {
		r.category = sql.NullString{String: t.Typification.Category, Valid: true}
	}
	if t.Status == tickets.Open {
		if t.Wait != nil {
			r.waits = sql.NullInt64{Int64: micros(t.Wait.Since), Valid: true}
		}
		if !t.CountsFrom.IsZero() {
			r.counts = sql.NullInt64{Int64: micros(t.CountsFrom), Valid: true}
		}
	}
	r.doc, err = encodeTicket(t)
	return r, err
}

func (p conversations) Commit(ctx context.Context, b *storage.Batch) error {
	e, err := encodeBatch(b)
	if err != nil {
		return err
	}
	return p.s.writer.do(ctx, e.commit)
}

// stored is what a commit finds.
type stored struct {
	account  account
	key      int64
	version  int64
	armed    sql.NullInt64
	lease    int64
	change   int64
	isStored bool
	// ticket is the latest one, number zero if there is none.
	ticket storedTicket
}

// storedTicket is a ticket's row without its document.
type storedTicket struct {
	key int64
	ticketRow
}

// commit checks everything and then writes.
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
	keys := make(map[tickets.Number]int64, len(e.tickets))
	for i := range e.tickets {
		key, err := e.tickets[i].put(c, s)
		if err != nil {
			return err
		}
		keys[tickets.Number(e.tickets[i].number)] = key
	}
	if err := e.append(c, s); err != nil {
		return err
	}
	return e.index(c, s, keys)
}

// check finds out whether the batch may land. It writes nothing.
func (e *batch) check(c *conn) (*stored, error) {
	s := &stored{}
	var key, version, session, lease, change, ticket, number, important, delayed, created sql.NullInt64
	var status sql.NullString
	var taken bool
	var scope, once any // NULL equals nothing
	if e.Receipt != nil {
		scope, once = e.Receipt.Scope, e.Receipt.Key
	}
	a, t := &s.account, &s.ticket
	found, err := c.one(checking, []any{e.Conversation.Account.UUID[:], e.Conversation.ID.UUID[:], scope, once, e.Session.UUID[:]},
		&a.id, &a.version, &a.settled, &a.deleted, &key, &version, &s.armed, &lease, &change, &taken,
		&ticket, &number, &status, &important, &delayed, &t.category, &created, &t.waits, &t.counts, &session)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, storage.ErrNotFound
	case a.deleted:
		return nil, storage.ErrDeleted
	case a.version != int64(e.Config):
		return nil, storage.ErrConfigChanged
	case version.Int64 != e.Conversation.Version-1, taken, !e.Session.IsZero() && session != (sql.NullInt64{Int64: e.SessionRevision, Valid: true}):
		return nil, storage.ErrConflict
	}
	s.isStored, s.key, s.version = key.Valid, key.Int64, version.Int64
	s.lease, s.change = lease.Int64, change.Int64+1
	t.key, t.number, t.status = ticket.Int64, number.Int64, status.String
	t.important, t.delayed, t.created = important.Int64, delayed.Int64, created.Int64
	for _, id := range e.Reserve {
		var holder int64
		found, err := c.one("SELECT conversation FROM identities WHERE account = ? AND kind = ? AND value = ?",
			[]any{a.id, string(id.Kind), id.Value}, &holder)
		if err != nil {
			return nil, err
		}
		if found && (!s.isStored || holder != s.key) {
			return nil, storage.ErrConflict
		}
	}
	return s, nil
}

// checking is one statement because each costs more than what it reads.
const checking = `SELECT a.id, a.version, a.settled, a.deleted, c.key, c.version, c.armed, c.lease,
  (SELECT change FROM conversations WHERE account = a.id ORDER BY change DESC LIMIT 1),
  EXISTS (SELECT 1 FROM receipts r WHERE r.account = a.id AND r.conversation = c.key AND r.scope = ?3 AND r.key = ?4),
  t.key, t.number, t.status, t.important, t.delayed, t.category, t.created, t.waits, t.counts,
  (SELECT revision FROM sessions s WHERE s.account = a.id AND s.id = ?5)
FROM accounts a
LEFT JOIN conversations c ON c.account = a.id AND c.id = ?2
LEFT JOIN tickets t ON t.account = a.id AND t.conversation = c.key AND t.number = c.number
WHERE a.uuid = ?1`

// putConversation inserts or replaces the conversation's row. SQLite rewrites the
// entries of every index that a statement names a column of, so what did not
// change is left out.
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

// find reads a ticket's row; key zero: there is none.
func (s *stored) find(c *conn, number int64) (t storedTicket, err error) {
	if number == s.ticket.number || !s.isStored {
		return s.ticket, nil
	}
	_, err = c.one(`SELECT key, status, important, delayed, category, created, waits, counts
FROM tickets WHERE account = ? AND conversation = ? AND number = ?`, []any{s.account.id, s.key, number},
		&t.key, &t.status, &t.important, &t.delayed, &t.category, &t.created, &t.waits, &t.counts)
	return t, err
}

// put inserts or replaces a ticket's row and returns its key.
func (t *ticketRow) put(c *conn, s *stored) (int64, error) {
	old, err := s.find(c, t.number)
	if err != nil {
		return 0, err
	}
	key := old.key
	if key == 0 {
		return c.insert(`INSERT INTO tickets (account, conversation, number, status, important, delayed, category, created, changed, waits, counts, doc)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			s.account.id, s.key, t.number, t.status, t.important, t.delayed, t.category, t.created, t.changed, t.waits, t.counts, t.doc)
	}
	same := old.status == t.status && old.important == t.important && old.delayed == t.delayed &&
		old.category == t.category && old.created == t.created
	switch {
	case !same:
		_, err = c.exec(`UPDATE tickets SET status = ?, important = ?, delayed = ?, category = ?, created = ?, changed = ?, waits = ?, counts = ?, doc = ?
WHERE key = ?`, t.status, t.important, t.delayed, t.category, t.created, t.changed, t.waits, t.counts, t.doc, key)
	case old.waits != t.waits || old.counts != t.counts:
		_, err = c.exec("UPDATE tickets SET changed = ?, waits = ?, counts = ?, doc = ? WHERE key = ?", t.changed, t.waits, t.counts, t.doc, key)
	default:
		_, err = c.exec("UPDATE tickets SET changed = ?, doc = ? WHERE key = ?", t.changed, t.doc, key)
	}
	return key, err
}

// append adds what is only ever added.
func (e *batch) append(c *conn, s *stored) error {
	for i, m := range e.Messages {
		if _, err := c.exec("INSERT INTO messages (account, conversation, seq, session, doc) VALUES (?, ?, ?, ?, ?)",
			s.account.id, s.key, m.Seq, m.Session.UUID[:], e.messages[i]); err != nil {
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
		if err := c.deliver(s.account.id, &e.Deliveries[i]); err != nil {
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

// index makes a ticket be found by its words.
func (e *batch) index(c *conn, s *stored, keys map[tickets.Number]int64) error {
	for i, w := range e.Words {
		key, ok := keys[w.Ticket]
		if !ok {
			t, err := s.find(c, int64(w.Ticket))
			if err != nil {
				return err
			}
			key, keys[w.Ticket] = t.key, t.key
		}
		if key == 0 {
			continue
		}
		text, err := c.insert("INSERT INTO texts (ticket) VALUES (?)", key)
		if err != nil {
			return err
		}
		if _, err := c.exec("INSERT INTO words (rowid, text) VALUES (?, ?)", text, led(s.account.id, e.words[i])); err != nil {
			return err
		}
	}
	return nil
}
