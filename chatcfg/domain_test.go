package chatcfg_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.8 A host or a URL, of which host and port are kept.
func TestParseDomain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"tienda.cl":                           "tienda.cl",
		" Tienda.CL ":                         "tienda.cl",
		"https://tienda.cl":                   "tienda.cl",
		"HTTPS://www.tienda.cl/chat?x=1#y":    "www.tienda.cl",
		"http://tienda.cl?x=@y":               "tienda.cl",
		"tienda.cl/chat":                      "tienda.cl",
		"tienda.cl:8080":                      "tienda.cl:8080",
		"https://tienda.cl:443/":              "tienda.cl",
		"http://tienda.cl:80":                 "tienda.cl",
		"ñandú.cl":                            "xn--and-6ma2c.cl",
		"XN--AND-6MA2C.cl":                    "xn--and-6ma2c.cl",
		"tienda。cl":                           "tienda.cl",
		"ｔｉｅｎｄａ.cl":                           "tienda.cl",
		"straße.de":                           "xn--strae-oqa.de",
		"localhost":                           "localhost",
		"localhost:3000":                      "localhost:3000",
		"intranet":                            "intranet",
		"127.0.0.1:8080":                      "127.0.0.1:8080",
		"[::1]:8080":                          "[::1]:8080",
		"http://[0:0:0:0:0:0:0:1]/":           "[::1]",
		"a--b.cl":                             "a--b.cl",
		"0x7.cl":                              "0x7.cl",
		"":                                    "",
		" ":                                   "",
		"https://":                            "",
		"https:///x":                          "",
		"ftp://tienda.cl":                     "",
		"javascript://tienda.cl":              "",
		"javascript:alert(1)":                 "",
		"https:tienda.cl":                     "",
		"//tienda.cl":                         "",
		"https://https://tienda.cl":           "",
		"user@tienda.cl":                      "",
		"https://user:pass@tienda.cl":         "",
		"https://tienda.cl\\@evil.cl":         "",
		"tienda.cl.":                          "",
		".tienda.cl":                          "",
		"tienda..cl":                          "",
		"*.tienda.cl":                         "",
		"tien da.cl":                          "",
		"tienda.cl\n":                         "tienda.cl",
		"tienda.cl\nx":                        "",
		"tienda.cl\x00":                       "",
		"ti\u200denda\x00.cl":                 "",
		"tienda_x.cl":                         "tienda_x.cl",
		"ti\u00adenda.cl":                     "tienda.cl",
		"ti\u200denda.cl":                     "tienda.cl",
		"tienda%2ecl":                         "",
		"tienda.cl:":                          "",
		"tienda.cl:0":                         "",
		"tienda.cl:08080":                     "",
		"tienda.cl:65536":                     "",
		"tienda.cl:+80":                       "",
		"tienda.cl:80:80":                     "",
		"tienda.cl:80a":                       "",
		"::1":                                 "",
		"[::1":                                "",
		"[::1%eth0]":                          "",
		"[127.0.0.1]":                         "",
		"127.1":                               "",
		"127.0.0.01":                          "",
		"2130706433":                          "",
		"0x7f.1":                              "",
		"0x7f000001":                          "",
		"tienda.123":                          "",
		"256.0.0.1":                           "",
		"xn--a.cl":                            "",
		"null":                                "null",
		strings.Repeat("a", 64) + ".cl":       "",
		strings.Repeat("a.", 127) + "cl":      "",
		strings.Repeat("ñ", 100_000) + ".cl":  "",
		strings.Repeat("tienda.cl/", 100_000): "tienda.cl",
		"tienda\u3002cl:8080/\xff":            "tienda.cl:8080",
		"\ufffd.cl":                           "",
		"ti\xffenda.cl":                       "",
		"tienda.cl\u2024evil.cl":              "",
		"tienda.cl\uff0fevil.cl":              "",
		"tienda.cl\uff20evil.cl":              "",
		"\u202etienda.cl":                     "tienda.cl",
		"https://tienda.cl:8080:/":            "",
		"xn--tienda-.cl":                      "",
		"аррӏе.com":                           "xn--80ak6aa92e.com", // Cyrillic: its own name
		strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("b", 61): strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("b", 61),
		strings.Repeat(strings.Repeat("a", 63)+".", 3) + strings.Repeat("b", 62): "",
	} {
		got, err := chatcfg.ParseDomain(in)
		assert.Equal(t, want, got, "%.60q", in)
		if want == "" {
			assert.Equal(t, []string{"invalid_domain"}, found(t, err), "%.60q", in)
		} else {
			assert.NoError(t, err, "%.60q", in)
			again, err := chatcfg.ParseDomain(got)
			assert.NoError(t, err, got)
			assert.Equal(t, got, again)
		}
	}
}

// R6.8 Only the domain and the extra domains load the widget.
func TestAllows(t *testing.T) {
	t.Parallel()
	chat := chatcfg.Chat{Domain: "https://Tienda.cl/chat", ExtraDomains: []string{
		"ñandú.cl", "*.sucursal.cl", "*.puerto.cl:8080", "puerto.cl:8443", "localhost:3000", "127.0.0.1:8080", "[::1]", "no es", "*.cl", "",
	}}
	for _, origin := range []string{
		"https://tienda.cl",
		"http://tienda.cl",
		"https://tienda.cl:443",
		"http://tienda.cl:80",
		"https://xn--and-6ma2c.cl",
		"https://a.sucursal.cl",
		"http://xn--and-6ma2c.sucursal.cl",
		"https://a.puerto.cl:8080",
		"https://puerto.cl:8443",
		"http://localhost:3000",
		"http://127.0.0.1:8080",
		"http://[::1]",
	} {
		assert.True(t, chat.Allows(origin), origin)
	}
	for _, origin := range []string{
		"", "null", "https://", "https://null", "://tienda.cl", "tienda.cl", "*", "https://*", "https://*.sucursal.cl",
		"https://TIENDA.cl", "HTTPS://tienda.cl", "https://tienda.cl.", "https://tienda.cl/", "https://tienda.cl/chat",
		"https://tienda.cl?x", "https://tienda.cl#x", " https://tienda.cl", "https://tienda.cl ", "https://tienda.cl\n", "https://tienda.cl\x00",
		"https://tienda.cl:444", "https://tienda.cl:80", "http://tienda.cl:443", "https://tienda.cl:", "https://tienda.cl:0443",
		"https://tienda.cl,https://tienda.cl", "https://tienda.cl https://evil.cl",
		"https://user@tienda.cl", "https://user:x@tienda.cl", "https://tienda.cl@evil.cl", "https://tienda.cl:443@evil.cl",
		"https://eviltienda.cl", "https://tienda.cl.evil.cl", "https://tienda.clx", "https://tienda.c", "https://www.tienda.cl", "https://evil-tienda.cl",
		"https://ñandú.cl", "https://XN--and-6ma2c.cl", "https://xn--and-6ma2c.cl.cl", "https://nandu.cl",
		"https://sucursal.cl", "https://a.b.sucursal.cl", "https://.sucursal.cl", "https://a..sucursal.cl", "https://asucursal.cl",
		"https://A.sucursal.cl", "https://ñ.sucursal.cl", "https://user@a.sucursal.cl", "https://a/.sucursal.cl", "https://a.sucursal.cl.evil.cl", "https", "http", "https://a.sucursal.cl:8080",
		"https://a.puerto.cl", "https://puerto.cl", "https://puerto.cl:8080",
		"http://localhost", "http://localhost:30000", "https://a.localhost:3000",
		"http://127.0.0.1", "http://127.0.0.1:80", "http://127.1:8080", "http://2130706433:8080", "http://0x7f.0.0.1:8080", "http://[::ffff:127.0.0.1]:8080",
		"http://[0:0:0:0:0:0:0:1]", "http://[::1]:8080", "http://::1",
		"ftp://tienda.cl", "file://", "file://tienda.cl", "chrome-extension://tienda.cl", "javascript://tienda.cl", "ws://tienda.cl", "https:tienda.cl", "https:/tienda.cl", "https:\\\\tienda.cl",
		"https://tienda\uff0ecl", "https://ti\u00adenda.cl", "https://evil.cl", "https://b.cl",
		"https://" + strings.Repeat("a.", 100_000) + "sucursal.cl",
	} {
		assert.False(t, chat.Allows(origin), "%.60q", origin)
	}
	for _, none := range []chatcfg.Chat{
		{}, {ExtraDomains: []string{}}, {Domain: " ", ExtraDomains: []string{"", "*", "*.", "https://"}}, {Domain: "*"}, {Domain: "*.cl"},
	} {
		for _, origin := range []string{"", "null", "https://tienda.cl", "https://", "http://localhost", "https://a.cl"} {
			assert.False(t, none.Allows(origin), "%q for %+v", origin, none.ExtraDomains)
		}
	}
	assert.False(t, chatcfg.Chat{Domain: "null"}.Allows("null"))
}

// TestAllowsNothingInvisible: R6.8: no character that shows nothing, or that ends a host, makes a
// host another one.
func TestAllowsNothingInvisible(t *testing.T) {
	t.Parallel()
	chat := chatcfg.Chat{Domain: "tienda.cl"}
	require.True(t, chat.Allows("https://tienda.cl"))
	tried := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp, unicode.Cc, unicode.Cf) || strings.ContainsRune("@[]/\\?#%*", r) || r == unicode.ReplacementChar {
			tried++
			for _, host := range []string{"tien" + string(r) + "da.cl", string(r) + "tienda.cl", "tienda" + string(r) + ".cl"} {
				assert.False(t, chat.Allows("https://"+host), "%+q", host)
			}
		}
	}
	assert.Greater(t, tried, 200)
}
