package codec

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// What is read seldom is JSON: accounts, since their configuration is, rosters and
// contact forms. The functions below encode a copy whose times are as a store keeps
// them.

// Account is an account's document.
func Account(a chatcfg.Account) ([]byte, error) {
	keep(&a.CreatedAt, &a.DeletedAt, &a.SavedAt, &a.Rules.RunningAt)
	a.Rules.Rules = slices.Clone(a.Rules.Rules)
	for i := range a.Rules.Rules {
		keep(&a.Rules.Rules[i].On, &a.Rules.Rules[i].Changed)
	}
	a.Secrets = slices.Clone(a.Secrets)
	for i := range a.Secrets {
		keep(&a.Secrets[i].CreatedAt, &a.Secrets[i].ExpiresAt)
	}
	return document(a)
}

// Roster is a roster's document.
func Roster(r tickets.Roster) ([]byte, error) {
	r.Agents = maps.Clone(r.Agents)
	for id, until := range r.Agents {
		keep(&until)
		r.Agents[id] = until
	}
	return document(r)
}

// Submission is a contact form's document.
func Submission(s tickets.Submission) ([]byte, error) {
	keep(&s.At)
	return document(s)
}

func document(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("codec: nothing happened: %w", err)
	}
	return doc, nil
}

// keep cuts times to the microsecond, in UTC; the zero time stays zero.
func keep(ts ...*time.Time) {
	for _, t := range ts {
		if t.IsZero() {
			*t = time.Time{}
		} else {
			*t = t.UTC().Truncate(time.Microsecond)
		}
	}
}
