package console

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// maxStreamAccounts is of how many accounts one stream tells.
const maxStreamAccounts = 64

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

// merged is a stream of several accounts.
type merged struct {
	*visit
	ctx   context.Context //nolint:containedctx // it lasts as long as its request
	l     *listener
	write func(string) bool
	asked []chatcfg.AccountID
	// open is the conversation that was asked for; zero: none. out has what is done in it.
	open  tickets.Ref
	out   chan openEvent
	group sync.WaitGroup
	// endOpen ends what tells of that conversation; nil: nothing does.
	endOpen context.CancelFunc
	at      cursors
	// waiting are the accounts that have to catch up before it is ready.
	waiting  map[chatcfg.AccountID]bool
	ready    bool
	accounts []chatcfg.AccountID
	more     bool
}

// openEvent is an event of the conversation that was asked for, or the error that ended its
// events.
type openEvent struct {
	event
	err error
}

// accountsEvents streams what changes in the accounts that the person sees (R8.3).
func (v *visit) accountsEvents() error {
	var q eventsQuery
	if err := v.readQuery(&q); err != nil {
		return err
	}
	var asked []chatcfg.AccountID
	for _, id := range q.Account {
		one, err := parseID(id)
		if err != nil || !v.person.sees(chatcfg.AccountID{UUID: one}) {
			return charla.ErrNotFound
		}
		asked = append(asked, chatcfg.AccountID{UUID: one})
	}
	of, err := v.conversationOf(q.Conversation)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(v.r.Context())
	defer cancel()
	defer context.AfterFunc(v.closing, cancel)()
	mine, leave, err := v.streams.open(v.person.ID)
	if err != nil {
		return err
	}
	defer leave()
	m := &merged{
		visit: v, ctx: ctx, l: v.followers.listen(), asked: asked, open: of, out: make(chan openEvent),
		at: cursors{}, waiting: map[chatcfg.AccountID]bool{},
	}
	defer m.group.Wait()
	defer m.l.close()
	defer cancel()
	var foreign error
	if given := cmp.Or(v.r.Header.Get("Last-Event-ID"), q.Cursor); given != "" {
		if at, err := parseCursors(given); err == nil {
			m.at = at
		} else {
			foreign = err
		}
	}
	list, err := m.look()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no")
	m.write = v.eventWriter()
	if !m.write("retry: 2000\n\n") || !m.follow(list) {
		return nil
	}
	if foreign != nil {
		for _, id := range m.accounts {
			m.write(event{name: "again", data: againEvent{id}}.String())
		}
	}
	m.run(mine)
	return nil
}

// run writes events until the client, the login or the console ends.
func (m *merged) run(mine *stream) {
	tick := newTicker(RecheckEvery)
	defer tick.Stop()
	beaten := m.now()
	for {
		var done openEvent
		var news []tidings
		select {
		case <-m.ctx.Done():
			return
		case <-mine.poke:
		case <-tick.C:
		case done = <-m.out:
		case one := <-m.l.direct:
			news = []tidings{one}
		case <-m.l.news:
			news = m.l.take()
		}
		if !m.admitted(mine) {
			return
		}
		if now := m.now(); now.Sub(beaten).Abs() >= eventBeat {
			if beaten = now; !m.write(": beat\n\n") {
				return
			}
		}
		if !m.tellDone(&done) {
			return
		}
		for i := range news {
			// A reader who reads slowly holds up what comes next, perhaps beyond their login.
			if !m.admitted(mine) || !m.tell(&news[i]) {
				return
			}
		}
	}
}

// admitted asks again who the stream belongs to, when that is due, and tells of accounts that
// come and go; false: the stream is to end.
func (m *merged) admitted(mine *stream) bool {
	if !mine.due(m.now()) {
		return true
	}
	if !m.stillAdmitted() {
		m.write(event{name: "out", data: nothing{}}.String())
		return false // not a word more
	}
	return m.refresh()
}

// tellDone writes an event of the conversation that was asked for, if there is one; false: the
// stream is to end.
func (m *merged) tellDone(done *openEvent) bool {
	switch {
	case done.err != nil && m.ctx.Err() == nil && m.endOpen != nil && !errors.Is(done.err, charla.ErrNotFound): // purged
		m.o.Logger.Error("console: stream", slog.Any("error", done.err))
		return false // the client comes back
	case done.name == "" || m.endOpen == nil:
		return true
	}
	return m.write(done.String())
}

// tell writes what the stream heard of an account; false: it is to end.
func (m *merged) tell(one *tidings) bool {
	id := one.of.id
	if !m.l.follows(id) {
		return true // of an account that the person sees no more
	}
	switch one.kind {
	case tidingsChange:
		row, err := one.row(m.person.ID, m.inboxOf(id, &m.person))
		if err != nil {
			m.o.Logger.Error("console: stream", slog.Any("error", err))
			return false // the client comes back
		}
		m.at[id] = one.cursor
		return m.write(event{name: "ticket", id: m.at.String(), data: row}.String())
	case tidingsReady:
		m.at[id] = one.cursor
		delete(m.waiting, id)
		if m.ready { // the client goes on in this account, too
			return m.write("id: " + m.at.String() + "\n\n")
		}
		return m.tellReady()
	case tidingsAgain:
		if m.at[id] = one.cursor; one.cursor == "" {
			delete(m.at, id)
		}
		return m.write(event{name: "again", data: againEvent{id}}.String())
	case tidingsGone:
		m.leave(id)
		return m.tellReady()
	}
	m.o.Logger.Error("console: stream", slog.Any("error", one.err))
	return false // the client comes back
}

// tellReady says once that all accounts have caught up; false: it could not be written.
func (m *merged) tellReady() bool {
	if m.ready || len(m.waiting) > 0 {
		return true
	}
	m.ready = true
	return m.write(event{name: "ready", id: m.at.String(), data: nothing{}}.String())
}

// refresh looks again of which accounts the stream tells; false: it is to end. What the
// person sees no more is dropped at once, what is new is found within accountsEvery.
func (m *merged) refresh() bool {
	more := m.more
	list, err := m.look()
	if err != nil {
		m.o.Logger.Error("console: stream", slog.Any("error", err))
		return false
	}
	return slices.Equal(list, m.accounts) && more == m.more || m.follow(list)
}

// look returns the accounts of which the stream is to tell, and remembers whether there are
// more. It fails if the store does.
func (m *merged) look() (list []chatcfg.AccountID, err error) {
	list, err = m.visible(m.ctx, &m.person, m.asked, maxStreamAccounts+1)
	m.more = len(list) > maxStreamAccounts
	return list[:min(len(list), maxStreamAccounts)], err
}

// follow makes the stream tell of these accounts only, and says so; false: it could not be
// written.
func (m *merged) follow(list []chatcfg.AccountID) bool {
	m.accounts = list
	for id := range m.at {
		if !slices.Contains(list, id) {
			delete(m.at, id)
		}
	}
	for id := range m.waiting {
		if !slices.Contains(list, id) {
			delete(m.waiting, id)
		}
	}
	m.l.keep(list)
	for _, id := range list {
		if !m.l.follows(id) {
			m.waiting[id] = true
			m.l.follow(id, m.at[id])
		}
	}
	if there := m.l.follows(m.open.Account); there && m.endOpen == nil {
		var ctx context.Context
		ctx, m.endOpen = context.WithCancel(m.ctx)
		inbox := m.inboxOf(m.open.Account, &m.person)
		m.group.Go(func() { m.tellOpen(ctx, inbox) })
	} else if !there && m.endOpen != nil {
		m.endOpen()
		m.endOpen = nil
	}
	if list == nil {
		list = []chatcfg.AccountID{}
	}
	return m.write(event{name: "accounts", data: accountsEvent{list, m.more}}.String()) && m.tellReady()
}

// leave makes the stream tell nothing more of an account.
func (m *merged) leave(id chatcfg.AccountID) {
	m.l.leave(id)
	delete(m.at, id)
	delete(m.waiting, id)
}

// tellOpen tells typing, read marks and colleagues of the conversation that was asked for, until
// ctx ends or reading it fails.
func (m *merged) tellOpen(ctx context.Context, inbox *charla.Inbox) {
	say := func(e event, err error) bool {
		select {
		case m.out <- openEvent{e, err}:
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
