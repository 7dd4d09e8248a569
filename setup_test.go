package charla_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// bench is what most tests need: a desk on a memory store with one account, and
// a clock that stands still.
type bench struct {
	t       testing.TB
	ctx     context.Context
	clock   *clock.Mock
	store   storage.Store
	mails   *charla.Outgoing
	events  *events
	desk    *charla.Desk
	account chatcfg.Account
	secret  charla.Secret
}

// start is a Monday.
var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

var ana = charla.Person{ID: "ana", Name: "Ana"}

// setup makes a bench; configure, if not nil, changes the default configuration.
func setup(t testing.TB, configure func(*chatcfg.Config)) *bench {
	t.Helper()
	b := &bench{
		t: t, ctx: t.Context(), clock: clock.NewMock(), store: storage.NewMemory(),
		mails: &charla.Outgoing{}, events: &events{},
	}
	b.clock.Set(start)
	b.desk = b.newDesk(nil)
	cfg := chatcfg.Default(chatcfg.Spanish)
	if configure != nil {
		configure(&cfg)
	}
	var err error
	b.account, b.secret, err = b.desk.CreateAccount(b.ctx, "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	return b
}

// newDesk is another desk, like another process, on the same store.
func (b *bench) newDesk(change func(*charla.Options)) *charla.Desk {
	b.t.Helper()
	o := &charla.Options{
		Clock: b.clock, Entropy: entropy(1), Mailer: b.mails, OnEvent: b.events.hear, HeartbeatTTL: -1,
		Runner: charla.RunnerOptions{Workers: 1},
	}
	if change != nil {
		change(o)
	}
	d, err := charla.New(b.store, o)
	require.NoError(b.t, err)
	return d
}

// enter starts a session of a customer who claims a name.
func (b *bench) enter(name string) tickets.Session {
	b.t.Helper()
	s, _, err := b.desk.StartSession(b.ctx, b.account.ID, charla.Entry{Name: name, Email: name + "@example.com"})
	require.NoError(b.t, err)
	return s
}

func (b *bench) write(s tickets.Session, text string) charla.Result {
	b.t.Helper()
	r, err := b.desk.Write(b.ctx, s, text, nil)
	require.NoError(b.t, err)
	return r
}

func (b *bench) reply(ref tickets.Ref, text string) charla.Result {
	b.t.Helper()
	r, err := b.desk.Reply(b.ctx, ana, ref, text, nil)
	require.NoError(b.t, err)
	return r
}

// pass lets time pass and does what falls due.
func (b *bench) pass(d time.Duration) {
	b.t.Helper()
	b.clock.Set(b.clock.Now().Add(d))
	_, err := b.desk.RunDue(b.ctx)
	require.NoError(b.t, err)
}

func (b *bench) ticket(ref tickets.Ref) tickets.Ticket {
	b.t.Helper()
	t, err := b.desk.Ticket(b.ctx, ref)
	require.NoError(b.t, err)
	return t
}

func (b *bench) messages(ref tickets.Ref) []tickets.Message {
	b.t.Helper()
	list, err := b.desk.Messages(b.ctx, storage.MessageQuery{Account: ref.Account, Conversation: ref.Conversation})
	require.NoError(b.t, err)
	return list
}

// said are the rules whose messages a conversation holds, in order.
func (b *bench) said(ref tickets.Ref) []tickets.RuleKey {
	b.t.Helper()
	var rules []tickets.RuleKey
	for _, m := range b.messages(ref) {
		if m.From == tickets.FromRule {
			rules = append(rules, m.Rule)
		}
	}
	return rules
}

// save changes the configuration on its current version.
func (b *bench) save(change func(*chatcfg.Config), o *charla.SaveOptions) charla.Saved {
	b.t.Helper()
	cfg, v, err := b.desk.Config(b.ctx, b.account.ID)
	require.NoError(b.t, err)
	change(&cfg)
	saved, err := b.desk.SaveConfig(b.ctx, b.account.ID, v, cfg, o)
	require.NoError(b.t, err)
	return saved
}

// entropy is reproducible, and safe for concurrent use like the real one.
func entropy(seed uint64) *source {
	return &source{r: rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})}
}

type source struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

func (s *source) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.r.Read(b)
}

// events keeps what a host is told.
type events struct {
	mu   sync.Mutex
	list []charla.Event
	fail func(charla.Event) error
}

func (e *events) hear(_ context.Context, ev charla.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		if err := e.fail(ev); err != nil {
			return err
		}
	}
	e.list = append(e.list, ev)
	return nil
}

func (e *events) of(kind tickets.FactKind) []charla.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []charla.Event
	for _, ev := range e.list {
		if ev.Fact.Kind == kind {
			out = append(out, ev)
		}
	}
	return out
}

// text turns an action on with its texts.
func text(messages ...string) chatcfg.TextAction {
	return chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(messages...)}
}

func minutes(n int64) *chatcfg.Duration {
	return &chatcfg.Duration{Value: n, Unit: chatcfg.UnitMinutes}
}

func logger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
