package storagetest

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var endChecks = []test{
	{"end/context", checkContext},
	{"end/closed", checkClosed},
	{"end/goroutines", checkGoroutines},
}

var durableChecks = []test{
	{"durable/everything", checkDurable},
	{"durable/claims and cursors", checkDurableClaims},
}

var heldChecks = []test{
	{"held/feed", checkHeldFeed},
	{"held/save", checkHeldSave},
	{"held/deletion", checkHeldDeletion},
}

// call is a call of a store's method, by name.
type call struct {
	name string
	run  func(ctx context.Context) error
}

// calls returns a call of each method but Close, with arguments that succeed in this
// order on what oneOfEach stored.
func (c *check) calls(a chatcfg.Account, b *storage.Batch, s tickets.Session) []call {
	id := b.Conversation.ID
	ref := tickets.Ref{Account: a.ID, Conversation: id}
	fresh := c.newAccount()
	raised := a
	raised.Revision++
	other := s
	other.ID = c.sessionID()
	saved := s
	saved.Revision++
	next := c.next(b)
	next.Deliveries = []storage.Delivery{delivery(b, "later", later(1))}
	return []call{
		{"Accounts.Create", func(ctx context.Context) error { return c.Accounts().Create(ctx, fresh) }},
		{"Accounts.Get", func(ctx context.Context) error { _, err := c.Accounts().Get(ctx, a.ID); return err }},
		{"Accounts.Find", func(ctx context.Context) error { _, err := c.Accounts().Find(ctx, a.Key); return err }},
		{"Accounts.List", func(ctx context.Context) error {
			_, err := c.Accounts().List(ctx, chatcfg.AccountID{}, true, 0)
			return err
		}},
		{"Accounts.Document", func(ctx context.Context) error { _, err := c.Accounts().Document(ctx, a.ID, "config", 1); return err }},
		{"Conversations.Load", func(ctx context.Context) error {
			_, err := c.Conversations().Load(ctx, storage.LoadQuery{Account: a.ID, Conversation: id})
			return err
		}},
		{"Conversations.Commit", func(ctx context.Context) error { return c.Conversations().Commit(ctx, next) }},
		{"Conversations.ClaimDue", func(ctx context.Context) error {
			claims, err := c.Conversations().ClaimDue(ctx, later(10), later(20), 10, nil)
			if err == nil && len(claims) != 1 {
				return fmt.Errorf("%d claims", len(claims))
			}
			return err
		}},
		{"Conversations.ClaimStale", func(ctx context.Context) error {
			_, err := c.Conversations().ClaimStale(ctx, later(10), later(20), 10, nil)
			return err
		}},
		{"Conversations.NextWake", func(ctx context.Context) error { _, err := c.Conversations().NextWake(ctx); return err }},
		{"Conversations.Ahead", func(ctx context.Context) error { _, err := c.Conversations().Ahead(ctx, base, base, 10); return err }},
		{"Outbox.Recall", func(ctx context.Context) error {
			_, err := c.Outbox().Recall(ctx, base, later(900), later(900))
			return err
		}},
		{"Outbox.Claim", func(ctx context.Context) error {
			claimed, err := c.Outbox().Claim(ctx, base, later(20), 1, storage.Share{})
			if err == nil && len(claimed) != 1 {
				return fmt.Errorf("%d deliveries", len(claimed))
			}
			return err
		}},
		{"Outbox.Settle", func(ctx context.Context) error {
			d := delivery(b, "first", base)
			d.State, d.Fence, d.SettledAt = storage.Dead, 1, base
			if sending := c.deliveries(a.ID, storage.Sending, 0); len(sending) > 0 {
				d.Fence = sending[0].Fence
			}
			return c.Outbox().Settle(ctx, d)
		}},
		{"Outbox.List", func(ctx context.Context) error {
			_, err := c.Outbox().List(ctx, a.ID, storage.Pending, "", 0)
			return err
		}},
		{"Outbox.Replay", func(ctx context.Context) error { return c.Outbox().Replay(ctx, a.ID, "first", base) }},
		{"Outbox.Prune", func(ctx context.Context) error { _, err := c.Outbox().Prune(ctx, later(100), 10); return err }},
		{"Outbox.NextWake", func(ctx context.Context) error { _, err := c.Outbox().NextWake(ctx); return err }},
		{"Presence.Get", func(ctx context.Context) error { _, err := c.Presence().Get(ctx, a.ID); return err }},
		{"Presence.Put", func(ctx context.Context) error { return c.Presence().Put(ctx, a.ID, tickets.Roster{Revision: 1}) }},
		{"Sessions.Create", func(ctx context.Context) error { return c.Sessions().Create(ctx, other) }},
		{"Sessions.Get", func(ctx context.Context) error { _, err := c.Sessions().Get(ctx, a.ID, s.ID); return err }},
		{"Sessions.Save", func(ctx context.Context) error { return c.Sessions().Save(ctx, saved) }},
		{"Sessions.Prune", func(ctx context.Context) error { _, err := c.Sessions().Prune(ctx, later(0), 10); return err }},
		{"Sessions.Holder", func(ctx context.Context) error {
			_, err := c.Sessions().Holder(ctx, a.ID, b.Conversation.Identity)
			return err
		}},
		{"Sessions.Raise", func(ctx context.Context) error { return c.Sessions().Raise(ctx, a.ID, id, tickets.Marks{Agent: 1}) }},
		{"Sessions.Marks", func(ctx context.Context) error { _, err := c.Sessions().Marks(ctx, a.ID, id); return err }},
		{"Contacts.Add", func(ctx context.Context) error { return c.Contacts().Add(ctx, c.submission(b, "k"), nil) }},
		{"Contacts.Get", func(ctx context.Context) error { _, err := c.Contacts().Get(ctx, a.ID, "k"); return err }},
		{"Contacts.List", func(ctx context.Context) error { _, err := c.Contacts().List(ctx, a.ID, "", 0); return err }},
		{"Queries.Ticket", func(ctx context.Context) error { _, err := c.Queries().Ticket(ctx, ref); return err }},
		{"Queries.Tickets", func(ctx context.Context) error {
			_, err := c.Queries().Tickets(ctx, storage.TicketQuery{Account: a.ID})
			return err
		}},
		{"Queries.Messages", func(ctx context.Context) error {
			_, err := c.Queries().Messages(ctx, storage.MessageQuery{Account: a.ID, Conversation: id})
			return err
		}},
		{"Queries.History", func(ctx context.Context) error { _, err := c.Queries().History(ctx, ref, 0, 0); return err }},
		{"Queries.Changes", func(ctx context.Context) error { _, err := c.Queries().Changes(ctx, a.ID, "", 0); return err }},
		{"Queries.Report", func(ctx context.Context) error {
			_, err := c.Queries().Report(ctx, a.ID, storage.ReportQuery{From: base, To: later(9)})
			return err
		}},
		{"Queries.Count", func(ctx context.Context) error {
			_, err := c.Queries().Count(ctx, a.ID, storage.CountsFrom, base, later(9))
			return err
		}},
		{"Accounts.Save", func(ctx context.Context) error { return c.Accounts().Save(ctx, raised) }},
		{"Accounts.Save to delete", func(ctx context.Context) error {
			gone := raised
			gone.Revision++
			gone.DeletedAt = later(1)
			return c.Accounts().Save(ctx, gone)
		}},
		{"Accounts.Purge", func(ctx context.Context) error { _, err := c.Accounts().Purge(ctx, a.ID); return err }},
	}
}

// oneOfEach stores an account with a conversation that is due, a delivery and a
// session, and returns them. A failure stops the check.
func (c *check) oneOfEach() (chatcfg.Account, *storage.Batch, tickets.Session) {
	a := c.account()
	b := c.begin(a, func(b *storage.Batch) {
		b.Wake = base
		b.Deliveries = []storage.Delivery{delivery(b, "first", base)}
	})
	s := tickets.Session{ID: b.Conversation.Session, Account: a.ID, Conversation: b.Conversation.ID, Revision: 1}
	c.must(c.Sessions().Create(c.ctx, s), "Sessions.Create")
	return a, b, s
}

// checkContext checks that a call whose context is done does nothing and returns an
// error. Each call is made twice, first with such a context: had it done something, the
// second one would fail.
func checkContext(c *check) {
	a, b, s := c.oneOfEach()
	cancelled, cancel := context.WithCancel(c.ctx)
	cancel()
	for _, one := range c.calls(a, b, s) {
		c.that(one.run(cancelled) != nil, "%s with a context that is done succeeded", one.name)
		c.must(one.run(c.ctx), "%s after one with a context that was done", one.name)
	}
}

// checkClosed checks that calls after Close fail with ErrClosed, and that calls at the
// same time end, done or with ErrClosed.
func checkClosed(c *check) {
	a, b, s := c.oneOfEach()
	calls := c.calls(a, b, s)
	c.must(c.Close(), "Close")
	for _, one := range calls {
		if one.name == "Outbox.Settle" {
			d := delivery(b, "first", base)
			d.State = storage.Sent
			c.is(c.Outbox().Settle(c.ctx, d), storage.ErrClosed, "Outbox.Settle after Close")
			continue
		}
		c.is(one.run(c.ctx), storage.ErrClosed, "%s after Close", one.name)
	}

	// Close waits for what is under way, and nothing hangs or half happens.
	racing := &check{t: c.t, ctx: c.ctx, h: c.h, Store: c.h.Open(c.t)}
	a = racing.account()
	racing.race(9, func(i int) {
		for n := 0; ; n++ {
			if i == 0 && n == 20 {
				racing.must(racing.Close(), "Close")
				return
			}
			err := racing.Conversations().Commit(c.ctx, racing.first(a))
			if err != nil {
				racing.is(err, storage.ErrClosed, "Commit against Close")
				return
			}
		}
	})
}

// checkGoroutines checks that no goroutine runs on after Close. Other goroutines of the
// process may begin and end, so it takes several stores.
func checkGoroutines(c *check) {
	const stores = 6
	before := runtime.NumGoroutine()
	for range stores {
		one := &check{t: c.t, ctx: c.ctx, h: c.h, Store: c.h.Open(c.t)}
		a := one.account()
		one.race(4, func(int) { one.begin(a, nil) })
		c.same(len(one.list(storage.TicketQuery{Account: a.ID}, 1)), 4, "tickets")
		c.must(one.Close(), "Close")
	}
	after := 0
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for range 150 {
		if after = runtime.NumGoroutine(); after < before+stores {
			return
		}
		<-look.C
	}
	stacks := make([]byte, 1<<16)
	c.failf("%d goroutines before %d stores, %d after Close:\n%s", before, stores, after, stacks[:runtime.Stack(stacks, true)])
}

// reopened returns a check of the same data in a new store, which c has from now on,
// too.
func (c *check) reopened() *check {
	again := &check{t: c.t, ctx: c.ctx, h: c.h, Store: c.h.Reopen(c.t, c.Store)}
	again.minted.Store(c.minted.Load())
	again.ticks.Store(c.ticks.Load())
	c.Store = again.Store
	return again
}

// checkDurable checks that everything is there after a restart (R8.1).
func checkDurable(c *check) {
	f := c.populate(later, "Ana Ñúñez")
	f.batch.Words = []storage.Words{{Ticket: 2, Text: "reclamo"}}
	c.put(f)
	report, err := c.Queries().Report(c.ctx, f.account.ID, storage.ReportQuery{From: base, To: later(1000)})
	c.must(err, "Report")
	for range 2 {
		again := c.reopened()
		again.get(f)
		c.same(len(again.list(storage.TicketQuery{Account: f.account.ID, Words: []string{"recl"}}, 0)), 1, "words after a restart")
		got, err := again.Queries().Report(c.ctx, f.account.ID, storage.ReportQuery{From: base, To: later(1000)})
		c.must(err, "Report")
		c.same(got, report, "Report after a restart")
		holder, err := again.Sessions().Holder(c.ctx, f.account.ID, f.batch.Conversation.Identity)
		c.must(err, "Sessions.Holder")
		c.same(holder, f.batch.Conversation.ID, "Sessions.Holder after a restart")
		c.is(again.Conversations().Commit(c.ctx, f.batch), storage.ErrConflict, "the same Commit after a restart")
	}
	c.commit(c.next(f.batch))
}

// checkDurableClaims checks that leases, fences and cursors hold across a restart.
func checkDurableClaims(c *check) {
	a := c.account()
	b := c.begin(a, func(b *storage.Batch) { b.Wake = base })
	for i := range 3 {
		c.send(a, fmt.Sprint("d", i), base, nil)
	}
	c.same(len(c.due(base, later(50), 10)), 1, "claims")
	sending := c.claim(base, later(50), 1)
	a = c.raise(a)
	c.same(len(c.stale(base, later(50), 2)), 2, "stale claims")
	_, feed := c.follow(a.ID, "", 0)
	page, err := c.Queries().Tickets(c.ctx, storage.TicketQuery{Account: a.ID, Limit: 1})
	c.must(err, "Tickets")
	list, err := c.Outbox().List(c.ctx, a.ID, storage.Pending, "", 1)
	c.must(err, "Outbox.List")

	c = c.reopened()
	c.wake(later(50), "after a restart")
	c.same(len(c.due(later(49), later(99), 10)), 0, "claims of what was leased before a restart")
	c.same(len(c.stale(later(49), later(99), 10)), 1, "stale claims after a restart")
	c.settle(sending[0], storage.Sent, later(2))
	again, next := c.follow(a.ID, feed, 0)
	c.same(len(again), 0, "feed after a restart")
	b = c.next(b)
	b.Config = a.Version
	c.commit(b)
	again, _ = c.follow(a.ID, next, 0)
	c.same(again, []storage.Change{{Conversation: b.Conversation.ID, Version: 2}}, "feed after a commit after a restart")
	rest, err := c.Queries().Tickets(c.ctx, storage.TicketQuery{Account: a.ID, Cursor: page.Next})
	c.must(err, "Tickets with a cursor from before a restart")
	c.that(len(rest.Items) >= 2, "tickets with a cursor from before a restart: %d", len(rest.Items))
	rows, err := c.Outbox().List(c.ctx, a.ID, storage.Pending, list.Next, 0)
	c.must(err, "Outbox.List with a cursor from before a restart")
	c.same(keys(rows.Items), []string{"d2"}, "deliveries with a cursor from before a restart")
	c.same(len(c.due(later(50), later(99), 10)), 1, "claims when a lease from before a restart runs out")
}
