package chatcfg

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText checks a text of several lines that someone typed: not blank, at
// most limit characters (and four bytes for each), valid UTF-8, no control
// characters but tabs and line ends ("\n" or "\r\n"). It returns every problem,
// with the path as given; nil if there is none.
func CheckText(path, s string, limit int) Problems {
	return checkString(path, s, limit, true, true)
}

// checkString is CheckText for texts that need not be there or have but one
// line.
func checkString(path, s string, limit int, required, lines bool) Problems {
	var problems Problems
	add := func(code Code, args ...any) {
		problems = append(problems, Problem{Path: path, Code: code, Args: args})
	}
	if tooLong(s, limit) {
		add(CodeTooLong, limit)
		if len(s) > utf8.UTFMax*limit {
			return problems // do not read on: it may be huge
		}
	}
	if !utf8.ValidString(s) {
		add(CodeInvalidUTF8)
		return problems
	}
	if required && isBlank(s) {
		add(CodeBlank)
	}
	if hasControl(s, lines) {
		add(CodeControlCharacter)
	}
	return problems
}

func tooLong(s string, limit int) bool {
	return len(s) > limit && (len(s) > utf8.UTFMax*limit || utf8.RuneCountInString(s) > limit)
}

// isBlank says whether nothing of it is visible: white space and formatting
// characters only.
func isBlank(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			return false
		}
	}
	return true
}

func hasControl(s string, lines bool) bool {
	if lines {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return strings.ContainsFunc(s, func(r rune) bool {
		if lines && (r == '\n' || r == '\t') {
			return false
		}
		return unicode.IsControl(r)
	})
}

// shorten makes a value fit to be shown in a message: at most 60 characters of
// valid UTF-8 without control characters.
func shorten(s string) string {
	const limit = 60
	s, cut := strings.ToValidUTF8(s[:min(len(s), utf8.UTFMax*limit)], "�"), len(s) > utf8.UTFMax*limit
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			cut = true
			break
		}
		if unicode.IsControl(r) {
			r = '�'
		}
		b.WriteRune(r)
		n++
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}
