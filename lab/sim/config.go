package sim

import (
	"context"
	"errors"
	"fmt"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// settings changes some settings of a configuration, or all, at random. Durations are
// short beside the jumps of time, so that deadlines meet everything.
func (w *World) settings(cfg *chatcfg.Config, all bool) {
	r := w.rnd
	change := func() bool { return all || r.IntN(4) == 0 }
	minutes := func(most int64) *chatcfg.Duration {
		return &chatcfg.Duration{Value: 1 + r.Int64N(most), Unit: chatcfg.UnitMinutes}
	}
	if change() {
		cfg.Hours = w.hours()
	}
	clock := func() chatcfg.Clock {
		if cfg.Hours.Timezone != "" && r.IntN(3) == 0 {
			return chatcfg.Business
		}
		return chatcfg.Wall
	}
	if change() {
		cfg.Quality.SLA = nil
		if r.IntN(5) > 0 {
			cfg.Quality.SLA = minutes(90)
		}
	}
	a := &cfg.Automation
	if change() {
		a.AutoClose = chatcfg.AutoClose{Enabled: r.IntN(4) > 0, After: minutes(120), Clock: chatcfg.Wall}
	}
	cfg.Quality.Clock, a.AutoClose.Clock = clock(), clock()
	if change() {
		w.reminders(a)
	} else if steps := a.Reminders.Steps; len(steps) > 0 && a.AutoClose.Enabled {
		a.Reminders.Enabled = a.Reminders.Enabled && steps[len(steps)-1].After.Std() < a.AutoClose.After.Std()
	}
	for _, one := range []struct {
		rule tickets.RuleKey
		to   *chatcfg.TextAction
	}{
		{automation.RuleNewCustomer, &a.NewCustomer}, {automation.RuleNoAgents, &a.NoAgents}, {automation.RuleOutOfHours, &a.OutOfHours},
		{automation.RuleTicketCreated, &a.TicketCreated}, {automation.RuleManualClose, &a.ManualClose}, {automation.RuleAutomaticClose, &a.AutomaticClose},
	} {
		if !change() {
			continue
		}
		*one.to = chatcfg.TextAction{Enabled: r.IntN(4) > 0}
		for i := range 1 + r.IntN(3) {
			one.to.Messages = append(one.to.Messages, w.text(fmt.Sprintf("%s %d de {account} para {customer|amigo}", one.rule, i)))
		}
	}
	if change() && w.spec.Whole {
		cfg.Chat.Locale = []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese, chatcfg.Auto}[r.IntN(4)]
	}
	if cfg.Hours.Timezone == "" {
		a.OutOfHours.Enabled = false
	}
	if change() {
		a.Combine = []chatcfg.Combine{chatcfg.CombineAll, chatcfg.CombineFirst}[r.IntN(2)]
	}
	g := &cfg.General
	if change() {
		g.Important = chatcfg.Important{Enabled: r.IntN(3) > 0, Keywords: []string{"urgente", "no funciona", "recl*"}[:1+r.IntN(3)]}
	}
	if change() {
		g.Notify = chatcfg.Notify{
			Tickets: []chatcfg.NotifyTickets{chatcfg.NotifyNone, chatcfg.NotifyImportant, chatcfg.NotifyAll}[r.IntN(3)],
			To:      []string{"a@example.com", "b@example.com"}[:1+r.IntN(2)],
		}
	}
	if change() {
		g.Assignment.OnReply = r.IntN(3) > 0
	}
	if change() {
		g.Categories = [][]string{{}, {}, {"reclamo", "otra"}}[r.IntN(3)]
	}
	if change() {
		g.Bot = chatcfg.Bot{Enabled: r.IntN(2) == 0, Timeout: minutes(30)}
	}
	if change() {
		g.CreateIgnored = r.IntN(4) == 0
	}
	if change() {
		g.ReopenWindow = nil
		if r.IntN(3) == 0 {
			g.ReopenWindow = minutes(60)
		}
	}
	cfg.Chat.Google.Enabled = true
	cfg.Chat.Anonymous = r.IntN(2) > 0
	cfg.Chat.VisitorEnds = r.IntN(4) > 0
	cfg.Chat.Rating = chatcfg.Rating{
		Enabled: r.IntN(8) > 0, Scale: []chatcfg.Scale{chatcfg.Stars, chatcfg.Stars, chatcfg.Thumbs}[r.IntN(3)], Comment: r.IntN(3) > 0,
		Reasons: [][]string{{"manual"}, {"automatic"}, {"customer", "manual"}, {"automatic", "customer", "manual"}}[r.IntN(4)],
	}
	cfg.Chat.EmailAsIdentifier = !cfg.Chat.Anonymous && r.IntN(3) > 0
}

// reminders sets reminders, before the automatic close where that is on.
func (w *World) reminders(a *chatcfg.Automation) {
	r := w.rnd
	most, at := int64(120), int64(0)
	if a.AutoClose.Enabled {
		most = a.AutoClose.After.Value - 1
	}
	a.Reminders = chatcfg.Reminders{Enabled: r.IntN(3) > 0, Steps: []chatcfg.Reminder{}}
	for i := 0; i < 3 && at < most; i++ {
		at += 1 + r.Int64N(most-at)
		one := chatcfg.Reminder{After: &chatcfg.Duration{Value: at, Unit: chatcfg.UnitMinutes}}
		for j := range 1 + r.IntN(3) {
			one.Messages = append(one.Messages, w.text(fmt.Sprintf("recuerda %d %d de {account} para {customer|amigo}", i, j)))
		}
		a.Reminders.Steps = append(a.Reminders.Steps, one)
	}
	a.Reminders.Enabled = a.Reminders.Enabled && len(a.Reminders.Steps) > 0
}

// languages are those that a text may have, in R6.9's order.
var languages = []string{"es", "en", "pt"}

// text returns a text for all languages, or with one of its own for some of them.
func (w *World) text(s string) chatcfg.Words {
	if !w.spec.Whole || w.rnd.IntN(2) == 0 {
		return chatcfg.Words{Any: s}
	}
	var words chatcfg.Words
	which := 1 + w.rnd.IntN(7)
	for i, to := range []*string{&words.ES, &words.EN, &words.PT} {
		if which>>i&1 == 1 {
			*to = languages[i] + " " + s
		}
	}
	return words
}

// hours returns random business hours, overnight ones and exceptions among them, or
// none.
func (w *World) hours() chatcfg.Hours {
	r := w.rnd
	zones := []string{"America/Santiago", "America/Santiago", "UTC", "Europe/Madrid", "Asia/Kolkata", "Australia/Lord_Howe"}
	h := chatcfg.Hours{Timezone: zones[r.IntN(len(zones))], Weekly: []chatcfg.Interval{}, Exceptions: []chatcfg.Exception{}}
	if r.IntN(4) == 0 {
		return chatcfg.Hours{Weekly: []chatcfg.Interval{}, Exceptions: []chatcfg.Exception{}}
	}
	days := []chatcfg.Day{
		chatcfg.Monday, chatcfg.Tuesday, chatcfg.Wednesday, chatcfg.Thursday, chatcfg.Friday, chatcfg.Saturday, chatcfg.Sunday,
	}
	shifts := [][]interval{
		{{"09:00", "18:00"}}, {{"09:00", "13:00"}, {"14:30", "19:15"}}, {{"20:00", "02:00"}}, {{"00:00", "24:00"}}, {{"22:45", "24:00"}},
	}
	shift := shifts[r.IntN(len(shifts))]
	for _, day := range days[:5+r.IntN(3)] {
		for _, of := range shift {
			h.Weekly = append(h.Weekly, chatcfg.Interval{Day: day, Open: of.open, Close: of.close})
		}
	}
	for range r.IntN(3) {
		e := chatcfg.Exception{Date: w.now.AddDate(0, 0, r.IntN(20)).Format("2006-01-02"), Closed: true}
		if r.IntN(2) == 0 {
			e.Closed, e.Open, e.Close = false, "10:00", "11:30"
		}
		h.Exceptions = append(h.Exceptions, e)
	}
	for i := 1; i < len(h.Exceptions); i++ {
		if h.Exceptions[i].Date == h.Exceptions[0].Date {
			h.Exceptions = h.Exceptions[:i]
			break
		}
	}
	return h
}

// open has a desk create an account.
func (w *World) open(d *desk) {
	cfg := chatcfg.Default(chatcfg.Spanish)
	w.settings(&cfg, true)
	w.people.names++
	name := fmt.Sprintf("Tienda%dx", w.people.names)
	id := w.accountID()
	w.start(&task{desk: d, name: "open", after: func(t *task) {
		w.check(t, "create", id, w.model.accounts[id] != nil)
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		_, _, err = d.charla.CreateAccount(ctx, name, "tienda.cl", &charla.AccountOptions{ID: id, Config: &cfg})
		return res, err
	})
}

// check compares an acknowledgement with what happened.
func (w *World) check(t *task, name string, id chatcfg.AccountID, happened bool) {
	if t.returned && t.err == nil && !happened {
		w.failf(name, "%s of account %s was acknowledged and did not happen", name, id)
	}
	if t.returned && t.err != nil && isConfig(t.err) {
		w.failf("simulation", "a configuration is refused: %v", t.err)
	}
}

// isConfig reports whether an error refuses a configuration.
func isConfig(err error) bool {
	var p chatcfg.Problems
	return errors.As(err, &p)
}

// save has a desk save a configuration on the version that it read.
func (w *World) save(d *desk, a *account) {
	cfg := a.current().Config
	w.settings(&cfg, false)
	running := w.rnd.IntN(3) == 0
	version := a.version
	w.people.names++
	key := fmt.Sprintf("s%d", w.people.names)
	var saved charla.Saved
	w.start(&task{desk: d, name: "save", after: func(t *task) {
		w.check(t, "save", a.id, a.configs[version+1] != nil)
		if t.returned && t.err == nil && saved.Version != version+1 {
			w.failf("save", "a save on version %d answers %d", version, saved.Version)
		}
		if c := a.configs[version+1]; t.returned && t.err == nil && c != nil && c.Chat.Name == a.name && saved.Version == version+1 {
			if (a.since.running == version+1) != running && a.version == version+1 {
				w.failf("save", "version %d follows running waits: %v", version+1, !running)
			}
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		saved, err = d.charla.Account(a.id).SaveConfig(ctx, version, cfg, &charla.SaveOptions{Running: running, Key: key})
		return res, err
	})
}

// remove has a desk delete an account, sometimes with the wrong confirmation, or purge
// it.
func (w *World) remove(d *desk, a *account) {
	confirm := a.name
	if w.rnd.IntN(3) == 0 {
		confirm += "?"
	}
	purge := a.deleted
	if confirm == a.name {
		a.deleters++
	}
	w.start(&task{desk: d, name: "remove", after: func(t *task) {
		switch {
		case !t.returned || t.err != nil:
		case purge && !a.purged:
			w.failf("purge", "a purge was acknowledged and did not happen")
		case !purge && confirm != a.name && !a.deleted:
			w.failf("deleted", "a wrong confirmation was accepted")
		case !purge && !a.deleted:
			w.failf("deleted", "a deletion was acknowledged and did not happen")
		}
	}}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		if purge {
			_, err = d.charla.Purge(ctx, a.id)
			return res, err
		}
		return res, d.charla.Account(a.id).Delete(ctx, confirm)
	})
}
