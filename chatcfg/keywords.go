package chatcfg

import "strings"

// SplitKeywords returns the keywords that people type into one field: one a line, or
// separated by commas. A keyword with a comma stands in quotes, in which two quotes stand for
// one. Blank ones are left out.
func SplitKeywords(s string) []string {
	keywords := []string{}
	add := func(keyword string) {
		if keyword = strings.TrimSpace(keyword); keyword != "" {
			keywords = append(keywords, keyword)
		}
	}
	for line := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' }) {
		for line != "" {
			line = strings.TrimLeft(line, " \t\u00a0")
			quoted, rest, ok := unquote(line)
			if !ok {
				rest = line
			}
			end := strings.IndexAny(rest, commas)
			if end < 0 {
				end = len(rest)
			}
			add(quoted + rest[:end])
			_, line, _ = cutRune(rest[end:])
		}
	}
	return keywords
}

// JoinKeywords returns keywords as a text that [SplitKeywords] reads, one a line.
func JoinKeywords(keywords []string) string {
	lines := make([]string, len(keywords))
	for i, keyword := range keywords {
		keyword = strings.Join(strings.FieldsFunc(keyword, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' }), " ")
		if strings.ContainsAny(keyword, commas) || keyword != "" && closing(keyword) != "" {
			keyword = `"` + strings.ReplaceAll(keyword, `"`, `""`) + `"`
		}
		lines[i] = keyword
	}
	return strings.Join(lines, "\n")
}

// commas are what people separate words with.
const commas = ",،、，"

// closing returns the closing quote for a text that begins with an opening one; empty: it
// does not.
func closing(s string) string {
	for _, pair := range [...][2]string{{`"`, `"`}, {"“", "”"}, {"«", "»"}, {"„", "“"}} {
		if strings.HasPrefix(s, pair[0]) {
			return pair[1]
		}
	}
	return ""
}

// unquote returns the quoted text with which a line begins, and what follows it; false: there
// is none.
func unquote(line string) (quoted, rest string, ok bool) {
	end := closing(line)
	if end == "" {
		return "", "", false
	}
	_, rest, _ = cutRune(line)
	for {
		before, after, found := strings.Cut(rest, end)
		if !found {
			return "", "", false
		}
		quoted += before
		if !strings.HasPrefix(after, end) {
			return quoted, after, true
		}
		quoted += end
		rest = after[len(end):]
	}
}

// cutRune splits a text after its first rune; false: it is empty.
func cutRune(s string) (first, rest string, ok bool) {
	for i := range s {
		if i > 0 {
			return s[:i], s[i:], true
		}
	}
	return s, "", s != ""
}
