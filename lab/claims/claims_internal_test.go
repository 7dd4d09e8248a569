package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPlanted: each planted fault is reported, and nothing else.
func TestPlanted(t *testing.T) {
	t.Parallel()
	// Files are read under the name that they are to be judged as.
	for name, as := range map[string]string{"README.md": "README.md", "comments.go": "storage/comments.go"} {
		c, err := newChecker(filepath.Join("..", ".."))
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(c.root, planted, name))
		require.NoError(t, err)
		lines := strings.Split(string(text), "\n")
		c.anchors[as] = []string{"planted-faults"}
		c.lines(as, lines)

		var want, got []string
		mark := regexp.MustCompile(` want ([a-z]+)( -->)?$`)
		for i, line := range lines {
			if m := mark.FindStringSubmatch(line); m != nil {
				want = append(want, fmt.Sprintf("%d %s", i+1, m[1]))
			}
		}
		for _, p := range c.problems {
			got = append(got, fmt.Sprintf("%d %s", p.line, p.kind))
		}
		require.ElementsMatch(t, want, got, "%v", c.problems)
	}
}

// TestLimits: one word too much is reported.
func TestLimits(t *testing.T) {
	t.Parallel()
	problems := func(readme, other int) int {
		c := &checker{words: map[string]int{"README.md": readme, "docs/states.md": other, "docs/SPEC.md": 1000}}
		c.limits(10, 30)
		return len(c.problems)
	}
	require.Equal(t, 0, problems(10, 20))
	require.Equal(t, 1, problems(11, 19))
	require.Equal(t, 1, problems(10, 21))
	for _, n := range []int{own["docs/security.md"], own["docs/security.md"] + 1} {
		c := &checker{words: map[string]int{"docs/security.md": n}}
		c.limits(10, 30)
		require.Len(t, c.problems, n-own["docs/security.md"])
	}
}

// TestASVS: a requirement without an answer, or with two, is reported, and so is one that
// is met by nothing that is named; the answers as they are have none of these.
func TestASVS(t *testing.T) {
	t.Parallel()
	c, err := newChecker(filepath.Join("..", ".."))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(c.root, asvsDocument))
	require.NoError(t, err)
	kinds := func(was, is string) (texts []string) {
		require.Contains(t, string(text), was)
		c.problems = nil
		changed := strings.Replace(string(text), was, is, 1)
		require.NoError(t, c.asvs(strings.Split(changed, "\n")))
		for _, p := range c.problems {
			texts = append(texts, p.text)
		}
		return texts
	}
	require.Empty(t, kinds("| V1.1.1 |", "| V1.1.1 |"))
	row := "| V3.4.1 | host | TLS and its headers are before the handler |\n"
	require.Equal(t, []string{"the next requirement without an answer is V3.4.1"}, kinds(row, ""))
	require.Equal(t, []string{"the next requirement without an answer is V3.4.2"}, kinds(row, row+row))
	require.Equal(t, []string{`"perhaps" is no answer`}, kinds("| V3.4.1 | host |", "| V3.4.1 | perhaps |"))
	require.Equal(t, []string{"V3.4.1 is met by nothing that is named"}, kinds("| V3.4.1 | host |", "| V3.4.1 | met |"))
	require.Equal(t, []string{"V3.4.9 is no requirement of level 1 or 2, or no range of them", "the next requirement without an answer is V3.4.1"}, kinds("| V3.4.1 |", "| V3.4.9 |"))
	require.Equal(t, []string{"V17.1.1 has no answer"}, kinds("| V17.1.1–V17.3.2 | none | no WebRTC |\n", ""))
	require.Equal(t, []string{"every requirement has an answer already"}, kinds("no WebRTC |\n", "no WebRTC |\n| V1.1.1 | host | |\n"))
}
