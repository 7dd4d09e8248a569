package chatcfg

import (
	"reflect"
	"time"
)

// What one setting demands of another. What a value must be by itself follows
// from its row ([Setting]).

// checkMissing adds a problem for each value that is missing although something that
// needs it is switched on.
func (v *validator) checkMissing(c *Config) {
	for _, one := range []struct {
		path string
		on   bool
	}{
		{"automation.autoClose.after", c.Automation.AutoClose.Enabled},
		{"automation.reminders.steps", c.Automation.Reminders.Enabled},
		{"general.bot.timeout", c.General.Bot.Enabled},
		{"automation.newCustomer.messages", c.Automation.NewCustomer.Enabled},
		{"automation.noAgents.messages", c.Automation.NoAgents.Enabled},
		{"automation.outOfHours.messages", c.Automation.OutOfHours.Enabled},
		{"automation.ticketCreated.messages", c.Automation.TicketCreated.Enabled},
		{"automation.manualClose.messages", c.Automation.ManualClose.Enabled},
		{"automation.automaticClose.messages", c.Automation.AutomaticClose.Enabled},
		{"general.important.keywords", c.General.Important.Enabled},
		{"general.notify.to", c.General.Notify.Tickets == NotifyImportant || c.General.Notify.Tickets == NotifyAll},
		{"chat.contactForm.email.address", c.Chat.ContactForm.Email.Enabled},
		{"chat.contactForm.mailbox.id", c.Chat.ContactForm.Mailbox.Enabled},
		{"chat.longButton.text", c.Chat.LongButton.Enabled},
		{"chat.welcome.text", c.Chat.Welcome.Enabled},
		{"chat.rating.reasons", c.Chat.Rating.Enabled},
	} {
		if one.on {
			v.required(one.path, document().byPath[one.path].of(reflect.ValueOf(c).Elem()))
		}
	}
}

// checkTogether adds a problem for each value that contradicts another, and those of the
// business hours.
func (v *validator) checkTogether(c *Config) {
	a := c.Automation
	v.needsHours("quality.clock", c.Quality.Clock == Business)
	v.needsHours("automation.autoClose.clock", a.AutoClose.Clock == Business)
	v.needsHours("automation.outOfHours.enabled", a.OutOfHours.Enabled)
	v.ascending(&a)
	_, err := c.Hours.Compile()
	v.problems = append(v.problems, under("hours", err)...)

	// R6.1
	if f := c.Chat.ContactForm; f.Enabled && !f.Email.Enabled && !f.Mailbox.Enabled {
		v.add("chat.contactForm", CodeFormWithoutTarget)
	}
	// R6.3
	if !c.Chat.SocialOnly() {
		return
	}
	if none := !c.Chat.Facebook.Enabled && !c.Chat.Google.Enabled; none {
		if c.Chat.Facebook.Only {
			v.add("chat.facebook.only", CodeOnlyWithoutProvider)
		}
		if c.Chat.Google.Only {
			v.add("chat.google.only", CodeOnlyWithoutProvider)
		}
	}
	if c.Chat.Anonymous {
		v.add("chat.anonymous", CodeOnlyWithAnonymous)
	}
}

// ascending adds a problem for each reminder that is not later than the one before it, or
// not earlier than the automatic close where both are on (R13.1).
func (v *validator) ascending(a *Automation) {
	var before time.Duration
	for i, step := range a.Reminders.Steps {
		if step.After == nil {
			continue
		}
		path, after := index("automation.reminders.steps", i)+".after", step.After.Std()
		if step.After.Value > 0 && after <= before {
			v.add(path, CodeNotLater)
		}
		before = max(before, after)
		if closes := a.AutoClose; a.Reminders.Enabled && closes.Enabled && closes.After != nil && after >= closes.After.Std() {
			v.add(path, CodeAfterClose)
		}
	}
}

// needsHours adds a problem if a value needs business hours and there are none (R4.9).
func (v *validator) needsHours(path string, needs bool) {
	if needs && !v.hasHours {
		v.add(path, CodeNoHours)
	}
}
