package storagetest

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var isolationChecks = []test{
	{"isolation/nothing of another account", checkNothingOfAnother},
	{"isolation/twins", checkTwins},
}

// twin stores everything that there can be in an account, under the IDs, identities and
// keys of a model, with a text of its own, and returns its batch and session. A failure
// stops the check.
func (c *check) twin(model *storage.Batch, account chatcfg.AccountID, text string, at time.Time) (*storage.Batch, tickets.Session) {
	b := *model
	b.Conversation.Account = account
	b.Conversation.Customer.Name = text
	t := model.Tickets[0]
	t.Customer.Name, t.Typification = text, &tickets.Typification{Category: text}
	t.CountsFrom, t.Wait = at, &tickets.Wait{Since: at}
	b.Tickets = []tickets.Ticket{t}
	m := model.Messages[0]
	m.Text = text
	b.Messages = []tickets.Message{m}
	e := model.Entries[0]
	e.Actor.Name = text
	b.Entries = []tickets.Entry{e}
	b.Answers = []tickets.Answer{{Ticket: 1, Since: at, At: at, Waited: tickets.Span(time.Duration(len(text)) * time.Second)}}
	b.Words = []storage.Words{{Ticket: 1, Text: text}}
	b.Receipt = &storage.Receipt{Scope: "s", Key: "k", Entry: int64(len(text))}
	d := delivery(&b, "k", at)
	d.Body = []byte(text)
	b.Deliveries = []storage.Delivery{d}
	b.Wake = at
	c.commit(&b)
	s := tickets.Session{
		ID: model.Conversation.Session, Account: account, Conversation: model.Conversation.ID,
		Identity: model.Conversation.Identity, Customer: tickets.Customer{Name: text}, Revision: 1,
	}
	c.must(c.Sessions().Create(c.ctx, s), "Sessions.Create")
	r := tickets.Roster{Agents: map[tickets.AgentID]time.Time{tickets.AgentID(text): {}}, Revision: 1}
	c.must(c.Presence().Put(c.ctx, account, r), "Presence.Put")
	return &b, s
}

// view stops the check unless an account shows what twin stored in it, and nothing
// else.
func (c *check) view(b *storage.Batch, s tickets.Session, text string, at time.Time) {
	account, id := b.Conversation.Account, b.Conversation.ID
	for _, q := range []storage.LoadQuery{
		{Account: account, Conversation: id, Scope: "s", Key: "k"},
		{Account: account, Session: s.ID, Scope: "s", Key: "k"},
	} {
		l, err := c.Conversations().Load(c.ctx, q)
		c.must(err, "Load")
		c.same(l.Account.ID, account, "%s: Loaded.Account", text)
		c.same(l.Conversation, b.Conversation, "%s: Loaded.Conversation", text)
		c.same(l.Ticket, b.Tickets[0], "%s: Loaded.Ticket", text)
		c.same(l.Receipt, b.Receipt, "%s: Loaded.Receipt", text)
	}
	got, err := c.Sessions().Get(c.ctx, account, s.ID)
	c.must(err, "Sessions.Get")
	c.same(got, s, "%s: Sessions.Get", text)
	holder, err := c.Sessions().Holder(c.ctx, account, b.Conversation.Identity)
	c.must(err, "Sessions.Holder")
	c.same(holder, id, "%s: Sessions.Holder", text)
	roster, err := c.Presence().Get(c.ctx, account)
	c.must(err, "Presence.Get")
	_, there := roster.Agents[tickets.AgentID(text)]
	c.that(there && len(roster.Agents) == 1, "%s: Presence.Get: %v", text, roster)

	ticket, err := c.Queries().Ticket(c.ctx, tickets.Ref{Account: account, Conversation: id})
	c.must(err, "Queries.Ticket")
	c.same(ticket, b.Tickets[0], "%s: Queries.Ticket", text)
	for _, q := range []storage.TicketQuery{
		{}, {Conversation: id}, {Words: []string{text}}, {Words: []string{"a"}}, {Category: text}, {Order: storage.ByWaiting}, {Status: tickets.StatusOpen},
	} {
		q.Account = account
		c.same(c.list(q, 0), []storage.TicketRow{{Conversation: id, Ticket: b.Tickets[0]}}, "%s: Queries.Tickets %+v", text, q)
	}
	c.same(c.messages(account, id), b.Messages, "%s: Queries.Messages", text)
	c.same(c.history(account, id), b.Entries, "%s: Queries.History", text)
	changes, _ := c.follow(account, "", 0)
	c.same(changes, []storage.Change{{Conversation: id, Version: 1}}, "%s: Queries.Changes", text)
	waited := time.Duration(len(text)) * time.Second
	report, err := c.Queries().Report(c.ctx, account, storage.ReportQuery{From: base.AddDate(-1, 0, 0), To: base.AddDate(1, 0, 0)})
	c.must(err, "Queries.Report")
	c.same(report, tickets.Report{Open: 1, All: tickets.Times{Count: 1, Mean: tickets.Span(waited), P50: tickets.Span(waited), P90: tickets.Span(waited)}}, "%s: Queries.Report", text)
	for _, by := range []storage.Instant{storage.CountsFrom, storage.WaitsSince} {
		n, err := c.Queries().Count(c.ctx, account, by, base.AddDate(-1, 0, 0), base.AddDate(1, 0, 0))
		c.must(err, "Queries.Count")
		c.same(n, 1, "%s: Queries.Count", text)
	}
	deliveries := c.deliveries(account, storage.Pending, 0)
	c.same(deliveries, b.Deliveries, "%s: Outbox.List", text)
}

// checkNothingOfAnother checks that an account sees nothing of another's, by whatever
// ID (R1.3).
func checkNothingOfAnother(c *check) {
	a, other := c.account(), c.account()
	b, s := c.twin(c.first(a), a.ID, "aaa", base)
	id := b.Conversation.ID

	l := c.load(other.ID, id)
	c.same(l, storage.Loaded{Account: other}, "Load through another account")
	l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: other.ID, Conversation: id, Ticket: 1, Scope: "s", Key: "k"})
	c.must(err, "Load")
	c.same(l, storage.Loaded{Account: other}, "Load of a receipt and a ticket through another account")
	_, err = c.Conversations().Load(c.ctx, storage.LoadQuery{Account: other.ID, Session: s.ID})
	c.is(err, storage.ErrNotFound, "Load by a session through another account")
	_, err = c.Sessions().Get(c.ctx, other.ID, s.ID)
	c.is(err, storage.ErrNotFound, "Sessions.Get through another account")
	holder, err := c.Sessions().Holder(c.ctx, other.ID, b.Conversation.Identity)
	c.must(err, "Sessions.Holder")
	c.that(holder.IsZero(), "Sessions.Holder through another account: %v", holder)
	_, err = c.Queries().Ticket(c.ctx, tickets.Ref{Account: other.ID, Conversation: id, Number: 1})
	c.is(err, storage.ErrNotFound, "Queries.Ticket through another account")

	// A session of the other account that points at the conversation, and one
	// that claims its identity, reach nothing.
	for _, spy := range []tickets.Session{{Conversation: id}, {Conversation: c.conversationID(), Identity: b.Conversation.Identity}} {
		spy.ID, spy.Account, spy.Revision = c.sessionID(), other.ID, 1
		c.must(c.Sessions().Create(c.ctx, spy), "Sessions.Create")
		l, err := c.Conversations().Load(c.ctx, storage.LoadQuery{Account: other.ID, Session: spy.ID, Ticket: 1, Scope: "s", Key: "k"})
		c.must(err, "Load")
		c.same(l, storage.Loaded{Account: other, Session: spy}, "Load by a session of another account")
	}
	next := c.next(b)
	next.Conversation.Account = other.ID
	c.is(c.Conversations().Commit(c.ctx, next), storage.ErrConflict, "Commit of version 2 through another account")

	c.same(len(c.messages(other.ID, id)), 0, "messages through another account")
	c.same(len(c.history(other.ID, id)), 0, "history through another account")
	for _, q := range []storage.TicketQuery{{}, {Conversation: id}, {Words: []string{"aaa"}}, {Category: "aaa"}, {Order: storage.ByWaiting}} {
		q.Account = other.ID
		c.same(len(c.list(q, 0)), 0, "tickets through another account: %+v", q)
	}
	changes, _ := c.follow(other.ID, "", 0)
	c.same(len(changes), 0, "feed of another account")
	c.same(len(c.deliveries(other.ID, storage.Pending, 0)), 0, "deliveries of another account")
	claimed := c.claim(later(1), later(2), 1)
	for _, state := range []storage.DeliveryState{storage.Sent, storage.Pending} {
		foreign := claimed[0]
		foreign.Account, foreign.State = other.ID, state
		c.is(c.Outbox().Settle(c.ctx, foreign), storage.ErrLeaseLost, "Settle through another account")
	}
	report, err := c.Queries().Report(c.ctx, other.ID, storage.ReportQuery{From: base.AddDate(-1, 0, 0), To: base.AddDate(1, 0, 0)})
	c.must(err, "Report")
	c.same(report, tickets.Report{}, "report of another account")
	c.same(c.stale(base, later(10), 10), []tickets.ConversationID{}, "stale conversations")
	c.raise(other)
	c.same(c.stale(base, later(10), 10), []tickets.ConversationID{}, "conversations armed before another account's save")
}

// checkTwins checks that two accounts that use the same IDs, identities and keys stay
// apart.
func checkTwins(c *check) {
	a, other := c.account(), c.account()
	model := c.first(a)
	one, first := c.twin(model, a.ID, "aaa", later(1))
	two, second := c.twin(model, other.ID, "aaaaa", later(2))
	c.view(one, first, "aaa", later(1))
	c.view(two, second, "aaaaa", later(2))

	due := c.due(later(2), later(50), 10)
	c.same(due, []storage.Claim{
		{Account: a.ID, Conversation: model.Conversation.ID, Due: later(1)},
		{Account: other.ID, Conversation: model.Conversation.ID, Due: later(2)},
	}, "claims of twins")
	claimed := c.claim(later(2), later(50), 10)
	c.same(len(claimed), 2, "claimed deliveries of twins")
	c.settle(claimed[0], storage.Sent, later(3))
	c.same(len(c.deliveries(a.ID, storage.Sent, 0)), 1, "the first twin's delivery")
	c.same(len(c.deliveries(other.ID, storage.Sending, 0)), 1, "the second twin's delivery")
	c.settle(claimed[1], storage.Dead, later(3))
	c.is(c.Outbox().Replay(c.ctx, a.ID, "k", later(4)), storage.ErrConflict, "Replay of the first twin's delivery")

	// What happens to one does not touch the other.
	one = c.commit(c.next(one))
	c.same(c.load(other.ID, model.Conversation.ID).Conversation, two.Conversation, "the twin after a commit")
	c.same(len(c.messages(other.ID, model.Conversation.ID)), 1, "the twin's messages after a commit")
	first.Revision, first.EndedAt = 2, later(5)
	c.must(c.Sessions().Save(c.ctx, first), "Sessions.Save")
	got, err := c.Sessions().Get(c.ctx, other.ID, second.ID)
	c.must(err, "Sessions.Get")
	c.same(got, second, "the twin's session after a save")
	a = c.raise(a)
	c.same(c.stale(base, later(10), 10), []tickets.ConversationID{model.Conversation.ID}, "stale twins")
	c.commit(c.next(two))

	c.remove(a)
	_, err = c.Accounts().Purge(c.ctx, a.ID)
	c.must(err, "Purge")
	c.nothing(a, one)
	l := c.load(other.ID, model.Conversation.ID)
	c.same(l.Conversation.Version, int64(2), "the twin after a purge")
	c.same(len(c.messages(other.ID, model.Conversation.ID)), 2, "the twin's messages after a purge")
	c.same(len(c.list(storage.TicketQuery{Account: other.ID, Words: []string{"aaaaa"}}, 0)), 1, "the twin's words after a purge")
	holder, err := c.Sessions().Holder(c.ctx, other.ID, model.Conversation.Identity)
	c.must(err, "Sessions.Holder")
	c.same(holder, model.Conversation.ID, "the twin's identity after a purge")
	c.same(len(c.deliveries(other.ID, storage.Dead, 0)), 1, "the twin's delivery after a purge")
}
