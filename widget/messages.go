package widget

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// The sizes of a page of messages.
const (
	usualPage = 50
	maxPage   = 200
)

// messageBody is what a visitor sees of a message. The agent's ID, the rule's
// name, the level and the session stay here.
type messageBody struct {
	Seq  int64          `json:"seq"`
	At   time.Time      `json:"at"`
	From tickets.Author `json:"from"`
	Name string         `json:"name,omitempty"`
	Text string         `json:"text"`
	File *fileBody      `json:"file,omitempty"`
}

// fileBody is what a visitor sees of an attachment: it is fetched by the
// message's sequence, not by its own ID.
type fileBody struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

func messageOf(m *tickets.Message) messageBody {
	b := messageBody{Seq: m.Seq, At: m.At, From: m.From, Name: m.Name, Text: m.Text}
	if f := m.File; f != nil {
		b.File = &fileBody{f.Name, f.Type, f.Size}
	}
	return b
}

func messagesOf(list []tickets.Message) []messageBody {
	bodies := make([]messageBody, len(list))
	for i := range list {
		bodies[i] = messageOf(&list[i])
	}
	return bodies
}

// writeMessage stores what the customer wrote.
func (c *call) writeMessage() error {
	if err := c.h.limits.message.take(c.session.ID, c.now); err != nil {
		return err
	}
	var key, text string
	var welcome bool
	if err := c.fields(map[string]any{"key": &key, "text": &text, "welcome": &welcome}); err != nil {
		return err
	}
	return c.write(text, welcome, &charla.CallOptions{Key: key})
}

// write stores a message and answers it with what was stored along. welcome says
// that it answers the welcome message, whose text is the configuration's (R6.5).
func (c *call) write(text string, welcome bool, o *charla.CallOptions) error {
	if o.Key == "" { // without one a repetition would be another message
		return errRequest
	}
	if w := c.chat.Welcome; welcome && w.Enabled {
		o.Welcome = &tickets.Welcome{Text: w.Text.In(c.visitor(), c.chat.Locale), Author: w.Author}
	}
	done, err := c.h.desk.Write(c.r.Context(), c.session, text, o)
	if err != nil {
		return err
	}
	var answer struct {
		Message messageBody   `json:"message"`
		Also    []messageBody `json:"also"`
	}
	answer.Message = messageBody{Seq: done.Seq, At: done.At, From: tickets.FromCustomer, Text: text}
	answer.Also = []messageBody{}
	stored, err := c.stored(done)
	if err != nil {
		return err
	}
	for i := range stored {
		if m := &stored[i]; m.Seq == done.Seq {
			answer.Message = messageOf(m)
		} else {
			answer.Also = append(answer.Also, messageOf(m))
		}
	}
	c.json(http.StatusCreated, answer)
	return nil
}

// stored reads the messages that a write of the session stored, of those that the
// session may read (R7.2). It looks where they were stored: a repeated write may have
// been answered before the session logged in.
func (c *call) stored(done charla.Result) ([]tickets.Message, error) {
	q := storage.MessageQuery{
		Account: done.Ref.Account, Conversation: done.Ref.Conversation, After: done.First - 1, Before: done.Last + 1,
	}
	if own := done.Ref.Conversation == c.session.Conversation; !own || c.session.Customer.Level != tickets.LevelVerified {
		q.Session = c.session.ID
	}
	return c.h.desk.Messages(c.r.Context(), q)
}

// number is a parameter that is a number from zero; def if it is missing.
func number(q url.Values, name string, def int64) (int64, error) {
	values := q[name]
	switch len(values) {
	case 0:
		return def, nil
	case 1:
		n, err := strconv.ParseInt(values[0], 10, 64)
		if err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, errRequest
}

// typing says that the customer is typing.
func (c *call) typing() error {
	if err := c.fields(nil); err != nil {
		return err
	}
	return c.quietly(func() error { return c.h.desk.Typing(c.r.Context(), c.session) })
}

// markRead says how far the customer has read.
func (c *call) markRead() error {
	var seq int64
	if err := c.fields(map[string]any{"seq": &seq}); err != nil {
		return err
	}
	if seq < 0 {
		return errRequest
	}
	return c.quietly(func() error { return c.h.desk.MarkRead(c.r.Context(), c.session, seq) })
}

// quietly does what a session may do in a conversation of its own, and answers
// alike where it may not.
func (c *call) quietly(do func() error) error {
	own, err := c.hasWritten()
	if err == nil && own {
		err = do()
	}
	if err != nil {
		return err
	}
	c.noContent()
	return nil
}
