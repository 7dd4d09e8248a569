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
	"github.com/charlahq/charla/chatcfg"
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
	// of is the account of which it tells; zero: the stream's own.
	of chatcfg.AccountID
}

// changeEvent says that a conversation changed; the page then asks for itself
// again. Text says that a customer has just spoken, in the message Seq, and Sound that the
// account wants that to be heard.
type changeEvent struct {
	Account      string `json:"account"`
	Conversation string `json:"conversation"`
	Seq          int64  `json:"seq,omitempty"`
	Sound        bool   `json:"sound,omitempty"`
	Name         string `json:"name,omitempty"`
	Text         string `json:"text,omitempty"`
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

	if err := v.stillThere(); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no")
	out := make(chan event, 16)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	inbox := v.agent().Inbox() // the person's own: colleagues are others
	feed := func(read func() error) {
		group.Go(func() {
			defer cancel() // the browser comes back
			if err := read(); err != nil && ctx.Err() == nil {
				v.o.Logger.Error("console: stream", slog.Any("error", err))
			}
		})
	}
	feed(func() error { return v.feed(ctx, inbox, v.r.Header.Get("Last-Event-ID"), out) })
	if conversation, err := parseID(v.r.URL.Query().Get("conversation")); err == nil {
		ref := tickets.Ref{Conversation: tickets.ConversationID{UUID: conversation}}
		feed(func() error { return v.typing(ctx, inbox, ref, out) })
	}
	others, err := v.otherAccounts()
	if err != nil {
		return err
	}
	for _, one := range others {
		feed(func() error { return v.feedOther(ctx, one, out) })
	}
	v.stream(ctx, mine, out)
	return nil
}

// stream writes events until the page, the login, the console or a feed ends.
func (v *visit) stream(ctx context.Context, mine *stream, out <-chan event) {
	write := v.eventWriter()
	asked, beaten := v.now(), v.now()
	for alive := write("retry: 2000\n\n"); alive; {
		var next event
		select {
		case <-ctx.Done():
			return
		case <-mine.poke:
		case next = <-out:
		}
		now := v.now()
		if mine.stale.Swap(false) || now.Sub(asked).Abs() >= RecheckEvery {
			if asked = now; !v.stillAdmitted() {
				write(event{name: "out", data: struct{}{}}.String())
				return // not a word more
			}
		}
		if now.Sub(beaten).Abs() >= eventBeat {
			beaten = now
			if v.stillThere() != nil || !write(": beat\n\n") {
				return
			}
		}
		if next.name != "" && (next.of.IsZero() || v.person.sees(next.of)) {
			alive = write(next.String())
		}
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
	p, _, err := v.admit(v.route, v.r)
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

// feed sends a change for each conversation of the account that changes.
func (v *visit) feed(ctx context.Context, inbox *charla.Inbox, cursor string, out chan<- event) error {
	if cursor == "" {
		cursor = charla.InboxEnd
	}
	heard := map[tickets.ConversationID]int64{}
	since, at := v.now(), ""
	for row, err := range inbox.Live(ctx, cursor, RecheckEvery) {
		if errors.Is(err, charla.ErrCursor) && cursor != charla.InboxEnd { // of another database
			if !send(ctx, out, event{name: "again", data: struct{}{}}) {
				return nil
			}
			return v.feed(ctx, inbox, "", out)
		} else if err != nil {
			return err
		}
		if row.Number == 0 { // caught up; from here the page goes on when it is cut off
			next := event{name: "ready", id: row.Cursor, data: struct{}{}}
			if row.Cursor == at {
				next = event{}
			}
			if at = row.Cursor; !send(ctx, out, next) {
				return nil
			}
			continue
		}
		data, err := v.changed(ctx, v.account, &row, heard, since)
		if err != nil {
			return err
		}
		if !send(ctx, out, event{name: "change", id: row.Cursor, data: data}) {
			return nil
		}
	}
	return nil
}

// changed returns the event for a changed conversation. It has a text and a sound if
// the customer has written since.
func (v *visit) changed(ctx context.Context, in *account, row *charla.Row, heard map[tickets.ConversationID]int64, since time.Time) (changeEvent, error) {
	id := row.Ref.Conversation
	data := changeEvent{Account: in.ID().String(), Conversation: id.String()}
	list, err := in.Inbox().Messages(ctx, row.Ref, charla.MessageQuery{After: heard[id], Newest: true, PageQuery: charla.PageQuery{Limit: 10}})
	if err != nil || len(list.Items) == 0 {
		return data, err
	}
	if len(heard) > 10_000 {
		clear(heard)
	}
	for _, m := range list.Items {
		if m.From == tickets.FromCustomer && m.At.After(since) {
			data.Sound, data.Text, data.Seq = true, m.Text, m.Seq
		}
	}
	heard[id] = list.Items[len(list.Items)-1].Seq
	if !data.Sound {
		return data, nil
	}
	cfg, _, err := in.Config(ctx)
	data.Sound, data.Name = cfg.Chat.Sound, v.nameOf(&row.Customer)
	return data, err
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
