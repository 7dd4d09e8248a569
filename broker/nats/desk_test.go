package charlanats_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair is two desks on one store, as in two processes, with a customer on the first
// and an agent on the second, each with a screen.
type pair struct {
	t        *testing.T
	conns    []*nats.Conn
	customer *charla.Visitor
	agent    *charla.Agent
	ref      tickets.Ref

	customerSees, agentSees <-chan string
}

func newPair(t *testing.T, s *server, poll time.Duration, o ...nats.Option) *pair {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	t.Cleanup(func() { stop(); ended.Wait() })
	store := storage.NewMemory()
	p := &pair{t: t}
	desk := func() *charla.Desk {
		conn := connect(t, s, o...)
		p.conns = append(p.conns, conn)
		d, err := charla.New(store, &charla.Options{Broker: broker(t, conn), Runner: charla.RunnerOptions{Poll: poll}})
		require.NoError(t, err)
		ended.Go(func() { _ = d.Run(ctx) })
		listening(t, conn)
		return d
	}
	here, there := desk(), desk()
	cfg := chatcfg.Default(chatcfg.Spanish)
	account, _, err := here.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	p.customer, _, err = account.Enter(ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(t, err)
	r, err := p.customer.Write(ctx, "hola", nil)
	require.NoError(t, err)
	p.ref = r.Ref
	screen := func(updates iter.Seq2[charla.Update, error]) <-chan string {
		told := make(chan string, 1000)
		ended.Go(func() {
			for u, err := range updates {
				switch {
				case ctx.Err() != nil:
				case err != nil:
					told <- err.Error()
				case u.Message != nil:
					told <- u.Message.Text
				case u.Typing != nil:
					told <- fmt.Sprint("typing ", *u.Typing)
				case u.Read == nil:
					told <- "ready"
				}
			}
		})
		assert.Equal(t, "hola", next(t, told))
		assert.Equal(t, "ready", next(t, told))
		return told
	}
	elsewhere := there.Account(account.ID())
	p.agent = elsewhere.Agent(charla.Person{ID: "ana", Name: "Ana"})
	p.customerSees = screen(p.customer.Live(ctx, 0, 0))
	p.agentSees = screen(p.agent.Inbox().Follow(ctx, p.ref, 0, 0))
	return p
}

// write has the customer and the agent write a text each, which the other one
// sees, and nothing else.
func (p *pair) write(text string) {
	p.t.Helper()
	_, err := p.customer.Write(p.t.Context(), text, nil)
	require.NoError(p.t, err)
	assert.Equal(p.t, text, next(p.t, p.agentSees))
	assert.Equal(p.t, text, next(p.t, p.customerSees))
	_, err = p.agent.Reply(p.t.Context(), p.ref, "re: "+text, nil)
	require.NoError(p.t, err)
	assert.Equal(p.t, "re: "+text, next(p.t, p.customerSees))
	assert.Equal(p.t, "re: "+text, next(p.t, p.agentSees))
}

// typing has each side type, which nobody but the broker carries, and then write.
func (p *pair) typing() {
	p.t.Helper()
	require.NoError(p.t, p.customer.Typing(p.t.Context()))
	assert.Equal(p.t, "typing true", next(p.t, p.agentSees))
	_, err := p.customer.Write(p.t.Context(), "typed", nil)
	require.NoError(p.t, err)
	assert.Equal(p.t, "typed", next(p.t, p.agentSees))
	assert.Equal(p.t, "typed", next(p.t, p.customerSees))
	assert.Equal(p.t, "typing false", next(p.t, p.agentSees))
	require.NoError(p.t, p.agent.SetActivity(p.t.Context(), p.ref, charla.Replying))
	assert.Equal(p.t, "typing true", next(p.t, p.customerSees))
	_, err = p.agent.Reply(p.t.Context(), p.ref, "answered", nil)
	require.NoError(p.t, err)
	assert.Equal(p.t, "answered", next(p.t, p.customerSees))
	assert.Equal(p.t, "typing false", next(p.t, p.customerSees))
	assert.Equal(p.t, "answered", next(p.t, p.agentSees))
}

// Two processes that would look only every hour see each other's messages and
// typing at once.
func TestDesks(t *testing.T) {
	t.Parallel()
	p := newPair(t, serve(t), time.Hour)
	for i := range 5 {
		p.write(fmt.Sprint("mensaje ", i))
	}
	p.typing()
}

// Without the server, or while it refuses the password or the subject, everything arrives by
// polling, once and in order; afterwards it arrives at once again, by itself.
func TestDesksCutOff(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]string{
		"no server": "", "a wrong password": fmt.Sprintf(users, "wrong", subject), "no right": fmt.Sprintf(users, "right", "other"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			right := fmt.Sprintf(users, "right", subject)
			s := serveAs(t, right)
			var refused atomic.Int64
			p := newPair(t, s, time.Second, nats.UserInfo("desk", "right"), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
				if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrPermissionViolation) {
					refused.Add(1)
				}
			}))
			p.write("uno")
			s.kill()
			for _, conn := range p.conns {
				require.Eventually(t, func() bool { return !conn.IsConnected() }, patience, time.Millisecond)
			}
			if outage != "" {
				s.start(outage)
				require.Eventually(t, func() bool { return refused.Load() >= 4 }, patience, time.Millisecond, "the control: it refuses")
			}
			p.write("dos")
			p.write("tres")
			if outage != "" {
				s.kill()
			}
			s.start(right)
			for _, conn := range p.conns {
				require.Eventually(t, conn.IsConnected, patience, time.Millisecond)
				listening(t, conn)
			}
			p.typing()
		})
	}
}

// A server that is killed again and again while both sides write loses no message and
// doubles none.
func TestDesksServerKilled(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := newPair(t, s, 50*time.Millisecond)
	const messages = 200
	written := make(chan struct{}, 2*messages)
	var group sync.WaitGroup
	group.Go(func() {
		for i := range messages {
			_, err := p.customer.Write(t.Context(), fmt.Sprint("c", i), nil)
			assert.NoError(t, err)
			written <- struct{}{}
		}
	})
	group.Go(func() {
		for i := range messages {
			_, err := p.agent.Reply(t.Context(), p.ref, fmt.Sprint("a", i), nil)
			assert.NoError(t, err)
			written <- struct{}{}
		}
	})
	for range 5 {
		for range 2 * messages / 6 {
			next(t, written)
		}
		s.kill()
		s.start("")
	}
	group.Wait()
	for _, sees := range []<-chan string{p.customerSees, p.agentSees} {
		var c, a int
		for range 2 * messages {
			switch text := next(t, sees); text {
			case fmt.Sprint("c", c):
				c++
			case fmt.Sprint("a", a):
				a++
			default:
				require.FailNow(t, "lost or twice", text)
			}
		}
	}
	for _, conn := range p.conns {
		require.Eventually(t, conn.IsConnected, patience, time.Millisecond)
		listening(t, conn)
	}
	p.typing()
}

// Whatever is published on the subject, messages are seen once and in order.
func TestDesksGarbage(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := newPair(t, s, time.Hour)
	raw := connect(t, s)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 10 {
		for range 100 {
			require.NoError(t, raw.Publish(subject, garbage(r)))
		}
		require.NoError(t, raw.Publish(subject, make([]byte, 1<<19)))
		old := append([]byte{'c'}, p.ref.Conversation.UUID[:]...)
		for range 10 { // doubled and late
			require.NoError(t, raw.Publish(subject, append(old, 0, 0, 0, 0, 0, 0, 0, byte(i))))
		}
		require.NoError(t, raw.FlushTimeout(patience))
		p.write(fmt.Sprint("mensaje ", i))
	}
	p.typing()
}
