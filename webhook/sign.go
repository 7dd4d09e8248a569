package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of Standard Webhooks.
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// Tolerance is how far the date of a signature may be from the receiver's clock.
const Tolerance = 5 * time.Minute

// The length of a secret, in bytes.
const (
	minSecret = 24
	maxSecret = 64
	newSecret = 32
)

// secretPrefix makes a secret recognisable.
const secretPrefix = "whsec_"

// ErrSecret: the text is no secret.
var ErrSecret = errors.New("webhook: not a secret")

// ErrSignature: the request is not signed by any of the secrets, or not now.
var ErrSignature = errors.New("webhook: not a valid signature")

// Secret signs requests. Both sides have it. It does not print, log or encode: only
// [Secret.Reveal] gives it away. The zero Secret is none.
type Secret struct {
	// key is behind a pointer because fmt prints what unexported fields hold without
	// asking, but of pointers only the address.
	key *[]byte
}

// NewSecret makes a secret of 256 bits. random must be unpredictable; nil: crypto/rand.
// It fails if random does.
func NewSecret(random io.Reader) (Secret, error) {
	if random == nil {
		random = systemEntropy()
	}
	key := make([]byte, newSecret)
	if _, err := io.ReadFull(random, key); err != nil {
		return Secret{}, fmt.Errorf("webhook: secret: %w", err)
	}
	return Secret{&key}, nil
}

// ParseSecret reads what [Secret.Reveal] gave: "whsec_" and 24 to 64 bytes in base64.
// It fails with [ErrSecret] for any other text.
func ParseSecret(s string) (Secret, error) {
	text, ok := strings.CutPrefix(s, secretPrefix)
	key, err := decode64(text)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret {
		return Secret{}, ErrSecret
	}
	return Secret{&key}, nil
}

// decode64 returns the bytes of a text in base64. It fails for any other text; unlike
// Go's own decoder, for one with line ends, too.
func decode64(s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, ErrSecret
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.key == nil }

// Reveal returns the secret in clear, for the receiver; empty for the zero Secret.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(*s.key)
}

// String returns a placeholder, as the other ways to print it do.
func (s Secret) String() string { return secretPrefix + "…" }

// Format writes the placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue returns the placeholder, as String does.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the placeholder, so that encoders do not get the secret. It never
// fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// sum returns the signature of a body. It panics for the zero Secret.
func (s Secret) sum(id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, *s.key)
	_, _ = io.WriteString(mac, id+"."+timestamp+".")
	_, _ = mac.Write(body)
	return mac.Sum(nil)
}

// sign returns the headers of a request that are signed by each of the secrets. It
// fails without a secret, or if the ID is not fit for a header.
func sign(secrets []Secret, id string, now time.Time, body []byte) (http.Header, error) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	var signatures []string
	for _, s := range secrets {
		if !s.IsZero() {
			signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(s.sum(id, timestamp, body)))
		}
	}
	if len(signatures) == 0 {
		return nil, errors.New("webhook: an endpoint without a secret")
	}
	if !validID(id) {
		return nil, errors.New("webhook: an event without a key fit for a header")
	}
	h := make(http.Header)
	h.Set(headerID, id)
	h.Set(headerTimestamp, timestamp)
	h.Set(headerSignature, strings.Join(signatures, " "))
	return h, nil
}

// validID reports whether an ID is fit to be signed: a dot follows it there, so it has
// none.
func validID(id string) bool {
	return id != "" && len(id) <= 256 && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '.' })
}

// Verify is for the receiver: it returns nil if a request with these headers and
// exactly this body was signed by one of the secrets within [Tolerance] of now. Else it
// fails with [ErrSignature]. Remember the header "webhook-id" to recognise an event
// that comes twice.
func Verify(header http.Header, body []byte, now time.Time, secrets ...Secret) error {
	ids, dates, lists := header.Values(headerID), header.Values(headerTimestamp), header.Values(headerSignature)
	if len(ids) != 1 || len(dates) != 1 || len(lists) != 1 || !validID(ids[0]) || len(lists[0]) > 4096 {
		return fmt.Errorf("%w: headers missing, repeated or malformed", ErrSignature)
	}
	seconds, err := strconv.ParseInt(dates[0], 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != dates[0] {
		return fmt.Errorf("%w: malformed timestamp", ErrSignature)
	}
	if at := time.Unix(seconds, 0); at.Before(now.Add(-Tolerance)) || at.After(now.Add(Tolerance)) {
		return fmt.Errorf("%w: too old or of the future", ErrSignature)
	}
	var sums [][]byte
	for _, s := range secrets {
		if !s.IsZero() {
			sums = append(sums, s.sum(ids[0], dates[0], body))
		}
	}
	good := false
	for one := range strings.SplitSeq(lists[0], " ") {
		text, ok := strings.CutPrefix(one, "v1,")
		given, err := decode64(text)
		if !ok || err != nil {
			continue // another version's
		}
		for _, sum := range sums {
			good = hmac.Equal(given, sum) || good
		}
	}
	if !good {
		return ErrSignature
	}
	return nil
}
