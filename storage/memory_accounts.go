package storage

import (
	"context"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

type memoryAccounts struct{ m *Memory }

// Create implements [Accounts]: it adds an account with its first documents. It fails
// with [ErrExists] if its ID or key is taken, with ctx's error or [ErrClosed].
func (p memoryAccounts) Create(ctx context.Context, a chatcfg.Account, docs ...Document) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	if p.m.accounts[a.ID] != nil || p.m.keys[a.Key] != nil {
		return ErrExists
	}
	acct := &account{
		record:        copyAccount(a),
		documents:     make(map[documentKey][]byte),
		sessions:      make(map[tickets.SessionID]tickets.Session),
		identities:    make(map[tickets.Identity]tickets.ConversationID),
		conversations: make(map[tickets.ConversationID]*conversation),
		outbox:        make(map[string]*delivery),
		contacts:      make(map[string]int),
		states:        make(map[DeliveryState]*index[*delivery]),
		armed:         make(map[chatcfg.Version]*index[*conversation]),
	}
	acct.putDocuments(docs)
	p.m.accounts[a.ID], p.m.keys[a.Key] = acct, acct
	i, _ := p.m.searchID(a.ID)
	p.m.ids = slices.Insert(p.m.ids, i, a.ID)
	return nil
}

// putDocuments adds or replaces documents of the account.
func (a *account) putDocuments(docs []Document) {
	for _, d := range docs {
		a.documents[documentKey{d.Name, d.Version}] = slices.Clone(d.Body)
	}
}

// Get implements [Accounts]: it returns an account by its ID, a deleted one too. It
// fails with [ErrNotFound] if there is none, with ctx's error or [ErrClosed].
func (p memoryAccounts) Get(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return chatcfg.Account{}, err
	}
	defer done()
	a := p.m.accounts[id]
	if a == nil {
		return chatcfg.Account{}, ErrNotFound
	}
	return copyAccount(a.record), nil
}

// Find implements [Accounts]: it returns an account by its public key, a deleted one
// too. It fails with [ErrNotFound] if there is none, with ctx's error or [ErrClosed].
func (p memoryAccounts) Find(ctx context.Context, key string) (chatcfg.Account, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return chatcfg.Account{}, err
	}
	defer done()
	a := p.m.keys[key]
	if a == nil {
		return chatcfg.Account{}, ErrNotFound
	}
	return copyAccount(a.record), nil
}

// List implements [Accounts]: it returns the accounts that are not deleted, by ID,
// after the given one and at most limit; hidden ones only when asked for. It fails with
// ctx's error or [ErrClosed].
func (p memoryAccounts) List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	i, found := p.m.searchID(after)
	if found {
		i++
	}
	var list []chatcfg.Account
	for _, id := range p.m.ids[i:] {
		a := p.m.accounts[id].record
		if !a.DeletedAt.IsZero() || a.Hidden && !hidden {
			continue
		}
		if list = append(list, copyAccount(a)); len(list) == PageLimit(limit) {
			break
		}
	}
	return list, nil
}

// Save implements [Accounts]: it replaces an account, but for its key, if the stored
// revision is one below, and adds or replaces documents. A save that deletes the
// account drops its deadlines and pending deliveries. It fails with [ErrConflict] for
// another revision, [ErrDeleted] or [ErrNotFound], with ctx's error or [ErrClosed].
func (p memoryAccounts) Save(ctx context.Context, a chatcfg.Account, docs ...Document) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	acct, err := p.m.live(a.ID)
	if err != nil {
		return err
	}
	if acct.record.Revision != a.Revision-1 {
		return ErrConflict
	}
	a.Key = acct.record.Key
	acct.record = copyAccount(a)
	acct.putDocuments(docs)
	if !a.DeletedAt.IsZero() {
		p.m.dropWork(acct)
	}
	return nil
}

// dropWork removes the deadlines and the pending deliveries of an account that is being
// deleted, and the leases of those that are being sent.
func (m *Memory) dropWork(a *account) {
	for _, c := range a.conversations {
		m.due.remove(c.due())
		c.wake = time.Time{}
	}
	for key, d := range a.outbox {
		switch d.record.State {
		case Pending:
			m.unlist(a, d)
			delete(a.outbox, key)
		case Sending:
			m.sending.remove(d.lease())
		}
	}
}

// Document implements [Accounts]: it returns the body of a document, of a deleted
// account too. It fails with [ErrNotFound] if there is no such account or document,
// with ctx's error or [ErrClosed].
func (p memoryAccounts) Document(ctx context.Context, id chatcfg.AccountID, name string, version int64) ([]byte, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	a := p.m.accounts[id]
	if a == nil {
		return nil, ErrNotFound
	}
	body, ok := a.documents[documentKey{name, version}]
	if !ok {
		return nil, ErrNotFound
	}
	return slices.Clone(body), nil
}

// Purge implements [Accounts]: it removes everything of a deleted account, itself
// included, and returns how much. It fails with [ErrNotFound], or [ErrConflict] while
// the account is not deleted, with ctx's error or [ErrClosed].
func (p memoryAccounts) Purge(ctx context.Context, id chatcfg.AccountID) (Purged, error) {
	done, err := p.m.write(ctx)
	if err != nil {
		return Purged{}, err
	}
	defer done()
	a := p.m.accounts[id]
	if a == nil {
		return Purged{}, ErrNotFound
	}
	if a.record.DeletedAt.IsZero() {
		return Purged{}, ErrConflict
	}
	purged := Purged{
		Conversations: int64(len(a.conversations)),
		Sessions:      int64(len(a.sessions)),
		Deliveries:    int64(len(a.outbox)),
		Submissions:   int64(len(a.submissions)),
	}
	for _, c := range a.conversations {
		purged.Tickets += int64(len(c.tickets))
		purged.Messages += int64(len(c.messages))
		purged.Entries += int64(len(c.entries))
	}
	for _, d := range a.outbox {
		p.m.unlist(a, d)
	}
	delete(p.m.accounts, id)
	delete(p.m.keys, a.record.Key)
	i, _ := p.m.searchID(id)
	p.m.ids = slices.Delete(p.m.ids, i, i+1)
	return purged, nil
}

type memoryPresence struct{ m *Memory }

// Get implements [Presence]: it returns an account's roster; the zero one if there is
// none, or no such account. It fails with ctx's error or [ErrClosed].
func (p memoryPresence) Get(ctx context.Context, account chatcfg.AccountID) (tickets.Roster, error) {
	done, err := p.m.read(ctx)
	if err != nil {
		return tickets.Roster{}, err
	}
	defer done()
	a := p.m.accounts[account]
	if a == nil {
		return tickets.Roster{}, nil
	}
	return copyRoster(a.roster), nil
}

// Put implements [Presence]: it replaces the roster if the stored revision is one
// below. It fails with [ErrConflict] for another revision, [ErrDeleted] or
// [ErrNotFound], with ctx's error or [ErrClosed].
func (p memoryPresence) Put(ctx context.Context, account chatcfg.AccountID, r tickets.Roster) error {
	done, err := p.m.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	a, err := p.m.live(account)
	if err != nil {
		return err
	}
	if a.roster.Revision != r.Revision-1 {
		return ErrConflict
	}
	a.roster = copyRoster(r)
	return nil
}
