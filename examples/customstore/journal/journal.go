// Package journal is a store of one's own, made to be read: everything is in
// memory, and every change is also a line in a file, on the disk before anybody
// sees it. Opening the file makes the changes again.
//
// Who writes a store has to keep the contract of package
// [github.com/charlahq/charla/storage], and the suite in storagetest says whether
// they do. Here [storage.Memory] keeps most of it: what is a conflict, what a
// claim takes, in which order lists come. What is added is the promise that
// Memory does not make: a call that returned nil is durable.
//
// It is small, and has its limits: one process at a time, on a POSIX file system;
// everything in memory; one fsync a change; and a file that only grows.
package journal

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/charlahq/charla/storage"
)

// ErrCorrupt: the file is no journal, or one that was changed by somebody else.
var ErrCorrupt = errors.New("journal: corrupt")

// Store is a [storage.Store] in one file. It is safe for concurrent use.
type Store struct {
	// mu is held by a change until it is on the disk, so that no reader sees
	// one that a crash would take back.
	mu     sync.RWMutex
	memory *storage.Memory
	file   *os.File
	sync   bool
	// broken is why the file could not be written. The memory is then ahead of
	// it, so that nothing is answered any more.
	broken error
}

var _ storage.Store = (*Store)(nil)

// header is the first line of a file.
type header struct {
	Journal int `json:"journal"` // the format
	// Database is a random name: cursors are bound to it.
	Database string `json:"database"`
}

// record is every other line: a change and what it was called with.
type record struct {
	Kind string          `json:"kind"`
	Call json.RawMessage `json:"call"`
}

// Options tune a store. The zero value, and nil, mean the defaults.
type Options struct {
	// InsecureNoSync lets the operating system decide when to write: faster, and
	// what was acknowledged is lost when the machine stops. It is for tests.
	InsecureNoSync bool
}

// Open opens the file at a path; a file that is missing or empty is made. It fails with
// [ErrCorrupt] for a file that was damaged, except in its last line.
func Open(path string, o *Options) (*Store, error) {
	if info, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) || (err == nil && info.Size() == 0) {
		if err := create(path); err != nil {
			return nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	s := &Store{file: file, sync: o == nil || !o.InsecureNoSync}
	size, err := s.replay()
	if err == nil {
		// What is left is a change that was being written when the process died.
		// Nobody was told that it had happened.
		err = file.Truncate(size)
	}
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), file.Close())
	}
	return s, nil
}

// create makes a file with a header. It gets its name only when it is whole, so that a
// file without a header is never a journal.
func create(path string) error {
	body, err := json.Marshal(header{Journal: 1, Database: rand.Text()})
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(file, body, true), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close()) // the name is on the disk
}

// replay makes the changes in the file again, and returns how long the whole lines are
// together. It fails with [ErrCorrupt] for a damaged line that is not the last.
func (s *Store) replay() (size int64, err error) {
	r := bufio.NewReader(s.file)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF && size > 0 {
			return size, nil // line is not whole
		}
		if err != nil && err != io.EOF {
			return 0, err
		}
		body, ok := checked(line)
		if !ok {
			if _, err := r.Peek(1); err == io.EOF && size > 0 {
				return size, nil // the last line
			}
			return 0, fmt.Errorf("%w at byte %d", ErrCorrupt, size)
		}
		if err := s.redo(body); err != nil {
			return 0, fmt.Errorf("%w at byte %d: %w", ErrCorrupt, size, err)
		}
		size += int64(len(line))
	}
}

// redo makes one change again. It was accepted once, so it must be now.
func (s *Store) redo(body []byte) error {
	if s.memory == nil {
		var h header
		if err := json.Unmarshal(body, &h); err != nil || h.Journal != 1 {
			return errors.New("the first line is no header that this version knows")
		}
		s.memory = storage.NewMemoryOf(h.Database)
		return nil
	}
	var r record
	if err := json.Unmarshal(body, &r); err != nil {
		return err
	}
	make, ok := kinds[r.Kind]
	if !ok {
		return fmt.Errorf("unknown kind %q", r.Kind)
	}
	c := make()
	if err := json.Unmarshal(r.Call, c); err != nil {
		return err
	}
	changed, err := c.apply(context.Background(), s.memory)
	if err == nil && !changed {
		err = errors.New("it changes nothing")
	}
	return err
}

// change makes every change: the memory decides, and what it accepts is written before
// the next call. After a write that failed the store refuses everything.
func (s *Store) change(ctx context.Context, kind string, c change) error {
	call, err := json.Marshal(c)
	if err != nil {
		return err
	}
	body, err := json.Marshal(record{Kind: kind, Call: call})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	changed, err := c.apply(ctx, s.memory)
	if err != nil || !changed {
		return err
	}
	if err := write(s.file, body, s.sync); err != nil {
		s.broken = fmt.Errorf("journal: write: %w", err)
		return s.broken
	}
	return nil
}

// read makes every read, unless a write has failed.
func read[T any](s *Store, look func(*storage.Memory) (T, error)) (T, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.broken != nil {
		var none T
		return none, s.broken
	}
	return look(s.memory)
}

// write appends a line with its checksum and, if sync is set, waits until the disk has
// it.
func write(file *os.File, body []byte, sync bool) error {
	_, err := file.Write(fmt.Appendf(nil, "%08x %s\n", crc32.ChecksumIEEE(body), body))
	if err == nil && sync {
		err = file.Sync()
	}
	return err
}

// checked returns the body of a line; false: its checksum is wrong.
func checked(line []byte) ([]byte, bool) {
	sum, body, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	return body, ok && string(sum) == fmt.Sprintf("%08x", crc32.ChecksumIEEE(body))
}

// Close waits for calls under way and closes the file. Calls after it, and a second
// Close, fail with [storage.ErrClosed].
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.memory.Close(); err != nil {
		return err
	}
	return s.file.Close()
}
