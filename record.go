package charla

import (
	"context"
	"errors"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// account returns the record of an account, a deleted one too. It fails with
// [ErrNotFound].
func (d *Desk) account(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.store.Accounts().Get(ctx, id)
	return a, storeError(err)
}

// liveAccount returns the record of an account that is not deleted. It fails with
// [ErrNotFound] or [ErrDeleted].
func (d *Desk) liveAccount(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.account(ctx, id)
	if err == nil && !a.DeletedAt.IsZero() {
		err = ErrDeleted
	}
	return a, err
}

// changeableAccount is liveAccount for an account that is to be changed: it fails with
// [ErrNewerFormat], too.
func (d *Desk) changeableAccount(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.liveAccount(ctx, id)
	if err == nil && a.Format > chatcfg.AccountFormat {
		err = ErrNewerFormat
	}
	return a, err
}

// update stores an account's record as the pure function change makes it, with docs,
// and retries on conflict. If change returns false nothing is stored, and that is no
// error. It fails like changeableAccount, and with [ErrBusy] or [ErrOutcomeUnknown].
func (d *Desk) update(ctx context.Context, id chatcfg.AccountID, change func(*chatcfg.Account) bool, docs ...storage.Document) error {
	for range d.o.Limits.Attempts {
		a, err := d.changeableAccount(ctx, id)
		if err != nil {
			return err
		}
		if !change(&a) {
			return nil
		}
		a.Format = chatcfg.AccountFormat
		a.Revision++
		if err := d.store.Accounts().Save(ctx, a, docs...); !errors.Is(err, storage.ErrConflict) {
			return changeError(err)
		}
	}
	return ErrBusy
}

// later returns the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
