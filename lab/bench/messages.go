package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

const (
	// callers write at a time in the rows about many.
	callers = 256
	// chats is how many conversations exist before.
	chats = 4096
	// earlier is how many messages each of them has.
	earlier = 3
)

// traffic is two copies of one database, ours and the floor's, with customers who
// are ready to write.
type traffic struct {
	ours, floor string
	world       *world
	bare        *floor
	before      contents
	// steady have written before, fresh have not.
	steady, fresh []visit
	templates     templates
	states        []*state
}

// state is what the floor knows of a conversation.
type state struct {
	session, conversation [16]byte
	key, ticket           int64
	version, seq, entry   int64
}

// templates are the documents that ours stores, to be written as they are.
type templates struct {
	conversation, ticket, entry, receipt []byte
	// messages are the customer's, by sentence.
	messages [][]byte
	words    []string

	firstConversation, firstTicket, firstEntry, firstReceipt []byte
	firstMessages                                            [][]byte
	replies                                                  [][]byte
	labels                                                   string
}

// prepare makes the databases, with n customers who have not written yet.
func (b *bench) prepare(ctx context.Context, name string, n int) (*traffic, error) {
	base := b.path(name + ".db")
	removeDatabase(base)
	defer removeDatabase(base)
	w, account, err := create(ctx, base, nil)
	if err != nil {
		return nil, err
	}
	t := &traffic{ours: b.path(name + "-ours.db"), floor: b.path(name + "-floor.db")}
	if t.steady, err = enter(ctx, w, account, chats); err == nil {
		t.fresh, err = enter(ctx, w, account, n+1)
	}
	if err == nil {
		err = spread(64, chats*earlier, func(caller, i int) error {
			return ours(ctx, w.desk, t.steady[caller+i/earlier*64], caller, i%earlier)
		})
	}
	if err == nil { // the last of the fresh ones shows what a first message is
		err = ours(ctx, w.desk, t.fresh[n], 0, 0)
	}
	if closed := w.store.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = t.template(ctx, base, t.fresh[n])
	}
	if err == nil {
		t.before, err = measure(ctx, base)
	}
	if err != nil {
		return nil, err
	}
	t.fresh = t.fresh[:n]
	for _, to := range []string{t.ours, t.floor} {
		if err := copyDatabase(base, to); err != nil {
			return nil, err
		}
	}
	if t.world, err = open(t.ours, nil, nil); err != nil {
		return nil, err
	}
	if t.bare, err = openFloor(ctx, t.floor); err != nil {
		return nil, err
	}
	return t, nil
}

func clientKey(i int) string { return fmt.Sprintf("m-%012d", i) }

// template reads what a steady and a first message have stored.
func (t *traffic) template(ctx context.Context, path string, first visit) error {
	f, err := openFloor(ctx, path)
	if err != nil {
		return err
	}
	defer f.close()
	m := &t.templates
	return f.read(func(r *bare) error {
		const last = ` ORDER BY %s DESC LIMIT 1`
		read := func(s visit, conversation, ticket, entry, receipt *[]byte) ([][]byte, error) {
			var key int64
			if err := r.one("SELECT key, doc FROM conversations WHERE account = 1 AND id = ?", []any{s.Conversation.UUID[:]}, &key, conversation); err != nil {
				return nil, err
			}
			for query, dest := range map[string]*[]byte{
				"SELECT doc FROM tickets WHERE account = 1 AND conversation = ?" + fmt.Sprintf(last, "number"): ticket,
				"SELECT doc FROM entries WHERE account = 1 AND conversation = ?" + fmt.Sprintf(last, "n"):      entry,
				"SELECT doc FROM receipts WHERE account = 1 AND conversation = ?" + fmt.Sprintf(last, "key"):   receipt,
			} {
				if err := r.one(query, []any{key}, dest); err != nil {
					return nil, err
				}
			}
			var messages [][]byte
			var doc []byte
			rows := "SELECT doc FROM messages WHERE account = 1 AND conversation = ? ORDER BY seq"
			err := r.rows(rows, []any{key}, func(rows *sql.Rows) error {
				err := rows.Scan(&doc)
				messages = append(messages, bytes.Clone(doc))
				return err
			})
			return messages, err
		}
		messages, err := read(t.steady[0], &m.conversation, &m.ticket, &m.entry, &m.receipt)
		if err != nil {
			return err
		}
		m.messages = bySentence(messages[len(messages)-1], sentence(0, earlier-1))
		if messages, err = read(first, &m.firstConversation, &m.firstTicket, &m.firstEntry, &m.firstReceipt); err != nil {
			return err
		}
		m.firstMessages, m.replies = bySentence(messages[0], sentence(0, 0)), messages[1:]
		for _, s := range sentences {
			m.words = append(m.words, indexed(s))
		}
		m.labels = indexed("juana perez juana0000000 example com 56912345678")

		return r.rows(`SELECT c.id, c.key, t.key, c.version,
  (SELECT max(seq) FROM messages m WHERE m.account = 1 AND m.conversation = c.key),
  (SELECT max(n) FROM entries e WHERE e.account = 1 AND e.conversation = c.key)
FROM conversations c JOIN tickets t ON t.account = 1 AND t.conversation = c.key`, nil, func(rows *sql.Rows) error {
			var s state
			var id []byte
			err := rows.Scan(&id, &s.key, &s.ticket, &s.version, &s.seq, &s.entry)
			copy(s.conversation[:], id)
			t.states = append(t.states, &s)
			return err
		})
	})
}

// bySentence returns a message's document for each sentence.
func bySentence(doc []byte, text string) [][]byte {
	all := make([][]byte, len(sentences))
	for i, s := range sentences {
		all[i] = bytes.Replace(doc, measured(text), measured(s), 1)
	}
	return all
}

// measured returns a text with its length before it, as in a document.
func measured(text string) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(text))), text...)
}

// indexed returns a text of plain letters as storage/sqlite gives it to its index.
func indexed(text string) string {
	words := strings.Fields(text)
	for i := range words {
		words[i] = "1x" + words[i]
	}
	return strings.Join(words, " ")
}

// match sorts the floor's states like the sessions.
func (t *traffic) match() {
	byID := make(map[[16]byte]*state, len(t.states))
	for _, s := range t.states {
		byID[s.conversation] = s
	}
	t.states = t.states[:0]
	for _, s := range t.steady {
		one := byID[s.Conversation.UUID]
		one.session = s.ID.UUID
		t.states = append(t.states, one)
	}
}

func (t *traffic) close(ctx context.Context) error {
	if err := t.world.store.Close(); err != nil {
		return err
	}
	if err := t.bare.close(); err != nil {
		return err
	}
	defer removeDatabase(t.ours)
	defer removeDatabase(t.floor)
	return sameWork(ctx, t.before, t.ours, t.floor)
}

const bareLoad = `SELECT a.doc, s.doc, c.doc, t.doc, r.doc, coalesce(c.key, 0), coalesce(t.key, 0)
FROM accounts a
JOIN sessions s ON s.account = a.id AND s.id = ?2
LEFT JOIN conversations c ON c.key = coalesce(
  (SELECT key FROM conversations WHERE account = a.id AND id = s.conversation),
  (SELECT conversation FROM identities WHERE account = a.id AND kind = s.kind AND value = s.value))
LEFT JOIN tickets t ON t.account = a.id AND t.conversation = c.key AND t.number = c.number
LEFT JOIN receipts r ON r.account = a.id AND r.conversation = c.key AND r.scope = ?3 AND r.key = ?4
WHERE a.uuid = ?1`

// load reads what a message needs.
func (t *traffic) load(scope, key string, id []byte, s *state) error {
	return t.bare.read(func(r *bare) error {
		var account, visitor, conversation, ticket, receipt []byte
		return r.one(bareLoad, []any{t.account(), id, scope, key}, &account, &visitor, &conversation, &ticket, &receipt, &s.key, &s.ticket)
	})
}

func (t *traffic) account() []byte { return t.steady[0].Account.UUID[:] }

const (
	bareAccount = "SELECT id, version, deleted FROM accounts WHERE uuid = ?"
	bareChange  = "(SELECT change + 1 FROM conversations WHERE account = ?1 ORDER BY change DESC LIMIT 1)"
	bareMessage = "INSERT INTO messages (account, conversation, seq, session, doc) VALUES (?, ?, ?, ?, ?)"
	bareEntry   = "INSERT INTO entries (account, conversation, n, ticket, doc) VALUES (?, ?, ?, ?, ?)"
	bareReceipt = "INSERT INTO receipts (account, conversation, scope, key, doc) VALUES (?, ?, ?, ?, ?)"
)

// checked reads the account within the transaction and returns its row number.
func checked(w *bare, uuid []byte) (account int64, err error) {
	var version int64
	var deleted bool
	if err = w.one(bareAccount, []any{uuid}, &account, &version, &deleted); err == nil && (version != 1 || deleted) {
		err = fmt.Errorf("account: version %d, deleted %v", version, deleted)
	}
	return account, err
}

// writeSteady writes a message into an existing conversation.
func (t *traffic) writeSteady(w *bare, s *state, scope, key string, text int) error {
	m, now := &t.templates, time.Now().UnixMicro()
	account, err := checked(w, t.account())
	if err != nil {
		return err
	}
	s.version++
	s.seq++
	s.entry++
	err = w.exec("UPDATE conversations SET version = ?2, number = 1, change = "+bareChange+", wake = ?3, doc = ?4 WHERE account = ?1 AND key = ?5 AND version = ?2 - 1",
		account, s.version, now+30*60e6, m.conversation, s.key)
	if err == nil {
		err = w.exec("UPDATE tickets SET changed = ?, doc = ? WHERE key = ?", now, m.ticket, s.ticket)
	}
	if err == nil {
		err = w.exec(bareMessage, account, s.key, s.seq, s.session[:], m.messages[text])
	}
	if err == nil {
		err = w.exec(bareEntry, account, s.key, s.entry, 1, m.entry)
	}
	if err == nil {
		err = w.exec(bareReceipt, account, s.key, scope, key, m.receipt)
	}
	if err == nil {
		err = index(w, s.ticket, m.words[text])
	}
	return err
}

// index adds words by which a ticket is found.
func index(w *bare, ticket int64, words string) error {
	row, err := w.insert("INSERT INTO texts (ticket) VALUES (?)", ticket)
	if err == nil {
		err = w.exec("INSERT INTO words (rowid, text) VALUES (?, ?)", row, words)
	}
	return err
}

// writeFirst writes a customer's first message, which makes the conversation.
func (t *traffic) writeFirst(w *bare, session *visit, scope, key string, text int) error {
	m, now := &t.templates, time.Now().UnixMicro()
	account, err := checked(w, t.account())
	if err != nil {
		return err
	}
	chat, err := w.insert(`INSERT INTO conversations (account, id, version, number, change, wake, armed, lease, doc)
VALUES (?1, ?2, 1, 1, `+bareChange+`, ?3, 1, 0, ?4)`, account, session.Conversation.UUID[:], now+30*60e6, m.firstConversation)
	if err != nil {
		return err
	}
	err = w.exec("INSERT INTO identities (account, kind, value, conversation) VALUES (?, ?, ?, ?)",
		account, string(session.Identity.Kind), session.Identity.Value, chat)
	if err != nil {
		return err
	}
	ticket, err := w.insert(`INSERT INTO tickets (account, conversation, number, status, important, delayed, category, created, changed, waits, counts, doc)
VALUES (?, ?, 1, 'open', 0, 0, NULL, ?, ?, ?, NULL, ?)`, account, chat, now, now, now, m.firstTicket)
	if err == nil {
		err = w.exec(bareMessage, account, chat, 1, session.ID.UUID[:], m.firstMessages[text])
	}
	for i, reply := range m.replies {
		if err == nil {
			err = w.exec(bareMessage, account, chat, 2+i, session.ID.UUID[:], reply)
		}
	}
	if err == nil {
		err = w.exec(bareEntry, account, chat, 1, 1, m.firstEntry)
	}
	if err == nil {
		err = w.exec(bareReceipt, account, chat, scope, key, m.firstReceipt)
	}
	if err == nil {
		err = index(w, ticket, m.words[text])
	}
	if err == nil {
		err = index(w, ticket, m.labels)
	}
	return err
}

// messages measures the rows about 256 callers.
func messages(ctx context.Context, b *bench) ([]line, error) {
	n := 40 * callers
	if b.short {
		n = 8 * callers
	}
	t, err := b.prepare(ctx, "messages", n*b.rounds)
	if err != nil {
		return nil, err
	}
	t.match()
	steady, err := b.compare(ctx, b.rounds, t.steadyRounds(ctx, n), t.steadyFloor(n))
	if err != nil {
		return nil, err
	}
	first, err := b.compare(ctx, b.rounds, t.firstRounds(ctx, n), t.firstFloor(n))
	if err != nil {
		return nil, err
	}
	return []line{
		steady.line("customer message into an existing conversation, 256 callers", "/s", 0.8),
		first.line("customer's first message, 256 callers", "/s", 0.8),
	}, t.close(ctx)
}

// each caller has chats of its own, so that nobody waits for anybody.
func mine(caller, i int) int { return caller + i%(chats/callers)*callers }

func (t *traffic) steadyRounds(ctx context.Context, n int) side {
	return func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(callers, n, func(caller, i int) error {
				i += (round + 1) * n
				return ours(ctx, t.world.desk, t.steady[mine(caller, i)], caller, i)
			})
		})
	}
}

func (t *traffic) steadyFloor(n int) side {
	return func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(callers, n, func(caller, i int) error {
				i += (round + 1) * n
				s := t.states[mine(caller, i)]
				scope, key := "session:"+t.steady[mine(caller, i)].ID.String(), clientKey(i)
				if err := t.load(scope, key, s.session[:], s); err != nil {
					return err
				}
				return t.bare.write(func(w *bare) error {
					return t.writeSteady(w, s, scope, key, (caller*31+i)%len(sentences))
				})
			})
		})
	}
}

func (t *traffic) firstRounds(ctx context.Context, n int) side {
	return func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(callers, n, func(caller, i int) error {
				return ours(ctx, t.world.desk, t.fresh[round*n+i*callers+caller], caller, i)
			})
		})
	}
}

func (t *traffic) firstFloor(n int) side {
	return func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(callers, n, func(caller, i int) error {
				s := &t.fresh[round*n+i*callers+caller]
				scope, key := "session:"+s.ID.String(), clientKey(i)
				if err := t.load(scope, key, s.ID.UUID[:], &state{}); err != nil {
					return err
				}
				return t.bare.write(func(w *bare) error {
					return t.writeFirst(w, s, scope, key, (caller*31+i)%len(sentences))
				})
			})
		})
	}
}

// oneCaller measures the same with one caller, against one transaction each.
func oneCaller(ctx context.Context, b *bench) ([]line, error) {
	n := 1000
	if b.short {
		n = 200
	}
	t, err := b.prepare(ctx, "one", n*b.rounds)
	if err != nil {
		return nil, err
	}
	t.match()
	steady, err := b.compare(ctx, b.rounds, func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(1, n, func(_, i int) error {
				i += (round + 1) * n
				return ours(ctx, t.world.desk, t.steady[i%chats], 0, i)
			})
		})
	}, func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(1, n, func(_, i int) error {
				i += (round + 1) * n
				s := t.states[i%chats]
				scope, key := "session:"+t.steady[i%chats].ID.String(), clientKey(i)
				if err := t.load(scope, key, s.session[:], s); err != nil {
					return err
				}
				return t.bare.alone(func(w *bare) error { return t.writeSteady(w, s, scope, key, i%len(sentences)) })
			})
		})
	})
	if err != nil {
		return nil, err
	}
	first, err := b.compare(ctx, b.rounds, func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(1, n, func(_, i int) error { return ours(ctx, t.world.desk, t.fresh[round*n+i], 0, i) })
		})
	}, func(round int) (float64, error) {
		return perSecond(n, func() error {
			return spread(1, n, func(_, i int) error {
				s := &t.fresh[round*n+i]
				scope, key := "session:"+s.ID.String(), clientKey(i)
				if err := t.load(scope, key, s.ID.UUID[:], &state{}); err != nil {
					return err
				}
				return t.bare.alone(func(w *bare) error { return t.writeFirst(w, s, scope, key, i%len(sentences)) })
			})
		})
	})
	if err != nil {
		return nil, err
	}
	return []line{
		steady.line("customer message into an existing conversation, one caller", "/s", 0.85),
		first.line("customer's first message, one caller", "/s", 0.85),
	}, t.close(ctx)
}
