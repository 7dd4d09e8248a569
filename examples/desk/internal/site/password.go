package site

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// A password's hash names its own cost, so that a later version may raise it.
const (
	hashTime    = 3
	hashMemory  = 64 << 10 // KiB
	hashThreads = 2
	hashFormat  = "argon2id$t=%d,m=%d,p=%d$%s$%s"
)

var errHash = errors.New("desk: the stored password hash cannot be read")

// newPassword returns a random password of 125 bits in groups of five letters, easy to
// type.
func newPassword() string {
	text := strings.ToLower(rand.Text()[:25])
	var groups []string
	for i := 0; i < len(text); i += 5 {
		groups = append(groups, text[i:i+5])
	}
	return strings.Join(groups, "-")
}

// hashPassword returns the Argon2 hash of a password, with a new salt. memory is in
// KiB.
func hashPassword(password string, memory uint32) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	sum := argon2.IDKey([]byte(password), salt, hashTime, memory, hashThreads, 32)
	return fmt.Sprintf(hashFormat, hashTime, memory, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// checkPassword reports whether a password has a hash. It fails for a text that is no
// hash.
func checkPassword(password, hash string) (bool, error) {
	var passes, memory uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 4 || parts[0] != "argon2id" {
		return false, errHash
	}
	if _, err := fmt.Sscanf(parts[1], "t=%d,m=%d,p=%d", &passes, &memory, &threads); err != nil || passes < 1 || threads < 1 || memory > 1<<20 {
		return false, errHash
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[2])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[3])
	if err != nil || err2 != nil || len(sum) == 0 {
		return false, errHash
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1, nil
}

// How many passwords may be tried in attemptWindow: from one address or known browser, and
// from all others together.
const (
	attemptWindow  = 10 * time.Minute
	attemptsOne    = 10
	attemptsAll    = 200
	maxPasswordLen = 200
)

// attempts counts logins, before it is known whether they fail, so that many at once
// are no more than others. It holds back guessing, not the one who knows: a success
// takes the count away, and a browser in which that person has logged in has tries of
// its own.
type attempts struct {
	mu    sync.Mutex
	since time.Time
	one   map[string]int
	all   int
}

// allow counts an attempt and reports whether it may be made: not if there were too
// many under that key or, unless that is known, in all.
func (a *attempts) allow(key string, known bool, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.since) >= attemptWindow || now.Before(a.since) {
		a.since, a.one, a.all = now, map[string]int{}, 0
	}
	if a.one[key] >= attemptsOne || !known && a.all >= attemptsAll {
		return false
	}
	a.one[key]++
	if !known {
		a.all++
	}
	return true
}

// succeeded forgets the attempts under a key.
func (a *attempts) succeeded(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = max(0, a.all-a.one[key])
	delete(a.one, key)
}

// hashToken returns a token's hash.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// network returns the network whose attempts are counted together: an IPv4 address, or
// a /64 of IPv6.
func network(a netip.Addr) netip.Addr {
	if a = a.Unmap(); a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
