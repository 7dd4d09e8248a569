package widget

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// bodyTimeout is how long a visitor may take to send a JSON body.
const bodyTimeout = 30 * time.Second

// read reads a body of at most limit bytes, within a time.
func (c *call) read(limit int64, within time.Duration) ([]byte, error) {
	if c.r.ContentLength > limit {
		return nil, errTooLarge
	}
	rc := http.NewResponseController(c.w)
	if rc.SetReadDeadline(networkTime().Add(within)) == nil {
		defer func() { _ = rc.SetReadDeadline(time.Time{}) }()
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errRequest // cut off, or badly encoded
	}
	return body, nil
}

// fields reads a JSON body into the variables of its fields: *string, *bool or
// *int64. All of them are optional; anything else in it is an error: another
// field, one that stands twice, a null, a value of another type.
func (c *call) fields(into map[string]any) error {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
		return errMediaType
	}
	if e := c.r.Header.Get("Content-Encoding"); e != "" {
		return errMediaType
	}
	body, err := c.read(c.h.o.Limits.Body, bodyTimeout)
	if err != nil {
		return err
	}
	if !utf8.Valid(body) || decodeFlat(body, into) != nil {
		return errRequest
	}
	return nil
}

var errFlat = errors.New("widget: not a flat object of known fields")

// decodeFlat is strict where encoding/json is lenient: names are compared
// exactly, and none may stand twice.
func decodeFlat(body []byte, into map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errFlat
	}
	seen := make(map[string]bool, len(into))
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return errFlat
		}
		key, _ := name.(string)
		value, err := d.Token()
		if err != nil || seen[key] || !assign(into[key], value) {
			return errFlat
		}
		seen[key] = true
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return errFlat
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errFlat
	}
	return nil
}

func assign(field any, value json.Token) bool {
	switch f := field.(type) {
	case *string:
		s, ok := value.(string)
		*f = s
		return ok
	case *bool:
		b, ok := value.(bool)
		*f = b
		return ok
	case *int64:
		n, ok := value.(json.Number)
		if !ok {
			return false
		}
		i, err := n.Int64()
		*f = i
		return err == nil
	}
	return false // no such field
}
