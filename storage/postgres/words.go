package postgres

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Words are lexemes of a tsvector, each led by its account's number and a letter,
// so that a search reads the lists of one account only: x before a word as it is, y
// before the head of one that is too long for the index. Nothing parses them: a
// lexeme is compared byte by byte.
const (
	whole = "x"
	long  = "y"
	// maxWord is the longest word that is indexed as it is; the head of a longer
	// one has at least minHead bytes.
	maxWord = 500
	minHead = maxWord - utf8.UTFMax + 1
	// maxVector bounds a tsvector: PostgreSQL's own limit is a megabyte.
	maxVector = 256 << 10
)

// head returns the beginning of a word: at most n bytes, of whole characters.
func head(word string, n int) string {
	if len(word) <= n {
		return word
	}
	for n > 0 && !utf8.RuneStart(word[n]) {
		n--
	}
	return word[:n]
}

// lead returns what lexemes of an account begin with: its number. A letter follows it, so
// that no other account's lexemes begin so.
func lead(account int64) string { return strconv.FormatInt(account, 10) }

var quoting = strings.NewReplacer(`'`, `''`, `\`, `\\`)

// quote appends a lexeme, made of parts, to b as PostgreSQL quotes it.
func quote(b *strings.Builder, parts ...string) {
	b.WriteByte('\'')
	for _, part := range parts {
		_, _ = quoting.WriteString(b, part) // a Builder never fails
	}
	b.WriteByte('\'')
}

// vector is some words of a text: as a tsvector, and those that are too long, in
// full and separated by spaces.
type vector struct{ words, long string }

// vectors returns the words of an account's text, which single spaces separate, in as
// many vectors as their size needs; none for a text without words.
func vectors(account int64, text string) (all []vector) {
	var words, rest strings.Builder
	flush := func() {
		if words.Len() > 0 {
			all = append(all, vector{words.String(), rest.String()})
		}
		words.Reset()
		rest.Reset()
	}
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case word == "":
			continue
		case words.Len() > maxVector:
			flush()
		}
		words.WriteByte(' ')
		if len(word) <= maxWord {
			quote(&words, lead(account), whole, word)
			continue
		}
		quote(&words, lead(account), long, head(word, maxWord))
		if rest.Len() > 0 {
			rest.WriteByte(' ')
		}
		rest.WriteString(word)
	}
	flush()
	return all
}

// match returns the SQL condition that a text has a word, or, with prefix, one that begins
// with it. arg adds an argument of the statement and returns its place, such as $3.
func match(account int64, word string, prefix bool, arg func(any) string) string {
	query := func(kind, lexeme string, prefix bool) string {
		var b strings.Builder
		quote(&b, lead(account), kind, lexeme)
		if prefix {
			b.WriteString(":*")
		}
		return "words @@ " + arg(b.String()) + "::text::tsquery"
	}
	among := func(condition string) string {
		return " AND EXISTS (SELECT FROM unnest(string_to_array(long, ' ')) AS l(word) WHERE " + condition + ")"
	}
	switch {
	case word == "" && !prefix:
		return "false"
	case prefix && len(word) <= minHead:
		return "(" + query(whole, word, true) + " OR " + query(long, word, true) + ")"
	case prefix:
		found := query(long, head(word, minHead), true) + among("starts_with(l.word, "+arg(word)+"::text)")
		if len(word) <= maxWord {
			found = "(" + query(whole, word, true) + " OR " + found + ")"
		}
		return found
	case len(word) <= maxWord:
		return query(whole, word, false)
	}
	return query(long, head(word, maxWord), false) + among("l.word = "+arg(word)+"::text")
}
