package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	rulePattern   = regexp.MustCompile(`\bR\d{1,2}\.\d{1,2}\b`)
	statedPattern = regexp.MustCompile(`(?m)^- (R\d+\.\d+) `)
)

// readRules reads the numbers of the specification's rules.
func (c *checker) readRules() error {
	text, err := os.ReadFile(filepath.Join(c.root, "docs", "SPEC.md"))
	if err != nil {
		return err
	}
	c.rules = map[string]bool{}
	for _, m := range statedPattern.FindAllStringSubmatch(string(text), -1) {
		c.rules[m[1]] = true
	}
	return nil
}

func (c *checker) ruleNumbers(name string, lines []string) {
	for i, line := range lines {
		for _, rule := range rulePattern.FindAllString(line, -1) {
			if !c.rules[rule] {
				c.report(name, i+1, "rule", "docs/SPEC.md has no rule %s", rule)
			}
		}
	}
}

// A count is a number that is written in words before something that can be counted.
type count struct {
	pattern *regexp.Regexp // its first group is the number
	is      int
	of      string
}

var numerals = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}

// countable returns what can be counted. "Two" languages or stores may be some of
// them, so these begin at three.
func countable(s surface) []count {
	number, fromThree := `(?i)\b(`+strings.Join(numerals[1:], "|")+`|\d+)`, `(?i)\b(`+strings.Join(numerals[3:], "|")+`)`
	parts, most := 0, 0
	for part := range s.member["storage.Store"] {
		if part != "Close" {
			parts, most = parts+1, max(most, len(s.member["storage."+part]))
		}
	}
	actions := fields(s.member["chatcfg.Automation"]) - 1 // Combine is none
	return []count{
		{regexp.MustCompile(number + `\s+(?:automatic\s+)?actions\b`), actions, "automatic actions"},
		{regexp.MustCompile(`(?i)\[Store\] has (\w+)\s+parts\b`), parts, "parts of storage.Store"},
		{regexp.MustCompile(`(?i)\bparts of at most (\w+)\s+methods\s+each\b`), most, "methods of the largest part of storage.Store"},
		{regexp.MustCompile(number + `\s+sections\b`), fields(s.member["chatcfg.Config"]), "sections of a configuration"},
		{regexp.MustCompile(number + `\s+commands\b`), s.consts["tickets.CommandKind"], "commands of package tickets"},
		{regexp.MustCompile(fromThree + `\s+languages\b`), s.consts["chatcfg.Locale"] - 1, "languages"},
		{regexp.MustCompile(fromThree + `\s+stores\b`), 3, "stores: memory, SQLite, PostgreSQL"},
	}
}

// countsIn checks the numbers before what can be counted, also across line ends.
func (c *checker) countsIn(name string, lines []string) {
	text := strings.Join(lines, "\n")
	for _, k := range c.counts {
		for _, at := range k.pattern.FindAllStringSubmatchIndex(text, -1) {
			said := strings.ToLower(text[at[2]:at[3]])
			n, err := strconv.Atoi(said)
			if err != nil {
				n = slices.Index(numerals, said)
			}
			if n != k.is {
				c.report(name, 1+strings.Count(text[:at[0]], "\n"), "count", "%q, but there are %d %s", text[at[0]:at[1]], k.is, k.of)
			}
		}
	}
}

// fields counts the fields among a type's members.
func fields(members map[string]string) int {
	n := 0
	for _, of := range members {
		if of != "" {
			n++
		}
	}
	return n
}
