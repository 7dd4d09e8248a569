package charla

import (
	"context"
	"iter"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Update is one piece of news of a conversation: a message, that the other side
// began or ceased to type, how far both sides have read, or, for visitors, that their
// ticket was closed, or is so no more (zero). All nil: nothing new.
type Update struct {
	Message *tickets.Message `json:"message,omitempty"`
	Typing  *bool            `json:"typing,omitempty"`
	Read    *tickets.Marks   `json:"read,omitempty"`
	Closed  *Closing         `json:"closed,omitempty"`
	// Colleague is what another agent does in the ticket now; visitors are told of none.
	Colleague *Colleague `json:"colleague,omitempty"`
}

// typingFor is how long one call of [Visitor.Typing] holds, or of [Agent.SetActivity]
// with an agent who writes.
const typingFor = 6 * time.Second

// recheck is how often a stream makes sure of its session when nothing happens.
const recheck = 15 * time.Second

// followTicket returns the stream of a conversation as its agents see it, after a
// sequence number; of reader it does not tell what they do. It yields one error,
// [ErrNotFound], if there is no such conversation.
func (d *Desk) followTicket(ctx context.Context, ref tickets.Ref, reader tickets.AgentID, after int64, beat time.Duration) iter.Seq2[Update, error] {
	ref.Number = 0
	if _, err := d.ticket(ctx, ref); err != nil {
		return func(yield func(Update, error) bool) { yield(Update{}, err) }
	}
	s := stream{ref: ref, side: tickets.SideAgent, reader: reader, beat: beat}
	s.read = func(after int64) ([]tickets.Message, tickets.ConversationID, error) {
		list, err := d.store.Queries().Messages(ctx, storage.MessageQuery{Account: ref.Account, Conversation: ref.Conversation, After: after})
		d.topic.stopTyping(ref.Conversation.UUID, list)
		return list, ref.Conversation, storeError(err)
	}
	return d.live(ctx, s, after)
}

// followVisitor returns the stream of what a visitor may see, after a sequence number.
// The conversation is known after the first read. The last pair has the error that
// ended it.
func (d *Desk) followVisitor(ctx context.Context, v *Visitor, after int64, beat time.Duration) iter.Seq2[Update, error] {
	s := stream{ref: tickets.Ref{Account: v.account}, side: tickets.SideCustomer, beat: beat}
	s.closed = new(Closing)
	s.read = func(after int64) ([]tickets.Message, tickets.ConversationID, error) {
		loaded, err := v.load(ctx)
		if err != nil || loaded.Conversation.Version == 0 {
			return nil, loaded.Session.Conversation, err
		}
		if rules, err := d.rules(ctx, &loaded.Account); err == nil {
			if *s.closed, err = d.closing(ctx, &loaded, &rules.Config.Chat); err != nil {
				return nil, loaded.Conversation.ID, err
			}
		}
		return d.visibleMessages(ctx, &loaded, storage.MessageQuery{After: after})
	}
	return d.live(ctx, s, after)
}

// stream says what a stream reads and for whom.
type stream struct {
	ref  tickets.Ref
	side tickets.Side
	// reader is the agent who reads; empty: it is not known who.
	reader tickets.AgentID
	// read reads the messages after a sequence number, and returns their conversation.
	read func(after int64) ([]tickets.Message, tickets.ConversationID, error)
	beat time.Duration
	// closed is how the ticket was closed, as of the last read; nil: nobody asks.
	closed *Closing
}

// running is a stream under way.
type running struct {
	d *Desk
	stream
	yield func(Update, error) bool
	after int64

	feed  *inboxFeed
	topic *subscription
	// seen is the topic's state up to which everything was yielded, readAt and
	// yieldedAt when the stream last read and yielded.
	seen              topicState
	readAt, yieldedAt time.Time
	ready, types      bool
	marks             tickets.Marks
	// told is what was last yielded of closed; nil: nothing.
	told *Closing
	// colleagues are those of whom was last yielded that they do something.
	colleagues []Colleague
}

// live returns the stream of what comes after a sequence number. It reads after each
// signal and each poll; the last pair has the error that ended it. A reader that stops
// gets no error.
func (d *Desk) live(ctx context.Context, s stream, after int64) iter.Seq2[Update, error] {
	return func(yield func(Update, error) bool) {
		r, end, err := d.beginStream(ctx, s, after, yield)
		if err != nil {
			yield(Update{}, err)
			return
		}
		defer end()
		if err := r.run(ctx); err != nil {
			yield(Update{}, err)
		}
	}
}

// beginStream returns a stream under way; end must be called when it is over. It fails as
// [Desk.joinFeed] does. It stands apart from [running.run] because what that holds on its stack
// every idle stream pays for.
func (d *Desk) beginStream(ctx context.Context, s stream, after int64, yield func(Update, error) bool) (r *running, end func(), err error) {
	feed, leave, err := d.joinFeed(ctx, s.ref.Account)
	if err != nil {
		return nil, nil, err
	}
	over := d.observeStream(ctx, s.side)
	r = &running{d: d, stream: s, yield: yield, after: after, feed: feed, topic: d.topic.subscribe(s.ref.Account.UUID, s.ref.Conversation.UUID)}
	r.seen.changed, r.seen.marked = -1, -1
	return r, func() {
		r.topic.leave(d.Now())
		over()
		leave()
	}, nil
}

// observeStream tells the observer that a stream begins; over tells it of the end.
func (d *Desk) observeStream(ctx context.Context, side tickets.Side) (over func()) {
	o := d.o.Observer
	if o == nil {
		return func() {}
	}
	o.Stream(ctx, side, 1)
	return func() { o.Stream(ctx, side, -1) }
}

// run yields news as they come. It returns nil when the reader has stopped. It fails as step
// does, or if the account's feed cannot be read.
func (r *running) run(ctx context.Context) error {
	for {
		heard, wait, more, err := r.step(ctx)
		if err != nil || !more {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-heard:
		case <-r.d.o.Clock.After(wait):
			if err := r.d.pollFeed(ctx, r.ref.Account, r.feed); err != nil {
				return err
			}
		}
	}
}

// step yields all news there are. Then it returns what closes at the next signal, and
// how long to wait at most. more is false when the reader has stopped. It fails with
// ctx's error, or as reading does.
func (r *running) step(ctx context.Context) (heard <-chan struct{}, wait time.Duration, more bool, err error) {
	for {
		state, news := r.topic.look() // before reading: what comes in between is heard
		now := r.d.Now()
		if err := ctx.Err(); err != nil {
			return nil, 0, false, err
		}
		if state.changed != r.seen.changed || now.Sub(r.readAt).Abs() >= recheck {
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
		if more, err := r.yieldOther(ctx, state, now); err != nil || !more {
			return nil, 0, false, err
		}
		return news, r.wait(state, now), true, nil
	}
}

// readOn yields the messages after r.after, and follows the conversation that they are
// in. again reports whether there may be others to read, more whether the reader goes
// on. err is the read's, or ctx's.
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
		r.seen.marked = -1
	}
	if r.closed != nil && len(list) == 0 && !r.closed.same(r.told) {
		told := *r.closed
		if r.told = &told; !r.yield(Update{Closed: &told}, nil) {
			return false, false, nil
		}
		r.yieldedAt = r.d.Now()
	}
	moved := !actual.IsZero() && actual != r.ref.Conversation
	if moved { // the first read, or another session's first message made the conversation
		r.topic.leave(r.d.Now())
		r.ref.Conversation = actual
		r.topic = r.d.topic.subscribe(r.ref.Account.UUID, actual.UUID)
	}
	return moved || len(list) > 0, true, nil
}

// yieldOther yields what is not a message: typing, read marks and the empty update.
// more is false when the reader has stopped. It fails if the store does.
func (r *running) yieldOther(ctx context.Context, state topicState, now time.Time) (more bool, err error) {
	tell := func(u Update) bool {
		r.yieldedAt = now
		return r.yield(u, nil)
	}
	if types := types(state.typing(r.side), now); types != r.types {
		if r.types = types; !tell(Update{Typing: &types}) {
			return false, nil
		}
	}
	if r.side == tickets.SideAgent && !r.yieldColleagues(state.present, now) {
		return false, nil
	}
	beats := r.beat > 0 && now.Sub(r.yieldedAt).Abs() >= r.beat
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

// wait returns the time to the next thing that comes by itself: a poll, a check of the
// session, a beat, or the end of typing; at least a millisecond.
func (r *running) wait(state topicState, now time.Time) time.Duration {
	wait := min(r.d.o.Runner.Poll, r.readAt.Add(recheck).Sub(now))
	if r.beat > 0 {
		wait = min(wait, r.yieldedAt.Add(r.beat).Sub(now))
	}
	if r.types {
		wait = min(wait, state.typing(r.side).Sub(now))
	}
	if len(r.colleagues) > 0 {
		for _, p := range state.present {
			if p.at(now) != "" {
				wait = min(wait, p.ends(now).Sub(now))
			}
		}
	}
	return max(wait, time.Millisecond)
}

// raise raises a conversation's marks, at most to its last message, and wakes its
// readers; lower ones stay as they are. It fails if the store does; with
// [ErrOutcomeUnknown] it may have raised them.
func (d *Desk) raise(ctx context.Context, loaded *storage.Loaded, m tickets.Marks) error {
	c := &loaded.Conversation
	last := c.LastSeq - c.Notes // what visitors are told of
	m.Customer, m.Agent = min(m.Customer, last), min(m.Agent, last)
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
