package clocks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/lab/stores"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { stores.Main(m) }

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// start is a Monday at noon, in business hours.
var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

var ana = charla.Person{ID: "ana", Name: "Ana"}

// TestWrongClock: R4.5: a clock that is far off for a moment does no lasting harm. Each run
// is compared with one in which the clock was right.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	for name, empty := range stores.ByName {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := play(t, empty, 0, false)
			require.Contains(t, want, "quiet later: closed automatic, delayed false", "the control run closes what nobody answers")
			for _, off := range []time.Duration{30 * day, 80 * year, -30 * day, -80 * year} {
				require.Equal(t, want, play(t, empty, off, false), "the clock was off by %s", off)
			}
			require.Equal(t, want, play(t, empty, 30*day, true), "a desk began meanwhile")
		})
	}
}

// world is a desk on a store, with an account and a clock.
type world struct {
	t       *testing.T
	clock   *clock.Mock
	store   storage.Store
	desk    *charla.Desk
	account *charla.Account
	seen    []string
}

// boot puts another desk in place of the last.
func (w *world) boot() {
	files, err := charla.NewFileDir(w.t.TempDir())
	require.NoError(w.t, err)
	w.desk, err = charla.New(w.store, &charla.Options{
		Clock: w.clock, Mailer: &charla.Outgoing{},
		Hooks:  map[string]charla.Hook{"host": func(context.Context, charla.Event) error { return nil }},
		Files:  &charla.FileOptions{Store: files},
		Runner: charla.RunnerOptions{Workers: 1},
	})
	require.NoError(w.t, err)
	if w.account != nil {
		w.account = w.desk.Account(w.account.ID())
	}
}

// pass moves the clock and does what is due.
func (w *world) pass(d time.Duration) {
	w.clock.Add(d)
	w.due()
}

func (w *world) due() {
	_, err := w.desk.RunDue(w.t.Context())
	require.NoError(w.t, err)
}

// enter lets a customer in.
func (w *world) enter(name string) *charla.Visitor {
	v, _, err := w.account.Enter(w.t.Context(), charla.Entry{Name: name, Email: name + "@example.com"})
	require.NoError(w.t, err)
	return v
}

// write writes for a customer and returns the ticket.
func (w *world) write(v *charla.Visitor) tickets.Ref {
	r, err := v.Write(w.t.Context(), "hola", nil)
	require.NoError(w.t, err)
	return r.Ref
}

func (w *world) reply(ref tickets.Ref) {
	_, err := w.account.Agent(ana).Reply(w.t.Context(), ref, "buenas", nil)
	require.NoError(w.t, err)
}

func (w *world) do(ref tickets.Ref, kind tickets.CommandKind) {
	_, err := w.account.Agent(ana).Do(w.t.Context(), ref, tickets.Command{Kind: kind}, nil)
	require.NoError(w.t, err)
}

// note adds a line to what is compared.
func (w *world) note(format string, args ...any) {
	w.seen = append(w.seen, fmt.Sprintf(format, args...))
}

// save changes the configuration.
func (w *world) save(change func(*chatcfg.Config)) {
	cfg, v, err := w.account.Config(w.t.Context())
	require.NoError(w.t, err)
	change(&cfg)
	_, err = w.account.SaveConfig(w.t.Context(), v, cfg, &charla.SaveOptions{Running: true})
	require.NoError(w.t, err)
}

func minutes(n int64) *chatcfg.Duration {
	return &chatcfg.Duration{Value: n, Unit: chatcfg.UnitMinutes}
}

func text(s string) chatcfg.TextAction {
	return chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(s)}
}

// configured is an account with deadlines and answers. Auto-close is still off.
func configured() *chatcfg.Config {
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Quality.SLA = minutes(30)
	cfg.Automation.NoAgents, cfg.Automation.OutOfHours = text("nadie"), text("cerrado")
	cfg.Automation.AutoClose.After = minutes(30)
	cfg.General.Notify = chatcfg.Notify{Tickets: chatcfg.NotifyAll, To: []string{"a@example.com"}}
	cfg.Hours.Timezone = "UTC"
	for _, day := range []chatcfg.Day{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"} {
		cfg.Hours.Weekly = append(cfg.Hours.Weekly, chatcfg.Interval{Day: day, Open: "09:00", Close: "13:00"})
	}
	cfg.Chat.Google.Enabled = true
	return &cfg
}

// play does one of everything while the clock is off, on a new desk if anew, and returns
// what is seen when it has been right for five minutes, and later.
func play(t *testing.T, empty func(testing.TB) func() storage.Store, off time.Duration, anew bool) []string {
	ctx := t.Context()
	w := &world{t: t, clock: clock.NewMock()}
	w.clock.Set(start)
	w.store = empty(t)()
	w.boot()
	var stolen charla.Secret
	var err error
	w.account, stolen, err = w.desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: configured()})
	require.NoError(t, err)
	form := chatcfg.Default(chatcfg.Spanish)
	form.Chat.ContactForm.Enabled = true
	form.Chat.ContactForm.Email = chatcfg.FormEmail{Enabled: true, Address: "b@example.com"}
	closed, _, err := w.desk.CreateAccount(ctx, "Formulario", "tienda.cl", &charla.AccountOptions{Config: &form})
	require.NoError(t, err)
	require.NoError(t, w.account.Agent(ana).Heartbeat(ctx, tickets.Online))
	quiet := w.write(w.enter("quiet")) // answered, then nobody writes
	w.reply(quiet)
	waits := w.write(w.enter("waits")) // for an answer
	talks := w.write(w.enter("talks"))
	w.reply(talks)
	due := w.write(w.enter("due")) // claimed by a desk that then ends
	w.reply(due)
	w.due()
	for range 12 { // the clock is steady
		w.pass(time.Minute)
	}
	require.NoError(t, w.account.Agent(ana).Heartbeat(ctx, tickets.Online))

	w.clock.Add(off)
	if anew {
		w.boot()
	}
	w.save(func(c *chatcfg.Config) { c.Automation.AutoClose.Enabled, c.Quality.SLA = true, minutes(40) })
	require.NoError(t, w.account.Agent(charla.Person{ID: "eva"}).Heartbeat(ctx, tickets.Online))
	guest := w.enter("guest")
	fresh := w.write(guest)
	replied := w.write(w.enter("replied"))
	w.reply(replied)
	w.reply(talks)
	shut := w.write(w.enter("shut"))
	w.do(shut, tickets.CommandClose)
	again := w.enter("again")
	first := w.write(again)
	w.do(first, tickets.CommandClose)
	second := w.write(again) // a second ticket, the first is older
	member, _, err := w.enter("member").Login(ctx, charla.Proof{Provider: "google", Subject: "7"})
	require.NoError(t, err)
	_, err = member.Write(ctx, "", &charla.WriteOptions{File: &charla.Upload{Name: "a.txt", Body: []byte("hola")}})
	require.NoError(t, err)
	secret, err := w.account.RotateSecret(ctx, 2*time.Minute)
	require.NoError(t, err)
	_, err = closed.Visitor("").Contact(ctx, charla.ContactForm{Name: "Eva", Email: "eva@example.com", Text: "hola"}, nil)
	require.NoError(t, err)
	w.lose()

	w.clock.Set(start.Add(13 * time.Minute)) // right again
	w.due()
	w.pass(5 * time.Minute)
	presence, err := w.account.Inbox().Presence(ctx)
	require.NoError(t, err)
	w.note("available: %v", presence.Available)
	status := func(name string, ref tickets.Ref) {
		one, err := w.account.Inbox().Ticket(ctx, ref)
		require.NoError(t, err)
		now := w.clock.Now()
		require.False(t, one.ChangedAt.After(now) || one.CountsFrom.After(now) || one.ClosedAt.After(now), "%s is ahead: %+v", name, one)
		w.note("%s: %s %s, delayed %v", name, one.Status, one.Reason, one.Delayed())
	}
	all := map[string]tickets.Ref{}
	names := []string{"quiet", "waits", "talks", "due", "fresh", "replied", "shut", "first", "second"}
	for i, ref := range []tickets.Ref{quiet, waits, talks, due, fresh, replied, shut, first, second} {
		all[names[i]] = ref
		status(names[i], ref)
	}
	w.outbox(w.account.ID())
	w.outbox(closed.ID())
	w.due()
	for name, s := range map[string]charla.Secret{"old": stolen, "new": secret} {
		signed, err := charla.SignIdentity(s, w.account.ID(), charla.Proof{Subject: "9"}, w.clock.Now(), time.Minute)
		require.NoError(t, err)
		_, err = w.account.VerifyIdentity(ctx, signed)
		require.Equal(t, name == "old", errors.Is(err, charla.ErrIdentity), "the %s secret token: %v", name, err)
	}
	for _, v := range []*charla.Visitor{guest, member} {
		s, err := v.Session(ctx)
		require.NoError(t, err)
		require.InDelta(t, 90, s.ExpiresAt.Sub(w.clock.Now()).Hours()/24, 1, "a session's end")
	}
	// What is written in the afternoon comes out of hours, and a reply counts as usual.
	for range 75 {
		w.pass(time.Minute)
	}
	w.write(guest)
	w.reply(fresh)
	for range 31 {
		w.pass(time.Minute)
	}
	for _, name := range names {
		status(name+" later", all[name])
	}
	page, err := w.account.Inbox().Messages(ctx, fresh, charla.MessageQuery{})
	require.NoError(t, err)
	for _, m := range page.Items {
		w.note("%s %s", m.From, m.Rule)
	}
	return w.seen
}

// lose does what a desk does that ends before it is done, or whose mail fails: it claims
// what is due in an hour, and deliveries.
func (w *world) lose() {
	ctx, now := w.t.Context(), w.desk.Now()
	_, err := w.store.Conversations().ClaimDue(ctx, now.Add(time.Hour), now.Add(30*time.Second), 1, nil)
	require.NoError(w.t, err)
	list, err := w.store.Outbox().Claim(ctx, now, now.Add(30*time.Second), 100, storage.Share{})
	require.NoError(w.t, err)
	mails := 0
	for _, d := range list {
		if d.Kind != "mail" {
			continue // a hook's: its desk ends
		}
		if mails++; mails > 1 {
			continue // a mail's, too
		}
		d.State, d.NotBefore, d.SettledAt = storage.Pending, now.Add(5*time.Second), now
		require.NoError(w.t, w.store.Outbox().Settle(ctx, d))
	}
	require.Greater(w.t, mails, 1)
}

// outbox notes how many deliveries there are in each state, and replays those whose
// outcome is unknown.
func (w *world) outbox(id chatcfg.AccountID) {
	ctx := w.t.Context()
	for _, state := range []charla.DeliveryState{
		charla.DeliveryPending, charla.DeliverySending, charla.DeliverySent, charla.DeliveryDead, charla.DeliveryUnknown,
	} {
		page, err := w.desk.Deliveries(ctx, charla.DeliveryQuery{Account: id, State: state, PageQuery: charla.PageQuery{Limit: 500}})
		require.NoError(w.t, err)
		w.note("%s: %d", state, len(page.Items))
		for _, one := range page.Items {
			if state == charla.DeliveryUnknown { // the host decides
				require.NoError(w.t, w.desk.Replay(ctx, one.Account, one.Key))
			}
		}
	}
}
