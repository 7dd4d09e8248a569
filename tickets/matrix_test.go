package tickets_test

import (
	"flag"
	"os"
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
	return &script{t: t, now: noon, policy: tickets.Policy{SLA: 30 * time.Minute, SLAClock: chatcfg.Wall}}
}

// try does one command and keeps what came of it, unless it failed.
func (s *script) try(cmd tickets.Command) error {
	switch cmd.Kind {
	case tickets.Write:
		cmd.Actor.Kind = tickets.ByCustomer
		if cmd.Customer.Level == "" {
			cmd.Customer = tickets.Customer{Level: tickets.Claimed, Name: "Juan"}
		}
		if cmd.Text == "" {
			cmd.Text = "hola"
		}
	case tickets.Expire, tickets.Delay, tickets.Rearm:
		cmd.Actor.Kind = tickets.ByRule
	default:
		cmd.Actor = tickets.Actor{Kind: tickets.ByAgent, Agent: "ana", Name: "Ana"}
	}
	s.now = s.now.Add(time.Hour)
	d := tickets.Begin(s.state, s.now)
	if err := d.Do(cmd, tickets.Inputs{Now: d.At}, time.Time{}, s.policy); err != nil {
		return err
	}
	s.last, s.state = d, d.State
	return nil
}

func (s *script) do(kinds ...tickets.Kind) *script {
	s.t.Helper()
	for _, k := range kinds {
		require.NoError(s.t, s.try(tickets.Command{Kind: k}), k)
	}
	return s
}

// states leads to each state a ticket can be in.
var states = map[string][]tickets.Kind{
	"none":             {},
	"open":             {tickets.Write},
	"open, answered":   {tickets.Write, tickets.Reply},
	"open, paused":     {tickets.Write, tickets.Reply, tickets.Pause},
	"ignored":          {tickets.Write, tickets.Ignore},
	"closed manual":    {tickets.Write, tickets.Close},
	"closed automatic": {tickets.Write, tickets.Reply, tickets.Expire},
}

// TestMatrix asserts R3.3 and R3.7 cell by cell: every state, every command. The
// table is typed from SPEC, not taken from the code. A cell is the state that
// follows; "new" is a ticket of its own; "error" a refusal that changes nothing.
func TestMatrix(t *testing.T) {
	t.Parallel()
	columns := []tickets.Kind{
		tickets.Write, tickets.Reply, tickets.Close, tickets.Ignore, tickets.OpenTicket, tickets.Expire,
		tickets.Pause, tickets.Resume, tickets.Mark, tickets.Unmark, tickets.Classify, tickets.Describe,
	}
	rows := map[string]string{
		//                   write   reply  close          ignore  open   expire            pause   resume mark   unmark classify describe
		"none":             "new     error  error          error   error  error             error   error  error  error  error    error",
		"open":             "open    open   closed/manual  ignored error  closed/automatic  paused  error  open   open   open     open",
		"open, answered":   "open    open   closed/manual  ignored error  closed/automatic  paused  error  open   open   open     open",
		"open, paused":     "paused  paused closed/manual  ignored error  closed/automatic  error   open   paused paused paused   paused",
		"ignored":          "ignored open   closed/manual  error   open   error             error   error  ignored ignored ignored ignored",
		"closed manual":    "new     error  error          error   open   error             error   error  closed/manual closed/manual closed/manual closed/manual",
		"closed automatic": "new     error  error          error   open   error             error   error  closed/automatic closed/automatic closed/automatic closed/automatic",
	}
	require.Len(t, rows, len(states))
	cells := 0
	for from, row := range rows {
		want := strings.Fields(row)
		require.Len(t, want, len(columns), from)
		for i, kind := range columns {
			cells++
			s := begin(t).do(states[from]...)
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
	require.ErrorIs(t, s.try(tickets.Command{Kind: tickets.Reply}), tickets.ErrNoTicket)
	s.do(tickets.Write)
	var refused *tickets.TransitionError
	require.ErrorAs(t, s.try(tickets.Command{Kind: tickets.OpenTicket}), &refused)
	assert.Equal(t, tickets.TransitionError{From: tickets.Open, Kind: tickets.OpenTicket}, *refused)
	require.ErrorIs(t, refused, tickets.ErrTransition)
	require.ErrorIs(t, s.try(tickets.Command{Kind: tickets.Reply, Number: 7}), tickets.ErrNoTicket)
	require.ErrorIs(t, s.try(tickets.Command{Kind: "dance"}), tickets.ErrCommand)

	s.do(tickets.Close)
	older := s.state.Ticket
	s.do(tickets.Write)
	s.state.Older = &older
	for _, kind := range []tickets.Kind{tickets.OpenTicket, tickets.Reply, tickets.Close, tickets.Ignore, tickets.Pause} {
		require.ErrorIs(t, s.try(tickets.Command{Kind: kind, Number: 1}), tickets.ErrNotLatest, kind)
	}
	require.NoError(t, s.try(tickets.Command{Kind: tickets.Mark, Number: 1}))
	assert.True(t, s.state.Older.Important)
	assert.False(t, s.state.Ticket.Important)
	assert.False(t, older.Important, "the loaded ticket is not written to")
	assert.Equal(t, []tickets.Number{1}, numbers(s.last.Changed()))

	// R3.6: nothing of this for anonymous customers.
	a := begin(t)
	require.NoError(t, a.try(tickets.Command{Kind: tickets.Write, Customer: tickets.Customer{Level: tickets.Anonymous}}))
	require.ErrorIs(t, a.try(tickets.Command{Kind: tickets.Classify}), tickets.ErrAnonymous)
	require.ErrorIs(t, a.try(tickets.Command{Kind: tickets.Describe}), tickets.ErrAnonymous)
}

func numbers(list []tickets.Ticket) []tickets.Number {
	var out []tickets.Number
	for _, t := range list {
		out = append(out, t.Number)
	}
	return out
}

// TestDiagram keeps docs/states.md, which is drawn from the table (R3.3).
func TestDiagram(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("<!-- Made by `make generate` from the table in tickets/transitions.go. -->\n\n")
	b.WriteString("# The states of a ticket\n\n```mermaid\nstateDiagram-v2\n")
	name := map[tickets.Status]string{tickets.None: "[*]", tickets.Open: "open", tickets.Ignored: "ignored", tickets.Closed: "closed"}
	text := map[tickets.Kind]string{
		tickets.Write: "customer writes", tickets.Reply: "agent replies", tickets.Close: "agent closes",
		tickets.Ignore: "agent ignores", tickets.OpenTicket: "agent opens", tickets.Expire: "auto-close",
	}
	for _, from := range []tickets.Status{tickets.None, tickets.Open, tickets.Ignored, tickets.Closed} {
		for _, kind := range []tickets.Kind{tickets.Write, tickets.Reply, tickets.Close, tickets.Ignore, tickets.OpenTicket, tickets.Expire} {
			to, ok := tickets.Next(from, kind)
			if !ok {
				continue
			}
			note := text[kind]
			if kind == tickets.Write && from == tickets.Closed {
				note += " (a new ticket, or within the window this one)"
			}
			b.WriteString("    " + name[from] + " --> " + name[to] + ": " + note + "\n")
			if kind == tickets.Write && (from == tickets.None || from == tickets.Closed) {
				b.WriteString("    " + name[from] + " --> ignored: customer writes (a new ticket, created ignored)\n")
			}
		}
	}
	b.WriteString("```\n\nAn arrow that is missing is an error, and auto-close never happens there (R3.3).\n")
	const file = "../docs/states.md"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	have, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, b.String(), string(have), "run make generate")
}
