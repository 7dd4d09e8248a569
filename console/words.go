package console

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// The console's texts are written in Spanish where they are used: in templates by
// the functions t and n, in Go by visit.t and visit.n. What the other languages say is in words/, a line for each text:
//
//	Spanish | English | Portuguese
//
// A text stands in one file only: the page's that uses it, or shared.txt if several do.
//
//go:embed words/*.txt
var wordFiles embed.FS

// tongues are the languages of the console, in the order of the columns in words/, and those
// in which a text of the configuration may be given.
var tongues = []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese}

// languages are the texts of each language, by the Spanish one.
var languages = readWords(wordFiles)

// readWords reads the texts of the files in words/. A line that has not one text for each
// language is left out.
func readWords(files fs.FS) map[chatcfg.Locale]map[string]string {
	all := map[chatcfg.Locale]map[string]string{}
	for _, lang := range tongues {
		all[lang] = map[string]string{}
	}
	names, _ := fs.Glob(files, "words/*.txt") // the pattern is right
	for _, name := range names {
		text, _ := fs.ReadFile(files, name) // it is part of the program
		for line := range strings.Lines(string(text)) {
			row := strings.Split(strings.TrimSpace(line), " | ")
			if len(row) != len(tongues) {
				continue
			}
			for i, lang := range tongues {
				all[lang][row[0]] = row[i]
			}
		}
	}
	return all
}

// languageNames are what the languages call themselves.
var languageNames = map[chatcfg.Locale]string{
	chatcfg.Spanish: "Español", chatcfg.English: "English", chatcfg.Portuguese: "Português",
}

var months = map[chatcfg.Locale][12]string{
	chatcfg.Spanish:    {"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"},
	chatcfg.English:    {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	chatcfg.Portuguese: {"jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"},
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

// plural returns the text for one thing or for another number of things, in a language, with
// the number filled in if the text has a place for it.
func plural[N int | int64](lang chatcfg.Locale, n N, one, many string) string {
	text := translate(lang, many)
	if n == 1 {
		text = translate(lang, one)
	}
	if strings.Contains(text, "%d") {
		text = fmt.Sprintf(text, n)
	}
	return text
}

// n returns a text with a number of things in the reader's language.
func (v *visit) n(n int64, one, many string) string { return plural(v.prefs.Lang, n, one, many) }

// t returns a text in the reader's language.
func (v *visit) t(text string, args ...any) string { return translate(v.prefs.Lang, text, args...) }

// preferred returns the language of the console that a browser prefers, by the order of
// Accept-Language and its weights; Spanish if it names none of them.
func preferred(r *http.Request) chatcfg.Locale {
	best, most := chatcfg.Spanish, 0.0
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, rest, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag, _, _ = strings.Cut(tag, "-")
		lang := chatcfg.Locale(strings.ToLower(strings.TrimSpace(tag)))
		if weight := weightOf(rest); weight > most && languages[lang] != nil {
			best, most = lang, weight
		}
	}
	return best
}

// weightOf returns the weight of a language: "q=0.5" is a half, nothing one.
func weightOf(text string) float64 {
	_, number, ok := strings.Cut(text, "q=")
	if !ok {
		return 1
	}
	weight, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || weight > 1 {
		return 0
	}
	return weight
}
