package charla_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// takenOver is a store whose cursors do not hold any more, once.
type takenOver struct {
	storage.Store
	now *atomic.Bool
}

func (s takenOver) Queries() storage.Queries { return takenOverQueries{s.Store.Queries(), s.now} }

type takenOverQueries struct {
	storage.Queries
	now *atomic.Bool
}

func (q takenOverQueries) Changes(ctx context.Context, a chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	if cursor != storage.Latest && q.now.CompareAndSwap(true, false) {
		return storage.Page[storage.Change]{}, storage.ErrCursor
	}
	return q.Queries.Changes(ctx, a, cursor, limit)
}

// TestFeedTakenOver: R8.3: where the feed has to begin anew, streams that are open miss
// nothing, and wait no longer than a poll.
func TestFeedTakenOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		var now atomic.Bool
		b.store = takenOver{b.store, &now}
		b.use(b.newDesk(func(o *charla.Options) { o.Clock = nil }))
		other := b.newDesk(func(o *charla.Options) { o.Clock = nil })
		s := b.enter("juan")
		first, err := b.on(other, s).Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		custom := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, time.Minute) })
		assert.Equal(t, []string{"message hola", "nothing"}, custom.since())
		now.Store(true)
		_, err = other.Account(b.account.ID()).Agent(ana).Reply(b.ctx, first.Ref, "dime", nil)
		require.NoError(t, err)
		elapse(time.Second)
		assert.Equal(t, []string{"message dime"}, custom.since())
		assert.False(t, now.Load())
	})
}
