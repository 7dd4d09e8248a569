package automation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charlahq/charla/internal/fold"
)

// ErrKeyword is the error of [CompileKeywords] for a blank keyword, a bare
// asterisk, or one that is not at the end (R5.1).
var ErrKeyword = errors.New("automation: not a keyword")

// Keywords finds words, phrases and prefixes in texts (R5.1): whatever the case
// and the accents, but ñ is not n; whole words; phrases across any white space.
// [CompileKeywords] makes it. The zero value and nil find nothing. It is
// immutable and safe for concurrent use.
//
// It is an Aho–Corasick automaton over folded runes in which a run of white
// space is one space. Keywords only begin and end where a word does: at a place
// that has no letter, digit or mark on one of its sides. So a path's suffix is
// worth following only if it begins at such a place.
type Keywords struct {
	words []string
	nodes []node
	edges []edge
	// common are the root's children by the runes of Latin alphabets.
	common [0x180]int32
}

// node is a state: what the text has in common with keywords. The root is 0.
type node struct {
	// lo and hi bound the node's edges, which are in the order of their runes.
	lo, hi int32
	// fail is the longest suffix that is a node and begins where a word may.
	fail int32
	// any is the node itself or the nearest suffix that is a keyword, if the
	// place where it ends is an end; prefix the same, for what needs none.
	any, prefix int32
	// whole and stem are the keywords, counted from one, that the node is as a
	// whole and without its asterisk; zero if none.
	whole, stem int32
	// depth is the number of runes from the root, and last the last of them.
	depth int32
	last  rune
}

// edge leads to a child.
type edge struct {
	r  rune
	to int32
}

// Match is a keyword found in a text.
type Match struct {
	// Word is the keyword as it was configured.
	Word string
	// From and To bound the bytes of the text that it is: From included, To not.
	// The match of a prefix goes to the end of the word.
	From, To int
}

// CompileKeywords compiles words, phrases and prefixes ("recl*"); of a phrase
// the last word may be a prefix. White space around a keyword does not count. It
// fails with [ErrKeyword] at the first that is none.
func CompileKeywords(words []string) (*Keywords, error) {
	k := &Keywords{words: slices.Clone(words), nodes: make([]node, 1)}
	children := []map[rune]int32{{}}
	for i, word := range k.words {
		stem, prefix := strings.CutSuffix(strings.TrimSpace(word), "*")
		if strings.TrimSpace(stem) != stem || stem == "" || strings.Contains(stem, "*") {
			return nil, fmt.Errorf("%w: number %d, %q", ErrKeyword, i+1, word)
		}
		at := int32(0)
		for _, r := range foldKeyword(stem) {
			to, ok := children[at][r]
			if !ok {
				to = int32(len(k.nodes))
				children[at][r] = to
				children = append(children, map[rune]int32{})
				k.nodes = append(k.nodes, node{depth: k.nodes[at].depth + 1, last: r})
			}
			at = to
		}
		n := &k.nodes[at]
		switch {
		case at == 0: // nothing to look for
		case prefix && n.stem == 0:
			n.stem = int32(i + 1)
		case !prefix && n.whole == 0:
			n.whole = int32(i + 1)
		}
	}
	k.link(children)
	return k, nil
}

// foldKeyword is the runes to look for. A keyword of nothing but marks and white
// space has none.
func foldKeyword(stem string) string {
	var b strings.Builder
	for s := (symbols{text: stem}); ; {
		r, more := s.next()
		if !more {
			return strings.TrimSpace(b.String())
		}
		b.WriteRune(r)
	}
}

// link lays the edges down and links each node with its suffix, parents first.
func (k *Keywords) link(children []map[rune]int32) {
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		n := &k.nodes[at]
		n.lo = int32(len(k.edges))
		for r, to := range children[at] {
			k.edges = append(k.edges, edge{r, to})
		}
		n.hi = int32(len(k.edges))
		slices.SortFunc(k.edges[n.lo:n.hi], func(a, b edge) int { return int(a.r - b.r) })
		for _, e := range k.edges[n.lo:n.hi] {
			queue = append(queue, e.to)
			if at == 0 && int(e.r) < len(k.common) {
				k.common[e.r] = e.to
			}
		}
		if at == 0 {
			continue
		}
		n.any, n.prefix = k.nodes[n.fail].any, k.nodes[n.fail].prefix
		if n.stem != 0 {
			n.any, n.prefix = at, at
		}
		if n.whole != 0 {
			n.any = at
		}
		for _, e := range k.edges[n.lo:n.hi] {
			k.nodes[e.to].fail = k.step(n.fail, e.r, isBorder(n.last, e.r))
		}
	}
}

// isBorder says whether a word may begin or end between two runes.
func isBorder(a, b rune) bool { return !fold.IsWord(a) || !fold.IsWord(b) }

// step goes on from a node by a rune, as far back as it has to. At the root only
// a rune at the border of a word begins something.
func (k *Keywords) step(at int32, r rune, border bool) int32 {
	for at != 0 {
		if to := k.child(at, r); to != 0 {
			return to
		}
		at = k.nodes[at].fail
	}
	switch {
	case !border:
		return 0
	case int(r) < len(k.common):
		return k.common[r]
	}
	return k.child(0, r)
}

// child is a node's child by a rune; zero if there is none.
func (k *Keywords) child(at int32, r rune) int32 {
	lo, hi := k.nodes[at].lo, k.nodes[at].hi
	for lo < hi {
		mid := (lo + hi) / 2
		switch e := &k.edges[mid]; {
		case e.r == r:
			return e.to
		case e.r < r:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0
}

// Find is the keyword that ends first in a text; of several that end there the
// one that begins first, a whole one before a prefix. A prefix ends, for this,
// where its asterisk stands. It takes time linear in the text and allocates
// nothing for Latin text.
func (k *Keywords) Find(text string) (Match, bool) {
	if k == nil || len(k.nodes) < 2 {
		return Match{}, false
	}
	var (
		s      = symbols{text: text}
		at     int32 // the state
		origin int   // where the text left the root
		runes  int32 // how many since
		inWord bool  // whether the last rune belongs to a word
		end    int   // where it ends
	)
	for {
		if at == 0 && inWord {
			s.skipWord()
		}
		r, word := s.plain()
		more := true
		if !word {
			r, more = s.next()
			word = more && fold.IsWord(r)
		}
		border := !inWord || !word
		if at != 0 {
			found := k.nodes[at].prefix
			if border {
				found = k.nodes[at].any
			}
			if found != 0 {
				return k.match(found, text, origin, runes, end, border), true
			}
		}
		if !more {
			return Match{}, false
		}
		at = k.step(at, r, border)
		runes++
		if k.nodes[at].depth == 1 {
			origin, runes = s.from, 1
		}
		inWord, end = word, s.to
	}
}

// match tells where a node was found that ends at end, so many runes after
// origin.
func (k *Keywords) match(found int32, text string, origin int, runes int32, end int, border bool) Match {
	n := &k.nodes[found]
	which := n.stem
	if border && n.whole != 0 {
		which = n.whole
	}
	start := symbols{text: text, to: origin}
	for range runes - n.depth + 1 {
		start.next()
	}
	rest := symbols{text: text, to: end}
	for !border {
		r, more := rest.next()
		if border = !more || !fold.IsWord(r); !border {
			end = rest.to
		}
	}
	return Match{Word: k.words[which-1], From: start.from, To: end}
}

// symbols reads the folded runes of a text; a run of white space is one space.
type symbols struct {
	text string
	// from and to bound the bytes of the last rune; to is also where the next
	// character begins.
	from, to int
	rest     string
	space    bool
}

// next is the next rune, if there is one.
func (s *symbols) next() (rune, bool) {
	for {
		if s.rest != "" {
			r, size := utf8.DecodeRuneInString(s.rest)
			s.rest = s.rest[size:]
			return r, true
		}
		if s.to == len(s.text) {
			return 0, false
		}
		first, rest, size := fold.Next(s.text[s.to:])
		s.from, s.to, s.rest = s.to, s.to+size, rest
		switch {
		case first < 0:
		case !unicode.IsSpace(first):
			s.space = false
			return first, true
		case !s.space:
			s.space = true
			return ' ', true
		}
	}
}

// markLead is the first byte of U+0300, the first mark that changes a letter
// before it.
const markLead = 0xcc

// plain is next for the most common runes, the Latin letters and digits that no
// mark follows; false, and nothing is read, if there is another.
func (s *symbols) plain() (rune, bool) {
	to := s.to
	if to+1 >= len(s.text) || s.rest != "" || s.text[to+1] >= markLead {
		return 0, false
	}
	r := plainBytes[s.text[to]]
	if r == 0 {
		return 0, false
	}
	s.from, s.to, s.space = to, to+1, false
	return rune(r), true
}

// skipWord skips letters and digits within a word; marks are skipped by next.
func (s *symbols) skipWord() {
	to := s.to
	for s.rest == "" && to < len(s.text) && plainBytes[s.text[to]] != 0 {
		to++
	}
	s.to = to
}

// plainBytes folds Latin letters and digits; zero for all else.
var plainBytes = [256]byte{
	'0': '0', '1': '1', '2': '2', '3': '3', '4': '4', '5': '5', '6': '6', '7': '7', '8': '8', '9': '9',
	'A': 'a', 'B': 'b', 'C': 'c', 'D': 'd', 'E': 'e', 'F': 'f', 'G': 'g', 'H': 'h', 'I': 'i', 'J': 'j', 'K': 'k', 'L': 'l', 'M': 'm',
	'N': 'n', 'O': 'o', 'P': 'p', 'Q': 'q', 'R': 'r', 'S': 's', 'T': 't', 'U': 'u', 'V': 'v', 'W': 'w', 'X': 'x', 'Y': 'y', 'Z': 'z',
	'a': 'a', 'b': 'b', 'c': 'c', 'd': 'd', 'e': 'e', 'f': 'f', 'g': 'g', 'h': 'h', 'i': 'i', 'j': 'j', 'k': 'k', 'l': 'l', 'm': 'm',
	'n': 'n', 'o': 'o', 'p': 'p', 'q': 'q', 'r': 'r', 's': 's', 't': 't', 'u': 'u', 'v': 'v', 'w': 'w', 'x': 'x', 'y': 'y', 'z': 'z',
}
