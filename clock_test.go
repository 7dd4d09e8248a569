package charla_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
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

// TestClockPutBack: R4.5: a clock that is put back by an hour after it has gone on steadily
// is not believed for three minutes, and then is.
func TestClockPutBack(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for range 13 {
		b.clock.Add(time.Minute)
		require.Equal(t, b.clock.Now(), b.desk.Now())
	}
	right := b.clock.Now()
	back := right.Add(-time.Hour)
	for _, since := range []time.Duration{0, time.Minute, 3*time.Minute - time.Second} {
		b.clock.Set(back.Add(since))
		require.Equal(t, right, b.desk.Now(), since)
	}
	for _, since := range []time.Duration{3 * time.Minute, 4 * time.Minute, 30 * time.Minute, 2 * time.Hour} {
		b.clock.Set(back.Add(since))
		require.Equal(t, b.clock.Now(), b.desk.Now(), since)
	}
}

// TestSaveOfAWrongClock: R2.6, R4.5: what a wrong clock saved for running tickets, too, carries out nothing
// that is due later than now, even if a customer writes before anything is looked at.
func TestSaveOfAWrongClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{time.Hour, 30 * 24 * time.Hour} {
		b := setup(t, func(c *chatcfg.Config) {
			c.Quality.SLA = minutes(60)
			c.Automation.AutoClose.Enabled, c.Automation.AutoClose.After = true, minutes(60)
		})
		answered, waits := b.enter("juan"), b.enter("eva")
		one, other := b.write(answered, "hola").Ref, b.write(waits, "hola").Ref
		b.reply(one, "buenas")
		b.clock.Set(start.Add(ahead))
		b.save(func(c *chatcfg.Config) { c.Quality.SLA, c.Automation.AutoClose.After = minutes(90), minutes(90) }, &charla.SaveOptions{Running: true})
		b.clock.Set(start.Add(5 * time.Minute))
		require.Equal(t, one, b.write(answered, "gracias").Ref, "it is not closed: %s", ahead)
		require.Equal(t, other, b.write(waits, "¿hay alguien?").Ref)
		for _, ref := range []tickets.Ref{one, other} {
			got := b.ticket(ref)
			require.Equal(t, tickets.StatusOpen, got.Status, ahead)
			require.False(t, got.Delayed(), ahead)
		}
	}
}

// TestHoursOfAWrongClock: R4.5: who was told by a wrong clock that nobody is there is told again
// out of hours once the clock is right, and once.
func TestHoursOfAWrongClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{0, 30 * 24 * time.Hour} {
		b := setup(t, func(c *chatcfg.Config) {
			c.Automation.OutOfHours = text("cerrado")
			c.Hours.Timezone = "UTC"
			c.Hours.Weekly = []chatcfg.Interval{{Day: "monday", Open: "09:00", Close: "18:00"}, {Day: "tuesday", Open: "09:00", Close: "18:00"}}
		})
		v := b.enter("juan")
		b.clock.Set(start.Add(ahead + 8*time.Hour)) // closed
		ref := b.write(v, "hola").Ref
		require.Equal(t, []tickets.RuleKey{automation.RuleOutOfHours}, b.said(ref))
		b.clock.Set(start.Add(10 * time.Hour)) // closed, the clock is right
		b.write(v, "¿hay alguien?")
		want := len(b.said(ref))
		b.clock.Set(start.Add(33 * time.Hour)) // Tuesday, closed again
		b.write(v, "¿y ahora?")
		require.Len(t, b.said(ref), want+1, ahead)
		b.write(v, "¿y ahora?")
		require.Len(t, b.said(ref), want+1, ahead)
	}
}

// An agent who comes and goes on one desk does so on the others, within a second, and a clock
// that goes back does not make what was known before count.
func TestPresenceElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	other := b.newDesk(nil).Account(b.account.ID())
	available := func() bool {
		p, err := other.Inbox().Presence(b.ctx)
		require.NoError(t, err)
		return p.Available
	}
	for _, a := range []tickets.Availability{tickets.Online, tickets.Away, tickets.Online} {
		was := available()
		require.NoError(t, b.agent(ana).Heartbeat(b.ctx, a))
		require.Equal(t, was, available(), "it was asked within this second")
		b.clock.Add(time.Second)
		require.Equal(t, a == tickets.Online, available())
	}
	require.NoError(t, b.agent(ana).Heartbeat(b.ctx, tickets.Away))
	b.clock.Set(b.clock.Now().Add(-time.Minute))
	require.False(t, available(), "what was read a minute later does not count")
}

// TestManyAccountsOfAWrongClock: R4.5: the last of more accounts than are read at once is dated anew, too.
func TestManyAccountsOfAWrongClock(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for i := range storage.MaxPage {
		_, _, err := b.desk.CreateAccount(b.ctx, fmt.Sprint("Otra ", i), "otra.cl", nil)
		require.NoError(t, err)
	}
	b.clock.Add(30 * 24 * time.Hour)
	last, _, err := b.desk.CreateAccount(b.ctx, "Zeta", "otra.cl", nil)
	require.NoError(t, err)
	b.clock.Set(start.Add(time.Minute))
	d := b.newDesk(nil)
	_, err = d.RunDue(b.ctx)
	require.NoError(t, err)
	record, err := b.store.Accounts().Get(b.ctx, last.ID())
	require.NoError(t, err)
	require.False(t, record.CreatedAt.After(b.clock.Now()), "%s", record.CreatedAt)
}
