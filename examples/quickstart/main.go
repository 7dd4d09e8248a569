// Quickstart is a whole chat channel in a terminal: one account with its
// automatic actions, one customer, one agent, one SQLite file.
//
//	go run ./examples/quickstart [-db FILE]
//
// What you type is the customer's; commands such as "/reply TEXT" and "/close"
// are the agent's, and "/wait 10m" moves the clock. After each line it shows what
// happened and what is due next. It reads a pipe just as well.
//
// Started again it goes on where it was. FILE is the database (quickstart.db
// unless you say otherwise), and FILE.json beside it holds the visitor's token
// and how far the clock was moved. The account is made of config.json when the
// database is; "/config" changes it later. To begin anew, remove FILE*.
package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/mattn/go-isatty"
)

//go:embed config.json
var config []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o := options{in: os.Stdin, out: os.Stdout, clock: clock.New(), prompt: isatty.IsTerminal(os.Stdin.Fd())}
	err := run(ctx, os.Args[1:], o)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		stop()
		os.Exit(1)
	}
}

// options are what a test puts in place of the real world.
type options struct {
	in      io.Reader
	out     io.Writer
	clock   charla.Clock
	entropy io.Reader
	// prompt asks for each line.
	prompt bool
}

// run chats until the input ends, "/quit", or ctx ends; none of those is an error.
func run(ctx context.Context, args []string, o options) (err error) {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	file := flags.String("db", "quickstart.db", "the SQLite `file`; made if it is not there")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	store, err := sqlite.Open(*file, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	c, err := start(ctx, store, *file, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.remember()) }()

	done := make(chan struct{})
	defer close(done)
	lines := read(o.in, done)
	for {
		if o.prompt {
			fmt.Fprint(o.out, "> ")
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(o.out, "\nInterrupted.")
			return nil
		case line, more := <-lines:
			if name, _ := split(line); !more || name == "/quit" {
				c.say("Goodbye. Start again to go on.")
				return nil
			}
			c.line(ctx, line)
		case <-c.due(ctx):
			if o.prompt {
				fmt.Fprintln(o.out)
			}
			c.line(ctx, "")
		}
	}
}

// read reads lines in the background, until the input ends or done closes. A terminal
// cannot be interrupted, so the last read may outlive run.
func read(in io.Reader, done <-chan struct{}) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		r := bufio.NewReader(in)
		for {
			line, err := r.ReadString('\n')
			if line != "" {
				select {
				case lines <- strings.TrimRight(line, "\r\n"):
				case <-done:
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}
