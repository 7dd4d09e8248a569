package storagetest

import (
	"bytes"
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var claimChecks = []test{
	{"claims/order, limit and lease", checkClaimDue},
	{"claims/left out", checkClaimWithout},
	{"claims/deleted accounts", checkClaimDeleted},
	{"claims/at once", checkClaimsAtOnce},
	{"claims/ahead", checkAhead},
}

var staleChecks = []test{
	{"stale/armed before", checkStale},
	{"stale/at once", checkStaleAtOnce},
}

// due returns what ClaimDue claims, in its order. The check stops if that fails or
// claims more than limit.
func (c *check) due(now, lease time.Time, limit int) []storage.Claim {
	claims, err := c.Conversations().ClaimDue(c.ctx, now, lease, limit, nil)
	c.must(err, "ClaimDue")
	c.that(len(claims) <= max(limit, 0), "ClaimDue: %d claims with limit %d", len(claims), limit)
	return claims
}

// wake stops the check unless Conversations.NextWake returns want.
func (c *check) wake(want time.Time, format string, args ...any) {
	got, err := c.Conversations().NextWake(c.ctx)
	c.must(err, "NextWake")
	c.same(got, want, "NextWake "+format, args...)
}

// checkClaimWithout checks that claims leave out the accounts that they are told to.
func checkClaimWithout(c *check) {
	a, other := c.account(), c.account()
	c.begin(a, func(b *storage.Batch) { b.Wake = later(1) })
	c.begin(other, func(b *storage.Batch) { b.Wake = later(2) })
	for _, of := range []*chatcfg.Account{&a, &other} {
		of.Version, of.Revision = of.Version+1, of.Revision+1
		c.must(c.Accounts().Save(c.ctx, *of), "Accounts.Save")
	}
	for what, claim := range map[string]func(without ...chatcfg.AccountID) ([]storage.Claim, error){
		"ClaimDue": func(without ...chatcfg.AccountID) ([]storage.Claim, error) {
			return c.Conversations().ClaimDue(c.ctx, later(5), later(90), 1, without)
		},
		"ClaimStale": func(without ...chatcfg.AccountID) ([]storage.Claim, error) {
			return c.Conversations().ClaimStale(c.ctx, later(90), later(200), 1, without)
		},
	} {
		for _, step := range []struct {
			without []chatcfg.AccountID
			want    []chatcfg.AccountID
		}{{[]chatcfg.AccountID{a.ID, other.ID}, nil}, {[]chatcfg.AccountID{a.ID}, []chatcfg.AccountID{other.ID}}, {nil, []chatcfg.AccountID{a.ID}}} {
			claims, err := claim(step.without...)
			c.must(err, "%s", what)
			var got []chatcfg.AccountID
			for _, one := range claims {
				got = append(got, one.Account)
			}
			c.same(got, step.want, "accounts of %s without %v", what, step.without)
		}
	}
}

// checkClaimDue checks that ClaimDue claims what is due, the earliest first, up to the
// limit and once within a lease.
func checkClaimDue(c *check) {
	a, other := c.account(), c.account()
	c.wake(time.Time{}, "of an empty store")
	c.same(len(c.due(base.AddDate(100, 0, 0), later(1), 10)), 0, "claims of an empty store")
	at := func(a chatcfg.Account, wake time.Time) storage.Claim {
		b := c.begin(a, func(b *storage.Batch) { b.Wake = wake })
		return storage.Claim{Account: a.ID, Conversation: b.Conversation.ID, Due: wake}
	}
	third, first := at(a, later(30)), at(other, later(10))
	at(a, time.Time{})
	fourth, second := at(other, later(40)), at(a, later(10).Add(time.Microsecond))
	c.wake(later(10), "with five conversations")

	c.same(len(c.due(later(10).Add(-time.Microsecond), later(99), 10)), 0, "claims before the first deadline")
	c.same(len(c.due(later(50), later(99), 0)), 0, "claims with limit 0")
	c.same(len(c.due(later(50), later(99), -1)), 0, "claims with limit -1")
	c.same(c.due(later(10), later(60), 10), []storage.Claim{first}, "claims at the first deadline")
	c.wake(second.Due, "after the first claim")
	c.same(c.due(later(35), later(60), 1), []storage.Claim{second}, "claims with limit 1, the earliest")
	c.same(c.due(later(35), later(70), 10), []storage.Claim{third}, "claims of the rest")
	c.same(len(c.due(later(35), later(70), 10)), 0, "claims of what is leased")
	c.wake(later(40), "before the last deadline")

	// Leases run out and are deadlines then.
	c.same(c.due(later(59), later(80), 10), []storage.Claim{fourth}, "claims before a lease runs out")
	again := c.due(later(60), later(90), 10)
	c.same(len(again), 2, "claims when two leases run out")
	for _, claim := range again {
		c.same(claim.Due, later(60), "Due of a conversation whose lease ran out")
	}
	c.wake(later(70), "with leases")

	// A commit sets the deadline anew, or takes it away.
	l := c.load(third.Account, third.Conversation)
	b := c.next(&storage.Batch{Config: 1, Conversation: l.Conversation, Tickets: []tickets.Ticket{l.Ticket}})
	b.Wake = later(5)
	c.commit(b)
	c.wake(later(5), "after a commit")
	third.Due = later(5)
	c.same(c.due(later(5), later(99), 10), []storage.Claim{third}, "claims after a commit on a lease")
	b = c.next(b)
	b.Wake = time.Time{}
	c.commit(b)
	c.same(slices.Contains(c.due(later(1000), later(2000), 10), third), false, "a claim of what has no deadline")
	c.wake(later(2000), "when all are leased")

	// A claim is no change: version and feed stay.
	c.same(c.load(first.Account, first.Conversation).Conversation.Version, int64(1), "version after claims")

	// A deadline long past comes first.
	old := at(a, time.Date(1970, 1, 1, 0, 0, 0, 1000, time.UTC))
	c.same(c.due(later(2000), later(3000), 1), []storage.Claim{old}, "the deadline that is longest past")
}

// checkClaimDeleted checks that nothing of a deleted account is claimed.
func checkClaimDeleted(c *check) {
	gone, a := c.account(), c.account()
	c.begin(gone, func(b *storage.Batch) { b.Wake = later(1) })
	leased := c.begin(gone, func(b *storage.Batch) { b.Wake = base })
	kept := c.begin(a, func(b *storage.Batch) { b.Wake = later(2) })
	c.same(c.due(base, later(3), 10)[0].Conversation, leased.Conversation.ID, "claim before the deletion")
	c.remove(gone)
	c.wake(later(2), "after a deletion")
	c.same(c.due(later(100), later(200), 10), []storage.Claim{{Account: a.ID, Conversation: kept.Conversation.ID, Due: later(2)}}, "claims after a deletion (R1.6)")
	c.remove(a)
	c.wake(time.Time{}, "after all are deleted")
}

// checkClaimsAtOnce checks that claimers at once never share a conversation, and miss
// none.
func checkClaimsAtOnce(c *check) {
	accounts := []chatcfg.Account{c.account(), c.account()}
	const count = 90
	c.race(6, func(i int) {
		for n := range count / 6 {
			c.begin(accounts[i%2], func(b *storage.Batch) { b.Wake = later(n) })
		}
	})
	var mu sync.Mutex
	claimed := map[storage.Claim]int{}
	c.race(6, func(int) {
		for {
			claims := c.due(later(count), later(1000), 7)
			if len(claims) == 0 {
				return
			}
			for _, one := range claims {
				one.Due = time.Time{}
				mu.Lock()
				claimed[one]++
				times := claimed[one]
				mu.Unlock()
				c.same(times, 1, "how often %v was claimed", one.Conversation)
			}
		}
	})
	c.same(len(claimed), count, "conversations claimed")
}

// stale returns the IDs of what ClaimStale claims, sorted. The check stops if that
// fails or claims more than limit.
func (c *check) stale(now, lease time.Time, limit int) []tickets.ConversationID {
	claims, err := c.Conversations().ClaimStale(c.ctx, now, lease, limit, nil)
	c.must(err, "ClaimStale")
	c.that(len(claims) <= max(limit, 0), "ClaimStale: %d claims with limit %d", len(claims), limit)
	ids := []tickets.ConversationID{}
	for _, claim := range claims {
		c.that(claim.Due.IsZero(), "Due of ClaimStale: %v", claim.Due)
		ids = append(ids, claim.Conversation)
	}
	slices.SortFunc(ids, func(a, b tickets.ConversationID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return ids
}

// checkStale checks that ClaimStale claims, once in a lease and up to the limit, the
// active conversations that were armed under an older configuration, and none of a
// deleted account.
func checkStale(c *check) {
	a, beside := c.account(), c.account()
	open, closed := []*storage.Batch{}, c.begin(a, func(b *storage.Batch) { b.Active = false })
	var ids []tickets.ConversationID
	for range 5 {
		b := c.begin(a, func(b *storage.Batch) { b.Wake = later(500) })
		open, ids = append(open, b), append(ids, b.Conversation.ID)
	}
	c.begin(beside, nil)
	none := []tickets.ConversationID{}
	c.same(c.stale(base, later(10), 100), none, "ClaimStale before a save")
	a = c.raise(a)
	c.same(c.stale(base, later(10), 0), none, "ClaimStale with limit 0")
	got := append(c.stale(base, later(10), 2), c.stale(base, later(10), 100)...)
	slices.SortFunc(got, func(a, b tickets.ConversationID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	c.same(got, ids, "ClaimStale in two parts")
	c.same(c.stale(later(9), later(20), 100), none, "ClaimStale while leased")
	c.wake(later(500), "after ClaimStale")

	// What is armed anew is done; a commit that is not ends the lease.
	for i, b := range open[:3] {
		next := c.next(b)
		next.Config = a.Version
		if i < 2 {
			next.Conversation.Armed = a.Version
		}
		open[i] = c.commit(next)
	}
	c.same(c.stale(later(9), later(20), 100), ids[2:3], "ClaimStale after commits")
	c.same(c.stale(later(10), later(20), 100), ids[3:], "ClaimStale when the leases run out")
	for i, b := range open[2:] {
		next := c.next(b)
		next.Config, next.Conversation.Armed = a.Version, a.Version
		if i == 2 {
			next.Active = false
			next.Conversation.Armed = 1
		}
		open[i+2] = c.commit(next)
	}
	c.same(c.stale(later(100), later(200), 100), none, "ClaimStale when all is armed anew")

	// The next save begins anew, and a conversation that becomes active again
	// counts again.
	a = c.raise(a)
	c.same(c.stale(later(100), later(200), 100), ids[:4], "ClaimStale after another save")
	next := c.next(closed)
	next.Config, next.Active = a.Version, true
	c.commit(next)
	c.same(c.stale(later(100), later(200), 100), []tickets.ConversationID{closed.Conversation.ID}, "ClaimStale of what is active again")
	c.remove(a)
	c.same(c.stale(later(1000), later(2000), 100), none, "ClaimStale in a deleted account")
}

// checkStaleAtOnce checks that claimers at once claim each stale conversation once.
func checkStaleAtOnce(c *check) {
	a := c.account()
	const count = 60
	for range count {
		c.begin(a, nil)
	}
	a = c.raise(a)
	var claimed atomic.Int64
	c.race(6, func(int) {
		for {
			claims, err := c.Conversations().ClaimStale(c.ctx, base, later(10), 7, nil)
			c.must(err, "ClaimStale")
			if len(claims) == 0 {
				return
			}
			for _, one := range claims {
				c.that(claimed.Add(1) <= count, "more stale conversations were claimed than there are")
				l := c.load(one.Account, one.Conversation)
				b := c.next(&storage.Batch{Config: a.Version, Conversation: l.Conversation, Tickets: []tickets.Ticket{l.Ticket}, Active: true})
				b.Conversation.Armed = a.Version
				c.commit(b)
			}
		}
	})
	c.same(claimed.Load(), int64(count), "stale conversations claimed")
	c.same(len(c.stale(later(1000), later(2000), count)), 0, "stale conversations left")
}

// ahead returns what Conversations.Ahead finds, sorted and each once.
func (c *check) ahead(changed, leased time.Time, limit int) []tickets.Ref {
	refs, err := c.Conversations().Ahead(c.ctx, changed, leased, limit)
	c.must(err, "Ahead")
	c.that(len(refs) <= max(limit, 0), "Ahead: %d with limit %d", len(refs), limit)
	slices.SortFunc(refs, func(a, b tickets.Ref) int {
		return cmp.Or(bytes.Compare(a.Conversation.UUID[:], b.Conversation.UUID[:]), cmp.Compare(a.Number, b.Number))
	})
	return append([]tickets.Ref{}, slices.Compact(refs)...)
}

// checkAhead checks that Ahead finds tickets that changed, and conversations that are
// leased, after an instant, and nothing else.
func checkAhead(c *check) {
	a, gone := c.account(), c.account()
	at := func(a chatcfg.Account, changed, wake time.Time, status tickets.Status) tickets.Ref {
		b := c.begin(a, func(b *storage.Batch) {
			b.Tickets[0].ChangedAt, b.Tickets[0].Status, b.Wake = changed, status, wake
			b.Active = status == tickets.StatusOpen
		})
		return tickets.Ref{Account: a.ID, Conversation: b.Conversation.ID, Number: 1}
	}
	leased := func(r tickets.Ref) tickets.Ref { r.Number = 0; return r }
	none := []tickets.Ref{}
	due := at(a, base, later(1), tickets.StatusOpen)
	at(a, base, later(500), tickets.StatusOpen) // a deadline is no lease
	want := []tickets.Ref{
		at(a, later(100).Add(time.Microsecond), time.Time{}, tickets.StatusClosed),
		at(a, later(200), later(300), tickets.StatusOpen), at(a, later(300), time.Time{}, tickets.StatusIgnored),
	}
	at(a, later(100), time.Time{}, tickets.StatusClosed)
	at(gone, later(200), later(1), tickets.StatusOpen)
	c.remove(gone)
	c.same(c.ahead(later(100), later(100), 10), want, "Ahead")
	c.same(len(c.ahead(later(100), later(100), 2)), 2, "Ahead with limit 2")
	c.same(c.ahead(later(100), later(100), 0), none, "Ahead with limit 0")

	c.same(len(c.due(later(1), later(400), 10)), 1, "claims")
	c.same(c.ahead(later(900), later(400), 10), none, "Ahead, leased until that instant")
	c.same(c.ahead(later(900), later(400).Add(-time.Microsecond), 10), []tickets.Ref{leased(due)}, "Ahead, leased")
	a = c.raise(a)
	c.same(len(c.stale(later(2), later(600), 10)), 2, "claims after a save, but of what is leased")
	c.same(len(c.ahead(later(900), later(500), 10)), 2, "Ahead, leased after a save")
	l := c.load(a.ID, due.Conversation)
	next := c.next(&storage.Batch{Config: a.Version, Conversation: l.Conversation, Tickets: []tickets.Ticket{l.Ticket}, Active: true})
	next.Conversation.Armed = a.Version
	c.commit(next)
	c.same(c.ahead(later(900), later(300), 10), c.ahead(later(900), later(500), 10), "Ahead after a commit ended the lease")
}
