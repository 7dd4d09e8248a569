package chatcfg

import "reflect"

// Normalize returns a copy with every value in its canonical spelling: domains without a
// scheme and in ASCII ([ParseDomain]), e-mail domains and colours in lower case, no white
// space around values of one line, nothing in place of lines and texts that show nothing
// (unless a text is that of one language), "\n" as the line end of texts, empty lists for nil
// ones. Dates, times and choices stay as they are. It never fails: what has no canonical
// spelling stays for [Config.Validate] to refuse. Normalizing twice changes
// nothing more. The receiver is left as it was.
func (c Config) Normalize() Config {
	c = c.clone()
	config := reflect.ValueOf(&c).Elem()
	for _, l := range document().leaves {
		l.each(l.Path, l.of(config), func(s *Setting, _ string, value reflect.Value) {
			if spell := traits[s.Kind].spell; spell != nil {
				edit(value, spell)
			}
			if s.Kind == KindLine || s.Kind == KindText {
				clearBlank(value)
			}
		})
	}
	return c
}

// clearBlank makes a text that shows nothing empty. A blank text of one language stays, for
// [Config.Validate] to refuse: without it visitors would get another language's.
func clearBlank(value reflect.Value) {
	text, ok := value.Addr().Interface().(*string)
	if words, by := value.Addr().Interface().(*Words); by {
		text, ok = &words.Any, true
	}
	if ok && IsBlank(*text) {
		*text = ""
	}
}
