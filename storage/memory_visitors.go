package storage

import (
	"context"
	"math"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

type memorySessions struct{ m *Memory }

// Create implements [Sessions]: it adds a session. It fails with [ErrExists] if its ID
// is taken, [ErrDeleted] or [ErrNotFound] by the account, with ctx's error or
// [ErrClosed].
func (p memorySessions) Create(ctx context.Context, s tickets.Session) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	a, err := p.m.live(s.Account)
	if err != nil {
		return err
	}
	if _, taken := a.sessions[s.ID]; taken {
		return ErrExists
	}
	a.sessions[s.ID] = copySession(s)
	return nil
}

// Get implements [Sessions]: it returns a session. It fails with [ErrNotFound] if there
// is none, with ctx's error or [ErrClosed].
func (p memorySessions) Get(ctx context.Context, account chatcfg.AccountID, id tickets.SessionID) (tickets.Session, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.Session{}, err
	}
	defer done()
	if a := p.m.accounts[account]; a != nil {
		if s, ok := a.sessions[id]; ok {
			return copySession(s), nil
		}
	}
	return tickets.Session{}, ErrNotFound
}

// Save implements [Sessions]: it replaces a session if the stored revision is one
// below. It fails with [ErrConflict] for another revision, [ErrNotFound] if there is no
// such session, with ctx's error or [ErrClosed].
func (p memorySessions) Save(ctx context.Context, s tickets.Session) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	a := p.m.accounts[s.Account]
	if a == nil {
		return ErrNotFound
	}
	stored, ok := a.sessions[s.ID]
	if !ok {
		return ErrNotFound
	}
	if stored.Revision != s.Revision-1 {
		return ErrConflict
	}
	a.sessions[s.ID] = copySession(s)
	return nil
}

// Prune implements [Sessions]: it removes up to limit sessions that expired before a
// time, and returns how many. It fails with ctx's error or [ErrClosed].
func (p memorySessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	done, err := p.m.write(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	n := 0
	for _, a := range p.m.accounts {
		for id, s := range a.sessions {
			if n >= limit {
				return n, nil
			}
			if !s.ExpiresAt.IsZero() && s.ExpiresAt.Before(before) {
				delete(a.sessions, id)
				n++
			}
		}
	}
	return n, nil
}

// Holder implements [Sessions]: it returns the conversation that holds an identity;
// zero: none does. It fails with ctx's error or [ErrClosed].
func (p memorySessions) Holder(ctx context.Context, account chatcfg.AccountID, id tickets.Identity) (tickets.ConversationID, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.ConversationID{}, err
	}
	defer done()
	if a := p.m.accounts[account]; a != nil {
		return a.identities[id], nil
	}
	return tickets.ConversationID{}, nil
}

// Raise implements [Sessions]: it raises a conversation's marks to the given ones where
// those are larger. It fails with [ErrNotFound] or [ErrDeleted], with ctx's error or
// [ErrClosed].
func (p memorySessions) Raise(ctx context.Context, account chatcfg.AccountID, id tickets.ConversationID, marks tickets.Marks) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	a, err := p.m.live(account)
	if err != nil {
		return err
	}
	c := a.conversations[id]
	if c == nil {
		return ErrNotFound
	}
	c.marks.Customer = max(c.marks.Customer, marks.Customer)
	c.marks.Agent = max(c.marks.Agent, marks.Agent)
	return nil
}

// Marks implements [Sessions]: it returns a conversation's marks; zero if there are
// none, or no such conversation. It fails with ctx's error or [ErrClosed].
func (p memorySessions) Marks(ctx context.Context, account chatcfg.AccountID, id tickets.ConversationID) (tickets.Marks, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.Marks{}, err
	}
	defer done()
	if c := p.m.conversation(account, id); c != nil {
		return c.marks, nil
	}
	return tickets.Marks{}, nil
}

type memoryContacts struct{ m *Memory }

// Add implements [Contacts]: it adds a submission with its deliveries. It fails with
// [ErrExists] if its key is taken, [ErrDeleted] or [ErrNotFound] by the account, with
// ctx's error or [ErrClosed].
func (p memoryContacts) Add(ctx context.Context, s tickets.Submission, deliveries []Delivery) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	a, err := p.m.live(s.Account)
	if err != nil {
		return err
	}
	if _, taken := a.contacts[s.Key]; taken {
		return ErrExists
	}
	a.contacts[s.Key] = len(a.submissions)
	a.submissions = append(a.submissions, copySubmission(s))
	for _, d := range deliveries {
		p.m.addDelivery(a, d)
	}
	return nil
}

// Get implements [Contacts]: it returns the submission of a key. It fails with
// [ErrNotFound] if there is none, with ctx's error or [ErrClosed].
func (p memoryContacts) Get(ctx context.Context, account chatcfg.AccountID, key string) (tickets.Submission, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.Submission{}, err
	}
	defer done()
	if a := p.m.accounts[account]; a != nil {
		if i, ok := a.contacts[key]; ok {
			return a.submissions[i], nil
		}
	}
	return tickets.Submission{}, ErrNotFound
}

// List implements [Contacts]: it returns a page of an account's submissions, the last
// added first. It fails with [ErrCursor] for a cursor of another list, with ctx's error
// or [ErrClosed].
func (p memoryContacts) List(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (Page[tickets.Submission], error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return Page[tickets.Submission]{}, err
	}
	defer done()
	list := "contacts " + account.String()
	a := p.m.accounts[account]
	var page Page[tickets.Submission]
	end := math.MaxInt
	if cursor != "" {
		at, err := p.m.parseCursor(list, cursor)
		if err != nil {
			return page, err
		}
		end = int(at.n)
	}
	if a == nil {
		return page, nil
	}
	for i := min(end, len(a.submissions)) - 1; i >= 0; i-- {
		if len(page.Items) == PageLimit(limit) {
			page.Next = p.m.cursor(list, position{n: int64(i + 1)})
			break
		}
		page.Items = append(page.Items, a.submissions[i])
	}
	return page, nil
}
