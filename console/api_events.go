package console

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// maxStreamAccounts is of how many accounts one stream tells.
const maxStreamAccounts = 64

// accountsEvery is how often a stream of all accounts asks which there are.
const accountsEvery = 30 * time.Second

// eventsQuery is what a stream may be asked for.
type eventsQuery struct {
	// Account is an account of which the stream tells; there may be several. Absent: of all
	// that the person sees.
	Account []string
	// Conversation is "ACCOUNT/ID" of one conversation, of which the stream also tells typing,
	// read marks and what colleagues do there.
	Conversation string
	// Cursor is the ID of the last event that was got, for a client that cannot send it as
	// the header Last-Event-ID, which counts before it. It is opaque. Absent: from now on.
	Cursor string
}

// The data of the events of a stream of all accounts.
type (
	// accountsEvent says of which accounts the stream tells from now on.
	accountsEvent struct {
		Accounts []chatcfg.AccountID `json:"accounts"`
		// More says that the person sees more accounts than one stream tells of: ask for
		// those by name.
		More bool `json:"more,omitempty"`
	}
	// againEvent says that an account's list has to be read again: it is not known what
	// changed meanwhile.
	againEvent struct {
		Account chatcfg.AccountID `json:"account"`
	}
	// typingEvent says whether the customer is typing.
	typingEvent struct {
		Typing bool `json:"typing"`
	}
)

// apiEventTypes are the data of the stream's events, by the events' names.
var apiEventTypes = map[string]any{
	"accounts": accountsEvent{}, "ticket": charla.Row{}, "ready": nothing{}, "again": againEvent{}, "out": nothing{},
	"typing": typingEvent{}, "read": tickets.Marks{}, "colleague": charla.Colleague{},
}

// apiEventsWords say in the document what the stream is.
const apiEventsWords = "Streams server-sent events of all accounts that the person sees. " +
	"`accounts` comes first, and whenever it is of other accounts that the stream tells: at most 64. " +
	"`ticket` has the latest ticket of a conversation that changed, as it is now, at least once and none skipped. " +
	"`ready` comes once, when everything has been told that changed before. " +
	"`again` says that an account's lists have to be read again. " +
	"`typing`, `read` and `colleague` are of the conversation that was asked for, if one was. " +
	"`out` is the last event, if the login has ended or allows it no more. " +
	"A stream goes on after the event whose ID comes as Last-Event-ID, in all accounts, as EventSource does by itself. " +
	"Of an account that is not in that ID it tells what changes from then on. " +
	"A person has at most 64 streams in a process; another one is refused as busy."

var apiEvents = &operation{
	id: "events", summary: apiEventsWords, media: "text/event-stream", query: typeOf[eventsQuery](), answer: typeOf[string](),
	do: (*visit).accountsEvents,
}

// merged is a stream of several accounts. Only the goroutine that writes it uses it, but
// for out.
type merged struct {
	*visit
	ctx   context.Context //nolint:containedctx // merged lives as long as its request
	asked []string
	// open is the conversation that was asked for; zero: none.
	open  tickets.Ref
	out   chan accountRow
	group sync.WaitGroup
	// feeds has how to end the feed of each account of which it tells.
	feeds map[chatcfg.AccountID]*accountFeed
	at    cursors
	// waiting is how many feeds have to catch up before it is ready.
	waiting  int
	ready    bool
	accounts []chatcfg.AccountID
	// person's accounts as of the last look, and when that was.
	of     []chatcfg.AccountID
	looked time.Time
}

// accountFeed is an account's part of a merged stream.
type accountFeed struct {
	end context.CancelFunc
	// caughtUp says that it has told what changed before.
	caughtUp bool
}

// accountRow is a row of an account's feed, or the error that ended it.
type accountRow struct {
	feed *accountFeed
	id   chatcfg.AccountID
	charla.Row
	// event is one of the conversation that was asked for; without a name: it is none.
	event
	err error
}

// accountsEvents streams what changes in the accounts that the person sees (R8.3).
func (v *visit) accountsEvents() error {
	var q eventsQuery
	if err := v.readQuery(&q); err != nil {
		return err
	}
	for _, id := range q.Account {
		if one, err := parseID(id); err != nil || !v.person.sees(chatcfg.AccountID{UUID: one}) {
			return charla.ErrNotFound
		}
	}
	of, err := v.conversationOf(q.Conversation)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(v.r.Context())
	defer context.AfterFunc(v.closing, cancel)()
	mine, leave, err := v.streams.open(v.person.ID)
	if err != nil {
		cancel()
		return err
	}
	defer leave()
	m := &merged{
		visit: v, ctx: ctx, asked: q.Account, open: of, out: make(chan accountRow), feeds: map[chatcfg.AccountID]*accountFeed{}, at: cursors{},
	}
	defer m.group.Wait()
	defer cancel()
	var foreign error
	if given := cmp.Or(v.r.Header.Get("Last-Event-ID"), q.Cursor); given != "" {
		if at, err := parseCursors(given); err == nil {
			m.at = at
		} else {
			foreign = err
		}
	}
	list, more, err := m.look()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no")
	write := v.eventWriter()
	if !write("retry: 2000\n\n") || !m.follow(list, more, write) {
		return nil
	}
	if foreign != nil {
		for _, id := range m.accounts {
			write(event{name: "again", data: againEvent{id}}.String())
		}
	}
	m.run(mine, write)
	return nil
}

// run writes events until the client, the login or the console ends.
func (m *merged) run(mine *stream, write func(string) bool) {
	tick := newTicker(RecheckEvery)
	defer tick.Stop()
	asked, beaten := m.now(), m.now()
	for {
		var next accountRow
		select {
		case <-m.ctx.Done():
			return
		case <-mine.poke:
		case <-tick.C:
		case next = <-m.out:
		}
		now := m.now()
		if mine.stale.Swap(false) || now.Sub(asked).Abs() >= RecheckEvery {
			if asked = now; !m.stillAdmitted() {
				write(event{name: "out", data: nothing{}}.String())
				return // not a word more
			}
			if !m.refresh(now, write) {
				return
			}
		}
		if now.Sub(beaten).Abs() >= eventBeat {
			if beaten = now; !write(": beat\n\n") {
				return
			}
		}
		if next.feed != nil && !m.tell(&next, write) {
			return
		}
	}
}

// tell writes what a feed said; false: the stream is to end.
func (m *merged) tell(next *accountRow, write func(string) bool) bool {
	if m.feeds[next.id] != next.feed {
		return true // of an account that the person sees no more
	}
	if next.err != nil {
		m.drop(next.id)
		switch {
		case errors.Is(next.err, charla.ErrCursor): // of another database
			delete(m.at, next.id)
			m.begin(next.id)
			return write(event{name: "again", data: againEvent{next.id}}.String())
		case errors.Is(next.err, charla.ErrNotFound): // purged
			return m.tellReady(write)
		}
		if m.ctx.Err() == nil {
			m.o.Logger.Error("console: stream", slog.Any("error", next.err))
		}
		return false // the client comes back
	}
	if next.event.name != "" {
		return write(next.event.String())
	}
	m.at[next.id] = next.Cursor
	if next.Number != 0 {
		return write(event{name: "ticket", id: m.at.String(), data: next.Row}.String())
	}
	if !next.feed.caughtUp {
		next.feed.caughtUp = true
		m.waiting--
	}
	return m.tellReady(write)
}

// tellReady says once that all feeds have caught up; false: it could not be written.
func (m *merged) tellReady(write func(string) bool) bool {
	if m.ready || m.waiting > 0 {
		return true
	}
	m.ready = true
	return write(event{name: "ready", id: m.at.String(), data: nothing{}}.String())
}

// refresh looks again of which accounts the stream tells; false: it is to end. What the
// person sees no more is dropped at once, what is new is found within accountsEvery.
func (m *merged) refresh(now time.Time, write func(string) bool) bool {
	if slices.Equal(m.of, m.person.Accounts) && now.Sub(m.looked).Abs() < accountsEvery && !slices.ContainsFunc(m.accounts, m.hidden) {
		return true
	}
	list, more, err := m.look()
	if err != nil {
		m.o.Logger.Error("console: stream", slog.Any("error", err))
		return false
	}
	return slices.Equal(list, m.accounts) || m.follow(list, more, write)
}

// hidden reports whether the person does not see an account.
func (m *merged) hidden(id chatcfg.AccountID) bool { return !m.person.sees(id) }

// look returns the accounts of which the stream is to tell, and whether there are more. It
// fails if the store does.
func (m *merged) look() (list []chatcfg.AccountID, more bool, err error) {
	m.of, m.looked = slices.Clone(m.person.Accounts), m.now()
	live, _, err := m.access.accounts(m.ctx, &m.person)
	for _, one := range live {
		if len(m.asked) == 0 || slices.Contains(m.asked, one.ID.String()) {
			list = append(list, one.ID)
		}
	}
	slices.SortFunc(list, compareIDs)
	more = len(list) > maxStreamAccounts
	return list[:min(len(list), maxStreamAccounts)], more, err
}

// follow makes the stream tell of these accounts only, and says so; false: it could not be
// written.
func (m *merged) follow(list []chatcfg.AccountID, more bool, write func(string) bool) bool {
	m.accounts = list
	for id := range m.feeds {
		if !slices.Contains(list, id) {
			m.drop(id)
		}
	}
	for id := range m.at {
		if !slices.Contains(list, id) {
			delete(m.at, id)
		}
	}
	for _, id := range list {
		if m.feeds[id] == nil {
			m.begin(id)
		}
	}
	if list == nil {
		list = []chatcfg.AccountID{}
	}
	return write(event{name: "accounts", data: accountsEvent{list, more}}.String()) && m.tellReady(write)
}

// begin begins the feed of an account, from its cursor or from now on.
func (m *merged) begin(id chatcfg.AccountID) {
	ctx, end := context.WithCancel(m.ctx)
	feed := &accountFeed{end: end}
	m.feeds[id] = feed
	m.waiting++
	inbox, cursor := m.inboxOf(id, &m.person), cmp.Or(m.at[id], charla.InboxEnd)
	if m.open.Account == id {
		m.group.Go(func() { m.tellOpen(ctx, feed, inbox) })
	}
	m.group.Go(func() {
		for row, err := range inbox.Live(ctx, cursor, 0) {
			select {
			case m.out <- accountRow{feed: feed, id: id, Row: row, err: err}:
			case <-ctx.Done():
				return
			}
		}
	})
}

// tellOpen tells typing, read marks and colleagues of the conversation that was asked for, until
// ctx ends or reading it fails.
func (m *merged) tellOpen(ctx context.Context, feed *accountFeed, inbox *charla.Inbox) {
	say := func(e event, err error) bool {
		select {
		case m.out <- accountRow{feed: feed, id: m.open.Account, event: e, err: err}:
			return true
		case <-ctx.Done():
			return false
		}
	}
	last, err := inbox.Messages(ctx, m.open, charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 1}})
	if err != nil {
		say(event{}, err)
		return
	}
	after := int64(0)
	for _, one := range last.Items {
		after = one.Seq
	}
	for u, err := range inbox.Follow(ctx, m.open, after, 0) {
		going := true
		switch {
		case err != nil:
			going = say(event{}, err)
		case u.Typing != nil:
			going = say(event{name: "typing", data: typingEvent{*u.Typing}}, nil)
		case u.Read != nil:
			going = say(event{name: "read", data: *u.Read}, nil)
		case u.Colleague != nil:
			going = say(event{name: "colleague", data: *u.Colleague}, nil)
		}
		if !going {
			return
		}
	}
}

// conversationOf reads "ACCOUNT/ID" of a conversation that the person may see; zero: the text is
// empty. It fails with [charla.ErrNotFound].
func (v *visit) conversationOf(text string) (ref tickets.Ref, err error) {
	if text == "" {
		return ref, nil
	}
	account, conversation, _ := strings.Cut(text, "/")
	one, err := parseID(account)
	two, err2 := parseID(conversation)
	ref = tickets.Ref{Account: chatcfg.AccountID{UUID: one}, Conversation: tickets.ConversationID{UUID: two}}
	if err != nil || err2 != nil || !v.person.sees(ref.Account) {
		return ref, charla.ErrNotFound
	}
	_, err = v.inboxOf(ref.Account, &v.person).Ticket(v.r.Context(), ref)
	return ref, err
}

// drop ends the feed of an account.
func (m *merged) drop(id chatcfg.AccountID) {
	feed := m.feeds[id]
	feed.end()
	if delete(m.feeds, id); !feed.caughtUp {
		m.waiting--
	}
}
