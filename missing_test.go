package charla_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byAccount are the calls of an account, its agent and its inbox that name no ticket, by
// method.
func (b *bench) byAccount(a *charla.Account) map[string]func() error {
	agent, inbox := a.Agent(ana), a.Inbox()
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.Name, cfg.Chat.Domain = "Tienda", "tienda.cl"
	return map[string]func() error{
		"Account.Info":       func() error { _, err := a.Info(b.ctx); return err },
		"Account.Config":     func() error { _, _, err := a.Config(b.ctx); return err },
		"Account.SaveConfig": func() error { _, err := a.SaveConfig(b.ctx, 1, cfg, nil); return err },
		"Agent.SaveQuickReplies": func() error {
			_, err := agent.SaveQuickReplies(b.ctx, 0, nil)
			return err
		},
		"Saves.List":          func() error { _, err := a.Saves().List(b.ctx); return err },
		"Saves.Config":        func() error { _, err := a.Saves().Config(b.ctx, 1); return err },
		"Account.Delete":      func() error { return a.Delete(b.ctx, "Tienda") },
		"Account.EndSessions": func() error { return a.EndSessions(b.ctx, tickets.ConversationID{}) },
		"Account.Enter": func() error {
			_, _, err := a.Enter(b.ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
			return err
		},
		"Account.VerifyIdentity": func() error {
			signed, err := charla.SignIdentity(b.secret, a.ID(), charla.Proof{Subject: "u1"}, b.clock.Now(), time.Minute)
			require.NoError(b.t, err)
			_, err = a.VerifyIdentity(b.ctx, signed)
			return err
		},
		"Account.SetImage":     func() error { return a.SetImage(b.ctx, charla.ImagePicture, nil) },
		"Account.Image":        func() error { _, err := a.Image(b.ctx, charla.ImagePicture); return err },
		"Account.RotateSecret": func() error { _, err := a.RotateSecret(b.ctx, 0); return err },
		"Agent.Heartbeat":      func() error { return agent.Heartbeat(b.ctx, tickets.Online) },
		"Agent.QuickReplies":   func() error { _, _, err := agent.QuickReplies(b.ctx); return err },
		"Agent.TakeNext":       func() error { _, err := agent.TakeNext(b.ctx, nil, nil); return err },
		"Agent.Start": func() error {
			_, err := agent.Start(b.ctx, charla.Proof{Subject: "u1"}, "hola", nil)
			return err
		},
		"Inbox.Tickets":  func() error { _, err := inbox.Tickets(b.ctx, charla.TicketQuery{}); return err },
		"Inbox.Counts":   func() error { _, err := inbox.Counts(b.ctx, charla.TicketQuery{}); return err },
		"Inbox.Contacts": func() error { _, err := inbox.Contacts(b.ctx, charla.PageQuery{}); return err },
		"Inbox.Report":   func() error { _, err := inbox.Report(b.ctx, charla.ReportQuery{To: start}); return err },
		"Inbox.Presence": func() error { _, err := inbox.Presence(b.ctx); return err },
		"Inbox.Customer": func() error { _, err := inbox.Customer(b.ctx, charla.CustomerKey{Subject: "u1"}); return err },
		"Inbox.Live": func() error {
			for _, err := range inbox.Live(b.ctx, "", 0) {
				return err
			}
			return nil
		},
	}
}

// TestMissing: every call of an account's, an agent's and an inbox's handle is ErrNotFound for
// an account that there is not, and those that name a ticket are so for a conversation and a
// ticket that there is not.
func TestMissing(t *testing.T) {
	t.Parallel()
	b, _ := attaching(t)
	r, err := b.enter("juan").Write(b.ctx, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("a")}})
	require.NoError(t, err)
	nowhere := b.desk.Account(chatcfg.AccountID{UUID: uuid.New()})
	byAccount, byRef := b.byAccount(nowhere), b.byRef(nowhere, tickets.Ref{Conversation: r.Ref.Conversation})
	for _, handle := range []any{&charla.Account{}, &charla.Agent{}, &charla.Inbox{}, &charla.Saves{}} {
		of := reflect.TypeOf(handle)
		for i := range of.NumMethod() {
			m := of.Method(i)
			if m.Type.NumIn() < 2 || m.Type.In(1) != reflect.TypeFor[context.Context]() {
				continue // it does no I/O
			}
			name := of.Elem().Name() + "." + m.Name
			found := byAccount[name] != nil
			for call := range byRef {
				found = found || call == name || strings.HasPrefix(call, name+",")
			}
			assert.True(t, found, "%s is called here", name)
		}
	}
	for name, call := range byAccount {
		require.ErrorIs(t, call(), charla.ErrNotFound, "%s, no account", name)
	}
	for name, call := range byRef {
		if name != "Agent.QuickReply" { // it would save one first
			require.ErrorIs(t, call(), charla.ErrNotFound, "%s, no account", name)
		}
	}
	_, err = nowhere.Agent(ana).QuickReply(b.ctx, r.Ref, "hola")
	require.ErrorIs(t, err, charla.ErrNotFound)

	for name, call := range b.byRef(b.account, tickets.Ref{Conversation: tickets.ConversationID{UUID: uuid.New()}}) {
		require.ErrorIs(t, call(), charla.ErrNotFound, "%s, no conversation", name)
	}
	before := b.messages(r.Ref)
	missing := r.Ref
	missing.Number = 7
	for name, call := range b.byRef(b.account, missing) {
		switch name {
		case "Inbox.Messages", "Inbox.File", "Inbox.Follow", "Inbox.Marks", "Inbox.DryRun", "Agent.MarkRead", "Agent.SetActivity":
			require.NoError(t, call(), "%s is about the conversation", name)
		default:
			require.ErrorIs(t, call(), charla.ErrNotFound, "%s, no ticket", name)
		}
	}
	assert.Equal(t, before, b.messages(r.Ref))
}

// TestNumberOfARef: what is about a conversation is the same for each of its tickets' refs;
// a ticket's history is its own.
func TestNumberOfARef(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	juan := b.enter("juan")
	first := b.write(juan, "uno").Ref
	_, err := b.agent(ana).Do(b.ctx, first, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	second := b.write(juan, "dos").Ref
	require.EqualValues(t, 2, second.Number)
	inbox := b.account.Inbox()
	whole := first
	whole.Number = 0
	all := b.messages(whole)
	require.Len(t, all, 2)
	entries := map[tickets.Number]int{0: 3, 1: 2, 2: 1}
	for _, ref := range []tickets.Ref{whole, first, second} {
		assert.Equal(t, all, b.messages(ref), ref.Number)
		var followed []tickets.Message
		for m, err := range messagesOf(inbox.Follow(b.ctx, ref, 0, 0)) {
			require.NoError(t, err)
			if followed = append(followed, m); len(followed) == len(all) {
				break
			}
		}
		assert.Equal(t, all, followed, ref.Number)
		history, err := inbox.History(b.ctx, ref, charla.PageQuery{})
		require.NoError(t, err)
		assert.Len(t, history.Items, entries[ref.Number], ref.Number)
	}
}

// TestEveryErrorHasAClass: no error of charla's is "other" to metrics.
func TestEveryErrorHasAClass(t *testing.T) {
	t.Parallel()
	known := map[string]error{}
	for name, err := range map[string]error{
		"ErrNotFound": charla.ErrNotFound, "ErrDeleted": charla.ErrDeleted, "ErrNotDeleted": charla.ErrNotDeleted, "ErrNotDead": charla.ErrNotDead,
		"ErrExists": charla.ErrExists, "ErrStale": charla.ErrStale, "ErrConfirmation": charla.ErrConfirmation, "ErrBusy": charla.ErrBusy,
		"ErrKeyReused": charla.ErrKeyReused, "ErrSession": charla.ErrSession, "ErrReplaced": charla.ErrReplaced, "ErrContactForm": charla.ErrContactForm,
		"ErrNotAllowed": charla.ErrNotAllowed, "ErrNoForm": charla.ErrNoForm, "ErrAvailable": charla.ErrAvailable, "ErrOutcomeUnknown": charla.ErrOutcomeUnknown,
		"ErrNewerFormat": charla.ErrNewerFormat, "ErrCursor": charla.ErrCursor, "ErrNoneWaiting": charla.ErrNoneWaiting, "ErrIdentity": charla.ErrIdentity,
		"ErrSecret": charla.ErrSecret, "ErrRefused": charla.ErrRefused, "ErrNotSent": charla.ErrNotSent,
		"tickets.ErrNoTicket": tickets.ErrNoTicket, "tickets.ErrNotLatest": tickets.ErrNotLatest, "tickets.ErrTransition": tickets.ErrTransition,
		"tickets.ErrAnonymous": tickets.ErrAnonymous, "tickets.ErrTaken": tickets.ErrTaken, "tickets.ErrCategory": tickets.ErrCategory,
		"tickets.ErrRating": tickets.ErrRating, "tickets.ErrAutomated": tickets.ErrAutomated, "tickets.ErrCommand": tickets.ErrCommand,
	} {
		known[name] = err
	}
	for prefix, folder := range map[string]string{"": ".", "tickets.": "tickets"} {
		for _, name := range errorsOf(t, folder) {
			err := known[prefix+name]
			if assert.Error(t, err, "%s%s is known here", prefix, name) {
				assert.NotContains(t, []string{"", "other"}, charla.ErrorClass(err), prefix+name)
			}
		}
	}
}

// errorsOf returns the names of the error variables that the sources of a folder export.
func errorsOf(t *testing.T, folder string) (names []string) {
	t.Helper()
	packages, err := parser.ParseDir(token.NewFileSet(), folder, nil, 0) //nolint:staticcheck // no build tags here
	require.NoError(t, err)
	for name, pkg := range packages {
		if strings.HasSuffix(name, "_test") {
			continue
		}
		ast.Inspect(pkg, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Err") {
				names = append(names, v.Names[0].Name)
			}
			return true
		})
	}
	require.NotEmpty(t, names)
	return names
}
