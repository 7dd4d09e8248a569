package charla

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Clock is where a desk reads the time and waits. [github.com/benbjohnson/clock]
// satisfies it: its real clock is the default, its mock makes tests exact.
type Clock interface {
	Now() time.Time
	After(d time.Duration) <-chan time.Time
}

// Presence says whether an account has an available agent (R4.7). A host that
// knows better than heartbeats puts its own in [Options]. It must be safe for
// concurrent use and quick: it is asked within every change of a conversation.
// It numbers the absences from 1: the rule for no agents answers a ticket once in each
// absence. If the number is always zero, the rule answers a ticket only once.
type Presence interface {
	Presence(ctx context.Context, account chatcfg.AccountID) (tickets.Presence, error)
}

// Options are what a [Desk] takes from its host. Nil, and every zero field, means
// the default.
type Options struct {
	// Clock defaults to the wall clock.
	Clock Clock
	// Entropy is read for IDs, keys, secrets and chance. It must be safe for
	// concurrent use and unpredictable; it defaults to crypto/rand.
	Entropy io.Reader
	// Logger gets what an operator should know, never a customer's words or a
	// secret. It defaults to silence.
	Logger *slog.Logger
	// Mailer sends the notifications. A desk that runs without one leaves them
	// dead in the outbox, from where [Desk.Replay] takes them again.
	Mailer Mailer
	// TicketURL returns the address of a ticket in the host's pages, for mails to agents: with package
	// console mounted at https://tienda.cl/desk/ it calls console.TicketURL with that. The number of
	// the ref is zero for a contact form. Only http and https addresses are mailed. Nil, or an empty
	// answer: mails have no link.
	TicketURL func(tickets.Ref) string
	// Hooks are told of everything that happens to tickets, each by its own
	// deliveries: one that fails is told again later and holds up no other. A name has
	// 1 to 40 letters, digits, hyphens and underscores and lasts as long as its hook.
	// Give the same hooks to every desk on a store: deliveries are stored by the desk
	// that caused them and made by any that runs (R8.2).
	Hooks map[string]Hook
	// NoteHooks are the names of those hooks that are told of notes, too (R11.4).
	NoteHooks []string
	// IsBot reports whether an agent's ID is a bot's in an account, whatever
	// [Person].Automated says; it is asked at once and by many. Nobody gives a bot a ticket
	// (R12.1). Nil: charla knows bots only by their own calls.
	IsBot func(chatcfg.AccountID, tickets.AgentID) bool
	// Presence replaces the heartbeats.
	Presence Presence
	// Broker carries hints between processes; nil: each polls.
	Broker Broker
	// Observer is told what the desk does, for metrics and traces; nil: nobody is.
	Observer *Observer
	// Files switches attachments on; nil: off.
	Files *FileOptions
	// Abilities are what the host can do beside Mailer and Files, which are filled in:
	// [Desk.Lint] warns of settings that need more. Nil: not known.
	Abilities *chatcfg.Abilities
	// HeartbeatTTL is how long an agent's heartbeat holds. It defaults to
	// [tickets.HeartbeatTTL]; below zero: until the next one.
	HeartbeatTTL time.Duration
	// SessionTTL is how long a visitor's session lasts. It defaults to 90 days.
	SessionTTL time.Duration
	// Limits bound what calls may take.
	Limits Limits
	// Runner tunes [Desk.Run] and [Desk.RunDue].
	Runner RunnerOptions
}

// Limits bound what calls may take (R8.4).
type Limits struct {
	// Attempts is how often a change is decided again after a conflict before
	// it fails with [ErrBusy]; default 32.
	Attempts int
	// Queue is how many calls may wait for one conversation in this process
	// before more of them fail with [ErrBusy]; default 256.
	Queue int
	// Accounts is how many compiled configurations are kept; default 4096.
	Accounts int
}

// RunnerOptions tune the runner of deadlines and outbox.
type RunnerOptions struct {
	// Poll is how often the store is asked for what is due, and how late a
	// stream may see what another process wrote; default one second.
	Poll time.Duration
	// Lease is how long a claim holds before another desk may take it over;
	// default 30 seconds. A mail or hook must be done by then.
	Lease time.Duration
	// Batch is how many are claimed at once; default 100.
	Batch int
	// Workers is how many deadlines, mails, and deliveries to each hook are carried
	// out at a time; default 64. Accounts share them: a slow account delays only
	// itself. One does everything in the order of the claims, one after the other.
	Workers int
	// Attempts is how often a delivery is tried before it is dead; default 12.
	Attempts int
	// Backoff is the wait after the first failed attempt, doubled with each
	// one up to six hours; default 5 seconds.
	Backoff time.Duration
	// Keep is how long a delivery that was sent, and a session that expired, is kept;
	// default 7 days.
	Keep time.Duration
}

// withDefaults returns a copy in which every zero field has its default; nil is valid.
func (o *Options) withDefaults() Options {
	var r Options
	if o != nil {
		r = *o
	}
	if r.Clock == nil {
		r.Clock = wallClock()
	}
	if r.Entropy == nil {
		r.Entropy = systemEntropy()
	}
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Files != nil {
		files := *r.Files
		setDefault(&files.MaxBytes, 5<<20)
		setDefault(&files.AccountBytes, 10<<30)
		if files.Types == nil {
			files.Types = chatcfg.FileTypes()
		}
		r.Files = &files
	}
	if r.Abilities != nil {
		host := *r.Abilities
		host.Mailer, host.Files = host.Mailer || r.Mailer != nil, host.Files || r.Files != nil
		r.Abilities = &host
	}
	r.Hooks, r.NoteHooks = maps.Clone(r.Hooks), slices.Clone(r.NoteHooks)
	r.Observer = r.Observer.complete()
	setDefault(&r.HeartbeatTTL, tickets.HeartbeatTTL)
	setDefault(&r.SessionTTL, 90*24*time.Hour)
	setDefault(&r.Limits.Attempts, 32)
	setDefault(&r.Limits.Queue, 256)
	setDefault(&r.Limits.Accounts, 4096)
	setDefault(&r.Runner.Poll, time.Second)
	setDefault(&r.Runner.Lease, 30*time.Second)
	setDefault(&r.Runner.Batch, 100)
	setDefault(&r.Runner.Workers, 64)
	setDefault(&r.Runner.Attempts, 12)
	setDefault(&r.Runner.Backoff, 5*time.Second)
	setDefault(&r.Runner.Keep, 7*24*time.Hour)
	return r
}

// hookName reports whether a text is fit for a hook's name.
func hookName(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// check returns every problem of options that have their defaults, joined; nil: there
// are none.
func (o *Options) check() error {
	var errs []error
	l, r := &o.Limits, &o.Runner
	for _, field := range []struct {
		name  string
		below bool
	}{
		{"SessionTTL", o.SessionTTL < 0},
		{"Limits.Attempts", l.Attempts < 0}, {"Limits.Queue", l.Queue < 0}, {"Limits.Accounts", l.Accounts < 0},
		{"Runner.Poll", r.Poll < 0}, {"Runner.Lease", r.Lease < 0}, {"Runner.Batch", r.Batch < 0},
		{"Runner.Workers", r.Workers < 0}, {"Runner.Attempts", r.Attempts < 0},
		{"Runner.Backoff", r.Backoff < 0}, {"Runner.Keep", r.Keep < 0},
	} {
		if field.below {
			errs = append(errs, fmt.Errorf("charla: %s is below zero", field.name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Hooks)) {
		if !hookName(name) {
			errs = append(errs, fmt.Errorf("charla: Hooks: %q is not a name: 1 to 40 letters, digits, hyphens and underscores", name))
		}
		if o.Hooks[name] == nil {
			errs = append(errs, fmt.Errorf("charla: Hooks: %q is nil", name))
		}
	}
	for _, name := range o.NoteHooks {
		if o.Hooks[name] == nil {
			errs = append(errs, fmt.Errorf("charla: NoteHooks: %q is none of the Hooks", name))
		}
	}
	if f := o.Files; f != nil && f.Store == nil {
		errs = append(errs, errors.New("charla: Files has no Store"))
	}
	if f := o.Files; f != nil && f.MaxBytes < 0 {
		errs = append(errs, errors.New("charla: Files.MaxBytes is below zero"))
	}
	return errors.Join(errs...)
}

// setDefault sets a field to value if it is zero.
func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
