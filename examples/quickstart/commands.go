package main

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// command is a line that begins with a slash.
type command struct {
	name, argument, help string
	do                   func(c *chat, ctx context.Context, argument string) error
}

// commands returns all commands; /quit has no function.
func commands() []command {
	return []command{
		{"/reply", "TEXT", "the agent answers", (*chat).reply},
		{"/close", "", "the agent closes the ticket", act(tickets.CommandClose)},
		{"/ignore", "", "the agent sets it aside", act(tickets.CommandIgnore)},
		{"/open", "", "the agent opens it again", act(tickets.CommandOpen)},
		{"/pause", "", "keep the automatic actions off", act(tickets.CommandPause)},
		{"/resume", "", "let them work again", act(tickets.CommandResume)},
		{"/important", "", "mark the ticket important", mark(tickets.CommandMark)},
		{"/normal", "", "mark it normal", mark(tickets.CommandUnmark)},
		{"/online", "", "the agent is available", heartbeat(tickets.Online)},
		{"/away", "", "the agent is not", heartbeat(tickets.Away)},
		{"/wait", "10m", "let time pass: 30s, 10m, 2h, 3d", (*chat).pass},
		{"/try", "TEXT", "what would happen if the customer wrote this", (*chat).try},
		{"/explain", "", "why what happened last happened", (*chat).explain},
		{"/config", "JSON", `change the configuration by a merge patch: {"quality": {"sla": null}}`, (*chat).configure},
		{"/status", "", "how things stand", (*chat).status},
		{"/help", "", "this list", (*chat).help},
		{"/quit", "", "stop; the next start goes on", nil},
	}
}

// help lists the commands.
func (c *chat) help(context.Context, string) error {
	c.say("  %-16s %s", "TEXT", "the customer writes")
	for _, one := range commands() {
		c.say("  %-16s %s", one.name+" "+one.argument, one.help)
	}
	return nil
}

// reply answers as the agent.
func (c *chat) reply(ctx context.Context, text string) error {
	_, err := c.account.Agent(ana).Reply(ctx, c.ticket(), text, nil)
	return err
}

// act returns the function of a command that the agent applies to the ticket.
func act(kind tickets.CommandKind) func(*chat, context.Context, string) error {
	return func(c *chat, ctx context.Context, _ string) error {
		_, err := c.account.Agent(ana).Do(ctx, c.ticket(), tickets.Command{Kind: kind}, nil)
		return err
	}
}

// mark returns the function of /important and /normal; it says so if nothing changed.
func mark(kind tickets.CommandKind) func(*chat, context.Context, string) error {
	return func(c *chat, ctx context.Context, _ string) error {
		before, err := c.account.Inbox().Ticket(ctx, c.ticket())
		if err != nil {
			return err
		}
		err = act(kind)(c, ctx, "")
		switch {
		case err != nil || before.Important != (kind == tickets.CommandMark):
		case before.Important:
			c.say("  it is important already")
		default:
			c.say("  it is normal already; now no keyword marks it either")
		}
		return err
	}
}

// heartbeat returns the function that makes the agent online or away.
func heartbeat(a tickets.Availability) func(*chat, context.Context, string) error {
	return func(c *chat, ctx context.Context, _ string) error {
		err := c.account.Agent(ana).Heartbeat(ctx, a)
		if err == nil {
			c.say("  %s is %s", ana.Name, a)
		}
		return err
	}
}

// longest is the longest "/wait".
const longest = 366 * 24 * time.Hour

// pass moves the clock by the duration that was typed.
func (c *chat) pass(ctx context.Context, argument string) error {
	d, err := time.ParseDuration(argument)
	if days, ok := strings.CutSuffix(argument, "d"); ok {
		var n int64
		if n, err = strconv.ParseInt(days, 10, 16); err == nil {
			d = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || d <= 0 || d > longest {
		return errors.New("say how long, up to 366 days: /wait 30s, /wait 10m, /wait 2h, /wait 3d")
	}
	return c.wait(ctx, d)
}

// try prints what would happen if the customer wrote a text; nothing is written.
func (c *chat) try(ctx context.Context, text string) error {
	o, err := c.visitor.DryRun(ctx, text)
	if err != nil {
		return err
	}
	c.say("If %s wrote that now:", carla.Name)
	c.print(o.Entries, o.Messages)
	c.say("  %s", c.describe(&o.Ticket))
	if !o.Wake.IsZero() {
		c.say("  next %s: %s", c.at(o.Wake), due(&o.Ticket))
	}
	c.say("Nothing was written. This is how things stand:")
	return nil
}

// explain prints why the last things happened.
func (c *chat) explain(ctx context.Context, _ string) error {
	q := charla.PageQuery{Cursor: strconv.FormatInt(c.before, 10)}
	list, err := c.account.Inbox().Explain(ctx, c.ticket(), chatcfg.English, q)
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return errors.New("nothing has happened yet")
	}
	for _, x := range list.Items {
		c.say("  %s %s.", c.at(x.At), x.What)
		for _, r := range x.Rules {
			c.say("    %s: %s.", r.Name, r.Text)
		}
	}
	return nil
}

// configure applies a merge patch to the configuration and saves it.
func (c *chat) configure(ctx context.Context, patch string) error {
	if patch == "" {
		return errors.New(`say what changes; objects merge, lists replace, null is the default: ` +
			`/config {"quality": {"sla": {"value": 10, "unit": "minutes"}}}`)
	}
	was, version, err := c.account.Config(ctx)
	if err != nil {
		return err
	}
	cfg, err := chatcfg.Apply(was, []byte(patch))
	if err != nil {
		return err
	}
	saved, err := c.account.SaveConfig(ctx, version, cfg, nil)
	if err != nil {
		return err
	}
	c.say("  saved as version %d; open tickets that it makes overdue: %d", saved.Version, saved.Overdue)
	if !reflect.DeepEqual(was.Quality, cfg.Quality) {
		c.say("  waits that begin from now on have the new SLA; one that is running keeps its own")
	}
	c.warn(saved.Warnings)
	return nil
}

// warn prints warnings of a configuration.
func (c *chat) warn(warnings []chatcfg.Problem) {
	for _, p := range warnings {
		c.say("  warning: %s", problem(p))
	}
}

// status prints the time, whether the agent is available, and the account's key.
func (c *chat) status(ctx context.Context, _ string) error {
	info, err := c.account.Info(ctx)
	if err != nil {
		return err
	}
	p, err := c.account.Inbox().Presence(ctx)
	if err != nil {
		return err
	}
	who := "no agent is available"
	if p.Available {
		who = ana.Name + " is available"
	}
	now := c.desk.Now()
	c.say("  it is %s, %s; %s; the account's key is %s", now.In(c.zone).Weekday(), c.at(now), who, info.Key)
	return nil
}
