package storagetest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var commitChecks = []test{
	{"commit/versions", checkVersions},
	{"commit/refusals", checkRefusals},
	{"commit/identities", checkIdentities},
	{"commit/receipts", checkReceipts},
	{"commit/session", checkWriter},
	{"commit/all or nothing", checkAllOrNothing},
	{"commit/older ticket", checkOlderTicket},
	{"commit/one ticket not closed", checkOneTicket},
}

var loadChecks = []test{
	{"load/by session", checkLoadBySession},
	{"load/nothing", checkLoadNothing},
	{"load/copies", checkCopies},
}

// checkVersions checks that a commit raises the conversation's version by one, and any
// other version is refused.
func checkVersions(c *check) {
	a := c.account()
	b := c.first(a)
	wrong := *b
	for _, version := range []int64{0, 2, 7, -1} {
		wrong.Conversation.Version = version
		c.is(c.Conversations().Commit(c.ctx, &wrong), storage.ErrConflict, "Commit of version %d on none", version)
	}
	c.commit(b)
	c.is(c.Conversations().Commit(c.ctx, b), storage.ErrConflict, "the same Commit again")
	second := c.next(b)
	c.commit(second)
	for _, version := range []int64{0, 1, 2, 4} {
		third := c.next(second)
		third.Conversation.Version = version
		c.is(c.Conversations().Commit(c.ctx, third), storage.ErrConflict, "Commit of version %d on 2", version)
	}
	l := c.load(a.ID, b.Conversation.ID)
	c.same(l.Conversation, second.Conversation, "Load after two commits")
	c.same(l.Ticket, second.Tickets[0], "Load after two commits")
	c.same(l.Account, a, "Load after two commits")
	c.same(c.messages(a.ID, b.Conversation.ID), []tickets.Message{b.Messages[0], second.Messages[0]}, "Messages after two commits")
	c.same(c.history(a.ID, b.Conversation.ID), []tickets.Entry{b.Entries[0], second.Entries[0]}, "History after two commits")

	// A batch may say nothing but that the version is one more.
	third := c.next(second)
	third.Tickets, third.Messages, third.Entries = nil, nil, nil
	c.commit(third)
	c.same(c.load(a.ID, b.Conversation.ID).Conversation, third.Conversation, "Load after a bare commit")
}

// checkRefusals checks that a commit is refused without an account and under another
// version or revision of it.
func checkRefusals(c *check) {
	a := c.account()
	b := c.begin(a, nil)
	unknown := c.first(c.newAccount())
	c.is(c.Conversations().Commit(c.ctx, unknown), storage.ErrNotFound, "Commit in no account")

	raised := c.raise(a)
	stale := c.next(b)
	c.is(c.Conversations().Commit(c.ctx, stale), storage.ErrConfigChanged, "Commit under an older version")
	c.is(c.Conversations().Commit(c.ctx, c.first(a)), storage.ErrConfigChanged, "Commit of a new conversation under an older version")
	stale.Config = raised.Version + 1
	c.is(c.Conversations().Commit(c.ctx, stale), storage.ErrConfigChanged, "Commit under a version that is not there yet")
	stale.Config = raised.Version
	c.commit(stale)

	// A save that does not raise the version disturbs no commit.
	saved := c.save(raised, func(a *chatcfg.Account) { a.Name = "Otra" })
	stale = c.commit(c.next(stale))

	// Unless the batch names the revision that it was decided under.
	for _, batch := range []func() *storage.Batch{func() *storage.Batch { return c.next(stale) }, func() *storage.Batch { return c.first(saved) }} {
		b := batch()
		b.AccountRevision = raised.Revision
		c.is(c.Conversations().Commit(c.ctx, b), storage.ErrConflict, "Commit under an older revision of the account")
		b.AccountRevision = saved.Revision
		c.commit(b)
	}
}

// checkIdentities checks that at most one conversation of an account holds an identity,
// that identities are compared by kind and exact value, and that a refused commit
// reserves none.
func checkIdentities(c *check) {
	a, other := c.account(), c.account()
	mail := tickets.Identity{Kind: tickets.IdentityClaimedEmail, Value: "ana@example.com"}
	holder := func(a chatcfg.Account, id tickets.Identity) tickets.ConversationID {
		got, err := c.Sessions().Holder(c.ctx, a.ID, id)
		c.must(err, "Sessions.Holder")
		return got
	}
	c.that(holder(a, mail).IsZero(), "Holder of what nobody holds")
	first := c.begin(a, func(b *storage.Batch) { b.Reserve = append(b.Reserve, mail) })
	c.same(holder(a, mail), first.Conversation.ID, "Holder")
	c.same(holder(a, first.Conversation.Identity), first.Conversation.ID, "Holder of the second identity")

	taker := c.first(a)
	taker.Reserve = append(taker.Reserve, mail)
	c.is(c.Conversations().Commit(c.ctx, taker), storage.ErrConflict, "Commit that takes another's identity")
	c.that(holder(a, taker.Conversation.Identity).IsZero(), "a failed Commit reserved its other identity")

	// Kinds and values are apart, to the letter.
	for _, id := range []tickets.Identity{
		{Kind: tickets.IdentityProvider, Value: mail.Value},
		{Kind: mail.Kind, Value: "Ana@example.com"},
		{Kind: mail.Kind, Value: "ana@example.com "},
		{Kind: mail.Kind, Value: "ána@example.com"},
		{Kind: mail.Kind, Value: ""},
	} {
		c.that(holder(a, id).IsZero(), "Holder of %v", id)
		b := c.begin(a, func(b *storage.Batch) { b.Reserve = []tickets.Identity{id} })
		c.same(holder(a, id), b.Conversation.ID, "Holder of %v", id)
	}
	// An account's identities are its own.
	c.that(holder(other, mail).IsZero(), "Holder in another account")
	b := c.begin(other, func(b *storage.Batch) { b.Reserve = []tickets.Identity{mail} })
	c.same(holder(other, mail), b.Conversation.ID, "Holder in the other account")
	c.same(holder(a, mail), first.Conversation.ID, "Holder in the first account")

	// Nor does one that is stored take another's, whether it was loaded just now or not.
	second := c.begin(a, nil)
	for _, loads := range []bool{false, true} {
		for _, wanted := range [][]tickets.Identity{{mail}, {second.Conversation.Identity, mail}} {
			if loads {
				c.load(a.ID, second.Conversation.ID)
			}
			late := c.next(second)
			late.Reserve = wanted
			c.is(c.Conversations().Commit(c.ctx, late), storage.ErrConflict, "later Commit that takes another's identity")
			c.same(holder(a, mail), first.Conversation.ID, "Holder of what another wanted later")
		}
	}

	// What it holds it may reserve again; more may come later.
	again := c.next(first)
	host := tickets.Identity{Kind: tickets.IdentityHost, Value: "u1"}
	again.Reserve = []tickets.Identity{mail, host}
	c.commit(again)
	c.same(holder(a, host), first.Conversation.ID, "Holder of a later identity")
	c.same(holder(a, mail), first.Conversation.ID, "Holder of what was reserved twice")
}

// checkWriter checks that a batch of a session that has changed since it was loaded is
// refused.
func checkWriter(c *check) {
	a, other := c.account(), c.account()
	s := tickets.Session{ID: c.sessionID(), Account: a.ID, CreatedAt: base, ExpiresAt: later(1000), Revision: 1}
	c.must(c.Sessions().Create(c.ctx, s), "Sessions.Create")
	by := func(id tickets.SessionID, revision int64) func(*storage.Batch) {
		return func(b *storage.Batch) { b.Session, b.SessionRevision = id, revision }
	}
	b := c.begin(a, by(s.ID, 1))
	s.Revision, s.EndedAt = 2, later(1)
	c.must(c.Sessions().Save(c.ctx, s), "Sessions.Save")
	for _, stale := range []*storage.Batch{c.next(b), c.first(a)} {
		by(s.ID, 1)(stale)
		c.is(c.Conversations().Commit(c.ctx, stale), storage.ErrConflict, "Commit of a session that changed")
	}
	now := c.next(b)
	by(s.ID, 2)(now)
	c.commit(now)
	ghost := c.first(a)
	by(c.sessionID(), 0)(ghost)
	c.is(c.Conversations().Commit(c.ctx, ghost), storage.ErrConflict, "Commit of a session that there is not")
	foreign := c.first(other)
	by(s.ID, 2)(foreign)
	c.is(c.Conversations().Commit(c.ctx, foreign), storage.ErrConflict, "Commit of another account's session")
}

// checkReceipts checks that a receipt is read by its conversation, scope and key only,
// and never replaced: a second one under its key is refused.
func checkReceipts(c *check) {
	a := c.account()
	r := storage.Receipt{Scope: "session:1", Key: "k1", Hash: [32]byte{1, 31: 9}, Entry: 1, Ticket: 1, Seq: 1, At: base}
	b := c.begin(a, func(b *storage.Batch) { b.Receipt = &r })
	beside := c.begin(a, nil)
	read := func(conv tickets.ConversationID, scope, key string) *storage.Receipt {
		l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Conversation: conv, Scope: scope, Key: key})
		c.must(err, "Load")
		return l.Receipt
	}
	c.same(read(b.Conversation.ID, r.Scope, r.Key), &r, "Receipt")
	for _, q := range [][2]string{{"session:1", ""}, {"", ""}, {"session:2", "k1"}, {"session:1", "K1"}, {"session:1", "k"}, {"k1", "session:1"}} {
		c.that(read(b.Conversation.ID, q[0], q[1]) == nil, "Receipt of %q", q)
	}
	c.that(read(beside.Conversation.ID, r.Scope, r.Key) == nil, "Receipt of another conversation")

	again := c.next(b)
	again.Receipt = &storage.Receipt{Scope: r.Scope, Key: r.Key, Entry: 2}
	c.is(c.Conversations().Commit(c.ctx, again), storage.ErrConflict, "Commit with a receipt that is there")
	again.Receipt = &storage.Receipt{Scope: r.Scope, Key: "k2", Entry: 2}
	c.commit(again)
	c.same(read(b.Conversation.ID, r.Scope, "k1"), &r, "the first receipt")
	c.same(read(b.Conversation.ID, r.Scope, "k2"), again.Receipt, "the second receipt")
}

// checkOneTicket checks R3.2: the store itself holds at most one ticket of a
// conversation that is not closed, whatever a batch says, and however its tickets are
// ordered.
func checkOneTicket(c *check) {
	a := c.account()
	b := c.begin(a, nil)
	statuses := func(batch *storage.Batch, list ...tickets.Status) *storage.Batch {
		one := batch.Tickets[0]
		batch.Tickets = nil
		for i, status := range list {
			one.Number, one.Status = tickets.Number(i+1), status
			batch.Tickets = append(batch.Tickets, one)
		}
		return batch
	}
	refused := func(batch *storage.Batch) {
		id := batch.Conversation.ID
		before := c.load(a.ID, id)
		c.is(c.Conversations().Commit(c.ctx, batch), storage.ErrNotDone, "Commit of two tickets that are not closed")
		c.same(c.load(a.ID, id), before, "conversation after a Commit of two tickets that are not closed")
	}
	refused(statuses(c.next(b), tickets.StatusOpen, tickets.StatusOpen))
	refused(statuses(c.next(b), tickets.StatusOpen, tickets.StatusIgnored))
	refused(statuses(c.first(a), tickets.StatusIgnored, tickets.StatusOpen))
	beside := statuses(c.next(b), tickets.StatusOpen, tickets.StatusOpen)
	beside.Tickets = beside.Tickets[1:] // the first one is stored as open
	refused(beside)

	// One closes and the other opens, in whichever order they are given.
	moved := statuses(c.next(b), tickets.StatusClosed, tickets.StatusOpen)
	slices.Reverse(moved.Tickets)
	c.commit(moved)
	back := statuses(c.next(moved), tickets.StatusOpen, tickets.StatusClosed)
	c.commit(back)
	c.same(len(c.list(storage.TicketQuery{Account: a.ID, Status: tickets.StatusOpen}, 0)), 1, "open tickets")
}

// checkAllOrNothing checks that a batch that is refused for any reason leaves no trace
// of any of its parts, and no claim, count or answer.
func checkAllOrNothing(c *check) {
	a := c.account()
	taken := c.begin(a, nil)
	was := c.next(taken)
	c.commit(was)
	full := func(b *storage.Batch) *storage.Batch {
		b.Tickets[0].Important = true
		b.Tickets[0].CountsFrom = base
		b.Deliveries = []storage.Delivery{delivery(b, "never", base)}
		b.Answers = []tickets.Answer{{Ticket: 1, Since: base, At: base, Waited: tickets.Span(time.Second), First: true}}
		b.Words = []storage.Words{{Ticket: 1, Text: "nunca"}}
		b.Receipt = &storage.Receipt{Scope: "s", Key: "never"}
		b.Reserve = append([]tickets.Identity{{Kind: tickets.IdentityHost, Value: "never"}}, b.Reserve...)
		b.Wake = base
		return b
	}
	refusals := []struct {
		what string
		make func() *storage.Batch
		want error
	}{
		{"a taken identity, new conversation", func() *storage.Batch {
			b := full(c.first(a))
			b.Reserve = append(b.Reserve, taken.Conversation.Identity)
			return b
		}, storage.ErrConflict},
		{"a taken identity", func() *storage.Batch {
			b := full(c.next(c.begin(a, nil)))
			b.Reserve = append(b.Reserve, taken.Conversation.Identity)
			return b
		}, storage.ErrConflict},
		{"a version that is gone", func() *storage.Batch { return full(c.next(taken)) }, storage.ErrConflict},
		{"an older configuration", func() *storage.Batch {
			b := full(c.next(was))
			b.Config--
			return b
		}, storage.ErrConfigChanged},
	}
	for _, r := range refusals {
		b := r.make()
		id := b.Conversation.ID
		before := c.load(a.ID, id)
		messages, entries := c.messages(a.ID, id), c.history(a.ID, id)
		changes, _ := c.follow(a.ID, "", 0)

		c.is(c.Conversations().Commit(c.ctx, b), r.want, "Commit with %s", r.what)

		c.same(c.load(a.ID, id), before, "conversation after a Commit with %s", r.what)
		c.same(c.messages(a.ID, id), messages, "messages after a Commit with %s", r.what)
		c.same(c.history(a.ID, id), entries, "history after a Commit with %s", r.what)
		now, _ := c.follow(a.ID, "", 0)
		c.same(now, changes, "feed after a Commit with %s", r.what)
	}
	c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 0, "deliveries of refused commits")
	c.same(len(c.list(storage.TicketQuery{Account: a.ID, Words: []string{"nunca"}}, 0)), 0, "words of refused commits")
	c.same(len(c.list(storage.TicketQuery{Account: a.ID, Important: true}, 0)), 0, "tickets of refused commits")
	l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Conversation: taken.Conversation.ID, Scope: "s", Key: "never"})
	c.must(err, "Load")
	c.that(l.Receipt == nil, "receipt of a refused commit")
	holder, err := c.Sessions().Holder(c.ctx, a.ID, tickets.Identity{Kind: tickets.IdentityHost, Value: "never"})
	c.must(err, "Sessions.Holder")
	c.that(holder.IsZero(), "identity of a refused commit")
	wake, err := c.Conversations().NextWake(c.ctx)
	c.must(err, "NextWake")
	c.that(wake.IsZero(), "deadline of a refused commit: %v", wake)
	n, err := c.Queries().Count(c.ctx, a.ID, storage.CountsFrom, base.Add(-1), later(1))
	c.must(err, "Queries.Count")
	c.same(n, 0, "count after refused commits")
	report, err := c.Queries().Report(c.ctx, a.ID, storage.ReportQuery{From: base, To: later(1)})
	c.must(err, "Queries.Report")
	c.same(report.All, tickets.Times{}, "answers of refused commits")
}

// checkOlderTicket checks that an older ticket can be loaded and changed beside the
// latest.
func checkOlderTicket(c *check) {
	a := c.account()
	b := c.begin(a, func(b *storage.Batch) {
		b.Tickets[0].Status, b.Tickets[0].Reason = tickets.StatusClosed, tickets.ReasonManual
	})
	second := c.next(b)
	second.Conversation.Number = 2
	second.Tickets[0].Number, second.Tickets[0].Previous = 2, 1
	second.Tickets[0].Status, second.Tickets[0].Reason = tickets.StatusOpen, ""
	c.commit(second)
	read := func(n tickets.Number) storage.Loaded {
		l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Conversation: b.Conversation.ID, Ticket: n})
		c.must(err, "Load")
		c.same(l.Ticket, second.Tickets[0], "Loaded.Ticket with Ticket %d", n)
		return l
	}
	c.same(read(1).Older, &b.Tickets[0], "Loaded.Older")
	for _, n := range []tickets.Number{0, 2, 3, -1} {
		c.that(read(n).Older == nil, "Loaded.Older of ticket %d", n)
	}
	// A batch may change the older one and leave the latest.
	third := c.next(second)
	older := b.Tickets[0]
	older.Typification = &tickets.Typification{Category: "venta"}
	third.Tickets = []tickets.Ticket{older}
	c.commit(third)
	c.same(read(1).Older, &older, "Loaded.Older after its change")
	for n, want := range map[tickets.Number]tickets.Ticket{0: second.Tickets[0], 1: older, 2: second.Tickets[0]} {
		got, err := c.Queries().Ticket(c.ctx, tickets.Ref{Account: a.ID, Conversation: b.Conversation.ID, Number: n})
		c.must(err, "Queries.Ticket %d", n)
		c.same(got, want, "Queries.Ticket %d", n)
	}
	for _, ref := range []tickets.Ref{
		{Account: a.ID, Conversation: b.Conversation.ID, Number: 3},
		{Account: a.ID, Conversation: c.conversationID()},
		{Account: c.account().ID, Conversation: b.Conversation.ID, Number: 1},
	} {
		_, err := c.Queries().Ticket(c.ctx, ref)
		c.is(err, storage.ErrNotFound, "Queries.Ticket %v", ref)
	}
}

// checkLoadBySession checks that Load finds a session's conversation by its ID, else by
// its identity.
func checkLoadBySession(c *check) {
	a := c.account()
	b := c.begin(a, nil)
	at := func(s tickets.Session) storage.Loaded {
		s.ID, s.Account, s.Revision = c.sessionID(), a.ID, 1
		c.must(c.Sessions().Create(c.ctx, s), "Sessions.Create")
		l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Session: s.ID})
		c.must(err, "Load by session")
		c.same(l.Session, s, "Loaded.Session")
		c.same(l.Account, a, "Loaded.Account")
		return l
	}
	nobody := tickets.Identity{Kind: tickets.IdentityHost, Value: "nobody"}
	l := at(tickets.Session{Conversation: b.Conversation.ID, Identity: nobody})
	c.same(l.Conversation, b.Conversation, "Load by a session's conversation")
	c.same(l.Ticket, b.Tickets[0], "Load by a session's conversation")
	l = at(tickets.Session{Conversation: c.conversationID(), Identity: b.Conversation.Identity})
	c.same(l.Conversation, b.Conversation, "Load by a session's identity")
	other := c.begin(a, nil)
	l = at(tickets.Session{Conversation: other.Conversation.ID, Identity: b.Conversation.Identity})
	c.same(l.Conversation, other.Conversation, "Load by a session with both: the conversation comes first")
	l = at(tickets.Session{Conversation: c.conversationID(), Identity: nobody})
	c.same(l.Conversation, tickets.Conversation{}, "Load by a session that did not write yet")
	c.same(l.Ticket, tickets.Ticket{}, "Load by a session that did not write yet")

	_, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Session: c.sessionID()})
	c.is(err, storage.ErrNotFound, "Load by a session that does not exist")
}

// checkLoadNothing checks that Load of a conversation that does not exist returns only
// the account, and fails with ErrNotFound in an account that does not exist.
func checkLoadNothing(c *check) {
	a := c.account()
	l := c.load(a.ID, c.conversationID())
	c.same(l, storage.Loaded{Account: a}, "Load of a conversation that does not exist")
	_, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: c.newAccount().ID, Conversation: c.conversationID()})
	c.is(err, storage.ErrNotFound, "Load in an account that does not exist")
}

// checkCopies checks that what a caller changes in a value that it gave or got does not
// change the store.
func checkCopies(c *check) {
	a := c.newAccount()
	a.Secrets = []chatcfg.Secret{{PublicKey: []byte{1, 2, 3}, CreatedAt: base}}
	c.must(c.Accounts().Create(c.ctx, a), "Create")
	spoilAccount := func(a chatcfg.Account) { a.Secrets[0].PublicKey[0]++ }
	b := c.first(a)
	t := &b.Tickets[0]
	t.Wait = &tickets.Wait{Since: base}
	t.Typification = &tickets.Typification{Category: "venta", Fields: map[string]string{"a": "1"}}
	t.Metadata, t.Notified = map[string]string{"m": "1"}, []string{"x@example.com"}
	b.Conversation.Links = []tickets.ConversationID{c.conversationID()}
	b.Entries[0].Facts = []tickets.Fact{{Kind: tickets.FactCreated}}
	b.Receipt = &storage.Receipt{Scope: "s", Key: "k", Entry: 1}
	b.Deliveries = []storage.Delivery{delivery(b, "d", base)}
	c.commit(b)
	spoil := func(l *storage.Loaded) {
		t := &l.Ticket
		t.Wait.Since, t.Typification.Category = later(99), "spoilt"
		t.Typification.Fields["a"], t.Metadata["m"], t.Notified[0] = "spoilt", "spoilt", "spoilt"
		l.Conversation.Links[0] = tickets.ConversationID{}
		l.Receipt.Entry = 99
		spoilAccount(l.Account)
	}
	load := func() storage.Loaded {
		l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Conversation: b.Conversation.ID, Scope: "s", Key: "k"})
		c.must(err, "Load")
		return l
	}
	read := func() string {
		text, err := json.Marshal(load())
		c.must(err, "JSON of a Load")
		return string(text)
	}
	given := read()
	spoil(&storage.Loaded{Account: a, Conversation: b.Conversation, Ticket: b.Tickets[0], Receipt: b.Receipt})
	b.Entries[0].Facts[0].Kind = tickets.FactLinked
	b.Deliveries[0].Body[0] = 'X'
	c.same(read(), given, "Load after the caller changed what it committed")
	got := load()
	spoil(&got)
	c.same(read(), given, "Load after the caller changed what it loaded")

	ref := tickets.Ref{Account: a.ID, Conversation: b.Conversation.ID}
	c.same(c.history(a.ID, ref.Conversation)[0].Facts[0].Kind, tickets.FactCreated, "History after the caller changed what it committed")
	c.history(a.ID, ref.Conversation)[0].Facts[0].Kind = tickets.FactLinked
	c.same(c.history(a.ID, ref.Conversation)[0].Facts[0].Kind, tickets.FactCreated, "History after the caller changed what it read")
	c.list(storage.TicketQuery{Account: a.ID}, 0)[0].Metadata["m"] = "spoilt"
	one, err := c.Queries().Ticket(c.ctx, ref)
	c.must(err, "Queries.Ticket")
	one.Metadata["m"] = "spoilt"
	account, err := c.Accounts().Get(c.ctx, a.ID)
	c.must(err, "Accounts.Get")
	spoilAccount(account)
	c.same(read(), given, "Load after the caller changed rows")

	c.deliveries(a.ID, storage.Pending, 0)[0].Body[0] = 'X'
	claimed, err := c.Outbox().Claim(c.ctx, base, later(1), 1, storage.Share{})
	c.must(err, "Outbox.Claim")
	c.same(string(claimed[0].Body), "body of d", "body of a claimed delivery")
	claimed[0].Body[0] = 'X'
	c.same(string(c.deliveries(a.ID, storage.Sending, 0)[0].Body), "body of d", "body of a listed delivery")

	roster := tickets.Roster{Agents: map[tickets.AgentID]time.Time{"ana": base}, Revision: 1}
	c.must(c.Presence().Put(c.ctx, a.ID, roster), "Presence.Put")
	roster.Agents["eva"] = base
	for range 2 {
		stored, err := c.Presence().Get(c.ctx, a.ID)
		c.must(err, "Presence.Get")
		c.same(len(stored.Agents), 1, "agents in the roster")
		stored.Agents["ida"] = base
	}
	s := tickets.Session{ID: c.sessionID(), Account: a.ID, TokenHash: []byte{1}, Revision: 1}
	c.must(c.Sessions().Create(c.ctx, s), "Sessions.Create")
	s.TokenHash[0] = 2
	for range 2 {
		stored, err := c.Sessions().Get(c.ctx, a.ID, s.ID)
		c.must(err, "Sessions.Get")
		c.same(stored.TokenHash[0], byte(1), "token hash")
		stored.TokenHash[0] = 3
	}
}
