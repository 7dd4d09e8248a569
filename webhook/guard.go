package webhook

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// ErrAddress: the URL leads to an address that is not public.
var ErrAddress = errors.New("webhook: address is not public")

// guard dials public addresses, and those that the options allow.
type guard struct {
	resolver *net.Resolver
	timeout  time.Duration
	hosts    map[string]bool
	prefixes []netip.Prefix
}

// newGuard returns the guard of some options. It does no I/O.
func newGuard(o *Options) *guard {
	g := &guard{resolver: o.Resolver, timeout: o.Timeout, hosts: make(map[string]bool)}
	for _, h := range o.AllowHosts {
		g.hosts[canonical(h)] = true
	}
	for _, p := range o.AllowPrefixes {
		g.prefixes = append(g.prefixes, p.Masked())
	}
	return g
}

// isHost reports whether a text can be a host name or an address alone: not empty, no
// scheme, port, user, path, pattern or space. It checks no more.
func isHost(host string) bool {
	host = canonical(host)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host != "" && !strings.ContainsAny(host, ":/@ *?#")
}

// canonical returns a host in the form in which hosts are compared: small letters, no
// brackets, no dot at the end.
func canonical(host string) string {
	return strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
}

// dial connects to an address. Unless the host is allowed by name, each address is
// checked after its name was resolved and before it is connected to, so that no name,
// spelling or second answer of a resolver gets around it. It has a bound of its own,
// since [http.Transport] goes on dialling when a request is given up. It fails with
// [ErrAddress] for an address that is not allowed, or if nobody answers.
func (g *guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Resolver: g.resolver, Timeout: g.timeout}
	if !g.hosts[canonical(host)] {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			return g.check(address)
		}
	}
	return d.DialContext(ctx, network, address)
}

// check returns [ErrAddress] for an address that is neither in an allowed network nor
// public, or that is malformed; else nil.
func (g *guard) check(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAddress, err)
	}
	addr := ap.Addr()
	for _, p := range g.prefixes {
		if p.Contains(addr) {
			return nil
		}
	}
	if !isPublic(addr) {
		return fmt.Errorf("%w: %s", ErrAddress, addr)
	}
	return nil
}

// isPublic reports whether an address is one of the open internet, by the registries of
// special-purpose addresses of IANA. Of IPv6 only what is given out can be.
func isPublic(a netip.Addr) bool {
	if a.Is6() && !unicast.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// unicast is what IPv6 addresses are given out from. Outside of it are, among others,
// ::1, IPv4-mapped and IPv4-compatible addresses, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), unique
// local (fc00::/7), link-local (fe80::/10) and multicast (ff00::/8).
var unicast = netip.MustParsePrefix("2000::/3")

var special = prefixes(
	"0.0.0.0/8",        // this network
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // shared by a provider's customers (CGNAT)
	"127.0.0.0/8",      // loopback
	"168.63.129.16/32", // the host of a machine in Azure
	"169.254.0.0/16",   // link-local, where clouds keep their metadata
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // IETF protocols
	"192.0.2.0/24",     // documentation
	"192.31.196.0/24",  // AS112
	"192.52.193.0/24",  // AMT
	"192.88.99.0/24",   // 6to4 relays
	"192.168.0.0/16",   // private
	"192.175.48.0/24",  // AS112
	"198.18.0.0/15",    // benchmarking
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"224.0.0.0/4",      // multicast
	"240.0.0.0/4",      // reserved, broadcast
	"2001::/23",        // IETF protocols: Teredo, benchmarking, ORCHID
	"2001:db8::/32",    // documentation
	"2002::/16",        // 6to4: holds an IPv4 address
	"2620:4f:8000::/48",
	"3ffe::/16", // 6bone
	"3fff::/20", // documentation
)

// prefixes returns the networks that texts such as "10.0.0.0/8" name. It panics if one
// is malformed.
func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}
