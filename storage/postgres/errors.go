package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/charlahq/charla/storage"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// ErrBusy: as many calls wait already as [Options.Queue] allows. Nothing
	// happened; try again later (R8.4).
	ErrBusy = fmt.Errorf("postgres: too many calls are waiting: %w", storage.ErrBusy)
	// ErrForeign: the database has a schema "charla" that is not charla's.
	ErrForeign = errors.New("postgres: the schema charla is not of this library")
	// ErrNotMigrated: the schema is not there, or is older than this code needs, and
	// the role may not change it. Call [Migrate] as the role that owns it.
	ErrNotMigrated = errors.New("postgres: the schema is not up to date, and this role may not change it: call postgres.Migrate as the role that owns it")
	// ErrPooler: a proxy gives each transaction another connection, so that statements
	// that were prepared on one are unknown on the next.
	ErrPooler = errors.New("postgres: a proxy gives each transaction another connection (pgbouncer in transaction mode): " +
		"add default_query_exec_mode=cache_describe to the connection string, or use its session mode")
	// ErrAsync: synchronous_commit is off for the connections, so that what was
	// acknowledged could be lost.
	ErrAsync = errors.New("postgres: synchronous_commit is off")
)

// VersionError says that a server is older than [MinVersion].
type VersionError struct {
	// Version is the server's.
	Version string
}

// Error returns a text with both versions, that found and that needed.
func (e *VersionError) Error() string {
	return fmt.Sprintf("postgres: the server is version %s; need %d or later", e.Version, MinVersion)
}

// SchemaError says that a database was written by a newer charla.
type SchemaError struct {
	// Found is the schema of the database, Known the newest one that this code
	// knows.
	Found, Known int
}

// Error returns a text with both schemas, that found and that known.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("postgres: the database has schema %d, this code knows up to %d", e.Found, e.Known)
}

// Error is a failure of the server, or of the connection to it. One that is not
// Unknown is also [storage.ErrBusy] where trying again may help, and
// [storage.ErrNotDone] where it does not: nothing happened.
type Error struct {
	// Op is what failed: "open", "connect", "read", "write", "commit",
	// "listen".
	Op string
	// Code is the SQLSTATE; empty if the server did not answer.
	Code string
	// Unknown says that the call may or may not have happened. Where it is
	// false, nothing did.
	Unknown bool
	// Err is the driver's.
	Err error
	// final: rows were seen already, so that it cannot be tried again.
	final bool
}

// Error returns a text with what failed and why.
func (e *Error) Error() string {
	if e.Unknown {
		return "postgres: " + e.Op + ": outcome unknown: " + e.Err.Error()
	}
	return "postgres: " + e.Op + ": " + e.Err.Error()
}

// Unwrap returns the driver's error.
func (e *Error) Unwrap() error { return e.Err }

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
	if e.Code == "" {
		var unreadable *pgconn.ParseConfigError
		return !errors.As(e.Err, &unreadable)
	}
	switch e.Code[:2] {
	case "08", "40", "53", "57", "58": // connection, rollback, resources, operator, system
		return true
	}
	return e.Code == codeLockTimeout || e.Code == codeIdle || unusable(e.Code)
}

// unusable reports whether an error's code means that its connection must be closed: it
// leads to a standby, where there may be a primary elsewhere, or knows an older schema.
func unusable(code string) bool {
	return code == codeReadOnly || code == codeUnsupported || code == codeNotNow
}

// SQLSTATEs that this package acts on.
const (
	codeUnknownCompletion = "40003"
	codeLockTimeout       = "55P03"
	codeDeadlock          = "40P01"
	codeIdle              = "25P03"
	codeReadOnly          = "25006"
	codeUnsupported       = "0A000"
	codeNotNow            = "55000"
	codeNoRights          = "42501"
)

// failed wraps an error of the driver in an [*Error] that is not Unknown; nil stays nil.
func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Code: code(err), Err: err}
}

// code returns the SQLSTATE of an error, empty if the server sent none.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) && len(e.Code) == 5 {
		return e.Code
	}
	return ""
}

// changed wraps an error of statements that end a transaction, in an [*Error]; nil stays
// nil. It is Unknown unless the server reported a failure and goes on with the connection.
// What the driver says of its connection ([pgconn.SafeToRetry]) does not count: it
// also says that nothing was sent of what was sent and then lost.
func changed(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, Code: code(err), Err: err}
	var server *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrTxCommitRollback):
	case errors.As(err, &server):
		e.Unknown = server.SeverityUnlocalized != "ERROR" || server.Code == codeUnknownCompletion
	default:
		e.Unknown = true
	}
	return e
}

// retryable reports whether a transaction did nothing and is worth another try at once.
func retryable(err error) bool {
	if errors.Is(err, errRace) {
		return true
	}
	var e *Error
	if !errors.As(err, &e) || e.Unknown || e.final || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	switch {
	case e.Code == "":
		return true
	case e.Code[:2] == "40", e.Code[:2] == "08", e.Code[:3] == "57P", unusable(e.Code):
		return true
	}
	return false
}

// errRace: another process has just made what this transaction was to make.
// Looking again will find it.
var errRace = errors.New("postgres: raced")

// attempts is how often a transaction that did nothing is tried.
const attempts = 4

// notDone returns a [storage.ErrBusy] that wraps the error of a call that did not
// begin.
func notDone(err error) error { return fmt.Errorf("%w: %w", storage.ErrBusy, err) }
