package sqlite_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// errDriver is an error of the driver's that says nothing about an outcome.
var errDriver = resultCode(1)

// spared are statements whose failure is no caller's: the store tries them again, or does
// without.
var spared = []string{"ROLLBACK", "PRAGMA query_only = 1", "UPDATE meta SET id = id WHERE 0", "DETACH DATABASE copy"}

// failing makes calls while its driver fails: at its first step in the first attempt, at its
// second in the second, until there is an attempt in which the call has no more steps.
type failing struct {
	testing.TB
	g *gate
	// observer sees whether another connection has stored something.
	observer *sql.DB
	// failures is how often a call has failed.
	failures int
}

// try returns what the attempt answers in which nothing fails. Every other one must fail, and
// store nothing unless a part of it may be done already.
func (f *failing) try(parts bool, call func() (any, error)) (any, error) {
	f.Helper()
	for step := 1; ; step++ {
		left, before := step, int64(0)
		if !parts {
			before = f.version()
		}
		last := ""
		f.g.fail = func(query string) error {
			if slices.Contains(spared, query) {
				return nil
			}
			if left--; left != 0 {
				return nil
			}
			last = query
			return errDriver
		}
		v, err := call()
		f.g.fail = nil
		if left > 0 {
			return v, err
		}
		f.failures++
		require.ErrorIs(f, err, errDriver, "step %d: %s", step, last)
		if !parts {
			require.Equal(f, before, f.version(), "step %d: %s: something was stored", step, last)
		}
	}
}

// version is another one after each change by another connection.
func (f *failing) version() (n int64) {
	require.NoError(f, f.observer.QueryRow("PRAGMA data_version").Scan(&n))
	return n
}

// cursors are what differs between any two databases.
var cursors = regexp.MustCompile(`"next":"[^"]+"`)

// contents returns the rows of a database, but for its ID and the index of words.
func contents(t *testing.T, path string) (rows []string) {
	db := database(t, path)
	var tables string
	require.NoError(t, db.QueryRow("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'words%' AND name <> 'meta'").Scan(&tables))
	for table := range strings.SplitSeq(tables, ",") {
		rows = append(rows, rowsOf(t, db, table)...)
	}
	return rows
}

// rowsOf returns the rows of a table, each as text.
func rowsOf(t *testing.T, db *sql.DB, table string) (rows []string) {
	list, err := db.Query("SELECT * FROM " + table) //nolint:gosec // a table of ours
	require.NoError(t, err)
	defer list.Close()
	columns, err := list.Columns()
	require.NoError(t, err)
	row := make([]any, len(columns))
	for i := range row {
		row[i] = new(any)
	}
	for list.Next() {
		require.NoError(t, list.Scan(row...))
		line := table
		for _, v := range row {
			line += fmt.Sprintf(" %v", *v.(*any))
		}
		rows = append(rows, line)
	}
	require.NoError(t, list.Err())
	return rows
}

// R8.1: whatever the driver fails at, a statement, a row or a result: the call fails and has
// stored nothing, and it is done when it is made again, as if nothing had happened.
func TestDriverFails(t *testing.T) {
	t.Parallel()
	// play makes every call through try and returns what they answered, and the rows then stored.
	play := func(try func(f *failing, parts bool, call func() (any, error)) (any, error)) (f *failing, answers, rows []string) {
		path := filepath.Join(t.TempDir(), "chat.db")
		f = &failing{TB: t, g: &gate{path: path}, observer: database(t, path)}
		f.observer.SetMaxOpenConns(1)
		db := sql.OpenDB(f.g)
		t.Cleanup(func() { db.Close() })
		b := &bundle{TB: t, ctx: t.Context(), path: path}
		do := func(parts bool, call func() (any, error)) {
			t.Helper()
			_, err := try(f, parts, call)
			require.NoError(t, err)
		}
		do(true, func() (_ any, err error) {
			if b.Store, err = sqlite.New(db, &sqlite.Options{Readers: 1, InsecureNoSync: true}); err != nil {
				require.Zero(t, db.Stats().InUse, "its connections are given back")
			}
			return nil, err
		})
		t.Cleanup(func() { b.Close() })
		b.account = b.newAccount("Tienda")
		everything(b, func(call func() (any, error)) (any, error) {
			v, err := try(f, false, call)
			answer, notJSON := json.Marshal(v)
			require.NoError(t, notJSON)
			answers = append(answers, cursors.ReplaceAllString(string(answer), ""))
			return v, err
		})
		other := b.newAccount("Otra")
		other.ID.UUID, other.Key = b.id(), "other"
		do(false, func() (any, error) {
			return nil, b.Accounts().Create(b.ctx, other, storage.Document{Name: "config", Version: 1}, storage.Document{Name: "picture"})
		})
		do(false, func() (any, error) {
			copied := path + ".copy"
			err := b.Backup(b.ctx, copied)
			if err != nil {
				assert.NoFileExists(t, copied)
				assert.NoFileExists(t, copied+".partial")
			}
			return nil, err
		})
		rows = contents(t, path)
		a := b.account
		a.Revision, a.DeletedAt = 3, base
		do(false, func() (any, error) { return nil, b.Accounts().Save(b.ctx, a) })
		rows = append(rows, contents(t, path)...)
		do(true, func() (any, error) { return b.Accounts().Purge(b.ctx, a.ID) })
		return f, answers, append(rows, contents(t, path)...)
	}
	f, answers, rows := play((*failing).try)
	assert.Greater(t, f.failures, 800)
	_, wantAnswers, wantRows := play(func(_ *failing, _ bool, call func() (any, error)) (any, error) { return call() })
	assert.Equal(t, wantAnswers, answers)
	assert.Equal(t, wantRows, rows)
}
