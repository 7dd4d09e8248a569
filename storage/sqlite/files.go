package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// files are the files of an open database, as they were when it was opened; none if
// they are not the operating system's.
type files []file

type file struct {
	path string
	info fs.FileInfo
}

// filesOf returns the database file of a connection, its log and the log's index, or nil if
// the operating system does not have them. It fails if SQLite does not tell the path.
func filesOf(ctx context.Context, c *conn) (files, error) {
	var path string
	if err := c.c.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		return nil, failed("open", err)
	}
	var all files
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil && len(all) == 2 {
			return all, nil // the host's connections keep the index in memory
		} else if err != nil {
			return nil, nil //nolint:nilerr // a file system of the driver's own
		}
		all = append(all, file{name, info})
	}
	return all, nil
}

// check fails with an error that is [ErrReplaced] if a path no longer leads to the file
// that is open. It costs three system calls; a transaction costs far more.
func (all files) check() error {
	for _, f := range all {
		now, err := os.Stat(f.path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, f.info) {
			return &Error{Op: "begin", Err: fmt.Errorf("%w: %s", ErrReplaced, f.path)}
		}
	}
	return nil
}

// rescue writes the log that was removed into the database file, as long as nothing is in
// its place: another process that has made a new one relies on what it found. If that
// does not work either, closing the store tries once more.
func (all files) rescue(c *conn) {
	if all[:1].check() != nil {
		return
	}
	if _, err := os.Stat(all[1].path); errors.Is(err, fs.ErrNotExist) {
		_ = c.direct(context.Background(), "PRAGMA wal_checkpoint(FULL)")
	}
}

// closable fails with an error that is [ErrReplaced] if closing the connections would harm
// files that are in the place of those that are open: SQLite would write the old log into a
// database that another process has gone on with, or remove that one's log. An empty file in the
// log's place is nobody's.
func (all files) closable() error {
	for i, f := range all {
		now, err := os.Stat(f.path)
		if err != nil || os.SameFile(now, f.info) || i == 1 && now.Size() == 0 {
			continue
		}
		return fmt.Errorf("%w: %s", ErrReplaced, f.path)
	}
	return nil
}
