package chatcfg

import (
	"strings"
	"unicode"
)

// ParseEmail reads an e-mail address and returns it with its domain in lower
// case and ASCII; the part before the @ stays as it is typed. It is stricter
// than net/mail: an address alone (no display name, comment or quotes), a local
// part of at most 64 ASCII characters, a domain of at least two labels that is
// no IP address nor localhost, at most [MaxEmail] bytes in all, no control
// characters. White space around it and
// invisible characters that it was pasted with are dropped; dashes, letters and digits
// that only look different become plain. The error is [Problems].
//
// Two spellings of a local part that differ in case alone are the same mailbox
// almost everywhere: compare addresses with [strings.EqualFold].
func ParseEmail(s string) (string, error) {
	invalid := refuse(CodeInvalidEmail)
	if len(s) > maxTyped || strings.ContainsFunc(s, unicode.IsControl) {
		return "", invalid
	}
	local, domain, found := strings.Cut(cleanHost(s), "@")
	if local = clean(local); !found || !isDotAtom(local) || len(local) > 64 {
		return "", invalid
	}
	domain, ok := canonicalHost(domain)
	if !ok || !strings.Contains(domain, ".") || strings.Contains(domain, "_") || isAddress(domain) ||
		strings.HasSuffix(domain, ".localhost") || len(local)+1+len(domain) > MaxEmail {
		return "", invalid
	}
	return local + "@" + domain, nil
}

// isDotAtom reports whether s is atoms of RFC 5321 joined by dots.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool {
			alphanumeric := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
			return !alphanumeric && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
		}) {
			return false
		}
	}
	return true
}
