package automation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
// It is an Aho–Corasick automaton over the symbols of [fold.Reader]: a rune together
// with whether there is a border before it. Keywords only begin and end at a border, so
// a path's suffix is worth following only if it begins at one.
type Keywords struct {
	words []string
	nodes []node
	edges []edge
	// common are the root's children by the runes of Latin alphabets.
	common [0x180]int32
}

// node is a state: what the text has in common with keywords. The root is 0.
type node struct {
	// lo and hi bound the node's edges, which are in the order of their symbols.
	lo, hi int32
	// fail is the longest suffix that is a node and begins at a border.
	fail int32
	// any is the node itself or the nearest suffix that is a keyword, if the
	// place where it ends is an end; prefix the same, for what needs none.
	any, prefix int32
	// whole and stem are the keywords, counted from one, that the node is as a
	// whole and without its asterisk; zero if none.
	whole, stem int32
	// depth is the number of symbols from the root.
	depth int32
}

// edge leads to a child.
type edge struct {
	symbol rune
	to     int32
}

// Match is a keyword found in a text.
type Match struct {
	// Word is the keyword as it was configured.
	Word string
	// From and To bound the bytes of the text that it is: From included, To not.
	// The match of a prefix goes to the end of the word.
	From, To int
}

// CompileKeywords compiles words, phrases and prefixes ("recl*"); of a phrase the last
// word may be a prefix. White space around a keyword does not count. It fails with
// [ErrKeyword] at the first that is not a keyword.
func CompileKeywords(words []string) (*Keywords, error) {
	k := &Keywords{words: slices.Clone(words), nodes: make([]node, 1)}
	children := []map[rune]int32{{}}
	for i, word := range k.words {
		stem, prefix := strings.CutSuffix(strings.TrimSpace(word), "*")
		if strings.TrimSpace(stem) != stem || stem == "" || strings.Contains(stem, "*") {
			return nil, fmt.Errorf("%w: number %d, %q", ErrKeyword, i+1, word)
		}
		tails := openTails
		if !prefix {
			tails = tails[:1]
		}
		for _, tail := range tails {
			at := int32(0)
			for _, symbol := range symbolsOf(stem, tail) {
				to, ok := children[at][symbol]
				if !ok {
					to = int32(len(k.nodes))
					children[at][symbol] = to
					children = append(children, map[rune]int32{})
					k.nodes = append(k.nodes, node{depth: k.nodes[at].depth + 1})
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
	}
	k.link(children)
	return k, nil
}

// openTails are what may follow a prefix: what comes next decides whether an apostrophe
// or a comma at its end is within a word.
var openTails = []string{"", "a", "0", "א"}

// symbolsOf returns the symbols of a stem that a tail follows, without white space at
// its ends. A keyword of nothing but marks and white space has none.
func symbolsOf(stem, tail string) (symbols []rune) {
	r := fold.Reader{Text: stem + tail}
	for {
		symbol, ok := r.Next()
		if !ok || r.From >= len(stem) {
			break
		}
		symbols = append(symbols, symbol)
	}
	for len(symbols) > 0 && symbols[len(symbols)-1] == ' '|fold.Border {
		symbols = symbols[:len(symbols)-1]
	}
	for len(symbols) > 0 && symbols[0] == ' '|fold.Border {
		symbols = symbols[1:]
	}
	return symbols
}

// link stores the edges and links each node with its suffix, parents first.
func (k *Keywords) link(children []map[rune]int32) {
	queue := []int32{0}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		n := &k.nodes[at]
		n.lo = int32(len(k.edges))
		for symbol, to := range children[at] {
			k.edges = append(k.edges, edge{symbol, to})
		}
		n.hi = int32(len(k.edges))
		slices.SortFunc(k.edges[n.lo:n.hi], func(a, b edge) int { return int(a.symbol - b.symbol) })
		for _, e := range k.edges[n.lo:n.hi] {
			queue = append(queue, e.to)
			if r := int(e.symbol &^ fold.Border); at == 0 && r < len(k.common) {
				k.common[r] = e.to
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
			k.nodes[e.to].fail = k.step(n.fail, e.symbol)
		}
	}
}

// step returns the node that a symbol leads to from a node: its child, else that of its
// longest suffix that has one, else the root. From the root only a symbol with a border
// leads on.
func (k *Keywords) step(at int32, symbol rune) int32 {
	for at != 0 {
		if to := k.child(at, symbol); to != 0 {
			return to
		}
		at = k.nodes[at].fail
	}
	r := int(symbol &^ fold.Border)
	switch {
	case symbol&fold.Border == 0:
		return 0
	case r < len(k.common):
		return k.common[r]
	}
	return k.child(0, symbol)
}

// child returns a node's child by a symbol; zero: it has none.
func (k *Keywords) child(at int32, symbol rune) int32 {
	lo, hi := k.nodes[at].lo, k.nodes[at].hi
	for lo < hi {
		mid := (lo + hi) / 2
		switch e := &k.edges[mid]; {
		case e.symbol == symbol:
			return e.to
		case e.symbol < symbol:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return 0
}

// Find returns the keyword that ends first in a text; of several that end there the one
// that begins first, a whole one before a prefix; false: there is none. A prefix ends,
// for this, where its asterisk stands. It takes time linear in the text and allocates
// nothing for Latin text.
func (k *Keywords) Find(text string) (Match, bool) {
	if k == nil || len(k.nodes) < 2 {
		return Match{}, false
	}
	var (
		s       = fold.Reader{Text: text}
		at      int32 // the state
		origin  int   // where the text left the root
		symbols int32 // how many since
		end     int   // where the last of them ends
	)
	for {
		if at == 0 {
			s.SkipWord()
		}
		symbol, more := s.Plain()
		if !more {
			symbol, more = s.Next()
		}
		border := !more || symbol&fold.Border != 0
		if at != 0 {
			found := k.nodes[at].prefix
			if border {
				found = k.nodes[at].any
			}
			if found != 0 {
				return k.match(found, s, origin, symbols, end, border), true
			}
		}
		if !more {
			return Match{}, false
		}
		at = k.step(at, symbol)
		symbols++
		if k.nodes[at].depth == 1 {
			origin, symbols = s.From, 1
		}
		end = s.To
	}
}

// match returns where a node was found that ends at end, so many symbols after origin;
// s has read one symbol more. The match of a prefix goes on to the next border.
func (k *Keywords) match(found int32, s fold.Reader, origin int, symbols int32, end int, border bool) Match {
	n := &k.nodes[found]
	which := n.stem
	if border && n.whole != 0 {
		which = n.whole
	}
	start := fold.Reader{Text: s.Text, To: origin}
	for range symbols - n.depth + 1 {
		start.Next()
	}
	for !border {
		end = s.To
		symbol, more := s.Next()
		border = !more || symbol&fold.Border != 0
	}
	return Match{Word: k.words[which-1], From: start.From, To: end}
}
