// Package pgtest starts a private PostgreSQL server from the machine's own
// binaries, in a temporary folder, for tests and tools:
//
//	server, err := pgtest.Start(ctx, nil)
//	if err != nil {
//		return err
//	}
//	defer server.Stop()
//	dsn, err := server.Create(ctx) // an empty database
//
// It needs no Docker and no running server. PostgreSQL refuses to run as root: then
// the server runs as the user "postgres", or else "nobody". It ends when this
// process does, however that ends.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing: the machine has no PostgreSQL server. The text says what to install.
var ErrMissing = errors.New("pgtest: no PostgreSQL server found (initdb and postgres): install the Debian package postgresql, or put them into PATH")

// Options tune a server. The zero value, and nil, mean the defaults.
type Options struct {
	// Sync makes every commit wait for the disk, as a server does that is not for
	// tests. Without it a crash of the machine, not of the server, loses data.
	Sync bool
	// Replicated lets the server have a [Server.Standby].
	Replicated bool
	// Settings are further settings of postgresql.conf, by name.
	Settings map[string]string
}

// Server is a running server. Its methods may be used concurrently, but for Kill,
// Restart and Stop.
type Server struct {
	Databases
	bin, dir string
	settings []string
	process  *process
}

// Start makes a new, empty server and waits until it takes connections. It fails with
// [ErrMissing] if the machine has no PostgreSQL, if a step of it does, or if ctx ends;
// then it leaves nothing.
func Start(ctx context.Context, o *Options) (*Server, error) {
	bin, err := find(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := folder()
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	s := &Server{bin: bin, dir: dir, settings: settings(o)}
	s.dsn = address(dir)
	if err = s.create(ctx, "initdb", "--pgdata", s.data(), "--username", "postgres",
		"--auth", "trust", "--no-sync", "--encoding", "UTF8", "--no-locale"); err == nil {
		err = s.Restart(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// settings returns the arguments with which a server is started, in any order.
func settings(o *Options) []string {
	all := map[string]string{
		"listen_addresses": "", "max_connections": "400", "shared_buffers": "64MB", "lc_messages": "C",
		"fsync": "off", "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0", "log_min_messages": "log",
	}
	if o != nil && o.Sync {
		all["fsync"], all["full_page_writes"] = "on", "on"
	}
	if o != nil && o.Replicated {
		all["wal_level"], all["max_wal_senders"] = "replica", "4"
	}
	if o != nil {
		for name, value := range o.Settings {
			all[name] = value
		}
	}
	var args []string
	for name, value := range all {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// environment returns this process's environment without the PG* variables, which would
// tell a server where it is.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
}

// find returns the folder of a server's binaries: what PATH has, else the newest of the
// usual folders. It fails with [ErrMissing] if there is none.
func find(ctx context.Context) (string, error) {
	var folders []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		folders = append(folders, filepath.Dir(path))
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		folders = append(folders, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/pgsql/bin"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		folders = append(folders, found...)
	}
	for _, folder := range folders {
		whole := true
		for _, name := range []string{"initdb", "postgres"} {
			if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
				whole = false
			}
		}
		if whole {
			return folder, nil
		}
	}
	return "", ErrMissing
}

// version returns the first number in the path of a server's binaries, or zero if it
// has none.
func version(path string) int {
	digits := strings.FieldsFunc(path, func(r rune) bool { return r < '0' || r > '9' })
	if len(digits) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(digits[0])
	return n
}

// longest is how long the folder of a Unix socket can be.
const longest = 80

// folder creates the server's folder and returns its path: in /tmp if the usual path is
// too long for a socket, or if the server's user cannot get there. It fails if it cannot
// create one, or as serverUser does.
func folder() (string, error) {
	dir, err := os.MkdirTemp("", "charla-pg-")
	if err != nil {
		return "", err
	}
	who, err := serverUser()
	if err != nil || len(dir) <= longest && (who == nil || reachable(filepath.Dir(dir))) {
		return dir, err
	}
	if err := os.Remove(dir); err != nil {
		return "", err
	}
	return os.MkdirTemp("/tmp", "charla-pg-")
}

// reachable reports whether every user can get to a folder.
func reachable(path string) bool {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&1 == 0 {
		return false
	}
	parent := filepath.Dir(path)
	return parent == path || reachable(parent)
}

// data returns the server's data directory.
func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// address returns the connection string of the server in a folder.
func address(dir string) string {
	return fmt.Sprintf("host='%s' port=5432 user=postgres dbname=postgres sslmode=disable", dir)
}

// create runs a program of PostgreSQL that creates the folder's files, initdb or
// pg_basebackup, as the user that the server runs as, who becomes the folder's owner.
// It fails if the program does, or if there is no such user.
func (s *Server) create(ctx context.Context, program string, args ...string) error {
	who, err := serverUser()
	if err != nil {
		return err
	}
	if err := who.own(s.dir); err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	cmd := exec.CommandContext(ctx, s.Program(program), args...) //nolint:gosec // found by find
	cmd.Dir, cmd.Env = s.dir, environment()
	who.become(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: %s: %w: %s", program, err, out)
	}
	return nil
}

// Restart starts the server again after Kill. It waits for what is left of the killed
// server to end, and fails if ctx ends first or the server does not start.
func (s *Server) Restart(ctx context.Context) error {
	who, err := serverUser()
	if err != nil {
		return err
	}
	args := append([]string{"-D", s.data(), "-k", s.dir}, s.settings...)
	for {
		// What is left of a killed server takes a moment to go.
		if s.process, err = start(ctx, who, s.dir, s.Program("postgres"), args); !errors.Is(err, errLingers) || ctx.Err() != nil {
			return err
		}
	}
}

// Kill ends the server at once, as a crash would, and waits for its main process; the
// others notice that it is gone and end. It fails if the process cannot be signalled.
func (s *Server) Kill() error { return s.process.end(true) }

// Stop ends the server and removes everything it has. It fails if the process cannot be
// signalled, or a file cannot be removed.
func (s *Server) Stop() error {
	var err error
	if s.process != nil {
		err = s.process.end(false)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Folder returns the folder of the server's socket: the host in a connection string.
func (s *Server) Folder() string { return s.dir }

// Program returns the path of a program that came with the server, whether or not it is
// there.
func (s *Server) Program(name string) string { return filepath.Join(s.bin, name) }
