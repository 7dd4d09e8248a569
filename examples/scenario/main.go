// Command scenario plays scenario files (SPEC section 9), each on a fresh store:
//
//	go run ./examples/scenario [-store memory|sqlite|postgres] FILE...
//
// It prints a line for each file, "ok FILE" or "FAIL FILE:LINE: want …, got …",
// and exits with 1 if any failed, with 2 if it could not play them. There is no
// PostgreSQL store yet: "-store postgres" says so and exits with 2.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/charlahq/charla/automation/scenario"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/sqlite"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	passed   = 0
	failed   = 1
	unplayed = 2
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("scenario", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: scenario [-store memory|sqlite|postgres] FILE...")
		flags.PrintDefaults()
	}
	store := flags.String("store", "memory", "where to play the files: memory or sqlite; postgres is not built yet")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return passed
	case err != nil:
		return unplayed
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return unplayed
	}
	play, ok := stores[*store]
	switch {
	case *store == "postgres":
		fmt.Fprintln(stderr, "scenario: there is no PostgreSQL store yet; use -store memory or -store sqlite")
		return unplayed
	case !ok:
		fmt.Fprintf(stderr, "scenario: unknown store %q: memory, sqlite or postgres\n", *store)
		return unplayed
	}
	code := passed
	for _, file := range flags.Args() {
		var failure *scenario.Failure
		switch err := playFile(ctx, file, play); {
		case err == nil:
			fmt.Fprintln(stdout, "ok", file)
		case errors.As(err, &failure):
			fmt.Fprintln(stdout, "FAIL", failure)
			code = max(code, failed)
		default:
			fmt.Fprintln(stderr, "scenario:", err)
			code = unplayed
		}
	}
	return code
}

func playFile(ctx context.Context, file string, play player) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &scenario.Failure{File: file, Line: 1, Want: "a file", Got: "none", Err: err}
	} else if err != nil {
		return err
	}
	script, err := scenario.Parse(file, data)
	if err != nil {
		return err
	}
	return play(ctx, script)
}

// player plays a script on a fresh store of some kind.
type player func(context.Context, *scenario.Script) error

var stores = map[string]player{"memory": onMemory, "sqlite": onSQLite}

func onMemory(ctx context.Context, s *scenario.Script) error { return s.Play(ctx, nil) }

// onSQLite plays on a database in a folder of its own. A crash closes the file
// and opens it again.
func onSQLite(ctx context.Context, s *scenario.Script) (err error) {
	dir, err := os.MkdirTemp("", "charla-scenario-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	open := func() (storage.Store, error) { return sqlite.Open(filepath.Join(dir, "chat.db"), nil) }
	return s.Play(ctx, &scenario.Options{
		Open: open,
		Reopen: func(old storage.Store) (storage.Store, error) {
			if err := old.Close(); err != nil {
				return old, err
			}
			return open()
		},
	})
}
