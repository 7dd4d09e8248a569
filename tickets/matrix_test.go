package tickets_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the generated files anew")

// noon is when the tests' commands happen.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// script is a draft that is worked on command by command, an hour apart.
type script struct {
	t      *testing.T
	state  tickets.State
	now    time.Time
	policy tickets.Policy
	last   *tickets.Draft
}

func begin(t *testing.T) *script {
	t.Helper()
	return &script{t: t, now: noon, policy: tickets.Policy{SLA: 30 * time.Minute, SLAClock: chatcfg.Wall, Rating: &chatcfg.Rating{Enabled: true, Reasons: []string{"manual", "automatic"}}}}
}

// try does one command and keeps the result, unless it failed.
func (s *script) try(cmd tickets.Command) error {
	switch cmd.Kind {
	case tickets.CommandWrite:
		cmd.Actor.Kind = tickets.ActorCustomer
		if cmd.Customer.Level == "" {
			cmd.Customer = tickets.Customer{Level: tickets.LevelClaimed, Name: "Juan"}
		}
		if cmd.Text == "" {
			cmd.Text = "hola"
		}
	case tickets.CommandBotReply, tickets.CommandHandOver:
		cmd.Actor = tickets.Actor{Kind: tickets.ActorBot, Agent: "guia", Name: "Guía"}
	case tickets.CommandExpire, tickets.CommandDelay, tickets.CommandRearm:
		cmd.Actor.Kind = tickets.ActorRule
	case tickets.CommandRate:
		cmd.Actor.Kind, cmd.Score = tickets.ActorCustomer, 5
	default:
		cmd.Actor = tickets.Actor{Kind: tickets.ActorAgent, Agent: "ana", Name: "Ana"}
	}
	s.now = s.now.Add(time.Hour)
	d := tickets.Begin(s.state, s.now)
	if err := d.Do(cmd, tickets.Inputs{Now: d.At}, time.Time{}, &s.policy); err != nil {
		return err
	}
	s.last, s.state = d, d.State
	return nil
}

func (s *script) do(kinds ...tickets.CommandKind) *script {
	s.t.Helper()
	for _, k := range kinds {
		require.NoError(s.t, s.try(tickets.Command{Kind: k}), k)
	}
	return s
}

// states leads to each state a ticket can be in.
var states = map[string][]tickets.CommandKind{
	"none":             {},
	"open":             {tickets.CommandWrite},
	"open, answered":   {tickets.CommandWrite, tickets.CommandReply},
	"with the bot":     {tickets.CommandWrite},
	"open, paused":     {tickets.CommandWrite, tickets.CommandReply, tickets.CommandPause},
	"ignored":          {tickets.CommandWrite, tickets.CommandIgnore},
	"closed manual":    {tickets.CommandWrite, tickets.CommandClose},
	"closed automatic": {tickets.CommandWrite, tickets.CommandReply, tickets.CommandExpire},
}

// columns are the commands of TestMatrix, and matrix the same as a set.
var (
	columns = []tickets.CommandKind{
		tickets.CommandWrite, tickets.CommandReply, tickets.CommandClose, tickets.CommandIgnore, tickets.CommandOpen, tickets.CommandExpire,
		tickets.CommandPause, tickets.CommandResume, tickets.CommandMark, tickets.CommandUnmark, tickets.CommandClassify, tickets.CommandDescribe,
		tickets.CommandEnd, tickets.CommandAssign, tickets.CommandTake, tickets.CommandNote, tickets.CommandRate,
		tickets.CommandBotReply, tickets.CommandHandOver, tickets.CommandStart,
	}
	matrix = func() map[tickets.CommandKind]bool {
		set := make(map[tickets.CommandKind]bool, len(columns))
		for _, kind := range columns {
			set[kind] = true
		}
		return set
	}()
)

// TestMatrix asserts R3.3, R3.7, R12.1, R12.3 and R16.5 cell by cell: every state, every command. The
// table is typed from SPEC, not taken from the code. A cell is the state that
// follows; "new" is a ticket of its own; "error" a refusal that changes nothing.
func TestMatrix(t *testing.T) {
	t.Parallel()
	rows := map[string]string{
		//                   write   reply  close          ignore  open   expire            pause   resume mark   unmark classify describe end assign take note rate botReply handOver start
		"none":             "new     error  error          error   error  error             error   error  error  error  error    error   error error error error error error error new",
		"open":             "open    open   closed/manual  ignored error  closed/automatic  paused  error  open   open   open     open   closed/customer open open open error open error open",
		"open, answered":   "open    open   closed/manual  ignored error  closed/automatic  paused  error  open   open   open     open   closed/customer open open open error open error open",
		"with the bot":     "bot     open   closed/manual  ignored error  closed/automatic  paused  error  bot    bot    bot      bot      closed/customer open open bot error bot open open",
		"open, paused":     "paused  paused closed/manual  ignored error  closed/automatic  error   open   paused paused paused   paused   closed/customer paused paused paused error paused error paused",
		"ignored":          "ignored open   closed/manual  error   open   error             error   error  ignored ignored ignored ignored closed/customer ignored ignored ignored error ignored error open",
		"closed manual":    "new     error  error          error   open   error             error   error  closed/manual closed/manual closed/manual closed/manual error closed/manual error closed/manual closed/manual error error new",
		"closed automatic": "new     error  error          error   open   error             error   error  closed/automatic closed/automatic closed/automatic closed/automatic error closed/automatic error closed/automatic closed/automatic error error new",
	}
	require.Len(t, rows, len(states))
	cells := 0
	for from, row := range rows {
		want := strings.Fields(row)
		require.Len(t, want, len(columns), from)
		for i, kind := range columns {
			cells++
			s := begin(t)
			s.policy.Bot = from == "with the bot"
			s.do(states[from]...)
			before := s.state
			err := s.try(tickets.Command{Kind: kind})
			if want[i] == "error" {
				require.Error(t, err, "%s, %s", from, kind)
				assert.Equal(t, before, s.state, "%s, %s", from, kind)
				continue
			}
			require.NoError(t, err, "%s, %s", from, kind)
			assert.Equal(t, want[i], label(before, s.state), "%s, %s", from, kind)
		}
	}
	assert.Equal(t, len(states)*len(columns), cells)
}

func label(before, after tickets.State) string {
	t := after.Ticket
	switch {
	case t.Number != before.Ticket.Number:
		return "new"
	case t.Paused:
		return "paused"
	case t.WithBot:
		return "bot"
	case t.Reason != "":
		return string(t.Status) + "/" + string(t.Reason)
	default:
		return string(t.Status)
	}
}

// TestRefusals says which errors a refused command gives (R3.3, R3.6, R3.7).
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := begin(t)
	require.ErrorIs(t, s.try(tickets.Command{Kind: tickets.CommandReply}), tickets.ErrNoTicket)
	s.do(tickets.CommandWrite)
	var refused *tickets.TransitionError
	require.ErrorAs(t, s.try(tickets.Command{Kind: tickets.CommandOpen}), &refused)
	assert.Equal(t, tickets.TransitionError{From: tickets.StatusOpen, Kind: tickets.CommandOpen}, *refused)
	require.ErrorIs(t, refused, tickets.ErrTransition)
	require.ErrorIs(t, s.try(tickets.Command{Kind: tickets.CommandReply, Number: 7}), tickets.ErrNoTicket)
	require.ErrorIs(t, s.try(tickets.Command{Kind: "dance"}), tickets.ErrCommand)

	s.do(tickets.CommandClose)
	older := s.state.Ticket
	s.do(tickets.CommandWrite)
	s.state.Older = &older
	for _, kind := range []tickets.CommandKind{tickets.CommandOpen, tickets.CommandReply, tickets.CommandClose, tickets.CommandIgnore, tickets.CommandPause} {
		require.ErrorIs(t, s.try(tickets.Command{Kind: kind, Number: 1}), tickets.ErrNotLatest, kind)
	}
	require.NoError(t, s.try(tickets.Command{Kind: tickets.CommandMark, Number: 1}))
	assert.True(t, s.state.Older.Important)
	assert.False(t, s.state.Ticket.Important)
	assert.False(t, older.Important, "the loaded ticket is not written to")
	assert.Equal(t, []tickets.Number{1}, numbers(s.last.Changed()))

	// R11.1: what one agent has, another cannot take.
	s.do(tickets.CommandTake, tickets.CommandTake)
	require.NoError(t, s.try(tickets.Command{Kind: tickets.CommandAssign, Assignee: &tickets.Assignee{Agent: "beto", Name: "Beto"}}))
	var taken *tickets.TakenError
	require.ErrorAs(t, s.try(tickets.Command{Kind: tickets.CommandTake}), &taken)
	assert.Equal(t, tickets.Assignee{Agent: "beto", Name: "Beto"}, taken.By)
	require.ErrorIs(t, taken, tickets.ErrTaken)
	require.ErrorIs(t, s.try(tickets.Command{Kind: tickets.CommandAssign, From: new(tickets.AgentID), Assignee: &tickets.Assignee{Agent: "ana"}}), tickets.ErrTaken)
	require.NoError(t, s.try(tickets.Command{Kind: tickets.CommandAssign, From: new(tickets.AgentID("beto")), Team: new(tickets.TeamID("ventas"))}))
	require.ErrorIs(t, s.try(tickets.Command{Kind: tickets.CommandAssign, Number: 1}), tickets.ErrNotLatest)

	// R3.6: nothing of this for anonymous customers.
	a := begin(t)
	require.NoError(t, a.try(tickets.Command{Kind: tickets.CommandWrite, Customer: tickets.Customer{Level: tickets.LevelAnonymous}}))
	require.ErrorIs(t, a.try(tickets.Command{Kind: tickets.CommandClassify}), tickets.ErrAnonymous)
	require.ErrorIs(t, a.try(tickets.Command{Kind: tickets.CommandDescribe}), tickets.ErrAnonymous)
}

func numbers(list []tickets.Ticket) []tickets.Number {
	var out []tickets.Number
	for _, t := range list {
		out = append(out, t.Number)
	}
	return out
}

// TestDiagram keeps docs/states.md, which is drawn from the table (R3.3): each
// command that leads to another status from at least one.
func TestDiagram(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("<!-- Made by `make generate` from the table in tickets/commands.go. -->\n\n")
	b.WriteString("# The states of a ticket\n\n```mermaid\nstateDiagram-v2\n")
	name := map[tickets.Status]string{tickets.StatusNone: "[*]", tickets.StatusOpen: "open", tickets.StatusIgnored: "ignored", tickets.StatusClosed: "closed"}
	actor := map[tickets.ActorKind]string{tickets.ActorAgent: "An agent", tickets.ActorCustomer: "", tickets.ActorRule: ""}
	for _, from := range []tickets.Status{tickets.StatusNone, tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed} {
		for _, row := range tickets.Commands() {
			to, ok := row.To[from]
			if !ok || !moves(row) {
				continue
			}
			text := strings.ReplaceAll(row.Words.EN, "{actor}", actor[row.By])
			note := strings.NewReplacer(" the ticket", "", " the conversation", "").Replace(strings.ToLower(text[:1]) + text[1:])
			if row.Kind == tickets.CommandWrite && from == tickets.StatusClosed {
				note += " (a new ticket, or within the window this one)"
			}
			b.WriteString("    " + name[from] + " --> " + name[to] + ": " + note + "\n")
			if row.Kind == tickets.CommandWrite && (from == tickets.StatusNone || from == tickets.StatusClosed) {
				b.WriteString("    " + name[from] + " --> ignored: " + strings.TrimSuffix(note, " (a new ticket, or within the window this one)") + " (created ignored)\n")
			}
		}
	}
	b.WriteString("```\n\nMissing arrows are errors (R3.3).\n")
	const file = "../docs/states.md"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, b.String(), string(have), "run make generate")
}

// moves reports whether a command leads to another status from any.
func moves(row tickets.CommandRow) bool {
	for from, to := range row.To {
		if from != to {
			return true
		}
	}
	return false
}

// TestCommandsAreComplete: a row of the table that lacks something is named here.
func TestCommandsAreComplete(t *testing.T) {
	t.Parallel()
	seen := map[tickets.CommandKind]bool{}
	for _, row := range tickets.Commands() {
		assert.NotEmpty(t, row.Kind, "a command without a kind")
		assert.False(t, seen[row.Kind], "%s stands in the table twice", row.Kind)
		seen[row.Kind] = true
		assert.Contains(t, []tickets.ActorKind{tickets.ActorCustomer, tickets.ActorAgent, tickets.ActorRule, tickets.ActorBot}, row.By, "%s: nobody may send it", row.Kind)
		assert.NotEmpty(t, row.To, "%s: no status lets it happen", row.Kind)
		assert.True(t, tickets.Carried(row), "%s: it does nothing", row.Kind)
		for language, text := range map[string]string{"es": row.Words.ES, "en": row.Words.EN, "pt": row.Words.PT} {
			assert.NotEmpty(t, text, "%s: its words lack %s", row.Kind, language)
			if row.By == tickets.ActorAgent || row.By == tickets.ActorBot {
				assert.Contains(t, text, "{actor}", "%s: its words in %s do not say who", row.Kind, language)
			}
		}
		_, tested := matrix[row.Kind]
		assert.True(t, tested || slices.Contains([]tickets.CommandKind{tickets.CommandDelay, tickets.CommandRearm, tickets.CommandRemind}, row.Kind), "%s: TestMatrix has no column for it", row.Kind)
	}
	for kind := range matrix {
		assert.True(t, seen[kind], "TestMatrix has a column for %s, which is not in the table", kind)
	}
}
