package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The answers to the requirements of the ASVS, and their numbers.
const (
	asvsDocument = "docs/asvs.md"
	asvsNumbers  = "lab/claims/testdata/asvs-5.0.0.txt"
)

var (
	asvsRow      = regexp.MustCompile(`^\| (V[^|]*?) \| ([^|]*?) \| ([^|]*)\|$`)
	asvsEvidence = regexp.MustCompile("`(Test\\w+|Fuzz\\w+|make [a-z-]+|[\\w/-]+\\.test\\.\\w+)`")
)

// asvs checks that each requirement of the standard has one answer, a requirement that is
// met also evidence. It fails if the standard's numbers cannot be read.
func (c *checker) asvs(lines []string) error {
	text, err := os.ReadFile(filepath.Join(c.root, asvsNumbers))
	if err != nil {
		return err
	}
	var numbers []string
	for line := range strings.Lines(string(text)) {
		if number, _, ok := strings.Cut(line, " "); ok && number != "#" {
			numbers = append(numbers, number)
		}
	}
	next := 0
	for i, line := range lines {
		m := asvsRow.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		first, last, ranged := strings.Cut(m[1], "–")
		if !ranged {
			last = first
		}
		from, to := slices.Index(numbers, first), slices.Index(numbers, last)
		switch {
		case from < 0 || to < from:
			c.report(asvsDocument, i+1, "asvs", "%s is no requirement of level 1 or 2, or no range of them", m[1])
			continue
		case from != next && next < len(numbers):
			c.report(asvsDocument, i+1, "asvs", "the next requirement without an answer is %s", numbers[next])
		case from != next:
			c.report(asvsDocument, i+1, "asvs", "every requirement has an answer already")
		}
		next = max(next, to+1)
		switch m[2] {
		case "partly", "host", "none":
		case "met":
			if !asvsEvidence.MatchString(m[3]) {
				c.report(asvsDocument, i+1, "asvs", "%s is met by nothing that is named", m[1])
			}
		default:
			c.report(asvsDocument, i+1, "asvs", "%q is no answer", m[2])
		}
	}
	if next < len(numbers) {
		c.report(asvsDocument, len(lines), "asvs", "%s has no answer", numbers[next])
	}
	return nil
}
