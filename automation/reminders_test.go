package automation_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reminding switches on reminders after 1, 2 and 3 minutes of silence, and auto-close
// after 10.
func reminding(c *chatcfg.Config) {
	c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
	c.Automation.Reminders.Enabled = true
	for i, text := range []string{"uno", "dos", "tres"} {
		c.Automation.Reminders.Steps = append(c.Automation.Reminders.Steps, chatcfg.Reminder{After: minutes(int64(i + 1)), Messages: chatcfg.Texts(text)})
	}
}

// turns are what became of the reminders of a decision: their texts and reasons.
func turns(d *tickets.Draft) (texts []string, whys []tickets.Why) {
	for _, m := range d.Messages {
		if m.Rule == automation.RuleReminders {
			texts = append(texts, m.Text)
		}
	}
	for _, e := range d.Entries {
		for _, f := range e.Trace {
			if f.Rule == automation.RuleReminders && f.Why != automation.WhyArmed {
				whys = append(whys, f.Why)
			}
		}
	}
	return texts, whys
}

// TestReminderInOneCommit: of the reminders due at one decision only the last speaks, and
// none with what somebody writes or closes; the history notes each (R13.2, R4.3).
func TestReminderInOneCommit(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, reminding)
	in := func(minutes float64) tickets.Inputs {
		return tickets.Inputs{Now: noon.Add(time.Duration(minutes * float64(time.Minute)))}
	}
	silent := decide(t, r, decide(t, r, tickets.State{}, write("hola"), in(0)).State, agent(tickets.CommandReply), in(0)).State
	const (
		spoke, later = automation.WhyDeadline, automation.WhyLaterDue
		wrote, shut  = automation.WhySomebodyWrote, automation.WhySetAside
	)
	tick := tickets.Command{Kind: tickets.CommandTick}
	for name, tt := range map[string]struct {
		cmd   tickets.Command
		at    float64
		texts []string
		whys  []tickets.Why
	}{
		"not yet":           {tick, 0.9, nil, nil},
		"in time":           {tick, 1, []string{"uno"}, []tickets.Why{spoke}},
		"late":              {tick, 1.5, []string{"uno"}, []tickets.Why{spoke}},
		"two":               {tick, 2, []string{"dos"}, []tickets.Why{later, spoke}},
		"three, late":       {tick, 9, []string{"tres"}, []tickets.Why{later, later, spoke}},
		"closes by itself":  {tick, 10, nil, []tickets.Why{later, later, later}},
		"customer writes":   {write("sí"), 2.5, nil, []tickets.Why{wrote, wrote}},
		"customer at once":  {write("sí"), 1, nil, nil},
		"agent replies":     {agent(tickets.CommandReply), 1.5, nil, []tickets.Why{wrote}},
		"agent closes":      {agent(tickets.CommandClose), 2.5, nil, []tickets.Why{shut, shut}},
		"agent closes then": {agent(tickets.CommandClose), 1, nil, nil},
		"agent ignores":     {agent(tickets.CommandIgnore), 2.5, nil, []tickets.Why{shut, shut}},
		"agent pauses":      {agent(tickets.CommandPause), 2.5, nil, []tickets.Why{shut, shut}},
		"agent marks":       {agent(tickets.CommandMark), 2.5, []string{"dos"}, []tickets.Why{later, spoke}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := decide(t, r, silent, tt.cmd, in(tt.at))
			texts, whys := turns(d)
			assert.Equal(t, tt.texts, texts)
			assert.Equal(t, tt.whys, whys)
			for _, e := range d.Entries {
				if e.Kind == tickets.CommandRemind {
					assert.Equal(t, in(tt.at).Now, e.Inputs.Now, "it is said when it is said")
					assert.False(t, e.Due.IsZero())
				}
			}
			if due, ok := r.Timed(&d.Ticket, automation.RuleReminders); ok && d.Ticket.CountsFrom.Equal(noon) {
				assert.True(t, due.After(in(tt.at).Now), "no step has its turn twice")
			}
		})
	}
}

// TestReminderExplained: what is armed and what was skipped is told in words (R13.2).
func TestReminderExplained(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, reminding)
	in := tickets.Inputs{Now: noon}
	s := decide(t, r, tickets.State{}, write("hola"), in).State
	d := decide(t, r, s, agent(tickets.CommandReply), in)
	said := func(e tickets.Entry) (texts []string) {
		for _, one := range automation.Explain(e, chatcfg.English, nil).Rules {
			texts = append(texts, one.Text)
		}
		return texts
	}
	assert.Equal(t, []string{
		"If the customer does not answer, they are reminded at 12:01", "If the customer does not answer, the ticket closes at 12:10",
	}, said(d.Entries[0]))
	in.Now = noon.Add(2 * time.Minute)
	d = decide(t, r, d.State, tickets.Command{Kind: tickets.CommandTick}, in)
	require.Len(t, d.Entries, 2)
	assert.Equal(t, []string{"It did not remind: something later was due already; its time was at 12:01"}, said(d.Entries[0]))
	assert.Equal(t, []string{"It reminded: the customer had not answered, with text 1"}, said(d.Entries[1]))
	assert.Equal(t, "A reminder was due: an automatic message was sent (Reminders)", automation.Explain(d.Entries[1], chatcfg.English, nil).What)
}

// TestReminderBeforeClose: at one instant reminders go before the close (R4.3): here at
// a save that moved all of them into the past, so that none speaks.
func TestReminderBeforeClose(t *testing.T) {
	t.Parallel()
	in := tickets.Inputs{Now: noon}
	r := compile(t, chatcfg.Since{}, reminding)
	s := decide(t, r, decide(t, r, tickets.State{}, write("hola"), in).State, agent(tickets.CommandReply), in).State
	saved := noon.Add(time.Hour)
	r = compile(t, chatcfg.Since{Rules: []chatcfg.RuleSince{{Rule: "autoClose", Changed: saved}, {Rule: "reminders", Changed: saved}}}, reminding)
	in.Now = saved
	d := decide(t, r, s, tickets.Command{Kind: tickets.CommandTick}, in)
	var kinds []tickets.CommandKind
	for _, e := range d.Entries {
		kinds = append(kinds, e.Kind)
		assert.Equal(t, saved, e.Due)
	}
	assert.Equal(t, []tickets.CommandKind{tickets.CommandRemind, tickets.CommandRemind, tickets.CommandRemind, tickets.CommandExpire}, kinds)
	_, whys := turns(d)
	assert.Equal(t, []tickets.Why{automation.WhySaveMoved, automation.WhySaveMoved, automation.WhySaveMoved}, whys)
}
