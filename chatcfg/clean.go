package chatcfg

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is pasted from contacts, documents and messengers carries characters that
// nobody sees, and dashes and digits that only look different. Identifiers (a RUT, a
// telephone, an e-mail, a host) are cleaned of them before they are read, and before
// their length counts. widget/ui/src/clean.ts does the same in the browser; both are
// tested by testdata/identifiers.json.

// maxTyped is the longest identifier that is cleaned, in bytes: no reading gives one.
const maxTyped = 4096

// clean returns an identifier without invisible characters, with plain spaces, hyphens,
// letters and digits, and without white space around it.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(cleanRune, s))
}

// cleanRune returns a character as identifiers have it, or -1 to remove it.
func cleanRune(r rune) rune {
	switch {
	case r < utf8.RuneSelf:
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	case unicode.IsSpace(r), r == brailleBlank:
		return ' '
	case isInvisible(r):
		return -1
	case r >= '\u2010' && r <= '\u2015', r == '\u2212', r == '\ufe58', r == '\ufe63':
		return '-'
	case r >= '\uff01' && r <= '\uff5e':
		const toASCII = '\uff01' - '!'
		// The others mean something in an address.
		if plain := r - toASCII; plain == '-' || plain == '+' || plain == '.' || '0' <= plain && plain <= '9' ||
			'A' <= plain && plain <= 'Z' || 'a' <= plain && plain <= 'z' {
			return plain
		}
	}
	return r
}

// brailleBlank is a braille pattern without dots: a letter that is a space.
const brailleBlank = '\u2800'

// isInvisible reports whether a character by itself shows nothing, and is no white space:
// Unicode's Default_Ignorable_Code_Point (format characters, variation selectors, fillers of
// Hangul, the combining grapheme joiner, tags, …) and the marks of annotations.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		unicode.Is(unicode.Cf, r) && !unicode.In(r, unicode.Prepended_Concatenation_Mark)
}

// IsBlank reports whether a text shows nothing: white space, invisible characters and
// others that are drawn empty.
func IsBlank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !isInvisible(r) && !isEmpty(r) {
			return false
		}
	}
	return true
}

// isEmpty reports whether a character takes room and is drawn empty. Unicode has no
// property for them.
func isEmpty(r rune) bool {
	switch r {
	case brailleBlank,
		'\ufffc',                   // an object that is not there
		'\U00013441', '\U00013442', // blanks of hieroglyphs
		'\U00016fe4', // a filler of Khitan
		'\U0001d159': // a notehead without a note
		return true
	}
	return false
}
