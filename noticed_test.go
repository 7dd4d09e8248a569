package charla_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
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

// TestSweepReadsOn: R8.1: a file is kept whose message stands behind the first page of its
// conversation, at whichever place.
func TestSweepReadsOn(t *testing.T) {
	t.Parallel()
	for _, before := range []int{storage.MaxPage - 1, storage.MaxPage, storage.MaxPage + 1} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			folder, err := charla.NewFileDir(dir)
			require.NoError(t, err)
			defer folder.Close()
			store := &crashing{Store: storage.NewMemory()}
			desk, err := charla.New(store, &charla.Options{Files: &charla.FileOptions{Store: folder}})
			require.NoError(t, err)
			account, _, err := desk.CreateAccount(t.Context(), "Tienda", "tienda.cl", nil)
			require.NoError(t, err)
			v, _, err := account.Enter(t.Context(), charla.Entry{Name: "Juan"})
			require.NoError(t, err)
			for range before {
				_, err := v.Write(t.Context(), "hola", nil)
				require.NoError(t, err)
			}
			store.after = true
			_, err = v.Write(t.Context(), "", send("guardado"))
			require.ErrorIs(t, err, charla.ErrOutcomeUnknown)
			store.after = false
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { _ = desk.Run(ctx) }()
			elapse(2 * time.Hour)
			synctest.Wait()
			require.Empty(t, slices.Collect(notes(t, folder)))
			_, body, err := v.File(ctx, int64(before)+1)
			require.NoError(t, err)
			require.Equal(t, "guardado", string(body))
		})
	}
}

// TestTypingEndsByItself: typing ends after six seconds, not at the next poll.
func TestTypingEndsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, nil)
		b.use(b.newDesk(func(o *charla.Options) { o.Clock, o.Runner.Poll = nil, time.Hour }))
		s := b.enter("juan")
		ref := b.write(s, "hola").Ref
		customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, 0) })
		customer.since()
		elapse(time.Second)
		require.NoError(t, b.agent(ana).SetActivity(b.ctx, ref, charla.Replying))
		assert.Equal(t, []string{"typing true"}, customer.since())
		elapse(6*time.Second - time.Millisecond)
		assert.Empty(t, customer.since())
		elapse(2 * time.Millisecond)
		assert.Equal(t, []string{"typing false"}, customer.since())
		customer.stop()
		customer.since()
	})
}

// TestTypingAfterAMessage: who begins to type after their message goes on typing for those who read
// that message only now; who wrote since does not.
func TestTypingAfterAMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bubble(t)
		s := b.enter("juan")
		ref := b.write(s, "hola").Ref
		open := func() *screen {
			return watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, 0) })
		}
		first := open()
		b.reply(ref, "dime")
		first.since()
		elapse(time.Second)
		require.NoError(t, b.agent(ana).SetActivity(b.ctx, ref, charla.Replying))
		assert.Equal(t, []string{"typing true"}, first.since())
		second := open()
		assert.Equal(t, []string{"message hola", "message dime", "typing true", "nothing"}, second.since())
		elapse(time.Second)
		colleague := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] {
			return b.agent(charla.Person{ID: "beto"}).Inbox().Follow(ctx, ref, 0, 0)
		})
		assert.Contains(t, colleague.since(), "ana replying")
		assert.Empty(t, first.since(), "another page does not end it")
		colleague.stop()
		first.stop()
		second.stop()
		first.since()
		alone := open()
		assert.Equal(t, []string{"message hola", "message dime", "typing true", "nothing"}, alone.since(), "nobody read meanwhile")
		b.reply(ref, "y más")
		assert.Equal(t, []string{"message y más", "typing false"}, alone.since())
		alone.stop()
		alone.since()
	})
}

// hinting is a broker that hears what it is given.
type hinting struct{ hints chan []byte }

func (h hinting) Publish([]byte) {}

func (h hinting) Listen(ctx context.Context, receive func([]byte)) error {
	for {
		select {
		case hint := <-h.hints:
			receive(hint)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestTypingOfMany: of who types where nobody reads, the latest 4,096 are known; those who type no
// more make room.
func TestTypingOfMany(t *testing.T) {
	t.Parallel()
	const many = 4096
	for name, tt := range map[string]struct {
		pause  time.Duration
		others int
		known  bool
	}{
		"room for one": {0, many - 1, true}, "no room": {0, many, false}, "all have stopped": {7 * time.Second, many, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, nil)
			broker := hinting{make(chan []byte)}
			b.use(b.newDesk(func(o *charla.Options) { o.Clock, o.Broker = nil, broker }))
			s := b.enter("juan")
			ref := b.write(s, "hola").Ref
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { _ = b.desk.Run(ctx) }()
			for range tt.others {
				id := uuid.New()
				broker.hints <- append(append([]byte{'t'}, id[:]...), make([]byte, 8)...)
			}
			elapse(tt.pause + time.Millisecond)
			require.NoError(t, b.agent(ana).SetActivity(b.ctx, ref, charla.Replying))
			customer := watch(t, func(ctx context.Context) iter.Seq2[charla.Update, error] { return s.Live(ctx, 0, 0) })
			told := customer.since()
			assert.Equal(t, tt.known, slices.Contains(told, "typing true"), "%s: %q", name, told)
			customer.stop()
			customer.since()
			stop()
			synctest.Wait()
		})
	}
}

// TestIDs: an ID is a UUID of version 7, of the desk's clock; without entropy there is none, and
// nothing is stored.
func TestIDs(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	conversation := b.session(b.enter("juan")).Conversation
	for _, id := range []uuid.UUID{b.account.ID().UUID, conversation.UUID} {
		assert.EqualValues(t, 7, id.Version())
		assert.Equal(t, uuid.RFC4122, id.Variant())
		assert.EqualValues(t, start.UnixMilli(), binary.BigEndian.Uint64(append(make([]byte, 2), id[:6]...)))
	}
	dry := errors.New("no entropy")
	for left := range 16 {
		store := storage.NewMemory()
		desk, err := charla.New(store, &charla.Options{Entropy: io.MultiReader(bytes.NewReader(make([]byte, left)), iotest.ErrReader(dry))})
		require.NoError(t, err)
		_, _, err = desk.CreateAccount(b.ctx, "Tienda", "tienda.cl", nil)
		require.ErrorIs(t, err, dry)
		list, err := store.Accounts().List(b.ctx, chatcfg.AccountID{}, true, 0)
		require.NoError(t, err)
		assert.Empty(t, list)
	}
}

// TestClosedBehindMessages: R14.1: a visitor's stream tells of a close behind the messages that came
// with it, and also of one without a message.
func TestClosedBehindMessages(t *testing.T) {
	t.Parallel()
	for name, texts := range map[string][]string{"silent": nil, "with a text": {"adiós"}} {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, func(c *chatcfg.Config) {
				if texts != nil {
					c.Automation.ManualClose = text(texts...)
				}
			})
			b.use(b.newDesk(func(o *charla.Options) { o.Clock = nil }))
			s := b.enter("juan")
			ref := b.write(s, "hola").Ref
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var told []string
			go func() {
				for u, err := range s.Live(ctx, 1, time.Second) {
					if err != nil {
						return
					}
					switch {
					case u.Message != nil:
						told = append(told, u.Message.Text)
					case u.Closed != nil && !u.Closed.At.IsZero():
						told = append(told, "closed")
						return // and nothing more is yielded
					}
				}
			}()
			synctest.Wait()
			_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
			require.NoError(t, err)
			synctest.Wait()
			assert.Equal(t, append(slices.Clone(texts), "closed"), told, name)
			elapse(5 * time.Second)
			stop()
			synctest.Wait()
		})
	}
}

// holding is a store whose commits wait while it is held.
type holding struct {
	storage.Store
	held chan struct{} // nil: no
}

func (s *holding) Conversations() storage.Conversations {
	return holdingConversations{s.Store.Conversations(), s}
}

type holdingConversations struct {
	storage.Conversations
	s *holding
}

func (c holdingConversations) Commit(ctx context.Context, b *storage.Batch) error {
	if c.s.held != nil {
		<-c.s.held
	}
	return c.Conversations.Commit(ctx, b)
}

// TestQueueOfAnother: R8.1: a message that waits for the customer's conversation, which another
// session began, and is given up there, is not told to be stored.
func TestQueueOfAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier = true })
		store := &holding{Store: b.store}
		b.store = store
		b.use(b.newDesk(nil))
		first, other := b.enter("juan"), b.enter("juan")
		ref := b.write(first, "hola").Ref
		store.held = make(chan struct{})
		done := make(chan error, 1)
		go func() {
			_, err := first.Write(b.ctx, "otra vez", nil)
			done <- err
		}()
		synctest.Wait()
		ctx, give := context.WithCancel(t.Context())
		given := make(chan error, 1)
		go func() {
			_, err := other.Write(ctx, "yo también", nil)
			given <- err
		}()
		synctest.Wait()
		give()
		require.ErrorIs(t, <-given, context.Canceled)
		close(store.held)
		require.NoError(t, <-done)
		store.held = nil
		var texts []string
		for _, m := range b.messages(ref) {
			texts = append(texts, m.Text)
		}
		assert.Equal(t, []string{"hola", "otra vez"}, texts)
		require.Equal(t, ref, b.write(other, "y yo").Ref, "the positive control")
	})
}

// TestNextByWait: R11.2: who waits longest is next, also where another conversation is older, and
// behind tickets of other teams.
func TestNextByWait(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.General.Assignment.OnReply = false })
	older := b.enter("juan")
	first := b.write(older, "hola").Ref
	b.pass(time.Second)
	b.reply(first, "dime")
	second := b.write(b.enter("eva"), "hola").Ref
	b.pass(time.Second)
	b.write(older, "otra cosa")
	b.pass(time.Second)
	third := b.write(b.enter("sol"), "hola").Ref
	b.pass(time.Second)
	require.Negative(t, bytes.Compare(first.Conversation.UUID[:], second.Conversation.UUID[:]), "the control")
	fourth := b.write(b.enter("luz"), "hola").Ref
	_, err := b.agent(ana).Do(b.ctx, second, tickets.Command{Kind: tickets.CommandAssign, Team: new(tickets.TeamID("ventas"))}, nil)
	require.NoError(t, err)
	for i, want := range []tickets.Ref{first, second, third, fourth} {
		var teams []tickets.TeamID
		if i > 0 {
			teams = append(teams, "ventas")
		}
		got, err := b.agent(ana).TakeNext(b.ctx, teams, nil)
		require.NoError(t, err)
		assert.Equal(t, want, got.Ref)
	}
}

// TestAccountsAhead: R4.5: each instant of an account that a wrong clock dated is found by itself.
func TestAccountsAhead(t *testing.T) {
	t.Parallel()
	ahead := start.AddDate(0, 0, 30)
	for name, change := range map[string]func(*chatcfg.Account){
		"created":      func(a *chatcfg.Account) { a.CreatedAt = ahead },
		"saved":        func(a *chatcfg.Account) { a.SavedAt = ahead },
		"secret token": func(a *chatcfg.Account) { a.Secrets[0].CreatedAt = ahead },
	} {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, nil)
			elapse(time.Until(start)) // the bubble's clock
			b.clock.Add(time.Second)
			var err error // were the first account ahead, the clock could be behind
			b.account, _, err = b.desk.CreateAccount(b.ctx, "Otra", "otra.cl", nil)
			require.NoError(t, err)
			record := b.record()
			record.Revision++
			change(&record)
			require.NoError(t, b.store.Accounts().Save(b.ctx, record))
			b.use(b.newDesk(func(o *charla.Options) { o.Clock = nil }))
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			go func() { _ = b.desk.Run(ctx) }()
			elapse(10 * time.Minute)
			synctest.Wait()
			got := b.record()
			for what, at := range map[string]time.Time{"created": got.CreatedAt, "saved": got.SavedAt, "secret token": got.Secrets[0].CreatedAt} {
				assert.False(t, at.After(time.Now()), "%s: %s is %s", name, what, at)
			}
			stop()
			synctest.Wait()
		})
	}
}

// contended is a store in which another call always saves the account first.
type contended struct {
	storage.Store
	on bool
}

func (s *contended) Accounts() storage.Accounts { return contendedAccounts{s.Store.Accounts(), s} }

type contendedAccounts struct {
	storage.Accounts
	s *contended
}

func (a contendedAccounts) Save(ctx context.Context, account chatcfg.Account, docs ...storage.Document) error {
	if a.s.on {
		return storage.ErrConflict
	}
	return a.Accounts.Save(ctx, account, docs...)
}

func (s *contended) Sessions() storage.Sessions { return contendedSessions{s.Store.Sessions(), s} }

type contendedSessions struct {
	storage.Sessions
	s *contended
}

func (a contendedSessions) Save(ctx context.Context, session tickets.Session) error {
	if a.s.on {
		return storage.ErrConflict
	}
	return a.Sessions.Save(ctx, session)
}

// TestSessionIsBusy: R8.1: a change of a session that always comes second says so and changes
// nothing.
func TestSessionIsBusy(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	carla := b.enter("carla")
	before := b.stored(carla)
	store := &contended{Store: b.store, on: true}
	b.store = store
	b.use(b.newDesk(nil))
	carla = b.on(b.desk, carla)
	_, _, err := carla.Login(b.ctx, charla.Proof{Subject: "1"})
	require.ErrorIs(t, err, charla.ErrBusy)
	assert.Equal(t, before, b.stored(carla))
	store.on = false
	_, _, err = carla.Login(b.ctx, charla.Proof{Subject: "1"})
	require.NoError(t, err)
}

// TestAccountIsBusy: R8.1: a change of an account that always comes second says so and changes
// nothing.
func TestAccountIsBusy(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	store := &contended{Store: b.store, on: true}
	b.store = store
	b.use(b.newDesk(nil))
	before := b.record()
	replies := []chatcfg.QuickReply{{Shortcut: "a", Title: "A", Text: chatcfg.Words{Any: "a"}}}
	for name, change := range map[string]func() error{
		"delete":        func() error { return b.account.Delete(b.ctx, "Tienda") },
		"rotate":        func() error { _, err := b.account.RotateSecret(b.ctx, time.Hour); return err },
		"quick replies": func() error { _, err := b.account.Agent(ana).SaveQuickReplies(b.ctx, 0, replies); return err },
	} {
		require.ErrorIs(t, change(), charla.ErrBusy, name)
	}
	assert.Equal(t, before, b.record())
	store.on = false
	_, err := b.account.Agent(ana).SaveQuickReplies(b.ctx, 0, replies)
	require.NoError(t, err, "the positive control")
}

// TestFailingDeadline: a deadline that cannot be carried out is told of, and nothing else is.
func TestFailingDeadline(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(1) })
			store := &crashing{Store: b.store}
			b.store = store
			var mu sync.Mutex
			var failed []charla.RunPart
			b.use(b.newDesk(func(o *charla.Options) {
				o.Clock = nil
				o.Observer = &charla.Observer{Failed: func(_ context.Context, part charla.RunPart, _ error) {
					mu.Lock()
					defer mu.Unlock()
					failed = append(failed, part)
				}}
			}))
			ref := b.write(b.enter("juan"), "hola").Ref
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			store.before = fails
			go func() { _ = b.desk.Run(ctx) }()
			elapse(time.Minute + 5*time.Second)
			synctest.Wait()
			ticket := b.ticket(ref)
			assert.Equal(t, !fails, ticket.Delayed())
			stop()
			synctest.Wait()
			if fails {
				assert.Contains(t, failed, charla.RunDeadlines)
			} else {
				assert.Empty(t, failed)
			}
		})
	}
}

// TestPurgeIsReported: a purge is in the security log once it is done, and not before.
func TestPurgeIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	var r reports
	b.use(b.newDesk(func(o *charla.Options) { o.Observer = &charla.Observer{Security: r.hear} }))
	_, err := b.desk.Purge(b.ctx, b.account.ID())
	require.ErrorIs(t, err, charla.ErrNotDeleted)
	require.Empty(t, r.since())
	require.NoError(t, b.account.Delete(b.ctx, "Tienda"))
	r.since()
	_, err = b.desk.Purge(b.ctx, b.account.ID())
	require.NoError(t, err)
	list := r.since()
	require.Len(t, list, 1)
	assert.Equal(t, charla.SecurityAccountPurged, list[0].Kind)
	assert.Equal(t, b.account.ID(), list[0].Account)
}
