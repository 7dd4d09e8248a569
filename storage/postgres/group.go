package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// commit commits a group of batches in one transaction, and sets the error of each. If that
// did nothing for a reason that may be one batch's own, it commits each by itself.
func (s *Store) commit(group []*call[*batch]) {
	// In the order of their keys, and of one conversation in the order in which
	// they came.
	slices.SortStableFunc(group, func(a, b *call[*batch]) int { return a.work.key().compare(b.work.key()) })
	err := s.commitTogether(group)
	if err == nil {
		return
	}
	var e *Error
	known := errors.As(err, &e) && !e.Unknown && !e.passing()
	if len(group) > 1 && known {
		for i := range group {
			s.commit(group[i : i+1])
		}
		return
	}
	for _, c := range group {
		if c.err == nil {
			c.err = err
		}
	}
}

// commitTogether commits a group in one transaction, with further attempts as retry has
// them. It sets the errors of batches that are refused, which is no failure. It fails
// if the transaction does, and then none of them is known to be committed.
func (s *Store) commitTogether(group []*call[*batch]) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	raced := false
	return s.retry(ctx, func(c *pgxpool.Conn) (err error) {
		defer recovered(ctx, c, &err)
		err = s.commitOnce(ctx, c, group, raced)
		raced = errors.Is(err, errRace)
		return err
	})
}

// recovered, when deferred, closes the connection after a panic and sets *err in its
// place.
func recovered(ctx context.Context, c *pgxpool.Conn, err *error) {
	if p := recover(); p != nil {
		_ = c.Conn().Close(ctx)
		*err = fmt.Errorf("postgres: panic: %v", p)
	}
}

// commitOnce is one attempt: it locks, decides, writes and commits, and lowers the
// horizon to the new wakes. It sets the errors of batches that are refused. With raced,
// it locks the conversations before it decides. It fails with errRace if another
// process wrote first, or if the transaction does.
func (s *Store) commitOnce(ctx context.Context, c *pgxpool.Conn, group []*call[*batch], raced bool) error {
	f := &found{
		accounts: map[[16]byte]account{}, versions: map[key]int64{}, sessions: map[key]int64{},
		holders: map[identity][16]byte{}, receipts: map[receipt]bool{},
	}
	t, err := s.begin(ctx, c, func(b *pgx.Batch) { f.queueReads(b, group, raced) })
	if err != nil {
		return err
	}
	w := newWrites()
	defer w.release()
	for _, one := range group {
		if one.err = f.decide(one.work); one.err == nil {
			w.add(one.work, f)
		}
	}
	if w.conversations.rows() == 0 {
		t.rollback()
		return nil
	}
	var b pgx.Batch
	w.queue(&b)
	err = t.run(&b)
	for _, e := range w.expected {
		if e.rows != e.want {
			err = errRace // whatever err was
		}
	}
	if err != nil {
		t.rollback()
		return err
	}
	err = t.commit()
	for _, wake := range w.scheduled {
		s.horizon.scheduled(wake)
	}
	return err
}

// queueReads queues statements that lock what the batches are about and then read into f
// what they depend on. Each table is locked in the order of its keys, which is that of the
// arrays; a statement sees what was committed before it began, so that nothing is older
// than the locks. Rows are looked up one by one (LIMIT), never joined as a whole.
func (f *found) queueReads(b *pgx.Batch, group []*call[*batch], raced bool) {
	var accounts [][16]byte
	var sessions []key
	keys, identities, receipts := newTable(aUUID, aUUID), newTable(aUUID, aText, aText), newTable(aUUID, aUUID, aText, aText)
	seen := map[[16]byte]bool{}
	for i, c := range group {
		e, k := c.work, c.work.key()
		if !seen[k.account] {
			seen[k.account] = true
			accounts = append(accounts, k.account)
		}
		if i == 0 || k != group[i-1].work.key() {
			keys.key(k)
		}
		if !e.Session.IsZero() {
			sessions = append(sessions, key{k.account, e.Session.UUID})
		}
		for _, id := range e.reserve {
			identities.uuid(k.account)
			identities.text(string(id.Kind))
			identities.text(id.Value)
		}
		if e.Receipt != nil && len(group) == 1 { // else the insert fails, and each is done by itself
			receipts.key(k)
			receipts.text(e.Receipt.Scope)
			receipts.text(e.Receipt.Key)
		}
	}
	b.Queue("SELECT id, number, revision, version, deleted FROM charla.accounts WHERE id = ANY("+hidden("$1::uuid[]")+"::uuid[]) ORDER BY id FOR SHARE", accounts).
		Query(rows(func(scan func(...any) error) error {
			var id [16]byte
			var a account
			err := scan(&id, &a.number, &a.revision, &a.version, &a.deleted)
			f.accounts[id] = a
			return err
		}))
	versions := "SELECT k.account, k.id, c.version FROM " + unnest(1, aUUID, aUUID) + ` AS k(account, id) CROSS JOIN LATERAL (
		SELECT version FROM charla.conversations WHERE account = k.account AND id = k.id LIMIT 1%s) c`
	lock := ""
	if raced {
		lock = " FOR UPDATE"
	}
	b.Queue(fmt.Sprintf(versions, lock), keys.args()...).Query(scanNumbers(f.versions))
	if len(sessions) > 0 {
		slices.SortFunc(sessions, key.compare)
		keys := newTable(aUUID, aUUID)
		for _, k := range slices.Compact(sessions) {
			keys.key(k)
		}
		b.Queue("SELECT k.account, k.id, s.revision FROM "+unnest(1, aUUID, aUUID)+` AS k(account, id) CROSS JOIN LATERAL (
			SELECT revision FROM charla.sessions WHERE account = k.account AND id = k.id LIMIT 1 FOR SHARE) s`,
			keys.args()...).Query(scanNumbers(f.sessions))
	}
	if identities.rows() > 0 {
		b.Queue("SELECT k.account, k.kind, k.value, i.conversation FROM "+unnest(1, aUUID, aText, aText)+` AS k(account, kind, value)
			CROSS JOIN LATERAL (SELECT conversation FROM charla.identities
				WHERE account = k.account AND kind = k.kind AND value = k.value LIMIT 1) i`, identities.args()...).
			Query(rows(func(scan func(...any) error) error {
				var id identity
				var kind string
				var holder [16]byte
				err := scan(&id.account, &kind, &id.Value, &holder)
				id.Kind = tickets.IdentityKind(kind)
				f.holders[id] = holder
				return err
			}))
	}
	if receipts.rows() > 0 {
		b.Queue("SELECT k.account, k.conversation, k.scope, k.key FROM "+unnest(1, aUUID, aUUID, aText, aText)+`
			AS k(account, conversation, scope, key)
			CROSS JOIN LATERAL (SELECT FROM charla.receipts
				WHERE account = k.account AND conversation = k.conversation AND scope = k.scope AND key = k.key LIMIT 1) r`,
			receipts.args()...).
			Query(rows(func(scan func(...any) error) error {
				var r receipt
				err := scan(&r.account, &r.id, &r.scope, &r.once)
				f.receipts[r] = true
				return err
			}))
	}
}

// scanNumbers returns a function that reads rows of a key and a number into m; that
// fails if reading does.
func scanNumbers(m map[key]int64) func(pgx.Rows) error {
	return rows(func(scan func(...any) error) error {
		var k key
		var n int64
		err := scan(&k.account, &k.id, &n)
		m[k] = n
		return err
	})
}

// writes are the rows of the batches that land, for each statement.
type writes struct {
	conversations, identities, tickets, messages, entries, receipts, answers, texts, deliveries *table
	// scheduled are the wakes.
	scheduled []int64
	stale     map[[16]byte]bool
	// expected are how many rows of conversations and identities have to be written:
	// fewer, and another process was first.
	expected [2]expectation
}

// expectation is how many rows a statement wrote, and has to; equal until it ran.
type expectation struct{ rows, want int64 }

// spare are writes that were written.
var spare = sync.Pool{New: func() any {
	return &writes{
		conversations: putConversations.table(), identities: putIdentities.table(), tickets: putTickets.table(),
		messages: putMessages.table(), entries: putEntries.table(), receipts: putReceipts.table(),
		answers: putAnswers.table(), texts: putTexts.table(), deliveries: newTable(deliveryKinds...),
		stale: map[[16]byte]bool{},
	}
}}

// newWrites returns empty writes; the caller must release them.
func newWrites() *writes { return spare.Get().(*writes) }

// release clears the writes and keeps them for newWrites. They must not be used after it.
func (w *writes) release() {
	for _, t := range []*table{
		w.conversations, w.identities, w.tickets, w.messages, w.entries, w.receipts, w.answers, w.texts, w.deliveries,
	} {
		t.clear()
	}
	w.scheduled, w.expected = w.scheduled[:0], [2]expectation{}
	clear(w.stale)
	spare.Put(w)
}

// add adds the rows of a batch that decide allows, and its wake.
func (w *writes) add(e *batch, f *found) {
	k := e.key()
	b := &e.Conversation
	w.conversations.key(k)
	w.conversations.number(b.Version)
	w.conversations.number(int64(b.Number))
	w.conversations.numberOrNull(orNull(e.Wake))
	switch {
	case e.Active:
		w.conversations.number(int64(b.Armed))
	case !e.Wake.IsZero():
		w.conversations.number(never)
	default:
		w.conversations.null()
	}
	w.conversations.bytea(e.conversation)
	if !e.Wake.IsZero() {
		w.scheduled = append(w.scheduled, micros(e.Wake))
	}
	if f.isStale(e) {
		w.stale[k.account] = true
	}
	for _, id := range e.reserve {
		w.identities.uuid(k.account)
		w.identities.text(string(id.Kind))
		w.identities.text(id.Value)
		w.identities.uuid(k.id)
	}
	for i := range e.tickets {
		w.tickets.key(k)
		w.tickets.ticket(&e.tickets[i])
	}
	for i, m := range e.Messages {
		w.messages.key(k)
		w.messages.number(m.Seq)
		w.messages.uuid(m.Session.UUID)
		w.messages.flag(m.From == tickets.FromNote)
		w.messages.bytea(e.messages[i])
	}
	for i, one := range e.Entries {
		w.entries.key(k)
		w.entries.number(one.N)
		w.entries.number(int64(one.Ticket))
		w.entries.bytea(e.entries[i])
	}
	if e.Receipt != nil {
		w.receipts.key(k)
		w.receipts.text(e.Receipt.Scope)
		w.receipts.text(e.Receipt.Key)
		w.receipts.bytea(e.receipt)
	}
	for i := range e.Answers {
		w.answers.answer(k, b.Version, i, &e.Answers[i])
	}
	n := int64(0)
	for _, text := range e.Words {
		for _, v := range vectors(f.accounts[k.account].number, text.Text) {
			w.texts.key(k)
			w.texts.number(int64(text.Ticket))
			w.texts.number(b.Version)
			w.texts.number(n)
			w.texts.text(v.words)
			w.texts.text(v.long)
			n++
		}
	}
	for i := range e.Deliveries {
		w.deliveries.delivery(b.Account, &e.Deliveries[i])
	}
}

// queue queues the statements that write the rows, one for each table, always in the same
// order. expected tells afterwards whether all rows were written.
func (w *writes) queue(b *pgx.Batch) {
	expect := func(e *expectation, s insertion, t *table) {
		*e = expectation{rows: int64(t.rows()), want: int64(t.rows())}
		b.Queue(s.sql, t.args()...).Exec(func(tag pgconn.CommandTag) error {
			e.rows = tag.RowsAffected()
			return nil
		})
	}
	expect(&w.expected[0], putConversations, w.conversations)
	if w.identities.rows() > 0 {
		expect(&w.expected[1], putIdentities, w.identities)
	}
	for _, one := range []struct {
		insertion
		rows *table
	}{
		{putTickets, w.tickets},
		{putMessages, w.messages},
		{putEntries, w.entries},
		{putReceipts, w.receipts},
		{putAnswers, w.answers},
		{putTexts, w.texts},
		{insertion{sql: putDeliveries}, w.deliveries},
	} {
		if one.rows.rows() > 0 {
			b.Queue(one.sql, one.rows.args()...)
		}
	}
	if len(w.stale) > 0 {
		b.Queue("INSERT INTO charla.stale (account) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING",
			slices.SortedFunc(maps.Keys(w.stale), func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) }))
	}
}
