package crash

import (
	"errors"
	"fmt"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// follower follows the account's feed in the store through everything.
type follower struct {
	ending chan struct{}
	ended  chan error
	// What it read: the latest version of each conversation, and how many changes.
	// refused are cursors that were not taken.
	seen             map[tickets.ConversationID]int64
	changes, refused int
}

// follow reads the feed from the beginning until end is called.
func follow(j job) *follower {
	f := &follower{ending: make(chan struct{}), ended: make(chan error, 1), seen: map[tickets.ConversationID]int64{}}
	go func() { f.ended <- f.run(j) }()
	return f
}

// run reads the feed in a store of its own.
func (f *follower) run(j job) error {
	var store storage.Store
	end := func() {}
	defer func() { end() }()
	err := untilAnswered(func() error {
		opened, _, closes, err := j.store(ctx)
		if err == nil {
			store, end = opened, closes
		}
		return err
	})
	if err != nil {
		return err
	}
	cursor, last := "", false
	for n := 0; ; n++ {
		page, err := store.Queries().Changes(ctx, account, cursor, 0)
		switch {
		case errors.Is(err, storage.ErrCursor):
			f.refused++
			cursor = ""
			continue
		case err == nil:
			if j.Mutant != Skip || n%2 == 0 {
				f.read(page.Items)
			}
			cursor = page.Next
			if last && len(page.Items) == 0 {
				return nil
			}
		case last:
			return fmt.Errorf("feed: %w", err)
		}
		select {
		case <-f.ending:
			last = true
		case <-time.After(3 * time.Millisecond):
		}
	}
}

// read records changes.
func (f *follower) read(changes []storage.Change) {
	f.changes += len(changes)
	for _, c := range changes {
		f.seen[c.Conversation] = max(f.seen[c.Conversation], c.Version)
	}
}

// end reads what is left and returns run's error.
func (f *follower) end() error {
	close(f.ending)
	return <-f.ended
}

// audit compares what was read with what a reader gets who begins now (R8.3).
func (f *follower) audit(store storage.Store, r *Report) error {
	r.Changes = f.changes
	if f.refused > 0 {
		r.Wrong("%d cursors of the feed were refused", f.refused)
	}
	for cursor := ""; ; {
		page, err := store.Queries().Changes(ctx, account, cursor, 0)
		if err != nil || len(page.Items) == 0 {
			return err
		}
		cursor = page.Next
		for _, c := range page.Items {
			if seen := f.seen[c.Conversation]; seen != c.Version {
				r.Miss("the feed had version %d of %s, which has %d", seen, c.Conversation, c.Version)
			}
		}
	}
}
