// Command mutate changes the product's code at random places, one at a time, and runs the
// tests of the changed package. A change that no test notices is a hole in the tests,
// or changes nothing that anybody could notice.
//
//	go run ./lab/mutate [-n N] [-seed S] [-only REGEXP] [-timeout D] [PACKAGE...]
//
// It draws from the sites of all packages together, prints its seed, a line for each
// mutant (killed, survived, or not over in time, which is neither) and the rate. A change
// that does not compile is not counted and another is drawn. The packages must pass unchanged
// first, in a third of the time that a mutant gets. The compiler reads the changed copy by -overlay: the sources
// stay as they are. It fails only if it could not do its work.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// suites are the packages that are changed, each with the tests that must notice.
var suites = map[string][]string{
	"tickets":        {"./tickets", "./automation"},
	"automation":     {"./automation"},
	"chatcfg":        {"./chatcfg"},
	".":              {"."},
	"widget":         {"./widget"},
	"storage/sqlite": {"./storage/sqlite"},
}

// outcome is the result of a mutant.
type outcome string

const (
	killed   outcome = "killed"
	survived outcome = "survived"
	late     outcome = "too late"
	invalid  outcome = "does not compile"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	n := flags.Int("n", 300, "how many mutants")
	seed := flags.Uint64("seed", rand.Uint64()>>32, "where to draw from")
	only := flags.String("only", "", "only sites whose line (file, function, change) matches")
	limit := flags.Duration("timeout", 6*time.Minute, "how long the tests of a mutant may take")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	sites, err := draw(flags.Args(), wanted, *seed)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintf(out, "seed %d, %d sites\n", *seed, len(sites))
	t := trial{dir: dir, limit: *limit, sound: map[string]bool{}}
	count := map[outcome]int{}
	for _, s := range sites {
		if count[killed]+count[survived]+count[late] == *n {
			break
		}
		got, by, err := t.try(ctx, s)
		if err != nil {
			return err
		}
		count[got]++
		if got != invalid {
			fmt.Fprintf(out, "%-9s %s%s\n", got, s, by)
		}
	}
	decided := count[killed] + count[survived]
	if decided == 0 {
		return errors.New("nothing to try")
	}
	fmt.Fprintf(out, "%d of %d killed (%.0f %%), %d not over in time\n", count[killed], decided, 100*float64(count[killed])/float64(decided), count[late])
	return nil
}

// draw returns the sites of the packages (none named: all) in an order made from the
// seed.
func draw(packages []string, wanted *regexp.Regexp, seed uint64) ([]site, error) {
	if len(packages) == 0 {
		packages = []string{".", "automation", "chatcfg", "storage/sqlite", "tickets", "widget"}
	}
	var all []site
	for _, p := range packages {
		if suites[p] == nil {
			return nil, fmt.Errorf("no tests are known for %q", p)
		}
		found, err := sitesOf(p)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if wanted.MatchString(s.String()) {
				all = append(all, s)
			}
		}
	}
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, nil
}

// trial runs mutants.
type trial struct {
	dir   string
	limit time.Duration
	// sound are the packages whose tests passed unchanged.
	sound map[string]bool
}

// try plants a mutant and runs the tests of its package. It returns the outcome, and in
// by the test that failed.
func (t *trial) try(ctx context.Context, s site) (got outcome, by string, err error) {
	folder := filepath.Dir(s.path)
	if !t.sound[folder] {
		if out, err := test(ctx, t.limit/3, "", suites[folder]); err != nil {
			return "", "", fmt.Errorf("unchanged, %s does not pass: %w\n%s", folder, err, out)
		}
		t.sound[folder] = true
	}
	overlay, err := t.plant(s)
	if err != nil {
		return "", "", err
	}
	if build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-overlay", overlay, "./"+folder); build.Run() != nil { //nolint:gosec // our own package
		return invalid, "", ctx.Err()
	}
	out, err := test(ctx, t.limit, overlay, suites[folder])
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case err == nil:
		return survived, "", nil
	case strings.Contains(out, "panic: test timed out after"):
		return late, "", nil
	case strings.Contains(out, "[build failed]"):
		return invalid, "", nil
	}
	if name := failed.FindStringSubmatch(out); name != nil {
		return killed, " (" + name[1] + ")", nil
	}
	if strings.Contains(out, "panic:") || strings.Contains(out, "fatal error:") {
		return killed, " (it panics)", nil
	}
	return "", "", fmt.Errorf("%s: %w\n%s", s, err, out)
}

var failed = regexp.MustCompile(`--- FAIL: (\S+)`)

// plant writes the changed copy and the overlay that puts it in place.
func (t *trial) plant(s site) (overlay string, err error) {
	changed, err := s.mutated()
	if err != nil {
		return "", err
	}
	path, err := filepath.Abs(s.path)
	if err != nil {
		return "", err
	}
	copied := filepath.Join(t.dir, "mutant.go")
	if err := os.WriteFile(copied, changed, 0o600); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]map[string]string{"Replace": {path: copied}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(t.dir, "overlay.json")
	return overlay, os.WriteFile(overlay, body, 0o600)
}

// test runs the tests of packages, and stops them at the first failure or after the limit. A mutant
// may loop for ever and eat memory: the memory is limited, too.
func test(ctx context.Context, limit time.Duration, overlay string, packages []string) (string, error) {
	args := []string{"-c", `ulimit -v 16000000; exec "$0" "$@"`, "go", "test", "-trimpath", "-vet=off", "-count=1", "-failfast", "-timeout=" + limit.String()}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	out, err := exec.CommandContext(ctx, "sh", append(args, packages...)...).CombinedOutput() //nolint:gosec // our own packages
	return string(out), err
}
