// Package kv makes a [storage.Store] of an ordered key-value database: of [DB] and [Tx],
// seven methods in all. examples/bbolt has them for bbolt.
//
// Everything is a document in JSON under a key that leads with a table and, but for what
// is due, with the account. What is found by order (tickets by change, deliveries by
// what is next) has keys of its own; a search by words or by a ticket's columns reads
// the account's tickets one by one.
package kv

import (
	"context"
	"hash/maphash"
	"strconv"
	"sync"

	"github.com/charlahq/charla/storage"
)

// DB is an ordered key-value database. Many goroutines call View and Update at once. A
// transaction's function calls neither.
type DB interface {
	// View calls a function with a transaction that only reads, all from one moment, and
	// returns its error.
	View(read func(Tx) error) error
	// Update calls a function with a transaction and makes its changes durable, all or
	// nothing. If the function fails, Update changes nothing and returns its error.
	// Updates are serializable; the function may be called again after a conflict. An
	// error of Update itself means that the changes may or may not have been made, unless
	// it is [storage.ErrBusy] or [storage.ErrNotDone]: then nothing was changed.
	Update(change func(Tx) error) error
	// Close closes the database. No transaction is under way.
	Close() error
}

// Tx is a transaction; one goroutine uses it. It may keep the keys and values that it is
// given. What it returns is not changed by the caller, and is valid until the transaction
// ends.
type Tx interface {
	// Get returns the value of a key, or nil if there is no such key. An empty value is
	// not nil.
	Get(key []byte) ([]byte, error)
	// Put inserts or replaces the value of a key. The value may be empty; it is never nil.
	Put(key, value []byte) error
	// Delete removes a key. It does not fail if there is no such key.
	Delete(key []byte) error
	// Scan calls each with the keys from first up to, and without, end, in the order of
	// their bytes or backwards, until each returns false. each calls no method of the Tx.
	Scan(first, end []byte, backwards bool, each func(key, value []byte) bool) error
}

// Store is a [storage.Store] on a [DB].
type Store struct {
	db DB
	id string // the database's, for cursors

	mu     sync.RWMutex
	closed bool
}

var _ storage.Store = (*Store)(nil)

// New returns a store that keeps everything in a database. Nothing else may use the
// database; the store's Close closes it. New writes an ID into a new database, and fails
// if the database does.
func New(db DB) (*Store, error) {
	s := &Store{db: db}
	err := s.change(context.Background(), func(t *tx) {
		if s.id = string(t.get(metaTable, key("id"))); s.id == "" {
			s.id = strconv.FormatUint(maphash.String(maphash.MakeSeed(), ""), 36)
			t.put(metaTable, key("id"), []byte(s.id))
		}
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close waits for what is under way and closes the database. Calls after it fail with
// [storage.ErrClosed], and so does a second Close. It fails if the database's Close does.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	s.closed = true
	return s.db.Close()
}

// Accounts returns the part that keeps accounts.
func (s *Store) Accounts() storage.Accounts { return accounts{s} }

// Conversations returns the part that loads, commits and claims.
func (s *Store) Conversations() storage.Conversations { return conversations{s} }

// Outbox returns the part that keeps what leaves the system.
func (s *Store) Outbox() storage.Outbox { return outbox{s} }

// Presence returns the part that keeps rosters.
func (s *Store) Presence() storage.Presence { return presence{s} }

// Sessions returns the part that keeps visitors' sessions.
func (s *Store) Sessions() storage.Sessions { return sessions{s} }

// Queries returns the part that reads for people.
func (s *Store) Queries() storage.Queries { return queries{s} }

// Contacts returns the part that keeps contact forms.
func (s *Store) Contacts() storage.Contacts { return contacts{s} }
