package crash

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var ctx = context.Background() // every call ends by itself

// lateClock is moved by hand.
type lateClock struct{ now time.Time }

func (c *lateClock) Now() time.Time { return c.now }

// After returns a channel that gets nothing: nothing waits on this clock.
func (c *lateClock) After(time.Duration) <-chan time.Time { return nil }

// opened is a database with a desk of this process.
type opened struct {
	job   job
	store storage.Store
	desk  *charla.Desk
	clock *lateClock
}

// open opens a database that no other process has.
func (j job) open(use func(*opened) error) error {
	store, _, end, err := j.store(ctx)
	if err != nil {
		return err
	}
	defer end()
	late := &lateClock{now: clock{j.Epoch}.Now()}
	desk, files, err := j.desk(store, nil, late)
	if err != nil {
		return err
	}
	defer files.close()
	return use(&opened{job: j, store: store, desk: desk, clock: late})
}

// audit carries out all deadlines, and then compares.
func (p Plan) audit(o *opened, w *world, r *Report) error {
	for range 3 { // a deadline may set others
		o.clock.now = o.clock.now.Add(30 * time.Minute)
		if _, err := o.desk.RunDue(ctx); err != nil {
			return fmt.Errorf("run due: %w", err)
		}
	}
	events, err := o.lines("events", r, false)
	if err != nil {
		return err
	}
	mails, err := o.lines("mails", r, true)
	if err != nil {
		return err
	}
	r.Mails, r.Events = len(mails), len(events)
	notified := 0
	for i, c := range w.chats {
		ref, acks := c.ledger()
		r.Acknowledged += len(acks)
		if p.Tamper != nil && i == 0 {
			acks = p.Tamper(acks)
		}
		conversation, err := r.Conversation(ctx, o.desk, ref, acks)
		if err != nil {
			return err
		}
		r.Settled(&conversation)
		notified += 2 * len(conversation.Tickets)
		r.history(&conversation, ref, events)
		c.again(o.desk, r)
	}
	return o.outbox(r, mails, notified)
}

// lines reads the keys that a file has; with once, a key that is there twice is
// reported.
func (o *opened) lines(name string, r *Report, once bool) (map[string]bool, error) {
	body, err := os.ReadFile(o.job.path(name))
	if err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	for line := range strings.Lines(string(body)) {
		key := strings.TrimSuffix(line, "\n")
		if once && keys[key] {
			r.Remailed++
			r.Twice("%s: %s", name, key)
		}
		keys[key] = true
	}
	return keys, nil
}

// history counts deadlines, and checks that every event was told (R8.2).
func (r *Report) history(c *audit.Conversation, ref tickets.Ref, told map[string]bool) {
	for _, e := range c.Entries {
		for j, fact := range e.Facts {
			switch {
			case fact.Kind == tickets.FactDelayed:
				r.Delays++
			case fact.Kind == tickets.FactClosed && fact.Reason == tickets.ReasonAutomatic:
				r.Closes++
			}
			if key := fmt.Sprintf("event-%s-%d-%d-host", ref.Conversation, e.N, j); !told[key] {
				r.Miss("%s was never told", key)
			}
		}
	}
}

// again repeats some calls with their keys and checks that they answer as before
// (R3.9).
func (c *chat) again(desk *charla.Desk, r *Report) {
	for i := 0; i < len(c.asked); i += 1 + len(c.asked)/20 {
		if c.acks[i].Somewhere {
			continue
		}
		got, err := perform(ctx, desk, c.asked[i])
		if err != nil || got != c.acks[i].Result {
			r.Wrong("%s with key %s answers %+v (%v), before %+v", c.asked[i].Kind, c.asked[i].Key, got, err, c.acks[i].Result)
		}
	}
}

// outbox checks that every ticket has its notifications, and that the outbox's state of
// each is true (R8.2).
func (o *opened) outbox(r *Report, mails map[string]bool, notified int) error {
	found := 0
	for _, state := range []charla.DeliveryState{
		charla.DeliveryPending, charla.DeliverySending, charla.DeliverySent, charla.DeliveryDead, charla.DeliveryUnknown,
	} {
		q := charla.DeliveryQuery{Account: account, State: state}
		for first := true; first || q.Cursor != ""; first = false {
			page, err := o.desk.Deliveries(ctx, q)
			if q.Cursor = page.Next; err != nil {
				return err
			}
			for _, d := range page.Items {
				if state != charla.DeliverySent && state != charla.DeliveryUnknown {
					r.Wrong("delivery %s is %s: %s", d.Key, state, d.Error)
				}
				if d.Kind != "mail" {
					continue
				}
				found++
				switch {
				case state == charla.DeliverySent && !mails[d.Key]:
					r.Miss("mail %s is marked sent, and never was", d.Key)
				case state == charla.DeliveryUnknown && !mails[d.Key]:
					r.Unsent++
					r.Undecided++
				case state == charla.DeliveryUnknown:
					r.Undecided++
				}
				delete(mails, d.Key)
			}
		}
	}
	for key := range mails {
		r.Miss("mail %s went out, and is not in the outbox", key)
	}
	if found != notified {
		r.Wrong("%d mails for tickets that want %d", found, notified)
	}
	return nil
}
