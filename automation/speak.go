package automation

import (
	"fmt"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// speaker sends one of the texts of an action.
type speaker struct {
	*env
	texts []chatcfg.Template
}

// speaker makes the speaker of the rule's action; nil: the action is off.
func (e *env) speaker(action *chatcfg.TextAction) (*speaker, error) {
	if !action.Enabled || len(action.Messages) == 0 {
		return nil, nil
	}
	s := &speaker{env: e}
	for _, m := range action.Messages {
		text, err := chatcfg.ParseTemplate(m)
		if err != nil {
			return nil, fmt.Errorf("automation: %s: %w", e.rule.key, err)
		}
		s.texts = append(s.texts, text)
	}
	return s, nil
}

// speaking is a rule that sends one of an action's texts where ask says so.
type speaking struct {
	*speaker
	when func(*speaker, *tickets.Draft)
}

func (s speaking) ask(d *tickets.Draft) { s.when(s.speaker, d) }

// speaks compiles a rule that needs nothing but the texts of its action.
func speaks(of func(*chatcfg.Automation) *chatcfg.TextAction, when func(*speaker, *tickets.Draft)) func(*env) (any, error) {
	return func(e *env) (any, error) {
		s, err := e.speaker(of(&e.Config.Automation))
		if s == nil {
			return nil, err
		}
		return speaking{s, when}, nil
	}
}

// hold notes why the action sends nothing.
func (s *speaker) hold(d *tickets.Draft, why tickets.Why, until time.Time) {
	d.Find(tickets.Finding{Rule: s.rule.key, Why: why, Until: until})
}

// reply sends a text unless the ticket is paused (R3.7), and reports whether it
// did.
func (s *speaker) reply(d *tickets.Draft, why tickets.Why) bool {
	if d.Ticket.Paused {
		s.hold(d, WhyPaused, time.Time{})
		return false
	}
	s.say(d, why)
	return true
}

// say sends one of the texts, chosen by the command's chance.
func (s *speaker) say(d *tickets.Draft, why tickets.Why) {
	in := d.Inputs()
	i := pick(in.Chance, s.rule.key, len(s.texts))
	text, language := s.texts[i].In(d.Ticket.Customer.Locale, s.Config.Chat.Locale)
	d.Say(s.rule.key, text.Render(s.values(&d.Ticket, text, language, in.Now)))
	d.Find(tickets.Finding{Rule: s.rule.key, Fired: true, Why: why, Text: i + 1})
}

// values are the variables of R4.6 as they stand, in the language of the text.
func (s *speaker) values(t *tickets.Ticket, text chatcfg.Text, language chatcfg.Locale, now time.Time) chatcfg.Values {
	chat := &s.Config.Chat
	v := chatcfg.Values{Customer: t.Customer.Name, Agent: t.AgentName, Account: chat.Name}
	if chat.WriteAsCompany {
		v.Agent = v.Account
	}
	if hours := s.policy.Calendar; hours != nil && text.Uses("nextOpen") {
		if opens, ok := hours.NextOpen(now); ok {
			v.NextOpen = chatcfg.FormatInstant(opens, hours.Location(), language)
		}
	}
	return v
}

// pick chooses one of n uniformly: a number of its own for each rule, made from
// the command's chance by splitmix64's finalizer.
func pick(chance uint64, rule tickets.RuleKey, n int) int {
	for i := range len(rule) {
		chance = (chance ^ uint64(rule[i])) * 0x100000001b3
	}
	chance = (chance ^ chance>>30) * 0xbf58476d1ce4e5b9
	chance = (chance ^ chance>>27) * 0x94d049bb133111eb
	return int((chance ^ chance>>31) % uint64(n))
}
