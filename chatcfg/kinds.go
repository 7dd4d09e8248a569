package chatcfg

import (
	"reflect"
	"strings"
)

// Kind says what the value of a [Setting] is, and with it how it is checked,
// spelled and edited.
type Kind string

// The kinds. A setting with [Setting.Items] is a list of them.
const (
	// KindSwitch is on or off.
	KindSwitch Kind = "switch"
	// KindChoice is one of [Setting.Choices].
	KindChoice Kind = "choice"
	// KindNumber is a whole number.
	KindNumber Kind = "number"
	// KindDuration is a [Duration], or none.
	KindDuration Kind = "duration"
	// KindLine is a text of one line, KindText one of several.
	KindLine Kind = "line"
	KindText Kind = "text"
	// KindTemplate is a text of several lines with variables ([ParseText]) that
	// is not blank.
	KindTemplate Kind = "template"
	// KindKeyword is a word, a phrase or a prefix (R5.1).
	KindKeyword Kind = "keyword"
	// KindEmail is an e-mail address ([ParseEmail]).
	KindEmail Kind = "email"
	// KindDomain is a host with its port ([ParseDomain]), KindHosts one that may
	// begin with "*.".
	KindDomain Kind = "domain"
	KindHosts  Kind = "hosts"
	// KindColor is a colour ([ParseColor]).
	KindColor Kind = "color"
	// KindZone is an IANA time zone.
	KindZone Kind = "zone"
	// KindRows are objects with [Setting.Columns].
	KindRows Kind = "rows"
	// KindDate, KindYearly, KindTime and KindEnd are "YYYY-MM-DD", "MM-DD", "HH:MM" and
	// "HH:MM" up to 24:00.
	KindDate   Kind = "date"
	KindYearly Kind = "yearly"
	KindTime   Kind = "time"
	KindEnd    Kind = "end"
)

// trait is what kinds differ in.
type trait struct {
	// spell gives a value its canonical spelling.
	spell func(string) string
	// parse refuses what is no such value.
	parse func(string) (string, error)
	// pattern is what a value matches, for the schema.
	pattern string
}

var traits = map[Kind]trait{
	KindLine:     {spell: strings.TrimSpace},
	KindText:     {spell: unixLines},
	KindTemplate: {spell: unixLines},
	KindKeyword:  {spell: strings.TrimSpace},
	KindZone:     {spell: strings.TrimSpace},
	KindEmail:    {spell: canonical(ParseEmail), parse: ParseEmail},
	KindDomain:   {spell: canonical(ParseDomain), parse: ParseDomain},
	KindHosts:    {spell: canonical(parsePattern), parse: parsePattern},
	KindColor:    {spell: canonical(ParseColor), parse: ParseColor, pattern: "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$"},
	KindDate:     {pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
	KindYearly:   {pattern: "^[0-9]{2}-[0-9]{2}$"},
	KindTime:     {pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
	KindEnd:      {pattern: "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"},
}

// edit replaces every text of a value (a string, a [Words], or a list of these) by what
// change returns for it. It panics on any other value.
func edit(value reflect.Value, change func(string) string) {
	switch v := value.Addr().Interface().(type) {
	case *Words:
		*v = v.edited(change)
	case *[]Words:
		for i := range *v {
			(*v)[i] = (*v)[i].edited(change)
		}
	case *[]string:
		for i := range *v {
			(*v)[i] = change((*v)[i])
		}
	default:
		value.SetString(change(value.String()))
	}
}

// canonical returns a function that returns what a parser makes of a text, or the trimmed
// text if the parser fails.
func canonical(parse func(string) (string, error)) func(string) string {
	return func(s string) string {
		s = line(s)
		if parsed, err := parse(s); err == nil {
			return parsed
		}
		return s
	}
}

// line returns a text without white space around it; empty if it shows nothing.
func line(s string) string {
	if IsBlank(s) {
		return ""
	}
	return strings.TrimSpace(s)
}

// unixLines returns a text with "\n" for each "\r\n", and without any "\r" before it.
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
