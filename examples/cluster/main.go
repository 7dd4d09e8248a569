// Cluster is charla in several processes, and what it promises while they and their
// database are killed:
//
//	go run ./examples/cluster [-for 36s] [-visitors 24] [-v]
//
// It starts PostgreSQL from the machine's packages, with a synchronous standby, three
// processes that serve the chat, and a small proxy before them. Visitors write through
// the widget's protocol and read its streams; agents answer. Meanwhile a process is
// killed, then PostgreSQL, then the primary for good, so that the standby takes over.
// In the end it reads everything back: was anything that was acknowledged lost, was
// anything done twice, and how long did each fault take. It exits with 1 if a promise
// was broken, and with 2 if it could not run to its end.
//
// The process is desk.go, the part to take from: how a host starts, is watched, and
// ends. The processes' clock goes sixty times as fast, so that deadlines of minutes come within
// seconds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv(processEnv) != "" { // one of the three
		if err := processMain(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
			stop()
			os.Exit(1)
		}
		return
	}
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes.
const (
	kept   = 0 // every promise
	broken = 1
	unrun  = 2
)

// run runs the whole program and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	p := plan{out: stdout, faults: faults}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.DurationVar(&p.load, "for", 36*time.Second, "how long people write; at least 6s")
	flags.IntVar(&p.visitors, "visitors", 24, "how many visitors there are; at least one")
	flags.BoolVar(&p.verbose, "v", false, "show what the processes log")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return kept
	case err != nil:
		return unrun
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "cluster: unknown argument %q\n", flags.Arg(0))
		flags.Usage()
		return unrun
	case p.load < 6*time.Second || p.visitors < 1:
		fmt.Fprintf(stderr, "cluster: -for %v -visitors %d: too little\n", p.load, p.visitors)
		flags.Usage()
		return unrun
	}
	r, err := p.run(ctx)
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "cluster: interrupted")
		return unrun
	}
	if err != nil {
		fmt.Fprintln(stderr, "cluster:", err)
		return unrun
	}
	r.print(stdout)
	if !r.kept() {
		return broken
	}
	return kept
}
