package charla_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowFor is a mailer that takes its time over one address.
type slowFor struct {
	charla.Outgoing
	address string
	takes   time.Duration
	mu      sync.Mutex
	begun   int
}

func (m *slowFor) Send(ctx context.Context, mail charla.Mail) error {
	if mail.To == m.address {
		m.mu.Lock()
		m.begun++
		m.mu.Unlock()
		elapse(m.takes)
	}
	return m.Outgoing.Send(ctx, mail)
}

// TestSlowDelivery: R8.4: a server that is slow holds up its own mails only, and
// Run waits for what is under way.
func TestSlowDelivery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, nil)
		mailer := &slowFor{address: "slow@example.com", takes: 10 * time.Second}
		b.use(b.newDesk(func(o *charla.Options) {
			o.Clock, o.Mailer, o.Hooks, o.Runner.Workers = nil, mailer, nil, 8
		}))
		notify := func(a *charla.Account, to string) {
			cfg, v, err := a.Config(b.ctx)
			require.NoError(t, err)
			cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{to}}
			_, err = a.SaveConfig(b.ctx, v, cfg, nil)
			require.NoError(t, err)
		}
		other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
		require.NoError(t, err)
		notify(b.account, "slow@example.com")
		notify(other, "quick@example.com")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var ran sync.WaitGroup
		ran.Go(func() { _ = b.desk.Run(ctx) })
		for i := range 5 {
			b.write(b.enter(fmt.Sprint("lento", i)), "hola")
		}
		synctest.Wait()
		begun := func() int {
			mailer.mu.Lock()
			defer mailer.mu.Unlock()
			return mailer.begun
		}
		assert.Equal(t, 4, begun(), "an account leaves as many workers as it holds")
		elapse(2 * time.Second)
		assert.Equal(t, 5, begun(), "what is slow holds none")
		for i := range 20 {
			s, _, err := other.Enter(b.ctx, charla.Entry{Name: fmt.Sprint("r", i), Email: "r@example.com"})
			require.NoError(t, err)
			b.write(s, "hola")
			synctest.Wait()
		}
		elapse(2 * time.Second)
		assert.Len(t, mailer.Mails(), 20, "the quick ones are out while the slow ones are under way")
		stop()
		ran.Wait()
		assert.Len(t, mailer.Mails(), 25, "Run waits for what it began")
		for _, state := range []charla.DeliveryState{charla.DeliveryPending, charla.DeliverySending, charla.DeliveryUnknown} {
			assert.Empty(t, b.deliveries(state), "settled, too")
		}
		assert.Len(t, b.deliveries(charla.DeliverySent), 5)
	})
}
