package postgres

import (
	"context"
	"errors"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// load is a load that waits, and what it found.
type load struct {
	q     storage.LoadQuery
	known knownAccount
	found bool
	// number and revision are of the account's row; its document is empty if it is
	// the known one.
	number, revision                                          int64
	account, session, conversation, ticket, older, receiptDoc document
}

var loadKinds = []kind{aNumber, aUUID, aUUID, aUUID, aNumber, aText, aText, aNumber, aNumber}

// loadsQuery is several loads in one statement, which sees one moment by itself. A
// conversation that a session writes in is the one it names, else the one that
// holds its identity. What is not asked for is NULL, which finds nothing without
// looking. Each part is looked up for each load by itself (LIMIT), never joined as a
// whole.
var loadsQuery = `SELECT q.i, a.number, a.revision, CASE WHEN a.number = q.row AND a.revision = q.revision THEN NULL ELSE a.doc END,
	s.doc, c.doc, t.doc, o.doc, r.doc
FROM ` + unnest(1, loadKinds...) + `
	AS q(i, account, session, conversation, ticket, scope, key, row, revision)
CROSS JOIN LATERAL (SELECT number, revision, doc FROM charla.accounts WHERE id = q.account LIMIT 1) a
LEFT JOIN LATERAL (SELECT * FROM charla.sessions WHERE account = q.account AND id = q.session LIMIT 1) s ON true
LEFT JOIN LATERAL (SELECT id, number, doc FROM charla.conversations
	WHERE account = q.account AND id = coalesce(q.conversation, s.conversation) LIMIT 1) n ON true
LEFT JOIN LATERAL (SELECT o.id, o.number, o.doc FROM charla.identities i JOIN charla.conversations o ON o.account = i.account AND o.id = i.conversation
	WHERE n.id IS NULL AND i.account = q.account AND i.kind = s.kind AND i.value = s.value LIMIT 1) h ON true
CROSS JOIN LATERAL (SELECT coalesce(n.id, h.id) AS id, coalesce(n.number, h.number) AS number, coalesce(n.doc, h.doc) AS doc LIMIT 1) c
LEFT JOIN LATERAL (SELECT doc FROM charla.tickets WHERE account = q.account AND conversation = c.id AND number = c.number LIMIT 1) t ON true
LEFT JOIN LATERAL (SELECT doc FROM charla.tickets
	WHERE account = q.account AND conversation = c.id AND number = q.ticket AND number <> c.number LIMIT 1) o ON true
LEFT JOIN LATERAL (SELECT doc FROM charla.receipts
	WHERE account = q.account AND conversation = c.id AND scope = q.scope AND key = q.key LIMIT 1) r ON true`

// load does a group of loads in one statement, and sets the result or the error of
// each; a load that finds no row has found false. If that fails for a reason that may
// be one load's own, it does each by itself.
func (s *Store) load(group []*call[*load]) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	err := s.retry(ctx, func(c *pgxpool.Conn) (err error) {
		defer recovered(ctx, c, &err)
		for _, one := range group {
			one.work.found = false
		}
		return failed("read", s.loadOnce(ctx, c, group))
	})
	var e *Error
	if len(group) > 1 && errors.As(err, &e) && !e.passing() {
		for i := range group {
			s.load(group[i : i+1])
		}
		return
	}
	for _, one := range group {
		one.err = err
	}
}

// loadOnce is one attempt of load: it reads a group on a connection into its loads. It
// fails if the query does.
func (s *Store) loadOnce(ctx context.Context, c *pgxpool.Conn, group []*call[*load]) error {
	t := newTable(loadKinds...)
	for i, one := range group {
		q := &one.work.q
		t.number(int64(i))
		t.uuid(q.Account.UUID)
		if q.Session.IsZero() {
			t.null()
			t.uuid(q.Conversation.UUID)
		} else {
			t.uuid(q.Session.UUID)
			t.null()
		}
		t.numberOrNull(pgtype.Int8{Int64: int64(q.Ticket), Valid: q.Ticket != 0})
		t.textOrNull(pgtype.Text{String: q.Scope, Valid: q.Key != ""})
		t.textOrNull(pgtype.Text{String: q.Key, Valid: q.Key != ""})
		t.number(one.work.known.number)
		t.number(one.work.known.revision)
	}
	found, err := c.Query(ctx, loadsQuery, t.args()...)
	if err != nil {
		return err
	}
	return rows(func(scan func(...any) error) error {
		var i int64
		var l load
		if err := scan(&i, &l.number, &l.revision, &l.account, &l.session, &l.conversation, &l.ticket, &l.older, &l.receiptDoc); err != nil {
			return err
		}
		one := group[i].work
		l.q, l.known, l.found = one.q, one.known, true
		*one = l
		return nil
	})(found)
}

type conversations struct{ s *Store }

// Load implements [storage.Conversations]: it returns what one decision needs, from one
// moment; what does not exist is zero. It reads together with other loads, and
// remembers the account. It fails with [storage.ErrNotFound] if there is no such
// account, or no session as asked for, or if ctx ends, the store is closed or busy, or
// its database fails.
func (p conversations) Load(ctx context.Context, q storage.LoadQuery) (l storage.Loaded, err error) {
	leave, err := p.s.enter(ctx)
	if err != nil {
		return l, err
	}
	defer leave()
	one := &load{q: q, known: p.s.known.account(q.Account)}
	if err := p.s.loads.run(ctx, one); err != nil {
		return l, err
	}
	if !one.found || !q.Session.IsZero() && !one.session.found {
		return l, storage.ErrNotFound
	}
	if one.account.found {
		one.known = knownAccount{number: one.number, revision: one.revision}
		if err := decodeJSON(one.account.text, &one.known.account); err != nil {
			return l, corrupt(err)
		}
		p.s.known.keep(one.known)
	}
	l.Account = storage.Clean(one.known.account)
	if err := corrupt(codec.DecodeSession(one.session.text, &l.Session)); err != nil {
		return l, err
	}
	if err := corrupt(codec.DecodeConversation(one.conversation.text, &l.Conversation)); err != nil {
		return l, err
	}
	if err := corrupt(codec.DecodeTicket(one.ticket.text, &l.Ticket)); err != nil {
		return l, err
	}
	if one.older.found {
		l.Older = &tickets.Ticket{}
		if err := corrupt(codec.DecodeTicket(one.older.text, l.Older)); err != nil {
			return l, err
		}
	}
	if one.receiptDoc.found {
		l.Receipt = &storage.Receipt{}
		if err := corrupt(codec.DecodeReceipt(one.receiptDoc.text, l.Receipt)); err != nil {
			return l, err
		}
		return l, p.s.confirm(ctx)
	}
	return l, nil
}
