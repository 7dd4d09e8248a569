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

// speaker returns the speaker of the rule's action; nil: the action is off. It fails if
// a text is no template.
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

// speaking is a rule that sends one of an action's texts if when decides so.
type speaking struct {
	*speaker
	when func(*speaker, *tickets.Draft)
}

// ask has when decide whether the speaker sends a text.
func (s speaking) ask(d *tickets.Draft) { s.when(s.speaker, d) }

// speaks returns the compile function of a rule that needs nothing but the texts of its
// action, which of returns; when decides whether it sends one. The function returns nil
// if the action is off, and fails as speaker does.
func speaks(of func(*chatcfg.Automation) *chatcfg.TextAction, when func(*speaker, *tickets.Draft)) func(*env) (any, error) {
	return func(e *env) (any, error) {
		s, err := e.speaker(of(&e.Config.Automation))
		if s == nil {
			return nil, err
		}
		return speaking{s, when}, nil
	}
}

// skip adds the finding that the action sends nothing, and why.
func (s *speaker) skip(d *tickets.Draft, why tickets.Why, until time.Time) {
	d.AddFinding(tickets.Finding{Rule: s.rule.key, Why: why, Until: until})
}

// reply sends a text unless the ticket is paused (R3.7), and reports whether it did. It
// adds the finding in both cases.
func (s *speaker) reply(d *tickets.Draft, why tickets.Why) bool {
	if d.Ticket.Paused {
		s.skip(d, WhyPaused, time.Time{})
		return false
	}
	s.say(d, why)
	return true
}

// say sends one of the texts, chosen by the command's chance, and adds the finding.
func (s *speaker) say(d *tickets.Draft, why tickets.Why) {
	in := d.Inputs()
	i := pick(in.Chance, s.rule.key, len(s.texts))
	d.Say(s.rule.key, s.render(&d.Ticket, s.texts[i], in.Now))
	d.AddFinding(tickets.Finding{Rule: s.rule.key, Fired: true, Why: why, Text: i + 1})
}

// Render returns a text for a ticket's customer as of now, in their language, with its
// variables filled in (R4.6). It fails with [chatcfg.Problems] if the text has others.
func (r *Rules) Render(t *tickets.Ticket, text chatcfg.Words, now time.Time) (string, error) {
	template, err := chatcfg.ParseTemplate(text)
	if err != nil {
		return "", err
	}
	return r.render(t, template, now), nil
}

// render returns a text for a ticket's customer, as Render does.
func (r *Rules) render(t *tickets.Ticket, template chatcfg.Template, now time.Time) string {
	text, language := template.In(t.Customer.Locale, r.Config.Chat.Locale)
	return text.Render(r.values(t, text, language, now))
}

// values returns the values of R4.6's variables, in the language of the text; empty
// texts for what there is not.
func (r *Rules) values(t *tickets.Ticket, text chatcfg.Text, language chatcfg.Locale, now time.Time) chatcfg.Values {
	chat := &r.Config.Chat
	v := chatcfg.Values{Customer: t.Customer.Name, Agent: t.AgentName, Account: chat.Name}
	if chat.WriteAsCompany {
		v.Agent = v.Account
	}
	if hours := r.policy.Calendar; hours != nil && text.Uses("nextOpen") {
		if opens, ok := hours.NextOpen(now); ok {
			v.NextOpen = chatcfg.FormatInstant(opens, hours.Location(), language)
		}
	}
	return v
}

// pick returns a number from 0 to n-1, each as likely: one of its own for each rule,
// made from the command's chance by splitmix64's finalizer.
func pick(chance uint64, rule tickets.RuleKey, n int) int {
	for i := range len(rule) {
		chance = (chance ^ uint64(rule[i])) * 0x100000001b3
	}
	chance = (chance ^ chance>>30) * 0xbf58476d1ce4e5b9
	chance = (chance ^ chance>>27) * 0x94d049bb133111eb
	return int((chance ^ chance>>31) % uint64(n))
}
