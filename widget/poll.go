package widget

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/charlahq/charla"
)

// maxWait is how many seconds a long poll may wait.
const maxWait = 25

// pageBody is a page of messages; a long poll's has what else is new.
type pageBody struct {
	Messages []messageBody `json:"messages"`
	More     bool          `json:"more"`
	Read     *readBody     `json:"read,omitempty"`
	Typing   *typingBody   `json:"typing,omitempty"`
	Closed   *closedBody   `json:"closed,omitempty"`
}

// readMessages answers with a page of the messages that the session may see (R7.2).
// With "wait" it is a long poll. It fails with errRequest for an invalid parameter, and
// for "before" beside "after" or "wait", as poll does, and if the desk does.
func (c *call) readMessages() error {
	q, err := c.query()
	if err != nil {
		return err
	}
	var after, before, limit, wait int64
	for _, p := range []struct {
		name string
		to   *int64
		def  int64
	}{{"after", &after, 0}, {"before", &before, 0}, {"limit", &limit, usualPage}, {"wait", &wait, 0}} {
		if *p.to, err = number(q, p.name, p.def); err != nil {
			return err
		}
	}
	backwards := q.Has("before")
	if backwards && (q.Has("after") || q.Has("wait")) {
		return errRequest
	}
	n := int(min(max(limit, 1), maxPage))
	if wait > 0 {
		return c.poll(q, after, n, time.Duration(min(wait, maxWait))*time.Second)
	}
	read, err := c.visitor.Messages(c.r.Context(), charla.MessageQuery{
		After: after, Before: before, Newest: backwards, PageQuery: charla.PageQuery{Limit: n + 1},
	})
	if err != nil {
		return err
	}
	list := read.Items
	body := pageBody{More: len(list) > n}
	if body.More && backwards {
		list = list[1:]
	} else if body.More {
		list = list[:n]
	}
	body.Messages = messagesOf(list)
	c.json(http.StatusOK, body)
	return nil
}

// poll answers as soon as there is something new: a message, or a state of the other side that
// differs from what the page's parameters say; else when wait is over. It fails with
// errRequest for an invalid parameter, as [Handler.begin] does, and if the desk does.
func (c *call) poll(q url.Values, after int64, n int, wait time.Duration) error {
	agent, err := number(q, "agent", -1)
	if err != nil {
		return err
	}
	customer, err := number(q, "customer", -1)
	if err != nil {
		return err
	}
	typing := q.Get("typing")
	s, err := c.newStream()
	if err != nil {
		return err
	}
	ctx, err := c.h.begin(c.r.Context(), s)
	if err != nil {
		return err
	}
	defer c.h.end(s)
	c.writeWithin(wait + c.h.o.Streams.WriteTimeout)

	body := pageBody{Messages: []messageBody{}, Read: &readBody{}, Typing: &typingBody{}}
	ready := false
	for u, err := range c.visitor.Live(ctx, after, wait) {
		switch {
		case err != nil && errors.Is(context.Cause(ctx), errClosing):
			c.json(http.StatusOK, body)
			return nil
		case err != nil:
			return err
		case u.Message != nil:
			body.Messages = append(body.Messages, messageOf(u.Message))
			body.More = len(body.Messages) > n
		case u.Typing != nil && !s.private:
			body.Typing.Agent = *u.Typing
		case u.Read != nil && !s.private:
			*body.Read = readOf(*u.Read)
		case u.Closed != nil && !s.private:
			body.Closed = closedOf(*u.Closed)
		}
		news := ready || body.More
		if !ready && u == (charla.Update{}) {
			ready = true
			// That somebody stopped typing is no news at once: between two polls
			// nobody may have kept it.
			news = len(body.Messages) > 0 || typing == "false" && body.Typing.Agent ||
				agent >= 0 && agent != body.Read.Agent || customer >= 0 && customer != body.Read.Customer ||
				q.Has("closed") && (q.Get("closed") == "true") != (body.Closed != nil)
		}
		if news {
			break
		}
	}
	if body.Closed != nil && len(body.Messages) > 0 { // a message may have begun another ticket
		status, err := c.visitor.Status(ctx)
		if err != nil {
			return err
		}
		body.Closed = closedOf(status.Closed)
	}
	body.Messages = body.Messages[:min(n, len(body.Messages))]
	c.json(http.StatusOK, body)
	return nil
}
