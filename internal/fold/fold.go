// Package fold makes texts alike that differ in what readers do not see as a
// difference, and cuts them into words, for the matching of keywords (R5.1) and for
// searching: "ACCIÓN" and "accion" fold to the same, but ñ is a letter of its own and
// stays apart from n.
//
// A text is folded character by character, where a character is a letter (or
// anything else) with the combining marks that follow it. Folding
//
//   - leaves out what is never seen: soft hyphens, zero-width and other characters
//     that Unicode calls default ignorable;
//   - decomposes (NFD; letters, digits and punctuation by NFKD, so that full width is
//     narrow) and takes the nonspacing marks and the colours of skin away, but for the
//     tilde of an n;
//   - makes one apostrophe and one hyphen of all that look like them;
//   - folds the case as Unicode's full case folding does (ß to ss).
//
// Bytes that are not UTF-8 fold to U+FFFD, one each. What Latin languages use comes
// from a table, without allocation; for the rest golang.org/x/text does it.
//
// [Reader] tells the borders of words: those of Unicode's annex 29, with the
// differences that are listed there.
package fold

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	// tableEnd is the first rune that the table lacks.
	tableEnd = 0x180
	// markLead is the least first byte of a combining mark: U+0300 is 0xCC 0x80.
	markLead = 0xcc
	// softLead is the first byte of a soft hyphen, the only character below the marks
	// that is left out.
	softLead = 0xc2
	tilde    = 0x303
)

// Next folds the first character of a text that is not empty. It returns the folded
// runes, the first by itself because there is rarely another, and how many bytes of s
// the character takes. What folds to nothing has -1 as first: marks that follow
// nothing, and characters that are left out.
func Next(s string) (first rune, rest string, size int) {
	r, size := rune(s[0]), 1
	if r >= utf8.RuneSelf {
		r, size = utf8.DecodeRuneInString(s)
	}
	if r < tableEnd && (size == len(s) || s[size] < markLead && s[size] != softLead) {
		if folded := rune(table[r]); folded != 0 || r == 0 {
			return folded, "", size
		}
	}
	return next(s, r, size)
}

// next is Next for all but the plainest characters: r is the first, of size bytes.
func next(s string, r rune, size int) (first rune, rest string, _ int) {
	base := size
	size, tilded := marks(s, size, isIgnored(r))
	if r < tableEnd {
		switch folded := rune(table[r]); {
		case r == 0xad: // soft hyphen
			return -1, "", size
		case r == 0xdf: // ß
			return 's', "s", size
		case r == 0x13f, r == 0x140: // ŀ
			return 'l', "·", size
		case r == 0x149: // ŉ
			return '\'', "n", size
		case folded == 'n' && tilded:
			return 'ñ', "", size
		default:
			return folded, "", size
		}
	}
	switch {
	case r == utf8.RuneError:
		return r, "", size
	case isIgnored(r), isMark(r):
		return -1, "", size
	case unicode.Is(unicode.Cherokee, r):
		// Its small letters fold to capitals; x/text swaps the two.
		return unicode.ToUpper(r), "", size
	case r >= 0x2010 && r <= 0x2026: // dashes, quotes and dots
		switch r {
		case 0x2024:
			return '.', "", size
		case 0x2025:
			return '.', ".", size
		case 0x2026:
			return '.', "..", size
		}
		return alike(r), "", size
	case isCaseless(r) && form(r, s[:base]).QuickSpanString(s[:base]) == base:
		return alike(r), "", size
	}

	var buf [64]byte
	folded := make([]byte, 0, 16)
	for d := form(r, s[:base]).AppendString(buf[:0], s[:base]); len(d) > 0; {
		r, n := utf8.DecodeRune(d)
		d = d[n:]
		if !unicode.Is(unicode.Mn, r) {
			folded = utf8.AppendRune(folded, alike(r))
		}
	}
	if len(folded) == 0 {
		return -1, "", size
	}
	folded = cases.Fold().Bytes(folded)
	first, n := utf8.DecodeRune(folded)
	if first == 'n' && tilded && n == len(folded) {
		first = 'ñ'
	}
	return first, string(folded[n:]), size
}

// marks returns the end, in s, of the marks that follow a character which ends at size,
// and whether a tilde is among them. Characters that are left out are skipped if marks
// follow, or if the character is one itself, which ignored says.
func marks(s string, size int, ignored bool) (_ int, tilded bool) {
	for end := size; end < len(s); {
		m, n := utf8.DecodeRuneInString(s[end:])
		switch {
		case isMark(m):
			tilded = tilded || m == tilde
			end += n
			size = end
		case isIgnored(m):
			end += n
			if ignored {
				size = end
			}
		default:
			return size, tilded
		}
	}
	return size, tilded
}

// isMark reports whether a rune only changes the character before it: the nonspacing
// marks, the voiced marks of half width and the colours of skin.
func isMark(r rune) bool {
	return r >= 0x300 && (unicode.Is(unicode.Mn, r) || r == 0xff9e || r == 0xff9f || r >= 0x1f3fb && r <= 0x1f3ff)
}

// isIgnored reports whether a rune is left out: it is never seen.
func isIgnored(r rune) bool {
	switch {
	case r < 0x115f:
		return r == 0xad || r == 0x34f || r == 0x61c
	case r >= 0x3165 && r < 0xfe00, r >= 0xfff9 && r <= 0xfffb, r >= 0x13000 && r < 0x14000:
		return false // interlinear annotations and hieroglyphs' joiners are seen
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r)
}

// isCaseless reports whether folding the case leaves a rune as it is. It may be false
// for others that it leaves.
func isCaseless(r rune) bool {
	return !unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt) && unicode.ToLower(r) == r && unicode.ToUpper(r) == r
}

// form returns how a rune, which s is, is decomposed: letters, digits, punctuation and
// what is written in another width by compatibility (NFKD), unless that has a space;
// others canonically (NFD).
func form(r rune, s string) norm.Form {
	switch {
	case r >= 0xff00 && r < 0xfff0:
	case r == 0x203c || r == 0x2049: // ‼ and ⁉ are emoji
		return norm.NFD
	case !unicode.In(r, unicode.L, unicode.Nd, unicode.P):
		return norm.NFD
	}
	if p := norm.NFKD.PropertiesString(s).Decomposition(); len(p) > 0 && hasSpace(p) {
		return norm.NFD
	}
	return norm.NFKD
}

// hasSpace reports whether a text has a space (U+0020).
func hasSpace(p []byte) bool {
	for _, b := range p {
		if b == ' ' {
			return true
		}
	}
	return false
}

// alike returns one rune for all apostrophes and one for all hyphens and dashes; any
// other as it is.
func alike(r rune) rune {
	switch r {
	case '`', 0xb4, 0x2b9, 0x2bb, 0x2bc, 0x2bd, 0x2ca, 0x2cb, 0x55a, 0x2018, 0x2019, 0x201b, 0x2032, 0x2035, 0xa78b, 0xa78c:
		return '\''
	case 0x2043, 0x207b, 0x208b, 0x2212:
		return '-'
	}
	if r > 0x7f && r < 0x3000 && unicode.Is(unicode.Pd, r) {
		return '-'
	}
	return r
}

// table folds the runes below tableEnd; zero: the rune folds to two or to none.
var table = [tableEnd]uint16{
	0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf,
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f,
	0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
	0x40, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
	0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f,
	0x27, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f,
	0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f,
	0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f,
	0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f,
	0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0, 0xae, 0xaf,
	0xb0, 0xb1, 0xb2, 0xb3, 0x27, 0x3bc, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf,
	0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0xe6, 0x63, 0x65, 0x65, 0x65, 0x65, 0x69, 0x69, 0x69, 0x69,
	0xf0, 0xf1, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0xd7, 0xf8, 0x75, 0x75, 0x75, 0x75, 0x79, 0xfe, 0,
	0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0xe6, 0x63, 0x65, 0x65, 0x65, 0x65, 0x69, 0x69, 0x69, 0x69,
	0xf0, 0xf1, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0xf7, 0xf8, 0x75, 0x75, 0x75, 0x75, 0x79, 0xfe, 0x79,
	0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x63, 0x63, 0x63, 0x63, 0x63, 0x63, 0x63, 0x63, 0x64, 0x64,
	0x111, 0x111, 0x65, 0x65, 0x65, 0x65, 0x65, 0x65, 0x65, 0x65, 0x65, 0x65, 0x67, 0x67, 0x67, 0x67,
	0x67, 0x67, 0x67, 0x67, 0x68, 0x68, 0x127, 0x127, 0x69, 0x69, 0x69, 0x69, 0x69, 0x69, 0x69, 0x69,
	0x69, 0x131, 0x133, 0x133, 0x6a, 0x6a, 0x6b, 0x6b, 0x138, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0x6c, 0,
	0, 0x142, 0x142, 0x6e, 0x6e, 0x6e, 0x6e, 0x6e, 0x6e, 0, 0x14b, 0x14b, 0x6f, 0x6f, 0x6f, 0x6f,
	0x6f, 0x6f, 0x153, 0x153, 0x72, 0x72, 0x72, 0x72, 0x72, 0x72, 0x73, 0x73, 0x73, 0x73, 0x73, 0x73,
	0x73, 0x73, 0x74, 0x74, 0x74, 0x74, 0x167, 0x167, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75, 0x75,
	0x75, 0x75, 0x75, 0x75, 0x77, 0x77, 0x79, 0x79, 0x79, 0x7a, 0x7a, 0x7a, 0x7a, 0x7a, 0x7a, 0x73,
}
