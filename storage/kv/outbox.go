package kv

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

type outbox struct{ *Store }

// delivery is a delivery as it is kept: N is its place in the order of commits.
type delivery struct {
	storage.Delivery
	N     int64
	Lease time.Time
}

// queueKey returns the key in queueTable at which a delivery waits for its next step, or
// nil if its state has none.
func (d *delivery) queueKey() []byte {
	switch d.State {
	case storage.Pending:
		return key(string(d.State), d.Account, d.Kind, d.NotBefore, d.N)
	case storage.Sending:
		return key(string(d.State), d.Lease, d.N)
	case storage.Sent:
		return key(string(d.State), d.SettledAt, d.N)
	default:
		return nil
	}
}

// stateKey returns the delivery's key in stateTable.
func (d *delivery) stateKey() []byte { return key(d.Account, string(d.State), d.N) }

// unqueue removes a delivery from queueTable only, if its state has it there.
func (t *tx) unqueue(d *delivery) {
	if k := d.queueKey(); k != nil {
		t.remove(queueTable, k)
	}
}

// removeDelivery removes a delivery from all tables.
func (t *tx) removeDelivery(d *delivery) {
	t.unqueue(d)
	t.remove(stateTable, d.stateKey())
	t.remove(deliveryTable, key(d.Account, d.Key))
}

// saveDelivery writes a delivery to all tables. Before its state or times change, call
// removeDelivery.
func (t *tx) saveDelivery(d *delivery) {
	if k := d.queueKey(); k != nil {
		t.put(queueTable, k, key(d.Account, d.Key))
	}
	t.put(stateTable, d.stateKey(), key(d.Account, d.Key))
	t.save(deliveryTable, key(d.Account, d.Key), d)
}

// addDeliveries adds pending deliveries to an account's outbox, but for those whose
// keys are there.
func (t *tx) addDeliveries(account chatcfg.AccountID, list []storage.Delivery) {
	for _, one := range list {
		d := &delivery{Delivery: storage.Clean(one)}
		d.Account, d.State = account, storage.Pending
		if t.get(deliveryTable, key(account, d.Key)) == nil {
			d.N = t.next(deliveryTable)
			t.saveDelivery(d)
		}
	}
}

// due returns the deliveries under a prefix of queueTable whose next step is due at
// now, the earliest first, at most limit.
func (t *tx) due(prefix []byte, now time.Time, limit int) (list []*delivery) {
	for k, of := range t.from(queueTable, prefix, prefix) {
		if len(list) >= limit || instant(k[len(prefix):]).After(now) {
			break
		}
		d := &delivery{}
		t.load(deliveryTable, of, d)
		list = append(list, d)
	}
	return list
}

// lanes ranges over the lanes that have pending deliveries, with their prefixes of
// queueTable. A failed scan ends the loop and fails the transaction.
func (t *tx) lanes() iter.Seq2[storage.Lane, []byte] {
	return func(yield func(storage.Lane, []byte) bool) {
		pending := key(string(storage.Pending))
		next := pending
		for found := true; found; {
			found = false
			for k := range t.from(queueTable, pending, next) {
				rest := k[len(pending):]
				end := 16 + bytes.IndexByte(rest[16:], 0)
				prefix := slices.Clone(k[:len(pending)+end+1])
				if !yield(storage.Lane{Account: chatcfg.AccountID{UUID: id(rest)}, Kind: string(rest[16:end])}, prefix) {
					return
				}
				next, found = append(slices.Clone(prefix[:len(prefix)-1]), 1), true
				break
			}
		}
	}
}

// Claim implements [storage.Outbox]: it marks as sending until leaseUntil, and returns,
// up to limit deliveries that are due at now, the earliest first, as far as s allows:
// pending ones, and repeatable ones whose lease has run out. Others whose lease has run
// out become unknown. It fails if ctx ends, the store is closed, or its database fails.
func (p outbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int, s storage.Share) ([]storage.Delivery, error) {
	return update(ctx, p.Store, func(t *tx) (claimed []storage.Delivery) {
		var due []*delivery
		for lane, prefix := range t.lanes() {
			if s.Allows(lane, 0) {
				due = append(due, t.due(prefix, now, limit)...)
			}
		}
		for _, d := range t.due(key(string(storage.Sending)), now, math.MaxInt) {
			if d.Repeatable {
				due = append(due, d)
				continue
			}
			t.removeDelivery(d)
			d.State = storage.Unknown
			t.saveDelivery(d)
		}
		slices.SortFunc(due, func(d, e *delivery) int {
			return cmp.Or(d.NotBefore.Compare(e.NotBefore), cmp.Compare(d.N, e.N))
		})
		taken := map[storage.Lane]int{}
		for _, d := range due {
			lane := storage.Lane{Account: d.Account, Kind: d.Kind}
			if len(claimed) >= limit || !s.Allows(lane, taken[lane]) {
				continue
			}
			taken[lane]++
			t.removeDelivery(d)
			d.Claim()
			d.Lease = storage.Cut(leaseUntil)
			t.saveDelivery(d)
			claimed = append(claimed, d.Delivery)
		}
		return claimed
	})
}

// Settle implements [storage.Outbox]: it stores the outcome of an attempt; in a deleted
// account one that is to be tried again is removed. It fails with
// [storage.ErrLeaseLost] unless the delivery is sending with the fence d.Fence, for a
// state that ends no attempt, or if ctx ends, the store is closed, or its database
// fails.
func (p outbox) Settle(ctx context.Context, by storage.Delivery) error {
	if err := by.CheckSettle(); err != nil {
		return err
	}
	return p.change(ctx, func(t *tx) {
		var a chatcfg.Account
		var before delivery
		t.load(accountTable, key(by.Account), &a)
		t.load(deliveryTable, key(by.Account, by.Key), &before)
		d := before
		err := d.Settle(by)
		t.need(err == nil, err)
		t.removeDelivery(&before)
		if d.State != storage.Pending || a.DeletedAt.IsZero() {
			t.saveDelivery(&d)
		}
	})
}

// List implements [storage.Outbox]: it returns a page of an account's deliveries in a
// state, in the order of their commits. It fails with [storage.ErrCursor] for a cursor
// of another list, or if ctx ends, the store is closed, or its database fails.
func (p outbox) List(ctx context.Context, account chatcfg.AccountID, state storage.DeliveryState, cursor string, limit int) (storage.Page[storage.Delivery], error) {
	list := "outbox " + account.String() + " " + string(state)
	last, err := p.parseCursor(list, cursor, 0)
	if err != nil {
		return storage.Page[storage.Delivery]{}, err
	}
	return read(ctx, p.Store, func(t *tx) (page storage.Page[storage.Delivery]) {
		prefix := key(account, string(state))
		for k, of := range t.from(stateTable, prefix, key(prefix, last+1)) {
			if len(page.Items) == storage.PageLimit(limit) {
				page.Next = storage.Cursor(p.id, list, key(last))
				break
			}
			var d delivery
			t.load(deliveryTable, of, &d)
			page.Items, last = append(page.Items, d.Delivery), number(k[len(prefix):])
		}
		return page
	})
}

// Replay implements [storage.Outbox]: it makes a dead or unknown delivery pending at
// now, with no attempts. It fails with [storage.ErrNotFound], [storage.ErrDeleted], or
// [storage.ErrConflict] in another state, or if ctx ends, the store is closed, or its
// database fails.
func (p outbox) Replay(ctx context.Context, account chatcfg.AccountID, name string, now time.Time) error {
	return p.change(ctx, func(t *tx) {
		t.live(account)
		var before delivery
		t.need(t.load(deliveryTable, key(account, name), &before), storage.ErrNotFound)
		d := before
		err := d.Replay(now)
		t.need(err == nil, err)
		t.removeDelivery(&before)
		t.saveDelivery(&d)
	})
}

// Recall implements [storage.Outbox]: it makes due at now pending deliveries that wait
// until after an instant, and those that are leased until after another.
func (p outbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	return update(ctx, p.Store, func(t *tx) int {
		var found []*delivery
		after := func(prefix []byte, at time.Time) {
			for _, of := range t.from(queueTable, prefix, key(prefix, storage.Cut(at).Add(time.Microsecond))) {
				d := &delivery{}
				t.load(deliveryTable, of, d)
				found = append(found, d)
			}
		}
		for _, prefix := range t.lanes() {
			after(prefix, pending)
		}
		after(key(string(storage.Sending)), leased)
		n := 0
		for _, d := range found {
			var a chatcfg.Account
			if t.load(accountTable, key(d.Account), &a); !a.DeletedAt.IsZero() {
				continue
			}
			t.removeDelivery(d)
			if d.State == storage.Pending {
				d.NotBefore = storage.Cut(now)
			} else {
				d.Lease = storage.Cut(now)
			}
			t.saveDelivery(d)
			n++
		}
		return n
	})
}

// Prune implements [storage.Outbox]: it removes up to limit sent deliveries that were
// settled before a time, the oldest first, and returns how many. It fails if ctx ends,
// the store is closed, or its database fails.
func (p outbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return update(ctx, p.Store, func(t *tx) int {
		old := t.due(key(string(storage.Sent)), before.Add(-time.Microsecond), limit)
		for _, d := range old {
			t.removeDelivery(d)
		}
		return len(old)
	})
}

// NextWake implements [storage.Outbox]: it returns the earliest instant at which Claim
// has something to do; zero: there is none. It fails if ctx ends, the store is closed,
// or its database fails.
func (p outbox) NextWake(ctx context.Context) (time.Time, error) {
	return read(ctx, p.Store, func(t *tx) time.Time {
		next := t.firstInstant(queueTable, key(string(storage.Sending)))
		for _, prefix := range t.lanes() {
			if first := t.firstInstant(queueTable, prefix); next.IsZero() || first.Before(next) {
				next = first
			}
		}
		return next
	})
}

// firstInstant returns the time that follows a prefix in the first key that has it, or
// zero if there is no such key.
func (t *tx) firstInstant(in table, prefix []byte) time.Time {
	for k := range t.from(in, prefix, prefix) {
		return instant(k[len(prefix):])
	}
	return time.Time{}
}
