package widget

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla/internal/strictjson"
)

// maxBodyTime is the longest time for a body, however large, and for reading a file.
const maxBodyTime = 5 * time.Minute

// maxRest is how much more than the largest allowed body is discarded of a refused one.
const maxRest = 16 << 20

// incoming is the body of a request, with the time in which it must arrive: Limits.BodyTime,
// and a second more for every Limits.BodyRate bytes that arrived. The deadline stays set
// when it has passed: it also ends what net/http reads of the body after the answer.
type incoming struct {
	body    io.ReadCloser
	control *http.ResponseController
	limits  *Limits
	began   time.Time
	until   time.Time // the deadline that is set
	bytes   int64
	whole   bool // all of it arrived
	late    bool
}

// incoming returns the request's body with its deadline set, or nil if it has none. Where
// no deadline can be set, it warns once.
func (c *call) incoming() *incoming {
	if c.r.Body == nil || c.r.Body == http.NoBody {
		return nil
	}
	b := &incoming{
		body: c.r.Body, control: http.NewResponseController(c.w), limits: &c.h.o.Limits, began: networkTime(),
	}
	if err := b.extend(); err != nil {
		c.h.untimed.Do(func() {
			c.h.o.Logger.WarnContext(c.r.Context(), "widget: middleware hides the connection's deadlines "+
				"(its ResponseWriter has no Unwrap): only the server's ReadTimeout ends slow requests", "error", err)
		})
	}
	return b
}

// extend moves the deadline of the body by what has arrived, unless that is little, and
// that of the answer. It fails if no deadline can be set. The answer's deadline is
// later, because HTTP/2 resets a stream when that passes, even if nothing is being
// written.
func (b *incoming) extend() error {
	earned := time.Duration(float64(b.bytes) / float64(b.limits.BodyRate) * float64(time.Second))
	longest := max(maxBodyTime, b.limits.BodyTime)
	until := b.began.Add(min(b.limits.BodyTime+min(earned, longest), longest))
	if until.Sub(b.until) < b.limits.BodyTime/8 { // not for every few bytes
		return nil
	}
	b.until = until
	_ = b.control.SetWriteDeadline(until.Add(answerTimeout))
	return b.control.SetReadDeadline(until)
}

// Read implements [io.Reader]. It extends the deadline, and records whether all of the body
// has arrived or the deadline has passed. The error is the body's.
func (b *incoming) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.bytes += int64(n)
	switch {
	case err == nil:
		_ = b.extend()
	case errors.Is(err, io.EOF):
		b.whole = true
		_ = b.control.SetReadDeadline(time.Time{})
	default:
		b.late = b.late || errors.Is(err, os.ErrDeadlineExceeded)
	}
	return n, err
}

// discard reads the rest of the body, and returns nil once all of it has arrived. It fails
// with errTimeout, errTooLarge or errRequest. A proxy that sends the whole body before it
// reads the answer would otherwise find the connection closed, and answer 502 in the
// answer's place.
func (c *call) discard() error {
	b := c.body
	if b == nil || b.whole {
		return nil
	}
	largest, _ := c.h.desk.FileLimits()
	rest := max(c.h.o.Limits.Body, int64(largest)) + maxRest
	if !b.late && c.r.ContentLength <= rest {
		_, _ = io.CopyN(io.Discard, b, rest+1)
	}
	if b.whole {
		return nil
	}
	c.w.Header().Set("Connection", "close") // by HTTP/2, too, when its other requests are done
	switch {
	case b.late:
		return errTimeout
	case b.bytes > rest, c.r.ContentLength > rest:
		return errTooLarge
	}
	return errRequest // cut off, or badly encoded
}

// awaited reports whether the client still waits for "100 Continue" before it sends the
// body.
func (c *call) awaited() bool {
	return c.body != nil && c.body.bytes == 0 && strings.EqualFold(c.r.Header.Get("Expect"), "100-continue")
}

// read returns the whole body; nil: there is none. It fails with errTooLarge if the
// body has more than limit bytes, errTimeout if it came too late, and errRequest if it
// was cut off.
func (c *call) read(limit int64) ([]byte, error) {
	if c.r.ContentLength > limit {
		return nil, errTooLarge
	}
	if c.body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(c.body, limit+1))
	switch {
	case c.body.late:
		return nil, errTimeout
	case err != nil:
		return nil, errRequest // cut off, or badly encoded
	case int64(len(body)) > limit:
		return nil, errTooLarge
	}
	return body, nil
}

// fields reads a JSON body into the variables of its fields: *string, *bool or *int64. All
// of them are optional. Anything else is errRequest: another field, one that stands twice, a
// null, a value of another type, text that is not UTF-8 or that escapes half a character.
// Another Content-Type is errMediaType; it also fails as read does.
func (c *call) fields(into map[string]any) error {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
		return errMediaType
	}
	if e := c.r.Header.Get("Content-Encoding"); e != "" {
		return errMediaType
	}
	body, err := c.read(c.h.o.Limits.Body)
	if err != nil {
		return err
	}
	if decodeFlat(body, into) != nil {
		return errRequest
	}
	return nil
}

// decodeFlat reads a JSON object of known fields, none of them nested. It fails as fields
// describes.
func decodeFlat(body []byte, into map[string]any) error {
	return strictjson.ReadObject(body, 1, func(name string, v strictjson.Value) error {
		if !assign(into[name], v) {
			return errRequest
		}
		return nil
	})
}

// assign sets a field's variable, and reports whether there is one and the value is of
// its type. If it is not, the variable's value does not count.
func assign(field any, v strictjson.Value) bool {
	switch f := field.(type) {
	case *string:
		*f = v.Text
		return v.Kind == strictjson.String
	case *bool:
		*f = v.Kind == strictjson.True
		return *f || v.Kind == strictjson.False
	case *int64:
		i, err := strconv.ParseInt(v.Text, 10, 64)
		*f = i
		return v.Kind == strictjson.Number && err == nil
	}
	return false
}
