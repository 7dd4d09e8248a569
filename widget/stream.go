package widget

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"runtime/debug"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
)

// errClosing ends a stream when the handler closes.
var errClosing = errors.New("widget: closing")

// stream is one stream or long poll that is open.
type stream struct {
	seat seat
	stop context.CancelCauseFunc
	// private keeps the other side's typing and reading from a session that has
	// not written in the conversation that its claimed e-mail found (R7.2).
	private bool
}

// begin counts a stream as open, and returns its context, which Close ends; end must be
// called. It fails with errBusy if the handler is closed, and with a [*failure] if a
// limit is reached.
func (h *Handler) begin(ctx context.Context, s *stream) (context.Context, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errBusy
	}
	if err := h.seats.take(s.seat); err != nil {
		return nil, err
	}
	ctx, s.stop = context.WithCancelCause(ctx)
	if h.streams == nil {
		h.streams = make(map[*stream]struct{})
	}
	h.streams[s] = struct{}{}
	h.open.Add(1)
	return ctx, nil
}

// end ends a stream, frees its seat and no longer keeps Close waiting for it.
func (h *Handler) end(s *stream) {
	s.stop(nil)
	h.seats.release(s.seat)
	h.mu.Lock()
	delete(h.streams, s)
	h.mu.Unlock()
	h.open.Done()
}

// newStream returns a stream of the call's session, which it loads. It fails as hasWritten
// does.
func (c *call) newStream() (*stream, error) {
	own, err := c.hasWritten()
	return &stream{seat: seat{c.session.ID, c.account.ID(), c.address}, private: !own}, err
}

type updates = iter.Seq2[charla.Update, error]

// hasWritten loads the session and reports whether the conversation is its own. It is not if
// only a claimed e-mail found it and the session has no message there: then the session must
// not learn what others do in it (R7.2). It fails as loadSession does, or if the desk does.
func (c *call) hasWritten() (bool, error) {
	if err := c.loadSession(); err != nil {
		return false, err
	}
	if c.session.Identity.Kind != tickets.IdentityClaimedEmail {
		return true, nil
	}
	last, err := c.visitor.Messages(c.r.Context(), charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 1}})
	return len(last.Items) > 0, err
}

// stream answers with the session's messages as they come, as server-sent events
// (R8.3). A reader that is too slow is cut off, and may go on from the last sequence it
// has. It fails with errRequest for an invalid parameter, as newStream does, with
// errNoStream if the server cannot stream, and as [Handler.begin] does; a stream that
// breaks later is no error.
func (c *call) stream() error {
	q, err := c.query()
	if err != nil {
		return err
	}
	after, err := number(q, "after", 0)
	if err != nil {
		return err
	}
	s, err := c.newStream()
	if err != nil {
		return err
	}
	h := c.h
	request := c.r.Context()
	parent := request
	if c.takesOver() { // what is taken over outlives its request
		parent = context.Background()
	}
	ctx, err := h.begin(parent, s)
	if err != nil {
		return err
	}
	live := c.visitor.Live(ctx, after, h.o.Streams.Beat)
	out, err := c.openSink()
	switch {
	case errors.Is(err, errNoStream):
		h.end(s)
		return err
	case err != nil: // the reader is gone
		h.end(s)
	case out.conn != nil:
		go h.alone(ctx, s, out, live)
	default:
		if parent != request { // it could not be
			context.AfterFunc(request, func() { s.stop(context.Canceled) })
		}
		c.park = func() { h.pump(ctx, s, out, live) }
	}
	return nil
}

// coalesce is how many bytes of stored messages are written at once.
const coalesce = 16 << 10

// pump writes a stream until it ends, on the caller's goroutine, and frees its seat.
func (h *Handler) pump(ctx context.Context, s *stream, out *sink, live updates) {
	defer h.end(s)
	h.write(ctx, s, out, live)
}

// write writes a stream's updates until it ends, and closes out.
func (h *Handler) write(ctx context.Context, s *stream, out *sink, live updates) {
	defer out.close()
	var b []byte // nothing while the stream is idle
	ready := false
	for u, err := range live {
		if err != nil {
			h.last(ctx, err, b, out)
			return
		}
		switch {
		case u.Message != nil:
			b = appendEvent(b, "message", u.Message.Seq, encode(messageOf(u.Message)))
			s.private = s.private && u.Message.From != tickets.FromCustomer
		case u.Typing != nil && !s.private:
			b = appendEvent(b, "typing", 0, encode(typingBody{*u.Typing}))
		case u.Read != nil && !s.private:
			b = appendEvent(b, "read", 0, encode(readOf(*u.Read)))
		case u.Closed != nil && !s.private:
			b = appendEvent(b, "closed", 0, encode(closedOrNot(*u.Closed)))
		case u == (charla.Update{}) && !ready:
			ready = true
			b = appendEvent(b, "ready", 0, []byte("{}"))
		case u == (charla.Update{}):
			b = append(b, ":\n\n"...)
		}
		if len(b) == 0 || !ready && len(b) < coalesce {
			continue
		}
		if out.send(b) != nil {
			return
		}
		b = nil
	}
}

// alone is pump for a goroutine of its own. It logs a panic before it frees the seat, so that
// nothing of a stream is left to do once [Handler.Close] has returned.
func (h *Handler) alone(ctx context.Context, s *stream, out *sink, live updates) {
	defer h.end(s)
	defer func() {
		if p := recover(); p != nil {
			h.o.Logger.ErrorContext(ctx, "widget: stream panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	h.write(ctx, s, out, live)
}

// last sends the rest of the events, and an event with the reason why the stream ends, if the
// reader should act on it. It logs other errors.
func (h *Handler) last(ctx context.Context, err error, b []byte, out *sink) {
	var code string
	switch {
	case errors.Is(context.Cause(ctx), errClosing):
		code = "closing"
	case ctx.Err() != nil:
		return // the reader went
	case errors.Is(err, charla.ErrSession), errors.Is(err, charla.ErrDeleted):
		code = "session"
	default: // cut: it comes back
		h.o.Logger.ErrorContext(ctx, "widget: stream failed", "error", err)
		return
	}
	_ = out.send(appendEvent(b, "end", 0, encode(endBody{code})))
}

// The data of events.
type (
	typingBody struct {
		Agent bool `json:"agent"`
	}
	readBody struct {
		Agent    int64 `json:"agent"`
		Customer int64 `json:"customer"`
	}
	endBody struct {
		Code string `json:"code"`
	}
)

// readOf returns marks as a visitor gets them.
func readOf(m tickets.Marks) readBody { return readBody{m.Agent, m.Customer} }

// encode returns a value of one of our own types as JSON. It panics if JSON cannot hold
// it.
func encode(body any) []byte {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("widget: " + err.Error()) // our own types
	}
	return raw
}
