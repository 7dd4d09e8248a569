package storagetest

import (
	"fmt"
	"slices"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var accountChecks = []test{
	{"accounts/create", checkCreate},
	{"accounts/list", checkAccountList},
	{"accounts/save", checkSave},
	{"accounts/save race", checkSaveRace},
	{"accounts/documents", checkDocuments},
	{"accounts/deleted", checkDeleted},
	{"accounts/purge", checkPurge},
}

// checkCreate checks Accounts.Create, Get and Find: IDs and keys are unique, also when
// many create at once, and a refused Create stores nothing.
func checkCreate(c *check) {
	p := c.Accounts()
	a := c.account()
	got, err := p.Get(c.ctx, a.ID)
	c.must(err, "Get")
	c.same(got, a, "Get")
	got, err = p.Find(c.ctx, a.Key)
	c.must(err, "Find")
	c.same(got, a, "Find")

	taken := c.newAccount()
	taken.ID = a.ID
	c.is(p.Create(c.ctx, taken), storage.ErrExists, "Create with a taken ID")
	taken = c.newAccount()
	taken.Key = a.Key
	c.is(p.Create(c.ctx, taken, storage.Document{Name: "config", Version: 1}), storage.ErrExists, "Create with a taken key")
	_, err = p.Get(c.ctx, taken.ID)
	c.is(err, storage.ErrNotFound, "Get after a failed Create")
	_, err = p.Document(c.ctx, taken.ID, "config", 1)
	c.is(err, storage.ErrNotFound, "Document after a failed Create")

	_, err = p.Get(c.ctx, c.newAccount().ID)
	c.is(err, storage.ErrNotFound, "Get of nothing")
	_, err = p.Get(c.ctx, chatcfg.AccountID{})
	c.is(err, storage.ErrNotFound, "Get of the zero ID")
	for _, key := range []string{"", "none", a.Key + " ", a.Key[:len(a.Key)-1], "%", "key-%", "KEY" + a.Key[3:]} {
		_, err = p.Find(c.ctx, key)
		c.is(err, storage.ErrNotFound, "Find(%q)", key)
	}

	// Many at once with one ID and one key: one is first.
	one, made := c.newAccount(), make([]bool, 16)
	c.race(len(made), func(i int) {
		mine := one
		if i%2 == 0 {
			mine.ID = c.newAccount().ID
		}
		err := p.Create(c.ctx, mine)
		if made[i] = err == nil; err != nil {
			c.is(err, storage.ErrExists, "Create at once")
		}
	})
	c.same(len(slices.DeleteFunc(made, func(ok bool) bool { return !ok })), 1, "Create at once: how many succeeded")
}

// checkAccountList checks that Accounts.List has every account once, in order, without
// deleted ones and with or without hidden ones, with any limit.
func checkAccountList(c *check) {
	p := c.Accounts()
	var shown, all []chatcfg.AccountID
	for i := range 7 {
		a := c.newAccount()
		a.Hidden = i%3 == 1
		c.must(p.Create(c.ctx, a), "Create")
		if i == 4 {
			c.remove(a)
			continue
		}
		all = append(all, a.ID)
		if !a.Hidden {
			shown = append(shown, a.ID)
		}
	}
	read := func(hidden bool, limit int) (ids []chatcfg.AccountID) {
		var after chatcfg.AccountID
		for range 100 {
			page, err := p.List(c.ctx, after, hidden, limit)
			c.must(err, "List")
			c.that(limit == 0 || len(page) <= limit, "List: %d with limit %d", len(page), limit)
			if len(page) == 0 {
				return ids
			}
			for _, a := range page {
				ids = append(ids, a.ID)
			}
			after = ids[len(ids)-1]
		}
		c.failf("List never ends")
		return nil
	}
	for _, limit := range []int{0, 1, 2, 3, 1_000_000} {
		c.same(read(true, limit), all, "List with hidden ones, limit %d", limit)
		c.same(read(false, limit), shown, "List without hidden ones, limit %d", limit)
	}
	// After an ID that does not exist it goes on behind it.
	page, err := p.List(c.ctx, all[3], true, 1)
	c.must(err, "List")
	c.same(page[0].ID, all[4], "List after an account next to a deleted one")
}

// checkSave checks that Accounts.Save replaces an account of the revision before; any
// other, or one that does not exist, it refuses, and stores nothing.
func checkSave(c *check) {
	p := c.Accounts()
	a := c.account()
	changed := c.save(a, func(a *chatcfg.Account) {
		a.Name, a.Hidden, a.Version, a.SavedAt = "Otra", true, 2, later(5)
	})
	got, err := p.Get(c.ctx, a.ID)
	c.must(err, "Get")
	c.same(got, changed, "Get after Save")

	for _, revision := range []int64{0, 1, 2, 4} {
		stale := changed
		stale.Revision, stale.Name = revision, "stale"
		c.is(p.Save(c.ctx, stale, storage.Document{Name: "config", Version: 9}), storage.ErrConflict, "Save of revision %d on 2", revision)
	}
	got, err = p.Find(c.ctx, a.Key)
	c.must(err, "Find")
	c.same(got, changed, "Find after failed saves")
	_, err = p.Document(c.ctx, a.ID, "config", 9)
	c.is(err, storage.ErrNotFound, "Document of a failed Save")

	none := c.newAccount()
	none.Revision = 1
	c.is(p.Save(c.ctx, none), storage.ErrNotFound, "Save of nothing")
}

// checkSaveRace checks that of saves at once none is lost.
func checkSaveRace(c *check) {
	a := c.account()
	const workers, each = 8, 5
	c.race(workers, func(int) {
		for done := 0; done < each; {
			now, err := c.Accounts().Get(c.ctx, a.ID)
			c.must(err, "Get")
			now.Revision++
			now.Version++
			err = c.Accounts().Save(c.ctx, now)
			if err == nil {
				done++
				continue
			}
			c.is(err, storage.ErrConflict, "Save at once")
		}
	})
	now, err := c.Accounts().Get(c.ctx, a.ID)
	c.must(err, "Get")
	c.same(now.Version, chatcfg.Version(1+workers*each), "version after saves at once")
}

// checkDocuments checks that every version of a document stays readable, in its own
// account only, and that callers share no memory with the store.
func checkDocuments(c *check) {
	p := c.Accounts()
	a := c.newAccount()
	body := []byte(`{"v":1}`)
	c.must(p.Create(c.ctx, a, storage.Document{Name: "config", Version: 1, Body: body}), "Create")
	body[0] = 'x'
	const versions = 20
	for v := int64(2); v <= versions; v++ {
		a.Revision++
		a.Version++
		picture := []byte{0xff, 0, byte(v)}
		c.must(p.Save(c.ctx, a, storage.Document{Name: "config", Version: v, Body: fmt.Appendf(nil, `{"v":%d}`, v)},
			storage.Document{Name: "picture", Body: picture}), "Save")
	}
	for v := int64(1); v <= versions; v++ {
		got, err := p.Document(c.ctx, a.ID, "config", v)
		c.must(err, "Document config %d", v)
		c.same(string(got), fmt.Sprintf(`{"v":%d}`, v), "Document config %d", v)
	}
	got, err := p.Document(c.ctx, a.ID, "picture", 0)
	c.must(err, "Document picture")
	c.same(got, []byte{0xff, 0, versions}, "the picture that was saved last")
	got[0] = 0
	got, err = p.Document(c.ctx, a.ID, "picture", 0)
	c.must(err, "Document picture")
	c.same(got, []byte{0xff, 0, versions}, "the picture after the caller changed a copy")
	for _, none := range []storage.Document{{Name: "config", Version: 99}, {Name: "config"}, {Name: "logo"}, {Name: ""}} {
		_, err = p.Document(c.ctx, a.ID, none.Name, none.Version)
		c.is(err, storage.ErrNotFound, "Document %q %d", none.Name, none.Version)
	}
	_, err = p.Document(c.ctx, c.account().ID, "picture", 0)
	c.is(err, storage.ErrNotFound, "another account's picture")
}

// checkDeleted checks that a deleted account is read-only history (R1.6): it can be
// read, not written, and its key stays taken.
func checkDeleted(c *check) {
	p := c.Accounts()
	a := c.account()
	b := c.begin(a, func(b *storage.Batch) { b.Wake = later(10) })
	session := tickets.Session{ID: b.Conversation.Session, Account: a.ID, Conversation: b.Conversation.ID, Revision: 1}
	c.must(c.Sessions().Create(c.ctx, session), "Sessions.Create")
	c.must(c.Presence().Put(c.ctx, a.ID, tickets.Roster{Revision: 1}), "Presence.Put")
	deleted := c.remove(a)

	got, err := p.Get(c.ctx, a.ID)
	c.must(err, "Get of a deleted account")
	c.same(got, deleted, "Get of a deleted account")
	_, err = p.Find(c.ctx, a.Key)
	c.must(err, "Find of a deleted account")
	_, err = p.Document(c.ctx, a.ID, "config", 1)
	c.must(err, "Document of a deleted account")
	again := deleted
	again.Revision++
	c.is(p.Save(c.ctx, again), storage.ErrDeleted, "Save of a deleted account")
	again = c.newAccount()
	again.Key = a.Key
	c.is(p.Create(c.ctx, again), storage.ErrExists, "Create with a deleted account's key")

	c.is(c.Conversations().Commit(c.ctx, c.next(b)), storage.ErrDeleted, "Commit in a deleted account")
	c.is(c.Conversations().Commit(c.ctx, c.first(a)), storage.ErrDeleted, "Commit of a new conversation in a deleted account")
	c.is(c.Presence().Put(c.ctx, a.ID, tickets.Roster{Revision: 2}), storage.ErrDeleted, "Presence.Put in a deleted account")
	session.ID = c.sessionID()
	c.is(c.Sessions().Create(c.ctx, session), storage.ErrDeleted, "Sessions.Create in a deleted account")

	// What was there is read-only history (R1.6).
	l := c.load(a.ID, b.Conversation.ID)
	c.same(l.Conversation, b.Conversation, "conversation of a deleted account")
	c.same(l.Account, deleted, "Loaded.Account of a deleted account")
	c.same(len(c.messages(a.ID, b.Conversation.ID)), 1, "messages of a deleted account")
	c.same(len(c.list(storage.TicketQuery{Account: a.ID}, 0)), 1, "tickets of a deleted account")
}

// checkPurge checks that Accounts.Purge removes and counts everything of a deleted
// account, and nothing of another, and that the ID and key can begin anew.
func checkPurge(c *check) {
	p := c.Accounts()
	gone, kept := c.account(), c.account()
	var last *storage.Batch
	for _, a := range []chatcfg.Account{gone, kept} {
		for i := range 3 {
			b := c.begin(a, func(b *storage.Batch) {
				b.Deliveries = []storage.Delivery{delivery(b, fmt.Sprint("d", i), base)}
				b.Words = []storage.Words{{Ticket: 1, Text: "hola"}}
				b.Receipt = &storage.Receipt{Scope: "s", Key: "k"}
				b.Answers = []tickets.Answer{{Ticket: 1, Since: base, At: base}}
			})
			c.commit(c.next(b))
			session := tickets.Session{ID: b.Conversation.Session, Account: a.ID, Conversation: b.Conversation.ID, Revision: 1}
			c.must(c.Sessions().Create(c.ctx, session), "Sessions.Create")
			if a.ID == gone.ID {
				last = b
			}
		}
		c.must(c.Presence().Put(c.ctx, a.ID, tickets.Roster{Revision: 1}), "Presence.Put")
	}
	claimed, err := c.Outbox().Claim(c.ctx, base, later(60), 6, storage.Share{})
	c.must(err, "Outbox.Claim")
	for _, d := range claimed {
		d.State = storage.Sent
		c.must(c.Outbox().Settle(c.ctx, d), "Outbox.Settle")
	}

	_, err = p.Purge(c.ctx, gone.ID)
	c.is(err, storage.ErrConflict, "Purge of an account that lives")
	_, err = p.Purge(c.ctx, c.newAccount().ID)
	c.is(err, storage.ErrNotFound, "Purge of nothing")
	c.remove(gone)
	purged, err := p.Purge(c.ctx, gone.ID)
	c.must(err, "Purge")
	c.same(purged, storage.Purged{Conversations: 3, Tickets: 3, Messages: 6, Entries: 6, Sessions: 3, Deliveries: 3}, "Purge (R1.6)")

	c.nothing(gone, last)
	_, err = p.Purge(c.ctx, gone.ID)
	c.is(err, storage.ErrNotFound, "Purge again")

	// The same ID and key can begin anew, and nothing comes back.
	c.must(p.Create(c.ctx, gone), "Create after Purge")
	c.same(len(c.list(storage.TicketQuery{Account: gone.ID}, 0)), 0, "tickets after Purge and Create")
	_, err = p.Document(c.ctx, gone.ID, "config", 1)
	c.is(err, storage.ErrNotFound, "Document after Purge and Create")
	roster, err := c.Presence().Get(c.ctx, gone.ID)
	c.must(err, "Presence.Get")
	c.same(roster.Revision, int64(0), "roster revision after Purge and Create")
	c.same(len(c.list(storage.TicketQuery{Account: kept.ID, Words: []string{"hola"}}, 0)), 3, "tickets of the account beside")
	c.same(len(c.deliveries(kept.ID, storage.Sent, 0)), 3, "deliveries of the account beside")
}

// nothing checks that a purged account left nothing; b is a batch that it had. What is
// left stops the check.
func (c *check) nothing(a chatcfg.Account, b *storage.Batch) {
	id := b.Conversation.ID
	_, err := c.Accounts().Get(c.ctx, a.ID)
	c.is(err, storage.ErrNotFound, "Accounts.Get after Purge")
	_, err = c.Accounts().Find(c.ctx, a.Key)
	c.is(err, storage.ErrNotFound, "Accounts.Find after Purge")
	_, err = c.Accounts().Document(c.ctx, a.ID, "config", 1)
	c.is(err, storage.ErrNotFound, "Accounts.Document after Purge")
	_, err = c.Conversations().Load(c.ctx, storage.LoadQuery{Account: a.ID, Conversation: id})
	c.is(err, storage.ErrNotFound, "Conversations.Load after Purge")
	_, err = c.Sessions().Get(c.ctx, a.ID, b.Conversation.Session)
	c.is(err, storage.ErrNotFound, "Sessions.Get after Purge")
	holder, err := c.Sessions().Holder(c.ctx, a.ID, b.Conversation.Identity)
	c.must(err, "Sessions.Holder after Purge")
	c.that(holder.IsZero(), "Sessions.Holder after Purge: %v", holder)
	_, err = c.Queries().Ticket(c.ctx, tickets.Ref{Account: a.ID, Conversation: id, Number: 1})
	c.is(err, storage.ErrNotFound, "Queries.Ticket after Purge")
	c.same(len(c.messages(a.ID, id)), 0, "messages after Purge")
	c.same(len(c.history(a.ID, id)), 0, "history after Purge")
	c.same(len(c.list(storage.TicketQuery{Account: a.ID}, 0)), 0, "tickets after Purge")
	c.same(len(c.list(storage.TicketQuery{Account: a.ID, Words: []string{"hola"}}, 0)), 0, "tickets by words after Purge")
	c.same(len(c.deliveries(a.ID, storage.Sent, 0)), 0, "deliveries after Purge")
	changes, _ := c.follow(a.ID, "", 0)
	c.same(len(changes), 0, "feed after Purge")
	report, err := c.Queries().Report(c.ctx, a.ID, storage.ReportQuery{From: base.AddDate(-1, 0, 0), To: base.AddDate(1, 0, 0)})
	c.must(err, "Queries.Report after Purge")
	c.same(report, tickets.Report{}, "Queries.Report after Purge")
	pruned, err := c.Outbox().Prune(c.ctx, base.AddDate(1, 0, 0), 0)
	c.must(err, "Outbox.Prune")
	c.same(pruned, 0, "Outbox.Prune with limit 0")
}
