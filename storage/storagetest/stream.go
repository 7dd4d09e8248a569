package storagetest

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var streamChecks = []test{
	{"messages/window", checkMessages},
	{"messages/while they come", checkMessagesMeanwhile},
	{"history/of a ticket", checkHistory},
}

var feedChecks = []test{
	{"feed/cursor", checkFeed},
	{"feed/another database", checkForeignFeed},
	{"feed/none skipped", checkFeedRace},
}

// checkMessages checks that every combination of a query of messages finds what
// expectedMessages does.
func checkMessages(c *check) {
	a, other := c.account(), c.account()
	b := c.first(a)
	sessions := []tickets.SessionID{c.sessionID(), c.sessionID()}
	b.Messages = nil
	const count = 20
	for seq := int64(1); seq <= count; seq++ {
		m := message(seq, sessions[seq%3%2], later(int(seq)), fmt.Sprint("m", seq))
		if seq%5 < 2 && seq > 3 { // of no session, as some of the customer's are, too
			m.From, m.Session = tickets.FromNote, tickets.SessionID{}
		} else if seq == 3 {
			m.Session = tickets.SessionID{}
		}
		b.Messages = append(b.Messages, m)
	}
	b.Conversation.LastSeq = count
	c.commit(b)
	c.begin(a, nil)
	for _, session := range []tickets.SessionID{{}, sessions[0], sessions[1], c.sessionID()} {
		for _, after := range []int64{0, 1, 7, 19, 20, 99} {
			for _, before := range []int64{0, 1, 2, 9, 20, 21, 99} {
				for _, limit := range []int{0, 1, 4, 20} {
					for how := range 4 {
						q := storage.MessageQuery{
							Account: a.ID, Conversation: b.Conversation.ID, Session: session, WithoutNotes: how&1 != 0,
							After: after, Before: before, Last: how&2 != 0, Limit: limit,
						}
						got, err := c.Queries().Messages(c.ctx, q)
						c.must(err, "Messages %+v", q)
						want := expectedMessages(b.Messages, q)
						c.that(slices.Equal(got, want), "Messages %+v:\n got %v\nwant %v", q, got, want)
					}
				}
			}
		}
	}
	c.same(len(c.messages(other.ID, b.Conversation.ID)), 0, "messages through another account")
	c.same(len(c.messages(a.ID, c.conversationID())), 0, "messages of no conversation")
}

// expectedMessages returns the messages that a query must find in all.
func expectedMessages(all []tickets.Message, q storage.MessageQuery) []tickets.Message {
	var list []tickets.Message
	for _, m := range all {
		if m.Seq > q.After && (q.Before == 0 || m.Seq < q.Before) && (q.Session.IsZero() || m.Session == q.Session) &&
			(m.From != tickets.FromNote || !q.WithoutNotes) {
			list = append(list, m)
		}
	}
	if q.Limit > 0 && len(list) > q.Limit {
		if q.Last {
			return list[len(list)-q.Limit:]
		}
		return list[:q.Limit]
	}
	return list
}

// checkMessagesMeanwhile checks that a reader who reads on from the last sequence gets
// every message once and in order while others write (R8.3).
func checkMessagesMeanwhile(c *check) {
	a := c.account()
	b := c.begin(a, nil)
	const writers, each = 3, 20
	c.race(writers+2, func(i int) {
		if i < writers {
			for n := range each {
				c.append(a.ID, b.Conversation.ID, fmt.Sprint(i, " ", n))
			}
			return
		}
		for seq := int64(0); seq < 1+writers*each; {
			list, err := c.Queries().Messages(c.ctx, storage.MessageQuery{Account: a.ID, Conversation: b.Conversation.ID, After: seq, Limit: 5})
			c.must(err, "Messages")
			for _, m := range list {
				c.same(m.Seq, seq+1, "the next message of a stream")
				seq = m.Seq
			}
		}
	})
}

// checkHistory checks that every combination of ticket, beginning and limit reads the
// right entries of a history, in order.
func checkHistory(c *check) {
	a := c.account()
	b := c.first(a)
	b.Entries = nil
	const count = 12
	for n := int64(1); n <= count; n++ {
		b.Entries = append(b.Entries, entry(n, tickets.Number(1+n%3), later(int(n))))
	}
	b.Conversation.LastEntry = count
	c.commit(b)
	for number := range tickets.Number(5) {
		for _, after := range []int64{0, 1, 6, 12, 99} {
			for _, limit := range []int{0, 1, 3, 100} {
				var want []tickets.Entry
				for _, e := range b.Entries {
					if e.N > after && (number == 0 || e.Ticket == number) && (limit == 0 || len(want) < limit) {
						want = append(want, e)
					}
				}
				got, err := c.Queries().History(c.ctx, tickets.Ref{Account: a.ID, Conversation: b.Conversation.ID, Number: number}, after, limit)
				c.must(err, "History")
				c.that(len(got) == 0 && len(want) == 0 || fmt.Sprint(got) == fmt.Sprint(want),
					"History of ticket %d after %d, limit %d:\n got %v\nwant %v", number, after, limit, got, want)
			}
		}
	}
	c.same(len(c.history(c.account().ID, b.Conversation.ID)), 0, "history through another account")
	c.same(len(c.history(a.ID, c.conversationID())), 0, "history of no conversation")
}

// checkFeed checks that the feed has each changed conversation at its last version,
// nothing for what is no commit, and that a cursor holds for its account only.
func checkFeed(c *check) {
	a, other := c.account(), c.account()
	none, start := c.follow(a.ID, "", 0)
	c.same(len(none), 0, "feed of an empty account")
	var batches []*storage.Batch
	want := map[tickets.ConversationID]int64{}
	for range 7 {
		b := c.begin(a, nil)
		batches = append(batches, b)
		want[b.Conversation.ID] = 1
		c.begin(other, nil)
	}
	at := map[int]string{}
	for _, limit := range []int{0, 1, 3, 7, 100} {
		for _, from := range []string{"", start} {
			changes, next := c.follow(a.ID, from, limit)
			c.same(latest(c, changes), want, "feed with limit %d", limit)
			at[limit] = next
		}
	}
	// A feed that has caught up says so for as long as nothing changes, and goes
	// on from there.
	for limit, cursor := range at {
		again, _ := c.follow(a.ID, cursor, limit)
		c.same(len(again), 0, "feed with limit %d that had caught up", limit)
	}
	for range 3 {
		batches[2] = c.commit(c.next(batches[2]))
	}
	c.commit(c.next(batches[5]))
	fresh := c.begin(a, nil)
	for limit, cursor := range at {
		changes, next := c.follow(a.ID, cursor, limit)
		c.same(latest(c, changes), map[tickets.ConversationID]int64{
			batches[2].Conversation.ID: 4, batches[5].Conversation.ID: 2, fresh.Conversation.ID: 1,
		}, "feed after more commits, limit %d", limit)
		again, _ := c.follow(a.ID, next, limit)
		c.same(len(again), 0, "feed that has caught up again")
	}
	// Nothing else is in the feed: no claim, no delivery, no save.
	_, cursor := c.follow(a.ID, "", 0)
	_, err := c.Conversations().ClaimDue(c.ctx, later(10_000), later(20_000), 100, nil)
	c.must(err, "ClaimDue")
	c.raise(a)
	changes, _ := c.follow(a.ID, cursor, 0)
	c.same(len(changes), 0, "feed after what is no commit")

	_, mine := c.follow(a.ID, "", 0)
	_, err = c.Queries().Changes(c.ctx, other.ID, mine, 3)
	c.is(err, storage.ErrCursor, "Changes with another account's cursor")
	for _, cursor := range append([]string{mine + "A", mine[1:]}, foreign...) {
		_, err := c.Queries().Changes(c.ctx, a.ID, cursor, 3)
		c.is(err, storage.ErrCursor, "Changes with cursor %.50q", cursor)
	}
}

// latest returns the highest version of each conversation in some changes. A change
// without a version stops the check.
func latest(c *check, changes []storage.Change) map[tickets.ConversationID]int64 {
	seen := map[tickets.ConversationID]int64{}
	for _, change := range changes {
		c.that(change.Version > 0, "a change without a version: %+v", change)
		seen[change.Conversation] = max(seen[change.Conversation], change.Version)
	}
	return seen
}

// checkForeignFeed checks that the cursor of another database is refused, even where
// the same account has the same history.
func checkForeignFeed(c *check) {
	second := &check{t: c.t, ctx: c.ctx, h: c.h, Store: c.h.Open(c.t)}
	defer second.Close()
	var cursors []string
	for _, one := range []*check{c, second} {
		a := one.account()
		one.begin(a, nil)
		_, cursor := one.follow(a.ID, "", 0)
		cursors = append(cursors, cursor)
	}
	a, err := c.Accounts().List(c.ctx, chatcfg.AccountID{}, true, 1)
	c.must(err, "Accounts.List")
	_, err = c.Queries().Changes(c.ctx, a[0].ID, cursors[1], 10)
	c.is(err, storage.ErrCursor, "Changes with the cursor of another database")
	_, err = second.Queries().Changes(c.ctx, a[0].ID, cursors[0], 10)
	c.is(err, storage.ErrCursor, "Changes with the cursor of another database")
}

// checkFeedRace checks that pollers that read on from their cursors see every
// conversation at its last version, however commits and polls interleave.
func checkFeedRace(c *check) {
	a := c.account()
	const writers, each, pollers = 8, 15, 3
	var mu sync.Mutex
	want := map[tickets.ConversationID]int64{}
	var writing atomic.Int64
	writing.Store(writers)
	c.race(writers+pollers, func(i int) {
		if i < writers {
			defer writing.Add(-1)
			b := c.begin(a, nil)
			for n := range each {
				if n%4 == 3 {
					b = c.begin(a, nil)
				} else {
					b = c.commit(c.next(b))
				}
				mu.Lock()
				want[b.Conversation.ID] = b.Conversation.Version
				mu.Unlock()
			}
			return
		}
		seen := map[tickets.ConversationID]int64{}
		cursor := ""
		for last := false; !last; {
			last = writing.Load() == 0
			var changes []storage.Change
			changes, cursor = c.follow(a.ID, cursor, i)
			for id, version := range latest(c, changes) {
				seen[id] = max(seen[id], version)
			}
		}
		for id, version := range want {
			c.that(seen[id] >= version, "a feed skipped a commit: conversation %v seen at %d, is at %d", id, seen[id], version)
		}
	})
}
