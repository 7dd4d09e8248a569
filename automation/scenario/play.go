package scenario

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/google/uuid"
)

// What a scenario has without saying so.
const (
	// defaultName and defaultDomain are the account's, unless config.json has
	// them.
	defaultName   = "Tienda"
	defaultDomain = "tienda.cl"
	// sessionTTL lets sessions last longer than any scenario.
	sessionTTL = 200 * 365 * 24 * time.Hour
	// maxSteps bounds the deadlines of one statement: more is no progress.
	maxSteps = 100_000
)

// start is when scenarios begin, a Monday, on the wall of the account's zone.
var start = time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)

// Options say on which store scenarios are played. Nil means in memory.
type Options struct {
	// Open makes a fresh, empty store; nil: one in memory. The store is closed
	// when the scenario ends.
	Open func() (storage.Store, error)
	// Reopen is what a crash does to the store that Open or Reopen returned: it
	// closes it and opens its data anew. Nil: the same store goes on. After an
	// error the old store is still closed.
	Reopen func(storage.Store) (storage.Store, error)
}

// Play plays the script on a fresh store, up to the first statement that fails: then it
// fails with a [*Failure]. Any other error is of opening or closing the store. Nothing
// in it waits for real time.
func (s *Script) Play(ctx context.Context, o *Options) (err error) {
	p := &player{
		chance:   rand.NewChaCha8(sha256.Sum256([]byte(path.Base(s.name)))),
		outgoing: &charla.Outgoing{},
		configs:  make(map[chatcfg.Version]chatcfg.Config),
		bots:     make(map[tickets.AgentID]bool),
		people:   make(map[string]*person),
		named:    make(map[string]bool),
		expected: make(map[tickets.ConversationID]int64),
	}
	if o != nil {
		p.o = *o
	}
	if p.o.Open == nil {
		p.o.Open = func() (storage.Store, error) { return storage.NewMemory(), nil }
	}
	if p.store, err = p.o.Open(); err != nil {
		return fmt.Errorf("%s: open store: %w", s.name, err)
	}
	defer func() {
		if closed := p.store.Close(); err == nil && closed != nil {
			err = fmt.Errorf("%s: close store: %w", s.name, closed)
		}
	}()
	if err := p.begin(ctx, s.config); err != nil {
		return asFailure(err).at(s.name, s.configLine)
	}
	for _, one := range s.statements {
		p.about = tickets.ConversationID{}
		err := one.do(ctx, p)
		if err == nil {
			err = p.settle(ctx)
		}
		if err != nil {
			f := asFailure(err).at(s.name, one.line)
			f.Last = p.lastDecision(ctx)
			return f
		}
	}
	return nil
}

// lastDecision returns an explanation, in English, of the last decision in the
// conversation that the last statement named; empty if there is none.
func (p *player) lastDecision(ctx context.Context) string {
	if p.desk == nil || p.about.IsZero() {
		return ""
	}
	entries, err := p.history(ctx, p.about)
	if err != nil || len(entries) == 0 {
		return ""
	}
	cfg, _, err := p.account().Config(ctx)
	if err != nil {
		return ""
	}
	last := automation.Explain(entries[len(entries)-1], chatcfg.English, cfg.Hours.Location())
	var b strings.Builder
	fmt.Fprintf(&b, "\tthe last decision, %s: %s", stamp(last.At), last.What)
	for _, r := range last.Rules {
		fmt.Fprintf(&b, "\n\t\t%s: %s", r.Name, r.Text)
	}
	return b.String()
}

// player is a scenario under way. What is in it survives crashes, but for the
// desk; the store survives as [Options] say.
type player struct {
	o        Options
	store    storage.Store
	desk     *charla.Desk
	clock    clock
	chance   *rand.ChaCha8
	outgoing *charla.Outgoing

	id chatcfg.AccountID // of the account
	// configs are all configurations so far, by their version.
	configs map[chatcfg.Version]chatcfg.Config
	people  map[string]*person
	// about is the conversation that the last statement named; zero: none.
	about tickets.ConversationID
	// bots are the automated agents that the script has named.
	bots map[tickets.AgentID]bool
	// named are all customers who tried to write.
	named map[string]bool
	// expected is the last automatic message expected of each conversation, mails
	// how many notifications were expected.
	expected map[tickets.ConversationID]int64
	mails    int
}

// person is a customer by the name that the script gives them.
type person struct {
	anonymous bool
	// language is the one in which they first wrote; empty: unknown.
	language chatcfg.Locale
	// token is of the session that they write in; empty after they left.
	token charla.Token
	// conversation is theirs since they first wrote.
	conversation tickets.ConversationID
	// signed says that they have an identity that the host signed for their name.
	signed bool
}

// begin sets the clock, starts a desk and makes the account. It fails with a [*Failure]
// for a configuration that is not valid, or if the desk does.
func (p *player) begin(ctx context.Context, cfg chatcfg.Config) error {
	cfg.Chat.Name = cmp.Or(cfg.Chat.Name, defaultName)
	cfg.Chat.Domain = cmp.Or(cfg.Chat.Domain, defaultDomain)
	cfg = cfg.Normalize()
	if err := cfg.Validate(); err != nil {
		return badConfig(err)
	}
	at, ok := onWall(start, cfg.Hours.Location())
	if !ok {
		return errors.New("scenario: no start in this zone")
	}
	p.clock.set(at)
	if err := p.boot(); err != nil {
		return err
	}
	a, _, err := p.desk.CreateAccount(ctx, cfg.Chat.Name, cfg.Chat.Domain, &charla.AccountOptions{Config: &cfg})
	if err != nil {
		return err
	}
	p.id = a.ID()
	return p.remember(ctx)
}

// boot starts a process: a new desk on the store. It fails if [charla.New] does.
func (p *player) boot() (err error) {
	p.desk, err = charla.New(p.store, &charla.Options{
		Clock: &p.clock, Entropy: p.chance, Mailer: p.outgoing,
		HeartbeatTTL: -1, SessionTTL: sessionTTL,
		IsBot:  func(_ chatcfg.AccountID, id tickets.AgentID) bool { return p.bots[id] },
		Runner: charla.RunnerOptions{Workers: 1},
	})
	return err
}

// bot returns a bot's handle, and has the process know its name as a bot's.
func (p *player) bot(who charla.Person) *charla.Agent {
	p.bots[who.ID] = true
	return p.account().Agent(who)
}

// account returns the account's handle on the process that runs now.
func (p *player) account() *charla.Account { return p.desk.Account(p.id) }

// inbox returns the account's inbox on the process that runs now.
func (p *player) inbox() *charla.Inbox { return p.account().Inbox() }

// remember keeps the configuration that is in force, for rendered. It fails if the desk
// does.
func (p *player) remember(ctx context.Context) error {
	cfg, version, err := p.account().Config(ctx)
	p.configs[version] = cfg
	return err
}

// settle does everything due up to and including now. It fails if the desk does, or if
// something is still due then.
func (p *player) settle(ctx context.Context) error {
	if _, err := p.desk.RunDue(ctx); err != nil {
		return err
	}
	next, err := p.desk.NextDue(ctx)
	if err == nil && !next.IsZero() && !next.After(p.clock.Now()) {
		err = fmt.Errorf("scenario: due at %s and not done", next)
	}
	return err
}

// advance moves the clock to a time, stopping at each deadline to carry it out. It
// fails with a [*Failure] for a time in the past, if the desk does, or if there are too
// many deadlines.
func (p *player) advance(ctx context.Context, to time.Time) error {
	if now := p.clock.Now(); to.Before(now) {
		return wanted("a time not before "+stamp(now), stamp(to))
	}
	for range maxSteps {
		next, err := p.desk.NextDue(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(to) {
			p.clock.set(to)
			return p.settle(ctx)
		}
		p.clock.set(next)
		if err := p.settle(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("scenario: %d deadlines and still at %s", maxSteps, stamp(p.clock.Now()))
}

// stamp returns an instant as failures show it, in UTC to the second.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

// at advances to a wall time of the account's zone, given as if it were UTC. It fails
// with a [*Failure] for one that the zone skips, and as advance does.
func (p *player) at(ctx context.Context, wall time.Time) error {
	cfg, _, err := p.account().Config(ctx)
	if err != nil {
		return err
	}
	loc := cfg.Hours.Location()
	to, ok := onWall(wall, loc)
	if !ok {
		return wanted("a time that exists in "+loc.String(), wall.Format(time.DateTime))
	}
	return p.advance(ctx, to)
}

// onWall returns the first instant at which the clocks of a zone show a wall time,
// given as if it were UTC; false: they never do.
func onWall(wall time.Time, loc *time.Location) (time.Time, bool) {
	const furthest = 26 * time.Hour // no zone is further from UTC
	for t := wall.Add(-furthest); ; {
		_, offset := t.In(loc).Zone()
		_, end := t.In(loc).ZoneBounds()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if !at.Before(t) && (end.IsZero() || at.Before(end)) {
			return at, true
		}
		if end.IsZero() || end.After(wall.Add(furthest)) {
			return time.Time{}, false
		}
		t = end
	}
}

// crash drops the process and starts another one later on the same store. It fails if
// the downtime is negative, the store cannot be opened again, or the new process fails.
func (p *player) crash(ctx context.Context, down time.Duration) error {
	if down < 0 {
		return wanted("a downtime", down.String())
	}
	p.desk = nil
	p.clock.set(p.clock.Now().Add(down))
	if p.o.Reopen != nil {
		store, err := p.o.Reopen(p.store)
		if err != nil {
			return fmt.Errorf("scenario: reopen store: %w", err)
		}
		p.store = store
	}
	if err := p.boot(); err != nil {
		return err
	}
	return p.settle(ctx)
}

// configure applies a merge patch to the configuration, saves it and keeps it for
// rendered. It fails if the patch is malformed or the desk does.
func (p *player) configure(ctx context.Context, patch []byte, running bool) error {
	cfg, version, err := p.account().Config(ctx)
	if err != nil {
		return err
	}
	if cfg, err = chatcfg.Merge(cfg, patch); err != nil {
		return err
	}
	if _, err := p.account().SaveConfig(ctx, version, cfg, &charla.SaveOptions{Running: running}); err != nil {
		return err
	}
	return p.remember(ctx)
}

// says has a customer write. The first time begins a session, whose language the
// customer keeps. It fails with a [*Failure] if the name or the language contradicts an
// earlier line, or if the desk does.
func (p *player) says(ctx context.Context, name string, anonymous bool, language chatcfg.Locale, text string) error {
	p.named[name] = true
	p.latest(name)
	who, known := p.people[name]
	if !known {
		who = &person{anonymous: anonymous, language: language}
	}
	if language != "" && language != who.language {
		return wanted(fmt.Sprintf("the language in which %s began", name), string(language))
	}
	if who.anonymous != anonymous {
		return wanted("a name of their own", strconv.Quote(name)+" for a customer and an anonymous session")
	}
	token := who.token
	if token == "" {
		visitor := charla.Entry{Anonymous: anonymous, Locale: who.language}
		cfg, _, err := p.account().Config(ctx)
		if err != nil {
			return err
		}
		if who.signed {
			visitor.Proof = new(proofOf(name))
		}
		if !anonymous {
			visitor.Name, visitor.Email = name, name+"@example.com"
		}
		if !anonymous && cfg.Chat.AskRUT {
			visitor.RUT = rut(name)
		}
		if _, token, err = p.account().Enter(ctx, visitor); err != nil {
			return err
		}
	}
	result, err := p.account().Visitor(token).Write(ctx, text, nil)
	if err != nil {
		return err
	}
	who.token, who.conversation = token, result.Ref.Conversation
	p.people[name] = who
	return nil
}

// starts has an agent write to a customer first, by the host's subject (R16.5). The customer
// then has a signed identity. It fails with a [*Failure] for one who has written without, or
// if the desk does.
func (p *player) starts(ctx context.Context, agent charla.Person, name, text string) error {
	p.named[name] = true
	who := p.people[name]
	if who == nil {
		who = &person{signed: true}
	}
	if !who.signed {
		return wanted("a customer who has not written yet", strconv.Quote(name))
	}
	result, err := p.account().Agent(agent).Start(ctx, proofOf(name), text, nil)
	if err != nil {
		return err
	}
	who.conversation, p.people[name] = result.Ref.Conversation, who
	p.latest(name)
	return nil
}

// proofOf returns the identity that the host signs for a customer.
func proofOf(name string) charla.Proof {
	return charla.Proof{Subject: name, Name: name, Email: name + "@example.com"}
}

// ends has a customer end their conversation. It fails as visitor does, or if the desk does.
func (p *player) ends(ctx context.Context, name string) error {
	visitor, err := p.visitor(name)
	if err == nil {
		_, err = visitor.End(ctx, 0, nil)
	}
	return err
}

// rates has a customer rate their latest ticket. It fails as visitor does, or if the desk
// does.
func (p *player) rates(ctx context.Context, name string, rating charla.Rating) error {
	visitor, err := p.visitor(name)
	if err == nil {
		_, err = visitor.Rate(ctx, rating, nil)
	}
	return err
}

// visitor returns the handle of a customer's session. It fails with a [*Failure] if they
// have none.
func (p *player) visitor(name string) (*charla.Visitor, error) {
	p.latest(name)
	who := p.people[name]
	if who == nil || who.token == "" {
		return nil, wanted("a session of "+name, "none")
	}
	return p.account().Visitor(who.token), nil
}

// leaves ends an anonymous session. It fails with a [*Failure] if the customer has
// none, or if the desk does.
func (p *player) leaves(ctx context.Context, name string) error {
	who := p.people[name]
	if who == nil || !who.anonymous || who.token == "" {
		return wanted("an anonymous session of "+name, "none")
	}
	if err := p.account().Visitor(who.token).Leave(ctx); err != nil {
		return err
	}
	who.token = ""
	return nil
}

// latest returns the ref of a customer's latest ticket; of a customer who never wrote,
// one that does not exist. It notes that the statement is about that conversation.
func (p *player) latest(name string) tickets.Ref {
	ref := tickets.Ref{Conversation: tickets.ConversationID{
		UUID: uuid.NewSHA1(uuid.Nil, []byte(name)),
	}}
	if who := p.people[name]; who != nil {
		ref.Conversation = who.conversation
	}
	p.about = ref.Conversation
	return ref
}

// rut returns a valid RUT, always the same for a name.
func rut(name string) string {
	sum := sha256.Sum256([]byte(name))
	n := 5_000_000 + (int(sum[0])<<16|int(sum[1])<<8|int(sum[2]))%20_000_000
	for _, digit := range "0123456789K" {
		if r, err := chatcfg.ParseRUT(strconv.Itoa(n) + "-" + string(digit)); err == nil {
			return r
		}
	}
	panic("scenario: a number without a check digit")
}
