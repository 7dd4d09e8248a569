package charla

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// secretPrefix makes a leaked secret token recognisable to scanners.
const secretPrefix = "charla_sk_"

// Secret is an account's secret token: an Ed25519 seed (R1.7). charla keeps only
// its public half, so a Secret exists once, when it is made. It does not
// print, log or encode: only [Secret.Reveal] gives it away. The zero Secret is
// none.
type Secret struct {
	// seed is behind a pointer because fmt prints what unexported fields hold
	// without asking, but of pointers only the address.
	seed *[ed25519.SeedSize]byte
}

// ErrSecret: the text is no secret token.
var ErrSecret error = chatcfg.Refusal("charla: not a secret token")

// ParseSecret reads what [Secret.Reveal] gave. It fails with [ErrSecret] for any other
// text.
func ParseSecret(s string) (Secret, error) {
	body, ok := strings.CutPrefix(s, secretPrefix)
	seed, err := decode64(body)
	if !ok || err != nil || len(seed) != ed25519.SeedSize {
		return Secret{}, ErrSecret
	}
	return Secret{(*[ed25519.SeedSize]byte)(seed)}, nil
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.seed == nil }

// Reveal returns the token in clear, to be shown once; empty for the zero Secret.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return secretPrefix + encode64(s.seed[:])
}

// Key returns the private key, to sign customers' identities with; nil for the zero
// Secret.
func (s Secret) Key() ed25519.PrivateKey {
	if s.IsZero() {
		return nil
	}
	return ed25519.NewKeyFromSeed(s.seed[:])
}

// public returns the half that charla keeps. It panics for the zero Secret.
func (s Secret) public() []byte { return s.Key().Public().(ed25519.PublicKey) }

// String returns a placeholder, as the other ways to print it do.
func (s Secret) String() string { return secretPrefix + "…" }

// Format writes the placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns the placeholder, as String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the placeholder, so that encoders do not get the secret. It never
// fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// RotateSecret gives the account a new secret token, shown this once, and reports
// [SecuritySecretRotated]; the ones before it go on working for the overlap, 0 to 365
// days (R1.7). An overlap of zero is for a stolen token: it also ends all sessions that
// began or logged in by an identity signed with an earlier token. It cannot be
// repeated: a call whose outcome is unknown is made anew, which rotates again.
//
// It fails with [chatcfg.Problems] for another overlap, and with [ErrNotFound],
// [ErrDeleted], [ErrNewerFormat], [ErrBusy] or [ErrOutcomeUnknown].
func (a *Account) RotateSecret(ctx context.Context, overlap time.Duration) (Secret, error) {
	if overlap < 0 || overlap > chatcfg.MaxDuration {
		return Secret{}, chatcfg.Problems{{Path: "overlap", Code: chatcfg.CodeOutOfRange, Args: []any{"0", "365d"}}}
	}
	d := a.desk
	secret, err := d.newSecret()
	if err != nil {
		return Secret{}, err
	}
	err = d.update(ctx, a.id, func(a *chatcfg.Account) bool {
		now := d.timeIn(a.CreatedAt, a.SavedAt)
		ends := now.Add(overlap)
		kept := a.Secrets[:0:0]
		for _, s := range a.Secrets {
			if s.ExpiresAt.IsZero() || s.ExpiresAt.After(ends) {
				s.ExpiresAt = ends
			}
			if s.ExpiresAt.After(now) {
				kept = append(kept, s)
			}
		}
		a.Secrets = append(kept, chatcfg.Secret{PublicKey: secret.public(), CreatedAt: now})
		if overlap == 0 {
			a.SecretEpoch++
		}
		return true
	})
	if err != nil {
		return Secret{}, err
	}
	event := SecurityEvent{Kind: SecuritySecretRotated, Account: a.id, Reason: "overlap"}
	if overlap == 0 {
		d.tell(hintSessions, a.id.UUID, 0)
		event.Reason = "at_once"
	}
	d.ReportSecurity(ctx, event)
	return secret, nil
}
