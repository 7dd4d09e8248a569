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

// filesOf returns the database file of a connection and its log, or nil if the operating
// system does not have both. It fails if SQLite does not tell the path.
func filesOf(ctx context.Context, c *conn) (files, error) {
	var path string
	if err := c.c.QueryRowContext(ctx, "SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		return nil, failed("open", err)
	}
	var all files
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			return nil, nil //nolint:nilerr // a file system of the driver's own
		}
		all = append(all, file{name, info})
	}
	return all, nil
}

// check fails with an error that is [ErrReplaced] if a path no longer leads to the file
// that is open. It costs two system calls; a transaction costs far more.
func (all files) check() error {
	for _, f := range all {
		now, err := os.Stat(f.path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, f.info) {
			return &Error{Op: "begin", Err: fmt.Errorf("%w: %s", ErrReplaced, f.path)}
		}
	}
	return nil
}
