package automation_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // a Monday

func compile(t testing.TB, since chatcfg.Since, change func(*chatcfg.Config)) *automation.Rules {
	t.Helper()
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.Name, cfg.Chat.Domain = "Tienda", "tienda.cl"
	change(&cfg)
	r, err := automation.Compile(chatcfg.Account{Version: 1, Rules: since}, cfg, nil)
	require.NoError(t, err)
	return r
}

func text(messages ...string) chatcfg.TextAction {
	return chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(messages...)}
}

func minutes(n int64) *chatcfg.Duration {
	return &chatcfg.Duration{Value: n, Unit: chatcfg.UnitMinutes}
}

// everything switches all that follows from a message on.
func everything(c *chatcfg.Config) {
	c.Quality.SLA = minutes(30)
	a := &c.Automation
	a.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
	a.NewCustomer, a.NoAgents, a.OutOfHours = text("nuevo", "hola"), text("nadie"), text("cerrado hasta {nextOpen}")
	a.TicketCreated, a.ManualClose, a.AutomaticClose = text("creado"), text("chao"), text("adiós")
	c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"reclamo"}}
	c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefe@tienda.cl"}}
	c.Hours = chatcfg.Hours{Timezone: "America/Santiago", Weekly: []chatcfg.Interval{
		{Day: chatcfg.Monday, Open: "09:00", Close: "18:00"}, {Day: chatcfg.Tuesday, Open: "09:00", Close: "18:00"},
	}}
}

func write(text string) tickets.Command {
	return tickets.Command{
		Kind: tickets.CommandWrite, Text: text, Actor: tickets.Actor{Kind: tickets.ActorCustomer},
		Customer: tickets.Customer{Level: tickets.LevelClaimed, Name: "Juan"},
	}
}

func agent(kind tickets.CommandKind) tickets.Command {
	return tickets.Command{Kind: kind, Text: "hola", Actor: tickets.Actor{Kind: tickets.ActorAgent, Agent: "ana", Name: "Ana"}}
}

func said(d *tickets.Draft) []tickets.RuleKey {
	var out []tickets.RuleKey
	for _, m := range d.Messages {
		if m.From == tickets.FromRule {
			out = append(out, m.Rule)
		}
	}
	return out
}

func decide(t testing.TB, r *automation.Rules, s tickets.State, cmd tickets.Command, in tickets.Inputs) *tickets.Draft {
	t.Helper()
	d, err := r.Decide(s, cmd, in)
	require.NoError(t, err)
	return d
}

// TestOrder: R4.1: new customer, ticket created, out of hours, no agents.
func TestOrder(t *testing.T) {
	t.Parallel()
	night := tickets.Inputs{Now: noon.Add(11 * time.Hour), Presence: tickets.Presence{Absence: 1}}
	r := compile(t, chatcfg.Since{}, everything)
	d := decide(t, r, tickets.State{}, write("hola"), night)
	assert.Equal(t, []tickets.RuleKey{automation.RuleNewCustomer, automation.RuleTicketCreated, automation.RuleOutOfHours, automation.RuleNoAgents}, said(d))
	assert.Equal(t, "cerrado hasta martes 3 de marzo, 09:00", d.Messages[3].Text)

	first := compile(t, chatcfg.Since{}, func(c *chatcfg.Config) {
		everything(c)
		c.Automation.Combine = chatcfg.CombineFirst
	})
	d = decide(t, first, tickets.State{}, write("hola"), night)
	assert.Equal(t, []tickets.RuleKey{automation.RuleNewCustomer, automation.RuleTicketCreated, automation.RuleOutOfHours}, said(d))
	day := night
	day.Now = noon.Add(25 * time.Hour)
	d = decide(t, first, d.State, write("hola"), day)
	assert.Equal(t, []tickets.RuleKey{automation.RuleNoAgents}, said(d), "held back is not fired: it may fire later in the same absence (R4.1)")
}

// TestTrace: section 4: every rule that is on says what it did and why.
func TestTrace(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, everything)
	in := tickets.Inputs{Now: noon.Add(2 * time.Hour), Chance: 7, Presence: tickets.Presence{Available: true, Absence: 1}}
	d := decide(t, r, tickets.State{}, write("¡Un RECLAMO!"), in)
	require.Len(t, d.Entries, 1)
	e := d.Entries[0]
	in.Config = 1
	assert.Equal(t, in, e.Inputs, "a decision can be taken again")
	why := map[tickets.RuleKey]tickets.Why{}
	for _, f := range e.Trace {
		why[f.Rule] = f.Why
		switch f.Rule {
		case automation.RuleImportant:
			assert.Equal(t, "reclamo", f.Word)
			assert.Equal(t, "RECLAMO", "¡Un RECLAMO!"[f.From:f.To], "which word matched where (R5.1)")
		case automation.RuleNewCustomer:
			assert.Contains(t, []int{1, 2}, f.Text)
		case automation.RuleSLA:
			assert.Equal(t, in.Now.Add(30*time.Minute), f.Until)
		}
	}
	assert.Equal(t, map[tickets.RuleKey]tickets.Why{
		automation.RuleImportant: "keyword", automation.RuleNotify: "created", automation.RuleNewCustomer: "first_message",
		automation.RuleTicketCreated: "created", automation.RuleOutOfHours: "open_hours", automation.RuleNoAgents: "agent_available",
		automation.RuleSLA: "armed",
	}, why)

	for _, l := range []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese} {
		x := automation.Explain(e, l, time.UTC)
		assert.NotEmpty(t, x.What)
		require.Len(t, x.Rules, 7)
		for _, rule := range x.Rules {
			assert.NotContains(t, rule.Text, "_", "a word for %s in %s", rule.Rule, l)
		}
	}
	quiet := compile(t, chatcfg.Since{}, func(*chatcfg.Config) {})
	d = decide(t, quiet, tickets.State{}, write("hola"), in)
	assert.Empty(t, d.Entries[0].Trace, "what is off is silent")
	assert.Len(t, automation.Explain(d.Entries[0], chatcfg.English, time.UTC).Rules, 6, "and Explain names it")
}

// TestImpossibleState: R3.3: a deadline of a state that no command makes fails as its command
// does, and is not taken to have fired.
func TestImpossibleState(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, func(c *chatcfg.Config) { everything(c); c.General.Bot.Enabled = true })
	in := tickets.Inputs{Now: noon}
	s := decide(t, r, tickets.State{}, write("hola"), in).State
	require.True(t, s.Ticket.WithBot)
	in.Now = in.Now.Add(24 * time.Hour)
	require.NotEmpty(t, decide(t, r, s, tickets.Command{Kind: tickets.CommandTick}, in).Entries, "the control")
	s.Ticket.Status = tickets.StatusClosed
	_, err := r.Decide(s, tickets.Command{Kind: tickets.CommandTick}, in)
	require.ErrorIs(t, err, tickets.ErrTransition)
}

// TestHandedOver: R12.3: however a ticket leaves the bot, its addresses are notified, and the
// rule is asked once; what the bot answers is no hand-over.
func TestHandedOver(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, func(c *chatcfg.Config) { everything(c); c.General.Bot.Enabled = true })
	bot := tickets.Actor{Kind: tickets.ActorBot, Agent: "guia", Name: "Guía"}
	for name, tt := range map[string]struct {
		cmd  tickets.Command
		told bool
	}{
		"the bot itself":  {tickets.Command{Kind: tickets.CommandHandOver, Actor: bot}, true},
		"who takes it":    {agent(tickets.CommandTake), true},
		"who answers":     {agent(tickets.CommandReply), true},
		"who pauses it":   {agent(tickets.CommandPause), true},
		"the bot answers": {tickets.Command{Kind: tickets.CommandBotReply, Text: "A las 9.", Actor: bot}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := tickets.Inputs{Now: noon}
			first := decide(t, r, tickets.State{}, write("hola"), in)
			require.True(t, first.Ticket.WithBot)
			require.Empty(t, first.Ticket.Notified)
			in.Now = in.Now.Add(time.Second)
			d := decide(t, r, first.State, tt.cmd, in)
			var found []tickets.Why
			for _, f := range d.Entries[0].Trace {
				if f.Rule == automation.RuleNotify {
					found = append(found, f.Why)
				}
			}
			if !tt.told {
				assert.Empty(t, found)
				assert.Empty(t, d.Ticket.Notified)
				return
			}
			assert.Equal(t, []tickets.Why{automation.WhyHandedOver}, found)
			assert.Len(t, d.Ticket.Notified, 1)
		})
	}
}

// TestSameDecision: section 4: the same inputs decide the same, whatever came
// between: a retry never sends another text.
func TestSameDecision(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, everything)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		in := tickets.Inputs{
			Now: noon.Add(time.Duration(rng.IntN(48*60)) * time.Minute), Chance: rng.Uint64(),
			Presence: tickets.Presence{Available: rng.IntN(2) == 0, Absence: 1},
		}
		first := decide(t, r, tickets.State{}, write("hola"), in)
		assert.Equal(t, first, decide(t, r, tickets.State{}, write("hola"), in))
	}
}

// TestUniform: section 4: one of the texts, uniformly: 10,000 of each action, for
// two and three texts, by chi-squared at the 0.1 % level, and independent of what
// another action chose on the same message.
func TestUniform(t *testing.T) {
	t.Parallel()
	critical := map[int]float64{1: 10.83, 2: 13.82, 8: 26.12}
	rng := rand.New(rand.NewPCG(3, 4))
	for n, texts := range map[int][]string{2: {"a", "b"}, 3: {"a", "b", "c"}} {
		r := compile(t, chatcfg.Since{}, func(c *chatcfg.Config) {
			everything(c)
			a := &c.Automation
			for _, action := range []*chatcfg.TextAction{&a.NewCustomer, &a.NoAgents, &a.OutOfHours, &a.TicketCreated, &a.ManualClose, &a.AutomaticClose} {
				*action = text(texts...)
			}
		})
		const draws = 10_000
		count := map[tickets.RuleKey]map[string]int{}
		pairs := map[string]int{}
		take := func(d *tickets.Draft) {
			pair := ""
			for _, m := range d.Messages {
				if m.From == tickets.FromRule {
					if count[m.Rule] == nil {
						count[m.Rule] = map[string]int{}
					}
					count[m.Rule][m.Text]++
					if m.Rule == automation.RuleNewCustomer || m.Rule == automation.RuleNoAgents {
						pair += m.Text
					}
				}
			}
			if len(pair) == 2 {
				pairs[pair]++
			}
		}
		for range draws {
			in := tickets.Inputs{Now: noon.Add(11 * time.Hour), Chance: rng.Uint64(), Presence: tickets.Presence{Absence: 1}}
			d := decide(t, r, tickets.State{}, write("hola"), in)
			take(d)
			in.Chance = rng.Uint64()
			take(decide(t, r, d.State, agent(tickets.CommandClose), in))
			d = decide(t, r, d.State, agent(tickets.CommandReply), in)
			in.Now, in.Chance = in.Now.Add(10*time.Minute), rng.Uint64()
			take(decide(t, r, d.State, tickets.Command{Kind: tickets.CommandTick}, in))
		}
		require.Len(t, count, 6)
		for rule, by := range count {
			assert.Len(t, by, n, rule)
			assert.Less(t, chiSquared(by, draws, n), critical[n-1], "%s: %v", rule, by)
		}
		if n == 3 {
			assert.Less(t, chiSquared(pairs, draws, 9), critical[8], "%v", pairs)
		}
	}
}

func chiSquared(count map[string]int, draws, cells int) float64 {
	want, sum := float64(draws)/float64(cells), 0.0
	for _, n := range count {
		sum += (float64(n) - want) * (float64(n) - want) / want
	}
	return sum
}

// TestNothingAnswersARule: R4.4: automatic messages move nothing.
func TestNothingAnswersARule(t *testing.T) {
	t.Parallel()
	loud := compile(t, chatcfg.Since{}, everything)
	quiet := compile(t, chatcfg.Since{}, func(c *chatcfg.Config) {
		everything(c)
		off := chatcfg.TextAction{Messages: chatcfg.Texts()}
		a := &c.Automation
		a.NewCustomer, a.NoAgents, a.OutOfHours, a.TicketCreated, a.ManualClose, a.AutomaticClose = off, off, off, off, off, off
	})
	rng := rand.New(rand.NewPCG(5, 6))
	kinds := []tickets.CommandKind{tickets.CommandReply, tickets.CommandClose, tickets.CommandIgnore, tickets.CommandOpen, tickets.CommandPause, tickets.CommandResume, tickets.CommandMark, tickets.CommandUnmark}
	for range 200 {
		var a, b tickets.State
		now := noon
		for range 40 {
			now = now.Add(time.Duration(rng.IntN(40)) * time.Minute)
			cmd := write("hola")
			if n := rng.IntN(12); n < len(kinds) {
				cmd = agent(kinds[n])
			} else if n == len(kinds) {
				cmd = tickets.Command{Kind: tickets.CommandTick}
			}
			in := tickets.Inputs{Now: now, Chance: rng.Uint64(), Presence: tickets.Presence{Available: rng.IntN(2) == 0, Absence: int64(1 + rng.IntN(3))}}
			da, errA := loud.Decide(a, cmd, in)
			db, errB := quiet.Decide(b, cmd, in)
			require.Equal(t, errA, errB)
			if errA != nil {
				continue
			}
			a, b = da.State, db.State
			x, y := a.Ticket, b.Ticket
			x.Memory = nil
			require.Equal(t, y, x, "but for what they remember of themselves, tickets are the same with and without texts")
			require.Equal(t, db.Answers, da.Answers)
		}
	}
}

// TestDeadlineInstant: R4.3: at exactly t the command goes first; before t what is
// due does; the outcome is as of the deadline, however late.
func TestDeadlineInstant(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, everything)
	at := func(now time.Time) tickets.Inputs { return tickets.Inputs{Now: now} }
	s := decide(t, r, tickets.State{}, write("hola"), at(noon)).State
	s = decide(t, r, s, agent(tickets.CommandReply), at(noon)).State
	due := noon.Add(10 * time.Minute)
	assert.Equal(t, due, r.Wake(&s.Ticket))

	d := decide(t, r, s, write("justo"), at(due))
	assert.Equal(t, tickets.StatusOpen, d.Ticket.Status)
	assert.EqualValues(t, 1, d.Ticket.Number)
	d = decide(t, r, s, write("tarde"), at(due.Add(time.Microsecond)))
	assert.EqualValues(t, 2, d.Ticket.Number)
	require.Len(t, d.Changed(), 2)
	assert.Equal(t, due, d.Changed()[0].ClosedAt)
	d = decide(t, r, s, tickets.Command{Kind: tickets.CommandTick}, at(due.Add(-time.Microsecond)))
	assert.Empty(t, d.Entries)
	d = decide(t, r, s, tickets.Command{Kind: tickets.CommandTick}, at(due))
	assert.Equal(t, tickets.ReasonAutomatic, d.Ticket.Reason)
	late := decide(t, r, s, tickets.Command{Kind: tickets.CommandTick}, at(due.Add(time.Hour)))
	assert.Equal(t, d.Ticket.ClosedAt, late.Ticket.ClosedAt)
	_, err := r.Decide(s, agent(tickets.CommandReply), at(due.Add(time.Second)))
	require.ErrorIs(t, err, tickets.ErrTransition, "the close came first")
}

// TestBusinessClock: R2.5, R4.2: on business hours.
func TestBusinessClock(t *testing.T) {
	t.Parallel()
	r := compile(t, chatcfg.Since{}, func(c *chatcfg.Config) {
		everything(c)
		c.Quality = chatcfg.Quality{SLA: minutes(60), Clock: chatcfg.Business}
		c.Automation.AutoClose.Clock, c.Automation.AutoClose.After = chatcfg.Business, minutes(120)
	})
	evening := time.Date(2026, 3, 2, 20, 30, 0, 0, time.UTC) // 17:30 in Santiago, half an hour before closing
	d := decide(t, r, tickets.State{}, write("hola"), tickets.Inputs{Now: evening})
	assert.Equal(t, time.Date(2026, 3, 3, 12, 30, 0, 0, time.UTC), r.Wake(&d.Ticket))
	d = decide(t, r, d.State, agent(tickets.CommandReply), tickets.Inputs{Now: evening})
	assert.Equal(t, time.Date(2026, 3, 3, 13, 30, 0, 0, time.UTC), r.Wake(&d.Ticket))
}

// TestDecisionIsCheap: a steady message with everything on costs two allocations: the
// draft with room for what the message adds, and the trace.
func TestDecisionIsCheap(t *testing.T) {
	r, s, in := steady(t)
	n := testing.AllocsPerRun(200, func() {
		if _, err := r.Decide(s, write("quería preguntar por mi pedido del lunes"), in); err != nil {
			t.Fatal(err)
		}
	})
	assert.LessOrEqual(t, n, 2.0)
}

func BenchmarkDecide(b *testing.B) {
	r, s, in := steady(b)
	cmd := write("quería preguntar por mi pedido del lunes, que todavía no llega a la casa de mi mamá en Ñuñoa")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Decide(s, cmd, in); err != nil {
			b.Fatal(err)
		}
	}
}

// steady is a conversation under way, with everything on and 100 keywords.
func steady(tb testing.TB) (*automation.Rules, tickets.State, tickets.Inputs) {
	tb.Helper()
	r := compile(tb, chatcfg.Since{}, func(c *chatcfg.Config) {
		everything(c)
		c.General.Important.Keywords = nil
		for i := range 100 {
			c.General.Important.Keywords = append(c.General.Important.Keywords, "palabra"+string(rune('a'+i%26))+string(rune('a'+i/26)))
		}
	})
	in := tickets.Inputs{Now: noon.Add(2 * time.Hour), Presence: tickets.Presence{Available: true, Absence: 1}}
	return r, decide(tb, r, tickets.State{}, write("hola"), in).State, in
}

// TestBotSwitchedOff: R12.3: what is with a bot that has been switched off since is handed over for that
// reason, also where it is on again.
func TestBotSwitchedOff(t *testing.T) {
	t.Parallel()
	bot := func(on bool, since chatcfg.Since) *automation.Rules {
		return compile(t, since, func(c *chatcfg.Config) { everything(c); c.General.Bot.Enabled = on })
	}
	s := decide(t, bot(true, chatcfg.Since{}), tickets.State{}, write("hola"), tickets.Inputs{Now: noon}).State
	require.True(t, s.Ticket.WithBot)
	saved := noon.Add(time.Second)
	again := chatcfg.Since{Rules: []chatcfg.RuleSince{{Rule: string(automation.RuleBot), On: saved, Changed: saved}}}
	for name, tt := range map[string]struct {
		r   *automation.Rules
		why tickets.Why
	}{
		"on":        {bot(true, chatcfg.Since{}), automation.WhyDeadline},
		"off":       {bot(false, chatcfg.Since{}), automation.WhyBotOff},
		"off again": {bot(false, again), automation.WhyBotOff},
		"on again":  {bot(true, again), automation.WhyBotOff},
	} {
		d := decide(t, tt.r, s, tickets.Command{Kind: tickets.CommandTick}, tickets.Inputs{Now: noon.Add(24 * time.Hour)})
		require.NotEmpty(t, d.Entries, name)
		assert.Equal(t, tickets.CommandHandOver, d.Entries[0].Kind, name)
		var why []tickets.Why
		for _, f := range d.Entries[0].Trace {
			if f.Rule == automation.RuleBot {
				why = append(why, f.Why)
			}
		}
		assert.Equal(t, []tickets.Why{tt.why}, why, name)
	}
}
