package sim

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// step does one thing: it lets one parked call go on, starts a call, lets time
// pass, or ends or starts a desk. All of its choices come from the step's seed.
func (w *World) step(s Step) {
	w.rnd = rand.New(rand.NewPCG(s.Seed, 2))
	w.calm = s.Calm
	var parked []waiter
	running := 0
	for _, t := range w.tasks {
		for _, p := range t.parked {
			parked = append(parked, waiter{t, p})
		}
		if !t.background {
			running++
		}
	}
	if i := slices.IndexFunc(parked, func(p waiter) bool { return p.task.id == w.hurry }); i >= 0 && w.rnd.IntN(8) > 0 {
		w.release(parked[i]) // before time goes on
		w.streams()
		return
	}
	switch x := w.rnd.IntN(1000); {
	case len(parked) > 0 && (x < 640 || running >= 8):
		w.release(parked[w.rnd.IntN(len(parked))])
	case x < 900:
		w.operate()
	case x < 985:
		w.pass()
	case x < 988 && !w.calm && w.faults > 0:
		for _, d := range w.desks { // nothing runs for a while
			w.kill(d)
		}
		w.reopen()
		w.advance(time.Duration(w.rnd.Int64N(int64(30 * time.Hour))))
	case x < 992 && !w.calm && w.faults > 0:
		w.kill(w.desks[w.rnd.IntN(len(w.desks))])
	default:
		if d := w.desks[w.rnd.IntN(len(w.desks))]; d.dead {
			w.boot(d)
		}
	}
	w.streams()
}

// waiter is a goroutine that waits for the schedule.
type waiter struct {
	*task
	parking *parking
}

// release lets a parked call go on, with success or a fault.
func (w *World) release(one waiter) {
	t, at := one.task, one.parking
	v := w.verdict(at)
	w.logf("go %d %s %s %s", t.id, at.name, at.detail, verdictNames[v])
	if v != proceed && v != linger {
		w.stats.Faults[at.name+": "+verdictNames[v]]++
	}
	t.leave(at, v)
	w.settle()
	if v.crashes() {
		w.kill(t.desk)
	}
}

// verdict chooses how a parked call goes on.
func (w *World) verdict(at *parking) verdict {
	if at.kind == hooks && w.poisonous(at.detail) {
		return dieBefore
	}
	if w.quiet || w.calm || at.kind == returns {
		return proceed
	}
	n, faults := w.rnd.IntN(1000), w.faults
	if at.kind == mails || at.kind == hooks {
		faults *= 3 // the world outside fails more often than a store
	}
	if n >= faults {
		if n > 960 && at.kind != reads {
			return linger
		}
		return proceed
	}
	all := map[kind][]verdict{
		reads:   {failBefore, failBefore, failBefore, busy, dieBefore},
		changes: {failBefore, busy, failAfter, failAfter, dieBefore, dieAfter},
		commits: {failBefore, busy, failAfter, failAfter, conflict, configChanged, dieBefore, dieAfter},
		mails:   {failBefore, failAfter, failAfter, notSent, notSent, refused, panics, dieBefore, dieAfter},
		hooks:   {failBefore, failBefore, failAfter, panics, dieBefore, dieAfter},
	}[at.kind]
	v := all[w.rnd.IntN(len(all))]
	if v == configChanged && at.name != "commit" {
		v = conflict
	}
	return v
}

// poisonous reports whether a delivery ends the process that makes it, every time.
func (w *World) poisonous(key string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return w.spec.Seed%8 == 5 && h.Sum32()%64 == 0
}

// pass moves time on, a little or a lot, or moves one desk's clock.
func (w *World) pass() {
	r := w.rnd
	upTo := func(d time.Duration) time.Duration {
		return time.Duration(r.Int64N(int64(d))).Truncate(time.Microsecond)
	}
	switch x := r.IntN(100); {
	case x < 25:
		w.advance(upTo(2 * time.Second))
	case x < 45:
		w.advance(upTo(2 * time.Minute))
	case x < 70:
		w.meet()
	case x < 84:
		w.advance(upTo(3 * time.Hour))
	case x < 90:
		by := 24 * time.Hour
		if w.spec.Whole && r.IntN(24) == 0 { // nobody comes for weeks
			by *= 40
		}
		w.advance(upTo(by))
	default:
		d := w.desks[r.IntN(len(w.desks))]
		offset := upTo(4*time.Minute) - 2*time.Minute
		switch y := r.IntN(160); {
		case y < 20:
			offset *= 30
		case y < 26 && w.spec.Whole: // days
			offset *= 30 * 24 * 10
		case y < 28 && w.spec.Whole: // years
			offset *= 30 * 24 * 365
		}
		d.back += max(0, d.clock.offset-offset)
		d.clock.offset = offset
		w.logf("clock %d %s", d.id, offset)
	}
}

// meet moves time to where something is due by one desk's clock, or right beside, and
// often has somebody write or act there at that instant.
func (w *World) meet() {
	convs := w.model.conversations()
	alive := w.alive()
	if len(convs) == 0 || len(alive) == 0 {
		return
	}
	d := alive[w.rnd.IntN(len(alive))]
	for range 5 {
		c := convs[w.rnd.IntN(len(convs))]
		due, _ := c.deadline()
		if t := c.ticket; t.status == tickets.StatusClosed { // the end of the reopening window
			due = t.closedAt.Add(std(c.account.current().General.ReopenWindow))
		}
		by := due.Sub(w.now.Add(d.clock.offset))
		if due.IsZero() || by <= 0 || by > 48*time.Hour {
			continue
		}
		w.advance(by + time.Duration(w.rnd.IntN(3)-1)*time.Microsecond)
		switch x := w.rnd.IntN(4); {
		case d.dead || x == 0:
		case x == 1:
			w.act(d, c)
		default:
			if v := w.visitorOf(c); v != nil {
				w.write(d, v)
				w.hurry = w.lastTask
			}
		}
		return
	}
}

// visitorOf returns a visitor whose session writes in a conversation; nil: there is
// none.
func (w *World) visitorOf(c *conv) *visitor {
	for i := len(w.people.sessions) - 1; i >= 0; i-- {
		if v := w.people.sessions[i]; !v.ended && w.model.holds(v.id) == c {
			return v
		}
	}
	return nil
}

// operate starts a call on some desk.
func (w *World) operate() {
	alive := w.alive()
	if len(alive) == 0 {
		w.boot(w.desks[w.rnd.IntN(len(w.desks))])
		return
	}
	r := w.rnd
	d := alive[r.IntN(len(alive))]
	living := w.model.living()
	if len(living) == 0 || len(living) < 3 && r.IntN(40) == 0 {
		w.open(d)
		return
	}
	a := living[r.IntN(len(living))]
	if r.IntN(30) == 0 {
		a = w.model.order[r.IntN(len(w.model.order))] // a deleted one perhaps
	}
	if a.purged {
		return
	}
	var c *conv
	if len(a.order) > 0 {
		c = a.order[r.IntN(len(a.order))]
	}
	v := w.visitor(a)
	if w.spec.Whole && c != nil && v != nil && r.IntN(12) == 0 {
		w.look(d, a, c, v)
		return
	}
	switch x := r.IntN(1000); {
	case v == nil || x < 50:
		w.enter(d, a)
	case x < 370 || c == nil:
		if r.IntN(16) == 0 {
			w.end(d, v)
			return
		}
		if r.IntN(4) == 0 {
			w.rate(d, v)
			return
		}
		w.write(d, v)
	case x < 620:
		w.act(d, c)
	case x < 690:
		w.again(d)
	case x < 760:
		w.heartbeat(d, a)
	case x < 790:
		if !a.deleted {
			w.save(d, a)
		}
	case x < 900:
		w.runDue(d)
	case x < 908:
		w.leave(d, v)
	case x < 918:
		w.login(d, v)
	case x < 940:
		w.visit(d, v)
	case x < 950:
		w.stream(d, c)
	case x < 960 && w.spec.Whole:
		w.inbox(d, a)
	case x < 970:
		w.poll(d, a)
	case x < 980:
		w.probe(d)
	case x < 990:
		w.replay(d)
	case x < 993:
		w.remove(d, a)
	default:
		w.model.outbox.check(context.Background())
	}
}

// visitor returns one of an account's last few visitors; nil: it has none.
func (w *World) visitor(a *account) *visitor {
	var of []*visitor
	for _, v := range w.people.sessions {
		if v.account == a {
			of = append(of, v)
		}
	}
	if len(of) == 0 {
		return nil
	}
	last := min(len(of), 5)
	return of[len(of)-1-w.rnd.IntN(last)]
}

// runDue has a desk do what is due; on some seeds only Run ever does.
func (w *World) runDue(d *desk) {
	if w.onlyRun() {
		w.advance(2 * poll)
		return
	}
	w.start(&task{desk: d, name: "run due"}, func(ctx context.Context, t *task) (res charla.Result, err error) {
		_, err = d.charla.RunDue(ctx)
		return res, err
	})
}

// onlyRun reports whether, on this seed, only Run does what is due.
func (w *World) onlyRun() bool { return w.spec.Seed%4 == 3 }

// replay has the host send a dead or unknown delivery again.
func (w *World) replay(d *desk) {
	var of []*row
	for _, r := range w.model.outbox.list {
		if !r.gone && (r.state == storage.Dead || r.state == storage.Unknown) {
			of = append(of, r)
		}
	}
	if len(of) == 0 {
		return
	}
	one := of[w.rnd.IntN(len(of))]
	w.start(&task{desk: d, name: "replay"}, func(ctx context.Context, _ *task) (res charla.Result, err error) {
		return res, d.charla.Replay(ctx, one.account, one.key)
	})
}
