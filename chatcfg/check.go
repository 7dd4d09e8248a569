package chatcfg

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText returns the problems of a text of several lines that someone typed, with the path
// as given; nil if there are none. The text must not be blank, must have at most limit
// characters (and four bytes for each), valid UTF-8, and no control characters but tabs and
// line ends ("\n" or "\r\n").
func CheckText(path, s string, limit int) Problems {
	return checkString(path, s, limit, true, true)
}

// CheckLine is [CheckText] for a text of one line: tabs, line ends and other characters that
// break a line are problems.
func CheckLine(path, s string, limit int) Problems {
	return checkString(path, s, limit, true, false)
}

// checkString is [CheckText], where a text may be blank unless required, and must have one
// line unless lines is true.
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
	if required && IsBlank(s) {
		add(CodeBlank)
	}
	if hasControl(s, lines) {
		add(CodeControlCharacter)
	}
	return problems
}

// tooLong reports whether a text has more than limit characters, or than four bytes for each.
func tooLong(s string, limit int) bool {
	return len(s) > limit && (len(s) > utf8.UTFMax*limit || utf8.RuneCountInString(s) > limit)
}

// hasControl reports whether a text has control characters. Tabs and line ends count unless
// lines is true.
func hasControl(s string, lines bool) bool {
	if lines {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	return strings.ContainsFunc(s, func(r rune) bool {
		if lines && (r == '\n' || r == '\t') {
			return false
		}
		return unicode.IsControl(r) || !lines && breaksLine(r)
	})
}

// breaksLine reports whether a character is a control character or ends a line.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// shorten returns a value as a message shows it: at most 60 characters of valid UTF-8 without
// control characters, then "…" if it was longer.
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
		if breaksLine(r) {
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
