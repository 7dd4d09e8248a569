package charla

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// FileDir is [Files] in a folder: one folder for each account, one file for each
// attachment, named by IDs alone. It is safe for concurrent use, by several
// processes too. Use [NewFileDir].
type FileDir struct{ root *os.Root }

// NewFileDir keeps attachments in a folder, which it makes if there is none. It fails
// if it cannot make or open it.
func NewFileDir(dir string) (*FileDir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("charla: files: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("charla: files: %w", err)
	}
	return &FileDir{root}, nil
}

// Close closes the folder: later calls fail. The files stay. It fails if the system
// does.
func (f *FileDir) Close() error { return f.root.Close() }

// Put writes a file, and its folder's entry, to the disk; it replaces one of that ID.
// It fails if ctx is done or the system cannot write; under the ID there is never a
// part of a file.
func (f *FileDir) Put(ctx context.Context, account chatcfg.AccountID, id tickets.FileID, body []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder := account.String()
	err := f.root.Mkdir(folder, 0o700)
	if err == nil {
		err = f.sync(".")
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	name := path.Join(folder, id.String())
	partial := name + "." + rand.Text() //nolint:forbidigo // a name that nobody else picks, and that decides nothing
	file, err := f.root.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = f.root.Rename(partial, name)
	}
	if err != nil {
		return errors.Join(err, f.root.Remove(partial))
	}
	return f.sync(folder)
}

// sync flushes a folder's entries to the disk. It fails if the system does.
func (f *FileDir) sync(folder string) error {
	dir, err := f.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Get returns the bytes of a file. It fails with [ErrNotFound] if there is none, if ctx
// is done, or if the system cannot read it.
func (f *FileDir) Get(ctx context.Context, account chatcfg.AccountID, id tickets.FileID) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := f.root.Open(path.Join(account.String(), id.String()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// DeleteAll removes an account's folder with all files in it; one that is not there is
// no error. It fails if ctx is done or the system cannot remove it.
func (f *FileDir) DeleteAll(ctx context.Context, account chatcfg.AccountID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.root.RemoveAll(account.String())
}
