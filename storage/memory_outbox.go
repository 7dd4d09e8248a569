package storage

import (
	"context"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

type memoryOutbox struct{ m *Memory }

// next returns the delivery's position among the pending ones of its lane.
func (d *delivery) next() position { return position{at: micros(d.record.NotBefore), n: d.order} }

// lease returns the delivery's position among those being sent.
func (d *delivery) lease() position { return position{at: micros(d.leased), n: d.order} }

// settled returns the delivery's position among those sent.
func (d *delivery) settled() position { return position{at: micros(d.record.SettledAt), n: d.order} }

// listed returns the delivery's position among its account's of the same state.
func (d *delivery) listed() position { return position{n: d.order} }

// lane returns the delivery's lane: its account and kind.
func (d *delivery) lane() Lane { return Lane{d.record.Account, d.record.Kind} }

// addDelivery adds a pending delivery to an account's outbox unless its key is there.
func (m *Memory) addDelivery(a *account, record Delivery) {
	if a.outbox[record.Key] != nil {
		return
	}
	m.deliveries++
	d := &delivery{record: copyDelivery(record), order: m.deliveries}
	d.record.Account, d.record.State = a.record.ID, Pending
	a.outbox[record.Key] = d
	m.list(a, d)
}

// list adds a delivery to the indexes of its state.
func (m *Memory) list(a *account, d *delivery) {
	x := a.states[d.record.State]
	if x == nil {
		x = new(index[*delivery])
		a.states[d.record.State] = x
	}
	x.put(d.listed(), d)
	switch d.record.State {
	case Pending:
		x := m.pending[d.lane()]
		if x == nil {
			x = new(index[*delivery])
			m.pending[d.lane()] = x
		}
		x.put(d.next(), d)
	case Sending:
		m.sending.put(d.lease(), d)
	case Sent:
		m.sent.put(d.settled(), d)
	}
}

// unlist removes a delivery from the indexes of its state.
func (m *Memory) unlist(a *account, d *delivery) {
	a.states[d.record.State].remove(d.listed())
	switch d.record.State {
	case Pending:
		x := m.pending[d.lane()]
		if x.remove(d.next()); len(x.chunks) == 0 {
			delete(m.pending, d.lane())
		}
	case Sending:
		m.sending.remove(d.lease())
	case Sent:
		m.sent.remove(d.settled())
	}
}

// Claim implements [Outbox]: it marks as sending until leaseUntil, and returns, up to
// limit deliveries that are due at now, the earliest first, as far as s allows: pending
// ones, and repeatable ones whose lease has run out. Others whose lease has run out
// become unknown. It fails with ctx's error or [ErrClosed].
func (p memoryOutbox) Claim(ctx context.Context, now, leaseUntil time.Time, limit int, s Share) ([]Delivery, error) {
	done, err := p.m.write(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	claimed := make([]Delivery, 0)
	for _, d := range p.m.claimable(now, limit, &s) {
		p.m.update(d, func() {
			d.record.Claim()
			d.leased = Cut(leaseUntil)
		})
		claimed = append(claimed, copyDelivery(d.record))
	}
	return claimed, nil
}

// claimable returns the deliveries that a claim takes, the earliest first. It marks as
// unknown those whose lease has run out and that are not repeatable.
func (m *Memory) claimable(now time.Time, limit int, s *Share) []*delivery {
	var due, lost []*delivery
	for at, d := range m.sending.from(lowest) {
		if at.at > micros(now) {
			break
		}
		if d.record.Repeatable {
			due = append(due, d)
		} else {
			lost = append(lost, d)
		}
	}
	for _, d := range lost {
		m.update(d, func() { d.record.State = Unknown })
	}
	for lane, x := range m.pending {
		taken := 0
		for at, d := range x.from(lowest) {
			if at.at > micros(now) || taken >= limit || !s.Allows(lane, taken) {
				break
			}
			due = append(due, d)
			taken++
		}
	}
	slices.SortFunc(due, func(d, e *delivery) int { return d.next().compare(e.next()) })
	taken := map[Lane]int{}
	due = slices.DeleteFunc(due, func(d *delivery) bool {
		allowed := s.Allows(d.lane(), taken[d.lane()])
		if allowed {
			taken[d.lane()]++
		}
		return !allowed
	})
	return due[:min(len(due), max(limit, 0))]
}

// update changes a delivery and moves it to the indexes of its new state.
func (m *Memory) update(d *delivery, change func()) {
	a := m.accounts[d.record.Account]
	m.unlist(a, d)
	change()
	m.list(a, d)
}

// Settle implements [Outbox]: it stores the outcome of an attempt; in a deleted account
// one that is to be tried again is removed. It fails with [ErrLeaseLost] unless the
// delivery is sending with the fence d.Fence, for a state that ends no attempt, with
// ctx's error or [ErrClosed].
func (p memoryOutbox) Settle(ctx context.Context, settled Delivery) error {
	if err := settled.CheckSettle(); err != nil {
		return err
	}
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	a := p.m.accounts[settled.Account]
	if a == nil {
		return ErrLeaseLost
	}
	d := a.outbox[settled.Key]
	if d == nil {
		return ErrLeaseLost
	}
	after := d.record
	if err := after.Settle(settled); err != nil {
		return err
	}
	if settled.State == Pending && !a.record.DeletedAt.IsZero() {
		p.m.unlist(a, d)
		delete(a.outbox, settled.Key)
		return nil
	}
	p.m.update(d, func() { d.record = after })
	return nil
}

// List implements [Outbox]: it returns a page of an account's deliveries in a state, in
// the order of their commits. It fails with [ErrCursor] for a cursor of another list,
// with ctx's error or [ErrClosed].
func (p memoryOutbox) List(ctx context.Context, account chatcfg.AccountID, state DeliveryState, cursor string, limit int) (Page[Delivery], error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return Page[Delivery]{}, err
	}
	defer done()
	list := "outbox " + account.String() + " " + string(state)
	var after position
	if cursor != "" {
		if after, err = p.m.parseCursor(list, cursor); err != nil {
			return Page[Delivery]{}, err
		}
	}
	var page Page[Delivery]
	a := p.m.accounts[account]
	if a == nil || a.states[state] == nil {
		return page, nil
	}
	for at, d := range a.states[state].from(position{n: after.n + 1}) {
		if len(page.Items) == PageLimit(limit) {
			page.Next = p.m.cursor(list, after)
			break
		}
		page.Items = append(page.Items, copyDelivery(d.record))
		after = at
	}
	return page, nil
}

// Replay implements [Outbox]: it makes a dead or unknown delivery pending at now, with
// no attempts. It fails with [ErrNotFound], [ErrDeleted], or [ErrConflict] in another
// state, with ctx's error or [ErrClosed].
func (p memoryOutbox) Replay(ctx context.Context, account chatcfg.AccountID, key string, now time.Time) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	a, err := p.m.live(account)
	if err != nil {
		return err
	}
	d := a.outbox[key]
	if d == nil {
		return ErrNotFound
	}
	after := d.record
	if err := after.Replay(now); err != nil {
		return err
	}
	p.m.update(d, func() { d.record = after })
	return nil
}

// Recall implements [Outbox]: it makes due at now pending deliveries that wait until after
// an instant, and those that are leased until after another. It fails with ctx's error or
// [ErrClosed].
func (p memoryOutbox) Recall(ctx context.Context, now, pending, leased time.Time) (int, error) {
	done, err := p.m.write(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	var found []*delivery
	for _, x := range p.m.pending {
		for _, d := range x.from(position{at: micros(pending) + 1}) {
			found = append(found, d)
		}
	}
	for _, d := range p.m.sending.from(position{at: micros(leased) + 1}) {
		found = append(found, d)
	}
	for _, d := range found {
		p.m.update(d, func() {
			if d.record.State == Pending {
				d.record.NotBefore = Cut(now)
			} else {
				d.leased = Cut(now)
			}
		})
	}
	return len(found), nil
}

// Prune implements [Outbox]: it removes up to limit sent deliveries that were settled
// before a time, the oldest first, and returns how many. It fails with ctx's error or
// [ErrClosed].
func (p memoryOutbox) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	done, err := p.m.write(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	var old []*delivery
	for at, d := range p.m.sent.from(lowest) {
		if at.at >= micros(before) || len(old) >= limit {
			break
		}
		old = append(old, d)
	}
	for _, d := range old {
		a := p.m.accounts[d.record.Account]
		p.m.unlist(a, d)
		delete(a.outbox, d.record.Key)
	}
	return len(old), nil
}

// NextWake implements [Outbox]: it returns the earliest instant at which Claim has
// something to do; zero: there is none. It fails with ctx's error or [ErrClosed].
func (p memoryOutbox) NextWake(ctx context.Context) (time.Time, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return time.Time{}, err
	}
	defer done()
	next, ok := position{}, false
	for _, x := range p.m.pending {
		if first, _ := x.first(); !ok || first.at < next.at {
			next, ok = first, true
		}
	}
	if lease, sending := p.m.sending.first(); sending && (!ok || lease.at < next.at) {
		next, ok = lease, true
	}
	if !ok {
		return time.Time{}, nil
	}
	return time.UnixMicro(next.at).UTC(), nil
}
