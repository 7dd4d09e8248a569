// Package suffix knows under which domains strangers can register names: co.uk, github.io.
//
// The rules are Mozilla's public suffix list (publicsuffix.org, Mozilla Public License 2.0),
// written by lab/suffixes.
package suffix

import (
	_ "embed"
	"strings"
)

// rules are the list's rules of two labels and more, one a line and sorted: a suffix, "*."
// and the parent of suffixes, or "!" and a name that is none after all.
//
//go:embed suffixes.txt
var rules string

// Of returns the public suffix of a host in ASCII, which is no address: the host itself,
// one of its parents, or, without a rule, its last label.
func Of(host string) string {
	for at := 0; ; {
		name := host[at:]
		_, parent, more := strings.Cut(name, ".")
		switch {
		case has("!" + name):
			return parent
		case !more, has(name), has("*." + parent):
			return name
		}
		at += len(name) - len(parent)
	}
}

// Registrable returns the part of a host that somebody registered: its public suffix and one
// label more; empty: the host is a public suffix.
func Registrable(host string) string {
	rest, found := strings.CutSuffix(host, "."+Of(host))
	if !found {
		return ""
	}
	return host[strings.LastIndexByte(rest, '.')+1:]
}

// has reports whether the list has a rule, written as there.
func has(rule string) bool {
	lo, hi := 0, len(rules) // the rule begins in this part, at the beginning of a line
	for lo < hi {
		mid := lo + strings.LastIndexByte(rules[lo:(lo+hi)/2], '\n') + 1
		line := rules[mid : mid+strings.IndexByte(rules[mid:], '\n')]
		switch {
		case line == rule:
			return true
		case line < rule:
			lo = mid + len(line) + 1
		default:
			hi = mid
		}
	}
	return false
}
