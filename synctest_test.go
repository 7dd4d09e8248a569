package charla_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// R4.1, R4.5: within a bubble of testing/synctest a desk runs on its default clock, and
// what is due in ten minutes happens at once.
func TestRunInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk, err := charla.New(storage.NewMemory(), nil)
		require.NoError(t, err)
		cfg := chatcfg.Default(chatcfg.Spanish)
		cfg.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: &chatcfg.Duration{Value: 10, Unit: chatcfg.UnitMinutes}, Clock: chatcfg.Wall}
		account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go func() { _ = desk.Run(ctx) }()
		visitor, _, err := account.Enter(ctx, charla.Entry{Name: "Juan", Email: "juan@example.com"})
		require.NoError(t, err)
		asked, err := visitor.Write(ctx, "hola", nil)
		require.NoError(t, err)
		_, err = account.Agent(charla.Person{ID: "ana"}).Reply(ctx, asked.Ref, "¿en qué ayudo?", nil)
		require.NoError(t, err)
		status := func() tickets.Status {
			synctest.Wait()
			one, err := account.Inbox().Ticket(ctx, asked.Ref)
			require.NoError(t, err)
			return one.Status
		}
		elapse(10*time.Minute - time.Second)
		require.Equal(t, tickets.StatusOpen, status())
		elapse(2 * time.Second)
		require.Equal(t, tickets.StatusClosed, status())
	})
}
