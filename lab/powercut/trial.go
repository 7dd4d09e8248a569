package powercut

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/tickets"
)

// trial starts a machine on what a cut left, and holds it to what the world knows.
// Then the machine goes on, and again cuts of its own disk are tried.
type trial struct {
	settings Settings
	seed     uint64
	// again is how many cuts of the machine's own disk follow.
	again int
}

// run returns what was found; opened is false if the database does not open.
func (t trial) run(m Image, world *ledger) (f audit.Findings, opened bool) {
	c, err := newMachine(m, t.settings, t.seed, world)
	if err != nil {
		f.Wrong("machine: %v", err)
		return f, false
	}
	defer c.discard()
	if err := c.boot(); err != nil {
		f.Wrong("does not open: %v", err)
		return f, false
	}
	c.integrity(&f)
	c.compare(&f)
	if f.Err() == nil {
		if err := c.goOn(); err != nil {
			f.Wrong("does not go on: %v", err)
		} else {
			c.integrity(&f)
			c.compare(&f)
			c.outbox(&f)
		}
	}
	if err := c.shutdown(); err != nil {
		f.Wrong("shutdown: %v", err)
	}
	if f.Err() == nil {
		t.cutAgain(c, &f)
	}
	return f, true
}

// integrity adds what SQLite's own check finds.
func (c *machine) integrity(f *audit.Findings) {
	rows, err := c.db.QueryContext(ctx, "PRAGMA integrity_check")
	if err != nil {
		f.Wrong("integrity_check: %v", err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil || line != "ok" {
			f.Wrong("integrity_check: %s %v", line, err)
		}
	}
	if err := rows.Err(); err != nil {
		f.Wrong("integrity_check: %v", err)
	}
}

// compare compares the database with the ledger.
func (c *machine) compare(f *audit.Findings) {
	if _, err := c.desk.Account(account).Info(ctx); err != nil && c.out.created != never {
		f.Miss("the account: %v", err)
		return
	}
	for i, v := range c.out.visitors {
		if v.acked == never {
			continue
		}
		f.Acks++
		if _, err := c.desk.Account(account).Visitor(v.token).Session(ctx); err != nil {
			f.Miss("session %d: %v", i, err)
		}
		ref := tickets.Ref{Account: account, Conversation: v.conversation}
		if _, err := f.Conversation(ctx, c.desk, ref, c.out.acks(i)); err != nil {
			f.Wrong("%v", err)
		}
	}
}

// goOn repeats, with their keys, the calls that were under way and the last that were
// answered; then everybody writes again.
func (c *machine) goOn() error {
	if err := c.openAccount(); err != nil {
		return err
	}
	last := map[int]*call{}
	for _, one := range c.out.calls {
		if one.acked == never {
			if err := c.make(one); err != nil {
				return err
			}
		} else {
			last[one.session] = one
		}
	}
	for i, v := range c.out.visitors {
		if v.acked == never {
			continue
		}
		if one := last[i]; one != nil {
			if err := c.make(one); err != nil {
				return err
			}
		}
		if err := c.make(c.newCall(i, tickets.CommandWrite)); err != nil {
			return err
		}
	}
	if err := c.visit(); err != nil {
		return err
	}
	if err := c.make(c.newCall(len(c.out.visitors)-1, tickets.CommandWrite)); err != nil {
		return err
	}
	return c.pass(5 * time.Minute) // beyond every lease and every deadline
}

// outbox checks that each ticket has its notifications once, that no mail that was sent
// was sent again, and that nothing is left under way (R5.2, R8.2).
func (c *machine) outbox(f *audit.Findings) {
	sent := map[string]int{}
	for _, m := range c.out.mails {
		if sent[m.key]++; sent[m.key] == 2 {
			f.Twice("mail %s went out", m.key)
		}
	}
	mails := map[tickets.ConversationID]int{}
	for _, state := range []charla.DeliveryState{
		charla.DeliveryPending, charla.DeliverySending, charla.DeliverySent, charla.DeliveryDead, charla.DeliveryUnknown,
	} {
		q := charla.DeliveryQuery{Account: account, State: state}
		for first := true; first || q.Cursor != ""; first = false {
			page, err := c.desk.Deliveries(ctx, q)
			if q.Cursor = page.Next; err != nil {
				f.Wrong("deliveries: %v", err)
				return
			}
			for _, d := range page.Items {
				mails[d.Ref.Conversation]++
				switch {
				case state == charla.DeliveryPending, state == charla.DeliverySending, state == charla.DeliveryDead:
					f.Wrong("mail %s is %s: %s", d.Key, state, d.Error)
				case state == charla.DeliverySent && sent[d.Key] == 0:
					f.Miss("mail %s is marked sent, and never was", d.Key)
				}
				delete(sent, d.Key)
			}
		}
	}
	for key := range sent {
		f.Miss("mail %s went out, and is not in the outbox", key)
	}
	for i, v := range c.out.visitors {
		if v.acked == never {
			continue
		}
		ref := tickets.Ref{Account: account, Conversation: v.conversation}
		conversation, err := audit.Read(ctx, c.desk, ref)
		if err != nil {
			f.Wrong("%v", err)
		}
		f.Settled(&conversation)
		if have, want := mails[v.conversation], 2*len(conversation.Tickets); have != want {
			f.Wrong("visitor %d: %d mails for %d tickets of two addresses", i, have, want/2)
		}
	}
}

// cutAgain cuts the machine's own disk: in the recovery, and after it.
func (t trial) cutAgain(c *machine, f *audit.Findings) {
	rng := rand.New(rand.NewPCG(t.seed, 3))
	for n := range t.again {
		k := rng.IntN(len(c.disk.log) + 1)
		way := rng.IntN(ways)
		p := newPlatter(c.disk.start, false)
		for _, o := range c.disk.log[:k] {
			p.apply(o)
		}
		next := trial{settings: t.settings, seed: t.seed + uint64(n) + 1}
		found, _ := next.run(p.Cut(way, rng), c.out.before(k))
		if err := found.Err(); err != nil {
			found.Problems = append([]string{fmt.Sprintf("cut again at %d of %d, way %d:", k, len(c.disk.log), way)}, found.Problems...)
		}
		f.Add(&found)
	}
}
