package chatcfg

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// matcher picks among the three languages; the first is the fallback.
var matcher = sync.OnceValue(func() language.Matcher {
	return language.NewMatcher([]language.Tag{language.Spanish, language.English, language.Portuguese})
})

// MatchLocale returns what [VisitorLocale] does, or [Spanish] if that is empty (R6.9).
func MatchLocale(acceptLanguage string) Locale {
	return cmp.Or(VisitorLocale(acceptLanguage), Spanish)
}

// VisitorLocale returns the language, [Spanish], [English] or [Portuguese], that suits an
// Accept-Language header best; empty if none does, or the header has more than a kilobyte.
// Tags that cannot be read are skipped, and of a tag ("en-US@posix", "es-ES_tradnl") as much
// is read as can be.
func VisitorLocale(acceptLanguage string) Locale {
	if len(acceptLanguage) > 1<<10 {
		return ""
	}
	_, i, confidence := matcher().Match(wanted(acceptLanguage)...)
	if confidence == language.No {
		return ""
	}
	return [...]Locale{Spanish, English, Portuguese}[i]
}

// wanted returns the languages of an Accept-Language header, the most wanted first.
func wanted(header string) []language.Tag {
	type weighed struct {
		tag    language.Tag
		weight float64
	}
	var list []weighed
	for one := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(one, ";")
		weight, ok := weightOf(params)
		if tag, read := readTag(strings.TrimSpace(name)); read && ok && weight > 0 {
			list = append(list, weighed{tag, weight})
		}
	}
	slices.SortStableFunc(list, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	tags := make([]language.Tag, len(list))
	for i := range list {
		tags[i] = list[i].tag
	}
	return tags
}

// weightOf returns the weight q among the parameters of a language, at most 1; 1 if there
// is none, false if it is no number. Other parameters do not matter.
func weightOf(params string) (float64, bool) {
	for one := range strings.SplitSeq(params, ";") {
		if q, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(one)), "q="); found {
			weight, err := strconv.ParseFloat(q, 64)
			return min(weight, 1), err == nil
		}
	}
	return 1, true
}

// readTag returns the language of a text such as "pt-BR" or "es_CL.UTF-8". If the whole
// text names none it drops the last part, after one of "-_@. ", and tries again; false: no
// part is left.
func readTag(s string) (language.Tag, bool) {
	for s != "" {
		if tags, _, err := language.ParseAcceptLanguage(s); err == nil && len(tags) == 1 {
			return tags[0], true
		}
		s = s[:max(strings.LastIndexAny(s, "-_@. "), 0)]
	}
	return language.Und, false
}

// For returns the language for a visitor: the locale itself, or, for [Auto] and unknown
// locales, the one that suits their Accept-Language header ([MatchLocale], R6.9).
func (l Locale) For(acceptLanguage string) Locale {
	switch l {
	case Spanish, English, Portuguese:
		return l
	}
	return MatchLocale(acceptLanguage)
}
