package fold

import (
	"strings"
	"unicode/utf8"
)

// Border is the bit of a [Reader]'s symbol which says that a word may begin there,
// and that the one before ends.
const Border = 1 << 21

// Reader reads the symbols of a text: its folded runes, of white space one space (none
// at the start), each with [Border] if there is one before it. The zero Reader with a
// Text is at its start.
//
// The borders are those of Unicode's annex 29, but for these:
//
//   - Each kana is a word, as ideographs are, so that a word is found in the middle of
//     a sentence; so is each letter of a script without spaces, beside "_", too.
//   - A full stop and a colon between letters are borders: "listo.Reclamo" is two words,
//     and so are the parts of a host.
//   - White space is never part of a word (U+202F is, by the annex).
//   - What folding leaves out is not there: it neither makes a border nor hides one, but
//     for the joiner within an emoji.
type Reader struct {
	Text string
	// From and To bound the bytes of the last symbol; To is also where the next
	// character begins.
	From, To int
	rest     string
	// before is the last symbol's class; marks keep that of what they belong to.
	before class
	// joins says that a letter or digit that comes next goes on the word.
	joins bool
	odd   bool // the last flag is half
}

// Next returns the next symbol, with [Border] if a word may begin before it; false: the
// text is at its end.
func (r *Reader) Next() (symbol rune, ok bool) {
	joined := false // by a zero-width joiner
	for r.rest != "" || r.To < len(r.Text) {
		if r.rest != "" {
			c, size := utf8.DecodeRuneInString(r.rest)
			r.rest = r.rest[size:]
			return r.symbol(c, false), true
		}
		first, rest, size := Next(r.Text[r.To:])
		r.From, r.To, r.rest = r.To, r.To+size, rest
		switch {
		case first < 0:
			joined = strings.HasSuffix(r.Text[r.From:r.To], "\u200d")
		case r.before != space || classOf(first) != space:
			return r.symbol(first, joined), true
		}
	}
	return 0, false
}

// symbol returns the symbol of a folded rune, with [Border] if a word may begin before
// it, and records its class as the last one. joined says that a joiner stands before
// it.
func (r *Reader) symbol(c rune, joined bool) rune {
	class, before, joins := classOf(c), r.before, r.joins
	if class == mark && before != space {
		return c
	}
	r.before, r.joins = class, class.isPart()
	border := true
	switch class {
	case space:
		c = ' '
	case letter, hebrew, digit:
		border = !joins
	case connector:
		border = !before.isPart()
	case apostrophe:
		next := r.peek()
		r.joins = before.isLetter() && next.isLetter() || before == digit && next == digit
		border = !r.joins && before != hebrew
	case midLetter:
		r.joins = before.isLetter() && r.peek().isLetter()
		border = !r.joins
	case midDigit:
		r.joins = before == digit && r.peek() == digit
		border = !r.joins
	case quotes:
		r.joins = before == hebrew && r.peek() == hebrew
		border = !r.joins
	case flag:
		border = before != flag || !r.odd
		r.odd = border
	case emoji:
		border = !joined || before == space
	case mark:
		r.before = other
	}
	if border {
		c |= Border
	}
	return c
}

// peek returns the class of what comes next, marks aside; space at the end of the text.
func (r *Reader) peek() class {
	rest, text := r.rest, r.Text[r.To:]
	for rest != "" || text != "" {
		var c rune
		var size int
		if rest != "" {
			c, size = utf8.DecodeRuneInString(rest)
			rest = rest[size:]
		} else {
			c, rest, size = Next(text)
			text = text[size:]
		}
		if c < 0 {
			continue
		}
		if class := classOf(c); class != mark {
			return class
		}
	}
	return space
}

// Plain is Next for the most common symbols, Latin letters, digits and spaces that no
// mark follows; false, and nothing is read, if there is another.
func (r *Reader) Plain() (symbol rune, ok bool) {
	to := r.To
	if to+1 >= len(r.Text) || r.rest != "" || r.Text[to+1] >= markLead || r.Text[to+1] == softLead {
		return 0, false
	}
	symbol = plain[r.Text[to]]
	switch {
	case symbol > '9':
		r.before = letter
	case symbol > ' ':
		r.before = digit
	case symbol == 0 || r.before == space:
		return 0, false
	default:
		r.From, r.To, r.before, r.joins = to, to+1, space, false
		return symbol | Border, true
	}
	if !r.joins {
		symbol |= Border
	}
	r.From, r.To, r.joins = to, to+1, true
	return symbol, true
}

// SkipWord skips Latin letters and digits that continue the word before them; without
// such a word it does nothing.
func (r *Reader) SkipWord() {
	if !r.joins || r.rest != "" {
		return
	}
	to := r.To
	for to < len(r.Text) && plain[r.Text[to]] > ' ' {
		to++
	}
	if to > r.To {
		r.To, r.before = to, latin[r.Text[to-1]]
	}
}

// plain folds Latin letters, digits and the space; zero for all else.
var plain = func() (t [256]rune) {
	t[' '] = ' '
	for c := range rune(utf8.RuneSelf) {
		if latin[c] == letter || latin[c] == digit {
			t[c] = rune(table[c])
		}
	}
	return t
}()

// Words returns the words of a text, separated by single spaces, by which a search is
// to find it: what stands between two borders and is neither white space nor
// punctuation, and, of the letters of scripts without spaces, each two that stand
// together. Empty: it has none.
func Words(s string) string { return words(s, true) }

// Query returns the words of a text to look for among those of [Words], separated by
// single spaces: of letters of scripts without spaces that stand together each two, and
// one that stands alone.
func Query(s string) string { return words(s, false) }

// words returns what Words does, if all is true, or else what Query does.
func words(s string, all bool) string {
	var (
		out    strings.Builder
		word   []byte // from its border on
		lone   bool   // it is a letter of a script without spaces
		is     bool   // it is a word
		last   string // the lone letter before it
		paired bool   // that one with the one before
	)
	add := func(word string) {
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(word)
	}
	end := func() {
		switch {
		case is && lone && last != "":
			add(last + string(word))
			last, paired = string(word), true
		case is && lone:
			last = string(word)
		default:
			if last != "" && !paired && !all {
				add(last)
			}
			last, paired = "", false
		}
		if is && (all || !lone) {
			add(string(word))
		}
		word, is = word[:0], false
	}
	for r := (Reader{Text: s}); ; {
		symbol, ok := r.Next()
		if !ok {
			end()
			end()
			return out.String()
		}
		class := classOf(symbol &^ Border)
		if symbol&Border != 0 {
			end()
			lone = class == single
		}
		is = is || class.isWord()
		word = utf8.AppendRune(word, symbol&^Border)
	}
}
