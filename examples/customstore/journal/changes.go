package journal

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// change is a call that changes something, with its arguments in exported fields
// and its answer in unexported ones. It does the same whenever it is applied to
// the same memory: that is what makes a journal of calls enough.
type change interface {
	// apply says whether it has changed anything: what has not is not written.
	apply(ctx context.Context, m *storage.Memory) (bool, error)
}

// kinds are the changes by the names that they have in the file.
var kinds = map[string]func() change{
	"account":  func() change { return new(createAccount) },
	"save":     func() change { return new(saveAccount) },
	"purge":    func() change { return new(purgeAccount) },
	"commit":   func() change { return new(commit) },
	"due":      func() change { return new(claimDue) },
	"stale":    func() change { return new(claimStale) },
	"claim":    func() change { return new(claimDeliveries) },
	"settle":   func() change { return new(settle) },
	"replay":   func() change { return new(replayDelivery) },
	"recall":   func() change { return new(recall) },
	"prune":    func() change { return new(prune) },
	"presence": func() change { return new(putRoster) },
	"session":  func() change { return new(createSession) },
	"expire":   func() change { return new(pruneSessions) },
	"visit":    func() change { return new(saveSession) },
	"marks":    func() change { return new(raise) },
	"contact":  func() change { return new(addContact) },
}

type createAccount struct {
	Account   chatcfg.Account
	Documents []storage.Document
}

func (c *createAccount) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Accounts().Create(ctx, c.Account, c.Documents...)
}

type saveAccount createAccount

func (c *saveAccount) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Accounts().Save(ctx, c.Account, c.Documents...)
}

type purgeAccount struct {
	ID     chatcfg.AccountID
	purged storage.Purged
}

func (c *purgeAccount) apply(ctx context.Context, m *storage.Memory) (changed bool, err error) {
	c.purged, err = m.Accounts().Purge(ctx, c.ID)
	return true, err
}

type commit struct{ Batch *storage.Batch }

func (c *commit) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Conversations().Commit(ctx, c.Batch)
}

// lease are the arguments of every claim.
type lease struct {
	Now, Until time.Time
	Limit      int
	Without    []chatcfg.AccountID `json:",omitempty"`
	Share      storage.Share       `json:",omitzero"`
}

type claimDue struct {
	lease
	claims []storage.Claim
}

func (c *claimDue) apply(ctx context.Context, m *storage.Memory) (changed bool, err error) {
	c.claims, err = m.Conversations().ClaimDue(ctx, c.Now, c.Until, c.Limit, c.Without)
	return len(c.claims) > 0, err
}

type claimStale struct {
	lease
	claims []storage.Claim
}

func (c *claimStale) apply(ctx context.Context, m *storage.Memory) (changed bool, err error) {
	c.claims, err = m.Conversations().ClaimStale(ctx, c.Now, c.Until, c.Limit, c.Without)
	return len(c.claims) > 0, err
}

type claimDeliveries struct {
	lease
	claimed []storage.Delivery
}

func (c *claimDeliveries) apply(ctx context.Context, m *storage.Memory) (changed bool, err error) {
	// What it marks unknown is not in the answer, but is a change.
	next, err := m.Outbox().NextWake(ctx)
	if err != nil || next.IsZero() || next.After(c.Now) {
		return false, err
	}
	c.claimed, err = m.Outbox().Claim(ctx, c.Now, c.Until, c.Limit, c.Share)
	return true, err
}

type recall struct {
	Now, Pending, Leased time.Time
	recalled             int
}

func (c *recall) apply(ctx context.Context, m *storage.Memory) (changed bool, err error) {
	c.recalled, err = m.Outbox().Recall(ctx, c.Now, c.Pending, c.Leased)
	return c.recalled > 0, err
}

type settle struct{ Delivery storage.Delivery }

func (c *settle) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Outbox().Settle(ctx, c.Delivery)
}

type replayDelivery struct {
	Account chatcfg.AccountID
	Key     string
	Now     time.Time
}

func (c *replayDelivery) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Outbox().Replay(ctx, c.Account, c.Key, c.Now)
}

type prune struct {
	Before time.Time
	Limit  int
	pruned int
}

func (c *prune) apply(ctx context.Context, m *storage.Memory) (changed bool, err error) {
	c.pruned, err = m.Outbox().Prune(ctx, c.Before, c.Limit)
	return c.pruned > 0, err
}

type pruneSessions prune

func (c *pruneSessions) apply(ctx context.Context, m *storage.Memory) (changed bool, err error) {
	c.pruned, err = m.Sessions().Prune(ctx, c.Before, c.Limit)
	return c.pruned > 0, err
}

type putRoster struct {
	Account chatcfg.AccountID
	Roster  tickets.Roster
}

func (c *putRoster) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Presence().Put(ctx, c.Account, c.Roster)
}

type createSession struct{ Session tickets.Session }

func (c *createSession) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Sessions().Create(ctx, c.Session)
}

type saveSession struct{ Session tickets.Session }

func (c *saveSession) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Sessions().Save(ctx, c.Session)
}

type raise struct {
	Account      chatcfg.AccountID
	Conversation tickets.ConversationID
	Marks        tickets.Marks
}

func (c *raise) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Sessions().Raise(ctx, c.Account, c.Conversation, c.Marks)
}

type addContact struct {
	Submission tickets.Submission
	Deliveries []storage.Delivery
}

func (c *addContact) apply(ctx context.Context, m *storage.Memory) (bool, error) {
	return true, m.Contacts().Add(ctx, c.Submission, c.Deliveries)
}
