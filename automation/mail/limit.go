package mail

import (
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla"
)

// limiter counts the mails that each address was sent within the limit's window.
type limiter struct {
	limit Limit
	clock charla.Clock

	mu    sync.Mutex
	taken map[string][]time.Time
	swept time.Time
}

// take counts one mail to an address; false: it has had as many as it may. giveBack
// uncounts it.
func (l *limiter) take(address string) (giveBack func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	if now.Sub(l.swept) >= l.limit.Window {
		l.swept = now
		for a := range l.taken {
			l.forget(a, now)
		}
	}
	l.forget(address, now)
	if len(l.taken[address]) >= l.limit.Mails {
		return nil, false
	}
	l.taken[address] = append(l.taken[address], now)
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if i := slices.Index(l.taken[address], now); i >= 0 {
			l.taken[address] = slices.Delete(l.taken[address], i, i+1)
		}
	}, true
}

// forget drops an address's mails that are older than the window.
func (l *limiter) forget(address string, now time.Time) {
	kept := slices.DeleteFunc(l.taken[address], func(t time.Time) bool { return now.Sub(t) >= l.limit.Window })
	if len(kept) == 0 {
		delete(l.taken, address)
		return
	}
	l.taken[address] = kept
}
