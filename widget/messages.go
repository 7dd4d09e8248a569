package widget

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/charlahq/charla"
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
	ctx := c.r.Context()
	done, err := c.h.desk.Write(ctx, c.session, text, o)
	if err != nil {
		return err
	}
	var answer struct {
		Message messageBody   `json:"message"`
		Also    []messageBody `json:"also"`
	}
	answer.Message = messageBody{Seq: done.Seq, At: done.At, From: tickets.FromCustomer, Text: text}
	answer.Also = []messageBody{}
	around, err := c.h.desk.Read(ctx, c.session, max(0, done.Seq-beforeMessage-1), beforeMessage+1+afterMessage)
	if err != nil {
		return err
	}
	for i := range around {
		m := &around[i]
		switch {
		case !m.At.Equal(done.At): // another commit's
		case m.Seq == done.Seq:
			answer.Message = messageOf(m)
		case m.From == tickets.FromRule || m.From == tickets.FromWelcome:
			answer.Also = append(answer.Also, messageOf(m))
		}
	}
	c.json(http.StatusCreated, answer)
	return nil
}

// At most so many messages are stored before a customer's in its commit (the
// welcome message, the text of a close that was due), and after it (four replies).
const (
	beforeMessage = 4
	afterMessage  = 4
)

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
