package storage

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Errors of a store. A store returns them, possibly wrapped; test with errors.Is.
// Any other error of a call that changes something means that its outcome is
// unknown: it may or may not have happened.
var (
	// ErrConflict: what the call was based on has changed meanwhile, or an
	// identity is taken. Nothing happened; load and decide again.
	ErrConflict = errors.New("storage: conflict")
	// ErrNotFound: there is no such account, or no such thing in it. Nothing happened.
	ErrNotFound = errors.New("storage: not found")
	// ErrExists: the ID or key is taken. Nothing happened.
	ErrExists = errors.New("storage: exists already")
	// ErrConfigChanged: the batch was decided under a configuration version that
	// is no longer the account's. Nothing happened.
	ErrConfigChanged = errors.New("storage: configuration changed")
	// ErrDeleted: the account is deleted. Nothing happened.
	ErrDeleted = errors.New("storage: account deleted")
	// ErrLeaseLost: the delivery was claimed again, settled or dropped. Nothing
	// happened.
	ErrLeaseLost = errors.New("storage: lease lost")
	// ErrCursor: the cursor is malformed, or not of this list; start again
	// without one.
	ErrCursor = errors.New("storage: foreign cursor")
	// ErrBusy: too much waits already, the context ended before the store took the
	// call up, or the store could not do it now and may later. Nothing happened.
	ErrBusy = errors.New("storage: busy")
	// ErrNotDone: the store could not do it, and trying again is of no use before
	// somebody has repaired something. Nothing happened.
	ErrNotDone = errors.New("storage: not done")
	// ErrClosed: the store is closed. Nothing happened.
	ErrClosed = errors.New("storage: closed")
)

// Store is where charla keeps everything. It keeps what it is given and knows no
// rule: it never reads a clock, makes an ID or looks into a decision. All parts
// are safe for concurrent use. Times are cut to the microsecond and kept in UTC;
// the zero time stays zero. Texts are valid UTF-8 without NUL. A nil and an empty
// slice or map are the same. What a store is given and what it returns is the
// caller's to change afterwards.
//
// Everything but the claims is done on behalf of one account, and nothing of one
// account is ever returned for another. A changing call is atomic: all of it
// happens and is durable when it returns nil, or none of it. A read or list in an
// account or conversation that does not exist, or was purged, is empty and does not
// fail, unless it says [ErrNotFound]. A call whose context is done when it begins does
// nothing and returns an error.
//
// A cursor is opaque and holds for its own list, in its own account; elsewhere
// it is [ErrCursor], and so is any other text.
type Store interface {
	Accounts() Accounts
	Conversations() Conversations
	Outbox() Outbox
	Presence() Presence
	Sessions() Sessions
	Queries() Queries
	Contacts() Contacts
	// Close waits for what is under way and releases everything. Calls after
	// it fail with ErrClosed.
	Close() error
}

// Accounts keeps accounts, every version of their configuration and their
// pictures. What is not there is [ErrNotFound].
type Accounts interface {
	// Create adds an account with its first documents. ErrExists if its ID or
	// key is taken, by a deleted account too.
	Create(ctx context.Context, a chatcfg.Account, docs ...Document) error
	// Get returns an account by ID, deleted ones too. ErrNotFound.
	Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error)
	// Find returns an account by its public key, deleted ones too. ErrNotFound.
	Find(ctx context.Context, key string) (chatcfg.Account, error)
	// List returns the accounts that are not deleted, by ID, after the given
	// one, which need not exist (zero: from the start), at most limit of them (as
	// in [Queries]); hidden ones only when asked for.
	List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error)
	// Save replaces the account if its stored revision is a.Revision-1, and
	// adds or replaces the documents. ErrConflict if the revision differs,
	// ErrDeleted if the stored account is deleted, ErrNotFound. The key never
	// changes. When a itself carries DeletedAt, the save also drops the account's
	// deadlines and removes its pending deliveries; what is being sent can still
	// be settled. No commit decided under an older configuration version
	// succeeds after a save that raised it.
	Save(ctx context.Context, a chatcfg.Account, docs ...Document) error
	// Document returns a document of an account, deleted ones too. ErrNotFound if
	// there is no such account or document.
	Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) ([]byte, error)
	// Purge removes everything of a deleted account, itself included, and returns
	// how much. ErrNotFound; ErrConflict while it is not deleted.
	Purge(ctx context.Context, id chatcfg.AccountID) (Purged, error)
}

// Document is a named, versioned blob of an account.
type Document struct {
	// Name is "config", "saved", "saves", "picture", "logo" or "replies".
	Name string
	// Version is the configuration's; zero for the others.
	Version int64
	Body    []byte
}

// Purged says what [Accounts.Purge] removed.
type Purged struct {
	Conversations int64 `json:"conversations"`
	Tickets       int64 `json:"tickets"`
	Messages      int64 `json:"messages"`
	Entries       int64 `json:"entries"`
	Sessions      int64 `json:"sessions"`
	Deliveries    int64 `json:"deliveries"`
	Submissions   int64 `json:"submissions"`
}

// Conversations is the heart of a store: loading and committing one
// conversation, and claiming those that are due.
type Conversations interface {
	// Load returns what one decision needs, from one moment, of deleted accounts
	// too. A conversation that does not exist is not an error:
	// Loaded.Conversation is zero. ErrNotFound if the account does not exist, or
	// a session was asked for and does not.
	Load(ctx context.Context, q LoadQuery) (Loaded, error)
	// Commit writes a batch whole or not at all. It returns nil only when the
	// batch is durable. ErrDeleted and ErrConfigChanged by the account as it is
	// within the commit, ErrNotFound if there is no account, ErrConflict if the
	// version differs, the session's or the account's revision does, an identity is another
	// conversation's, or the conversation has a receipt of that scope and key.
	Commit(ctx context.Context, b *Batch) error
	// ClaimDue returns up to limit conversations whose Wake is at or before now
	// and moves their Wake to leaseUntil, so that nobody else claims them
	// before; earliest first. A commit sets the Wake anew. Conversations of
	// deleted accounts and of the accounts in without are skipped. A limit below one
	// claims nothing, here and in every claim. What another process scheduled may be overlooked for some
	// seconds, here and by NextWake, if this one has already claimed what was due
	// later.
	ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]Claim, error)
	// ClaimStale returns up to limit conversations with an open ticket that
	// were armed under a version below their account's, and that no claim of either
	// kind has returned with a lease beyond now; a commit ends that lease. Wakes stay
	// as they are. Deleted accounts and those in without are skipped.
	ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]Claim, error)
	// NextWake returns the earliest Wake of any conversation of an account that
	// is not deleted, or the zero time.
	NextWake(ctx context.Context) (time.Time, error)
	// Ahead returns, in any order, up to limit tickets whose ChangedAt is after changed, and
	// with ticket zero conversations that ClaimDue or ClaimStale has leased until after
	// leased, and that no commit has changed since: what a clock that was ahead dated.
	// Deleted accounts are skipped.
	Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error)
}

// LoadQuery says what to load. Either Session or Conversation is given.
type LoadQuery struct {
	Account chatcfg.AccountID
	// Session loads the session, and the conversation it writes in: the one
	// with its Conversation ID, else the one that holds its Identity.
	Session tickets.SessionID
	// Conversation loads that conversation.
	Conversation tickets.ConversationID
	// Ticket also loads that ticket if it is not the latest; zero: none.
	Ticket tickets.Number
	// Scope and Key also load the receipt of an earlier command with that key;
	// empty Key: none.
	Scope, Key string
}

// Loaded is what one decision needs.
type Loaded struct {
	// Account is the account as of the same moment.
	Account chatcfg.Account
	// Session is the session, if asked for.
	Session tickets.Session
	// Conversation has Version zero if it does not exist.
	Conversation tickets.Conversation
	// Ticket is the latest ticket; Number zero: there is none.
	Ticket tickets.Ticket
	// Older is the older ticket asked for; nil if it does not exist or was not
	// asked for.
	Older *tickets.Ticket
	// Receipt is the earlier command's; nil: none.
	Receipt *Receipt
}

// Receipt is what a keyed command answered. It is kept with the conversation.
type Receipt struct {
	// Scope is who used the key ("session:…", "agent:…"), Key the caller's key.
	Scope string `json:"scope"`
	Key   string `json:"key"`
	// Hash is of the command's body: the same key with another hash is an
	// error of the caller.
	Hash [32]byte `json:"hash"`
	// Entry, Ticket, Seq, First, Last and At are the answer.
	Entry  int64          `json:"entry"`
	Ticket tickets.Number `json:"ticket"`
	Seq    int64          `json:"seq,omitempty"`
	// First and Last are the sequences of the first and the last message that the
	// commit stored; zero: none, or the receipt is of an older version.
	First int64     `json:"first,omitempty"`
	Last  int64     `json:"last,omitempty"`
	At    time.Time `json:"at"`
}

// Batch is everything that one decision changes: one conversation, all or
// nothing.
type Batch struct {
	// Config is the configuration version it was decided under; it must be the
	// account's at the commit.
	Config chatcfg.Version
	// Conversation is as it shall be. Its Version is one more than the stored
	// one's (1: it must not exist).
	Conversation tickets.Conversation
	// Session, if not zero, is who writes: it must be stored with
	// SessionRevision, so that it has not ended or moved meanwhile; else
	// ErrConflict.
	Session         tickets.SessionID
	SessionRevision int64
	// AccountRevision, if not zero, is the account's, so that its sessions have not
	// been ended meanwhile; else ErrConflict.
	AccountRevision int64
	// Reserve are identities that the conversation takes, or holds already.
	Reserve []tickets.Identity
	// Tickets are inserted or replaced, by number. Exactly the latest one may be
	// other than closed: a batch after which two were is [ErrNotDone].
	Tickets []tickets.Ticket
	// Messages, Entries and Answers are appended.
	Messages []tickets.Message
	Entries  []tickets.Entry
	Answers  []tickets.Answer
	// Deliveries are added to the account's outbox, as pending; one whose key it
	// holds already, in any state, is left out.
	Deliveries []Delivery
	// Receipt remembers the command's key; nil: it had none.
	Receipt *Receipt
	// Words are texts to find tickets by: words folded by charla, separated by
	// single spaces.
	Words []Words
	// Wake is the conversation's next deadline; zero: none.
	Wake time.Time
	// Active says that the latest ticket is open, so that [Conversations.ClaimStale]
	// considers the conversation when Conversation.Armed falls behind.
	Active bool
}

// Words are folded words by which a ticket is found. They add up: a commit never
// takes earlier ones away.
type Words struct {
	Ticket tickets.Number
	Text   string
}

// Claim is a conversation that is due.
type Claim struct {
	Account      chatcfg.AccountID
	Conversation tickets.ConversationID
	// Due is the Wake that was claimed; zero from ClaimStale.
	Due time.Time
}

// Outbox keeps what leaves the system: e-mails and hooks.
type Outbox interface {
	// Claim takes up to limit deliveries that are pending with NotBefore at or
	// before now, in the order of NotBefore and then of their commits: marks
	// them sending until leaseUntil, counts the attempt, raises the fence, and
	// returns them so. A sending delivery whose lease has run out is claimed
	// again if it is Repeatable, and marked unknown otherwise. Those of deleted
	// accounts are skipped. A share claims fewer of what there is much of; what
	// it leaves behind must not make a claim slow.
	Claim(ctx context.Context, now, leaseUntil time.Time, limit int, s Share) ([]Delivery, error)
	// Settle ends an attempt: d.State sent, dead, unknown, or pending for
	// another attempt at d.NotBefore; d.Attempts, d.Error and d.SettledAt are kept.
	// ErrLeaseLost unless there is such a delivery, sending with the fence d.Fence; it
	// may be settled after its lease has run out. In a deleted account a delivery that
	// would be pending again is removed.
	Settle(ctx context.Context, d Delivery) error
	// List returns an account's deliveries in a state, in the order of their
	// commits; limit as in [Queries]. An unknown account has none.
	List(ctx context.Context, account chatcfg.AccountID, state DeliveryState, cursor string, limit int) (Page[Delivery], error)
	// Replay makes a dead or unknown delivery pending at now, with no attempts;
	// the fence stays. ErrNotFound if there is no such account or delivery;
	// ErrDeleted by the account; ErrConflict in another state.
	Replay(ctx context.Context, account chatcfg.AccountID, key string, now time.Time) error
	// Recall makes due at now what a clock that was ahead dated: pending deliveries with
	// NotBefore after pending, and leases that end after leased. It returns how many.
	// Deleted accounts are skipped.
	Recall(ctx context.Context, now, pending, leased time.Time) (int, error)
	// Prune removes sent deliveries that were settled before a time, at most
	// limit, the oldest first, and returns how many. Their keys are free again.
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	// NextWake returns the earliest instant at which Claim would have
	// something to do, or the zero time.
	NextWake(ctx context.Context) (time.Time, error)
}

// Share limits what one claim of an [Outbox] takes of each lane. The zero Share
// limits nothing.
type Share struct {
	// Each is how many deliveries of one lane are claimed at most, the first in the
	// order of the claim; zero: any number.
	Each int
	// Full are lanes of which nothing is claimed.
	Full []Lane
}

// Lane is an account's deliveries of one kind. In [Share].Full a zero Account stands
// for every account.
type Lane struct {
	Account chatcfg.AccountID
	Kind    string
}

// Allows reports whether a claim that took taken deliveries of the lane may take one
// more.
func (s *Share) Allows(lane Lane, taken int) bool {
	return (s.Each <= 0 || taken < s.Each) &&
		!slices.Contains(s.Full, lane) && !slices.Contains(s.Full, Lane{Kind: lane.Kind})
}

// DeliveryState is the state of a delivery. The zero value is invalid.
type DeliveryState string

// The states of a delivery. Every one ends sent, dead or unknown.
const (
	Pending DeliveryState = "pending"
	Sending DeliveryState = "sending"
	Sent    DeliveryState = "sent"
	Dead    DeliveryState = "dead"
	Unknown DeliveryState = "unknown"
)

// Delivery is one thing that leaves the system.
type Delivery struct {
	Account chatcfg.AccountID `json:"account"`
	// Key is unique and stable within the account.
	Key string `json:"key"`
	// Kind is the desk's, which tells the deliveries of one handler from others'.
	Kind         string                 `json:"kind"`
	Conversation tickets.ConversationID `json:"conversation"`
	Ticket       tickets.Number         `json:"ticket"`
	// Body is the desk's.
	Body []byte `json:"body"`
	// Repeatable deliveries may be made again when their outcome is unknown.
	Repeatable bool `json:"repeatable,omitempty"`

	State    DeliveryState `json:"state"`
	Attempts int           `json:"attempts"`
	// Fence rises with each claim.
	Fence     int64     `json:"fence"`
	NotBefore time.Time `json:"notBefore"`
	// SettledAt is when it last left Sending by Settle; the caller's clock.
	SettledAt time.Time `json:"settledAt,omitzero"`
	Error     string    `json:"error,omitempty"`
}
