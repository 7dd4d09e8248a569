package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	linkPattern = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	spanPattern = regexp.MustCompile("`([^`]+)`")
	pathPattern = regexp.MustCompile(`^(github\.com/charlahq/charla/)?([\w.-]+(?:/[\w.*-]+)*)/?$`)
	filePattern = regexp.MustCompile(`^[\w-]+\.(md|sh)$`)
	testPattern = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
)

// document checks the links, code spans and code blocks of a Markdown file.
func (c *checker) document(name string, lines []string) {
	for i, line := range lines {
		line = strings.TrimRight(line, " ")
		if block(lines, i) {
			c.command(name, i+1, line)
			continue
		}
		for _, m := range linkPattern.FindAllStringSubmatch(spanPattern.ReplaceAllString(line, ""), -1) {
			c.link(name, i+1, m[1])
		}
		for _, m := range spanPattern.FindAllStringSubmatch(line, -1) {
			c.command(name, i+1, m[1])
			c.path(name, i+1, m[1])
			c.name(name, i+1, m[1])
		}
	}
}

// block reports whether line i is in a fenced block.
func block(lines []string, i int) bool {
	inside := false
	for _, line := range lines[:i+1] {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inside = !inside
		}
	}
	return inside
}

func (c *checker) link(name string, line int, target string) {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return
	}
	file, anchor, _ := strings.Cut(target, "#")
	if file = path.Join(path.Dir(name), file); strings.HasPrefix(target, "#") {
		file = name
	}
	if _, err := os.Stat(filepath.Join(c.root, file)); err != nil {
		c.report(name, line, "link", "%s does not exist", target)
	} else if anchor != "" && !slices.Contains(c.anchorsOf(file), anchor) {
		c.report(name, line, "link", "%s has no heading %s", file, anchor)
	}
}

// anchorsOf returns the anchors of a document's headings, as GitHub makes them.
func (c *checker) anchorsOf(file string) []string {
	if known, ok := c.anchors[file]; ok {
		return known
	}
	text, _ := os.ReadFile(filepath.Join(c.root, file))
	lines := strings.Split(string(text), "\n")
	found := []string{}
	for i, line := range lines {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") || block(lines, i) {
			continue
		}
		found = append(found, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title)))
	}
	c.anchors[file] = found
	return found
}

// path checks a code span that looks like a path of this repository: one that
// begins with a folder which is there, a document or script, or a test's name.
func (c *checker) path(name string, line int, span string) {
	if testPattern.MatchString(span) && !c.tests[span] {
		c.report(name, line, "path", "no test is called %s", span)
	}
	if filePattern.MatchString(span) {
		if !slices.ContainsFunc(c.files, func(f string) bool { return path.Base(f) == span }) {
			c.report(name, line, "path", "no file is called %s", span)
		}
		return
	}
	m := pathPattern.FindStringSubmatch(strings.TrimPrefix(span, "./"))
	if m == nil {
		return
	}
	first, _, deep := strings.Cut(m[2], "/")
	if m[1] == "" && (!deep || !c.exists(name, first)) {
		return
	}
	// A package may be followed by a name of it: "chatcfg.Config".
	dir, base := path.Split(m[2])
	base, _, _ = strings.Cut(base, ".")
	if !c.exists(name, m[2]) && (m[1] == "" || !c.exists(name, dir+base)) {
		c.report(name, line, "path", "%s does not exist", span)
	}
}
