package sqlite_test

import (
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attempt makes a call of the store, perhaps several times, until it does not fail.
type attempt func(call func() (any, error)) (any, error)

// once makes a call once.
func once(call func() (any, error)) (any, error) { return call() }

// everything calls each part of the store, and lists with many combinations of
// conditions.
func everything(b *bundle, try attempt) {
	b.Helper()
	ok := func(call func() (any, error)) any {
		b.Helper()
		v, err := try(call)
		require.NoError(b, err)
		return v
	}
	done := func(call func() error) { b.Helper(); ok(func() (any, error) { return nil, call() }) }
	commit := func(batch *storage.Batch) {
		b.Helper()
		done(func() error { return b.Conversations().Commit(b.ctx, batch) })
	}
	late, lease := base.AddDate(1, 0, 0), base.AddDate(2, 0, 0)
	id := b.account.ID
	c := b.chat(b.account)
	session := tickets.Session{ID: c.conv.Session, Account: id, Conversation: c.conv.ID, Identity: c.conv.Identity, Revision: 1}
	done(func() error { return b.Sessions().Create(b.ctx, session) })
	session.Revision++
	done(func() error { return b.Sessions().Save(b.ctx, session) })
	commit(c.next("hola"))
	ok(func() (any, error) {
		return b.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Conversation: c.conv.ID})
	})
	batch := c.next("otra")
	batch.Receipt = nil
	commit(batch)
	c.tick.Important, c.tick.Wait = true, nil
	batch = c.next("ya")
	batch.Answers = []tickets.Answer{{Ticket: 1, Since: base, At: base, Waited: tickets.Span(time.Minute), First: true}}
	batch.Conversation.Armed = 0
	batch.Words = []storage.Words{{Ticket: 1, Text: "ya"}}
	commit(batch)
	batch = c.next("solo palabras")
	batch.Tickets = nil
	commit(batch)

	ok(func() (any, error) { return b.Accounts().Get(b.ctx, id) })
	ok(func() (any, error) { return b.Accounts().Find(b.ctx, b.account.Key) })
	ok(func() (any, error) { return b.Accounts().List(b.ctx, b.account.ID, false, 10) })
	ok(func() (any, error) { return b.Accounts().Document(b.ctx, id, "config", 1) })
	done(func() error { return b.Presence().Put(b.ctx, id, tickets.Roster{Revision: 1}) })
	ok(func() (any, error) { return b.Presence().Get(b.ctx, id) })
	ok(func() (any, error) { return b.Sessions().Get(b.ctx, id, session.ID) })
	ok(func() (any, error) { return b.Sessions().Holder(b.ctx, id, c.conv.Identity) })
	ok(func() (any, error) {
		return b.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Session: session.ID, Ticket: 1, Scope: "s", Key: "k"})
	})
	ok(func() (any, error) {
		return b.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Conversation: c.conv.ID})
	})
	ok(func() (any, error) { return b.Conversations().NextWake(b.ctx) })
	ok(func() (any, error) { return b.Outbox().NextWake(b.ctx) })

	a := b.account
	a.Revision++
	a.Version++
	done(func() error { return b.Accounts().Save(b.ctx, a, storage.Document{Name: "config", Version: 2}) })
	for range 2 {
		ok(func() (any, error) { return b.Conversations().ClaimDue(b.ctx, late, lease, 10, nil) })
		ok(func() (any, error) { return b.Conversations().ClaimStale(b.ctx, late, lease, 10, nil) })
	}
	c.conv.Armed = 2
	batch = c.next("al día")
	batch.Config = 2
	commit(batch)
	ok(func() (any, error) { return b.Conversations().ClaimStale(b.ctx, late, lease, 10, nil) })

	claimed := ok(func() (any, error) { return b.Outbox().Claim(b.ctx, late, late, 10, storage.Share{Each: 9}) }).([]storage.Delivery)
	require.Len(b, claimed, 5)
	claimed = ok(func() (any, error) { return b.Outbox().Claim(b.ctx, lease, lease, 10, storage.Share{}) }).([]storage.Delivery)
	for i, state := range []storage.DeliveryState{storage.Sent, storage.Dead, storage.Unknown, storage.Pending} {
		claimed[i].State = state
		done(func() error { return b.Outbox().Settle(b.ctx, claimed[i]) })
		ok(func() (any, error) { return b.Outbox().List(b.ctx, id, state, "", 10) })
	}
	done(func() error { return b.Outbox().Replay(b.ctx, id, claimed[1].Key, late) })
	ok(func() (any, error) { return b.Outbox().Prune(b.ctx, lease, 10) })
	ok(func() (any, error) { return b.Sessions().Prune(b.ctx, lease, 10) })
	ok(func() (any, error) { return b.Conversations().Ahead(b.ctx, late, late, 10) })
	ok(func() (any, error) { return b.Outbox().Recall(b.ctx, late, lease, lease) })

	ref := tickets.Ref{Account: id, Conversation: c.conv.ID}
	ok(func() (any, error) { return b.Queries().Ticket(b.ctx, ref) })
	for _, last := range []bool{false, true} {
		ok(func() (any, error) {
			return b.Queries().Messages(b.ctx, storage.MessageQuery{Account: id, Conversation: c.conv.ID, Session: session.ID, Last: last})
		})
		ok(func() (any, error) {
			return b.Queries().Messages(b.ctx, storage.MessageQuery{Account: id, Conversation: c.conv.ID, WithoutNotes: true, Last: last})
		})
	}
	ok(func() (any, error) { return b.Queries().History(b.ctx, ref, 0, 10) })
	page := ok(func() (any, error) { return b.Queries().Changes(b.ctx, id, "", 1) }).(storage.Page[storage.Change])
	ok(func() (any, error) { return b.Queries().Changes(b.ctx, id, page.Next, 10) })
	ok(func() (any, error) {
		return b.Queries().Counts(b.ctx, id, []storage.TicketQuery{
			{}, {Status: tickets.StatusOpen}, {Unassigned: true}, {Assignee: "ana", Status: tickets.StatusOpen}, {Team: "ventas"}, {Order: storage.ByWaiting},
		})
	})
	ok(func() (any, error) {
		return b.Queries().Tickets(b.ctx, storage.TicketQuery{Account: id, Preview: true, Reader: "ana"})
	})
	ok(func() (any, error) { return b.Queries().Report(b.ctx, id, storage.ReportQuery{From: base, To: late}) })
	ok(func() (any, error) { return b.Queries().Count(b.ctx, id, storage.CountsFrom, base, late) })
	ok(func() (any, error) { return b.Queries().Count(b.ctx, id, storage.WaitsSince, base, late) })
	b.lists(c.conv.ID, ok)

	form := tickets.Submission{Account: id, Key: "form", Email: "juana@example.com", At: base}
	letter := storage.Delivery{Account: id, Key: "form", Kind: "mail", Body: []byte("{}"), State: storage.Pending, NotBefore: base}
	done(func() error { return b.Contacts().Add(b.ctx, form, []storage.Delivery{letter}) })
	ok(func() (any, error) { return b.Contacts().Get(b.ctx, id, form.Key) })
	ok(func() (any, error) { return b.Contacts().List(b.ctx, id, "", 10) })
	for n := range int64(2) {
		done(func() error { return b.Sessions().Raise(b.ctx, id, c.conv.ID, tickets.Marks{Agent: n}) })
	}
	ok(func() (any, error) { return b.Sessions().Marks(b.ctx, id, c.conv.ID) })
}

// lists lists with every combination of up to three conditions, and goes on where
// it can.
func (b *bundle) lists(conversation tickets.ConversationID, ok func(call func() (any, error)) any) {
	for set := range uint(1) << 8 {
		if bits.OnesCount(set) > 3 {
			continue
		}
		q := storage.TicketQuery{Account: b.account.ID, Limit: 1}
		for i, add := range []func(){
			func() { q.Status = tickets.StatusOpen },
			func() { q.Conversation = conversation },
			func() { q.Important = true },
			func() { q.Delayed = true },
			func() { q.Category = "venta" },
			func() { q.Fields = map[string]string{"a": "b"} },
			func() { q.Words = []string{"hola", "ot"} },
			func() { q.Order = storage.ByWaiting },
		} {
			if set&(1<<i) != 0 {
				add()
			}
		}
		list := func() (any, error) { return b.Queries().Tickets(b.ctx, q) }
		if q.Cursor = ok(list).(storage.Page[storage.TicketRow]).Next; q.Cursor != "" {
			ok(list)
		}
	}
}

var (
	// led are the ways to find rows that lead with the account, or with what only
	// one row has.
	led = regexp.MustCompile(`^SEARCH \w+ USING (COVERING )?(INDEX \w+ \((account|uuid|key)[=>]\?|INTEGER PRIMARY KEY \(rowid[=>]\?\)|PRIMARY KEY \(account=\?)`)
	// claiming are those that lead with time, for claims, their instants and what expires.
	claiming = regexp.MustCompile(`^(SEARCH \w+ USING (COVERING )?INDEX (conversations_(wake|leased) \(wake|deliveries_due \(state=\? AND due|sessions_expires \(expires)[<>]|SCAN (accounts|a) USING (COVERING )?INDEX accounts_stale$|SCAN a$)`)
	// harmless are steps that read nothing but what other steps have found.
	harmless = regexp.MustCompile(`^(SCAN (words|w) VIRTUAL TABLE INDEX \d+:M|SCAN words VIRTUAL TABLE INDEX \d+:=|SCAN [fg] (EXISTS )?VIRTUAL TABLE INDEX|SCAN (meta|sqlite_schema)$|SCAN (m|p|\(subquery-\d+\))$|SCAN CONSTANT ROW|SCAN json_each VIRTUAL TABLE INDEX 1:$|CO-ROUTINE|MATERIALIZE|COMPOUND QUERY|LEFT-MOST SUBQUERY|UNION ALL|INTERSECT|MERGE|LEFT$|RIGHT$|LIST SUBQUERY|SCALAR SUBQUERY|CORRELATED SCALAR SUBQUERY|USING ROWID SEARCH|CREATE BLOOM|REUSE|USE TEMP B-TREE)`)
)

// doubtful are the steps of a plan that read more than they should.
func doubtful(plan string) (steps []string) {
	for step := range strings.SplitSeq(plan, "\n") {
		if step != "-" && !led.MatchString(step) && !claiming.MatchString(step) && !harmless.MatchString(step) {
			steps = append(steps, step)
		}
	}
	return steps
}

// R1.3: every statement on behalf of an account finds its rows by an index that
// leads with the account, and none reads a whole table.
func TestPlans(t *testing.T) {
	t.Parallel()
	b := setup(t, &sqliteFast)
	everything(b, once)
	require.Equal(t, []string{"SCAN accounts"}, doubtful("-\nSCAN accounts\nSEARCH t USING INDEX tickets_status (account=? AND status=?)"))
	all := map[string]string{}
	look := func() {
		plans, err := b.Plans(b.ctx)
		require.NoError(t, err)
		for query, plan := range plans {
			all[query] = plan
		}
	}
	look()
	a := b.account
	a.Revision, a.DeletedAt = 3, base
	require.NoError(t, b.Accounts().Save(b.ctx, a))
	_, err := b.Accounts().Purge(b.ctx, a.ID)
	require.NoError(t, err)
	look()

	require.Greater(t, len(all), 140)
	queries := make([]string, 0, len(all))
	for query := range all {
		queries = append(queries, query)
	}
	slices.Sort(queries)
	for _, query := range queries {
		assert.Empty(t, doubtful(all[query]), fmt.Sprintf("%s\n%s", query, all[query]))
		// R8.4: what is due in one lane is found without a look at the others', whose
		// deliveries may be very many.
		if strings.Contains(query, "state = 'pending'") && strings.Contains(query, "kind") {
			assert.Contains(t, all[query], "deliveries_lanes (account", query)
		}
		// A list in order sorts at most what it found by words or in one
		// conversation.
		sorts := strings.Contains(all[query], "USE TEMP B-TREE FOR ORDER BY")
		narrow := strings.Contains(query, "MATCH") || strings.Contains(query, "tickets_number") || strings.Contains(query, "state = 'sending'")
		assert.False(t, sorts && !narrow, "%s\n%s", query, all[query])
	}
}
