package sqlite

import (
	"strconv"
	"strings"
)

// Words are indexed as tokens of FTS5, each led by its account, so that a search
// reads the lists of one account only. The tokenizer "ascii" cuts at ASCII
// characters that are neither letters nor digits, folds ASCII letters, and takes
// everything else as it is: ñ is not n. Characters that it would touch are
// therefore spelled in a private area of Unicode, and that area itself is
// escaped, so that every word is one token and different words are different.
const (
	private = 0xE000 // … to 0xE07F stand for ASCII
	escape  = 0xE080 // stands before a character of 0xE000 to 0xE080
)

// lead returns the prefix of every token of an account, which no other account's has.
func lead(account int64) string { return strconv.FormatInt(account, 10) + "x" }

// spelled returns a text with its words spelled for the index, without the account's
// prefix.
func spelled(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for word := range strings.SplitSeq(text, " ") {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		spell(&b, word)
	}
	return b.String()
}

// prefixed returns a spelled text with the account's prefix before each word, as the index
// takes it.
func prefixed(account int64, spelled string) string {
	return lead(account) + strings.ReplaceAll(spelled, " ", " "+lead(account))
}

// match returns the FTS5 query for a word of an account; with prefix, for all words that
// begin with it. Of the characters that FTS5 gives a meaning it has only quotes and star.
func match(account int64, word string, prefix bool) string {
	var b strings.Builder
	b.WriteByte('"')
	b.WriteString(lead(account))
	spell(&b, word)
	b.WriteByte('"')
	if prefix {
		b.WriteByte('*')
	}
	return b.String()
}

// spell appends a word to b as the tokenizer keeps it: characters that it would change or
// cut at are replaced.
func spell(b *strings.Builder, word string) {
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > escape, r > 0x7F && r < private:
			b.WriteRune(r)
		case r <= 0x7F:
			b.WriteRune(private + r)
		default:
			b.WriteRune(escape)
			b.WriteRune(r)
		}
	}
}
