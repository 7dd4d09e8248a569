package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// lastMessages reads the last 50 messages of one conversation after another.
func lastMessages(ctx context.Context, b *bench) ([]line, error) {
	t, err := b.prepare(ctx, "last", 0)
	if err != nil {
		return nil, err
	}
	t.match()
	const few = 256
	// Both databases get the same messages: the floor's are a copy of ours.
	err = spread(few, few*60, func(caller, i int) error { return ours(ctx, t.world.desk, t.steady[caller], caller, earlier+i) })
	if err != nil {
		return nil, err
	}
	const n = 2000
	account := t.steady[0].Account
	inbox := t.world.desk.Account(account).Inbox()
	c, err := b.compare(ctx, b.rounds, func(int) (float64, error) {
		return perSecond(n, func() error {
			return spread(4, n, func(caller, i int) error {
				ref := tickets.Ref{Conversation: t.steady[(caller*67+i)%few].Conversation}
				list, err := inbox.Messages(ctx, ref, charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 50}})
				return want(err, len(list.Items), 50)
			})
		})
	}, func(int) (float64, error) {
		f, err := openFloor(ctx, t.ours)
		if err != nil {
			return 0, err
		}
		defer f.close()
		return perSecond(n, func() error {
			return spread(4, n, func(caller, i int) error {
				list, err := f.last(account.UUID, t.steady[(caller*67+i)%few].Conversation.UUID)
				return want(err, len(list), 50)
			})
		})
	})
	if err != nil {
		return nil, err
	}
	if err := t.world.store.Close(); err != nil {
		return nil, err
	}
	removeDatabase(t.ours)
	removeDatabase(t.floor)
	return []line{c.line("last 50 messages of a conversation", "/s", 0.8)}, t.bare.close()
}

// want returns err, or an error if the numbers differ.
func want(err error, have, wanted int) error {
	if err == nil && have != wanted {
		err = fmt.Errorf("%d rows instead of %d", have, wanted)
	}
	return err
}

func (f *floor) last(account, conversation uuid.UUID) (docs [][]byte, err error) {
	err = f.read(func(r *bare) error {
		return r.rows(`SELECT doc FROM messages WHERE account = (SELECT id FROM accounts WHERE uuid = ?1)
AND conversation = (SELECT key FROM conversations WHERE account = (SELECT id FROM accounts WHERE uuid = ?1) AND id = ?2)
ORDER BY seq DESC LIMIT 50`, []any{account[:], conversation[:]}, func(rows *sql.Rows) error {
			var doc []byte
			err := rows.Scan(&doc)
			docs = append(docs, doc)
			return err
		})
	})
	return docs, err
}

// million returns the database with a million tickets, opened, and its account.
func (b *bench) million(ctx context.Context, clock *hand) (path string, w *world, account chatcfg.Account, err error) {
	loaded, err := b.loaded(ctx, 1_000_000)
	if err != nil {
		return "", nil, account, err
	}
	path = b.path("million.db")
	removeDatabase(path)
	if err = copyDatabase(loaded, path); err != nil {
		return "", nil, account, err
	}
	clock.Set(epoch)
	if w, err = open(path, clock, nil); err != nil {
		return "", nil, account, err
	}
	account, err = only(ctx, w)
	return path, w, account, err
}

// only returns the one account of a world.
func only(ctx context.Context, w *world) (chatcfg.Account, error) {
	list, err := w.store.Accounts().List(ctx, chatcfg.AccountID{}, true, 0)
	if err := want(err, len(list), 1); err != nil {
		return chatcfg.Account{}, err
	}
	return list[0], nil
}

// ticketList reads pages of the open tickets of an account with a million.
func ticketList(ctx context.Context, b *bench) ([]line, error) {
	path, w, account, err := b.million(ctx, &hand{})
	if err != nil {
		return nil, err
	}
	defer removeDatabase(path)
	defer w.store.Close()
	f, err := openFloor(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close()

	inbox := w.desk.Account(account.ID).Inbox()
	q := charla.TicketQuery{Status: tickets.StatusOpen, PageQuery: charla.PageQuery{Limit: 50}}
	var at, key int64 = 1 << 62, 0
	pages := func(n int) error { // goes n pages on
		for range n {
			list, err := inbox.Tickets(ctx, q)
			if err := want(err, len(list.Items), 50); err != nil {
				return err
			}
			q.Cursor = list.Next
			if at, key, err = f.page(at, key); err != nil {
				return err
			}
		}
		return nil
	}
	measured := func() (compared, error) {
		const n = 1000
		return b.compare(ctx, b.rounds, func(int) (float64, error) {
			return perSecond(n, func() error {
				return spread(4, n, func(int, int) error {
					list, err := inbox.Tickets(ctx, q)
					return want(err, len(list.Items), 50)
				})
			})
		}, func(int) (float64, error) {
			return perSecond(n, func() error {
				return spread(4, n, func(int, int) error { _, _, err := f.page(at, key); return err })
			})
		})
	}
	first, err := measured()
	if err == nil {
		err = pages(999)
	}
	if err != nil {
		return nil, err
	}
	late, err := measured()
	l := late.line("page 1000 of them", "/s", 0.8)
	l.target += fmt.Sprintf(", time ≤ 1.5 × page 1 (%.2f)", first.ours/late.ours)
	l.verdict = verdictOf(late.ratio >= 0.8 && first.ours/late.ours <= 1.5)
	return []line{first.line("page 1 of an account's 1,000,000 open tickets, 50 a page", "/s", 0.8), l}, err
}

// page reads a page of open tickets and returns where the next one begins.
func (f *floor) page(at, key int64) (int64, int64, error) {
	n := 0
	var id, doc []byte
	err := f.read(func(r *bare) error {
		return r.rows(`SELECT t.changed, t.key, c.id, t.doc FROM tickets t INDEXED BY tickets_status CROSS JOIN conversations c ON c.key = t.conversation
WHERE t.account = 1 AND t.status = 'open' AND (t.changed, t.key) < (?, ?) ORDER BY t.changed DESC, t.key DESC LIMIT 50`,
			[]any{at, key}, func(rows *sql.Rows) error {
				n++
				return rows.Scan(&at, &key, &id, &doc)
			})
	})
	return at, key, want(err, n, 50)
}

// report is the report over a million waits, and commits while it is made again
// and again.
func report(ctx context.Context, b *bench) ([]line, error) {
	path, w, account, err := b.million(ctx, &hand{})
	if err != nil {
		return nil, err
	}
	defer removeDatabase(path)
	defer w.store.Close()
	f, err := openFloor(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	from, to := epoch.AddDate(-1, 0, 0), epoch.AddDate(1, 0, 0)
	reported := func() error {
		r, err := w.desk.Account(account.ID).Inbox().Report(ctx, charla.ReportQuery{From: from, To: to})
		return want(err, int(r.All.Count), 1_000_000)
	}
	c, err := b.compare(ctx, min(b.rounds, 5), func(int) (float64, error) { return perSecond(1, reported) },
		func(int) (float64, error) { return perSecond(1, func() error { return f.waits(from, to) }) })
	if err != nil {
		return nil, err
	}
	meanwhile, err := b.meanwhile(ctx, w, account, reported)
	if err != nil {
		return nil, err
	}
	return []line{
		c.line("report over 1,000,000 waits", "/s", 0.8),
		meanwhile.line("messages while such reports are made, against messages alone", "/s", 0.8),
	}, nil
}

// waits reads the rows of a report and drops them.
func (f *floor) waits(from, to time.Time) error {
	return f.read(func(r *bare) error {
		args := []any{from.UnixMicro(), to.UnixMicro()}
		var status string
		var n, important, delayed int64
		err := r.rows(`SELECT status, count(*), sum(important), sum(delayed) FROM tickets
WHERE account = 1 AND created >= ? AND created < ? GROUP BY status`, args, func(rows *sql.Rows) error {
			return rows.Scan(&status, &n, &important, &delayed)
		})
		if err != nil {
			return err
		}
		found := 0
		var first bool
		var waited, limit int64
		err = r.rows("SELECT first, waited, sla FROM answers WHERE account = 1 AND at >= ? AND at < ?", args, func(rows *sql.Rows) error {
			found++
			return rows.Scan(&first, &waited, &limit)
		})
		return want(err, found, 1_000_000)
	})
}

// meanwhile compares messages with and without something else going on.
func (b *bench) meanwhile(ctx context.Context, w *world, account chatcfg.Account, other func() error) (c compared, err error) {
	sessions, err := enter(ctx, w, account, chats)
	if err != nil {
		return c, err
	}
	n := 20 * callers
	sent := make([]int, callers)
	send := func(int) (float64, error) {
		return perSecond(n, func() error {
			return spread(callers, n, func(caller, _ int) error {
				i := sent[caller]
				sent[caller]++
				return ours(ctx, w.desk, sessions[mine(caller, i)], caller, i)
			})
		})
	}
	return b.compare(ctx, min(b.rounds, 5), func(round int) (float64, error) {
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				if err := other(); err != nil {
					ended <- err
					return
				}
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
			}
		}()
		rate, err := send(round)
		close(stop)
		if failed := <-ended; err == nil {
			err = failed
		}
		return rate, err
	}, send)
}

// work reads much of an account: four hundred pages of its tickets, and messages of
// them.
func work(ctx context.Context, w *world, account chatcfg.AccountID) error {
	inbox := w.desk.Account(account).Inbox()
	q := charla.TicketQuery{Status: tickets.StatusOpen, PageQuery: charla.PageQuery{Limit: 200}}
	for range 400 {
		list, err := inbox.Tickets(ctx, q)
		if err := want(err, len(list.Items), 200); err != nil {
			return err
		}
		for _, t := range list.Items[:10] {
			found, err := inbox.Messages(ctx, t.Ref, charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 50}})
			if err := want(err, len(found.Items), 2); err != nil {
				return err
			}
		}
		q.Cursor = list.Next
	}
	return nil
}
