package storagetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var visitorChecks = []test{
	{"marks/raise", checkMarks},
	{"contacts/add", checkContacts},
	{"contacts/list", checkContactList},
	{"feed/latest", checkLatest},
	{"stream/file", checkFile},
}

// marks returns the read marks of a batch's conversation. A failure stops the check.
func (c *check) marks(b *storage.Batch) tickets.Marks {
	m, err := c.Sessions().Marks(c.ctx, b.Conversation.Account, b.Conversation.ID)
	c.must(err, "Sessions.Marks")
	return m
}

// checkMarks checks that read marks only rise, in their own conversation, also when
// many rise at once, and are no change of it; deleted and missing ones refuse them.
func checkMarks(c *check) {
	p := c.Sessions()
	a, other := c.account(), c.account()
	b, beside := c.begin(a, nil), c.begin(a, nil)
	_, cursor := c.follow(a.ID, "", 0)
	c.same(c.marks(b), tickets.Marks{}, "marks before the first Raise")
	id := b.Conversation.ID
	c.must(p.Raise(c.ctx, a.ID, id, tickets.Marks{Customer: 5}), "Raise")
	c.must(p.Raise(c.ctx, a.ID, id, tickets.Marks{Customer: 3, Agent: 4}), "Raise")
	c.same(c.marks(b), tickets.Marks{Customer: 5, Agent: 4}, "marks: the larger of each")
	c.same(c.marks(beside), tickets.Marks{}, "marks of the conversation beside")
	c.is(p.Raise(c.ctx, a.ID, c.conversationID(), tickets.Marks{Agent: 1}), storage.ErrNotFound, "Raise in no conversation")
	c.is(p.Raise(c.ctx, other.ID, id, tickets.Marks{Agent: 9}), storage.ErrNotFound, "Raise through another account")
	c.is(p.Raise(c.ctx, c.newAccount().ID, id, tickets.Marks{Agent: 9}), storage.ErrNotFound, "Raise through no account")
	elsewhere, err := p.Marks(c.ctx, other.ID, id)
	c.must(err, "Marks through another account")
	c.same(elsewhere, tickets.Marks{}, "Marks through another account")
	changes, _ := c.follow(a.ID, cursor, 0)
	c.same(len(changes), 0, "changes by Raise")
	c.commit(c.next(b)) // the version is as it was
	c.same(c.marks(b), tickets.Marks{Customer: 5, Agent: 4}, "marks after a commit")
	c.race(8, func(i int) {
		c.must(p.Raise(c.ctx, a.ID, id, tickets.Marks{Customer: int64(10 + i), Agent: int64(20 - i)}), "Raise at once")
	})
	c.same(c.marks(b), tickets.Marks{Customer: 17, Agent: 20}, "marks after raises at once")
	c.remove(a)
	c.is(p.Raise(c.ctx, a.ID, id, tickets.Marks{Agent: 99}), storage.ErrDeleted, "Raise in a deleted account")
	c.same(c.marks(b), tickets.Marks{Customer: 17, Agent: 20}, "marks of a deleted account")
}

// submission returns a contact form of a batch's visitor, not stored yet.
func (c *check) submission(b *storage.Batch, key string) tickets.Submission {
	return tickets.Submission{
		Account: b.Conversation.Account, Key: key, At: later(int(c.ticks.Add(1))), Name: "Eva", Email: "eva@example.com",
		Phone: "+56911111111", Text: "text of " + key, Session: b.Conversation.Session, Conversation: b.Conversation.ID, Locale: "es",
	}
}

// checkContacts checks that a contact form is stored once under its key and account,
// together with its deliveries, also when many are stored at once; refused in a deleted
// account, gone after Purge.
func checkContacts(c *check) {
	p := c.Contacts()
	a, other := c.account(), c.account()
	b := c.begin(a, nil)
	s := c.submission(b, "k")
	d := delivery(b, "contact", later(3))
	d.Conversation, d.Ticket = tickets.ConversationID{}, 0
	second := delivery(b, "contact of another address", later(4))
	second.Conversation, second.Ticket = d.Conversation, d.Ticket
	c.must(p.Add(c.ctx, s, []storage.Delivery{d, second}), "Contacts.Add")
	c.same(c.deliveries(a.ID, storage.Pending, 0), []storage.Delivery{d, second}, "deliveries of a submission")
	c.outboxWake(later(3), "after a submission")
	got, err := p.Get(c.ctx, a.ID, "k")
	c.must(err, "Contacts.Get")
	c.same(got, s, "Contacts.Get")
	again := s
	again.Text = "another"
	d.Key = "contact2"
	c.is(p.Add(c.ctx, again, []storage.Delivery{d}), storage.ErrExists, "Contacts.Add of the same key")
	c.same(len(c.deliveries(a.ID, storage.Pending, 0)), 2, "deliveries after a refused submission")
	got, err = p.Get(c.ctx, a.ID, "k")
	c.must(err, "Contacts.Get")
	c.same(got, s, "Contacts.Get after a refused Add")
	_, err = p.Get(c.ctx, a.ID, "K")
	c.is(err, storage.ErrNotFound, "Contacts.Get of nothing")
	_, err = p.Get(c.ctx, other.ID, "k")
	c.is(err, storage.ErrNotFound, "Contacts.Get through another account")
	mine := s
	mine.Account, mine.Text = other.ID, "of the other"
	c.must(p.Add(c.ctx, mine, nil), "Contacts.Add of the same key in another account")
	none := s
	none.Account = c.newAccount().ID
	c.is(p.Add(c.ctx, none, nil), storage.ErrNotFound, "Contacts.Add in no account")
	var added atomic.Int64
	c.race(8, func(int) {
		err := p.Add(c.ctx, c.submission(b, "raced"), nil)
		if err == nil {
			added.Add(1)
		} else if !errors.Is(err, storage.ErrExists) {
			c.must(err, "Contacts.Add at once")
		}
	})
	c.same(added.Load(), int64(1), "submissions of one key at once")
	c.remove(a)
	c.is(p.Add(c.ctx, c.submission(b, "late"), nil), storage.ErrDeleted, "Contacts.Add in a deleted account")
	got, err = p.Get(c.ctx, a.ID, "k")
	c.must(err, "Contacts.Get in a deleted account")
	c.same(got, s, "Contacts.Get in a deleted account")
	purged, err := c.Accounts().Purge(c.ctx, a.ID)
	c.must(err, "Purge")
	c.same(purged.Submissions, int64(2), "submissions purged")
	_, err = p.Get(c.ctx, a.ID, "k")
	c.is(err, storage.ErrNotFound, "Contacts.Get after Purge")
	got, err = p.Get(c.ctx, other.ID, "k")
	c.must(err, "Contacts.Get of the account beside")
	c.same(got, mine, "Contacts.Get of the account beside")
}

// checkContactList checks that the list has each contact form of its account once, the
// last first, with any limit, and refuses foreign cursors.
func checkContactList(c *check) {
	p := c.Contacts()
	a, other := c.account(), c.account()
	page, err := p.List(c.ctx, a.ID, "", 2)
	c.must(err, "Contacts.List")
	c.same(page, storage.Page[tickets.Submission]{}, "Contacts.List of nothing")
	b := c.begin(a, nil)
	var want []tickets.Submission
	for i := range 5 {
		s := c.submission(b, fmt.Sprint("k", i))
		c.must(p.Add(c.ctx, s, nil), "Contacts.Add")
		want = append([]tickets.Submission{s}, want...)
	}
	c.must(p.Add(c.ctx, c.submission(c.begin(other, nil), "k"), nil), "Contacts.Add in another account")
	for _, limit := range []int{0, 1, 2, 5} {
		var got []tickets.Submission
		cursor := ""
		for {
			page, err := p.List(c.ctx, a.ID, cursor, limit)
			c.must(err, "Contacts.List")
			c.that(limit == 0 || len(page.Items) <= limit, "Contacts.List: %d with limit %d", len(page.Items), limit)
			got = append(got, page.Items...)
			if cursor = page.Next; cursor == "" {
				break
			}
			_, err = p.List(c.ctx, other.ID, cursor, limit)
			c.is(err, storage.ErrCursor, "Contacts.List with another account's cursor")
		}
		c.same(got, want, "Contacts.List in pages of %d", limit)
	}
	_, err = p.List(c.ctx, a.ID, "nonsense", 2)
	c.is(err, storage.ErrCursor, "Contacts.List with a foreign cursor")
}

// checkLatest checks that storage.Latest is the end of the feed: only later changes
// follow.
func checkLatest(c *check) {
	a, other := c.account(), c.account()
	read := func(cursor string) storage.Page[storage.Change] {
		page, err := c.Queries().Changes(c.ctx, a.ID, cursor, 0)
		c.must(err, "Changes")
		return page
	}
	empty := read(storage.Latest)
	c.same(len(empty.Items), 0, "changes at the end of an empty feed")
	first := c.begin(a, nil)
	c.begin(other, nil)
	c.same(len(read(empty.Next).Items), 1, "changes since the feed was empty")
	end := read(storage.Latest)
	c.same(len(end.Items), 0, "changes at the end")
	c.same(len(read(end.Next).Items), 0, "changes since the end")
	c.commit(c.next(first))
	c.same(read(end.Next).Items, []storage.Change{{Conversation: first.Conversation.ID, Version: 2}}, "changes since the end")
}

// checkFile checks that a message keeps its file, whatever a reader changes in a copy.
func checkFile(c *check) {
	a := c.account()
	file := &tickets.File{ID: tickets.FileID{UUID: c.id()}, Name: "año.pdf", Type: "application/pdf", Size: 1 << 33, Inline: true}
	b := c.begin(a, func(b *storage.Batch) { b.Messages[0].Text, b.Messages[0].File = "", file })
	got := c.messages(a.ID, b.Conversation.ID)
	c.same(got, b.Messages, "a message with a file")
	got[0].File.Name = "changed"
	c.same(c.messages(a.ID, b.Conversation.ID)[0].File.Name, "año.pdf", "a file after its copy was changed")
}
