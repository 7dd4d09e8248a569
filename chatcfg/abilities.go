package chatcfg

import "slices"

// Abilities are what a host is able to do for its accounts.
type Abilities struct {
	// Mailer says that e-mails are sent, Files that attachments are taken.
	Mailer, Files bool
	// Logins are the social logins that there are, "google" and "facebook"; nil: not
	// known.
	Logins []string
	// Mailboxes are the IDs of the mailboxes that the host manages; nil: not known.
	Mailboxes []string
}

// LintFor returns the warnings of [Config.Lint], and of settings that need what the host is
// not able to do; host nil: nothing is known of it.
func (c Config) LintFor(host *Abilities) []Problem {
	l := linter{c.Lint()}
	if host == nil {
		return l.warnings
	}
	lacks := func(provider string) bool { return host.Logins != nil && !slices.Contains(host.Logins, provider) }
	usable := false
	for _, one := range c.Chat.socials() {
		path := "chat." + one.provider
		l.warn(one.Enabled && lacks(one.provider), path+".enabled", WarnNoLogin, one.name)
		usable = usable || one.Enabled && !lacks(one.provider)
	}
	for _, one := range c.Chat.socials() {
		l.warn(one.Only && !usable, "chat."+one.provider+".only", WarnNobodyEnters)
	}
	l.warn(c.General.Notify.Tickets != NotifyNone && !host.Mailer, "general.notify.tickets", WarnNoMailer)
	form := c.Chat.ContactForm
	l.warn(form.Enabled && !host.Mailer, "chat.contactForm.enabled", WarnNoMailer)
	unknown := host.Mailboxes != nil && !slices.Contains(host.Mailboxes, form.Mailbox.ID)
	l.warn(form.Enabled && form.Mailbox.Enabled && unknown, "chat.contactForm.mailbox.id", WarnNoMailbox, form.Mailbox.ID)
	slices.SortStableFunc(l.warnings, func(a, b Problem) int { return orderOf(a.Path) - orderOf(b.Path) })
	return l.warnings
}

// social is a social login with its names for programs and for people.
type social struct {
	provider, name string
	Social
}

// socials returns both social logins, Facebook's first.
func (c *Chat) socials() []social {
	return []social{{"facebook", "Facebook", c.Facebook}, {"google", "Google", c.Google}}
}

// SwitchedOff returns the configuration c. If before had a social login on and c has none,
// the result is without "social only", which the settings page then hides (R6.3).
func (c Config) SwitchedOff(before Config) Config {
	was, is := &before.Chat, &c.Chat
	if (was.Facebook.Enabled || was.Google.Enabled) && !is.Facebook.Enabled && !is.Google.Enabled {
		is.Facebook.Only, is.Google.Only = false, false
	}
	return c
}
