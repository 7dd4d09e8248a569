package powercut

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

var (
	ctx     = context.Background() // every call ends by itself
	start   = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	account = chatcfg.AccountID{UUID: uuid.MustParse("0195556c-7a00-7000-8000-000000000001")}
	agent   = charla.Person{ID: "ana", Name: "Ana"}
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After returns a channel that gets nothing: nothing here waits.
func (c *clock) After(time.Duration) <-chan time.Time { return nil }

// entropy is a seeded stream for many readers.
type entropy struct {
	mu  sync.Mutex
	rng *rand.ChaCha8
}

func (e *entropy) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rng.Read(b)
}

// machine is a computer with a disk on which a desk runs, and the world that
// talks to it.
type machine struct {
	disk     *Disk
	path     string
	unmount  func()
	settings Settings
	clock    *clock
	entropy  *entropy
	rng      *rand.Rand
	out      *ledger

	db    *sql.DB
	store *sqlite.Store
	desk  *charla.Desk
	// told are the history entries that the world has seen, by visitor.
	told map[int]int64
}

// newMachine returns a machine with a disk of an image. out is what is known outside
// already.
func newMachine(m Image, s Settings, seed uint64, out *ledger) (*machine, error) {
	shm, err := os.MkdirTemp("", "powercut")
	if err != nil {
		return nil, err
	}
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	c := &machine{
		disk: NewDisk(m, shm), settings: s, out: out,
		clock: &clock{now: out.times[len(out.times)-1].now}, entropy: &entropy{rng: rand.NewChaCha8(key)},
		rng: rand.New(rand.NewPCG(seed, 2)), told: map[int]int64{},
	}
	c.path, c.unmount = mount(c.disk)
	return c, nil
}

// boot opens the database and starts the desk.
func (c *machine) boot() (err error) {
	if c.db, err = openDB(c.path, c.settings); err != nil {
		return err
	}
	// integrity_check gets a connection of its own each time: on one that was used
	// before, FTS5 compares the index with what it remembers of it.
	c.db.SetMaxIdleConns(0)
	if c.store, err = sqlite.New(c.db, &sqlite.Options{Readers: 1}); err != nil {
		return errors.Join(err, c.db.Close())
	}
	c.desk, err = charla.New(c.store, &charla.Options{
		Clock: c.clock, Entropy: c.entropy, Mailer: c, HeartbeatTTL: -1, Runner: charla.RunnerOptions{Workers: 1},
	})
	return err
}

// shutdown closes the database in order.
func (c *machine) shutdown() error { return errors.Join(c.store.Close(), c.db.Close()) }

// discard ends the machine, whatever state it is in.
func (c *machine) discard() {
	c.unmount()
	os.RemoveAll(c.disk.shm)
}

// Send is the mailer: it records the mail outside of the machine.
func (c *machine) Send(_ context.Context, m charla.Mail) error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	c.out.mails = append(c.out.mails, mailed{c.disk.Position(), m.Key})
	return nil
}

// account makes the account, or finds it: its ID is the key of the call.
func (c *machine) openAccount() error {
	cfg, err := chatcfg.Decode([]byte(audit.Config))
	if err != nil {
		return err
	}
	if _, _, err := c.desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{ID: account, Config: &cfg}); err != nil {
		return fmt.Errorf("create account: %w", err)
	}
	c.out.created = min(c.out.created, c.disk.Position())
	return nil
}

func (c *machine) visit() error {
	n := len(c.out.visitors)
	v, token, err := c.desk.Account(account).Enter(ctx, charla.Entry{Name: "Carla", Email: fmt.Sprintf("c%d@example.com", n)})
	if err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	at := c.disk.Position()
	s, err := v.Session(ctx)
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	c.out.visitors = append(c.out.visitors, visitor{at, s.Conversation, token})
	return nil
}

// newCall returns a request that is made for the first time.
func (c *machine) newCall(session int, kind tickets.CommandKind) *call {
	o := c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next++
	one := &call{begun: c.disk.Position(), acked: never, session: session, kind: kind, key: fmt.Sprint("k", o.next)}
	one.ack.Kind = kind
	if kind == tickets.CommandWrite || kind == tickets.CommandReply {
		one.ack.Text = fmt.Sprintf("%s %d %s", kind, o.next, strings.Repeat("palabra ", c.rng.IntN(12)*c.rng.IntN(12)))
		if c.rng.IntN(10) == 0 {
			one.ack.Text += "urgente"
		}
	}
	if kind != tickets.CommandWrite {
		one.ref = tickets.Ref{Account: account, Conversation: o.visitors[session].conversation}
	}
	o.calls = append(o.calls, one)
	return one
}

// make makes a request, for the first time or again, and records the answer. What a
// ticket's state refuses is no failure.
func (c *machine) make(one *call) error {
	a := c.desk.Account(account)
	o := &charla.WriteOptions{Key: one.key}
	var r charla.Result
	var err error
	switch one.kind {
	case tickets.CommandWrite:
		r, err = a.Visitor(c.out.visitors[one.session].token).Write(ctx, one.ack.Text, o)
	case tickets.CommandReply:
		r, err = a.Agent(agent).Reply(ctx, one.ref, one.ack.Text, o)
	default:
		r, err = a.Agent(agent).Do(ctx, one.ref, tickets.Command{Kind: one.kind}, &charla.CallOptions{Key: one.key})
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if errors.Is(err, tickets.ErrTransition) || errors.Is(err, charla.ErrNotFound) {
		one.begun = never // it did not happen, and is not made again
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s with key %s: %w", one.kind, one.key, err)
	}
	if one.acked == never {
		one.acked, one.ack.Result = c.disk.Position(), r
	} else if r != one.ack.Result {
		return fmt.Errorf("%s with key %s answers %+v, before %+v", one.kind, one.key, r, one.ack.Result)
	}
	return nil
}

// pass moves the clock and carries out what is due.
func (c *machine) pass(d time.Duration) error {
	c.clock.mu.Lock()
	c.clock.now = c.clock.now.Add(d)
	c.out.times = append(c.out.times, moment{c.disk.Position(), c.clock.now})
	c.clock.mu.Unlock()
	if _, err := c.desk.RunDue(ctx); err != nil {
		return fmt.Errorf("run due: %w", err)
	}
	return c.look()
}

// look reads what the runner did: what was read must be durable, too.
func (c *machine) look() error {
	for i, v := range c.out.visitors {
		ref := tickets.Ref{Account: account, Conversation: v.conversation}
		page, err := c.desk.Account(account).Inbox().History(ctx, ref, charla.PageQuery{Cursor: strconv.FormatInt(c.told[i], 10)})
		if errors.Is(err, charla.ErrNotFound) { // it has not written yet
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range page.Items {
			c.told[i] = e.N
			if e.Actor.Kind != tickets.ActorRule {
				continue
			}
			ack := audit.Ack{Kind: e.Kind, Result: charla.Result{
				Ref: tickets.Ref{Account: account, Conversation: v.conversation, Number: e.Ticket}, Entry: e.N, At: e.At,
			}}
			at := c.disk.Position()
			c.out.seen = append(c.out.seen, &call{begun: at, acked: at, session: i, kind: e.Kind, ack: ack})
		}
	}
	return nil
}

// step does one thing of a run. together is how many customers may write at once.
func (c *machine) step(together int) error {
	n := len(c.out.visitors)
	if n == 0 || (n < 6 && c.rng.IntN(8) == 0) {
		return c.visit()
	}
	who := c.rng.IntN(n)
	switch r := c.rng.IntN(20); {
	case r < 10:
		return c.writeTogether(1 + c.rng.IntN(together))
	case r < 14:
		return c.make(c.newCall(who, tickets.CommandReply))
	case r == 14:
		return c.make(c.newCall(who, tickets.CommandClose))
	case r == 15:
		return c.make(c.newCall(who, []tickets.CommandKind{tickets.CommandIgnore, tickets.CommandOpen}[c.rng.IntN(2)]))
	case r == 16:
		return c.desk.Account(account).Agent(agent).Heartbeat(ctx, []tickets.Availability{tickets.Online, tickets.Away}[c.rng.IntN(2)])
	default:
		return c.pass(time.Duration(c.rng.IntN(70)) * time.Second)
	}
}

// writeTogether has some customers write, all at once if there are several.
func (c *machine) writeTogether(many int) error {
	calls := make([]*call, min(many, len(c.out.visitors)))
	for i, who := range c.rng.Perm(len(c.out.visitors))[:len(calls)] {
		calls[i] = c.newCall(who, tickets.CommandWrite)
	}
	if len(calls) == 1 {
		return c.make(calls[0])
	}
	errs := make([]error, len(calls))
	var group sync.WaitGroup
	for i, one := range calls {
		group.Go(func() { errs[i] = c.make(one) })
	}
	group.Wait()
	return errors.Join(errs...)
}
