package widget_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAddressForms: R8.4: behind a proxy each visitor has a budget of their own, whatever
// usual form the proxy writes addresses in, and also behind a Unix socket.
func TestAddressForms(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]func(i int) string{
		"plain":         func(i int) string { return fmt.Sprintf("198.51.100.%d", i) },
		"with a port":   func(i int) string { return fmt.Sprintf("198.51.100.%d:%d", i, 50000+i) },
		"[v6]":          func(i int) string { return fmt.Sprintf("[2001:db8:%x::1]", i) },
		"[v6] and port": func(i int) string { return fmt.Sprintf("[2001:db8:%x::1]:%d", i, 50000+i) },
		"quoted":        func(i int) string { return fmt.Sprintf("%q", fmt.Sprintf("198.51.100.%d", i)) },
	} {
		for _, peer := range []string{"10.1.1.1:999", "@"} {
			t.Run(name+" from "+peer, func(t *testing.T) {
				t.Parallel()
				s := setup(t, nil, func(o *widget.Options) {
					usual(o)
					o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")}
				})
				for i := range 100 {
					require.Equal(t, http.StatusCreated, s.send(entry(i), peer, form(i)).status, "%d", i)
				}
				refused := 0
				for i := range 100 {
					if s.send(entry(100+i), peer, form(7)).status == http.StatusTooManyRequests {
						refused++
					}
				}
				assert.Positive(t, refused, "the control: one address is refused in the end")
			})
		}
	}
}

// usual sets the limits of entries that hold where nothing is said.
func usual(o *widget.Options) {
	o.Limits.Address, o.Limits.Entry = widget.Rate{PerSecond: 20, Burst: 200}, widget.Rate{PerSecond: 0.2, Burst: 30}
	o.Limits.AccountEntry = widget.Rate{PerSecond: 20, Burst: 500}
}

// entry begins a session of a customer of their own.
func entry(i int) request {
	return request{method: "POST", path: "sessions", body: fmt.Sprintf(`{"name":"c%d","email":"c%d@example.com"}`, i, i)}
}

// TestHome: R8.4: a hostile home or site, with all the lines that it has, leaves the account's
// entries to others.
func TestHome(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]func(i int) string{
		"an IPv4 address": func(int) string { return "192.0.2.1:1" },
		"a /64":           func(i int) string { return fmt.Sprintf("[2001:db8:1:100::%x]:1", i) },
		"a /56":           func(i int) string { return fmt.Sprintf("[2001:db8:1:1%02x::1]:1", i%256) },
		"a /48":           func(i int) string { return fmt.Sprintf("[2001:db8:1:%x::1]:1", i) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, nil, usual)
			refused := 0
			for i := range 3000 {
				if s.send(entry(i), address(i)).status == http.StatusTooManyRequests {
					refused++
				}
			}
			assert.Greater(t, refused, 2000)
			for i := range 20 {
				assert.Equal(t, http.StatusCreated, s.send(entry(5000+i), fmt.Sprintf("198.51.100.%d:1", i)).status, "an honest visitor")
			}
		})
	}
}

// TestRefusedCostNothing: R8.4: requests of pages that may not use the account, or for an
// account that there is not, use up nobody's budget but their address's.
func TestRefusedCostNothing(t *testing.T) {
	t.Parallel()
	s := setup(t, nil, func(o *widget.Options) {
		o.Limits.All, o.Limits.Account = widget.Rate{PerSecond: 0.001, Burst: 20}, widget.Rate{PerSecond: 0.001, Burst: 20}
	})
	for i := range 100 {
		from := fmt.Sprintf("192.0.2.%d:1", i)
		require.Equal(t, http.StatusForbidden, s.send(request{path: "config", origin: "https://other.example"}, from).status)
		require.Equal(t, http.StatusForbidden, s.send(request{path: "/v1/charla_pk_nobody/config"}, from).status)
	}
	for i := range 20 {
		require.Equal(t, http.StatusOK, s.send(request{path: "config"}, fmt.Sprintf("198.51.100.%d:1", i)).status)
	}
	assert.Equal(t, http.StatusTooManyRequests, s.send(request{path: "config"}, "198.51.100.99:1").status, "the control: there is a limit")
}

// TestEveryProxy: who trusts every address as a proxy is told so.
func TestEveryProxy(t *testing.T) {
	t.Parallel()
	desk, err := charla.New(storage.NewMemory(), nil)
	require.NoError(t, err)
	for _, p := range []string{"0.0.0.0/0", "::/0", "::ffff:0:0/96"} {
		_, err := widget.New(desk, &widget.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(p)}})
		assert.ErrorContains(t, err, "every client can say")
	}
	_, err = widget.New(desk, &widget.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	assert.NoError(t, err)
}

// TestUnnamed: an operator is told, once, of a proxy behind which all visitors share an
// address: one that is trusted and names nobody, or one that is not trusted.
func TestUnnamed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		peer, forwarded string
		want            int
	}{
		"a trusted proxy":                 {"10.0.0.1:1", "192.0.2.1", 0},
		"a trusted proxy names nobody":    {"10.0.0.1:1", "", 1},
		"a trusted proxy knows nobody":    {"10.0.0.1:1", "unknown", 1},
		"a visitor":                       {"192.0.2.1:1", "", 0},
		"a visitor who claims an address": {"192.0.2.1:1", "192.0.2.2", 0},
		"a visitor inside":                {"192.168.0.1:1", "", 0},
		"a proxy inside":                  {"192.168.0.1:1", "192.0.2.1", 1},
		"a proxy on the same machine":     {"127.0.0.1:1", "192.0.2.1", 1},
		"one by IPv6":                     {"[::1]:1", "192.0.2.1", 1},
		"a Unix socket":                   {"@", "192.0.2.1", 1},
		"a Unix socket without a name":    {"", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			s := setup(t, nil, func(o *widget.Options) {
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
				o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
			})
			for range 2 {
				if tt.forwarded == "" {
					s.send(request{path: "config"}, tt.peer)
				} else {
					s.send(request{path: "config"}, tt.peer, tt.forwarded)
				}
			}
			assert.Equal(t, tt.want, strings.Count(log.String(), "share one limit"), log.String())
		})
	}
}
