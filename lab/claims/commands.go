package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	targetPattern = regexp.MustCompile(`(?m)^([a-z][a-z-]*):(.*)$`)
	makePattern   = regexp.MustCompile(`(?:^|\s)make ([a-z][a-z-]*)((?: [A-Z]+=\S*)*)`)
	scriptPattern = regexp.MustCompile(`(?:^|[\s@])(scripts/[\w-]+\.sh)`)
	goPattern     = regexp.MustCompile(`(?:^|\s)go (run|test) ([^|;#]*)`)
	funcPattern   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example|Benchmark)\w*)\(`)
)

// testFlags are flags of "go test" itself.
var testFlags = map[string]bool{
	"args": true, "bench": true, "count": true, "fuzz": true, "list": true, "race": true, "run": true, "short": true, "timeout": true, "v": true,
}

// readCommands reads the targets of the Makefile and the names of all tests.
func (c *checker) readCommands() error {
	text, err := os.ReadFile(filepath.Join(c.root, "Makefile"))
	if err != nil {
		return err
	}
	c.targets = map[string]string{}
	for _, m := range targetPattern.FindAllStringSubmatch(string(text), -1) {
		c.targets[m[1]] = m[2]
	}
	for _, file := range c.files {
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(c.root, file))
		if err != nil {
			return err
		}
		for _, m := range funcPattern.FindAllStringSubmatch(string(text), -1) {
			c.tests[m[1]] = true
		}
	}
	return nil
}

// command checks the commands of this repository in a line of code.
func (c *checker) command(name string, line int, code string) {
	for _, m := range makePattern.FindAllStringSubmatch(code, -1) {
		recipe, ok := c.targets[m[1]]
		if !ok {
			c.report(name, line, "command", "make has no target %s", m[1])
			continue
		}
		script := ""
		if of := scriptPattern.FindStringSubmatch(recipe); of != nil {
			text, _ := os.ReadFile(filepath.Join(c.root, of[1]))
			script = string(text)
		}
		for _, set := range strings.Fields(m[2]) {
			variable, _, _ := strings.Cut(set, "=")
			if !strings.Contains(script, "${"+variable) {
				c.report(name, line, "command", "make %s takes no %s", m[1], variable)
			}
		}
	}
	for _, m := range scriptPattern.FindAllStringSubmatch(code, -1) {
		if !c.exists("", m[1]) {
			c.report(name, line, "command", "%s does not exist", m[1])
		}
	}
	for _, m := range goPattern.FindAllStringSubmatch(code, -1) {
		c.goCommand(name, line, m[1], strings.Fields(m[2]))
	}
}

// goCommand checks the package of "go run" or "go test", the flags after it and
// the tests that -run names.
func (c *checker) goCommand(name string, line int, verb string, words []string) {
	dir, tests := "", ""
	for i, word := range words {
		switch {
		case dir == "" && strings.HasPrefix(word, "./"):
			dir = strings.TrimSuffix(word, "/...")
			if !c.exists("", dir) {
				c.report(name, line, "command", "package %s does not exist", word)
				return
			}
			tests = c.sources(dir)
		case dir == "" || !strings.HasPrefix(word, "-"):
		case verb == "test" && word == "-run" && i+1 < len(words):
			pattern, err := regexp.Compile(`(?m)^func (Test|Fuzz|Example)\w*` + strings.Trim(words[i+1], `'"^$`))
			if err != nil || !pattern.MatchString(tests) {
				c.report(name, line, "command", "%s has no test %s", dir, words[i+1])
			}
		default:
			flagName, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
			declared := regexp.MustCompile(`(?:Var|[a-z0-9])\((?:[^,"()]+, )?"` + regexp.QuoteMeta(flagName) + `"`)
			if (verb != "test" || !testFlags[flagName]) && !declared.MatchString(tests) {
				c.report(name, line, "command", "%s has no flag %s", dir, word)
			}
		}
	}
}

// sources returns the Go files of a folder, joined.
func (c *checker) sources(dir string) string {
	var all strings.Builder
	for _, file := range c.files {
		if path.Dir(file) == path.Clean(dir) && strings.HasSuffix(file, ".go") {
			text, _ := os.ReadFile(filepath.Join(c.root, file))
			all.Write(text)
		}
	}
	return all.String()
}
