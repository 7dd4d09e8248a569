package widget

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// sealer seals what passes through a visitor's browser, so that it can be
// neither read nor changed there and nothing need be kept here.
type sealer struct{ aead cipher.AEAD }

// newSealer returns a sealer with a key that is derived from the host's. It never fails with a
// key of keySize bytes.
func newSealer(key []byte) (sealer, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "charla widget login v1", keySize)
	if err != nil {
		return sealer{}, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealer{aead}, err
}

// The kinds of what is sealed; one is never taken for the other.
const (
	sealedState = "state"
	sealedLogin = "login"
)

// sealed is a social login on its way: its state while the visitor is at the
// provider's, then the finished login.
type sealed struct {
	Account chatcfg.AccountID `json:"a"`
	Key     string            `json:"k"`
	// Provider is who is asked, Origin the page that asked.
	Provider string `json:"p"`
	Origin   string `json:"o"`
	// Nonce is the SHA-256 of what only that page has.
	Nonce []byte `json:"n"`
	// Expires is in seconds since 1970, by the desk's clock.
	Expires int64 `json:"e"`
	// ID and Proof are the finished login's.
	ID    string        `json:"i,omitempty"`
	Proof *charla.Proof `json:"v,omitempty"`
}

// seal returns a value as a sealed text of a kind.
func (s sealer) seal(kind string, what sealed) string {
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, encode(what), []byte(kind)))
}

var errSeal = errors.New("widget: not sealed here, or too old")

// open returns what a text holds. It fails with errSeal if the text was not sealed with this
// key as this kind, or has expired. One that would last for longer than any was sealed by a
// wrong clock.
func (s sealer) open(kind, text string, now time.Time) (what sealed, err error) {
	if len(text) > maxSealed || strings.ContainsAny(text, "\r\n") { // which the decoder skips
		return sealed{}, errSeal
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return sealed{}, errSeal
	}
	plain, err := s.aead.Open(nil, nil, raw, []byte(kind))
	if err != nil || json.Unmarshal(plain, &what) != nil || now.Unix() >= what.Expires || tickets.Ahead(time.Unix(what.Expires, 0), now.Add(max(stateLasts, loginLasts))) {
		return sealed{}, errSeal
	}
	return what, nil
}

// maxSealed is longer than anything sealed.
const maxSealed = 4096

// matches reports whether a nonce is the one of the page that began the login.
func (s *sealed) matches(nonce string) bool {
	sum := sha256.Sum256([]byte(nonce))
	return nonce != "" && subtle.ConstantTimeCompare(sum[:], s.Nonce) == 1
}

// spent remembers which logins were used, until they expire.
type spent struct {
	mu sync.Mutex
	m  map[string]spending // by the login's ID
}

// spending is when a login expires, and the token of the session that it logged in;
// zero: it started one.
type spending struct {
	expires int64
	token   tokenHash
}

// maxSpent bounds spent.
const maxSpent = 1 << 16

// use marks a login as used by a session's token. It returns first if it was not used before,
// again if the same token used it, and neither if another did or too many logins are
// remembered.
func (s *spent) use(id string, token tokenHash, expires int64, now time.Time) (first, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.m) >= maxSpent {
		for id, one := range s.m {
			if one.expires <= now.Unix() {
				delete(s.m, id)
			}
		}
	}
	if one, used := s.m[id]; used {
		return false, token != tokenHash{} && one.token == token
	}
	if len(s.m) >= maxSpent {
		return false, false
	}
	if s.m == nil {
		s.m = make(map[string]spending)
	}
	s.m[id] = spending{expires, token}
	return true, false
}

// giveBack undoes use: the login may be used again.
func (s *spent) giveBack(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, id)
}
