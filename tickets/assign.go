package tickets

import (
	"slices"
	"time"
)

// assign sets the agent, the team or both; what is so already stays, without a fact. A
// ticket that an agent assigns is with the bot no more; one that a bot assigns stays there
// (R12.3). It fails with a [TakenError] if not the one has it who must.
func (d *Draft) assign(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	if cmd.From != nil && *cmd.From != t.Assignee.Agent {
		return &TakenError{t.Assignee}
	}
	if cmd.Actor.Kind != ActorBot {
		d.await(t, "", now, p)
	}
	if cmd.Assignee != nil && cmd.Assignee.Agent != t.Assignee.Agent {
		d.assignTo(t, *cmd.Assignee)
	}
	if cmd.Team != nil && *cmd.Team != t.Team {
		t.Team = *cmd.Team
		d.AddFact(Fact{Kind: FactTeam, Team: t.Team})
	}
	return nil
}

// take assigns the ticket to the actor; one who has it already keeps it, without a fact. It
// is with the bot no more (R12.3). It fails with a [TakenError] if another agent has it.
func (d *Draft) take(t *Ticket, cmd Command, now time.Time, p *Policy) error {
	has := t.Assignee.Agent
	if has != "" && has != cmd.Actor.Agent {
		return &TakenError{t.Assignee}
	}
	d.await(t, "", now, p)
	if has == "" {
		d.assignTo(t, Assignee{cmd.Actor.Agent, cmd.Actor.Name})
	}
	if cmd.Turn != (Turn{}) {
		t.Turn = cmd.Turn
	}
	return nil
}

// note stores what an agent writes for agents, and adds a fact for it and one for each
// agent whom it names. Nothing of the ticket changes (R11.4). It never fails.
func (d *Draft) note(t *Ticket, cmd Command, _ time.Time, _ *Policy) error {
	c := &d.Conversation
	c.LastSeq++
	c.Notes++
	d.Messages = append(d.Messages, Message{
		Seq: c.LastSeq, Ticket: t.Number, At: d.At, From: FromNote, Level: t.Customer.Level,
		Agent: cmd.Actor.Agent, Name: cmd.Actor.Name, Text: cmd.Text, File: cmd.File,
	})
	d.AddFact(Fact{Kind: FactNoted, Seq: c.LastSeq})
	for i, agent := range cmd.Mentions {
		if !slices.Contains(cmd.Mentions[:i], agent) {
			d.AddFact(Fact{Kind: FactMentioned, Assignee: Assignee{Agent: agent}})
		}
	}
	return nil
}

// assignTo gives the ticket to an agent, or to nobody, with a fact that says so.
func (d *Draft) assignTo(t *Ticket, to Assignee) {
	t.Assignee = to
	d.AddFact(Fact{Kind: FactAssigned, Assignee: to})
}
