package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// resultCode is an error of SQLite's with a result code.
type resultCode int

func (c resultCode) Code() int     { return int(c) }
func (c resultCode) Error() string { return fmt.Sprint("result code ", int(c)) }

// The classes of an error: R8.1 says which of them a caller can tell apart.
const (
	busy    = "busy"
	notDone = "not done"
	unknown = "unknown"
)

func classOf(err error) string {
	var e *sqlite.Error
	switch {
	case errors.As(err, &e) && e.Unknown:
		return unknown
	case errors.Is(err, storage.ErrBusy) && !errors.Is(err, storage.ErrNotDone):
		return busy
	case errors.Is(err, storage.ErrNotDone) && !errors.Is(err, storage.ErrBusy):
		return notDone
	}
	return fmt.Sprint("none: ", err)
}

// R8.1: a transaction that does not begin, or does not end, tells every caller of its
// group what that means, in words; what is said not to have happened has not.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		op    string
		code  int
		class string
		words string
	}{
		{"begin", 5, busy, "another process holds the database"},
		{"begin", 517, busy, "another process holds the database"},
		{"begin", 7, busy, "out of memory"},
		{"begin", 8, notDone, "cannot be written"},
		{"begin", 10, busy, "the disk failed"},
		{"begin", 11, notDone, "damaged"},
		{"begin", 13, busy, "the disk is full"},
		{"begin", 14, busy, "too many open files"},
		{"begin", 1, notDone, ""},
		{"commit", 5, busy, "another process holds the database"},
		{"commit", 13, busy, "the disk is full"},
		{"commit", 10, unknown, "the disk failed"},
		{"commit", 1034, unknown, "outcome unknown: the disk failed"},
		{"commit", 1, unknown, ""},
	} {
		t.Run(fmt.Sprint(one.op, " ", one.code), func(t *testing.T) {
			t.Parallel()
			g := &gate{path: filepath.Join(t.TempDir(), "chat.db")}
			b := &bundle{TB: t, Store: g.open(t), ctx: context.Background()}
			b.account = b.newAccount("Tienda")
			c := b.chat(b.account)
			batch := c.next("hola")
			session := tickets.Session{ID: tickets.SessionID{UUID: b.id()}, Account: b.account.ID, Revision: 1}
			release := stall(b.Store)
			errs := make(chan error, 2)
			go func() { errs <- b.Conversations().Commit(b.ctx, batch) }()
			go func() { errs <- b.Sessions().Create(b.ctx, session) }()
			require.Eventually(t, func() bool { return b.Waiting() == 2 }, patience, tick)
			// The stalled call's own COMMIT comes first.
			g.once(func(commit func() error) error {
				if one.op == "begin" {
					g.begins(resultCode(one.code))
				} else {
					g.once(func(func() error) error { return resultCode(one.code) })
				}
				return commit()
			})
			release()
			for range 2 {
				err := <-errs
				require.Error(t, err)
				assert.Equal(t, one.class, classOf(err))
				require.ErrorIs(t, err, resultCode(one.code))
				assert.Contains(t, err.Error(), "sqlite: "+one.op+": ")
				assert.Contains(t, err.Error(), one.words)
			}
			g.begins(nil)
			l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: c.conv.ID})
			require.NoError(t, err)
			assert.Zero(t, l.Conversation)
			require.NoError(t, b.Conversations().Commit(b.ctx, batch), "and then it goes on")
			require.NoError(t, b.Sessions().Create(b.ctx, session))
		})
	}
}

// R8.1: another process that holds the database for longer than [sqlite.Options] has
// the store wait makes every change busy, as on every store: nothing happened.
func TestHeldByAnotherProcess(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqlite.Options{BusyTimeout: time.Millisecond})
	other, err := database(t, b.path).Conn(b.ctx)
	require.NoError(t, err)
	defer other.Close()
	_, err = other.ExecContext(b.ctx, "BEGIN IMMEDIATE")
	require.NoError(t, err)
	c := b.chat(b.account)
	batch := c.next("hola")
	account := b.account
	account.Revision++
	for name, change := range map[string]func() error{
		"commit":   func() error { return b.Conversations().Commit(b.ctx, batch) },
		"account":  func() error { return b.Accounts().Save(b.ctx, account) },
		"session":  func() error { return b.Sessions().Create(b.ctx, tickets.Session{Account: b.account.ID}) },
		"presence": func() error { return b.Presence().Put(b.ctx, b.account.ID, tickets.Roster{Revision: 1}) },
		"claim":    func() error { _, err := b.Outbox().Claim(b.ctx, base, base, 1, storage.Share{}); return err },
	} {
		err := change()
		require.Error(t, err, name)
		assert.Equal(t, busy, classOf(err), "%s: %v", name, err)
		assert.Contains(t, err.Error(), "another process holds the database", name)
	}
	_, err = other.ExecContext(b.ctx, "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, b.Conversations().Commit(b.ctx, batch))
	require.NoError(t, b.Accounts().Save(b.ctx, account))
}

// R8.1: a full disk is said in words; what did not fit did not happen, the rest stays.
func TestFull(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	kept := b.chat(b.account)
	kept.says("hola")
	_, err := b.Pragma(b.ctx, "max_page_count = 1") // of what it has
	require.NoError(t, err)
	big := b.chat(b.account)
	batch := big.next(strings.Repeat("grande ", 20_000))
	err = b.Conversations().Commit(b.ctx, batch)
	require.Error(t, err)
	assert.Equal(t, busy, classOf(err))
	assert.Contains(t, err.Error(), "the disk is full")
	_, err = b.Pragma(b.ctx, "max_page_count = 100000")
	require.NoError(t, err)
	l, err := b.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: kept.conv.ID})
	require.NoError(t, err)
	assert.Equal(t, kept.conv, l.Conversation)
	require.NoError(t, b.Conversations().Commit(b.ctx, batch))
}

// R8.1: a store whose files were removed or replaced acknowledges nothing that only
// the files that are gone would hold; closing it saves what it had acknowledged.
func TestReplaced(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		replace func(path string) error
		saved   bool
	}{
		"log removed":       {func(path string) error { return os.Remove(path + "-wal") }, true},
		"log replaced":      {func(path string) error { return replace(path + "-wal") }, true},
		"database removed":  {os.Remove, false},
		"database replaced": {replace, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			c := b.chat(b.account)
			c.says("hola")
			stored := c.conv
			require.NoError(t, one.replace(b.path))
			batch := c.next("otra")
			err := b.Conversations().Commit(b.ctx, batch)
			require.ErrorIs(t, err, sqlite.ErrReplaced)
			assert.Equal(t, notDone, classOf(err))
			assert.Contains(t, err.Error(), b.path)
			if !one.saved {
				return
			}
			require.NoError(t, b.Store.Close())
			again, err := sqlite.Open(b.path, nil)
			require.NoError(t, err)
			defer again.Close()
			l, err := again.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID, Conversation: stored.ID})
			require.NoError(t, err)
			assert.Equal(t, stored, l.Conversation)
			require.NoError(t, again.Conversations().Commit(b.ctx, batch))
		})
	}
}

// TestReplacedMeanwhile: R8.1: what another process wrote after the log was removed or replaced
// stays whole when a store that had the old log open is closed, whether it has written since or not.
func TestReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"removed": func(path string) error { return os.Remove(path) },
		"copied": func(path string) error {
			body, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path+".copy", body, 0o600), os.Rename(path+".copy", path))
		},
	} {
		for _, idle := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", idle ", idle), func(t *testing.T) {
				t.Parallel()
				b := setup(t, nil)
				c := b.chat(b.account)
				for range 60 {
					c.says("primera vuelta")
				}
				elsewhere(t, b.path, "PRAGMA wal_checkpoint(RESTART)") // the log begins anew
				c.says("segunda vuelta")
				if name == "removed" { // else what is in the log would be lost with it
					elsewhere(t, b.path, "PRAGMA wal_checkpoint(FULL)")
				}
				require.NoError(t, put(b.path+"-wal"))
				elsewhere(t, b.path, "CREATE TABLE theirs (body)")
				elsewhere(t, b.path, "INSERT INTO theirs VALUES (randomblob(30000)) RETURNING 1")
				require.Equal(t, "ok", elsewhere(t, b.path, "PRAGMA integrity_check"))
				if !idle {
					require.ErrorIs(t, b.Conversations().Commit(b.ctx, c.next("mientras")), sqlite.ErrReplaced)
				}
				assert.ErrorIs(t, b.Store.Close(), sqlite.ErrReplaced)
				assert.Equal(t, "ok", elsewhere(t, b.path, "PRAGMA integrity_check"))
				assert.Equal(t, "1", elsewhere(t, b.path, "SELECT count(*) FROM theirs"))
			})
		}
	}
}

// childQuery and childSQL tell a process which database to ask what.
const childQuery, childSQL = "CHARLA_TEST_QUERY", "CHARLA_TEST_SQL"

// elsewhere runs a statement on a database in another process, and returns the last column of the
// last row of its answer.
func elsewhere(t *testing.T, path, statement string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childQuery+"="+path, childSQL+"="+statement)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

// query is what that process does.
func query(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), os.Getenv(childSQL))
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(values) > 0 {
		fmt.Print(values[len(values)-1].String)
	}
	return nil
}

// replace puts another file in a file's place.
func replace(path string) error {
	other := path + ".other"
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		return err
	}
	return os.Rename(other, path)
}
