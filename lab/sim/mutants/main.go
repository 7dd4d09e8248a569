// Command mutants plants bugs, one at a time, and runs the simulation and where
// that does not see it the repository's tests. Each must be found.
//
//	go run ./lab/sim/mutants [-only NAME] [-seeds N]
//
// It prints what killed each mutant and after how many steps of the schedule, and
// exits with 1 if one survives or does not compile. The tests that are to kill a mutant
// must first pass without it; a timeout kills nothing. A mutant is a file, a piece of
// it, and the piece's replacement (see table.go); the compiler reads the changed copy
// by -overlay, so nothing of it is ever in the sources.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// mutant is a planted bug.
type mutant struct {
	name string
	file string
	old  string
	new  string
	// suite names packages that must kill what no simulation can see; empty: the
	// simulation must.
	suite string
}

var (
	only  = flag.String("only", "", "only mutants whose name contains this")
	seeds = flag.Int("seeds", 400, "seeds of the simulation for each")
)

func main() {
	flag.Parse()
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	run, bad := 0, 0
	sound := map[string]bool{}
	for _, m := range table {
		if !strings.Contains(m.name, *only) {
			continue
		}
		if !sound[m.suite] {
			none := mutant{suite: m.suite}
			if by, err := none.try(dir); !errors.Is(err, errPasses) {
				fmt.Fprintf(os.Stderr, "without a mutant %q fails: %s %v\n", m.suite, by, err)
				os.Exit(1)
			}
			sound[m.suite] = true
		}
		run++
		by, err := m.try(dir)
		if err != nil {
			bad++
			fmt.Printf("SURVIVED %-44s %v\n", m.name, err)
			continue
		}
		fmt.Printf("killed   %-44s %s\n", m.name, by)
	}
	os.RemoveAll(dir)
	fmt.Printf("%d mutants, %d killed\n", run, run-bad)
	if bad > 0 || run == 0 {
		os.Exit(1)
	}
}

var (
	failed = regexp.MustCompile(`seed (\d+) after (\d+) steps of this run: ([a-z ]+):`)
	choice = regexp.MustCompile(`choice: .*after (\d+) steps`)
)

var (
	// errPasses: what should have killed a mutant passes.
	errPasses = errors.New("passes")
	// errTime: it was not over in time, which says nothing.
	errTime = errors.New("not over in time")
)

// timedOut reports whether a test binary was stopped for its time.
func timedOut(out string) bool { return strings.Contains(out, "panic: test timed out after") }

// try plants the mutant and returns what killed it. It fails with errPasses if nothing
// did, and if it does not compile.
func (m mutant) try(dir string) (by string, err error) {
	overlay, err := m.plant(dir)
	if err != nil {
		return "", err
	}
	if m.suite == "" {
		bin := filepath.Join(dir, "sim.test")
		if out, err := command("", "go", "test", "-trimpath", "-overlay", overlay, "-c", "-o", bin, "./lab/sim"); err != nil {
			return "", fmt.Errorf("does not compile: %s", out)
		}
		// A mutant may loop for ever, and eat memory: neither is to hurt.
		out, err := command("lab/sim", "sh", "-c", `ulimit -v 6000000; exec "$0" "$@"`, bin, "-test.run", "^TestSimulation$",
			"-test.v", "-test.timeout", "3m", "-seeds", fmt.Sprint(*seeds), "-stop", "1")
		var exit *exec.ExitError
		if err == nil {
			return "", fmt.Errorf("the simulation %w", errPasses)
		}
		if !errors.As(err, &exit) {
			return "", err
		}
		if timedOut(out) {
			return "", fmt.Errorf("the simulation is %w", errTime)
		}
		if f := failed.FindStringSubmatch(out); f != nil {
			return fmt.Sprintf("simulation, %s, after %s steps (seed %s)", f[3], f[2], f[1]), nil
		}
		if f := choice.FindStringSubmatch(out); f != nil {
			return "simulation, choice, after " + f[1] + " steps", nil
		}
		line, _, _ := strings.Cut(out[max(0, strings.Index(out, "panic:")):], "\n")
		return "simulation: " + line, nil
	}
	args := append([]string{"test", "-trimpath", "-vet=off", "-overlay", overlay, "-count=1"}, strings.Fields(m.suite)...)
	out, err := command("", "go", args...)
	if err == nil {
		return "", fmt.Errorf("%s %w", m.suite, errPasses)
	}
	if timedOut(out) {
		return "", fmt.Errorf("%s is %w", m.suite, errTime)
	}
	if strings.Contains(out, "[build failed]") {
		return "", fmt.Errorf("does not compile: %s", out)
	}
	test := regexp.MustCompile(`--- FAIL: (\S+)`).FindStringSubmatch(out)
	if test == nil {
		return "", fmt.Errorf("no test fails: %s", out)
	}
	return "suite, " + test[1], nil
}

// plant writes the changed copy and the overlay that makes the compiler read it; a
// mutant without a file changes nothing. It fails if the piece is not in the file once.
func (m mutant) plant(dir string) (overlay string, err error) {
	if m.file == "" {
		overlay = filepath.Join(dir, "none.json")
		return overlay, os.WriteFile(overlay, []byte("{}"), 0o600)
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		return "", fmt.Errorf("%q is in %s %d times", m.old, m.file, n)
	}
	changed := filepath.Join(dir, "mutant.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, body, 0o600)
}

// command runs a program in a folder and returns its output, also if it fails.
func command(dir, name string, args ...string) (string, error) {
	c := exec.Command(name, args...) //nolint:gosec // it runs the go command and what that built
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err
}
