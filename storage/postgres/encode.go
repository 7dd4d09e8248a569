package postgres

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// micros returns a time as a column keeps it; the zero time, too, is a number, far in the
// past.
func micros(t time.Time) int64 { return t.UnixMicro() }

// instant returns the time, in UTC, that micros made a number of.
func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// orNull returns micros, or NULL for the zero time.
func orNull(t time.Time) pgtype.Int8 { return pgtype.Int8{Int64: micros(t), Valid: !t.IsZero()} }

// never is larger than every configuration version.
const never = math.MaxInt64

// document is a document as it is read: a copy of what the driver has, which is the only
// one, since what is decoded from it refers to it. found is false for NULL.
type document struct {
	text  string
	found bool
}

// ScanBytes implements [pgtype.BytesScanner].
func (d *document) ScanBytes(b []byte) error {
	d.text, d.found = string(b), b != nil
	return nil
}

// decodeJSON reads a JSON document into v. It fails if doc is not the JSON of a T.
func decodeJSON[T any](doc string, v *T) error { return json.Unmarshal([]byte(doc), v) }

// corrupt wraps an error with the words that a stored document is bad; nil stays nil.
func corrupt(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("postgres: stored document: %w", err)
}

// documents are encoded one after the other into one buffer.
type documents []byte

// encoded appends the encoding of v to the buffer and returns that part of it.
func encoded[T any](d *documents, write func([]byte, *T) []byte, v *T) []byte {
	start := len(*d)
	*d = write(*d, v)
	return (*d)[start:len(*d):len(*d)]
}

// bytea returns b, or empty bytes for nil, which would be NULL.
func bytea(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
