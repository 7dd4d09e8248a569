package sim

import (
	"fmt"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// What a clock that was ahead has dated (R4.5) is dated by the first change, or look, by a
// clock that is not, in these words.

// ahead reports whether an instant is more than five minutes after another, so that a
// wrong clock dated it.
func ahead(at, now time.Time) bool { return at.After(now.Add(5 * time.Minute)) }

// earliest returns the earlier of two instants.
func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// ran returns the save that running waits follow, as a change at an instant sees it.
func (s since) ran(at time.Time) time.Time {
	if ahead(s.runningAt, at) {
		return at
	}
	return s.runningAt
}

// redate does to a conversation what a commit at an instant does that finds it, or a
// ticket that it changes, dated by a wrong clock.
func (m *model) redate(c *conv, at time.Time, changed []tickets.Ticket) {
	all := c.older
	if c.ticket != nil {
		all = append([]*ticket{c.ticket}, c.older...)
	}
	if at.Before(c.lastAt) {
		if !ahead(c.lastAt, at) {
			m.w.failf("time", "conversation %s goes from %s back to %s", c.id, c.lastAt, at)
		}
		m.w.stats.Redated++
		c.lastAt = at
		c.began = earliest(c.began, at)
	}
	for _, t := range all {
		for i := range changed {
			if changed[i].Number == t.number && (t == c.ticket && t.changedAt.After(at) || ahead(t.changedAt, at)) {
				c.redateTicket(t, at)
				c.lastAt = at
			}
		}
	}
}

// redateTicket has a ticket's instants that are later than now be now.
func (c *conv) redateTicket(t *ticket, now time.Time) {
	for _, at := range []*time.Time{&t.createdAt, &t.openedAt, &t.closedAt, &t.changedAt, &t.counts, &t.unanswered} {
		*at = earliest(*at, now)
	}
	if t.rating != nil {
		rating := *t.rating
		rating.At, t.rating = earliest(rating.At, now), &rating
	}
	hours := c.account.current().hours
	if t == c.ticket && t.spoke.After(now) {
		if t.spoke = now; hours != nil && hours.isOpen(now) {
			t.spoke = time.Time{}
		}
	}
	if w := t.wait; w != nil {
		due := w.due
		w.since, w.delayed = earliest(w.since, now), earliest(w.delayed, now)
		if w.clock == chatcfg.Business && hours == nil {
			return // it is not due by itself
		}
		if again := after(w.since, w.limit, w.clock, hours); due.After(now) && !again.IsZero() {
			w.due = earliest(due, latest(again, now))
		}
	}
}

// since follows what a save means that leaves the configuration as it was, and what one
// that does not leaves of earlier ones: nothing is later than the save, or than now.
func (m *model) since(a *account, now chatcfg.Account) {
	rule, reminds := now.Rules.Rule(string(automation.RuleAutoClose)), now.Rules.Rule(string(automation.RuleReminders))
	bot := now.Rules.Rule(string(automation.RuleBot))
	type instant struct {
		was *time.Time
		is  time.Time
	}
	var steps []instant
	for i := range a.since.stepChanged {
		steps = append(steps, instant{&a.since.stepChanged[i], now.Rules.Rule(fmt.Sprint(automation.RuleReminders, "/", i)).Changed})
	}
	for _, one := range append(steps, []instant{{&a.since.closeOn, rule.On}, {&a.since.closeChanged, rule.Changed}, {&a.since.remindChanged, reminds.Changed}, {&a.since.botOff, bot.On}, {&a.since.botChanged, bot.Changed}, {&a.since.runningAt, now.Rules.RunningAt}}...) {
		if one.is.After(*one.was) || one.is.Before(*one.was) && one.is.IsZero() {
			m.w.failf("save", "account %s remembers a save at %s, it was at %s", a.name, one.is, *one.was)
		}
		*one.was = one.is
	}
	if now.SavedAt.Before(a.savedAt) && !ahead(a.savedAt, now.SavedAt) {
		m.w.failf("save", "version %d of account %s was saved at %s, not %s", now.Version, a.name, a.savedAt, now.SavedAt)
	}
	a.savedAt = now.SavedAt
}

// recalled follows a recall of deliveries and checks how many were.
func (o *outbox) recalled(n int, now, pending, leased time.Time) {
	found := 0
	for _, r := range o.list {
		if r.gone || o.m.accounts[r.account].deleted {
			continue
		}
		switch {
		case r.state == storage.Pending && r.notBefore.After(pending):
			r.notBefore = now.Truncate(time.Microsecond)
			found++
		case r.state == storage.Sending && r.lease.After(leased):
			r.lease = now.Truncate(time.Microsecond)
			found++
		}
	}
	if n != found {
		o.fail("recall", "recalled %d deliveries, want %d", n, found)
	}
	o.m.w.stats.Redated += n
}
