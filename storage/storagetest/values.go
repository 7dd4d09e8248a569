package storagetest

import (
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var valueChecks = []test{
	{"values/full", checkFull},
	{"values/times", checkTimes},
	{"values/texts", checkTexts},
}

// full is a value of every kind with every field set, and what it must become.
type full struct {
	account chatcfg.Account
	batch   *storage.Batch
	session tickets.Session
	roster  tickets.Roster
}

// populate returns a value with every field set, not stored yet; at(i) is its i-th
// instant.
func (c *check) populate(at func(i int) time.Time, text string) full {
	a := c.newAccount()
	a.Name, a.Hidden = text, true
	a.Secrets = []chatcfg.Secret{
		{PublicKey: []byte{0, 255, 7}, CreatedAt: at(0), ExpiresAt: at(1)},
		{PublicKey: []byte{1}, CreatedAt: at(2)},
	}
	a.Picture = &chatcfg.Image{Type: "image/png", Side: 64, SHA256: "00ff"}
	a.Logo = &chatcfg.Image{Type: "image/webp", Side: 200, SHA256: "ff"}
	a.CreatedAt, a.SavedAt, a.Version = at(3), at(4), 7
	a.SessionEpoch, a.SecretEpoch = 1<<41, 2
	a.Rules = chatcfg.Since{
		Rules:   []chatcfg.RuleSince{{Rule: "autoClose", On: at(5), Changed: at(6)}},
		Running: 5, RunningAt: at(7),
	}

	customer := tickets.Customer{
		Level: tickets.LevelVerified, Name: text, Email: "ana@example.com", RUT: "12345678-5", Phone: "+56912345678", Locale: chatcfg.Spanish,
	}
	b := c.first(a)
	conv := &b.Conversation
	conv.Customer, conv.CreatedAt, conv.LastAt = customer, at(8), at(9)
	conv.Identity = tickets.Identity{Kind: tickets.IdentityProvider, Value: "google:" + text}
	b.Reserve = []tickets.Identity{conv.Identity}
	conv.Links = []tickets.ConversationID{c.conversationID(), c.conversationID()}
	conv.Number, conv.CustomerMessages, conv.Armed, conv.SessionEpoch = 2, 1<<42, 6, 1<<43
	older := tickets.Ticket{Number: 1, Status: tickets.StatusClosed, Reason: tickets.ReasonAutomatic, ClosedAt: at(10), ChangedAt: at(0), CreatedAt: at(1)}
	b.Tickets = []tickets.Ticket{{
		Number: 2, Previous: 1, Status: tickets.StatusOpen, Important: true, KeywordsOff: true, Paused: true,
		CreatedAt: at(11), OpenedAt: at(12), ClosedAt: at(13), ChangedAt: at(14),
		LastWord: tickets.SideAgent, Agent: "ana", AgentName: text, Automated: true, Answered: true, Assignee: tickets.Assignee{Agent: "beto", Name: text}, Team: "ventas ñ", Turn: tickets.Turn{Agent: "ana", Key: "k ñ"},
		Asked: true, Rating: &tickets.Rating{Score: 4, Comment: text, At: at(28)},
		Wait:       &tickets.Wait{Since: at(15), Clock: chatcfg.Business, Limit: tickets.Span(90 * time.Second), Due: at(16), DelayedAt: at(17)},
		CountsFrom: at(18), Memory: []tickets.Memory{{Rule: "outOfHours", At: at(19)}, {Rule: "noAgents", Number: 9}}, Notified: []string{"b@example.com", "a@example.com"},
		Typification: &tickets.Typification{Category: text, Fields: map[string]string{text: text, "b": ""}},
		Metadata:     map[string]string{text: text, "": "x"}, Customer: customer, Messages: 12,
	}, older}
	b.Messages = []tickets.Message{{
		Seq: 1, Ticket: 2, At: at(20), From: tickets.FromRule, Level: tickets.LevelAnonymous, Session: conv.Session,
		Agent: "ana", Name: text, Rule: "outOfHours", Text: text,
	}}
	b.Entries = []tickets.Entry{{
		N: 1, Ticket: 2, At: at(21), Due: at(22), Kind: tickets.CommandTick,
		Actor:  tickets.Actor{Kind: tickets.ActorRule, Agent: "ana", Name: text, Session: conv.Session, Rule: "sla"},
		Inputs: tickets.Inputs{Now: at(23), Presence: tickets.Presence{Available: true, Absence: 4}, Config: 7, Chance: 1<<64 - 1},
		Facts: []tickets.Fact{{Kind: tickets.FactClosed, Rule: "autoClose", Seq: 3, Reason: tickets.ReasonAutomatic, Address: "a@example.com", Waited: tickets.Span(61 * time.Second)},
			{Kind: tickets.FactAssigned, Assignee: tickets.Assignee{Agent: "beto", Name: text}, Team: tickets.TeamID(text)}, {Kind: tickets.FactRated, Score: 5, Comment: text}, {Kind: tickets.FactCreated}},
		Trace: []tickets.Finding{{Rule: "important", Fired: true, Why: "word", Text: 2, Word: text, From: 3, To: 9, Until: at(24)}, {Rule: "sla"}},
	}}
	b.Answers = []tickets.Answer{{Ticket: 2, Since: at(25), At: at(26), Waited: tickets.Span(time.Hour), Limit: tickets.Span(time.Minute), First: true, Agent: "ana"}}
	d := delivery(b, "k"+text, at(27))
	d.Body, d.Repeatable, d.Ticket = []byte{0, 255, '\'', '"'}, true, 2
	b.Deliveries = []storage.Delivery{d}
	b.Receipt = &storage.Receipt{Scope: "session:" + text, Key: text, Hash: [32]byte{255, 1, 31: 128}, Entry: 1 << 50, Ticket: 2, Seq: 1 << 51, First: 1 << 49, Last: 1 << 52, At: at(28)}
	b.Wake, b.Config = at(29), a.Version

	return full{
		account: a, batch: b,
		session: tickets.Session{
			ID: conv.Session, Account: a.ID, Conversation: conv.ID, Identity: conv.Identity, Customer: customer,
			TokenHash: []byte{0, 9, 255}, CreatedAt: at(30), ExpiresAt: at(31), EndedAt: at(32),
			Links: []tickets.ConversationID{c.conversationID()}, Revision: 5, Format: tickets.SessionFormat,
			Replaced: []byte{8, 0, 255}, Signed: true, AccountEpoch: 6, CustomerEpoch: 1 << 40, SecretEpoch: 7,
		},
		roster: tickets.Roster{Agents: map[tickets.AgentID]time.Time{"ana": at(33), tickets.AgentID(text): {}}, Absence: 1 << 40, Revision: 1},
	}
}

// put stores a full value. A failure stops the check.
func (c *check) put(f full) {
	c.must(c.Accounts().Create(c.ctx, f.account, storage.Document{Name: "config", Version: 7, Body: []byte(f.account.Name)}), "Accounts.Create")
	c.commit(f.batch)
	c.must(c.Sessions().Create(c.ctx, f.session), "Sessions.Create")
	c.must(c.Presence().Put(c.ctx, f.account.ID, f.roster), "Presence.Put")
}

// get stops the check unless the store holds a full value as want is.
func (c *check) get(want full) {
	a, b := want.account, want.batch
	account, err := c.Accounts().Get(c.ctx, a.ID)
	c.must(err, "Accounts.Get")
	c.same(account, a, "Accounts.Get")
	account, err = c.Accounts().Find(c.ctx, a.Key)
	c.must(err, "Accounts.Find")
	c.same(account, a, "Accounts.Find")
	list, err := c.Accounts().List(c.ctx, chatcfg.AccountID{}, true, 0)
	c.must(err, "Accounts.List")
	c.same(list, []chatcfg.Account{a}, "Accounts.List")
	body, err := c.Accounts().Document(c.ctx, a.ID, "config", 7)
	c.must(err, "Accounts.Document")
	c.same(string(body), a.Name, "Accounts.Document")

	for _, q := range []storage.LoadQuery{{Conversation: b.Conversation.ID}, {Session: want.session.ID}} {
		q.Account, q.Ticket, q.Scope, q.Key = a.ID, 1, b.Receipt.Scope, b.Receipt.Key
		loaded := storage.Loaded{Account: a, Conversation: b.Conversation, Ticket: b.Tickets[0], Older: &b.Tickets[1], Receipt: b.Receipt}
		if !q.Session.IsZero() {
			loaded.Session = want.session
		}
		l, err := c.Conversations().Load(c.ctx, q)
		c.must(err, "Load")
		for part, pair := range map[string][2]any{
			"Account": {l.Account, loaded.Account}, "Session": {l.Session, loaded.Session}, "Conversation": {l.Conversation, loaded.Conversation},
			"Ticket": {l.Ticket, loaded.Ticket}, "Older": {l.Older, loaded.Older}, "Receipt": {l.Receipt, loaded.Receipt},
		} {
			c.same(pair[0], pair[1], "Loaded.%s", part)
		}
	}
	session, err := c.Sessions().Get(c.ctx, a.ID, want.session.ID)
	c.must(err, "Sessions.Get")
	c.same(session, want.session, "Sessions.Get")
	roster, err := c.Presence().Get(c.ctx, a.ID)
	c.must(err, "Presence.Get")
	c.same(roster, want.roster, "Presence.Get")
	c.same(c.messages(a.ID, b.Conversation.ID), b.Messages, "Messages")
	c.same(c.history(a.ID, b.Conversation.ID), b.Entries, "History")
	rows := c.list(storage.TicketQuery{Account: a.ID, Status: tickets.StatusOpen}, 0)
	c.same(rows, []storage.TicketRow{{Conversation: b.Conversation.ID, Ticket: b.Tickets[0]}}, "Tickets")
	c.same(c.deliveries(a.ID, storage.Pending, 0), b.Deliveries, "Outbox.List")
	c.wake(b.Wake, "of a full value")
	c.outboxWake(b.Deliveries[0].NotBefore, "of a full value")
}

// checkFull checks that every field of every type is stored, and can be cleared again.
func checkFull(c *check) {
	f := c.populate(later, "Ana Ñúñez")
	c.put(f)
	c.get(f)
	// A nil map or slice, a zero time and an empty text stay what they are.
	a := c.account()
	b := c.first(a)
	b.Tickets[0] = tickets.Ticket{Number: 1, Status: tickets.StatusOpen, CreatedAt: base, ChangedAt: base}
	b.Messages[0] = tickets.Message{Seq: 1, Ticket: 1, At: base, From: tickets.FromCustomer}
	b.Entries[0] = tickets.Entry{N: 1, Ticket: 1, At: base}
	b.Conversation.Customer, b.Conversation.Links = tickets.Customer{}, nil
	c.commit(b)
	l := c.load(a.ID, b.Conversation.ID)
	c.same(l.Conversation, b.Conversation, "a bare conversation")
	c.same(l.Ticket, b.Tickets[0], "a bare ticket")
	c.same(c.messages(a.ID, b.Conversation.ID), b.Messages, "a bare message")
	c.same(c.history(a.ID, b.Conversation.ID), b.Entries, "a bare entry")
	// Every field can be taken away again.
	next := c.next(f.batch)
	next.Tickets = []tickets.Ticket{{Number: 2, Status: tickets.StatusIgnored, CreatedAt: base, ChangedAt: base}}
	next.Conversation.Customer, next.Conversation.Links, next.Conversation.Number = tickets.Customer{}, nil, 2
	c.commit(next)
	l = c.load(f.account.ID, next.Conversation.ID)
	c.same(l.Conversation, next.Conversation, "a conversation that was emptied")
	c.same(l.Ticket, next.Tickets[0], "a ticket that was emptied")
}

// checkTimes checks that any instant from 1970 to 2200 is stored to the microsecond, in
// UTC.
func checkTimes(c *check) {
	zone := time.FixedZone("", -4*3600)
	for _, start := range []time.Time{
		time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 4, 4, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2199, 12, 31, 23, 0, 0, 1000, time.UTC),
	} {
		fresh := &check{t: c.t, ctx: c.ctx, h: c.h, Store: c.h.Open(c.t)}
		want := func(i int) time.Time { return start.Add(time.Duration(i) * 1_000_001 * time.Microsecond) }
		// As callers have them: with nanoseconds, in another zone.
		given := func(i int) time.Time { return want(i).Add(time.Duration(i*29%1000) * time.Nanosecond).In(zone) }
		f := fresh.populate(given, "x")
		fresh.put(f)
		minted := fresh.minted.Load()
		fresh.minted.Store(0)
		fresh.ticks.Store(0)
		fresh.get(fresh.populate(want, "x"))
		fresh.minted.Store(minted)
		claims, err := fresh.Conversations().ClaimDue(c.ctx, want(29), given(40), 1, nil)
		c.must(err, "ClaimDue")
		c.same(claims[0].Due, want(29), "Claim.Due")
		fresh.wake(want(40), "after a claim")
		d := fresh.claim(want(27), want(41), 1)[0]
		d.NotBefore, d.SettledAt = given(42), given(43)
		fresh.settle(d, storage.Pending, given(43))
		d = fresh.deliveries(f.account.ID, storage.Pending, 0)[0]
		c.same([]time.Time{d.NotBefore, d.SettledAt}, []time.Time{want(42), want(43)}, "times of a settled delivery")
		c.must(fresh.Close(), "Close")
	}
}

// checkTexts checks that any valid text is stored as it is.
func checkTexts(c *check) {
	for _, text := range []string{
		"", " ", "ñÑáü", "日本語 👩‍👩‍👧 \u202eabc", "é ≠ e\u0301", "a\nb\tc\r\n", `'"\` + "`", "'; DROP TABLE messages; --", "%s %d $1 ?1 :a @b",
		"{\"a\":1}", "<script>&amp;\u2028", "\u0001\u001f\u007f", "\ufffd", "null", strings.Repeat("ñ", 64<<10), strings.Repeat("x", 1<<20),
	} {
		fresh := &check{t: c.t, ctx: c.ctx, h: c.h, Store: c.h.Open(c.t)}
		if text == "" {
			// An empty key is none.
			a := fresh.account()
			b := fresh.begin(a, func(b *storage.Batch) { b.Messages[0].Text = "" })
			c.same(fresh.messages(a.ID, b.Conversation.ID)[0].Text, "", "an empty text")
		} else if err := guard(func() {
			f := fresh.populate(later, text)
			if len(text) > 1000 {
				// What is looked up by is short.
				f.batch.Receipt.Scope, f.batch.Receipt.Key = "s", "k"
				f.batch.Conversation.Identity.Value, f.batch.Deliveries[0].Key = "v", "k"
				f.batch.Reserve = []tickets.Identity{f.batch.Conversation.Identity}
				f.session.Identity = f.batch.Conversation.Identity
				f.roster.Agents = nil
				f.batch.Tickets[0].Typification = nil
			}
			fresh.put(f)
			fresh.get(f)
		}); err != nil {
			c.failf("text %.40q: %w", text, err)
		}
		c.must(fresh.Close(), "Close")
	}
}
