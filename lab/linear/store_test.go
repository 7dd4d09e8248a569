package linear_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

var errFailed = errors.New("the store failed")

// jittery is a store whose calls take turns with others, and whose commits fail,
// now and then, before or after they have happened.
type jittery struct {
	storage.Store
	// failures is in how many commits one fails; zero: in none.
	failures int64
	n        atomic.Int64
	calm     atomic.Bool
	defect   defect
}

// defect is what a store may do wrong; nil: it does not.
type defect struct {
	load   func(context.Context, storage.Conversations, storage.LoadQuery) (storage.Loaded, error)
	commit func(context.Context, storage.Conversations, *storage.Batch) error
	ticket func(context.Context, storage.Queries, tickets.Ref) (tickets.Ticket, error)
	list   func(context.Context, storage.Queries, storage.MessageQuery) ([]tickets.Message, error)
}

func (j *jittery) Conversations() storage.Conversations {
	return conversations{j.Store.Conversations(), j}
}
func (j *jittery) Queries() storage.Queries { return queries{j.Store.Queries(), j} }

// turn lets others go on, another number of times for each call.
func (j *jittery) turn() int64 {
	n := j.n.Add(1)
	for range n * 7 % 5 {
		runtime.Gosched()
	}
	return n
}

type conversations struct {
	storage.Conversations
	j *jittery
}

func (c conversations) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	c.j.turn()
	defer c.j.turn()
	if c.j.defect.load != nil {
		return c.j.defect.load(ctx, c.Conversations, q)
	}
	return c.Conversations.Load(ctx, q)
}

func (c conversations) Commit(ctx context.Context, b *storage.Batch) error {
	n := c.j.turn()
	defer c.j.turn()
	fails := c.j.failures > 0 && n%c.j.failures == 0 && !c.j.calm.Load()
	if fails && n/c.j.failures%2 == 0 {
		return errFailed
	}
	var err error
	if c.j.defect.commit != nil {
		err = c.j.defect.commit(ctx, c.Conversations, b)
	} else {
		err = c.Conversations.Commit(ctx, b)
	}
	if err == nil && fails {
		return errFailed
	}
	return err
}

type queries struct {
	storage.Queries
	j *jittery
}

func (q queries) Ticket(ctx context.Context, ref tickets.Ref) (tickets.Ticket, error) {
	q.j.turn()
	defer q.j.turn()
	if q.j.defect.ticket != nil {
		return q.j.defect.ticket(ctx, q.Queries, ref)
	}
	return q.Queries.Ticket(ctx, ref)
}

func (q queries) Messages(ctx context.Context, of storage.MessageQuery) ([]tickets.Message, error) {
	q.j.turn()
	defer q.j.turn()
	if q.j.defect.list != nil {
		return q.j.defect.list(ctx, q.Queries, of)
	}
	return q.Queries.Messages(ctx, of)
}

// defects are stores broken on purpose: each must be found out.
var defects = map[string]func() defect{
	"a commit that is lost": func() defect {
		var n atomic.Int64
		return defect{commit: func(ctx context.Context, c storage.Conversations, b *storage.Batch) error {
			if b.Conversation.Version > 1 && n.Add(1)%5 == 0 {
				return nil
			}
			return c.Commit(ctx, b)
		}}
	},
	"a commit without a check of the version": func() defect {
		return defect{commit: func(ctx context.Context, c storage.Conversations, b *storage.Batch) error {
			err := c.Commit(ctx, b)
			for errors.Is(err, storage.ErrConflict) && b.Conversation.Version > 1 {
				now, loadErr := c.Load(ctx, storage.LoadQuery{Account: b.Conversation.Account, Conversation: b.Conversation.ID})
				if loadErr != nil {
					return loadErr
				}
				b.Conversation.Version = now.Conversation.Version + 1
				b.Receipt = nil
				err = c.Commit(ctx, b)
			}
			return err
		}}
	},
	"a commit that happens twice": func() defect {
		var n atomic.Int64
		return defect{commit: func(ctx context.Context, c storage.Conversations, b *storage.Batch) error {
			err := c.Commit(ctx, b)
			if err == nil && b.Receipt == nil && n.Add(1)%5 == 0 {
				return storage.ErrConflict // and so it is decided again
			}
			return err
		}}
	},
	"a commit that fails for sure and happens all the same": func() defect {
		var n atomic.Int64
		return defect{commit: func(ctx context.Context, c storage.Conversations, b *storage.Batch) error {
			err := c.Commit(ctx, b)
			if err == nil && n.Add(1)%5 == 0 {
				return storage.ErrBusy
			}
			return err
		}}
	},
	"a key that is forgotten": func() defect {
		return defect{commit: func(ctx context.Context, c storage.Conversations, b *storage.Batch) error {
			b.Receipt = nil
			return c.Commit(ctx, b)
		}}
	},
	"a deadline that is forgotten": func() defect {
		return defect{commit: func(ctx context.Context, c storage.Conversations, b *storage.Batch) error {
			b.Wake = time.Time{}
			return c.Commit(ctx, b)
		}}
	},
	"a stale load": func() defect {
		var seen remembered[tickets.ConversationID, storage.Loaded]
		return defect{load: func(ctx context.Context, c storage.Conversations, q storage.LoadQuery) (storage.Loaded, error) {
			now, err := c.Load(ctx, q)
			if err != nil || !q.Session.IsZero() || now.Receipt != nil || now.Older != nil {
				return now, err
			}
			return seen.swap(now.Conversation.ID, now), nil
		}}
	},
	"a stale read of a ticket": func() defect {
		var seen remembered[tickets.Ref, tickets.Ticket]
		return defect{ticket: func(ctx context.Context, q storage.Queries, ref tickets.Ref) (tickets.Ticket, error) {
			now, err := q.Ticket(ctx, ref)
			if err != nil {
				return now, err
			}
			return seen.swap(ref, now), nil
		}}
	},
	"a read that lacks a message": func() defect {
		return defect{list: func(ctx context.Context, q storage.Queries, of storage.MessageQuery) ([]tickets.Message, error) {
			list, err := q.Messages(ctx, of)
			if len(list) > 3 {
				list = append(list[:1:1], list[2:]...)
			}
			return list, err
		}}
	},
}

// remembered answers what it was given the time before.
type remembered[K comparable, V any] struct {
	mu sync.Mutex
	m  map[K]V
}

func (r *remembered[K, V]) swap(k K, v V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, ok := r.m[k]
	if r.m == nil {
		r.m = make(map[K]V)
	}
	r.m[k] = v
	if !ok {
		return v
	}
	return old
}
