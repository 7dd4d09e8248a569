package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/storage"
	_ "modernc.org/sqlite" // the driver that Open uses
)

// MinVersion is the oldest SQLite that is accepted: up to 3.51.2 a bug in WAL
// mode can corrupt a database.
const MinVersion = "3.51.3"

// Options tune a store. The zero value, and nil, mean the defaults.
type Options struct {
	// Readers is how many connections read at a time; zero: 4. One more loads
	// what changes are decided on, and one writes.
	Readers int
	// Queue is how many calls may wait for the writer, and how many for a
	// reader, before further ones get [ErrBusy]; zero: 4096.
	Queue int
	// BusyTimeout is how long to wait for another process's transaction; zero:
	// 5 seconds.
	BusyTimeout time.Duration
	// InsecureNoSync lets the operating system decide when to write. It is for
	// tests: what was acknowledged is lost, and the file may be corrupt, when
	// the machine stops.
	InsecureNoSync bool
}

// orDefaults returns the options with defaults for what is zero; o may be nil. It fails if
// one is negative.
func (o *Options) orDefaults() (Options, error) {
	var got Options
	if o != nil {
		got = *o
	}
	if got.Readers < 0 || got.Queue < 0 || got.BusyTimeout < 0 {
		return got, errors.New("sqlite: negative option")
	}
	if got.Readers == 0 {
		got.Readers = 4
	}
	if got.Queue == 0 {
		got.Queue = 4096
	}
	if got.BusyTimeout == 0 {
		got.BusyTimeout = 5 * time.Second
	}
	return got, nil
}

// Store is a [storage.Store] in one SQLite database. It is safe for concurrent
// use, and several processes may open the same file.
type Store struct {
	// writer makes every change, loader the loads that changes are decided on.
	writer, loader *worker
	readers        *readers
	known          known
	// id is the database's: cursors are bound to it.
	id []byte
	// owned is the database that Open opened; nil for a host's.
	owned *sql.DB

	closed atomic.Bool
}

var _ storage.Store = (*Store)(nil)

// Open opens the database file at a path, and creates it if there is none, readable by
// its owner only, as SQLite's files beside it then are. The folder must exist, else the
// error is [fs.ErrNotExist]. It fails as [New] does, or if the path is not a file's;
// errors name the path.
func Open(path string, o *Options) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil || path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, fmt.Errorf("sqlite: %q is not the path of a file", path)
	}
	if err := create(abs); err != nil {
		return nil, err
	}
	abs = filepath.ToSlash(abs)
	if !strings.HasPrefix(abs, "/") {
		abs = "/" + abs // a Windows volume
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs}).String())
	if err != nil {
		return nil, failed("open", err)
	}
	s, err := New(db, o)
	if err != nil {
		db.Close()
		return nil, openError(path, err)
	}
	s.owned = db
	return s, nil
}

// create creates an empty file that only its owner can read, unless there is a file. It
// does not fail if it cannot: SQLite then reports why. It fails only if closing the new
// file does.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil //nolint:nilerr // see above
	}
	return f.Close()
}

// openError adds to an error of [New] the file's path, and what the operating system says
// of it: no such folder, missing rights, too many open files.
func openError(path string, err error) error {
	if _, missing := os.Stat(filepath.Dir(path)); errors.Is(missing, fs.ErrNotExist) {
		return fmt.Errorf("open %s: make its folder first: %w: %w", path, missing, err)
	}
	switch code(err) & 0xff {
	case codeCannotOpen, codeReadOnly, codeIO:
		f, why := os.OpenFile(path, os.O_RDWR, 0)
		if why != nil && !errors.Is(why, fs.ErrNotExist) {
			return fmt.Errorf("%w: %w", why, err) // it names the path
		} else if why == nil {
			f.Close()
		}
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// openTimeout bounds how long [New] waits for the host's pool of connections,
// and for other processes that open the same file.
const openTimeout = time.Minute

// New builds a store on a host's own database, through any driver for [database/sql]
// whose SQLite is at least [MinVersion] and has FTS5. It takes [Options.Readers] and
// two more connections from db for as long as the store is open, so db's MaxOpenConns
// must leave room for them. They all must be to the same file, which must be charla's
// alone. Close gives them back and leaves db open. It fails with [*VersionError],
// [*SchemaError], [ErrNoFTS5] or [ErrForeign], for options out of range, or if the
// database is read-only, has too few connections or cannot be used.
func New(db *sql.DB, o *Options) (*Store, error) {
	opts, err := o.orDefaults()
	if err != nil {
		return nil, err
	}
	if limit := db.Stats().MaxOpenConnections; limit > 0 && limit < opts.Readers+2 {
		return nil, fmt.Errorf("sqlite: the database allows %d connections, the store needs %d", limit, opts.Readers+2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()

	w, err := open(ctx, db, opts, false)
	if code(err)&0xff == codeNotADatabase {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	} else if err != nil {
		return nil, err
	}
	if err := migrate(ctx, w, migrations); err != nil {
		w.close()
		return nil, err
	}
	s := &Store{}
	if err := w.writable(ctx); err != nil {
		w.close()
		return nil, err
	}
	if _, err := w.one("SELECT id FROM meta", nil, &s.id); err != nil {
		w.close()
		return nil, err
	}
	var conns []*conn // the loader's and the readers'
	for range opts.Readers + 1 {
		c, err := open(ctx, db, opts, true)
		if err != nil {
			for _, c := range append(conns, w) {
				c.close()
			}
			return nil, err
		}
		conns = append(conns, c)
	}
	found, err := filesOf(ctx, conns[0]) // it has read, so there is a log
	if err != nil {
		for _, c := range append(conns, w) {
			c.close()
		}
		return nil, err
	}
	s.writer = newWorker(w, true, opts.Queue)
	s.writer.files = found
	s.loader = newWorker(conns[0], false, opts.Queue)
	s.readers = newReaders(conns[1:], opts.Queue)
	return s, nil
}

// writable fails if the database can only be read. SQLite would open it all the same,
// and fail at the first change.
func (c *conn) writable(ctx context.Context) error {
	if err := c.direct(ctx, "UPDATE meta SET id = id WHERE 0"); code(err)&0xff == codeReadOnly {
		return err
	}
	return nil // that another process is writing says nothing
}

// checkVersion returns [*VersionError] if a version of SQLite is older than
// [MinVersion] or cannot be read, else nil.
func checkVersion(version string) error {
	have, want := strings.Split(version, "."), strings.Split(MinVersion, ".")
	for i := range want {
		if i >= len(have) {
			return &VersionError{Version: version}
		}
		h, err := strconv.Atoi(have[i])
		w, _ := strconv.Atoi(want[i])
		if err != nil || h < w {
			return &VersionError{Version: version}
		}
		if h > w {
			return nil
		}
	}
	return nil
}

// Close waits for what is under way, does what waits in the queue, gives the connections
// back, and closes the database if [Open] opened it. Calls after it fail with
// [storage.ErrClosed], a second Close too. It fails with an [*Error] if closing a
// connection or the database does, and with one that is [ErrReplaced] if other files with
// content are in the place of those that were opened: closing would harm them, so the database
// stays open until the process ends. A host that gave the database must not close it then.
func (s *Store) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return storage.ErrClosed
	}
	err := errors.Join(s.loader.close(), s.readers.close(), s.writer.close())
	if replaced := s.writer.files.closable(); replaced != nil {
		return failed("close", errors.Join(err, replaced))
	}
	if s.owned != nil {
		err = errors.Join(err, s.owned.Close())
	}
	return failed("close", err)
}

// Accounts returns the part that keeps accounts.
func (s *Store) Accounts() storage.Accounts { return accounts{s} }

// Conversations returns the part that loads and commits.
func (s *Store) Conversations() storage.Conversations { return conversations{s} }

// Outbox returns the part that keeps what leaves the system.
func (s *Store) Outbox() storage.Outbox { return outbox{s} }

// Presence returns the part that keeps who is available.
func (s *Store) Presence() storage.Presence { return presence{s} }

// Sessions returns the part that keeps visitors' sessions.
func (s *Store) Sessions() storage.Sessions { return sessions{s} }

// Contacts returns the part that keeps contact forms.
func (s *Store) Contacts() storage.Contacts { return contacts{s} }

// Queries returns the part that reads for people.
func (s *Store) Queries() storage.Queries { return queries{s} }
