package crash

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/charlahq/charla/storage/postgres/pgtest"
	"github.com/jackc/pgx/v5"
)

// desks is how many processes there are on a PostgreSQL database.
const desks = 3

// fault is one thing that goes wrong.
type fault struct {
	kind kind
	// pick is which desk, or how the server, or where the connection.
	pick int
	// hurry: at once, while what the last fault broke is being mended; else when
	// somebody was answered since.
	hurry bool
	after time.Duration
}

// kind is what goes wrong.
type kind int

const (
	killDesk kind = iota
	killServer
	cutConnection
)

// The ways to kill a server.
const (
	// postmaster: its main process; the others end when they notice.
	postmaster = iota
	// everything: all of its processes at once.
	everything
	// backend: one process that serves a connection; the server then ends all, and
	// recovers by itself.
	backend
	ways
)

// faults returns the plan's schedule, which the seed determines: in random order, but
// half of those in a hurry follow another of their kind.
func (p Plan) faults() []fault {
	rng := rand.New(rand.NewPCG(p.Seed, 0))
	var groups [][]fault
	for _, k := range []struct {
		kind    kind
		n, pick int
		within  time.Duration
	}{
		{killDesk, p.Kills, desks, 300 * time.Millisecond},
		{killServer, p.Crashes, ways, 300 * time.Millisecond},
		{cutConnection, p.Cuts, int(places), 60 * time.Millisecond},
	} {
		for i := range k.n {
			f := fault{kind: k.kind, pick: rng.IntN(k.pick), hurry: rng.IntN(3) == 0}
			f.after = time.Duration(rng.Int64N(int64(k.within)))
			if f.hurry {
				f.after /= 5
			}
			if last := len(groups) - 1; f.hurry && i > 0 && rng.IntN(2) == 0 {
				groups[last] = append(groups[last], f)
			} else {
				groups = append(groups, []fault{f})
			}
		}
	}
	rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	all := slices.Concat(groups...)
	if len(all) > 0 {
		all[0].hurry = true // while they make the schema
	}
	return all
}

// cluster is three desks on a server.
type cluster struct {
	job    job // of the desks, whose connections go through the proxy
	server *pgtest.Server
	proxy  *proxy
	world  *world
	report *Report
	desks  []*process
	// last is the desk that was started last.
	last int
}

// Cluster kills the processes of three desks on one database of a server, the server
// itself and connections, as often as the plan says. The files are in an empty
// folder. An error means that the proof itself failed; what it found is in the report.
func Cluster(p Plan, server *pgtest.Server, dir string) (r *Report, err error) {
	dsn, err := server.Create(ctx)
	if err != nil {
		return nil, err
	}
	proxy, err := newProxy(server.Folder())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, proxy.close()) }()
	direct := job{Dir: dir, Mutant: p.Mutant, Epoch: time.Now(), DSN: dsn + " pool_max_conns=8"}
	c := &cluster{job: direct, server: server, proxy: proxy, world: newWorld(p.Seed, p.Chats), report: &Report{}, desks: make([]*process, desks)}
	c.job.DSN += " host='" + proxy.dir + "'" // the last one counts
	defer c.killAll()
	feed := follow(direct)
	c.world.begin()
	for i := range c.desks {
		if err := c.start(i); err != nil {
			return nil, err
		}
	}
	for i, f := range p.faults() {
		if err := c.fault(f); err != nil {
			return nil, fmt.Errorf("fault %d, %+v: %w", i, f, err)
		}
	}
	if err := errors.Join(c.world.end(c.desks...), feed.end()); err != nil {
		return nil, err
	}
	c.report.people(c.world)
	return c.report, direct.open(func(o *opened) error {
		return errors.Join(feed.audit(o.store, c.report), p.audit(o, c.world, c.report))
	})
}

// killAll kills all processes.
func (c *cluster) killAll() {
	for _, d := range c.desks {
		if d != nil {
			d.kill()
		}
	}
}

// skew is by how much the desks' clocks differ, in real time.
const skew = 50 * time.Millisecond

// start starts a desk.
func (c *cluster) start(i int) error {
	j := c.job
	j.Epoch = j.Epoch.Add(time.Duration(i) * skew)
	p, err := spawn(j)
	if err != nil {
		return err
	}
	c.desks[i], c.last = p, i
	go func() {
		select {
		case <-p.ready:
			c.world.serve(p)
		case <-p.dead:
		}
	}()
	return nil
}

// fault waits until a fault's time and causes it.
func (c *cluster) fault(f fault) error {
	if !f.hurry {
		if err := c.progress(); err != nil {
			return err
		}
	}
	time.Sleep(f.after)
	switch f.kind {
	case killDesk:
		return c.killDesk(f)
	case killServer:
		return c.killServer(f.pick)
	default:
		return c.cut(where(f.pick))
	}
}

// progress waits until a request is answered: what is left recovers by itself.
func (c *cluster) progress() error {
	before, end := c.world.answered.Load(), time.Now().Add(patience)
	for c.world.answered.Load() == before {
		if time.Now().After(end) {
			return fmt.Errorf("nobody is answered: %v", c.world.lastFailure.Load())
		}
		time.Sleep(time.Millisecond)
	}
	for _, d := range c.desks {
		select {
		case <-d.dead:
			return fmt.Errorf("a desk ends by itself: %w", d.cmd.Wait())
		default:
		}
	}
	return nil
}

// killDesk kills a desk, in a hurry the youngest one, and starts another in its
// place.
func (c *cluster) killDesk(f fault) error {
	i := f.pick
	if f.hurry {
		i = c.last
	}
	d := c.desks[i]
	select {
	case <-d.ready:
	default:
		c.report.Early++
	}
	d.kill()
	c.report.Kills++
	return c.start(i)
}

// killServer kills the server and starts it again, if it does not do so by itself.
func (c *cluster) killServer(way int) error {
	c.report.Crashes++
	var err error
	switch way {
	case postmaster: // nobody else
	case everything:
		err = c.killChildren()
	case backend:
		if c.killBackend() {
			return nil
		}
	}
	if err == nil {
		// One that waits for what a dead one held does not notice.
		left := time.AfterFunc(patience/4, c.killLeft)
		err = c.server.Kill()
		left.Stop()
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.server.Restart(ctx)
}

// killLeft kills the processes that a dead server left in its folder.
func (c *cluster) killLeft() {
	all, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return
	}
	for _, link := range all {
		if dir, err := os.Readlink(link); err == nil && dir == filepath.Join(c.server.Folder(), "data") {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// killChildren kills all of the server's processes but the main one, which it stops, so
// that it makes no others: what one of them held is never released.
func (c *cluster) killChildren() error {
	body, err := os.ReadFile(filepath.Join(c.server.Folder(), "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(body), "\n")
	main, err := strconv.Atoi(first)
	if err == nil {
		err = syscall.Kill(main, syscall.SIGSTOP)
	}
	if err == nil {
		_, err = syscall.Wait4(main, nil, syscall.WUNTRACED, nil)
	}
	if err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", main))
	if err != nil {
		return err
	}
	for pid := range strings.FieldsSeq(string(children)) {
		child, err := strconv.Atoi(pid)
		if err == nil {
			err = syscall.Kill(child, syscall.SIGKILL)
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// killBackend kills a process that serves a connection; false: there is none, or the
// server is recovering.
func (c *cluster) killBackend() bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, "host='"+c.server.Folder()+"' user=postgres dbname=postgres sslmode=disable")
	if err != nil {
		return false
	}
	defer conn.Close(ctx)
	var pid int
	err = conn.QueryRow(ctx, "SELECT pid FROM pg_stat_activity WHERE datname LIKE 'charla%' ORDER BY random() LIMIT 1").Scan(&pid)
	return err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil
}

// cut cuts a connection.
func (c *cluster) cut(w where) error {
	select {
	case <-c.proxy.cut(w):
		c.report.Cuts++
		return nil
	case <-time.After(patience):
		return errors.New("there was nothing to cut")
	}
}
