package charla

import (
	"maps"
	"sync"
	"time"

	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// topics wake up who waits for news of a conversation or an account. But for who
// is typing, which nothing else knows, they carry no data and may be lost: readers
// poll, too. A topic is there as long as it has readers; who types in a conversation
// without readers is kept apart, for one that comes back between two polls.
type topics struct {
	mu sync.Mutex
	m  map[uuid.UUID]*topic
	// unwatched is who types in conversations without readers, at most maxUnwatched.
	unwatched map[uuid.UUID]typists
}

// maxUnwatched is of how many conversations without readers it is known who types.
const maxUnwatched = 4096

type topic struct {
	account uuid.UUID
	news    chan struct{}
	readers int
	topicState
}

// topicState is what a reader compares with what it saw last.
type topicState struct {
	// changed and marked count what there may be to read: of the conversation
	// and its sessions, and of the marks.
	changed, marked int64
	// version is the conversation's, as far as the store has told.
	version int64
	typists
	// present are the agents who do something in the conversation. The list is replaced,
	// never changed.
	present []present
}

// typists are until when each side types.
type typists struct{ customer, agent time.Time }

// typing returns the field that says until when the other side of a reader types.
func (s *typists) typing(reader tickets.Side) *time.Time {
	if reader == tickets.SideAgent {
		return &s.customer
	}
	return &s.agent
}

// types reports whether a side that types until an instant does so now. What a wrong
// clock said does not count.
func types(until, now time.Time) bool { return now.Before(until) && until.Sub(now) <= typingFor }

// tell changes the state of a topic and wakes its readers. Without readers it does
// nothing.
func (t *topics) tell(id uuid.UUID, change func(*topicState)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.m[id]; one != nil {
		change(&one.topicState)
		one.wake()
	}
}

// setTyping records that a side of a conversation types until an instant, and wakes the
// readers. Without readers the record is kept if there is room (maxUnwatched).
func (t *topics) setTyping(id uuid.UUID, side tickets.Side, now, until time.Time) {
	change := func(s *typists) {
		if side == tickets.SideCustomer {
			s.customer = until
		} else {
			s.agent = until
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.m[id]; one != nil {
		change(&one.typists)
		one.wake()
		return
	}
	one := t.unwatched[id]
	change(&one)
	t.keep(id, one, now)
}

// wake wakes those who wait for the topic's news. The lock of the topics must be held.
func (one *topic) wake() {
	close(one.news)
	one.news = make(chan struct{})
}

// keep keeps who types in a conversation without readers, if anybody does and there is
// room, after removing those who no longer do. The lock must be held.
func (t *topics) keep(id uuid.UUID, one typists, now time.Time) {
	if !types(one.customer, now) && !types(one.agent, now) {
		return
	}
	if len(t.unwatched) >= maxUnwatched {
		maps.DeleteFunc(t.unwatched, func(_ uuid.UUID, s typists) bool { return !types(s.customer, now) && !types(s.agent, now) })
	}
	if t.unwatched == nil {
		t.unwatched = make(map[uuid.UUID]typists)
	}
	if len(t.unwatched) < maxUnwatched {
		t.unwatched[id] = one
	}
}

// publish wakes the readers of id, who then look for changes. Without readers it does
// nothing.
func (t *topics) publish(id uuid.UUID) {
	t.tell(id, func(s *topicState) { s.changed++ })
}

// publishAll wakes the readers of all conversations of an account.
func (t *topics) publishAll(account uuid.UUID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.m {
		if one.account == account {
			one.changed++
			one.wake()
		}
	}
}

// publishVersion wakes the readers of a conversation that has reached a version, and
// records that version. One that is known already does nothing.
func (t *topics) publishVersion(id uuid.UUID, version int64) {
	if t.isNews(id, version) {
		t.tell(id, func(s *topicState) {
			s.changed++
			s.version = max(s.version, version)
		})
	}
}

// publishClaim is publishVersion for a version that may be false: it is not recorded.
func (t *topics) publishClaim(id uuid.UUID, version int64) {
	if t.isNews(id, version) {
		t.publish(id)
	}
}

// isNews reports whether a conversation has readers who know only an earlier version.
func (t *topics) isNews(id uuid.UUID, version int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.m[id]
	return one != nil && one.version < version
}

// reset forgets known versions, so that every reader reads again.
func (t *topics) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.m {
		one.changed++
		one.version = 0
		one.wake()
	}
}

// stopTyping records that the writer of a message no longer types, unless they began after
// it. It wakes no reader: the message does.
func (t *topics) stopTyping(id uuid.UUID, m *tickets.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if one := t.m[id]; one != nil {
		one.wrote(m)
		one.present = stopWriting(one.present, m)
	} else if one, ok := t.unwatched[id]; ok {
		one.wrote(m)
		t.unwatched[id] = one
	}
}

// wrote ends the typing of a message's writer that began no later than the message.
func (s *typists) wrote(m *tickets.Message) {
	switch {
	case m.From == tickets.FromCustomer && !m.At.Before(s.customer.Add(-typingFor)):
		s.customer = time.Time{}
	case (m.From == tickets.FromAgent || m.From == tickets.FromBot) && !m.At.Before(s.agent.Add(-typingFor)):
		s.agent = time.Time{}
	}
}

// subscription is a reader's hold on a topic.
type subscription struct {
	t   *topics
	id  uuid.UUID
	one *topic
}

// subscribe returns a subscription to the topic of id, a conversation of the account or
// the account itself. The topic is kept until leave is called.
func (t *topics) subscribe(account, id uuid.UUID) *subscription {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.m[id]
	if one == nil {
		if t.m == nil {
			t.m = make(map[uuid.UUID]*topic)
		}
		one = &topic{account: account, news: make(chan struct{}), topicState: topicState{typists: t.unwatched[id]}}
		t.m[id] = one
		delete(t.unwatched, id)
	}
	one.readers++
	return &subscription{t, id, one}
}

// look returns the state now, and a channel that closes at the first news after it.
func (s *subscription) look() (topicState, <-chan struct{}) {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	return s.one.topicState, s.one.news
}

// leave ends the subscription; again it does nothing.
func (s *subscription) leave(now time.Time) {
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	if s.one == nil {
		return
	}
	if s.one.readers--; s.one.readers == 0 {
		delete(s.t.m, s.id)
		s.t.keep(s.id, s.one.typists, now)
	}
	s.one = nil
}
