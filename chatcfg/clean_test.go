package chatcfg_test

import (
	"encoding/json"
	"os"
	"testing"
	"unicode"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R6.4 What is pasted is read as what it shows. The browser's tests read the same file.
func TestIdentifiers(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("testdata/identifiers.json")
	require.NoError(t, err)
	var cases struct{ Clean, RUT, Email map[string]string }
	require.NoError(t, json.Unmarshal(doc, &cases))
	for in, want := range cases.Clean {
		// A telephone that is none is a label, and a host alone is cleaned no other way.
		assert.Equal(t, want, chatcfg.Clean(in), "%+q", in)
		assert.Equal(t, want, chatcfg.Clean(want), "%+q", in)
	}
	for name, one := range map[string]struct {
		cases map[string]string
		parse func(string) (string, error)
	}{"rut": {cases.RUT, chatcfg.ParseRUT}, "email": {cases.Email, chatcfg.ParseEmail}} {
		assert.Greater(t, len(one.cases), 10)
		for in, want := range one.cases {
			got, err := one.parse(in)
			assert.Equal(t, want, got, "%s %+q", name, in)
			assert.Equal(t, want == "", err != nil, "%s %+q", name, in)
		}
	}
}

// R6.4, R6.8 Nothing that is invisible, wherever it stands, makes an identifier another one.
func TestInvisible(t *testing.T) {
	t.Parallel()
	var all []rune
	for r := range rune(unicode.MaxRune) {
		ignorable := unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
			unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r)
		if ignorable && !(r > 0xe01ef && r < 0xe0fff) { // thousands that are not assigned
			all = append(all, r)
		}
	}
	assert.Greater(t, len(all), 400)
	put := func(r rune, s string) (list []string) {
		for _, i := range []int{0, 3, len(s)} {
			list = append(list, s[:i]+string(r)+s[i:])
		}
		return list
	}
	for _, r := range all {
		for _, in := range put(r, "+56 9 1234 5678") {
			got, ok := chatcfg.ParsePhone(in)
			assert.True(t, ok, "%+q", in)
			assert.Equal(t, "+56912345678", got, "%+q", in)
		}
		for _, in := range put(r, "12.345.678-5") {
			got, err := chatcfg.ParseRUT(in)
			assert.NoError(t, err, "%+q", in)
			assert.Equal(t, "12345678-5", got)
		}
		for _, in := range put(r, "ana@tienda.cl") {
			got, err := chatcfg.ParseEmail(in)
			assert.NoError(t, err, "%+q", in)
			assert.Equal(t, "ana@tienda.cl", got)
		}
		for _, in := range put(r, "https://tienda.cl:8080/x") {
			got, err := chatcfg.ParseDomain(in)
			assert.NoError(t, err, "%+q", in)
			assert.Equal(t, "tienda.cl:8080", got)
		}
	}
	// Where a joiner tells two names apart, it does: this one is another's.
	joined, err := chatcfg.ParseDomain("نامه\u200cای.com")
	require.NoError(t, err)
	plain, err := chatcfg.ParseDomain("نامهای.com")
	require.NoError(t, err)
	assert.NotEqual(t, plain, joined)
	assert.Equal(t, "xn--mgba3gch31f060k.com", joined) // as browsers write it
}

// R1.8 What shows nothing is blank, whatever it is made of, wherever somebody types a name or a
// text; what shows something, however little, is not.
func TestIsBlank(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " ", "\t\r\n\v\f", "\u00a0", "\u0085", "\u1680", "\u2000\u200a\u2028\u2029\u202f\u205f\u3000",
		"\u3164", "\u115f", "\u1160", "\uffa0", "\u2800", "\u034f", "\ufe0f", "\u180b", "\U000e0101", "\U000e0041",
		"\u00ad", "\u200b\u200c\u200d\u200e\u200f", "\u2060\u2065\u206f", "\ufeff", "\u061c", "\u180e", "\u17b4\u17b5", "\ufff9\ufffb", "\ufffc",
		"\U0001d159", "\U0001d173", "\U0001bca0", "\U00013441\U00013442", "\U00016fe4", "\u3164 \u2800\ufe0f",
	} {
		assert.True(t, chatcfg.IsBlank(s), "%+q", s)
		assert.Equal(t, []string{"x blank"}, list(chatcfg.CheckText("x", s, 100))[:1], "%+q", s)
		assert.Contains(t, list(chatcfg.CheckLine("x", s, 100)), "x blank", "%+q", s)
		assert.Contains(t, list(problemsOf(t, second(chatcfg.CheckFile(s, []byte("hola"))))), "name "+fileCode(s), "%+q", s)

		_, err := chatcfg.Chat{}.CheckEntry(chatcfg.Entry{Name: s})
		assert.Equal(t, []string{"name required"}, found(t, err), "%+q", s)
		entry, err := chatcfg.Chat{Anonymous: true}.CheckEntry(chatcfg.Entry{Anonymous: true, Name: s, Email: s, RUT: s, Phone: s})
		assert.NoError(t, err, "%+q", s)
		assert.Equal(t, chatcfg.Entry{Anonymous: true}, entry, "%+q", s)

		c := chatcfg.Default(chatcfg.Spanish)
		c.Chat.Name, c.Chat.Domain = "Tienda", "tienda.cl"
		c.Chat.HeaderMessage, c.Chat.IdentificationMessage = chatcfg.Words{Any: s}, chatcfg.Words{Any: s}
		c.Chat.Welcome.Author = s
		assert.NoError(t, c.Validate())
		n := c.Normalize().Chat
		assert.Empty(t, n.HeaderMessage.Any+n.IdentificationMessage.Any+n.Welcome.Author, "%+q", s)
		c.Chat.Name = s
		c.Chat.Welcome.Enabled, c.Chat.Welcome.Text = true, chatcfg.Words{Any: s}
		c.Chat.LongButton.Enabled, c.Chat.LongButton.Text = true, chatcfg.Words{ES: "Ayuda", PT: s}
		c.Automation.ManualClose.Messages = []chatcfg.Words{{Any: s}}
		c.General.Important.Keywords = []string{s}
		want := []string{"automation.manualClose.messages[0] blank", "general.important.keywords[0] blank", "chat.name required", "chat.welcome.text required"}
		assert.Subset(t, found(t, c.Validate()), want, "%+q", s)
		if n := c.Normalize().Chat.LongButton.Text; n.PT != "" {
			assert.Contains(t, found(t, c.Validate()), "chat.longButton.text.pt required", "%+q", s)
		}
	}
	for _, s := range []string{"a", ".", "\u3164a", "\u0301", "\u00b7", "ㅤ.", "\u0600", "\u06dd", "🏳️", "\ufffd", "\u303f", "\u00a8", "ー"} {
		assert.False(t, chatcfg.IsBlank(s), "%+q", s)
		assert.Empty(t, chatcfg.CheckText("x", s, 100), "%+q", s)
	}
}

// fileCode is the problem of a file's name that shows nothing: one that breaks the line
// is a problem before.
func fileCode(s string) string {
	if len(chatcfg.CheckLine("x", "x"+s, 100)) > 0 {
		return "control_character"
	}
	return "blank"
}

func second[T any](_ T, err error) error { return err }

// R6.8 Capital ẞ is ß to browsers; labels neither begin nor end with a hyphen, as e-mails'
// neither; a port that is not its scheme's own stays.
func TestHostsOfOthers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"GROẞ.de": "xn--gro-7ka.de", "groß.de": "xn--gro-7ka.de", "gross.de": "gross.de", "STRAẞE.de": "xn--strae-oqa.de",
		"https://foo.cl:80/": "foo.cl:80", "http://foo.cl:443/": "foo.cl:443", "http://foo.cl:80/": "foo.cl", "https://foo.cl:443": "foo.cl",
		"foo.cl:80": "foo.cl:80", "foo.cl:443": "foo.cl:443", "[::1]:80": "[::1]:80",
		"mi_tienda.cl": "mi_tienda.cl", "_x.tienda.cl": "_x.tienda.cl", "mi–tienda.cl": "mi-tienda.cl", "ａbc.cl": "abc.cl",
		"-tienda.cl": "", "tienda-.cl": "", "a.-b.cl": "", "a.b-.cl": "", "tienda.cl-": "", "-": "", "-ñandú.cl": "", "ñandú-.cl": "", "–tienda.cl": "",
		"tienda!.cl": "", "tienda℀.cl": "", "a,b.cl": "", "a;b.cl": "", "a'b.cl": "", "a\"b.cl": "",
	} {
		got, err := chatcfg.ParseDomain(in)
		assert.Equal(t, want, got, in)
		assert.Equal(t, want == "", err != nil, in)
		if got != "" {
			again, err := chatcfg.ParseDomain(got)
			assert.NoError(t, err)
			assert.Equal(t, got, again)
			assert.True(t, chatcfg.Chat{Domain: in}.Allows("https://"+got), in)
		}
	}
	for in, want := range map[string]string{
		"a@GROẞ.de": "a@xn--gro-7ka.de", "a@a--b.cl": "a@a--b.cl",
		"a@-tienda.cl": "", "a@tienda-.cl": "", "a@b.-tienda.cl": "", "a@ñ-.cl": "", "a@mi_tienda.cl": "",
	} {
		got, err := chatcfg.ParseEmail(in)
		assert.Equal(t, want, got, in)
		assert.Equal(t, want == "", err != nil, in)
	}
	for _, tt := range []struct {
		domain, origin string
		want           bool
	}{
		{"GROẞ.de", "https://gross.de", false}, {"GROẞ.de", "https://xn--gro-7ka.de", true},
		{"https://foo.cl:80/", "https://foo.cl:80", true}, {"https://foo.cl:80/", "http://foo.cl", true}, {"https://foo.cl:80/", "https://foo.cl", false},
		{"https://foo.cl", "https://foo.cl:80", false}, {"https://foo.cl", "http://foo.cl:443", false},
	} {
		assert.Equal(t, tt.want, chatcfg.Chat{Domain: tt.domain}.Allows(tt.origin), "%s %s", tt.domain, tt.origin)
		assert.Equal(t, tt.want, chatcfg.Chat{ExtraDomains: []string{tt.domain}}.Allows(tt.origin), "%s %s", tt.domain, tt.origin)
	}
	wild := chatcfg.Chat{ExtraDomains: []string{"*.foo.cl:80"}}
	assert.True(t, wild.Allows("https://a.foo.cl:80"))
	assert.True(t, wild.Allows("http://a.foo.cl"))
	assert.False(t, wild.Allows("https://a.foo.cl"))
}

// R6.8 An app's pages have an origin of its own scheme, which is named exactly.
func TestAppOrigins(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"capacitor://localhost": "capacitor://localhost", "ionic://localhost": "ionic://localhost", "tauri://localhost": "tauri://localhost",
		"app://obsidian.md/": "app://obsidian.md", "app://-": "app://-", "app://.": "app://.", " \u200bCapacitor://localhost\u200b": "capacitor://localhost",
		"cl.tienda.app://Inicio": "cl.tienda.app://Inicio", "chrome-extension://abcdef": "chrome-extension://abcdef", "app://localhost:8080/x?y": "app://localhost:8080",
		"app+x-1.2://h": "app+x-1.2://h",
		"file://":       "", "file://tienda.cl": "", "ftp://tienda.cl": "", "ws://tienda.cl": "", "data://x": "", "javascript://x": "", "blob://x": "", "about://blank": "",
		"app://": "", "app:///x": "", "://localhost": "", "1app://x": "", "app://a b": "", "app://a;b": "", "app://a'b": "", "app://*": "", "*.app://x": "", "app://u@h": "", "app:x": "",
		"capacitor://localhost:0": "", "capacitor://localhost:x": "",
	} {
		c := chatcfg.Default(chatcfg.Spanish)
		c.Chat.Name, c.Chat.Domain, c.Chat.ExtraDomains = "Tienda", "tienda.cl", []string{in}
		if want == "" {
			assert.Equal(t, []string{"chat.extraDomains[0] invalid_domain"}, found(t, c.Validate()), in)
			assert.False(t, c.Chat.Allows(in), in)
			continue
		}
		assert.NoError(t, c.Validate(), in)
		assert.Equal(t, []string{want}, c.Normalize().Chat.ExtraDomains, in)
		assert.True(t, c.Chat.Allows(want), in)
		for _, other := range []string{want + "/", want + ".", want + "x", "x" + want, want + ":1", "https" + want[len("app"):], "capacitor://localhost2", "null", ""} {
			assert.False(t, c.Chat.Allows(other), "%s for %s", other, in)
		}
	}
	assert.False(t, chatcfg.Chat{Domain: "capacitor://localhost"}.Allows("capacitor://localhost"), "an extra domain, not the domain")
	assert.False(t, chatcfg.Chat{ExtraDomains: []string{"https://localhost"}}.Allows("capacitor://localhost"), "the scheme counts")
	assert.False(t, chatcfg.Chat{ExtraDomains: []string{"capacitor://localhost"}}.Allows("https://localhost"), "the scheme counts")
}

// R6.8 Rows of Unicode's IdnaTestV2.txt (13.0.0; Copyright Unicode, Inc., Unicode License V3,
// https://www.unicode.org/license.txt), of each kind in which ours could differ from what
// browsers do. Where it does, it says why.
func TestIdnaTestV2(t *testing.T) {
	t.Parallel()
	const (
		same   = ""
		dot    = "we take no trailing dot"
		joiner = "a joiner that belongs nowhere was pasted"
		newer  = "browsers take it, too: later versions of the file do"
	)
	for _, row := range []struct{ in, ascii, want, why string }{
		{"fass.de", "fass.de", "fass.de", same},
		{"faß.de", "xn--fa-hia.de", "xn--fa-hia.de", same},
		{"Faß.de", "xn--fa-hia.de", "xn--fa-hia.de", same},
		{"xn--fa-hia.de", "xn--fa-hia.de", "xn--fa-hia.de", same},
		{"βόλος", "xn--nxasmm1c", "xn--nxasmm1c", same},
		{"ΒΌΛΟΣ", "xn--nxasmq6b", "xn--nxasmq6b", same},
		{"à\u05d0", "", "", same},
		{"0à.\u05d0", "", "", same},
		{"à.\u05d00\u0660\u05d0", "", "", same},
		{"a\u094d\u200cb", "xn--ab-fsf604u", "xn--ab-fsf604u", same},
		{"A\u094d\u200dB", "xn--ab-fsf014u", "xn--ab-fsf014u", same},
		{"\u0bb9\u0bcd\u200d", "xn--dmc4b194h", "xn--dmc4b194h", same},
		{"\u0bb9\u0bcd\u200c", "xn--dmc4by94h", "xn--dmc4by94h", same},
		{"\u0bb9\u200c", "", "xn--dmc", joiner},
		{"a\u200db", "", "ab", joiner},
		{"a.b\uff0ec\u3002d\uff61", "a.b.c.d.", "", dot},
		{"a..c", "", "", same},
		{"a⒈com", "", "", same},
		{"xn--a-ä.pt", "", "", same},
		{"xn--0.pt", "", "", same},
		{"日本語。ＪＰ", "xn--wgv71a119e.jp", "xn--wgv71a119e.jp", same},
		{"☕", "xn--53h", "xn--53h", same},
		{"\u2260.\u183f", "", "xn--1ch.xn--y7e", newer},
		{"a.bc--de.f", "", "a.bc--de.f", "browsers take it, and there are such hosts"},
	} {
		got, err := chatcfg.ParseDomain(row.in)
		assert.Equal(t, row.want, got, "%+q", row.in)
		assert.Equal(t, row.want == "", err != nil, "%+q", row.in)
		assert.Equal(t, row.why == same, row.want == row.ascii, "%+q: %s", row.in, row.why)
	}
}
