// Command scenario plays scenario files (SPEC section 9), each on a fresh store:
//
//	go run ./examples/scenario [-store memory|sqlite|postgres] FILE...
//
// It prints a line for each file, "ok FILE" or "FAIL FILE:LINE: want …, got …",
// and exits with 1 if any failed, with 2 if it could not play them. PostgreSQL is
// found by $CHARLA_POSTGRES or the usual PG* variables; without them the command
// starts a private server from the machine's packages, or says what to install.
// It plays in a database of its own there, which it drops.
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
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/postgres/pgtest"
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

// run plays the files and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("scenario", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: scenario [-store memory|sqlite|postgres] FILE...")
		flags.PrintDefaults()
	}
	store := flags.String("store", "memory", "where to play the files: memory, sqlite or postgres")
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
	start, ok := stores[*store]
	if !ok {
		fmt.Fprintf(stderr, "scenario: unknown store %q: memory, sqlite or postgres\n", *store)
		return unplayed
	}
	play, stop, err := start(ctx)
	if err != nil {
		fmt.Fprintln(stderr, "scenario:", err)
		return unplayed
	}
	code := playAll(ctx, play, flags.Args(), stdout, stderr)
	if err := stop(); err != nil {
		fmt.Fprintln(stderr, "scenario:", err)
		code = unplayed
	}
	return code
}

// playAll plays each file, prints its result and returns the exit code.
func playAll(ctx context.Context, play player, files []string, stdout, stderr io.Writer) int {
	code := passed
	for _, file := range files {
		var failure *scenario.Failure
		switch err := playFile(ctx, file, play); {
		case err == nil:
			fmt.Fprintln(stdout, "ok", file)
		case errors.As(err, &failure):
			fmt.Fprintln(stdout, "FAIL", failure.Details())
			code = max(code, failed)
		default:
			fmt.Fprintln(stderr, "scenario:", err)
			code = unplayed
		}
	}
	return code
}

// playFile plays one file. It fails with a [scenario.Failure] for a file that is
// missing, malformed or does not hold.
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

// stores start what a kind of store needs for all files, and say how to end it.
var stores = map[string]func(context.Context) (play player, stop func() error, err error){
	"memory":   func(context.Context) (player, func() error, error) { return onMemory, nothing, nil },
	"sqlite":   func(context.Context) (player, func() error, error) { return onSQLite, nothing, nil },
	"postgres": onPostgres,
}

// nothing is the stop of a store that needs none.
func nothing() error { return nil }

// onMemory plays on a store in memory.
func onMemory(ctx context.Context, s *scenario.Script) error { return s.Play(ctx, nil) }

// onSQLite plays on a database in a folder of its own. A crash closes the file
// and opens it again.
func onSQLite(ctx context.Context, s *scenario.Script) (err error) {
	dir, err := os.MkdirTemp("", "charla-scenario-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return reopening(ctx, s, func() (storage.Store, error) { return sqlite.Open(filepath.Join(dir, "chat.db"), nil) })
}

// onPostgres finds a server, or starts one, and makes a database there. It returns a
// player that empties the database after each file, and what ends both.
func onPostgres(ctx context.Context) (player, func() error, error) {
	server, stop, err := pgtest.Find(ctx)
	if err != nil {
		return nil, nil, err
	}
	dsn, err := server.Create(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	play := func(ctx context.Context, s *scenario.Script) error {
		err := reopening(ctx, s, func() (storage.Store, error) { return postgres.Open(ctx, dsn, nil) })
		return errors.Join(err, server.Empty(ctx, dsn))
	}
	return play, func() error { return errors.Join(server.Drop(ctx, dsn), stop()) }, nil
}

// reopening plays on a durable store: a crash closes it and opens it again.
func reopening(ctx context.Context, s *scenario.Script, open func() (storage.Store, error)) error {
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
