package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Backup writes a copy of the whole database, as it is at one moment, to a new file at
// a path, while everything else goes on. It refuses a path where there is a file, with
// an error that is [os.ErrExist]; it also fails if the file cannot be written, or as
// any call of the store. When it returns nil the copy is durable; when it fails there
// is no file. It works beside the path first, in a file with ".partial" added, which a
// crash may leave behind together with an empty file at the path.
//
// While it runs the log of the database (the file -wal) grows, since the moment that it
// copies has to be kept. A copy can be opened like any database. To cursors it is
// another one: who goes on with it reads its feeds from the start, and misses nothing
// of what was done since in place of what the copy lacks.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("sqlite: backup: %w", err)
	}
	partial := path + ".partial"
	return s.readers.do(ctx, func(c *conn) error {
		// The empty file claims the name.
		claim, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("sqlite: backup: %w", err)
		}
		if err = claim.Close(); err == nil {
			err = c.copyTo(ctx, partial)
		}
		if err == nil {
			err = os.Rename(partial, path)
		}
		if err == nil {
			err = syncFolder(filepath.Dir(path))
		}
		if err != nil {
			return errors.Join(err, remove(partial), remove(path))
		}
		return nil
	})
}

// copyTo writes a copy of the database, with an ID of its own, to a file, and makes it
// durable. It replaces a file that is there. It fails if the file cannot be replaced or
// made durable, or a statement fails; what it wrote so far stays there.
func (c *conn) copyTo(ctx context.Context, path string) error {
	if err := remove(path); err != nil {
		return err
	}
	if err := create(path); err != nil {
		return err
	}
	// VACUUM INTO reads this database and writes another one, into a file that is empty.
	if err := c.direct(ctx, "PRAGMA query_only = 0"); err != nil {
		return err
	}
	defer func() { _ = c.direct(context.Background(), "PRAGMA query_only = 1") }()
	if _, err := c.c.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return failed("backup", err)
	}
	if err := c.renewID(ctx, path); err != nil {
		return err
	}
	return syncFile(path)
}

// detachLeft detaches what a backup whose DETACH failed left attached. It fails if there is
// nothing.
const detachLeft = "DETACH DATABASE copy"

// renewID gives the copy at a path a new database ID, so that no cursor of the original
// holds there. It fails if a statement does.
func (c *conn) renewID(ctx context.Context, path string) error {
	_ = c.direct(ctx, detachLeft)
	if _, err := c.c.ExecContext(ctx, "ATTACH ? AS copy", path); err != nil {
		return failed("backup", err)
	}
	_, err := c.c.ExecContext(ctx, "UPDATE copy.meta SET id = randomblob(16)")
	return errors.Join(failed("backup", err), c.direct(context.WithoutCancel(ctx), "DETACH copy"))
}

// remove removes a file. It is no error if there is none. It fails if the system does.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// syncFile makes a file's content durable. It fails if the system does.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncFolder makes the names in a folder durable. On Windows it does nothing: the system
// does so by itself. Elsewhere it fails if the system does.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
