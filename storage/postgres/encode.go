package postgres

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
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

// Accounts and rosters are JSON, since the configuration is; what is read often is
// what package codec writes.

func encode(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("postgres: nothing happened: %w", err)
	}
	return doc, nil
}

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

// utc is a time as it is kept in documents: to the microsecond.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func times(ts ...*time.Time) {
	for _, t := range ts {
		*t = utc(*t)
	}
}

// The functions below encode a copy whose times are as they are kept.

func encodeAccount(a chatcfg.Account) ([]byte, error) {
	times(&a.CreatedAt, &a.DeletedAt, &a.SavedAt, &a.Rules.AutoCloseOn, &a.Rules.AutoCloseChanged, &a.Rules.RunningAt)
	a.Secrets = slices.Clone(a.Secrets)
	for i := range a.Secrets {
		times(&a.Secrets[i].CreatedAt, &a.Secrets[i].ExpiresAt)
	}
	return encode(a)
}

func encodeRoster(r tickets.Roster) ([]byte, error) {
	r.Agents = maps.Clone(r.Agents)
	for id, until := range r.Agents {
		r.Agents[id] = utc(until)
	}
	return encode(r)
}

// bytea is a body as it is kept: nil would be NULL.
func bytea(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// pageLimit is the size of a page for a given limit.
func pageLimit(limit, largest int) int {
	if limit < 1 || limit > largest {
		return largest
	}
	return limit
}
