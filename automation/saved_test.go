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

// TestSaved: R4.8: a save dates what it switches on or changes, rule by rule, and leaves what
// earlier saves dated.
func TestSaved(t *testing.T) {
	t.Parallel()
	config := func(change func(*chatcfg.Automation)) chatcfg.Config {
		c := chatcfg.Default(chatcfg.Spanish)
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
		c.Automation.Reminders = chatcfg.Reminders{Enabled: true, Steps: []chatcfg.Reminder{{After: minutes(5), Messages: chatcfg.Texts("hola")}}}
		change(&c.Automation)
		return c
	}
	same := config(func(*chatcfg.Automation) {})
	closingOff := config(func(a *chatcfg.Automation) { a.AutoClose.Enabled = false })
	closingLater := config(func(a *chatcfg.Automation) { a.AutoClose.After = minutes(20) })
	remindingOff := config(func(a *chatcfg.Automation) { a.Reminders.Enabled = false })
	remindingLater := config(func(a *chatcfg.Automation) { a.Reminders.Steps[0].After = minutes(6) })
	const closing, reminding = string(automation.RuleAutoClose), string(automation.RuleReminders)
	earlier := noon.Add(-time.Hour)
	since := chatcfg.Since{}.With(chatcfg.RuleSince{Rule: closing, On: earlier}).With(chatcfg.RuleSince{Rule: reminding, On: earlier})
	for name, tt := range map[string]struct {
		old, cfg           chatcfg.Config
		closing, reminding chatcfg.RuleSince
	}{
		"nothing":        {same, same, chatcfg.RuleSince{On: earlier}, chatcfg.RuleSince{On: earlier}},
		"closing on":     {closingOff, same, chatcfg.RuleSince{On: noon}, chatcfg.RuleSince{On: earlier}},
		"closing off":    {same, closingOff, chatcfg.RuleSince{On: earlier}, chatcfg.RuleSince{On: earlier}},
		"closing later":  {same, closingLater, chatcfg.RuleSince{On: earlier, Changed: noon}, chatcfg.RuleSince{On: earlier}},
		"reminders on":   {remindingOff, same, chatcfg.RuleSince{On: earlier}, chatcfg.RuleSince{On: earlier, Changed: noon}},
		"reminder later": {same, remindingLater, chatcfg.RuleSince{On: earlier}, chatcfg.RuleSince{On: earlier}},
	} {
		got := automation.Saved(since, tt.old, tt.cfg, noon)
		tt.closing.Rule, tt.reminding.Rule = closing, reminding
		assert.Equal(t, tt.closing, got.Rule(closing), name)
		assert.Equal(t, tt.reminding, got.Rule(reminding), name)
		assert.Equal(t, name == "reminder later", got.Rule(reminding+"/0").Changed.Equal(noon), "%s: the step alone", name)
		assert.Equal(t, earlier, since.Rule(closing).On, "%s: since is written to", name)
	}
}

// TestOverdueOfASave: R4.8, R2.6: what a save makes overdue is, for each rule, what counts from
// before the new time and was not over by the old one, of that very rule; waits only if the save
// asks for them.
func TestOverdueOfASave(t *testing.T) {
	t.Parallel()
	rules := func(sla, after int64) *automation.Rules {
		return compile(t, chatcfg.Since{}, func(c *chatcfg.Config) {
			c.Quality.SLA = minutes(sla)
			c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(after), Clock: chatcfg.Wall}
		})
	}
	ago := func(n int) time.Time { return noon.Add(-time.Duration(n) * time.Minute) }
	old, shorter := rules(60, 40), rules(7, 5)
	none := compile(t, chatcfg.Since{}, func(*chatcfg.Config) {})
	overdue := func(old *automation.Rules, running bool) (some []automation.Overdue) {
		for _, o := range shorter.Overdue(old, running, noon) {
			if o.UpTo.After(o.After) {
				some = append(some, o)
			}
		}
		return some
	}
	closing := automation.Overdue{By: automation.StartAgent, After: ago(40), UpTo: ago(5)}
	assert.Equal(t, []automation.Overdue{closing}, overdue(old, false))
	assert.Equal(t, []automation.Overdue{{By: automation.StartWait, UpTo: ago(7)}, closing}, overdue(old, true))
	assert.Equal(t, []automation.Overdue{{By: automation.StartAgent, UpTo: ago(5)}}, overdue(none, false), "switched on")
}

// TestMemoryIsRedated: R4.5: what a rule remembers of a time that a wrong clock dated is of now,
// and out of hours of the interval of now; an earlier time stays.
func TestMemoryIsRedated(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, everything)
	night := time.Date(2026, 3, 3, 2, 0, 0, 0, time.UTC) // 23:00 of Monday
	d, err := r.Decide(tickets.State{}, write("hola"), tickets.Inputs{Now: night})
	require.NoError(t, err)
	at := d.Ticket.Recall(automation.RuleOutOfHours).At
	require.False(t, at.IsZero())
	for _, tt := range []struct{ remembered, want time.Time }{{night.AddDate(0, 0, 30), at}, {at, at}, {at.Add(-time.Hour), at.Add(-time.Hour)}} {
		s := d.State
		s.Ticket.Memory = nil
		copied := tickets.Begin(s, night)
		copied.Remember(tickets.Memory{Rule: automation.RuleOutOfHours, At: tt.remembered})
		s = copied.State
		s.Conversation.LastAt = night.AddDate(0, 0, 30)
		next, err := r.Decide(s, tickets.Command{Kind: tickets.CommandTick}, tickets.Inputs{Now: night})
		require.NoError(t, err)
		assert.Equal(t, tt.want, next.Ticket.Recall(automation.RuleOutOfHours).At)
	}
}

// TestExplainRating: R14.3: Explain says how a customer rated, with their comment.
func TestExplainRating(t *testing.T) {
	t.Parallel()
	e := tickets.Entry{
		Kind: tickets.CommandRate, Actor: tickets.Actor{Kind: tickets.ActorCustomer}, At: noon,
		Facts: []tickets.Fact{{Kind: tickets.FactRated, Score: 4, Comment: "muy amable"}},
	}
	with := automation.Explain(e, chatcfg.Spanish, time.UTC).What
	assert.Contains(t, with, "4")
	assert.Contains(t, with, "“muy amable”")
	e.Facts[0].Comment = ""
	assert.NotContains(t, automation.Explain(e, chatcfg.Spanish, time.UTC).What, "“")
}

// TestMemoryOfAnotherInterval: R4.5: what a wrong clock dated is forgotten where it is about a closed
// interval and the business is open now, and is of now where it is not.
func TestMemoryOfAnotherInterval(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, everything)
	s := decide(t, r, tickets.State{}, write("hola"), tickets.Inputs{Now: noon}).State
	copied := tickets.Begin(s, noon)
	for _, rule := range []tickets.RuleKey{automation.RuleOutOfHours, automation.RuleImportant} {
		copied.Remember(tickets.Memory{Rule: rule, At: noon.AddDate(0, 0, 30), Number: 1})
	}
	s = copied.State
	s.Conversation.LastAt = noon.AddDate(0, 0, 30)
	d := decide(t, r, s, tickets.Command{Kind: tickets.CommandTick}, tickets.Inputs{Now: noon.Add(time.Minute)})
	assert.True(t, d.Ticket.Recall(automation.RuleOutOfHours).At.IsZero())
	assert.Equal(t, noon.Add(time.Minute), d.Ticket.Recall(automation.RuleImportant).At)
}

// TestExplainWait: a wait is said in at most two units, rounded to seconds.
func TestExplainWait(t *testing.T) {
	t.Parallel()
	for want, waited := range map[string]time.Duration{
		"1 d 2 h": 26*time.Hour + 30*time.Minute + 5*time.Second, "2 h 30 min": 150*time.Minute + time.Second, "1 min 1 s": 60600 * time.Millisecond, "1 d 5 s": 24*time.Hour + 5*time.Second,
	} {
		e := tickets.Entry{Kind: tickets.CommandReply, Actor: tickets.Actor{Kind: tickets.ActorAgent, Name: "Ana"}, At: noon, Facts: []tickets.Fact{{Kind: tickets.FactAnswered, Waited: tickets.Span(waited)}}}
		assert.Equal(t, "Ana replied: the customer had waited "+want, automation.Explain(e, chatcfg.English, time.UTC).What)
	}
}
