package automation_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// frozenSteps is how many steps a life has.
const frozenSteps = 24

// life is one conversation, under configurations that change. Everything in it is
// drawn from the seed, never from what the library would draw.
type life struct {
	t        *testing.T
	r        *rand.Rand
	now      time.Time
	state    tickets.State
	kept     map[tickets.Number]tickets.Ticket
	cfg      chatcfg.Config
	version  chatcfg.Version
	since    frozenSince
	running  *chatcfg.Config
	rules    *automation.Rules
	presence tickets.Presence
	session  tickets.SessionID
	// more configures what testdata/decisions knows nothing of; nil: nothing.
	more func(*life)
	// bots says that there is an automated agent.
	bots bool
}

// frozenSince is what saves mean for what was armed before them (R4.8, R2.6).
type frozenSince struct {
	autoCloseOn, autoCloseChanged time.Time
	moreChanged                   time.Time // of what more configures
	botOff                        time.Time
	running                       chatcfg.Version
	runningAt                     time.Time
}

// liveFrozen lives the life of a seed and tells what each of its steps comes to.
func liveFrozen(t *testing.T, seed uint64, tell func(int, frozenOutcome)) {
	t.Helper()
	live(t, seed, nil, tell)
}

// live lives the life of a seed with more in its configurations.
func live(t *testing.T, seed uint64, more func(*life), tell func(int, frozenOutcome)) {
	t.Helper()
	l := &life{
		more: more,
		t:    t, r: rand.New(rand.NewPCG(seed, 20261129)), kept: map[tickets.Number]tickets.Ticket{},
		presence: tickets.Presence{Absence: 1}, cfg: chatcfg.Default(chatcfg.Spanish), version: 1,
	}
	l.now = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(l.r.IntN(600*24*60)) * time.Minute)
	l.session = tickets.SessionID{UUID: l.id()}
	l.cfg.General.Assignment.OnReply = false // testdata/decisions knows no assignments
	l.cfg.Chat.Name, l.cfg.Chat.Domain = "Tienda", "tienda.cl"
	l.configure(true)
	l.compile()
	l.state.Conversation = tickets.Conversation{ID: tickets.ConversationID{UUID: l.id()}, CreatedAt: l.now, Armed: 1}
	for i := range frozenSteps {
		tell(i, l.step())
	}
}

func (l *life) id() (id uuid.UUID) {
	for i := range id {
		id[i] = byte(l.r.IntN(256))
	}
	return id
}

// one reports whether something happens that does once in n times.
func (l *life) one(n int) bool { return l.r.IntN(n) == 0 }

func (l *life) minutes(most int64) *chatcfg.Duration {
	return &chatcfg.Duration{Value: 1 + l.r.Int64N(most), Unit: chatcfg.UnitMinutes}
}

// configure changes the configuration, here and there or all of it.
func (l *life) configure(all bool) {
	c, r := &l.cfg, l.r
	change := func() bool { return l.one(4) || all }
	if change() {
		c.Hours = l.hours()
	}
	clock := func() chatcfg.Clock {
		if l.one(3) && c.Hours.Timezone != "" {
			return chatcfg.Business
		}
		return chatcfg.Wall
	}
	if change() {
		c.Quality = chatcfg.Quality{}
		if !l.one(5) {
			c.Quality.SLA = l.minutes(90)
		}
	}
	a := &c.Automation
	if change() {
		a.AutoClose = chatcfg.AutoClose{Enabled: !l.one(4), After: l.minutes(120)}
	}
	c.Quality.Clock, a.AutoClose.Clock = clock(), clock()
	variables := []string{"", " {customer|amigo}", " {agent}", " de {account}", " {{x"}
	if c.Hours.Timezone != "" {
		variables = append(variables, " hasta {nextOpen|pronto}")
	}
	for i, action := range []*chatcfg.TextAction{&a.NewCustomer, &a.NoAgents, &a.OutOfHours, &a.TicketCreated, &a.ManualClose, &a.AutomaticClose} {
		if !change() && c.Hours.Timezone != "" {
			continue
		}
		*action = chatcfg.TextAction{Enabled: !l.one(4), Messages: chatcfg.Texts()}
		for j := range 1 + r.IntN(3) {
			action.Messages = append(action.Messages, chatcfg.Words{Any: fmt.Sprintf("texto %d.%d%s", i, j, variables[r.IntN(len(variables))])})
		}
	}
	if c.Hours.Timezone == "" {
		a.OutOfHours.Enabled = false
	}
	if change() {
		a.Combine = []chatcfg.Combine{chatcfg.CombineAll, chatcfg.CombineFirst}[r.IntN(2)]
	}
	g := &c.General
	if change() {
		g.Important = chatcfg.Important{Enabled: !l.one(3), Keywords: []string{"urgente", "no funciona", "recl*"}[:1+r.IntN(3)]}
	}
	if change() {
		g.Notify = chatcfg.Notify{
			Tickets: []chatcfg.NotifyTickets{chatcfg.NotifyNone, chatcfg.NotifyImportant, chatcfg.NotifyAll}[r.IntN(3)],
			To:      []string{"a@example.com", "b@example.com"}[:1+r.IntN(2)],
		}
	}
	if change() {
		g.CreateIgnored = l.one(4)
	}
	if change() {
		g.ReopenWindow = nil
		if l.one(3) {
			g.ReopenWindow = l.minutes(60)
		}
	}
	c.Chat.WriteAsCompany = l.one(3)
	c.Chat.Locale = []chatcfg.Locale{chatcfg.Auto, chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese}[r.IntN(4)]
	if l.more != nil {
		l.more(l)
	}
}

// reminded switches reminders on or off.
func reminded(l *life) {
	a := &l.cfg.Automation
	a.Reminders = chatcfg.Reminders{Enabled: !l.one(4)}
	most := int64(120)
	if a.AutoClose.Enabled {
		most = a.AutoClose.After.Value - 1
	}
	for at, i := int64(0), 0; i < 3 && at < most; i++ {
		at += 1 + l.r.Int64N(most-at)
		after := &chatcfg.Duration{Value: at, Unit: chatcfg.UnitMinutes}
		a.Reminders.Steps = append(a.Reminders.Steps, chatcfg.Reminder{After: after, Messages: chatcfg.Texts("¿sigues ahí?", "{customer|amigo}, ¿sigues ahí?")})
	}
	a.Reminders.Enabled = a.Reminders.Enabled && len(a.Reminders.Steps) > 0
	l.since.moreChanged = l.now
}

// botted switches the bot on or off.
func botted(l *life) {
	was, is := l.cfg.General.Bot.Enabled, !l.one(4)
	l.cfg.General.Bot = chatcfg.Bot{Enabled: is, Timeout: l.minutes(9)}
	l.cfg.Automation.Reminders.Enabled, l.bots = false, true
	if l.since.moreChanged = l.now; was && !is {
		l.since.botOff = l.now
	}
}

func (l *life) hours() chatcfg.Hours {
	r := l.r
	h := chatcfg.Hours{Weekly: []chatcfg.Interval{}, Exceptions: []chatcfg.Exception{}}
	if l.one(4) {
		return h
	}
	zones := []string{"America/Santiago", "UTC", "Europe/Madrid", "Asia/Kolkata", "Australia/Lord_Howe"}
	h.Timezone = zones[r.IntN(len(zones))]
	days := []chatcfg.Day{
		chatcfg.Monday, chatcfg.Tuesday, chatcfg.Wednesday, chatcfg.Thursday, chatcfg.Friday, chatcfg.Saturday, chatcfg.Sunday,
	}
	shifts := [][][2]string{
		{{"09:00", "18:00"}}, {{"09:00", "13:00"}, {"14:30", "19:15"}}, {{"20:00", "02:00"}}, {{"00:00", "24:00"}}, {{"22:45", "24:00"}},
	}
	shift := shifts[r.IntN(len(shifts))]
	for _, day := range days[:5+r.IntN(3)] {
		for _, of := range shift {
			h.Weekly = append(h.Weekly, chatcfg.Interval{Day: day, Open: of[0], Close: of[1]})
		}
	}
	if l.one(2) {
		e := chatcfg.Exception{Date: l.now.AddDate(0, 0, r.IntN(4)).Format(time.DateOnly), Closed: true}
		if l.one(2) {
			e.Closed, e.Open, e.Close = false, "10:00", "11:30"
		}
		h.Exceptions = append(h.Exceptions, e)
	}
	return h
}

func (l *life) compile() {
	a := chatcfg.Account{Version: l.version, Rules: chatcfg.Since{
		Rules:   []chatcfg.RuleSince{{Rule: "autoClose", On: l.since.autoCloseOn, Changed: l.since.autoCloseChanged}},
		Running: l.since.running, RunningAt: l.since.runningAt,
	}}
	running := l.running
	if l.since.running == l.version {
		running = nil
	}
	if l.more != nil {
		a.Rules = a.Rules.With(chatcfg.RuleSince{Rule: "reminders", Changed: l.since.moreChanged}).
			With(chatcfg.RuleSince{Rule: "bot", On: l.since.botOff, Changed: l.since.moreChanged})
	}
	var err error
	l.rules, err = automation.Compile(a, l.cfg, running)
	require.NoError(l.t, err)
}

// save saves another configuration, by R4.8 and R2.6.
func (l *life) save() frozenOutcome {
	old, before := l.cfg, l.rules
	l.configure(false)
	was, is := old.Automation.AutoClose, l.cfg.Automation.AutoClose
	if is.Enabled && !was.Enabled {
		l.since.autoCloseOn = l.now
	}
	hours := is.Clock == chatcfg.Business && !reflect.DeepEqual(old.Hours, l.cfg.Hours)
	if hours || was.After.Std() != is.After.Std() || was.Clock != is.Clock {
		l.since.autoCloseChanged = l.now
	}
	l.version++
	if l.one(3) {
		cfg := l.cfg
		cfg.Hours.Weekly, cfg.Hours.Exceptions = slices.Clone(cfg.Hours.Weekly), slices.Clone(cfg.Hours.Exceptions)
		l.running, l.since.running, l.since.runningAt = &cfg, l.version, l.now
	}
	l.compile()
	closes := func(r *automation.Rules) (closed, delayed time.Time) {
		for _, o := range r.Overdue(before, true, l.now) {
			if o.By == automation.StartAgent {
				closed = o.UpTo
			} else {
				delayed = o.UpTo
			}
		}
		return closed, delayed
	}
	closedBefore, _ := closes(before)
	closed, delayed := closes(l.rules)
	overdue := []time.Time{closedBefore, closed, delayed}
	return frozenOutcome{rules: l.rules, overdue: overdue}
}

// pass lets time pass: often to the deadline, or right beside it.
func (l *life) pass() {
	r := l.r
	wake := l.rules.Wake(&l.state.Ticket)
	switch x := r.IntN(10); {
	case x < 4 && wake.After(l.now):
		l.now = wake.Add(time.Duration(r.IntN(3)-1) * time.Microsecond)
	case x < 6:
		l.now = l.now.Add(time.Duration(r.IntN(60_000_000)) * time.Microsecond)
	case x < 8:
		l.now = l.now.Add(time.Duration(r.IntN(90)) * time.Minute)
	case x < 9:
		l.now = l.now.Add(time.Duration(r.IntN(20*60)) * time.Minute)
	}
	if last := l.state.Conversation.LastAt; l.now.Before(last) {
		l.now = last
	}
	if l.one(4) {
		if l.presence.Available {
			l.presence.Absence++
		}
		l.presence.Available = !l.presence.Available
	}
}

func (l *life) step() frozenOutcome {
	l.pass()
	if l.one(9) {
		return l.save()
	}
	in := tickets.Inputs{Now: l.now, Presence: l.presence, Chance: l.r.Uint64()}
	cmd := l.command()
	s := l.state
	s.Older = nil
	if older, ok := l.kept[cmd.Number]; ok && cmd.Number != s.Ticket.Number {
		s.Older = &older
	}
	d, err := l.rules.Decide(s, cmd, in)
	if err != nil {
		return frozenOutcome{err: err}
	}
	for _, t := range d.Changed() {
		l.kept[t.Number] = t
	}
	l.state = d.State
	l.state.Older = nil
	return frozenOutcome{draft: d, rules: l.rules}
}

// command is what somebody asks for.
func (l *life) command() tickets.Command {
	r := l.r
	if r.IntN(100) < 40 {
		return l.written()
	}
	kinds := []tickets.CommandKind{
		tickets.CommandReply, tickets.CommandReply, tickets.CommandReply, tickets.CommandReply, tickets.CommandClose, tickets.CommandClose, tickets.CommandIgnore, tickets.CommandOpen,
		tickets.CommandPause, tickets.CommandResume, tickets.CommandMark, tickets.CommandUnmark, tickets.CommandClassify, tickets.CommandDescribe, tickets.CommandTick, tickets.CommandTick, tickets.CommandTick,
	}
	cmd := tickets.Command{Kind: kinds[r.IntN(len(kinds))]}
	if cmd.Kind == tickets.CommandTick {
		return cmd
	}
	if l.bots && l.one(3) {
		kind := []tickets.CommandKind{tickets.CommandBotReply, tickets.CommandBotReply, tickets.CommandHandOver, tickets.CommandTake, tickets.CommandAssign}[r.IntN(5)]
		return tickets.Command{Kind: kind, Text: "¿en qué ayudo?", Actor: tickets.Actor{Kind: tickets.ActorBot, Agent: "guia", Name: "Guía"}}
	}
	cmd.Actor = tickets.Actor{Kind: tickets.ActorAgent, Agent: "ana", Name: "Ana"}
	if l.one(3) {
		cmd.Actor.Agent, cmd.Actor.Name = "luis", ""
	}
	if l.one(4) {
		cmd.Number = tickets.Number(r.IntN(4))
	}
	switch cmd.Kind {
	case tickets.CommandReply:
		cmd.Text = "respuesta"
		if l.one(8) {
			cmd.File = &tickets.File{ID: tickets.FileID{UUID: l.id()}, Name: "a.png", Type: "image/png", Size: 7}
		}
	case tickets.CommandClassify:
		if !l.one(3) {
			cmd.Typification = &tickets.Typification{Category: "Venta", Fields: map[string]string{"a": "1", "b": "2"}}
		}
	case tickets.CommandDescribe:
		cmd.Metadata = map[string]string{"pedido": fmt.Sprint(r.IntN(9))}
	}
	return cmd
}

func (l *life) written() tickets.Command {
	r := l.r
	texts := []string{"hola", "Es URGENTE", "¿por qué no  funciona?", "un reclamo", "gracias"}
	if l.one(8) {
		l.session = tickets.SessionID{UUID: l.id()}
	}
	cmd := tickets.Command{
		Kind: tickets.CommandWrite, Text: texts[r.IntN(len(texts))],
		Actor: tickets.Actor{Kind: tickets.ActorCustomer, Session: l.session},
		Customer: []tickets.Customer{
			{Level: tickets.LevelClaimed, Name: "Juan", Email: "juan@example.com", Locale: chatcfg.English},
			{Level: tickets.LevelVerified, Name: "Juana", Phone: "+56911111111", Locale: chatcfg.Portuguese},
			{Level: tickets.LevelVerified, Email: "juana@example.com"},
			{Level: tickets.LevelAnonymous},
		}[r.IntN(4)],
	}
	if l.one(8) {
		cmd.Welcome = &tickets.Welcome{Text: "¿Te ayudo?", Author: "Ana"}
	}
	if l.one(8) {
		cmd.Links = []tickets.ConversationID{{UUID: l.id()}}
	}
	return cmd
}
