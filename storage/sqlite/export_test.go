package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"strings"
)

// What the tests need from inside.
var (
	CheckVersion = checkVersion
	Code         = code
)

// PurgeStep is how many rows of a table one step of a purge removes.
const PurgeStep = purgeStep

// MaxKnown is how many conversations are remembered.
const MaxKnown = maxKnown

// Known is how many are.
func (s *Store) Known() int {
	s.known.mu.Lock()
	defer s.known.mu.Unlock()
	return len(s.known.conversations)
}

// Migrations are the package's own, and Schema the number of the last one.
func Migrations() fs.FS { return migrations }

func Schema() int {
	all, err := dialect.Migrations(migrations, table)
	if err != nil {
		panic(err)
	}
	return len(all)
}

// Migrate brings a database up to other migrations than the package's own.
func Migrate(ctx context.Context, db *sql.DB, files fs.FS) error {
	o, err := (*Options)(nil).orDefaults()
	if err != nil {
		return err
	}
	c, err := open(ctx, db, o, false)
	if err != nil {
		return err
	}
	defer c.close()
	return migrate(ctx, c, files)
}

// Write runs something as a change of its own.
func (s *Store) Write(ctx context.Context, run func() error) error {
	return s.writer.do(ctx, func(*conn) error { return run() })
}

// Waiting is how many changes wait.
func (s *Store) Waiting() int { return len(s.writer.queue) }

// Read keeps a reader until run returns.
func (s *Store) Read(ctx context.Context, run func() error) error {
	return s.readers.do(ctx, func(*conn) error { return run() })
}

// Waiters is how many reads wait.
func (s *Store) Waiters() int { return int(s.readers.waiting.Load()) }

// Pragma reads a pragma of the writer and of every reader.
func (s *Store) Pragma(ctx context.Context, name string) (values []string, err error) {
	err = s.everywhere(ctx, func(c *conn) error {
		var v string
		_, err := c.one("PRAGMA "+name, nil, &v)
		values = append(values, v)
		return err
	})
	return values, err
}

// Plans are the query plans of every statement that the store has prepared.
func (s *Store) Plans(ctx context.Context) (map[string]string, error) {
	plans := map[string]string{}
	err := s.everywhere(ctx, func(c *conn) error {
		for query := range c.stmts {
			first, _, _ := strings.Cut(query, " ")
			if !strings.Contains("SELECT INSERT UPDATE DELETE", first) || plans[query] != "" {
				continue
			}
			plan, err := c.explain(ctx, query)
			if err != nil {
				return fmt.Errorf("%s: %w", query, err)
			}
			plans[query] = plan
		}
		return nil
	})
	return plans, err
}

func (c *conn) explain(ctx context.Context, query string) (string, error) {
	rows, err := c.c.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, make([]any, 64)...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	plan := "-"
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return "", err
		}
		plan += "\n" + detail
	}
	return plan, rows.Err()
}

func (s *Store) everywhere(ctx context.Context, run func(*conn) error) error {
	for _, w := range []*worker{s.writer, s.loader} {
		if err := w.do(ctx, run); err != nil {
			return err
		}
	}
	var taken []*conn
	defer func() {
		for _, c := range taken {
			s.readers.free <- c
		}
	}()
	for range cap(s.readers.free) {
		c := <-s.readers.free
		taken = append(taken, c)
		if err := run(c); err != nil {
			return err
		}
	}
	return nil
}
