package charla

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/internal/fold"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Inbox is the handle of what the agents of an account read: its tickets, its
// conversations, its customers, its reports. A ref of another account is
// [ErrNotFound] to it; what a deleted account has can still be read. It is safe for
// concurrent use.
//
// Ticket, History and Explain are about the ticket that a ref names. Messages, File, Follow,
// Marks and DryRun are about its conversation, whichever of its tickets the ref names, as
// [Agent.MarkRead] and [Agent.SetActivity] are; [tickets.Message] says in which ticket it was
// written.
type Inbox struct {
	desk    *Desk
	account chatcfg.AccountID
	// reader is the agent whose inbox it is; empty: anybody's.
	reader tickets.AgentID
}

// Row is a ticket in a list, with what a list shows of its conversation.
type Row struct {
	Ref tickets.Ref `json:"ref"`
	tickets.Ticket
	// Last is the conversation's last message, also an automatic one, a bot's or a note: its
	// From says so. What the customer asked is among [Inbox.Messages], by From
	// [tickets.FromCustomer], as examples/bot finds it.
	Last tickets.Message `json:"last"`
	// Unread counts the customer's messages after the agent's mark, of [Agent.Inbox], else
	// after the agents', up to [MaxUnread].
	Unread int `json:"unread,omitempty"`
	// Due is when something next happens to the conversation by itself; zero: never.
	Due time.Time `json:"due,omitzero"`
	// Cursor continues [Inbox.Live] after this row.
	Cursor string `json:"-"`
}

// MaxUnread is where a row's count of unread messages stops: at 100.
const MaxUnread = storage.MaxUnread

// Limits of [Inbox.Counts].
const (
	// MaxCount is where a count stops: at 1,000.
	MaxCount = storage.MaxCount
	// MaxViews is how many counts one call may ask for.
	MaxViews = 20
)

// MaxSearch is how many words one search may have.
const MaxSearch = 32

// maxSearchText is how many characters one search may have.
const maxSearchText = 2000

// TicketQuery says which tickets to list. Every condition given must hold.
type TicketQuery struct {
	// Status empty: any. What is with the bot is open, and left out unless WithBot asks for it.
	Status tickets.Status
	// Conversation lists one customer's; zero: every customer's (R3.6).
	Conversation tickets.ConversationID
	// Important and Delayed list only such tickets.
	Important, Delayed bool
	// Waiting lists only open tickets whose customer waits, the longest wait first;
	// otherwise the last changed is first.
	Waiting bool
	// Category lists only tickets with exactly this category; empty: any. Fields lists
	// only tickets that have all these fields with exactly these values.
	Category string
	Fields   map[string]string
	// Assignee lists only what that agent has, Team what that team has; empty: any.
	// Unassigned lists only what is not closed and no agent has (R11.3).
	Assignee   tickets.AgentID
	Team       tickets.TeamID
	Unassigned bool
	// Score lists only what its customer rated so (R14.3); zero: any.
	Score int
	// WithBot lists only what is with the bot; that is open, so Status is empty or open.
	// Otherwise it is left out (R12.2), but one Conversation is listed whole if Status is empty.
	WithBot bool
	// Text finds tickets of which every word occurs in what the customer and the
	// agents wrote (automatic messages aside), in the customer's name, e-mail, RUT and
	// telephone, or in the category; case and accents do not matter, and the last word
	// may be a beginning. At most [MaxSearch] words and 2,000 characters. Empty: no search;
	// a text without a word finds nothing.
	Text string
	PageQuery
}

// storage returns the store's query, without Text and page. It fails with
// [chatcfg.Problems] for an unknown status and what no ticket can have.
func (q *TicketQuery) storage(account chatcfg.AccountID) (storage.TicketQuery, error) {
	query := storage.TicketQuery{
		Account: account, Status: q.Status, Conversation: q.Conversation, Important: q.Important, Delayed: q.Delayed,
		Category: q.Category, Fields: q.Fields, Assignee: q.Assignee, Team: q.Team, Unassigned: q.Unassigned, Score: q.Score, WithBot: q.WithBot,
	}
	if q.Waiting {
		query.Order = storage.ByWaiting
	}
	if err := checkChoice("status", q.Status, tickets.StatusNone, tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed); err != nil {
		return query, err
	}
	p := checkFields("fields", q.Fields)
	if q.Assignee != "" {
		p = append(p, checkID("assignee", q.Assignee)...)
	}
	if q.Team != "" {
		p = append(p, checkID("team", q.Team)...)
	}
	if q.Category != "" {
		p = append(p, chatcfg.CheckLine("category", q.Category, MaxField)...)
	}
	if q.WithBot && q.Status != tickets.StatusNone && q.Status != tickets.StatusOpen {
		p = append(p, chatcfg.Problem{Path: "withBot", Code: chatcfg.CodeUnwanted})
	}
	if q.Score < 0 || q.Score > 5 {
		p = append(p, chatcfg.Problem{Path: "score", Code: chatcfg.CodeOutOfRange, Args: []any{1, 5}})
	}
	return query, problems(p)
}

// Counts returns how many tickets each of these queries finds, for the views of an inbox,
// as of one moment, up to [MaxCount] each: all in one read of the store (R11.3). Pages do
// not matter. It fails with [chatcfg.Problems] for more than [MaxViews] queries, a Text, an
// unknown status, or an agent, team, category, score or fields that no ticket can have, and
// with [ErrNotFound] if there is no such account.
func (b *Inbox) Counts(ctx context.Context, views ...TicketQuery) ([]int, error) {
	if len(views) > MaxViews {
		return nil, chatcfg.Problems{{Path: "views", Code: chatcfg.CodeTooMany, Args: []any{MaxViews}}}
	}
	all := make([]storage.TicketQuery, len(views))
	for i := range views {
		if views[i].Text != "" {
			return nil, chatcfg.Problems{{Path: "text", Code: chatcfg.CodeUnwanted}}
		}
		var err error
		if all[i], err = views[i].storage(b.account); err != nil {
			return nil, err
		}
	}
	counts, err := b.desk.store.Queries().Counts(ctx, b.account, all)
	if err == nil && !slices.ContainsFunc(counts, func(n int) bool { return n > 0 }) {
		_, err = b.desk.account(ctx, b.account)
	}
	return counts, storeError(err)
}

// Tickets lists tickets with what a list shows of them, in one read of the store, in
// the query's order. It fails with [chatcfg.Problems] for an unknown status, an agent, team,
// category, score or fields that no ticket can have, or too long a search, with [ErrCursor]
// for a cursor of another list, and with [ErrNotFound] if there is no such account.
func (b *Inbox) Tickets(ctx context.Context, q TicketQuery) (Page[Row], error) {
	query, err := q.storage(b.account)
	if err != nil {
		return Page[Row]{}, err
	}
	query.Cursor, query.Limit, query.Preview, query.Reader = q.Cursor, q.Limit, true, b.reader
	if len(q.Text) > utf8.UTFMax*maxSearchText || utf8.RuneCountInString(q.Text) > maxSearchText {
		return Page[Row]{}, chatcfg.Problems{{Path: "text", Code: chatcfg.CodeTooLong, Args: []any{maxSearchText}}}
	}
	if q.Text != "" {
		query.Words = strings.Fields(fold.Query(q.Text))
		switch {
		case len(query.Words) == 0:
			return Page[Row]{}, nil
		case len(query.Words) > MaxSearch:
			return Page[Row]{}, chatcfg.Problems{{Path: "text", Code: chatcfg.CodeTooMany, Args: []any{MaxSearch}}}
		}
	}
	page, err := b.desk.store.Queries().Tickets(ctx, query)
	if err == nil && len(page.Items) == 0 {
		_, err = b.desk.account(ctx, b.account)
	}
	if err != nil {
		return Page[Row]{}, storeError(err)
	}
	rows := make([]Row, len(page.Items))
	for i := range page.Items {
		b.fill(&rows[i], &page.Items[i])
	}
	return Page[Row]{Items: rows, Next: page.Next}, nil
}

// fill fills in a zero row with a stored one, as the inbox lists it.
func (b *Inbox) fill(row *Row, t *storage.TicketRow) {
	row.Ref, row.Ticket, row.Unread, row.Due = refOf(b.account, t), t.Ticket, t.Unread, t.Wake
	if t.Last != nil {
		row.Last = *t.Last
	}
}

// refOf returns the ref of a stored row of an account.
func refOf(account chatcfg.AccountID, t *storage.TicketRow) tickets.Ref {
	return tickets.Ref{Account: account, Conversation: t.Conversation, Number: t.Number}
}

// Ticket returns one ticket; number zero is the customer's latest. It fails with
// [ErrNotFound] if there is none.
func (b *Inbox) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	ref, err := ownRef(b.account, ref)
	if err != nil {
		return tickets.Ticket{}, err
	}
	return b.desk.ticket(ctx, ref)
}

// MessageQuery says which messages of a conversation to read. They always come in
// their order.
type MessageQuery struct {
	// After and Before are sequence numbers: only messages between them; zero: any.
	After, Before int64
	// Newest reads from the end: the last messages, and with each further page those
	// before.
	Newest bool
	PageQuery
}

// storage returns the store's query, without account and conversation. It fails with
// [ErrCursor] for a cursor of another list.
func (q MessageQuery) storage() (storage.MessageQuery, error) {
	at, err := q.number()
	if at > 0 && q.Newest {
		q.Before = at
	} else if at > 0 {
		q.After = at
	}
	return storage.MessageQuery{After: max(q.After, 0), Before: max(q.Before, 0), Last: q.Newest, Limit: q.limit()}, err
}

// page returns the page that the messages read by the query make, in their order.
func (q MessageQuery) page(list []tickets.Message) Page[tickets.Message] {
	page := Page[tickets.Message]{Items: list}
	switch {
	case len(list) < q.limit():
	case !q.Newest:
		page.Next = strconv.FormatInt(list[len(list)-1].Seq, 10)
	case list[0].Seq > 1:
		page.Next = strconv.FormatInt(list[0].Seq, 10)
	}
	return page
}

// Messages reads the whole conversation of a ticket as its agents see it. It fails with [ErrCursor] for a cursor
// of another list, and with [ErrNotFound] if there is no such conversation.
func (b *Inbox) Messages(ctx context.Context, ref tickets.Ref, q MessageQuery) (Page[tickets.Message], error) {
	ref, err := ownRef(b.account, ref)
	if err != nil {
		return Page[tickets.Message]{}, err
	}
	query, err := q.storage()
	if err != nil {
		return Page[tickets.Message]{}, err
	}
	query.Account, query.Conversation = ref.Account, ref.Conversation
	list, err := b.desk.store.Queries().Messages(ctx, query)
	if err == nil && len(list) == 0 {
		ref.Number = 0
		_, err = b.desk.ticket(ctx, ref)
	}
	return q.page(list), storeError(err)
}

// File returns the attachment of a message, by its sequence, and its bytes. It fails
// with [ErrNotFound] if there is no such message or no file with it.
func (b *Inbox) File(ctx context.Context, ref tickets.Ref, seq int64) (tickets.File, []byte, error) {
	page, err := b.Messages(ctx, ref, MessageQuery{After: seq - 1, PageQuery: PageQuery{Limit: 1}})
	return b.desk.file(ctx, b.account, seq, page.Items, err)
}

// Follow yields the messages of a ticket's whole conversation after a sequence number, in
// order and without a gap, as they come, with typing, read marks and what colleagues do, until ctx
// ends or the reader stops (R8.3, R11.7). An empty [Update] comes once, when everything stored before has
// been yielded, and then after each beat without news; a beat of zero: never. It reads
// only when asked for the next one, so a slow reader slows nobody. What another process
// wrote it sees within [RunnerOptions].Poll. The last pair has the error that ended it:
// [ErrNotFound] at once for a conversation that does not exist, ctx's in the end.
func (b *Inbox) Follow(ctx context.Context, ref tickets.Ref, after int64, beat time.Duration) iter.Seq2[Update, error] {
	ref, err := ownRef(b.account, ref)
	if err != nil {
		return func(yield func(Update, error) bool) { yield(Update{}, err) }
	}
	return b.desk.followTicket(ctx, ref, b.reader, after, beat)
}

// History reads the history of a ticket, or of the whole conversation if ref.Number is
// zero, oldest first (R3.8). A page's Cursor is the number of an entry. It fails with
// [ErrCursor] for a cursor of another list, and with [ErrNotFound] if there is no such ticket.
func (b *Inbox) History(ctx context.Context, ref tickets.Ref, q PageQuery) (Page[tickets.Entry], error) {
	ref, err := ownRef(b.account, ref)
	if err != nil {
		return Page[tickets.Entry]{}, err
	}
	after, err := q.number()
	if err != nil {
		return Page[tickets.Entry]{}, err
	}
	list, err := b.desk.store.Queries().History(ctx, ref, after, q.limit())
	if err == nil && len(list) == 0 {
		_, err = b.desk.ticket(ctx, ref)
	}
	return numbered(list, q.limit(), func(e *tickets.Entry) int64 { return e.N }), storeError(err)
}

// Explain says in words, in a language, what happened to a ticket and why: one
// explanation for each entry of [Inbox.History], with what every rule answered, also of
// rules that the history leaves out because they were off. Instants in its texts are in
// the account's time zone, At and Due in UTC. It fails like History, and with
// [ErrNewerFormat].
func (b *Inbox) Explain(ctx context.Context, ref tickets.Ref, l chatcfg.Locale, q PageQuery) (Page[automation.Explanation], error) {
	entries, err := b.History(ctx, ref, q)
	if err != nil {
		return Page[automation.Explanation]{}, err
	}
	out, err := b.desk.explain(ctx, b.account, l, entries.Items)
	return Page[automation.Explanation]{Items: out, Next: entries.Next}, err
}

// DryRun returns what would happen if the customer of a conversation wrote this now, in
// the session that wrote last, by the same decision, without writing anything. It fails
// like [Visitor.Write], and with [ErrNotFound] if there is no such conversation.
// [automation.Explain] puts its entries into words.
func (b *Inbox) DryRun(ctx context.Context, ref tickets.Ref, text string) (Outcome, error) {
	ref, err := ownRef(b.account, ref)
	if err != nil {
		return Outcome{}, err
	}
	loaded, err := b.desk.load(ctx, storage.LoadQuery{Account: ref.Account, Conversation: ref.Conversation})
	if err == nil && loaded.Conversation.Session.IsZero() { // nobody wrote there
		err = ErrNotFound
	}
	if err != nil {
		return Outcome{}, err
	}
	return b.desk.dryRun(ctx, storage.LoadQuery{Account: ref.Account, Session: loaded.Conversation.Session}, b.desk.admit, text)
}

// Contacts lists what visitors sent by the contact form, the last first. It fails with
// [ErrCursor] for a cursor of another list, and with [ErrNotFound] if there is no such
// account.
func (b *Inbox) Contacts(ctx context.Context, q PageQuery) (Page[tickets.Submission], error) {
	page, err := b.desk.store.Contacts().List(ctx, b.account, q.Cursor, q.Limit)
	if err == nil && len(page.Items) == 0 {
		_, err = b.desk.account(ctx, b.account)
	}
	return Page[tickets.Submission](page), storeError(err)
}

// ReportQuery says which report to read: over a period from From, inclusive, to To,
// exclusive and later, and by which groups (R11.8); By empty: by none.
type ReportQuery struct {
	From, To time.Time
	By       tickets.Grouping
}

// Report returns R2.7's figures over a period. Hours and weekdays are those of the
// account's time zone. It fails with [chatcfg.Problems] for an unknown grouping, without To
// and with one that is not after From, and with [ErrNotFound] if there is no such account.
func (b *Inbox) Report(ctx context.Context, q ReportQuery) (tickets.Report, error) {
	err := checkChoice("by", q.By, "", tickets.ByAgent, tickets.ByTeam, tickets.ByCategory, tickets.ByHour, tickets.ByWeekday)
	switch {
	case err != nil:
	case q.To.IsZero():
		err = chatcfg.Problems{{Path: "to", Code: chatcfg.CodeRequired}}
	case !q.To.After(q.From):
		err = chatcfg.Problems{{Path: "to", Code: chatcfg.CodeNotAfter, Args: []any{"from"}}}
	}
	if err != nil {
		return tickets.Report{}, err
	}
	account, err := b.desk.account(ctx, b.account) // also a deleted one: its tickets are history
	if err != nil {
		return tickets.Report{}, err
	}
	of := storage.ReportQuery{From: q.From, To: q.To, By: q.By}
	if q.By == tickets.ByHour || q.By == tickets.ByWeekday {
		cfg, err := b.desk.config(ctx, account.ID, account.Version)
		if err != nil {
			return tickets.Report{}, err
		}
		of.Zone = cfg.Hours.Location()
	}
	r, err := b.desk.store.Queries().Report(ctx, b.account, of)
	return r, storeError(err)
}

// Marks returns how far each side of a conversation has read; zero: not at all. It fails with
// [ErrNotFound] if there is no such conversation.
func (b *Inbox) Marks(ctx context.Context, ref tickets.Ref) (tickets.Marks, error) {
	ref, err := ownRef(b.account, ref)
	if err != nil {
		return tickets.Marks{}, err
	}
	m, err := b.desk.store.Sessions().Marks(ctx, ref.Account, ref.Conversation)
	if err == nil && m == (tickets.Marks{}) {
		ref.Number = 0
		_, err = b.desk.ticket(ctx, ref)
	}
	return m, storeError(err)
}

// Presence returns whether the account has an available agent now, and the number of
// the absence (R4.7). It fails with [ErrNotFound] if there is no such account, and if
// [Options].Presence does.
func (b *Inbox) Presence(ctx context.Context) (tickets.Presence, error) {
	if _, err := b.desk.account(ctx, b.account); err != nil {
		return tickets.Presence{}, err
	}
	return b.desk.presence(ctx, b.account)
}
