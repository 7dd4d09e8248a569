package sim

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// slot is where a key means something: a session's keys hold wherever it writes, also
// after a login; an agent's in one conversation (R3.9, R8.1).
type slot struct {
	session tickets.SessionID
	conv    tickets.ConversationID
	agent   tickets.AgentID
	key     string
}

// slot returns what a request's key is unique in, with the key: the visitor's session,
// or the conversation and the agent.
func (r *request) slot() slot {
	if r.visitor != nil {
		return slot{session: r.visitor.id, key: r.key}
	}
	if r.conv == nil { // takes the next ticket, or has no key
		return slot{agent: r.actor.Agent, key: r.key}
	}
	return slot{conv: r.conv.id, agent: r.actor.Agent, key: r.key}
}

// holder returns the other request whose entry has taken the key of a request; nil:
// none has.
func (m *model) holder(r *request) *request {
	if h := m.keys[r.slot()]; r.key != "" && h != r {
		return h
	}
	return nil
}

// takes records that a request's entry has taken its key: one key, one entry.
func (m *model) takes(r *request) {
	if r.key == "" {
		return
	}
	if h := m.holder(r); h != nil {
		m.w.failf("key", "%s %q and %s %q are both in the log under the key %q", h.name, h.tag, r.name, r.tag, r.key)
	}
	m.keys[r.slot()] = r
}

// same reports whether two requests ask for the same; names of agents do not count.
func (r *request) same(o *request) bool { return reflect.DeepEqual(r.cmd, o.cmd) }

// stored returns where a request is in the log, itself or as the one that it repeats;
// false: nowhere.
func (m *model) stored(r *request) (place, bool) {
	if h := m.holder(r); h != nil && h.same(r) {
		r = h
	}
	p, there := m.tags[r.tag]
	return p, there
}

// reused checks a refusal for a key that another request has taken.
func (w *World) reused(r *request, err error) {
	h := w.model.holder(r)
	if errors.Is(err, charla.ErrKeyReused) && (h == nil || h.same(r)) {
		w.failf("key", "%s %q: %v", r.name, r.tag, err)
	}
	w.stats.Met++
}

// keyed gives a request a key: mostly a new one, sometimes one that was used before, by
// the same caller or another, for this ticket or another, before a login or after it.
func (w *World) keyed(r *request, fresh int) {
	switch x := w.rnd.IntN(16); {
	case x < 2:
	case x < 4 && w.spec.Whole:
		var used []*request
		for i := len(w.people.requests) - 1; i >= 0 && len(used) < 8; i-- {
			if o := w.people.requests[i]; o.key != "" && o.next == nil && (o.visitor == r.visitor && o.conv == r.conv || w.rnd.IntN(8) == 0) {
				used = append(used, o)
			}
		}
		if len(used) > 0 {
			r.key = used[w.rnd.IntN(len(used))].key
			return
		}
		fallthrough
	default:
		r.key = fmt.Sprintf("k%d", fresh)
	}
}
