package widget

import (
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"golang.org/x/time/rate"
)

// limiter holds the token buckets of everybody who was heard of lately.
type limiter struct {
	all          *rate.Limiter
	address      networkBuckets
	entry        networkBuckets
	account      buckets[chatcfg.AccountID]
	accountEntry buckets[chatcfg.AccountID]
	// session and message are by the token's hash: invented tokens use up nobody's.
	session buckets[tokenHash]
	message buckets[tokenHash]
}

// forget forgets a token that no session has, so that invented tokens do not displace
// those that are remembered.
func (l *limiter) forget(token tokenHash) {
	l.session.kept.remove(token)
	l.message.kept.remove(token)
}

// buckets are the token buckets of one rate.
type buckets[K comparable] struct {
	name string
	rate Rate
	kept lru[K, *rate.Limiter]
}

// newLimiter returns a limiter with full buckets.
func newLimiter(l *Limits) *limiter {
	m := &limiter{all: l.All.bucket()}
	m.address.set("address", l.Address, l.Remembered)
	m.entry.set("entry", l.Entry, l.Remembered)
	m.account.name, m.account.rate = "account", l.Account
	m.accountEntry.name, m.accountEntry.rate = "account_entry", l.AccountEntry
	m.session.name, m.session.rate = "session", l.Session
	m.message.name, m.message.rate = "message", l.Message
	for _, limit := range []*int{
		&m.account.kept.limit, &m.accountEntry.kept.limit, &m.session.kept.limit, &m.message.kept.limit,
	} {
		*limit = l.Remembered
	}
	return m
}

// bucket returns a full token bucket.
func (r Rate) bucket() *rate.Limiter { return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst) }

// take takes a token from a key's bucket. If there is none, it fails with a [*failure]
// that has the time until there is one.
func (b *buckets[K]) take(key K, now time.Time) error {
	return take(b.kept.get(key, b.rate.bucket), b.name, now)
}

// networkBuckets are the token buckets of one rate for each network that an address is in.
type networkBuckets [len(levels)]buckets[netip.Prefix]

// set sets the limit's name, the rate for single addresses (wider networks get a
// multiple of it), and how many addresses and networks are remembered.
func (b *networkBuckets) set(name string, r Rate, remembered int) {
	for i, level := range levels {
		b[i].name = name
		times := float64(level.times)
		b[i].rate = Rate{r.PerSecond * times, r.Burst * level.times}
		b[i].kept.limit = remembered
	}
}

// take takes a token from the bucket of each network of an address, the narrowest
// first. It fails, as [take] does, at the first empty one; what it took before is not
// given back.
func (b *networkBuckets) take(a netip.Addr, now time.Time) error {
	all, n := networks(a)
	for i := range n {
		if err := b[i].take(all[i], now); err != nil {
			return err
		}
	}
	return nil
}

// take takes a token from the bucket of a limit. If there is none, it fails with a
// [*failure] that has the limit's name and the time until there is one.
func take(bucket *rate.Limiter, name string, now time.Time) error {
	if bucket.AllowN(now, 1) {
		return nil
	}
	// Not by a reservation that is cancelled: one gives nothing back if others were
	// made meanwhile, so that those who are refused would keep the bucket empty.
	wait := max(0, 1-bucket.TokensAt(now)) / float64(bucket.Limit())
	return &failure{
		status: http.StatusTooManyRequests, code: codeRate, limit: name,
		retry: max(time.Millisecond, time.Duration(min(wait, 3600)*float64(time.Second))),
	}
}

// seats count the streams that are open.
type seats struct {
	mu       sync.Mutex
	limit    StreamOptions
	all      int
	sessions map[tickets.SessionID]int
	accounts map[chatcfg.AccountID]int
	networks counts
}

// counts are how many each network has of something.
type counts map[netip.Prefix]int

// full reports whether an address, or a network that it is in, has reached its limit: limit
// for an address, a multiple of it for wider networks.
func (c counts) full(a netip.Addr, limit int) bool {
	all, n := networks(a)
	for i := range n {
		if c[all[i]] >= limit*levels[i].times {
			return true
		}
	}
	return false
}

// add counts one more for each network of an address.
func (c *counts) add(a netip.Addr) {
	if *c == nil {
		*c = counts{}
	}
	all, n := networks(a)
	for i := range n {
		(*c)[all[i]]++
	}
}

// release counts one less for each network of an address.
func (c counts) release(a netip.Addr) {
	all, n := networks(a)
	for i := range n {
		release(c, all[i])
	}
}

// seat is one stream's place in the counts.
type seat struct {
	session tickets.SessionID
	account chatcfg.AccountID
	address netip.Addr
}

// take counts a stream. It fails with a [*failure], and counts nothing, if a limit is
// reached.
func (s *seats) take(one seat) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.limit.All || s.sessions[one.session] >= s.limit.Session ||
		s.accounts[one.account] >= s.limit.Account || s.networks.full(one.address, s.limit.Address) {
		return &failure{status: http.StatusTooManyRequests, code: codeRate, limit: "streams", retry: s.limit.WriteTimeout}
	}
	if s.sessions == nil {
		s.sessions = make(map[tickets.SessionID]int)
		s.accounts = make(map[chatcfg.AccountID]int)
	}
	s.all++
	s.sessions[one.session]++
	s.accounts[one.account]++
	s.networks.add(one.address)
	return nil
}

// release ends the count of a stream that take counted.
func (s *seats) release(one seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	release(s.sessions, one.session)
	release(s.accounts, one.account)
	s.networks.release(one.address)
}

// release counts one less for a key, and forgets a key at zero.
func release[K comparable](m map[K]int, key K) {
	if m[key]--; m[key] <= 0 {
		delete(m, key)
	}
}

// bulk counts what is on its way and takes much memory, for as long as a slow client
// likes: the files that come or go, and large answers.
type bulk struct {
	mu       sync.Mutex
	limit    int
	all      int
	accounts map[chatcfg.AccountID]int
	networks counts
}

// enter counts one more; leave must be called when it is over. It fails with a
// [*failure] if the limit, half of it for the account or a sixteenth for the address is
// reached. account is zero before it is known.
func (b *bulk) enter(account chatcfg.AccountID, from netip.Addr) (leave func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.limit || b.accounts[account] >= max(1, b.limit/2) || b.networks.full(from, max(1, b.limit/16)) {
		return nil, &failure{status: http.StatusTooManyRequests, code: codeRate, limit: "bulk", retry: 2 * time.Second}
	}
	if b.accounts == nil {
		b.accounts = make(map[chatcfg.AccountID]int)
	}
	b.all++
	b.accounts[account]++
	b.networks.add(from)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all--
		release(b.accounts, account)
		b.networks.release(from)
	}, nil
}

// seconds returns a wait in whole seconds, rounded up, from one second to one hour.
func seconds(d time.Duration) int {
	return int(max(1, math.Ceil(min(d, time.Hour).Seconds())))
}
