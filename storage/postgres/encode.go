package postgres

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// micros is how an instant is kept in a column; the zero time too is a number,
// far in the past.
func micros(t time.Time) int64 { return t.UnixMicro() }

// instant is the time of such a column.
func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// orNull is micros for columns that are NULL for the zero time.
func orNull(t time.Time) pgtype.Int8 { return pgtype.Int8{Int64: micros(t), Valid: !t.IsZero()} }

// never is larger than every configuration version.
const never = math.MaxInt64

func decodeJSON[T any](doc []byte, v *T) error { return corrupt(json.Unmarshal(doc, v)) }

// decoded reads what package codec wrote; nothing is the zero value.
func decoded[T any](decode func(string, *T) error) func([]byte, *T) error {
	return func(doc []byte, v *T) error { return corrupt(decode(string(doc), v)) }
}

// corrupt says of an error that it came of what is stored; nil stays nil.
func corrupt(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("postgres: stored document: %w", err)
}

// documents are encoded one after the other into one buffer.
type documents []byte

func encoded[T any](d *documents, write func([]byte, *T) []byte, v *T) []byte {
	start := len(*d)
	*d = write(*d, v)
	return (*d)[start:len(*d):len(*d)]
}

// bytea is a body as it is kept: nil would be NULL.
func bytea(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
