package charla_test

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// screen collects what a stream tells, in words.
type screen struct {
	mu   sync.Mutex
	told []string
	err  error
	stop context.CancelFunc
}

// watch reads a stream until the test ends.
func watch(t *testing.T, open func(context.Context) iter.Seq2[charla.Update, error]) *screen {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &screen{stop: stop}
	go func() {
		for u, err := range open(ctx) {
			s.mu.Lock()
			switch {
			case err != nil:
				s.err = err
			case u.Message != nil:
				s.told = append(s.told, "message "+u.Message.Text)
			case u.Typing != nil:
				s.told = append(s.told, fmt.Sprint("typing ", *u.Typing))
			case u.Colleague != nil:
				s.told = append(s.told, fmt.Sprint(u.Colleague.Agent, " ", cmp.Or(u.Colleague.Activity, "left")))
			case u.Read != nil:
				s.told = append(s.told, fmt.Sprintf("read %d %d", u.Read.Customer, u.Read.Agent))
			default:
				s.told = append(s.told, "nothing")
			}
			s.mu.Unlock()
		}
	}()
	return s
}

// since lets everything settle and returns what was told since the last call.
func (s *screen) since() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.told
	s.told = nil
	return told
}

// elapse lets the bubble's clock run on.
func elapse(d time.Duration) { <-time.NewTimer(d).C }

// bubble is a bench on the bubble's own clock.
func bubble(t *testing.T) *bench {
	b := setup(t, nil)
	b.use(b.newDesk(func(o *charla.Options) { o.Clock = nil }))
	return b
}

// TestLive: R8.3: both screens of a conversation: messages, typing, read marks,
// the end of the past, and beats.
func TestLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		s := b.enter("juan")
		first, err := s.Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return s.Live(ctx, 0, 25*time.Second)
		})
		agent := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return b.agent(ana).Inbox().Follow(ctx, first.Ref, 1, 25*time.Second)
		})
		assert.Equal(t, []string{"message hola", "nothing"}, customer.since())
		assert.Equal(t, []string{"nothing"}, agent.since(), "nothing after message 1")

		require.NoError(t, b.agent(ana).SetActivity(b.ctx, first.Ref, charla.Replying))
		assert.Equal(t, []string{"typing true"}, customer.since())
		assert.Empty(t, agent.since(), "agents do not see themselves type")
		elapse(5 * time.Second)
		require.NoError(t, b.agent(ana).SetActivity(b.ctx, first.Ref, charla.Replying))
		assert.Empty(t, customer.since(), "still typing")
		_, err = b.agent(ana).Reply(b.ctx, first.Ref, "dime", nil)
		require.NoError(t, err)
		assert.Equal(t, []string{"message dime", "typing false"}, customer.since(), "who has written does not type")
		assert.Equal(t, []string{"message dime"}, agent.since())
		_, err = b.agent(ana).Note(b.ctx, first.Ref, "mirar", nil)
		require.NoError(t, err)
		assert.Empty(t, customer.since(), "R11.4: nothing shows that a note is written")
		assert.Equal(t, []string{"message mirar"}, agent.since())

		require.NoError(t, s.Typing(b.ctx))
		assert.Equal(t, []string{"typing true"}, agent.since())
		elapse(6*time.Second + time.Millisecond)
		assert.Equal(t, []string{"typing false"}, agent.since(), "it holds six seconds")

		require.NoError(t, s.MarkRead(b.ctx, 2))
		require.NoError(t, s.MarkRead(b.ctx, 1))
		assert.Equal(t, []string{"read 2 0"}, agent.since(), "marks only rise")
		assert.Equal(t, []string{"read 2 0"}, customer.since(), "on one's other screens, too")
		require.NoError(t, b.agent(ana).MarkRead(b.ctx, first.Ref, 99))
		assert.Equal(t, []string{"read 2 2"}, customer.since(), "never beyond the last message")
		marks, err := b.account.Inbox().Marks(b.ctx, first.Ref)
		require.NoError(t, err)
		assert.Equal(t, tickets.Marks{Customer: 2, Agent: 2}, marks)
		status, err := s.Status(b.ctx)
		require.NoError(t, err)
		assert.Equal(t, charla.Status{Ongoing: true, LastSeq: 2, Read: marks}, status)

		agent.since()
		elapse(25 * time.Second)
		assert.Equal(t, []string{"nothing"}, customer.since())
		elapse(50 * time.Second)
		assert.Equal(t, []string{"nothing", "nothing"}, customer.since())

		require.NoError(t, s.Leave(b.ctx))
		assert.Empty(t, customer.since())
		require.ErrorIs(t, customer.err, charla.ErrSession)
		require.ErrorIs(t, s.Typing(b.ctx), charla.ErrSession)
		require.ErrorIs(t, s.MarkRead(b.ctx, 3), charla.ErrSession)
		agent.stop()
		agent.since()
		require.ErrorIs(t, agent.err, context.Canceled)
	})
}

// TestLiveElsewhere: what another desk on the store does is told within a poll; a
// session that it ends hears nothing more, and is told within 15 seconds.
func TestLiveElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		other := b.newDesk(func(o *charla.Options) { o.Clock = nil })
		s := b.enter("juan")
		custom := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, time.Minute) })
		assert.Equal(t, []string{"nothing"}, custom.since(), "there is no conversation yet")
		first, err := b.on(other, s).Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		elapse(time.Second)
		assert.Equal(t, []string{"message hola"}, custom.since())
		for i := range 3 {
			_, err = other.Account(b.account.ID()).Agent(ana).Reply(b.ctx, first.Ref, fmt.Sprint(i), nil)
			require.NoError(t, err)
		}
		elapse(time.Second)
		assert.Equal(t, []string{"message 0", "message 1", "message 2"}, custom.since())
		require.NoError(t, other.Account(b.account.ID()).Agent(ana).MarkRead(b.ctx, first.Ref, 1))
		elapse(time.Minute)
		assert.Equal(t, []string{"read 0 1"}, custom.since())

		require.NoError(t, b.on(other, s).Leave(b.ctx))
		_, err = other.Account(b.account.ID()).Agent(ana).Reply(b.ctx, first.Ref, "secreto", nil)
		require.NoError(t, err)
		elapse(time.Second)
		assert.Empty(t, custom.since(), "nothing after its end")
		require.ErrorIs(t, custom.err, charla.ErrSession)

		idle := b.enter("pedro")
		alone := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return idle.Live(ctx, 0, time.Minute)
		})
		alone.since()
		require.NoError(t, b.on(other, idle).Leave(b.ctx))
		elapse(16 * time.Second)
		assert.Empty(t, alone.since())
		require.ErrorIs(t, alone.err, charla.ErrSession)
	})
}

// counting counts the reads of the feed.
type counting struct {
	storage.Store
	changes, loads *atomic.Int64
}

func (c counting) Queries() storage.Queries { return countingQueries{c.Store.Queries(), c.changes} }

func (c counting) Conversations() storage.Conversations {
	return countingLoads{c.Store.Conversations(), c.loads}
}

type countingQueries struct {
	storage.Queries
	n *atomic.Int64
}

func (c countingQueries) Changes(ctx context.Context, a chatcfg.AccountID, cursor string, limit int) (storage.Page[storage.Change], error) {
	c.n.Add(1)
	return c.Queries.Changes(ctx, a, cursor, limit)
}

type countingLoads struct {
	storage.Conversations
	n *atomic.Int64
}

func (c countingLoads) Load(ctx context.Context, q storage.LoadQuery) (storage.Loaded, error) {
	c.n.Add(1)
	return c.Conversations.Load(ctx, q)
}

// TestLivePollsOnce: however many streams an account has, its feed is polled once
// a second, and idle streams hardly read.
func TestLivePollsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		var changes, loads atomic.Int64
		b.store = counting{b.store, &changes, &loads}
		b.use(b.newDesk(func(o *charla.Options) { o.Clock = nil }))
		var sessions []*charla.Visitor
		for i := range 100 {
			s := b.enter(fmt.Sprint("c", i))
			_, err := s.Write(b.ctx, "hola", nil)
			require.NoError(t, err)
			sessions = append(sessions, s)
		}
		for _, s := range sessions {
			watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
				return s.Live(ctx, 0, 25*time.Second)
			})
		}
		synctest.Wait()
		changes.Store(0)
		loads.Store(0)
		elapse(30 * time.Second)
		synctest.Wait()
		assert.LessOrEqual(t, changes.Load(), int64(31))
		assert.GreaterOrEqual(t, changes.Load(), int64(29))
		assert.LessOrEqual(t, loads.Load(), int64(2*len(sessions)), "two checks of each session")
	})
}

// TestTypingIsOneAccounts: R1.3: typing and marks go through the account.
func TestTypingIsOneAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	first := b.write(b.enter("juan"), "hola")
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	ref := first.Ref
	ref.Account = other.ID()
	for _, foreign := range []*charla.Agent{b.agent(ana), other.Agent(ana)} {
		require.ErrorIs(t, foreign.SetActivity(b.ctx, ref, charla.Replying), charla.ErrNotFound)
		require.ErrorIs(t, foreign.MarkRead(b.ctx, ref, 1), charla.ErrNotFound)
	}
	_, err = other.Inbox().Marks(b.ctx, ref)
	require.ErrorIs(t, err, charla.ErrNotFound)
	require.NoError(t, b.agent(ana).MarkRead(b.ctx, first.Ref, 1))
	marks, err := b.account.Inbox().Marks(b.ctx, first.Ref)
	require.NoError(t, err)
	assert.Equal(t, tickets.Marks{Agent: 1}, marks)
}

// TestStreamsShareAFeed: R8.3: a stream that begins keeps nothing from those that read already of
// what another desk has written since they looked last.
func TestStreamsShareAFeed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		elsewhere := b.newDesk(func(o *charla.Options) { o.Clock = nil })
		v := b.enter("juan")
		b.write(v, "hola")
		other := b.enter("eva")
		b.write(other, "buenas")
		first := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return v.Live(ctx, 0, 0) })
		first.since()
		elapse(1300 * time.Millisecond)
		b.write(b.on(elsewhere, v), "desde otro lado")
		second := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return other.Live(ctx, 0, 0) })
		second.since()
		elapse(2 * time.Second)
		assert.Contains(t, first.since(), "message desde otro lado")
		first.stop()
		second.stop()
		first.since()
		second.since()
	})
}

// TestStreamsFail: R8.3: a stream whose feed cannot be read ends with the store's error, and what
// reads on after it begins anew.
func TestStreamsFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		store := &fragile{Store: b.store}
		b.store = store
		b.use(b.newDesk(func(o *charla.Options) { o.Clock = nil }))
		v := b.enter("juan")
		ref := b.write(v, "hola").Ref
		for name, open := range map[string]func(context.Context) iter.Seq2[charla.Update, error]{
			"visitor": func(ctx context.Context) iter.Seq2[charla.Update, error] { return v.Live(ctx, 0, 0) },
			"agent": func(ctx context.Context) iter.Seq2[charla.Update, error] {
				return b.agent(ana).Inbox().Follow(ctx, ref, 0, 0)
			},
		} {
			s := watch(t, open)
			s.since()
			store.left.Store(1)
			elapse(2 * time.Second)
			synctest.Wait()
			s.mu.Lock()
			require.ErrorIs(t, s.err, errStore, name)
			s.mu.Unlock()
		}
		inbox := watchInbox(t.Context(), b.account.Inbox(), "")
		inbox.since()
		store.left.Store(1)
		elapse(2 * time.Second)
		inbox.since()
		require.ErrorIs(t, inbox.err, errStore)
	})
}
