package storagetest

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var raceChecks = []test{
	{"races/first messages", checkFirstMessages},
	{"races/one conversation", checkOneConversation},
	{"races/many conversations", checkManyConversations},
	{"races/one moment", checkOneMoment},
	{"races/save against commits", checkSaveAgainstCommits},
	{"races/delete against commits", checkDeleteAgainstCommits},
}

// checkFirstMessages checks that of many first messages of one customer exactly one
// makes the conversation (R3.2).
func checkFirstMessages(c *check) {
	a := c.account()
	who := tickets.Identity{Kind: tickets.IdentityClaimedEmail, Value: "ana@example.com"}
	var won atomic.Int64
	var winner atomic.Value
	c.race(64, func(int) {
		b := c.first(a)
		b.Reserve = []tickets.Identity{who}
		b.Deliveries = []storage.Delivery{delivery(b, b.Conversation.ID.String(), base)}
		err := c.Conversations().Commit(c.ctx, b)
		if err == nil {
			won.Add(1)
			winner.Store(b.Conversation.ID)
			return
		}
		c.is(err, storage.ErrConflict, "Commit of a first message")
	})
	c.same(won.Load(), int64(1), "first messages that landed")
	holder, err := c.Sessions().Holder(c.ctx, a.ID, who)
	c.must(err, "Sessions.Holder")
	c.same(holder, winner.Load(), "Sessions.Holder")
	c.same(conversations(c.list(storage.TicketQuery{Account: a.ID}, 0)), []tickets.ConversationID{holder}, "tickets")
	c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 1, "deliveries")
	changes, _ := c.follow(a.ID, "", 0)
	c.same(changes, []storage.Change{{Conversation: holder, Version: 1}}, "feed")

	// The same with one conversation ID.
	one := c.first(a)
	won.Store(0)
	c.race(16, func(int) {
		mine := *one
		if err := c.Conversations().Commit(c.ctx, &mine); err == nil {
			won.Add(1)
		} else {
			c.is(err, storage.ErrConflict, "Commit of the same first message")
		}
	})
	c.same(won.Load(), int64(1), "same first messages that landed")
	c.same(len(c.messages(a.ID, one.Conversation.ID)), 1, "messages of the same first messages")
}

// append adds one message to a conversation as a desk does: it loads, decides and
// commits, and tries again at a conflict. Any other failure stops the check.
func (c *check) append(account chatcfg.AccountID, id tickets.ConversationID, text string) {
	for {
		l := c.load(account, id)
		b := c.next(&storage.Batch{
			Config: l.Account.Version, Conversation: l.Conversation,
			Tickets: []tickets.Ticket{l.Ticket}, Active: true,
		})
		b.Messages[0].Text = text
		runtime.Gosched() // so that others come between on a store without waits
		err := c.Conversations().Commit(c.ctx, b)
		if err == nil {
			return
		}
		if !errors.Is(err, storage.ErrConfigChanged) {
			c.is(err, storage.ErrConflict, "Commit at once")
		}
	}
}

// whole stops the check unless a conversation has count messages, each text once,
// without a gap (R3.9), and everything else of it agrees.
func (c *check) whole(account chatcfg.AccountID, id tickets.ConversationID, count int) {
	l := c.load(account, id)
	list, entries := c.messages(account, id), c.history(account, id)
	c.same(len(list), count, "messages (a lost or doubled update)")
	c.same(len(entries), count, "entries (a lost or doubled update)")
	seen := map[string]bool{}
	for i, m := range list {
		c.same(m.Seq, int64(i+1), "sequence of message %d", i+1)
		c.same(entries[i].N, int64(i+1), "number of entry %d", i+1)
		c.that(!seen[m.Text], "message %q twice", m.Text)
		seen[m.Text] = true
	}
	c.same(l.Conversation.Version, int64(count), "Version")
	c.same(l.Conversation.LastSeq, int64(count), "LastSeq")
	c.same(l.Ticket.Messages, int64(count), "Ticket.Messages")
}

// checkOneConversation checks that no commit to one conversation is lost when many
// write.
func checkOneConversation(c *check) {
	a := c.account()
	b := c.begin(a, nil)
	const workers, each = 8, 12
	c.race(workers, func(i int) {
		for n := range each {
			c.append(a.ID, b.Conversation.ID, fmt.Sprintf("%d of %d", n, i))
		}
	})
	c.whole(a.ID, b.Conversation.ID, 1+workers*each)
}

// checkManyConversations checks that no commit is lost when many write to conversations
// of their own.
func checkManyConversations(c *check) {
	accounts := []chatcfg.Account{c.account(), c.account()}
	const workers, each = 32, 4
	batches := make([]*storage.Batch, workers)
	c.race(workers, func(i int) {
		a := accounts[i%2]
		batches[i] = c.begin(a, nil)
		for n := range each {
			c.append(a.ID, batches[i].Conversation.ID, fmt.Sprint(n))
		}
	})
	for i, b := range batches {
		c.whole(accounts[i%2].ID, b.Conversation.ID, 1+each)
	}
	for _, a := range accounts {
		c.same(len(c.list(storage.TicketQuery{Account: a.ID}, 5)), workers/2, "tickets")
		changes, _ := c.follow(a.ID, "", 0)
		c.same(len(changes), workers/2, "feed")
	}
}

// checkOneMoment checks that what a Load returns is of one moment, whatever is
// committed meanwhile.
func checkOneMoment(c *check) {
	a := c.account()
	b := c.first(a)
	b.Receipt = &storage.Receipt{Scope: "s", Key: "1"}
	older := b.Tickets[0]
	older.Status, older.Messages = tickets.StatusClosed, 0
	b.Tickets[0].Number, b.Conversation.Number = 2, 2
	b.Tickets = append(b.Tickets, older)
	c.commit(b)
	const readers, reads = 3, 25
	var reading atomic.Int64
	reading.Store(readers)
	c.race(1+readers, func(i int) {
		if i == 0 {
			last := b
			for n := 2; reading.Load() > 0; n++ {
				runtime.Gosched()
				next := c.next(last)
				next.Tickets[0].Important = n%2 == 0
				older.Messages = int64(n - 1)
				next.Tickets = append(next.Tickets, older)
				next.Receipt = &storage.Receipt{Scope: "s", Key: fmt.Sprint(n)}
				last = c.commit(next)
			}
			return
		}
		defer reading.Add(-1)
		for range reads {
			probe := c.load(a.ID, b.Conversation.ID).Conversation.Version + 1
			l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{
				Account: a.ID, Conversation: b.Conversation.ID, Ticket: 1, Scope: "s", Key: fmt.Sprint(probe),
			})
			c.must(err, "Load")
			v := l.Conversation.Version
			c.that(l.Older != nil, "Load lost the older ticket")
			c.same([]int64{l.Conversation.LastSeq, l.Conversation.LastEntry, l.Ticket.Messages, l.Older.Messages + 1},
				[]int64{v, v, v, v}, "parts of one Load at version %d", v)
			c.same(l.Ticket.ChangedAt, l.Conversation.LastAt, "Ticket.ChangedAt and LastAt of one Load")
			c.same(l.Receipt != nil, v >= probe, "receipt %d in a Load at version %d", probe, v)
		}
	})
}

// checkSaveAgainstCommits checks that no commit under an older version succeeds after
// the save that raised it has returned.
func checkSaveAgainstCommits(c *check) {
	a := c.account()
	const workers, saves = 6, 10
	// landed is, for each save, at which versions conversations were when it had
	// returned.
	landed := map[chatcfg.Version]map[tickets.ConversationID]int64{}
	var version, commits atomic.Int64
	version.Store(int64(a.Version))
	var done atomic.Bool
	last := make([]*storage.Batch, workers)
	c.race(workers+1, func(i int) {
		if i == workers {
			defer done.Store(true)
			now := a
			for range saves {
				for enough := commits.Load() + 2*workers; commits.Load() < enough && c.ctx.Err() == nil; {
					c.begin(now, nil)
					runtime.Gosched()
				}
				now = c.raise(now)
				changes, _ := c.follow(a.ID, "", 0)
				landed[now.Version] = latest(c, changes)
				version.Store(int64(now.Version))
			}
			return
		}
		b := c.first(a)
		for !done.Load() && c.ctx.Err() == nil {
			b.Config = chatcfg.Version(version.Load())
			b.Entries[0].Inputs.Config = b.Config
			runtime.Gosched()
			err := c.Conversations().Commit(c.ctx, b)
			if err == nil {
				commits.Add(1)
				last[i] = b
				b = c.next(b)
			} else {
				c.is(err, storage.ErrConfigChanged, "Commit against saves")
			}
		}
	})
	for _, b := range last {
		if b == nil {
			continue
		}
		ref := tickets.Ref{Account: a.ID, Conversation: b.Conversation.ID}
		for after := int64(0); after < b.Conversation.LastEntry; {
			page, err := c.Queries().History(c.ctx, ref, after, 0)
			c.must(err, "History")
			c.that(len(page) > 0, "entries after %d are missing", after)
			for _, e := range page {
				for saved, versions := range landed {
					c.that(e.Inputs.Config >= saved || e.N <= versions[ref.Conversation],
						"a commit under version %d landed after the save of version %d had returned", e.Inputs.Config, saved)
				}
				after = e.N
			}
		}
	}
}

// checkDeleteAgainstCommits checks that no commit succeeds after the deletion has
// returned, and that neither pending deliveries nor deadlines are left.
func checkDeleteAgainstCommits(c *check) {
	a := c.account()
	var deleted atomic.Bool
	var landed atomic.Int64
	c.race(9, func(i int) {
		if i == 0 {
			for landed.Load() < 20 && c.ctx.Err() == nil {
				c.begin(a, nil)
			}
			c.remove(a)
			deleted.Store(true)
			return
		}
		for c.ctx.Err() == nil {
			b := c.first(a)
			b.Deliveries = []storage.Delivery{delivery(b, b.Conversation.ID.String(), base)}
			b.Wake = base
			gone := deleted.Load()
			err := c.Conversations().Commit(c.ctx, b)
			if err != nil {
				c.is(err, storage.ErrDeleted, "Commit against a deletion")
				return
			}
			landed.Add(1)
			c.that(!gone, "a commit landed after the account was deleted")
		}
	})
	c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 0, "pending deliveries of a deleted account")
	due, err := c.Conversations().ClaimDue(c.ctx, later(1), later(2), 1000, nil)
	c.must(err, "ClaimDue")
	c.same(len(due), 0, "deadlines of a deleted account")
}
