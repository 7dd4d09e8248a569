package sim

import (
	"context"
	"reflect"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// quieten ends the faults: every desk runs, every call ends, callers that do not know a
// request's outcome ask again, and time goes on until nothing is left to do. Then it
// checks everything once more.
func (w *World) quieten() {
	w.quiet = true
	w.logf("quiet")
	w.rnd.Uint64()
	w.drain()
	for _, d := range w.desks {
		d.clock.offset = 0
	}
	if w.spec.Whole {
		for _, d := range w.desks {
			w.kill(d)
		}
		w.reopen()
	}
	w.bootAll()
	if w.onlyRun() { // one runner alone is to do everything
		for _, d := range w.alive()[min(1, len(w.alive())):] {
			w.kill(d)
		}
	}
	w.loginAgain()
	w.comeBack()
	for _, r := range w.people.requests {
		if r.key != "" && r.maybe && r.acked == nil && !r.account.deleted && w.failure == nil {
			r.failed = nil
			for range 50 { // its desk may crash of a poisonous delivery
				if w.ask(w.someone(), r); r.running > 0 {
					w.drain()
				}
				w.bootAll()
				if r.acked != nil || r.failed != nil {
					break
				}
			}
			if r.acked == nil && r.failed == nil && w.failure == nil {
				w.failf("answer", "%s %q has no answer", r.name, r.tag)
			}
		}
	}
	w.advance(lease + 61*time.Minute) // what was claimed is free again, by the fastest clock
	w.rest()
	for rounds := 0; w.failure == nil; rounds++ {
		next := w.nextDue()
		if next.IsZero() {
			break
		}
		if rounds > 1000 {
			w.failf("quiet", "after %d rounds there is still something due, at %s", rounds, next)
			return
		}
		w.advance(max(next.Sub(w.now), time.Microsecond))
		w.rest()
	}
	w.nothingDue()
	w.advance(2 * poll) // for the streams
	w.drain()
	for _, r := range w.model.outbox.list {
		if !r.gone && !w.model.accounts[r.account].deleted && (r.state == storage.Pending || r.state == storage.Sending) {
			w.failf("quiet", "delivery %s ends %s", r.key, r.state)
		}
	}
	w.ledger()
	w.foretold()
	w.followed()
	w.shown()
	w.last(context.Background())
}

// loginAgain has every visitor who lost the answer to a login log in again.
func (w *World) loginAgain() {
	for _, v := range w.people.sessions {
		for range 50 { // its desk may crash of a poisonous delivery
			s := w.model.sessions[v.id]
			if v.account.deleted || w.model.over(v.id, w.now) || holds(v.token, s) || w.failure != nil {
				break
			}
			w.login(w.someone(), v)
			w.drain()
			w.bootAll()
		}
		if s := w.model.sessions[v.id]; !v.account.deleted && !w.model.over(v.id, w.now) && !holds(v.token, s) {
			w.failf("session", "the visitor of session %s cannot log in again", v.id)
		}
	}
}

// comeBack has every page that was following something follow it again, and every
// visitor their conversation.
func (w *World) comeBack() {
	if !w.spec.Whole {
		return
	}
	for _, a := range w.model.order {
		if w.people.inboxes[a.id] != nil && !a.purged {
			w.inbox(w.someone(), a)
		}
	}
	for _, v := range w.people.sessions {
		if !v.ended && !v.account.purged {
			w.follow(w.someone(), v)
		}
	}
	w.drain()
}

// someone returns a desk that runs, started if there is none.
func (w *World) someone() *desk {
	if alive := w.alive(); len(alive) > 0 {
		return alive[0]
	}
	w.boot(w.desks[0])
	return w.desks[0]
}

// bootAll starts the desks that are down; where a runner is to do everything
// alone, only if none is left.
func (w *World) bootAll() {
	for _, d := range w.desks {
		if d.dead && !(w.onlyRun() && len(w.alive()) > 0) {
			w.boot(d)
		}
	}
	w.drain()
}

// drain lets everything under way end. The run fails if something never does.
func (w *World) drain() {
	for rounds := 0; w.failure == nil; rounds++ {
		var next *waiter
		waiting := false
		for _, t := range w.tasks {
			if len(t.parked) > 0 && next == nil {
				next = &waiter{t, t.parked[0]}
			}
			waiting = waiting || !t.background
		}
		if next == nil {
			if waiting {
				w.failf("stuck", "calls wait for what never comes")
			}
			return
		}
		if rounds > 200_000 {
			w.failf("stuck", "%s goes on for ever", next.name)
			return
		}
		w.release(*next)
		w.streams()
	}
}

// rest has every desk do what is due.
func (w *World) rest() {
	for i := range w.desks {
		if w.failure != nil {
			return
		}
		for range 100 { // a poisonous delivery ends it
			w.bootAll()
			if w.runDue(w.desks[i]); w.failure == nil {
				w.drain()
			}
			if !w.desks[i].dead || w.onlyRun() && len(w.alive()) > 0 {
				break
			}
		}
	}
	w.bootAll()
}

// nextDue returns the next instant at which there is something to do, by the store;
// zero: never.
func (w *World) nextDue() time.Time {
	ctx := context.Background()
	wake, err1 := w.real.Conversations().NextWake(ctx)
	delivery, err2 := w.real.Outbox().NextWake(ctx)
	if err1 != nil || err2 != nil {
		w.failf("quiet", "next wake: %v %v", err1, err2)
	}
	if wake.IsZero() || !delivery.IsZero() && delivery.Before(wake) {
		return delivery
	}
	return wake
}

// nothingDue checks that nothing is left to do by now.
func (w *World) nothingDue() {
	if next := w.nextDue(); !next.IsZero() && !next.After(w.now) {
		w.failf("quiet", "something is due since %s", next)
	}
	for _, c := range w.model.conversations() {
		if c.account.deleted {
			continue
		}
		if due, kind := c.deadline(); !due.IsZero() && !due.After(w.now) {
			w.failf("quiet", "conversation %s: %s was due at %s and was not done", c.id, kind, due)
		}
		if c.ticket.status == tickets.StatusOpen && c.armed != int64(c.account.version) {
			w.failf("quiet", "conversation %s is armed under version %d of %d", c.id, c.armed, c.account.version)
		}
	}
	for _, r := range w.model.outbox.list {
		if due := !r.notBefore.After(w.now); !r.gone && !w.model.accounts[r.account].deleted &&
			(r.state == storage.Pending && due || r.state == storage.Sending && !r.lease.After(w.now)) {
			w.failf("quiet", "delivery %s is still %s", r.key, r.state)
		}
	}
}

// last checks everything in the store once more.
func (w *World) last(ctx context.Context) {
	w.model.outbox.check(ctx)
	for _, r := range w.model.outbox.list {
		if !r.gone && r.state == storage.Sent && r.heard+r.accepted == 0 {
			w.failf("outbox", "%s is sent and nobody took it", r.key)
		}
	}
	for _, r := range w.people.readers {
		if !r.gone && r.next != int64(len(r.conv.messages))+1 && !r.conv.account.purged {
			w.failf("stream", "a stream of %s stands at %d of %d", r.conv.id, r.next-1, len(r.conv.messages))
		}
	}
	for _, c := range w.model.conversations() {
		w.whole(ctx, c)
	}
	w.reports(ctx)
}

// whole reads a whole conversation and checks that nothing in it has changed since it
// was stored.
func (w *World) whole(ctx context.Context, c *conv) {
	var messages []tickets.Message
	for {
		page, err := w.real.Queries().Messages(ctx, storage.MessageQuery{Account: c.account.id, Conversation: c.id, After: int64(len(messages))})
		if err != nil {
			w.failf("read back", "messages: %v", err)
			return
		}
		if messages = append(messages, page...); len(page) == 0 {
			break
		}
	}
	var entries []tickets.Entry
	for {
		page, err := w.real.Queries().History(ctx, tickets.Ref{Account: c.account.id, Conversation: c.id}, int64(len(entries)), 0)
		if err != nil {
			w.failf("read back", "history: %v", err)
			return
		}
		if entries = append(entries, page...); len(page) == 0 {
			break
		}
	}
	w.everyTicket(ctx, c)
	w.marked(ctx, c)
	if len(messages) != len(c.messages) || len(messages) > 0 && !reflect.DeepEqual(messages, c.messages) {
		w.failf("rewritten", "the messages of %s are not what they were", c.id)
	}
	if len(entries) != len(c.entries) || !reflect.DeepEqual(entries, c.entries) {
		w.failf("rewritten", "the history of %s is not what it was", c.id)
	}
}
