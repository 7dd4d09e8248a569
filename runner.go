package charla

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Run carries out deadlines and delivers the outbox until ctx ends; it returns ctx's
// error when everything under way is done. Any number of desks may run on one store. A
// failing store or mailer does not end it: the failure is logged and the work tried
// again. A slow mailer delays no deadline. Uploads that were interrupted are removed
// within about two hours, if it runs for that long.
func (d *Desk) Run(ctx context.Context) error {
	var group sync.WaitGroup
	deadlines, outbox := []work{d.runDeadlines, d.runStale}, work(d.runOutbox)
	if d.o.Runner.Workers > 1 {
		deadlines, outbox = d.tickers(&group), d.dispatcher(&group)
	}
	group.Go(func() { d.workLoop(ctx, RunDeadlines, d.dueKick, deadlines...) })
	group.Go(func() { d.patrolLoop(ctx) })
	group.Go(func() { d.workLoop(ctx, RunOutbox, d.outKick, outbox, d.pruner()) })
	if d.o.Broker != nil {
		group.Go(func() { d.listen(ctx) })
	}
	if d.o.Files != nil {
		group.Go(func() { d.sweepLoop(ctx) })
	}
	group.Wait()
	return ctx.Err()
}

// work claims and does one batch and returns how many it did.
type work func(context.Context) (int, error)

// workLoop does the work until nothing is left, and again after each poll or kick,
// until ctx ends. Errors are logged and told to the observer; the work goes on.
func (d *Desk) workLoop(ctx context.Context, part RunPart, kick <-chan struct{}, all ...work) {
	for {
		if _, err := drain(ctx, all); err != nil && ctx.Err() == nil {
			d.logFailed(ctx, part, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-kick:
		case <-d.o.Clock.After(d.o.Runner.Poll):
		}
	}
}

// pruner returns the work that removes, every hour, what was sent and the sessions that
// expired, once they are older than [RunnerOptions].Keep. It removes nothing that had not
// expired an hour ago: a clock that is ahead for a while removes nothing that goes on. The
// work returns how many it removed, a page of each at most, and fails if the store does.
func (d *Desk) pruner() work {
	var last time.Time
	return func(ctx context.Context) (int, error) {
		now := d.Now()
		if now.Sub(last).Abs() < time.Hour {
			return 0, nil
		}
		before := now.Add(-d.o.Runner.Keep)
		if !last.IsZero() && before.After(last) {
			before = last
		}
		sent, err := d.store.Outbox().Prune(ctx, before, storage.MaxPage)
		if err != nil {
			return 0, fmt.Errorf("charla: prune outbox: %w", err)
		}
		expired, err := d.store.Sessions().Prune(ctx, before, storage.MaxPage)
		if err != nil {
			return sent, fmt.Errorf("charla: prune sessions: %w", err)
		}
		if max(sent, expired) < storage.MaxPage {
			last = now
		}
		return sent + expired, nil
	}
}

// wakeRunner makes Run look for work now, not at the next poll. It does not block.
func (d *Desk) wakeRunner() {
	wake(d.dueKick)
	wake(d.outKick)
}

// RunDue does, on the caller's goroutine, everything that is due by now: the deadlines
// of tickets, what configurations saved since moved, and the outbox; until nothing is
// left or something fails, and returns that error. It returns how many of them it did.
// With an injected clock it is how tests let time pass. Conversations that a newer
// version wrote are skipped, and counted ([ErrNewerFormat]).
func (d *Desk) RunDue(ctx context.Context) (int, error) {
	return drain(ctx, []work{d.runPatrol, d.runDeadlines, d.runStale, d.runOutbox})
}

// drain does batches of each work until none is left or one has failed, and returns how
// many were done. It fails as oneBatch does.
func drain(ctx context.Context, all []work) (int, error) {
	done := 0
	for {
		n, err := oneBatch(ctx, all)
		done += n
		if n == 0 || err != nil {
			return done, err
		}
	}
}

// oneBatch does one batch of each work and returns how many were done. A failure of one
// does not keep the others back; the errors are joined. When ctx is done it stops and
// fails with ctx's error.
func oneBatch(ctx context.Context, all []work) (int, error) {
	var failed []error
	done := 0
	for _, claim := range all {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		n, err := claim(ctx)
		done += n
		if err != nil {
			failed = append(failed, err)
		}
	}
	return done, errors.Join(failed...)
}

// runDeadlines claims a batch of conversations whose deadline is due and carries out
// what is due in them. It returns how many went well. It fails with the error of the
// claim, or with those of the conversations, joined.
func (d *Desk) runDeadlines(ctx context.Context) (int, error) {
	now := d.Now()
	due, err := d.store.Conversations().ClaimDue(ctx, d.claimable(now), now.Add(d.o.Runner.Lease), d.o.Runner.Batch, nil)
	if err != nil {
		return 0, fmt.Errorf("charla: claim deadlines: %w", err)
	}
	return d.tickAll(ctx, due)
}

// runStale is runDeadlines for conversations whose configuration was saved anew: their
// deadlines may have moved. It fails as that does.
func (d *Desk) runStale(ctx context.Context) (int, error) {
	now := d.Now()
	stale, err := d.store.Conversations().ClaimStale(ctx, now, now.Add(d.o.Runner.Lease), d.o.Runner.Batch, nil)
	if err != nil {
		return 0, fmt.Errorf("charla: claim after a save: %w", err)
	}
	return d.tickAll(ctx, stale)
}

// tickAll carries out what is due in claimed conversations. It returns how many went
// well, and the errors of the others, joined.
func (d *Desk) tickAll(ctx context.Context, claims []storage.Claim) (int, error) {
	return each(claims, d.o.Runner.Workers, func(c storage.Claim) error { return d.tick(ctx, c, 0) })
}

// claimFunc claims conversations of all accounts but some.
type claimFunc func(ctx context.Context, now, until time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error)

// tickers returns runDeadlines and runStale for [Desk.Run], each as a ticker.
func (d *Desk) tickers(group *sync.WaitGroup) []work {
	conversations := d.store.Conversations()
	due := func(ctx context.Context, now, until time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
		return conversations.ClaimDue(ctx, d.claimable(now), until, limit, without)
	}
	return []work{d.ticker(group, "deadlines", due), d.ticker(group, "after a save", conversations.ClaimStale)}
}

// ticker returns a work that carries out deadlines on goroutines of group: it counts
// those that it begins and does not wait for them, logs their failures, begins none of
// an account that has a slow one, and while there is more than it may begin, it looks
// once in a poll at what other accounts wait for. The work fails if claim does.
func (d *Desk) ticker(group *sync.WaitGroup, what string, claim claimFunc) work {
	var looked time.Time
	return func(ctx context.Context) (int, error) {
		now := d.Now()
		until := now.Add(d.o.Runner.Lease)
		room, full := d.ticks.room(now)
		if slices.Contains(full, storage.Lane{}) {
			return 0, nil
		}
		limit, without := min(room, d.o.Runner.Batch), d.ticks.late(now)
		claims, err := claim(ctx, now, until, limit, without)
		if err == nil && len(claims) == limit && now.Sub(looked).Abs() >= d.o.Runner.Poll {
			looked = now
			for _, c := range claims {
				without = append(without, c.Account)
			}
			var others []storage.Claim
			others, err = claim(ctx, now, until, limit, without)
			claims = append(claims, others...)
		}
		for _, c := range claims {
			end := d.ticks.begin(storage.Lane{Account: c.Account}, now)
			group.Go(func() {
				defer end()
				if err := d.tick(ctx, c, 0); err != nil {
					d.logFailed(ctx, RunDeadlines, err)
				}
			})
		}
		if err != nil {
			err = fmt.Errorf("charla: claim %s: %w", what, err)
		}
		return len(claims), err
	}
}

// tick carries out what is due in a claimed conversation, and dates anew what a wrong clock
// dated in it, in an older ticket, too (zero: none). One that fails is claimed
// again when its lease runs out. A deleted account's, one that is gone, and one of a
// newer version, which skipNewer reports, are no error; else it fails as change does.
func (d *Desk) tick(ctx context.Context, c storage.Claim, older tickets.Number) error {
	_, err := d.change(ctx, request{
		query: storage.LoadQuery{Account: c.Account, Conversation: c.Conversation, Ticket: older},
		queue: c.Conversation.UUID,
		cmd:   tickets.Command{Kind: tickets.CommandTick},
	})
	if errors.Is(err, ErrDeleted) || errors.Is(err, ErrNotFound) {
		return nil // deleted since the claim
	}
	if err = d.skipNewer(ctx, c, err); err != nil {
		return fmt.Errorf("charla: deadline of conversation %s: %w", c.Conversation, err)
	}
	return nil
}

// claim is a delivery that is claimed until then, and must begin at once.
type claim struct {
	storage.Delivery
	until time.Time
	end   func()
}

// claimOutbox claims what may begin now: some of each account's and each handler's.
// Each claim holds a worker until its end is called. It fails if the store does.
func (d *Desk) claimOutbox(ctx context.Context) ([]claim, error) {
	now := d.Now()
	until := now.Add(d.o.Runner.Lease)
	room, full := d.sends.room(now)
	share := storage.Share{Each: max(room/4, 1), Full: full}
	list, err := d.store.Outbox().Claim(ctx, now, until, min(max(room/2, 1), d.o.Runner.Batch), share)
	if err != nil {
		return nil, fmt.Errorf("charla: claim outbox: %w", err)
	}
	claims := make([]claim, len(list))
	for i, one := range list {
		claims[i] = claim{one, until, d.sends.begin(storage.Lane{Account: one.Account, Kind: one.Kind}, now)}
	}
	return claims, nil
}

// runOutbox claims a batch of deliveries, attempts each and returns how many outcomes
// it stored, failed attempts included. It fails with the error of the claim, or with
// those of storing, joined.
func (d *Desk) runOutbox(ctx context.Context) (int, error) {
	claims, err := d.claimOutbox(ctx)
	if err != nil {
		return 0, err
	}
	return each(claims, len(claims), func(c claim) error { return d.deliver(ctx, c) })
}

// dispatcher returns runOutbox for [Desk.Run]: on goroutines of group, it counts the
// deliveries that it begins and does not wait for them, so that one slow server or hook
// delays only itself. It logs their failures, and fails if the claim does.
func (d *Desk) dispatcher(group *sync.WaitGroup) work {
	return func(ctx context.Context) (int, error) {
		claims, err := d.claimOutbox(ctx)
		for _, c := range claims {
			group.Go(func() {
				if err := d.deliver(ctx, c); err != nil {
					d.logFailed(ctx, RunOutbox, err)
				}
			})
		}
		return len(claims), err
	}
}

// deliver attempts one delivery, stores the outcome, tells the observer and ends the
// claim. Its error is of storing; a failed attempt is in the outcome.
func (d *Desk) deliver(ctx context.Context, c claim) error {
	defer c.end()
	one, until, o := c.Delivery, c.until, d.o.Observer
	if o == nil {
		_, _ = d.attempt(ctx, &one, until) // the delivery holds the error
		return d.storeOutcome(ctx, one)
	}
	kind, hook := splitKind(one.Kind)
	late := max(d.o.Clock.Now().Sub(one.NotBefore), 0)
	ctx = o.Begin(ctx, Operation{OpDelivery, kind})
	took, cause := d.attempt(ctx, &one, until)
	err := d.storeOutcome(ctx, one)
	o.Delivered(ctx, ObservedDelivery{
		Kind: kind, Hook: hook, Account: one.Account, State: DeliveryState(one.State), Attempts: one.Attempts,
		Late: late, Duration: took, Err: cause,
	})
	return err
}

// attempt sends a delivery and records its outcome in one. It sends nothing if half of
// the lease is over or the run has ended: the delivery stays pending. took is how long
// sending took, err what it failed with, which it also logs.
func (d *Desk) attempt(ctx context.Context, one *storage.Delivery, until time.Time) (took time.Duration, err error) {
	begun := false
	switch {
	case one.Attempts > d.o.Runner.Attempts:
		err = fmt.Errorf("%w: the last of %d attempts never ended", ErrRefused, d.o.Runner.Attempts)
	case ctx.Err() != nil || d.Now().After(until.Add(-d.o.Runner.Lease/2)):
		err = fmt.Errorf("%w: not begun", ErrNotSent)
	default:
		begun = true
		began := d.o.Clock.Now()
		err = d.send(ctx, *one)
		took = d.o.Clock.Now().Sub(began)
	}
	now := d.Now()
	one.SettledAt, one.Error = now, ""
	if err != nil {
		one.Error = printable(err.Error(), 500)
	}
	var later *Later
	switch retry := one.Repeatable || errors.Is(err, ErrNotSent); {
	case err == nil:
		one.State = storage.Sent
	case !begun && !errors.Is(err, ErrRefused):
		one.State, one.NotBefore = storage.Pending, now
		one.Attempts-- // the claim counted it
	case errors.As(err, &later):
		one.State, one.NotBefore = storage.Pending, now.Add(min(max(later.After, time.Second), maxBackoff))
		one.Attempts-- // it was not tried
	case errors.Is(err, ErrRefused), retry && one.Attempts >= d.o.Runner.Attempts:
		one.State = storage.Dead
	case retry:
		one.State, one.NotBefore = storage.Pending, now.Add(d.backoff(one.Attempts))
	default:
		one.State = storage.Unknown
	}
	if err != nil {
		d.o.Logger.Warn("charla: delivery failed", slog.String("kind", one.Kind), slog.String("key", one.Key),
			slog.String("state", string(one.State)), slog.Int("attempts", one.Attempts))
	}
	return took, err
}

// storeOutcome stores an attempted delivery, even if the run is being stopped. That
// another desk has claimed it meanwhile is no error. It fails if the store does.
func (d *Desk) storeOutcome(ctx context.Context, one storage.Delivery) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.o.Runner.Lease)
	defer cancel()
	err := d.store.Outbox().Settle(ctx, one)
	if err != nil && !errors.Is(err, storage.ErrLeaseLost) {
		return fmt.Errorf("charla: settle %s: %w", one.Key, err)
	}
	return nil
}

// send hands a delivery to the mailer or the hook, for half a lease at most, and
// returns its error; a panic becomes an error. It fails with [ErrRefused] without a
// mailer or hooks, and with [ErrNotSent] for a delivery that a newer version or another
// desk has to send.
func (d *Desk) send(ctx context.Context, one storage.Delivery) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("charla: panic: %v", r)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, d.o.Runner.Lease/2)
	defer cancel()
	kind, hook := splitKind(one.Kind)
	switch kind {
	case mailKind:
		if d.o.Mailer == nil {
			return fmt.Errorf("%w: no mailer", ErrRefused)
		}
		var m Mail
		if err := openBody(one.Body, &m); err != nil {
			return err
		}
		m.Key = one.Key
		d.withURL(&m)
		return d.o.Mailer.Send(ctx, m)
	case eventKind:
		var e Event
		if err := openBody(one.Body, &e); err != nil {
			return err
		}
		e.Key = one.Key
		return d.tellHook(ctx, hook, e)
	default:
		return fmt.Errorf("%w: %w: a delivery of kind %q", ErrNotSent, ErrNewerFormat, one.Kind)
	}
}

// tellHook tells the hook with a name of an event, or all hooks if the name is empty,
// as in deliveries of earlier versions. It fails with [ErrNotSent] if there is no such
// hook, with [ErrRefused] if there are none at all, else with what the hooks return.
func (d *Desk) tellHook(ctx context.Context, name string, e Event) error {
	if name != "" {
		hook := d.o.Hooks[name]
		if hook == nil {
			return fmt.Errorf("%w: no hook %q here", ErrNotSent, name)
		}
		return hook(ctx, e)
	}
	if len(d.hooks) == 0 {
		return fmt.Errorf("%w: no hooks", ErrRefused)
	}
	var failed []error
	for _, one := range d.hooks {
		failed = append(failed, d.o.Hooks[one](ctx, e))
	}
	return errors.Join(failed...)
}

// maxBackoff is the longest wait between two attempts.
const maxBackoff = 6 * time.Hour

// backoff returns how long to wait before the next attempt: it doubles with each one,
// up to maxBackoff, less up to half by chance, so that what failed together is not
// tried again together.
func (d *Desk) backoff(attempts int) time.Duration {
	wait := d.o.Runner.Backoff << min(attempts-1, 20)
	if wait > maxBackoff || wait <= 0 {
		wait = maxBackoff
	}
	chance, err := d.chance()
	if err != nil {
		return wait
	}
	return wait - time.Duration(chance%uint64(wait/2+1))
}

// each does every item, at most workers at a time, and returns how many went well and
// the errors of the others, joined. With one worker it stays on the caller's goroutine.
func each[T any](items []T, workers int, do func(T) error) (int, error) {
	failed := make([]error, len(items))
	if workers = min(workers, len(items)); workers <= 1 {
		for i, item := range items {
			failed[i] = do(item)
		}
	} else {
		var next atomic.Int64
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				for i := next.Add(1) - 1; int(i) < len(items); i = next.Add(1) - 1 {
					failed[i] = do(items[i])
				}
			})
		}
		group.Wait()
	}
	done := 0
	for _, err := range failed {
		if err == nil {
			done++
		}
	}
	return done, errors.Join(failed...)
}

// NextDue returns the next instant at which [Desk.RunDue] has something to do; the zero
// time: nothing is scheduled. What a save of the configuration moves is not scheduled
// before RunDue or Run has seen to it. It fails if the store does.
func (d *Desk) NextDue(ctx context.Context) (time.Time, error) {
	deadline, outbox, err := d.wakes(ctx)
	if deadline.IsZero() || (!outbox.IsZero() && outbox.Before(deadline)) {
		return outbox, err
	}
	return deadline, err
}

// wakes returns when the next deadline, and the next delivery, is due; zero: none is.
// It fails if the store does.
func (d *Desk) wakes(ctx context.Context) (deadline, outbox time.Time, err error) {
	if deadline, err = d.store.Conversations().NextWake(ctx); err == nil {
		outbox, err = d.store.Outbox().NextWake(ctx)
	}
	if err != nil {
		return time.Time{}, time.Time{}, storeError(err)
	}
	return deadline, outbox, nil
}

// printable returns at most n bytes of a text that comes from outside, fit for a store
// and a log: valid UTF-8 without control characters.
func printable(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(truncate(s, n), "\ufffd"))
	return truncate(s, n)
}

// truncate returns at most the first n bytes of a text, cut between two characters.
func truncate(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
