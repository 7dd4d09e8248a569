package widget

import (
	"math"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"golang.org/x/time/rate"
)

// limiter holds the token buckets of everybody who was heard of lately.
type limiter struct {
	all          *rate.Limiter
	address      buckets[netip.Addr]
	entry        buckets[netip.Addr]
	account      buckets[chatcfg.AccountID]
	accountEntry buckets[chatcfg.AccountID]
	// session and message are by the token's hash: invented tokens use up nobody's.
	session buckets[tokenHash]
	message buckets[tokenHash]
}

// forget forgets a token that no session has, so that made-up ones take nobody's place
// among those that are remembered.
func (l *limiter) forget(token tokenHash) {
	l.session.kept.remove(token)
	l.message.kept.remove(token)
}

// buckets are the token buckets of one rate.
type buckets[K comparable] struct {
	rate Rate
	kept lru[K, *rate.Limiter]
}

func newLimiter(l *Limits) *limiter {
	m := &limiter{all: l.All.bucket()}
	m.address.rate, m.entry.rate = l.Address, l.Entry
	m.account.rate, m.accountEntry.rate = l.Account, l.AccountEntry
	m.session.rate, m.message.rate = l.Session, l.Message
	for _, limit := range []*int{
		&m.address.kept.limit, &m.entry.kept.limit, &m.account.kept.limit, &m.accountEntry.kept.limit,
		&m.session.kept.limit, &m.message.kept.limit,
	} {
		*limit = l.Remembered
	}
	return m
}

func (r Rate) bucket() *rate.Limiter { return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst) }

// take takes a token of a key's bucket; the error says how long until there is
// one.
func (b *buckets[K]) take(key K, now time.Time) error {
	return take(b.kept.get(key, b.rate.bucket), now)
}

func take(bucket *rate.Limiter, now time.Time) error {
	if bucket.AllowN(now, 1) {
		return nil
	}
	// Not by a reservation that is cancelled: one gives nothing back if others were
	// made meanwhile, so that those who are refused would keep the bucket empty.
	wait := max(0, 1-bucket.TokensAt(now)) / float64(bucket.Limit())
	return &failure{
		status: http.StatusTooManyRequests, code: codeRate,
		retry: max(time.Millisecond, time.Duration(min(wait, 3600)*float64(time.Second))),
	}
}

// address is the network address of a client: the peer's, or, behind trusted
// proxies, the last one in X-Forwarded-For that is no trusted proxy itself. Of
// IPv6 it is the /64, which is one customer of a provider. Zero: unknown.
func address(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client := peer(r.RemoteAddr)
	if isTrusted(client, trusted) {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && isTrusted(client, trusted); i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break // keep the last address that could be read
			}
			client = hop.Unmap().WithZone("")
		}
	}
	if client.Is6() {
		if p, err := client.Prefix(64); err == nil {
			client = p.Addr()
		}
	}
	return client
}

func peer(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// seats count the streams that are open.
type seats struct {
	mu       sync.Mutex
	limit    StreamOptions
	all      int
	sessions map[tickets.SessionID]int
	accounts map[chatcfg.AccountID]int
	address  map[netip.Addr]int
}

// seat is one stream's place in the counts.
type seat struct {
	session tickets.SessionID
	account chatcfg.AccountID
	address netip.Addr
}

// sit takes a seat, or says that there is none; stand gives it back.
func (s *seats) sit(one seat) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.limit.All || s.sessions[one.session] >= s.limit.Session ||
		s.accounts[one.account] >= s.limit.Account || s.address[one.address] >= s.limit.Address {
		return &failure{status: http.StatusTooManyRequests, code: codeRate, retry: s.limit.WriteTimeout}
	}
	if s.sessions == nil {
		s.sessions = make(map[tickets.SessionID]int)
		s.accounts = make(map[chatcfg.AccountID]int)
		s.address = make(map[netip.Addr]int)
	}
	s.all++
	s.sessions[one.session]++
	s.accounts[one.account]++
	s.address[one.address]++
	return nil
}

func (s *seats) stand(one seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	release(s.sessions, one.session)
	release(s.accounts, one.account)
	release(s.address, one.address)
}

func release[K comparable](m map[K]int, key K) {
	if m[key]--; m[key] <= 0 {
		delete(m, key)
	}
}

// bulk counts what is on its way and takes much memory, for as long as a slow client
// likes: the files that come or go, and large answers.
type bulk struct {
	mu      sync.Mutex
	limit   int
	all     int
	address map[netip.Addr]int
}

// enter counts one; leave is to be called when it is over.
func (b *bulk) enter(from netip.Addr) (leave func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.limit || b.address[from] >= max(1, b.limit/4) {
		return nil, &failure{status: http.StatusTooManyRequests, code: codeRate, retry: 2 * time.Second}
	}
	if b.address == nil {
		b.address = make(map[netip.Addr]int)
	}
	b.all++
	b.address[from]++
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.all--
		release(b.address, from)
	}, nil
}

// seconds rounds a wait up to whole seconds, at least one.
func seconds(d time.Duration) int {
	return int(max(1, math.Ceil(min(d, time.Hour).Seconds())))
}
