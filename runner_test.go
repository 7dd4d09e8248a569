package charla_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// answering is a mailer that answers as it is told.
type answering struct {
	answer func(charla.Mail) error
	tried  []charla.Mail
}

func (m *answering) Send(_ context.Context, mail charla.Mail) error {
	m.tried = append(m.tried, mail)
	return m.answer(mail)
}

// TestMailOutcomes: R8.2: a mail is retried only if the server certainly did not
// take it; an unknown outcome is marked unknown, and the host decides.
func TestMailOutcomes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer error
		panics bool
		state  charla.DeliveryState
		tries  int
	}{
		"sent":      {nil, false, charla.DeliverySent, 1},
		"not sent":  {fmt.Errorf("dial: %w", charla.ErrNotSent), false, charla.DeliveryDead, 3},
		"refused":   {fmt.Errorf("550: %w", charla.ErrRefused), false, charla.DeliveryDead, 1},
		"time-out":  {context.DeadlineExceeded, false, charla.DeliveryUnknown, 1},
		"something": {errors.New("EOF after DATA"), false, charla.DeliveryUnknown, 1},
		"panic":     {nil, true, charla.DeliveryUnknown, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(c *chatcfg.Config) {
				c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefe@tienda.cl"}}
			})
			m := &answering{answer: func(charla.Mail) error {
				if c.panics {
					panic("boom")
				}
				return c.answer
			}}
			b.use(b.newDesk(func(o *charla.Options) { o.Mailer, o.Hooks, o.Runner.Attempts = m, nil, 3 }))
			b.write(b.enter("juan"), "hola")
			for range 10 {
				b.pass(time.Minute)
			}
			require.Len(t, m.tried, c.tries)
			for _, one := range m.tried {
				assert.Equal(t, m.tried[0], one, "each try is the same mail")
				assert.Equal(t, "jefe@tienda.cl", one.To)
			}
			settled := b.deliveries(c.state)
			require.Len(t, settled, 1)
			err := b.desk.Replay(b.ctx, b.account.ID(), settled[0].Key)
			if c.state == charla.DeliverySent {
				require.ErrorIs(t, err, charla.ErrNotDead)
				return
			}
			require.NoError(t, err)
			c.answer, c.panics = nil, false
			b.pass(0)
			assert.Len(t, m.tried, c.tries+1)
			assert.Len(t, b.deliveries(charla.DeliverySent), 1)
		})
	}
}

// TestCrashWhileSending: R8.2: a mail whose lease ran out while it was being sent
// is unknown, never sent again; a hook is told again.
func TestCrashWhileSending(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"jefe@tienda.cl"}}
	})
	b.write(b.enter("juan"), "hola")
	claimed, err := b.store.Outbox().Claim(b.ctx, start, start.Add(30*time.Second), 100, storage.Share{})
	require.NoError(t, err)
	require.NotEmpty(t, claimed)
	b.pass(29 * time.Second)
	assert.Empty(t, b.events.list)
	b.pass(time.Second)
	assert.Empty(t, b.mails.Mails())
	assert.Len(t, b.events.of(tickets.FactCreated), 1)
	assert.Len(t, b.deliveries(charla.DeliveryUnknown), 1)
}

// TestHooks: R8.2: told at least once, with a stable key; a failure is told again.
func TestHooks(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Quality.SLA = minutes(5)
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
		c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"reclamo"}}
	})
	tries := map[string]int{}
	b.events.fail = func(e charla.Event) error {
		if tries[e.Key]++; tries[e.Key] == 1 {
			return errors.New("not now")
		}
		if tries[e.Key] == 2 {
			panic("not now either")
		}
		return nil
	}
	ref := b.write(b.enter("juan"), "un reclamo").Ref
	b.pass(5 * time.Minute)
	b.reply(ref, "dígame")
	b.pass(10 * time.Minute)
	for range 10 {
		b.pass(time.Minute)
	}
	for _, kind := range []tickets.FactKind{tickets.FactCreated, tickets.FactMarked, tickets.FactDelayed, tickets.FactAnswered, tickets.FactClosed} {
		got := b.events.of(kind)
		require.Len(t, got, 1, kind)
		assert.Equal(t, ref, got[0].Ref)
		assert.Equal(t, 3, tries[got[0].Key])
	}
	for _, e := range b.events.list {
		assert.NotContains(t, fmt.Sprintf("%+v", e), "un reclamo", "no customer's words in an event")
	}
}

// TestFailingHook: R8.2: a hook that fails is told again; one beside it heard it once.
func TestFailingHook(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	fine, fails := map[string]int{}, map[string]int{}
	b.use(b.newDesk(func(o *charla.Options) {
		o.Hooks = map[string]charla.Hook{
			"fine": func(_ context.Context, e charla.Event) error { fine[e.Key]++; return nil },
			"fails": func(_ context.Context, e charla.Event) error {
				if fails[e.Key]++; fails[e.Key] < 3 {
					return errors.New("not now")
				}
				return nil
			},
		}
	}))
	b.write(b.enter("juan"), "hola")
	for range 10 {
		b.pass(time.Minute)
	}
	require.NotEmpty(t, fine)
	require.Len(t, fails, len(fine))
	for key, n := range fine {
		assert.Equal(t, 1, n, key)
	}
	for key, n := range fails {
		assert.Equal(t, 3, n, key)
	}
}

// TestNotificationText: R5.2, in the account's language, one line of subject.
func TestNotificationText(t *testing.T) {
	t.Parallel()
	for locale, subject := range map[chatcfg.Locale]string{
		chatcfg.Spanish: "Ticket importante", chatcfg.English: "Important ticket",
		chatcfg.Portuguese: "Ticket importante", chatcfg.Auto: "Ticket importante",
	} {
		b := setup(t, func(c *chatcfg.Config) {
			c.Chat.Locale = locale
			c.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{"reclamo"}}
			c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyImportant, To: []string{"b@tienda.cl", "a@tienda.cl"}}
		})
		s := b.enter("juan")
		b.write(s, "hola")
		ref := b.write(s, "un RECLAMO\nen dos líneas").Ref
		b.pass(0)
		got := b.mails.Mails()
		require.Len(t, got, 2)
		assert.Equal(t, "b@tienda.cl", got[0].To, "in their order")
		assert.Regexp(t, "^"+subject+`: juan <juan@example\.com>, Tienda \[[0-9a-hjkmnp-tv-z]{13}-1\]$`, got[0].Subject)
		assert.Contains(t, got[0].Text, subject+": Tienda\n")
		assert.Contains(t, got[0].Text, "juan <juan@example.com>")
		assert.Contains(t, got[0].Text, "un RECLAMO\nen dos líneas")
		assert.Equal(t, ref, got[0].Ref)
		assert.Regexp(t, `^[a-z0-9-]+$`, got[0].Key)
		assert.NotEqual(t, got[0].Key, got[1].Key)
	}
}

// TestSubjectsDiffer: R5.2, R6.1: no two customers' mails have one subject, which mail programs
// would show as one thread: also of customers without a name, and of one name and address. The
// addresses of an account get the same one.
func TestSubjectsDiffer(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		form(c)
		c.Chat.ContactForm.Mailbox = chatcfg.FormMailbox{}
		c.Chat.Anonymous = true
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@tienda.cl", "b@tienda.cl"}}
	})
	entries := []charla.Entry{
		{Name: "Cliente 0", Email: "c0@example.com"}, {Name: "Cliente 1", Email: "c1@example.com"},
		{Name: "Juan", Email: "juan@example.com"}, {Name: "Juan", Email: "juan@example.com"},
		{Proof: &charla.Proof{Subject: "u1", Name: "Juan", Email: "juan@example.com"}},
		{Name: strings.Repeat("ñ", chatcfg.MaxName), Email: "a@example.com"}, {Name: strings.Repeat("ñ", chatcfg.MaxName), Email: "b@example.com"},
		{Anonymous: true}, {Anonymous: true},
	}
	b.presence(tickets.Online)
	for _, entry := range entries {
		b.write(b.enterAs(entry), "hola")
	}
	b.presence(tickets.Offline)
	for _, f := range []charla.ContactForm{
		{Name: "Eva", Email: "eva@example.com", Text: "hola"}, {Name: "Eva", Email: "eva@example.com", Text: "hola"}, {Email: "sol@example.com", Text: "hola"},
	} {
		_, err := b.account.Visitor("").Contact(b.ctx, f, nil)
		require.NoError(t, err)
	}
	b.pass(0)
	count := map[string]int{}
	for _, m := range b.mails.Mails() {
		assert.LessOrEqual(t, utf8.RuneCountInString(m.Subject), 250, "no mailer cuts its end")
		count[m.Subject]++
	}
	assert.Len(t, count, len(entries)+3)
	notified := 0
	for subject, n := range count {
		assert.LessOrEqual(t, n, 2, subject)
		if n == 2 {
			notified++
		}
	}
	assert.Equal(t, len(entries), notified)
}

// TestNotificationWriter: R5.2: the mail says who wrote, and whether that is proven.
func TestNotificationWriter(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"team@tienda.cl"}}
		c.Chat.Anonymous = true
	})
	for _, tt := range []struct {
		entry charla.Entry
		want  string
	}{
		{charla.Entry{Anonymous: true}, "Cliente anónimo:"},
		{charla.Entry{Name: "Juan", Email: "juan@example.com", Phone: "+56 9 8765 4321"}, "Juan <juan@example.com>, +56987654321 (identidad sin verificar):"},
		{charla.Entry{Proof: &charla.Proof{Subject: "u-1", Name: "Ana", Email: "ana@example.com"}}, "Ana <ana@example.com> (identidad verificada):"},
	} {
		visitor, _, err := b.account.Enter(b.ctx, tt.entry)
		require.NoError(t, err)
		b.write(visitor, "hola")
		b.pass(0)
		mails := b.mails.Mails()
		require.NotEmpty(t, mails)
		assert.Equal(t, "Nuevo ticket: Tienda\n\n"+tt.want+"\nhola\n", mails[len(mails)-1].Text)
	}
	assert.Len(t, b.mails.Mails(), 3)
}

// TestRun: the runner lets time do its work, survives a failing store, and ends
// with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
	})
	var refs []tickets.Ref
	for i := range 250 {
		ref := b.write(b.enter(fmt.Sprint("c", i)), "hola").Ref
		b.reply(ref, "hola")
		refs = append(refs, ref)
	}
	conversations := &flakyConversations{Conversations: b.store.Conversations()}
	failures := 0
	conversations.fail = func(commit func() error) error {
		if failures++; failures%7 == 0 {
			return errors.New("disk full")
		}
		return commit()
	}
	b.store = &flaky{Store: b.store, conversations: conversations}
	var log strings.Builder
	runner := b.newDesk(func(o *charla.Options) { o.Logger = logger(&log) })
	ctx, cancel := context.WithCancel(b.ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	closed := func() int {
		page, err := b.account.Inbox().Tickets(b.ctx, charla.TicketQuery{Status: tickets.StatusClosed})
		require.NoError(t, err)
		return len(page.Items)
	}
	for n := 0; closed() < len(refs); n++ {
		require.Less(t, n, 24*60, "what failed is tried again within a day")
		b.clock.Add(time.Minute)
	}
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	assert.Contains(t, log.String(), "disk full")
	for _, ref := range refs {
		got := b.ticket(ref)
		assert.Equal(t, start.Add(10*time.Minute), got.ClosedAt, "it closed when it was due, however late it was done (R4.3)")
	}
}

// TestRunLate: R4.3, R4.5: after a downtime the deadlines in it are carried out in their order, once,
// and the history holds both instants.
func TestRunLate(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *chatcfg.Config) {
		c.Quality.SLA = minutes(5)
		c.Automation.AutoClose = chatcfg.AutoClose{Enabled: true, After: minutes(10), Clock: chatcfg.Wall}
		c.Automation.AutomaticClose = text("adiós")
		c.Automation.TicketCreated = text("creado")
	})
	s := b.enter("juan")
	ref := b.write(s, "hola").Ref
	b.reply(ref, "hola")
	b.clock.Set(start.Add(time.Hour)) // nothing ran meanwhile
	next := b.write(s, "¿sigue ahí?").Ref
	assert.EqualValues(t, 2, next.Number, "the close came first, in the same commit")
	assert.Equal(t, []tickets.RuleKey{automation.RuleTicketCreated, automation.RuleAutomaticClose, automation.RuleTicketCreated}, b.said(ref))
	old := b.ticket(ref)
	assert.Equal(t, tickets.ReasonAutomatic, old.Reason)
	assert.Equal(t, start.Add(10*time.Minute), old.ClosedAt)
	history, err := b.account.Inbox().History(b.ctx, ref, charla.PageQuery{})
	require.NoError(t, err)
	last := history.Items[len(history.Items)-1]
	assert.Equal(t, tickets.CommandExpire, last.Kind)
	assert.Equal(t, start.Add(10*time.Minute), last.Due)
	assert.Equal(t, start.Add(time.Hour), last.At)

	n, err := b.desk.RunDue(b.ctx)
	require.NoError(t, err)
	assert.Positive(t, n)
	assert.Len(t, b.messages(ref), 6, "and it happens once")
	b.pass(time.Hour)
	b.pass(time.Hour)
	assert.Len(t, b.events.of(tickets.FactDelayed), 1)
}
