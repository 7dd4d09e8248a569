package console

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// Limits of what the streams read.
const (
	// maxQueue is how many changes wait for a stream that is slow to write them. What comes
	// beyond it is dropped, and the stream says that the account has to be read again.
	maxQueue = 256
	// catchUpRows is how many changes a stream that goes on reads in its turn.
	catchUpRows = 64
	// followAgain is how long a follower waits after its account could not be read.
	followAgain = 2 * time.Second
)

// followers follow accounts for all streams of this process: each account is read once,
// however many streams tell of it.
type followers struct {
	inbox func(chatcfg.AccountID) *charla.Inbox
	chat  func(context.Context, chatcfg.AccountID) (chatcfg.Chat, error)
	log   *slog.Logger
	// closing ends all of them.
	closing context.Context //nolint:containedctx // it lasts as long as the console, not a call
	// turns has a place for each stream that reads by itself what it missed.
	turns chan struct{}

	mu  sync.Mutex
	all map[chatcfg.AccountID]*follower
}

// follower follows one account, as long as somebody listens.
type follower struct {
	id    chatcfg.AccountID
	inbox *charla.Inbox
	chat  func(context.Context, chatcfg.AccountID) (chatcfg.Chat, error)
	ctx   context.Context //nolint:containedctx // it lasts as long as somebody listens
	end   context.CancelFunc

	mu        sync.Mutex
	listeners map[*member]struct{}
	// at is the cursor of what it told last; empty: it has not begun.
	at string
}

// tidings are what a listener hears of an account.
type tidings struct {
	of *member
	// kind says which: a change, or that everything that changed before has been told
	// (ready), that the account has to be read again, that it is gone, or that err keeps the
	// stream from going on.
	kind   tidingsKind
	cursor string
	*change
	err error
}

type tidingsKind int

const (
	tidingsChange tidingsKind = iota + 1
	tidingsReady
	tidingsAgain
	tidingsGone
	tidingsFailed
)

// change is a conversation that changed, for all streams that tell of it: what they need
// beside the row is read once.
type change struct {
	charla.Row
	f *follower
	// said returns the newest messages, and whether a customer's are to be heard.
	said func() (list []tickets.Message, sound bool, err error)

	mu     sync.Mutex
	unread map[tickets.AgentID]func() (int, error)
}

// newChange returns a row's change.
func newChange(f *follower, row *charla.Row) *change {
	c := &change{Row: *row, f: f}
	read := sync.OnceValue(func() (said struct {
		list  []tickets.Message
		sound bool
		err   error
	}) {
		page, err := f.inbox.Messages(f.ctx, c.Ref, charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 10}})
		chat, err2 := f.chat(f.ctx, f.id)
		said.list, said.sound, said.err = page.Items, chat.Sound, cmp.Or(err, err2)
		return said
	})
	c.said = func() ([]tickets.Message, bool, error) {
		said := read()
		return said.list, said.sound, said.err
	}
	return c
}

// row returns the row as an agent sees it, of whose inbox it is: how much is unread is theirs.
// It is read once for each agent.
func (c *change) row(agent tickets.AgentID, inbox *charla.Inbox) (charla.Row, error) {
	c.mu.Lock()
	read := c.unread[agent]
	if read == nil {
		read = sync.OnceValues(func() (int, error) {
			page, err := inbox.Tickets(c.f.ctx, charla.TicketQuery{Conversation: c.Ref.Conversation, PageQuery: charla.PageQuery{Limit: 1}})
			if err != nil || len(page.Items) == 0 {
				return c.Unread, err
			}
			return page.Items[0].Unread, nil
		})
		if c.unread == nil {
			c.unread = map[tickets.AgentID]func() (int, error){}
		}
		c.unread[agent] = read
	}
	c.mu.Unlock()
	row, err := c.Row, error(nil)
	row.Unread, err = read()
	return row, err
}

// listener hears, for one stream, what changes in several accounts.
type listener struct {
	all *followers
	// news gets a value when there is something to take.
	news chan struct{}
	// direct has what the stream missed, as fast as it writes it.
	direct chan tidings
	group  sync.WaitGroup

	mu      sync.Mutex
	members map[chatcfg.AccountID]*member
	queue   []tidings
}

// member is a listener's part in one account; its fields are under the listener's lock.
type member struct {
	l   *listener
	id  chatcfg.AccountID
	end context.CancelFunc
	// missing says that the stream still reads what it missed; held is what came since.
	missing bool
	held    []tidings
	// told are the cursors of what the stream read by itself, which the follower may say, too.
	told map[string]bool
	// lost says that something was dropped, up to a cursor.
	lost   bool
	lostAt string
}

// listen returns a listener, which follows nothing yet. It has to be closed.
func (s *followers) listen() *listener {
	return &listener{all: s, news: make(chan struct{}, 1), direct: make(chan tidings), members: map[chatcfg.AccountID]*member{}}
}

// close makes the listener leave all accounts.
func (l *listener) close() {
	for id := range l.members {
		l.leave(id)
	}
	l.group.Wait()
}

// follow makes the listener hear what changes in an account after a cursor; empty: from now
// on. It does nothing for an account that it follows already.
func (l *listener) follow(id chatcfg.AccountID, cursor string) {
	l.mu.Lock()
	_, there := l.members[id]
	m := &member{l: l, id: id}
	if !there {
		l.members[id] = m
	}
	l.mu.Unlock()
	if there {
		return
	}
	ctx, end := context.WithCancel(l.all.closing)
	m.end = end
	if f := l.all.join(m, cursor); m.missing {
		l.group.Go(func() { l.catchUp(ctx, f, m, cursor) })
	}
}

// follows reports whether the listener follows an account.
func (l *listener) follows(id chatcfg.AccountID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members[id] != nil
}

// keep makes the listener leave all other accounts than these.
func (l *listener) keep(list []chatcfg.AccountID) {
	for id := range l.members {
		if !slices.Contains(list, id) {
			l.leave(id)
		}
	}
}

// leave makes the listener hear nothing more of an account.
func (l *listener) leave(id chatcfg.AccountID) {
	l.mu.Lock()
	m := l.members[id]
	delete(l.members, id)
	l.mu.Unlock()
	if m != nil {
		m.end()
		l.all.left(m)
	}
}

// take returns what came since it was called last, without what is of accounts that the
// listener has left.
func (l *listener) take() []tidings {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.queue[:0:0]
	for _, one := range l.queue {
		if l.members[one.of.id] == one.of {
			list = append(list, one)
		}
	}
	l.queue = nil
	for _, m := range l.members {
		if m.lost && !m.missing {
			list = append(list, tidings{of: m, kind: tidingsAgain, cursor: m.lostAt})
			m.lost = false
		}
	}
	return list
}

// hear keeps what a follower says until it is taken.
func (m *member) hear(one tidings) {
	m.l.mu.Lock()
	defer m.l.mu.Unlock()
	switch one.of = m; {
	case m.l.members[m.id] != m:
		return
	case m.missing && one.kind == tidingsReady, one.kind == tidingsChange && m.told[one.cursor]:
		return // it says so itself
	case one.kind == tidingsGone:
		m.l.queue = append(m.l.queue, one)
	case m.lost || m.missing && len(m.held) >= maxQueue || len(m.l.queue) >= maxQueue && one.kind == tidingsChange:
		m.lost, m.lostAt = true, one.cursor
	case m.missing:
		m.held = append(m.held, one)
		return
	default:
		m.l.queue = append(m.l.queue, one)
	}
	m.l.wake()
}

// wake says that there is something to take.
func (l *listener) wake() {
	select {
	case l.news <- struct{}{}:
	default: // it was said
	}
}

// catchUp tells what changed after a cursor, a part in each turn, and then what the follower
// has said since, without what it told itself.
func (l *listener) catchUp(ctx context.Context, f *follower, m *member, cursor string) {
	var told []string
	for caughtUp := false; !caughtUp; {
		select {
		case l.all.turns <- struct{}{}:
		case <-ctx.Done():
			return
		}
		part, err := f.readAfter(ctx, m, cursor)
		<-l.all.turns
		for i := range part {
			if !l.say(ctx, &part[i]) {
				return
			}
			cursor, caughtUp = part[i].cursor, part[i].kind == tidingsReady
			told = append(told, cursor)
		}
		told = told[max(len(told)-2*maxQueue, 0):]
		switch {
		case err == nil:
			continue
		case errors.Is(err, charla.ErrCursor): // of another database
			caughtUp = l.say(ctx, &tidings{of: m, kind: tidingsAgain}) && l.say(ctx, &tidings{of: m, kind: tidingsReady})
		case errors.Is(err, charla.ErrNotFound): // purged
			l.say(ctx, &tidings{of: m, kind: tidingsGone})
		default:
			l.say(ctx, &tidings{of: m, kind: tidingsFailed, err: err})
		}
		if !caughtUp {
			return
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m.told = map[string]bool{}
	for _, at := range told {
		m.told[at] = true
	}
	for _, one := range m.held {
		if one.kind != tidingsChange || !m.told[one.cursor] {
			l.queue = append(l.queue, one)
		}
	}
	m.held, m.missing = nil, false
	l.wake()
}

// say hands the stream what it missed, when it is ready for it; false: ctx has ended.
func (l *listener) say(ctx context.Context, one *tidings) bool {
	select {
	case l.direct <- *one:
		return true
	case <-ctx.Done():
		return false
	}
}

// readAfter returns at most catchUpRows changes after a cursor, with a ready at their end if
// there are no more. It fails as [charla.Inbox.Live] does, with what it read before.
func (f *follower) readAfter(ctx context.Context, m *member, cursor string) (list []tidings, err error) {
	for row, err := range f.inbox.Live(ctx, cursor, 0) {
		if err != nil {
			return list, err
		}
		if row.Number == 0 {
			return append(list, tidings{of: m, kind: tidingsReady, cursor: row.Cursor}), nil
		}
		if list = append(list, tidings{of: m, kind: tidingsChange, cursor: row.Cursor, change: newChange(f, &row)}); len(list) == catchUpRows {
			break
		}
	}
	return list, nil
}

// join adds a member to the follower of its account, which begins with the first one, and
// says whether the member has to read by itself what it missed.
func (s *followers) join(m *member, cursor string) *follower {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.all[m.id]
	if f == nil {
		f = &follower{id: m.id, inbox: s.inbox(m.id), chat: s.chat, listeners: map[*member]struct{}{}}
		f.ctx, f.end = context.WithCancel(s.closing)
		if s.all == nil {
			s.all = map[chatcfg.AccountID]*follower{}
		}
		s.all[m.id] = f
		go s.run(f)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners[m] = struct{}{}
	if m.missing = cursor != ""; !m.missing && f.at != "" {
		m.hear(tidings{kind: tidingsReady, cursor: f.at})
	}
	return f
}

// left takes a member out of the follower of its account, which ends with the last one.
func (s *followers) left(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.all[m.id]
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if delete(f.listeners, m); len(f.listeners) == 0 {
		f.end()
		delete(s.all, m.id)
	}
}

// drop makes who joins from now on begin a follower of their own.
func (s *followers) drop(f *follower) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[f.id] == f {
		delete(s.all, f.id)
	}
}

// tell says something to all who listen, and remembers its cursor.
func (f *follower) tell(one tidings) {
	f.mu.Lock()
	defer f.mu.Unlock()
	began := f.at != ""
	if f.at = one.cursor; began && one.kind == tidingsReady {
		return
	}
	for m := range f.listeners {
		m.hear(one)
	}
}

// run follows an account until nobody listens any more or the account is gone. When it cannot
// be read, it goes on where it was as soon as that works: the streams wait.
func (s *followers) run(f *follower) {
	defer f.end()
	for cursor, failing := charla.InboxEnd, false; f.ctx.Err() == nil; {
		var err error
		for row, failed := range f.inbox.Live(f.ctx, cursor, 0) {
			if err = failed; err != nil {
				break
			}
			failing, cursor = false, row.Cursor
			if row.Number == 0 {
				f.tell(tidings{kind: tidingsReady, cursor: cursor})
			} else {
				f.tell(tidings{kind: tidingsChange, cursor: cursor, change: newChange(f, &row)})
			}
		}
		switch {
		case f.ctx.Err() != nil:
			return
		case errors.Is(err, charla.ErrNotFound): // purged
			s.drop(f)
			f.tell(tidings{kind: tidingsGone})
			return
		case errors.Is(err, charla.ErrCursor) && cursor != charla.InboxEnd: // of another database
			f.tell(tidings{kind: tidingsAgain})
			cursor = charla.InboxEnd
			continue
		case !failing:
			failing = true
			s.log.Error("console: an account's changes", slog.String("account", f.id.String()), slog.Any("error", err))
		}
		again := newTicker(followAgain)
		select {
		case <-f.ctx.Done():
		case <-again.C:
		}
		again.Stop()
	}
}
