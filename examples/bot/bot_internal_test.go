package main

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// customer: What are your hours?
	// bot: We are here from Monday to Friday, 9:00 to 18:00.
}

// shop is a running desk with bots and a customer.
type shop struct {
	t       *testing.T
	account *charla.Account
	carla   *charla.Visitor
	ref     tickets.Ref
}

// begin runs a test on a desk that carries out its deadlines.
func begin(t *testing.T, test func(*shop)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer stop()
		desk, account, err := open(ctx)
		require.NoError(t, err)
		go func() { assert.ErrorIs(t, desk.Run(ctx), context.Canceled) }()
		carla, _, err := account.Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
		require.NoError(t, err)
		test(&shop{t: t, account: account, carla: carla})
	})
}

// serve starts a bot; the function that it returns kills it.
func (s *shop) serve() (kill func()) {
	ctx, stop := context.WithCancel(s.t.Context())
	go func() { assert.ErrorIs(s.t, serve(ctx, s.account, known), context.Canceled) }()
	synctest.Wait()
	return func() { stop(); synctest.Wait() }
}

func (s *shop) write(text string) {
	said, err := s.carla.Write(s.t.Context(), text, nil)
	require.NoError(s.t, err)
	s.ref = said.Ref
	synctest.Wait()
}

func (s *shop) ticket() tickets.Ticket {
	ticket, err := s.account.Inbox().Ticket(s.t.Context(), s.ref)
	require.NoError(s.t, err)
	return ticket
}

func (s *shop) texts() (all []string) {
	page, err := s.carla.Messages(s.t.Context(), charla.MessageQuery{})
	require.NoError(s.t, err)
	for _, m := range page.Items {
		all = append(all, m.Text)
	}
	return all
}

// R12.1–R12.3: bots answer each question once, also two at a time, and what was asked before
// they came; what they do not know they hand over.
func TestBot(t *testing.T) {
	t.Parallel()
	begin(t, func(s *shop) {
		s.write("Your HOURS?")
		first, second := s.serve(), s.serve()
		defer first()
		defer second()
		assert.Equal(t, []string{"Your HOURS?", hours}, s.texts())
		s.write("and hours on Sunday?")
		assert.Equal(t, []string{"Your HOURS?", hours, "and hours on Sunday?", hours}, s.texts())
		assert.True(t, s.ticket().WithBot)
		s.write("I want a refund")
		assert.Len(t, s.texts(), 5)
		assert.False(t, s.ticket().WithBot)
		assert.NotNil(t, s.ticket().Wait, "the customer waits for an agent")
		s.write("your hours?")
		assert.Len(t, s.texts(), 6, "now it is the agents'")
	})
}

// R12.3: what a bot that is killed leaves behind is handed over in time.
func TestKilled(t *testing.T) {
	t.Parallel()
	begin(t, func(s *shop) {
		kill := s.serve()
		s.write("Your hours?")
		require.Len(t, s.texts(), 2)
		kill()
		s.write("and my order?")
		asked := time.Now()
		time.Sleep(30*time.Second - time.Millisecond) // the clock of the test
		synctest.Wait()
		assert.True(t, s.ticket().WithBot)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.False(t, s.ticket().WithBot)
		assert.WithinDuration(t, asked.Add(30*time.Second), s.ticket().Wait.Since, time.Millisecond)
		defer s.serve()()
		assert.Len(t, s.texts(), 3, "a new bot leaves it to the agents")
	})
}
