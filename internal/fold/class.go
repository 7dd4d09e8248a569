package fold

import "unicode"

// class is the kind of a folded rune that decides the borders of words: Word_Break of
// Unicode's annex 29, with the differences of [Reader].
type class uint8

const (
	space class = iota // and the start
	other
	letter
	hebrew
	digit
	connector  // _ and its like
	single     // a letter of a script that is written without spaces
	mark       // a mark that folding leaves: it belongs to what is before it
	apostrophe // between two letters or two digits it belongs to both
	midLetter  // between two letters
	midDigit   // between two digits
	quotes     // between two Hebrew letters
	emoji      // a symbol
	flag       // half a flag
)

// isPart reports whether a letter or digit after this class continues the word.
func (c class) isPart() bool { return c >= letter && c <= connector }

// isLetter reports whether a class is of letters of an alphabet.
func (c class) isLetter() bool { return c == letter || c == hebrew }

// isWord reports whether what stands between two borders is a word if it holds this
// class: without one, it is white space or punctuation.
func (c class) isWord() bool {
	return c == letter || c == hebrew || c == digit || c == single || c == mark || c == emoji || c == flag
}

// latin are the classes of the first runes.
var latin = func() (t [tableEnd]class) {
	for r := range rune(tableEnd) {
		t[r] = findClass(r)
	}
	return t
}()

// classOf returns the class of a folded rune.
func classOf(r rune) class {
	if r < tableEnd {
		return latin[r]
	}
	return findClass(r)
}

// findClass computes the class of a folded rune, which classOf looks up for the first
// runes.
func findClass(r rune) class {
	switch r {
	case '\'':
		return apostrophe
	case '"':
		return quotes
	case 0xb7, 0x55f, 0x5f4, 0x2027:
		return midLetter
	case '.', ',', ';', 0x589, 0x60c, 0x60d, 0x66c, 0x7f8, 0x2044:
		return midDigit
	case 0x203c, 0x2049:
		return emoji
	case 0x2800: // a blank
		return space
	case 0xfffc, 0xfffd:
		return other // what could not be read
	case 0x66b:
		return digit
	case 0x55b, 0x55c, 0x55e, 0x5f3, 0xa789, 0xa78a, 0xab5b:
		return letter // as the annex has it
	}
	switch {
	case r >= 0x3400 && r <= 0x9fff, r >= 0x3031 && r <= 0x3035, r == 0x30fc:
		return single
	case r >= 0x1f1e6 && r <= 0x1f1ff:
		return flag
	case r >= 0x24b6 && r <= 0x24e9, r >= 0x2c2 && r <= 0x2d7, r >= 0x2de && r <= 0x2ff, r >= 0xa708 && r <= 0xa716, r == 0xa720, r == 0xa721:
		return letter // those in circles, and tones
	case r >= 0x1f000 && r <= 0x1faff, r >= 0x1fc00 && r <= 0x1fffd:
		return emoji // those of later versions of Unicode, too
	case unicode.IsSpace(r):
		return space
	case unicode.In(r, unicode.L, unicode.Nl):
		switch {
		case isSingle(r):
			return single
		case unicode.Is(unicode.Hebrew, r):
			return hebrew
		}
		return letter
	case unicode.IsDigit(r):
		return digit
	case unicode.IsMark(r):
		return mark
	case unicode.Is(unicode.Pc, r):
		return connector
	case unicode.Is(unicode.So, r):
		return emoji
	}
	return other
}

// isSingle reports whether a letter is of a script without spaces: ideographs, kana,
// and those whose words only a dictionary can separate.
func isSingle(r rune) bool {
	return r >= 0xe00 && (unicode.In(r, unicode.Thai, unicode.Lao, unicode.Myanmar, unicode.Khmer, unicode.Hiragana, unicode.Katakana,
		unicode.Han, unicode.Ideographic, unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet, unicode.Ahom))
}
