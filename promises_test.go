package charla_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLinkOfSecondSession: R7.2: a login links the conversation that the session really wrote in.
func TestLinkOfSecondSession(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier = true })
	s1, s2 := b.enter("juan"), b.enter("juan")
	first := b.write(s1, "hola")
	o := &charla.WriteOptions{Key: "k1"}
	r1, err := s2.Write(b.ctx, "pago 100", o)
	require.NoError(t, err)
	require.Equal(t, first.Ref.Conversation, r1.Ref.Conversation)
	moved, _, err := s2.Login(b.ctx, charla.Proof{Subject: "u1", Name: "Juan"})
	require.NoError(t, err)
	require.Contains(t, b.stored(moved).Links, r1.Ref.Conversation, "R7.2: linked")
	r2, err := moved.Write(b.ctx, "pago 100", o)
	require.NoError(t, err)
	require.Equal(t, r1, r2)
}

// TestKeyAfterLogin: R3.9: a key answers as before after a login, too.
func TestKeyAfterLogin(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier = true })
	s1, s2 := b.enter("juan"), b.enter("juan")
	b.write(s1, "hola")
	o := &charla.WriteOptions{Key: "k1"}
	r1, err := s2.Write(b.ctx, "pago 100", o)
	require.NoError(t, err)
	s2, _, err = s2.Login(b.ctx, charla.Proof{Subject: "u1", Name: "Juan"})
	require.NoError(t, err)
	r2, err := s2.Write(b.ctx, "pago 100", o)
	require.NoError(t, err)
	require.Equal(t, r1, r2)
}

type mailerFunc func(context.Context, charla.Mail) error

func (f mailerFunc) Send(ctx context.Context, m charla.Mail) error { return f(ctx, m) }

// TestMailAfterLease: R8.2: what a desk has not begun does not wait in its hands,
// where its lease would run out while a slow server takes the mail before it.
func TestMailAfterLease(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@x.cl", "b@x.cl", "c@x.cl"}}
	})
	sent := map[string]int{}
	other := b.newDesk(func(o *charla.Options) {
		o.Mailer = mailerFunc(func(_ context.Context, m charla.Mail) error { sent[m.To]++; return nil })
	})
	slow := b.newDesk(func(o *charla.Options) {
		o.Mailer = mailerFunc(func(_ context.Context, m charla.Mail) error {
			sent[m.To]++
			b.clock.Set(b.clock.Now().Add(31 * time.Second))
			_, err := other.RunDue(b.ctx)
			return err
		})
	})
	b.write(b.enter("Juan"), "hola")
	_, err := slow.RunDue(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"a@x.cl": 1, "b@x.cl": 1, "c@x.cl": 1}, sent)
	assert.Len(t, b.deliveries(charla.DeliveryUnknown), 1, "the one that outlived its lease")
}

// TestStopLeavesMails: R8.2: a run that is stopped when it has just claimed mails
// makes none of them unknown: the next run sends each of them once.
func TestStopLeavesMails(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*charla.Desk, context.Context) error{
		"Run":    (*charla.Desk).Run,
		"RunDue": func(d *charla.Desk, ctx context.Context) error { _, err := d.RunDue(ctx); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *chatcfg.Config) {
				c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@x.cl", "b@x.cl", "c@x.cl"}}
			})
			b.write(b.enter("Juan"), "hola")
			ctx, cancel := context.WithCancel(b.ctx)
			claimed := 0
			b.store = &claiming{Store: b.store, claimed: func(list []storage.Delivery) {
				claimed += len(list)
				cancel()
			}}
			sent := map[string]int{}
			var mu sync.Mutex
			d := b.newDesk(func(o *charla.Options) {
				o.Runner.Workers, o.Hooks = 16, nil
				o.Mailer = mailerFunc(func(ctx context.Context, m charla.Mail) error {
					mu.Lock()
					defer mu.Unlock()
					if ctx.Err() == nil {
						sent[m.To]++
					}
					return ctx.Err()
				})
			})
			require.ErrorIs(t, run(d, ctx), context.Canceled)
			require.GreaterOrEqual(t, claimed, 3)
			require.Empty(t, sent, "none was begun")

			b.clock.Add(time.Hour) // beyond every lease
			_, err := d.RunDue(b.ctx)
			require.NoError(t, err)
			require.Equal(t, map[string]int{"a@x.cl": 1, "b@x.cl": 1, "c@x.cl": 1}, sent)
			require.Empty(t, b.deliveries(charla.DeliveryUnknown))
			require.Len(t, b.deliveries(charla.DeliverySent), 3)
		})
	}
}

// claiming is a store that tells of what is claimed from its outbox, before the
// caller has it.
type claiming struct {
	storage.Store
	claimed func([]storage.Delivery)
}

func (s *claiming) Outbox() storage.Outbox { return claimingOutbox{s.Store.Outbox(), s.claimed} }

type claimingOutbox struct {
	storage.Outbox
	claimed func([]storage.Delivery)
}

func (o claimingOutbox) Claim(ctx context.Context, now, until time.Time, limit int, share storage.Share) ([]storage.Delivery, error) {
	list, err := o.Outbox.Claim(ctx, now, until, limit, share)
	o.claimed(list)
	return list, err
}

// TestDelayBeforeSave: R2.3, R4.5: a delay before a save stays one.
func TestDelayBeforeSave(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(1) })
	ref := b.write(b.enter("Juan"), "hola").Ref
	b.clock.Set(b.clock.Now().Add(5 * time.Minute)) // nobody runs
	b.save(func(c *chatcfg.Config) { c.Quality.SLA = minutes(60) }, &charla.SaveOptions{Running: true})
	b.pass(0)
	require.True(t, func() bool { x := b.ticket(ref); return x.Delayed() }())
}

// TestDelayInstant: R2.3: and keeps its instant.
func TestDelayInstant(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Quality.SLA = minutes(1) })
	ref := b.write(b.enter("Juan"), "hola").Ref
	b.clock.Set(b.clock.Now().Add(5 * time.Minute))
	b.save(func(c *chatcfg.Config) { c.General.CreateIgnored = true }, &charla.SaveOptions{Running: true})
	b.pass(0)
	require.Equal(t, start.Add(time.Minute), b.ticket(ref).Wait.DelayedAt)
}

// TestRulesAfterPurge: A purged account and a new one with its ID do not share rules.
func TestRulesAfterPurge(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	id := chatcfg.AccountID{UUID: uuid.New()}
	make := func(text string) *charla.Account {
		cfg := chatcfg.Default(chatcfg.Spanish)
		cfg.Automation.TicketCreated = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(text)}
		a, _, err := b.desk.CreateAccount(b.ctx, "Tienda", "tienda.cl", &charla.AccountOptions{ID: id, Config: &cfg})
		require.NoError(t, err)
		return a
	}
	say := func() string {
		account := b.desk.Account(id)
		s, _, err := account.Enter(b.ctx, charla.Entry{Name: "Juan"})
		require.NoError(t, err)
		page, err := account.Inbox().Messages(b.ctx, b.write(s, "hola").Ref, charla.MessageQuery{})
		require.NoError(t, err)
		return page.Items[1].Text
	}
	make("uno")
	require.Equal(t, "uno", say())
	require.NoError(t, b.desk.Account(id).Delete(b.ctx, "Tienda"))
	_, err := b.desk.Purge(b.ctx, id)
	require.NoError(t, err)
	make("dos")
	require.Equal(t, "dos", say())
}

// TestNameOfAnotherSession: R7.2: a claimed e-mail does not learn what another session claimed.
func TestNameOfAnotherSession(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Chat.EmailAsIdentifier, c.Chat.Anonymous = true, true
		c.Automation.TicketCreated = text("Hola {customer|amigo}")
	})
	victim, _, err := b.account.Enter(b.ctx, charla.Entry{Name: "Juan Secreto", Email: "j@x.cl"})
	require.NoError(t, err)
	ref := b.write(victim, "hola").Ref
	_, err = b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	thief, _, err := b.account.Enter(b.ctx, charla.Entry{Email: "j@x.cl"})
	require.NoError(t, err)
	b.write(thief, "quién soy?")
	require.Equal(t, []string{"quién soy?", "Hola amigo"}, b.texts(thief))
	require.Equal(t, "Hola Juan Secreto", b.texts(victim)[1], "who claimed the name is called by it")
}

// TestErrorText: R8.2: what a mail server says is stored as text.
func TestErrorText(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@x.cl"}}
	})
	d := b.newDesk(func(o *charla.Options) {
		o.Mailer = mailerFunc(func(context.Context, charla.Mail) error {
			return fmt.Errorf("%w: 451 usu\xe1rio\x00", charla.ErrNotSent)
		})
	})
	b.write(b.enter("Juan"), "hola")
	_, err := d.RunDue(b.ctx)
	require.NoError(t, err)
	pending := b.deliveries(charla.DeliveryPending)
	require.NotEmpty(t, pending)
	for _, one := range pending {
		require.True(t, utf8.ValidString(one.Error) && !strings.Contains(one.Error, "\x00"), "%q", one.Error)
	}
}

// TestPrune: R8.4: the outbox does not grow without a bound: what was sent longer ago
// than is kept goes, however much it is, what was sent since stays until its time.
func TestPrune(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("Juan")
	for i := range charla.MaxPage + 5 {
		b.write(s, fmt.Sprint("m", i))
	}
	b.pass(0)
	b.pass(20 * time.Hour)
	b.write(s, "recent")
	b.pass(0)
	b.pass(5 * time.Hour)
	d := b.newDesk(func(o *charla.Options) { o.Runner.Keep, o.Runner.Poll = 24*time.Hour, time.Hour })
	sent := func() int {
		n, cursor := 0, ""
		for {
			page, err := d.Deliveries(b.ctx, charla.DeliveryQuery{
				Account: b.account.ID(), State: charla.DeliverySent, PageQuery: charla.PageQuery{Cursor: cursor},
			})
			require.NoError(t, err)
			n += len(page.Items)
			if cursor = page.Next; cursor == "" {
				return n
			}
		}
	}
	require.Greater(t, sent(), charla.MaxPage+5)
	ctx, cancel := context.WithCancel(b.ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	// Later again: the time of the recent one comes, in the same run.
	for _, want := range []int{1, 0} {
		require.Eventually(t, func() bool { return sent() <= want }, time.Minute, time.Millisecond)
		require.Equal(t, want, sent())
		b.clock.Add(24 * time.Hour)
	}
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

// TestPruneSessions: R7.5: sessions that expired longer ago than is kept are deleted, others
// are not, and the messages and the conversation of a deleted one go on.
func TestPruneSessions(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	d := b.newDesk(func(o *charla.Options) {
		o.SessionTTL, o.Runner.Keep, o.Runner.Poll = time.Hour, 24*time.Hour, time.Hour
	})
	b.use(d)
	old := b.enter("juan")
	ref := b.write(old, "hola").Ref
	id := b.session(old).ID
	b.pass(20 * time.Hour)
	recent := b.session(b.enter("eva")).ID
	b.pass(6 * time.Hour)
	ctx, cancel := context.WithCancel(b.ctx)
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	gone := func(id tickets.SessionID) bool {
		_, err := b.store.Sessions().Get(b.ctx, b.account.ID(), id)
		return errors.Is(err, storage.ErrNotFound)
	}
	require.Eventually(t, func() bool { return gone(id) }, time.Minute, time.Millisecond)
	require.False(t, gone(recent), "it expired lately")
	b.clock.Add(24 * time.Hour)
	require.Eventually(t, func() bool { return gone(recent) }, time.Minute, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	_, err := old.Write(b.ctx, "¿hola?", nil)
	require.ErrorIs(t, err, charla.ErrSession)
	b.reply(ref, "buenas")
	list := b.messages(ref)
	require.Len(t, list, 2)
	assert.Equal(t, id, list[0].Session)
	assert.Equal(t, id, list[1].Session, "R7.2: agents' messages belong to the session that wrote last")
}

// TestSecretInStruct: R1.7: not from a field of somebody else either.
func TestSecretInStruct(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	seed := string(b.secret.Key().Seed())
	app := struct{ secret charla.Secret }{b.secret}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{app, &app, b.secret, &b.secret, []any{app}} {
			got := fmt.Sprintf(verb, value)
			assert.NotContains(t, got, seed, verb)
			assert.NotContains(t, got, fmt.Sprintf("%x", seed), verb)
			assert.NotContains(t, got, b.secret.Reveal(), verb)
		}
	}
}

// TestPresenceClockBack: R4.7: presence is by the clock, wherever a conversation is in time.
func TestPresenceClockBack(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Automation.NoAgents = text("nadie") })
	d := b.newDesk(func(o *charla.Options) { o.HeartbeatTTL = 0 })
	s := b.enter("Juan")
	require.NoError(t, b.agentOn(d, charla.Person{ID: "ana"}).Heartbeat(b.ctx, tickets.Online))
	ref := func() tickets.Ref {
		r, err := b.on(d, s).Write(b.ctx, "hola", nil)
		require.NoError(t, err)
		return r.Ref
	}()
	require.Empty(t, b.said(ref))
	b.clock.Set(b.clock.Now().Add(-time.Hour))
	require.NoError(t, b.agentOn(d, charla.Person{ID: "ana"}).Heartbeat(b.ctx, tickets.Online))
	p, err := d.Account(b.account.ID()).Inbox().Presence(b.ctx)
	require.NoError(t, err)
	require.True(t, p.Available)
	// A new process, later, on the clock that was put right; ana beats on.
	b.clock.Set(b.clock.Now().Add(80 * time.Second))
	for range 3 {
		b.clock.Set(b.clock.Now().Add(30 * time.Second))
		require.NoError(t, b.agentOn(d, charla.Person{ID: "ana"}).Heartbeat(b.ctx, tickets.Online))
	}
	_, err = b.on(d, s).Write(b.ctx, "sigue ahí?", nil)
	require.NoError(t, err)
	require.Empty(t, b.said(ref), "an agent is online")
}

// TestProviderOff: R6.3: each provider has its own switch.
func TestProviderOff(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true })
	_, _, err := b.account.Enter(b.ctx, charla.Entry{Proof: &charla.Proof{Provider: "facebook", Subject: "1", Name: "x"}})
	require.Error(t, err)
}

// TestMailAfterClockBack: R8.2: a clock that steps back holds no mail back.
func TestMailAfterClockBack(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@x.cl"}}
	})
	s := b.enter("Juan")
	ref := b.write(s, "hola").Ref
	_, err := b.agent(ana).Do(b.ctx, ref, tickets.Command{Kind: tickets.CommandClose}, nil)
	require.NoError(t, err)
	b.pass(0)
	require.Len(t, b.mails.Mails(), 1)
	b.clock.Set(b.clock.Now().Add(-24 * time.Hour))
	b.write(s, "otra vez")
	b.pass(0)
	require.Len(t, b.mails.Mails(), 2)
}

// TestFollowAcrossLogin: R8.3: a stream does not go on with another
// conversation's sequence; it says so.
func TestFollowAcrossLogin(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	proof := charla.Proof{Subject: "u1", Name: "Juan"}
	s := b.enter("juan")
	for i := range 5 {
		b.write(s, fmt.Sprint("claimed ", i))
	}
	var ended error
	seen := 0
	moved := s
	for _, err := range messagesOf(s.Live(b.ctx, 0, 0)) {
		if ended = err; err != nil {
			break
		}
		if seen++; seen == 5 {
			var err error
			moved, _, err = s.Login(b.ctx, proof)
			require.NoError(t, err)
			b.write(moved, "after login")
		}
	}
	require.ErrorIs(t, ended, charla.ErrSession)
	for m, err := range messagesOf(moved.Live(b.ctx, 0, 0)) {
		require.NoError(t, err)
		assert.Equal(t, "after login", m.Text)
		break
	}
}

// TestDuplicateAcrossLogin: R3.9, R7.2: a message under way while its session logs in, and
// sent again there, is stored once; the old token is told that it is replaced.
func TestDuplicateAcrossLogin(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	s := b.enter("juan")
	b.write(s, "hola")
	o := &charla.WriteOptions{Key: "k"}
	var second charla.Result
	conversations := &flakyConversations{Conversations: b.store.Conversations()}
	stalled := false
	conversations.fail = func(commit func() error) error {
		if !stalled {
			stalled = true
			moved, _, err := s.Login(b.ctx, charla.Proof{Subject: "u1"})
			require.NoError(t, err)
			second, err = moved.Write(b.ctx, "pago", o)
			require.NoError(t, err)
		}
		return commit()
	}
	b.store = &flaky{Store: b.store, conversations: conversations}
	_, err := b.on(b.newDesk(nil), s).Write(b.ctx, "pago", o)
	require.ErrorIs(t, err, charla.ErrReplaced)
	require.True(t, stalled)
	assert.Len(t, b.messages(second.Ref), 1)
}

// TestSearchBound: R8.4: a search has a bound.
func TestSearchBound(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	_, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Text: strings.Repeat("a ", charla.MaxSearch+1)})
	var p chatcfg.Problems
	require.ErrorAs(t, err, &p)
	assert.True(t, p.Has("text", chatcfg.CodeTooMany))
}

// TestSlowMailer: R2.3: a mailer that hangs keeps no deadline waiting.
func TestSlowMailer(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@x.cl"}}
		c.Quality.SLA = minutes(1)
	})
	begun, release := make(chan struct{}), make(chan struct{})
	runner := b.newDesk(func(o *charla.Options) {
		o.Mailer = mailerFunc(func(context.Context, charla.Mail) error {
			close(begun)
			<-release
			return nil
		})
	})
	ref := b.write(b.enter("Juan"), "hola").Ref
	ctx, cancel := context.WithCancel(b.ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	<-begun
	b.clock.Set(start.Add(2 * time.Minute))
	require.Eventually(t, func() bool {
		b.clock.Add(time.Second)
		got := b.ticket(ref)
		return got.Delayed()
	}, time.Minute, time.Millisecond)
	close(release)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

// TestEndWakesFollowers: R8.3: a stream hears at once that its session has ended,
// also where another session had made the conversation.
func TestEndWakesFollowers(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.EmailAsIdentifier = true })
	first, second := b.enter("juan"), b.enter("juan")
	b.write(first, "a")
	b.write(second, "b")
	ended := make(chan error, 1)
	got := make(chan string, 1)
	go func() {
		for m, err := range messagesOf(second.Live(b.ctx, 0, 0)) {
			if err != nil {
				ended <- err
				return
			}
			got <- m.Text
		}
	}()
	assert.Equal(t, "b", <-got)
	require.NoError(t, second.Leave(b.ctx))
	require.ErrorIs(t, <-ended, charla.ErrSession, "the clock stands still: polling would never notice")
}

// TestMovedBeforeItBegan: R8.3: a stream that goes on after what was read in one
// conversation does not go on at the same number of another, to which its session
// logged in meanwhile: it would skip what is before it there.
func TestMovedBeforeItBegan(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) { c.Chat.Google.Enabled = true })
	proof := charla.Proof{Provider: "google", Subject: "carla"}
	before, _, err := b.account.Enter(b.ctx, charla.Entry{Proof: &proof})
	require.NoError(t, err)
	for _, text := range []string{"one", "two", "three"} {
		b.write(before, text)
	}
	s := b.enter("carla")
	read := b.write(s, "hola").Seq
	_, _, err = s.Login(b.ctx, proof)
	require.NoError(t, err)
	for m, err := range messagesOf(s.Live(b.ctx, read, 0)) { // authenticated before the login
		require.ErrorIs(t, err, charla.ErrSession, "%s", m.Text)
	}
}

// TestReminderAfterDowntime: R13.2, R4.5: a reminder that fell due while nothing ran is said,
// although a save moved another step meanwhile; a step that the save itself moves into the past
// is not.
func TestReminderAfterDowntime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		move func(*chatcfg.Config)
		want []tickets.RuleKey
	}{
		"another": {func(c *chatcfg.Config) { c.Automation.Reminders.Steps[1].After = minutes(90) }, []tickets.RuleKey{automation.RuleReminders}},
		"one more": {func(c *chatcfg.Config) {
			c.Automation.Reminders.Steps = append(c.Automation.Reminders.Steps, chatcfg.Reminder{After: minutes(120), Messages: chatcfg.Texts("tres")})
		}, []tickets.RuleKey{automation.RuleReminders}},
		"itself": {func(c *chatcfg.Config) { c.Automation.Reminders.Steps[0].After = minutes(3) }, nil},
	} {
		b := setup(t, func(c *chatcfg.Config) {
			c.Automation.Reminders.Enabled = true
			c.Automation.Reminders.Steps = []chatcfg.Reminder{{After: minutes(5), Messages: chatcfg.Texts("uno")}, {After: minutes(60), Messages: chatcfg.Texts("dos")}}
		})
		ref := b.write(b.enter("carla"), "hola").Ref
		b.reply(ref, "dime")
		b.clock.Add(6 * time.Minute)
		b.save(tt.move, nil)
		b.pass(0)
		assert.Equal(t, tt.want, b.said(ref), name)
	}
}
