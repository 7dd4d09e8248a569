package chatcfg

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// node is a value of a document.
type node struct {
	kind    byte // one of "{[tfn0\"" as in JSON, for object, list, true, …
	members []member
	items   []node
	text    string // of a string, or a number as it is written
	broken  bool   // a string that escapes half a character
}

type member struct {
	key   string
	value node
}

// parseDocument reads JSON into a tree. A document that is too large, too deep or
// no JSON has no tree; the error is Problems.
func parseDocument(doc []byte) (node, error) {
	if len(doc) > MaxDocument {
		return node{}, refuse(CodeTooLarge, MaxDocument)
	}
	if !utf8.Valid(doc) {
		return node{}, refuse(CodeInvalidUTF8)
	}
	var raw json.RawMessage
	if err := json.Unmarshal(doc, &raw); err != nil {
		offset := len(doc)
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			offset = int(syntax.Offset)
		}
		line, column := position(doc, offset)
		return node{}, refuse(CodeSyntax, line, column)
	}
	if nesting(doc) > MaxDepth {
		return node{}, refuse(CodeTooDeep, MaxDepth)
	}
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	p := parser{doc: doc, decoder: decoder}
	return p.value(), nil
}

// position is the line and column, from 1, of the byte that an offset has just
// passed.
func position(doc []byte, offset int) (line, column int) {
	before := doc[:max(0, min(offset, len(doc))-1)]
	line = 1 + bytes.Count(before, []byte("\n"))
	column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return line, column
}

// parser builds the tree of a document that is known to be JSON.
type parser struct {
	doc     []byte
	decoder *json.Decoder
}

// token is the next token, and how it is written.
func (p *parser) token() (json.Token, []byte) {
	start := p.decoder.InputOffset()
	token, err := p.decoder.Token()
	if err != nil {
		panic("chatcfg: valid JSON does not tokenize: " + err.Error())
	}
	return token, p.doc[start:p.decoder.InputOffset()]
}

func (p *parser) value() node {
	token, raw := p.token()
	switch token := token.(type) {
	case json.Delim:
		n := node{kind: byte(token)}
		for p.decoder.More() {
			if token == '[' {
				n.items = append(n.items, p.value())
				continue
			}
			key, _ := p.token() // half a character in it makes it unknown
			n.members = append(n.members, member{key: key.(string), value: p.value()})
		}
		p.token()
		return n
	case string:
		return node{kind: '"', text: token, broken: loneSurrogate(raw)}
	case json.Number:
		return node{kind: '0', text: token.String()}
	case bool:
		if token {
			return node{kind: 't'}
		}
		return node{kind: 'f'}
	}
	return node{kind: 'n'}
}

// nesting is how deep the objects and lists of valid JSON nest.
func nesting(doc []byte) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(doc); i++ {
		switch c := doc[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// loneSurrogate says whether a string, as it is written, escapes half a
// character, which encoding/json silently replaces.
func loneSurrogate(raw []byte) bool {
	high := false // the escape before was a high surrogate
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			if high {
				return true
			}
			continue
		}
		i++
		if raw[i] != 'u' {
			if high {
				return true
			}
			continue
		}
		unit, _ := strconv.ParseUint(string(raw[i+1:i+5]), 16, 16)
		i += 4
		low := unit >= 0xDC00 && unit < 0xE000
		if low != high {
			return true
		}
		high = unit >= 0xD800 && unit < 0xDC00
	}
	return high
}

// child is the path of a key under a path.
func child(path, key string) string {
	plain := key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
	switch {
	case !plain || len(key) > 60:
		return path + "[" + strconv.Quote(shorten(key)) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// index is the path of an element of a list.
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
