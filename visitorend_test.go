package charla_test

import (
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVisitorEnds: R14.2: only the session that wrote last, or a verified one, ends a
// ticket, where the account lets it; R14.1: it is told who closed it.
func TestVisitorEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Chat.EmailAsIdentifier = true
		c.Automation.ManualClose, c.Automation.AutomaticClose = text("chao"), text("fin")
	})
	carla, other := b.enter("carla"), b.enter("carla")
	ref := b.write(carla, "hola").Ref
	ends := func(v *charla.Visitor, key string) (charla.Result, error) {
		return v.End(b.ctx, 0, &charla.CallOptions{Key: key})
	}
	_, err := ends(carla, "")
	require.ErrorIs(t, err, charla.ErrNotAllowed, "by default")
	b.save(func(c *chatcfg.Config) { c.Chat.VisitorEnds = true }, nil)
	_, err = ends(other, "")
	require.ErrorIs(t, err, charla.ErrNotFound, "it did not write last")
	assert.Equal(t, tickets.StatusOpen, b.ticket(ref).Status)
	_, err = ends(b.enter("nobody"), "")
	require.ErrorIs(t, err, charla.ErrNotFound, "there is no ticket")

	first, err := ends(carla, "k")
	require.NoError(t, err)
	again, err := ends(carla, "k")
	require.NoError(t, err)
	assert.Equal(t, first, again)
	_, err = ends(carla, "l")
	require.ErrorIs(t, err, tickets.ErrTransition)
	assert.Equal(t, tickets.ReasonCustomer, b.ticket(ref).Reason)
	assert.Empty(t, b.said(ref), "no farewell")
	status, err := other.Status(b.ctx)
	require.NoError(t, err)
	assert.Zero(t, status.Closed, "a session that only claims the e-mail is not told")
	closed := func(v *charla.Visitor) charla.Closing {
		status, err := v.Status(b.ctx)
		require.NoError(t, err)
		return status.Closed
	}
	assert.Equal(t, charla.Closing{By: tickets.ReasonCustomer, At: start, Ticket: 1}, closed(carla))

	b.write(other, "hola de nuevo")
	assert.Zero(t, closed(carla))
	_, err = ends(carla, "m")
	require.ErrorIs(t, err, charla.ErrNotFound, "another session wrote last")
	_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.ErrorIs(t, err, tickets.ErrNotLatest)
	_, err = other.End(b.ctx, 1, nil)
	require.ErrorIs(t, err, tickets.ErrNotLatest, "what it names is over")
	ref.Number = 0
	_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	assert.Equal(t, charla.Closing{By: tickets.ReasonManual, Name: "Ana", At: start, Ticket: 2}, closed(other))
	b.save(func(c *chatcfg.Config) { c.Chat.WriteAsCompany = true }, nil)
	assert.Equal(t, "Tienda", closed(other).Name)

	// A verified session speaks for its customer, whichever of theirs wrote.
	proof := charla.Entry{Proof: &charla.Proof{Subject: "7", Name: "Carla"}}
	here, there := b.enterAs(proof), b.enterAs(proof)
	ref = b.write(here, "hola").Ref
	_, err = ends(there, "")
	require.NoError(t, err)
	assert.Equal(t, tickets.StatusClosed, b.ticket(ref).Status)
	b.pass(0)
	assert.NotEmpty(t, b.events.of(tickets.FactClosed))
}
