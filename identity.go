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
	"unicode/utf8"

	"github.com/charlahq/charla/chatcfg"
)

// MaxIdentity is the longest life of a signed identity (R7.1).
const MaxIdentity = time.Hour

// maxIdentityBytes is the longest signed identity, in bytes.
const maxIdentityBytes = 4096

// identitySkew is how far a host's clock may be ahead of the desk's.
const identitySkew = time.Minute

// ErrIdentity: the text is no identity that the account's host has signed for now.
var ErrIdentity error = chatcfg.Refusal("charla: not a valid signed identity")

// identityHeader is the header of what SignIdentity makes.
const identityHeader = `{"alg":"EdDSA","typ":"JWT"}`

// SignIdentity vouches for a customer of an account for a time, at most
// [MaxIdentity]. All but the subject is optional. Give the identity to a page for the
// customer who is logged in there; [Account.VerifyIdentity] reads it, and says what one
// made in another language has to hold (R1.7, R7.1). now is the signer's clock.
//
// It fails with [ErrSecret] for the zero Secret, with [chatcfg.Problems] for a missing
// or invalid subject, and with [ErrIdentity] for a provider, a text that is not UTF-8, a
// duration that is not allowed, or an identity that would be too long.
func SignIdentity(s Secret, account chatcfg.AccountID, p Proof, now time.Time, lasts time.Duration) (string, error) {
	switch {
	case s.IsZero():
		return "", ErrSecret
	case p.Provider != "":
		return "", fmt.Errorf("%w: a host vouches for itself, not for provider %q", ErrIdentity, p.Provider)
	case lasts <= 0 || lasts > MaxIdentity:
		return "", fmt.Errorf("%w: it lasts up to %s", ErrIdentity, MaxIdentity)
	case !utf8.ValidString(p.Name + p.Email + p.RUT + p.Phone):
		return "", fmt.Errorf("%w: a text is not UTF-8", ErrIdentity)
	}
	if err := checkProof(&p); err != nil {
		return "", err
	}
	body, err := json.Marshal(struct {
		Audience string `json:"aud"`
		Subject  string `json:"sub"`
		Name     string `json:"name,omitempty"`
		Email    string `json:"email,omitempty"`
		RUT      string `json:"rut,omitempty"`
		Phone    string `json:"phone,omitempty"`
		IssuedAt int64  `json:"iat"`
		Expires  int64  `json:"exp"`
	}{account.String(), p.Subject, p.Name, p.Email, p.RUT, p.Phone, now.Unix(), now.Add(lasts).Unix()})
	if err != nil {
		return "", fmt.Errorf("charla: encode identity: %w", err)
	}
	signed := encode64([]byte(identityHeader)) + "." + encode64(body)
	token := signed + "." + encode64(ed25519.Sign(s.Key(), []byte(signed)))
	if len(token) > maxIdentityBytes {
		return "", fmt.Errorf("%w: longer than %d bytes", ErrIdentity, maxIdentityBytes)
	}
	return token, nil
}

// VerifyIdentity reads a signed identity: the proof to start a session or log in with.
// An identity is a JSON Web Token (RFC 7519) of at most 4,096 bytes, in the compact
// form, signed by Ed25519 with a secret token of the account that holds now. The secret
// token is "charla_sk_" and then, in base64url without padding, the 32 bytes of the
// Ed25519 seed; examples/identity makes identities in JavaScript and Python. In the
// token,
//
//   - the header's alg is "EdDSA" or "Ed25519" (RFC 9864), its typ, if there, "JWT"; it
//     has no crit;
//   - aud is the account's ID, or a list that holds it;
//   - sub is the host's lasting name for the customer: text of 1 to [chatcfg.MaxName]
//     characters. Subjects are compared byte by byte;
//   - exp is when it ends: at most [MaxIdentity] after iat, when it was issued, and a
//     minute ahead of the desk's clock at most. Without iat, at most [MaxIdentity], and
//     that minute, ahead of the desk's clock;
//   - nbf, if there, is when it begins, for which a minute is allowed, too;
//   - name, email, rut and phone, if there, are texts about the customer.
//
// Times are seconds since 1970 and may have fractions. Other claims and header
// parameters mean nothing here. Names are compared exactly and stand once; text is
// UTF-8 and escapes no half characters.
//
// It fails with [ErrIdentity], which it reports as [SecurityLoginRefused], for any
// other token, and with [ErrDeleted] or [ErrNotFound] for the account.
func (a *Account) VerifyIdentity(ctx context.Context, token string) (Proof, error) {
	p, err := a.verifyIdentity(ctx, token)
	if errors.Is(err, ErrIdentity) {
		a.desk.ReportSecurity(ctx, SecurityEvent{Kind: SecurityLoginRefused, Account: a.id, Reason: "identity"})
	}
	return p, err
}

// verifyIdentity does what [Account.VerifyIdentity] does, but reports nothing.
func (a *Account) verifyIdentity(ctx context.Context, token string) (Proof, error) {
	d := a.desk
	record, err := d.liveAccount(ctx, a.id)
	if err != nil {
		return Proof{}, err
	}
	if len(token) > maxIdentityBytes {
		return Proof{}, fmt.Errorf("%w: longer than %d bytes", ErrIdentity, maxIdentityBytes)
	}
	now := d.Now()
	signed, signature, _ := cutLast(token, ".")
	sum, err := decode64(signature)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: signature: %w", ErrIdentity, err)
	}
	if !signedBy(record.Secrets, now, signed, sum) {
		return Proof{}, fmt.Errorf("%w: not signed by the account's secret token", ErrIdentity)
	}
	head, body, _ := strings.Cut(signed, ".")
	header, err := decode64(head)
	raw, err2 := decode64(body)
	if err := errors.Join(err, err2); err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	if err := checkHeader(header); err != nil {
		return Proof{}, fmt.Errorf("%w: header: %w", ErrIdentity, err)
	}
	c, err := readClaims(raw)
	if err == nil {
		err = c.check(a.id.String(), now)
	}
	p := Proof{Subject: c.subject, Name: c.name, Email: c.email, RUT: c.rut, Phone: c.phone, signed: true, epoch: record.SecretEpoch}
	if err == nil {
		err = checkProof(&p)
	}
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	return p, nil
}

// signedBy reports whether the signature of a text is by one of the secret tokens that
// hold now.
func signedBy(secrets []chatcfg.Secret, now time.Time, signed string, signature []byte) bool {
	for _, s := range secrets {
		holds := s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
		if holds && len(s.PublicKey) == ed25519.PublicKeySize && ed25519.Verify(s.PublicKey, []byte(signed), signature) {
			return true
		}
	}
	return false
}

// encode64 returns bytes in base64url without padding.
func encode64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// decode64 returns the bytes that encode64 wrote. It fails for any other text: unlike
// Go's own decoders, for one with line ends, too.
func decode64(s string) ([]byte, error) {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		return nil, base64.CorruptInputError(i)
	}
	return base64.RawURLEncoding.Strict().DecodeString(s)
}

// cutLast cuts a text around the last sep, as [strings.Cut] does around the first;
// found is false if there is none.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
