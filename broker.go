package charla

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// Broker carries hints between the desks of several processes on one store, so
// that streams need not wait for the next poll and agents see customers of other
// processes type. Hints may be lost, doubled or late: whatever matters is in the
// store and arrives by polling. It must be safe for concurrent use.
type Broker interface {
	// Publish sends a hint, of at most 160 bytes, to the other processes. It
	// neither blocks nor fails: what cannot be sent at once is dropped. The hint is
	// the broker's to keep.
	Publish(hint []byte)
	// Listen hands over what others published, and possibly what this process did,
	// until ctx ends or it fails; then it is called again. receive returns at once.
	Listen(ctx context.Context, receive func(hint []byte)) error
}

// A hint is its kind, an ID, and for some kinds a number.
const (
	hintChanged  = 'c' // a conversation, and the version it reached
	hintAccount  = 'a' // an account's feed
	hintSession  = 's' // the sessions of a conversation
	hintSessions = 'S' // the sessions of an account
	hintMarked   = 'm' // a conversation's marks
	hintCustomer = 't' // the customer types
	hintActivity = 'A' // an agent does something in a conversation: which activity, and then the agent's ID
)

const hintSize = 1 + 16 + 8

// tell does here what a hint says, as hear does, but takes its version as true; it
// publishes the hint to the other processes if there is a [Broker], and tells the
// observer of that. n is the version for hintChanged, else zero. What cannot be sent is
// lost.
func (d *Desk) tell(kind byte, id uuid.UUID, n int64) {
	if kind == hintChanged {
		d.topic.publishVersion(id, n)
	} else {
		d.hear(kind, id, n)
	}
	d.publish(kind, id, n, "")
}

// tellActivity says here and to the other processes what an agent does in a conversation.
func (d *Desk) tellActivity(id uuid.UUID, who Colleague) {
	d.setActivity(id, who)
	d.publish(hintActivity, id, int64(slices.Index(activities, who.Activity)), string(who.Agent))
}

// publish publishes a hint to the other processes if there is a [Broker], and tells the
// observer of that.
func (d *Desk) publish(kind byte, id uuid.UUID, n int64, text string) {
	if d.o.Broker == nil {
		return
	}
	hint := make([]byte, 0, hintSize+len(text))
	hint = append(append(hint, kind), id[:]...)
	for shift := 56; shift >= 0; shift -= 8 {
		hint = append(hint, byte(uint64(n)>>shift))
	}
	d.o.Broker.Publish(append(hint, text...))
	d.hinted(HintSent)
}

// hear does what a hint of another process says: it wakes the readers that the hint
// concerns, or records who types. A hint may come from anybody: it only makes readers
// look. An unknown kind, of a newer version, does nothing.
func (d *Desk) hear(kind byte, id uuid.UUID, n int64) {
	switch kind {
	case hintChanged:
		d.topic.publishClaim(id, n)
	case hintAccount, hintSession:
		d.topic.publish(id)
	case hintSessions:
		d.topic.publishAll(id)
	case hintMarked:
		d.topic.tell(id, func(s *topicState) { s.marked++ })
	case hintCustomer:
		d.topic.setTyping(id, d.Now, func(s *typists, now time.Time) { s.customer = now.Add(typingFor) })
	default: // of a newer version
	}
}

// receive hears a hint that the broker hands over; one of another length is ignored. It
// tells the observer which of the two it did.
func (d *Desk) receive(hint []byte) {
	activity := len(hint) > hintSize && hint[0] == hintActivity
	if len(hint) != hintSize && !activity {
		d.hinted(HintIgnored)
		return
	}
	var n uint64
	for _, b := range hint[17:hintSize] {
		n = n<<8 | uint64(b)
	}
	id := uuid.UUID(hint[1:17])
	if !activity {
		d.hinted(HintHeard)
		d.hear(hint[0], id, int64(n))
		return
	}
	agent := tickets.AgentID(hint[hintSize:])
	if n >= uint64(len(activities)) || len(checkID("agent", agent)) > 0 {
		d.hinted(HintIgnored)
		return
	}
	d.hinted(HintHeard)
	d.setActivity(id, Colleague{agent, activities[n]})
}

// listen receives hints from the broker, which must not be nil, until ctx ends. Whenever
// the broker's Listen returns before that, it waits for [RunnerOptions].Poll and calls it
// again; an error of Listen is logged and told to the observer.
func (d *Desk) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := d.o.Broker.Listen(ctx, d.receive); err != nil && ctx.Err() == nil {
			d.o.Logger.Warn("charla: broker", slog.Any("error", err))
			d.failed(ctx, RunBroker, err)
		}
		select {
		case <-ctx.Done():
		case <-d.o.Clock.After(d.o.Runner.Poll):
		}
	}
}

// signal announces a commit: it wakes readers, here and in other processes, and this
// desk's Run if the commit has deliveries or a deadline within the next poll.
func (d *Desk) signal(b *storage.Batch) {
	d.tell(hintChanged, b.Conversation.ID.UUID, b.Conversation.Version)
	d.tell(hintAccount, b.Conversation.Account.UUID, 0)
	if len(b.Deliveries) > 0 || (!b.Wake.IsZero() && !b.Wake.After(d.Now().Add(d.o.Runner.Poll))) {
		d.wakeRunner()
	}
}
