package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// and is the package's own migrations and one more.
func and(t *testing.T, name, script string) fs.FS {
	all := fstest.MapFS{name: &fstest.MapFile{Data: []byte(script)}}
	names, err := fs.Glob(sqlite.Migrations(), "*.sql")
	require.NoError(t, err)
	for _, own := range names {
		data, err := fs.ReadFile(sqlite.Migrations(), own)
		require.NoError(t, err)
		all[own] = &fstest.MapFile{Data: data}
	}
	return all
}

func database(t *testing.T, path string) *sql.DB {
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// A database of schema 1 becomes one of the next schema with everything in it,
// and older code then refuses it.
func TestMigrate(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.chat(b.account).says("hola")
	require.NoError(t, b.Store.Close())
	db := database(t, b.path)

	known := sqlite.Schema()
	name := fmt.Sprintf("%04d_more.sql", known+1)
	gap := fmt.Sprintf("%04d_gap.sql", known+2)

	// One that fails half way leaves nothing.
	broken := and(t, name, "ALTER TABLE accounts ADD COLUMN more INTEGER; INSERT INTO none VALUES (1);")
	require.ErrorContains(t, sqlite.Migrate(b.ctx, db, broken), name)
	again, err := sqlite.Open(b.path, nil)
	require.NoError(t, err)
	require.NoError(t, again.Close())

	require.ErrorContains(t, sqlite.Migrate(b.ctx, db, and(t, gap, "SELECT 1")), fmt.Sprint("is not number ", known+1))

	next := and(t, name, "ALTER TABLE accounts ADD COLUMN more INTEGER; UPDATE accounts SET more = 7;")
	for range 2 {
		require.NoError(t, sqlite.Migrate(b.ctx, db, next))
	}
	var accounts, messages int
	require.NoError(t, db.QueryRow("SELECT (SELECT count(*) FROM accounts WHERE more = 7), (SELECT count(*) FROM messages)").Scan(&accounts, &messages))
	assert.Equal(t, [2]int{1, 1}, [2]int{accounts, messages})

	_, err = sqlite.Open(b.path, nil)
	var newer *sqlite.SchemaError
	require.ErrorAs(t, err, &newer)
	assert.Equal(t, sqlite.SchemaError{Found: known + 1, Known: known}, *newer)
}

// A database in which tickets were found by the call that took them loses that index, and keeps
// the column for processes that write it.
func TestNoTurn(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.chat(b.account).says("hola")
	require.NoError(t, b.Store.Close())
	db := database(t, b.path)
	_, err := db.ExecContext(b.ctx, `CREATE INDEX tickets_turn ON tickets (account, turn, changed) WHERE turn IS NOT NULL;
DELETE FROM charla_schema WHERE version > 11`)
	require.NoError(t, err)
	again, err := sqlite.Open(b.path, nil)
	require.NoError(t, err)
	require.NoError(t, again.Close())
	var indexes, changed int
	require.NoError(t, db.QueryRowContext(b.ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'tickets_turn'").Scan(&indexes))
	assert.Zero(t, indexes)
	require.NoError(t, db.QueryRowContext(b.ctx, "UPDATE tickets SET turn = 'ana' RETURNING 1").Scan(&changed))
	assert.Equal(t, 1, changed)
}

func TestForeignDatabase(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "other.db")
	db := database(t, path)
	_, err := db.Exec("CREATE TABLE theirs (a)")
	require.NoError(t, err)
	_, err = sqlite.Open(path, nil)
	require.ErrorIs(t, err, sqlite.ErrForeign)
	var n int
	require.NoError(t, db.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&n))
	assert.Equal(t, 1, n, "it is as it was")
}

// What does not open says which file, and why.
func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.txt")
	text := strings.Repeat("No database at all. ", 100)
	require.NoError(t, os.WriteFile(letter, []byte(text), 0o600))
	_, err := sqlite.Open(letter, nil)
	require.ErrorIs(t, err, sqlite.ErrForeign)
	require.ErrorContains(t, err, letter)
	left, err := os.ReadFile(letter)
	require.NoError(t, err)
	assert.Equal(t, text, string(left), "it is as it was")

	nowhere := filepath.Join(dir, "none", "chat.db")
	_, err = sqlite.Open(nowhere, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NotErrorIs(t, err, sqlite.ErrForeign)
	require.ErrorContains(t, err, "open "+nowhere+": make its folder first")
	_, err = sqlite.Open(dir, nil)
	require.ErrorContains(t, err, "open "+dir+": ")
	require.NotErrorIs(t, err, fs.ErrNotExist)
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for version, ok := range map[string]bool{
		"3.51.2": false, "3.51.1": false, "3.50.99": false, "3.9.9": false, "2.99.99": false, "": false, "x": false, "3.51": false, "3.x.9": false,
		"3.51.3": true, "3.51.10": true, "3.52.0": true, "3.100.0": true, "4.0.0": true, "3.52": true,
	} {
		err := sqlite.CheckVersion(version)
		if ok {
			assert.NoError(t, err, version)
			continue
		}
		var old *sqlite.VersionError
		if assert.ErrorAs(t, err, &old, version) {
			assert.Equal(t, version, old.Version)
			assert.ErrorContains(t, err, sqlite.MinVersion)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t, nil)
	for name, want := range map[string]string{
		"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000", "wal_autocheckpoint": "16384",
	} {
		got, err := b.Pragma(ctx, name)
		require.NoError(t, err)
		assert.Equal(t, []string{want, want, want, want, want, want}, got, name)
	}
	fast := setup(t, &sqlite.Options{InsecureNoSync: true, Readers: 1, BusyTimeout: 3 * time.Second})
	for name, want := range map[string]string{"synchronous": "0", "busy_timeout": "3000"} {
		got, err := fast.Pragma(ctx, name)
		require.NoError(t, err)
		assert.Equal(t, []string{want, want, want}, got, name)
	}
	for _, o := range []sqlite.Options{{Readers: -1}, {Queue: -1}, {BusyTimeout: -1}} {
		_, err := sqlite.Open(filepath.Join(t.TempDir(), "chat.db"), &o)
		require.Error(t, err)
	}
	for _, path := range []string{"", ":memory:", t.TempDir(), filepath.Join(t.TempDir(), "none", "chat.db")} {
		_, err := sqlite.Open(path, nil)
		require.Error(t, err, path)
	}
	odd := filepath.Join(t.TempDir(), "a b%20?mode=memory#é.db")
	s, err := sqlite.Open(odd, nil)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	require.FileExists(t, odd)
}

// A host's own database stays the host's.
func TestNew(t *testing.T) {
	t.Parallel()
	_, err := sqlite.New(database(t, ":memory:"), nil)
	require.Error(t, err, "no file, no WAL")

	db := database(t, filepath.Join(t.TempDir(), "chat.db"))
	db.SetMaxOpenConns(4)
	_, err = sqlite.New(db, nil)
	require.ErrorContains(t, err, "allows 4 connections")
	for range 3 {
		s, err := sqlite.New(db, &sqlite.Options{Readers: 2})
		require.NoError(t, err)
		_, err = s.Accounts().Find(context.Background(), "none")
		require.ErrorIs(t, err, storage.ErrNotFound)
		require.NoError(t, s.Close())
	}
	require.NoError(t, db.Ping())
	assert.Zero(t, db.Stats().InUse)
}

// Other drivers say SQLite's code in ways of their own.
type (
	method   struct{ error }
	kind     uint16
	extended struct{ error }
	fielded  struct {
		error
		Code         int
		ExtendedCode kind
	}
)

func (method) Code() int            { return 1555 }
func (extended) Code() uint8        { return 19 }
func (extended) ExtendedCode() kind { return 2067 }
func (extended) Temporary() bool    { return false }
func (e fielded) Unwrap() error     { return e.error }
func (e *extended) Unwrap() error   { return e.error }

func TestCode(t *testing.T) {
	t.Parallel()
	boom := fmt.Errorf("boom")
	for want, err := range map[int]error{
		0:    boom,
		1555: fmt.Errorf("outer: %w", method{boom}),
		2067: fmt.Errorf("outer: %w", &extended{boom}),
		261:  fmt.Errorf("outer: %w", fielded{boom, 5, 261}),
	} {
		assert.Equal(t, want, sqlite.Code(err))
	}
	assert.Equal(t, 2067, sqlite.Code(errors.Join(boom, fmt.Errorf("outer: %w", &extended{boom}))))
	assert.Equal(t, 2067, sqlite.Code(extended{boom}))
	assert.Equal(t, 517, sqlite.Code(&fielded{boom, 5, 517}))
	assert.Zero(t, sqlite.Code(nil))
}
