package storagetest_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// everyAccount calls a read with the account that was asked for and, until one
// answers, with every other one.
func everyAccount[T any](ctx context.Context, m *storage.Memory, asked chatcfg.AccountID, read func(chatcfg.AccountID) []T) []T {
	found := read(asked)
	all, _ := m.Accounts().List(ctx, chatcfg.AccountID{}, true, 0)
	for _, a := range all {
		if len(found) == 0 {
			found = read(a.ID)
		}
	}
	return found
}

// commitLog is a feed that numbers commits as they begin, and so skips those that
// land late.
type commitLog struct {
	mu     sync.Mutex
	last   int
	begun  map[*storage.Batch]int
	landed []landed
}

type landed struct {
	n       int
	account chatcfg.AccountID
	storage.Change
}

func (l *commitLog) begin(b *storage.Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	l.begun[b] = l.last
}

func (l *commitLog) land(b *storage.Batch, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.landed = append(l.landed, landed{l.begun[b], b.Conversation.Account, storage.Change{Conversation: b.Conversation.ID, Version: b.Conversation.Version}})
	}
}

func (l *commitLog) changes(_ context.Context, a chatcfg.AccountID, cursor string, _ int) (storage.Page[storage.Change], error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	after, _ := strconv.Atoi(cursor)
	page, next := storage.Page[storage.Change]{}, after
	for _, one := range l.landed {
		if one.account == a && one.n > after {
			page.Items = append(page.Items, one.Change)
			next = max(next, one.n)
		}
	}
	page.Next = strconv.Itoa(next)
	return page, nil
}

// defects are what a store can do wrong, each with a check that must see it.
var defects = []struct {
	name  string
	seen  []string
	spoil func(b *broken, c *conversations, o *outbox, q *queries)
}{
	{"drops the version check", []string{"commit/versions", "races/one conversation", "model/"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, b *storage.Batch) error {
			l, _ := c.Conversations.Load(ctx, storage.LoadQuery{Account: b.Conversation.Account, Conversation: b.Conversation.ID})
			mine := *b
			mine.Conversation.Version = l.Conversation.Version + 1
			return c.Conversations.Commit(ctx, &mine)
		}
	}},
	{"takes two tickets that are not closed", []string{"commit/one ticket not closed"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, b *storage.Batch) error {
			err := c.Conversations.Commit(ctx, b)
			if errors.Is(err, storage.ErrNotDone) {
				return nil
			}
			return err
		}
	}},
	{"lets read marks go back", []string{"marks/raise"}, func(b *broken, _ *conversations, _ *outbox, _ *queries) {
		b.sessions = &lowering{Sessions: b.Memory.Sessions(), marks: make(map[tickets.ConversationID]tickets.Marks)}
	}},
	{"counts what agents wrote as unread", []string{"preview/rows", "preview/unread", "model/"}, func(b *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = spoiltPreview(b, q, func(row *storage.TicketRow, m tickets.Marks) { row.Unread = int(max(0, row.Last.Seq-m.Agent)) })
	}},
	{"counts from the customer's mark", []string{"preview/rows", "preview/unread", "model/"}, func(b *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = spoiltPreview(b, q, func(row *storage.TicketRow, m tickets.Marks) {
			if row.Last.Seq <= m.Customer {
				row.Unread = 0
			}
		})
	}},
	{"counts unread messages without an end", []string{"preview/unread"}, func(b *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = spoiltPreview(b, q, func(row *storage.TicketRow, _ tickets.Marks) {
			if row.Unread == storage.MaxUnread {
				row.Unread++
			}
		})
	}},
	{"previews without being asked", []string{"preview/rows", "isolation/twins"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = func(ctx context.Context, asked storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
			asked.Preview = true
			return q.Queries.Tickets(ctx, asked)
		}
	}},
	{"previews another moment", []string{"preview/one moment"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		var mu sync.Mutex
		before := map[tickets.ConversationID]*tickets.Message{} // as the list before showed it
		q.tickets = func(ctx context.Context, asked storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
			page, err := q.Queries.Tickets(ctx, asked)
			mu.Lock()
			defer mu.Unlock()
			for i := range page.Items {
				row := &page.Items[i]
				last := row.Last
				if old, ok := before[row.Conversation]; ok {
					row.Last = old
				}
				before[row.Conversation] = last
			}
			return page, err
		}
	}},
	{"sends a form twice", []string{"contacts/add"}, func(b *broken, _ *conversations, _ *outbox, _ *queries) {
		b.contacts = hasty{b.Memory.Contacts()}
	}},
	{"sends a form to the first address only", []string{"contacts/add"}, func(b *broken, _ *conversations, _ *outbox, _ *queries) {
		b.contacts = brief{b.Memory.Contacts()}
	}},
	{"reads the whole feed at its end", []string{"feed/latest"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.changes = func(ctx context.Context, a chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
			if cursor == storage.Latest {
				cursor = ""
			}
			return q.Queries.Changes(ctx, a, cursor, limit)
		}
	}},
	{"drops the session check", []string{"commit/session"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, b *storage.Batch) error {
			mine := *b
			mine.Session = tickets.SessionID{}
			return c.Conversations.Commit(ctx, &mine)
		}
	}},
	{"drops the configuration check", []string{"commit/refusals", "races/save against commits", "held/save"}, func(b *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, batch *storage.Batch) error {
			a, _ := b.Memory.Accounts().Get(ctx, batch.Conversation.Account)
			mine := *batch
			mine.Config = a.Version
			return c.Conversations.Commit(ctx, &mine)
		}
	}},
	{"checks the configuration before the commit only", []string{"held/save", "held/deletion"}, func(b *broken, c *conversations, _ *outbox, _ *queries) {
		var mu sync.Mutex
		began := map[*storage.Batch]chatcfg.Account{}
		b.before = func(batch *storage.Batch) {
			a, _ := b.Memory.Accounts().Get(context.Background(), batch.Conversation.Account)
			mu.Lock()
			defer mu.Unlock()
			began[batch] = a
		}
		c.commit = func(ctx context.Context, batch *storage.Batch) error {
			mu.Lock()
			a := began[batch]
			mu.Unlock()
			if a.Version == batch.Config && a.DeletedAt.IsZero() {
				now, _ := b.Memory.Accounts().Get(ctx, batch.Conversation.Account)
				if !now.DeletedAt.IsZero() {
					return nil
				}
				mine := *batch
				mine.Config = now.Version
				batch = &mine
			}
			return c.Conversations.Commit(ctx, batch)
		}
	}},
	{"leaves deliveries of a refused batch", []string{"commit/all or nothing"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, b *storage.Batch) error {
			err := c.Conversations.Commit(ctx, b)
			if errors.Is(err, storage.ErrConflict) && len(b.Deliveries) > 0 {
				l, _ := c.Conversations.Load(ctx, storage.LoadQuery{Account: b.Conversation.Account, Conversation: b.Conversation.ID})
				l.Conversation.Account, l.Conversation.ID = b.Conversation.Account, b.Conversation.ID
				l.Conversation.Version++
				_ = c.Conversations.Commit(ctx, &storage.Batch{Config: b.Config, Conversation: l.Conversation, Deliveries: b.Deliveries})
			}
			return err
		}
	}},
	{"refuses a batch with a duplicate delivery", []string{"outbox/duplicate keys"}, func(b *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, batch *storage.Batch) error {
			page, _ := b.Memory.Outbox().List(ctx, batch.Conversation.Account, storage.Pending, "", 0)
			for _, there := range page.Items {
				for _, d := range batch.Deliveries {
					if d.Key == there.Key {
						return storage.ErrConflict
					}
				}
			}
			return c.Conversations.Commit(ctx, batch)
		}
	}},
	{"forgets an identity", []string{"commit/identities", "races/first messages"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, b *storage.Batch) error {
			mine := *b
			mine.Reserve = nil
			return c.Conversations.Commit(ctx, &mine)
		}
	}},
	{"commits although the context is done", []string{"end/context"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.commit = func(ctx context.Context, b *storage.Batch) error {
			if err := c.Conversations.Commit(context.WithoutCancel(ctx), b); err != nil {
				return err
			}
			return ctx.Err()
		}
	}},
	{"claims although the context is done", []string{"end/context"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.due = func(ctx context.Context, now, lease time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
			claims, err := c.Conversations.ClaimDue(context.WithoutCancel(ctx), now, lease, limit, nil)
			return claims, errors.Join(err, ctx.Err())
		}
	}},
	{"loads the ticket at another moment", []string{"races/one moment"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.load = func(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
			l, err := c.Conversations.Load(ctx, q)
			<-time.After(time.Millisecond)
			again, _ := c.Conversations.Load(ctx, q)
			l.Ticket = again.Ticket
			return l, err
		}
	}},
	{"hands out what it keeps", []string{"load/copies"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		var mu sync.Mutex
		kept := map[storage.LoadQuery]storage.Loaded{}
		c.load = func(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
			l, err := c.Conversations.Load(ctx, q)
			mu.Lock()
			defer mu.Unlock()
			if old, ok := kept[q]; ok && old.Conversation.Version == l.Conversation.Version {
				return old, err
			}
			kept[q] = l
			return l, err
		}
	}},
	{"forgets the leases of deadlines", []string{"claims/order", "claims/at once", "model/"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.due = func(ctx context.Context, now, _ time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
			if limit > 1 {
				limit = 1
			}
			return c.Conversations.ClaimDue(ctx, now, now, limit, without)
		}
	}},
	{"forgets the leases of stale ones", []string{"stale/armed before"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.stale = func(ctx context.Context, now, _ time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
			return c.Conversations.ClaimStale(ctx, now, now, limit, without)
		}
	}},
	{"overlooks leases that are ahead", []string{"claims/ahead"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.ahead = func(ctx context.Context, changed, _ time.Time, limit int) ([]tickets.Ref, error) {
			return c.Conversations.Ahead(ctx, changed, time.Date(2926, 1, 1, 0, 0, 0, 0, time.UTC), limit)
		}
	}},
	{"overlooks tickets that are ahead", []string{"claims/ahead"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.ahead = func(ctx context.Context, _, leased time.Time, limit int) ([]tickets.Ref, error) {
			return c.Conversations.Ahead(ctx, time.Date(2926, 1, 1, 0, 0, 0, 0, time.UTC), leased, limit)
		}
	}},
	{"recalls pending deliveries only", []string{"outbox/recall"}, func(_ *broken, _ *conversations, o *outbox, _ *queries) {
		o.recall = func(ctx context.Context, now, pending, _ time.Time) (int, error) {
			return o.Outbox.Recall(ctx, now, pending, time.Date(2926, 1, 1, 0, 0, 0, 0, time.UTC))
		}
	}},
	{"claims a moment too early", []string{"claims/order"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.due = func(ctx context.Context, now, lease time.Time, limit int, without []chatcfg.AccountID) ([]storage.Claim, error) {
			return c.Conversations.ClaimDue(ctx, now.Add(time.Microsecond), lease, limit, without)
		}
	}},
	{"forgets the leases of deliveries", []string{"outbox/claim", "outbox/lease"}, func(_ *broken, _ *conversations, o *outbox, _ *queries) {
		o.claim = func(ctx context.Context, now, _ time.Time, limit int, share storage.Share) ([]storage.Delivery, error) {
			return o.Outbox.Claim(ctx, now, now, limit, share)
		}
	}},
	{"claims without shares", []string{"outbox/share", "model/"}, func(_ *broken, _ *conversations, o *outbox, _ *queries) {
		o.claim = func(ctx context.Context, now, lease time.Time, limit int, _ storage.Share) ([]storage.Delivery, error) {
			return o.Outbox.Claim(ctx, now, lease, limit, storage.Share{})
		}
	}},
	{"claims what is left out", []string{"claims/left out"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.due = func(ctx context.Context, now, lease time.Time, limit int, _ []chatcfg.AccountID) ([]storage.Claim, error) {
			return c.Conversations.ClaimDue(ctx, now, lease, limit, nil)
		}
	}},
	{"claims after a save what is left out", []string{"claims/left out"}, func(_ *broken, c *conversations, _ *outbox, _ *queries) {
		c.stale = func(ctx context.Context, now, lease time.Time, limit int, _ []chatcfg.AccountID) ([]storage.Claim, error) {
			return c.Conversations.ClaimStale(ctx, now, lease, limit, nil)
		}
	}},
	{"counts attempts afterwards", []string{"outbox/claim"}, func(_ *broken, _ *conversations, o *outbox, _ *queries) {
		o.claim = func(ctx context.Context, now, lease time.Time, limit int, share storage.Share) ([]storage.Delivery, error) {
			list, err := o.Outbox.Claim(ctx, now, lease, limit, share)
			for i := range list {
				list[i].Attempts--
			}
			return list, err
		}
	}},
	{"settles without a fence", []string{"outbox/settle", "outbox/lease", "model/"}, func(_ *broken, _ *conversations, o *outbox, _ *queries) {
		o.settle = func(ctx context.Context, d storage.Delivery) error {
			page, _ := o.List(ctx, d.Account, storage.Sending, "", 0)
			for _, there := range page.Items {
				if there.Key == d.Key {
					d.Fence = there.Fence
				}
			}
			return o.Outbox.Settle(ctx, d)
		}
	}},
	{"shows another account's messages", []string{"isolation/nothing", "messages/window"}, func(b *broken, _ *conversations, _ *outbox, q *queries) {
		q.messages = func(ctx context.Context, query storage.MessageQuery) ([]tickets.Message, error) {
			return everyAccount(ctx, b.Memory, query.Account, func(a chatcfg.AccountID) []tickets.Message {
				query.Account = a
				list, _ := q.Queries.Messages(ctx, query)
				return list
			}), nil
		}
	}},
	{"counts beyond where it stops", []string{"counts/stop"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.counts = func(ctx context.Context, a chatcfg.AccountID, all []storage.TicketQuery) ([]int, error) {
			list, err := q.Queries.Counts(ctx, a, all)
			for i := range list {
				list[i] += list[i] / storage.MaxCount
			}
			return list, err
		}
	}},
	{"counts for an agent what no agent has read", []string{"preview/reader"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = func(ctx context.Context, query storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
			query.Reader = ""
			return q.Queries.Tickets(ctx, query)
		}
	}},
	{"leaves notes out after the limit", []string{"messages/window"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.messages = func(ctx context.Context, query storage.MessageQuery) ([]tickets.Message, error) {
			without := query.WithoutNotes
			query.WithoutNotes = false
			list, err := q.Queries.Messages(ctx, query)
			return slices.DeleteFunc(list, func(m tickets.Message) bool { return without && m.From == tickets.FromNote }), err
		}
	}},
	{"shows another account's tickets", []string{"isolation/nothing", "words/match"}, func(b *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = func(ctx context.Context, query storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
			rows := everyAccount(ctx, b.Memory, query.Account, func(a chatcfg.AccountID) []storage.TicketRow {
				query.Account, query.Cursor = a, ""
				page, _ := q.Queries.Tickets(ctx, query)
				return page.Items
			})
			return storage.Page[storage.TicketRow]{Items: rows}, nil
		}
	}},
	{"finds another account's customer", []string{"isolation/nothing", "commit/identities"}, func(b *broken, _ *conversations, _ *outbox, _ *queries) {
		whole := b.Memory.Sessions()
		b.sessions = &sessions{whole, func(ctx context.Context, asked chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error) {
			found := everyAccount(ctx, b.Memory, asked, func(a chatcfg.AccountID) []tickets.ConversationID {
				if held, _ := whole.Holder(ctx, a, id); !held.IsZero() {
					return []tickets.ConversationID{held}
				}
				return nil
			})
			return append(found, tickets.ConversationID{})[0], nil
		}}
	}},
	{"pages by the instant alone", []string{"tickets/filters", "tickets/order and pages"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = func(ctx context.Context, query storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
			after, _ := time.Parse(time.RFC3339Nano, query.Cursor)
			all := query
			all.Cursor, all.Limit = "", 0
			page, err := q.Queries.Tickets(ctx, all)
			var part storage.Page[storage.TicketRow]
			for _, row := range page.Items {
				if query.Cursor != "" && !row.ChangedAt.Before(after) {
					continue
				}
				if query.Limit > 0 && len(part.Items) == query.Limit {
					part.Next = part.Items[len(part.Items)-1].ChangedAt.Format(time.RFC3339Nano)
					break
				}
				part.Items = append(part.Items, row)
			}
			return part, err
		}
	}},
	{"takes words for patterns", []string{"words/no character"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = func(ctx context.Context, query storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
			if len(query.Words) == 1 && query.Words[0] == "%" {
				query.Words = nil
			}
			return q.Queries.Tickets(ctx, query)
		}
	}},
	{"takes ñ for n", []string{"words/match", "model/"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.tickets = func(ctx context.Context, query storage.TicketQuery) (storage.Page[storage.TicketRow], error) {
			var words []string
			for _, word := range query.Words {
				words = append(words, strings.ReplaceAll(word, "ñ", "n"))
			}
			query.Words = words
			return q.Queries.Tickets(ctx, query)
		}
	}},
	{"loses fractions of a second", []string{"values/times"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.messages = func(ctx context.Context, query storage.MessageQuery) ([]tickets.Message, error) {
			list, err := q.Queries.Messages(ctx, query)
			for i := range list {
				list[i].At = list[i].At.Truncate(time.Millisecond)
			}
			return list, err
		}
	}},
	{"numbers commits when they begin", []string{"held/feed"}, func(b *broken, c *conversations, _ *outbox, q *queries) {
		log := &commitLog{begun: map[*storage.Batch]int{}}
		b.before = log.begin
		c.commit = func(ctx context.Context, batch *storage.Batch) error {
			err := c.Conversations.Commit(ctx, batch)
			log.land(batch, err)
			return err
		}
		q.changes = log.changes
	}},
	{"numbers slow commits when they begin", []string{"feed/none skipped"}, func(b *broken, c *conversations, _ *outbox, q *queries) {
		log := &commitLog{begun: map[*storage.Batch]int{}}
		b.before = log.begin
		c.commit = func(ctx context.Context, batch *storage.Batch) error {
			<-time.After(time.Duration(batch.Conversation.LastAt.Unix()%4) * time.Millisecond)
			err := c.Conversations.Commit(ctx, batch)
			log.land(batch, err)
			return err
		}
		q.changes = log.changes
	}},
	{"begins anew at a foreign cursor", []string{"feed/another database", "feed/cursor"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.changes = func(ctx context.Context, a chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
			page, err := q.Queries.Changes(ctx, a, cursor, limit)
			if errors.Is(err, storage.ErrCursor) {
				return q.Queries.Changes(ctx, a, "", limit)
			}
			return page, err
		}
	}},
	{"has no way on when it has caught up", []string{"feed/cursor"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.changes = func(ctx context.Context, a chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
			page, err := q.Queries.Changes(ctx, a, cursor, limit)
			if len(page.Items) == 0 {
				page.Next = ""
			}
			return page, err
		}
	}},
	{"reports the end of the period", []string{"report/boundaries", "report/figures"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.report = func(ctx context.Context, a chatcfg.AccountID, of storage.ReportQuery) (tickets.Report, error) {
			of.To = of.To.Add(time.Microsecond)
			return q.Queries.Report(ctx, a, of)
		}
	}},
	{"reports groups by UTC's hours", []string{"report/groups"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.report = func(ctx context.Context, a chatcfg.AccountID, of storage.ReportQuery) (tickets.Report, error) {
			of.Zone = nil
			return q.Queries.Report(ctx, a, of)
		}
	}},
	{"reports answers by nobody's team", []string{"report/groups"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.report = func(ctx context.Context, a chatcfg.AccountID, of storage.ReportQuery) (tickets.Report, error) {
			r, err := q.Queries.Report(ctx, a, of)
			if of.By == tickets.ByTeam {
				for i := range r.Groups {
					r.Groups[i].All = tickets.Times{}
				}
			}
			return r, err
		}
	}},
	{"counts the lower bound", []string{"count/boundaries"}, func(_ *broken, _ *conversations, _ *outbox, q *queries) {
		q.count = func(ctx context.Context, a chatcfg.AccountID, by storage.Instant, after, upTo time.Time) (int, error) {
			return q.Queries.Count(ctx, a, by, after.Add(-time.Microsecond), upTo)
		}
	}},
}
