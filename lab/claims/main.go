package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The limits of documents, in words. The specification and the changelog grow with what
// charla does; the others together do not.
const (
	maxReadme = 1_200
	maxWords  = 11_400
)

// own are the documents with a limit of their own, which the others' does not count.
var own = map[string]int{"docs/security.md": 1_800, asvsDocument: 2_100}

// growing are the documents without a limit.
var growing = []string{"docs/SPEC.md", "CHANGELOG.md"}

// planted is the folder of the faults that the test expects.
const planted = "scripts/testdata/documents/"

func main() {
	root := flag.String("C", ".", "the repository")
	flag.Parse()
	problems, err := check(*root)
	if err != nil {
		fmt.Fprintln(os.Stderr, "claims:", err)
		os.Exit(2)
	}
	for _, p := range problems {
		fmt.Println(p)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
}

// check returns the problems of the repository's files, the planted ones aside.
func check(root string) ([]problem, error) {
	c, err := newChecker(root)
	if err != nil {
		return nil, err
	}
	for _, file := range c.files {
		if !strings.HasPrefix(file, planted) {
			if err := c.file(file); err != nil {
				return nil, err
			}
		}
	}
	c.limits(maxReadme, maxWords)
	return c.problems, nil
}

// A problem is a claim that does not hold.
type problem struct {
	file string
	line int
	kind string
	text string
}

func (p problem) String() string {
	return fmt.Sprintf("%s:%d: %s (%s)", p.file, p.line, p.text, p.kind)
}

type checker struct {
	root     string
	files    []string
	surface  surface
	rules    map[string]bool
	counts   []count
	targets  map[string]string // of the Makefile: name and recipe
	tests    map[string]bool
	words    map[string]int
	anchors  map[string][]string
	problems []problem
}

func newChecker(root string) (*checker, error) {
	out, err := exec.Command("git", "-C", root, "ls-files", "-co", "--exclude-standard").Output() //nolint:gosec // the caller's checkout
	if err != nil {
		return nil, err
	}
	files := slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err != nil // deleted
	})
	slices.Sort(files)
	files = slices.Compact(files) // a file in conflict is listed three times
	c := &checker{root: root, files: files, words: map[string]int{}, anchors: map[string][]string{}, tests: map[string]bool{}}
	if c.surface, err = readSurface(filepath.Join(root, "api")); err != nil {
		return nil, err
	}
	if err := c.readRules(); err != nil {
		return nil, err
	}
	if err := c.readCommands(); err != nil {
		return nil, err
	}
	c.counts = countable(c.surface)
	return c, nil
}

func (c *checker) report(file string, line int, kind, format string, args ...any) {
	c.problems = append(c.problems, problem{file, line, kind, fmt.Sprintf(format, args...)})
}

// file checks one file by what it is.
func (c *checker) file(name string) error {
	switch path.Ext(name) {
	case ".go", ".md", ".mjs", ".sh", ".ts", ".txtar", ".yml":
	default:
		return nil
	}
	text, err := os.ReadFile(filepath.Join(c.root, name))
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	c.lines(name, lines)
	if name == asvsDocument {
		return c.asvs(lines)
	}
	return nil
}

func (c *checker) lines(name string, lines []string) {
	c.ruleNumbers(name, lines)
	for i, line := range lines {
		if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			c.report(name, i+1, "conflict", "a conflict is not resolved")
		}
	}
	switch {
	case path.Ext(name) == ".md":
		c.words[name] = len(strings.Fields(strings.Join(lines, "\n")))
		c.document(name, lines)
		c.countsIn(name, lines)
	case path.Ext(name) == ".go" && !strings.Contains(name, "testdata/"):
		c.comments(name, lines)
	}
}

// limits reports documents that are too long.
func (c *checker) limits(readme, all int) {
	sum := 0
	for name, n := range c.words {
		if limit, has := own[name]; has {
			if n > limit {
				c.report(name, 1, "words", "%d words, at most %d are allowed", n, limit)
			}
		} else if !slices.Contains(growing, name) {
			sum += n
		}
	}
	if n := c.words["README.md"]; n > readme {
		c.report("README.md", 1, "words", "%d words, at most %d are allowed", n, readme)
	}
	if sum > all {
		c.report("README.md", 1, "words", "the documents but %s have %d words, at most %d are allowed", strings.Join(growing, " and "), sum, all)
	}
}

// exists reports whether a path leads to something, from the root or the folder of the
// document that names it. A * matches any characters.
func (c *checker) exists(document, name string) bool {
	for _, base := range []string{"", path.Dir(document)} {
		found, err := filepath.Glob(filepath.Join(c.root, base, name))
		if err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
