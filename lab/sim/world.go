package sim

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// World is one run: the desks, the store they share, the time, the schedule and
// the model. It belongs to the one goroutine that schedules; the others touch it
// only while they are the one that runs.
type World struct {
	spec Spec
	// wait returns when every other goroutine is blocked or done.
	wait func()
	real storage.Store
	// restore opens the store again, closed before; nil: it has nothing to come from.
	restore func() (storage.Store, error)

	now      time.Time
	desks    []*desk
	tasks    []*task
	lastTask int
	model    *model
	people   people

	// rnd is the current step's chance; calm steps have no faults.
	rnd     *rand.Rand
	calm    bool
	faults  int // in a thousand
	current int
	// hurry is a task that goes on before others, so that it meets its instant.
	hurry int
	quiet bool

	failure *Failure
	stats   Stats
	hash    hash.Hash64
	trace   []string
}

// desk is a process with a desk: restarting it makes the next life.
type desk struct {
	id, life int
	dead     bool
	clock    *deskClock
	charla   *charla.Desk
	// back is how far the clock has stepped back in this life.
	back time.Duration
}

// Failure is an invariant that did not hold.
type Failure struct {
	// Name is the invariant's; shrinking keeps it.
	Name string
	Text string
	// Step is where it showed.
	Step int
}

func (f *Failure) Error() string { return fmt.Sprintf("%s: %s (step %d)", f.Name, f.Text, f.Step) }

// failf records a failure, unless there is one already.
func (w *World) failf(name, format string, args ...any) {
	if w.failure != nil {
		return
	}
	w.failure = &Failure{Name: name, Text: fmt.Sprintf(format, args...), Step: w.current}
	w.logf("FAIL %s: %s", name, w.failure.Text)
}

// logf adds a line to the trace, whose hash tells whether two runs are one.
func (w *World) logf(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintln(w.hash, line)
	if w.spec.Verbose {
		w.trace = append(w.trace, fmt.Sprintf("%d %s", w.current, line))
	}
}

// errName returns an error as the trace shows it.
func errName(err error) string {
	if err == nil {
		return "ok"
	}
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// newWorld returns the world in which a specification begins.
func newWorld(spec Spec, real storage.Store, wait func()) *World {
	w := &World{spec: spec, wait: wait, real: real, hash: fnv.New64a(), stats: newStats()}
	w.rnd = rand.New(rand.NewPCG(spec.Seed, 1))
	w.calm = true
	// Near the changes of the clocks, half of the time.
	starts := []time.Time{
		time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), time.Date(2026, 4, 2, 22, 0, 0, 0, time.UTC),
		time.Date(2026, 9, 4, 2, 0, 0, 0, time.UTC), time.Date(2026, 3, 27, 9, 0, 0, 0, time.UTC),
	}
	w.now = starts[w.rnd.IntN(len(starts))].Add(time.Duration(w.rnd.Int64N(int64(24 * time.Hour)))).Truncate(time.Microsecond)
	w.faults = []int{0, 30, 30, 120}[w.rnd.IntN(4)]
	w.model = newModel(w)
	for i := range 2 + w.rnd.IntN(4) {
		w.desks = append(w.desks, &desk{id: i, dead: true, clock: &deskClock{w: w}})
	}
	w.logf("seed %d: %d desks, faults %d", spec.Seed, len(w.desks), w.faults)
	for _, d := range w.desks {
		w.boot(d)
	}
	return w
}

// boot starts a desk anew on the store.
func (w *World) boot(d *desk) {
	next := &desk{id: d.id, life: d.life + 1, clock: &deskClock{w: w, offset: d.clock.offset}}
	w.desks[d.id] = next
	var seed [32]byte
	for i := range 4 {
		seed[i] = byte(w.spec.Seed >> (8 * i))
	}
	seed[8], seed[9], seed[10] = byte(d.id), byte(next.life), byte(next.life>>8)
	var err error
	next.charla, err = charla.New(faulty{w}, &charla.Options{
		Clock: next.clock, Entropy: rand.NewChaCha8(seed), Mailer: mailer{w}, Hooks: w.hooks(), NoteHooks: []string{asksForNotes},
		IsBot:  func(_ chatcfg.AccountID, id tickets.AgentID) bool { return id == guia },
		Runner: charla.RunnerOptions{Workers: 1, Batch: w.batch(), Lease: lease, Attempts: attempts, Poll: poll},
	})
	if err != nil {
		panic(err)
	}
	w.logf("boot %d.%d", next.id, next.life)
	if w.onlyRun() || w.rnd.IntN(2) == 0 {
		w.background(next, "run", func(ctx context.Context, _ *task) (charla.Result, error) {
			return charla.Result{}, next.charla.Run(ctx)
		})
	}
}

// batch returns the size of batches, which differs by seed: one, and a few, show what a
// large batch hides.
func (w *World) batch() int { return []int{1, 3, 100}[w.spec.Seed%3] }

const (
	lease    = 20 * time.Second
	poll     = time.Second
	attempts = 4
)

// background starts a call that ends with its desk only.
func (w *World) background(d *desk, name string, run func(context.Context, *task) (charla.Result, error)) *task {
	t := &task{desk: d, name: name, background: true}
	w.start(t, run)
	return t
}

// stalest returns an instant before any roster that the task's decision may have seen:
// those read since it began, or kept by its desk for a second on its own clock.
func (t *task) stalest() time.Time { return t.started.Add(-2*time.Second - t.desk.back) }

// alive returns the desks that run.
func (w *World) alive() []*desk {
	var out []*desk
	for _, d := range w.desks {
		if !d.dead {
			out = append(out, d)
		}
	}
	return out
}

// errTimeout is a mail server that did not answer.
var errTimeout = errors.New("sim: timeout")

// mailer is every desk's mail server. It implements charla.Mailer.
type mailer struct{ w *World }

func (m mailer) Send(ctx context.Context, mail charla.Mail) error {
	t, _ := ctx.Value(taskKey{}).(*task)
	w := m.w
	r := w.model.outbox.emits("mail", mail.Ref.Account, mail.Key, attempts)
	v := t.park(spot{"mail", mails, mail.Key})
	if a := w.model.accounts[mail.Ref.Account]; a == nil || !strings.Contains(mail.Message, a.name) || mail.AccountName == "" {
		w.failf("isolation", "mail %s of account %v says %q", mail.Key, mail.Ref.Account, mail.Message)
	}
	switch v {
	case failBefore:
		return errTimeout // lost on the way
	case notSent:
		return fmt.Errorf("%w: try later", charla.ErrNotSent)
	case refused:
		return fmt.Errorf("%w: no such address", charla.ErrRefused)
	case panics:
		panic("sim: the mailer panics")
	default:
	}
	if r.accepted++; r.accepted > 1+r.replays {
		w.failf("mail", "mail %s was taken %d times, replayed %d", mail.Key, r.accepted, r.replays)
	}
	w.logf("mail %s", mail.Key)
	w.stats.Mails++
	switch v {
	case linger:
		t.park(spot{"mail", returns, mail.Key})
	case failAfter:
		return errTimeout // accepted, and then it timed out
	case dieAfter:
		runtime.Goexit()
	default:
	}
	return nil
}

// hooked are the names of every desk's hooks.
var hooked = []string{"bot", "host"}

// asksForNotes is the one of hooked that also hears of notes (R11.4).
const asksForNotes = "bot"

// hooks returns the hooks of every desk.
func (w *World) hooks() map[string]charla.Hook {
	all := make(map[string]charla.Hook)
	for _, name := range hooked {
		all[name] = func(ctx context.Context, e charla.Event) error { return w.hook(ctx, name, e) }
	}
	return all
}

// hook is called by a desk with an event: it checks that the event happened, and
// succeeds, fails or panics as the schedule says.
func (w *World) hook(ctx context.Context, name string, e charla.Event) error {
	t, _ := ctx.Value(taskKey{}).(*task)
	r := w.model.outbox.emits("event:"+name, e.Ref.Account, e.Key, attempts)
	v := t.park(spot{"hook", hooks, name + " " + e.Key})
	if c := w.model.conv(e.Ref); c == nil || e.Entry < 1 || e.Entry > int64(len(c.entries)) {
		w.failf("outbox", "event %s of what did not happen", e.Key)
	}
	switch v {
	case failBefore, notSent, refused:
		return errTimeout
	case panics:
		panic("sim: the host panics")
	default:
	}
	w.stats.Hooks++
	if v == linger {
		t.park(spot{"hook", returns, name + " " + e.Key})
	}
	if v == dieAfter {
		runtime.Goexit()
	}
	if v == failAfter {
		return errTimeout
	}
	r.heard++
	return nil
}

// conv returns the conversation of a ref; nil: there is none.
func (m *model) conv(ref tickets.Ref) *conv {
	if a := m.accounts[ref.Account]; a != nil {
		return a.convs[ref.Conversation]
	}
	return nil
}
