package tickets

import (
	"maps"
	"time"
)

// Availability is what an agent's heartbeat says (R4.7).
type Availability string

// The availabilities.
const (
	Online  Availability = "online"
	Away    Availability = "away"
	Offline Availability = "offline"
)

// HeartbeatTTL is how long a heartbeat "online" holds without another (R4.7).
const HeartbeatTTL = 90 * time.Second

// RosterFormat numbers the shape of a stored [Roster]. A process refuses to rewrite
// one of a newer format than its own.
const RosterFormat = 1

// Roster is who is available in an account: its presence record in the store.
// The zero Roster is an account's first absence, from its creation on.
type Roster struct {
	// Format is the [RosterFormat] of the charla that wrote it last.
	Format int `json:"format"`
	// Agents maps each online agent to the instant at which their heartbeat
	// runs out; a zero time never does.
	Agents map[AgentID]time.Time `json:"agents,omitempty"`
	// Absence counts how often an agent came online while no other was: it numbers the
	// absence that follows, and stays the same until an agent comes online again.
	Absence int64 `json:"absence"`
	// Revision counts the writes; the store compares it.
	Revision int64 `json:"revision"`
}

// At returns the account's presence at an instant. Its Absence is never zero, so that
// zero can mean "in none".
//
// ttl is how long heartbeats hold. One that would hold for more than twice as long was
// dated by a wrong clock, and does not count.
func (r Roster) At(now time.Time, ttl time.Duration) Presence {
	p := Presence{Absence: r.Absence + 1}
	for _, until := range r.Agents {
		if holds(until, now, ttl) {
			p.Available = true
		}
	}
	return p
}

// holds reports whether a heartbeat that runs out at an instant holds now. Clocks of
// desks may differ by a ttl.
func holds(until, now time.Time, ttl time.Duration) bool {
	return until.IsZero() || now.Before(until) && !until.After(now.Add(2*max(ttl, HeartbeatTTL)))
}

// Heartbeat returns the roster after an agent's heartbeat at an instant, which holds
// for ttl (zero: until the next one); any availability but [Online] removes the agent.
// Heartbeats that have run out, or that a wrong clock dated, are dropped. The receiver is left as it was; Revision is
// one more.
func (r Roster) Heartbeat(agent AgentID, a Availability, now time.Time, ttl time.Duration) Roster {
	next := Roster{Format: RosterFormat, Agents: maps.Clone(r.Agents), Absence: r.Absence, Revision: r.Revision + 1}
	if next.Agents == nil {
		next.Agents = make(map[AgentID]time.Time, 1)
	}
	maps.DeleteFunc(next.Agents, func(_ AgentID, until time.Time) bool {
		return !holds(until, now, ttl)
	})
	if a != Online {
		delete(next.Agents, agent)
		return next
	}
	if len(next.Agents) == 0 {
		next.Absence++
	}
	var until time.Time
	if ttl > 0 {
		until = now.Add(ttl)
	}
	next.Agents[agent] = until
	return next
}
