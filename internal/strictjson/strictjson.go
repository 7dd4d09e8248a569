// Package strictjson reads JSON that others wrote, where a text names somebody or is
// stored. encoding/json is too lenient for that: it turns invalid UTF-8 and escaped
// halves of characters into U+FFFD, so that two texts become one; it matches names in
// any case; and of two members of one name it takes the last. encoding/json still says
// what JSON is; this package refuses what it ignores. Time and memory are linear in
// the length of the document, which callers bound.
package strictjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Why a document is refused. One that is not JSON is a [*json.SyntaxError].
var (
	ErrUTF8   = errors.New("strictjson: not UTF-8")
	ErrDepth  = errors.New("strictjson: nested too deeply")
	ErrObject = errors.New("strictjson: not an object")
	ErrBroken = errors.New("strictjson: a string escapes half a character")
	ErrTwice  = errors.New("strictjson: a name stands twice in an object")
)

// Kind is what a value is: the byte that it begins with in JSON, '0' for all numbers.
type Kind byte

// The kinds of values.
const (
	Object Kind = '{'
	List   Kind = '['
	String Kind = '"'
	Number Kind = '0'
	True   Kind = 't'
	False  Kind = 'f'
	Null   Kind = 'n'
)

// Value is a value of a document.
type Value struct {
	Kind    Kind
	Text    string   // of a string, or a number as it is written
	Members []Member // of an object, in their order
	Items   []Value  // of a list
	// Broken reports that a string escapes half a character, for which Text has
	// U+FFFD.
	Broken bool
}

// Member is a member of an object.
type Member struct {
	Name   string
	Broken bool // as a Value's, of the name
	Value  Value
}

// Parse reads a document, objects and lists nested at most depth deep, into a tree that
// shows what is doubtful in it (repeated names, broken strings), for callers that
// report all of it at once. It fails with [ErrUTF8], [ErrDepth], or a
// [*json.SyntaxError] for what is not JSON.
func Parse(doc []byte, depth int) (Value, error) {
	if err := validate(doc); err != nil {
		return Value{}, err
	}
	p := parser{doc: doc}
	return p.value(depth)
}

// ReadObject reads a document that is one object, nested at most depth deep, and calls
// member for each of its members, in their order. It stops at the first error, and
// returns that of member as it is. It fails as [Parse] does, with [ErrObject] for any
// other value, and with [ErrTwice] or [ErrBroken] for a name that stands twice or a
// broken string at any level. What member was given counts only once ReadObject returns
// nil.
func ReadObject(doc []byte, depth int, member func(name string, v Value) error) error {
	if err := validate(doc); err != nil {
		return err
	}
	p := parser{doc: doc, strict: true}
	if p.peek() != byte(Object) {
		return ErrObject
	}
	return p.object(depth, func(m Member) error { return member(m.Name, m.Value) })
}

// validate returns ErrUTF8, or a [*json.SyntaxError], which says where, for a document
// that is not JSON in UTF-8; else nil.
func validate(doc []byte) error {
	switch {
	case !utf8.Valid(doc):
		return ErrUTF8
	case !json.Valid(doc):
		var raw json.RawMessage
		return json.Unmarshal(doc, &raw) // says where
	}
	return nil
}

// parser walks over a document that is known to be JSON in UTF-8.
type parser struct {
	doc    []byte
	at     int
	strict bool
}

// peek returns the byte that the next token begins with, and goes there; commas and
// colons are skipped like white space.
func (p *parser) peek() byte {
	for {
		switch c := p.doc[p.at]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			p.at++
		default:
			return c
		}
	}
}

// value reads the value that comes next. It fails with ErrDepth if it is nested deeper
// than depth, or, for a strict parser, with ErrTwice or ErrBroken.
func (p *parser) value(depth int) (v Value, err error) {
	c := p.peek()
	v.Kind = Kind(c)
	switch v.Kind {
	case Object:
		err = p.object(depth, func(m Member) error {
			v.Members = append(v.Members, m)
			return nil
		})
	case List:
		if depth <= 0 {
			return v, ErrDepth
		}
		for p.at++; p.peek() != ']'; {
			item, err := p.value(depth - 1)
			if err != nil {
				return v, err
			}
			v.Items = append(v.Items, item)
		}
		p.at++
	case String:
		v.Text, v.Broken, err = p.text()
	case True, Null:
		p.at += len("true")
	case False:
		p.at += len("false")
	default:
		v.Kind = Number
		start := p.at
		for p.at < len(p.doc) && inNumber(p.doc[p.at]) {
			p.at++
		}
		v.Text = string(p.doc[start:p.at])
	}
	return v, err
}

// inNumber reports whether a byte can be part of a number.
func inNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

// object reads an object and calls member for each of its members. It fails like value,
// or with what member returns.
func (p *parser) object(depth int, member func(Member) error) error {
	if depth <= 0 {
		return ErrDepth
	}
	var seen names
	for p.at++; p.peek() != '}'; {
		var m Member
		var err error
		if m.Name, m.Broken, err = p.text(); err != nil {
			return err
		}
		if p.strict && !seen.add(m.Name) {
			return fmt.Errorf("%w: %.100q", ErrTwice, m.Name)
		}
		if m.Value, err = p.value(depth - 1); err != nil {
			return err
		}
		if err := member(m); err != nil {
			return err
		}
	}
	p.at++
	return nil
}

// text reads a string; broken reports that it escapes half a character. Only for that
// it fails, with ErrBroken, if the parser is strict.
func (p *parser) text() (s string, broken bool, err error) {
	p.at++
	start := p.at
	for p.doc[p.at] != '"' && p.doc[p.at] != '\\' {
		p.at++
	}
	if p.doc[p.at] == '"' {
		p.at++
		return string(p.doc[start : p.at-1]), false, nil
	}
	out := append(make([]byte, 0, p.at-start+32), p.doc[start:p.at]...)
	for p.doc[p.at] != '"' {
		if p.doc[p.at] != '\\' {
			out = append(out, p.doc[p.at])
			p.at++
			continue
		}
		r := p.escape()
		broken = broken || r < 0
		out = utf8.AppendRune(out, r) // U+FFFD for -1
	}
	p.at++
	if broken && p.strict {
		return "", true, ErrBroken
	}
	return string(out), broken, nil
}

// escape reads an escape and returns its character; -1: half a character.
func (p *parser) escape() rune {
	c := p.doc[p.at+1]
	p.at += 2
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		r := p.unit()
		if !utf16.IsSurrogate(r) {
			return r
		}
		if p.doc[p.at] == '\\' && p.doc[p.at+1] == 'u' {
			p.at += 2
			if pair := utf16.DecodeRune(r, p.unit()); pair != utf8.RuneError {
				return pair
			}
			p.at -= len(`\u0000`) // it is read by itself
		}
		return -1
	}
	return rune(c)
}

// unit reads the four digits of an escape and returns their number.
func (p *parser) unit() rune {
	n, _ := strconv.ParseUint(string(p.doc[p.at:p.at+4]), 16, 16)
	p.at += 4
	return rune(n)
}

// names are the names of an object: a few in a list, many in a map.
type names struct {
	few  []string
	many map[string]struct{}
}

// add adds a name and reports whether it is new.
func (n *names) add(name string) bool {
	const few = 8
	if n.many != nil {
		_, known := n.many[name]
		n.many[name] = struct{}{}
		return !known
	}
	for _, one := range n.few {
		if one == name {
			return false
		}
	}
	if n.few = append(n.few, name); len(n.few) == few {
		n.many = make(map[string]struct{}, 2*few)
		for _, one := range n.few {
			n.many[one] = struct{}{}
		}
	}
	return true
}
