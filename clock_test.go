package charla_test

import (
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// TestHeartbeatOfAWrongClock: R4.7: a heartbeat that was dated by a clock that was ahead
// counts for no longer than any other; the agent's next one counts as usual.
func TestHeartbeatOfAWrongClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Hour, 30 * 24 * time.Hour, 80 * 365 * 24 * time.Hour} {
		b := setup(t, nil)
		b.use(b.newDesk(func(o *charla.Options) { o.HeartbeatTTL = 0 }))
		available := func() bool {
			s, err := b.account.Visitor(charla.Token("")).Status(b.ctx)
			require.NoError(t, err)
			return s.Available
		}
		b.clock.Set(start.Add(ahead))
		require.NoError(t, b.agent(ana).Heartbeat(b.ctx, tickets.Online))
		require.True(t, available())
		b.clock.Set(start.Add(5 * time.Minute))
		require.False(t, available(), ahead)
		require.NoError(t, b.agent(charla.Person{ID: "eva"}).Heartbeat(b.ctx, tickets.Online))
		require.True(t, available())
		b.clock.Set(start.Add(7 * time.Minute))
		require.False(t, available(), ahead)
	}
}
