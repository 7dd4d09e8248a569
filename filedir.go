package charla

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
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
	var err error
	for range 3 { // its folder may be removed meanwhile
		if err = ctx.Err(); err == nil {
			err = f.put(account.String(), id.String(), body)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// put tries once to write a file, and its folder's entry, to the disk. It fails with
// [fs.ErrNotExist] if the folder was removed meanwhile, or if the system does; then no
// part of the file stays.
func (f *FileDir) put(folder, name string, body []byte) error {
	err := f.root.Mkdir(folder, 0o700)
	if err == nil {
		err = f.sync(".")
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	name = path.Join(folder, name)
	file, err := f.root.OpenFile(name+partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(body)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = f.root.Rename(name+partial, name)
	}
	if err != nil {
		return errors.Join(err, f.remove(name+partial))
	}
	return f.sync(folder)
}

// partial ends the name of a file that is being written.
const partial = ".part"

// remove removes a file; one that is not there is no error. It fails if the system
// does.
func (f *FileDir) remove(name string) error {
	if err := f.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
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

// List yields the files of an account's folder, also those that are not whole, in any
// order; none if there is no folder. It ends with an error if ctx is done or the system
// cannot read.
func (f *FileDir) List(ctx context.Context, account chatcfg.AccountID) iter.Seq2[StoredFile, error] {
	return func(yield func(StoredFile, error) bool) {
		dir, err := f.root.Open(account.String())
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(StoredFile{}, err)
			return
		}
		defer dir.Close()
		for {
			entries, err := dir.ReadDir(listStep)
			if errors.Is(err, io.EOF) {
				return
			}
			if err = firstError(err, ctx.Err()); err != nil {
				yield(StoredFile{}, err)
				return
			}
			for _, e := range entries {
				id, err := uuid.Parse(strings.TrimSuffix(e.Name(), partial))
				if err != nil {
					continue // not ours
				}
				info, err := e.Info()
				if errors.Is(err, fs.ErrNotExist) {
					continue // removed meanwhile
				}
				if err != nil {
					yield(StoredFile{}, err)
					return
				}
				if !yield(StoredFile{tickets.FileID{UUID: id}, info.Size()}, nil) {
					return
				}
			}
		}
	}
}

// listStep is how many entries of a folder are read at once.
const listStep = 1000

// Delete removes a file, also one that is not whole, and the account's folder with its
// last one; a file that is not there is no error. It fails if ctx is done or the system
// cannot remove it.
func (f *FileDir) Delete(ctx context.Context, account chatcfg.AccountID, id tickets.FileID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	folder := account.String()
	name := path.Join(folder, id.String())
	err := errors.Join(f.remove(name), f.remove(name+partial))
	if err == nil && account != noteAccount {
		_ = f.root.Remove(folder) // refused while there are files
	}
	return err
}

// DeleteAll removes an account's folder with all files in it; one that is not there is
// no error. It fails if ctx is done or the system cannot remove it.
func (f *FileDir) DeleteAll(ctx context.Context, account chatcfg.AccountID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.root.RemoveAll(account.String())
}
