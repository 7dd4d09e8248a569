package postgres

import (
	"context"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// What the tests need from inside.
const (
	PurgeStep = purgeStep
	MaxWord   = maxWord
)

// Migrations are the package's own, and Schema the number of the last one.
func Migrations() fs.FS { return migrations }

func Schema() int {
	all, err := dialect.Migrations(migrations, ofTickets)
	if err != nil {
		panic(err)
	}
	return len(all)
}

// MigrateTo brings a database up to other migrations than the package's own.
func MigrateTo(ctx context.Context, pool *pgxpool.Pool, files fs.FS) error {
	return pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		_, err := migrate(ctx, c.Conn(), files, 0)
		return err
	})
}

// Again and Changed are how errors are judged.
func Again(err error) bool { return retryable(err) }

// Changed wraps an error of a transaction's end.
func Changed(err error) error { return changed("commit", err) }

// Stall keeps commits waiting: one lets one place take them up, rest the others.
func (s *Store) Stall() (one, rest func()) {
	<-s.commits.lead
	for range committers - 1 {
		<-s.commits.spare
	}
	return s.commits.free, func() {
		for range committers - 1 {
			s.commits.free()
		}
	}
}

// Waiting is how many commits wait.
func (s *Store) Waiting() int { return len(s.commits.queue) }

// Hold keeps a place of everything but commits and loads until run returns.
func (s *Store) Hold(ctx context.Context, run func()) error {
	return s.with(ctx, func(*pgxpool.Conn) error {
		run()
		return nil
	})
}

// Waiters is how many calls wait for such a place.
func (s *Store) Waiters() int { return int(s.others.waiting.Load()) }

// Snapshot reads PostgreSQL's text for a snapshot and writes it again.
func Snapshot(text string) (string, bool) {
	s, ok := parseSnapshot(text)
	return s.String(), ok
}

// FeedCursor reads a cursor of a feed and writes it again.
func (s *Store) FeedCursor(list, cursor string) (string, error) {
	f, err := s.parseFeed(list, cursor)
	return s.feedCursor(list, f), err
}

// Sweep makes every claim look for what is due from the beginning.
func (s *Store) Sweep() { s.horizon.every = 0 }

// Quiet sets after how long without news a listener asks whether the server is there.
func (b *Broker) Quiet(d time.Duration) { b.quiet = d }
