package charla_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryMessageHasLevel: R7.1: every message carries the customer's level, agents' and
// automatic messages, too.
func TestEveryMessageHasLevel(t *testing.T) {
	t.Parallel()
	for level, visitor := range map[tickets.Level]charla.Entry{
		tickets.LevelClaimed:   {Name: "Juan", Email: "juan@example.com"},
		tickets.LevelVerified:  {Proof: &charla.Proof{Subject: "u1", Name: "Juan"}},
		tickets.LevelAnonymous: {Anonymous: true},
	} {
		t.Run(string(level), func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *chatcfg.Config) {
				c.Chat.Anonymous = level == tickets.LevelAnonymous
				c.Automation.TicketCreated, c.Automation.ManualClose = text("creado"), text("cerrado")
			})
			s, _, err := b.account.Enter(b.ctx, visitor)
			require.NoError(t, err)
			ref := b.write(s, "hola").Ref
			b.reply(ref, "buenas")
			_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
			require.NoError(t, err)
			var from []tickets.Author
			for _, m := range b.messages(ref) {
				assert.Equal(t, level, m.Level, "%s %q", m.From, m.Text)
				from = append(from, m.From)
			}
			assert.Equal(t, []tickets.Author{tickets.FromCustomer, tickets.FromRule, tickets.FromAgent, tickets.FromRule}, from)
		})
	}
}

// TestKeyNamesItsTicket: R3.9: the same key for another ticket is another request.
func TestKeyNamesItsTicket(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	first := b.write(s, "hola").Ref
	_, err := b.agent(ana).Do(b.ctx, first, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	second := b.write(s, "otra cosa").Ref
	require.NotEqual(t, first.Number, second.Number)
	mark, o := tickets.Command{Kind: tickets.CommandMark}, &charla.CallOptions{Key: "k"}
	done, err := b.agent(ana).Do(b.ctx, first, mark, o)
	require.NoError(t, err)
	_, err = b.agent(ana).Do(b.ctx, second, mark, o)
	require.ErrorIs(t, err, charla.ErrKeyReused)
	x := b.ticket(second)
	assert.False(t, x.Important)
	again, err := b.agent(ana).Do(b.ctx, first, mark, o)
	require.NoError(t, err)
	assert.Equal(t, done, again)
}

// steps is a clock whose waits end when the test ends them.
type steps struct {
	*clock.Mock
	waits chan chan time.Time
	over  <-chan struct{}
}

func (b *bench) steps() steps { return steps{b.clock, make(chan chan time.Time), b.ctx.Done()} }

func (s steps) After(time.Duration) <-chan time.Time {
	end := make(chan time.Time, 1)
	select {
	case s.waits <- end:
	case <-s.over:
	}
	return end
}

// pass lets a time pass and ends a wait.
func (s steps) pass(wait chan time.Time, d time.Duration) {
	s.Set(s.Now().Add(d))
	wait <- s.Now()
}

// reader is a stream of texts on a clock of steps.
type reader struct {
	t     *testing.T
	clock steps
	texts chan string
}

func newReader(t *testing.T, c steps, follow func(context.Context, func(tickets.Message, error) bool)) *reader {
	r := &reader{t, c, make(chan string)}
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() {
		follow(ctx, func(m tickets.Message, err error) bool {
			if err != nil {
				return false
			}
			select {
			case r.texts <- m.Text:
			case <-ctx.Done():
			}
			return true
		})
	})
	t.Cleanup(func() { cancel(); ended.Wait() })
	return r
}

// idle waits until the stream waits.
func (r *reader) idle() chan time.Time {
	r.t.Helper()
	select {
	case wait := <-r.clock.waits:
		return wait
	case text := <-r.texts:
		require.FailNow(r.t, "a message", "%q", text)
		return nil
	}
}

// want is the next message, which must come before the stream waits again.
func (r *reader) want(text string) {
	r.t.Helper()
	select {
	case got := <-r.texts:
		require.Equal(r.t, text, got)
	case <-r.clock.waits:
		require.FailNow(r.t, "it waits", "and has not yielded %q", text)
	}
}

// TestPollReadsAll: R8.3: one poll reads all that other processes wrote since the last,
// however many pages of it there are.
func TestPollReadsAll(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	ref := b.write(s, "hola").Ref
	c := b.steps()
	watching := b.newDesk(func(o *charla.Options) { o.Clock = c })
	r := newReader(t, c, func(ctx context.Context, yield func(tickets.Message, error) bool) {
		messagesOf(watching.Account(ref.Account).Inbox().Follow(ctx, ref, 1, 0))(yield)
	})
	wait := r.idle()
	for range charla.MaxPage {
		b.write(b.enter("otra"), "hola")
	}
	b.write(s, "sigo aquí") // the last of the feed
	c.pass(wait, 2*time.Second)
	r.want("sigo aquí")
}

// hooked is a store that calls a function once, after its next read of messages.
type hooked struct {
	storage.Store
	mu   sync.Mutex
	next func()
}

func (s *hooked) once(next func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = next
}

func (s *hooked) Queries() storage.Queries { return hookedQueries{s.Store.Queries(), s} }

type hookedQueries struct {
	storage.Queries
	s *hooked
}

func (q hookedQueries) Messages(ctx context.Context, query storage.MessageQuery) ([]tickets.Message, error) {
	list, err := q.Queries.Messages(ctx, query)
	q.s.mu.Lock()
	next := q.s.next
	q.s.next = nil
	q.s.mu.Unlock()
	if next != nil {
		next()
	}
	return list, err
}

// TestMovedLooksAgain: R8.3: a stream whose customer turns out to write in another
// conversation looks there once more when it has begun to listen: what was written
// between its read and that would else be heard of by nobody.
func TestMovedLooksAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier = true })
	store := &hooked{Store: b.store}
	b.store = store
	c := b.steps()
	desk := b.newDesk(func(o *charla.Options) { o.Clock = c })
	first, second := b.enter("juan"), b.enter("juan")
	r := newReader(t, c, func(ctx context.Context, yield func(tickets.Message, error) bool) {
		messagesOf(b.on(desk, second).Live(ctx, 0, 0))(yield)
	})
	wait := r.idle()
	b.write(first, "a") // the conversation of both
	store.once(func() {
		_, err := b.on(desk, second).Write(b.ctx, "b", nil)
		assert.NoError(t, err)
	})
	c.pass(wait, 15*time.Second) // the stream makes sure of its session
	r.want("b")
}

// TestBackoff: R8.2: each wait between two attempts is twice as long as the one before,
// less up to half by chance, and none is longer than six hours.
func TestBackoff(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@x.cl"}}
	})
	const first, attempts = 5 * time.Second, 16
	d := b.newDesk(func(o *charla.Options) {
		o.Runner.Backoff, o.Runner.Attempts, o.Hooks = first, attempts, nil
		o.Mailer = mailerFunc(func(context.Context, charla.Mail) error { return charla.ErrNotSent })
	})
	_, err := b.on(d, b.enter("juan")).Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	longest := first
	for n := range attempts - 1 {
		_, err := d.RunDue(b.ctx)
		require.NoError(t, err)
		var mail charla.Delivery
		for _, one := range b.deliveries(charla.DeliveryPending) {
			if one.Kind == "mail" {
				mail = one
			}
		}
		require.Equal(t, n+1, mail.Attempts)
		wait := mail.NotBefore.Sub(b.clock.Now())
		assert.LessOrEqual(t, wait, longest, "attempt %d", n+1)
		assert.GreaterOrEqual(t, wait, longest/2, "attempt %d", n+1)
		longest = min(2*longest, 6*time.Hour)
		b.clock.Set(mail.NotBefore)
	}
	assert.Equal(t, 6*time.Hour, longest)
}
