package charla

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// sweepEvery is how often [Desk.Run] looks for uploads that were interrupted. One that it
// sees twice is no longer under way.
const sweepEvery = time.Hour

// sweepLoop sweeps at once and then every hour (sweepEvery) until ctx ends. Failures
// are logged and told to the observer, and tried again.
func (d *Desk) sweepLoop(ctx context.Context) {
	seen := map[tickets.FileID]bool{}
	for {
		if err := d.sweep(ctx, seen); err != nil && ctx.Err() == nil {
			d.logFailed(ctx, RunFiles, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.o.Clock.After(sweepEvery):
		}
	}
}

// sweep settles the uploads whose notes were there at the sweep before, which are those
// in seen, and puts into seen those for the next sweep. It fails if the file store or
// the store does, with all errors joined; the other uploads are settled all the same.
func (d *Desk) sweep(ctx context.Context, seen map[tickets.FileID]bool) error {
	before := maps.Clone(seen)
	var due []tickets.FileID
	clear(seen)
	var errs []error
	for note, err := range d.o.Files.Store.List(ctx, noteAccount) {
		if err != nil {
			errs = append(errs, fmt.Errorf("charla: list uploads: %w", err))
			maps.Copy(seen, before)
			break
		}
		seen[note.ID] = true
		if before[note.ID] {
			due = append(due, note.ID)
		}
	}
	for _, id := range due {
		if err := d.settleUpload(ctx, id); err != nil {
			errs = append(errs, fmt.Errorf("charla: interrupted upload %s: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// settleUpload removes the file of an interrupted upload unless a message has it, and
// then its note. It fails if the file store or the store does, or if the note cannot be
// read; nothing of it is then lost.
func (d *Desk) settleUpload(ctx context.Context, id tickets.FileID) error {
	files := d.o.Files.Store
	body, err := files.Get(ctx, noteAccount, id)
	if errors.Is(err, ErrNotFound) { // it was settled, or never written whole
		return files.Delete(ctx, noteAccount, id)
	}
	var note uploadNote
	if err == nil {
		err = json.Unmarshal(body, &note)
	}
	if err != nil {
		return err
	}
	kept, err := d.hasFile(ctx, note, id)
	if err == nil && !kept {
		err = files.Delete(ctx, note.Account, id)
	}
	if err == nil {
		err = files.Delete(ctx, noteAccount, id)
	}
	return err
}

// recount is how long a count of an account's files is believed.
const recount = 10 * time.Minute

// fileUse counts the bytes of accounts' files for [FileOptions].AccountBytes.
type fileUse struct {
	queues queues // one counts at a time
	mu     sync.Mutex
	m      map[chatcfg.AccountID]*usedBytes
}

// usedBytes is what is known of one account's files.
type usedBytes struct {
	bytes     int64 // stored, and reserved
	reserved  int64 // of uploads under way in this process
	countedAt time.Time
}

// reserve counts an upload as its account's, before it is stored; it counts the
// account's files anew if that is long ago. settle, which must be called once, says
// whether it stays. It fails with [chatcfg.Problems], which it reports as
// [SecurityLimit], if the account would have more than it may, with [ErrBusy] if too
// many wait for the count, with ctx's error, and with the file store's.
func (f *fileUse) reserve(ctx context.Context, d *Desk, account chatcfg.AccountID, size int64) (settle func(stored bool), err error) {
	limit := d.o.Files.AccountBytes
	if limit < 0 {
		return func(bool) {}, nil
	}
	leave, _, err := f.queues.enter(ctx, account.UUID, d.o.Limits.Queue)
	if err != nil {
		return nil, err
	}
	defer leave()
	now := d.Now()
	used := f.of(account, d.o.Limits.Accounts)
	if used.countedAt.IsZero() || now.Sub(used.countedAt).Abs() >= recount {
		var total int64
		for file, err := range d.o.Files.Store.List(ctx, account) {
			if err != nil {
				return nil, fmt.Errorf("charla: count files: %w", err)
			}
			total += file.Size
		}
		f.mu.Lock()
		used.bytes, used.countedAt = total+used.reserved, now
		f.mu.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if used.bytes+size > limit {
		d.ReportSecurity(ctx, SecurityEvent{Kind: SecurityLimit, Account: account, Reason: "account_bytes"})
		return nil, chatcfg.Problems{{Path: "file", Code: chatcfg.CodeFilesFull, Args: []any{limit}}}
	}
	used.bytes += size
	used.reserved += size
	return func(stored bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		used.reserved -= size
		if !stored {
			used.bytes -= size
		}
	}, nil
}

// of returns what is known of an account's files, to be changed in place with the lock
// held; of an unknown one, nothing. If there are limit others, it forgets one that has
// no upload under way.
func (f *fileUse) of(account chatcfg.AccountID, limit int) *usedBytes {
	f.mu.Lock()
	defer f.mu.Unlock()
	if used := f.m[account]; used != nil {
		return used
	}
	if f.m == nil {
		f.m = make(map[chatcfg.AccountID]*usedBytes)
	}
	if len(f.m) >= limit {
		for id, one := range f.m {
			if one.reserved == 0 {
				delete(f.m, id)
				break
			}
		}
	}
	used := &usedBytes{}
	f.m[account] = used
	return used
}
