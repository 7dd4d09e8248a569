package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations are the files NNNN_name.sql, numbered from 1 without a gap.
var migrations = must(fs.Sub(embedded, "migrations"))

// must returns v. It panics if err is not nil.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// migrate brings a database up to the newest schema, in one transaction. Several
// processes may do so at once: the first one migrates, the others find it done. It
// fails as steps does, or if the transaction does; then nothing has changed.
func migrate(ctx context.Context, c *conn, files fs.FS) error {
	all, err := dialect.Migrations(files, table)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	// Nothing to do is the usual case, and needs no lock.
	if found, err := schema(c); err != nil || found == len(all) {
		return err
	}
	if err := c.direct(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err = steps(ctx, c, files, all); err == nil {
		err = c.direct(ctx, "COMMIT")
	}
	if err != nil {
		_ = c.direct(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

// steps carries out the migrations that a database lacks, in order, within a
// transaction, and records them. It fails with [*SchemaError] if the database is newer,
// with [ErrForeign] if it is not charla's, or if a migration does.
func steps(ctx context.Context, c *conn, files fs.FS, all []columns.Migration) error {
	found, err := schema(c)
	if err != nil {
		return err
	}
	if found > len(all) {
		return &SchemaError{Found: found, Known: len(all)}
	}
	if found == 0 {
		if err := c.direct(ctx, "CREATE TABLE charla_schema (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"); err != nil {
			return err
		}
	}
	for _, m := range all[found:] {
		if m.Column != nil {
			err = c.addColumn(ctx, m.Column)
		} else {
			err = c.runScript(ctx, files, m.Name)
		}
		if err != nil {
			return fmt.Errorf("sqlite: migration %s: %w", m.Name, err)
		}
		if err := c.direct(ctx, fmt.Sprintf("INSERT INTO charla_schema (version, name) VALUES (%d, '%s')", m.Number, m.Name)); err != nil {
			return err
		}
	}
	return nil
}

// runScript runs a migration's file. It fails if there is no such file, or if a statement
// fails.
func (c *conn) runScript(ctx context.Context, files fs.FS, name string) error {
	script, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	return c.direct(ctx, string(script))
}

// addColumn adds a column of tickets, fills it from their documents and makes its index.
// It fails if a statement does, or if a document cannot be decoded.
func (c *conn) addColumn(ctx context.Context, column *columns.Column) error {
	if err := c.direct(ctx, dialect.Add(column)); err != nil {
		return err
	}
	const step = 1000
	var keys []int64
	var values []any
	for more := true; more; more = len(keys) == step {
		var last int64
		if len(keys) > 0 {
			last = keys[len(keys)-1]
		}
		keys, values = keys[:0], values[:0]
		err := c.each(ctx, "SELECT key, doc FROM tickets WHERE key > ? ORDER BY key LIMIT ?", []any{last, step}, func(scan func(...any) error) error {
			var doc string
			var t tickets.Ticket
			if err := scan(&last, &doc); err != nil {
				return err
			}
			err := codec.DecodeTicket(doc, &t)
			keys, values = append(keys, last), append(values, arg(column, column.Value(&t)))
			return corrupt(err)
		})
		if err != nil {
			return err
		}
		for i, key := range keys {
			if _, err := c.exec("UPDATE tickets SET "+column.Name+" = ? WHERE key = ?", values[i], key); err != nil {
				return err
			}
		}
	}
	return c.direct(ctx, dialect.Index(column))
}

// schema returns the number of a database's schema, zero for an empty database. It
// fails with [ErrForeign] if the tables are not charla's, or if a query does.
func schema(c *conn) (int, error) {
	var tables, ours int
	if _, err := c.one(`SELECT count(*), coalesce(sum(name = 'charla_schema'), 0) FROM sqlite_schema WHERE type = 'table'`, nil, &tables, &ours); err != nil {
		return 0, err
	}
	if ours == 0 {
		if tables > 0 {
			return 0, ErrForeign
		}
		return 0, nil
	}
	var n int
	_, err := c.one("SELECT coalesce(max(version), 0) FROM charla_schema", nil, &n)
	return n, err
}
