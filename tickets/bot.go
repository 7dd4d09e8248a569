package tickets

import "time"

// botReply stores an automated agent's message. It answers what a customer asked while the
// ticket is with the bot, and auto-close then counts from it (R12.4); otherwise it changes
// nothing of the ticket (R12.1). It never fails.
func (d *Draft) botReply(t *Ticket, cmd Command, now time.Time, _ *Policy) error {
	d.append(Message{From: FromBot, Agent: cmd.Actor.Agent, Name: cmd.Actor.Name, Text: cmd.Text, File: cmd.File})
	if t.WithBot {
		t.Unanswered = time.Time{}
		if !t.Paused {
			t.CountsFrom = now
		}
	}
	return nil
}

// handOver gives a ticket that is with the bot to the agents, with the fact: the customer
// then waits (R12.3). It fails with a [TransitionError] if it is not with the bot.
func (d *Draft) handOver(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	if !t.WithBot {
		return &TransitionError{From: t.Status, Kind: cmd.Kind}
	}
	d.await(t, cmd.Actor.Rule, now, p)
	return nil
}

// await has the customer of a ticket that is with the bot wait for an agent from now on, who
// has said the last word that is not a bot's; it adds the fact. Another ticket stays as it is.
func (d *Draft) await(t *Ticket, rule RuleKey, now time.Time, p *Policy) {
	if d.leaveBot(t, rule) {
		t.CountsFrom = time.Time{}
		t.startWait(now, p)
	}
}

// leaveBot takes a ticket from the bot and adds the fact. It reports whether the ticket was
// with the bot; else nothing changes.
func (d *Draft) leaveBot(t *Ticket, rule RuleKey) bool {
	if !t.WithBot {
		return false
	}
	t.WithBot, t.Unanswered = false, time.Time{}
	d.AddFact(Fact{Kind: FactHandedOver, Rule: rule})
	return true
}
