package charla

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// heartbeat stores what an agent's heartbeat says. It fails like [Agent.Heartbeat].
func (d *Desk) heartbeat(ctx context.Context, account chatcfg.AccountID, agent tickets.AgentID, a tickets.Availability) error {
	err := firstError(checkPerson(Person{ID: agent}), checkChoice("availability", a, tickets.Online, tickets.Away, tickets.Offline))
	if err != nil {
		return err
	}
	for range d.o.Limits.Attempts {
		roster, err := d.store.Presence().Get(ctx, account)
		if err != nil {
			return storeError(err)
		}
		if roster.Format > tickets.RosterFormat {
			return ErrNewerFormat
		}
		now := d.Now()
		next := roster.Heartbeat(agent, a, now, max(d.o.HeartbeatTTL, 0))
		err = d.store.Presence().Put(ctx, account, next)
		if err == nil {
			d.rosters.put(account, next, now)
			return nil
		}
		if !errors.Is(err, storage.ErrConflict) {
			return changeError(err)
		}
	}
	return ErrBusy
}

// presenceFor is how old a cached roster may be.
const presenceFor = time.Second

// presenceCache keeps rosters for a second, so that presence costs a busy
// account no read a message. Heartbeats run out on time all the same: a roster
// says when they do.
type presenceCache struct {
	mu sync.Mutex
	m  map[chatcfg.AccountID]cachedRoster
}

type cachedRoster struct {
	roster tickets.Roster
	read   time.Time
}

// get returns an account's cached roster and true, if the roster is young enough
// (presenceFor), else false.
func (c *presenceCache) get(id chatcfg.AccountID, now time.Time) (tickets.Roster, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok := c.m[id]
	age := now.Sub(one.read)
	return one.roster, ok && age >= 0 && age < presenceFor
}

// put caches a roster as read at now, unless a later revision is cached. A full cache
// is emptied first.
func (c *presenceCache) put(id chatcfg.AccountID, r tickets.Roster, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= maxRosters || c.m == nil {
		c.m = make(map[chatcfg.AccountID]cachedRoster)
	}
	if c.m[id].roster.Revision <= r.Revision {
		c.m[id] = cachedRoster{roster: r, read: now}
	}
}

// maxRosters bounds the cache; when it is full it starts anew.
const maxRosters = 4096

// roster returns an account's roster, which may be as old as presenceFor. It fails if
// the store does.
func (d *Desk) roster(ctx context.Context, id chatcfg.AccountID, now time.Time) (tickets.Roster, error) {
	if r, ok := d.rosters.get(id, now); ok {
		return r, nil
	}
	r, err := d.store.Presence().Get(ctx, id)
	if err != nil {
		return r, storeError(err)
	}
	d.rosters.put(id, r, now)
	return r, nil
}
