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

// Account returns an account's document, with its times as stores keep them. It fails
// if JSON cannot hold the account.
func Account(a chatcfg.Account) ([]byte, error) {
	cutTimes(&a.CreatedAt, &a.DeletedAt, &a.SavedAt, &a.Rules.RunningAt)
	a.Rules.Rules = slices.Clone(a.Rules.Rules)
	for i := range a.Rules.Rules {
		cutTimes(&a.Rules.Rules[i].On, &a.Rules.Rules[i].Changed)
	}
	a.Secrets = slices.Clone(a.Secrets)
	for i := range a.Secrets {
		cutTimes(&a.Secrets[i].CreatedAt, &a.Secrets[i].ExpiresAt)
	}
	return document(a)
}

// Roster returns a roster's document, with its times as stores keep them. It fails if
// JSON cannot hold the roster.
func Roster(r tickets.Roster) ([]byte, error) {
	r.Agents = maps.Clone(r.Agents)
	for id, until := range r.Agents {
		cutTimes(&until)
		r.Agents[id] = until
	}
	return document(r)
}

// Submission returns a contact form's document, with its time as stores keep it. It
// fails if JSON cannot hold the form.
func Submission(s tickets.Submission) ([]byte, error) {
	cutTimes(&s.At)
	return document(s)
}

// document returns a value as JSON. It fails if JSON cannot hold it, with an error
// which says that nothing was stored.
func document(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("codec: nothing happened: %w", err)
	}
	return doc, nil
}

// cutTimes cuts the times in place to the microsecond, in UTC; the zero time stays
// zero.
func cutTimes(ts ...*time.Time) {
	for _, t := range ts {
		if t.IsZero() {
			*t = time.Time{}
		} else {
			*t = t.UTC().Truncate(time.Microsecond)
		}
	}
}
