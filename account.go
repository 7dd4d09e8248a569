package charla

import (
	"context"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Account is the handle of one chat channel (R1.1): its configuration, its pictures,
// its secret token, and the way to its visitors ([Account.Enter], [Account.Visitor]),
// its agents ([Account.Agent]) and their lists ([Account.Inbox]). Nothing of another
// account is reachable through it. Making one does no I/O; an account that does not
// exist is [ErrNotFound] for its calls, a deleted one [ErrDeleted] for those that
// change something. It is safe for concurrent use.
type Account struct {
	desk *Desk
	id   chatcfg.AccountID
}

// Account returns the handle of an account. It does no I/O and does not look whether
// the account exists.
func (d *Desk) Account(id chatcfg.AccountID) *Account { return &Account{d, id} }

// AccountByKey returns the account that has a public key. It fails with [ErrNotFound]
// if there is none or it is deleted: its key has stopped working (R1.6).
func (d *Desk) AccountByKey(ctx context.Context, key string) (*Account, error) {
	a, err := d.store.Accounts().Find(ctx, key)
	if err != nil {
		return nil, storeError(err)
	}
	if !a.DeletedAt.IsZero() {
		return nil, ErrNotFound
	}
	return d.Account(a.ID), nil
}

// AccountInfo is what is known of an account beside its configuration. It holds no
// secret.
type AccountInfo struct {
	ID chatcfg.AccountID `json:"id"`
	// Key is the public channel key: it stands in the snippet (R1.5).
	Key string `json:"key"`
	// Name and Hidden are chat.name and chat.hidden of the configuration.
	Name   string `json:"name"`
	Hidden bool   `json:"hidden,omitempty"`
	// Picture and Logo describe the images; nil: there is none (R1.2).
	Picture *chatcfg.Image `json:"picture,omitempty"`
	Logo    *chatcfg.Image `json:"logo,omitempty"`
	// Secrets are the public halves of the secret tokens that hold, with the time until
	// which each does (R1.7).
	Secrets []chatcfg.Secret `json:"secrets"`
	// CreatedAt is when it was created, DeletedAt when it was deleted; zero: it lives.
	CreatedAt time.Time `json:"createdAt"`
	DeletedAt time.Time `json:"deletedAt,omitzero"`
	// Version is the current configuration's, SavedAt when it was saved.
	Version chatcfg.Version `json:"version"`
	SavedAt time.Time       `json:"savedAt"`
}

// infoOf returns what the host sees of an account's record.
func infoOf(a *chatcfg.Account) AccountInfo {
	return AccountInfo{
		ID: a.ID, Key: a.Key, Name: a.Name, Hidden: a.Hidden, Picture: a.Picture, Logo: a.Logo, Secrets: a.Secrets,
		CreatedAt: a.CreatedAt, DeletedAt: a.DeletedAt, Version: a.Version, SavedAt: a.SavedAt,
	}
}

// ID returns the account's ID.
func (a *Account) ID() chatcfg.AccountID { return a.id }

// Info returns what is known of the account, a deleted one too. It fails with
// [ErrNotFound] if there is none.
func (a *Account) Info(ctx context.Context) (AccountInfo, error) {
	record, err := a.desk.account(ctx, a.id)
	return infoOf(&record), err
}

// AccountQuery says which accounts to list.
type AccountQuery struct {
	// Hidden lists hidden ones, too (section 6).
	Hidden bool
	PageQuery
}

// Accounts lists the accounts that are not deleted, in the order of their creation;
// hidden ones only if the query asks for them. It fails with [ErrCursor] for a cursor
// of another list.
func (d *Desk) Accounts(ctx context.Context, q AccountQuery) (Page[AccountInfo], error) {
	var after chatcfg.AccountID
	if q.Cursor != "" {
		var err error
		if after, err = chatcfg.ParseAccountID(q.Cursor); err != nil {
			return Page[AccountInfo]{}, ErrCursor
		}
	}
	limit := q.limit()
	list, err := d.store.Accounts().List(ctx, after, q.Hidden, limit)
	if err != nil {
		return Page[AccountInfo]{}, storeError(err)
	}
	page := Page[AccountInfo]{Items: make([]AccountInfo, len(list))}
	for i := range list {
		page.Items[i] = infoOf(&list[i])
	}
	if len(list) == limit {
		page.Next = list[limit-1].ID.String()
	}
	return page, nil
}

// Agent returns the handle of somebody who acts for the account. Who may is the host's
// to decide; charla believes it. It does no I/O; the handle's calls check the person's
// ID and name.
func (a *Account) Agent(who Person) *Agent {
	who.Automated = who.Automated || a.desk.isBot(a.id, who.ID)
	return &Agent{a.desk, a.id, who}
}

// Inbox returns the handle of what the account's agents read. It does no I/O.
func (a *Account) Inbox() *Inbox { return &Inbox{desk: a.desk, account: a.id} }

// Saves returns the handle of the saves of the account's configuration.
func (a *Account) Saves() *Saves { return &Saves{a.desk, a.id} }

// ownRef returns a ref with its account filled in if it had none. It fails with
// [ErrNotFound] for a ref of another account.
func ownRef(account chatcfg.AccountID, ref tickets.Ref) (tickets.Ref, error) {
	if ref.Account.IsZero() {
		ref.Account = account
	}
	if ref.Account != account {
		return ref, ErrNotFound
	}
	return ref, nil
}
