package charla_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestActivity: R11.7: agents who follow a ticket see what the others do in it, until they
// leave, write their message, or say it no more; the customer sees only that an agent
// writes to them.
func TestActivity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		s := b.enter("juan")
		first, err := s.Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		me, eva := b.agent(ana), b.agent(charla.Person{ID: "eva", Name: "Eva"})
		customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 1, 0) })
		follow := func(inbox *charla.Inbox) *screen {
			return watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return inbox.Follow(ctx, first.Ref, 1, 0) })
		}
		mine, hers, everybody := follow(me.Inbox()), follow(eva.Inbox()), follow(b.account.Inbox())
		sees := func(onMine, onHers, onCustomer []string) {
			t.Helper()
			assert.Equal(t, onMine, mine.since(), "on ana's screen")
			assert.Equal(t, onHers, hers.since(), "on eva's screen")
			assert.Equal(t, onCustomer, customer.since(), "on the customer's screen")
		}
		does := func(a *charla.Agent, what charla.Activity) {
			t.Helper()
			require.NoError(t, a.SetActivity(b.ctx, first.Ref, what))
		}
		sees([]string{"nothing"}, []string{"nothing"}, []string{"nothing"})

		does(me, charla.Looking)
		sees(nil, []string{"ana looking"}, nil)
		does(me, charla.Looking)
		sees(nil, nil, nil) // nothing new
		does(eva, charla.Looking)
		sees([]string{"eva looking"}, nil, nil)
		assert.Equal(t, []string{"nothing", "ana looking", "eva looking"}, everybody.since(), "who has no name of their own sees all")

		does(me, charla.Noting)
		sees(nil, []string{"ana noting"}, nil) // R11.4
		_, err = me.Note(b.ctx, first.Ref, "mirar", nil)
		require.NoError(t, err)
		sees([]string{"message mirar"}, []string{"message mirar", "ana looking"}, nil)
		does(me, charla.Replying)
		sees(nil, []string{"ana replying"}, []string{"typing true"})
		_, err = me.Reply(b.ctx, first.Ref, "dime", nil)
		require.NoError(t, err)
		sees([]string{"message dime"}, []string{"message dime", "ana looking"}, []string{"message dime", "typing false"})

		elapse(5 * time.Second)
		does(me, charla.Replying)
		sees(nil, []string{"ana replying"}, []string{"typing true"})
		elapse(6 * time.Second)
		sees(nil, []string{"ana looking"}, []string{"typing false"}) // says so no more
		elapse(19*time.Second - time.Millisecond)
		sees(nil, nil, nil)
		elapse(time.Millisecond)
		sees([]string{"eva left"}, nil, nil) // she said so thirty seconds ago
		elapse(5 * time.Second)
		sees(nil, []string{"ana left"}, nil)

		does(me, charla.Looking)
		does(me, "")
		does(me, "") // again
		late := follow(eva.Inbox())
		assert.Equal(t, []string{"message mirar", "message dime", "nothing"}, late.since())
		does(me, charla.Looking)
		assert.Equal(t, []string{"ana looking"}, late.since())
		later := follow(eva.Inbox())
		assert.Equal(t, []string{"message mirar", "message dime", "ana looking", "nothing"}, later.since(), "who comes later sees who is there")

		var problems chatcfg.Problems
		require.ErrorAs(t, me.SetActivity(b.ctx, first.Ref, "sleeping"), &problems)
		assert.Equal(t, "activity", problems[0].Path)
	})
}

// TestActivityElsewhere: R11.7: across two processes, and hints that nobody should have
// sent: they tell nothing that is not an agent's ID, and are bounded.
func TestActivityElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		w := &wire{ears: make(map[int]chan []byte), breaks: 2}
		ctx, stop := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		var desks []*charla.Desk
		for range 2 {
			d := b.newDesk(func(o *charla.Options) { o.Clock, o.Broker, o.Runner.Poll = nil, w, time.Hour })
			ran.Go(func() { _ = d.Run(ctx) })
			desks = append(desks, d)
		}
		synctest.Wait()
		first, err := b.on(desks[0], b.enter("juan")).Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		screen := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return desks[1].Account(b.account.ID()).Inbox().Follow(ctx, first.Ref, 1, 0)
		})
		assert.Equal(t, []string{"nothing"}, screen.since())
		require.NoError(t, desks[0].Account(b.account.ID()).Agent(ana).SetActivity(b.ctx, first.Ref, charla.Noting))
		assert.Equal(t, []string{"ana noting"}, screen.since())

		hint := func(activity uint64, agent string) {
			id := first.Ref.Conversation.UUID
			w.Publish(append(binary.BigEndian.AppendUint64(append([]byte{'A'}, id[:]...), activity), agent...))
		}
		hint(1<<63, "eva")
		hint(4, "eva")
		hint(1, "")
		hint(1, "e\nva")
		hint(1, "\xff")
		hint(1, strings.Repeat("e", charla.MaxAgent+1))
		assert.Empty(t, screen.since())
		for i := range 100 {
			hint(1, fmt.Sprintf("%0*d", charla.MaxAgent, i))
			synctest.Wait()
		}
		assert.Len(t, screen.since(), 31, "of at most 32 agents with ana")
		hint(0, "ana")
		assert.Equal(t, []string{"ana left"}, screen.since())
		stop()
		ran.Wait()
	})
}

// TestForeignActivity: nobody sees what is done in another account's ticket.
func TestForeignActivity(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	first, err := b.enter("juan").Write(b.ctx, "hola", nil)
	require.NoError(t, err)
	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	ref := tickets.Ref{Conversation: first.Ref.Conversation, Number: 1}
	require.ErrorIs(t, b.desk.Account(other.ID()).Agent(ana).SetActivity(b.ctx, ref, charla.Looking), charla.ErrNotFound)
	require.NoError(t, b.agent(ana).SetActivity(b.ctx, ref, charla.Looking))
}

// TestActivityOfColleagues: R11.7: an agent's message or note ends what this agent wrote, and
// nothing that others do.
func TestActivityOfColleagues(t *testing.T) {
	t.Parallel()
	bot := charla.Person{ID: "bot", Name: "Bot", Automated: true}
	write := func(b *bench, who charla.Person, ref tickets.Ref) error {
		_, err := b.agent(who).Reply(b.ctx, ref, "listo", nil)
		return err
	}
	for name, c := range map[string]struct {
		who   charla.Person
		does  charla.Activity
		write func(*bench, charla.Person, tickets.Ref) error
	}{
		"reply": {ana, charla.Replying, write},
		"bot":   {bot, charla.Replying, write},
		"note": {ana, charla.Noting, func(b *bench, who charla.Person, ref tickets.Ref) error {
			_, err := b.agent(who).Note(b.ctx, ref, "listo", nil)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := bubble(t)
				first, err := b.enter("juan").Write(b.ctx, "hola", nil)
				require.NoError(t, err)
				screen := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
					return b.account.Inbox().Follow(ctx, first.Ref, 1, 0)
				})
				assert.Equal(t, []string{"nothing"}, screen.since())
				does := func(who charla.Person, what charla.Activity) {
					require.NoError(t, b.agent(who).SetActivity(b.ctx, first.Ref, what))
					elapse(time.Second)
				}
				does(c.who, c.does)
				does(charla.Person{ID: "eva"}, charla.Looking)
				does(charla.Person{ID: "leo"}, charla.Replying)
				screen.since()
				require.NoError(t, c.write(b, c.who, first.Ref))
				assert.Equal(t, []string{"message listo", string(c.who.ID) + " looking"}, screen.since())
				does(charla.Person{ID: "eva"}, "")
				assert.Equal(t, []string{"eva left"}, screen.since(), "who was known all the time")
			})
		})
	}
}

// TestTypingOfSeveral: R11.7: the customer sees that an agent types as long as any agent is
// replying, and no longer.
func TestTypingOfSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		s := b.enter("juan")
		first, err := s.Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		open := func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 1, 0) }
		eva := charla.Person{ID: "eva"}
		does := func(who charla.Person, what charla.Activity) {
			t.Helper()
			require.NoError(t, b.agent(who).SetActivity(b.ctx, first.Ref, what))
		}
		// Nobody reads: what an agent says last holds.
		does(ana, charla.Replying)
		does(ana, charla.Noting)
		does(eva, charla.Replying)
		does(eva, "")
		customer := watch(t, open)
		assert.Equal(t, []string{"nothing"}, customer.since())
		for _, other := range []charla.Activity{charla.Looking, charla.Noting, ""} {
			does(ana, charla.Replying)
			assert.Equal(t, []string{"typing true"}, customer.since())
			does(ana, other)
			assert.Equal(t, []string{"typing false"}, customer.since(), "then %q", other)
		}
		does(ana, charla.Replying)
		elapse(time.Second)
		does(eva, charla.Replying)
		assert.Equal(t, []string{"typing true"}, customer.since())
		elapse(time.Second)
		_, err = b.agent(ana).Reply(b.ctx, first.Ref, "dime", nil)
		require.NoError(t, err)
		assert.Equal(t, []string{"message dime"}, customer.since(), "eva replies on")
		does(eva, "")
		assert.Equal(t, []string{"typing false"}, customer.since())
	})
}

// TestTypingBeforeReading: R11.7: a customer who comes back sees that an agent types.
func TestTypingBeforeReading(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		s := b.enter("juan")
		first, err := s.Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		require.NoError(t, b.agent(ana).SetActivity(b.ctx, first.Ref, charla.Replying))
		customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 1, 0) })
		assert.Equal(t, []string{"typing true", "nothing"}, customer.since())
	})
}
