package charla_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var guia = charla.Person{ID: "guia", Name: "Guía", Automated: true}

func withBot(c *chatcfg.Config) {
	c.General.Bot.Enabled = true
	c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefa@tienda.cl"}}
	c.Automation.NoAgents = text("No hay nadie")
}

// TestBotsWord: R12.1: a bot's message is stored and shown as a bot's, the company's name in
// place of its own where the account writes so; what only an agent may do is refused to it.
func TestBotsWord(t *testing.T) {
	t.Parallel()
	b := setup(t, withBot)
	juan := b.enter("juan")
	ref := b.write(juan, "hola").Ref
	bot := b.account.Agent(guia)
	said, err := bot.Reply(b.ctx, ref, "¿en qué ayudo?", &charla.WriteOptions{Key: "a"})
	require.NoError(t, err)
	again, err := bot.Reply(b.ctx, ref, "¿en qué ayudo?", &charla.WriteOptions{Key: "a"})
	require.NoError(t, err)
	assert.Equal(t, said, again)
	page, err := b.account.Inbox().Messages(b.ctx, ref, charla.MessageQuery{After: said.Seq - 1})
	require.NoError(t, err)
	assert.Equal(t, tickets.Message{
		Seq: said.Seq, Ticket: 1, At: start, From: tickets.FromBot, Level: tickets.LevelClaimed, Session: page.Items[0].Session,
		Agent: "guia", Name: "Guía", Text: "¿en qué ayudo?",
	}, page.Items[0])
	for company, name := range map[bool]string{false: "Guía", true: "Tienda"} {
		b.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = company }, nil)
		seen, err := juan.Messages(b.ctx, charla.MessageQuery{After: said.Seq - 1})
		require.NoError(t, err)
		require.Len(t, seen.Items, 1)
		assert.Equal(t, []any{tickets.FromBot, name, tickets.AgentID("")}, []any{seen.Items[0].From, seen.Items[0].Name, seen.Items[0].Agent})
	}

	require.ErrorIs(t, bot.Heartbeat(b.ctx, tickets.Online), tickets.ErrAutomated)
	require.ErrorIs(t, bot.MarkRead(b.ctx, ref, 1), tickets.ErrAutomated)
	_, err = bot.TakeNext(b.ctx, nil, nil)
	require.ErrorIs(t, err, tickets.ErrAutomated)
	for kind, want := range map[tickets.CommandKind]error{
		tickets.CommandTake: tickets.ErrAutomated, tickets.CommandReply: tickets.ErrCommand, tickets.CommandBotReply: tickets.ErrCommand, tickets.CommandExpire: tickets.ErrCommand,
	} {
		_, err = bot.Do(b.ctx, ref, tickets.Command{Kind: kind}, nil)
		require.ErrorIs(t, err, want, kind)
	}
	_, err = b.account.Agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandHandOver}, nil)
	require.ErrorIs(t, err, tickets.ErrCommand, "only a bot says so")
	_, err = bot.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandAssign, Team: new(tickets.TeamID("ventas"))}, nil)
	require.NoError(t, err)
	assert.True(t, b.ticket(ref).WithBot, "it may choose the team")

	b.clock.Add(time.Hour)
	_, err = bot.Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandHandOver}, nil)
	require.NoError(t, err)
	b.clock.Add(time.Minute)
	_, err = bot.Reply(b.ctx, ref, "ya viene alguien", nil)
	require.NoError(t, err)
	report, err := b.account.Inbox().Report(b.ctx, charla.ReportQuery{From: start, To: start.Add(24 * time.Hour)})
	require.NoError(t, err)
	assert.Zero(t, report.All.Count)
	_, err = b.account.Agent(ana).Reply(b.ctx, ref, "hola", nil)
	require.NoError(t, err)
	report, err = b.account.Inbox().Report(b.ctx, charla.ReportQuery{From: start, To: start.Add(24 * time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, tickets.Span(time.Minute), report.All.Mean, "counted from the hand-over, to the agent's word")
	assert.Equal(t, int64(1), report.Open)
}

// TestWithBotInLists: R12.2: lists and counts leave out what is with the bot unless asked;
// one customer's tickets are listed whole. R2.7: reports count it as open.
func TestWithBotInLists(t *testing.T) {
	t.Parallel()
	b := setup(t, withBot)
	ref := b.write(b.enter("juan"), "hola").Ref
	inbox := b.account.Inbox()
	queries := []charla.TicketQuery{
		{}, {Status: tickets.StatusOpen}, {Unassigned: true}, {Waiting: true}, {Text: "hola"},
		{WithBot: true}, {Conversation: ref.Conversation}, {WithBot: true, Status: tickets.StatusOpen},
	}
	counts := func() (list, counted []int) {
		for _, q := range queries {
			page, err := inbox.Tickets(b.ctx, q)
			require.NoError(t, err)
			list = append(list, len(page.Items))
			q.Text = ""
			n, err := inbox.Counts(b.ctx, q)
			require.NoError(t, err)
			counted = append(counted, n[0])
		}
		return list, counted
	}
	list, counted := counts()
	assert.Equal(t, []int{0, 0, 0, 0, 0, 1, 1, 1}, list)
	assert.Equal(t, []int{0, 0, 0, 0, 0, 1, 1, 1}, counted)
	report, err := inbox.Report(b.ctx, charla.ReportQuery{From: start, To: start.Add(time.Hour)})
	require.NoError(t, err)
	assert.Equal(t, int64(1), report.Open)
	_, err = b.account.Agent(ana).TakeNext(b.ctx, nil, nil)
	require.ErrorIs(t, err, charla.ErrNoneWaiting)

	_, err = b.account.Agent(guia).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandHandOver}, nil)
	require.NoError(t, err)
	list, counted = counts()
	assert.Equal(t, []int{1, 1, 1, 1, 1, 0, 1, 0}, list)
	assert.Equal(t, []int{1, 1, 1, 1, 1, 0, 1, 0}, counted)
}

// TestHandOver: R12.3, R5.2: who takes a ticket from the bot is in the history, in its words,
// and in an event; the mail that then tells of the ticket has the customer's message.
func TestHandOver(t *testing.T) {
	t.Parallel()
	b := setup(t, withBot)
	juan := b.enter("juan")
	ref := b.write(juan, "¿tienen de esto?").Ref
	dry, err := b.account.Inbox().DryRun(b.ctx, ref, "¿hola?")
	require.NoError(t, err)
	assert.True(t, dry.Ticket.WithBot)
	assert.Equal(t, start.Add(30*time.Second), dry.Wake, "the oldest message counts")
	b.pass(time.Minute)
	assert.False(t, b.ticket(ref).WithBot)
	require.NotNil(t, b.ticket(ref).Wait)
	assert.Equal(t, start.Add(30*time.Second), b.ticket(ref).Wait.Since)
	page, err := b.account.Inbox().Explain(b.ctx, ref, chatcfg.English, charla.PageQuery{})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	written, handed := page.Items[0], page.Items[1]
	rules := map[string]string{}
	for _, r := range written.Rules {
		rules[r.Name] = r.Text
	}
	assert.Equal(t, "It did not answer: the ticket is with the bot", rules["No agents"])
	assert.Equal(t, "If it does not answer, the agents get the ticket at 12:00", rules["Bot"])
	assert.Equal(t, "Bot handed the ticket over to the agents: jefa@tienda.cl was told (Notification of tickets), an automatic message was sent (No agents)", handed.What)
	require.Len(t, b.mails.Mails(), 1)
	assert.Equal(t, "¿tienen de esto?", b.mails.Mails()[0].Message)
	assert.Len(t, b.events.of(tickets.FactHandedOver), 1)
}

// TestOlderProcessAndBot: an older process does not rewrite a conversation that may be with
// the bot: it has a newer format.
func TestOlderProcessAndBot(t *testing.T) {
	t.Parallel()
	b := setup(t, withBot)
	ref := b.write(b.enter("juan"), "hola").Ref
	loaded, err := b.store.Conversations().Load(b.ctx, storage.LoadQuery{Account: ref.Account, Conversation: ref.Conversation})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, loaded.Conversation.Format, 5)
}

// TestFormWhileBot: R6.2, R12.2: while the bot is on, the contact form does not stand in place
// of starting, though no agent is there.
func TestFormWhileBot(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		b := setup(t, func(c *chatcfg.Config) {
			c.Chat.ContactForm.Enabled = true
			c.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "a@tienda.cl"}
			c.General.Bot.Enabled = on
		})
		said, err := b.enter("Juan").Write(b.ctx, "hola", nil)
		if !on {
			require.ErrorIs(t, err, charla.ErrContactForm)
			continue
		}
		require.NoError(t, err)
		assert.True(t, b.ticket(said.Ref).WithBot)
	}
}

// TestBotIsNoAgent: R12.1: a bot does not assign a ticket to itself, and searches do not find its
// notes, as they find an agent's.
func TestBotIsNoAgent(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	ref := b.write(b.enter("juan"), "hola").Ref
	assign := func(to tickets.AgentID) error {
		_, err := b.account.Agent(guia).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandAssign, Assignee: &tickets.Assignee{Agent: to}}, nil)
		return err
	}
	require.ErrorIs(t, assign(guia.ID), tickets.ErrAutomated)
	require.NoError(t, assign("ana"))
	// One that the host names by its ID is a bot in every call, and for everybody.
	b.use(b.newDesk(func(o *charla.Options) {
		o.IsBot = func(account chatcfg.AccountID, id tickets.AgentID) bool {
			return account == ref.Account && id == "robot"
		}
	}))
	robot := b.account.Agent(charla.Person{ID: "robot", Name: "Robot"})
	assert.True(t, robot.Automated())
	assert.False(t, b.agent(ana).Automated())
	_, err := robot.TakeNext(b.ctx, nil, nil)
	require.ErrorIs(t, err, tickets.ErrAutomated)
	for _, who := range []charla.Person{ana, guia, {ID: "robot"}} {
		for _, from := range []*tickets.AgentID{nil, new(tickets.AgentID("ana"))} {
			_, err = b.account.Agent(who).Do(b.ctx, ref, tickets.Command{
				Kind: tickets.CommandAssign, Assignee: &tickets.Assignee{Agent: "robot"}, Team: new(tickets.TeamID("ventas")), From: from,
			}, nil)
			require.ErrorIs(t, err, tickets.ErrAutomated, who.ID)
		}
	}
	assert.Equal(t, []any{tickets.AgentID("ana"), tickets.TeamID("")}, []any{b.ticket(ref).Assignee.Agent, b.ticket(ref).Team})
	_, err = robot.Reply(b.ctx, ref, "hola", nil)
	require.NoError(t, err)
	assert.False(t, b.ticket(ref).Answered, "its word is no agent's")
	require.NoError(t, assign(""), "nobody is no bot")
	for who, want := range map[*charla.Agent]int{b.account.Agent(guia): 0, b.agent(ana): 1} {
		word := fmt.Sprint("palabra", want)
		_, err := who.Note(b.ctx, ref, word, nil)
		require.NoError(t, err)
		page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: word})
		require.NoError(t, err)
		assert.Len(t, page.Items, want)
	}
}

// TestBotCloses: R12.1, R14.1: what a bot closes is shown under its name, marked, as its word is: to
// the visitor, in the history and in the event; the next agent who closes is no bot.
func TestBotCloses(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Automation.ManualClose = text("Adiós de {agent}.") })
	juan := b.enter("juan")
	ref := b.write(juan, "hola").Ref
	do := func(who charla.Person, kind tickets.CommandKind) {
		_, err := b.account.Agent(who).Do(b.ctx, ref, tickets.Command{Kind: kind}, nil)
		require.NoError(t, err)
	}
	for _, who := range []charla.Person{guia, {ID: "robot", Automated: true}, ana} {
		do(who, tickets.CommandClose)
		for company, name := range map[bool]string{false: who.Name, true: "Tienda"} {
			b.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = company }, nil)
			status, err := juan.Status(b.ctx)
			require.NoError(t, err)
			assert.Equal(t, charla.Closing{By: tickets.ReasonManual, Name: name, Bot: who.Automated, At: start, Ticket: 1}, status.Closed)
		}
		b.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = false }, nil)
		do(ana, tickets.CommandOpen)
	}
	page, err := b.account.Inbox().Explain(b.ctx, ref, chatcfg.English, charla.PageQuery{})
	require.NoError(t, err)
	var said []string
	for _, e := range page.Items {
		if who, _, closed := strings.Cut(e.What, " closed the ticket"); closed {
			said = append(said, who)
		}
	}
	assert.Equal(t, []string{"Guía (bot)", "robot (bot)", "Ana"}, said)
	b.pass(0)
	var actors []tickets.ActorKind
	for _, e := range b.events.of(tickets.FactClosed) {
		actors = append(actors, e.Actor.Kind)
	}
	assert.Equal(t, []tickets.ActorKind{tickets.ActorBot, tickets.ActorBot, tickets.ActorAgent}, actors)
}
