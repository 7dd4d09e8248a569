package sqlite

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// micros is how an instant is kept in a column; the zero time too is a number,
// far in the past.
func micros(t time.Time) int64 { return t.UnixMicro() }

// instant is the time of such a column.
func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// orNull is micros for columns that are NULL for the zero time.
func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return micros(t)
}

// never is larger than every configuration version.
const never = math.MaxInt64

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func decodeJSON[T any](doc string, v *T) error { return json.Unmarshal([]byte(doc), v) }

// corrupt says of an error that it came of what is stored; nil stays nil.
func corrupt(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlite: stored document: %w", err)
}

// documents are encoded one after the other into one buffer.
type documents []byte

func encoded[T any](d *documents, write func([]byte, *T) []byte, v *T) []byte {
	start := len(*d)
	*d = write(*d, v)
	return (*d)[start:len(*d):len(*d)]
}
