package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// pgFloor is bare pgx on a database that storage/postgres made: calls that wait are
// done in groups of up to 64, a statement for each table, on one connection that
// reads and two that write. It knows nothing: what it writes is encoded already, and
// nobody else changes what it changes, so that it need not look first.
type pgFloor struct {
	loads, writes chan *piece
	conns         []*pgx.Conn
	account       uuid.UUID
	docs          pgDocs
}

// piece is a message on its way.
type piece struct {
	chat  *pgChat
	key   string
	text  int
	found []byte // the conversation's document
	done  chan error
}

// pgChat is what the floor knows of a conversation.
type pgChat struct {
	session, conversation uuid.UUID
	version, seq, entry   int64
}

// pgDocs are the documents that ours stores, to be written as they are.
type pgDocs struct {
	conversation, ticket, entry, receipt []byte
	// messages and their words in the index, by text.
	messages [][]byte
	words    []string
}

func openPgFloor(ctx context.Context, dsn string, account uuid.UUID, docs pgDocs) (*pgFloor, error) {
	f := &pgFloor{loads: make(chan *piece, 4096), writes: make(chan *piece, 4096), account: account, docs: docs}
	for i, do := range []func(context.Context, *pgx.Conn, []*piece) error{f.load, f.write, f.write} {
		c, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return nil, errors.Join(err, f.close(ctx))
		}
		f.conns = append(f.conns, c)
		go gather([]chan *piece{f.loads, f.writes, f.writes}[i], func(group []*piece) error { return do(ctx, c, group) })
	}
	return f, nil
}

func (f *pgFloor) close(ctx context.Context) error {
	close(f.loads)
	close(f.writes)
	var err error
	for _, c := range f.conns {
		err = errors.Join(err, c.Close(ctx))
	}
	return err
}

// gather does what waits, up to 64 pieces at a time.
func gather(queue chan *piece, do func([]*piece) error) {
	for first := range queue {
		group := append(make([]*piece, 0, 64), first)
	more:
		for len(group) < cap(group) {
			select {
			case p, ok := <-queue:
				if !ok {
					break more
				}
				group = append(group, p)
			default:
				break more
			}
		}
		err := do(group)
		for _, p := range group {
			p.done <- err
		}
	}
}

// message is one message from its load to its commit.
func (f *pgFloor) message(c *pgChat, key string, text int) error {
	p := &piece{chat: c, key: key, text: text, done: make(chan error, 1)}
	f.loads <- p
	if err := <-p.done; err != nil {
		return err
	}
	if p.found == nil {
		return fmt.Errorf("no conversation of session %v", c.session)
	}
	f.writes <- p
	return <-p.done
}

const pgLoad = `SELECT q.i, s.doc, c.doc, t.doc, r.doc
FROM unnest($2::int[], $3::uuid[], $4::text[], $5::text[]) AS q(i, session, scope, key)
JOIN charla.sessions s ON s.account = $1 AND s.id = q.session
JOIN charla.conversations c ON c.account = $1 AND c.id = s.conversation
JOIN charla.tickets t ON t.account = $1 AND t.conversation = c.id AND t.number = c.number
LEFT JOIN charla.receipts r ON r.account = $1 AND r.conversation = c.id AND r.scope = q.scope AND r.key = q.key`

func (f *pgFloor) load(ctx context.Context, c *pgx.Conn, group []*piece) error {
	var ord []int32
	var sessions []uuid.UUID
	var scopes, keys []string
	for i, p := range group {
		ord, sessions = append(ord, int32(i)), append(sessions, p.chat.session)
		scopes, keys = append(scopes, "session:"+p.chat.session.String()), append(keys, p.key)
	}
	rows, err := c.Query(ctx, pgLoad, f.account, ord, sessions, scopes, keys)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i int32
		var session, conversation, ticket, receipt []byte
		if err := rows.Scan(&i, &session, &conversation, &ticket, &receipt); err != nil {
			return err
		}
		group[i].found = conversation
	}
	return rows.Err()
}

// The rows of a message.
const (
	pgConversations = `UPDATE charla.conversations c SET version = u.version, change = pg_current_xact_id(), wake = $4, doc = $5
		FROM unnest($2::uuid[], $3::bigint[]) AS u(id, version) WHERE c.account = $1 AND c.id = u.id AND c.version = u.version - 1`
	pgTickets  = "UPDATE charla.tickets SET changed = $3, doc = $4 WHERE account = $1 AND conversation = ANY($2::uuid[]) AND number = 1"
	pgMessages = `INSERT INTO charla.messages (account, conversation, seq, session, doc)
		SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::bytea[])`
	pgEntries  = "INSERT INTO charla.entries (account, conversation, n, ticket, doc) SELECT $1, u.*, 1, $4 FROM unnest($2::uuid[], $3::bigint[]) AS u"
	pgReceipts = `INSERT INTO charla.receipts (account, conversation, scope, key, doc)
		SELECT $1, u.*, $5 FROM unnest($2::uuid[], $3::text[], $4::text[]) AS u`
	pgTexts = `INSERT INTO charla.texts (account, conversation, ticket, version, n, words, long)
		SELECT $1, u.conversation, 1, u.version, 0, u.words::tsvector, '' FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS u(conversation, version, words)`
)

func (f *pgFloor) write(ctx context.Context, c *pgx.Conn, group []*piece) error {
	var conversations, sessions []uuid.UUID
	var versions, seqs, entries []int64
	var scopes, keys, words []string
	var messages [][]byte
	for _, p := range group {
		one := p.chat
		one.version, one.seq, one.entry = one.version+1, one.seq+1, one.entry+1
		conversations, sessions = append(conversations, one.conversation), append(sessions, one.session)
		versions, seqs, entries = append(versions, one.version), append(seqs, one.seq), append(entries, one.entry)
		scopes, keys = append(scopes, "session:"+one.session.String()), append(keys, p.key)
		messages, words = append(messages, f.docs.messages[p.text]), append(words, f.docs.words[p.text])
	}
	now := time.Now().UnixMicro()
	var b pgx.Batch
	b.Queue("BEGIN")
	b.Queue("SELECT version, deleted FROM charla.accounts WHERE id = $1 FOR SHARE", f.account)
	b.Queue(pgConversations, f.account, conversations, versions, now+30*60e6, f.docs.conversation)
	b.Queue(pgTickets, f.account, conversations, now, f.docs.ticket)
	b.Queue(pgMessages, f.account, conversations, seqs, sessions, messages)
	b.Queue(pgEntries, f.account, conversations, entries, f.docs.entry)
	b.Queue(pgReceipts, f.account, conversations, scopes, keys, f.docs.receipt)
	b.Queue(pgTexts, f.account, conversations, versions, words)
	b.Queue("COMMIT")
	err := c.SendBatch(ctx, &b).Close()
	if err != nil {
		_, _ = c.Exec(ctx, "ROLLBACK")
	}
	return err
}

// script is the same message as one statement, for pgbench: of the chats in the
// table bench, with one text.
func (f *pgFloor) script(path string, chats, text int) error {
	bytea := func(b []byte) string { return fmt.Sprintf(`'\x%x'::bytea`, b) }
	account := fmt.Sprintf("'%s'::uuid", f.account)
	d := &f.docs
	statement := `WITH q AS (SELECT * FROM bench WHERE i = :i),
a AS (SELECT version, deleted FROM charla.accounts WHERE id = ACCOUNT FOR SHARE),
l AS (SELECT s.doc AS s, o.doc AS o, k.doc AS k, r.doc AS r FROM q
  JOIN charla.sessions s ON s.account = ACCOUNT AND s.id = q.session
  JOIN charla.conversations o ON o.account = ACCOUNT AND o.id = s.conversation
  JOIN charla.tickets k ON k.account = ACCOUNT AND k.conversation = o.id AND k.number = o.number
  LEFT JOIN charla.receipts r ON r.account = ACCOUNT AND r.conversation = o.id AND r.scope = q.scope AND r.key = 'm-' || :key::text),
c AS (UPDATE charla.conversations c SET version = c.version + 1, change = pg_current_xact_id(), wake = :now::bigint + UNANSWERED, doc = CONVERSATION
  FROM q WHERE c.account = ACCOUNT AND c.id = q.conversation RETURNING c.id, c.version, q.session, q.scope),
t AS (UPDATE charla.tickets t SET changed = :now::bigint, doc = TICKET FROM c WHERE t.account = ACCOUNT AND t.conversation = c.id AND t.number = 1),
m AS (INSERT INTO charla.messages (account, conversation, seq, session, doc) SELECT ACCOUNT, id, version + 1000, session, MESSAGE FROM c),
e AS (INSERT INTO charla.entries (account, conversation, n, ticket, doc) SELECT ACCOUNT, id, version + 1000, 1, ENTRY FROM c),
r AS (INSERT INTO charla.receipts (account, conversation, scope, key, doc) SELECT ACCOUNT, id, scope, 'm-' || :key::text, RECEIPT FROM c),
x AS (INSERT INTO charla.texts (account, conversation, ticket, version, n, words, long) SELECT ACCOUNT, id, 1, version, 0, 'WORDS'::tsvector, '' FROM c)
SELECT a.*, l.* FROM a, l;`
	statement = strings.NewReplacer(
		"UNANSWERED", strconv.FormatInt(unanswered.Microseconds(), 10), "ACCOUNT", account, "CONVERSATION", bytea(d.conversation), "TICKET", bytea(d.ticket), "MESSAGE", bytea(d.messages[text]),
		"ENTRY", bytea(d.entry), "RECEIPT", bytea(d.receipt), "WORDS", strings.ReplaceAll(d.words[text], "'", "''"), "\n", " ",
	).Replace(statement)
	return os.WriteFile(path, fmt.Appendf(nil, "\\set i random(0, %d)\n\\set now random(%d, %d)\n\\set key random(0, 999999999999)\n%s\n",
		chats-1, time.Now().UnixMicro(), time.Now().UnixMicro()+1e9, statement), 0o644)
}

// pgSetup reads what a message leaves behind, and where the floor's chats stand.
func pgSetup(ctx context.Context, c *pgx.Conn, sessions []visit) (d pgDocs, chats []*pgChat, err error) {
	ids := make([]uuid.UUID, len(sessions))
	for i, s := range sessions {
		ids[i] = s.Conversation.UUID
	}
	rows, err := c.Query(ctx, `SELECT c.version, (SELECT max(seq) FROM charla.messages m WHERE m.account = c.account AND m.conversation = c.id),
			e.n, c.doc, t.doc, m.doc, e.doc, r.doc, x.words::text
		FROM unnest($2::int[], $3::uuid[]) AS u(i, id) JOIN charla.conversations c ON c.account = $1 AND c.id = u.id
		JOIN LATERAL (SELECT doc FROM charla.tickets t WHERE t.account = c.account AND t.conversation = c.id) t ON true
		JOIN LATERAL (SELECT doc FROM charla.messages m WHERE m.account = c.account AND m.conversation = c.id ORDER BY seq DESC LIMIT 1) m ON true
		JOIN LATERAL (SELECT n, doc FROM charla.entries e WHERE e.account = c.account AND e.conversation = c.id ORDER BY n DESC LIMIT 1) e ON true
		JOIN LATERAL (SELECT doc FROM charla.receipts r WHERE r.account = c.account AND r.conversation = c.id LIMIT 1) r ON true
		JOIN LATERAL (SELECT words FROM charla.texts x WHERE x.account = c.account AND x.conversation = c.id ORDER BY version DESC LIMIT 1) x ON true
		ORDER BY u.i`, sessions[0].Account.UUID, numbered(len(ids)), ids)
	if err != nil {
		return d, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		s := &sessions[len(chats)]
		one := &pgChat{session: s.ID.UUID, conversation: s.Conversation.UUID}
		var message []byte
		var words string
		if err := rows.Scan(&one.version, &one.seq, &one.entry, &d.conversation, &d.ticket, &message, &d.entry, &d.receipt, &words); err != nil {
			return d, nil, err
		}
		chats = append(chats, one)
		if len(d.messages) < len(sentences) {
			d.messages, d.words = append(d.messages, message), append(d.words, words)
		}
	}
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(d.words), func(i, j int) { d.words[i], d.words[j] = d.words[j], d.words[i] })
	return d, chats, rows.Err()
}

func numbered(n int) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i)
	}
	return list
}
