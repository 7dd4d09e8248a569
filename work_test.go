package charla_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWorkers: RunDue sends as many deliveries of a hook at once as a quarter of the workers,
// and each has half a lease.
func TestWorkers(t *testing.T) {
	t.Parallel()
	for workers, want := range map[int]int{1: 1, 8: 2, 12: 3} {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, nil)
			var mu sync.Mutex
			now, most := 0, 0
			hook := func(ctx context.Context, _ charla.Event) error {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				<-ctx.Done()
				mu.Lock()
				defer mu.Unlock()
				now--
				return nil
			}
			b.use(b.newDesk(func(o *charla.Options) {
				o.Clock, o.Hooks, o.Runner.Workers = nil, map[string]charla.Hook{"host": hook}, workers
			}))
			for i := range 3 {
				b.write(b.enter(fmt.Sprint("c", i)), "hola")
			}
			began := time.Now()
			_, err := b.desk.RunDue(b.ctx)
			require.NoError(t, err)
			assert.Equal(t, want, most)
			assert.Zero(t, time.Since(began)%(15*time.Second), "half of the 30 seconds that a lease has by default")
			assert.NotZero(t, time.Since(began))
		})
	}
}

// TestAttemptsByDefault: what is not sent is tried twelve times.
func TestAttemptsByDefault(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tried := 0
	b.use(b.newDesk(func(o *charla.Options) {
		o.Hooks = map[string]charla.Hook{"host": func(context.Context, charla.Event) error {
			tried++
			return charla.ErrNotSent
		}}
	}))
	b.enter("juan")
	b.write(b.enter("eva"), "hola")
	pending := len(b.deliveries(charla.DeliveryPending))
	require.Positive(t, pending)
	for range 20 {
		b.pass(6 * time.Hour)
	}
	assert.Equal(t, 12*pending, tried)
	assert.Len(t, b.deliveries(charla.DeliveryDead), pending)
}

// TestEventOfFirstVersion: an event that an earlier version stored, for no hook by its name, is for
// all of them.
func TestEventOfFirstVersion(t *testing.T) {
	t.Parallel()
	for hooks := range 3 {
		b := setup(t, nil)
		b.write(b.enter("juan"), "hola")
		page, err := b.store.Outbox().List(b.ctx, b.account.ID(), storage.Pending, "", 1)
		require.NoError(t, err)
		one := page.Items[0]
		one.Key, one.Kind = "of an earlier version", "event"
		b.pass(0)
		heard := 0
		b.use(b.newDesk(func(o *charla.Options) {
			o.Hooks = map[string]charla.Hook{}
			for i := range hooks {
				o.Hooks[fmt.Sprint("h", i)] = func(context.Context, charla.Event) error { heard++; return nil }
			}
		}))
		require.NoError(t, b.store.Contacts().Add(b.ctx, tickets.Submission{Account: b.account.ID(), Key: "k", At: start}, []storage.Delivery{one}))
		b.pass(0)
		assert.Equal(t, hooks, heard)
		state := charla.DeliverySent
		if hooks == 0 {
			state = charla.DeliveryDead
		}
		found := b.deliveries(state)
		require.NotEmpty(t, found)
		assert.Equal(t, one.Key, found[len(found)-1].Key)
	}
}

// jumping is a clock that can be put forward.
type jumping struct {
	clock.Clock
	by atomic.Int64
}

func (c *jumping) Now() time.Time { return c.Clock.Now().Add(time.Duration(c.by.Load())) }

// TestPruneAfterAJump: R7.5: what had not expired at the last look is kept at the first one after the
// clock was put forward.
func TestPruneAfterAJump(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks := &looking{Store: storage.NewMemory()}
		now := &jumping{Clock: clock.New()}
		d, err := charla.New(looks, &charla.Options{Clock: now, Runner: charla.RunnerOptions{Keep: 24 * time.Hour, Poll: time.Minute}})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = d.Run(ctx) }()
		synctest.Wait()
		last := now.Now().UTC()
		assert.Equal(t, []time.Time{last.Add(-24 * time.Hour)}, looks.since())
		for range 2 {
			now.by.Add(int64(30 * 24 * time.Hour))
			elapse(2 * time.Minute)
			synctest.Wait()
			assert.Equal(t, []time.Time{last}, looks.since())
			last = now.Now().Add(-time.Minute).UTC()
		}
	})
}

// looking is a store that says up to when it is to prune sessions.
type looking struct {
	storage.Store
	mu sync.Mutex
	at []time.Time
}

func (s *looking) since() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.at
	s.at = nil
	return at
}

func (s *looking) Sessions() storage.Sessions { return lookingSessions{s.Store.Sessions(), s} }

type lookingSessions struct {
	storage.Sessions
	s *looking
}

func (p lookingSessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	p.s.mu.Lock()
	p.s.at = append(p.s.at, before)
	p.s.mu.Unlock()
	return p.Sessions.Prune(ctx, before, limit)
}

// TestManyTicketsOfAWrongClock: more tickets than a page that a wrong clock dated are dated
// anew by one look.
func TestManyTicketsOfAWrongClock(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.clock.Set(start.AddDate(0, 0, 30))
	for i := range storage.MaxPage + 1 {
		b.write(b.enter(fmt.Sprint("c", i)), "hola")
	}
	b.clock.Set(start.Add(time.Minute))
	ahead := func() int {
		refs, err := b.store.Conversations().Ahead(b.ctx, b.clock.Now().Add(tickets.MaxSkew), b.clock.Now().Add(time.Hour), storage.MaxPage)
		require.NoError(t, err)
		return len(refs)
	}
	require.Equal(t, storage.MaxPage, ahead())
	b.use(b.newDesk(nil))
	b.pass(0)
	assert.Zero(t, ahead())
}

// haunted is a store that lists accounts that are no longer as they are listed.
type haunted struct {
	storage.Store
	ghost chatcfg.Account
}

func (s haunted) Accounts() storage.Accounts { return hauntedAccounts{s.Store.Accounts(), s.ghost} }

type hauntedAccounts struct {
	storage.Accounts
	ghost chatcfg.Account
}

func (p hauntedAccounts) List(ctx context.Context, after chatcfg.AccountID, hidden bool, limit int) ([]chatcfg.Account, error) {
	list, err := p.Accounts.List(ctx, after, hidden, limit)
	return append(list, p.ghost), err
}

// TestGoneOfAWrongClock: an account that is deleted or purged while a wrong clock's dates are looked
// for, or that a newer version has written, keeps nobody else's from being mended.
func TestGoneOfAWrongClock(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bench, a *chatcfg.Account){
		"deleted": func(b *bench, a *chatcfg.Account) {
			require.NoError(b.t, b.desk.Account(a.ID).Delete(b.ctx, a.Name))
		},
		"purged": func(_ *bench, a *chatcfg.Account) { a.ID.UUID[0]++ },
		"newer": func(b *bench, a *chatcfg.Account) {
			a.Revision++
			a.Format = 1000
			require.NoError(b.t, b.store.Accounts().Save(b.ctx, *a))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
			require.NoError(t, err)
			ghost, err := b.store.Accounts().Get(b.ctx, other.ID())
			require.NoError(t, err)
			change(b, &ghost)
			ghost.SavedAt = start.AddDate(0, 0, 30)
			b.store = haunted{b.store, ghost}
			b.use(b.newDesk(nil))
			b.pass(time.Minute)
		})
	}
}
