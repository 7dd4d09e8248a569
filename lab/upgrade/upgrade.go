// Package upgrade runs two versions of charla on one database at once, as they do
// while the processes of a service are replaced: this one, and one of the future,
// built from the same sources with a schema, formats and documents that have grown.
// docs/deployment.md says what comes of it.
package upgrade

import (
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Env is the variable in which a host finds its job.
const Env = "CHARLA_UPGRADE"

// Job is what the process is told when it starts, as JSON in the variable [Env].
type Job struct {
	// DSN is the database, Mails a file to which each mail is added as a line.
	DSN, Mails string
	// Epoch is when the desk's clock began, which goes Speed times as fast.
	Epoch time.Time
	Speed int
}

// Request is a call.
type Request struct {
	Op      string
	Account chatcfg.AccountID
	Token   charla.Token
	Ref     tickets.Ref
	Text    string
}

// Answer is the outcome of a call. Class is the error's, empty: none.
type Answer struct {
	Class, Error string
	Account      chatcfg.AccountID
	Token        charla.Token
	Ref          tickets.Ref
	Texts        []string
	Rows         []charla.Row
	Entries      []tickets.Entry
	Changes      []storage.Change
	Available    bool
	Left         int64
}
