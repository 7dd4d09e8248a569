// Bench measures what charla costs over what lies below it, and writes one table.
//
//	go run ./lab/bench [-short] [-rows REGEXP] [-rounds N] [-data DIR] [-write FILE]
//
// Each row is measured against a floor (the bare driver doing the same reads and
// writing the same rows) or a peer, in the same process, in rounds that take
// turns, so that whatever else the machine does falls on both. What is compared
// is the median of the rounds' ratios. -short leaves out what needs a million
// rows and takes few rounds: a smoke test, whose figures mean little. -data keeps
// the loaded databases (SQLite's) there for another run. -write puts the tables into a
// file, each store's between its markers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strings"

	"github.com/charlahq/charla/storage/postgres/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// row is a row of the table, or several that are measured together.
type row struct {
	name string
	// store is the block of the page that it belongs to.
	store string
	// long rows are left out of a short run.
	long bool
	run  func(context.Context, *bench) ([]line, error)
}

// rows are all of them, in the order of the table.
var rows = []row{
	{"messages", "sqlite", false, messages},
	{"one caller", "sqlite", false, oneCaller},
	{"decision", "sqlite", false, decision},
	{"keywords", "sqlite", false, keywords},
	{"deadlines", "sqlite", false, deadlines},
	{"last messages", "sqlite", false, lastMessages},
	{"tickets", "sqlite", true, ticketList},
	{"report", "sqlite", true, report},
	{"start", "sqlite", true, start},
	{"postgres messages", "postgres", false, postgresMessages},
	{"postgres inbox", "postgres", false, postgresInbox},
	{"postgres next", "postgres", false, postgresTakeNext},
	{"postgres deadlines", "postgres", false, postgresDeadlines},
}

// bench is what the rows share.
type bench struct {
	short  bool
	rounds int
	// data is the folder of the databases.
	data string
	log  io.Writer
	// profile gets a CPU profile of what is compared; nil: none.
	profile   io.Writer
	profiling bool
	// server is the PostgreSQL that rows share; nil until the first of them.
	server *pgtest.Server
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	short := flags.Bool("short", false, "few rounds, no million rows")
	only := flags.String("rows", ".", "only rows whose name matches `REGEXP`")
	rounds := flags.Int("rounds", 0, "how many rounds; 0: 9, or 3 with -short")
	data := flags.String("data", "", "keep the loaded databases in `DIR`")
	write := flags.String("write", "", "put the tables into `FILE`, between their markers")
	profile := flags.String("cpuprofile", "", "write a CPU profile of what is measured to `FILE`")
	child := flags.String("child", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if kind, args, _ := strings.Cut(*child, " "); kind == "start" {
		return startChild(ctx, args, out)
	} else if kind == "callers" {
		return callersChild(ctx, args, os.Stdin, out)
	}
	match, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	b := &bench{short: *short, rounds: *rounds, data: *data, log: os.Stderr}
	if b.rounds == 0 {
		b.rounds = 9
		if b.short {
			b.rounds = 3
		}
	}
	if b.data == "" {
		if b.data, err = os.MkdirTemp("", "charla-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(b.data)
	} else if err := os.MkdirAll(b.data, 0o755); err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		b.profile = f
		defer pprof.StopCPUProfile()
	}
	defer b.stopServer()
	lines := map[string][]line{}
	for _, r := range rows {
		if !match.MatchString(r.name) || r.long && b.short {
			continue
		}
		got, err := r.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		for _, l := range got {
			fmt.Fprintln(b.log, l)
		}
		lines[r.store] = append(lines[r.store], got...)
	}
	machine, err := describe(b.data)
	if err != nil {
		return err
	}
	for _, store := range slices.Sorted(maps.Keys(lines)) {
		table := render(store, lines[store], machine, b)
		if *write != "" {
			err = replaceBlock(*write, store, table)
		} else {
			_, err = fmt.Fprint(out, table)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// path returns the path of a database of this run.
func (b *bench) path(name string) string { return filepath.Join(b.data, name) }
