package charla_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
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

// observed writes down what an observer is told. The context of an operation
// holds its name, and every operation that it is within.
type observed struct {
	mu   sync.Mutex
	told []string
}

type within struct{}

func inside(ctx context.Context) string {
	path, _ := ctx.Value(within{}).(string)
	return path
}

func (o *observed) tell(ctx context.Context, format string, a ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, strings.TrimSpace(inside(ctx)+" "+fmt.Sprintf(format, a...)))
}

// since returns what was told since the last call.
func (o *observed) since() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	told := o.told
	o.told = nil
	return told
}

func (o *observed) observer() *charla.Observer {
	return &charla.Observer{
		Begin: func(ctx context.Context, op charla.Operation) context.Context {
			name := strings.TrimSuffix(string(op.Name)+"."+op.Kind, ".")
			return context.WithValue(ctx, within{}, strings.TrimPrefix(inside(ctx)+"/"+name, "/"))
		},
		Changed: func(ctx context.Context, c charla.ObservedChange) {
			o.tell(ctx, "%s conflicts=%d took=%s %s", c.Kind, c.Conflicts, c.Duration, charla.ErrorClass(c.Err))
		},
		Committed: func(ctx context.Context, c charla.ObservedCommit) {
			o.tell(ctx, "took=%s %s", c.Duration, charla.ErrorClass(c.Err))
		},
		Fired: func(ctx context.Context, l charla.ObservedDeadline) { o.tell(ctx, "%s late=%s", l.Kind, l.Late) },
		Delivered: func(ctx context.Context, d charla.ObservedDelivery) {
			o.tell(ctx, "%s %s attempts=%d late=%s took=%s %s", d.Kind, d.State, d.Attempts, d.Late, d.Duration, charla.ErrorClass(d.Err))
		},
		Stream: func(ctx context.Context, side tickets.Side, n int) { o.tell(ctx, "%s %+d", side, n) },
		Hint:   func(h charla.HintKind) { o.tell(context.Background(), "hint %s", h) },
		Failed: func(ctx context.Context, part charla.RunPart, err error) { o.tell(ctx, "%s: %s", part, err) },
	}
}

// observe puts an observer on a bench whose store takes a second over each commit
// and sees the contexts.
func (b *bench) observe(change func(*charla.Options)) (*observed, *flakyConversations) {
	o := &observed{}
	store := &flakyConversations{Conversations: b.store.Conversations()}
	store.fail = func(commit func() error) error {
		b.clock.Set(b.clock.Now().Add(time.Second))
		return commit()
	}
	b.store = &flaky{Store: b.store, conversations: store}
	b.use(b.newDesk(func(opts *charla.Options) {
		opts.Hooks, opts.Observer = nil, o.observer()
		if change != nil {
			change(opts)
		}
	}))
	return o, store
}

// An observer is told of every change and its commits, with conflicts, errors and
// times, each in the context of its operation.
func TestObserverChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	o, store := b.observe(nil)
	s := b.enter("juan")
	ref := b.write(s, "hola").Ref
	assert.Equal(t, []string{
		"change.write/commit took=1s", "change.write write conflicts=0 took=1s",
	}, o.since())

	commit, quicker := store.fail, 2
	store.fail = func(inner func() error) error {
		if quicker--; quicker >= 0 {
			return fmt.Errorf("quicker: %w", storage.ErrConflict)
		}
		return commit(inner)
	}
	b.reply(ref, "dime")
	assert.Equal(t, []string{
		"change.reply/commit took=0s conflict", "change.reply/commit took=0s conflict",
		"change.reply/commit took=1s", "change.reply reply conflicts=2 took=1s",
	}, o.since())

	store.fail = func(func() error) error { return errors.New("disk on fire") }
	_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
	store.fail = commit
	_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandOpen}, nil)
	require.ErrorIs(t, err, tickets.ErrTransition)
	assert.Equal(t, []string{
		"change.close/commit took=0s other", "change.close close conflicts=0 took=0s outcome_unknown",
		"change.open open conflicts=0 took=0s transition",
	}, o.since())
}

// An observer is told how late deadlines are carried out, by Run or by another change
// (R4.3).
func TestObserverDeadlines(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Quality.SLA = minutes(1)
		c.Automation.AutoClose.Enabled, c.Automation.AutoClose.After = true, minutes(10)
	})
	o, _ := b.observe(nil)
	s := b.enter("juan")
	ref := b.write(s, "hola").Ref
	o.since()
	b.pass(89 * time.Second) // one has passed in the commit
	assert.Equal(t, []string{
		"change.tick/commit took=1s", "change.tick delay late=31s", "change.tick tick conflicts=0 took=1s",
	}, o.since())
	b.reply(ref, "dime")
	o.since()
	b.clock.Set(b.clock.Now().Add(11*time.Minute - time.Second))
	b.write(s, "¿sigue ahí?")
	assert.Contains(t, o.since(), "change.write expire late=1m1s")
}

// An observer is told the outcome of each attempt of a delivery, and the mailer has
// the operation's context.
func TestObserverDeliveries(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefe@tienda.cl"}}
	})
	var where []string
	mailer := mailerFunc(func(ctx context.Context, _ charla.Mail) error {
		where = append(where, inside(ctx))
		b.clock.Set(b.clock.Now().Add(3 * time.Second))
		if len(where) == 1 {
			return charla.ErrNotSent
		}
		return nil
	})
	o, _ := b.observe(func(opts *charla.Options) { opts.Mailer = mailer })
	b.write(b.enter("juan"), "hola")
	o.since()
	b.pass(20 * time.Second)
	assert.Equal(t, []string{"delivery.mail mail pending attempts=1 late=21s took=3s not_sent"}, o.since())
	next, err := b.desk.NextDue(b.ctx)
	require.NoError(t, err)
	b.pass(next.Sub(b.clock.Now()) + time.Minute)
	assert.Equal(t, []string{"delivery.mail mail sent attempts=2 late=1m0s took=3s"}, o.since())
	assert.Equal(t, []string{"delivery.mail", "delivery.mail"}, where)
}

// An observer is told of streams that open and end, of hints, and of what Run goes
// on after.
func TestObserverRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		w := &wire{ears: make(map[int]chan []byte), breaks: 1}
		o, _ := b.observe(func(opts *charla.Options) {
			opts.Clock, opts.Broker = nil, w
		})
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() { _ = b.desk.Run(ctx) })
		elapse(2 * time.Second)
		told := o.since()
		assert.Equal(t, "broker: broken wire", told[0])
		assert.Equal(t, 4, count(told, "hint ignored"))
		assert.Equal(t, 1, count(told, "hint heard"), "of the right size, though of an unknown kind")
		s := b.enter("juan")
		ref := b.write(s, "hola").Ref
		synctest.Wait()
		told = o.since()
		assert.Equal(t, 2, count(told, "hint sent"))
		assert.Equal(t, 4, count(told, "hint heard"), "this wire doubles them")
		customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, 0) })
		agent := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return b.account.Inbox().Follow(ctx, ref, 0, 0)
		})
		customer.since()
		assert.ElementsMatch(t, []string{"customer +1", "agent +1"}, o.since())
		customer.stop()
		synctest.Wait()
		assert.Equal(t, []string{"customer -1"}, o.since())
		agent.stop()
		synctest.Wait()
		assert.Equal(t, []string{"agent -1"}, o.since())
		require.NoError(t, b.store.Close())
		elapse(2 * time.Second)
		told = o.since()
		assert.Contains(t, told, "deadlines: charla: claim deadlines: storage: closed\ncharla: claim after a save: storage: closed")
		assert.Contains(t, told, "outbox: charla: claim outbox: storage: closed")
		stop()
		ran.Wait()
		assert.Empty(t, o.since(), "the end of Run is no failure")
	})
}

func count(list []string, what string) int {
	n := 0
	for _, one := range list {
		if one == what {
			n++
		}
	}
	return n
}

// An observer that has no functions is as good as none.
func TestObserverEmpty(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(1) })
	b.use(b.newDesk(func(o *charla.Options) { o.Observer, o.Broker = &charla.Observer{}, &wire{} }))
	s := b.enter("juan")
	ref := b.write(s, "hola").Ref
	for m, err := range messagesOf(s.Live(b.ctx, 0, 0)) {
		require.NoError(t, err)
		assert.Equal(t, "hola", m.Text)
		break
	}
	b.pass(time.Hour)
	late := b.ticket(ref)
	assert.True(t, late.Delayed())
	require.NoError(t, b.store.Close())
	ctx, stop := context.WithTimeout(b.ctx, 10*time.Millisecond)
	defer stop()
	require.ErrorIs(t, b.desk.Run(ctx), context.DeadlineExceeded)
}

// Lag is how late deadlines and deliveries are that nobody has claimed.
func TestLag(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(1) })
	lag := func() charla.Lag {
		t.Helper()
		l, err := b.desk.Lag(b.ctx)
		require.NoError(t, err)
		return l
	}
	assert.Zero(t, lag(), "nothing is due")
	b.write(b.enter("juan"), "hola")
	assert.Zero(t, lag(), "its events are due now, its deadline later")
	b.clock.Set(start.Add(90 * time.Second))
	assert.Equal(t, charla.Lag{Deadlines: 30 * time.Second, Outbox: 90 * time.Second}, lag())
	b.pass(0)
	assert.Zero(t, lag())
	require.NoError(t, b.store.Close())
	_, err := b.desk.Lag(b.ctx)
	require.ErrorIs(t, err, storage.ErrClosed)
}

// Classes of errors are few, and none has anything of an error's text.
func TestErrorClass(t *testing.T) {
	t.Parallel()
	assert.Empty(t, charla.ErrorClass(nil))
	for want, errs := range map[string][]error{
		"invalid":         {chatcfg.Problems{{Path: "text"}}},
		"not_found":       {charla.ErrNotFound, storage.ErrNotFound, tickets.ErrNoTicket},
		"session":         {fmt.Errorf("%w: %w", charla.ErrSession, storage.ErrNotFound)},
		"busy":            {charla.ErrBusy, storage.ErrBusy, fmt.Errorf("%w: %w", charla.ErrBusy, storage.ErrConflict)},
		"outcome_unknown": {fmt.Errorf("%w: %w", charla.ErrOutcomeUnknown, context.Canceled)},
		"transition":      {&tickets.TransitionError{}},
		"conflict":        {storage.ErrConflict},
		"config_changed":  {storage.ErrConfigChanged},
		"not_done":        {storage.ErrNotDone},
		"deleted":         {charla.ErrDeleted, storage.ErrDeleted},
		"not_sent":        {fmt.Errorf("%w: %w", charla.ErrNotSent, context.DeadlineExceeded)},
		"refused":         {charla.ErrRefused},
		"canceled":        {context.Canceled},
		"timeout":         {context.DeadlineExceeded},
		"closed":          {storage.ErrClosed},
		"other":           {errors.New("550 juan@example.com: no such user")},
	} {
		for _, err := range errs {
			assert.Equal(t, want, charla.ErrorClass(fmt.Errorf("juan: %w", err)), "%v", err)
		}
	}
}

// BenchmarkWrite is a customer's message from the call to the commit, on a memory store,
// with nobody observing and with somebody who does nothing with it.
func BenchmarkWrite(b *testing.B) {
	for name, observer := range map[string]*charla.Observer{"unobserved": nil, "observed": {}} {
		b.Run(name, func(b *testing.B) {
			s := setup(b, nil)
			s.use(s.newDesk(func(o *charla.Options) { o.Clock, o.Hooks, o.Observer = nil, nil, observer }))
			b.ReportAllocs()
			var one *charla.Visitor
			for n := 0; b.Loop(); n++ {
				if n%50 == 0 {
					one = s.enter(fmt.Sprint("juan", n))
				}
				s.write(one, "hola, ¿hay alguien?")
			}
		})
	}
}
