package chatcfg

import (
	"time"

	"github.com/google/uuid"
)

// AccountID identifies an account. It is a UUID; version 7, ordered by time,
// when charla mints it. The zero value is no account.
type AccountID struct{ uuid.UUID }

// IsZero says whether the ID is missing.
func (id AccountID) IsZero() bool { return id.UUID == uuid.Nil }

// Version numbers the saved configurations of an account: 1, 2, 3, …. The zero
// value is none.
type Version int64

// AccountFormat numbers the shape of a stored [Account]. A process refuses to
// rewrite an account of a newer format than its own.
const AccountFormat = 2

// Account is one chat channel (R1.1): all of it but its configuration document
// and its pictures' bytes. It holds no secret.
type Account struct {
	// Format is the [AccountFormat] of whoever wrote it last.
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
	// AutoCloseOn is when auto-close was last switched on: tickets that were
	// already waiting count from then.
	AutoCloseOn time.Time `json:"autoCloseOn,omitzero"`
	// AutoCloseChanged is the last save that changed the duration or the clock
	// of auto-close, or the hours: a deadline recomputed to before it falls due
	// at it.
	AutoCloseChanged time.Time `json:"autoCloseChanged,omitzero"`
	// Running is the last version whose save asked for running SLA waits to
	// follow it, and RunningAt when it was saved.
	Running   Version   `json:"running,omitempty"`
	RunningAt time.Time `json:"runningAt,omitzero"`
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
