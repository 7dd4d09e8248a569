package crash

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
)

// process is one life of the child.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	// ready closes when it serves, dead when everything that it said was read.
	ready, dead chan struct{}

	mu   sync.Mutex
	next int64
	wait map[int64]chan answer
}

// spawn starts a child: this program again. It waits until the child serves.
func spawn(j job) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	p := &process{
		cmd: exec.Command(exe), ready: make(chan struct{}), dead: make(chan struct{}), //nolint:gosec // itself
		wait: map[int64]chan answer{},
	}
	p.cmd.Env = append(os.Environ(), Env+"="+string(body))
	p.cmd.Stderr = os.Stderr
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
	go p.read(out)
	return p, nil
}

// read hands each answer to its request until the pipe ends: what a killed process
// wrote before is in it.
func (p *process) read(out io.Reader) {
	defer close(p.dead)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a answer
		if json.Unmarshal(lines.Bytes(), &a) != nil {
			return // not a whole line: it was not said
		}
		if a.N == ready {
			close(p.ready)
			continue
		}
		p.mu.Lock()
		reply := p.wait[a.N]
		delete(p.wait, a.N)
		p.mu.Unlock()
		reply <- a
	}
}

// ask sends a request; false: the process died without an answer.
func (p *process) ask(r request) (answer, bool) {
	reply := make(chan answer, 1)
	p.mu.Lock()
	p.next++
	r.N = p.next
	p.wait[r.N] = reply
	line, err := json.Marshal(r)
	if err == nil {
		_, err = p.in.Write(append(line, '\n'))
	}
	p.mu.Unlock()
	if err != nil {
		<-p.dead
	}
	select {
	case a := <-reply:
		return a, true
	case <-p.dead:
	}
	select { // both may have happened
	case a := <-reply:
		return a, true
	default:
		return answer{}, false
	}
}

// kill ends it at once, as the kernel does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.dead
	_ = p.cmd.Wait()
	p.in.Close()
}

// stop lets it end in order.
func (p *process) stop() error {
	p.in.Close()
	<-p.dead
	return p.cmd.Wait()
}
