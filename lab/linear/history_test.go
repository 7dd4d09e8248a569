package linear_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

// The size of a history: small enough to be decided at once.
const (
	customers = 2
	calls     = 7  // of each writer, agent and reader of a customer
	ticks     = 14 // steps of the clock, each followed by a RunDue
	tick      = 20 * time.Second
	pace      = 20 // up to so many calls begin or end from one step to the next
	autoClose = time.Minute
)

var start = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

// clock is the time that all desks share; nothing waits on it.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Duration { return time.Duration(c.passed.Load()) }

// skewed is one desk's view of it. It implements charla.Clock.
type skewed struct {
	*clock
	skew time.Duration
}

func (c skewed) Now() time.Time                       { return start.Add(c.now() + c.skew) }
func (c skewed) After(time.Duration) <-chan time.Time { return nil }

// history is one run: its world, and what its calls were and answered.
type history struct {
	t     *testing.T
	seed  uint64
	rules rules
	clock clock
	desks []*charla.Desk
	skews []time.Duration
	// account is the desks' only one.
	account chatcfg.AccountID
	// convs are where the customers' conversations are, once one is known.
	convs [customers]atomic.Pointer[tickets.Ref]

	instant atomic.Int64
	mu      sync.Mutex
	told    []time.Duration
	ops     [customers][]porcupine.Operation
	strange error
	// closes are the tickets that deadlines closed before all was quiet.
	closes int
}

// record makes a call and keeps when it began and ended and what it answered.
func (h *history) record(customer, desk int, in input, call func(*charla.Desk) output) output {
	in.Customer, in.Skew = customer, h.skews[desk]
	at := h.instant.Add(1)
	in.From = h.clock.now() + in.Skew
	out := call(h.desks[desk])
	in.To = h.clock.now() + in.Skew
	h.keep(customer, in, out, at, h.instant.Add(1))
	return out
}

func (h *history) keep(customer int, in input, out output, from, to int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops[customer] = append(h.ops[customer], porcupine.Operation{Input: in, Call: from, Output: out, Return: to})
}

// outcomes are the errors that the model knows.
var outcomes = []struct {
	err error
	is  outcome
}{
	{nil, done},
	{tickets.ErrTransition, refused},
	{tickets.ErrNotLatest, notLatest},
	{tickets.ErrNoTicket, noTicket},
	{charla.ErrNotFound, noTicket},
	{charla.ErrKeyReused, reused},
	{charla.ErrBusy, nothing},
	{charla.ErrOutcomeUnknown, unknown},
}

func (h *history) ended(err error) outcome {
	for _, o := range outcomes {
		if errors.Is(err, o.err) {
			return o.is
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.strange = err
	return unknown
}

// answered is what a command's call answered.
func (h *history) answered(r charla.Result, err error) output {
	if err != nil {
		return output{Outcome: h.ended(err)}
	}
	return output{
		Outcome: done, Number: int(r.Ref.Number), Entry: int(r.Entry), Seq: int(r.Seq), At: r.At.Sub(start),
	}
}

// configuration draws the rules of a history and returns them for the account.
func configuration(r *rand.Rand) (rules, chatcfg.Config) {
	one := func() bool { return r.IntN(2) == 0 }
	in := rules{AutoClose: autoClose}
	cfg := chatcfg.Default(chatcfg.Spanish)
	cfg.Chat.EmailAsIdentifier = true // two sessions, one customer
	cfg.Automation.AutoClose.Enabled = true
	cfg.Automation.AutoClose.After = &chatcfg.Duration{Value: 1, Unit: chatcfg.UnitMinutes}
	if one() {
		in.Reopen = 2 * time.Minute
		cfg.General.ReopenWindow = &chatcfg.Duration{Value: 2, Unit: chatcfg.UnitMinutes}
	}
	in.CreateIgnored = r.IntN(4) == 0
	cfg.General.CreateIgnored = in.CreateIgnored
	if in.Keywords = one(); in.Keywords {
		cfg.General.Important = chatcfg.Important{Enabled: true, Keywords: []string{keyword}}
	}
	say := func(on *bool, a *chatcfg.TextAction, text string) {
		if *on = one(); *on {
			*a = chatcfg.TextAction{Enabled: true, Messages: chatcfg.Texts(text)}
		}
	}
	say(&in.NewCustomer, &cfg.Automation.NewCustomer, "bienvenido")
	say(&in.TicketCreated, &cfg.Automation.TicketCreated, "recibido")
	say(&in.Manual, &cfg.Automation.ManualClose, "hasta luego")
	say(&in.Automatic, &cfg.Automation.AutomaticClose, "por sí solo")
	return in, cfg
}

// play runs a history of its seed on desks of the given stores, which are one.
func play(t *testing.T, seed uint64, stores []*jittery) *history {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	h := &history{t: t, seed: seed}
	h.advance(tick) // no clock, however late, is before the start
	var cfg chatcfg.Config
	h.rules, cfg = configuration(r)
	for i := range 3 {
		skew := []time.Duration{0, 0, -tick / 2, tick}[r.IntN(4)]
		h.skews = append(h.skews, skew)
		d, err := charla.New(stores[i%len(stores)], &charla.Options{
			Clock: skewed{&h.clock, skew}, Entropy: &entropy{chance: rand.NewChaCha8([32]byte{byte(i), byte(seed), byte(seed >> 8)})},
			HeartbeatTTL: -1,
		})
		require.NoError(t, err)
		h.desks = append(h.desks, d)
	}
	a, _, err := h.desks[0].CreateAccount(t.Context(), "Tienda", "tienda.cl", &charla.AccountOptions{Config: &cfg})
	require.NoError(t, err)
	h.account = a.ID()

	var group sync.WaitGroup
	for customer := range customers {
		for i := range 2 {
			visitor := charla.Entry{Name: "c", Email: fmt.Sprintf("c%d@example.com", customer)}
			_, token, err := h.desks[i].Account(h.account).Enter(t.Context(), visitor)
			require.NoError(t, err)
			w := writer{h: h, customer: customer, token: token, name: fmt.Sprint("s", i), chance: child(r)}
			group.Go(func() { w.run(t.Context()) })
			p := agent{h: h, customer: customer, id: fmt.Sprint("a", i), chance: child(r)}
			group.Go(func() { p.run(t.Context()) })
		}
		v := reader{h: h, customer: customer, chance: child(r)}
		group.Go(func() { v.run(t.Context()) })
	}
	deadlines, over := child(r), make(chan struct{})
	var passing sync.WaitGroup
	passing.Go(func() { h.pass(t.Context(), deadlines, over) })
	group.Wait()
	close(over)
	passing.Wait()
	for _, s := range stores {
		s.calm.Store(true)
	}
	h.rest(t.Context())
	return h
}

func child(r *rand.Rand) *rand.Rand { return rand.New(rand.NewPCG(r.Uint64(), 2)) }

// entropy is a generator that several goroutines may read.
type entropy struct {
	mu     sync.Mutex
	chance *rand.ChaCha8
}

func (e *entropy) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.chance.Read(p)
}

// pass moves the clock on while the others work, and has any desk
// carry out what is due.
func (h *history) pass(ctx context.Context, r *rand.Rand, over <-chan struct{}) {
	for range ticks {
		for next := h.instant.Load() + r.Int64N(pace); h.instant.Load() < next; runtime.Gosched() {
			select {
			case <-over:
				return
			default:
			}
		}
		h.advance(time.Duration(1+r.IntN(4)) * tick)
		h.runDue(ctx, r.IntN(len(h.desks)), false)
	}
}

func (h *history) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, h.clock.now()+d)
	h.clock.passed.Add(int64(d))
}

// runDue is kept as one call for each conversation and each time that it could
// have closed: a close counts from an instant at or after the close before it.
func (h *history) runDue(ctx context.Context, desk int, alone bool) {
	skew := h.skews[desk]
	from, began := h.instant.Add(1), h.clock.now()
	_, err := h.desks[desk].RunDue(ctx)
	ended, to := h.clock.now(), h.instant.Add(1)
	if err != nil && !errors.Is(err, charla.ErrOutcomeUnknown) && !errors.Is(err, charla.ErrBusy) {
		h.ended(err)
	}
	in := input{Kind: runDue, Skew: skew, From: began + skew, To: ended + skew, Alone: alone}
	for customer := range customers {
		in.Customer = customer
		for range 1 + (ended-began)/autoClose {
			h.keep(customer, in, output{Outcome: done}, from, to)
		}
	}
}

// rest reads everything when all is quiet, carries out the deadlines that are left, and
// reads again.
func (h *history) rest(ctx context.Context) {
	read := func() {
		for customer := range customers {
			v := reader{h: h, customer: customer}
			v.ticket(ctx, 0, 0)
			v.messages(ctx, 0)
		}
	}
	read()
	for customer := range customers {
		page, err := h.desks[0].Account(h.account).Inbox().History(ctx, *h.convs[customer].Load(), charla.PageQuery{})
		require.NoError(h.t, err)
		for _, e := range page.Items {
			if e.Kind == tickets.CommandExpire {
				h.closes++
			}
		}
	}
	h.advance(autoClose + 2*tick)
	h.runDue(ctx, 0, true)
	read()
}

// check asks the checker about each conversation by itself.
func (h *history) check() error {
	if h.strange != nil {
		return fmt.Errorf("seed %d: %w", h.seed, h.strange)
	}
	m := model{h.rules, h.told}
	for customer, ops := range h.ops {
		switch verdict := porcupine.CheckOperationsTimeout(m.porcupine(), ops, time.Minute); verdict {
		case porcupine.Ok:
		case porcupine.Illegal:
			return &illegal{h, customer}
		default:
			return fmt.Errorf("seed %d, customer %d: the checker says %s of %d calls", h.seed, customer, verdict, len(ops))
		}
	}
	return nil
}

// illegal is a conversation that no order of its calls explains.
type illegal struct {
	h        *history
	customer int
}

func (e *illegal) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: customer %d is not linearizable under %+v\n", e.h.seed, e.customer, e.h.rules)
	for _, op := range e.h.ops[e.customer] {
		fmt.Fprintf(&b, "%4d..%-4d %+v\n           -> %+v\n", op.Call, op.Return, op.Input, op.Output)
	}
	return b.String()
}
