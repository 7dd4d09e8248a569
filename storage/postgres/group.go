package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// commit does a group in one transaction. If that did nothing because of something
// that may be one batch's own, each is done by itself, so that none suffers from
// another.
func (s *Store) commit(group []*call[*batch]) {
	// In the order of their keys, and of one conversation in the order in which
	// they came.
	slices.SortStableFunc(group, func(a, b *call[*batch]) int { return a.work.key().compare(b.work.key()) })
	err := s.together(group)
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

// together does a group in one transaction, a few times if it has to.
func (s *Store) together(group []*call[*batch]) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	return s.retry(ctx, func(c *pgxpool.Conn) (err error) {
		defer func() {
			if p := recover(); p != nil {
				_ = c.Conn().Close(ctx)
				err = fmt.Errorf("postgres: panic: %v", p)
			}
		}()
		return s.land(ctx, c, group)
	})
}

// land is one attempt: it locks, decides, writes and commits. What it refuses is
// refused whatever becomes of the others.
func (s *Store) land(ctx context.Context, c *pgxpool.Conn, group []*call[*batch]) error {
	f := &found{
		accounts: map[[16]byte]account{}, versions: map[key]int64{}, sessions: map[key]int64{},
		holders: map[identity][16]byte{}, receipts: map[receipt]bool{},
	}
	t, err := s.begin(ctx, c, func(b *pgx.Batch) { f.look(b, group) })
	if err != nil {
		return err
	}
	var w writes
	for _, one := range group {
		if one.err = f.decide(one.work); one.err == nil {
			w.add(one.work, f)
		}
	}
	if w.expected == nil {
		t.rollback()
		return nil
	}
	var b pgx.Batch
	w.queue(&b)
	err = t.run(&b)
	for _, e := range w.expected {
		if e.rows != e.want {
			err = errRace // whatever came of it
		}
	}
	if err != nil {
		t.rollback()
		return err
	}
	err = t.commit()
	for _, wake := range w.conversations.wakes {
		if wake.Valid {
			s.horizon.scheduled(wake.Int64)
		}
	}
	return err
}

// look locks what the batches are about, each table in the order of its keys, which
// is that of the arrays, and then reads what they depend on: a statement sees what
// was committed before it began, so that nothing is older than the locks. Rows are
// looked up one by one (LIMIT), never joined as a whole.
func (f *found) look(b *pgx.Batch, group []*call[*batch]) {
	var accounts [][16]byte
	var sessions []key
	var keyAccounts, keyIDs [][16]byte
	var idAccounts [][16]byte
	var kinds, values []string
	var receiptAccounts, receiptIDs [][16]byte
	var scopes, keys []string
	seen := map[[16]byte]bool{}
	for i, c := range group {
		e, k := c.work, c.work.key()
		if !seen[k.account] {
			seen[k.account] = true
			accounts = append(accounts, k.account)
		}
		if i == 0 || k != group[i-1].work.key() {
			keyAccounts, keyIDs = append(keyAccounts, k.account), append(keyIDs, k.id)
		}
		if !e.Session.IsZero() {
			sessions = append(sessions, key{k.account, e.Session.UUID})
		}
		for _, id := range e.reserve {
			idAccounts, kinds, values = append(idAccounts, k.account), append(kinds, string(id.Kind)), append(values, id.Value)
		}
		if e.Receipt != nil && len(group) == 1 { // else the insert fails, and each is done by itself
			receiptAccounts, receiptIDs = append(receiptAccounts, k.account), append(receiptIDs, k.id)
			scopes, keys = append(scopes, e.Receipt.Scope), append(keys, e.Receipt.Key)
		}
	}
	b.Queue("SELECT id, number, version, deleted FROM charla.accounts WHERE id = ANY($1::uuid[]) ORDER BY id FOR SHARE", accounts).
		Query(rows(func(scan func(...any) error) error {
			var id [16]byte
			var a account
			err := scan(&id, &a.number, &a.version, &a.deleted)
			f.accounts[id] = a
			return err
		}))
	b.Queue(`SELECT k.account, k.id, c.version FROM unnest($1::uuid[], $2::uuid[]) AS k(account, id) CROSS JOIN LATERAL (
		SELECT version FROM charla.conversations WHERE account = k.account AND id = k.id LIMIT 1 FOR UPDATE) c`,
		keyAccounts, keyIDs).Query(keyed(f.versions))
	if len(sessions) > 0 {
		slices.SortFunc(sessions, key.compare)
		var accounts, ids [][16]byte
		for _, k := range slices.Compact(sessions) {
			accounts, ids = append(accounts, k.account), append(ids, k.id)
		}
		b.Queue(`SELECT k.account, k.id, s.revision FROM unnest($1::uuid[], $2::uuid[]) AS k(account, id) CROSS JOIN LATERAL (
			SELECT revision FROM charla.sessions WHERE account = k.account AND id = k.id LIMIT 1 FOR SHARE) s`,
			accounts, ids).Query(keyed(f.sessions))
	}
	if len(values) > 0 {
		b.Queue(`SELECT k.account, k.kind, k.value, i.conversation FROM unnest($1::uuid[], $2::text[], $3::text[]) AS k(account, kind, value)
			CROSS JOIN LATERAL (SELECT conversation FROM charla.identities
				WHERE account = k.account AND kind = k.kind AND value = k.value LIMIT 1) i`, idAccounts, kinds, values).
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
	if len(keys) > 0 {
		b.Queue(`SELECT k.account, k.conversation, k.scope, k.key
			FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS k(account, conversation, scope, key)
			CROSS JOIN LATERAL (SELECT FROM charla.receipts
				WHERE account = k.account AND conversation = k.conversation AND scope = k.scope AND key = k.key LIMIT 1) r`,
			receiptAccounts, receiptIDs, scopes, keys).
			Query(rows(func(scan func(...any) error) error {
				var r receipt
				err := scan(&r.account, &r.id, &r.scope, &r.once)
				f.receipts[r] = true
				return err
			}))
	}
}

// keyed reads a number for each key.
func keyed(m map[key]int64) func(pgx.Rows) error {
	return rows(func(scan func(...any) error) error {
		var k key
		var n int64
		err := scan(&k.account, &k.id, &n)
		m[k] = n
		return err
	})
}

// writes are the rows of the batches that land, column by column.
type writes struct {
	conversations struct {
		accounts, ids     [][16]byte
		versions, numbers []int64
		wakes, armed      []pgtype.Int8
		docs              [][]byte
	}
	identities struct {
		accounts, conversations [][16]byte
		kinds, values           []string
	}
	tickets struct {
		accounts, conversations [][16]byte
		rows                    []ticketRow
	}
	messages, entries, receipts struct {
		accounts, conversations [][16]byte
		numbers, tickets        []int64
		sessions                [][16]byte
		scopes, keys            []string
		docs                    [][]byte
	}
	answers struct {
		accounts, conversations [][16]byte
		versions, ns            []int64
		all                     []tickets.Answer
	}
	texts struct {
		accounts, conversations [][16]byte
		tickets, versions, ns   []int64
		words, long             []string
	}
	deliveries deliveryColumns
	stale      map[[16]byte]bool
	// expected are how many rows statements have to write: fewer, and another
	// process was first.
	expected []*expectation
}

// expectation is how many rows a statement wrote, and has to; equal until it ran.
type expectation struct{ rows, want int64 }

// add adds a batch that lands.
func (w *writes) add(e *batch, f *found) {
	k := e.key()
	if w.expected == nil {
		w.expected = []*expectation{{}, {}}
		w.stale = map[[16]byte]bool{}
	}
	b := &e.Conversation
	c := &w.conversations
	c.accounts, c.ids = append(c.accounts, k.account), append(c.ids, k.id)
	c.versions, c.numbers = append(c.versions, b.Version), append(c.numbers, int64(b.Number))
	c.wakes, c.docs = append(c.wakes, orNull(e.Wake)), append(c.docs, e.conversation)
	var armed pgtype.Int8
	switch {
	case e.Active:
		armed = pgtype.Int8{Int64: int64(b.Armed), Valid: true}
	case !e.Wake.IsZero():
		armed = pgtype.Int8{Int64: never, Valid: true}
	}
	c.armed = append(c.armed, armed)
	if f.behind(e) {
		w.stale[k.account] = true
	}
	for _, id := range e.reserve {
		i := &w.identities
		i.accounts, i.conversations = append(i.accounts, k.account), append(i.conversations, k.id)
		i.kinds, i.values = append(i.kinds, string(id.Kind)), append(i.values, id.Value)
	}
	for _, t := range e.tickets {
		w.tickets.accounts, w.tickets.conversations = append(w.tickets.accounts, k.account), append(w.tickets.conversations, k.id)
		w.tickets.rows = append(w.tickets.rows, t)
	}
	for i, m := range e.Messages {
		t := &w.messages
		t.accounts, t.conversations = append(t.accounts, k.account), append(t.conversations, k.id)
		t.numbers, t.sessions, t.docs = append(t.numbers, m.Seq), append(t.sessions, m.Session.UUID), append(t.docs, e.messages[i])
	}
	for i, one := range e.Entries {
		t := &w.entries
		t.accounts, t.conversations = append(t.accounts, k.account), append(t.conversations, k.id)
		t.numbers, t.tickets, t.docs = append(t.numbers, one.N), append(t.tickets, int64(one.Ticket)), append(t.docs, e.entries[i])
	}
	if e.Receipt != nil {
		t := &w.receipts
		t.accounts, t.conversations = append(t.accounts, k.account), append(t.conversations, k.id)
		t.scopes, t.keys, t.docs = append(t.scopes, e.Receipt.Scope), append(t.keys, e.Receipt.Key), append(t.docs, e.receipt)
	}
	for i, one := range e.Answers {
		t := &w.answers
		t.accounts, t.conversations = append(t.accounts, k.account), append(t.conversations, k.id)
		t.versions, t.ns, t.all = append(t.versions, b.Version), append(t.ns, int64(i)), append(t.all, one)
	}
	for i := range e.Deliveries {
		w.deliveries.add(b.Account, &e.Deliveries[i])
	}
	w.addTexts(e.Words, k, b.Version, f.accounts[k.account].number)
}

func (w *writes) addTexts(words []storage.Words, k key, version, account int64) {
	t := &w.texts
	n := int64(0)
	for _, text := range words {
		for _, v := range vectors(account, text.Text) {
			t.accounts, t.conversations = append(t.accounts, k.account), append(t.conversations, k.id)
			t.tickets, t.versions, t.ns = append(t.tickets, int64(text.Ticket)), append(t.versions, version), append(t.ns, n)
			t.words, t.long = append(t.words, v.words), append(t.long, v.long)
			n++
		}
	}
}

// expect queues a statement that has to write so many rows.
func (w *writes) expect(i int, want int, q *pgx.QueuedQuery) {
	*w.expected[i] = expectation{rows: int64(want), want: int64(want)}
	q.Exec(func(tag pgconnTag) error {
		w.expected[i].rows = tag.RowsAffected()
		return nil
	})
}

// queue queues what is to be written, a statement for each table, always in the
// same order.
func (w *writes) queue(b *pgx.Batch) {
	c := &w.conversations
	w.expect(0, len(c.ids), b.Queue(putConversations, c.accounts, c.ids, c.versions, c.numbers, c.wakes, c.armed, c.docs))
	if i := &w.identities; len(i.values) > 0 {
		w.expect(1, len(i.values), b.Queue(putIdentities, i.accounts, i.kinds, i.values, i.conversations))
	}
	if t := &w.tickets; len(t.rows) > 0 {
		w.queueTickets(b)
	}
	if t := &w.messages; len(t.docs) > 0 {
		b.Queue(putMessages, t.accounts, t.conversations, t.numbers, t.sessions, t.docs)
	}
	if t := &w.entries; len(t.docs) > 0 {
		b.Queue(putEntries, t.accounts, t.conversations, t.numbers, t.tickets, t.docs)
	}
	if t := &w.receipts; len(t.docs) > 0 {
		b.Queue(putReceipts, t.accounts, t.conversations, t.scopes, t.keys, t.docs)
	}
	if t := &w.answers; len(t.all) > 0 {
		w.queueAnswers(b)
	}
	if t := &w.texts; len(t.words) > 0 {
		b.Queue(putTexts, t.accounts, t.conversations, t.tickets, t.versions, t.ns, t.words, t.long)
	}
	if d := &w.deliveries; len(d.names) > 0 {
		b.Queue(putDeliveries, d.args()...)
	}
	if len(w.stale) > 0 {
		b.Queue("INSERT INTO charla.stale (account) SELECT * FROM unnest($1::uuid[]) ON CONFLICT DO NOTHING",
			slices.SortedFunc(maps.Keys(w.stale), func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) }))
	}
}
