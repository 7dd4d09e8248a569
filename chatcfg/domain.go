package chatcfg

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// ParseDomain reads where a chat is installed, a host or a URL, and returns its
// host and port without the scheme (R6.8): lower case, internationalised names
// in ASCII, the default ports 80 and 443 left out, path and query dropped. A
// host is a name of one or more labels (localhost, too) or an IP address; IPv6
// stands in brackets. User information, a trailing dot, a scheme other than http
// and https, and numbers that only browsers take for an address (0x7f.1) are
// errors. The error is [Problems].
func ParseDomain(s string) (string, error) {
	s = strings.TrimSpace(s)
	if scheme, rest, found := strings.Cut(s, "://"); found {
		if !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
			return "", refuse(CodeInvalidDomain)
		}
		s = rest
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	host, port, ok := splitPort(s)
	if ok {
		host, ok = canonicalHost(host)
	}
	if !ok {
		return "", refuse(CodeInvalidDomain)
	}
	if port != "" && port != "80" && port != "443" {
		host += ":" + port
	}
	return host, nil
}

// parsePattern is ParseDomain for extra domains: "*." may stand before a name of
// two or more labels.
func parsePattern(s string) (string, error) {
	rest, wild := strings.CutPrefix(strings.TrimSpace(s), "*.")
	domain, err := ParseDomain(rest)
	if err != nil || !wild {
		return domain, err
	}
	host, _, _ := splitPort(domain)
	if strings.ContainsAny(rest, "/?#") || isAddress(host) || !strings.Contains(host, ".") {
		return "", refuse(CodeInvalidDomain)
	}
	return "*." + domain, nil
}

// Allows says whether a page of that origin may load the widget (R6.8). The
// origin is the value of an Origin header as browsers write it, such as
// "https://tienda.cl": its host and port must be exactly those of the domain or
// of an extra domain, whose "*." stands for one label. The scheme does not
// matter, http or https; a default port equals none. Everything else is refused,
// among it "null", an empty origin, and every origin when the chat has no domain
// at all.
func (c Chat) Allows(origin string) bool {
	scheme, rest, _ := strings.Cut(origin, "://")
	if scheme != "http" && scheme != "https" {
		return false
	}
	host, port, ok := splitPort(rest)
	if !ok {
		return false
	}
	if canonical, ok := canonicalHost(host); !ok || canonical != host {
		return false
	}
	if scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		port = ""
	}
	if port != "" {
		port = ":" + port
	}
	if domain, err := ParseDomain(c.Domain); err == nil && domain == host+port {
		return true
	}
	_, parent, _ := strings.Cut(host, ".")
	for _, extra := range c.ExtraDomains {
		pattern, err := parsePattern(extra)
		if err == nil && (pattern == host+port || pattern == "*."+parent+port) {
			return true
		}
	}
	return false
}

// splitPort splits a host from its port, which is written without leading zeros;
// empty: there is none.
func splitPort(s string) (host, port string, ok bool) {
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 || strings.HasSuffix(s, "]") {
		return s, "", true
	}
	host, port = s[:colon], s[colon+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	return host, port, err == nil && n > 0 && port[0] != '0' && port[0] != '+'
}

// hosts is how browsers read a host, with the rules for legal names on top.
var hosts = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.BidiRule(),
	idna.StrictDomainName(true),
	idna.VerifyDNSLength(true),
	idna.CheckHyphens(false),
)

// canonicalHost is a host in lower case and ASCII, or an IP address as it is
// usually written.
func canonicalHost(s string) (string, bool) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		if !ok || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", false
		}
		return "[" + ip.String() + "]", true
	}
	// What is refused here, the mapping could otherwise make something of.
	if len(s) > 1024 || strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar ||
			r < unicode.MaxASCII && strings.ContainsRune(":@[]/\\?#%*", r)
	}) {
		return "", false
	}
	host, err := hosts.ToASCII(s)
	if err != nil || host == "" {
		return "", false
	}
	if again, err := hosts.ToASCII(host); err != nil || again != host {
		return "", false
	}
	if endsInNumber(host) {
		ip, err := netip.ParseAddr(host)
		if err != nil || !ip.Is4() {
			return "", false
		}
	}
	return host, true
}

// isAddress says whether a canonical host is an IP address.
func isAddress(host string) bool { return host != "" && (host[0] == '[' || endsInNumber(host)) }

// endsInNumber says whether a browser would read a host as an IPv4 address.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}
