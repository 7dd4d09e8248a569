package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations are the files NNNN_name.sql, numbered from 1 without a gap.
var migrations = must(fs.Sub(embedded, "migrations"))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// migrate brings a database up to the newest schema, in one transaction: of two
// processes that open a database at once the second one finds it done.
func migrate(ctx context.Context, c *conn, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return err
	}
	// Nothing to do is the usual case, and needs no lock.
	if found, err := schema(c); err != nil || found == len(names) {
		return err
	}
	if err := c.direct(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := steps(ctx, c, files, names); err != nil {
		_ = c.direct(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	return c.direct(ctx, "COMMIT")
}

func steps(ctx context.Context, c *conn, files fs.FS, names []string) error {
	found, err := schema(c)
	if err != nil {
		return err
	}
	if found > len(names) {
		return &SchemaError{Found: found, Known: len(names)}
	}
	if found == 0 {
		if err := c.direct(ctx, "CREATE TABLE charla_schema (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"); err != nil {
			return err
		}
	}
	for i, name := range names {
		n, err := strconv.Atoi(name[:max(strings.IndexByte(name, '_'), 0)])
		if err != nil || n != i+1 {
			return fmt.Errorf("sqlite: migration %s is not number %d", name, i+1)
		}
		if n <= found {
			continue
		}
		script, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if err := c.direct(ctx, string(script)); err != nil {
			return fmt.Errorf("sqlite: migration %s: %w", name, err)
		}
		if err := c.direct(ctx, fmt.Sprintf("INSERT INTO charla_schema (version, name) VALUES (%d, '%s')", n, name)); err != nil {
			return err
		}
	}
	return nil
}

// schema returns the number of a database's schema, zero for an empty one.
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
