package storage

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

type memoryConversations struct{ m *Memory }

// Load implements [Conversations]: it returns what one decision needs, from one moment;
// what does not exist is zero. It fails with [ErrNotFound] if there is no such account,
// or no session as asked for, with ctx's error or [ErrClosed].
func (p memoryConversations) Load(ctx context.Context, q LoadQuery) (Loaded, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return Loaded{}, err
	}
	defer done()
	a := p.m.accounts[q.Account]
	if a == nil {
		return Loaded{}, ErrNotFound
	}
	var l Loaded
	c := a.conversations[q.Conversation]
	if !q.Session.IsZero() {
		s, ok := a.sessions[q.Session]
		if !ok {
			return Loaded{}, ErrNotFound
		}
		l.Session = copySession(s)
		if c = a.conversations[s.Conversation]; c == nil {
			c = a.conversations[a.identities[s.Identity]]
		}
	}
	l.Account = copyAccount(a.record)
	if c == nil {
		return l, nil
	}
	l.Conversation = copyConversation(c.record)
	if t := c.tickets[c.record.Number]; t != nil {
		l.Ticket = copyTicket(t.record)
	}
	if t := c.tickets[q.Ticket]; t != nil && q.Ticket != c.record.Number {
		older := copyTicket(t.record)
		l.Older = &older
	}
	if r, ok := c.receipts[receiptKey{q.Scope, q.Key}]; ok && q.Key != "" {
		l.Receipt = &r
	}
	return l, nil
}

// Commit implements [Conversations]: it writes a batch, whole or not at all. It fails
// with [ErrNotFound], [ErrDeleted], [ErrConfigChanged] or [ErrConflict], with
// [ErrNotDone] for a second ticket that is not closed, with ctx's error or [ErrClosed].
func (p memoryConversations) Commit(ctx context.Context, b *Batch) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	var found Found
	a := p.m.accounts[b.Conversation.Account]
	if a == nil {
		return b.Check(&found)
	}
	c := a.conversations[b.Conversation.ID]
	if c == nil {
		c = &conversation{tickets: make(map[tickets.Number]*ticket, 1)}
	}
	found = Found{
		Account: &a.record, Version: c.record.Version, SessionRevision: a.sessions[b.Session].Revision,
		Holder: func(id tickets.Identity) tickets.ConversationID { return a.identities[id] },
	}
	if b.Receipt != nil {
		_, found.Receipt = c.receipts[receiptKey{b.Receipt.Scope, b.Receipt.Key}]
	}
	if len(b.Tickets) > 0 {
		found.Unclosed = c.unclosed()
	}
	if err := b.Check(&found); err != nil {
		return err
	}
	p.m.apply(a, c, b)
	return nil
}

// unclosed returns the number of the ticket that is not closed, or zero if there is
// none.
func (c *conversation) unclosed() tickets.Number {
	for number, t := range c.tickets {
		if t.record.Status != tickets.StatusClosed {
			return number
		}
	}
	return 0
}

// apply writes a batch that has passed [Batch.Check]; c may be new.
func (m *Memory) apply(a *account, c *conversation, b *Batch) {
	m.due.remove(c.due())
	a.disarm(c)
	a.feed.remove(position{n: c.landed})

	m.commits++
	c.record, c.landed = copyConversation(b.Conversation), m.commits
	c.wake, c.active, c.leased = Cut(b.Wake), b.Active, time.Time{}
	id := c.record.ID
	a.conversations[id] = c
	a.feed.put(position{n: c.landed}, c)
	if !c.wake.IsZero() {
		m.due.put(c.due(), c)
	}
	a.arm(c)

	for _, held := range b.Reserve {
		a.identities[held] = id
	}
	for _, t := range b.Tickets {
		a.putTicket(c, copyTicket(t))
	}
	for _, w := range b.Words {
		if t := c.tickets[w.Ticket]; t != nil {
			t.texts = append(t.texts, w.Text)
		}
	}
	for _, one := range b.Messages {
		c.messages = append(c.messages, copyMessage(one))
	}
	for _, one := range b.Entries {
		c.entries = append(c.entries, copyEntry(one))
	}
	for _, one := range b.Answers {
		c.answers++
		one = copyAnswer(one)
		a.answers.put(position{at: micros(one.At), conversation: id.UUID, n: c.answers}, one)
	}
	for _, d := range b.Deliveries {
		m.addDelivery(a, d)
	}
	if b.Receipt != nil {
		if c.receipts == nil {
			c.receipts = make(map[receiptKey]Receipt)
		}
		c.receipts[receiptKey{b.Receipt.Scope, b.Receipt.Key}] = copyReceipt(*b.Receipt)
	}
}

// due returns the conversation's position among those with a deadline.
func (c *conversation) due() position {
	return position{at: micros(c.wake), account: c.record.Account.UUID, conversation: c.record.ID.UUID}
}

// stale returns the conversation's position among those armed under the same version.
func (c *conversation) stale() position {
	return position{at: micros(c.leased), conversation: c.record.ID.UUID}
}

// arm adds an active conversation to the index of its version.
func (a *account) arm(c *conversation) {
	if !c.active {
		return
	}
	x := a.armed[c.record.Armed]
	if x == nil {
		x = new(index[*conversation])
		a.armed[c.record.Armed] = x
	}
	x.put(c.stale(), c)
}

// disarm removes a conversation from the index of its version, if it is there.
func (a *account) disarm(c *conversation) {
	x := a.armed[c.record.Armed]
	if x == nil {
		return
	}
	x.remove(c.stale())
	if len(x.chunks) == 0 {
		delete(a.armed, c.record.Armed)
	}
}

// putTicket inserts or replaces a ticket.
func (a *account) putTicket(c *conversation, record tickets.Ticket) {
	t := c.tickets[record.Number]
	if t == nil {
		t = &ticket{conversation: c.record.ID}
		c.tickets[record.Number] = t
	}
	for v := range views {
		if p, ok := t.position(v); ok {
			a.views[v].remove(p)
		}
	}
	t.record = record
	for v := range views {
		if p, ok := t.position(v); ok {
			a.views[v].put(p, t)
		}
	}
}

// ClaimDue implements [Conversations]: it returns up to limit conversations whose Wake
// is not after now, the earliest first, and moves their Wake to leaseUntil. It skips
// deleted accounts and those in without. It fails with ctx's error or [ErrClosed].
func (p memoryConversations) ClaimDue(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]Claim, error) {
	done, err := p.m.write(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var taken []*conversation
	for at, c := range p.m.due.from(lowest) {
		if at.at > micros(now) || len(taken) >= limit {
			break
		}
		if !slices.Contains(without, c.record.Account) {
			taken = append(taken, c)
		}
	}
	claims := make([]Claim, len(taken))
	for i, c := range taken {
		claims[i] = Claim{c.record.Account, c.record.ID, c.wake}
		a := p.m.accounts[c.record.Account]
		p.m.due.remove(c.due())
		a.disarm(c)
		c.wake, c.leased = Cut(leaseUntil), Cut(leaseUntil)
		a.arm(c)
		p.m.due.put(c.due(), c)
	}
	return claims, nil
}

// ClaimStale implements [Conversations]: it returns up to limit conversations that were
// armed under a version below their account's and are not leased beyond now, and leases
// them until leaseUntil. It skips deleted accounts and those in without. It fails with
// ctx's error or [ErrClosed].
func (p memoryConversations) ClaimStale(ctx context.Context, now, leaseUntil time.Time, limit int, without []chatcfg.AccountID) ([]Claim, error) {
	done, err := p.m.write(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	var taken []*conversation
	for _, id := range p.m.ids {
		a := p.m.accounts[id]
		if a.record.DeletedAt.IsZero() && !slices.Contains(without, id) {
			taken = a.appendStale(taken, now, limit)
		}
	}
	claims := make([]Claim, len(taken))
	for i, c := range taken {
		claims[i] = Claim{Account: c.record.Account, Conversation: c.record.ID}
		a := p.m.accounts[c.record.Account]
		a.disarm(c)
		c.leased = Cut(leaseUntil)
		a.arm(c)
	}
	return claims, nil
}

// appendStale appends to taken, until it has limit of them, the conversations that are
// armed under an older version and not leased beyond now, and returns it.
func (a *account) appendStale(taken []*conversation, now time.Time, limit int) []*conversation {
	for _, version := range slices.Sorted(maps.Keys(a.armed)) {
		if version >= a.record.Version {
			break
		}
		for at, c := range a.armed[version].from(lowest) {
			if at.at > micros(now) {
				break
			}
			if len(taken) >= limit {
				return taken
			}
			taken = append(taken, c)
		}
	}
	return taken
}

// NextWake implements [Conversations]: it returns the earliest Wake of an account that
// is not deleted; zero: there is none. It fails with ctx's error or [ErrClosed].
func (p memoryConversations) NextWake(ctx context.Context) (time.Time, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return time.Time{}, err
	}
	defer done()
	first, ok := p.m.due.first()
	if !ok {
		return time.Time{}, nil
	}
	return time.UnixMicro(first.at).UTC(), nil
}

// Ahead implements [Conversations]: it returns tickets that changed after an instant, and
// conversations that are leased until after another. It fails with ctx's error or
// [ErrClosed].
func (p memoryConversations) Ahead(ctx context.Context, changed, leased time.Time, limit int) ([]tickets.Ref, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found := make([]tickets.Ref, 0)
	full := func(account chatcfg.AccountID, id tickets.ConversationID, n tickets.Number) bool {
		if len(found) < limit {
			found = append(found, tickets.Ref{Account: account, Conversation: id, Number: n})
		}
		return len(found) >= limit
	}
	for at, c := range p.m.due.from(position{at: micros(leased) + 1}) {
		if at.at == micros(c.leased) && full(c.record.Account, c.record.ID, 0) {
			return found, nil
		}
	}
	for _, id := range p.m.ids {
		a := p.m.accounts[id]
		if !a.record.DeletedAt.IsZero() {
			continue
		}
		for _, version := range slices.Sorted(maps.Keys(a.armed)) {
			if version >= a.record.Version {
				break
			}
			for _, c := range a.armed[version].from(position{at: micros(leased) + 1}) {
				if full(id, c.record.ID, 0) {
					return found, nil
				}
			}
		}
		for _, t := range a.views[byChange].from(position{at: micros(changed) + 1}) {
			if full(id, t.conversation, t.record.Number) {
				return found, nil
			}
		}
	}
	return found, nil
}
