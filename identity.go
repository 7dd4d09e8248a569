package charla

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// MaxIdentity is the longest life of a signed identity (R7.1).
const MaxIdentity = time.Hour

// identitySkew is how far a host's clock may be ahead of the desk's.
const identitySkew = time.Minute

// ErrIdentity: the text is no identity that the account's host has signed for now.
var ErrIdentity = errors.New("charla: not a valid signed identity")

// identityHeader is the header of what SignIdentity makes.
const identityHeader = `{"alg":"EdDSA","typ":"JWT"}`

// claims are what a signed identity says, by their registered names.
type claims struct {
	Audience string `json:"aud"`
	Subject  string `json:"sub"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	IssuedAt int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// SignIdentity vouches for a customer of an account for a time, at most
// [MaxIdentity]: a JSON Web Token signed by EdDSA, which any host can make with
// the account's secret token as the Ed25519 seed. Its audience is the account's
// ID, its subject the host's lasting name for the customer; name and e-mail are
// optional. Give it to a page for the customer who is logged in there;
// [Desk.VerifyIdentity] reads it (R1.7, R7.1). now is the signer's clock.
func SignIdentity(s Secret, account chatcfg.AccountID, p Proof, now time.Time, lasts time.Duration) (string, error) {
	switch {
	case s.IsZero():
		return "", ErrSecret
	case p.Provider != "":
		return "", fmt.Errorf("%w: a host vouches for itself, not for provider %q", ErrIdentity, p.Provider)
	case lasts <= 0 || lasts > MaxIdentity:
		return "", fmt.Errorf("%w: it lasts up to %s", ErrIdentity, MaxIdentity)
	}
	if err := checkProof(&p); err != nil {
		return "", err
	}
	body, err := json.Marshal(claims{
		Audience: account.String(), Subject: p.Subject, Name: p.Name, Email: p.Email,
		IssuedAt: now.Unix(), Expires: now.Add(lasts).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("charla: encode identity: %w", err)
	}
	signed := encode64([]byte(identityHeader)) + "." + encode64(body)
	return signed + "." + encode64(ed25519.Sign(s.Key(), []byte(signed))), nil
}

// VerifyIdentity reads what [SignIdentity] made: the proof to start a session or
// log in with. Anything that is not that, of this account, alive now and
// signed by a secret token that holds now, is [ErrIdentity]. [ErrDeleted],
// [ErrNotFound] for the account.
func (d *Desk) VerifyIdentity(ctx context.Context, account chatcfg.AccountID, token string) (Proof, error) {
	a, err := d.living(ctx, account)
	if err != nil {
		return Proof{}, err
	}
	if len(token) > 4096 {
		return Proof{}, ErrIdentity
	}
	now := d.Now()
	signed, signature, ok := cutLast(token, ".")
	head, body, ok2 := strings.Cut(signed, ".")
	raw, err := decode64(body)
	sum, err2 := decode64(signature)
	if !ok || !ok2 || err != nil || err2 != nil || !edDSA(head) || !signedBy(a.Secrets, now, signed, sum) {
		return Proof{}, ErrIdentity
	}
	var c claims
	if err := json.Unmarshal(raw, &c); err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	issued, expires := time.Unix(c.IssuedAt, 0), time.Unix(c.Expires, 0)
	p := Proof{Subject: c.Subject, Name: c.Name, Email: c.Email}
	switch {
	case c.Audience != account.String(), issued.After(now.Add(identitySkew)), !now.Before(expires),
		expires.Sub(issued) > MaxIdentity, checkProof(&p) != nil:
		return Proof{}, ErrIdentity
	}
	return p, nil
}

// edDSA says whether a token's header names the one algorithm there is.
func edDSA(head string) bool {
	raw, err := decode64(head)
	if err != nil {
		return false
	}
	var h struct {
		Algorithm string   `json:"alg"`
		Critical  []string `json:"crit"`
	}
	return json.Unmarshal(raw, &h) == nil && h.Algorithm == "EdDSA" && h.Critical == nil
}

func signedBy(secrets []chatcfg.Secret, now time.Time, signed string, signature []byte) bool {
	for _, s := range secrets {
		holds := s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
		if holds && len(s.PublicKey) == ed25519.PublicKeySize && ed25519.Verify(s.PublicKey, []byte(signed), signature) {
			return true
		}
	}
	return false
}

func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode64 reads what encode64 wrote, and nothing else: Go's decoders skip line
// ends.
func decode64(s string) ([]byte, error) {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		return nil, base64.CorruptInputError(i)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
