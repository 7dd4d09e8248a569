package site

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

// eventBeat is how often an open page says that its agent is still there (R4.7),
// eventWrite how long a write to it may take.
const (
	eventBeat  = 25 * time.Second
	eventWrite = 10 * time.Second
)

// event is one line of a stream.
type event struct {
	name, id string
	data     any
}

// changeEvent says that a conversation changed; the page then asks for itself
// again. Sound says that a customer has just spoken and the account wants that
// to be heard.
type changeEvent struct {
	Conversation string `json:"conversation"`
	Sound        bool   `json:"sound,omitempty"`
	Name         string `json:"name,omitempty"`
	Text         string `json:"text,omitempty"`
}

// events streams to a page what keeps it live: the account's feed and, for the
// conversation on it, typing and read marks. A page whose connection broke goes on from
// the cursor that it has.
func (v *visit) events() error {
	account, err := parseID(v.r.URL.Query().Get("account"))
	if err != nil {
		return err
	}
	a := v.desk.Account(chatcfg.AccountID{UUID: account})
	if _, err := a.Info(v.r.Context()); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(v.r.Context())
	defer cancel()
	defer context.AfterFunc(v.closing, cancel)()

	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("X-Accel-Buffering", "no")
	out := make(chan event, 16)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	feed := func(read func() error) {
		group.Go(func() {
			defer cancel() // the browser comes back
			if err := read(); err != nil && ctx.Err() == nil {
				v.o.Logger.Error("desk: stream", slog.Any("error", err))
			}
		})
	}
	if err := v.stillThere(ctx); err != nil {
		return err
	}
	feed(func() error { return v.feed(ctx, a.Inbox(), v.r.Header.Get("Last-Event-ID"), out) })
	if conversation, err := parseID(v.r.URL.Query().Get("conversation")); err == nil {
		ref := tickets.Ref{Conversation: tickets.ConversationID{UUID: conversation}}
		feed(func() error { return v.typing(ctx, a.Inbox(), ref, out) })
	}
	v.stream(ctx, out)
	return nil
}

// stream writes events until the page, the session, the site or a feed ends.
func (v *visit) stream(ctx context.Context, out <-chan event) {
	beat := time.NewTicker(eventBeat)
	defer beat.Stop()
	control := http.NewResponseController(v.w)
	write := func(text string) bool {
		if err := control.SetWriteDeadline(time.Now().Add(eventWrite)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return false
		}
		_, err := v.w.Write([]byte(text))
		return err == nil && control.Flush() == nil
	}
	alive := write("retry: 2000\n\n")
	for alive {
		select {
		case <-ctx.Done():
			return
		case e := <-out:
			if _, ok := v.sessions.get(v.id, v.desk.Now()); !ok {
				return // logged out: not a word more
			}
			alive = write(e.String())
		case <-beat.C:
			_, ok := v.sessions.get(v.id, v.desk.Now())
			alive = ok && v.stillThere(ctx) == nil && write(": beat\n\n")
		}
	}
}

// String returns the event as it is sent.
func (e event) String() string {
	data, err := json.Marshal(e.data)
	if err != nil {
		panic("desk: " + err.Error()) // of types that always encode
	}
	text := "event: " + e.name + "\ndata: " + string(data) + "\n"
	if e.id != "" {
		text += "id: " + e.id + "\n"
	}
	return text + "\n"
}

// stillThere repeats the heartbeat of an agent who is online; for any other it does
// nothing.
func (v *visit) stillThere(ctx context.Context) error {
	one, ok := v.sessions.get(v.id, v.desk.Now())
	if !ok || one.Presence != tickets.Online {
		return nil
	}
	return v.heartbeat(tickets.Online)
}

// feed sends a change for each conversation of the account that changes.
func (v *visit) feed(ctx context.Context, inbox *charla.Inbox, cursor string, out chan<- event) error {
	if cursor == "" {
		cursor = charla.InboxEnd
	}
	heard := map[tickets.ConversationID]int64{}
	since := v.desk.Now()
	for row, err := range inbox.Live(ctx, cursor, 0) {
		if errors.Is(err, charla.ErrCursor) && cursor != charla.InboxEnd { // of another database
			if !send(ctx, out, event{name: "again", data: struct{}{}}) {
				return nil
			}
			return v.feed(ctx, inbox, "", out)
		} else if err != nil {
			return err
		}
		if row.Number == 0 { // caught up; from here the page goes on when it is cut off
			if !send(ctx, out, event{"ready", row.Cursor, struct{}{}}) {
				return nil
			}
			continue
		}
		data, err := v.changed(ctx, inbox, &row, heard, since)
		if err != nil {
			return err
		}
		if !send(ctx, out, event{"change", row.Cursor, data}) {
			return nil
		}
	}
	return nil
}

// changed returns the event for a changed conversation. It has a text and a sound if
// the customer has written since.
func (v *visit) changed(ctx context.Context, inbox *charla.Inbox, row *charla.Row, heard map[tickets.ConversationID]int64, since time.Time) (changeEvent, error) {
	id := row.Ref.Conversation
	data := changeEvent{Conversation: id.String()}
	list, err := inbox.Messages(ctx, row.Ref, charla.MessageQuery{After: heard[id], Newest: true, PageQuery: charla.PageQuery{Limit: 10}})
	if err != nil || len(list.Items) == 0 {
		return data, err
	}
	if len(heard) > 10_000 {
		clear(heard)
	}
	for _, m := range list.Items {
		if m.From == tickets.FromCustomer && m.At.After(since) {
			data.Sound, data.Text = true, m.Text
		}
	}
	heard[id] = list.Items[len(list.Items)-1].Seq
	if !data.Sound {
		return data, nil
	}
	cfg, _, err := v.desk.Account(row.Ref.Account).Config(ctx)
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
