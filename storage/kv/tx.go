package kv

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// table is the first byte of a key. Its number stays.
type table byte

// The tables, with what follows in their keys, and their values. Parts of a key are IDs of
// 16 bytes, numbers of 8 bytes, and texts that end with a zero byte.
const (
	metaTable          table = iota + 1 // "id": the database's
	countTable                          // table: the last number drawn
	accountTable                        // account: chatcfg.Account
	keyTable                            // public key: account
	documentTable                       // account, name, version: body
	rosterTable                         // account: tickets.Roster
	sessionTable                        // account, session: tickets.Session
	identityTable                       // account, kind, value: conversation
	conversationTable                   // account, conversation: conversation
	ticketTable                         // account, conversation, number: ticket
	messageTable                        // account, conversation, seq: tickets.Message
	entryTable                          // account, conversation, n: tickets.Entry
	receiptTable                        // account, conversation, scope, key: storage.Receipt
	answerTable                         // account, at, conversation, n: tickets.Answer
	deliveryTable                       // account, key: delivery
	submissionTable                     // account, n: tickets.Submission
	submissionKeyTable                  // account, key: n
	feedTable                           // account, commit: conversation
	viewTable                           // account, view, at, conversation, number: nothing
	stateTable                          // account, state, n: key of a delivery
	dueTable                            // at, account, conversation: nothing
	armedTable                          // account, version, end of the lease, conversation: nothing
	queueTable                          // state, account and kind of a pending one, at, n: account, key of a delivery
)

// ofAccount are the tables whose keys lead with the account.
var ofAccount = []table{
	accountTable, documentTable, rosterTable, sessionTable, identityTable, conversationTable, ticketTable, messageTable, entryTable,
	receiptTable, answerTable, deliveryTable, submissionTable, submissionKeyTable, feedTable, viewTable, stateTable, armedTable,
}

// tx is a transaction that remembers its first failure: after it, nothing is written, and
// the transaction fails with it.
type tx struct {
	tx    Tx
	err   error
	ended func() error // the context's Err
}

// read returns what do returns in a transaction that only reads. It fails, with a zero
// result, with the transaction's first failure, the context's error or
// [storage.ErrClosed].
func read[T any](ctx context.Context, s *Store, do func(*tx) T) (found T, err error) {
	err = s.run(ctx, s.db.View, func(t *tx) { found = do(t) })
	if err != nil {
		return *new(T), err
	}
	return found, nil
}

// update returns what do returns in a transaction that may change something, all or
// nothing. It fails as read does.
func update[T any](ctx context.Context, s *Store, do func(*tx) T) (done T, err error) {
	err = s.run(ctx, s.db.Update, func(t *tx) { done = do(t) })
	if err != nil {
		return *new(T), err
	}
	return done, nil
}

// change is update for a function that returns nothing. It fails as read does.
func (s *Store) change(ctx context.Context, do func(*tx)) error { return s.run(ctx, s.db.Update, do) }

// run calls do within transaction, the database's View or Update. It fails with the
// transaction's first failure, the context's error or [storage.ErrClosed].
func (s *Store) run(ctx context.Context, transaction func(func(Tx) error) error, do func(*tx)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return storage.ErrClosed
	}
	return transaction(func(of Tx) error {
		t := &tx{tx: of, ended: ctx.Err}
		do(t)
		return t.err
	})
}

// need makes the transaction fail with otherwise, unless the condition holds.
func (t *tx) need(holds bool, otherwise error) {
	if !holds {
		t.fail(otherwise)
	}
}

// fail makes the transaction fail with err, unless it has failed already; nil does
// nothing.
func (t *tx) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// put inserts or replaces the value of a key. A failure fails the transaction; after
// one, put does nothing.
func (t *tx) put(in table, key, value []byte) {
	if t.err == nil {
		t.err = t.tx.Put(in.key(key), append([]byte{}, value...))
	}
}

// remove removes a key, if it is there. A failure fails the transaction; after one,
// remove does nothing.
func (t *tx) remove(in table, key []byte) {
	if t.err == nil {
		t.err = t.tx.Delete(in.key(key))
	}
}

// get returns the value of a key, or nil if there is none. A failure fails the
// transaction.
func (t *tx) get(in table, key []byte) []byte {
	value, err := t.tx.Get(in.key(key))
	t.fail(err)
	return value
}

// save stores a value as JSON under a key. A failure fails the transaction.
func (t *tx) save(in table, key []byte, v any) {
	doc, err := json.Marshal(v)
	t.fail(err)
	t.put(in, key, doc)
}

// load reads a value that save stored into v, and reports whether there was one. A
// failure fails the transaction, and is false.
func (t *tx) load(in table, key []byte, v any) bool {
	doc := t.get(in, key)
	return doc != nil && t.decode(doc, v)
}

// decode reads JSON into v and reports whether it could; if not, the transaction fails.
func (t *tx) decode(doc []byte, v any) bool {
	err := json.Unmarshal(doc, v)
	t.fail(err)
	return err == nil
}

// from ranges upwards over the keys of a table that have a prefix, and their values,
// starting at first. Here, in below and in scan, the keys are without the table's byte.
// It fails as scan does.
func (t *tx) from(in table, prefix, first []byte) iter.Seq2[[]byte, []byte] {
	return t.scan(in.key(first), after(in.key(prefix)), false)
}

// below ranges downwards over the keys of a table that have a prefix and are below end,
// and their values. It fails as scan does.
func (t *tx) below(in table, prefix, end []byte) iter.Seq2[[]byte, []byte] {
	return t.scan(in.key(prefix), in.key(end), true)
}

// maxStep is how many pairs one Scan reads at most.
const maxStep = 256

// scan ranges over the keys from first up to, and without, end, and their values, in
// steps: each Scan has ended before its pairs are yielded, so the loop's body may use
// the transaction. A failure of a Scan, or the end of the context, fails the transaction
// and ends the loop.
func (t *tx) scan(first, end []byte, backwards bool) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		first, end := first, end
		for step := 1; ; step = min(4*step, maxStep) {
			var keys, values [][]byte
			if err := t.ended(); err != nil {
				t.fail(err)
				return
			}
			if err := t.tx.Scan(first, end, backwards, func(k, v []byte) bool {
				keys, values = append(keys, k), append(values, v)
				return len(keys) < step
			}); err != nil {
				t.fail(err)
				return
			}
			for i, k := range keys {
				if !yield(k[1:], values[i]) {
					return
				}
			}
			if len(keys) < step {
				return
			}
			if last := keys[step-1]; backwards {
				end = last
			} else {
				first = append(slices.Clone(last), 0)
			}
		}
	}
}

// decoded ranges over values that save stored, read back; one that cannot be read is
// yielded as far as it could be, and fails the transaction.
func decoded[T any](t *tx, values iter.Seq2[[]byte, []byte]) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, doc := range values {
			var one T
			if t.decode(doc, &one); !yield(one) {
				return
			}
		}
	}
}

// all returns all values of an account in a table, in the order of their keys. A
// failure fails the transaction.
func all[T any](t *tx, in table, account chatcfg.AccountID) []T {
	return slices.Collect(decoded[T](t, t.from(in, key(account), key(account))))
}

// next returns the next number for something new in a table, from 1, and stores that it
// is taken. A failure fails the transaction.
func (t *tx) next(in table) int64 {
	var n int64
	if last := t.get(countTable, []byte{byte(in)}); last != nil {
		n = number(last)
	}
	t.put(countTable, []byte{byte(in)}, key(n+1))
	return n + 1
}

// key returns a key with the table's byte before it.
func (in table) key(rest []byte) []byte { return append([]byte{byte(in)}, rest...) }

// after returns the first key behind all that have a prefix. A prefix of 0xff bytes alone,
// which no table has, is not supported: there is no such key.
func after(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return append(end, 0xff)
}

// key returns a key made of IDs, numbers, times, texts and parts of keys. Keys sort as
// their parts do. Parts of any other type are left out.
func key(parts ...any) (k []byte) {
	for _, part := range parts {
		switch v := part.(type) {
		case [16]byte:
			k = append(k, v[:]...)
		case chatcfg.AccountID:
			k = append(k, v.UUID[:]...)
		case tickets.ConversationID:
			k = append(k, v.UUID[:]...)
		case tickets.SessionID:
			k = append(k, v.UUID[:]...)
		case []byte:
			k = append(k, v...)
		case tickets.Number:
			k = binary.BigEndian.AppendUint64(k, uint64(v)^1<<63)
		case int64:
			k = binary.BigEndian.AppendUint64(k, uint64(v)^1<<63)
		case time.Time:
			k = binary.BigEndian.AppendUint64(k, uint64(storage.Cut(v).UnixMicro())^1<<63)
		case string:
			k = append(append(k, v...), 0)
		}
	}
	return k
}

// number returns the number with which k begins. It panics if k is too short.
func number(k []byte) int64 { return int64(binary.BigEndian.Uint64(k) ^ 1<<63) }

// instant returns the time, in UTC, with which k begins. It panics if k is too short.
func instant(k []byte) time.Time { return time.UnixMicro(number(k)).UTC() }

// id returns the ID with which k begins. It panics if k is too short.
func id(k []byte) [16]byte { return [16]byte(k[:16]) }
