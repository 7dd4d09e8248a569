package storage

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Queries reads for people: lists, streams, reports. Limits above [MaxPage] are
// cut to it; below one they are [MaxPage]. An account or a conversation that does not
// exist has no items and zero figures; only Ticket fails with [ErrNotFound].
type Queries interface {
	// Ticket returns one ticket; number zero is the latest. ErrNotFound if there is
	// no such account, conversation or ticket.
	Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error)
	// Tickets lists tickets. A ticket that does not change while one pages is
	// listed exactly once. ErrCursor.
	Tickets(ctx context.Context, q TicketQuery) (Page[TicketRow], error)
	// Counts returns how many tickets each of these queries finds, all as of one moment,
	// at most [MaxCount] each. It does not look at their Words, Preview, Cursor and Limit.
	Counts(ctx context.Context, account chatcfg.AccountID, all []TicketQuery) ([]int, error)
	// Messages reads messages of a conversation, in their order.
	Messages(ctx context.Context, q MessageQuery) ([]tickets.Message, error)
	// History reads the entries of a conversation after an entry number, in
	// their order; of one ticket if ref.Number is not zero.
	History(ctx context.Context, ref tickets.Ref, after int64, limit int) ([]tickets.Entry, error)
	// Changes reads an account's feed after a cursor (empty: from the start):
	// every conversation that changed since, at least once, with a version not
	// below the one that it then had, none skipped however late a commit lands.
	// Next is never empty: it is where to read on, now or later, and a page
	// without items has caught up. The cursor [Latest] returns no items, only
	// where the feed ends now. ErrCursor if the cursor is of another database,
	// even one with the same account. An account that does not exist has an empty feed.
	Changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (Page[Change], error)
	// Report computes figures over a period (R2.7), by groups if the query says so
	// (R11.8). [Reporter] computes them from tickets and answers.
	Report(ctx context.Context, account chatcfg.AccountID, q ReportQuery) (tickets.Report, error)
	// Count counts open tickets by an instant: after < instant <= upTo. Zero
	// instants never count. It fails if by is not one of the constants.
	Count(ctx context.Context, account chatcfg.AccountID, by Instant, after, upTo time.Time) (int, error)
}

// Latest is the cursor of [Queries.Changes] that stands for the feed's end.
const Latest = "latest"

// MaxPage is the largest page that a store returns.
const MaxPage = 500

// Page is a part of a list. Next continues it; empty: that was all (but see
// [Queries.Changes]).
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// Instant is an instant of a ticket by which [Queries.Count] counts.
type Instant string

// The instants.
const (
	// CountsFrom is where auto-close counts from.
	CountsFrom Instant = "countsFrom"
	// WaitsSince is where a wait that is not delayed began.
	WaitsSince Instant = "waitsSince"
)

// Order is the order of a list of tickets.
type Order string

// The orders.
const (
	// ByChange lists the last changed first. It is the default.
	ByChange Order = "change"
	// ByWaiting lists only open tickets that wait, the longest wait first.
	ByWaiting Order = "waiting"
)

// MaxCount is where [Queries].Counts stops counting.
const MaxCount = 1000

// MaxUnread is where [TicketRow].Unread stops counting.
const MaxUnread = 100

// TicketRow is a ticket in a list. What follows the ticket is its conversation's,
// and zero unless [TicketQuery].Preview asks for it.
type TicketRow struct {
	Conversation tickets.ConversationID `json:"conversation"`
	tickets.Ticket
	// Last is the conversation's last message, whichever ticket it is of; nil: there is
	// none.
	Last *tickets.Message `json:"last,omitempty"`
	// Unread is how many of the customer's messages are above the agents' mark
	// ([Sessions].Marks), or not read by [TicketQuery].Reader, at most [MaxUnread].
	Unread int `json:"unread,omitempty"`
	// Wake is the conversation's Wake, as [Conversations].NextWake has it; zero: it
	// has none.
	Wake time.Time `json:"wake,omitzero"`
}

// MessageQuery says which messages to read.
type MessageQuery struct {
	Account      chatcfg.AccountID
	Conversation tickets.ConversationID
	// Session not zero: only that session's (R7.2).
	Session tickets.SessionID
	// WithoutNotes leaves out those that are [tickets.FromNote] (R11.4); they do not count
	// for Limit.
	WithoutNotes bool `json:",omitempty"`
	// After reads those with a larger sequence; Before, if not zero, those with
	// a smaller one.
	After, Before int64
	// Last reads the last Limit of them instead of the first; the order stays.
	Last  bool
	Limit int
}

// Change says that a conversation has reached a version.
type Change struct {
	Conversation tickets.ConversationID `json:"conversation"`
	Version      int64                  `json:"version"`
}
