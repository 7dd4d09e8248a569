package chatcfg

import "reflect"

// Default returns the configuration of a new account, with its texts in a language.
// Every automatic action is off, every choice is the most usual one; the name
// and the domain are missing. chat.locale is l; [Auto] has its texts in Spanish,
// and so has an unknown locale, which becomes [Spanish].
func Default(l Locale) Config {
	language := l
	switch l {
	case Spanish, English, Portuguese:
	case Auto:
		language = Spanish
	default:
		l, language = Spanish, Spanish
	}
	c := Config{}.clone()
	config := reflect.ValueOf(&c).Elem()
	for _, one := range document().leaves {
		switch value := one.of(config); standard := one.standard.(type) {
		case Words:
			value.Set(reflect.ValueOf(Words{Any: standard.own(language)}))
		case string:
			value.SetString(standard)
		case int64:
			value.SetInt(standard)
		case []string:
			value.Set(reflect.ValueOf(append([]string(nil), standard...)))
		case bool:
			value.SetBool(standard)
		case Duration:
			value.Set(reflect.ValueOf(&standard))
		}
	}
	c.Chat.Locale = l
	return c
}
