package charla

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Observer is told what a desk does, for metrics and traces. Any of its functions
// may be nil. They are called within the work, by many goroutines at a time, and
// should return at once. What they are told holds no customer's words, names or
// addresses, except that the text of an error may quote what a call was given:
// label metrics with [ErrorClass]. Durations are by the desk's clock.
//
// The module github.com/charlahq/charla/otel has one for OpenTelemetry.
type Observer struct {
	// Begin is called as an operation begins. The store, the mailer and the host's
	// hooks get the context that it returns, and so does the function that is told
	// of the operation's end: the place for a span. It is derived from ctx.
	Begin func(ctx context.Context, op Operation) context.Context
	// Changed is told of each change of a conversation that was tried: calls that
	// got as far as the store, and deadlines.
	Changed func(ctx context.Context, c ObservedChange)
	// Committed is told of each commit of a conversation, refused ones too.
	Committed func(ctx context.Context, c ObservedCommit)
	// Fired is told of each deadline that was carried out, by [Desk.Run] or by
	// another change that came first (R4.3).
	Fired func(ctx context.Context, l ObservedDeadline)
	// Delivered is told of each attempt of a delivery.
	Delivered func(ctx context.Context, d ObservedDelivery)
	// Stream is told of each stream that opens (1) or ends (-1), and for whom.
	Stream func(ctx context.Context, reader tickets.Side, change int)
	// Hint is told of each hint that goes to [Options].Broker or comes from it.
	Hint func(h HintKind)
	// Failed is told of each failure that [Desk.Run] logs and goes on after.
	Failed func(ctx context.Context, part RunPart, err error)
	// Security is told of each security event.
	Security func(ctx context.Context, e SecurityEvent)
}

// Operation is what [Observer].Begin is told of.
type Operation struct {
	Name OperationName
	// Kind is the change's [tickets.CommandKind] or the delivery's kind; empty for a
	// commit.
	Kind string
}

// OperationName names an operation.
type OperationName string

// The operations, each with the function that is told of its end.
const (
	OpChange   OperationName = "change"   // Changed
	OpCommit   OperationName = "commit"   // Committed; within a change
	OpDelivery OperationName = "delivery" // Delivered
)

// ObservedChange is a change of a conversation that has ended.
type ObservedChange struct {
	// Kind is what was asked; [tickets.CommandTick]: what is due, by [Desk.Run].
	Kind    tickets.CommandKind
	Account chatcfg.AccountID
	// Conflicts is how often it was decided again because another change was
	// committed first.
	Conflicts int
	// Duration includes the wait for earlier calls for the conversation.
	Duration time.Duration
	// Err is what the caller got; nil: it is done, now or earlier by its key.
	Err error
}

// ObservedCommit is a store's answer to a commit.
type ObservedCommit struct {
	Duration time.Duration
	// Err is the store's; [storage.ErrConflict] and [storage.ErrConfigChanged] are
	// decided again.
	Err error
}

// ObservedDeadline is a deadline that was carried out.
type ObservedDeadline struct {
	// Kind is [tickets.CommandDelay], [tickets.CommandRemind] or [tickets.CommandExpire].
	Kind    tickets.CommandKind
	Account chatcfg.AccountID
	// Late is the time from the deadline to the commit.
	Late time.Duration
}

// ObservedDelivery is an attempt of a delivery that has ended.
type ObservedDelivery struct {
	// Kind is "mail" or "event", Hook the name of the event's hook.
	Kind, Hook string

	Account chatcfg.AccountID
	// State is its outcome: [DeliverySent], [DeliveryPending] (there will be another
	// attempt), [DeliveryDead] or [DeliveryUnknown].
	State DeliveryState
	// Attempts counts this attempt.
	Attempts int
	// Late is how long it waited beyond the time at which it might have begun.
	Late time.Duration
	// Duration is the mailer's or hook's; zero if it was not begun.
	Duration time.Duration
	// Err is the mailer's or hook's.
	Err error
}

// HintKind says what a desk did with a hint.
type HintKind string

// The kinds of hints.
const (
	HintSent    HintKind = "sent"    // given to the broker
	HintHeard   HintKind = "heard"   // taken from the broker
	HintIgnored HintKind = "ignored" // taken from the broker, but nothing that charla sends
)

// RunPart is a part of [Desk.Run].
type RunPart string

// The parts of Run.
const (
	RunDeadlines RunPart = "deadlines"
	RunOutbox    RunPart = "outbox"
	RunBroker    RunPart = "broker"
	RunFiles     RunPart = "files"
)

// complete returns a copy of the observer in which no function is nil; nil stays nil.
func (o *Observer) complete() *Observer {
	if o == nil {
		return nil
	}
	c := *o
	if c.Begin == nil {
		c.Begin = func(ctx context.Context, _ Operation) context.Context { return ctx }
	}
	if c.Changed == nil {
		c.Changed = func(context.Context, ObservedChange) {}
	}
	if c.Committed == nil {
		c.Committed = func(context.Context, ObservedCommit) {}
	}
	if c.Fired == nil {
		c.Fired = func(context.Context, ObservedDeadline) {}
	}
	if c.Delivered == nil {
		c.Delivered = func(context.Context, ObservedDelivery) {}
	}
	if c.Stream == nil {
		c.Stream = func(context.Context, tickets.Side, int) {}
	}
	if c.Hint == nil {
		c.Hint = func(HintKind) {}
	}
	if c.Failed == nil {
		c.Failed = func(context.Context, RunPart, error) {}
	}
	if c.Security == nil {
		c.Security = func(context.Context, SecurityEvent) {}
	}
	return &c
}

// change applies a request and tells the observer of it. It returns the result and error
// of apply or applyUpload.
func (d *Desk) change(ctx context.Context, req request) (Result, error) {
	apply := d.apply
	if req.upload != nil {
		apply = d.applyUpload
	}
	o := d.o.Observer
	if o == nil {
		return apply(ctx, &req)
	}
	began := d.o.Clock.Now()
	ctx = o.Begin(ctx, Operation{OpChange, string(req.cmd.Kind)})
	result, err := apply(ctx, &req)
	o.Changed(ctx, ObservedChange{
		Kind: req.cmd.Kind, Account: req.query.Account, Conflicts: req.conflicts,
		Duration: d.o.Clock.Now().Sub(began), Err: err,
	})
	return result, err
}

// commit commits a batch and tells the observer of it and of each deadline in it. The
// error is the store's own.
func (d *Desk) commit(ctx context.Context, b *storage.Batch) error {
	o := d.o.Observer
	if o == nil {
		return d.store.Conversations().Commit(ctx, b)
	}
	began := d.o.Clock.Now()
	within := o.Begin(ctx, Operation{Name: OpCommit})
	err := d.store.Conversations().Commit(within, b)
	now := d.o.Clock.Now()
	o.Committed(within, ObservedCommit{Duration: now.Sub(began), Err: err})
	if err != nil {
		return err
	}
	for i := range b.Entries {
		if e := &b.Entries[i]; !e.Due.IsZero() {
			o.Fired(ctx, ObservedDeadline{Kind: e.Kind, Account: b.Conversation.Account, Late: max(now.Sub(e.Due), 0)})
		}
	}
	return nil
}

// logFailed logs an error after which Run goes on, and tells the observer of it.
func (d *Desk) logFailed(ctx context.Context, part RunPart, err error) {
	d.o.Logger.Error("charla: run", slog.String("part", string(part)), slog.Any("error", err))
	d.failed(ctx, part, err)
}

// failed tells the observer, if there is one, of an error after which Run goes on.
func (d *Desk) failed(ctx context.Context, part RunPart, err error) {
	if o := d.o.Observer; o != nil {
		o.Failed(ctx, part, err)
	}
}

// hinted tells the observer, if there is one, of a hint.
func (d *Desk) hinted(h HintKind) {
	if o := d.o.Observer; o != nil {
		o.Hint(h)
	}
}

// Lag is how late the work of [Desk.Run] is, over all accounts of a store.
type Lag struct {
	// Deadlines is how long ago the earliest deadline passed that no desk has
	// claimed, and Outbox the same of deliveries; zero: none waits.
	Deadlines, Outbox time.Duration
}

// Lag returns how late the work of [Desk.Run] is: raise an alarm when it grows, because
// no desk runs, or those that do cannot keep up. It asks the store for two values of its
// indexes, and fails if the store does. What
// failed waits for its next attempt and is not late until then: watch [Observer].Failed
// and Delivered, too.
func (d *Desk) Lag(ctx context.Context) (Lag, error) {
	deadline, outbox, err := d.wakes(ctx)
	if err != nil {
		return Lag{}, err
	}
	now := d.Now()
	late := func(due time.Time) time.Duration {
		if due.IsZero() {
			return 0
		}
		return max(now.Sub(due), 0)
	}
	return Lag{Deadlines: late(deadline), Outbox: late(outbox)}, nil
}

// ErrorClass returns a word for an error of a desk, a store, a [Mailer] or a hook that
// metrics can be split by, whatever the error's text. It is one of "anonymous",
// "automated", "available" (an agent), "busy" (nothing was done, try again), "canceled",
// "category", "closed" (the store), "command", "config_changed", "confirmation", "conflict",
// "contact_form", "cursor", "deleted", "exists", "identity", "invalid" (input),
// "key_reused", "newer_format", "no_form", "none_waiting", "not_allowed", "not_dead",
// "not_deleted", "not_done" (by the store, until somebody repairs it), "not_found",
// "not_latest", "not_sent" (worth another try), "outcome_unknown", "rating", "refused" (a
// mail or hook, for good), "secret", "session", "stale", "taken", "timeout", "transition";
// "other" for any other error; empty for nil.
func ErrorClass(err error) string {
	if err == nil {
		return ""
	}
	if p := (chatcfg.Problems)(nil); errors.As(err, &p) {
		return "invalid"
	}
	for _, c := range classes {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	return "other"
}

// classes are the errors by their names; of those that wrap another, the outer
// one stands first.
var classes = []struct {
	err  error
	name string
}{
	{ErrOutcomeUnknown, "outcome_unknown"},
	{ErrSession, "session"},
	{ErrBusy, "busy"},
	{ErrNotFound, "not_found"},
	{ErrDeleted, "deleted"},
	{ErrKeyReused, "key_reused"},
	{ErrContactForm, "contact_form"},
	{ErrNewerFormat, "newer_format"},
	{ErrCursor, "cursor"},
	{ErrExists, "exists"},
	{ErrStale, "stale"},
	{ErrConfirmation, "confirmation"},
	{ErrNotDeleted, "not_deleted"},
	{ErrNotDead, "not_dead"},
	{ErrNotAllowed, "not_allowed"},
	{ErrNoForm, "no_form"},
	{ErrAvailable, "available"},
	{ErrIdentity, "identity"},
	{ErrSecret, "secret"},
	{ErrNoneWaiting, "none_waiting"},
	{ErrRefused, "refused"},
	{ErrNotSent, "not_sent"},
	{tickets.ErrTransition, "transition"},
	{tickets.ErrAnonymous, "anonymous"},
	{tickets.ErrNoTicket, "not_found"},
	{tickets.ErrNotLatest, "not_latest"},
	{tickets.ErrTaken, "taken"},
	{tickets.ErrCategory, "category"},
	{tickets.ErrRating, "rating"},
	{tickets.ErrAutomated, "automated"},
	{tickets.ErrCommand, "command"},
	{storage.ErrConflict, "conflict"},
	{storage.ErrConfigChanged, "config_changed"},
	{storage.ErrBusy, "busy"},
	{storage.ErrNotDone, "not_done"},
	{storage.ErrNotFound, "not_found"},
	{storage.ErrDeleted, "deleted"},
	{storage.ErrClosed, "closed"},
	{context.Canceled, "canceled"},
	{context.DeadlineExceeded, "timeout"},
}
