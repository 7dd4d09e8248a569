package widget

import (
	"net/http"
	"net/netip"
	"strings"
)

// levels are the networks that are counted: of IPv6 a line (/64), a home or an office
// (/56), a site (/48), each with how many times as much as an address it may have. An
// IPv4 address is counted alone.
var levels = [...]struct{ bits, times int }{{64, 1}, {56, 4}, {48, 16}}

// networks returns the n networks that an address is in, the narrowest first, in
// all[:n].
func networks(a netip.Addr) (all [len(levels)]netip.Prefix, n int) {
	if !a.Is6() {
		all[0] = netip.PrefixFrom(a, a.BitLen())
		return all, 1
	}
	for i, level := range levels {
		all[i] = netip.PrefixFrom(a, level.bits).Masked()
	}
	return all, len(levels)
}

// address returns the network address of a client: the peer's, or, behind trusted
// proxies, the last one in X-Forwarded-For that is no trusted proxy itself. shared says
// why all who come by a proxy share its address: it is trusted and names nobody, or it is
// not trusted, though it names somebody or is on a Unix socket, which only a proxy is;
// empty: nothing speaks for that.
func address(r *http.Request, trusted []netip.Prefix) (client netip.Addr, shared string) {
	client = peer(r.RemoteAddr)
	if !isTrusted(client, trusted) {
		socket := !strings.Contains(r.RemoteAddr, ":")
		if socket || (client.IsLoopback() || client.IsPrivate()) && r.Header.Get("X-Forwarded-For") != "" {
			return client, "a proxy is not in TrustedProxies"
		}
		return client, ""
	}
	shared = "a trusted proxy sends no X-Forwarded-For with an address"
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(client, trusted); i-- {
		hop, ok := parseHop(hops[i])
		if !ok {
			break // keep the last address that could be read
		}
		client, shared = hop, ""
	}
	return client, shared
}

// parseHop reads an address as proxies write them: plain, quoted, IPv6 in brackets, with a
// port. It returns false if the text is no address, such as "unknown".
func parseHop(s string) (a netip.Addr, ok bool) {
	s = strings.Trim(strings.TrimSpace(s), `"`)
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		a = withPort.Addr()
	} else if a, err = netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err != nil {
		return a, false
	}
	return a.Unmap().WithZone(""), true
}

// peer returns the address in a RemoteAddr, or 127.0.0.1 if it has none, as with a Unix
// socket.
func peer(remote string) netip.Addr {
	a, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return a.Addr().Unmap().WithZone("")
}

// isTrusted reports whether an address is in one of the trusted networks.
func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
