package storagetest

import (
	"errors"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// hold starts a commit and returns when it is held: release lets it go on, and outcome
// gets what it returned. The check stops if the commit is not held.
func (c *check) hold(b *storage.Batch) (release func(), outcome <-chan error) {
	held, release := c.h.Hold(c.t, c.Store)
	result := make(chan error, 1)
	go func() { result <- c.Conversations().Commit(c.ctx, b) }()
	select {
	case <-held:
	case err := <-result:
		release()
		c.failf("a commit that was to be held returned %v", err)
	case <-c.ctx.Done():
		release()
		c.failf("a commit that was to be held hangs")
	}
	return release, result
}

// holdTime is how long a held commit may keep others waiting before it is released.
const holdTime = 50 * time.Millisecond

// checkHeldFeed checks that a commit that is open across two polls of the feed is in
// the third, even though another one that began later was stored before it, and that no
// poll shows it before it is stored.
func checkHeldFeed(c *check) {
	a := c.account()
	known := c.begin(a, nil)
	_, cursor := c.follow(a.ID, "", 0)
	for _, late := range []*storage.Batch{c.first(a), c.next(known)} {
		release, outcome := c.hold(late)
		early := make(chan error, 1)
		beside := c.first(a)
		go func() { early <- c.Conversations().Commit(c.ctx, beside) }()
		select {
		case err := <-early:
			early <- err
		case <-time.After(holdTime): // one commit at a time
		}
		seen := map[tickets.ConversationID]int64{}
		for range 2 {
			err := guard(func() {
				var changes []storage.Change
				changes, cursor = c.follow(a.ID, cursor, 1)
				for id, version := range latest(c, changes) {
					seen[id] = version
				}
			})
			if err != nil {
				release()
				panic(stop{err})
			}
		}
		held := seen[late.Conversation.ID] >= late.Conversation.Version
		release()
		c.must(<-outcome, "the commit that was held")
		c.must(<-early, "the commit beside it")
		c.that(!held, "the feed showed a commit before it was stored")
		changes, next := c.follow(a.ID, cursor, 1)
		cursor = next
		for id, version := range latest(c, changes) {
			seen[id] = version
		}
		c.same(seen[late.Conversation.ID], late.Conversation.Version, "the version that the feed shows of a commit that landed late")
		c.same(seen[beside.Conversation.ID], int64(1), "the version that the feed shows of the commit beside it")
	}
}

// checkHeldSave checks that a commit is refused if it is still open when a save that
// raises the version has returned.
func checkHeldSave(c *check) {
	c.changeWhileHeld(storage.ErrConfigChanged, func(a chatcfg.Account) { c.raise(a) })
}

// checkHeldDeletion checks that a commit is refused if it is still open when a deletion
// has returned.
func checkHeldDeletion(c *check) {
	c.changeWhileHeld(storage.ErrDeleted, func(a chatcfg.Account) { c.remove(a) })
}

// changeWhileHeld changes an account while a commit is held, and checks that the commit
// fails with refusal unless it was stored before the change. For [storage.ErrDeleted] it also
// checks that no deadline and no pending delivery is left.
func (c *check) changeWhileHeld(refusal error, change func(chatcfg.Account)) {
	for i := range 2 {
		a := c.account()
		b := c.first(a)
		if i == 1 {
			b = c.next(c.commit(b))
		}
		b.Wake = base
		b.Deliveries = []storage.Delivery{delivery(b, "k", base)}
		release, outcome := c.hold(b)
		changed := make(chan error, 1)
		go func() { changed <- guard(func() { change(a) }) }()
		first := false
		select {
		case err := <-changed:
			changed <- err
			first = true
		case <-time.After(holdTime): // it waits for the commit
		}
		release()
		err := <-outcome
		c.must(<-changed, "the save against a held commit")
		if first || err != nil {
			c.is(err, refusal, "a commit that was held while a save returned")
		}
		stored := c.load(a.ID, b.Conversation.ID).Conversation.Version
		c.same(stored >= b.Conversation.Version, err == nil, "whether a commit landed that returned %v", err)
		if errors.Is(refusal, storage.ErrDeleted) {
			c.same(len(c.due(later(1), later(2), 10)), 0, "deadlines of a deleted account")
			c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 0, "pending deliveries of a deleted account")
		}
	}
}
