package charla_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byRef are the calls of an account's agent and inbox that name a ticket or a
// conversation, by method. A name may go on after a comma.
func (b *bench) byRef(a *charla.Account, ref tickets.Ref) map[string]func() error {
	agent, inbox := a.Agent(ana), a.Inbox()
	calls := map[string]func() error{
		"Agent.Reply":       func() error { _, err := agent.Reply(b.ctx, ref, "hola", nil); return err },
		"Agent.Note":        func() error { _, err := agent.Note(b.ctx, ref, "ojo", nil); return err },
		"Agent.SetActivity": func() error { return agent.SetActivity(b.ctx, ref, charla.Replying) },
		"Agent.MarkRead":    func() error { return agent.MarkRead(b.ctx, ref, 1) },
		"Agent.Reply, a file": func() error {
			_, err := agent.Reply(b.ctx, ref, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("a")}})
			return err
		},
		"Agent.QuickReply": func() error {
			if _, version, err := agent.QuickReplies(b.ctx); err == nil && version == 0 {
				_, err := a.Agent(ana).SaveQuickReplies(b.ctx, 0, []chatcfg.QuickReply{{Shortcut: "hola", Title: "Saludo", Text: chatcfg.Words{Any: "Hola"}}})
				require.NoError(b.t, err)
			}
			_, err := agent.QuickReply(b.ctx, ref, "hola")
			return err
		},
		"Inbox.Ticket":   func() error { _, err := inbox.Ticket(b.ctx, ref); return err },
		"Inbox.Messages": func() error { _, err := inbox.Messages(b.ctx, ref, charla.MessageQuery{}); return err },
		"Inbox.File":     func() error { _, _, err := inbox.File(b.ctx, ref, 1); return err },
		"Inbox.History":  func() error { _, err := inbox.History(b.ctx, ref, charla.PageQuery{}); return err },
		"Inbox.Explain": func() error {
			_, err := inbox.Explain(b.ctx, ref, chatcfg.Spanish, charla.PageQuery{})
			return err
		},
		"Inbox.DryRun": func() error { _, err := inbox.DryRun(b.ctx, ref, "hola"); return err },
		"Inbox.Marks":  func() error { _, err := inbox.Marks(b.ctx, ref); return err },
		"Inbox.Follow": func() error {
			for _, err := range inbox.Follow(b.ctx, ref, 0, 0) {
				return err
			}
			return nil
		},
	}
	for _, kind := range []tickets.CommandKind{ // in an order that the ticket's state allows
		tickets.CommandMark, tickets.CommandUnmark, tickets.CommandClassify, tickets.CommandDescribe, tickets.CommandPause,
		tickets.CommandResume, tickets.CommandTake, tickets.CommandAssign, tickets.CommandIgnore, tickets.CommandOpen, tickets.CommandClose,
	} {
		calls["Agent.Do, "+string(kind)] = func() error {
			cmd := tickets.Command{Kind: kind}
			if kind == tickets.CommandClassify {
				cmd.Typification = &tickets.Typification{Category: "venta"}
			}
			if kind == tickets.CommandAssign {
				cmd.Team = new(tickets.TeamID("ventas"))
			}
			_, err := agent.Do(b.ctx, ref, cmd, nil)
			return err
		}
	}
	return calls
}

// TestForeignRef: R1.3: every call of an agent's and an inbox's handle that names a
// ticket is ErrNotFound for a ticket of another account, does nothing there, and works
// for its own, which it also means by a ref without an account.
func TestForeignRef(t *testing.T) {
	t.Parallel()
	b, _ := attaching(t)
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	begin := func(a *charla.Account) tickets.Ref {
		v, _, err := a.Enter(b.ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
		require.NoError(t, err)
		r, err := v.Write(b.ctx, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("a")}})
		require.NoError(t, err)
		return r.Ref
	}
	mine, theirs := begin(b.account), begin(other)

	calls := b.byRef(b.account, mine)
	for _, handle := range []any{&charla.Agent{}, &charla.Inbox{}} {
		of := reflect.TypeOf(handle)
		for i := range of.NumMethod() {
			m := of.Method(i)
			for n := range m.Type.NumIn() {
				if m.Type.In(n) != reflect.TypeFor[tickets.Ref]() {
					continue
				}
				found := false
				for name := range calls {
					name, _, _ = strings.Cut(name, ",")
					found = found || name == of.Elem().Name()+"."+m.Name
				}
				assert.True(t, found, "%s.%s is called here", of.Elem().Name(), m.Name)
			}
		}
	}

	before, messages := b.ticket(mine), b.messages(mine)
	for name, call := range b.byRef(other, mine) {
		require.ErrorIs(t, call(), charla.ErrNotFound, "%s with another account's ref", name)
	}
	assert.Equal(t, before, b.ticket(mine))
	assert.Equal(t, messages, b.messages(mine))
	marks, err := b.account.Inbox().Marks(b.ctx, mine)
	require.NoError(t, err)
	assert.Zero(t, marks)
	page, err := other.Inbox().Tickets(b.ctx, charla.TicketQuery{Conversation: mine.Conversation})
	require.NoError(t, err)
	assert.Empty(t, page.Items)

	bare := theirs
	bare.Account = chatcfg.AccountID{}
	for _, ref := range []tickets.Ref{theirs, bare} {
		for name, call := range b.byRef(other, ref) {
			if err := call(); err != nil { // what the calls before it left does not allow it
				require.ErrorIs(t, err, tickets.ErrTransition, "%s with its own ref", name)
			}
		}
	}
}

// TestOwnRef: the positive control of TestForeignRef: each command works in its turn.
func TestOwnRef(t *testing.T) {
	t.Parallel()
	b, _ := attaching(t)
	r, err := b.enter("juan").Write(b.ctx, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("a")}})
	require.NoError(t, err)
	calls := b.byRef(b.account, tickets.Ref{Conversation: r.Ref.Conversation, Number: r.Ref.Number})
	order := []string{
		"Agent.Reply", "Agent.Reply, a file", "Agent.Note", "Agent.QuickReply", "Agent.SetActivity", "Agent.MarkRead",
		"Inbox.Ticket", "Inbox.Messages", "Inbox.File", "Inbox.History", "Inbox.Explain", "Inbox.DryRun", "Inbox.Marks", "Inbox.Follow",
		"Agent.Do, mark", "Agent.Do, unmark", "Agent.Do, classify", "Agent.Do, describe", "Agent.Do, pause", "Agent.Do, resume",
		"Agent.Do, take", "Agent.Do, assign", "Agent.Do, close", "Agent.Do, open", "Agent.Do, ignore",
	}
	assert.Len(t, calls, len(order))
	for _, name := range order {
		require.NoError(t, calls[name](), name)
	}
}

// TestBadTokens: R7.1: a token that is malformed, another account's, replaced, ended or
// expired is ErrSession for every call of a visitor's handle; a stranger, who has none,
// may ask for the status and send a contact form, and nothing else.
func TestBadTokens(t *testing.T) {
	t.Parallel()
	b := tokenBench(t)
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.ContactForm = chatcfg.ContactForm{Enabled: true, Email: chatcfg.FormEmail{Enabled: true, Address: "a@x.cl"}}
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	begin := func() (*charla.Visitor, charla.Token) {
		v := b.enter("juan")
		b.alive(v, "before")
		return v, b.tokens[v]
	}
	good, whole := begin()
	replaced, old := begin()
	_, _, err = replaced.Login(b.ctx, charla.Proof{Subject: "u1"})
	require.NoError(t, err)
	left, gone := begin()
	require.NoError(t, left.Leave(b.ctx))
	ended, lost := begin()
	require.NoError(t, b.account.EndSessions(b.ctx, b.session(ended).Conversation))

	all := func(v *charla.Visitor) map[string]func() error {
		calls := b.uses(v)
		calls["Login"] = func() error { _, _, err := v.Login(b.ctx, charla.Proof{Subject: "u2"}); return err }
		calls["Leave"] = func() error { return v.Leave(b.ctx) }
		calls["Rate"] = func() error { _, err := v.Rate(b.ctx, charla.Rating{Score: 5}, nil); return err }
		calls["End"] = func() error { _, err := v.End(b.ctx, 0, nil); return err }
		return calls
	}
	of := reflect.TypeFor[*charla.Visitor]()
	for i := range of.NumMethod() {
		assert.Contains(t, all(good), of.Method(i).Name)
	}
	id, secret, _ := strings.Cut(string(whole), ".")
	for name, v := range map[string]*charla.Visitor{
		"malformed":         b.account.Visitor("x"),
		"a dot":             b.account.Visitor("."),
		"without a secret":  b.account.Visitor(charla.Token(id + ".")),
		"without an ID":     b.account.Visitor(charla.Token("." + secret)),
		"in upper case":     b.account.Visitor(charla.Token(strings.ToUpper(id) + "." + secret)),
		"with a blank":      b.account.Visitor(" " + whole),
		"with a line end":   b.account.Visitor(whole + "\n"),
		"another secret":    b.account.Visitor(charla.Token(id + "." + strings.Repeat("A", 43))),
		"another session":   b.account.Visitor(charla.Token(uuid.NewString() + "." + secret)),
		"another account":   other.Visitor(whole),
		"no account":        b.desk.Account(chatcfg.AccountID{UUID: uuid.New()}).Visitor(whole),
		"replaced":          b.account.Visitor(old),
		"of who left":       b.account.Visitor(gone),
		"ended by the host": b.account.Visitor(lost),
	} {
		for method, call := range all(v) {
			if name == "of who left" && method == "Leave" || name == "ended by the host" && method == "Leave" {
				require.NoError(t, call(), "ending an ended session does nothing")
				continue
			}
			err := call()
			require.ErrorIs(t, err, charla.ErrSession, "%s: %s", name, method)
			assert.Equal(t, name == "replaced" && method != "Login" && method != "Leave", isReplaced(err), "%s: %s", name, method)
		}
	}
	for method, call := range all(b.account.Visitor("")) {
		if method == "Status" || method == "Contact" {
			require.NoError(t, call(), "a stranger: %s", method)
		} else {
			require.ErrorIs(t, call(), charla.ErrSession, "a stranger: %s", method)
		}
	}
	b.alive(good, "it has nothing to do with the others")
	b.clock.Set(b.session(good).ExpiresAt)
	for method, call := range all(good) {
		if method != "Leave" {
			require.ErrorIs(t, call(), charla.ErrSession, "expired: %s", method)
		}
	}
}
