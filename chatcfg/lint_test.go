package chatcfg_test

import (
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.7 Every warning, and what silences it. The configurations are valid.
func TestLint(t *testing.T) {
	t.Parallel()
	closing := func(c *chatcfg.Config) {
		c.Quality.SLA = duration(1, "hours")
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: duration(59, "minutes"), Clock: "wall"}
	}
	form := func(c *chatcfg.Config) {
		c.Chat.ContactForm.Enabled = true
		c.Chat.ContactForm.Mailbox = chatcfg.FormMailbox{Enabled: true, ID: "ventas"}
	}
	domains := func(domain string, extra ...string) change {
		return func(c *chatcfg.Config) { c.Chat.Domain, c.Chat.ExtraDomains = domain, extra }
	}
	for name, tt := range map[string]struct {
		changes []change
		want    []string
	}{
		"R6.6 contrast": {[]change{func(c *chatcfg.Config) { c.Chat.PrimaryColor, c.Chat.TextColor = "#fff", "#777" }},
			[]string{"chat.textColor low_contrast"}},
		"R6.8 no www":        {[]change{domains("tienda.cl")}, []string{"chat.domain www_not_admitted"}},
		"R6.8 www alone":     {[]change{domains("www.tienda.cl")}, []string{"chat.domain www_not_admitted"}},
		"R6.8 both":          {[]change{domains("www.tienda.cl", "tienda.cl")}, nil},
		"R6.8 www by *.":     {[]change{domains("tienda.co.uk", "*.tienda.co.uk")}, nil},
		"R6.8 with ports":    {[]change{domains("tienda.cl:8080", "www.tienda.cl")}, []string{"chat.domain www_not_admitted", "chat.extraDomains[0] www_not_admitted"}},
		"R6.8 another's www": {[]change{domains("chat.tienda.cl", "otra.com.ar")}, []string{"chat.extraDomains[0] www_not_admitted"}},
		"R6.8 no www there": {[]change{domains("localhost:3000", "127.0.0.1", "[::1]", "a.b.tienda.cl", "intranet", "pepe.github.io", "capacitor://localhost")},
			[]string{"chat.extraDomains[4] www_not_admitted"}},
		"R6.8 shared domains": {[]change{domains("chat.tienda.cl", "*.github.io", "*.co.uk", "*.github.io:8080", "*.pepe.github.io", "*.tienda.cl", "*.tienda.co.uk", "*.corp.local")},
			[]string{"chat.extraDomains[0] shared_domain", "chat.extraDomains[1] shared_domain", "chat.extraDomains[2] shared_domain"}},
		"R4.9 the last minute": {[]change{hours, func(c *chatcfg.Config) {
			c.Hours.Weekly = append([]chatcfg.Interval{}, chatcfg.Interval{Day: "sunday", Open: "00:00", Close: "23:59"}, chatcfg.Interval{Day: "saturday", Open: "00:00", Close: "24:00"})
			c.Hours.Exceptions = []chatcfg.Exception{{Date: "2026-12-25", Closed: true}, {Date: "2026-12-24", Open: "10:00", Close: "23:59"}}
		}}, []string{"hours.weekly[0].close closes_at_2359", "hours.exceptions[1].close closes_at_2359"}},
		"R6.6 enough contrast": {[]change{func(c *chatcfg.Config) { c.Chat.PrimaryColor, c.Chat.TextColor = "#fff", "#767676" }}, nil},
		"R6.7 anonymous and newCustomer": {[]change{func(c *chatcfg.Config) { c.Chat.Anonymous, c.Automation.NewCustomer = true, on("hola") }},
			[]string{"automation.newCustomer.enabled anonymous_new_customer"}},
		"R6.7 anonymous alone": {[]change{func(c *chatcfg.Config) { c.Chat.Anonymous = true }}, nil},
		"anonymous with e-mail": {[]change{func(c *chatcfg.Config) { c.Chat.Anonymous, c.Chat.EmailAsIdentifier = true, true }},
			[]string{"chat.anonymous anonymous_asked", "chat.emailAsIdentifier email_impersonation"}},
		"anonymous with RUT": {[]change{func(c *chatcfg.Config) { c.Chat.Anonymous, c.Chat.AskRUT = true, true }},
			[]string{"chat.anonymous anonymous_asked"}},
		"R6.7 e-mail as identifier": {[]change{func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier = true }},
			[]string{"chat.emailAsIdentifier email_impersonation"}},
		"R6.7 notify important, no keywords": {[]change{func(c *chatcfg.Config) {
			c.General.Notify = chatcfg.Notify{Tickets: "important", To: []string{"ana@tienda.cl"}}
			c.General.Important.Keywords = []string{"off"}
		}}, []string{"general.notify.tickets notify_without_keywords"}},
		"R6.7 notify important": {[]change{func(c *chatcfg.Config) {
			c.General.Notify = chatcfg.Notify{Tickets: "important", To: []string{"ana@tienda.cl"}}
			c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"recl*"}}
		}}, nil},
		"R5.1 a keyword with a comma": {[]change{func(c *chatcfg.Config) {
			c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"hola", "reclamo, urgente"}}
		}}, []string{"general.important.keywords[1] keyword_comma"}},
		"R4.9 every 29 February": {[]change{hours, func(c *chatcfg.Config) {
			c.Hours.Exceptions = []chatcfg.Exception{{Yearly: "02-28", Closed: true}, {Yearly: "02-29", Closed: true}}
		}}, []string{"hours.exceptions[1].yearly leap_day"}},
		"R6.7 auto-close before the SLA": {[]change{closing}, []string{"automation.autoClose.after autoclose_before_sla"}},
		"R6.7 auto-close at the SLA":     {[]change{closing, func(c *chatcfg.Config) { c.Automation.AutoClose.After = duration(1, "hours") }}, nil},
		"R6.7 auto-close off":            {[]change{closing, func(c *chatcfg.Config) { c.Automation.AutoClose.Enabled = false }}, nil},
		"R6.7 auto-close in hours, SLA not": {[]change{closing, hours, func(c *chatcfg.Config) {
			c.Automation.AutoClose.Clock = chatcfg.Business
		}}, nil},
		"R6.7 both in hours": {[]change{closing, hours, func(c *chatcfg.Config) {
			c.Quality.Clock, c.Automation.AutoClose.Clock = chatcfg.Business, chatcfg.Business
		}}, []string{"automation.autoClose.after autoclose_before_sla"}},
		"text without auto-close": {[]change{func(c *chatcfg.Config) { c.Automation.AutomaticClose = on("adiós") }},
			[]string{"automation.automaticClose.enabled close_text_without_autoclose"}},
		"R6.7 both availability replies": {[]change{hours, func(c *chatcfg.Config) {
			c.Automation.NoAgents, c.Automation.OutOfHours = on("a"), on("b")
		}}, []string{"automation.noAgents.enabled both_availability_replies"}},
		"R4.1 the first of them": {[]change{hours, func(c *chatcfg.Config) {
			c.Automation.NoAgents, c.Automation.OutOfHours, c.Automation.Combine = on("a"), on("b"), "first"
		}}, nil},
		"R6.2 form and noAgents": {[]change{form, func(c *chatcfg.Config) { c.Automation.NoAgents = on("a") }},
			[]string{"automation.noAgents.enabled form_with_no_agents"}},
		"form": {[]change{form}, nil},
		"silent form": {[]change{form, func(c *chatcfg.Config) { c.Chat.ContactForm.Success.Any, c.Chat.ContactForm.Error.Any = "", " " }},
			[]string{"chat.contactForm.success form_text_missing", "chat.contactForm.error form_text_missing"}},
		"R6.3 only on a provider that is off": {[]change{func(c *chatcfg.Config) {
			c.Chat.Facebook.Only, c.Chat.Google.Enabled = true, true
		}}, []string{"chat.facebook.only only_on_disabled_provider"}},
		"ignored, with an SLA": {[]change{func(c *chatcfg.Config) { c.General.CreateIgnored, c.Quality.SLA = true, duration(1, "hours") }},
			[]string{"general.createIgnored ignored_without_wait"}},
		"R12.1 ignored, with the bot": {[]change{func(c *chatcfg.Config) { c.General.CreateIgnored, c.General.Bot.Enabled = true, true }},
			[]string{"general.bot.enabled ignored_without_bot"}},
		"R12.1 with the bot": {[]change{func(c *chatcfg.Config) { c.General.Bot.Enabled = true }}, nil},
		"R4.6 two braces": {[]change{func(c *chatcfg.Config) { c.Automation.ManualClose = on("a", "{{customer}} {{agent|x}} {{otra}") }},
			[]string{"automation.manualClose.messages[1] literal_braces", "automation.manualClose.messages[1] literal_braces"}},
		"R4.6 variables in plain texts": {[]change{func(c *chatcfg.Config) {
			c.Chat.Welcome.Enabled = true
			c.Chat.Welcome.Text.Any, c.Chat.HeaderMessage.Any = "Hola {customer}", "{account|x} {uno}"
			c.Chat.IdentificationMessage.Any = "{nextOpen}"
		}}, []string{"chat.welcome.text variable_not_filled", "chat.identificationMessage variable_not_filled", "chat.headerMessage variable_not_filled"}},
		"R4.6 no agent yet": {[]change{func(c *chatcfg.Config) {
			c.Automation.TicketCreated, c.Automation.ManualClose = on("{agent}", "{agent|alguien}"), on("{agent}")
		}}, []string{"automation.ticketCreated.messages[0] variable_may_be_empty"}},
		"R4.6 the company is the agent": {[]change{func(c *chatcfg.Config) {
			c.Automation.TicketCreated, c.Chat.WriteAsCompany = on("{agent}"), true
		}}, nil},
		"R4.6 no name": {[]change{func(c *chatcfg.Config) {
			c.Automation.ManualClose, c.Chat.Anonymous = on("{customer}", "{customer|amigo}"), true
		}}, []string{"automation.manualClose.messages[0] variable_may_be_empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := valid()
			c.Chat.ExtraDomains = []string{"www.tienda.cl"}
			for _, f := range tt.changes {
				f(&c)
			}
			require.NoError(t, c.Validate())
			assert.Equal(t, tt.want, list(c.Lint()))
			for _, p := range c.Lint() {
				assertMessages(t, p)
			}
		})
	}
}

// R6.6 The warning says how far the colours are from what is readable.
func TestLintContrastArgs(t *testing.T) {
	t.Parallel()
	c := valid()
	c.Chat.ExtraDomains = []string{"www.tienda.cl"}
	c.Chat.PrimaryColor, c.Chat.TextColor = "#fff", "#777"
	assert.Equal(t, []any{4.47, 4.5}, c.Lint()[0].Args)
}
