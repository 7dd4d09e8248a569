package mail

import (
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// maxAccounts is how many accounts' limits one address gets in all.
const maxAccounts = 4

// limiter counts what each address was sent of late. Each account has the limit for itself,
// so that none delays another's mails. Of an account's, contact forms get at most half, and
// of that one sender no more than is left to the others.
type limiter struct {
	limit Limit
	clock charla.Clock

	mu    sync.Mutex
	taken map[string][]taken
	swept time.Time
}

// taken is a mail that counts.
type taken struct {
	at      time.Time
	account chatcfg.AccountID
	// form is the sender of a contact form; empty: it is of a ticket.
	form string
}

// take counts one mail of an account to an address if it may have one, which giveBack
// uncounts; otherwise it returns no giveBack, and how long to wait before the next try.
// form is the address that the form's sender gave; empty: the mail is of no form.
func (l *limiter) take(account chatcfg.AccountID, address, form string) (giveBack func(), wait time.Duration) {
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
	var mails, forms, own int
	var first time.Time // of the account's
	for _, t := range l.taken[address] {
		if t.account != account {
			continue
		}
		if mails++; mails == 1 {
			first = t.at
		}
		if t.form != "" {
			forms++
		}
		if form != "" && t.form == form {
			own++
		}
	}
	half := (l.limit.Mails + 1) / 2
	if mails >= l.limit.Mails || form != "" && (forms >= half || own > 0 && own >= half-forms) {
		return nil, first.Add(l.limit.Window).Sub(now)
	}
	if all := l.taken[address]; len(all) >= maxAccounts*l.limit.Mails {
		return nil, all[0].at.Add(l.limit.Window).Sub(now)
	}
	one := taken{now, account, form}
	l.taken[address] = append(l.taken[address], one)
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
