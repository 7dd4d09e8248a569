package site

import (
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

//go:embed demo.json
var demoConfig []byte

// demoDays is how far the invented past reaches back.
const demoDays = 14

// Demo fills a store without accounts with one account and two weeks of invented
// conversations up to now, by a desk whose clock is moved through them. base is the
// shop's address. A store that has accounts stays as it is.
func Demo(ctx context.Context, store storage.Store, mails *Mailbox, base string, now time.Time) error {
	d := &demo{clock: &demoClock{now: now.AddDate(0, 0, -demoDays)}, mails: mails, random: rand.New(rand.NewPCG(7, 11))}
	var err error
	d.desk, err = charla.New(store, &charla.Options{Clock: d.clock, Mailer: d, HeartbeatTTL: -1})
	if err != nil {
		return err
	}
	if list, err := d.desk.Accounts(ctx, charla.AccountQuery{Hidden: true}); err != nil || len(list.Items) > 0 {
		return err
	}
	cfg, err := chatcfg.Decode(demoConfig)
	if err != nil {
		return fmt.Errorf("desk: demo: %w", err)
	}
	u, err := ParseBase(base)
	if err != nil {
		return err
	}
	d.account, _, err = d.desk.CreateAccount(ctx, "Almacén Sur", u.Host, &charla.AccountOptions{Config: &cfg})
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(cfg.Hours.Timezone)
	if err != nil {
		return fmt.Errorf("desk: demo: %w", err)
	}
	d.past(now, zone)
	d.present(now)
	return d.play(ctx, now)
}

// demo plays what happens, in order of time.
type demo struct {
	desk    *charla.Desk
	clock   *demoClock
	mails   *Mailbox
	random  *rand.Rand
	account *charla.Account
	steps   []demoStep
}

type demoStep struct {
	at time.Time
	do func(context.Context) error
}

// demoClock stands still until it is moved.
type demoClock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time that was set.
func (c *demoClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// set moves the clock.
func (c *demoClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// After returns a channel that gets nothing: nothing waits on this clock.
func (c *demoClock) After(time.Duration) <-chan time.Time { return nil }

// Send stores a mail with the demo's time.
func (d *demo) Send(_ context.Context, m charla.Mail) error {
	d.mails.keep(m, d.clock.Now())
	return nil
}

// at adds a step to be done at an instant.
func (d *demo) at(t time.Time, do func(context.Context) error) {
	d.steps = append(d.steps, demoStep{t, do})
}

// play does the steps up to now in their order, and before each what is due by then. A
// step in the clock's past is skipped.
func (d *demo) play(ctx context.Context, now time.Time) error {
	slices.SortStableFunc(d.steps, func(a, b demoStep) int { return a.at.Compare(b.at) })
	for _, s := range d.steps {
		if s.at.Before(d.clock.Now()) || s.at.After(now) {
			continue
		}
		d.clock.set(s.at)
		if _, err := d.desk.RunDue(ctx); err != nil {
			return err
		}
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("desk: demo: %w", err)
		}
	}
	d.clock.set(now)
	_, err := d.desk.RunDue(ctx)
	return err
}

var demoAgents = []charla.Person{{ID: "Ana", Name: "Ana"}, {ID: "Bruno", Name: "Bruno"}}

// presence returns the step that makes all agents online or offline.
func (d *demo) presence(a tickets.Availability) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, agent := range demoAgents {
			if err := d.account.Agent(agent).Heartbeat(ctx, a); err != nil {
				return err
			}
		}
		return nil
	}
}

// past adds the steps of all days up to yesterday.
func (d *demo) past(now time.Time, zone *time.Location) {
	now = now.In(zone)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
	for back := demoDays - 1; back > 0; back-- {
		day := today.AddDate(0, 0, -back)
		if day.Weekday() == time.Sunday {
			continue
		}
		opens, long := day.Add(9*time.Hour), 8*60
		if day.Weekday() == time.Saturday {
			opens, long = day.Add(10*time.Hour), 3*60
		}
		d.at(opens, d.presence(tickets.Online))
		for range 3 + long/120 + d.random.IntN(4) {
			d.talk(opens.Add(time.Duration(d.random.IntN(long*60)) * time.Second))
		}
		d.at(opens.Add(time.Duration(long+90)*time.Minute), d.presence(tickets.Offline))
		if back%5 == 2 {
			form := formsLeft[back%len(formsLeft)]
			d.at(day.Add(21*time.Hour+time.Duration(back)*time.Minute), func(ctx context.Context) error {
				_, err := d.account.Visitor("").Contact(ctx, charla.ContactForm{
					Name: form.name, Email: form.email, Phone: form.phone, Text: form.text, Locale: chatcfg.Spanish,
				}, nil)
				return err
			})
		}
	}
}

// talk adds the steps of one conversation with its pauses: an agent takes a few
// minutes, sometimes too many.
func (d *demo) talk(at time.Time) {
	t := talks[d.random.IntN(len(talks))]
	agent := demoAgents[d.random.IntN(len(demoAgents))]
	visitor := d.visitor(people[d.random.IntN(len(people))])
	left := d.random.IntN(100)
	var customer *charla.Visitor
	var ref tickets.Ref
	for i, line := range t.lines {
		if i%2 == 0 {
			d.at(at, func(ctx context.Context) (err error) {
				if customer == nil {
					if customer, _, err = d.account.Enter(ctx, visitor); err != nil {
						return err
					}
				}
				said, err := customer.Write(ctx, line, nil)
				ref = said.Ref
				return err
			})
			at = at.Add(time.Duration(40+d.random.ExpFloat64()*330) * time.Second)
			continue
		}
		d.at(at, func(ctx context.Context) error {
			_, err := d.account.Agent(agent).Reply(ctx, ref, line, nil)
			return err
		})
		at = at.Add(time.Duration(25+d.random.IntN(200)) * time.Second)
	}
	d.at(at.Add(time.Minute), func(ctx context.Context) error {
		if t.category != "" {
			classify := tickets.Command{Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: t.category}}
			if _, err := d.account.Agent(agent).Do(ctx, ref, classify, nil); err != nil {
				return err
			}
		}
		end := tickets.Command{Kind: tickets.CommandClose}
		switch {
		case left < 25 && len(t.lines)%2 == 0:
			return nil // auto-close will
		case left > 94:
			end.Kind = tickets.CommandIgnore
		}
		_, err := d.account.Agent(agent).Do(ctx, ref, end, nil)
		return err
	})
}

// visitor returns the entry of a visitor with a name and an e-mail made of it.
func (d *demo) visitor(name string) charla.Entry {
	mail := strings.NewReplacer("á", "a", "é", "e", "í", "i", "ó", "o", "ú", "u", "ñ", "n", "ü", "u", " ", ".").Replace(strings.ToLower(name))
	return charla.Entry{Name: name, Email: mail + "@example.com", Locale: chatcfg.Spanish}
}

// present adds the steps of the conversations that wait for an answer now.
func (d *demo) present(now time.Time) {
	d.at(now.Add(-2*time.Hour), d.presence(tickets.Online))
	for _, one := range leftovers {
		visitor := charla.Entry{Name: "Visitante", Email: "visitante@example.com"}
		if one.name != "" {
			visitor = d.visitor(one.name)
		}
		var customer *charla.Visitor
		at := now.Add(-time.Duration(one.minutes) * time.Minute)
		for i, line := range one.lines {
			d.at(at.Add(time.Duration(i*40)*time.Second), func(ctx context.Context) (err error) {
				if customer == nil {
					if customer, _, err = d.account.Enter(ctx, visitor); err != nil {
						return err
					}
				}
				said, err := customer.Write(ctx, line, nil)
				if err == nil && one.reply != "" && i == 0 {
					d.clock.set(d.clock.Now().Add(20 * time.Second))
					_, err = d.account.Agent(demoAgents[0]).Reply(ctx, said.Ref, one.reply, nil)
				}
				return err
			})
		}
	}
	d.at(now.Add(-time.Minute), d.presence(tickets.Offline))
}
