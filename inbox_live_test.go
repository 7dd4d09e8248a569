package charla_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInboxLiveSkipsNothing: R8.3: a reader that stops after any row and goes on from its
// cursor, on this desk or another, sees the last state of every conversation, while two
// desks write.
func TestInboxLiveSkipsNothing(t *testing.T) {
	t.Parallel()
	const customers, messages = 8, 20
	b := setup(t, nil)
	quick := func(o *charla.Options) { o.Clock, o.Hooks, o.Runner.Poll = nil, nil, time.Millisecond }
	desks := []*charla.Desk{b.newDesk(quick), b.newDesk(quick)}
	b.use(desks[0])
	var writers sync.WaitGroup
	for i := range customers {
		v := b.on(desks[i%2], b.enter(fmt.Sprint("c", i)))
		writers.Go(func() {
			for n := range messages {
				_, err := v.Write(b.ctx, fmt.Sprint(n), nil)
				assert.NoError(t, err)
			}
		})
	}
	latest := map[tickets.ConversationID]int64{}
	done := func() bool {
		for _, n := range latest {
			if n < messages {
				return false
			}
		}
		return len(latest) == customers
	}
	cursor := ""
	for turn := 0; !done(); turn++ {
		rows := 0
		for row, err := range desks[turn%2].Account(b.account.ID()).Inbox().Live(b.ctx, cursor, 0) {
			require.NoError(t, err)
			if row.Number == 0 {
				continue // caught up
			}
			assert.Equal(t, b.account.ID(), row.Ref.Account)
			assert.GreaterOrEqual(t, row.Messages, latest[row.Ref.Conversation], "it never shows an older state")
			latest[row.Ref.Conversation] = row.Messages
			cursor = row.Cursor
			if rows++; rows > turn%5 || done() {
				break
			}
		}
	}
	writers.Wait()
}

// inboxScreen collects the rows of an inbox.
type inboxScreen struct {
	mu    sync.Mutex
	shown []string
	err   error
}

// watchInbox reads an inbox until ctx ends.
func watchInbox(ctx context.Context, inbox *charla.Inbox, cursor string) *inboxScreen {
	s := &inboxScreen{}
	go func() {
		for row, err := range inbox.Live(ctx, cursor, 0) {
			s.mu.Lock()
			if err != nil {
				s.err = errors.Join(s.err, err)
			} else if row.Number != 0 {
				s.shown = append(s.shown, fmt.Sprintf("%s %d", row.Customer.Name, row.Messages))
			}
			s.mu.Unlock()
		}
	}()
	return s
}

// since lets everything settle and returns what was shown since the last call.
func (s *inboxScreen) since() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	shown := s.shown
	s.shown = nil
	return shown
}

// TestInboxLive: R8.3: an inbox shows its account's changes, those of this desk at once
// and those of another within a poll, from the beginning, from now on or from a row.
func TestInboxLive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		elsewhere := b.newDesk(func(o *charla.Options) { o.Clock = nil })
		other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
		require.NoError(t, err)
		juan, eva := b.enter("juan"), b.enter("eva")
		ref := b.write(juan, "hola").Ref
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		all := watchInbox(ctx, b.account.Inbox(), "")
		fresh := watchInbox(ctx, b.account.Inbox(), charla.InboxEnd)
		foreign := watchInbox(ctx, other.Inbox(), "")
		assert.Equal(t, []string{"juan 1"}, all.since())
		assert.Empty(t, fresh.since(), "what was before its beginning")

		b.write(eva, "hola")
		assert.Equal(t, []string{"eva 1"}, all.since(), "at once")
		assert.Equal(t, []string{"eva 1"}, fresh.since())
		b.reply(ref, "dime")
		assert.Equal(t, []string{"juan 2"}, all.since())

		_, err = b.on(elsewhere, eva).Write(b.ctx, "¿hay alguien?", nil)
		require.NoError(t, err)
		assert.Empty(t, all.since(), "nobody said so")
		elapse(time.Second)
		assert.Equal(t, []string{"eva 2"}, all.since(), "another desk's, within a poll")
		assert.Equal(t, []string{"juan 2", "eva 2"}, fresh.since())

		v, _, err := other.Enter(b.ctx, charla.Entry{Name: "luz"})
		require.NoError(t, err)
		b.write(v, "hola")
		assert.Empty(t, all.since(), "R1.3: another account")
		assert.Equal(t, []string{"luz 1"}, foreign.since())

		stop()
		for _, s := range []*inboxScreen{all, fresh, foreign} {
			assert.Empty(t, s.since())
			require.ErrorIs(t, s.err, context.Canceled)
		}
	})
}

// TestInboxLiveEnds: a reader whose context has ended is told so, also while there is
// more to read, and one with a cursor of another list begins anew.
func TestInboxLiveEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for i := range 3 {
		b.write(b.enter(fmt.Sprint("c", i)), "hola")
	}
	ctx, stop := context.WithCancel(b.ctx)
	defer stop()
	rows, err := 0, error(nil)
	for row, failed := range b.account.Inbox().Live(ctx, "", 0) {
		if err = failed; err != nil {
			assert.Zero(t, row)
			continue
		}
		rows++
		stop()
	}
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, rows)

	other, _, err := b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
	require.NoError(t, err)
	v, _, err := other.Enter(b.ctx, charla.Entry{Name: "luz"})
	require.NoError(t, err)
	b.write(v, "hola")
	cursors := []string{"nonsense", " ", "0", uuid.NewString()}
	for row, err := range other.Inbox().Live(b.ctx, "", 0) {
		require.NoError(t, err)
		cursors = append(cursors, row.Cursor, row.Cursor+"x")
		break
	}
	page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{PageQuery: charla.PageQuery{Limit: 1}})
	require.NoError(t, err)
	cursors = append(cursors, page.Next)
	for _, cursor := range cursors {
		told := 0
		for _, err := range b.account.Inbox().Live(b.ctx, cursor, 0) {
			require.ErrorIs(t, err, charla.ErrCursor, "cursor %q", cursor)
			told++
		}
		assert.Equal(t, 1, told, "cursor %q", cursor)
	}
}

// TestInboxLiveYieldsTheLatestTicket: R3.6: the inbox goes on showing a conversation's latest ticket when an agent
// classifies an older one, which then is the one that changed last.
func TestInboxLiveYieldsTheLatestTicket(t *testing.T) {
	t.Parallel()
	desk, err := charla.New(storage.NewMemory(), nil)
	require.NoError(t, err)
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.General.ReopenWindow = nil
	account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	visitor, _, err := account.Enter(t.Context(), charla.Entry{Name: "Juan", Email: "juan@example.com"})
	require.NoError(t, err)
	first, err := visitor.Write(t.Context(), "hola", nil)
	require.NoError(t, err)
	agent := account.Agent(charla.Person{ID: "ana"})
	_, err = agent.Do(t.Context(), first.Ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	second, err := visitor.Write(t.Context(), "otra cosa", nil)
	require.NoError(t, err)
	require.Equal(t, tickets.Number(2), second.Ref.Number)
	_, err = agent.Do(t.Context(), first.Ref, tickets.Command{
		Kind: tickets.CommandClassify, Typification: &tickets.Typification{Category: "venta"},
	}, nil)
	require.NoError(t, err)
	list, err := account.Inbox().Tickets(t.Context(), charla.TicketQuery{})
	require.NoError(t, err)
	require.Equal(t, first.Ref, list.Items[0].Ref, "the older one changed last")

	for row, err := range account.Inbox().Live(t.Context(), "", 0) {
		require.NoError(t, err)
		require.Equal(t, second.Ref, row.Ref)
		require.Equal(t, second.Ref.Number, row.Number)
		require.NotEmpty(t, row.Cursor)
		break
	}
}

// R8.3: a row without a ticket says that the inbox is caught up, comes again after each
// beat without news, and has a cursor from which nothing is missed, though nothing had
// changed yet.
func TestInboxLiveCaughtUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk, err := charla.New(storage.NewMemory(), nil)
		require.NoError(t, err)
		account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
		require.NoError(t, err)
		visitor, _, err := account.Enter(t.Context(), charla.Entry{Name: "Juan", Email: "juan@example.com"})
		require.NoError(t, err)
		cursor := ""
		for _, beat := range []time.Duration{20 * time.Second, 1500 * time.Millisecond} { // more and less than between two polls
			began := time.Now()
			var came []time.Duration
			for row, err := range account.Inbox().Live(t.Context(), charla.InboxEnd, beat) {
				require.NoError(t, err)
				require.Zero(t, row.Number)
				cursor = row.Cursor
				if came = append(came, time.Since(began)); len(came) == 3 {
					break
				}
			}
			require.Equal(t, []time.Duration{0, beat, 2 * beat}, came)
		}

		said, err := visitor.Write(t.Context(), "hola", nil) // while nobody looks
		require.NoError(t, err)
		var got []tickets.Number
		for row, err := range account.Inbox().Live(t.Context(), cursor, 0) {
			require.NoError(t, err)
			if got = append(got, row.Number); row.Number == 0 {
				break
			}
		}
		require.Equal(t, []tickets.Number{said.Ref.Number, 0}, got)
	})
}
