package kv

import (
	"cmp"
	"context"
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

// queued is where a delivery waits for its next step; nil: nowhere.
func (d *delivery) queued() []byte {
	switch d.State {
	case storage.Pending:
		return key(string(d.State), d.NotBefore, d.N)
	case storage.Sending:
		return key(string(d.State), d.Lease, d.N)
	case storage.Sent:
		return key(string(d.State), d.SettledAt, d.N)
	default:
		return nil
	}
}

func (d *delivery) listed() []byte { return key(d.Account, string(d.State), d.N) }

func (t *tx) unqueue(d *delivery) {
	if k := d.queued(); k != nil {
		t.remove(queueTable, k)
	}
}

func (t *tx) removeDelivery(d *delivery) {
	t.unqueue(d)
	t.remove(stateTable, d.listed())
	t.remove(deliveryTable, key(d.Account, d.Key))
}

func (t *tx) saveDelivery(d *delivery) {
	if k := d.queued(); k != nil {
		t.put(queueTable, k, key(d.Account, d.Key))
	}
	t.put(stateTable, d.listed(), key(d.Account, d.Key))
	t.save(deliveryTable, key(d.Account, d.Key), d)
}

// deliver adds deliveries whose keys are not there.
func (t *tx) deliver(account chatcfg.AccountID, list []storage.Delivery) {
	for _, one := range list {
		d := &delivery{Delivery: storage.Clean(one)}
		d.Account, d.State = account, storage.Pending
		if t.raw(deliveryTable, key(account, d.Key)) == nil {
			d.N = t.next(deliveryTable)
			t.saveDelivery(d)
		}
	}
}

// due reads the deliveries in a state whose next step is due, the earliest first.
func (t *tx) due(state storage.DeliveryState, now time.Time, limit int) (list []*delivery) {
	prefix := key(string(state))
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

func (p outbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int) ([]storage.Delivery, error) {
	return update(ctx, p.Store, func(t *tx) (claimed []storage.Delivery) {
		taken := t.due(storage.Pending, now, limit)
		for _, d := range t.due(storage.Sending, now, math.MaxInt) {
			if d.Repeatable {
				taken = append(taken, d)
				continue
			}
			t.removeDelivery(d)
			d.State = storage.Unknown
			t.saveDelivery(d)
		}
		slices.SortFunc(taken, func(d, e *delivery) int {
			return cmp.Or(d.NotBefore.Compare(e.NotBefore), cmp.Compare(d.N, e.N))
		})
		for _, d := range taken[:min(len(taken), max(limit, 0))] {
			t.removeDelivery(d)
			d.Claim()
			d.Lease = storage.Cut(leaseUntil)
			t.saveDelivery(d)
			claimed = append(claimed, d.Delivery)
		}
		return claimed
	})
}

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

func (p outbox) List(ctx context.Context, account chatcfg.AccountID, state storage.DeliveryState, cursor string, limit int) (storage.Page[storage.Delivery], error) {
	list := "outbox " + account.String() + " " + string(state)
	last, err := p.place(list, cursor, 0)
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

func (p outbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	return update(ctx, p.Store, func(t *tx) int {
		old := t.due(storage.Sent, before.Add(-time.Microsecond), limit)
		for _, d := range old {
			t.removeDelivery(d)
		}
		return len(old)
	})
}

func (p outbox) NextWake(ctx context.Context) (time.Time, error) {
	return read(ctx, p.Store, func(t *tx) time.Time {
		pending, lease := t.first(queueTable, key(string(storage.Pending))), t.first(queueTable, key(string(storage.Sending)))
		if pending.IsZero() || !lease.IsZero() && lease.Before(pending) {
			return lease
		}
		return pending
	})
}

// first is the first instant behind a prefix; zero: there is none.
func (t *tx) first(in table, prefix []byte) time.Time {
	for k := range t.from(in, prefix, prefix) {
		return instant(k[len(prefix):])
	}
	return time.Time{}
}
