package sqlite

import (
	"context"
	"database/sql"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
)

// previewColumns are what a row of a list shows of its conversation c, but for the
// unread messages; the conversation's document for a reader, else NULL, follows.
const previewColumns = `, c.key, c.account, c.wake,
	coalesce((SELECT k.agent FROM marks k WHERE k.account = c.account AND k.conversation = c.key), 0),
	(SELECT m.doc FROM messages m WHERE m.account = c.account AND m.conversation = c.key ORDER BY m.seq DESC LIMIT 1), `

// previewed are the values of [previewColumns].
type previewed struct {
	key, account int64
	wake         sql.NullInt64
	mark         int64
	last         sql.NullString
	conversation sql.NullString
}

// above are the messages above a sequence. Who wrote one is in its document only.
const above = "SELECT doc FROM messages WHERE account = ?1 AND conversation = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4"

// preview sets Last, Unread and Wake of a row, which q asks for. It must run in the transaction of the list. It fails if a query does, or if a
// message's document cannot be decoded.
func (c *conn) preview(ctx context.Context, q *storage.TicketQuery, p *previewed, row *storage.TicketRow) error {
	if p.wake.Valid {
		row.Wake = instant(p.wake.Int64)
	}
	if p.last.Valid {
		row.Last = &tickets.Message{}
		if err := corrupt(codec.DecodeMessage(p.last.String, row.Last)); err != nil {
			return err
		}
	}
	if q.Reader != "" {
		unread, err := codec.DecodeUnread(p.conversation.String, q.Reader)
		row.Unread = int(min(unread, storage.MaxUnread))
		return corrupt(err)
	}
	mark := p.mark
	// As many at a time as may be counted.
	for row.Last != nil && mark < row.Last.Seq && row.Unread < storage.MaxUnread {
		err := c.eachSoon(ctx, above, []any{p.account, p.key, mark, storage.MaxUnread - row.Unread}, func(scan func(...any) error) error {
			var doc string
			if err := scan(&doc); err != nil {
				return err
			}
			var m tickets.Message
			err := corrupt(codec.DecodeMessage(doc, &m))
			if mark = m.Seq; m.From == tickets.FromCustomer {
				row.Unread++
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
