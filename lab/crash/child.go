package crash

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/lab/audit"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/postgres"
	"github.com/charlahq/charla/storage/sqlite"
	"github.com/charlahq/charla/tickets"
)

// Env is the variable in which a child finds its job. A test binary whose
// TestMain sees it calls [Child].
const Env = "CHARLA_CRASH_CHILD"

// Mutant is a way in which a child is broken on purpose: the negative controls.
type Mutant string

// The mutants.
const (
	// Early answers some time before the commit.
	Early Mutant = "early"
	// Keyless forgets the caller's key, and answers some time after the commit.
	Keyless Mutant = "keyless"
	// Remail sends a mail and says that it did not.
	Remail Mutant = "remail"
	// Sure says that nothing happened where it does not know.
	Sure Mutant = "sure"
	// Forever claims what nobody can then claim again.
	Forever Mutant = "forever"
	// Skip is not of a child: who follows the feed does not read every other page.
	Skip Mutant = "skip"
)

// job is what a child is told when it starts.
type job struct {
	Dir string // mails, events, and without a DSN chat.db
	// DSN is where PostgreSQL is; empty: on SQLite.
	DSN    string
	Mutant Mutant
	// Epoch is the real time at which the database began.
	Epoch time.Time
}

var (
	begin   = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	account = chatcfg.AccountID{UUID: [16]byte{0x01, 0x95, 0x55, 0x6c, 0x7a, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}}
)

// speed is how much faster the desk's clock goes than the real one.
const speed = 60

// clock is the real one, sped up; after keeps it going over restarts.
type clock struct{ epoch time.Time }

func (c clock) Now() time.Time { return begin.Add(time.Since(c.epoch) * speed) }

func (c clock) After(d time.Duration) <-chan time.Time { return time.After(d / speed) }

// request is what a customer or an agent asks for.
type request struct {
	N int64
	// Kind is the command; empty: start a session.
	Kind  tickets.CommandKind
	Token charla.Token
	Ref   tickets.Ref
	Key   string
	Text  string
	Agent tickets.AgentID // empty: ana
}

// answer is what the child says to it.
type answer struct {
	N int64
	// Token is of a session that was started, Conversation where it writes.
	Token        charla.Token
	Conversation tickets.ConversationID
	Result       charla.Result
	// Refused: the ticket's state does not allow it, and nothing was done.
	Refused bool
	// Early: the mutant's, before anything was done.
	Early bool
	// Failure says that the request is to be repeated, Error why.
	Failure failed
	Error   string
}

// failed is what a call came to that failed; empty: it did not.
type failed string

const (
	// busy: nothing happened. unknown: it may have happened. failure: anything else,
	// which must not be.
	busy    failed = "busy"
	unknown failed = "unknown"
	failure failed = "failure"
)

// failedAs returns the kind of failure that a desk's error means for the caller; empty:
// none.
func failedAs(err error) failed {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, charla.ErrBusy), errors.Is(err, storage.ErrBusy):
		return busy
	case errors.Is(err, charla.ErrOutcomeUnknown):
		return unknown
	}
	return failure
}

// Child is the process that is killed. If it is not, it returns when its standard input
// ends.
func Child(in io.Reader, out io.Writer) error {
	var j job
	if err := json.Unmarshal([]byte(os.Getenv(Env)), &j); err != nil {
		return fmt.Errorf("crash: %s: %w", Env, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var store storage.Store
	var broker charla.Broker
	var end func()
	err := untilAnswered(func() (err error) {
		store, broker, end, err = j.store(ctx)
		return err
	})
	if err != nil {
		return err
	}
	defer end()
	desk, files, err := j.desk(store, broker, clock{j.Epoch})
	if err != nil {
		return err
	}
	defer files.close()
	cfg, err := chatcfg.Decode([]byte(audit.Config))
	if err != nil {
		return err
	}
	err = untilAnswered(func() error {
		_, _, err := desk.CreateAccount(ctx, "Tienda", "tienda.cl", &charla.AccountOptions{ID: account, Config: &cfg})
		return err
	})
	if err != nil {
		return err
	}
	ran := make(chan error, 1)
	go func() { ran <- desk.Run(ctx) }()
	s := server{desk: desk, out: out, mutant: j.Mutant}
	s.answer(answer{N: ready})
	err = s.serve(ctx, in)
	stop()
	if ended := <-ran; !errors.Is(ended, context.Canceled) {
		err = errors.Join(err, ended)
	}
	return err
}

// untilAnswered calls do until there is an answer: the server may be down.
func untilAnswered(do func() error) error {
	for {
		err := do()
		if f := failedAs(err); f != busy && f != unknown {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// ready is the number of the answer that nobody asked for.
const ready = -1

// path returns the path of one of the job's files.
func (j job) path(name string) string { return j.Dir + "/" + name }

// store opens the database and returns how to close it.
func (j job) store(ctx context.Context) (storage.Store, charla.Broker, func(), error) {
	if j.DSN == "" {
		s, err := sqlite.Open(j.path("chat.db"), nil)
		return s, nil, func() { s.Close() }, err
	}
	pool, err := postgres.NewPool(ctx, j.DSN, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := postgres.New(ctx, pool, nil)
	if err != nil {
		pool.Close()
		return nil, nil, nil, err
	}
	return s, postgres.NewBroker(pool), func() { s.Close(); pool.Close() }, nil
}

// desk returns the desk of a child, or of the parent when it audits.
func (j job) desk(store storage.Store, b charla.Broker, c charla.Clock) (*charla.Desk, *files, error) {
	f := &files{mutant: j.Mutant}
	var err error
	if f.mails, err = appendTo(j.path("mails")); err == nil {
		f.events, err = appendTo(j.path("events"))
	}
	if err != nil {
		return nil, nil, err
	}
	lease := 2 * time.Minute
	if j.Mutant == Forever {
		lease = 10_000 * time.Hour
	}
	desk, err := charla.New(store, &charla.Options{
		Clock: c, Mailer: f, Hooks: map[string]charla.Hook{"host": f.event}, Broker: b,
		Runner: charla.RunnerOptions{Poll: 2 * time.Second, Lease: lease, Workers: 8},
	})
	return desk, f, err
}

// files are the outside world of a process: what is written cannot be taken back.
type files struct {
	mutant        Mutant
	mails, events *os.File
}

// appendTo opens a file to append to; it makes one if there is none.
func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

// close closes the files.
func (f *files) close() {
	f.mails.Close()
	f.events.Close()
}

// Send is the mailer: it appends the mail's key to a file.
func (f *files) Send(_ context.Context, m charla.Mail) error {
	f.hold()
	if _, err := f.mails.WriteString(m.Key + "\n"); err != nil {
		return err
	}
	if f.mutant == Remail {
		return charla.ErrNotSent
	}
	return nil
}

// event is the hook: it appends the event's key to a file.
func (f *files) event(_ context.Context, e charla.Event) error {
	f.hold()
	_, err := f.events.WriteString(e.Key + "\n")
	return err
}

// late makes sure that a kill comes in between.
const late = 20 * time.Millisecond

// hold keeps a claim of [Forever] for a while.
func (f *files) hold() {
	if f.mutant == Forever {
		time.Sleep(late)
	}
}

// server answers requests, many at a time.
type server struct {
	desk   *charla.Desk
	mutant Mutant
	mu     sync.Mutex
	out    io.Writer
}

// serve answers requests until the input ends.
func (s *server) serve(ctx context.Context, in io.Reader) error {
	var group sync.WaitGroup
	defer group.Wait()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return err
		}
		group.Go(func() {
			if s.mutant == Early && r.Text != "" {
				s.answer(answer{N: r.N, Early: true})
				time.Sleep(late)
				s.do(ctx, r)
				return
			}
			a := s.do(ctx, r)
			if s.mutant == Keyless {
				time.Sleep(late)
			}
			s.answer(a)
		})
	}
	return lines.Err()
}

// answer writes one line in one write: a kill leaves all of it or nothing.
func (s *server) answer(a answer) {
	line, err := json.Marshal(a)
	if err != nil {
		panic(err) // of types that always encode
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.out.Write(append(line, '\n')); err != nil {
		os.Exit(1) // nobody reads any more
	}
}

// do carries out a request and returns its answer.
func (s *server) do(ctx context.Context, r request) answer {
	a := answer{N: r.N}
	var err error
	if s.mutant == Keyless {
		r.Key = ""
	}
	if r.Kind == "" {
		a.Token, a.Conversation, err = enter(ctx, s.desk)
	} else {
		a.Result, err = perform(ctx, s.desk, r)
	}
	switch {
	case errors.Is(err, tickets.ErrTransition), errors.Is(err, tickets.ErrNotLatest), errors.Is(err, charla.ErrNotFound), taking(err):
		a.Refused = true
	case err != nil:
		a.Failure, a.Error = failedAs(err), err.Error()
	}
	if s.mutant == Sure && a.Failure == unknown {
		a.Failure = busy
	}
	return a
}

// enter starts a session and returns its token and conversation.
func enter(ctx context.Context, d *charla.Desk) (charla.Token, tickets.ConversationID, error) {
	v, token, err := d.Account(account).Enter(ctx, charla.Entry{Name: "Carla", Email: "carla@example.com"})
	if err != nil {
		return "", tickets.ConversationID{}, err
	}
	s, err := v.Session(ctx)
	return token, s.Conversation, err
}

// perform carries out a request for a command.
func perform(ctx context.Context, d *charla.Desk, r request) (charla.Result, error) {
	agent := d.Account(account).Agent(charla.Person{ID: cmp.Or(r.Agent, "ana"), Name: "Ana"})
	switch r.Kind {
	case takeNext:
		return agent.TakeNext(ctx, nil, &charla.CallOptions{Key: r.Key})
	case tickets.CommandWrite:
		return d.Account(account).Visitor(r.Token).Write(ctx, r.Text, &charla.WriteOptions{Key: r.Key})
	case tickets.CommandReply:
		return agent.Reply(ctx, r.Ref, r.Text, &charla.WriteOptions{Key: r.Key})
	default:
		return agent.Do(ctx, r.Ref, tickets.Command{Kind: r.Kind}, &charla.CallOptions{Key: r.Key})
	}
}
