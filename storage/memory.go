package storage

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Memory is the reference [Store]: everything in this process's memory, nothing
// durable. It serves tests, examples and authors of other stores. Use
// [NewMemory].
//
// It keeps every promise of the contract but durability: what a desk leaves in it
// is there for the next desk on the same object, until Close. Claims, counts and
// pages are found by indexes; a search by words or fields reads an account's
// tickets one by one.
type Memory struct {
	mu     sync.RWMutex
	closed bool
	// database makes the cursors of each Memory its own.
	database string

	accounts map[chatcfg.AccountID]*account
	keys     map[string]*account
	// ids are those of accounts, ascending.
	ids []chatcfg.AccountID
	// commits numbers what lands, deliveries what goes out.
	commits, deliveries int64
	// due are conversations by Wake. pending are deliveries of each lane by NotBefore,
	// sending by the end of their lease, sent by SettledAt. A deleted account
	// has none in due, pending and sending.
	due           index[*conversation]
	pending       map[Lane]*index[*delivery]
	sending, sent index[*delivery]
}

// account is all that belongs to one account.
type account struct {
	record        chatcfg.Account
	documents     map[documentKey][]byte
	roster        tickets.Roster
	sessions      map[tickets.SessionID]tickets.Session
	identities    map[tickets.Identity]tickets.ConversationID
	conversations map[tickets.ConversationID]*conversation
	outbox        map[string]*delivery
	// states are the deliveries of each state in the order of their commits.
	states map[DeliveryState]*index[*delivery]
	// feed is each conversation at its last commit.
	feed index[*conversation]
	// armed are the active conversations, by the version they were armed under
	// and then by the end of their stale lease.
	armed   map[chatcfg.Version]*index[*conversation]
	views   [views]index[*ticket]
	answers index[tickets.Answer]
	// submissions are in the order in which they were added, contacts by key.
	submissions []tickets.Submission
	contacts    map[string]int
}

type documentKey struct {
	name    string
	version int64
}

type conversation struct {
	record   tickets.Conversation
	tickets  map[tickets.Number]*ticket
	messages []tickets.Message
	entries  []tickets.Entry
	answers  int64
	receipts map[receiptKey]Receipt
	landed   int64
	wake     time.Time
	active   bool
	// leased is the end of the last lease.
	leased time.Time
	marks  tickets.Marks
}

type receiptKey struct{ scope, key string }

type ticket struct {
	conversation tickets.ConversationID
	record       tickets.Ticket
	texts        []string
}

type delivery struct {
	record Delivery
	order  int64
	leased time.Time
}

// NewMemory returns an empty store, on which no cursor of another one holds.
func NewMemory() *Memory {
	return NewMemoryOf(strconv.FormatUint(maphash.String(maphash.MakeSeed(), ""), 36))
}

// NewMemoryOf returns an empty store for a named database, for a store that is built on
// Memory, such as one that replays a journal. A cursor holds on every Memory of the same
// name after the same changes in the same order, and on no other.
func NewMemoryOf(database string) *Memory {
	return &Memory{
		database: database,
		accounts: make(map[chatcfg.AccountID]*account),
		keys:     make(map[string]*account),
		pending:  make(map[Lane]*index[*delivery]),
	}
}

// Accounts returns the part that keeps accounts.
func (m *Memory) Accounts() Accounts { return memoryAccounts{m} }

// Conversations returns the part that loads, commits and claims.
func (m *Memory) Conversations() Conversations { return memoryConversations{m} }

// Outbox returns the part that keeps what leaves the system.
func (m *Memory) Outbox() Outbox { return memoryOutbox{m} }

// Presence returns the part that keeps rosters.
func (m *Memory) Presence() Presence { return memoryPresence{m} }

// Sessions returns the part that keeps visitors' sessions.
func (m *Memory) Sessions() Sessions { return memorySessions{m} }

// Queries returns the part that reads for people.
func (m *Memory) Queries() Queries { return memoryQueries{m} }

// Contacts returns the part that keeps contact forms.
func (m *Memory) Contacts() Contacts { return memoryContacts{m} }

// Close frees everything that is kept. Calls after it fail with [ErrClosed], and so
// does a second Close; nothing else fails.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.closed = true
	m.accounts, m.keys, m.ids = nil, nil, nil
	m.due = index[*conversation]{}
	m.pending, m.sending, m.sent = nil, index[*delivery]{}, index[*delivery]{}
	return nil
}

// read locks the store for a reading call. Without an error, the caller must call done at
// the end. It fails with the context's error or [ErrClosed].
func (m *Memory) read(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	if m.closed {
		m.mu.RUnlock()
		return nil, ErrClosed
	}
	return m.mu.RUnlock, nil
}

// write locks the store for a changing call; it is otherwise like read, and fails as read
// does.
func (m *Memory) write(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, ErrClosed
	}
	return m.mu.Unlock, nil
}

// live returns an account that is not deleted. It fails with [ErrNotFound] or
// [ErrDeleted].
func (m *Memory) live(id chatcfg.AccountID) (*account, error) {
	a := m.accounts[id]
	if a == nil {
		return nil, ErrNotFound
	}
	if !a.record.DeletedAt.IsZero() {
		return nil, ErrDeleted
	}
	return a, nil
}

// conversation returns a conversation, or nil if there is none.
func (m *Memory) conversation(account chatcfg.AccountID, id tickets.ConversationID) *conversation {
	if a := m.accounts[account]; a != nil {
		return a.conversations[id]
	}
	return nil
}

// cursor returns the cursor for a position in a list. The list's name holds the account
// and everything else that selects its items.
func (m *Memory) cursor(list string, p position) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.at))
	b = append(b, p.conversation[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.n))
	return Cursor(m.database, list, b)
}

// parseCursor returns the position in a cursor of the same list. It fails with
// [ErrCursor] for any other text.
func (m *Memory) parseCursor(list, cursor string) (position, error) {
	b, err := ParseCursor(m.database, list, cursor)
	if err != nil || len(b) != 32 {
		return position{}, ErrCursor
	}
	return position{
		at:           int64(binary.BigEndian.Uint64(b)),
		conversation: [16]byte(b[8:24]),
		n:            int64(binary.BigEndian.Uint64(b[24:])),
	}, nil
}

// searchID returns the index in ids at which an ID is or belongs, and whether it is
// there.
func (m *Memory) searchID(id chatcfg.AccountID) (int, bool) {
	return slices.BinarySearchFunc(m.ids, id, func(a, b chatcfg.AccountID) int {
		return bytes.Compare(a.UUID[:], b.UUID[:])
	})
}
