package charla

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
)

// feeds poll the feed of each account that has streams, once for all of them, for
// what other processes wrote.
type feeds struct {
	mu sync.Mutex
	m  map[chatcfg.AccountID]*feed
}

type feed struct {
	readers int // under feeds.mu
	// busy holds a token while somebody reads the feed, and guards what follows.
	// It is no mutex: a stream that is cancelled waits no longer.
	busy   chan struct{}
	cursor string
	polled time.Time
}

// join keeps an account's feed, from its end, until leave is called.
func (d *Desk) join(ctx context.Context, account chatcfg.AccountID) (f *feed, leave func(), err error) {
	d.feeds.mu.Lock()
	if f = d.feeds.m[account]; f == nil {
		if d.feeds.m == nil {
			d.feeds.m = make(map[chatcfg.AccountID]*feed)
		}
		f = &feed{busy: make(chan struct{}, 1)}
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
		if err = d.end(ctx, account, f); err != nil {
			leave()
			return nil, nil, err
		}
	}
	return f, leave, nil
}

// end puts the feed's cursor at its end.
func (d *Desk) end(ctx context.Context, account chatcfg.AccountID, f *feed) error {
	page, err := d.changes(ctx, account, storage.Latest, storage.MaxPage)
	f.cursor, f.polled = page.Next, d.Now()
	return err
}

// changes reads at most limit changes of an account's feed after a cursor.
func (d *Desk) changes(ctx context.Context, account chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	page, err := d.store.Queries().Changes(ctx, account, cursor, limit)
	return page, storeError(err)
}

// poll tells the topics of what has changed since the last poll of anybody, if
// that is long enough ago.
func (d *Desk) poll(ctx context.Context, account chatcfg.AccountID, f *feed) error {
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
			err = d.end(ctx, account, f)
			d.topic.reset() // what changed before that end
			return err
		}
		if err != nil {
			return err
		}
		f.cursor = page.Next
		for _, c := range page.Items {
			d.topic.reached(c.Conversation.UUID, c.Version)
		}
		if len(page.Items) > 0 {
			d.topic.publish(account.UUID)
		}
		if len(page.Items) < storage.MaxPage {
			return nil
		}
	}
}
