package console

import (
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// The console's texts are written in Spanish where they are used, in templates by
// {{t "…"}} and in Go by visit.t. Another language is another table: a new one
// takes a row here, its months, and nothing else. What a table lacks stays
// Spanish, and a test tells of it.
var languages = map[chatcfg.Locale]map[string]string{
	chatcfg.Spanish: nil,
	chatcfg.English: joined(english, englishAdmin),
}

// joined returns a table of the words of several.
func joined(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, one := range tables {
		maps.Copy(all, one)
	}
	return all
}

var months = map[chatcfg.Locale][12]string{
	chatcfg.Spanish: {"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"},
	chatcfg.English: {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
}

// translate returns a text in a language, with its arguments filled in; a text without
// a translation stays in Spanish.
func translate(lang chatcfg.Locale, text string, args ...any) string {
	if other, ok := languages[lang][text]; ok {
		text = other
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// t returns a text in the reader's language.
func (v *visit) t(text string, args ...any) string { return translate(v.prefs.Lang, text, args...) }

// preferred returns the first of a browser's languages that the console has, else Spanish.
func preferred(r *http.Request) chatcfg.Locale {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(tag, "-")
		if _, ok := languages[chatcfg.Locale(strings.ToLower(tag))]; ok {
			return chatcfg.Locale(strings.ToLower(tag))
		}
	}
	return chatcfg.Spanish
}
