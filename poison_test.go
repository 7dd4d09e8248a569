package charla_test

import (
	"context"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// Whoever makes the delivery never comes back, every time: it is tried as often
// as any other and then dead, not for ever (R8.2).
func TestPoisonousDeliveryDies(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	tried := 0
	o := &charla.Options{
		Clock: b.clock, Entropy: entropy(7),
		Hooks:  map[string]charla.Hook{"host": func(context.Context, charla.Event) error { tried++; return nil }},
		Runner: charla.RunnerOptions{Workers: 1, Attempts: 3},
	}
	doomed, err := charla.New(unsettled{b.store}, o)
	require.NoError(t, err)
	s := b.enter("Juan")
	ref := b.write(s, "hola").Ref
	for range 6 {
		_, _ = doomed.RunDue(b.ctx) // the store forgets the outcome, as a crash would
		b.clock.Add(time.Hour)
	}
	last := b.newDesk(func(o *charla.Options) { o.Runner.Attempts = 3 })
	_, err = last.RunDue(b.ctx)
	require.NoError(t, err)
	dead, err := b.desk.Deliveries(b.ctx, charla.DeliveryQuery{Account: ref.Account, State: charla.DeliveryDead})
	require.NoError(t, err)
	require.NotEmpty(t, dead.Items)
	require.Equal(t, 3*len(dead.Items), tried)
	require.Empty(t, b.events.of(tickets.FactCreated))
}

// unsettled is a store on which no delivery can be settled.
type unsettled struct{ storage.Store }

func (s unsettled) Outbox() storage.Outbox { return unsettledOutbox{s.Store.Outbox()} }

type unsettledOutbox struct{ storage.Outbox }

func (unsettledOutbox) Settle(context.Context, storage.Delivery) error {
	return context.DeadlineExceeded
}
