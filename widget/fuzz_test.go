package widget_test

import (
	"encoding/json"
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/charlahq/charla/widget"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// R1.5 Whatever the URL and the key, the snippet is refused or one script element
// that loads from the URL and holds the key, and nothing else.
func FuzzSnippet(f *testing.F) {
	for _, seed := range []string{
		"ck_k2j4nq3p5r7s", "https://tienda.cl/chat/", "http://localhost:8080", "javascript:alert(1)", "https://x/\"><script>", "https://u:p@x/", "//x", "https://x/a b'&<",
		"https://[::1]/", "https://ñ.cl/%22", "https://x?y", "https:// x",
	} {
		f.Add(seed, "ck_abc")
		f.Add("https://tienda.cl/chat/", seed)
	}
	f.Fuzz(func(t *testing.T, base, key string) {
		snippet, err := widget.Snippet(base, key)
		if err != nil {
			assert.Empty(t, snippet)
			return
		}
		assert.Regexp(t, `^(?i)https?://`, base)
		tokens := html.NewTokenizer(strings.NewReader(snippet))
		require.Equal(t, html.StartTagToken, tokens.Next())
		token := tokens.Token()
		assert.Equal(t, "script", token.Data)
		attributes := map[string]string{}
		for _, a := range token.Attr {
			attributes[a.Key] = a.Val
		}
		require.Len(t, attributes, 3)
		assert.True(t, strings.HasSuffix(attributes["src"], "/loader.js?key="+key))
		assert.Regexp(t, `^https?://`, attributes["src"])
		assert.Regexp(t, `^[a-z0-9_]{1,64}$`, key)
		assert.Equal(t, key, attributes["data-charla"])
		require.Equal(t, html.EndTagToken, tokens.Next())
		require.Equal(t, html.ErrorToken, tokens.Next(), "something follows")
	})
}

// FuzzBody: whatever a body holds, it is refused or one flat JSON object of the
// known fields, each once, with values of their types, as encoding/json reads it.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"text":"a","flag":true,"n":3}`, `{"text":null}`, `{"text":["a"]}`, `{"text":{"a":"b"}}`, `{"TEXT":"a"}`, `{"text":"a","text":"b"}`,
		`{"n":1e3}`, `{"n":-0}`, `{"n":9223372036854775808}`, `{"n":1.5}`, `{"text":"a"} x`, `[]`, `{"text":"\ud800"}`, ``, `{"":""}`, "{\"text\":\"a\x00\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text, flag, n, err := widget.DecodeFlat(body)
		if err != nil {
			return
		}
		var loose map[string]any
		require.NoError(t, json.Unmarshal(body, &loose))
		for name, value := range loose {
			switch name {
			case "text":
				assert.Equal(t, value, text)
			case "flag":
				assert.Equal(t, value, flag)
			case "n":
				assert.InDelta(t, value, float64(n), 0.5+1e-9*math.Abs(float64(n)))
			default:
				t.Errorf("field %q was taken", name)
			}
		}
	})
}

// FuzzAddress: what a request says never makes it come from an untrusted address
// other than its peer's.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"", "1.2.3.4", "1.2.3.4, 10.0.0.2", "::ffff:1.2.3.4", "fe80::1%eth0", "[::1]:80", ",,,", "unknown"} {
		f.Add("192.0.2.1:80", seed)
		f.Add("10.0.0.1:80", seed)
		f.Add(seed, "1.2.3.4")
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		got := widget.Address(remote, forwarded, trusted)
		peer, err := netip.ParseAddrPort(remote)
		switch {
		case err != nil:
			assert.Equal(t, netip.MustParseAddr("127.0.0.1"), got, "a Unix socket")
		case !trusted[0].Contains(peer.Addr().Unmap()) && peer.Addr().Unmap().Is4():
			assert.Equal(t, peer.Addr().Unmap(), got)
		default:
			assert.True(t, got.IsValid())
			assert.Empty(t, got.Zone())
			assert.False(t, got.Is4In6())
		}
	})
}
