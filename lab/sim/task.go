package sim

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// verdict is what the schedule decides about a parked call.
type verdict int

const (
	// proceed carries the call out.
	proceed verdict = iota
	// failBefore returns an error without carrying it out.
	failBefore
	// failAfter carries it out and returns an error all the same.
	failAfter
	// linger carries it out and parks again before it returns.
	linger
	// busy, conflict and configChanged refuse what nothing is wrong with.
	busy
	conflict
	configChanged
	// The others are what a mailer or a hook may do besides.
	notSent
	refused
	panics
	// dieBefore and dieAfter end the desk with the call.
	dieBefore
	dieAfter
)

// crashes reports whether a verdict ends the desk.
func (v verdict) crashes() bool { return v == dieBefore || v == dieAfter }

var verdictNames = map[verdict]string{
	proceed: "ok", failBefore: "error before", failAfter: "error after", linger: "linger", busy: "busy", conflict: "conflict",
	configChanged: "configuration changed", notSent: "not sent", refused: "refused", panics: "panic",
	dieBefore: "crash before", dieAfter: "crash after",
}

// kind of a call, which decides what can go wrong with it.
type kind int

const (
	reads   kind = iota // changes nothing
	changes             // may fail after it has happened
	commits             // changes that can also conflict
	mails
	hooks
	returns // a call that was carried out and lingers
)

// spot is where a goroutine is parked.
type spot struct {
	name string
	kind kind
	// detail tells apart the goroutines of one call that are at one name.
	detail string
}

// parking is a goroutine at a yield point. Several of one call that read the same are one
// parking: they go on together, since nothing tells them apart.
type parking struct {
	spot
	resume []chan verdict
}

// task is one call of a desk, on a goroutine of its own.
type task struct {
	id   int
	desk *desk
	name string
	// tag is what the call writes into the log, so that the ledger finds it.
	tag    string
	cancel context.CancelFunc
	after  func(*task) // what the schedule does when it has ended
	// saw is called at the instant of each read that the call makes, with its name.
	saw func(name string)
	// chance is the one random number of the call, once a commit showed it.
	chance  uint64
	chanced bool
	// started is the world's time then; beat is set for a heartbeat.
	started time.Time
	// clock is its desk's time then, back how far that had stepped back by then.
	clock time.Time
	back  time.Duration
	// asked is the desk's time when it asked for the presence, decided that of
	// the presence that the last decision took in.
	asked, decided time.Time
	beat           *beat
	marks          *tickets.Marks // that the call says
	turn           *turn          // of a call that takes the next ticket
	// background tasks (runners, streams) never end by themselves.
	background bool

	// snapshot is what a reader of the feed must have seen when it has caught up.
	snapshot map[tickets.ConversationID]int64

	// mu is for the moment in which several goroutines of one call (a runner has
	// two) are on their way to their yield points.
	mu     sync.Mutex
	parked []*parking

	// The goroutine writes these before it ends; the schedule reads them then.
	done     bool // it has ended
	returned bool // with an answer
	result   charla.Result
	err      error
	panicked string
}

// beat is a heartbeat under way.
type beat struct {
	agent tickets.AgentID
	is    tickets.Availability
}

type taskKey struct{}

// start starts a call on a goroutine of its own, up to its first yield point.
func (w *World) start(t *task, run func(context.Context, *task) (charla.Result, error)) {
	w.lastTask++
	t.id, t.started = w.lastTask, w.now
	t.clock, t.back = t.desk.charla.Now(), t.desk.back
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), taskKey{}, t))
	t.cancel = cancel
	w.tasks = append(w.tasks, t)
	w.logf("start %d %s on %d.%d %s", t.id, t.name, t.desk.id, t.desk.life, t.tag)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				t.panicked = fmt.Sprintf("%v\n%s", r, debug.Stack())
			}
			t.done = true
		}()
		t.result, t.err = run(ctx, t)
		t.returned = true
	}()
	w.settle()
}

// park waits until the schedule lets the call go on, and returns how. On a dead desk it
// never returns.
func (t *task) park(at spot) verdict {
	if t.desk.dead {
		runtime.Goexit()
	}
	resume := make(chan verdict, 1)
	t.mu.Lock()
	// Any order will do but that in which they came, which is not reproducible.
	i, same := slices.BinarySearchFunc(t.parked, at, func(p *parking, at spot) int {
		return cmp.Or(strings.Compare(p.name, at.name), strings.Compare(p.detail, at.detail), int(p.kind-at.kind))
	})
	switch {
	case !same:
		t.parked = slices.Insert(t.parked, i, &parking{at, []chan verdict{resume}})
	case at.kind != reads:
		t.desk.clock.w.failf("schedule", "%s parks twice at %s %s", t.name, at.name, at.detail)
		fallthrough
	default:
		t.parked[i].resume = append(t.parked[i].resume, resume)
	}
	t.mu.Unlock()
	v := <-resume
	if v == dieBefore || t.desk.dead {
		runtime.Goexit()
	}
	return v
}

// leave lets the goroutines of a parking go on.
func (t *task) leave(p *parking, v verdict) {
	t.parked = slices.DeleteFunc(t.parked, func(q *parking) bool { return q == p })
	for _, resume := range p.resume {
		resume <- v
	}
}

// settle waits until every goroutine is parked, blocked or done, and handles those that
// are done.
func (w *World) settle() {
	for {
		w.wait()
		var ended *task
		for i, t := range w.tasks {
			if t.done {
				ended = t
				w.tasks = append(w.tasks[:i:i], w.tasks[i+1:]...)
				break
			}
		}
		if ended == nil {
			return
		}
		ended.cancel()
		if ended.desk.dead {
			ended.returned = false // nobody is there to hear it
		}
		switch {
		case ended.panicked != "":
			w.failf("panic", "%s: %s", ended.name, ended.panicked)
		case !ended.returned:
			w.logf("lost %d", ended.id)
		default:
			w.logf("end %d %v %d %d %s", ended.id, errName(ended.err), ended.result.Entry, ended.result.Seq, ended.result.Ref.Conversation)
		}
		if ended.after != nil {
			ended.after(ended)
		}
	}
}

// kill ends a desk: what it had under way never continues.
func (w *World) kill(d *desk) {
	if d.dead {
		return
	}
	d.dead = true
	w.stats.Crashes++
	w.logf("crash %d.%d", d.id, d.life)
	for again, rounds := true, 0; again; rounds++ {
		if again = false; rounds > 1000 {
			w.failf("stuck", "a call of a desk that crashed does not end")
			return
		}
		for _, t := range w.tasks {
			if t.desk != d {
				continue
			}
			if len(t.parked) > 0 {
				t.leave(t.parked[0], dieBefore)
			} else {
				t.cancel() // waits at a gate, for a timer or for news
			}
			again = true
			w.settle()
			break
		}
	}
}
