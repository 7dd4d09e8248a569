package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charlahq/charla/chatcfg"
	"golang.org/x/tools/txtar"
)

// The sections of a scenario file.
const (
	configSection = "config.json"
	scriptSection = "script"
)

// Script is a scenario file that has been read. It is immutable, safe for
// concurrent use, and can be played any number of times.
type Script struct {
	name string
	// config is the configuration to start with, from configLine on.
	config     chatcfg.Config
	configLine int
	statements []statement
	comment    string
}

// statement is a line of the script.
type statement struct {
	line int
	do   step
}

// step does what a statement says. Its error is a [*Failure] without a line, an
// error of charla's, or one of the store's.
type step func(ctx context.Context, p *player) error

// Comment returns what the file says it shows: all text before its first section.
func (s *Script) Comment() string { return s.comment }

// Parse reads a scenario file. name is how failures call it, and its last element is
// the seed of all chance in it. It fails with a [*Failure] if the file is malformed.
func Parse(name string, data []byte) (*Script, error) {
	archive := txtar.Parse(data)
	s := &Script{name: name, config: chatcfg.Default(chatcfg.Spanish), configLine: 1, comment: string(archive.Comment)}
	seen := make(map[string]bool, len(archive.Files))
	line := 1 + bytes.Count(archive.Comment, []byte("\n"))
	for _, f := range archive.Files {
		if err := s.section(f, line, seen); err != nil {
			return nil, err
		}
		line += 1 + bytes.Count(f.Data, []byte("\n"))
	}
	if !seen[scriptSection] {
		return nil, wanted("a section "+scriptSection, "none").at(name, 1)
	}
	return s, nil
}

// section reads one section, whose heading is at line, into s, and its name into seen.
// It fails with a [*Failure] for an unknown, repeated or malformed one.
func (s *Script) section(f txtar.File, line int, seen map[string]bool) error {
	fail := func(want, got string) error { return wanted(want, got).at(s.name, line) }
	if seen[f.Name] {
		return fail("each section once", "a second "+strconv.Quote(f.Name))
	}
	seen[f.Name] = true
	switch f.Name {
	case configSection:
		var err error
		s.configLine = line
		if s.config, err = chatcfg.Decode(f.Data); err != nil {
			return badConfig(allProblems(s.config.Chat.Locale, f.Data, err)).at(s.name, line+min(syntaxLine(err), bytes.Count(f.Data, []byte("\n"))))
		}
		return nil
	case scriptSection:
		return s.script(string(f.Data), line)
	default:
		return fail(configSection+" or "+scriptSection, strconv.Quote(f.Name))
	}
}

// script reads the statements below the heading into s. It fails with a [*Failure] if
// there are none, or one is malformed.
func (s *Script) script(data string, heading int) error {
	line := heading
	for text := range strings.Lines(data) {
		line++
		if !utf8.ValidString(text) {
			return wanted("UTF-8", strconv.Quote(strings.TrimSpace(text))).at(s.name, line)
		}
		do, err := parseLine(strings.TrimSpace(text))
		if err != nil {
			return asFailure(err).at(s.name, line)
		}
		if do != nil {
			s.statements = append(s.statements, statement{line, do})
		}
	}
	if len(s.statements) == 0 {
		return wanted("a statement", "an empty script").at(s.name, heading)
	}
	return nil
}

// allProblems returns all problems of a document that cannot be read, those of what can
// be read included; unreadable, the error of reading, if it finds none.
func allProblems(l chatcfg.Locale, doc []byte, unreadable error) error {
	base := chatcfg.Default(l)
	base.Chat.Name, base.Chat.Domain = defaultName, defaultDomain
	if _, err := chatcfg.Apply(base, doc); err != nil {
		return err
	}
	return unreadable
}

// syntaxLine returns the line of a document at which it stops being JSON, by the error
// of reading it; zero: it is wrong in another way.
func syntaxLine(err error) int {
	var problems chatcfg.Problems
	if errors.As(err, &problems) && problems[0].Code == chatcfg.CodeSyntax {
		return problems[0].Args[0].(int)
	}
	return 0
}

// badConfig returns the failure for a configuration that is not valid, because of err.
func badConfig(err error) *Failure {
	return &Failure{Want: "a valid configuration", Got: oneLine(err.Error()), Err: err}
}

// parseLine returns the step of a line; nil: it has no statement. It fails with a
// [*Failure], without a line yet, if the line is malformed.
func parseLine(text string) (step, error) {
	word, rest := cutWord(text)
	switch word {
	case "!":
		do, err := parseLine(rest)
		if do == nil && err == nil {
			err = wanted("a statement", "nothing")
		}
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, p *player) error { return p.refuses(ctx, do) }, nil
	case "config":
		return parseConfig(rest)
	}
	list, err := tokens(text)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	l := &line{tokens: list}
	do := l.statement()
	if l.end(); l.err != nil {
		return nil, l.err
	}
	return do, nil
}

// parseConfig returns the step for what follows "config": JSON to the end of the line.
// It fails with a [*Failure] if that is not JSON.
func parseConfig(rest string) (step, error) {
	running := false
	if word, after := cutWord(rest); word == "running" {
		running, rest = true, after
	}
	if rest == "" {
		return nil, wanted("JSON", "nothing")
	}
	var raw json.RawMessage
	if err := json.Unmarshal([]byte(rest), &raw); err != nil {
		return nil, wanted("JSON", oneLine(err.Error()))
	}
	return func(ctx context.Context, p *player) error { return p.configure(ctx, []byte(rest), running) }, nil
}

// cutWord cuts off the first word of a text without leading space, and returns it and
// the rest; a comment's sign ends the word, too.
func cutWord(s string) (word, rest string) {
	i := strings.IndexFunc(s, func(r rune) bool { return r == '#' || unicode.IsSpace(r) })
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// token is a word or a string of a statement.
type token struct {
	text   string
	quoted bool
}

// String returns the token in quotes, as failures show it.
func (t token) String() string {
	if t.quoted {
		return "the string " + strconv.Quote(t.text)
	}
	return strconv.Quote(t.text)
}

// tokens cuts a line into words and strings, up to a comment. It fails with a
// [*Failure] for a malformed string.
func tokens(s string) ([]token, error) {
	var list []token
	for {
		s = strings.TrimSpace(s)
		switch {
		case s == "" || s[0] == '#':
			return list, nil
		case s[0] == '"':
			quoted, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, wanted("a Go string", s)
			}
			text, _ := strconv.Unquote(quoted)
			if s = s[len(quoted):]; s != "" && s[0] != '#' && strings.TrimSpace(s) == s {
				return nil, wanted("a space after "+quoted, s)
			}
			list = append(list, token{text, true})
		default:
			var word string
			word, s = cutWord(s)
			if strings.Contains(word, `"`) {
				return nil, wanted("a space before a string", strconv.Quote(word))
			}
			list = append(list, token{text: word})
		}
	}
}

// line is a line being read. The first failure stays.
type line struct {
	tokens []token
	err    error
}

// fail makes the line fail, unless it has already.
func (l *line) fail(want, got string) {
	if l.err == nil {
		l.err = wanted(want, got)
	}
}

// peek returns the next token as a word, without taking it; empty: there is none, or it
// is a string.
func (l *line) peek() string {
	if len(l.tokens) == 0 || l.tokens[0].quoted {
		return ""
	}
	return l.tokens[0].text
}

// next takes the next token if ok accepts it and returns its text; else the line fails
// and it returns "".
func (l *line) next(want string, ok func(token) bool) string {
	switch {
	case l.err != nil:
	case len(l.tokens) == 0:
		l.fail(want, "the end of the line")
	case !ok(l.tokens[0]):
		l.fail(want, l.tokens[0].String())
	default:
		text := l.tokens[0].text
		l.tokens = l.tokens[1:]
		return text
	}
	return ""
}

// word takes a word and returns it; else the line fails and it returns "".
func (l *line) word(want string) string {
	return l.next(want, func(t token) bool { return !t.quoted })
}

// text takes a string and returns it; else the line fails and it returns "".
func (l *line) text() string {
	return l.next("a string", func(t token) bool { return t.quoted })
}

// oneOf takes one of some words and returns it; else the line fails and it returns "".
func (l *line) oneOf(words ...string) string {
	want := words[0]
	if last := len(words) - 1; last > 0 {
		want = strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return l.next(want, func(t token) bool {
		for _, w := range words {
			if !t.quoted && t.text == w {
				return true
			}
		}
		return false
	})
}

// skip takes a word if it is the next one and the line has not failed, and reports
// whether it did.
func (l *line) skip(word string) bool {
	if l.err != nil || l.peek() != word {
		return false
	}
	l.tokens = l.tokens[1:]
	return true
}

// name takes the name of a customer or an agent and returns it; else the line fails and
// it returns "".
func (l *line) name(of string) string {
	return l.next(fmt.Sprintf("%s's name of letters, digits, - and _", of), func(t token) bool {
		return !t.quoted && strings.Trim(t.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
	})
}

// end makes the line fail if tokens are left.
func (l *line) end() {
	if l.err == nil && len(l.tokens) > 0 {
		l.fail("the end of the line", l.tokens[0].String())
	}
}
