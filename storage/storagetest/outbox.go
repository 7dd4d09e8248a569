package storagetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

var outboxChecks = []test{
	{"outbox/claim", checkOutboxClaim},
	{"outbox/share", checkShare},
	{"outbox/settle", checkSettle},
	{"outbox/lease", checkOutboxLease},
	{"outbox/duplicate keys", checkDuplicateKeys},
	{"outbox/replay", checkReplay},
	{"outbox/recall", checkRecall},
	{"outbox/deleted account", checkOutboxDeleted},
	{"outbox/list", checkOutboxList},
	{"outbox/prune", checkPrune},
	{"outbox/at once", checkOutboxAtOnce},
}

// send stores a delivery, as change makes it (nil: unchanged), with a new conversation
// and returns it. A failure stops the check.
func (c *check) send(a chatcfg.Account, key string, due time.Time, change func(*storage.Delivery)) storage.Delivery {
	var d storage.Delivery
	c.begin(a, func(b *storage.Batch) {
		d = delivery(b, key, due)
		if change != nil {
			change(&d)
		}
		b.Deliveries = []storage.Delivery{d}
	})
	return d
}

// claim returns what Outbox.Claim claims, in its order. The check stops if that fails
// or claims more than limit.
func (c *check) claim(now, lease time.Time, limit int) []storage.Delivery {
	list, err := c.Outbox().Claim(c.ctx, now, lease, limit, storage.Share{})
	c.must(err, "Outbox.Claim")
	c.that(len(list) <= max(limit, 0), "Outbox.Claim: %d with limit %d", len(list), limit)
	return list
}

// settle settles a delivery and returns it as it is then. A failure stops the check.
func (c *check) settle(d storage.Delivery, state storage.DeliveryState, at time.Time) storage.Delivery {
	d.State, d.SettledAt = state, at
	c.must(c.Outbox().Settle(c.ctx, d), "Outbox.Settle")
	return d
}

// outboxWake stops the check unless Outbox.NextWake returns want.
func (c *check) outboxWake(want time.Time, format string, args ...any) {
	got, err := c.Outbox().NextWake(c.ctx)
	c.must(err, "Outbox.NextWake")
	c.same(got, want, "Outbox.NextWake "+format, args...)
}

// checkOutboxClaim checks that Claim claims what is due, by time and then by commit, up
// to the limit and once within a lease.
func checkOutboxClaim(c *check) {
	a, other := c.account(), c.account()
	c.outboxWake(time.Time{}, "of an empty outbox")
	c.same(len(c.claim(later(1000), later(2000), 10)), 0, "claims of an empty outbox")
	c.send(a, "d", later(20), nil)
	c.send(other, "b", later(10), nil)
	c.send(a, "c", later(10), nil)
	c.send(other, "e", later(30), nil)
	given := c.send(a, "a", later(5), func(d *storage.Delivery) { d.Repeatable = true })
	b := c.begin(a, func(b *storage.Batch) {
		b.Deliveries = []storage.Delivery{delivery(b, "f2", later(40)), delivery(b, "f1", later(40)), delivery(b, "f3", later(40))}
	})
	c.outboxWake(later(5), "with deliveries")

	c.same(len(c.claim(later(5).Add(-time.Microsecond), later(90), 10)), 0, "claims before the first is due")
	c.same(len(c.claim(later(50), later(90), 0)), 0, "claims with limit 0")
	got := c.claim(later(5), later(90), 10)
	given.State, given.Attempts, given.Fence = storage.Sending, 1, 1
	c.same(len(got), 1, "claims at the first instant")
	c.that(got[0].Fence > 0, "Fence of a claim: %d", got[0].Fence)
	given.Fence = got[0].Fence
	c.same(got[0], given, "a claimed delivery")
	c.same(keys(c.claim(later(50), later(90), 3)), []string{"b", "c", "d"}, "claims by time, then by commit")
	c.outboxWake(later(30), "after claims")
	c.same(keys(c.claim(later(50), later(95), 10)), []string{"e", "f2", "f1", "f3"}, "claims of the rest, by their order in the batch")
	c.same(len(c.claim(later(50), later(90), 10)), 0, "claims of what is leased")
	c.outboxWake(later(90), "when all are leased")
	c.same(keys(c.deliveries(a.ID, storage.Sending, 0)), []string{"d", "c", "a", "f2", "f1", "f3"}, "List of what is being sent")
	c.same(c.deliveries(a.ID, storage.Sending, 0)[5].Conversation, b.Conversation.ID, "conversation of a delivery")
}

// checkShare checks that a share claims some of each lane and nothing of a full one.
func checkShare(c *check) {
	a, other := c.account(), c.account()
	kind := func(kind string) func(*storage.Delivery) {
		return func(d *storage.Delivery) { d.Kind, d.Repeatable = kind, true }
	}
	for i := range 4 {
		c.send(a, fmt.Sprint("mail", i), later(i), kind("mail"))
		c.send(a, fmt.Sprint("hook", i), later(10+i), kind("event:hook"))
		c.send(other, fmt.Sprint("other", i), later(20+i), kind("event:hook"))
	}
	share := func(want []string, now time.Time, limit int, s storage.Share, text string) []storage.Delivery {
		list, err := c.Outbox().Claim(c.ctx, now, now.Add(time.Hour), limit, s)
		c.must(err, "Outbox.Claim")
		c.same(keys(list), want, "claims with a share: %s", text)
		return list
	}
	// R8.4: what waits behind much else is claimed with the first.
	first := share([]string{"mail0", "hook0", "other0"}, later(30), 10, storage.Share{Each: 1}, "one of each lane")
	share([]string{"mail1", "mail2"}, later(30), 2, storage.Share{Each: 2}, "up to the limit")
	share([]string{"other1"}, later(30), 1, storage.Share{Full: []storage.Lane{{Kind: "mail"}, {Account: a.ID, Kind: "event:hook"}}}, "without full lanes")
	share([]string{"mail3"}, later(30), 10, storage.Share{Full: []storage.Lane{{Kind: "event:hook"}}}, "without a kind of any account")
	share([]string{}, later(9), 10, storage.Share{Each: 5}, "before they are due")
	share([]string{"hook1", "hook2", "hook3"}, later(30), 10, storage.Share{Full: []storage.Lane{{Account: other.ID, Kind: "event:hook"}}}, "without an account's")
	// What is claimed again counts like the rest.
	late := later(30).Add(time.Hour)
	share([]string{"mail0", "hook0", "other0"}, late, 10, storage.Share{Each: 1}, "when leases have run out")
	share([]string{}, late, 10, storage.Share{Full: []storage.Lane{{Kind: "mail"}, {Kind: "event:hook"}}}, "of full lanes when leases have run out")
	c.is(c.Outbox().Settle(c.ctx, func() storage.Delivery { d := first[0]; d.State = storage.Sent; return d }()), storage.ErrLeaseLost, "Settle of a claim that was made again")
}

// checkSettle checks that only the last claim's fence settles a delivery, once, and
// that what is to be tried again is claimed at its next attempt, with a higher fence.
func checkSettle(c *check) {
	a := c.account()
	for _, key := range []string{"sent", "dead", "unknown", "again"} {
		c.send(a, key, base, nil)
	}
	claimed := c.claim(base, later(10), 10)
	c.same(len(claimed), 4, "claims")
	for _, d := range claimed[:3] {
		d.Error = "because of ñ"
		d = c.settle(d, storage.DeliveryState(d.Key), later(3))
		c.same(c.deliveries(a.ID, d.State, 0), []storage.Delivery{d}, "List after Settle")
		c.is(c.Outbox().Settle(c.ctx, d), storage.ErrLeaseLost, "Settle again")
	}
	again := claimed[3]
	first := again
	again.NotBefore, again.Error = later(60), "busy"
	again.Attempts-- // it was not begun
	again = c.settle(again, storage.Pending, later(4))
	c.same(c.deliveries(a.ID, storage.Pending, 0), []storage.Delivery{again}, "List after Settle for another attempt")
	c.outboxWake(later(60), "after Settle for another attempt")
	c.same(len(c.claim(later(59), later(70), 10)), 0, "claims before the next attempt")
	second := c.claim(later(60), later(70), 10)
	c.same(keys(second), []string{"again"}, "claims at the next attempt")
	c.same(second[0].Attempts, 1, "Attempts of the second claim")
	c.that(second[0].Fence > first.Fence, "Fence %d does not rise from %d", second[0].Fence, first.Fence)
	first.State = storage.Sent
	c.is(c.Outbox().Settle(c.ctx, first), storage.ErrLeaseLost, "Settle with the first claim's fence")
	for _, fence := range []int64{0, second[0].Fence + 1} {
		wrong := second[0]
		wrong.State, wrong.Fence = storage.Sent, fence
		c.is(c.Outbox().Settle(c.ctx, wrong), storage.ErrLeaseLost, "Settle with fence %d", fence)
	}
	c.settle(second[0], storage.Sent, later(61))
	none := second[0]
	none.Key, none.State = "none", storage.Sent
	c.is(c.Outbox().Settle(c.ctx, none), storage.ErrLeaseLost, "Settle of what does not exist")
	for _, state := range []storage.DeliveryState{storage.Sending, "", "lost"} {
		c.send(a, "state"+string(state), later(100), nil)
		d := c.claim(later(100), later(200), 1)[0]
		d.State = state
		c.that(c.Outbox().Settle(c.ctx, d) != nil, "Settle as %q succeeded", state)
		c.settle(d, storage.Sent, later(101))
	}
}

// checkOutboxLease checks what is done when a lease runs out: a repeatable delivery is
// claimed again, any other is unknown (R8.2).
func checkOutboxLease(c *check) {
	a := c.account()
	c.send(a, "mail", base, nil)
	c.send(a, "event", base, func(d *storage.Delivery) { d.Repeatable = true })
	c.send(a, "late", base, nil)
	claimed := c.claim(base, later(10), 10)
	c.same(len(claimed), 3, "claims")
	c.same(len(c.claim(later(10).Add(-time.Microsecond), later(20), 10)), 0, "claims before the leases run out")
	// The holder of a lease may settle late, unless someone else was faster.
	c.settle(claimed[2], storage.Sent, later(15))
	again := c.claim(later(15), later(30), 10)
	c.same(keys(again), []string{"event"}, "claims when the leases have run out")
	c.same(again[0].Attempts, 2, "Attempts of what is repeated")
	c.that(again[0].Fence > claimed[1].Fence, "Fence does not rise")
	unknown := c.deliveries(a.ID, storage.Unknown, 0)
	c.same(keys(unknown), []string{"mail"}, "what is unknown since its lease ran out (R8.2)")
	c.same(unknown[0].Attempts, 1, "Attempts of what is unknown")
	for _, d := range claimed[:2] {
		d.State = storage.Sent
		c.is(c.Outbox().Settle(c.ctx, d), storage.ErrLeaseLost, "Settle of %s after its lease was taken", d.Key)
	}
	c.settle(again[0], storage.Sent, later(16))
	c.outboxWake(time.Time{}, "when nothing is left to do")
	c.same(len(c.claim(later(1000), later(2000), 10)), 0, "claims when nothing is left to do")
}

// checkDuplicateKeys checks that a delivery whose key the account has stored is
// dropped, and the rest of its commit is not.
func checkDuplicateKeys(c *check) {
	a, other := c.account(), c.account()
	c.send(a, "k", later(1), nil)
	for i, state := range []storage.DeliveryState{storage.Pending, storage.Sending, storage.Sent} {
		b := c.begin(a, func(b *storage.Batch) {
			twin := delivery(b, "k", base)
			twin.Body = []byte("twin")
			b.Deliveries = []storage.Delivery{twin, delivery(b, fmt.Sprint("new", i), later(100)), twin}
		})
		c.same(len(c.messages(a.ID, b.Conversation.ID)), 1, "message of a commit with a duplicate key")
		got := c.deliveries(a.ID, state, 0)
		c.that(len(got) > 0, "no delivery %s", state)
		c.same(string(got[0].Body), "body of k", "delivery %s after its twin", state)
		switch state {
		case storage.Pending:
			c.same(keys(c.claim(later(1), later(10), 10)), []string{"k"}, "claims with a duplicate")
		case storage.Sending:
			c.settle(got[0], storage.Sent, later(2))
		}
	}
	c.same(keys(c.deliveries(a.ID, storage.Pending, 0)), []string{"new0", "new1", "new2"}, "deliveries beside duplicates")
	c.send(other, "k", later(1), nil)
	c.same(keys(c.deliveries(other.ID, storage.Pending, 0)), []string{"k"}, "the same key in another account")
	// Keys are apart to the letter.
	c.send(a, "K", later(100), nil)
	c.send(a, "k ", later(100), nil)
	c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 5, "deliveries with similar keys")
}

// checkReplay checks that Replay makes dead and unknown deliveries pending and due,
// with a higher fence, and refuses others.
func checkReplay(c *check) {
	a, other := c.account(), c.account()
	p := c.Outbox()
	for _, key := range []string{"dead", "unknown", "sent", "pending", "sending"} {
		c.send(a, key, base, nil)
	}
	fences := map[string]int64{}
	for _, d := range c.claim(base, later(10), 10) {
		fences[d.Key] = d.Fence
		switch d.Key {
		case "pending":
			d.NotBefore = later(100)
			c.settle(d, storage.Pending, later(1))
		case "sending":
		default:
			d.Error = "why"
			c.settle(d, storage.DeliveryState(d.Key), later(1))
		}
	}
	for _, key := range []string{"sent", "pending", "sending"} {
		c.is(p.Replay(c.ctx, a.ID, key, later(5)), storage.ErrConflict, "Replay of what is %s", key)
	}
	for _, key := range []string{"none", "", "a\x00b", "\xff"} {
		c.is(p.Replay(c.ctx, a.ID, key, later(5)), storage.ErrNotFound, "Replay of nothing, %q", key)
	}
	c.is(p.Replay(c.ctx, other.ID, "dead", later(5)), storage.ErrNotFound, "Replay in another account")
	c.is(p.Replay(c.ctx, c.newAccount().ID, "dead", later(5)), storage.ErrNotFound, "Replay in no account")
	for _, key := range []string{"dead", "unknown"} {
		c.must(p.Replay(c.ctx, a.ID, key, later(5)), "Replay of what is %s", key)
	}
	c.outboxWake(later(5), "after Replay")
	again := c.claim(later(5), later(9), 10)
	c.same(keys(again), []string{"dead", "unknown"}, "claims after Replay")
	for _, d := range again {
		c.same(d.Attempts, 1, "Attempts after Replay")
		c.same(d.NotBefore, later(5), "NotBefore after Replay")
		c.that(d.Fence > fences[d.Key], "Fence after Replay does not rise")
	}
	c.settle(again[0], storage.Dead, later(6))
	c.remove(a)
	c.is(p.Replay(c.ctx, a.ID, "dead", later(7)), storage.ErrDeleted, "Replay in a deleted account")
}

// checkOutboxDeleted checks that a deletion drops pending deliveries, and that those
// being sent can still be settled.
func checkOutboxDeleted(c *check) {
	a, kept := c.account(), c.account()
	for _, key := range []string{"settled", "retried", "lost"} {
		c.send(a, key, base, func(d *storage.Delivery) { d.Repeatable = key == "lost" })
	}
	claimed := c.claim(base, later(10), 10)
	c.send(a, "pending", later(1), nil)
	c.send(kept, "kept", later(2), nil)
	c.remove(a)
	c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 0, "pending deliveries of a deleted account (R1.6)")
	c.outboxWake(later(2), "after a deletion")
	c.same(keys(c.claim(later(50), later(90), 10)), []string{"kept"}, "claims after a deletion")
	done := c.settle(claimed[0], storage.Sent, later(3))
	c.same(c.deliveries(a.ID, storage.Sent, 0), []storage.Delivery{done}, "what was settled after the deletion")
	claimed[1].NotBefore = later(4)
	c.settle(claimed[1], storage.Pending, later(3))
	c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 0, "what should be tried again after the deletion")
	c.same(len(c.claim(later(50), later(90), 10)), 0, "claims after the last settle")
	c.same(keys(c.deliveries(a.ID, storage.Sending, 0)), []string{"lost"}, "what nobody settled")
}

// checkOutboxList checks that List has each delivery of a state once, by commit, and
// that a page's cursor holds for its account only.
func checkOutboxList(c *check) {
	a, other := c.account(), c.account()
	var want []string
	for i := range 9 {
		key := fmt.Sprint("d", i)
		want = append(want, key)
		// Later commits are due earlier: the list is by commit.
		c.send(a, key, later(100-i), nil)
		c.send(other, key, base, nil)
	}
	for _, limit := range []int{0, 1, 2, 4, 9, 10, 1_000_000, -1} {
		got := c.deliveries(a.ID, storage.Pending, limit)
		c.same(keys(got), want, "List with limit %d", limit)
		for _, d := range got {
			c.same(d.Account, a.ID, "account of a listed delivery")
		}
	}
	page, err := c.Outbox().List(c.ctx, a.ID, storage.Pending, "", 9)
	c.must(err, "List")
	c.same(page.Next, "", "Next of a page that holds all")
	page, err = c.Outbox().List(c.ctx, a.ID, storage.Pending, "", 3)
	c.must(err, "List")
	// What leaves the list while one pages neither hides nor repeats others.
	c.claim(later(95), later(200), 100)
	rest, err := c.Outbox().List(c.ctx, a.ID, storage.Pending, page.Next, 100)
	c.must(err, "List")
	c.same(keys(rest.Items), []string{"d3", "d4"}, "List after some left it")
	for _, state := range []storage.DeliveryState{storage.Sent, storage.Dead, storage.Unknown, "", "none"} {
		c.same(len(c.deliveries(a.ID, state, 0)), 0, "List of %q", state)
	}
	c.same(len(c.deliveries(c.newAccount().ID, storage.Pending, 0)), 0, "List in no account")
	for _, cursor := range foreign {
		_, err := c.Outbox().List(c.ctx, a.ID, storage.Pending, cursor, 3)
		c.is(err, storage.ErrCursor, "List with cursor %q", cursor)
	}
	_, err = c.Outbox().List(c.ctx, other.ID, storage.Pending, page.Next, 3)
	c.is(err, storage.ErrCursor, "List with another account's cursor")
}

// checkPrune checks that Prune removes deliveries that were sent before an instant, up
// to the limit, and no others.
func checkPrune(c *check) {
	p := c.Outbox()
	a, other := c.account(), c.account()
	for i := range 6 {
		c.send([]chatcfg.Account{a, other}[i%2], fmt.Sprint("d", i), base, nil)
	}
	c.send(a, "dead", base, nil)
	c.send(a, "pending", later(500), nil)
	for _, d := range c.claim(base, later(10), 10) {
		if d.Key == "dead" {
			c.settle(d, storage.Dead, base)
			continue
		}
		c.settle(d, storage.Sent, later(int(d.Key[1]-'0')))
	}
	prune := func(before time.Time, limit, want int) {
		n, err := p.Prune(c.ctx, before, limit)
		c.must(err, "Prune")
		c.same(n, want, "Prune before %v, limit %d", before, limit)
	}
	left := func(want ...string) {
		got := slices.Concat(keys(c.deliveries(a.ID, storage.Sent, 0)), keys(c.deliveries(other.ID, storage.Sent, 0)))
		slices.Sort(got)
		c.same(got, want, "deliveries after Prune")
	}
	prune(base, 10, 0)
	prune(later(4), 0, 0)
	prune(later(4), 3, 3)
	left("d3", "d4", "d5")
	prune(later(4), 10, 1)
	left("d4", "d5")
	prune(later(1000), 10, 2)
	prune(later(1000), 10, 0)
	c.same(keys(c.deliveries(a.ID, storage.Dead, 0)), []string{"dead"}, "dead deliveries after Prune")
	c.same(keys(c.deliveries(a.ID, storage.Pending, 0)), []string{"pending"}, "pending deliveries after Prune")
	c.send(a, "d0", base, nil)
	c.same(keys(c.deliveries(a.ID, storage.Pending, 0)), []string{"pending", "d0"}, "a key that was pruned")
}

// checkOutboxAtOnce checks that claimers at once never share a delivery, and miss none.
func checkOutboxAtOnce(c *check) {
	a := c.account()
	const count = 60
	for i := range count / 3 {
		c.begin(a, func(b *storage.Batch) {
			for j := range 3 {
				b.Deliveries = append(b.Deliveries, delivery(b, fmt.Sprint(i, "-", j), later(i)))
			}
		})
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	c.race(6, func(int) {
		for {
			list := c.claim(later(count), later(1000), 7)
			if len(list) == 0 {
				return
			}
			for _, d := range list {
				mu.Lock()
				claimed[d.Key]++
				times := claimed[d.Key]
				mu.Unlock()
				c.same(times, 1, "how often %s was claimed", d.Key)
				c.settle(d, storage.Sent, later(count))
			}
		}
	})
	c.same(len(claimed), count, "deliveries claimed")
	c.same(len(c.deliveries(a.ID, storage.Sent, 7)), count, "deliveries sent")
}

// checkRecall checks that Recall makes due what waits, or is leased, until after an
// instant, and nothing else.
func checkRecall(c *check) {
	a, gone := c.account(), c.account()
	recall := func(now, pending, leased time.Time, want int, what string) {
		n, err := c.Outbox().Recall(c.ctx, now, pending, leased)
		c.must(err, "Recall")
		c.same(n, want, "Recall of %s", what)
	}
	repeatable := func(d *storage.Delivery) { d.Repeatable = true }
	recall(later(1), later(1), later(1), 0, "an empty outbox")
	c.send(a, "hook", base, repeatable)
	c.send(a, "mail", base, nil)
	c.send(gone, "gone", base, nil)
	c.same(len(c.claim(base, later(500), 10)), 3, "claims")
	c.remove(gone)
	c.send(a, "waits", later(400), nil)
	c.send(a, "soon", later(50), nil)
	recall(later(10), later(400), later(500), 0, "what waits until those instants")
	c.outboxWake(later(50), "after nothing was recalled")
	recall(later(10), later(100), later(500), 1, "what is pending")
	c.outboxWake(later(10), "after a recall")
	waits := c.claim(later(10), later(60), 10)
	c.same(len(waits), 1, "claims of what was recalled")
	c.same([]any{waits[0].Key, waits[0].NotBefore, waits[0].Attempts}, []any{"waits", later(10), 1}, "what was recalled")
	recall(later(20), later(100), later(100), 2, "what is leased")
	hook := c.claim(later(20), later(70), 10)
	c.same(len(hook), 1, "claims of what was leased")
	c.same([]any{hook[0].Key, hook[0].NotBefore, hook[0].Attempts}, []any{"hook", base, 2}, "what was leased")
	c.same(len(c.deliveries(a.ID, storage.Unknown, 0)), 1, "a leased mail that was recalled is unknown")
	c.outboxWake(later(50), "at the end")
}
