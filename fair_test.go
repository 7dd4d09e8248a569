package charla_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// pile puts deliveries that are due into accounts' outboxes, n into each.
func pile(t *testing.T, store storage.Store, kind string, n int, accounts ...chatcfg.AccountID) {
	t.Helper()
	for _, id := range accounts {
		var list []storage.Delivery
		for i := range n {
			list = append(list, storage.Delivery{
				Account: id, Key: fmt.Sprint(kind, i), Kind: kind, Repeatable: kind != "mail",
				Body: []byte(fmt.Sprintf(`{"ref":{"account":%q}}`, id)), NotBefore: time.UnixMilli(0).UTC(),
			})
		}
		err := store.Contacts().Add(t.Context(), tickets.Submission{Account: id, Key: kind, Text: "x", At: start}, list)
		require.NoError(t, err)
	}
}

// tarpit is a hook that never returns for some accounts until it is let go.
type tarpit struct {
	mu   sync.Mutex
	open chan struct{}
	hung map[chatcfg.AccountID]int
	told map[chatcfg.AccountID]int
	slow map[chatcfg.AccountID]bool
}

func newTarpit(slow ...chatcfg.AccountID) *tarpit {
	p := &tarpit{open: make(chan struct{}), hung: map[chatcfg.AccountID]int{}, told: map[chatcfg.AccountID]int{}, slow: map[chatcfg.AccountID]bool{}}
	for _, id := range slow {
		p.slow[id] = true
	}
	return p
}

func (p *tarpit) hear(_ context.Context, e charla.Event) error {
	p.mu.Lock()
	id := e.Ref.Account
	if !p.slow[id] {
		p.told[id]++
		p.mu.Unlock()
		return nil
	}
	p.hung[id]++
	p.mu.Unlock()
	<-p.open
	return nil
}

func (p *tarpit) count(of map[chatcfg.AccountID]int, id chatcfg.AccountID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return of[id]
}

// TestFairOutbox: R8.4: accounts whose hooks never return hold up neither mails nor
// other accounts' events: what comes then is delivered without any time passing.
func TestFairOutbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, nil)
		account := func(i int) chatcfg.AccountID {
			a, _, err := b.desk.CreateAccount(b.ctx, fmt.Sprint("c", i), "x.cl", nil)
			require.NoError(t, err)
			return a.ID()
		}
		var slow []chatcfg.AccountID
		for i := range 3 {
			slow = append(slow, account(i))
		}
		quick := account(3)
		hook, mails := newTarpit(slow...), &charla.Outgoing{}
		d := b.newDesk(func(o *charla.Options) {
			o.Clock, o.Mailer, o.Runner = nil, mails, charla.RunnerOptions{}
			o.Hooks = map[string]charla.Hook{"crm": hook.hear, "all": func(context.Context, charla.Event) error { <-hook.open; return nil }}
		})
		pile(t, b.store, "event:crm", 10_000, slow[0])
		pile(t, b.store, "event:crm", 100, slow[1:]...)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var ran sync.WaitGroup
		ran.Go(func() { _ = d.Run(ctx) })
		synctest.Wait()
		for _, id := range slow {
			assert.Less(t, hook.count(hook.hung, id), 40, "an account leaves as many workers as it holds")
			assert.Positive(t, hook.count(hook.hung, id))
		}

		pile(t, b.store, "mail", 200, slow[0], quick)
		pile(t, b.store, "event:all", 500, slow[0], quick) // a hook that hangs for everybody
		pile(t, b.store, "event:crm", 200, quick)
		elapse(time.Second) // a poll
		synctest.Wait()
		assert.Len(t, mails.Mails(), 400)
		assert.Equal(t, 200, hook.count(hook.told, quick))

		elapse(10 * time.Minute) // the leases of what hangs run out, many times
		assert.Less(t, hook.count(hook.hung, slow[0]), 80, "a slow account waits behind itself")
		pile(t, b.store, "mail:contact", 10, quick)
		elapse(2 * time.Second)
		assert.Equal(t, 410, len(mails.Mails()))
		close(hook.open)
		elapse(time.Hour)
		stop()
		ran.Wait()
	})
}

// TestUnbegun: R8.2: a claim is counted as an attempt only if the delivery is begun.
func TestUnbegun(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	pile(t, b.store, "mail", 1, b.account.ID())
	ctx, cancel := context.WithCancel(b.ctx)
	stopped := b.newDesk(func(o *charla.Options) { o.Runner.Attempts = 2 })
	inner := b.store
	b.store = &claiming{Store: inner, claimed: func([]storage.Delivery) { cancel() }}
	stopping := b.newDesk(func(o *charla.Options) { o.Runner.Attempts = 2 })
	for range 5 {
		_, _ = stopping.RunDue(ctx)
		ctx, cancel = context.WithCancel(b.ctx)
	}
	waiting := b.deliveries(charla.DeliveryPending)
	require.Len(t, waiting, 1)
	require.Zero(t, waiting[0].Attempts)
	_, err := stopped.RunDue(b.ctx)
	require.NoError(t, err)
	require.Equal(t, 1, b.deliveries(charla.DeliverySent)[0].Attempts)
	cancel()
}

// busyPresence answers for some account only when it is let go.
type busyPresence struct {
	slow chatcfg.AccountID
	open chan struct{}
}

func (p *busyPresence) Presence(_ context.Context, id chatcfg.AccountID) (tickets.Presence, error) {
	if id == p.slow {
		<-p.open
	}
	return tickets.Presence{Available: true}, nil
}

// TestFairDeadlines: R8.4: an account whose deadlines hang, or are very many, keeps no
// other account's waiting.
func TestFairDeadlines(t *testing.T) {
	t.Parallel()
	for name, hangs := range map[string]bool{"hangs": true, "many": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(5) })
				presence := &busyPresence{open: make(chan struct{})}
				counted := &countedCommits{Store: b.store, all: map[chatcfg.AccountID]int{}}
				b.store = counted
				b.use(b.newDesk(func(o *charla.Options) {
					o.Clock, o.Hooks, o.Presence, o.Runner = nil, nil, presence, charla.RunnerOptions{Batch: 10}
				}))
				cfg, _, err := b.account.Config(b.ctx)
				require.NoError(t, err)
				other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", &charla.AccountOptions{Config: &cfg})
				require.NoError(t, err)
				for i := range 2000 {
					b.write(b.enter(fmt.Sprint("c", i)), "hola")
				}
				elapse(time.Second)
				v, _, err := other.Enter(b.ctx, charla.Entry{Name: "Ana", Email: "ana@example.com"})
				require.NoError(t, err)
				b.write(v, "hola")
				elapse(time.Hour)
				if hangs {
					presence.slow = b.account.ID()
				}
				counted.reset(other.ID())
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				var ran sync.WaitGroup
				ran.Go(func() { _ = b.desk.Run(ctx) })
				elapse(5 * time.Second)
				assert.Equal(t, 1, counted.all[other.ID()], "the other's deadline was carried out")
				assert.Less(t, counted.before, 1000, "before most of the many")
				close(presence.open)
				elapse(time.Hour)
				assert.GreaterOrEqual(t, counted.all[b.account.ID()], 2000, "nothing is lost")
				stop()
				ran.Wait()
			})
		})
	}
}

// countedCommits counts the commits of each account.
type countedCommits struct {
	storage.Store
	mu      sync.Mutex
	all     map[chatcfg.AccountID]int
	watched chatcfg.AccountID
	before  int
}

func (s *countedCommits) reset(watched chatcfg.AccountID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched, s.all = watched, map[chatcfg.AccountID]int{}
}

func (s *countedCommits) Conversations() storage.Conversations {
	return committing{s.Store.Conversations(), s}
}

type committing struct {
	storage.Conversations
	s *countedCommits
}

func (c committing) Commit(ctx context.Context, b *storage.Batch) error {
	err := c.Conversations.Commit(ctx, b)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if id := b.Conversation.Account; err == nil {
		if c.s.all[id]++; id == c.s.watched && c.s.before == 0 {
			for _, n := range c.s.all {
				c.s.before += n
			}
		}
	}
	return err
}

// TestLater: R8.2: what a mailer's own limit holds back is no failed attempt, however
// often, and comes at the time that the mailer names.
func TestLater(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	pile(t, b.store, "mail", 1, b.account.ID())
	full := true
	m := &answering{answer: func(charla.Mail) error {
		if full {
			return fmt.Errorf("wrapped: %w", &charla.Later{After: 10 * time.Minute, Err: errors.New("too many")})
		}
		return nil
	}}
	b.use(b.newDesk(func(o *charla.Options) { o.Mailer, o.Runner.Attempts = m, 2 }))
	for range 20 {
		b.pass(10 * time.Minute)
	}
	require.Len(t, m.tried, 20)
	waiting := b.deliveries(charla.DeliveryPending)
	require.Len(t, waiting, 1)
	require.Zero(t, waiting[0].Attempts)
	require.Equal(t, b.clock.Now().Add(10*time.Minute).UTC(), waiting[0].NotBefore)
	require.Contains(t, waiting[0].Error, "too many")
	full = false
	b.pass(10 * time.Minute)
	require.Len(t, b.deliveries(charla.DeliverySent), 1)
}
