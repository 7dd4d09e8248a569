package tickets

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// stopClocks ends everything that runs while a ticket is open: wait, auto-close, pause and
// the bot's turn (R2.4, R3.7, R4.2, R12.2).
func (t *Ticket) stopClocks() {
	t.Wait, t.CountsFrom, t.Paused, t.WithBot, t.Unanswered = nil, time.Time{}, false, false, time.Time{}
}

// startWait starts a wait at now under the policy's SLA (R2.2, R2.6).
func (t *Ticket) startWait(now time.Time, p *Policy) {
	t.Wait = &Wait{Since: now}
	t.Wait.setSLA(p)
}

// setSLA puts the wait under the policy's SLA and computes when it is due. A wait that
// is a delay already stays one.
func (w *Wait) setSLA(p *Policy) {
	w.Clock, w.Limit, w.Due = p.SLAClock, Span(p.SLA), time.Time{}
	if p.SLA > 0 {
		w.Due, _ = After(w.Since, p.SLA, p.SLAClock, p.Calendar)
	}
}

// After returns the instant at which a duration has passed since another on a clock;
// false: it never will, or the clock has no hours.
func After(from time.Time, d time.Duration, clock chatcfg.Clock, hours *chatcfg.Calendar) (time.Time, bool) {
	if clock != chatcfg.Business {
		return from.Add(d), true
	}
	if hours == nil {
		return time.Time{}, false
	}
	return hours.Add(from, d)
}

// elapsed returns the time between two instants on a clock; on the wall clock if there
// are no hours.
func elapsed(from, to time.Time, clock chatcfg.Clock, hours *chatcfg.Calendar) time.Duration {
	if clock == chatcfg.Business && hours != nil {
		return hours.Between(from, to)
	}
	return to.Sub(from)
}
