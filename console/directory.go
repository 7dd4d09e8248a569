package console

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
)

// accountsEvery is for how long the streams believe that there are the accounts of which
// they know.
const accountsEvery = 30 * time.Second

// directory knows for all streams which accounts there are: it asks once each accountsEvery,
// however many streams there are.
type directory struct {
	// busy holds a token while somebody looks, and guards what follows.
	busy chan struct{}
	// all are the accounts that are not deleted, as of the time at.
	all []chatcfg.AccountID
	at  time.Time
	// one is whether single accounts are there.
	one map[chatcfg.AccountID]directoryEntry
}

type directoryEntry struct {
	live bool
	at   time.Time
}

// maxDirectory is of how many single accounts the directory knows; a full one begins anew.
const maxDirectory = 1 << 14

// visible returns the accounts that a person sees and that are not deleted, as the directory
// knows them, in an order that stays: at most most of them, of those asked for if any are.
// It fails if the store does.
func (c *Console) visible(ctx context.Context, p *Person, asked []chatcfg.AccountID, most int) (list []chatcfg.AccountID, err error) {
	select {
	case c.directory.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-c.directory.busy }()
	wanted := asked
	if len(asked) == 0 {
		wanted = p.Accounts
		if p.AllAccounts {
			if list, err = c.everyAccount(ctx); err != nil {
				return nil, err
			}
			list = slices.Clone(list[:min(len(list), most)])
		}
	}
	for _, id := range slices.SortedFunc(slices.Values(wanted), compareIDs) {
		if len(list) >= most || slices.Contains(list, id) || !p.sees(id) {
			continue
		}
		live, err := c.isLive(ctx, id)
		if err != nil {
			return nil, err
		}
		if live {
			list = append(list, id)
		}
	}
	slices.SortFunc(list, compareIDs)
	return list, nil
}

// everyAccount returns all accounts that are not deleted. The directory must be held.
func (c *Console) everyAccount(ctx context.Context) ([]chatcfg.AccountID, error) {
	d := &c.directory
	if now := c.now(); d.all == nil || now.Sub(d.at).Abs() >= accountsEvery {
		infos, err := c.allAccounts(ctx)
		if err != nil {
			return nil, err
		}
		d.all, d.at = make([]chatcfg.AccountID, len(infos)), now
		for i := range infos {
			d.all[i] = infos[i].ID
		}
		slices.SortFunc(d.all, compareIDs)
	}
	return d.all, nil
}

// isLive reports whether there is an account and it is not deleted. The directory must be
// held.
func (c *Console) isLive(ctx context.Context, id chatcfg.AccountID) (bool, error) {
	d, now := &c.directory, c.now()
	if known, ok := d.one[id]; ok && now.Sub(known.at).Abs() < accountsEvery {
		return known.live, nil
	}
	one, err := c.open(ctx, id)
	if err != nil && !errors.Is(err, charla.ErrNotFound) {
		return false, err
	}
	if d.one == nil || len(d.one) >= maxDirectory {
		d.one = map[chatcfg.AccountID]directoryEntry{}
	}
	d.one[id] = directoryEntry{err == nil && one.info.DeletedAt.IsZero(), now}
	return d.one[id].live, nil
}
