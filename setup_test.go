package charla_test

import (
	"context"
	"io"
	"iter"
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
	account *charla.Account // on desk
	secret  charla.Secret
	tokens  map[*charla.Visitor]charla.Token
	seed    uint64 // of the last desk's entropy
}

// start is a Monday.
var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

var ana = charla.Person{ID: "ana", Name: "Ana"}

// setup makes a bench; configure, if not nil, changes the default configuration.
func setup(t testing.TB, configure func(*chatcfg.Config)) *bench {
	t.Helper()
	b := &bench{
		t: t, ctx: t.Context(), clock: clock.NewMock(), store: storage.NewMemory(),
		mails: &charla.Outgoing{}, events: &events{}, tokens: map[*charla.Visitor]charla.Token{},
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

// newDesk makes another desk, like another process, on the same store.
func (b *bench) newDesk(change func(*charla.Options)) *charla.Desk {
	b.t.Helper()
	b.seed++
	o := &charla.Options{
		Clock: b.clock, Entropy: entropy(b.seed), Mailer: b.mails, Hooks: map[string]charla.Hook{"host": b.events.hear}, HeartbeatTTL: -1,
		Runner: charla.RunnerOptions{Workers: 1},
	}
	if change != nil {
		change(o)
	}
	d, err := charla.New(b.store, o)
	require.NoError(b.t, err)
	return d
}

// use has the bench go on with another desk.
func (b *bench) use(d *charla.Desk) { b.desk, b.account = d, d.Account(b.account.ID()) }

// enter starts a session of a customer who claims a name.
func (b *bench) enter(name string) *charla.Visitor {
	b.t.Helper()
	return b.enterAs(charla.Entry{Name: name, Email: name + "@example.com"})
}

// enterAs starts a session and keeps its token for [bench.on].
func (b *bench) enterAs(e charla.Entry) *charla.Visitor {
	b.t.Helper()
	v, token, err := b.account.Enter(b.ctx, e)
	require.NoError(b.t, err)
	b.tokens[v] = token
	return v
}

// on returns the handle of a visitor, who came by enter or enterAs, on another desk.
func (b *bench) on(d *charla.Desk, v *charla.Visitor) *charla.Visitor {
	b.t.Helper()
	token, ok := b.tokens[v]
	require.True(b.t, ok, "a visitor whose token was not kept")
	return d.Account(b.account.ID()).Visitor(token)
}

func (b *bench) agent(who charla.Person) *charla.Agent { return b.account.Agent(who) }

// agentOn returns the handle of an agent on another desk.
func (b *bench) agentOn(d *charla.Desk, who charla.Person) *charla.Agent {
	return d.Account(b.account.ID()).Agent(who)
}

// session returns what is known of a visitor.
func (b *bench) session(v *charla.Visitor) charla.SessionInfo {
	b.t.Helper()
	s, err := v.Session(b.ctx)
	require.NoError(b.t, err)
	return s
}

// stored returns a visitor's session as the store keeps it.
func (b *bench) stored(v *charla.Visitor) tickets.Session {
	b.t.Helper()
	l, err := b.store.Conversations().Load(b.ctx, storage.LoadQuery{Account: b.account.ID(), Session: b.session(v).ID})
	require.NoError(b.t, err)
	return l.Session
}

// record returns the account as the store keeps it.
func (b *bench) record() chatcfg.Account {
	b.t.Helper()
	a, err := b.store.Accounts().Get(b.ctx, b.account.ID())
	require.NoError(b.t, err)
	return a
}

// deliveries returns the account's outbox in a state.
func (b *bench) deliveries(state charla.DeliveryState) []charla.Delivery {
	b.t.Helper()
	page, err := b.desk.Deliveries(b.ctx, charla.DeliveryQuery{Account: b.account.ID(), State: state})
	require.NoError(b.t, err)
	return page.Items
}

func (b *bench) write(v *charla.Visitor, text string) charla.Result {
	b.t.Helper()
	r, err := v.Write(b.ctx, text, nil)
	require.NoError(b.t, err)
	return r
}

func (b *bench) reply(ref tickets.Ref, text string) charla.Result {
	b.t.Helper()
	r, err := b.agent(ana).Reply(b.ctx, ref, text, nil)
	require.NoError(b.t, err)
	return r
}

// pass moves the clock and does what is due.
func (b *bench) pass(d time.Duration) {
	b.t.Helper()
	b.clock.Set(b.clock.Now().Add(d))
	_, err := b.desk.RunDue(b.ctx)
	require.NoError(b.t, err)
}

func (b *bench) ticket(ref tickets.Ref) tickets.Ticket {
	b.t.Helper()
	t, err := b.account.Inbox().Ticket(b.ctx, ref)
	require.NoError(b.t, err)
	return t
}

func (b *bench) messages(ref tickets.Ref) []tickets.Message {
	b.t.Helper()
	page, err := b.account.Inbox().Messages(b.ctx, ref, charla.MessageQuery{})
	require.NoError(b.t, err)
	return page.Items
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
	cfg, v, err := b.account.Config(b.ctx)
	require.NoError(b.t, err)
	change(&cfg)
	saved, err := b.account.SaveConfig(b.ctx, v, cfg, o)
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

// messagesOf yields the messages of a stream, and the error that ends it.
func messagesOf(updates iter.Seq2[charla.Update, error]) iter.Seq2[tickets.Message, error] {
	return func(yield func(tickets.Message, error) bool) {
		for u, err := range updates {
			if err != nil {
				yield(tickets.Message{}, err)
				return
			}
			if u.Message != nil && !yield(*u.Message, nil) {
				return
			}
		}
	}
}
