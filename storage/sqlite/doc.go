// Package sqlite keeps charla in one SQLite database: a [storage.Store] for one
// machine.
//
//	store, err := sqlite.Open("chat.db", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//
// [Open] uses the driver modernc.org/sqlite, which needs no C compiler. [New]
// takes a [database/sql.DB] of the host's own through any other driver: the
// conformance suite also passes with github.com/mattn/go-sqlite3 (built with the
// tag sqlite_fts5) and github.com/ncruces/go-sqlite3 (opened with its ext/fts5
// registered). SQLite itself must be at least [MinVersion] and have FTS5. A
// program that uses this package must keep the version of modernc.org/libc that
// modernc.org/sqlite names.
//
// # Durability
//
// A call that returned nil is on the disk: the database is in WAL mode with
// synchronous=FULL. One connection writes: what waits for it, up to 64 calls, goes
// into one transaction, in which each call succeeds or fails by itself, and is
// answered when that is durable. So many callers together get more done than one.
//
// A changing call whose context ends while it waits does nothing. Once it was
// taken up it waits for its outcome, which takes no longer than the transaction
// and [Options.BusyTimeout]. An [*Error] that is Unknown may have happened: the disk
// failed while a transaction was written. After every other error of a changing call
// nothing happened: another process that holds the database for longer than
// [Options.BusyTimeout], or a full disk, is [storage.ErrBusy]; what somebody has to
// repair, such as a database that cannot be written, is [storage.ErrNotDone]. No more
// calls wait than [Options.Queue] allows: the next one gets [ErrBusy].
//
// Reads have connections of their own, never wait for the writer and see what was
// acknowledged before they began.
//
// # Files
//
// Beside the database SQLite keeps its log (-wal) and an index of it (-shm):
// together they are the database. What is new is in the log, which is written into the
// database file when it has come to 64 MB, and when the last store on it closes: until then
// the database file may be small and the log large. Copy it with [Store.Backup], never file by file, and
// remove or replace none of them while a store is open: what the log holds would be
// lost with the process. Before each transaction the store looks whether they are still
// there; if not, every change fails with [ErrReplaced] until it is closed.
// It must not be on a network file system. Several processes on one machine may
// open it; their writers take turns.
//
// Messages, tickets and what else is read often are kept as Protocol Buffers, laid
// out in storage/internal/codec/charla.proto, for reading them by hand.
//
// The schema is brought up to date when the store opens. A database of a newer
// charla is refused ([*SchemaError]).
package sqlite
