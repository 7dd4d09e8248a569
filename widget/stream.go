package widget

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/url"
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

// begin gives a stream its seat.
func (h *Handler) begin(ctx context.Context, s *stream) (context.Context, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errBusy
	}
	if err := h.seats.sit(s.seat); err != nil {
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

func (h *Handler) end(s *stream) {
	s.stop(nil)
	h.seats.stand(s.seat)
	h.mu.Lock()
	delete(h.streams, s)
	h.mu.Unlock()
	h.open.Done()
}

// newStream is a stream of the call's session.
func (c *call) newStream() (*stream, error) {
	own, err := c.hasWritten()
	return &stream{seat: seat{c.session.ID, c.account.ID(), c.address}, private: !own}, err
}

type updates = iter.Seq2[charla.Update, error]

// hasWritten loads the session and says whether the conversation is its own, not only
// one that its claimed e-mail found: what others do there is not its business (R7.2).
func (c *call) hasWritten() (bool, error) {
	if err := c.look(); err != nil {
		return false, err
	}
	if c.session.Identity.Kind != tickets.IdentityClaimedEmail {
		return true, nil
	}
	last, err := c.visitor.Messages(c.r.Context(), charla.MessageQuery{Newest: true, PageQuery: charla.PageQuery{Limit: 1}})
	return len(last.Items) > 0, err
}

// stream answers the session's messages as they come, as server-sent events
// (R8.3). A reader that is too slow is cut; it resumes with the last sequence it
// has.
func (c *call) stream() error {
	q, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return errRequest
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

// pump writes a stream until it ends, and gives its seat back.
func (h *Handler) pump(ctx context.Context, s *stream, out *sink, live updates) {
	defer h.end(s)
	h.write(ctx, s, out, live)
}

// write writes a stream until it ends.
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

// alone is pump in a goroutine of its own. It logs a panic before it gives the seat
// back, so that nothing of a stream is left to do once [Handler.Close] has returned.
func (h *Handler) alone(ctx context.Context, s *stream, out *sink, live updates) {
	defer h.end(s)
	defer func() {
		if p := recover(); p != nil {
			h.o.Logger.ErrorContext(ctx, "widget: stream panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	h.write(ctx, s, out, live)
}

// last says why a stream ends, where the reader should do something about it.
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

func readOf(m tickets.Marks) readBody { return readBody{m.Agent, m.Customer} }

func encode(body any) []byte {
	raw, err := json.Marshal(body)
	if err != nil {
		panic("widget: " + err.Error()) // our own types
	}
	return raw
}
