package webhook_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/webhook"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/net/http/httpproxy"
)

// resolver asks a real name server that answers the n-th question for an IPv4
// address with answers[n], the last for ever.
func resolver(t *testing.T, answers ...[]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		b := make([]byte, 1500)
		for n := 0; ; {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:size]) != nil || len(m.Questions) != 1 {
				continue
			}
			m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				for _, a := range answers[min(n, len(answers)-1)] {
					m.Answers = append(m.Answers, dnsmessage.Resource{
						Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
						Body:   &dnsmessage.AResource{A: netip.MustParseAddr(a).As4()},
					})
				}
				n++
			}
			if out, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// No spelling of this machine's address gets through to a server on it; with the
// guard off, the negative control, those that mean anything to the resolver do.
func TestGuard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host string
		// odd hosts are none, or names that nobody has, to some resolvers.
		odd bool
	}{
		{host: "127.0.0.1"},
		{host: "localhost"},
		{host: "LOCALHOST"},
		{host: "localhost.", odd: true},
		{host: "0.0.0.0"},
		{host: "[::ffff:127.0.0.1]"},
		{host: "[::ffff:7f00:1]"},
		{host: "[::]", odd: true},
		{host: "[::1]", odd: true},
		{host: "[::1%25lo]", odd: true},
		{host: "[::127.0.0.1]", odd: true},
		{host: "[64:ff9b::7f00:1]", odd: true},
		{host: "[2002:7f00:1::]", odd: true},
		{host: "2130706433", odd: true},
		{host: "017700000001", odd: true},
		{host: "0177.0.0.1", odd: true},
		{host: "0x7f000001", odd: true},
		{host: "0x7f.1", odd: true},
		{host: "127.1", odd: true},
		{host: "127.0.0.1.", odd: true},
		{host: "①②⑦.0.0.1", odd: true},
	} {
		t.Run(tt.host, func(t *testing.T) {
			t.Parallel()
			r := receive(t, false, nil)
			_, port, err := net.SplitHostPort(r.Listener.Addr().String())
			require.NoError(t, err)
			to := webhook.To("https://"+tt.host+":"+port+"/", secret(t))

			err = hook(t, to, func(o *webhook.Options) { o.AllowPrefixes = nil }).Send(t.Context(), event("e-1"))
			require.Error(t, err)
			if !tt.odd {
				require.ErrorIs(t, err, charla.ErrRefused)
				require.ErrorIs(t, err, webhook.ErrAddress)
			}
			assert.Empty(t, r.requests())
			if tt.odd {
				return
			}
			require.NoError(t, hook(t, to, nil).Send(t.Context(), event("e-1")))
			assert.Len(t, r.requests(), 1, "the control")
		})
	}
}

// Where clouds keep their secrets is never dialled.
func TestGuardNeverDials(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]",
		"168.63.129.16", "127.0.0.2", "100.100.100.200", "10.0.0.1", "192.168.0.1", "172.16.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[fe80::1%25lo]", "[ff02::1]",
	} {
		h := hook(t, webhook.To("https://"+host+"/", secret(t)), func(o *webhook.Options) { o.AllowPrefixes = nil })
		err := h.Send(t.Context(), event("e-1"))
		require.ErrorIs(t, err, charla.ErrRefused, host)
		require.ErrorIs(t, err, webhook.ErrAddress, host)
	}
}

// DNS rebinding: the address that is dialled counts, at every call, not one that the
// name had before.
func TestRebinding(t *testing.T) {
	t.Parallel()
	inside := receive(t, false, nil) // on 127.0.0.1
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	require.NoError(t, err)
	to := webhook.To("https://example.com:"+port+"/", secret(t))
	// 127.0.0.2 is the public address of this test. Nothing listens there.
	public := []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}

	h := hook(t, to, func(o *webhook.Options) {
		o.AllowPrefixes, o.Resolver = public, resolver(t, []string{"127.0.0.2"}, []string{"127.0.0.1"})
	})
	err = h.Send(t.Context(), event("e-1"))
	require.ErrorContains(t, err, "127.0.0.2", "it was dialled")
	require.NotErrorIs(t, err, charla.ErrRefused)
	require.ErrorIs(t, h.Send(t.Context(), event("e-1")), webhook.ErrAddress)
	assert.Empty(t, inside.requests())

	// Both at once: the one that is not public is skipped.
	h = hook(t, to, func(o *webhook.Options) {
		o.AllowPrefixes, o.Resolver = public, resolver(t, []string{"127.0.0.1", "127.0.0.2"})
	})
	require.Error(t, h.Send(t.Context(), event("e-1")))
	assert.Empty(t, inside.requests())

	// The control: a guard that looks the name up first lets the second answer pass.
	names := resolver(t, []string{"127.0.0.2"}, []string{"127.0.0.1"})
	looked, err := names.LookupHost(t.Context(), "example.com")
	require.NoError(t, err)
	require.Equal(t, []string{"127.0.0.2"}, looked)
	h = hook(t, to, func(o *webhook.Options) { o.Resolver = names })
	require.NoError(t, h.Send(t.Context(), event("e-1")))
	assert.Len(t, inside.requests(), 1)
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	r := receive(t, false, nil)
	_, port, err := net.SplitHostPort(r.Listener.Addr().String())
	require.NoError(t, err)
	send := func(host string, change func(*webhook.Options)) error {
		return hook(t, webhook.To("https://"+host+":"+port+"/", secret(t)), func(o *webhook.Options) {
			o.AllowPrefixes, o.Resolver = nil, resolver(t, []string{"127.0.0.1"})
			change(o)
		}).Send(t.Context(), event("e-1"))
	}
	byName := func(names ...string) func(*webhook.Options) {
		return func(o *webhook.Options) { o.AllowHosts = names }
	}
	require.NoError(t, send("inside.example", byName("Inside.Example.")))
	require.NoError(t, send("[::ffff:127.0.0.1]", byName("::ffff:127.0.0.1")))
	require.ErrorIs(t, send("inside.example", byName("example", "other.inside.example")), charla.ErrRefused)
	require.NoError(t, send("127.0.0.1", func(o *webhook.Options) { o.AllowPrefixes = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")} }))
	require.ErrorIs(t, send("127.0.0.1", func(o *webhook.Options) { o.AllowPrefixes = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }), charla.ErrRefused)
	assert.Len(t, r.requests(), 3)
}

// What could never be the host of a URL would have every event refused.
func TestAllowHosts(t *testing.T) {
	t.Parallel()
	good := []string{"tienda.cl", "localhost", "Inside.Example.", "127.0.0.1", "::1", "[::1]"}
	_, err := webhook.New(webhook.To("https://tienda.cl", secret(t)), &webhook.Options{AllowHosts: good})
	require.NoError(t, err)
	bad := []string{"*.tienda.cl", "", "http://tienda.cl", "127.0.0.1:8080", "[::1]:80", "tienda.cl/hooks", "10.0.0.0/8"}
	_, err = webhook.New(webhook.To("https://tienda.cl", secret(t)), &webhook.Options{AllowHosts: bad})
	for _, host := range bad {
		assert.ErrorContains(t, err, fmt.Sprintf("%q", host))
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	for _, a := range []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
		"198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:4860:4860::8888", "2606:4700::1111", "2a00::1", "2001:200::",
	} {
		assert.True(t, webhook.Public(netip.MustParseAddr(a)), a)
	}
	for _, p := range []string{ // first and last
		"0.0.0.0-0.255.255.255", "10.0.0.0-10.255.255.255", "100.64.0.0-100.127.255.255", "127.0.0.0-127.255.255.255",
		"169.254.0.0-169.254.255.255", "172.16.0.0-172.31.255.255", "192.0.0.0-192.0.0.255", "192.0.2.0-192.0.2.255",
		"192.88.99.0-192.88.99.255", "192.168.0.0-192.168.255.255", "198.18.0.0-198.19.255.255", "198.51.100.0-198.51.100.255",
		"203.0.113.0-203.0.113.255", "224.0.0.0-239.255.255.255", "240.0.0.0-255.255.255.255", "::-::1",
		"::ffff:0:0-::ffff:ffff:ffff", "64:ff9b::-64:ff9b::ffff:ffff", "64:ff9b:1::-64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
		"100::-100::ffff:ffff:ffff:ffff", "2001::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::-3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "5f00::-5f00:ffff::", "fc00::-fdff:ffff::",
		"fe80::-febf:ffff::", "fec0::-feff:ffff::", "ff00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	} {
		first, last, _ := strings.Cut(p, "-")
		assert.False(t, webhook.Public(netip.MustParseAddr(first)), first)
		assert.False(t, webhook.Public(netip.MustParseAddr(last)), last)
	}
}

// A proxy of the environment would dial in the guard's place.
func TestProxy(t *testing.T) {
	var asked atomic.Int64
	proxy := receive(t, true, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	to := "http://example.com:9/"
	h := hook(t, webhook.To(to, secret(t)), func(o *webhook.Options) {
		o.InsecureHTTP, o.AllowPrefixes, o.Resolver = true, nil, resolver(t, []string{"127.0.0.1"})
	})
	require.ErrorIs(t, h.Send(t.Context(), event("e-1")), webhook.ErrAddress)
	assert.Zero(t, asked.Load())

	// The control: a client that does use it.
	u, err := url.Parse(to)
	require.NoError(t, err)
	proxyOf := httpproxy.FromEnvironment().ProxyFunc() // http.ProxyFromEnvironment reads it once in a process
	client := &http.Client{Transport: &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) { return proxyOf(r.URL) },
	}}
	defer client.CloseIdleConnections()
	r, err := client.Do((&http.Request{Method: http.MethodPost, URL: u, Header: http.Header{}}).WithContext(t.Context()))
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	assert.EqualValues(t, 1, asked.Load())
}
