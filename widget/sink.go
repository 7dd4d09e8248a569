package widget

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"
)

// sink is where a stream's events go: through net/http, or to a connection that
// was taken over from it.
type sink struct {
	w    http.ResponseWriter // nil: conn
	conn net.Conn
	// timeout is how long one write may take.
	timeout time.Duration
}

// send writes events and flushes them. It fails if they cannot be written within the
// timeout.
func (s *sink) send(events []byte) error {
	deadline := networkTime().Add(s.timeout)
	if s.w == nil {
		if err := s.conn.SetWriteDeadline(deadline); err != nil {
			return err
		}
		_, err := s.conn.Write(events)
		return err
	}
	rc := http.NewResponseController(s.w)
	if err := rc.SetWriteDeadline(deadline); err != nil {
		return err
	}
	if _, err := s.w.Write(events); err != nil {
		return err
	}
	if err := rc.Flush(); err != nil {
		return err
	}
	// HTTP/2 resets an idle stream when its deadline comes.
	return rc.SetWriteDeadline(time.Time{})
}

// close closes a connection that was taken over; any other it leaves to net/http.
func (s *sink) close() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
}

// openSink sends the header of a stream's answer and returns the stream's sink. It fails with
// errNoStream, and has answered nothing, behind middleware that does not flush or hides the
// connection's deadlines. With any other error the reader is gone.
func (c *call) openSink() (*sink, error) {
	o := &c.h.o.Streams
	h := c.w.Header()
	// As long as the stream lasts net/http keeps its headers, twice: only those
	// that mean something to it.
	h.Del("Content-Security-Policy")
	h.Del("Referrer-Policy")
	h.Del("Access-Control-Expose-Headers")
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx
	rc := http.NewResponseController(c.w)
	if c.takesOver() {
		if conn, buffered, err := rc.Hijack(); err == nil {
			s := &sink{conn: conn, timeout: o.WriteTimeout}
			_ = buffered // whatever a client sends behind its request
			_ = conn.SetReadDeadline(time.Time{})
			h.Set("Connection", "close")
			h.Set("Date", networkTime().UTC().Format(http.TimeFormat))
			var head bytes.Buffer
			head.WriteString("HTTP/1.1 200 OK\r\n")
			_ = h.Write(&head)
			head.WriteString("\r\n")
			if err := s.send(head.Bytes()); err != nil {
				s.close()
				return nil, err
			}
			return s, nil
		}
	}
	s := &sink{w: c.w, timeout: o.WriteTimeout}
	err := rc.SetWriteDeadline(networkTime().Add(o.WriteTimeout))
	if err == nil {
		err = rc.Flush() // this sends the header
	}
	if err != nil {
		h.Del("Content-Type")
		h.Del("Cache-Control")
		h.Del("X-Accel-Buffering")
		shield(h)
		return nil, errNoStream
	}
	return s, rc.SetWriteDeadline(time.Time{})
}

// takesOver reports whether the stream's connection should be taken over from net/http.
func (c *call) takesOver() bool { return c.h.o.Streams.Hijack && c.r.ProtoMajor == 1 }

// appendEvent appends one server-sent event; id zero: without one. data has no
// line ends.
func appendEvent(b []byte, name string, id int64, data []byte) []byte {
	if id != 0 {
		b = append(b, "id: "...)
		b = strconv.AppendInt(b, id, 10)
		b = append(b, '\n')
	}
	b = append(b, "event: "...)
	b = append(b, name...)
	b = append(b, "\ndata: "...)
	b = append(b, data...)
	return append(b, '\n', '\n')
}
