package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/template"

	"github.com/charlahq/charla/storage/internal/codec"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migrations are the files NNNN_name.sql, numbered from 1 without a gap. They are
// templates, since a table that is partitioned is created otherwise.
var migrations = must(fs.Sub(embedded, "migrations"))

// must returns v. It panics if err is not nil.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// migrate brings a database up to the newest schema, in one transaction, and returns
// the database's ID. Several processes may do so at once: the first one migrates, the
// others find it done. It fails with [ErrNotMigrated] if the role may not, and as
// upgrade does.
func migrate(ctx context.Context, c *pgx.Conn, files fs.FS, partitions int) (id [16]byte, err error) {
	all, err := dialect.Migrations(files, ofTickets)
	if err != nil {
		return id, fmt.Errorf("postgres: %w", err)
	}
	found, err := schema(ctx, c)
	if err != nil {
		return id, err
	}
	var moved bool
	if found == len(all) {
		// Nothing to do is the usual case, and needs no lock.
		if id, moved, err = identify(ctx, c); err != nil || !moved {
			return id, err
		}
	}
	for range migrating {
		if id, moved, err = upgrade(ctx, c, files, all, partitions); !lockedOut(err) {
			break
		}
	}
	if found < len(all) && code(err) == codeNoRights {
		return id, fmt.Errorf("%w (the database has schema %d, this code needs %d): %w", ErrNotMigrated, found, len(all), err)
	}
	if err == nil && moved {
		id, _, err = identify(ctx, c)
	}
	return id, err
}

// Other processes go on while one migrates, and lock tables in orders of their own:
// a migration waits for a table no longer than lockWait, since every call queued behind it
// waits as long, and is tried so often.
const (
	migrating = 20
	lockWait  = "3s"
)

// lockedOut reports whether err says that a migration did nothing because of others'
// locks.
func lockedOut(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Code == codeDeadlock || e.Code == codeLockTimeout)
}

// upgrade carries out the missing migrations in one transaction, and resets the feeds
// of a database that was moved here from elsewhere. It returns the database's ID as of
// before the reset, and whether it was moved. It fails as steps does, or if the
// transaction does. If its COMMIT fails, the outcome is unknown; opening the store
// again is safe.
func upgrade(ctx context.Context, c *pgx.Conn, files fs.FS, all []columns.Migration, partitions int) (id [16]byte, moved bool, err error) {
	tx, err := c.Begin(ctx)
	if err != nil {
		return id, false, failed("open", err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // it does nothing after COMMIT
	if _, err = tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('charla migrations', 0))"); err != nil {
		return id, false, failed("open", err)
	}
	if _, err = tx.Exec(ctx, "SET LOCAL lock_timeout = '"+lockWait+"'"); err != nil {
		return id, false, failed("open", err)
	}
	if err = steps(ctx, c, files, all, partitions); err == nil {
		id, moved, err = identify(ctx, c)
	}
	if err == nil && moved {
		err = resetFeeds(ctx, c)
	}
	if err == nil {
		err = failed("open", tx.Commit(ctx))
	}
	return id, moved, err
}

// steps carries out the migrations that a database lacks, in order, within a
// transaction, and records them. It fails with [*SchemaError] if the database is newer,
// with [ErrForeign] if it is not charla's, or if a migration does.
func steps(ctx context.Context, c *pgx.Conn, files fs.FS, all []columns.Migration, partitions int) error {
	found, err := schema(ctx, c)
	if err != nil {
		return err
	}
	if found > len(all) {
		return &SchemaError{Found: found, Known: len(all)}
	}
	if found == 0 {
		if _, err := c.Exec(ctx, "CREATE SCHEMA charla; CREATE TABLE charla.migrations (version integer PRIMARY KEY, name text NOT NULL)", pgx.QueryExecModeSimpleProtocol); err != nil {
			return failed("open", err)
		}
	} else if err := c.QueryRow(ctx, "SELECT partitions FROM charla.meta").Scan(&partitions); err != nil {
		return failed("open", err)
	}
	for _, m := range all[found:] {
		if m.Column != nil {
			err = addColumn(ctx, c, m.Column)
		} else {
			err = runScript(ctx, c, files, m.Name, partitions)
		}
		if err != nil {
			return fmt.Errorf("postgres: migration %s: %w", m.Name, err)
		}
		if _, err := c.Exec(ctx, "INSERT INTO charla.migrations (version, name) VALUES ($1, $2)", m.Number, m.Name); err != nil {
			return failed("open", err)
		}
	}
	return nil
}

// runScript runs a migration's file. It fails if there is no such file, or if a statement
// fails.
func runScript(ctx context.Context, c *pgx.Conn, files fs.FS, name string, partitions int) error {
	script, err := script(files, name, partitions)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, script, pgx.QueryExecModeSimpleProtocol)
	return failed("open", err)
}

// addColumn adds a column of tickets, fills it from their documents and makes its index.
// It fails if a statement does, or if a document cannot be decoded.
func addColumn(ctx context.Context, c *pgx.Conn, column *columns.Column) error {
	if _, err := c.Exec(ctx, dialect.Add(column)); err != nil {
		return failed("open", err)
	}
	registerColumns(c.TypeMap())
	const step = 1000
	fill := put("UPDATE charla.tickets t SET "+column.Name+" = "+cast(column, "u.value")+" FROM ",
		" AS u(account, conversation, number, value) WHERE (t.account, t.conversation, t.number) = (u.account, u.conversation, u.number)",
		aUUID, aUUID, aNumber, kinds[column.Type])
	values := fill.table()
	var last key
	var number int64
	for more := true; more; more = values.rows() == step {
		values.clear()
		rows, err := c.Query(ctx, `SELECT account, conversation, number, doc FROM charla.tickets
			WHERE (account, conversation, number) > ($1, $2, $3) ORDER BY account, conversation, number LIMIT $4`,
			last.account, last.id, number, step)
		if err != nil {
			return failed("open", err)
		}
		var doc []byte
		if _, err = pgx.ForEachRow(rows, []any{&last.account, &last.id, &number, &doc}, func() error {
			var t tickets.Ticket
			err := codec.DecodeTicket(string(doc), &t)
			values.key(last)
			values.number(number)
			values.value(column, column.Value(&t))
			return corrupt(err)
		}); err != nil {
			return failed("open", err)
		}
		if _, err := c.Exec(ctx, fill.sql, values.args()...); err != nil {
			return failed("open", err)
		}
	}
	_, err := c.Exec(ctx, dialect.Index(column))
	return failed("open", err)
}

// script returns the SQL of a migration's file for a schema with so many partitions. It
// fails if there is no such file, or if it is not a valid template.
func script(files fs.FS, name string, partitions int) (string, error) {
	by := func(table, settings string) string {
		if settings != "" {
			settings = " WITH (" + settings + ")"
		}
		if partitions == 0 {
			return settings
		}
		var b strings.Builder
		b.WriteString("PARTITION BY HASH (account)")
		for i := range partitions {
			fmt.Fprintf(&b, ";\nCREATE TABLE charla.%s_%d PARTITION OF charla.%s FOR VALUES WITH (MODULUS %d, REMAINDER %d)%s",
				table, i, table, partitions, i, settings)
		}
		return b.String()
	}
	t, err := template.New(name).Funcs(template.FuncMap{"by": by}).ParseFS(files, name)
	if err != nil {
		return "", fmt.Errorf("postgres: migration %s: %w", name, err)
	}
	var b strings.Builder
	err = t.Execute(&b, struct{ Partitions int }{partitions})
	return b.String(), err
}

// schema returns the number of a database's schema, zero for none. It fails with
// [ErrForeign] if the schema is not charla's, or with an [*Error] if a query fails.
func schema(ctx context.Context, c *pgx.Conn) (int, error) {
	// From the catalogue's tables: what a connection remembers of names may be old.
	var made, ours bool
	if err := c.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'charla'), EXISTS (
		SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'charla' AND c.relname = 'migrations')`).Scan(&made, &ours); err != nil {
		return 0, failed("open", err)
	}
	if !ours {
		if made {
			return 0, ErrForeign
		}
		return 0, nil
	}
	var n int
	err := c.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM charla.migrations").Scan(&n)
	return n, failed("open", err)
}

// here names where a database's rows are: the server, which counts the transactions,
// and the table, which is another one after a dump was read back.
const here = "(SELECT system_identifier || ' ' || 'charla.meta'::regclass::oid FROM pg_control_system())"

// identify returns the database's ID, and whether its rows were moved here from
// elsewhere: another server, or another time. It fails if the query does.
func identify(ctx context.Context, c *pgx.Conn) (id [16]byte, moved bool, err error) {
	err = c.QueryRow(ctx, "SELECT id, place <> "+here+" FROM charla.meta").Scan(&id, &moved)
	return id, moved, failed("open", err)
}

// resetFeeds makes all cursors of a database that was moved invalid, by a new database
// ID, and every conversation part of the feeds from their beginning. It fails if a
// statement does.
func resetFeeds(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, `UPDATE charla.conversations SET change = '3';
		UPDATE charla.meta SET id = gen_random_uuid(), place = `+here,
		pgx.QueryExecModeSimpleProtocol)
	return failed("open", err)
}
