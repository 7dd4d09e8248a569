package charla_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// given returns a command of a kind with one more field set to a value that can be stored.
func given(t *testing.T, kind tickets.CommandKind, field string) tickets.Command {
	t.Helper()
	cmd := tickets.Command{Kind: kind}
	if kind == tickets.CommandAssign {
		cmd.Team = new(tickets.TeamID("ventas"))
	}
	if kind == tickets.CommandDescribe {
		cmd.Metadata = map[string]string{"a": "b"}
	}
	v := reflect.ValueOf(&cmd).Elem().FieldByName(field)
	switch value := v.Addr().Interface().(type) {
	case *tickets.Actor:
		*value = tickets.Actor{Kind: tickets.ActorAgent, Agent: "eva"}
	case *map[string]string:
		*value = map[string]string{"a": "b"}
	case *tickets.Customer:
		*value = tickets.Customer{Name: "Juan"}
	case *tickets.Turn:
		*value = tickets.Turn{Agent: "eva", Key: "k"}
	case **tickets.Typification:
		*value = &tickets.Typification{Category: "venta"}
	case **tickets.Assignee:
		*value = &tickets.Assignee{Agent: "eva"}
	case **tickets.TeamID:
		*value = new(tickets.TeamID("ventas"))
	case **tickets.AgentID:
		*value = new(tickets.AgentID)
	default:
		switch v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Int, reflect.Int64:
			v.SetInt(1)
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
		default:
			require.Fail(t, "a field of an unknown kind", field)
		}
	}
	return cmd
}

// TestFieldsOfCommands: Agent.Do takes the fields of a command that its row names, and refuses
// each other one by its name.
func TestFieldsOfCommands(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	bot := b.agent(charla.Person{ID: "bot", Name: "Bot", Automated: true})
	of := reflect.TypeFor[tickets.Command]()
	for _, row := range tickets.Commands() {
		for _, name := range row.Takes {
			_, found := of.FieldByNameFunc(func(f string) bool { return strings.ToLower(f[:1])+f[1:] == name })
			assert.True(t, found, "%s takes %s", row.Kind, name)
		}
		agent := b.agent(ana)
		switch {
		case row.Kind == tickets.CommandHandOver:
			agent = bot
		case row.By != tickets.ActorAgent || row.Writes || row.Kind == tickets.CommandNote:
			continue // Do does not take it
		}
		for i := range of.NumField() {
			field := of.Field(i).Name
			if field == "Kind" {
				continue
			}
			name := strings.ToLower(field[:1]) + field[1:]
			ref := b.write(b.enter(string(row.Kind)+name), "hola").Ref
			_, err := agent.Do(b.ctx, ref, given(t, row.Kind, field), nil)
			var p chatcfg.Problems
			if takes := slices.Contains(row.Takes, name) && name != "turn"; !takes {
				require.ErrorAs(t, err, &p, "%s with %s", row.Kind, name)
				assert.Equal(t, chatcfg.Problems{{Path: name, Code: chatcfg.CodeUnwanted}}, p, row.Kind)
			} else {
				require.NoError(t, err, "%s with %s", row.Kind, name)
			}
		}
	}
}

// TestOptionsOfMessages: what a call that stores a message does not take is refused by name.
func TestOptionsOfMessages(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	v := b.enter("juan")
	ref := b.write(v, "hola").Ref
	welcome := charla.WriteOptions{Welcome: &tickets.Welcome{Text: "hola"}}
	mentions := charla.WriteOptions{Mentions: []tickets.AgentID{"eva"}}
	calls := map[string]func(*charla.WriteOptions) error{
		"write": func(o *charla.WriteOptions) error { _, err := v.Write(b.ctx, "hola", o); return err },
		"reply": func(o *charla.WriteOptions) error { _, err := b.agent(ana).Reply(b.ctx, ref, "hola", o); return err },
		"bot's reply": func(o *charla.WriteOptions) error {
			_, err := b.agent(charla.Person{ID: "bot", Automated: true}).Reply(b.ctx, ref, "hola", o)
			return err
		},
		"note": func(o *charla.WriteOptions) error { _, err := b.agent(ana).Note(b.ctx, ref, "hola", o); return err },
		"start": func(o *charla.WriteOptions) error {
			_, err := b.agent(ana).Start(b.ctx, charla.Proof{Subject: "u1"}, "hola", o)
			return err
		},
	}
	for name, call := range calls {
		require.NoError(t, call(nil), name)
		for path, o := range map[string]charla.WriteOptions{"welcome": welcome, "mentions": mentions} {
			err := call(&o)
			if takes := name == "write" && path == "welcome" || name == "note" && path == "mentions"; takes {
				require.NoError(t, err, "%s with %s", name, path)
				continue
			}
			var p chatcfg.Problems
			require.ErrorAs(t, err, &p, "%s with %s", name, path)
			assert.Equal(t, chatcfg.Problems{{Path: path, Code: chatcfg.CodeUnwanted}}, p)
		}
	}
	_, err := b.agent(ana).Start(b.ctx, charla.Proof{Provider: "google", Subject: "u1"}, "hola", nil)
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	assert.Equal(t, chatcfg.Problems{{Path: "proof.provider", Code: chatcfg.CodeUnwanted}}, p)
}

// TestQueriesOfNothing: a query that can find nothing, whatever is stored, is refused.
func TestQueriesOfNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	inbox := b.account.Inbox()
	for path, q := range map[string]charla.ReportQuery{
		"to": {}, "to ": {From: start}, "to  ": {From: start, To: start}, "to   ": {From: start, To: start.Add(-time.Hour)},
	} {
		_, err := inbox.Report(b.ctx, q)
		var p chatcfg.Problems
		require.ErrorAs(t, err, &p)
		assert.Equal(t, strings.TrimSpace(path), p[0].Path)
	}
	_, err := inbox.Report(b.ctx, charla.ReportQuery{To: start.Add(time.Hour)})
	require.NoError(t, err, "from the beginning")
	for _, score := range []int{-1, 6, 9} {
		var p chatcfg.Problems
		_, err := inbox.Tickets(b.ctx, charla.TicketQuery{Score: score})
		require.ErrorAs(t, err, &p)
		assert.True(t, p.Has("score", chatcfg.CodeOutOfRange))
		_, err = inbox.Counts(b.ctx, charla.TicketQuery{Score: score})
		require.ErrorAs(t, err, &p)
	}
	_, err = inbox.Tickets(b.ctx, charla.TicketQuery{Score: 5})
	require.NoError(t, err)
	for status, refused := range map[tickets.Status]bool{
		tickets.StatusNone: false, tickets.StatusOpen: false, tickets.StatusIgnored: true, tickets.StatusClosed: true,
	} {
		_, err = inbox.Tickets(b.ctx, charla.TicketQuery{WithBot: true, Status: status})
		var p chatcfg.Problems
		assert.Equal(t, refused, errors.As(err, &p), "R12.2: what is with the bot is open: %s", status)
	}
}

// TestTakeNextKeyAndTeams: R3.9, R11.2: a key of TakeNext is of one set of teams, in any order.
func TestTakeNextKeyAndTeams(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("juan"), "hola").Ref
	b.pass(time.Minute)
	b.write(b.enter("eva"), "hola")
	o := &charla.CallOptions{Key: "k"}
	first, err := b.agent(ana).TakeNext(b.ctx, []tickets.TeamID{"ventas", "pagos"}, o)
	require.NoError(t, err)
	assert.Equal(t, ref, first.Ref)
	again, err := b.agent(ana).TakeNext(b.ctx, []tickets.TeamID{"pagos", "ventas", "pagos"}, o)
	require.NoError(t, err)
	assert.Equal(t, first, again)
	for _, teams := range [][]tickets.TeamID{nil, {"ventas"}, {"ventas", "pagos", "soporte"}} {
		_, err = b.agent(ana).TakeNext(b.ctx, teams, o)
		require.ErrorIs(t, err, charla.ErrKeyReused, "%v", teams)
	}
	other, err := b.agent(charla.Person{ID: "beto"}).TakeNext(b.ctx, []tickets.TeamID{"ventas"}, o)
	require.NoError(t, err, "another agent's key")
	assert.NotEqual(t, first.Ref, other.Ref)
	for _, teams := range [][]tickets.TeamID{nil, {"pagos"}} {
		_, err = b.agent(charla.Person{ID: "beto"}).TakeNext(b.ctx, teams, o)
		require.ErrorIs(t, err, charla.ErrKeyReused, "%v", teams)
	}
}

// TestKeysHaveALimit: R3.9: a key that is too long is refused by each call that takes one.
func TestKeysHaveALimit(t *testing.T) {
	t.Parallel()
	b := setup(t, form)
	require.NoError(t, b.agent(ana).Heartbeat(b.ctx, tickets.Online))
	v := b.enter("juan")
	ref := b.write(b.enter("eva"), "hola").Ref
	long := strings.Repeat("k", 201)
	agent, write, call := b.agent(ana), &charla.WriteOptions{Key: long}, &charla.CallOptions{Key: long}
	for name, do := range map[string]func() (any, error){
		"Write":    func() (any, error) { return v.Write(b.ctx, "hola", write) },
		"Reply":    func() (any, error) { return agent.Reply(b.ctx, ref, "hola", write) },
		"Note":     func() (any, error) { return agent.Note(b.ctx, ref, "hola", write) },
		"Start":    func() (any, error) { return agent.Start(b.ctx, charla.Proof{Subject: "1"}, "hola", write) },
		"Do":       func() (any, error) { return agent.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandMark}, call) },
		"TakeNext": func() (any, error) { return agent.TakeNext(b.ctx, nil, call) },
		"End":      func() (any, error) { return v.End(b.ctx, 1, call) },
		"Rate":     func() (any, error) { return v.Rate(b.ctx, charla.Rating{Score: 5}, call) },
		"Contact": func() (any, error) {
			return v.Contact(b.ctx, charla.ContactForm{Email: "juan@example.com", Text: "hola"}, call)
		},
		"SaveConfig": func() (any, error) {
			cfg, version, err := b.account.Config(b.ctx)
			require.NoError(t, err)
			return b.account.SaveConfig(b.ctx, version, cfg, &charla.SaveOptions{Key: long})
		},
	} {
		_, err := do()
		var bad chatcfg.Problems
		require.ErrorAs(t, err, &bad, name)
		assert.True(t, bad.Has("key", chatcfg.CodeTooLong), name)
	}
}
