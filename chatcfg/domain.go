package chatcfg

import (
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// ParseDomain reads where a chat is installed, a host or a URL, and returns its
// host and port without the scheme (R6.8): lower case, internationalised names
// in ASCII, a port left out that is its scheme's own, path and query dropped. A
// host is a name of one or more labels (localhost, too) or an IP address; IPv6
// stands in brackets. Labels may hold underscores and neither begin nor end with a
// hyphen. What is invisible, or only looks like a letter, a digit or a hyphen, becomes
// what it stands for. User information, a trailing dot, a scheme other than http
// and https, and numbers that only browsers take for an address (0x7f.1) are
// errors. The error is [Problems].
func ParseDomain(s string) (string, error) {
	scheme, s, ok := cutScheme(cleanHost(s))
	host, port, okPort := splitPort(s)
	host, okHost := canonicalHost(host)
	if !ok || !okPort || !okHost {
		return "", refuse(CodeInvalidDomain)
	}
	if port != "" && port != defaultPort(scheme) {
		host += ":" + port
	}
	return host, nil
}

// cutScheme returns the scheme of an http or https URL, empty for a text without one, and
// what follows it up to the end of the host. It returns false for any other scheme.
func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "", s
	}
	scheme = strings.ToLower(scheme)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return scheme, rest, !found || defaultPort(scheme) != ""
}

// defaultPort returns the port of an http or https URL that has none; empty for any
// other scheme.
func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// parsePattern is [ParseDomain] for extra domains: "*." may stand before a name of two or
// more labels, and the origin of an app is accepted, too. The error is [Problems].
func parsePattern(s string) (string, error) {
	if origin, ok := parseAppOrigin(s); ok {
		return origin, nil
	}
	rest, wild := strings.CutPrefix(clean(s), "*.")
	if !wild {
		return ParseDomain(s)
	}
	domain, err := ParseDomain(rest)
	if err != nil {
		return "", err
	}
	host, _, _ := splitPort(domain)
	if strings.ContainsAny(rest, "/?#") || isAddress(host) || !strings.Contains(host, ".") {
		return "", refuse(CodeInvalidDomain)
	}
	return "*." + domain, nil
}

// appOrigin is the origin of an app's pages, and what may follow it in a URL.
var appOrigin = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]{0,62})://([A-Za-z0-9._-]{1,253}(?::[1-9][0-9]{0,4})?)(?:[/?#].*)?$`)

// parseAppOrigin returns the origin of an app, such as "capacitor://localhost", with its
// scheme in lower case, or false if the text is none.
func parseAppOrigin(s string) (string, bool) {
	m := appOrigin.FindStringSubmatch(clean(s))
	if m == nil {
		return "", false
	}
	switch scheme := strings.ToLower(m[1]); scheme {
	// Those of the web, and those whose pages have no origin that is theirs alone.
	case "http", "https", "ws", "wss", "ftp", "file", "filesystem", "blob", "data", "about", "javascript", "vbscript", "view-source":
		return "", false
	default:
		return scheme + "://" + m[2], true
	}
}

// Allows reports whether a page of that origin may load the widget (R6.8). The
// origin is the value of an Origin header as browsers write it, such as
// "https://tienda.cl": its host and port must be exactly those of the domain or
// of an extra domain, whose "*." stands for one label. The scheme does not
// matter, http or https; a default port equals none. The origin of an app must be exactly
// an extra domain. Everything else is refused,
// among it "null", an empty origin, and every origin when the chat has no domain
// at all.
func (c Chat) Allows(origin string) bool {
	scheme, rest, _ := strings.Cut(origin, "://")
	if defaultPort(scheme) == "" {
		return slices.ContainsFunc(c.ExtraDomains, func(extra string) bool {
			app, ok := parseAppOrigin(extra)
			return ok && app == origin
		})
	}
	host, port, ok := splitPort(rest)
	if !ok {
		return false
	}
	if canonical, ok := canonicalHost(host); !ok || canonical != host {
		return false
	}
	// With its port, and without it where it is the scheme's.
	port = cmp.Or(port, defaultPort(scheme))
	ports := []string{":" + port}
	if port == defaultPort(scheme) {
		ports = append(ports, "")
	}
	_, parent, _ := strings.Cut(host, ".")
	domain, err := ParseDomain(c.Domain)
	for _, port := range ports {
		if err == nil && domain == host+port {
			return true
		}
		for _, extra := range c.ExtraDomains {
			pattern, err := parsePattern(extra)
			if err == nil && (pattern == host+port || pattern == "*."+parent+port) {
				return true
			}
		}
	}
	return false
}

// splitPort splits a host from its port; empty: there is none. It returns false unless the
// port is a number from 1 to 65535 without leading zeros.
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
	idna.CheckJoiners(true),
	idna.StrictDomainName(false), // underscores; see isName
	idna.VerifyDNSLength(true),
	idna.CheckHyphens(false),
)

// cleanHost is clean for an address, but it keeps a joiner after a letter, by which names
// differ in some scripts: canonicalHost checks it.
func cleanHost(s string) string {
	if !strings.ContainsFunc(s, isJoiner) {
		return clean(s)
	}
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if isJoiner(r) && i > 0 && runes[i-1] > unicode.MaxASCII {
			b.WriteRune(r)
		} else if r = cleanRune(r); r >= 0 {
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// isJoiner reports whether a character is one of the two invisible joiners.
func isJoiner(r rune) bool { return unicode.Is(unicode.Join_Control, r) }

// canonicalHost returns a host in lower case and ASCII, or an IP address as it is usually
// written. It returns false if the text is neither.
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
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && !isJoiner(r) || r == unicode.ReplacementChar ||
			r < unicode.MaxASCII && strings.ContainsRune(":@[]/\\?#%*", r)
	}) {
		return "", false
	}
	// Browsers read a capital ẞ as ß, the tables of package idna as "ss".
	s = strings.ReplaceAll(s, "ẞ", "ß")
	host, err := hosts.ToASCII(s)
	if err != nil && strings.ContainsFunc(s, isJoiner) { // none belongs there: it was pasted
		host, err = hosts.ToASCII(clean(s))
	}
	if err != nil || !isName(host) {
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

// isName reports whether a name in ASCII has only letters, digits, hyphens and underscores,
// and no label begins or ends with a hyphen, in ASCII or as people read it.
func isName(host string) bool {
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return false
	}
	shown, err := hosts.ToUnicode(host)
	if err != nil {
		return false
	}
	for _, name := range [...]string{host, shown} {
		for label := range strings.SplitSeq(name, ".") {
			if strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
				return false
			}
		}
	}
	return true
}

// isAddress reports whether a canonical host is an IP address.
func isAddress(host string) bool { return host != "" && (host[0] == '[' || endsInNumber(host)) }

// endsInNumber reports whether a browser would read a host as an IPv4 address.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(last, "0123456789") == "" {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	return ok && strings.Trim(hex, "0123456789abcdef") == ""
}
