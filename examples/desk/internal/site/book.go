package site

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/console"
	_ "modernc.org/sqlite" // the driver
)

// Book is what the site keeps beside the desk: people, their logins, and the deleted
// accounts that are not purged, which no list of the desk's names any more. It is a SQLite
// file that only its owner reads. It is a store of package scs, and safe for concurrent use.
type Book struct{ db *sql.DB }

const bookSchema = `
CREATE TABLE IF NOT EXISTS people (
	name TEXT PRIMARY KEY COLLATE NOCASE,
	role INTEGER NOT NULL,
	hash TEXT NOT NULL,
	logins INTEGER NOT NULL DEFAULT 1 -- one more ends all sessions of before
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (token TEXT PRIMARY KEY, data BLOB NOT NULL, expires INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS deleted (account TEXT PRIMARY KEY) STRICT;
`

// OpenBook opens the file, and creates it if there is none.
func OpenBook(path string) (*Book, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("desk: people: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("desk: people: %w", err)
	}
	options := url.Values{"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: options.Encode()}).String())
	if err == nil {
		db.SetMaxOpenConns(1)
		_, err = db.Exec(bookSchema)
	}
	if err != nil {
		return nil, fmt.Errorf("desk: people %s: %w", path, err)
	}
	return &Book{db}, nil
}

// Close closes the file.
func (b *Book) Close() error { return b.db.Close() }

// somebody is one of the people.
type somebody struct {
	Name string
	Role console.Role
	hash string
	// logins changes when all their sessions end.
	logins int64
}

// Rank is the role as a number.
func (p somebody) Rank() int { return int(p.Role) }

// person returns the person of a name, in any case; nil: there is none.
func (b *Book) person(ctx context.Context, name string) (*somebody, error) {
	p := &somebody{}
	err := b.db.QueryRowContext(ctx, `SELECT name, role, hash, logins FROM people WHERE name = ?`, name).Scan(&p.Name, &p.Role, &p.hash, &p.logins)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return p, err
}

// people returns all, by name.
func (b *Book) people(ctx context.Context) (all []somebody, err error) {
	rows, err := b.db.QueryContext(ctx, `SELECT name, role FROM people ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p somebody
		if err := rows.Scan(&p.Name, &p.Role); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// errTaken says that a name is somebody's already, errLast that nobody would be an
// administrator any more.
var (
	errTaken = errors.New("desk: the name is taken")
	errLast  = errors.New("desk: the last administrator")
)

// add adds a person. It fails with errTaken.
func (b *Book) add(ctx context.Context, name string, role console.Role, hash string) error {
	result, err := b.db.ExecContext(ctx, `INSERT INTO people (name, role, hash) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, name, role, hash)
	return changed(result, err, errTaken)
}

// setRole changes a person's role; zero removes them. It fails with errLast for the last
// administrator.
func (b *Book) setRole(ctx context.Context, name string, role console.Role) error {
	const others = ` AND (role < 3 OR ?2 = 3 OR (SELECT count(*) FROM people WHERE role = 3) > 1)`
	query := `UPDATE people SET role = ?2 WHERE name = ?1` + others
	if role == 0 {
		query = `DELETE FROM people WHERE name = ?1` + others
	}
	result, err := b.db.ExecContext(ctx, query, name, role)
	return changed(result, err, errLast)
}

// setPassword changes a person's password, and ends all their sessions.
func (b *Book) setPassword(ctx context.Context, name, hash string) error {
	result, err := b.db.ExecContext(ctx, `UPDATE people SET hash = ?2, logins = logins + 1 WHERE name = ?1`, name, hash)
	return changed(result, err, charla.ErrNotFound)
}

// changed returns the error of a change, or none if no row was changed.
func changed(result sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return none
}

// Security is a [charla.Observer]'s: it keeps the accounts that are deleted, and forgets
// those that are purged. An account that it fails to keep can be found by its address only.
func (b *Book) Security(ctx context.Context, e charla.SecurityEvent) {
	ctx = context.WithoutCancel(ctx)
	switch e.Kind {
	case charla.SecurityAccountDeleted:
		_, _ = b.db.ExecContext(ctx, `INSERT INTO deleted VALUES (?) ON CONFLICT DO NOTHING`, e.Account.String())
	case charla.SecurityAccountPurged:
		_, _ = b.db.ExecContext(ctx, `DELETE FROM deleted WHERE account = ?`, e.Account.String())
	}
}

// deleted returns the accounts that are deleted and not purged.
func (b *Book) deleted(ctx context.Context) ([]chatcfg.AccountID, error) {
	var list sql.NullString
	if err := b.db.QueryRowContext(ctx, `SELECT group_concat(account) FROM deleted`).Scan(&list); err != nil || !list.Valid {
		return nil, err
	}
	var ids []chatcfg.AccountID
	for text := range strings.SplitSeq(list.String, ",") {
		id, err := chatcfg.ParseAccountID(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// FindCtx returns a session's data; false: there is none.
func (b *Book) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = b.db.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = ? AND expires > ?`, token, time.Now().UnixMilli()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx stores a session, and removes those that have expired.
func (b *Book) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	_, err := b.db.ExecContext(ctx, `INSERT INTO sessions VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET data = ?2, expires = ?3;
		DELETE FROM sessions WHERE expires < ?4`, token, data, expires.UnixMilli(), time.Now().UnixMilli())
	return err
}

// DeleteCtx ends a session.
func (b *Book) DeleteCtx(ctx context.Context, token string) error {
	_, err := b.db.ExecContext(ctx, `DELETE FROM sessions WHERE token = ?`, token)
	return err
}

// Find is FindCtx without a context.
func (b *Book) Find(token string) ([]byte, bool, error) {
	return b.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (b *Book) Commit(token string, data []byte, expires time.Time) error {
	return b.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx without a context.
func (b *Book) Delete(token string) error { return b.DeleteCtx(context.Background(), token) }
