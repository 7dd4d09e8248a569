//go:build unix

package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// identity is the user that a server runs as; nil: this process's own.
type identity struct{ uid, gid uint32 }

// serverUser returns the user that a server runs as: nil, this process's own, unless that is
// root. It fails if root finds no user postgres or nobody.
func serverUser() (*identity, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &identity{uint32(uid), uint32(gid)}, nil
	}
	return nil, errors.New("pgtest: PostgreSQL refuses to run as root, and there is no user postgres or nobody")
}

// own makes the user the owner of a path. It does nothing for nil, and fails if the
// system refuses.
func (i *identity) own(path string) error {
	if i == nil {
		return nil
	}
	return os.Chown(path, int(i.uid), int(i.gid))
}

// become makes a command run as the user, in a process group of its own.
func (i *identity) become(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is not for it
	if i != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: i.uid, Gid: i.gid}
	}
}

// process is a server's main process, with a guard that ends it when this process
// is gone.
type process struct {
	cmd, guard *exec.Cmd
	// alive keeps the guard waiting for as long as it is open.
	alive io.Closer
	ended chan struct{}
}

// errLingers: processes of a server that was killed still use its memory.
var errLingers = errors.New("pgtest: the last server has not gone yet")

// start starts a server and waits until it takes connections. It fails with errLingers
// if an earlier server has not ended yet (the caller tries again), if the server ends,
// or if ctx ends first; then no server is left.
func start(ctx context.Context, who *identity, dir, path string, args []string) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), ended: make(chan struct{})} //nolint:gosec // found by find
	p.cmd.Dir, p.cmd.Env = dir, environment()
	who.become(p.cmd)
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	out := &output{ready: make(chan struct{})}
	go func() {
		defer close(p.ended)
		out.read(stderr)
		_ = p.cmd.Wait()
	}()
	if err := p.watch(who, dir); err != nil {
		return nil, errors.Join(err, p.end(true))
	}
	select {
	case <-out.ready:
		return p, nil
	case <-p.ended:
		err = fmt.Errorf("pgtest: postgres ended: %s", out.text())
		if strings.Contains(out.text(), "pre-existing shared memory") || strings.Contains(out.text(), "lock file") {
			err = errLingers
		}
	case <-ctx.Done():
		err = fmt.Errorf("pgtest: %w: %s", ctx.Err(), out.text())
	}
	return nil, errors.Join(err, p.end(true))
}

// watch starts the guard, a process which ends the server and removes its folder when
// this process is gone. It fails if the guard cannot be started.
func (p *process) watch(who *identity, dir string) error {
	const script = `read _; kill -QUIT $0; while kill -0 $0; do sleep 0.1; done; cd /; rm -rf "$1"`
	p.guard = exec.Command("/bin/sh", "-c", script, strconv.Itoa(p.cmd.Process.Pid), dir) //nolint:gosec // our own
	p.guard.Dir = dir
	who.become(p.guard)
	alive, err := p.guard.StdinPipe()
	if err == nil {
		p.alive = alive
		err = p.guard.Start()
	}
	if err != nil {
		p.guard = nil
		return fmt.Errorf("pgtest: %w", err)
	}
	return nil
}

// end stops the guard and the server, with kill as a crash would, and waits until they
// have ended. It fails, without waiting, if the server cannot be signalled; one that
// has ended is no failure.
func (p *process) end(kill bool) error {
	if p.guard != nil {
		_ = p.guard.Process.Kill()
		p.alive.Close()
		_ = p.guard.Wait()
		p.guard = nil
	}
	signal := syscall.SIGQUIT // nothing of it will be needed
	if kill {
		signal = syscall.SIGKILL
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("pgtest: %w", err)
	}
	<-p.ended
	return nil
}

// output is what a server says.
type output struct {
	ready chan struct{}
	mu    sync.Mutex
	lines []string
}

// read reads until r ends: it keeps the last 20 lines, and closes ready when the server
// takes connections.
func (o *output) read(r io.Reader) {
	waiting := true
	for lines := bufio.NewScanner(r); lines.Scan(); {
		o.mu.Lock()
		o.lines = append(o.lines, lines.Text())
		o.lines = o.lines[max(0, len(o.lines)-20):]
		o.mu.Unlock()
		if waiting && strings.Contains(lines.Text(), "ready to accept ") {
			close(o.ready)
			waiting = false
		}
	}
}

// text returns the lines that were kept, the last 20.
func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.lines, "\n")
}
