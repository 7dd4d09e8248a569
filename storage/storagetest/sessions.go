package storagetest

import (
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var sessionChecks = []test{
	{"sessions/revisions", checkSessions},
	{"sessions/prune", checkSessionsPrune},
	{"presence/revisions", checkPresence},
	{"presence/race", checkPresenceRace},
}

// checkSessions checks that sessions are created once, read in their own account, and
// saved only on the revision before, also when many save at once.
func checkSessions(c *check) {
	p := c.Sessions()
	a, other := c.account(), c.account()
	s := tickets.Session{ID: c.sessionID(), Account: a.ID, Conversation: c.conversationID(), CreatedAt: base, Revision: 1}
	c.must(p.Create(c.ctx, s), "Create")
	c.is(p.Create(c.ctx, s), storage.ErrExists, "Create again")
	got, err := p.Get(c.ctx, a.ID, s.ID)
	c.must(err, "Get")
	c.same(got, s, "Get")
	_, err = p.Get(c.ctx, a.ID, c.sessionID())
	c.is(err, storage.ErrNotFound, "Get of nothing")
	_, err = p.Get(c.ctx, other.ID, s.ID)
	c.is(err, storage.ErrNotFound, "Get in another account")

	s.Revision, s.EndedAt = 2, later(9)
	s.Customer = tickets.Customer{Level: tickets.LevelVerified, Name: "Ana"}
	c.must(p.Save(c.ctx, s), "Save")
	for _, revision := range []int64{0, 1, 2, 4} {
		stale := s
		stale.Revision, stale.EndedAt = revision, time.Time{}
		c.is(p.Save(c.ctx, stale), storage.ErrConflict, "Save of revision %d on 2", revision)
	}
	got, err = p.Get(c.ctx, a.ID, s.ID)
	c.must(err, "Get")
	c.same(got, s, "Get after Save")
	none := s
	none.ID, none.Revision = c.sessionID(), 1
	c.is(p.Save(c.ctx, none), storage.ErrNotFound, "Save of nothing")
	none = s
	none.Account, none.Revision = other.ID, 3
	c.is(p.Save(c.ctx, none), storage.ErrNotFound, "Save in another account")
	none.Account = c.newAccount().ID
	c.is(p.Save(c.ctx, none), storage.ErrNotFound, "Save in no account")
	c.is(p.Create(c.ctx, none), storage.ErrNotFound, "Create in no account")

	var won atomic.Int64
	c.race(12, func(int) {
		mine := s
		mine.Revision = 3
		if err := p.Save(c.ctx, mine); err == nil {
			won.Add(1)
		} else {
			c.is(err, storage.ErrConflict, "Save at once")
		}
	})
	c.same(won.Load(), int64(1), "saves at once that succeeded")
}

// checkSessionsPrune checks that Sessions.Prune removes sessions that expired before an
// instant, up to the limit, and no others.
func checkSessionsPrune(c *check) {
	p := c.Sessions()
	accounts := [2]chatcfg.Account{c.account(), c.account()}
	ids := make([]tickets.SessionID, 6)
	start := func(i int, expires time.Time) tickets.Session {
		ids[i] = c.sessionID()
		s := tickets.Session{
			ID: ids[i], Account: accounts[i%2].ID, Conversation: c.conversationID(), CreatedAt: base, ExpiresAt: expires, Revision: 1,
		}
		c.must(p.Create(c.ctx, s), "Create")
		return s
	}
	start(0, later(1))
	start(1, later(2))
	start(2, later(3))
	moved := start(3, later(1))
	start(4, time.Time{})
	start(5, later(9))
	moved.ExpiresAt, moved.Revision = later(9), 2
	c.must(p.Save(c.ctx, moved), "Save")
	left := func(want ...int) {
		var got []int
		for i, id := range ids {
			_, err := p.Get(c.ctx, accounts[i%2].ID, id)
			if err == nil {
				got = append(got, i)
				continue
			}
			c.is(err, storage.ErrNotFound, "Get of a pruned session")
		}
		c.same(got, want, "sessions that Prune left")
	}
	prune := func(before time.Time, limit, want int) {
		n, err := p.Prune(c.ctx, before, limit)
		c.must(err, "Prune")
		c.same(n, want, "Prune before %v, limit %d", before, limit)
	}
	prune(later(1), 10, 0)
	prune(later(3), 0, 0)
	left(0, 1, 2, 3, 4, 5)
	prune(later(3), 10, 2)
	left(2, 3, 4, 5)
	prune(later(10), 1, 1)
	prune(later(10), 10, 2)
	left(4)

	// What a pruned session wrote stays, and its conversation goes on.
	b := c.begin(accounts[0], func(*storage.Batch) {})
	s := tickets.Session{ID: c.sessionID(), Account: accounts[0].ID, Conversation: b.Conversation.ID, CreatedAt: base, ExpiresAt: later(1), Revision: 1}
	c.must(p.Create(c.ctx, s), "Create")
	prune(later(2), 10, 1)
	c.same(c.messages(accounts[0].ID, b.Conversation.ID), b.Messages, "messages after Prune")
	c.commit(c.next(b))
}

// checkPresence checks that a roster is stored only on the revision before, in its own
// account only.
func checkPresence(c *check) {
	p := c.Presence()
	a, other := c.account(), c.account()
	got, err := p.Get(c.ctx, a.ID)
	c.must(err, "Get")
	c.same(got, tickets.Roster{}, "Get before the first Put")
	c.is(p.Put(c.ctx, a.ID, tickets.Roster{}), storage.ErrConflict, "Put of revision 0")
	c.is(p.Put(c.ctx, a.ID, tickets.Roster{Revision: 2}), storage.ErrConflict, "Put of revision 2 on none")
	r := tickets.Roster{Agents: map[tickets.AgentID]time.Time{"ana": later(90), "eva": {}}, Absence: 3, Revision: 1}
	c.must(p.Put(c.ctx, a.ID, r), "Put")
	c.is(p.Put(c.ctx, a.ID, r), storage.ErrConflict, "Put again")
	got, err = p.Get(c.ctx, a.ID)
	c.must(err, "Get")
	c.same(got, r, "Get")
	got, err = p.Get(c.ctx, other.ID)
	c.must(err, "Get")
	c.same(got, tickets.Roster{}, "Get of another account")
	r = tickets.Roster{Absence: 4, Revision: 2}
	c.must(p.Put(c.ctx, a.ID, r), "Put")
	got, err = p.Get(c.ctx, a.ID)
	c.must(err, "Get")
	c.that(len(got.Agents) == 0 && got.Absence == 4 && got.Revision == 2, "Get of an empty roster: %+v", got)
	c.is(p.Put(c.ctx, c.newAccount().ID, tickets.Roster{Revision: 1}), storage.ErrNotFound, "Put in no account")
}

// checkPresenceRace checks that of rosters stored at once none is lost.
func checkPresenceRace(c *check) {
	a := c.account()
	const workers, each = 8, 5
	c.race(workers, func(int) {
		for done := 0; done < each; {
			r, err := c.Presence().Get(c.ctx, a.ID)
			c.must(err, "Get")
			r.Revision++
			r.Absence++
			err = c.Presence().Put(c.ctx, a.ID, r)
			if err == nil {
				done++
				continue
			}
			c.is(err, storage.ErrConflict, "Put at once")
		}
	})
	r, err := c.Presence().Get(c.ctx, a.ID)
	c.must(err, "Get")
	c.same(r.Absence, int64(workers*each), "absences after puts at once")
}
