package sqlite

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
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

func encode(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("sqlite: nothing happened: %w", err)
	}
	return doc, nil
}

func decode[T any](doc []byte) (T, error) {
	var v T
	if err := json.Unmarshal(doc, &v); err != nil {
		return v, fmt.Errorf("sqlite: stored document: %w", err)
	}
	return v, nil
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

func encodeSession(s tickets.Session) ([]byte, error) {
	times(&s.CreatedAt, &s.ExpiresAt, &s.EndedAt)
	return encode(s)
}

func encodeConversation(c tickets.Conversation) ([]byte, error) {
	times(&c.CreatedAt, &c.LastAt)
	return encode(c)
}

func encodeTicket(t tickets.Ticket) ([]byte, error) {
	times(&t.CreatedAt, &t.OpenedAt, &t.ClosedAt, &t.ChangedAt, &t.CountsFrom, &t.SpokeOutOfHours)
	if t.Wait != nil {
		w := *t.Wait
		times(&w.Since, &w.Due, &w.DelayedAt)
		t.Wait = &w
	}
	return encode(t)
}

func encodeMessage(m tickets.Message) ([]byte, error) {
	times(&m.At)
	return encode(m)
}

func encodeEntry(e tickets.Entry) ([]byte, error) {
	times(&e.At, &e.Due, &e.Inputs.Now)
	e.Trace = slices.Clone(e.Trace)
	for i := range e.Trace {
		times(&e.Trace[i].Until)
	}
	return encode(e)
}

func encodeReceipt(r storage.Receipt) ([]byte, error) {
	times(&r.At)
	return encode(r)
}

func encodeRoster(r tickets.Roster) ([]byte, error) {
	r.Agents = maps.Clone(r.Agents)
	for id, until := range r.Agents {
		r.Agents[id] = utc(until)
	}
	return encode(r)
}
