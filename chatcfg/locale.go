package chatcfg

import (
	"cmp"
	"sync"

	"golang.org/x/text/language"
)

// matcher picks among the three languages; the first is the fallback.
var matcher = sync.OnceValue(func() language.Matcher {
	return language.NewMatcher([]language.Tag{language.Spanish, language.English, language.Portuguese})
})

// MatchLocale is [VisitorLocale], and [Spanish] if that is unknown (R6.9).
func MatchLocale(acceptLanguage string) Locale {
	return cmp.Or(VisitorLocale(acceptLanguage), Spanish)
}

// VisitorLocale is the language, [Spanish], [English] or [Portuguese], that suits
// an Accept-Language header best; empty if none does or it cannot be read. One of
// more than a kilobyte cannot.
func VisitorLocale(acceptLanguage string) Locale {
	if len(acceptLanguage) > 1<<10 {
		return ""
	}
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return ""
	}
	_, i, confidence := matcher().Match(tags...)
	if confidence == language.No {
		return ""
	}
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
