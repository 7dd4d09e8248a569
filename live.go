package charla

import (
	"context"
	"iter"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Update is one piece of news of a conversation: a message, that the other side
// began or ceased to type, or how far both sides have read. All nil: nothing new.
type Update struct {
	Message *tickets.Message
	Typing  *bool
	Read    *tickets.Marks
}

// typingFor is how long one call of [Desk.Typing] holds.
const typingFor = 6 * time.Second

// recheck is how often a stream makes sure of its session when nothing happens.
const recheck = 15 * time.Second

// Stream yields the messages of a conversation after a sequence number, in order
// and without a gap, as they come, until ctx ends or the reader stops (R8.3). It
// reads only when asked for the next one, so a slow reader slows nobody. What
// another process wrote it sees within [RunnerOptions].Poll. The last pair has the
// error that ended it: [ErrNotFound] at once for a conversation that does not
// exist, ctx's in the end.
func (d *Desk) Stream(ctx context.Context, ref tickets.Ref, after int64) iter.Seq2[tickets.Message, error] {
	return messages(d.liveTicket(ctx, ref, after, stream{}))
}

// LiveTicket is [Desk.Stream] with all that an agent's screen shows: typing and
// read marks, too, and an empty [Update] once when everything stored before has
// been yielded, and then after each beat without news; a beat of zero: never.
func (d *Desk) LiveTicket(ctx context.Context, ref tickets.Ref, after int64, beat time.Duration) iter.Seq2[Update, error] {
	return d.liveTicket(ctx, ref, after, stream{whole: true, beat: beat})
}

func (d *Desk) liveTicket(ctx context.Context, ref tickets.Ref, after int64, s stream) iter.Seq2[Update, error] {
	ref.Number = 0
	if _, err := d.Ticket(ctx, ref); err != nil {
		return func(yield func(Update, error) bool) { yield(Update{}, err) }
	}
	s.side, s.ref = tickets.SideAgent, ref
	s.read = func(after int64) ([]tickets.Message, tickets.ConversationID, error) {
		list, err := d.Messages(ctx, storage.MessageQuery{Account: ref.Account, Conversation: ref.Conversation, After: after})
		return list, ref.Conversation, err
	}
	return d.live(ctx, s, after)
}

// Follow is [Desk.Stream] for a visitor's session: it yields what [Desk.Read]
// would, from before the first message on. It ends with [ErrSession] when the
// session does or a login replaces its token (in another process: with the next
// message, or within 15 seconds): follow the session that [Desk.Login] returned
// from zero.
func (d *Desk) Follow(ctx context.Context, s tickets.Session, after int64) iter.Seq2[tickets.Message, error] {
	return messages(d.follow(ctx, s, after, stream{}))
}

// Live is [Desk.Follow] with all that a visitor's screen shows, as
// [Desk.LiveTicket] has it for agents.
func (d *Desk) Live(ctx context.Context, s tickets.Session, after int64, beat time.Duration) iter.Seq2[Update, error] {
	return d.follow(ctx, s, after, stream{whole: true, beat: beat})
}

func (d *Desk) follow(ctx context.Context, s tickets.Session, after int64, one stream) iter.Seq2[Update, error] {
	one.side = tickets.SideCustomer
	one.ref = tickets.Ref{Account: s.Account, Conversation: s.Conversation}
	account, id, hash := s.Account, s.ID, s.TokenHash // a stream keeps no more of the session
	one.read = func(after int64) ([]tickets.Message, tickets.ConversationID, error) {
		return d.read(ctx, tickets.Session{Account: account, ID: id, TokenHash: hash}, storage.MessageQuery{After: after})
	}
	return d.live(ctx, one, after)
}

// messages are the messages of a stream.
func messages(updates iter.Seq2[Update, error]) iter.Seq2[tickets.Message, error] {
	return func(yield func(tickets.Message, error) bool) {
		for u, err := range updates {
			if err != nil {
				yield(tickets.Message{}, err)
				return
			}
			if u.Message != nil && !yield(*u.Message, nil) {
				return
			}
		}
	}
}

// stream is a stream to be begun.
type stream struct {
	ref  tickets.Ref
	side tickets.Side
	// read reads what is after a sequence number, and says which conversation
	// that was; zero: it does not exist yet.
	read func(after int64) ([]tickets.Message, tickets.ConversationID, error)
	// whole yields more than messages.
	whole bool
	beat  time.Duration
}

// running is a stream under way.
type running struct {
	d *Desk
	stream
	yield func(Update, error) bool
	after int64

	topic *subscription
	// seen is the topic as it was when it was last answered to, read and yielded
	// when that was.
	seen              topicState
	readAt, yieldedAt time.Time
	ready, types      bool
	marks             tickets.Marks
}

// live turns reads of what is after a sequence number into a stream. Signals only
// save it the wait for the next poll.
func (d *Desk) live(ctx context.Context, s stream, after int64) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		f, leave, err := d.join(ctx, s.ref.Account)
		if err != nil {
			yield(Update{}, err)
			return
		}
		defer leave()
		defer d.observed(ctx, s.side)()
		r := &running{d: d, stream: s, yield: yield, after: after, topic: d.topic.subscribe(s.ref.Account.UUID, s.ref.Conversation.UUID)}
		defer func() { r.topic.leave() }()
		r.seen.changed, r.seen.marked = -1, -1
		for {
			heard, wait, more, err := r.step(ctx)
			if err == nil && more {
				select {
				case <-ctx.Done():
					err = ctx.Err()
				case <-heard:
				case <-d.o.Clock.After(wait):
					err = d.poll(ctx, s.ref.Account, f)
				}
			}
			if err != nil {
				yield(Update{}, err)
			}
			if err != nil || !more {
				return
			}
		}
	}
}

// observed tells the observer of a stream, and when it is over. It stands apart
// because what live holds on its stack every idle stream pays for.
func (d *Desk) observed(ctx context.Context, side tickets.Side) (over func()) {
	o := d.o.Observer
	if o == nil {
		return func() {}
	}
	o.Stream(ctx, side, 1)
	return func() { o.Stream(ctx, side, -1) }
}

// step yields all news there are; then it says how long to wait for others. more
// is false when the reader has stopped.
func (r *running) step(ctx context.Context) (heard <-chan struct{}, wait time.Duration, more bool, err error) {
	for {
		state, news := r.topic.look() // before reading: what comes in between is heard
		now := r.d.Now()
		if err := ctx.Err(); err != nil {
			return nil, 0, false, err
		}
		if state.changed != r.seen.changed || !now.Before(r.readAt.Add(recheck)) {
			r.seen.changed, r.readAt = state.changed, now
			again, more, err := r.readOn(ctx)
			if again {
				r.seen.changed = -1
			}
			if err != nil || !more {
				return nil, 0, false, err
			}
			if again {
				continue
			}
		}
		if r.whole {
			if more, err := r.rest(ctx, state, now); err != nil || !more {
				return nil, 0, false, err
			}
		}
		return news, r.wait(state, now), true, nil
	}
}

// readOn yields the messages there are, and says whether there may be more.
func (r *running) readOn(ctx context.Context) (again, more bool, err error) {
	list, actual, err := r.read(r.after)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return false, false, err
	}
	for i := range list {
		if !r.yield(Update{Message: &list[i]}, nil) {
			return false, false, nil
		}
		r.after, r.yieldedAt = list[i].Seq, r.d.Now()
		r.d.topic.quiet(actual.UUID, list[i].From)
		r.seen.marked = -1
	}
	moved := !actual.IsZero() && actual != r.ref.Conversation
	if moved { // another session's first message made the conversation
		r.topic.leave()
		r.ref.Conversation = actual
		r.topic = r.d.topic.subscribe(r.ref.Account.UUID, actual.UUID)
	}
	return moved || len(list) > 0, true, nil
}

// rest yields what is not a message.
func (r *running) rest(ctx context.Context, state topicState, now time.Time) (more bool, err error) {
	tell := func(u Update) bool {
		r.yieldedAt = now
		return r.yield(u, nil)
	}
	if types := now.Before(*state.typing(r.side)); types != r.types {
		if r.types = types; !tell(Update{Typing: &types}) {
			return false, nil
		}
	}
	beats := r.beat > 0 && !now.Before(r.yieldedAt.Add(r.beat))
	if state.marked != r.seen.marked || beats {
		r.seen.marked = state.marked
		marks, err := r.d.store.Sessions().Marks(ctx, r.ref.Account, r.ref.Conversation)
		if err != nil {
			return false, storeError(err)
		}
		if marks != r.marks {
			r.marks, beats = marks, false
			if !tell(Update{Read: &marks}) {
				return false, nil
			}
		}
	}
	if !r.ready || beats {
		r.ready = true
		return tell(Update{}), nil
	}
	return true, nil
}

// wait is the time to the next thing that comes by itself.
func (r *running) wait(state topicState, now time.Time) time.Duration {
	wait := min(r.d.o.Runner.Poll, r.readAt.Add(recheck).Sub(now))
	if r.beat > 0 {
		wait = min(wait, r.yieldedAt.Add(r.beat).Sub(now))
	}
	if r.types {
		wait = min(wait, state.typing(r.side).Sub(now))
	}
	return max(wait, time.Millisecond)
}

// Typing says that a session's customer is typing, for six seconds. It is a hint
// that is kept nowhere: agents with [Desk.LiveTicket] see it, in other processes
// through [Options].Broker. [ErrSession].
func (d *Desk) Typing(ctx context.Context, s tickets.Session) error {
	loaded, err := d.visit(ctx, s)
	if err == nil && loaded.Conversation.Version > 0 {
		d.tell(hintCustomer, loaded.Conversation.ID.UUID, 0)
	}
	return err
}

// AgentTyping says to the customer that an agent is typing, for six seconds, as
// [Desk.Typing] says it to the agents. [ErrNotFound].
func (d *Desk) AgentTyping(ctx context.Context, a Person, ref tickets.Ref) error {
	if err := checkAgent(a); err != nil {
		return err
	}
	if _, err := d.Ticket(ctx, ref); err != nil {
		return err
	}
	d.tell(hintAgent, ref.Conversation.UUID, 0)
	return nil
}

// visit loads what a living session may see.
func (d *Desk) visit(ctx context.Context, s tickets.Session) (storage.Loaded, error) {
	if s.ID.IsZero() {
		return storage.Loaded{}, ErrSession
	}
	loaded, err := d.load(ctx, storage.LoadQuery{Account: s.Account, Session: s.ID})
	if err == nil {
		err = d.checkSession(&loaded, s.TokenHash)
	}
	return loaded, err
}

// MarkRead says that a session's customer has read up to a message. Marks only
// rise, and never beyond the last message. They touch neither the conversation nor
// its feed. [ErrSession].
func (d *Desk) MarkRead(ctx context.Context, s tickets.Session, seq int64) error {
	loaded, err := d.visit(ctx, s)
	if err != nil || loaded.Conversation.Version == 0 {
		return err
	}
	return d.raise(ctx, &loaded, tickets.Marks{Customer: seq})
}

// AgentRead says that the agents have read up to a message, as [Desk.MarkRead]
// says it of the customer. [ErrNotFound], [ErrDeleted].
func (d *Desk) AgentRead(ctx context.Context, a Person, ref tickets.Ref, seq int64) error {
	if err := checkAgent(a); err != nil {
		return err
	}
	loaded, err := d.load(ctx, storage.LoadQuery{Account: ref.Account, Conversation: ref.Conversation})
	if err == nil && loaded.Conversation.Version == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return err
	}
	return d.raise(ctx, &loaded, tickets.Marks{Agent: seq})
}

func (d *Desk) raise(ctx context.Context, loaded *storage.Loaded, m tickets.Marks) error {
	c := &loaded.Conversation
	m.Customer, m.Agent = min(m.Customer, c.LastSeq), min(m.Agent, c.LastSeq)
	now, err := d.store.Sessions().Marks(ctx, c.Account, c.ID)
	if err != nil {
		return storeError(err)
	}
	if m.Customer <= now.Customer && m.Agent <= now.Agent {
		return nil
	}
	if err := d.store.Sessions().Raise(ctx, c.Account, c.ID, m); err != nil {
		return changeError(err)
	}
	d.tell(hintMarked, c.ID.UUID, 0)
	return nil
}

// Marks are how far each side of a conversation has read; zero before.
func (d *Desk) Marks(ctx context.Context, ref tickets.Ref) (tickets.Marks, error) {
	m, err := d.store.Sessions().Marks(ctx, ref.Account, ref.Conversation)
	return m, storeError(err)
}
