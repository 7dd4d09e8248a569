package chatcfg

import (
	"math"
	"slices"
	"strings"

	"github.com/charlahq/charla/internal/suffix"
)

// Lint returns warnings: settings that are legal but doubtful (R6.6, R6.7), in the document's
// order; nil if there are none. Each has a Warn… code. The configuration must be one that
// [Config.Validate] accepts.
func (c Config) Lint() []Problem {
	l := linter{}
	l.automation(c)
	l.general(c)
	l.hours(c.Hours)
	l.chat(c.Chat, c.neverAsked())
	return l.warnings
}

type linter struct{ warnings []Problem }

// warn adds a warning if something is doubtful; else it does nothing.
func (l *linter) warn(doubtful bool, path string, code Code, args ...any) {
	if doubtful {
		l.warnings = append(l.warnings, Problem{Path: path, Code: code, Args: args})
	}
}

// keyedAction is an action that sends a text, with its key.
type keyedAction struct {
	key string
	TextAction
}

// texts returns the actions that send a text, with their keys.
func (a *Automation) texts() []keyedAction {
	list := []keyedAction{
		{"newCustomer", a.NewCustomer},
		{"noAgents", a.NoAgents},
		{"outOfHours", a.OutOfHours},
		{"ticketCreated", a.TicketCreated},
		{"manualClose", a.ManualClose},
		{"automaticClose", a.AutomaticClose},
	}
	for i, step := range a.Reminders.Steps {
		list = append(list, keyedAction{index("reminders.steps", i), TextAction{a.Reminders.Enabled, step.Messages}})
	}
	return list
}

// automation adds the warnings of the automatic actions.
func (l *linter) automation(c Config) {
	a := c.Automation
	l.warn(closesBeforeSLA(c), "automation.autoClose.after", WarnCloseBeforeSLA)
	for _, action := range a.texts() {
		if !action.Enabled {
			continue
		}
		path := "automation." + action.key
		switch action.key {
		case "newCustomer":
			l.warn(c.Chat.Anonymous, path+".enabled", WarnAnonymousGreeting)
		case "noAgents":
			l.warn(a.OutOfHours.Enabled && a.Combine == CombineAll, path+".enabled", WarnBothAvailability)
			l.warn(c.Chat.ContactForm.Enabled, path+".enabled", WarnFormAndReply)
		case "automaticClose":
			l.warn(!a.AutoClose.Enabled, path+".enabled", WarnCloseNeverFires)
		}
		for i, message := range action.Messages {
			message.each(index(path+".messages", i), func(at, s string) {
				for _, name := range braced(s, "{{") {
					l.warn(true, at, WarnLiteralBraces, name)
				}
				text, _ := ParseText(s)
				l.warn(c.Chat.Anonymous && text.needs(VarCustomer), at, WarnEmptyVariable, VarCustomer)
				// Nobody may have spoken yet when these are sent.
				early := slices.Contains([]string{"newCustomer", "noAgents", "outOfHours", "ticketCreated"}, action.key)
				l.warn(early && !c.Chat.WriteAsCompany && text.needs(VarAgent), at, WarnEmptyVariable, VarAgent)
			})
		}
	}
}

// closesBeforeSLA reports whether tickets close before the SLA is over. It returns false if
// auto-close counts business hours and the SLA does not: then the times cannot be compared.
func closesBeforeSLA(c Config) bool {
	sla, auto := c.Quality.SLA, c.Automation.AutoClose
	if sla == nil || !auto.Enabled || auto.After == nil || auto.Clock == Business && c.Quality.Clock != Business {
		return false
	}
	return auto.After.Std() < sla.Std()
}

// braced returns the variables that a text names right after an opening such as "{{".
func braced(s, opening string) []string {
	var names []string
	for _, name := range [...]string{VarCustomer, VarAgent, VarAccount, VarNextOpen} {
		if strings.Contains(s, opening+name+"}") || strings.Contains(s, opening+name+"|") {
			names = append(names, name)
		}
	}
	return names
}

// general adds the warnings of the general options.
func (l *linter) general(c Config) {
	g := c.General
	marks := g.Important.Enabled && len(g.Important.Keywords) > 0
	l.warn(g.Notify.Tickets == NotifyImportant && !marks, "general.notify.tickets", WarnNotifyNothing)
	for i, keyword := range g.Important.Keywords {
		l.warn(strings.ContainsAny(keyword, ",،、，"), index("general.important.keywords", i), WarnKeywordComma, keyword)
	}
	l.warn(g.CreateIgnored && c.Quality.SLA != nil, "general.createIgnored", WarnIgnoredSLA)
	l.warn(g.CreateIgnored && g.Bot.Enabled, "general.bot.enabled", WarnIgnoredBot)
}

// hours adds warnings for intervals that end at 23:59 and for exceptions on 29
// February.
func (l *linter) hours(h Hours) {
	const lastMinute = "23:59"
	for i, one := range h.Weekly {
		l.warn(one.Close == lastMinute, index("hours.weekly", i)+".close", WarnLastMinute)
	}
	for i, ex := range h.Exceptions {
		at := index("hours.exceptions", i)
		l.warn(ex.Yearly == "02-29", at+".yearly", WarnLeapDay)
		l.warn(ex.Close == lastMinute, at+".close", WarnLastMinute)
	}
}

// domains adds a warning for each domain whose twin with or without www. is not
// allowed, and for each pattern that allows pages of strangers.
func (l *linter) domains(c Chat) {
	twin := func(path, domain string) {
		host, port, _ := splitPort(domain)
		if port != "" {
			port = ":" + port
		}
		other := twinOf(host) + port
		l.warn(other != port && !c.Allows("https://"+other) && !c.Allows("http://"+other), path, WarnTwinDomain, other)
	}
	twin("chat.domain", c.Domain)
	for i, extra := range c.ExtraDomains {
		at := index("chat.extraDomains", i)
		parent, wild := strings.CutPrefix(extra, "*.")
		switch host, _, _ := splitPort(parent); {
		case strings.Contains(extra, "://"): // an app's
		case wild:
			l.warn(suffix.Of(host) == host, at, WarnSharedSuffix, host)
		default:
			twin(at, extra)
		}
	}
}

// twinOf returns a host with www. added, or taken away; empty: it has no such twin.
func twinOf(host string) string {
	if isAddress(host) {
		return ""
	}
	bare, www := strings.CutPrefix(host, "www.")
	if bare == "" || suffix.Registrable(bare) != bare {
		return "" // a subdomain, or a name that nobody registers
	}
	if www {
		return bare
	}
	return "www." + bare
}

// chat adds the warnings of the chat's options; neverAsked is [Config.neverAsked].
func (l *linter) chat(c Chat, neverAsked bool) {
	l.domains(c)
	form := c.ContactForm
	silent := func(path, s string) { l.warn(form.Enabled && IsBlank(s), path, WarnFormSilent) }
	form.Success.each("chat.contactForm.success", silent)
	form.Error.each("chat.contactForm.error", silent)
	if contrast := Contrast(c.PrimaryColor, c.TextColor); contrast > 0 && contrast < MinContrast {
		l.warn(true, "chat.textColor", WarnContrast, math.Floor(contrast*100)/100, MinContrast)
	}
	off := func(path string, s, other Social) {
		l.warn(s.Only && !s.Enabled && other.Enabled, path, WarnOnlyOff)
	}
	off("chat.facebook.only", c.Facebook, c.Google)
	off("chat.google.only", c.Google, c.Facebook)
	l.warn(c.Anonymous && (c.EmailAsIdentifier || c.AskRUT), "chat.anonymous", WarnAnonymousAsked)
	l.warn(neverAsked, "chat.rating.reasons", WarnNeverAsked)
	l.warn(c.EmailAsIdentifier, "chat.emailAsIdentifier", WarnImpersonation)
	plain := func(path, s string) {
		for _, name := range braced(s, "{") {
			l.warn(true, path, WarnPlainVariable, name)
		}
	}
	if c.Welcome.Enabled {
		c.Welcome.Text.each("chat.welcome.text", plain)
	}
	c.IdentificationMessage.each("chat.identificationMessage", plain)
	c.HeaderMessage.each("chat.headerMessage", plain)
}
