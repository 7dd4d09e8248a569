package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Databases makes databases on a server that runs. It may be used concurrently.
type Databases struct {
	dsn string

	mu      sync.Mutex
	created int
}

// Find returns a server to use, and what to call when it is no longer needed: the one
// that $CHARLA_POSTGRES names, or else the PG* variables that libpq knows, or else a
// private one ([Start]). It fails only as Start does.
func Find(ctx context.Context) (d *Databases, stop func() error, err error) {
	if dsn := os.Getenv("CHARLA_POSTGRES"); dsn != "" {
		return &Databases{dsn: dsn}, func() error { return nil }, nil
	}
	for _, name := range []string{"PGHOST", "PGPORT", "PGSERVICE", "PGDATABASE", "PGUSER"} {
		if os.Getenv(name) != "" {
			return &Databases{}, func() error { return nil }, nil
		}
	}
	s, err := Start(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	return &s.Databases, s.Stop, nil
}

// Create makes a new, empty database, and returns its connection string. It fails if
// the server cannot be reached or refuses, or if the server's own connection string is
// malformed.
func (d *Databases) Create(ctx context.Context) (dsn string, err error) {
	for {
		d.mu.Lock()
		d.created++
		name := fmt.Sprintf("charla_%d_%d", os.Getpid(), d.created)
		d.mu.Unlock()
		err := execute(ctx, d.dsn, "CREATE DATABASE "+name)
		var e *pgconn.PgError
		switch {
		case err == nil:
			return withDatabase(d.dsn, name)
		case errors.As(err, &e) && e.Code == "42P04": // left by a process of that number
		default:
			return "", err
		}
	}
}

// Drop removes a database that Create made, and ends its connections. It fails if dsn
// cannot be read, the server cannot be reached, or there is no such database.
func (d *Databases) Drop(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	return execute(ctx, d.dsn, "DROP DATABASE "+pgx.Identifier{config.Database}.Sanitize()+" WITH (FORCE)")
}

// Empty removes what charla has in a database that Create made, which takes less time
// than making another database. Nobody may use it meanwhile. It fails if the database
// cannot be reached or refuses.
func (d *Databases) Empty(ctx context.Context, dsn string) error {
	return execute(ctx, dsn, "DROP SCHEMA IF EXISTS charla CASCADE")
}

// execute runs a statement on a connection of its own. It fails if it cannot connect, or
// if the statement fails.
func execute(ctx context.Context, dsn, statement string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		_, err = conn.Exec(ctx, statement)
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	return nil
}

// withDatabase returns the connection string for another database of the same server. It
// fails if dsn is a malformed URL.
func withDatabase(dsn, database string) (string, error) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return strings.TrimSpace(dsn + " dbname=" + database), nil // the last one counts
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "", fmt.Errorf("pgtest: %w", err)
	}
	u.Path = "/" + database
	return u.String(), nil
}
