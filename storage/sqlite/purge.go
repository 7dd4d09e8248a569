package sqlite

import (
	"context"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// purgeStep is how many rows one step of a purge removes at most.
const purgeStep = 500

// Purge implements [storage.Accounts]: it removes a deleted account in steps, between
// which other calls go on; the account's own row goes last. If it is interrupted, by
// its context, an error or a crash, what it had removed stays removed (and is what it
// returns with the error), and another Purge goes on from there and counts the rest.
// The space is free for other data; it is not wiped, and the file does not get smaller.
// It fails with [storage.ErrNotFound], with [storage.ErrConflict] while the account is
// not deleted, or if the database does.
func (p accounts) Purge(ctx context.Context, id chatcfg.AccountID) (storage.Purged, error) {
	var purged storage.Purged
	for {
		var step storage.Purged
		var done bool
		err := p.s.writer.do(ctx, func(c *conn) (err error) {
			step = storage.Purged{}
			done, err = c.purge(id, &step)
			return err
		})
		if err != nil {
			return purged, err
		}
		purged.Conversations += step.Conversations
		purged.Tickets += step.Tickets
		purged.Messages += step.Messages
		purged.Entries += step.Entries
		purged.Sessions += step.Sessions
		purged.Deliveries += step.Deliveries
		purged.Submissions += step.Submissions
		if done {
			return purged, nil
		}
	}
}

// purge removes up to [purgeStep] rows of an account from one table after the other,
// until a table may have more; done reports that the account itself is removed. It
// fails with [storage.ErrNotFound], with [storage.ErrConflict] if the account is not
// deleted, or if a statement does.
func (c *conn) purge(id chatcfg.AccountID, purged *storage.Purged) (done bool, err error) {
	a, err := c.account(id)
	if err != nil {
		return false, err
	}
	if !a.deleted {
		return false, storage.ErrConflict
	}
	if more, err := c.purgeWords(a.id); err != nil || more {
		return false, err
	}
	for _, t := range []struct {
		statement string
		count     *int64
	}{
		{"DELETE FROM messages WHERE (account, conversation, seq) IN (SELECT account, conversation, seq FROM messages WHERE account = ? LIMIT ?)", &purged.Messages},
		{"DELETE FROM receipts WHERE (account, conversation, scope, key) IN (SELECT account, conversation, scope, key FROM receipts WHERE account = ? LIMIT ?)", nil},
		{"DELETE FROM identities WHERE (account, kind, value) IN (SELECT account, kind, value FROM identities WHERE account = ? LIMIT ?)", nil},
		{"DELETE FROM entries WHERE rowid IN (SELECT rowid FROM entries WHERE account = ? LIMIT ?)", &purged.Entries},
		{"DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE account = ? LIMIT ?)", nil},
		{"DELETE FROM deliveries WHERE key IN (SELECT key FROM deliveries WHERE account = ? LIMIT ?)", &purged.Deliveries},
		{"DELETE FROM tickets WHERE key IN (SELECT key FROM tickets WHERE account = ? LIMIT ?)", &purged.Tickets},
		{"DELETE FROM conversations WHERE key IN (SELECT key FROM conversations WHERE account = ? LIMIT ?)", &purged.Conversations},
		{"DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE account = ? LIMIT ?)", &purged.Sessions},
		{"DELETE FROM marks WHERE (account, conversation) IN (SELECT account, conversation FROM marks WHERE account = ? LIMIT ?)", nil},
		{"DELETE FROM submissions WHERE key IN (SELECT key FROM submissions WHERE account = ? LIMIT ?)", &purged.Submissions},
		{"DELETE FROM documents WHERE rowid IN (SELECT rowid FROM documents WHERE account = ? LIMIT ?)", nil},
		{"DELETE FROM presence WHERE account IN (SELECT account FROM presence WHERE account = ? LIMIT ?)", nil},
	} {
		n, err := c.change(t.statement, a.id, purgeStep)
		if err != nil {
			return false, err
		}
		if t.count != nil {
			*t.count = n
		}
		if n == purgeStep {
			return false, nil
		}
	}
	_, err = c.exec("DELETE FROM accounts WHERE id = ?", a.id)
	return true, err
}

// purgeWords removes up to [purgeStep] texts of an account from the full text index. It
// reports whether there may be more. It fails if a statement does.
func (c *conn) purgeWords(account int64) (bool, error) {
	var texts []int64
	err := c.each(context.Background(), "SELECT rowid FROM words WHERE words MATCH ? LIMIT ?", []any{match(account, "", true), purgeStep},
		func(scan func(...any) error) error {
			var key int64
			err := scan(&key)
			texts = append(texts, key)
			return err
		})
	if err != nil {
		return false, err
	}
	for _, key := range texts {
		for _, statement := range []string{"DELETE FROM words WHERE rowid = ?", "DELETE FROM texts WHERE key = ?"} {
			if _, err := c.exec(statement, key); err != nil {
				return false, err
			}
		}
	}
	return len(texts) == purgeStep, nil
}
