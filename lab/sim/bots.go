package sim

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// botDeadline is deadline for a ticket that is with the bot: the hand-over, by its silence or
// because it was switched off, or the automatic close, which counts from its last word (R12.3,
// R12.4).
func (c *conv) botDeadline(cfg *config) (time.Time, tickets.CommandKind) {
	t, since := c.ticket, c.account.since
	over := time.Time{}
	switch {
	case !cfg.General.Bot.Enabled || t.createdAt.Before(since.botOff):
		over = latest(t.createdAt, since.botOff)
	case !t.unanswered.IsZero():
		over = latest(t.unanswered.Add(std(cfg.General.Bot.Timeout)), since.botChanged)
	}
	if a := cfg.Automation.AutoClose; a.Enabled && !t.counts.IsZero() {
		at := latest(after(latest(t.counts, since.closeOn), std(a.After), a.Clock, cfg.hours), since.closeChanged)
		if !at.IsZero() && (over.IsZero() || at.Before(over)) {
			return at, tickets.CommandExpire
		}
	}
	if over.IsZero() {
		return over, ""
	}
	return over, tickets.CommandHandOver
}

// leaveBot takes a ticket from the bot, if it is there, with the notification of a new ticket
// (R5.2, R12.3). It reports whether it was.
func (c *conv) leaveBot(x *expected) bool {
	t := c.ticket
	if !t.bot {
		return false
	}
	t.bot, t.unanswered = false, time.Time{}
	x.facts = append(x.facts, "handedOver")
	n := c.account.current().General.Notify
	if n.Tickets == chatcfg.NotifyAll || n.Tickets == chatcfg.NotifyImportant && t.important && t.keyworded {
		t.notify(n.To, x)
	}
	return true
}

// await takes a ticket from the bot, if it is there, and has the customer wait for an agent.
func (c *conv) await(now time.Time, x *expected) {
	if c.leaveBot(x) {
		c.ticket.counts = time.Time{}
		c.startWait(now)
	}
}
