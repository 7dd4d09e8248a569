package chatcfg

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// AccountID identifies an account. It is a UUID; version 7, ordered by time,
// when charla mints it. The zero value is no account.
type AccountID struct{ uuid.UUID }

// IsZero reports whether the ID is missing.
func (id AccountID) IsZero() bool { return id.UUID == uuid.Nil }

// ErrID: the text is not an ID as String writes it.
var ErrID = errors.New("chatcfg: not an ID")

// ParseAccountID parses an ID as String writes it. It fails with [ErrID] for any other
// text.
func ParseAccountID(text string) (AccountID, error) {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return AccountID{}, ErrID
	}
	return AccountID{id}, nil
}

// Version numbers the saved configurations of an account: 1, 2, 3, …. The zero
// value is none.
type Version int64

// AccountFormat numbers the shape of a stored [Account]. A process refuses to
// rewrite an account of a newer format than its own.
const AccountFormat = 2

// Account is one chat channel (R1.1): all of it but its configuration document
// and its pictures' bytes. It holds no secret.
type Account struct {
	// Format is the [AccountFormat] of the charla that wrote it last.
	Format int       `json:"format"`
	ID     AccountID `json:"id"`
	// Key is the public channel key; it stands in the snippet.
	Key string `json:"key"`
	// Name and Hidden are copies of chat.name and chat.hidden of the current
	// configuration, so that a list needs no documents.
	Name   string `json:"name"`
	Hidden bool   `json:"hidden"`
	// Secrets are the public halves of the secret tokens that are valid now or
	// were (R1.7), the newest last.
	Secrets []Secret `json:"secrets"`
	// Picture and Logo describe the pictures; nil when there is none (R1.2).
	Picture *Image `json:"picture,omitempty"`
	Logo    *Image `json:"logo,omitempty"`

	CreatedAt time.Time `json:"createdAt"`
	// DeletedAt is when the account was deleted; zero: it lives (R1.6).
	DeletedAt time.Time `json:"deletedAt,omitzero"`

	// Version is the current configuration's, and SavedAt when it was saved.
	Version Version   `json:"version"`
	SavedAt time.Time `json:"savedAt"`
	// Rules is what the deadlines of tickets need to know of past saves (R4.8).
	Rules Since `json:"rules"`

	// SessionEpoch counts how often all sessions of the account were ended, and
	// SecretEpoch how often all earlier secret tokens were, with the sessions that
	// began by them.
	SessionEpoch int64 `json:"sessionEpoch,omitempty"`
	SecretEpoch  int64 `json:"secretEpoch,omitempty"`

	// Revision counts the writes of this record; the store compares it when it
	// saves.
	Revision int64 `json:"revision"`
}

// Since holds what the saves of an account mean for deadlines that were armed
// before them (R4.8, R2.6).
type Since struct {
	// Rules are of the rules that a save has switched on or moved.
	Rules []RuleSince
	// Running is the last version whose save asked for running SLA waits to
	// follow it, and RunningAt when it was saved.
	Running   Version
	RunningAt time.Time
}

// RuleSince is what saves mean for the deadlines of one rule.
type RuleSince struct {
	// Rule is the rule's key.
	Rule string
	// On is when the rule was last switched on: tickets that were already waiting
	// count from then.
	On time.Time
	// Changed is the last save that moved its deadlines: one recomputed to before
	// it falls due at it.
	Changed time.Time
}

// Rule returns what saves mean for a rule, or only the key if they mean nothing for it.
func (s Since) Rule(key string) RuleSince {
	for _, r := range s.Rules {
		if r.Rule == key {
			return r
		}
	}
	return RuleSince{Rule: key}
}

// With returns a copy in which r replaces what saves mean for r's rule; its rules are
// sorted by key.
func (s Since) With(r RuleSince) Since {
	rules := make([]RuleSince, 0, len(s.Rules)+1)
	for _, old := range s.Rules {
		if old.Rule != r.Rule {
			rules = append(rules, old)
		}
	}
	s.Rules = append(rules, r)
	slices.SortFunc(s.Rules, func(a, b RuleSince) int { return cmp.Compare(a.Rule, b.Rule) })
	return s
}

// Until returns a copy in which nothing is later than now.
func (s Since) Until(now time.Time) Since {
	s.Rules = slices.Clone(s.Rules)
	for i := range s.Rules {
		for _, at := range []*time.Time{&s.Rules[i].On, &s.Rules[i].Changed} {
			if at.After(now) {
				*at = now
			}
		}
	}
	if s.RunningAt.After(now) {
		s.RunningAt = now
	}
	return s
}

// Equal reports whether both mean the same.
func (s Since) Equal(other Since) bool {
	return s.Running == other.Running && s.RunningAt.Equal(other.RunningAt) &&
		slices.EqualFunc(s.Rules, other.Rules, func(a, b RuleSince) bool {
			return a.Rule == b.Rule && a.On.Equal(b.On) && a.Changed.Equal(b.Changed)
		})
}

// The document of a Since has a key for each instant: "autoCloseOn" is the On of
// the rule "autoClose". Versions that knew only that rule read it, too.
const (
	sinceOn        = "On"
	sinceChanged   = "Changed"
	sinceRunning   = "running"
	sinceRunningAt = "runningAt"
)

// MarshalJSON returns the document. It fails if the year of a time is not from 0 to
// 9999.
func (s Since) MarshalJSON() ([]byte, error) {
	doc := make(map[string]any)
	put := func(key string, t time.Time) {
		if !t.IsZero() {
			doc[key] = t
		}
	}
	for _, r := range s.Rules {
		put(r.Rule+sinceOn, r.On)
		put(r.Rule+sinceChanged, r.Changed)
	}
	if s.Running != 0 {
		doc[sinceRunning] = s.Running
	}
	put(sinceRunningAt, s.RunningAt)
	return json.Marshal(doc)
}

// UnmarshalJSON reads the document. It ignores keys that it does not know. It fails if
// the document is not an object or a value has the wrong type.
func (s *Since) UnmarshalJSON(b []byte) error {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	*s = Since{}
	for key, value := range doc {
		var err error
		if key == sinceRunning {
			err = json.Unmarshal(value, &s.Running)
		} else if key == sinceRunningAt {
			err = json.Unmarshal(value, &s.RunningAt)
		} else if rule, ok := strings.CutSuffix(key, sinceOn); ok {
			r := s.Rule(rule)
			err = json.Unmarshal(value, &r.On)
			*s = s.With(r)
		} else if rule, ok := strings.CutSuffix(key, sinceChanged); ok {
			r := s.Rule(rule)
			err = json.Unmarshal(value, &r.Changed)
			*s = s.With(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Secret is the public half of a secret token (R1.7).
type Secret struct {
	// PublicKey is the Ed25519 public key, 32 bytes.
	PublicKey []byte    `json:"publicKey"`
	CreatedAt time.Time `json:"createdAt"`
	// ExpiresAt is the end of the overlap after a rotation; zero: no end.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// Image describes a stored picture (R1.2).
type Image struct {
	// Type is the MIME type: image/png, image/jpeg, image/gif or image/webp.
	Type string `json:"type"`
	// Side is its height and width in pixels.
	Side int `json:"side"`
	// SHA256 is the hex digest of the bytes; it serves as an ETag.
	SHA256 string `json:"sha256"`
}
