package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5/pgtype"
)

// listing builds the statement of one list of tickets. Conditions are fixed
// texts; what the caller gave goes into args only.
type listing struct {
	conditions []string
	args       []any
}

// arg adds an argument and returns its place, such as $3.
func (l *listing) arg(v any) string {
	l.args = append(l.args, v)
	return "$" + strconv.Itoa(len(l.args))
}

// where adds a condition, which must hold beside the others.
func (l *listing) where(condition string) { l.conditions = append(l.conditions, condition) }

// Tickets implements [storage.Queries]: it returns a page of a query's tickets in its
// order, with previews if it asks for them. It fails with [storage.ErrCursor] for a
// cursor of another list, or if ctx ends, the store is closed or busy, or its database
// fails.
func (p queries) Tickets(ctx context.Context, q storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
	var page storage.Page[storage.TicketRow]
	name, err := listName(q)
	if err != nil {
		return page, err
	}
	after, continued, err := p.s.parseCursor(name, q.Cursor)
	if err != nil {
		return page, err
	}
	var account int64
	if len(q.Words) > 0 {
		found, err := p.s.one(ctx, "SELECT number FROM charla.accounts WHERE id = $1", []any{q.Account.UUID[:]}, &account)
		if err != nil || !found {
			return page, err
		}
	}
	limit := storage.PageLimit(q.Limit)
	query, args := statement(account, q, continued, after, limit+1)
	if q.Preview {
		query = withPreview(query, q.Order, q.Reader != "")
	}
	var last position
	var doc, message, conversation document
	var wake pgtype.Int8
	var unread int64
	columns := []any{&last.at, &last.id, &last.number, &doc, &wake, &conversation, &message, &unread}
	if !q.Preview {
		columns = columns[:4]
	}
	err = p.s.each(ctx, query, args, func(scan func(...any) error) error {
		if len(page.Items) == limit {
			page.Next = p.s.cursor(name, last)
			return nil
		}
		if err := scan(columns...); err != nil {
			return err
		}
		if page.Items == nil {
			page.Items = make([]storage.TicketRow, 0, min(limit, 64))
		}
		page.Items = append(page.Items, storage.TicketRow{})
		row := &page.Items[len(page.Items)-1]
		row.Conversation.UUID = last.id
		if wake.Valid {
			row.Wake = instant(wake.Int64)
		}
		if conversation.found {
			if unread, err = codec.DecodeUnread(conversation.text, q.Reader); err != nil {
				return corrupt(err)
			}
		}
		row.Unread = int(min(unread, storage.MaxUnread))
		if message.found {
			row.Last = &tickets.Message{}
			if err := codec.DecodeMessage(message.text, row.Last); err != nil {
				return corrupt(err)
			}
		}
		return corrupt(codec.DecodeTicket(doc.text, &row.Ticket))
	})
	if err != nil {
		return storage.Page[storage.TicketRow]{}, err
	}
	return page, nil
}

// Counts implements [storage.Queries]: it returns how many tickets each query finds, at
// most [storage.MaxCount], by one statement. It fails if ctx ends, the store is closed or
// busy, or its database fails.
func (p queries) Counts(ctx context.Context, account chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	counts := make([]int, len(all))
	if len(all) == 0 {
		return counts, nil
	}
	var l listing
	var each []string
	var into []any
	for i, q := range all {
		q.Account, q.Words, l.conditions = account, nil, nil
		l.filter(0, q)
		if q.WithoutBot() {
			l.where(columns.AnyStatus)
		}
		each = append(each, "(SELECT count(*) FROM (SELECT FROM charla.tickets t WHERE "+strings.Join(l.conditions, " AND ")+
			" LIMIT "+strconv.Itoa(storage.MaxCount)+") x)")
		into = append(into, &counts[i])
	}
	_, err := p.s.one(ctx, "SELECT "+strings.Join(each, ", "), l.args, into...)
	return counts, err
}

// listName returns a name for cursors that differs between any two queries with different
// tickets or order. It never fails.
func listName(q storage.TicketQuery) (string, error) {
	q.Preview, q.Reader, q.Cursor, q.Limit = false, "", "", 0
	b, err := json.Marshal(q)
	return "tickets " + string(b), err
}

// statement returns the SQL text for a page of tickets and its arguments. Tickets of
// any status are three ordered ranges of one index, merged, so that no other index is
// needed. account is the account's number, needed only for words.
func statement(account int64, q storage.TicketQuery, continued bool, after position, limit int) (string, []any) {
	column, beyond := "t.changed", "<"
	if q.Order == storage.ByWaiting {
		column, beyond = "t.waits", ">"
	}
	var l listing
	l.filter(account, q)
	if q.WithoutBot() && !q.EachStatus() { // which names those statuses
		l.where(columns.AnyStatus)
	}
	if continued {
		l.where("(" + column + ", t.conversation, t.number) " + beyond + " (" +
			hidden(l.arg(after.at)+"::bigint") + ", " + hidden(l.arg(after.id)+"::uuid") + ", " + hidden(l.arg(after.number)+"::bigint") + ")")
	}
	one := "SELECT " + column + " AS at, t.conversation, t.number, t.doc FROM charla.tickets t WHERE " + strings.Join(l.conditions, " AND ")
	end := orderBy(q.Order) + " LIMIT " + strconv.Itoa(limit)
	if !q.EachStatus() {
		return one + end, l.args
	}
	var each []string
	for _, status := range []tickets.Status{tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed} {
		each = append(each, "("+one+" AND t.status = '"+string(status)+"'"+end+")")
	}
	return "SELECT * FROM (" + strings.Join(each, " UNION ALL ") + ") x" + end, l.args
}

// orderBy returns the ORDER BY clause of a list: by the wait from the longest, or by
// the change from the last.
func orderBy(by storage.Order) string {
	if by == storage.ByWaiting {
		return " ORDER BY at ASC, conversation ASC, number ASC"
	}
	return " ORDER BY at DESC, conversation DESC, number DESC"
}

// withPreview returns the SQL of a list together with what
// [storage.TicketQuery].Preview asks for: one statement, which sees one moment by
// itself. The account is $1. Each part is looked up for each row by itself (LIMIT),
// never joined as a whole. For a reader the conversation's document says what is unread,
// and the messages are not counted.
func withPreview(list string, by storage.Order, reader bool) string {
	if reader {
		return fmt.Sprintf(`SELECT p.*, c.wake, c.doc, m.doc, 0::bigint FROM (%s) p
LEFT JOIN LATERAL (SELECT wake, doc FROM charla.conversations WHERE account = $1 AND id = p.conversation LIMIT 1) c ON true
LEFT JOIN LATERAL (SELECT doc FROM charla.messages WHERE account = $1 AND conversation = p.conversation ORDER BY seq DESC LIMIT 1) m ON true`,
			list) + orderBy(by)
	}
	return fmt.Sprintf(`SELECT p.*, c.wake, NULL::bytea, m.doc, n.unread FROM (%s) p
LEFT JOIN LATERAL (SELECT wake FROM charla.conversations WHERE account = $1 AND id = p.conversation LIMIT 1) c ON true
LEFT JOIN LATERAL (SELECT agent FROM charla.marks WHERE account = $1 AND conversation = p.conversation LIMIT 1) k ON true
LEFT JOIN LATERAL (SELECT doc FROM charla.messages WHERE account = $1 AND conversation = p.conversation ORDER BY seq DESC LIMIT 1) m ON true
CROSS JOIN LATERAL (SELECT count(*) AS unread FROM (SELECT FROM charla.messages
	WHERE account = $1 AND conversation = p.conversation AND seq > coalesce(k.agent, 0) AND encode(substring(doc FOR %d), 'hex') ~ '%s'
	ORDER BY seq LIMIT %d) u) n`,
		list, codec.AuthorEnd, codec.CustomerHead, storage.MaxUnread) + orderBy(by)
}

// filter adds the query's conditions, but for those on the cursor and what is with the bot.
func (l *listing) filter(account int64, q storage.TicketQuery) {
	id := l.arg(q.Account.UUID[:])
	l.where("t.account = " + id)
	if q.Order == storage.ByWaiting {
		l.where("t.waits IS NOT NULL")
	}
	if !q.Conversation.IsZero() {
		l.where("t.conversation = " + l.arg(q.Conversation.UUID[:]))
	}
	for _, c := range q.Conditions() {
		l.narrow(c)
	}
	if len(q.Words) > 0 {
		var each []string
		for i, word := range q.Words {
			each = append(each, "SELECT conversation, ticket FROM charla.texts WHERE account = "+id+" AND "+
				match(account, word, i == len(q.Words)-1, l.arg))
		}
		l.where("(t.conversation, t.number) IN (" + strings.Join(each, " INTERSECT ") + ")")
	}
}
