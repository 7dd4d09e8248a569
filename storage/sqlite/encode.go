package sqlite

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// micros returns a time as a column keeps it; the zero time, too, is a number, far in the
// past.
func micros(t time.Time) int64 { return t.UnixMicro() }

// instant returns the time, in UTC, that micros made a number of.
func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// orNull returns micros, or nil (NULL) for the zero time.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

// never is larger than every configuration version.
const never = math.MaxInt64

// bit returns 1 for true and 0 for false.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// decodeJSON reads a JSON document into v. It fails if doc is not the JSON of a T.
func decodeJSON[T any](doc string, v *T) error { return json.Unmarshal([]byte(doc), v) }

// corrupt wraps an error with the words that a stored document is bad; nil stays nil.
func corrupt(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlite: stored document: %w", err)
}

// documents are encoded one after the other into one buffer.
type documents []byte

// encoded appends the encoding of v to the buffer and returns that part of it.
func encoded[T any](d *documents, write func([]byte, *T) []byte, v *T) []byte {
	start := len(*d)
	*d = write(*d, v)
	return (*d)[start:len(*d):len(*d)]
}
