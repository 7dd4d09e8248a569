package mail

import (
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla"
)

// limiter counts what each address was sent of late. Contact forms get at most half of
// the limit, and of that one sender no more than is left to the others.
type limiter struct {
	limit Limit
	clock charla.Clock

	mu    sync.Mutex
	taken map[string][]taken
	swept time.Time
}

// taken is a mail that counts.
type taken struct {
	at time.Time
	// form is the sender of a contact form; empty: it is of a ticket.
	form string
}

// take counts one mail to an address if it may have one, which giveBack uncounts;
// otherwise it returns no giveBack, and how long to wait before the next try. form is
// the address that the form's sender gave; empty: the mail is of no form.
func (l *limiter) take(address, form string) (giveBack func(), wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if now.Sub(l.swept).Abs() >= l.limit.Window {
		l.swept = now
		for a := range l.taken {
			l.forget(a, now)
		}
	}
	l.forget(address, now)
	all := l.taken[address]
	var forms, own int
	for _, t := range all {
		if t.form != "" {
			forms++
		}
		if form != "" && t.form == form {
			own++
		}
	}
	half := (l.limit.Mails + 1) / 2
	if len(all) >= l.limit.Mails || form != "" && (forms >= half || own > 0 && own >= half-forms) {
		return nil, all[0].at.Add(l.limit.Window).Sub(now)
	}
	one := taken{now, form}
	l.taken[address] = append(all, one)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if i := slices.Index(l.taken[address], one); i >= 0 {
			l.taken[address] = slices.Delete(l.taken[address], i, i+1)
		}
	}, 0
}

// forget drops what no longer counts for an address: what is older than the window, and
// what a wrong clock dated later than now. The lock must be held.
func (l *limiter) forget(address string, now time.Time) {
	kept := slices.DeleteFunc(l.taken[address], func(t taken) bool { age := now.Sub(t.at); return age >= l.limit.Window || age < 0 })
	if len(kept) == 0 {
		delete(l.taken, address)
		return
	}
	l.taken[address] = kept
}
