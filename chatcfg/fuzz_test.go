package chatcfg_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R1.4 Whatever is sent, it is read or refused with problems; what is read can be
// written and read again, and normalising it twice is as once.
func FuzzMerge(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"chat":{"name":"Tienda","domain":"https://tienda.cl/x"}}`, `{"quality":{"sla":{"value":1,"unit":"days"}}}`,
		`{"chat":{"name":"\ud83d\ude00"}}`, `{"chat":{"name":"\ud83d"}}`, `{"chat":{"chat":{}}}`, `{"a":1,"a":2}`, `{"chat":null} x`,
		`{"hours":{"timezone":"America/Santiago","weekly":[{"day":"monday","open":"09:00","close":"18:00"}],"exceptions":[{"date":"2026-09-18","closed":true}]}}`,
		`{"automation":{"newCustomer":{"enabled":true,"messages":["Hola {customer|amigo} {{"]}}}`, `{"chat":{"notification":{"count":1e0}}}`,
		`{"general":{"important":{"enabled":true,"keywords":["recl*","*"]},"notify":{"to":["a@ñ.cl"]}}}`, "{\"chat\":{\"name\":\"\xff\"}}",
		strings.Repeat(`{"chat":`, 20) + strings.Repeat("}", 20), `{"chat":{"extraDomains":["*.ß.de:443"," http://[::1]:80 "],"locale":"pt"}}`,
	} {
		f.Add([]byte(seed))
	}
	base := withHours()
	f.Fuzz(func(t *testing.T, patch []byte) {
		c, err := chatcfg.Merge(base, patch)
		if err != nil {
			for _, p := range problemsOf(t, err) {
				assertMessages(t, p)
				assert.True(t, utf8.ValidString(p.Path))
			}
			return
		}
		assert.True(t, json.Valid(patch))
		again, err := chatcfg.Merge(base, encode(t, c))
		require.NoError(t, err)
		assert.Equal(t, c, again)

		n := c.Normalize()
		assert.Equal(t, n, n.Normalize())
		applied, err := chatcfg.Apply(base, patch)
		assert.Equal(t, n, applied)
		assert.Equal(t, n.Validate(), err)
		if err == nil {
			stored, err := chatcfg.Decode(encode(t, n))
			require.NoError(t, err)
			assert.Equal(t, n, stored)
		}
		_ = n.Lint()
	})
}

// R4.6 What is read renders to text without braces of its own; with the braces
// doubled, anything is literal.
func FuzzParseText(f *testing.F) {
	for _, seed := range []string{"", "hola", "{customer}", "{customer|a}", "{{x}}", "{{{agent}", "{", "{a|{b}", "}", "{nextOpen|ñ", "\xff{agent}"} {
		f.Add(seed, "Juan {agent}")
	}
	f.Fuzz(func(t *testing.T, s, value string) {
		values := chatcfg.Values{Customer: value, Agent: value, Account: value, NextOpen: value}
		if text, err := chatcfg.ParseText(s); err == nil {
			rendered := text.Render(values)
			assert.LessOrEqual(t, len(rendered), len(s)+chatcfg.MaxVariables*len(value))
			if !strings.Contains(s, "{") {
				assert.Equal(t, s, rendered)
			}
			for _, name := range []string{"customer", "agent", "account", "nextOpen"} {
				assert.True(t, !text.Uses(name) || strings.Contains(s, "{"+name))
			}
		} else {
			assert.Contains(t, s, "{")
		}
		literal, err := chatcfg.ParseText(strings.ReplaceAll(s, "{", "{{"))
		require.NoError(t, err)
		assert.Equal(t, s, literal.Render(values))
	})
}

func FuzzParseEmail(f *testing.F) {
	for _, seed := range []string{"a@b.cl", " A@Ñ.CL ", "a@localhost", "Ana <a@b.cl>", "a@b.cl\r\nx", "a@[::1]", `"a b"@c.d`, "a@xn--a.cl", "a@1.2.3.4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		email, err := chatcfg.ParseEmail(s)
		if err != nil {
			assert.Empty(t, email)
			return
		}
		again, err := chatcfg.ParseEmail(email)
		require.NoError(t, err)
		assert.Equal(t, email, again)
		assert.LessOrEqual(t, len(email), chatcfg.MaxEmail)
		assert.Equal(t, 1, strings.Count(email, "@"))
		for i := range len(email) {
			assert.True(t, email[i] > ' ' && email[i] < 0x7f, "%q", email)
		}
		assert.NotContains(t, email, "<")
	})
}

// R6.8 What a domain is read as is read as itself, allows its own pages, and no
// page that is not spelled as browsers do.
func FuzzParseDomain(f *testing.F) {
	for _, seed := range []string{
		"tienda.cl", "https://Tienda.cl:443/x", "ñandú.cl:8080", "[::1]:80", "127.0.0.1", "user@x.cl", "x.cl.", "ß.de", "a\u00adb.cl",
		"xn--a.cl", "0x7f.1", "localhost", "x.cl:080", "\u2024.cl", "*.x.cl",
	} {
		f.Add(seed, "https://"+seed)
	}
	f.Fuzz(func(t *testing.T, s, origin string) {
		chat := chatcfg.Chat{Domain: s, ExtraDomains: []string{"*." + s}}
		domain, err := chatcfg.ParseDomain(s)
		if err != nil {
			assert.Empty(t, domain)
			if !strings.Contains(s, "*") {
				assert.False(t, chatcfg.Chat{Domain: s}.Allows(origin))
			}
			return
		}
		again, err := chatcfg.ParseDomain(domain)
		require.NoError(t, err)
		assert.Equal(t, domain, again)
		assert.True(t, chat.Allows("https://"+domain), domain)
		assert.True(t, chat.Allows("http://"+domain), domain)
		for _, trick := range []string{"https://x" + domain, "https://" + domain + ".x.cl", "https://a.b." + domain, "https://x@" + domain, "https://" + domain + "/", "https://" + domain + "."} {
			assert.False(t, chat.Allows(trick), trick)
		}
		if chat.Allows(origin) {
			_, host, _ := strings.Cut(origin, "://")
			scheme, _, _ := strings.Cut(origin, "://")
			host = strings.TrimSuffix(host, map[string]string{"http": ":80", "https": ":443"}[scheme])
			same := strings.TrimSuffix(domain, map[string]string{"http": ":80", "https": ":443"}[scheme])
			if _, parent, _ := strings.Cut(host, "."); parent != same {
				assert.Equal(t, same, host)
			}
		}
	})
}

// R6.4
func FuzzParseRUT(f *testing.F) {
	for _, seed := range []string{"12.345.678-5", "6-k", "6K", "123456785", " 1 - 9", "0", "-", "12345678–5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rut, err := chatcfg.ParseRUT(s)
		if err != nil {
			assert.Empty(t, rut)
			return
		}
		assert.Regexp(t, `^[1-9][0-9]{0,7}-[0-9K]$`, rut)
		body, digit, _ := strings.Cut(rut, "-")
		for _, spelling := range []string{rut, strings.ToLower(rut), body + digit, "0" + body + " - " + digit, body + "." + digit} {
			again, err := chatcfg.ParseRUT(spelling)
			require.NoError(t, err, spelling)
			assert.Equal(t, rut, again)
		}
	})
}

// R6.4
func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{"+56 9 1234 5678", "9 1234 5678", "0044 20 7946 0958", "+44 (0)20", "2345 6789", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		phone, e164 := chatcfg.ParsePhone(s)
		if e164 {
			assert.Regexp(t, `^\+[1-9][0-9]{6,14}$`, phone)
		}
		again, same := chatcfg.ParsePhone(phone)
		assert.Equal(t, phone, again)
		assert.Equal(t, e164, same)
	})
}
