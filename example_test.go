package charla_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// shop is what the examples need: a desk with one account and one customer, and
// a clock that stands still until it is moved.
type shop struct {
	clock   *clock.Mock
	store   storage.Store
	mails   *charla.Outgoing
	desk    *charla.Desk
	account *charla.Account
	visitor *charla.Visitor
}

// open opens a shop; configure changes the default configuration.
func open(configure func(*chatcfg.Config)) *shop {
	return openOn(storage.NewMemory(), configure)
}

func openOn(store storage.Store, configure func(*chatcfg.Config)) *shop {
	s := &shop{clock: clock.NewMock(), store: store, mails: &charla.Outgoing{}}
	s.clock.Set(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)) // a Monday
	s.desk = must(charla.New(store, &charla.Options{Clock: s.clock, Entropy: entropy(1), Mailer: s.mails, HeartbeatTTL: -1}))
	cfg := chatcfg.Default(chatcfg.English)
	configure(&cfg)
	ctx := context.Background()
	var err error
	s.account, _, err = s.desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	check(err)
	s.visitor, _, err = s.account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	check(err)
	return s
}

// says is the customer's message; it returns the ticket.
func (s *shop) says(text string) tickets.Ref {
	return must(s.visitor.Write(context.Background(), text, nil)).Ref
}

// replies is the agent's answer.
func (s *shop) replies(ref tickets.Ref, text string) {
	must(s.account.Agent(ana).Reply(context.Background(), ref, text, nil))
}

// wait moves the clock and carries out what is due, as [charla.Desk.Run] would.
func (s *shop) wait(d time.Duration) {
	s.clock.Add(d)
	must(s.desk.RunDue(context.Background()))
}

// print prints a conversation: who or which action, and the text.
func (s *shop) print(ref tickets.Ref) {
	for _, m := range must(s.account.Inbox().Messages(context.Background(), ref, charla.MessageQuery{})).Items {
		who := string(m.From)
		if m.Rule != "" {
			who = string(m.Rule)
		}
		fmt.Printf("%s: %s\n", who, m.Text)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A desk on a store, an account, a customer's message, an agent's answer.
func Example() {
	ctx := context.Background()
	desk, err := charla.New(storage.NewMemory(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := chatcfg.Default(chatcfg.English)
	cfg.Automation.NewCustomer = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts("Welcome to {account}, {customer}!")}
	account, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	if err != nil {
		fmt.Println(err)
		return
	}
	visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	if err != nil {
		fmt.Println(err)
		return
	}
	asked, err := visitor.Write(ctx, "Where is my order?", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = account.Agent(charla.Person{ID: "ana", Name: "Ana"}).Reply(ctx, asked.Ref, "It left this morning.", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	messages, err := visitor.Messages(ctx, charla.MessageQuery{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range messages.Items {
		fmt.Printf("%d %s: %s\n", m.Seq, m.From, m.Text)
	}
	// Output:
	// 1 customer: Where is my order?
	// 2 rule: Welcome to Tienda, Carla!
	// 3 agent: It left this morning.
}

// A new account works at once. Its secret token is shown this once.
func ExampleDesk_CreateAccount() {
	desk := must(charla.New(storage.NewMemory(), &charla.Options{Entropy: entropy(1)}))
	account, secret, err := desk.CreateAccount(context.Background(), "Tienda", "https://tienda.cl/", nil)
	check(err)
	info := must(account.Info(context.Background()))
	fmt.Println(info.Name)
	fmt.Println("public key:", info.Key[:3]+"…")
	fmt.Println("secret token, printed by accident:", secret)
	fmt.Println("secret token, revealed on purpose:", secret.Reveal()[:10]+"…")

	_, _, err = desk.CreateAccount(context.Background(), "", "tienda", nil)
	fmt.Println(err)
	// Output:
	// Tienda
	// public key: ck_…
	// secret token, printed by accident: charla_sk_…
	// secret token, revealed on purpose: charla_sk_…
	// chatcfg: chat.name: This is missing.
}

// A save answers with its version and with warnings: what is legal but doubtful.
func ExampleAccount_SaveConfig() {
	s := open(func(*chatcfg.Config) {})
	ctx := context.Background()
	cfg, version, err := s.account.Config(ctx)
	check(err)
	cfg.Quality.SLA = &chatcfg.Duration{Value: 1, Unit: chatcfg.UnitHours}
	cfg.Automation.AutoClose.Enabled = true
	cfg.Automation.AutoClose.After = &chatcfg.Duration{Value: 10, Unit: chatcfg.UnitMinutes}
	saved, err := s.account.SaveConfig(ctx, version, cfg, nil)
	check(err)
	fmt.Println("saved as version", saved.Version)
	for _, w := range saved.Warnings {
		fmt.Printf("warning at %s (%s)\n", w.Path, w.Code)
	}

	_, err = s.account.SaveConfig(ctx, version, cfg, nil)
	fmt.Println("on the old version again:", errors.Is(err, charla.ErrStale))
	// Output:
	// saved as version 2
	// warning at automation.autoClose.after (autoclose_before_sla)
	// warning at chat.domain (www_not_admitted)
	// on the old version again: true
}

// A configuration that is wrong is refused with all its problems at once, in the
// reader's language. The stored one stays as it was.
func ExampleAccount_SaveConfig_problems() {
	s := open(func(*chatcfg.Config) {})
	ctx := context.Background()
	cfg, version, err := s.account.Config(ctx)
	check(err)
	cfg.Automation.NewCustomer = text("Hello {costumer}")
	cfg.Automation.AutoClose.Enabled = true
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll}
	_, err = s.account.SaveConfig(ctx, version, cfg, nil)
	var problems chatcfg.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Printf("%s: %s\n", p.Path, p.Message(chatcfg.English))
		}
	}
	// Output:
	// automation.autoClose.after: This is missing.
	// automation.newCustomer.messages[0]: There is no variable “costumer”. There are: customer, agent, account, nextOpen. A brace that is not a variable's is written {{.
	// general.notify.to: This is missing.
}

// The customer's message goes into the ticket that is not closed, or into a new
// one. With a key it can be sent again safely.
func ExampleVisitor_Write() {
	s := open(func(*chatcfg.Config) {})
	ctx := context.Background()
	key := &charla.WriteOptions{Key: "7f3a"}
	first := must(s.visitor.Write(ctx, "Where is my order?", key))
	again := must(s.visitor.Write(ctx, "Where is my order?", key))
	fmt.Println("sent twice, stored once:", first == again)

	must(s.account.Agent(ana).Do(ctx, first.Ref, tickets.Command{Kind: tickets.CommandClose}, nil))
	later := must(s.visitor.Write(ctx, "It has not come.", nil))
	ticket := must(s.account.Inbox().Ticket(ctx, later.Ref))
	fmt.Printf("ticket %d, after ticket %d: %s\n", ticket.Number, ticket.Previous, ticket.Status)
	// Output:
	// sent twice, stored once: true
	// ticket 2, after ticket 1: open
}

// What a ticket's state does not allow is an error, and changes nothing.
func ExampleAgent_Reply_closed() {
	s := open(func(*chatcfg.Config) {})
	ref := s.says("hello")
	agent := s.account.Agent(ana)
	must(agent.Do(context.Background(), ref, tickets.Command{Kind: tickets.CommandClose}, nil))
	_, err := agent.Reply(context.Background(), ref, "Sorry, I was away.", nil)
	fmt.Println(errors.Is(err, tickets.ErrTransition))
	fmt.Println(err)
	// Output:
	// true
	// tickets: reply is not possible on a ticket that is closed
}

// Commands: each kind takes fields of its own, and most take none. What it does not take is
// refused, by name.
func ExampleAgent_Do() {
	s := open(func(*chatcfg.Config) {})
	ctx := context.Background()
	ref := s.says("hello")
	agent := s.account.Agent(ana)
	team := tickets.TeamID("sales")
	must(agent.Do(ctx, ref, tickets.Command{Kind: tickets.CommandTake}, nil))
	must(agent.Do(ctx, ref, tickets.Command{Kind: tickets.CommandAssign, Team: &team}, nil)) // the agent stays
	must(agent.Do(ctx, ref, tickets.Command{
		Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "order", Fields: map[string]string{"number": "20418"}},
	}, nil))
	must(agent.Do(ctx, ref, tickets.Command{Kind: tickets.CommandDescribe, Metadata: map[string]string{"vip": "yes"}}, nil))
	_, err := agent.Do(ctx, ref, tickets.Command{Kind: tickets.CommandClose, Text: "Bye!"}, nil)
	fmt.Println(err)
	must(agent.Do(ctx, ref, tickets.Command{Kind: tickets.CommandClose}, &charla.CallOptions{Key: "close-20418"}))

	ticket := must(s.account.Inbox().Ticket(ctx, ref))
	fmt.Println(ticket.Status, ticket.Assignee.Agent, ticket.Team, ticket.Typification.Category)
	// Output:
	// chatcfg: text: This does not belong here.
	// closed ana sales order
}

// A customer who waits for as long as the SLA makes the ticket delayed, until an
// agent answers.
func Example_sla() {
	s := open(func(c *chatcfg.Config) { c.Quality.SLA = minutes(5) })
	ctx := context.Background()
	ref := s.says("hello")
	for range 2 {
		s.wait(150 * time.Second)
		ticket := must(s.account.Inbox().Ticket(ctx, ref))
		fmt.Println(s.clock.Now().Format("15:04:05"), "delayed:", ticket.Delayed())
	}
	s.wait(time.Minute)
	s.replies(ref, "Hello!")
	ticket := must(s.account.Inbox().Ticket(ctx, ref))
	fmt.Println(s.clock.Now().Format("15:04:05"), "delayed:", ticket.Delayed())

	report := must(s.account.Inbox().Report(ctx, charla.ReportQuery{From: s.clock.Now().Add(-time.Hour), To: s.clock.Now().Add(time.Second)}))
	fmt.Printf("%d answer after %v, %d in time\n", report.All.Count, report.All.Mean, report.All.InTime)
	// Output:
	// 12:02:30 delayed: false
	// 12:05:00 delayed: true
	// 12:06:00 delayed: false
	// 1 answer after 6m0s, 0 in time
}

// A dry run takes the same decision as a message would, and writes nothing.
func ExampleVisitor_DryRun() {
	s := open(func(c *chatcfg.Config) {
		c.Automation.TicketCreated = text("We opened a ticket for you.")
		c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"refund"}}
		c.Quality.SLA = minutes(5)
	})
	would, err := s.visitor.DryRun(context.Background(), "I want a refund!")
	check(err)
	fmt.Println("it would answer:", would.Messages[1].Text)
	fmt.Println("important:", would.Ticket.Important)
	fmt.Println("delayed at:", would.Wake.Format("15:04"))
	why := automation.Explain(would.Entries[0], chatcfg.English, time.UTC) // as Inbox.Explain would
	fmt.Println(why.What)

	ref := tickets.Ref{Conversation: must(s.visitor.Session(context.Background())).Conversation}
	_, err = s.account.Inbox().Ticket(context.Background(), ref)
	fmt.Println("nothing was written:", errors.Is(err, charla.ErrNotFound))
	// Output:
	// it would answer: We opened a ticket for you.
	// important: true
	// delayed at: 12:05
	// The customer wrote: the ticket was created, it became important (Important by content), an automatic message was sent (Ticket created)
	// nothing was written: true
}

// Every decision can be explained: what every rule did and why, those that were
// off included.
func ExampleInbox_Explain() {
	s := open(func(c *chatcfg.Config) {
		c.Automation.NewCustomer = text("Welcome!")
		c.Automation.NoAgents = text("Nobody is here.")
	})
	ctx := context.Background()
	check(s.account.Agent(ana).Heartbeat(ctx, tickets.Online))
	ref := s.says("hello")
	for _, x := range must(s.account.Inbox().Explain(ctx, ref, chatcfg.English, charla.PageQuery{})).Items {
		fmt.Println(x.What)
		for _, r := range x.Rules {
			fmt.Printf("  %s: %s\n", r.Name, r.Text)
		}
	}
	// Output:
	// The customer wrote: the ticket was created, an automatic message was sent (New customers)
	//   New customers: It answered: this is the customer's first message, with text 1
	//   No agents: It did not answer: an agent was available
	//   Important by content: It is off
	//   Notification of tickets: It is off
	//   Ticket created: It is off
	//   Out of hours: It is off
}

// counted is a store of one's own: it passes everything on to another one and
// counts what was committed. A store that keeps its data itself implements the
// same interface, and storagetest checks it: examples/customstore is one.
type counted struct {
	storage.Store
	commits int
}

func (c *counted) Conversations() storage.Conversations {
	return countedConversations{c.Store.Conversations(), c}
}

type countedConversations struct {
	storage.Conversations
	c *counted
}

func (p countedConversations) Commit(ctx context.Context, b *storage.Batch) error {
	err := p.Conversations.Commit(ctx, b)
	if err == nil {
		p.c.commits++
	}
	return err
}

// A desk works on any [storage.Store].
func ExampleNew_ownStore() {
	store := &counted{Store: storage.NewMemory()}
	s := openOn(store, func(c *chatcfg.Config) { c.Automation.NewCustomer = text("Welcome!") })
	ref := s.says("hello")
	s.replies(ref, "Hello!")
	s.print(ref)
	fmt.Println("commits:", store.commits)
	// Output:
	// customer: hello
	// newCustomer: Welcome!
	// agent: Hello!
	// commits: 2
}
