package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

// listing builds the statement of one list of tickets. Conditions are fixed
// texts; what the caller gave goes into args only.
type listing struct {
	conditions []string
	args       []any
}

// where adds a condition and the arguments in it.
func (l *listing) where(condition string, args ...any) {
	l.conditions = append(l.conditions, condition)
	l.args = append(l.args, args...)
}

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
	if !continued {
		after = position{}
	}
	limit := storage.PageLimit(q.Limit)
	var last position
	read := p.s.readers.do
	if len(q.Words) > 0 || q.Preview {
		read = p.s.readers.snapshot // several statements
	}
	err = read(ctx, func(c *conn) error {
		var account int64
		if len(q.Words) > 0 {
			found, err := c.one("SELECT id FROM accounts WHERE uuid = ?", []any{q.Account.UUID[:]}, &account)
			if err != nil || !found {
				return err
			}
		}
		query, args := statement(account, q, continued, after, limit+1)
		var key int64
		var id sql.RawBytes
		var doc string
		var shown previewed
		columns := []any{&key, &id, &doc}
		if q.Preview {
			columns = append(columns, &shown.key, &shown.account, &shown.wake, &shown.mark, &shown.last, &shown.conversation)
		}
		each := c.each
		if oneRange(q) {
			each = c.eachSoon
		}
		var previews []previewed
		err := each(ctx, query, args, func(scan func(...any) error) error {
			if len(page.Items) == limit {
				page.Next = p.s.cursor(name, last)
				return nil
			}
			if err := scan(columns...); err != nil {
				return err
			}
			page.Items = oneMore(page.Items, min(limit, 64))
			row := &page.Items[len(page.Items)-1]
			copy(row.Conversation.UUID[:], id)
			if err := codec.DecodeTicket(doc, &row.Ticket); err != nil {
				return corrupt(err)
			}
			last = position{orderedBy(q, &row.Ticket), key}
			if q.Preview {
				previews = append(previews, shown)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i := range previews {
			if err := c.preview(ctx, &q, &previews[i], &page.Items[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return storage.Page[storage.TicketRow]{}, err
	}
	return page, nil
}

// Counts implements [storage.Queries]: it returns how many tickets each query finds, at
// most [storage.MaxCount]. It fails if ctx ends, the store is closed or busy, or its
// database fails.
func (p queries) Counts(ctx context.Context, account chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
	counts := make([]int, len(all))
	err := p.s.readers.snapshot(ctx, func(c *conn) error {
		for i, q := range all {
			q.Account, q.Words = account, nil
			var l listing
			l.filter(q)
			if q.WithoutBot() {
				l.where(columns.AnyStatus)
			}
			from, _ := l.from(0, q)
			err := c.each(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+from+" WHERE "+strings.Join(l.conditions, " AND ")+" LIMIT ?)",
				append(l.args, storage.MaxCount), func(scan func(...any) error) error { return scan(&counts[i]) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return counts, err
}

// orderedBy returns a ticket's value in the column by which the list is ordered.
func orderedBy(q storage.TicketQuery, t *tickets.Ticket) int64 {
	if q.Order == storage.ByWaiting && t.Wait != nil {
		return micros(t.Wait.Since)
	}
	return micros(t.ChangedAt)
}

// oneRange reports whether a list is one range of an index: every ticket that its
// statement looks at is on the page.
func oneRange(q storage.TicketQuery) bool {
	if len(q.Words) > 0 || len(q.Fields) > 0 || q.Order == storage.ByWaiting {
		return false
	}
	all := q.Conditions()
	if len(all) == 2 && q.Status != "" {
		return all[1].ByStatus && q.Conversation.IsZero()
	}
	return len(all)+int(bit(!q.Conversation.IsZero())) <= 1
}

// listName returns a name for cursors that differs between any two queries with different
// tickets or order. It never fails.
func listName(q storage.TicketQuery) (string, error) {
	q.Preview, q.Reader, q.Cursor, q.Limit = false, "", "", 0
	b, err := json.Marshal(q)
	return "tickets " + string(b), err
}

// statement returns the SQL text for a page of tickets and its arguments. It picks the
// index itself, since SQLite without statistics would guess: by words, by conversation,
// by the wait, or in the order of changes by the narrowest condition. account is the
// account's row, needed only for words.
func statement(account int64, q storage.TicketQuery, continued bool, after position, limit int) (string, []any) {
	column, order, beyond := "t.changed", "DESC", "<"
	if q.Order == storage.ByWaiting {
		column, order, beyond = "t.waits", "ASC", ">"
	}
	var l listing
	l.filter(q)
	if q.WithoutBot() && !q.EachStatus() { // which names those statuses
		l.where(columns.AnyStatus)
	}
	if continued {
		l.where("("+column+", t.key) "+beyond+" (?, ?)", after.at, after.key)
	}
	shown := "c.id, t.doc"
	if q.Preview {
		shown += previewColumns
		if q.Reader != "" {
			shown += "c.doc"
		} else {
			shown += "NULL"
		}
	}
	from, fromArgs := l.from(account, q)
	if len(q.Words) == 0 && q.Conversation.IsZero() && !q.EachStatus() { // the index has the order
		return "SELECT t.key, " + shown + " FROM " + from + " CROSS JOIN conversations c ON c.key = t.conversation" +
			" WHERE " + strings.Join(l.conditions, " AND ") + " ORDER BY " + column + " " + order + ", t.key " + order + " LIMIT ?", append(l.args, limit)
	}
	pick := "SELECT " + column + " AS at, t.key AS key FROM "
	var picks []string
	var args []any
	where := " WHERE " + strings.Join(l.conditions, " AND ")
	if q.EachStatus() {
		for _, status := range []tickets.Status{tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed} {
			picks = append(picks, pick+from+where+" AND t.status = ?")
			args = append(append(args, l.args...), string(status))
		}
	} else {
		picks, args = []string{pick + from + where}, append(fromArgs, l.args...)
	}
	return "SELECT p.key, " + shown + " FROM (" + strings.Join(picks, " UNION ALL ") +
		" ORDER BY at " + order + ", key " + order + " LIMIT ?) p" +
		" CROSS JOIN tickets t ON t.key = p.key CROSS JOIN conversations c ON c.key = t.conversation" +
		" ORDER BY p.at " + order + ", p.key " + order, append(args, limit)
}

// filter adds the query's conditions, but for those on words, the cursor and what is with
// the bot.
func (l *listing) filter(q storage.TicketQuery) {
	const account = "(SELECT id FROM accounts WHERE uuid = ?)"
	l.where("t.account = "+account, q.Account.UUID[:])
	if q.Order == storage.ByWaiting {
		l.where("t.waits IS NOT NULL")
	}
	if !q.Conversation.IsZero() {
		l.where("t.conversation = (SELECT key FROM conversations WHERE account = "+account+" AND id = ?)", q.Account.UUID[:], q.Conversation.UUID[:])
	}
	for _, c := range q.Conditions() {
		l.narrow(c)
	}
}

// from returns what to read, a table with its index, as SQL text with arguments.
func (l *listing) from(account int64, q storage.TicketQuery) (string, []any) {
	switch {
	case len(q.Words) > 0:
		return byWords(account, q.Words)
	case !q.Conversation.IsZero():
		return "tickets t INDEXED BY tickets_number", nil
	case q.Order == storage.ByWaiting:
		return "tickets t INDEXED BY tickets_waits", nil
	}
	if all := q.Conditions(); len(all) > 0 {
		return "tickets t INDEXED BY " + all[len(all)-1].IndexName(), nil
	}
	return "tickets t INDEXED BY tickets_status", nil
}

// byWords returns, as SQL text with arguments, a table of the tickets that have all
// words, each in any of their texts; the last word may be the beginning of one.
func byWords(account int64, words []string) (string, []any) {
	var each []string
	var args []any
	for i, word := range words {
		each = append(each, "SELECT x.ticket FROM words w CROSS JOIN texts x ON x.key = w.rowid WHERE words MATCH ?")
		args = append(args, match(account, word, i == len(words)-1))
	}
	return "(SELECT DISTINCT ticket FROM (" + strings.Join(each, " INTERSECT ") + ")) m CROSS JOIN tickets t ON t.key = m.ticket", args
}
