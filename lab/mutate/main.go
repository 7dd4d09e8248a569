// Command mutate changes the product's code at random places, one at a time, and runs the
// tests of the changed package. A change that no test notices is a hole in the tests,
// or changes nothing that anybody could notice.
//
//	go run ./lab/mutate [-n N] [-seed S] [-only REGEXP] [-timeout D] [PACKAGE...]
//
// It draws from the sites of all packages together, prints its seed, a line for each
// mutant (killed, survived, accepted, or not over in time) and the rate of those killed. A change
// that does not compile is not counted and another is drawn. All mutants of a package are compiled into one
// test program, by -overlay: the sources stay as they are. Each test runs unchanged first, and must pass; then
// only those run that reach a mutant, the slow ones last. A file system in memory for TMPDIR makes it faster.
// It fails only if it could not do its work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suite is the tests that must notice a change of a package.
type suite struct {
	packages []string
	slow     *regexp.Regexp // the tests that run only if the others pass
}

// suites are the packages that are changed.
var suites = map[string]suite{
	"tickets":        {[]string{"./tickets", "./automation"}, regexp.MustCompile("^(TestDecisionsAreFrozen|TestUniform)$")},
	"automation":     {[]string{"./automation"}, regexp.MustCompile("^(TestDecisionsAreFrozen|TestUniform)$")},
	"chatcfg":        {[]string{"./chatcfg"}, regexp.MustCompile("^TestCalendarOracleEveryZone$")},
	".":              {[]string{"."}, regexp.MustCompile("^Test(FairOutbox|Run|BadInput|SubjectsStayApart|RefusedUploads|Sweep)$")},
	"widget":         {[]string{"./widget"}, regexp.MustCompile("^Test(IdleStreamMemory|Authorisation|ClaimedEmail|LongPoll|Canaries|LoginReplacesToken|SlowReaders?)$")},
	"storage/sqlite": {[]string{"./storage/sqlite"}, regexp.MustCompile("^Test(Conformance|ConformanceAfterLoads|TwoProcesses|Backup)$")},
}

// building are tests that build the package from its sources: they see no mutant.
var building = regexp.MustCompile("^(TestAddedCommand|TestAddedRule)$")

// outcome is the result of a mutant.
type outcome string

const (
	killed   outcome = "killed"
	survived outcome = "survived"
	harmless outcome = "accepted" // it survived, and is in the table of those that may
	late     outcome = "too late"
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
	limit := flags.Duration("timeout", 2*time.Minute, "how long the tests of a mutant may take, and the slow ones again")
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
	packages, err := choose(ctx, dir, sites, *n)
	if err != nil {
		return err
	}
	count := map[outcome]int{}
	for _, p := range packages {
		programs, err := p.build(ctx, dir)
		if err != nil {
			return err
		}
		for _, number := range slices.Sorted(maps.Keys(p.mutants)) {
			got, by, err := try(ctx, *limit, number, programs, suites[p.folder].slow)
			if err != nil {
				return fmt.Errorf("%s: %w", p.mutants[number], err)
			}
			if reason := accepted[p.mutants[number].key()]; got == survived && reason != "" {
				got, by = harmless, ": "+reason
			}
			count[got]++
			fmt.Fprintf(out, "%-9s %s%s\n", got, p.mutants[number], by)
		}
	}
	decided := count[killed] + count[survived] + count[harmless]
	if decided == 0 {
		return errors.New("nothing to try")
	}
	fmt.Fprintf(out, "%d of %d killed (%.0f %%), %d accepted, %d not over in time\n",
		count[killed], decided, 100*float64(count[killed])/float64(decided), count[harmless], count[late])
	return nil
}

// choose returns the first n mutants that compile, by their packages.
func choose(ctx context.Context, dir string, sites []site, n int) ([]planted, error) {
	all := map[string]planted{}
	var chosen []int
	for drawn := 0; len(chosen) < n && drawn < len(sites); {
		changed := map[string]bool{}
		for range min(len(sites)-drawn, (n-len(chosen))*5/4+1) { // about a fifth does not compile
			s := sites[drawn]
			drawn++
			folder := filepath.Dir(s.path)
			if all[folder].mutants == nil {
				all[folder] = planted{folder, suites[folder].packages, map[int]site{}}
			}
			all[folder].mutants[drawn] = s
			changed[folder] = true
		}
		for folder := range changed {
			if err := all[folder].prune(ctx, dir); err != nil {
				return nil, err
			}
		}
		chosen = nil
		for _, p := range all {
			chosen = slices.AppendSeq(chosen, maps.Keys(p.mutants))
		}
	}
	if slices.Sort(chosen); len(chosen) > n {
		chosen = chosen[:n]
	}
	var packages []planted
	for _, folder := range slices.Sorted(maps.Keys(all)) {
		p := all[folder]
		maps.DeleteFunc(p.mutants, func(number int, _ site) bool { return !slices.Contains(chosen, number) })
		packages = append(packages, p)
	}
	return packages, nil
}

// draw returns the sites of the packages (none named: all) in an order made from the
// seed.
func draw(packages []string, wanted *regexp.Regexp, seed uint64) ([]site, error) {
	if len(packages) == 0 {
		packages = []string{".", "automation", "chatcfg", "storage/sqlite", "tickets", "widget"}
	}
	var all []site
	for _, p := range packages {
		if suites[p].packages == nil {
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

// try runs the tests with a mutant. It returns the outcome, and in by the test that failed.
func try(ctx context.Context, limit time.Duration, number int, programs []program, slow *regexp.Regexp) (got outcome, by string, err error) {
	out, err := test(ctx, limit, number, programs, slow)
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case err == nil:
		return survived, "", nil
	}
	if name := failed.FindStringSubmatch(out); name != nil {
		return killed, " (" + name[1] + ")", nil
	}
	if strings.Contains(out, "panic: test timed out after") {
		return late, "", nil
	}
	if strings.Contains(out, "panic:") || strings.Contains(out, "fatal error:") {
		return killed, " (it panics)", nil
	}
	return "", "", fmt.Errorf("%w\n%s", err, out)
}

var failed = regexp.MustCompile(`--- FAIL: (\S+)`)

// test runs the tests that reach a mutant, first all but the slow ones, and stops at the first failure or
// after the limit.
func test(ctx context.Context, limit time.Duration, mutant int, programs []program, slow *regexp.Regexp) (string, error) {
	for _, slowly := range []bool{false, true} {
		for _, p := range programs {
			var names []string
			for _, name := range p.reach[mutant] {
				if slow.MatchString(name) == slowly {
					names = append(names, name)
				}
			}
			if len(names) == 0 {
				continue
			}
			out, err := p.run(ctx, []string{fmt.Sprintf("MUTANT=%d", mutant)},
				"-test.failfast", "-test.timeout="+limit.String(), "-test.run", "^("+strings.Join(names, "|")+")$")
			if err != nil {
				return out, err
			}
		}
	}
	return "", nil
}
