package charla_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// errStore is how a store fails that has done nothing.
var errStore = fmt.Errorf("%w: the disk failed", storage.ErrNotDone)

// TestStoreFails: R8.1: at whichever of a call's calls the store fails, the call fails, and has
// changed nothing or says that it may have. Made again it is done.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		form(c)
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefe@tienda.cl"}}
		c.Quality.SLA = minutes(30)
		asks(c)
	})
	store := &fragile{Store: b.store}
	b.store = store
	b.use(b.newDesk(nil))
	// parts are calls that do one thing after the other, and say how many they did.
	parts := map[string]bool{"Desk.RunDue": true}
	failures := 0
	// call makes a call until the store fails in it no more.
	var desk *charla.Desk
	var account *charla.Account
	var inbox *charla.Inbox
	var agent *charla.Agent
	var visitor, stranger *charla.Visitor
	id, token := b.account.ID(), b.tokens[b.enter("juan")]
	call := func(name string, do func() error) {
		t.Helper()
		for n := int64(1); ; n++ {
			desk = b.newDesk(nil) // which remembers nothing
			account = desk.Account(id)
			inbox, agent, visitor, stranger = account.Inbox(), account.Agent(ana), account.Visitor(token), account.Visitor("")
			store.left.Store(n)
			store.changed.Store(0)
			err := do()
			if store.left.Load() > 0 {
				assert.NoError(t, err, name)
				return
			}
			failures++
			if name == "Visitor.Live" && err == nil {
				continue // without the account's rules it does not say how the ticket was closed
			}
			if store.changed.Load() == 0 || parts[name] {
				require.ErrorIs(t, err, errStore, "%s, call %d of the store's", name, n)
			} else {
				require.ErrorIs(t, err, charla.ErrOutcomeUnknown, "%s, call %d of the store's", name, n)
			}
		}
	}
	key := &charla.WriteOptions{Key: "k"}
	var said charla.Result
	publicKey := b.record().Key
	call("Desk.AccountByKey", func() error { _, err := desk.AccountByKey(b.ctx, publicKey); return err })
	call("Account.Info", func() error { _, err := account.Info(b.ctx); return err })
	call("Desk.Accounts", func() error { _, err := desk.Accounts(b.ctx, charla.AccountQuery{}); return err })
	call("stranger's Status", func() error { _, err := stranger.Status(b.ctx); return err })
	call("Visitor.Status", func() error { _, err := visitor.Status(b.ctx); return err })
	call("Visitor.Contact", func() error {
		_, err := visitor.Contact(b.ctx, charla.ContactForm{Email: "juan@example.com", Text: "hola"}, &charla.CallOptions{Key: "f"})
		return err
	})
	call("Agent.Heartbeat", func() error { return agent.Heartbeat(b.ctx, tickets.Online) })
	call("Visitor.Write", func() (err error) { said, err = visitor.Write(b.ctx, "hola", key); return err })
	ref := said.Ref
	call("Visitor.Write again", func() (err error) { said, err = visitor.Write(b.ctx, "hola", key); return err })
	call("Visitor.DryRun", func() error { _, err := visitor.DryRun(b.ctx, "y"); return err })
	call("Visitor.Session", func() error { _, err := visitor.Session(b.ctx); return err })
	call("Visitor.Messages", func() error { _, err := visitor.Messages(b.ctx, charla.MessageQuery{}); return err })
	call("Visitor.MarkRead", func() error { return visitor.MarkRead(b.ctx, 1) })
	call("Visitor.Typing", func() error { return visitor.Typing(b.ctx) })
	call("Agent.TakeNext", func() error { _, err := agent.TakeNext(b.ctx, nil, &charla.CallOptions{Key: "t"}); return err })
	call("Agent.Reply", func() error { _, err := agent.Reply(b.ctx, ref, "dime", key); return err })
	call("Agent.Note", func() error { _, err := agent.Note(b.ctx, ref, "ojo", nil); return err })
	call("Agent.MarkRead", func() error { return agent.MarkRead(b.ctx, ref, 2) })
	call("Agent.SetActivity", func() error { return agent.SetActivity(b.ctx, ref, charla.Replying) })
	call("Agent.Start", func() error { _, err := agent.Start(b.ctx, charla.Proof{Subject: "1"}, "llegó", key); return err })
	call("Agent.SaveQuickReplies", func() error {
		_, v, err := agent.QuickReplies(b.ctx)
		if err == nil {
			_, err = account.Agent(ana).SaveQuickReplies(b.ctx, v, []chatcfg.QuickReply{{Shortcut: "hola", Title: "Saludo", Text: chatcfg.Words{ES: "Hola"}}})
		}
		return err
	})
	call("Agent.QuickReply", func() error { _, err := agent.QuickReply(b.ctx, ref, "hola"); return err })
	call("Inbox.Counts", func() error { _, err := inbox.Counts(b.ctx, charla.TicketQuery{}); return err })
	call("Inbox.Tickets", func() error { _, err := inbox.Tickets(b.ctx, charla.TicketQuery{}); return err })
	call("Inbox.Ticket", func() error { _, err := inbox.Ticket(b.ctx, ref); return err })
	call("Inbox.Messages", func() error { _, err := inbox.Messages(b.ctx, ref, charla.MessageQuery{}); return err })
	call("Inbox.History", func() error { _, err := inbox.History(b.ctx, ref, charla.PageQuery{}); return err })
	call("Inbox.Explain", func() error { _, err := inbox.Explain(b.ctx, ref, chatcfg.Spanish, charla.PageQuery{}); return err })
	call("Inbox.DryRun", func() error { _, err := inbox.DryRun(b.ctx, ref, "hola"); return err })
	call("Inbox.Contacts", func() error { _, err := inbox.Contacts(b.ctx, charla.PageQuery{}); return err })
	call("Inbox.Report", func() error {
		_, err := inbox.Report(b.ctx, charla.ReportQuery{From: start, To: start.Add(24 * time.Hour)})
		return err
	})
	call("Inbox.Marks", func() error { _, err := inbox.Marks(b.ctx, ref); return err })
	call("Inbox.Presence", func() error { _, err := inbox.Presence(b.ctx); return err })
	call("Inbox.Customer", func() error { _, err := inbox.Customer(b.ctx, charla.CustomerKey{Subject: "1"}); return err })
	call("Inbox.Live", func() error {
		for _, err := range inbox.Live(b.ctx, "", 0) {
			return err
		}
		return nil
	})
	call("Inbox.Follow", func() error {
		for _, err := range inbox.Follow(b.ctx, ref, 0, 0) {
			return err
		}
		return nil
	})
	call("Visitor.Live", func() error {
		for _, err := range visitor.Live(b.ctx, 0, 0) {
			return err
		}
		return nil
	})
	call("Desk.NextDue", func() error { _, err := desk.NextDue(b.ctx); return err })
	call("Desk.Lag", func() error { _, err := desk.Lag(b.ctx); return err })
	b.clock.Set(start.Add(time.Hour))
	call("Desk.RunDue", func() error { _, err := desk.RunDue(b.ctx); return err })
	call("Agent.Do", func() error {
		_, err := agent.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
		return err
	})
	call("Visitor.Rate", func() error {
		_, err := visitor.Rate(b.ctx, charla.Rating{Score: 5, Ticket: ref.Number}, nil)
		return err
	})
	call("Account.Config", func() error { _, _, err := account.Config(b.ctx); return err })
	call("Account.SaveConfig", func() error {
		cfg, v, err := account.Config(b.ctx)
		if err == nil {
			cfg.Quality.SLA = minutes(20)
			_, err = account.SaveConfig(b.ctx, v, cfg, &charla.SaveOptions{Running: true})
		}
		return err
	})
	call("Account.SetImage", func() error { return account.SetImage(b.ctx, charla.ImageLogo, picture(t, 200, 200)) })
	call("Account.Image", func() error { _, err := account.Image(b.ctx, charla.ImageLogo); return err })
	call("Desk.Deliveries", func() error {
		_, err := desk.Deliveries(b.ctx, charla.DeliveryQuery{Account: account.ID(), State: charla.DeliveryPending})
		return err
	})
	call("Visitor.Login", func() error {
		_, next, err := visitor.Login(b.ctx, charla.Proof{Subject: "1"})
		if err == nil {
			token = next
		}
		return err
	})
	call("Visitor.Status after a login", func() error { _, err := visitor.Status(b.ctx); return err })
	call("Account.RotateSecret", func() error { _, err := account.RotateSecret(b.ctx, time.Hour); return err })
	call("Account.Enter", func() error { _, _, err := account.Enter(b.ctx, charla.Entry{Name: "Eva"}); return err })
	call("Account.EndSessions", func() error { return account.EndSessions(b.ctx, tickets.ConversationID{}) })
	call("Desk.CreateAccount", func() error { _, _, err := desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil); return err })
	call("Account.Delete", func() error { return account.Delete(b.ctx, "Tienda") })
	call("Desk.Purge", func() error { _, err := desk.Purge(b.ctx, account.ID()); return err })
	assert.Greater(t, failures, 50)
}
