package charla

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
)

// secretPrefix makes a leaked secret token recognisable to scanners.
const secretPrefix = "charla_sk_"

// Secret is an account's secret token: an Ed25519 seed (R1.7). charla keeps only
// its public half, so a Secret is to be had once, when it is made. It does not
// print, log or encode: only [Secret.Reveal] gives it away. The zero Secret is
// none.
type Secret struct{ seed string }

// ErrSecret: the text is no secret token.
var ErrSecret = errors.New("charla: not a secret token")

// ParseSecret reads what [Secret.Reveal] gave.
func ParseSecret(s string) (Secret, error) {
	body, ok := strings.CutPrefix(s, secretPrefix)
	seed, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return Secret{}, ErrSecret
	}
	return Secret{string(seed)}, nil
}

// IsZero says whether there is no secret.
func (s Secret) IsZero() bool { return s.seed == "" }

// Reveal is the token in clear, to be shown once.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return secretPrefix + base64.RawURLEncoding.EncodeToString([]byte(s.seed))
}

// Key is the private key, to sign customers' identities with. The zero Secret
// has none: nil.
func (s Secret) Key() ed25519.PrivateKey {
	if s.IsZero() {
		return nil
	}
	return ed25519.NewKeyFromSeed([]byte(s.seed))
}

// public is the half that charla keeps.
func (s Secret) public() []byte { return s.Key().Public().(ed25519.PublicKey) }

// String hides the secret, and so do the other ways to print it.
func (s Secret) String() string { return secretPrefix + "…" }

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
