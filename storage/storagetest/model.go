package storagetest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var modelChecks = []test{{"model/random calls", checkModel}}

// checkModel makes the same random calls on the store and on the reference store,
// and compares everything that they answer.
func checkModel(c *check) {
	for seed := uint64(1); seed <= 6; seed++ {
		if err := guard(func() { c.play(seed) }); err != nil {
			c.failf("seed %d: %w", seed, err)
		}
	}
}

// game is one run of random calls.
type game struct {
	c        *check
	r        *rand.Rand
	store    storage.Store
	model    *storage.Memory
	now      int
	accounts []chatcfg.Account
	batches  []*storage.Batch
	// claimed are deliveries as both stores claimed them: fences may differ.
	claimed []pair
}

// kinds are of the deliveries.
var kinds = []string{"mail", "event:a", "event:b"}

type pair struct{ got, want storage.Delivery }

// play makes 400 random calls on two new stores and compares what they answer. The same
// seed makes the same calls.
func (c *check) play(seed uint64) {
	g := &game{c: c, r: rand.New(rand.NewPCG(seed, 7)), store: c.h.Open(c.t), model: storage.NewMemory()}
	defer g.store.Close()
	defer g.model.Close()
	for range 3 {
		g.create()
	}
	moves := []struct {
		weight int
		run    func()
	}{
		{2, g.create}, {20, g.begin}, {60, g.proceed}, {5, g.raise}, {1, g.remove}, {1, g.purge},
		{15, g.claimDue}, {6, g.claimStale}, {15, g.claimOutbox}, {20, g.settle}, {5, g.replay}, {3, g.prune}, {5, g.ahead}, {8, g.mark},
		{10, g.presence}, {40, g.query},
	}
	var bag []func()
	for _, m := range moves {
		for range m.weight {
			bag = append(bag, m.run)
		}
	}
	for n := range 400 {
		g.now++
		if err := guard(bag[g.r.IntN(len(bag))]); err != nil {
			c.failf("call %d: %w", n, err)
		}
	}
	for i := range g.accounts {
		g.compare(&g.accounts[i])
	}
}

// both stops the check unless the store answered as the model did: with the same value,
// or the same kind of error.
func (g *game) both(what string, got, want any, err, wanted error) {
	for _, known := range []error{
		storage.ErrConflict, storage.ErrNotFound, storage.ErrExists, storage.ErrConfigChanged, storage.ErrDeleted, storage.ErrLeaseLost,
	} {
		if errors.Is(wanted, known) {
			g.c.is(err, known, "%s", what)
			return
		}
	}
	g.c.must(wanted, "%s of the model", what)
	g.c.must(err, "%s", what)
	g.c.same(got, want, "%s", what)
}

// account returns a random account of those that were made, to be changed in place.
func (g *game) account() *chatcfg.Account { return &g.accounts[g.r.IntN(len(g.accounts))] }

// instant returns a random instant around now; no two are the same.
func (g *game) instant() time.Time {
	g.c.ticks.Add(1)
	return later(g.now + g.r.IntN(40) - 10).Add(time.Duration(g.c.ticks.Load()) * time.Microsecond)
}

// create makes an account in both stores, sometimes with a key that is taken, and
// compares the answers.
func (g *game) create() {
	a := g.c.newAccount()
	a.Hidden = g.r.IntN(3) == 0
	if len(g.accounts) > 0 && g.r.IntN(4) == 0 {
		a.Key = g.account().Key
	}
	wanted := g.model.Accounts().Create(g.c.ctx, a)
	g.both("Accounts.Create", nil, nil, g.store.Accounts().Create(g.c.ctx, a), wanted)
	if wanted == nil {
		g.accounts = append(g.accounts, a)
	}
}

// save saves a random account in both stores as change makes it, sometimes with a wrong
// revision, and compares the answers.
func (g *game) save(what string, change func(*chatcfg.Account)) {
	a := g.account()
	next := *a
	next.Revision++
	if g.r.IntN(5) == 0 {
		next.Revision += int64(g.r.IntN(3)) - 1
	}
	change(&next)
	wanted := g.model.Accounts().Save(g.c.ctx, next)
	g.both(what, nil, nil, g.store.Accounts().Save(g.c.ctx, next), wanted)
	if wanted == nil {
		*a = next
	}
}

// raise saves a random account with the next configuration version, as save does.
func (g *game) raise() { g.save("Accounts.Save", func(a *chatcfg.Account) { a.Version++ }) }

// remove deletes a random account, as save does.
func (g *game) remove() {
	g.save("Accounts.Save to delete", func(a *chatcfg.Account) { a.DeletedAt = later(g.now) })
}

// purge purges a random account, deleted or not, in both stores and compares the
// answers.
func (g *game) purge() {
	a := g.account()
	want, wanted := g.model.Accounts().Purge(g.c.ctx, a.ID)
	got, err := g.store.Accounts().Purge(g.c.ctx, a.ID)
	g.both("Accounts.Purge", got, want, err, wanted)
}

// commit commits a batch to both stores, compares the answers and reports whether it
// was stored.
func (g *game) commit(b *storage.Batch) bool {
	wanted := g.model.Conversations().Commit(g.c.ctx, b)
	g.both("Commit", nil, nil, g.store.Conversations().Commit(g.c.ctx, b), wanted)
	return wanted == nil
}

// begin commits a new conversation to both stores, sometimes with an identity that is
// taken, and compares the answers.
func (g *game) begin() {
	b := g.c.first(*g.account())
	g.decorate(b)
	if g.r.IntN(4) == 0 {
		b.Reserve = append(b.Reserve, tickets.Identity{Kind: tickets.IdentityHost, Value: fmt.Sprint(g.r.IntN(5))})
	}
	if g.commit(b) {
		g.batches = append(g.batches, b)
	}
}

// proceed commits to a random conversation in both stores, sometimes with a wrong
// version or an identity that is taken, and compares the answers.
func (g *game) proceed() {
	if len(g.batches) == 0 {
		return
	}
	i := g.r.IntN(len(g.batches))
	b := g.c.next(g.batches[i])
	for _, a := range g.accounts {
		if a.ID == b.Conversation.Account {
			b.Config = a.Version
		}
	}
	if b.Tickets[0].Status == tickets.StatusClosed {
		t := b.Tickets[0]
		b.Tickets[0] = tickets.Ticket{
			Number: t.Number + 1, Previous: t.Number, Status: tickets.StatusOpen, CreatedAt: t.ChangedAt, ChangedAt: t.ChangedAt,
		}
		b.Conversation.Number++
	}
	g.decorate(b)
	switch g.r.IntN(12) {
	case 0:
		b.Conversation.Version += int64(g.r.IntN(3)) - 1
	case 1:
		b.Config += chatcfg.Version(g.r.IntN(3)) - 1
	case 2:
		b.Reserve = []tickets.Identity{{Kind: tickets.IdentityHost, Value: fmt.Sprint(g.r.IntN(5))}}
	}
	if g.commit(b) {
		g.batches[i] = b
	}
}

// decorate gives a batch random parts: status, wait, messages, deliveries and others.
func (g *game) decorate(b *storage.Batch) {
	t := &b.Tickets[0]
	t.Status = []tickets.Status{tickets.StatusOpen, tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed}[g.r.IntN(4)]
	t.Important, t.Wait, t.CountsFrom, t.WithBot, t.Unanswered = g.r.IntN(2) == 0, nil, time.Time{}, false, time.Time{}
	if b.Active = t.Status == tickets.StatusOpen; b.Active {
		if g.r.IntN(2) == 0 {
			t.Wait = &tickets.Wait{Since: g.instant()}
			if g.r.IntN(2) == 0 {
				t.Wait.DelayedAt = g.instant()
			}
		}
		if g.r.IntN(2) == 0 {
			t.CountsFrom = g.instant()
		}
		if t.WithBot = t.Wait == nil && g.r.IntN(2) == 0; t.WithBot {
			t.Unanswered = g.instant()
		}
	}
	b.Messages[0].From = []tickets.Author{tickets.FromCustomer, tickets.FromCustomer, tickets.FromAgent, tickets.FromRule}[g.r.IntN(4)]
	b.Wake = time.Time{}
	if g.r.IntN(2) == 0 {
		b.Wake = g.instant()
	}
	if g.r.IntN(2) == 0 {
		b.Conversation.Armed = b.Config
	}
	b.Words = []storage.Words{{Ticket: t.Number, Text: []string{"hola mundo", "hola año", "mundo ano", "holanda"}[g.r.IntN(4)]}}
	if g.r.IntN(2) == 0 {
		answer := randomAnswer(g.r)
		answer.Ticket, answer.At = t.Number, g.instant()
		b.Answers = []tickets.Answer{answer}
	}
	for range g.r.IntN(3) {
		d := delivery(b, fmt.Sprint(g.r.IntN(100)), later(g.now+g.r.IntN(10)))
		d.Repeatable = g.r.IntN(2) == 0
		d.Kind = kinds[g.r.IntN(len(kinds))]
		b.Deliveries = append(b.Deliveries, d)
	}
	if g.r.IntN(3) == 0 {
		b.Receipt = &storage.Receipt{Scope: "s", Key: fmt.Sprint(g.r.IntN(3)), Entry: b.Conversation.LastEntry}
	}
}

// claimDue claims the next conversation that is due in both stores and compares the
// answers.
func (g *game) claimDue() {
	wantWake, wanted := g.model.Conversations().NextWake(g.c.ctx)
	gotWake, err := g.store.Conversations().NextWake(g.c.ctx)
	g.both("NextWake", gotWake, wantWake, err, wanted)
	// One at a time: what is due at the same instant has no order.
	now, lease := later(g.now), g.instant()
	without := g.without()
	want, wanted := g.model.Conversations().ClaimDue(g.c.ctx, now, lease, 1, without)
	got, err := g.store.Conversations().ClaimDue(g.c.ctx, now, lease, 1, without)
	g.both("ClaimDue", append([]storage.Claim{}, got...), append([]storage.Claim{}, want...), err, wanted)
}

// without returns a random account, or mostly none, that a claim shall leave out.
func (g *game) without() []chatcfg.AccountID {
	if g.r.IntN(3) > 0 {
		return nil
	}
	return []chatcfg.AccountID{g.account().ID}
}

// claimStale claims all stale conversations in both stores and compares the answers.
func (g *game) claimStale() {
	now, lease := later(g.now), g.instant()
	without := g.without()
	want, wanted := g.model.Conversations().ClaimStale(g.c.ctx, now, lease, 1000, without)
	got, err := g.store.Conversations().ClaimStale(g.c.ctx, now, lease, 1000, without)
	for _, claims := range [][]storage.Claim{want, got} {
		slices.SortFunc(claims, func(a, b storage.Claim) int {
			return cmp.Or(bytes.Compare(a.Account.UUID[:], b.Account.UUID[:]), bytes.Compare(a.Conversation.UUID[:], b.Conversation.UUID[:]))
		})
	}
	g.both("ClaimStale", fmt.Sprint(got), fmt.Sprint(want), err, wanted)
}

// ahead compares what is dated after some instants, and recalls deliveries that are.
func (g *game) ahead() {
	changed, leased := later(g.now+g.r.IntN(20)), later(g.now+g.r.IntN(40))
	got := (&check{t: g.c.t, ctx: g.c.ctx, Store: g.store}).ahead(changed, leased, 1000)
	want := (&check{t: g.c.t, ctx: g.c.ctx, Store: g.model}).ahead(changed, leased, 1000)
	g.c.same(got, want, "Ahead %v %v", changed, leased)
	recalled, wanted := g.model.Outbox().Recall(g.c.ctx, later(g.now), changed, leased)
	n, err := g.store.Outbox().Recall(g.c.ctx, later(g.now), changed, leased)
	g.both("Outbox.Recall", n, recalled, err, wanted)
}

// claimOutbox claims some deliveries in both stores, compares the answers and remembers
// the claims for settle.
func (g *game) claimOutbox() {
	wantWake, wanted := g.model.Outbox().NextWake(g.c.ctx)
	gotWake, err := g.store.Outbox().NextWake(g.c.ctx)
	g.both("Outbox.NextWake", gotWake, wantWake, err, wanted)
	now, lease, limit := later(g.now), later(g.now+g.r.IntN(20)), 1+g.r.IntN(5)
	share := storage.Share{Each: g.r.IntN(3)}
	for range g.r.IntN(3) {
		share.Full = append(share.Full, storage.Lane{Account: g.account().ID, Kind: kinds[g.r.IntN(len(kinds))]})
	}
	want, wanted := g.model.Outbox().Claim(g.c.ctx, now, lease, limit, share)
	got, err := g.store.Outbox().Claim(g.c.ctx, now, lease, limit, share)
	g.both("Outbox.Claim", described(got), described(want), err, wanted)
	for i := range want {
		g.claimed = append(g.claimed, pair{got[i], want[i]})
	}
}

// described returns deliveries as texts, without their fences, which may differ between
// stores.
func described(list []storage.Delivery) []string {
	lines := []string{}
	for _, d := range list {
		d.Fence = 0
		lines = append(lines, fmt.Sprintf("%+v", d))
	}
	return lines
}

// settle settles a claimed delivery in both stores, sometimes one that was settled
// before or has been claimed again, and compares the answers.
func (g *game) settle() {
	if len(g.claimed) == 0 {
		return
	}
	d := g.claimed[g.r.IntN(len(g.claimed))]
	state := []storage.DeliveryState{storage.Sent, storage.Dead, storage.Unknown, storage.Pending}[g.r.IntN(4)]
	next := later(g.now + g.r.IntN(10))
	for _, one := range []*storage.Delivery{&d.got, &d.want} {
		one.State, one.Error, one.SettledAt, one.NotBefore = state, "why", later(g.now), next
		one.Attempts -= int(next.Unix()) % 2
	}
	wanted := g.model.Outbox().Settle(g.c.ctx, d.want)
	g.both("Outbox.Settle", nil, nil, g.store.Outbox().Settle(g.c.ctx, d.got), wanted)
}

// replay replays a random delivery in both stores, a dead one, another, or one that
// does not exist, and compares the answers.
func (g *game) replay() {
	a, key, now := g.account().ID, fmt.Sprint(g.r.IntN(100)), later(g.now)
	if len(g.claimed) > 0 {
		d := g.claimed[g.r.IntN(len(g.claimed))].want
		a, key = d.Account, d.Key
	}
	wanted := g.model.Outbox().Replay(g.c.ctx, a, key, now)
	g.both("Outbox.Replay", nil, nil, g.store.Outbox().Replay(g.c.ctx, a, key, now), wanted)
}

// prune prunes the outbox of both stores and compares the answers.
func (g *game) prune() {
	before := later(g.now - g.r.IntN(50))
	want, wanted := g.model.Outbox().Prune(g.c.ctx, before, 1000)
	got, err := g.store.Outbox().Prune(g.c.ctx, before, 1000)
	g.both("Outbox.Prune", got, want, err, wanted)
}

// mark raises the marks of a conversation in both stores, or tries to lower them, and
// compares the answers.
func (g *game) mark() {
	if len(g.batches) == 0 {
		return
	}
	b := g.batches[g.r.IntN(len(g.batches))]
	a, id, marks := b.Conversation.Account, b.Conversation.ID, tickets.Marks{Agent: int64(g.r.IntN(4)), Customer: int64(g.r.IntN(4))}
	wanted := g.model.Sessions().Raise(g.c.ctx, a, id, marks)
	g.both("Sessions.Raise", nil, nil, g.store.Sessions().Raise(g.c.ctx, a, id, marks), wanted)
}

// presence stores and reads a roster in both stores, sometimes of a wrong revision, and
// compares the answers.
func (g *game) presence() {
	a := g.account().ID
	r := tickets.Roster{Absence: int64(g.now), Revision: int64(g.r.IntN(4))}
	wanted := g.model.Presence().Put(g.c.ctx, a, r)
	g.both("Presence.Put", nil, nil, g.store.Presence().Put(g.c.ctx, a, r), wanted)
	want, wanted := g.model.Presence().Get(g.c.ctx, a)
	got, err := g.store.Presence().Get(g.c.ctx, a)
	g.both("Presence.Get", got, want, err, wanted)
}

// query reads a random list, report and count from both stores and compares the
// answers.
func (g *game) query() {
	a := g.account()
	q := storage.TicketQuery{
		Account: a.ID, Important: g.r.IntN(3) == 0, Delayed: g.r.IntN(5) == 0,
		WithBot: g.r.IntN(5) == 0,
		Status:  []tickets.Status{"", tickets.StatusOpen, tickets.StatusIgnored, tickets.StatusClosed}[g.r.IntN(4)],
		Words:   [][]string{nil, {"hola"}, {"hola", "m"}, {"ano"}, {"año", "mundo"}}[g.r.IntN(5)],
		Order:   []storage.Order{storage.ByChange, storage.ByWaiting}[g.r.IntN(2)],

		Preview: g.r.IntN(2) == 0,
	}
	limit := g.r.IntN(4)
	g.c.same(g.rows(g.store, q, limit), g.rows(g.model, q, limit), "Tickets %+v", q)

	from, to := g.instant(), g.instant()
	of := storage.ReportQuery{
		From: from, To: to, Zone: time.FixedZone("", 4500),
		By: []tickets.Grouping{"", tickets.ByAgent, tickets.ByTeam, tickets.ByCategory, tickets.ByHour, tickets.ByWeekday}[g.r.IntN(6)],
	}
	want, wanted := g.model.Queries().Report(g.c.ctx, a.ID, of)
	got, err := g.store.Queries().Report(g.c.ctx, a.ID, of)
	g.both("Report", got, want, err, wanted)
	for _, by := range []storage.Instant{storage.CountsFrom, storage.WaitsSince} {
		want, wanted := g.model.Queries().Count(g.c.ctx, a.ID, by, from, to)
		got, err := g.store.Queries().Count(g.c.ctx, a.ID, by, from, to)
		g.both("Count", got, want, err, wanted)
	}
}

// rows returns the tickets of a query, sorted by ID: the order of equals is open. A
// wrong order stops the check.
func (g *game) rows(s storage.Store, q storage.TicketQuery, limit int) []storage.TicketRow {
	on := &check{t: g.c.t, ctx: g.c.ctx, Store: s}
	rows := on.list(q, limit)
	ordered(on, q.Order, rows)
	slices.SortFunc(rows, func(a, b storage.TicketRow) int {
		return cmp.Or(bytes.Compare(a.Conversation.UUID[:], b.Conversation.UUID[:]), cmp.Compare(a.Number, b.Number))
	})
	return rows
}

// compare stops the check unless both stores hold the same of an account.
func (g *game) compare(a *chatcfg.Account) {
	got := &check{t: g.c.t, ctx: g.c.ctx, Store: g.store}
	want := &check{t: g.c.t, ctx: g.c.ctx, Store: g.model}
	q := storage.TicketQuery{Account: a.ID, Preview: true}
	g.c.same(g.rows(g.store, q, 0), g.rows(g.model, q, 0), "tickets at the end")
	for _, state := range []storage.DeliveryState{storage.Pending, storage.Sending, storage.Sent, storage.Dead, storage.Unknown} {
		g.c.same(described(got.deliveries(a.ID, state, 3)), described(want.deliveries(a.ID, state, 3)), "deliveries %s at the end", state)
	}
	changes, _ := got.follow(a.ID, "", 3)
	wanted, _ := want.follow(a.ID, "", 0)
	g.c.same(latest(g.c, changes), latest(g.c, wanted), "feed at the end")
	for _, b := range g.batches {
		if b.Conversation.Account != a.ID {
			continue
		}
		id := b.Conversation.ID
		g.c.same(got.messages(a.ID, id), want.messages(a.ID, id), "messages at the end")
		g.c.same(got.history(a.ID, id), want.history(a.ID, id), "history at the end")
		for key := range 3 {
			query := storage.LoadQuery{Account: a.ID, Conversation: id, Ticket: 1, Scope: "s", Key: fmt.Sprint(key)}
			w, wanted := g.model.Conversations().Load(g.c.ctx, query)
			l, err := g.store.Conversations().Load(g.c.ctx, query)
			g.both("Load at the end", l, w, err, wanted)
		}
	}
}
