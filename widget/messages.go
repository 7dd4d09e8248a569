package widget

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	// Ticket is what the visitor ends, and rates later (R14.2).
	Ticket tickets.Number `json:"ticket"`
	// Bot says that an automated agent wrote it; From and Name then are as an agent's, the
	// name marked (R12.1).
	Bot  bool      `json:"bot,omitempty"`
	Text string    `json:"text"`
	File *fileBody `json:"file,omitempty"`
}

// fileBody is what a visitor sees of an attachment: it is fetched by the
// message's sequence, not by its own ID.
type fileBody struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
	// Inline says that the page may show the picture.
	Inline bool `json:"inline,omitempty"`
}

// messageOf returns what a visitor sees of a message.
func messageOf(m *tickets.Message) messageBody {
	b := messageBody{Seq: m.Seq, At: m.At, From: m.From, Name: m.Name, Ticket: m.Ticket, Text: m.Text}
	if m.From == tickets.FromBot {
		b.Bot, b.From, b.Name = true, tickets.FromAgent, markBot(m.Name)
	}
	if f := m.File; f != nil {
		b.File = &fileBody{f.Name, f.Type, f.Size, f.Inline}
	}
	return b
}

// markBot returns a bot's name as visitors read it.
func markBot(name string) string { return strings.TrimPrefix(name+" · bot", " · ") }

// messagesOf returns what a visitor sees of messages; never nil.
func messagesOf(list []tickets.Message) []messageBody {
	bodies := make([]messageBody, len(list))
	for i := range list {
		bodies[i] = messageOf(&list[i])
	}
	return bodies
}

// writeMessage stores what the customer wrote and answers as write does. It fails if
// the limit of the session's messages is reached, and as fields and write do.
func (c *call) writeMessage() error {
	if err := c.h.limits.message.take(c.token, c.now); err != nil {
		return err
	}
	var key, text string
	var welcome bool
	if err := c.fields(map[string]any{"key": &key, "text": &text, "welcome": &welcome}); err != nil {
		return err
	}
	return c.write(text, welcome, &charla.WriteOptions{Key: key})
}

// write stores a message and answers with 201, it and the messages that were stored
// with it. With welcome, the message answers the welcome message, which is stored, too
// (R6.5). A message without a key is errRequest; else it fails as
// [charla.Visitor.Write] does, and as loadSession and readWritten do.
func (c *call) write(text string, welcome bool, o *charla.WriteOptions) error {
	if o.Key == "" { // without one a repetition would be another message
		return errRequest
	}
	if w := &c.chat.Welcome; welcome && w.Enabled {
		if err := c.loadSession(); err != nil { // it was shown in the session's language
			return err
		}
		o.Welcome = &tickets.Welcome{Text: w.Text.In(c.speaks(), c.chat.Locale), Author: w.Author}
	}
	done, err := c.visitor.Write(c.r.Context(), text, o)
	if err != nil {
		return err
	}
	answer := writtenBody{
		Message: messageBody{Seq: done.Seq, At: done.At, From: tickets.FromCustomer, Text: text},
		Also:    []messageBody{},
	}
	if done.First < done.Last || o.File != nil {
		if err := c.readWritten(&answer, &done); err != nil {
			return err
		}
	}
	c.json(http.StatusCreated, answer)
	return nil
}

// writtenBody is what a visitor is told of a message that they wrote.
type writtenBody struct {
	Message messageBody `json:"message"`
	// Also are the messages that the rules and the welcome message added.
	Also []messageBody `json:"also"`
}

// readWritten reads into answer the messages that a write stored, none of which is an
// agent's. It reads them where they were stored: a repeated write may have been answered
// before the session logged in. If the message is purged, answer stays as it is. It fails if
// the desk does.
func (c *call) readWritten(answer *writtenBody, done *charla.Result) error {
	stored, err := c.account.Inbox().Messages(c.r.Context(), done.Ref, charla.MessageQuery{After: done.First - 1, Before: done.Last + 1})
	if err != nil {
		return err
	}
	list := stored.Items
	at := slices.IndexFunc(list, func(m tickets.Message) bool { return m.Seq == done.Seq })
	if at < 0 { // purged meanwhile
		return nil
	}
	own := list[at]
	answer.Message = messageOf(&own)
	for i := range list {
		// A close that was due is of who wrote before, whom the e-mail that the session
		// only claims found (R7.2).
		mine := list[i].Session == own.Session || own.Level == tickets.LevelVerified
		if i != at && mine {
			answer.Also = append(answer.Also, messageOf(&list[i]))
		}
	}
	return nil
}

// number returns a parameter that is a number from zero, or def if it is missing. Anything
// else is errRequest.
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

// typing tells the agents that the customer is typing, and answers with 204. It fails
// as fields and quietly do.
func (c *call) typing() error {
	if err := c.fields(nil); err != nil {
		return err
	}
	return c.quietly(func() error { return c.visitor.Typing(c.r.Context()) })
}

// markRead records how far the customer has read, and answers with 204. It fails with
// errRequest for a number below zero, and as fields and quietly do.
func (c *call) markRead() error {
	var seq int64
	if err := c.fields(map[string]any{"seq": &seq}); err != nil {
		return err
	}
	if seq < 0 {
		return errRequest
	}
	return c.quietly(func() error { return c.visitor.MarkRead(c.r.Context(), seq) })
}

// quietly calls do if the conversation is the session's own ([call.hasWritten]), and
// answers with 204 either way. It fails as hasWritten or do does.
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
