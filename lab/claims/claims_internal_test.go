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
