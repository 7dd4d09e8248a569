// Package bbolt keeps charla in one file of bbolt, a key-value store: an example of a
// store that is written from the documentation of package storage. It keeps documents as
// JSON and finds everything by keys that lead with the account, so a search by words or
// fields reads the account's tickets one by one.
package bbolt

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"iter"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	bolt "go.etcd.io/bbolt"
)

// Store is a [storage.Store] in one file.
type Store struct {
	db     *bolt.DB
	id     string // the database's, for cursors
	closed atomic.Bool
}

var _ storage.Store = (*Store)(nil)

// The buckets, with their keys and values. A key's parts are IDs of 16 bytes, numbers of
// 8 bytes, and texts that end with a zero byte.
const (
	metaBucket          = "meta"          // "id": the database's
	accountBucket       = "accounts"      // account: chatcfg.Account
	keyBucket           = "keys"          // public key: account
	documentBucket      = "documents"     // account, name, version: body
	rosterBucket        = "rosters"       // account: tickets.Roster
	sessionBucket       = "sessions"      // account, session: tickets.Session
	identityBucket      = "identities"    // account, kind, value: conversation
	conversationBucket  = "conversations" // account, conversation: conversation
	ticketBucket        = "tickets"       // account, conversation, number: ticket
	messageBucket       = "messages"      // account, conversation, seq: tickets.Message
	entryBucket         = "entries"       // account, conversation, n: tickets.Entry
	receiptBucket       = "receipts"      // account, conversation, scope, key: storage.Receipt
	answerBucket        = "answers"       // account, at, conversation, n: tickets.Answer
	deliveryBucket      = "deliveries"    // account, key: delivery
	submissionBucket    = "submissions"   // account, n: tickets.Submission
	submissionKeyBucket = "contacts"      // account, key: n
	feedBucket          = "feed"          // account, commit: conversation
	viewBucket          = "views"         // account, view, at, conversation, number: nothing
	stateBucket         = "states"        // account, state, n: key of a delivery
	dueBucket           = "due"           // at, account, conversation: nothing
	armedBucket         = "armed"         // account, version, end of the lease, conversation: nothing
	queueBucket         = "queue"         // state, at, n: account, key of a delivery
)

// ofAccount are the buckets whose keys lead with the account, buckets all of them.
var (
	ofAccount = []string{
		accountBucket, documentBucket, rosterBucket, sessionBucket, identityBucket, conversationBucket, ticketBucket, messageBucket, entryBucket,
		receiptBucket, answerBucket, deliveryBucket, submissionBucket, submissionKeyBucket, feedBucket, viewBucket, stateBucket, armedBucket,
	}
	buckets = append([]string{metaBucket, keyBucket, dueBucket, queueBucket}, ofAccount...)
)

// Open opens a file, and creates it if there is none; o may be nil. One process at a time
// has it.
func Open(path string, o *bolt.Options) (*Store, error) {
	db, err := bolt.Open(path, 0o600, o)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		meta := tx.Bucket([]byte(metaBucket))
		if s.id = string(meta.Get([]byte("id"))); s.id != "" {
			return nil
		}
		s.id = rand.Text()
		return meta.Put([]byte("id"), []byte(s.id))
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close waits for what is under way.
func (s *Store) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return storage.ErrClosed
	}
	return s.db.Close()
}

// The parts of the store.
func (s *Store) Accounts() storage.Accounts           { return accounts{s} }
func (s *Store) Conversations() storage.Conversations { return conversations{s} }
func (s *Store) Outbox() storage.Outbox               { return outbox{s} }
func (s *Store) Presence() storage.Presence           { return presence{s} }
func (s *Store) Sessions() storage.Sessions           { return sessions{s} }
func (s *Store) Queries() storage.Queries             { return queries{s} }
func (s *Store) Contacts() storage.Contacts           { return contacts{s} }

// tx is a transaction that remembers its first failure: what comes after it does nothing,
// and the transaction with it.
type tx struct {
	*bolt.Tx
	err error
}

// read reads, all from one moment.
func read[T any](ctx context.Context, s *Store, do func(*tx) T) (found T, err error) {
	err = s.run(ctx, s.db.View, func(t *tx) { found = do(t) })
	if err != nil {
		return *new(T), err
	}
	return found, nil
}

// update changes, all or nothing.
func update[T any](ctx context.Context, s *Store, do func(*tx) T) (done T, err error) {
	err = s.run(ctx, s.db.Update, func(t *tx) { done = do(t) })
	if err != nil {
		return *new(T), err
	}
	return done, nil
}

// change is update without an answer.
func (s *Store) change(ctx context.Context, do func(*tx)) error { return s.run(ctx, s.db.Update, do) }

func (s *Store) run(ctx context.Context, in func(func(*bolt.Tx) error) error, do func(*tx)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed.Load() {
		return storage.ErrClosed
	}
	return in(func(b *bolt.Tx) error {
		t := &tx{Tx: b}
		do(t)
		return t.err
	})
}

// need fails the transaction unless a condition holds.
func (t *tx) need(holds bool, otherwise error) {
	if !holds && t.err == nil {
		t.err = otherwise
	}
}

func (t *tx) put(bucket string, key, value []byte) {
	if t.err == nil {
		t.err = t.Bucket([]byte(bucket)).Put(key, value)
	}
}

func (t *tx) remove(bucket string, key []byte) {
	if t.err == nil {
		t.err = t.Bucket([]byte(bucket)).Delete(key)
	}
}

// raw is a value as it is kept, nil for none.
func (t *tx) raw(bucket string, key []byte) []byte { return t.Bucket([]byte(bucket)).Get(key) }

// save keeps a value as JSON.
func (t *tx) save(bucket string, key []byte, v any) {
	doc, err := json.Marshal(v)
	t.need(err == nil, err)
	t.put(bucket, key, doc)
}

// load reads what save has kept, and reports whether there is something.
func (t *tx) load(bucket string, key []byte, v any) bool {
	doc := t.raw(bucket, key)
	return doc != nil && t.decode(doc, v)
}

func (t *tx) decode(doc []byte, v any) bool {
	err := json.Unmarshal(doc, v)
	t.need(err == nil, err)
	return err == nil
}

// from ranges upwards over the keys with a prefix, from one on.
func (t *tx) from(bucket string, prefix, first []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		c := t.Bucket([]byte(bucket)).Cursor()
		for k, v := c.Seek(first); k != nil && bytes.HasPrefix(k, prefix) && yield(k, v); {
			k, v = c.Next()
		}
	}
}

// below ranges downwards over the keys with a prefix, below one.
func (t *tx) below(bucket string, prefix, end []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		c := t.Bucket([]byte(bucket)).Cursor()
		c.Seek(end)
		for k, v := c.Prev(); k != nil && bytes.HasPrefix(k, prefix) && yield(k, v); k, v = c.Prev() {
		}
	}
}

// next counts what is put into a bucket.
func (t *tx) next(bucket string) int64 {
	n, err := t.Bucket([]byte(bucket)).NextSequence()
	t.need(err == nil, err)
	return int64(n)
}

// after is the first key behind all that have a prefix.
func after(prefix []byte) []byte {
	end := append([]byte{}, prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return append(end, 0xff) // a prefix of nothing but 0xff: there is none
}

// key builds a key of IDs, numbers, instants, texts and parts of keys, whose order is theirs.
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

// number reads a number of a key that begins there, instant an instant.
func number(k []byte) int64      { return int64(binary.BigEndian.Uint64(k) ^ 1<<63) }
func instant(k []byte) time.Time { return time.UnixMicro(number(k)).UTC() }

func id(k []byte) [16]byte { return [16]byte(k[:16]) }
