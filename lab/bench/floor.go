package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "modernc.org/sqlite" // the driver that storage/sqlite uses by default
)

// floor is the bare driver on a database that storage/sqlite made: the same
// pragmas, statements that are prepared once, four connections that read and one
// that writes, in groups of up to 64. It knows nothing: what it writes is encoded
// already.
type floor struct {
	db      *sql.DB
	readers chan *bare
	writer  *bare
	queue   chan *job
	ended   chan struct{}
}

// bare is one connection.
type bare struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

type job struct {
	write func(*bare) error
	done  chan error
}

// openFloor opens a database for bare SQL, with one connection that writes.
func openFloor(ctx context.Context, path string) (*floor, error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return nil, err
	}
	f := &floor{db: db, readers: make(chan *bare, 4), queue: make(chan *job, 4096), ended: make(chan struct{})}
	if f.writer, err = f.connect(ctx, 0); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	for range cap(f.readers) {
		r, err := f.connect(ctx, 1)
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		f.readers <- r
	}
	go f.loop()
	return f, nil
}

func (f *floor) connect(ctx context.Context, queryOnly int) (*bare, error) {
	conn, err := f.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range []string{
		"busy_timeout = 5000", "journal_mode = wal", "synchronous = 2", "foreign_keys = 1", "wal_autocheckpoint = 16384",
		"cache_size = -16384", "trusted_schema = 0", fmt.Sprintf("query_only = %d", queryOnly),
	} {
		if _, err := conn.ExecContext(ctx, "PRAGMA "+p); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return &bare{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (f *floor) close() error {
	close(f.queue)
	<-f.ended
	all := f.writer.close()
	for range cap(f.readers) {
		all = errors.Join(all, (<-f.readers).close())
	}
	return errors.Join(all, f.db.Close())
}

func (b *bare) close() error {
	for _, s := range b.stmts {
		s.Close()
	}
	return b.conn.Close()
}

func (b *bare) prepare(query string) (*sql.Stmt, error) {
	if s := b.stmts[query]; s != nil {
		return s, nil
	}
	s, err := b.conn.PrepareContext(context.Background(), query)
	if err == nil {
		b.stmts[query] = s
	}
	return s, err
}

func (b *bare) exec(query string, args ...any) error {
	s, err := b.prepare(query) //nolint:sqlclosecheck // close closes it
	if err == nil {
		_, err = s.ExecContext(context.Background(), args...)
	}
	return err
}

// insert inserts a row and returns its number.
func (b *bare) insert(query string, args ...any) (int64, error) {
	s, err := b.prepare(query) //nolint:sqlclosecheck // close closes it
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return r.LastInsertId()
}

// rows calls each for every row of a query.
func (b *bare) rows(query string, args []any, each func(*sql.Rows) error) error {
	s, err := b.prepare(query) //nolint:sqlclosecheck // close closes it
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one reads one row. It fails if there is none.
func (b *bare) one(query string, args []any, dest ...any) error {
	found := false
	err := b.rows(query, args, func(r *sql.Rows) error { found = true; return r.Scan(dest...) })
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return err
}

// read reads on a connection of its own.
func (f *floor) read(do func(*bare) error) error {
	r := <-f.readers
	defer func() { f.readers <- r }()
	return do(r)
}

// write waits until a write is durable, together with others.
func (f *floor) write(do func(*bare) error) error {
	j := &job{do, make(chan error, 1)}
	f.queue <- j
	return <-j.done
}

// alone writes in a transaction of its own, on the caller's goroutine. It must
// not meet another write.
func (f *floor) alone(do func(*bare) error) error {
	return f.writer.transaction(func() error { return do(f.writer) })
}

func (b *bare) transaction(do func() error) error {
	if err := b.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, b.exec("ROLLBACK"))
	}
	return b.exec("COMMIT")
}

func (f *floor) loop() {
	defer close(f.ended)
	for first := range f.queue {
		group := append(make([]*job, 0, 64), first)
	gather:
		for len(group) < cap(group) {
			select {
			case j, ok := <-f.queue:
				if !ok {
					break gather
				}
				group = append(group, j)
			default:
				break gather
			}
		}
		err := f.writer.transaction(func() error {
			for _, j := range group {
				if err := j.write(f.writer); err != nil {
					return err
				}
			}
			return nil
		})
		for _, j := range group {
			j.done <- err
		}
	}
}

// tables are what two databases are compared by: that the floor wrote what ours
// did.
var tables = []string{"conversations", "tickets", "messages", "entries", "receipts"}

type contents map[string]int64

// measure counts what is in a database.
func measure(ctx context.Context, path string) (contents, error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	c := contents{}
	for _, t := range tables {
		var n, bytes int64
		if err := db.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(length(doc)), 0) FROM "+t).Scan(&n, &bytes); err != nil {
			return nil, err
		}
		c[t], c[t+", bytes"] = n, bytes
	}
	for _, t := range []string{"identities", "texts", "words_docsize", "deliveries"} {
		var n int64
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+t).Scan(&n); err != nil {
			return nil, err
		}
		c[t] = n
	}
	return c, nil
}

// sameWork fails unless two databases, copies of one at first, have grown alike:
// by the same rows, and by the same bytes within three in a hundred.
func sameWork(ctx context.Context, before contents, ours, floor string) error {
	a, err := measure(ctx, ours)
	if err != nil {
		return err
	}
	b, err := measure(ctx, floor)
	if err != nil {
		return err
	}
	for what := range before {
		x, y := a[what]-before[what], b[what]-before[what]
		if diff := max(x-y, y-x); diff != 0 && diff > max(a[what]*3/100, b[what]*3/100) || x != y && before[what+", bytes"] != 0 {
			return errRows(what, x, y)
		}
	}
	return nil
}
