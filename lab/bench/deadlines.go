package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/charlahq/charla"
)

// deadlines fires 10,000 due deadlines among more and more open tickets: each
// closes its ticket and sends the automatic-close text.
func deadlines(ctx context.Context, b *bench) ([]line, error) {
	sizes := []int{10_000, 100_000, 1_000_000}
	if b.short {
		sizes = sizes[:1]
	}
	var lines []line
	var small float64
	for _, n := range sizes {
		c, err := b.fire(ctx, n)
		if err != nil {
			return nil, err
		}
		l := c.line(fmt.Sprintf("firing 10,000 due deadlines among %d open tickets", n), "/s", 0.5)
		if n == sizes[0] {
			small = c.ratio
		} else {
			l.target += fmt.Sprintf(", ≥ 0.9 of %.2f", small)
			l.verdict = verdictOf(c.ratio >= 0.5 && c.ratio >= 0.9*small)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// fire compares rounds of 10,000 among n tickets. A small database is copied anew
// for each round; in a large one each round takes the next cohort.
func (b *bench) fire(ctx context.Context, n int) (c compared, err error) {
	loaded, err := b.loaded(ctx, n)
	if err != nil {
		return c, err
	}
	rounds := min(b.rounds, 5)
	fresh := n/cohort < 2*rounds
	ours, floor := b.path("fire-ours.db"), b.path("fire-floor.db")
	defer removeDatabase(ours)
	defer removeDatabase(floor)
	prepare := func(path string, round int) (int, error) {
		if round == 0 || fresh {
			removeDatabase(path)
			return 0, copyDatabase(loaded, path)
		}
		return round, nil
	}
	before, err := measure(ctx, loaded)
	if err != nil {
		return c, err
	}
	closed, err := b.closed(ctx)
	if err != nil {
		return c, err
	}
	c, err = b.compare(ctx, rounds, func(round int) (float64, error) {
		k, err := prepare(ours, round)
		if err != nil {
			return 0, err
		}
		clock := &hand{}
		clock.Set(dueAt(k))
		w, err := open(ours, clock, nil)
		if err != nil {
			return 0, err
		}
		defer w.store.Close()
		return perSecond(cohort, func() error { return fires(ctx, w.desk) })
	}, func(round int) (float64, error) {
		k, err := prepare(floor, round)
		if err != nil {
			return 0, err
		}
		f, err := openFloor(ctx, floor)
		if err != nil {
			return 0, err
		}
		defer f.close()
		return perSecond(cohort, func() error { return f.fires(dueAt(k), closed) })
	})
	if err == nil {
		err = sameWork(ctx, before, ours, floor)
	}
	return c, err
}

// fires has the desk do what is due. It fails unless that is a cohort.
func fires(ctx context.Context, d *charla.Desk) error {
	done, err := d.RunDue(ctx)
	if err == nil && done != cohort {
		err = fmt.Errorf("%d fired instead of %d", done, cohort)
	}
	return err
}

// closing are the documents of a ticket that was closed by itself.
type closing struct{ conversation, ticket, message, entry []byte }

// closed has one ticket close by itself and returns what that stores.
func (b *bench) closed(ctx context.Context) (c closing, err error) {
	path := b.path("closed.db")
	removeDatabase(path)
	defer removeDatabase(path)
	clock := &hand{}
	clock.Set(made)
	w, account, err := create(ctx, path, clock)
	if err != nil {
		return c, err
	}
	if err = fill(ctx, w.store, account, 1); err == nil {
		clock.Set(dueAt(0))
		_, err = w.desk.RunDue(ctx)
	}
	if shut := w.store.Close(); err == nil {
		err = shut
	}
	if err != nil {
		return c, err
	}
	f, err := openFloor(ctx, path)
	if err != nil {
		return c, err
	}
	defer f.close()
	return c, f.read(func(r *bare) error {
		return r.one(`SELECT c.doc, t.doc, m.doc, e.doc FROM conversations c, tickets t, messages m, entries e
WHERE m.seq = 3 AND e.n = 3 AND t.status = 'closed'`, nil, &c.conversation, &c.ticket, &c.message, &c.entry)
	})
}

type dueRow struct {
	account, key, ticket, version int64
	session                       []byte
}

// fires claims what is due, a hundred at a time, and writes what closing each
// ticket writes, in groups of 64.
func (f *floor) fires(now time.Time, doc closing) error {
	at, lease := now.UnixMicro(), now.Add(30*time.Second).UnixMicro()
	for {
		var due []dueRow
		err := f.alone(func(w *bare) error {
			err := w.rows(`SELECT c.account, c.key, t.key, c.version, c.id FROM conversations c
CROSS JOIN accounts a ON a.id = c.account
CROSS JOIN tickets t ON t.account = c.account AND t.conversation = c.key AND t.number = c.number
WHERE c.wake <= ? AND a.deleted = 0 ORDER BY c.wake, c.key LIMIT 100`, []any{at}, func(rows *sql.Rows) error {
				var d dueRow
				err := rows.Scan(&d.account, &d.key, &d.ticket, &d.version, &d.session)
				due = append(due, d)
				return err
			})
			for _, d := range due {
				if err == nil {
					err = w.exec("UPDATE conversations SET wake = ? WHERE key = ?", lease, d.key)
				}
			}
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for len(due) > 0 {
			group := due[:min(64, len(due))]
			due = due[len(group):]
			if err := f.alone(func(w *bare) error { return closeAll(w, group, at, doc) }); err != nil {
				return err
			}
		}
	}
}

// closeAll writes what closing a group of tickets writes.
func closeAll(w *bare, group []dueRow, at int64, doc closing) error {
	for _, d := range group {
		err := w.exec("UPDATE conversations SET version = ?2, change = "+bareChange+", wake = NULL, armed = NULL, lease = 0, doc = ?3 WHERE key = ?4 AND version = ?2 - 1",
			d.account, d.version+1, doc.conversation, d.key)
		if err == nil {
			err = w.exec("UPDATE tickets SET status = 'closed', changed = ?, waits = NULL, counts = NULL, doc = ? WHERE key = ?", at, doc.ticket, d.ticket)
		}
		if err == nil {
			err = w.exec(bareMessage, d.account, d.key, 3, d.session, doc.message)
		}
		if err == nil {
			err = w.exec(bareEntry, d.account, d.key, 3, 1, doc.entry)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
