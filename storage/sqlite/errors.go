package sqlite

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/charlahq/charla/storage"
)

var (
	// ErrBusy: as many calls wait already as [Options.Queue] allows. Nothing
	// happened; try again later (R8.4).
	ErrBusy = fmt.Errorf("sqlite: too many calls are waiting: %w", storage.ErrBusy)
	// ErrForeign: the file is no SQLite database, or one whose tables are not
	// charla's.
	ErrForeign = errors.New("sqlite: not a charla database")
	// ErrReplaced: the database file, its log (-wal) or the log's index (-shm) was
	// removed or replaced while the store is open. Nothing is written any more: it would
	// be lost, or harm what another process writes. A log that was removed is written into
	// the database file; close the store and open it again. What a log that was replaced by another
	// held is lost then ([Store.Close]).
	ErrReplaced = errors.New("sqlite: a file of the open database was removed or replaced")
	// ErrNoFTS5: the driver's SQLite was built without full text search.
	ErrNoFTS5 = errors.New("sqlite: this SQLite has no FTS5")
)

// VersionError says that a driver brings an SQLite older than [MinVersion].
type VersionError struct {
	// Version is what the driver brings.
	Version string
}

// Error returns a text with both versions, that found and that needed.
func (e *VersionError) Error() string {
	return "sqlite: the driver brings SQLite " + e.Version + ", which can corrupt a database in WAL mode; need " + MinVersion + " or later"
}

// SchemaError says that a database was written by a newer charla.
type SchemaError struct {
	// Found is the schema of the database, Known the newest one that this code
	// knows.
	Found, Known int
}

// Error returns a text with both schemas, that found and that known.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("sqlite: the database has schema %d, this code knows up to %d", e.Found, e.Known)
}

// Error is a failure of SQLite or of its driver. One that is not Unknown is also
// [storage.ErrBusy] where trying again may help (another process holds the database,
// the disk is full), and [storage.ErrNotDone] where it does not: nothing happened.
type Error struct {
	// Op is what failed: "open", "begin", "read", "write", "commit", "backup".
	Op string
	// Code is SQLite's result code, extended where the driver tells it; zero if
	// the driver does not say. Code&0xff is the primary one.
	Code int
	// Unknown says that the call may or may not have happened. Where it is
	// false, nothing did.
	Unknown bool
	// Err is the driver's.
	Err error
}

// Error returns a text with what failed and why.
func (e *Error) Error() string {
	text := "sqlite: " + e.Op + ": "
	if e.Unknown {
		text += "outcome unknown: "
	}
	if why := words[e.Code&0xff]; why != "" {
		text += why + ": "
	}
	return text + e.Err.Error()
}

// words say what SQLite's result codes mean to who runs the program.
var words = map[int]string{
	codeBusy:         "another process holds the database",
	codeLocked:       "another connection holds the database",
	codeNoMemory:     "out of memory",
	codeReadOnly:     "the database or its folder cannot be written",
	codeIO:           "the disk failed",
	codeCorrupt:      "the database is damaged",
	codeFull:         "the disk is full",
	codeCannotOpen:   "a file of the database cannot be opened (rights, or too many open files)",
	codeNotADatabase: "not a database",
}

// Is reports whether the error counts as target: [storage.ErrBusy] if the same call may
// succeed later, else [storage.ErrNotDone]; neither if it is Unknown.
func (e *Error) Is(target error) bool {
	switch target {
	case storage.ErrBusy:
		return !e.Unknown && e.passing()
	case storage.ErrNotDone:
		return !e.Unknown && !e.passing()
	default:
		return false
	}
}

// passing reports whether the same call may succeed later.
func (e *Error) passing() bool {
	switch e.Code & 0xff {
	case codeBusy, codeLocked, codeNoMemory, codeIO, codeFull, codeCannotOpen:
		return true
	default:
		return false
	}
}

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.Err }

// Result codes that this package acts on.
const (
	codeBusy         = 5
	codeLocked       = 6
	codeNoMemory     = 7
	codeReadOnly     = 8
	codeIO           = 10
	codeCorrupt      = 11
	codeFull         = 13
	codeCannotOpen   = 14
	codeNotADatabase = 26
)

// failed wraps an error of the driver in an [*Error]; nil stays nil.
func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Code: code(err), Err: err}
}

// code returns SQLite's result code from an error of any driver or from what it wraps;
// zero: there is none.
func code(err error) int {
	if err == nil {
		return 0
	}
	if n := ownCode(err); n != 0 {
		return n
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			if n := code(one); n != 0 {
				return n
			}
		}
	}
	return code(errors.Unwrap(err))
}

// ownCode returns the code of the error itself, not of what it wraps, or zero. modernc's
// has a method Code() int that is extended already; others have a method or a field
// ExtendedCode, of an integer type of their own.
func ownCode(err error) int {
	if e, ok := err.(interface{ Code() int }); ok {
		return e.Code()
	}
	v := reflect.ValueOf(err)
	if m := v.MethodByName("ExtendedCode"); m.IsValid() && m.Type().NumIn() == 0 && m.Type().NumOut() == 1 {
		return integer(m.Call(nil)[0])
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		return integer(v.FieldByName("ExtendedCode"))
	}
	return 0
}

// integer returns a value of any integer type as an int, and zero for any other.
func integer(v reflect.Value) int {
	switch {
	case !v.IsValid():
	case v.CanInt():
		return int(v.Int())
	case v.CanUint():
		return int(v.Uint())
	}
	return 0
}
