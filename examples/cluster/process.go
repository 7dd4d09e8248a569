package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// processEnv is where a process of the cluster finds its settings: this program
// starts itself.
const processEnv = "CHARLA_CLUSTER_PROCESS"

// processMain is the main of such a process. It ends when its standard input does, so
// that none is left when this program is killed.
func processMain(ctx context.Context) error {
	var s settings
	if err := json.Unmarshal([]byte(os.Getenv(processEnv)), &s); err != nil {
		return fmt.Errorf("%s: %w", processEnv, err)
	}
	ctx, stop := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return serve(ctx, s, os.Stdout, os.Stderr)
}

// process is a process that runs, or has run, as its parent sees it.
type process struct {
	cmd     *exec.Cmd
	in      io.Closer
	address string
}

// startProcess starts a process and waits until it serves.
func startProcess(ctx context.Context, s settings, logs io.Writer) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(context.WithoutCancel(ctx), exe)} //nolint:gosec // itself
	p.cmd.Env = append(os.Environ(), processEnv+"="+string(body))
	p.cmd.Stderr = logs
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, p.kill)()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("desk %s does not start (-v shows why): %w", s.Name, p.cmd.Wait())
	}
	p.address = strings.TrimSpace(line)
	return p, nil
}

// kill ends it at once, as the kernel does when memory runs out.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// stop ends it in order: it finishes what is under way. It is killed if that takes too
// long.
func (p *process) stop() error {
	p.in.Close()
	defer time.AfterFunc(2*(drainTime+shutdownTime), p.kill).Stop()
	return p.cmd.Wait()
}
