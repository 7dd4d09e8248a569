package sim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// outbox follows what leaves the system: a row for each cause that committed, and
// its outcome.
type outbox struct {
	m    *model
	rows map[rowKey]*row
	list []*row // in the order of their commits
}

type rowKey struct {
	account chatcfg.AccountID
	key     string
}

type row struct {
	rowKey
	kind      string // "mail", or "event:" with the name of a hook
	state     storage.DeliveryState
	notBefore time.Time
	lease     time.Time
	settled   time.Time
	attempts  int
	fence     int64
	gone      bool
	// accepted counts what a server took, heard what a host acknowledged, tried
	// the calls.
	accepted, heard, tried, replays int
	// before is tried at the last claim.
	before int
	// shared: somebody whose lease ran out may still be at it.
	shared bool
}

// fail records a failure of the run.
func (o *outbox) fail(name, format string, args ...any) { o.m.w.failf(name, format, args...) }

// committed checks that a commit's deliveries are exactly those that its entries
// call for: a mail for each address, an event for each fact and hook.
func (o *outbox) committed(c *conv, entries []tickets.Entry, rows []storage.Delivery) {
	var want []string
	for _, e := range entries {
		for _, f := range e.Facts {
			if f.Kind == tickets.FactNotified {
				want = append(want, fmt.Sprintf("mail %d to %s", e.Ticket, f.Address))
			}
			for _, hook := range hooked {
				if (f.Kind == tickets.FactNoted || f.Kind == tickets.FactMentioned) && hook != asksForNotes {
					continue
				}
				f.Comment = "" // no customer's words
				want = append(want, fmt.Sprintf("event:%s %d of entry %d: %+v", hook, e.Ticket, e.N, f))
			}
		}
	}
	var got []string
	for _, d := range rows {
		var event charla.Event
		var mail charla.Mail
		switch {
		case d.Account != c.account.id || d.Conversation != c.id:
			o.fail("outbox", "delivery %s is another conversation's", d.Key)
		case d.Kind == "mail" && json.Unmarshal(d.Body, &mail) == nil && mail.Ref.Conversation == c.id:
			got = append(got, fmt.Sprintf("mail %d to %s", d.Ticket, mail.To))
		case d.Kind != "mail" && json.Unmarshal(d.Body, &event) == nil && event.Ref.Conversation == c.id:
			got = append(got, fmt.Sprintf("%s %d of entry %d: %+v", d.Kind, d.Ticket, event.Entry, event.Fact))
		default:
			o.fail("outbox", "delivery %s of kind %s: %s", d.Key, d.Kind, d.Body)
		}
		key := rowKey{d.Account, d.Key}
		if o.rows[key] != nil && !o.rows[key].gone {
			o.fail("outbox", "delivery %s for the second time", d.Key)
		}
		r := &row{rowKey: key, kind: d.Kind, state: storage.Pending, notBefore: d.NotBefore}
		o.rows[key] = r
		o.list = append(o.list, r)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		o.fail("outbox", "conversation %s: deliveries %v, want %v", c.id, got, want)
	}
}

// claimed checks each claimed delivery, and that nothing due was skipped.
func (o *outbox) claimed(list []storage.Delivery, now, leaseUntil time.Time, limit int, share storage.Share) {
	for _, r := range o.list {
		if r.state == storage.Sending && r.kind == "mail" && !r.lease.After(now) && !o.m.accounts[r.account].deleted && !r.gone {
			r.state = storage.Unknown
		}
	}
	for _, d := range list {
		r := o.rows[rowKey{d.Account, d.Key}]
		if r == nil || r.gone {
			o.fail("outbox", "claimed %s, which is not there", d.Key)
			return
		}
		again := r.state == storage.Sending && r.kind != "mail" && !r.lease.After(now)
		if o.m.accounts[r.account].deleted {
			o.fail("deleted", "claimed %s of a deleted account", d.Key)
		}
		if !again && (r.state != storage.Pending || r.notBefore.After(now)) {
			o.fail("claim", "claimed %s, which is %s until %s, not before %s", d.Key, r.state, r.lease, r.notBefore)
		}
		r.shared = r.shared || again
		r.state, r.lease, r.before = storage.Sending, leaseUntil, r.tried
		r.attempts++
		r.fence++
		if d.Attempts != r.attempts || d.Fence < r.fence {
			o.fail("claim", "claimed %s with attempt %d, fence %d, want %d, %d", d.Key, d.Attempts, d.Fence, r.attempts, r.fence)
		}
		r.fence = d.Fence
	}
	if len(list) < limit && len(share.Full) == 0 {
		for _, r := range o.list {
			if !r.gone && r.state == storage.Pending && !r.notBefore.After(now) && !o.m.accounts[r.account].deleted {
				o.fail("claim", "%s is due since %s and was not claimed at %s", r.key, r.notBefore, now)
			}
		}
	}
}

// settled follows a settled delivery and checks that its outcome is true.
func (o *outbox) settled(d storage.Delivery) {
	r := o.rows[rowKey{d.Account, d.Key}]
	if r == nil || r.gone || r.state != storage.Sending || r.fence != d.Fence {
		o.fail("settle", "settled %s as %s with fence %d: %+v", d.Key, d.State, d.Fence, r)
		return
	}
	r.state, r.settled, r.attempts = d.State, d.SettledAt, d.Attempts
	switch d.State {
	case storage.Pending:
		r.notBefore = d.NotBefore.Truncate(time.Microsecond)
		if o.m.accounts[d.Account].deleted {
			r.gone = true
		} else if r.tried > r.before && !r.shared && !d.NotBefore.After(d.SettledAt) {
			o.fail("backoff", "%s is tried again at once", d.Key)
		}
		if r.kind == "mail" && r.accepted > r.replays {
			o.fail("mail", "%s is to be sent again after the server took it", d.Key)
		}
	case storage.Sent:
		if r.heard == 0 && r.accepted == 0 {
			o.fail("settle", "%s is sent, and nobody took it", d.Key)
		}
	default:
	}
}

// replayed follows a replay and checks that the delivery was dead or unknown.
func (o *outbox) replayed(id chatcfg.AccountID, key string, now time.Time) {
	r := o.rows[rowKey{id, key}]
	if r == nil || r.gone || (r.state != storage.Dead && r.state != storage.Unknown) {
		o.fail("replay", "replayed %s: %+v", key, r)
		return
	}
	r.state, r.attempts, r.notBefore = storage.Pending, 0, now.Truncate(time.Microsecond)
	r.replays++
}

// pruned follows a prune and checks how many were removed.
func (o *outbox) pruned(before time.Time, n int) {
	var old []*row
	for _, r := range o.list {
		if !r.gone && r.state == storage.Sent && r.settled.Before(before) {
			old = append(old, r)
		}
	}
	if n > len(old) || n < min(len(old), storage.MaxPage) {
		o.fail("prune", "pruned %d of %d", n, len(old))
		return
	}
	slices.SortStableFunc(old, func(a, b *row) int { return cmp.Compare(a.settled.UnixMicro(), b.settled.UnixMicro()) })
	for _, r := range old[:n] {
		r.gone = true
	}
	o.list = slices.DeleteFunc(o.list, func(r *row) bool { return r.gone })
}

// deleted follows a deletion: pending deliveries are dropped.
func (o *outbox) deleted(a *account) {
	for _, r := range o.list {
		if r.account == a.id && r.state == storage.Pending {
			r.gone = true
		}
	}
}

// purged follows a purge: all deliveries are gone.
func (o *outbox) purged(a *account) {
	for _, r := range o.list {
		if r.account == a.id {
			r.gone = true
		}
	}
}

// emits checks that a mail or event that leaves now was claimed, and for a
// deleted account before its deletion.
func (o *outbox) emits(kind string, id chatcfg.AccountID, key string, attempts int) *row {
	r := o.rows[rowKey{id, key}]
	if r == nil || r.kind != kind || r.fence == 0 {
		o.fail("outbox", "%s %s leaves, which nothing caused or nobody claimed", kind, key)
		return &row{}
	}
	if r.tried++; r.tried > attempts*(1+r.replays) {
		o.fail("poison", "%s %s is tried for the %dth time, of %d", kind, key, r.tried, attempts)
	}
	return r
}

// check compares the store's outbox with the model's, row by row.
func (o *outbox) check(ctx context.Context) {
	stored := make(map[rowKey]storage.Delivery)
	for _, a := range o.m.order {
		for _, state := range []storage.DeliveryState{storage.Pending, storage.Sending, storage.Sent, storage.Dead, storage.Unknown} {
			for cursor := ""; ; {
				page, err := o.m.w.real.Outbox().List(ctx, a.id, state, cursor, 0)
				if err != nil {
					o.fail("outbox", "list: %v", err)
					return
				}
				for _, d := range page.Items {
					stored[rowKey{d.Account, d.Key}] = d
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
		}
	}
	alive := 0
	for _, r := range o.list {
		if r.gone {
			continue
		}
		alive++
		if d, ok := stored[r.rowKey]; !ok || d.State != r.state || d.Attempts != r.attempts {
			o.fail("outbox", "%s is %q after %d attempts in the store, want %q after %d", r.key, d.State, d.Attempts, r.state, r.attempts)
			return
		}
	}
	if alive != len(stored) {
		o.fail("outbox", "the store has %d deliveries, want %d", len(stored), alive)
	}
}
