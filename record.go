package charla

import (
	"context"
	"errors"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// account returns the record of an account, a deleted one too.
func (d *Desk) account(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.store.Accounts().Get(ctx, id)
	return a, storeError(err)
}

// living returns an account that is not deleted.
func (d *Desk) living(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.account(ctx, id)
	if err == nil && !a.DeletedAt.IsZero() {
		err = ErrDeleted
	}
	return a, err
}

// changeable is living for an account that is to be changed.
func (d *Desk) changeable(ctx context.Context, id chatcfg.AccountID) (chatcfg.Account, error) {
	a, err := d.living(ctx, id)
	if err == nil && a.Format > chatcfg.AccountFormat {
		err = ErrNewerFormat
	}
	return a, err
}

// update changes an account's record by a pure function, and retries on conflict;
// change returning false leaves it as it is.
func (d *Desk) update(ctx context.Context, id chatcfg.AccountID, change func(*chatcfg.Account) bool, docs ...storage.Document) error {
	for range d.o.Limits.Attempts {
		a, err := d.changeable(ctx, id)
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

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
