package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var (
	carla = charla.Entry{Name: "Carla", Email: "carla@example.com"}
	ana   = charla.Person{ID: "ana", Name: "Ana"}
)

// chat is the desk with its one customer and its one agent.
type chat struct {
	desk    *charla.Desk
	out     io.Writer
	clock   *movedClock
	file    string // the state's
	account *charla.Account
	zone    *time.Location
	visitor *charla.Visitor
	token   charla.Token
	// conversation is the visitor's.
	conversation tickets.ConversationID
	// entry and seq are the last history entry and message that were shown,
	// before is the entry before the last news.
	entry, seq, before int64
}

// start opens the account and the customer's session, as the last run left them, or new
// ones.
func start(ctx context.Context, store storage.Store, file string, o options) (*chat, error) {
	c := &chat{out: o.out, file: file + ".json", clock: &movedClock{Clock: o.clock}, zone: time.UTC}
	var err error
	c.desk, err = charla.New(store, &charla.Options{
		Clock: c.clock, Entropy: o.entropy, Mailer: c,
		HeartbeatTTL: -1, // "/online" holds until "/away"
		Runner:       charla.RunnerOptions{Workers: 1},
	})
	if err != nil {
		return nil, err
	}
	if err := c.openAccount(ctx); err != nil {
		return nil, err
	}
	cfg, _, err := c.account.Config(ctx)
	if err != nil {
		return nil, err
	}
	if zone, err := time.LoadLocation(cfg.Hours.Timezone); err == nil {
		c.zone = zone
	}
	c.visitor = c.account.Visitor(c.token)
	if err = c.findConversation(ctx); err == nil {
		err = c.resume(ctx)
	} else if errors.Is(err, charla.ErrSession) {
		err = c.enter(ctx)
	}
	if err != nil {
		return nil, err
	}
	c.say("You are %s, a customer; the agent is %s. Type a message, or /help.", carla.Name, ana.Name)
	c.line(ctx, "")
	return c, nil
}

// openAccount finds the account of the database, or makes one, and sets the clock to
// where it was.
func (c *chat) openAccount(ctx context.Context) error {
	list, err := c.desk.Accounts(ctx, charla.AccountQuery{Hidden: true})
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		cfg, err := chatcfg.Decode(config)
		if err != nil {
			return err
		}
		if c.account, _, err = c.desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg}); err != nil {
			return err
		}
		c.say("A new account, %q, with the configuration of examples/quickstart/config.json.", "Tienda")
		c.warn(cfg.Lint())
		return nil
	}
	info := list.Items[0]
	c.account = c.desk.Account(info.ID)
	c.say("The account %q, as it was left; config.json is for new ones, /config changes it.", info.Name)
	s, err := readState(c.file)
	if err != nil {
		return err
	}
	if s.Account == info.ID.String() {
		c.token, c.clock.ahead = charla.Token(s.Token), s.Ahead
		c.clock.moveTo(s.Last)
	}
	// The file may be lost, or older than the database.
	c.clock.moveTo(info.SavedAt)
	page, err := c.account.Inbox().Tickets(ctx, charla.TicketQuery{PageQuery: charla.PageQuery{Limit: 1}})
	if err == nil && len(page.Items) > 0 {
		c.clock.moveTo(page.Items[0].ChangedAt)
	}
	return err
}

// enter starts a session and stores its token at once, like a browser.
func (c *chat) enter(ctx context.Context) error {
	var err error
	if c.visitor, c.token, err = c.account.Enter(ctx, carla); err != nil {
		return err
	}
	if err := c.findConversation(ctx); err != nil {
		return err
	}
	c.entry, c.seq, c.before = 0, 0, 0
	return c.remember()
}

// findConversation finds out which conversation is the visitor's. It fails with
// [charla.ErrSession] without a session.
func (c *chat) findConversation(ctx context.Context) error {
	s, err := c.visitor.Session(ctx)
	c.conversation = s.Conversation
	return err
}

// resume skips what was shown by the last run.
func (c *chat) resume(ctx context.Context) error {
	entries, messages, err := c.news(ctx)
	if err != nil {
		return err
	}
	c.seen(entries, messages)
	c.before = max(c.entry-1, 0)
	c.say("%s's conversation goes on; it has %d messages.", carla.Name, c.seq)
	return nil
}

// remember writes what the database does not have to the state file.
func (c *chat) remember() error {
	s := state{Account: c.account.ID().String(), Token: string(c.token), Ahead: c.clock.by(), Last: c.desk.Now()}
	return s.write(c.file)
}

// line carries out one line, then everything that is due, and prints the result. What
// the library refuses is printed and changes nothing.
func (c *chat) line(ctx context.Context, line string) {
	if err := c.do(ctx, line); err != nil {
		c.say("Not done: %s.", plain(err))
	}
	if _, err := c.desk.RunDue(ctx); err != nil {
		c.say("Failed: %s.", plain(err))
	}
	if err := c.show(ctx); err != nil {
		c.say("Failed: %s.", plain(err))
	}
}

// do carries out a command, or writes the line as the customer; an empty line is no
// error.
func (c *chat) do(ctx context.Context, line string) error {
	if line == "" {
		return nil
	}
	name, argument := split(line)
	if !strings.HasPrefix(name, "/") {
		return c.write(ctx, line)
	}
	for _, one := range commands() {
		switch {
		case one.name != name:
		case one.argument == "" && argument != "":
			return fmt.Errorf("%s takes no text", name)
		default:
			return one.do(c, ctx, argument)
		}
	}
	return fmt.Errorf("there is no command %s; /help lists them", name)
}

// split returns a command and the text after it.
func split(line string) (name, argument string) {
	name, argument, _ = strings.Cut(strings.TrimSpace(line), " ")
	return name, strings.TrimSpace(argument)
}

// write writes as the customer. If the session has expired it enters anew, as a browser
// would.
func (c *chat) write(ctx context.Context, text string) error {
	_, err := c.visitor.Write(ctx, text, nil)
	if !errors.Is(err, charla.ErrSession) {
		return err
	}
	c.say("%s's session has expired: this is a new visit, and a new customer.", carla.Name)
	if err := c.enter(ctx); err != nil {
		return err
	}
	_, err = c.visitor.Write(ctx, text, nil)
	return err
}

// ticket returns the ref of the customer's latest ticket.
func (c *chat) ticket() tickets.Ref {
	return tickets.Ref{Conversation: c.conversation}
}

// due returns a channel that gets the time when something next happens by itself; nil:
// nothing is scheduled.
func (c *chat) due(ctx context.Context) <-chan time.Time {
	next, err := c.desk.NextDue(ctx)
	if err != nil || next.IsZero() {
		return nil
	}
	// What is left of the past did not work: not at once again.
	return c.clock.After(max(next.Sub(c.desk.Now()), time.Second))
}

// wait moves the clock from one deadline to the next, so that each is carried out at
// its own time.
func (c *chat) wait(ctx context.Context, d time.Duration) error {
	end := c.desk.Now().Add(d)
	// Before anything happens at the new time: a crash must not turn it back.
	s := state{Account: c.account.ID().String(), Token: string(c.token), Ahead: c.clock.by() + d, Last: end}
	if err := s.write(c.file); err != nil {
		return err
	}
	for {
		next, err := c.desk.NextDue(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(end) {
			break
		}
		c.clock.moveTo(next)
		done, err := c.desk.RunDue(ctx)
		if err != nil {
			return err
		}
		if done == 0 {
			break
		}
	}
	c.clock.moveTo(end)
	return nil
}

// Send is the desk's mailer: it shows what would be mailed.
func (c *chat) Send(_ context.Context, m charla.Mail) error {
	c.say("  mail to %s: %s", m.To, m.Subject)
	return nil
}

// say prints a line.
func (c *chat) say(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

// problem returns a problem in words, with its path if it has one.
func problem(p chatcfg.Problem) string {
	if p.Path == "" {
		return p.Message(chatcfg.English)
	}
	return p.Path + ": " + p.Message(chatcfg.English)
}

// plain returns an error in plain words.
func plain(err error) string {
	var problems chatcfg.Problems
	if errors.As(err, &problems) {
		words := make([]string, len(problems))
		for i, p := range problems {
			words[i] = strings.TrimSuffix(problem(p), ".")
		}
		return strings.Join(words, "; ")
	}
	if errors.Is(err, charla.ErrNotFound) {
		return "there is no ticket yet; write as the customer first"
	}
	text := err.Error()
	for _, prefix := range []string{"charla: ", "tickets: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
