package charla

import (
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

const (
	// slowAfter is how long a job holds one of its handler's workers. One that takes
	// longer frees the worker for others, and counts for its account only.
	slowAfter = time.Second
	// maxSlow is how many jobs of one handler may run at a time, slow ones included,
	// for each worker.
	maxSlow = 8
)

// pool shares out workers. Each handler (the mailer, a hook, the deadlines) has its
// own, and of these an account may hold no more than are left free: one alone gets
// half, and however many accounts are slow, the next finds some.
type pool struct {
	workers int
	// kick is kicked when a job ends while some lane is full.
	kick chan struct{}

	mu   sync.Mutex
	jobs map[*job]struct{}
	full bool
}

// job is something that runs.
type job struct {
	lane  storage.Lane
	began time.Time
}

// newPool returns a pool of that many workers for each handler, in which nothing runs.
// kick is kicked when a job ends while some lane is full.
func newPool(workers int, kick chan struct{}) *pool {
	return &pool{workers: workers, kick: kick, jobs: make(map[*job]struct{})}
}

// slow reports whether a job no longer holds a worker, on a clock that may step back.
func (j *job) slow(now time.Time) bool { return now.Sub(j.began).Abs() >= slowAfter }

// begin records that a job runs, until end is called; end kicks if room last found a
// lane full.
func (p *pool) begin(lane storage.Lane, now time.Time) (end func()) {
	j := &job{lane, now}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs[j] = struct{}{}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.jobs, j)
		if p.full {
			wake(p.kick)
		}
	}
}

// room returns how many jobs the busiest handler that has workers left may begin, and
// the lanes that may begin none. If there are such lanes, the next job that ends kicks.
func (p *pool) room(now time.Time) (room int, full []storage.Lane) {
	p.mu.Lock()
	defer p.mu.Unlock()
	held, running, lanes := map[string]int{}, map[string]int{}, map[storage.Lane]int{}
	for j := range p.jobs {
		lanes[j.lane]++
		running[j.lane.Kind]++
		if !j.slow(now) {
			held[j.lane.Kind]++
		}
	}
	room = p.workers
	for kind, n := range running {
		if free := min(p.workers-held[kind], maxSlow*p.workers-n); free > 0 {
			room = min(room, free)
		} else {
			full = append(full, storage.Lane{Kind: kind})
		}
	}
	for lane, n := range lanes {
		if n >= min(p.workers-held[lane.Kind], maxSlow*p.workers-running[lane.Kind]) {
			full = append(full, lane)
		}
	}
	p.full = len(full) > 0
	return room, full
}

// late returns the accounts that have a slow job, each once.
func (p *pool) late(now time.Time) (accounts []chatcfg.AccountID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[chatcfg.AccountID]bool{}
	for j := range p.jobs {
		if id := j.lane.Account; j.slow(now) && !seen[id] {
			seen[id] = true
			accounts = append(accounts, id)
		}
	}
	return accounts
}

// wake makes a loop that waits for kick look again. It does not block.
func wake(kick chan struct{}) {
	select {
	case kick <- struct{}{}:
	default:
	}
}
