package widget

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
)

// Streams is how many streams and long polls a handler has open.
func Streams(h *Handler) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.streams)
}

// Remembered is how many addresses a handler remembers.
func Remembered(h *Handler) int {
	kept := &h.limits.address[0].kept
	kept.mu.Lock()
	defer kept.mu.Unlock()
	return len(kept.m)
}

// ScriptHash is what the pages' policies allow, HashOf what a script has.
func ScriptHash() string { return pages().script }

// HashOf is the source expression for a script.
func HashOf(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// DecodeFlat reads a body of three fields.
func DecodeFlat(body []byte) (text string, flag bool, n int64, err error) {
	err = decodeFlat(body, map[string]any{"text": &text, "flag": &flag, "n": &n})
	return text, flag, n, err
}

// Address is where a request comes from.
func Address(remote, forwarded string, trusted []netip.Prefix) netip.Addr {
	a, _ := address(&http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {forwarded}}}, trusted)
	return a
}
