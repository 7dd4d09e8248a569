package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresInbox reads an agent's inbox, with the last messages and what is unread, of an
// account with a million open tickets.
func postgresInbox(ctx context.Context, b *bench) ([]line, error) {
	size := 1_000_000
	if b.short {
		size = 20_000
	}
	l, err := b.postgresLoaded(ctx, size)
	if err != nil {
		return nil, err
	}
	w, err := l.open(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer w.store.Close()
	pool, err := barePool(ctx, l.dsn)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	const n, readers = 1000, 4
	inbox := w.desk.Account(chatcfg.AccountID{UUID: l.account}).Agent(agent).Inbox()
	q := charla.TicketQuery{Status: tickets.StatusOpen, PageQuery: charla.PageQuery{Limit: 50}}
	c, err := b.compare(ctx, b.rounds, func(int) (float64, error) {
		return perSecond(n, func() error {
			return spread(readers, n, func(int, int) error {
				page, err := inbox.Tickets(ctx, q)
				if err == nil && (page.Items[0].Last.Seq == 0 || page.Items[0].Unread == 0) {
					err = errors.New("a row without its last message or what is unread")
				}
				return want(err, len(page.Items), 50)
			})
		})
	}, func(int) (float64, error) {
		return perSecond(n, func() error {
			return spread(readers, n, func(int, int) error { return l.bareInbox(ctx, pool) })
		})
	})
	if err != nil {
		return nil, err
	}
	c.cpu = 0 // half of the work is the server's
	return []line{c.line(fmt.Sprintf("an agent's inbox of %d open tickets: 50 with last message and unread, in one round trip", size), "/s", 0.8)},
		b.server.Drop(ctx, l.dsn)
}

// barePool opens as many connections as a store has.
func barePool(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	return pgxpool.New(ctx, dsn+" pool_max_conns=8")
}

// bareInbox reads the rows of a page of an inbox and drops them.
func (l *pgLoaded) bareInbox(ctx context.Context, pool *pgxpool.Pool) error {
	rows, err := pool.Query(ctx, `SELECT p.*, c.wake, c.doc, m.doc FROM (
			SELECT t.changed, t.conversation, t.number, t.doc FROM charla.tickets t WHERE t.account = $1 AND t.status = 'open'
			ORDER BY t.changed DESC, t.conversation DESC, t.number DESC LIMIT 50) p
		LEFT JOIN LATERAL (SELECT wake, doc FROM charla.conversations WHERE account = $1 AND id = p.conversation LIMIT 1) c ON true
		LEFT JOIN LATERAL (SELECT doc FROM charla.messages WHERE account = $1 AND conversation = p.conversation ORDER BY seq DESC LIMIT 1) m ON true
		ORDER BY changed DESC, conversation DESC, number DESC`, l.account)
	if err != nil {
		return err
	}
	defer rows.Close()
	found := 0
	var at, number, wake int64
	var id uuid.UUID
	var ticket, conversation, message []byte
	for rows.Next() {
		found++
		if err := rows.Scan(&at, &id, &number, &ticket, &wake, &conversation, &message); err != nil {
			return err
		}
	}
	return want(rows.Err(), found, 50)
}

// takers is how many agents take tickets at once.
const takers = 64

// postgresTakeNext has agents take the next ticket, which nobody may take twice.
func postgresTakeNext(ctx context.Context, b *bench) ([]line, error) {
	server, err := b.postgres(ctx)
	if err != nil {
		return nil, err
	}
	each := takers * 20 // in a round
	if b.short {
		each = takers * 2
	}
	l := &pgLoaded{clock: &hand{}}
	l.clock.Set(made)
	if l.dsn, err = server.Create(ctx); err != nil {
		return nil, err
	}
	w, err := l.open(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer w.store.Close()
	account, err := w.newAccount(ctx)
	if err != nil {
		return nil, err
	}
	l.account = account.ID.UUID
	if err := fillWaiting(ctx, w.store, account, 2*b.rounds*each+1); err != nil {
		return nil, err
	}
	l.clock.Set(epoch)
	pool, err := barePool(ctx, l.dsn)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return nil, err
	}
	var took sync.Map
	mine := func(caller int, ref tickets.Ref) error {
		if who, twice := took.LoadOrStore(ref.Conversation.UUID, caller); twice {
			return fmt.Errorf("%s was taken by %v and %d", ref.Conversation, who, caller)
		}
		return nil
	}
	takeNext := func(caller int) error {
		who := charla.Person{ID: tickets.AgentID(fmt.Sprint("agent ", caller)), Name: "Ana Rojas"}
		result, err := w.desk.Account(account.ID).Agent(who).TakeNext(ctx, nil, nil)
		if err != nil {
			return err
		}
		return mine(caller, result.Ref)
	}
	if err := takeNext(0); err != nil {
		return nil, err
	}
	var taken taking
	if err := pool.QueryRow(ctx, `SELECT c.doc, t.doc, e.doc FROM charla.tickets t JOIN charla.conversations c ON c.id = t.conversation
		JOIN charla.entries e ON e.conversation = c.id AND e.n = 2 WHERE t.assignee = 'agent 0'`).Scan(&taken.conversation, &taken.ticket, &taken.entry); err != nil {
		return nil, err
	}
	c, err := b.compare(ctx, b.rounds, func(int) (float64, error) {
		return perSecond(each, func() error {
			return spread(takers, each, func(caller, _ int) error { return takeNext(caller) })
		})
	}, func(int) (float64, error) {
		return perSecond(each, func() error {
			return spread(takers, each, func(caller, _ int) error {
				id, err := l.bareTake(ctx, pool, fmt.Sprint("agent ", caller), &taken)
				if err != nil {
					return err
				}
				return mine(caller, tickets.Ref{Conversation: tickets.ConversationID{UUID: id}})
			})
		})
	})
	if err != nil {
		return nil, err
	}
	c.cpu = 0 // half of the work is the server's
	return []line{c.line(fmt.Sprintf("the next ticket, %d agents at once, none twice", takers), "/s", 0.5)}, b.server.Drop(ctx, l.dsn)
}

// taking is what taking a ticket stores.
type taking struct{ conversation, ticket, entry []byte }

// bareTake takes the ticket that waits longest and that nobody is taking, and writes what
// taking it writes.
func (l *pgLoaded) bareTake(ctx context.Context, pool *pgxpool.Pool, who string, d *taking) (id uuid.UUID, err error) {
	now := l.clock.Now().UnixMicro()
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT conversation FROM charla.tickets WHERE account = $1 AND waits IS NOT NULL AND unassigned
			ORDER BY waits, conversation, number LIMIT 1 FOR UPDATE SKIP LOCKED`, l.account).Scan(&id); err != nil {
			return err
		}
		var b pgx.Batch
		b.Queue("SELECT version, deleted FROM charla.accounts WHERE id = $1 FOR SHARE", l.account)
		b.Queue("UPDATE charla.conversations SET version = version + 1, change = pg_current_xact_id(), doc = $3 WHERE account = $1 AND id = $2",
			l.account, id, d.conversation)
		b.Queue(`UPDATE charla.tickets SET assignee = $3, unassigned = false, changed = $4, doc = $5
			WHERE account = $1 AND conversation = $2 AND number = 1`, l.account, id, who, now, d.ticket)
		b.Queue("INSERT INTO charla.entries (account, conversation, n, ticket, doc) VALUES ($1, $2, 2, 1, $3)", l.account, id, d.entry)
		return tx.SendBatch(ctx, &b).Close()
	})
	return id, err
}

// fillWaiting makes n conversations whose customers wait, one after the other.
func fillWaiting(ctx context.Context, store storage.Store, account chatcfg.Account, n int) error {
	rules, err := quietRules(ctx, store, account)
	if err != nil {
		return err
	}
	ids := &minted{}
	const loaders = 128
	return spread(loaders, (n+loaders-1)/loaders*loaders, func(caller, i int) error {
		at := i*loaders + caller
		if at >= n {
			return nil
		}
		wrote, err := wroteFirst(rules, account, ids, epoch.Add(-unanswered+time.Duration(at)*time.Millisecond), sentence(caller, i))
		if err != nil {
			return err
		}
		c := wrote.Conversation
		c.Version = 1
		return store.Conversations().Commit(ctx, &storage.Batch{
			Config: 1, Conversation: c, Reserve: []tickets.Identity{c.Identity}, Tickets: wrote.Changed(),
			Messages: wrote.Messages, Entries: wrote.Entries, Wake: rules.Wake(&wrote.Ticket), Active: true,
		})
	})
}
