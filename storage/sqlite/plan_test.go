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

// everything calls each part of the store, and lists with many combinations of
// conditions.
func everything(b *bundle) {
	b.Helper()
	ok := func(_ any, err error) { require.NoError(b, err) }
	late, lease := base.AddDate(1, 0, 0), base.AddDate(2, 0, 0)
	id := b.account.ID
	c := b.chat(b.account)
	session := tickets.Session{ID: c.conv.Session, Account: id, Conversation: c.conv.ID, Identity: c.conv.Identity, Revision: 1}
	require.NoError(b, b.Sessions().Create(b.ctx, session))
	session.Revision++
	require.NoError(b, b.Sessions().Save(b.ctx, session))
	c.says("hola")
	ok(b.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Conversation: c.conv.ID}))
	batch := c.next("otra")
	batch.Receipt = nil
	require.NoError(b, b.Conversations().Commit(b.ctx, batch))
	c.tick.Important, c.tick.Wait = true, nil
	batch = c.next("ya")
	batch.Answers = []tickets.Answer{{Ticket: 1, Since: base, At: base, Waited: tickets.Span(time.Minute), First: true}}
	batch.Conversation.Armed = 0
	batch.Words = []storage.Words{{Ticket: 1, Text: "ya"}}
	require.NoError(b, b.Conversations().Commit(b.ctx, batch))
	batch = c.next("solo palabras")
	batch.Tickets = nil
	require.NoError(b, b.Conversations().Commit(b.ctx, batch))

	ok(b.Accounts().Get(b.ctx, id))
	ok(b.Accounts().Find(b.ctx, b.account.Key))
	ok(b.Accounts().List(b.ctx, b.account.ID, false, 10))
	ok(b.Accounts().Document(b.ctx, id, "config", 1))
	require.NoError(b, b.Presence().Put(b.ctx, id, tickets.Roster{Revision: 1}))
	ok(b.Presence().Get(b.ctx, id))
	ok(b.Sessions().Get(b.ctx, id, session.ID))
	ok(b.Sessions().Holder(b.ctx, id, c.conv.Identity))
	ok(b.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Session: session.ID, Ticket: 1, Scope: "s", Key: "k"}))
	ok(b.Conversations().Load(b.ctx, storage.LoadQuery{Account: id, Conversation: c.conv.ID}))
	ok(b.Conversations().NextWake(b.ctx))
	ok(b.Outbox().NextWake(b.ctx))

	a := b.account
	a.Revision++
	a.Version++
	require.NoError(b, b.Accounts().Save(b.ctx, a, storage.Document{Name: "config", Version: 2}))
	for range 2 {
		ok(b.Conversations().ClaimDue(b.ctx, late, lease, 10, nil))
		ok(b.Conversations().ClaimStale(b.ctx, late, lease, 10, nil))
	}
	c.conv.Armed = 2
	batch = c.next("al día")
	batch.Config = 2
	require.NoError(b, b.Conversations().Commit(b.ctx, batch))
	ok(b.Conversations().ClaimStale(b.ctx, late, lease, 10, nil))

	claimed, err := b.Outbox().Claim(b.ctx, late, late, 10, storage.Share{})
	require.NoError(b, err)
	require.Len(b, claimed, 5)
	claimed, err = b.Outbox().Claim(b.ctx, lease, lease, 10, storage.Share{})
	require.NoError(b, err)
	for i, state := range []storage.DeliveryState{storage.Sent, storage.Dead, storage.Unknown, storage.Pending} {
		claimed[i].State = state
		require.NoError(b, b.Outbox().Settle(b.ctx, claimed[i]))
		ok(b.Outbox().List(b.ctx, id, state, "", 10))
	}
	require.NoError(b, b.Outbox().Replay(b.ctx, id, claimed[1].Key, late))
	ok(b.Outbox().Prune(b.ctx, lease, 10))
	ok(b.Sessions().Prune(b.ctx, lease, 10))
	ok(b.Conversations().Ahead(b.ctx, late, late, 10))
	ok(b.Outbox().Recall(b.ctx, late, lease, lease))

	ref := tickets.Ref{Account: id, Conversation: c.conv.ID}
	ok(b.Queries().Ticket(b.ctx, ref))
	for _, last := range []bool{false, true} {
		ok(b.Queries().Messages(b.ctx, storage.MessageQuery{Account: id, Conversation: c.conv.ID, Session: session.ID, Last: last}))
		ok(b.Queries().Messages(b.ctx, storage.MessageQuery{Account: id, Conversation: c.conv.ID, WithoutNotes: true, Last: last}))
	}
	ok(b.Queries().History(b.ctx, ref, 0, 10))
	page, err := b.Queries().Changes(b.ctx, id, "", 10)
	require.NoError(b, err)
	ok(b.Queries().Changes(b.ctx, id, page.Next, 10))
	ok(b.Queries().Counts(b.ctx, id, []storage.TicketQuery{
		{}, {Status: tickets.StatusOpen}, {Unassigned: true}, {Assignee: "ana", Status: tickets.StatusOpen}, {Team: "ventas"}, {Order: storage.ByWaiting},
	}))
	ok(b.Queries().Tickets(b.ctx, storage.TicketQuery{Account: id, Preview: true, Reader: "ana"}))
	ok(b.Queries().Report(b.ctx, id, storage.ReportQuery{From: base, To: late}))
	ok(b.Queries().Count(b.ctx, id, storage.CountsFrom, base, late))
	ok(b.Queries().Count(b.ctx, id, storage.WaitsSince, base, late))
	b.lists(c.conv.ID)
}

// lists lists with every combination of up to three conditions, and goes on where
// it can.
func (b *bundle) lists(conversation tickets.ConversationID) {
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
		page, err := b.Queries().Tickets(b.ctx, q)
		require.NoError(b, err)
		if q.Cursor = page.Next; q.Cursor != "" {
			_, err := b.Queries().Tickets(b.ctx, q)
			require.NoError(b, err)
		}
	}
}

var (
	// led are the ways to find rows that lead with the account, or with what only
	// one row has.
	led = regexp.MustCompile(`^SEARCH \w+ USING (COVERING )?(INDEX \w+ \((account|uuid|key)[=>]\?|INTEGER PRIMARY KEY \(rowid[=>]\?\)|PRIMARY KEY \(account=\?)`)
	// claiming are those that lead with time, for claims, their instants and what expires.
	claiming = regexp.MustCompile(`^(SEARCH \w+ USING (COVERING )?INDEX (conversations_(wake|leased) \(wake|deliveries_due \(state=\? AND due|deliveries_lanes \(\(account,kind\)|sessions_expires \(expires)[<>]|SCAN (accounts|a) USING (COVERING )?INDEX accounts_stale$|SCAN a$)`)
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
	everything(b)
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
		// A list in order sorts at most what it found by words or in one
		// conversation.
		sorts := strings.Contains(all[query], "USE TEMP B-TREE FOR ORDER BY")
		narrow := strings.Contains(query, "MATCH") || strings.Contains(query, "tickets_number") || strings.Contains(query, "state = 'sending'")
		assert.False(t, sorts && !narrow, "%s\n%s", query, all[query])
	}
}
