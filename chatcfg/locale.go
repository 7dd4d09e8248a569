package chatcfg

import (
	"sync"

	"golang.org/x/text/language"
)

// matcher picks among the three languages; the first is the fallback.
var matcher = sync.OnceValue(func() language.Matcher {
	return language.NewMatcher([]language.Tag{language.Spanish, language.English, language.Portuguese})
})

// MatchLocale is the language, [Spanish], [English] or [Portuguese], that suits
// an Accept-Language header best; Spanish if none does or it cannot be read
// (R6.9). One of more than a kilobyte cannot.
func MatchLocale(acceptLanguage string) Locale {
	if len(acceptLanguage) > 1<<10 {
		return Spanish
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return Spanish
	}
	_, i, _ := matcher().Match(tags...)
	return [...]Locale{Spanish, English, Portuguese}[i]
}

// For is the language to speak to a visitor in: the locale itself, or for
// [Auto], and for one that is unknown, the one that suits their Accept-Language
// header (R6.9, [MatchLocale]).
func (l Locale) For(acceptLanguage string) Locale {
	switch l {
	case Spanish, English, Portuguese:
		return l
	}
	return MatchLocale(acceptLanguage)
}
