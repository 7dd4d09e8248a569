package sqlite

import (
	"context"
	"database/sql"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/tickets"
)

// previewed is what a row shows of the conversation ?1, but for the unread messages.
const previewed = `SELECT c.account, c.wake, coalesce(k.agent, 0), m.doc FROM conversations c
LEFT JOIN marks k ON k.account = c.account AND k.conversation = c.key
LEFT JOIN messages m ON m.account = c.account AND m.conversation = c.key
WHERE c.key = ?1 ORDER BY m.seq DESC LIMIT 1`

// above are the messages above a sequence. Who wrote one is in its document only.
const above = "SELECT doc FROM messages WHERE account = ?1 AND conversation = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4"

// preview fills in what [storage.TicketQuery].Preview asks for. It reads in the
// transaction of the list.
func (c *conn) preview(ctx context.Context, conversation int64, row *storage.TicketRow) error {
	var account, mark int64
	var wake sql.NullInt64
	var last sql.NullString
	if _, err := c.one(previewed, []any{conversation}, &account, &wake, &mark, &last); err != nil {
		return err
	}
	if wake.Valid {
		row.Wake = instant(wake.Int64)
	}
	if err := corrupt(codec.DecodeMessage(last.String, &row.Last)); err != nil {
		return err
	}
	// As many at a time as may be counted.
	for mark < row.Last.Seq && row.Unread < storage.MaxUnread {
		err := c.short(ctx, above, []any{account, conversation, mark, storage.MaxUnread - row.Unread}, func(scan func(...any) error) error {
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
