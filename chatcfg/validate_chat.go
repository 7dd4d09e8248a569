package chatcfg

// chat checks the options of SPEC section 6.
func (v *validator) chat(c Chat) {
	v.line("chat.name", c.Name, MaxName, true)
	v.value("chat.domain", c.Domain, true, ParseDomain)
	if len(c.ExtraDomains) > MaxDomains {
		v.add("chat.extraDomains", CodeTooMany, MaxDomains)
	} else {
		v.list("chat.extraDomains", c.ExtraDomains, parsePattern)
	}
	v.form(c.ContactForm)
	v.value("chat.primaryColor", c.PrimaryColor, true, ParseColor)
	v.value("chat.textColor", c.TextColor, true, ParseColor)
	choice(v, "chat.position", c.Position)
	v.words("chat.longButton.text", c.LongButton.Text, MaxButton, c.LongButton.Enabled, false)
	v.social(c)
	v.between("chat.openOnLoad.delaySeconds", c.OpenOnLoad.DelaySeconds, 0, MaxDelaySeconds)
	choice(v, "chat.openOnLoad.devices", c.OpenOnLoad.Devices)
	v.between("chat.notification.count", c.Notification.Count, 1, MaxCount)
	v.welcome(c.Welcome)
	v.words("chat.identificationMessage", c.IdentificationMessage, MaxNote, false, true)
	v.words("chat.headerMessage", c.HeaderMessage, MaxNote, false, true)
	choice(v, "chat.locale", c.Locale)
}

// form checks the contact form (R6.1).
func (v *validator) form(f ContactForm) {
	const path = "chat.contactForm"
	if f.Enabled && !f.Email.Enabled && !f.Mailbox.Enabled {
		v.add(path, CodeFormWithoutTarget)
	}
	v.value(path+".email.address", f.Email.Address, f.Email.Enabled, ParseEmail)
	v.line(path+".mailbox.id", f.Mailbox.ID, MaxMailbox, f.Mailbox.Enabled)
	v.words(path+".title", f.Title, MaxTitle, false, false)
	v.words(path+".description", f.Description, MaxNote, false, true)
	v.words(path+".success", f.Success, MaxNote, false, true)
	v.words(path+".error", f.Error, MaxNote, false, true)
}

// social checks the social logins (R6.3).
func (v *validator) social(c Chat) {
	if !c.SocialOnly() {
		return
	}
	if !c.Facebook.Enabled && !c.Google.Enabled {
		if c.Facebook.Only {
			v.add("chat.facebook.only", CodeOnlyWithoutProvider)
		}
		if c.Google.Only {
			v.add("chat.google.only", CodeOnlyWithoutProvider)
		}
	}
	if c.Anonymous {
		v.add("chat.anonymous", CodeOnlyWithAnonymous)
	}
}

func (v *validator) welcome(w Welcome) {
	const path = "chat.welcome"
	v.between(path+".delaySeconds", w.DelaySeconds, 0, MaxDelaySeconds)
	v.between(path+".repeatMinutes", w.RepeatMinutes, 0, MaxRepeatMinutes)
	choice(v, path+".devices", w.Devices)
	v.words(path+".text", w.Text, MaxText, w.Enabled, true)
	v.line(path+".author", w.Author, MaxName, false)
}

// line checks a text of one line. What is required and blank is missing.
func (v *validator) line(path, s string, limit int, required bool) {
	v.text(path, s, limit, required, false)
}

// words checks a text by language: each of its texts has the limit, and none is
// blank that is required.
func (v *validator) words(path string, w Words, limit int, required, lines bool) {
	w.each(path, func(path, s string) { v.text(path, s, limit, required, lines) })
}

func (v *validator) text(path, s string, limit int, required, lines bool) {
	if required && isBlank(s) {
		v.add(path, CodeRequired)
	}
	v.problems = append(v.problems, checkString(path, s, limit, false, lines)...)
}

// value checks a value that a parser must take.
func (v *validator) value(path, s string, required bool, parse func(string) (string, error)) {
	if s == "" {
		if required {
			v.add(path, CodeRequired)
		}
		return
	}
	_, err := parse(s)
	v.problems = append(v.problems, under(path, err)...)
}

func (v *validator) between(path string, n, least, most int64) {
	if n < least || n > most {
		v.add(path, CodeOutOfRange, least, most)
	}
}
