package chatcfg

import "strings"

// Normalize gives every value its canonical spelling: domains without a scheme
// and in ASCII ([ParseDomain]), e-mail domains and colours in lower case, no
// white space around values of one line, "\n" as the line end of texts, empty
// lists for nil ones. It never fails: what has no canonical spelling stays as it
// is, trimmed, for [Config.Validate] to refuse. Normalizing twice changes
// nothing more. The receiver is left as it was.
func (c Config) Normalize() Config {
	c = c.clone()
	for _, action := range c.Automation.texts() {
		each(action.Messages, wordsOf(unixLines))
	}
	each(c.General.Important.Keywords, strings.TrimSpace)
	each(c.General.Notify.To, canonical(ParseEmail))
	c.Hours.Timezone = strings.TrimSpace(c.Hours.Timezone)

	chat := &c.Chat
	chat.Domain = canonical(ParseDomain)(chat.Domain)
	each(chat.ExtraDomains, canonical(parsePattern))
	chat.PrimaryColor = canonical(ParseColor)(chat.PrimaryColor)
	chat.TextColor = canonical(ParseColor)(chat.TextColor)
	form := &chat.ContactForm
	form.Email.Address = canonical(ParseEmail)(form.Email.Address)
	for _, line := range []*string{&chat.Name, &chat.Welcome.Author, &form.Mailbox.ID} {
		*line = strings.TrimSpace(*line)
	}
	for _, line := range []*Words{&chat.LongButton.Text, &form.Title} {
		*line = line.edited(strings.TrimSpace)
	}
	for _, text := range []*Words{
		&form.Description, &form.Success, &form.Error,
		&chat.Welcome.Text, &chat.IdentificationMessage, &chat.HeaderMessage,
	} {
		*text = text.edited(unixLines)
	}
	return c
}

func each[T any](list []T, do func(T) T) {
	for i := range list {
		list[i] = do(list[i])
	}
}

// wordsOf edits every text of a Words.
func wordsOf(edit func(string) string) func(Words) Words {
	return func(w Words) Words { return w.edited(edit) }
}

// canonical applies a parser where it can.
func canonical(parse func(string) (string, error)) func(string) string {
	return func(s string) string {
		s = strings.TrimSpace(s)
		if parsed, err := parse(s); err == nil {
			return parsed
		}
		return s
	}
}

// unixLines is idempotent: one pass leaves no "\r" before a "\n".
func unixLines(s string) string {
	if !strings.Contains(s, "\r\n") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i := range lines[:len(lines)-1] {
		lines[i] = strings.TrimRight(lines[i], "\r")
	}
	return strings.Join(lines, "\n")
}
