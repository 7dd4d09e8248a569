package console

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// RecheckEvery is how often a stream asks again who it belongs to.
const RecheckEvery = 3 * time.Second

// eventBeat is how often an open page says that its agent is still there (R4.7),
// eventWrite how long a write to it may take.
const (
	eventBeat  = 25 * time.Second
	eventWrite = 10 * time.Second
)

// event is one line of a stream; one without a name is a beat: nothing is new.
type event struct {
	name, id string
	data     any
}

// changeEvent says that a conversation changed; the page then asks for itself
// again. Text says that a customer has just spoken, in the message Seq, and Sound that the
// account wants that to be heard.
type changeEvent struct {
	Account      string `json:"account"`
	Conversation string `json:"conversation"`
	// Ticket is the number of the ticket that changed.
	Ticket tickets.Number `json:"ticket,omitempty"`
	Seq    int64          `json:"seq,omitempty"`
	Sound  bool           `json:"sound,omitempty"`
	Name   string         `json:"name,omitempty"`
	Text   string         `json:"text,omitempty"`
}

// pageStream is the stream of a page.
type pageStream struct {
	*visit
	ctx context.Context //nolint:containedctx // it lasts as long as its request
	l   *listener
	// out has what is done in the conversation on the page.
	out   chan event
	write func(string) bool
	// heard is the last message of which it told, by conversation; since is when it began.
	heard map[tickets.ConversationID]int64
	since time.Time
}

// events streams to a page what keeps it live: the account's feed, what customers write in
// the other accounts that the person sees, and, for the conversation on it, typing, read marks
// and colleagues. A page whose connection broke goes on from
// the cursor that it has.
func (v *visit) events() error {
	ctx, cancel := context.WithCancel(v.r.Context())
	defer cancel()
	defer context.AfterFunc(v.closing, cancel)()
	mine, leave, err := v.streams.open(v.person.ID)
	if err != nil {
		return err
	}
	defer leave()

	s := &pageStream{
		visit: v, ctx: ctx, l: v.followers.listen(), out: make(chan event, 16),
		heard: map[tickets.ConversationID]int64{}, since: v.now(),
	}
	s.beat(true)
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no")
	var group sync.WaitGroup
	defer group.Wait()
	defer s.l.close()
	defer cancel()
	if conversation, err := parseID(v.r.URL.Query().Get("conversation")); err == nil {
		ref := tickets.Ref{Conversation: tickets.ConversationID{UUID: conversation}}
		inbox := v.agent().Inbox() // the person's own: colleagues are others
		group.Go(func() {
			defer cancel() // the browser comes back
			if err := v.typing(ctx, inbox, ref, s.out); err != nil && ctx.Err() == nil {
				v.o.Logger.Error("console: stream", slog.Any("error", err))
			}
		})
	}
	s.l.follow(v.account.ID(), v.r.Header.Get("Last-Event-ID"))
	s.follow()
	s.run(mine)
	return nil
}

// follow makes the stream tell of the accounts that the person sees beside the page's. If
// they cannot be read it stays with those that it has.
func (s *pageStream) follow() {
	list, err := s.visible(s.ctx, &s.person, nil, maxSources)
	if err != nil {
		if s.ctx.Err() == nil {
			s.o.Logger.Error("console: stream", slog.Any("error", err))
		}
		return
	}
	s.l.keep(append(list, s.account.ID()))
	for _, id := range list {
		s.l.follow(id, "")
	}
}

// run writes events until the page, the login or the console ends.
func (s *pageStream) run(mine *stream) {
	s.write = s.eventWriter()
	tick := newTicker(RecheckEvery)
	defer tick.Stop()
	beaten := s.now()
	for alive := s.write("retry: 2000\n\n"); alive; {
		var next event
		var news []tidings
		select {
		case <-s.ctx.Done():
			return
		case <-mine.poke:
		case <-tick.C:
		case next = <-s.out:
		case one := <-s.l.direct:
			news = []tidings{one}
		case <-s.l.news:
			news = s.l.take()
		}
		if !s.admitted(mine) {
			return
		}
		if now := s.now(); now.Sub(beaten).Abs() >= eventBeat {
			beaten, alive = now, s.write(": beat\n\n")
		}
		if next.name != "" {
			alive = alive && s.write(next.String())
		}
		for i := range news {
			// A reader who reads slowly holds up what comes next, perhaps beyond their login.
			if !alive || !s.admitted(mine) {
				return
			}
			alive = s.tell(&news[i])
		}
	}
}

// admitted asks again who the stream belongs to, when that is due; false: they may have it no
// more, and it says nothing but that.
func (s *pageStream) admitted(mine *stream) bool {
	if !mine.due(s.now()) {
		return true
	}
	if !s.stillAdmitted() {
		s.write(event{name: "out", data: struct{}{}}.String())
		return false
	}
	s.follow()
	s.beat(false)
	return true
}

// tell writes what the stream heard of an account; false: it is to end.
func (s *pageStream) tell(one *tidings) bool {
	own := one.of.id == s.account.ID()
	if !s.person.sees(one.of.id) || !s.l.follows(one.of.id) {
		return true
	}
	switch one.kind {
	case tidingsChange:
		e := event{name: "change", data: s.changed(one.change)}
		if own {
			e.id = one.cursor
		}
		return s.write(e.String())
	case tidingsReady:
		return !own || s.write(event{name: "ready", id: one.cursor, data: struct{}{}}.String())
	case tidingsAgain:
		return s.write(event{name: "again", data: struct{}{}}.String())
	case tidingsGone:
		s.l.leave(one.of.id)
		return !own
	}
	s.o.Logger.Error("console: stream", slog.Any("error", one.err))
	return false // the browser comes back
}

// beat says that the person is still there, if no other stream of theirs has said so; first: in
// any case. An account in which that fails does not end the stream.
func (s *pageStream) beat(first bool) {
	if s.prefs.Presence != tickets.Online || !s.streams.beats(s.person.ID, s.now(), first) {
		return
	}
	if err := s.stillThere(); err != nil && s.ctx.Err() == nil {
		s.o.Logger.Error("console: presence", slog.Any("error", err))
	}
}

// eventWriter returns a function that writes a part of a stream, and reports whether that
// went well.
func (v *visit) eventWriter() func(text string) bool {
	control := http.NewResponseController(v.w)
	return func(text string) bool {
		if err := control.SetWriteDeadline(networkTime().Add(eventWrite)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return false
		}
		_, err := v.w.Write([]byte(text))
		return err == nil && control.Flush() == nil
	}
}

// stillAdmitted reports whether the same person may still have the stream.
func (v *visit) stillAdmitted() bool {
	p, _, err := v.admitPerson(v.route, v.r)
	if err != nil || p.ID != v.person.ID {
		return false
	}
	v.person = p
	return true
}

// String returns the event as it is sent.
func (e event) String() string {
	data, err := json.Marshal(e.data)
	if err != nil {
		panic("console: " + err.Error()) // of types that always encode
	}
	text := "event: " + e.name + "\ndata: " + string(data) + "\n"
	if e.id != "" {
		text += "id: " + e.id + "\n"
	}
	return text + "\n"
}

// changed returns the event for a changed conversation. It has a text and a sound if
// the customer has written since. What cannot be read is left out: the page asks again.
func (s *pageStream) changed(c *change) changeEvent {
	id := c.Ref.Conversation
	data := changeEvent{Account: c.f.id.String(), Conversation: id.String(), Ticket: c.Number}
	list, sound, err := c.said()
	if err != nil && s.ctx.Err() == nil {
		s.o.Logger.Error("console: stream", slog.Any("error", err))
	}
	if err != nil || len(list) == 0 {
		return data
	}
	if len(s.heard) > 10_000 {
		clear(s.heard)
	}
	for _, m := range list {
		if m.From == tickets.FromCustomer && m.At.After(s.since) && m.Seq > s.heard[id] {
			if data.Text, data.Seq = m.Text, m.Seq; m.Text == "" && m.File != nil {
				data.Text = m.File.Name
			}
		}
	}
	s.heard[id] = list[len(list)-1].Seq
	if data.Seq > 0 {
		data.Sound, data.Name = sound, s.nameOf(&c.Customer)
	}
	return data
}

// typing sends a conversation's typing and read marks.
func (v *visit) typing(ctx context.Context, inbox *charla.Inbox, ref tickets.Ref, out chan<- event) error {
	last, err := inbox.Messages(ctx, ref, charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 1}})
	if err != nil {
		return err
	}
	after := int64(0)
	if len(last.Items) > 0 {
		after = last.Items[0].Seq
	}
	for u, err := range inbox.Follow(ctx, ref, after, 0) {
		if err != nil {
			return err
		}
		ok := true
		switch {
		case u.Typing != nil:
			ok = send(ctx, out, event{name: "typing", data: *u.Typing})
		case u.Colleague != nil:
			var data colleagueEvent
			if data, err = v.colleague(u.Colleague); err != nil {
				return err
			}
			ok = send(ctx, out, event{name: "colleague", data: data})
		case u.Read != nil:
			ok = send(ctx, out, event{name: "read", data: u.Read})
		}
		if !ok {
			return nil
		}
	}
	return nil
}

// send puts an event into out; false: ctx has ended.
func send(ctx context.Context, out chan<- event, e event) bool {
	select {
	case out <- e:
		return true
	case <-ctx.Done():
		return false
	}
}
