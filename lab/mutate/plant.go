package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// planted is a package with all its mutants in it, by their numbers: a function of which there are mutants
// begins with their bodies, and the environment variable MUTANT says which one runs.
type planted struct {
	folder  string
	tests   []string // the packages whose tests must notice
	mutants map[int]site
}

// choice is a file of the package: it says which mutant runs, and notes in the file MUTANTS_REACHED, if that
// is set, which could.
const choice = `package %s

import (
	mutantOS "os"
	mutantNumber "strconv"
	mutantSync "sync/atomic"
)

var (
	mutantOnly  = func() int { n, _ := mutantNumber.Atoi(mutantOS.Getenv("MUTANT")); return n }()
	mutantNotes = mutantOS.Getenv("MUTANTS_REACHED")
	mutantSeen  [%d]mutantSync.Bool
)

func mutantChosen(n int) bool {
	if mutantNotes == "" {
		return n == mutantOnly
	}
	if mutantSeen[n].CompareAndSwap(false, true) {
		if f, err := mutantOS.OpenFile(mutantNotes, mutantOS.O_APPEND|mutantOS.O_CREATE|mutantOS.O_WRONLY, 0o600); err == nil {
			_, _ = f.WriteString(mutantNumber.Itoa(n) + "\n")
			_ = f.Close()
		}
	}
	return false
}
`

// withMutants returns a file's text with mutants in it, each in its function and as a function by itself, for
// the compiler to see what it would refuse, as a return that is missing. It reports their errors as of a file
// of their number's name.
func withMutants(path, source string, mutants map[int]site) string {
	var numbers []int
	for number, s := range mutants {
		if s.path == path {
			numbers = append(numbers, number)
		}
	}
	slices.SortFunc(numbers, func(a, b int) int {
		if by := mutants[a].body[0] - mutants[b].body[0]; by != 0 {
			return by
		}
		return a - b
	})
	var b strings.Builder
	done := 0
	for i, number := range numbers {
		s := mutants[number]
		b.WriteString(source[done:s.body[0]])
		done = s.body[0]
		fmt.Fprintf(&b, "\nif mutantChosen(%d) {\n//line mutant%d:1\n%s\n", number, number, s.mutated(source))
		if s.returns {
			b.WriteString("panic(`unreachable`)\n")
		} else {
			b.WriteString("return\n")
		}
		b.WriteString("}\n")
		if i == len(numbers)-1 || mutants[numbers[i+1]].body != s.body {
			fmt.Fprintf(&b, "//line %s:%d\n", filepath.Base(path), 1+strings.Count(source[:done], "\n"))
		}
	}
	b.WriteString(source[done:])
	for _, number := range numbers {
		s := mutants[number]
		fmt.Fprintf(&b, "\n//line mutant%d:1\n%smutant%d%s%s}\n", number,
			source[s.head[0]:s.head[1]], number, source[s.head[2]:s.body[0]], s.mutated(source))
	}
	return b.String()
}

// overlay writes the changed files to a folder and returns the overlay that puts them in place.
func (p planted) overlay(dir string) (string, error) {
	replace := map[string]string{}
	write := func(path, text string) error {
		path, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		replace[path] = filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		return os.WriteFile(replace[path], []byte(text), 0o600)
	}
	name := ""
	done := map[string]bool{}
	for _, s := range p.mutants {
		if done[s.path] {
			continue
		}
		done[s.path] = true
		source, err := os.ReadFile(s.path)
		if err != nil {
			return "", err
		}
		name = clause.FindStringSubmatch(string(source))[1]
		if err := write(s.path, withMutants(s.path, string(source), p.mutants)); err != nil {
			return "", err
		}
	}
	if err := write(filepath.Join(p.folder, "mutant_choice.go"), fmt.Sprintf(choice, name, 1+slices.Max(slices.Collect(maps.Keys(p.mutants))))); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, body, 0o600)
}

var (
	clause = regexp.MustCompile(`(?m)^package (\w+)`)
	wrong  = regexp.MustCompile(`mutant(\d+):\d+`)
)

// prune removes the mutants that do not compile.
func (p planted) prune(ctx context.Context, dir string) error {
	for len(p.mutants) > 0 {
		overlay, err := p.overlay(dir)
		if err != nil {
			return err
		}
		out, err := exec.CommandContext(ctx, "go", "build", "-trimpath", "-gcflags=-e", "-overlay", overlay, "./"+p.folder).CombinedOutput() //nolint:gosec // our own package
		if err == nil {
			return nil
		}
		before := len(p.mutants)
		for _, of := range wrong.FindAllStringSubmatch(string(out), -1) {
			number, err := strconv.Atoi(of[1])
			if err != nil {
				return err
			}
			delete(p.mutants, number)
		}
		if len(p.mutants) == before {
			return fmt.Errorf("%s: %w\n%s", p.folder, err, out)
		}
	}
	return nil
}

// program is the tests of a package.
type program struct {
	binary, folder string
	// reach are the tests that reach a mutant.
	reach map[int][]string
}

// build builds the test programs of the package's suite.
func (p planted) build(ctx context.Context, dir string) (programs []program, err error) {
	overlay, err := p.overlay(dir)
	if err != nil {
		return nil, err
	}
	for i, folder := range p.tests {
		one := program{filepath.Join(dir, fmt.Sprintf("%d.test", i)), folder, map[int][]string{}}
		args := []string{"test", "-c", "-trimpath", "-vet=off", "-overlay", overlay, "-o", one.binary, folder}
		if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil { //nolint:gosec // our own packages
			return nil, errors.Join(err, errors.New(string(out)))
		}
		if err := one.look(ctx, dir); err != nil {
			return nil, err
		}
		programs = append(programs, one)
	}
	return programs, nil
}

// look runs each test by itself and notes which mutants it reaches. It fails if a test does.
func (p *program) look(ctx context.Context, dir string) error {
	list, err := p.run(ctx, nil, "-test.list", ".")
	if err != nil {
		return fmt.Errorf("%w\n%s", err, list)
	}
	for name := range strings.Lines(list) {
		name = strings.TrimSpace(name)
		if !testName.MatchString(name) || building.MatchString(name) {
			continue
		}
		notes := filepath.Join(dir, "reached")
		if out, err := p.run(ctx, []string{"MUTANTS_REACHED=" + notes}, "-test.run", "^"+name+"$"); err != nil {
			return fmt.Errorf("unchanged, %s of %s: %w\n%s", name, p.folder, err, out)
		}
		reached, err := os.ReadFile(notes)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := errors.Join(err, os.Remove(notes)); err != nil {
			return err
		}
		for line := range strings.Lines(string(reached)) {
			number, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil {
				return err
			}
			if !slices.Contains(p.reach[number], name) {
				p.reach[number] = append(p.reach[number], name)
			}
		}
	}
	return nil
}

// run runs the program in its package's folder with variables of the environment, and returns its output. The memory is
// limited: a mutant may loop for ever and eat it.
func (p *program) run(ctx context.Context, env []string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "sh", append([]string{"-c", `ulimit -v 16000000; exec "$0" "$@"`, p.binary}, args...)...) //nolint:gosec // our own tests
	command.Dir, command.Env = p.folder, append(os.Environ(), env...)
	out, err := command.CombinedOutput()
	return string(out), err
}

var testName = regexp.MustCompile(`^(Test|Example|Fuzz)\w*$`)
