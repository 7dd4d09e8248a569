package charla

import (
	"maps"
	"slices"
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
}

// typists are who types in a conversation: the customer, until an instant, and of the
// agents who do something there those who reply. The list is replaced, never changed.
type typists struct {
	customer time.Time
	present  []present
}

// typing returns until when the other side of a reader types.
func (s *typists) typing(reader tickets.Side) (until time.Time) {
	if reader == tickets.SideAgent {
		return s.customer
	}
	for _, p := range s.present {
		if p.Activity == Replying {
			until = later(until, p.since.Add(typingFor))
		}
	}
	return until
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

// setTyping changes who types in a conversation as of now, and wakes the readers. Without
// readers it is kept if there is room (maxUnwatched). The clock is read under the lock, so
// that two calls change in the order of their times.
func (t *topics) setTyping(id uuid.UUID, now func() time.Time, change func(*typists, time.Time)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := now()
	if one := t.m[id]; one != nil {
		change(&one.typists, at)
		one.wake()
		return
	}
	one := t.unwatched[id]
	change(&one, at)
	t.keep(id, one, at)
}

// wake wakes those who wait for the topic's news. The lock of the topics must be held.
func (one *topic) wake() {
	close(one.news)
	one.news = make(chan struct{})
}

// keep keeps who types in a conversation without readers, and nothing else that agents do
// there, if anybody does and there is room, after removing those who no longer do. The lock
// must be held.
func (t *topics) keep(id uuid.UUID, one typists, now time.Time) {
	delete(t.unwatched, id)
	one.present = slices.DeleteFunc(slices.Clone(one.present), func(p present) bool { return p.at(now) != Replying })
	if !one.any(now) {
		return
	}
	if len(t.unwatched) >= maxUnwatched {
		maps.DeleteFunc(t.unwatched, func(_ uuid.UUID, s typists) bool { return !s.any(now) })
	}
	if t.unwatched == nil {
		t.unwatched = make(map[uuid.UUID]typists)
	}
	if len(t.unwatched) < maxUnwatched {
		t.unwatched[id] = one
	}
}

// any reports whether anybody types now.
func (s *typists) any(now time.Time) bool {
	return types(s.typing(tickets.SideAgent), now) || types(s.typing(tickets.SideCustomer), now)
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

// stopTyping records that the writers of messages no longer type, unless they began after
// them. It wakes no reader: the messages do.
func (t *topics) stopTyping(id uuid.UUID, list []tickets.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, unwatched := t.m[id], t.unwatched[id]
	for i := range list {
		if one != nil {
			one.wrote(&list[i])
		} else {
			unwatched.wrote(&list[i])
		}
	}
	if _, kept := t.unwatched[id]; kept {
		t.unwatched[id] = unwatched
	}
}

// wrote ends the typing of a message's writer that began no later than the message.
func (s *typists) wrote(m *tickets.Message) {
	if m.From == tickets.FromCustomer && !m.At.Before(s.customer.Add(-typingFor)) {
		s.customer = time.Time{}
	}
	s.present = stopWriting(s.present, m)
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
