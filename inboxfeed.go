package charla

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// inboxFeeds has the feed of each account with streams. A feed is polled once for all of
// them, for what other processes wrote.
type inboxFeeds struct {
	mu sync.Mutex
	m  map[chatcfg.AccountID]*inboxFeed
}

type inboxFeed struct {
	readers int // under inboxFeeds.mu
	// busy holds a token while somebody reads the feed, and guards what follows.
	// It is no mutex: a stream that is cancelled waits no longer.
	busy   chan struct{}
	cursor string
	polled time.Time
}

// joinFeed returns an account's feed, which is kept until leave is called; a new one
// begins at its end, so that what was stored before is not polled. It fails with ctx's
// error or the store's.
func (d *Desk) joinFeed(ctx context.Context, account chatcfg.AccountID) (f *inboxFeed, leave func(), err error) {
	d.feeds.mu.Lock()
	if f = d.feeds.m[account]; f == nil {
		if d.feeds.m == nil {
			d.feeds.m = make(map[chatcfg.AccountID]*inboxFeed)
		}
		f = &inboxFeed{busy: make(chan struct{}, 1)}
		d.feeds.m[account] = f
	}
	f.readers++
	d.feeds.mu.Unlock()
	leave = func() {
		d.feeds.mu.Lock()
		defer d.feeds.mu.Unlock()
		if f.readers--; f.readers == 0 {
			delete(d.feeds.m, account)
		}
	}
	select {
	case f.busy <- struct{}{}:
	case <-ctx.Done():
		leave()
		return nil, nil, ctx.Err()
	}
	defer func(busy chan struct{}) { <-busy }(f.busy)
	if f.cursor == "" {
		if err = d.skipToEnd(ctx, account, f); err != nil {
			leave()
			return nil, nil, err
		}
	}
	return f, leave, nil
}

// skipToEnd puts the feed's cursor at its end: what was stored before is not read. It
// fails if the store does.
func (d *Desk) skipToEnd(ctx context.Context, account chatcfg.AccountID, f *inboxFeed) error {
	page, err := d.changes(ctx, account, storage.Latest, storage.MaxPage)
	f.cursor, f.polled = page.Next, d.Now()
	return err
}

// changes reads at most limit changes of an account's feed after a cursor, in their
// order. It fails with [ErrCursor] for a cursor of another database.
func (d *Desk) changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	page, err := d.store.Queries().Changes(ctx, account, cursor, limit)
	return page, storeError(err)
}

// pollFeed reads what has changed in an account since its last poll and wakes the
// readers of that. It does nothing while another stream polls, and within
// [RunnerOptions].Poll of the last time. If the database was replaced, it goes on at
// its end and makes every reader read again. It fails if the store does.
func (d *Desk) pollFeed(ctx context.Context, account chatcfg.AccountID, f *inboxFeed) error {
	select {
	case f.busy <- struct{}{}:
	default:
		return nil // another stream is polling
	}
	defer func() { <-f.busy }()
	now := d.Now()
	if since := now.Sub(f.polled); since >= 0 && since < d.o.Runner.Poll {
		return nil
	}
	f.polled = now
	for {
		page, err := d.changes(ctx, account, f.cursor, storage.MaxPage)
		if errors.Is(err, ErrCursor) { // another server has taken over
			err = d.skipToEnd(ctx, account, f)
			d.topic.reset() // what changed before that end
			return err
		}
		if err != nil {
			return err
		}
		f.cursor = page.Next
		for _, c := range page.Items {
			d.topic.publishVersion(c.Conversation.UUID, c.Version)
		}
		if len(page.Items) > 0 {
			d.topic.publish(account.UUID)
		}
		if len(page.Items) < storage.MaxPage {
			return nil
		}
	}
}
