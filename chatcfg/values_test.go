package chatcfg_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	label := strings.Repeat("a", 63)
	for in, want := range map[string]string{
		"ana@tienda.cl":                   "ana@tienda.cl",
		"  Ana.Pérez@tienda.cl":           "",
		" Ana.Perez+x@TIENDA.Cl ":         "Ana.Perez+x@tienda.cl",
		"a@ñandú.cl":                      "a@xn--and-6ma2c.cl",
		"a@xn--and-6ma2c.cl":              "a@xn--and-6ma2c.cl",
		"o'neil!#$%&*/=?^_`{|}~-@a.co":    "o'neil!#$%&*/=?^_`{|}~-@a.co",
		strings.Repeat("a", 64) + "@b.cl": strings.Repeat("a", 64) + "@b.cl",
		strings.Repeat("a", 65) + "@b.cl": "",
		"a@" + label + "." + label + "." + label + "." + strings.Repeat("b", 60):  "a@" + label + "." + label + "." + label + "." + strings.Repeat("b", 60),
		"ab@" + label + "." + label + "." + label + "." + strings.Repeat("b", 60): "",
		"":                            "",
		"ana":                         "",
		"@tienda.cl":                  "",
		"ana@":                        "",
		"ana@@tienda.cl":              "",
		"ana@tienda":                  "",
		"ana@localhost":               "",
		"ana@mail.localhost":          "",
		"ana@tienda.cl.":              "",
		"ana@.tienda.cl":              "",
		"ana@tienda..cl":              "",
		"ana@-tienda_x.cl":            "",
		".ana@tienda.cl":              "",
		"ana.@tienda.cl":              "",
		"a..na@tienda.cl":             "",
		"a na@tienda.cl":              "",
		"Ana <ana@tienda.cl>":         "",
		"<ana@tienda.cl>":             "",
		`"ana"@tienda.cl`:             "",
		"ana(x)@tienda.cl":            "",
		"ana@tienda.cl,b@tienda.cl":   "",
		"ana@tienda.cl;":              "",
		"ana@tienda.cl\r\nBcc: b@c.d": "",
		"ana@tienda.cl\n":             "",
		"ana\x00@tienda.cl":           "",
		"ana@tienda.cl\x00":           "",
		"ana@127.0.0.1":               "",
		"ana@[127.0.0.1]":             "",
		"ana@[IPv6:::1]":              "",
		"ana@1.2":                     "",
		"ana@tienda.cl:25":            "",
		"ana@tienda.cl/x":             "",
		"ana@tienda.cl?bcc=b@c.d":     "",
		"ana@ti\u200benda.cl":         "ana@tienda.cl",
		"ana@ti\xffenda.cl":           "",
		"ana\u0131@tienda.cl":         "",
		"ana＠tienda.cl":               "",
		"ana@xn--a.cl":                "",
	} {
		got, err := chatcfg.ParseEmail(in)
		assert.Equal(t, want, got, "%q", in)
		if want == "" {
			assert.Equal(t, []string{"invalid_email"}, found(t, err), "%q", in)
		} else {
			assert.NoError(t, err, "%q", in)
		}
	}
}

// R6.4 The RUT by its check digit, in any usual spelling, kept canonical.
func TestParseRUT(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"12345678-5":              "12345678-5",
		"12.345.678-5":            "12345678-5",
		"123456785":               "12345678-5",
		" 12 345 678 - 5 ":        "12345678-5",
		"12.345.678–5":            "12345678-5",
		"12\u00a0345\u00a0678‑5":  "12345678-5",
		"012.345.678-5":           "12345678-5",
		"76.086.428-5":            "76086428-5",
		"1-9":                     "1-9",
		"6-K":                     "6-K",
		"6k":                      "6-K",
		"00000006-k":              "6-K",
		"10.000.013-K":            "10000013-K",
		"99.999.999-9":            "99999999-9",
		"11.111.111-1":            "11111111-1",
		"12345678-6":              "",
		"12345678-K":              "",
		"12345678":                "",
		"":                        "",
		" ":                       "",
		"-":                       "",
		"5":                       "",
		"k":                       "",
		"0-0":                     "",
		"00.000.000-0":            "",
		"100.000.000-7":           "",
		"12345678--5":             "",
		"-12345678-5":             "",
		"12345678-5x":             "",
		"x12345678-5":             "",
		"12,345,678-5":            "",
		"１２３４５６７８-5":              "12345678-5",
		"12345678-\u212a":         "", // the sign of the kelvin folds to k
		"12345678-5\x00":          "",
		strings.Repeat("1", 1000): "",
	} {
		got, err := chatcfg.ParseRUT(in)
		assert.Equal(t, want, got, "%q", in)
		if want == "" {
			assert.Equal(t, []string{"invalid_rut"}, found(t, err), "%q", in)
		} else {
			assert.NoError(t, err, "%q", in)
		}
	}
}

// R6.4 Exactly one digit fits each number, and it catches every single wrong
// digit.
func TestRUTDigit(t *testing.T) {
	t.Parallel()
	for body := 1; body < 100_000_000; body = body*3 + 7 {
		fits := 0
		for _, digit := range "0123456789K" {
			rut := itoa(body) + "-" + string(digit)
			got, err := chatcfg.ParseRUT(rut)
			if err != nil {
				continue
			}
			fits++
			assert.Equal(t, rut, got)
			for i := range itoa(body) {
				wrong := []byte(rut)
				wrong[i] = '0' + (wrong[i]-'0'+1)%10
				_, err := chatcfg.ParseRUT(string(wrong))
				assert.Error(t, err, string(wrong))
			}
		}
		assert.Equal(t, 1, fits, body)
	}
}

// R6.4 The telephone in E.164 where it can be.
func TestParsePhone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"(+56) 9 1234-5678":  "+56912345678",
		"( +56 9) 1234 5678": "+56912345678",
		"+56 9 1234 5678":    "+56912345678",
		" +56-9-1234-5678 ":  "+56912345678",
		"(+56) 9 12345678":   "+56912345678",
		"9 1234 5678":        "+56912345678",
		"912345678":          "+56912345678",
		"56 9 1234 5678":     "+56912345678",
		"0056 2 2345 6789":   "+56223456789",
		"+56 2 2345 6789":    "+56223456789",
		"+1 (415) 555-2671":  "+14155552671",
		"0044 20 7946 0958":  "+442079460958",
		"+54 9 11 2345-6789": "+5491123456789",
		"+1234567":           "",
		"+683 4002":          "+6834002",
		"+1 415 555 267":     "",
		"＋５６ ９ １２３４ ５６７８":                  "+56912345678",
		"\u202d+56 9 1234 5678\u202c":      "+56912345678",
		"+56\u2009 9\u202f1234\ufe0f 5678": "+56912345678",
		"+56 9 1234—5678":                  "+56912345678",
		"+56 9 1234−5678":                  "+56912345678",
		"+1234567890123456":                "",
		"+4930 1234 5678 9012":             "",
		"+4930 1234 5678 901":              "+493012345678901",
		"+0 1234 5678":                     "",
		"+56 9 1234 567":                   "",
		"+44 (0)20 7946 0958":              "",
		"2 2345 6789":                      "",
		"12345678":                         "",
		"2345 6789 / 2345 6780":            "",
		"9 1234 5678 #12":                  "",
		"9 1234 5678 + 12":                 "",
		"600 600 6000":                     "",
		"09 1234 5678":                     "",
		"+56\u00a09\u20111234-5":           "",
	} {
		got, e164 := chatcfg.ParsePhone(in)
		assert.Equal(t, want != "", e164, "%q", in)
		if want == "" {
			want = strings.TrimSpace(in)
		}
		assert.Equal(t, want, got, "%q", in)
	}
	// What is none is a label, as it was typed.
	for _, in := range []string{
		"123", "+", "no tengo", "9 1234 5678 anexo 2", "tel:+56912345678", "<b>12345</b>", "tarde: 912345678", "912345678 o 2 2345 6789",
		strings.Repeat("1", 21), "١٢٣٤٥٦٧٨٩", "12345\xff", "912345\x00678", "+56\u200e 9 1234 5678 anexo\u00a03",
	} {
		got, e164 := chatcfg.ParsePhone(" " + in + "\n")
		assert.False(t, e164, "%q", in)
		assert.Equal(t, in, got)
	}
	for _, in := range []string{"", " ", "\u200b", "\u3164"} {
		got, e164 := chatcfg.ParsePhone(in)
		assert.False(t, e164, "%q", in)
		assert.Empty(t, got, "%q", in)
	}
	got, _ := chatcfg.ParsePhone("912345678\n")
	assert.Equal(t, "+56912345678", got)
	long, found := chatcfg.CheckPhone("phone", strings.Repeat("\u200b", 100)+"912345678")
	assert.Equal(t, "+56912345678", long, "what is invisible has no length")
	assert.Empty(t, found)
	_, found = chatcfg.CheckPhone("phone", strings.Repeat("x", chatcfg.MaxPhone+1))
	assert.Equal(t, []string{"phone too_long"}, list(found))
	_, found = chatcfg.CheckPhone("phone", strings.Repeat("1", 1<<20)+"\n1")
	assert.Equal(t, []string{"phone too_long"}, list(found))
}

// R6.6 The syntax of colours.
func TestParseColor(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"#fff": "#fff", " #AbC ": "#abc", "#12aBFf": "#12abff",
		"": "", "fff": "", "#ff": "", "#ffff": "", "#fffffff": "", "#ggg": "", "#+12": "", "#1_2": "", "#-00001": "",
		"red": "", "rgb(0,0,0)": "", "#fff;": "", "##fff": "", "#\uff11\uff12\uff13": "", "#fff\x00": "",
	} {
		got, err := chatcfg.ParseColor(in)
		assert.Equal(t, want, got, "%q", in)
		assert.Equal(t, want == "", err != nil, "%q", in)
	}
}

// R6.6 The contrast of WCAG, and its correction.
func TestContrast(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want float64
	}{
		{"#000", "#fff", 21},
		{"#FFF", "#ffffff", 1},
		{"#777777", "#ffffff", 4.478},
		{"#767676", "#ffffff", 4.542},
		{"#ff0000", "#fff", 3.998},
		{"#0000ff", "#fff", 8.592},
		{"red", "#fff", 0},
		{"#fff", "", 0},
	} {
		assert.InDelta(t, tt.want, chatcfg.Contrast(tt.a, tt.b), 0.001, "%s %s", tt.a, tt.b)
		assert.InDelta(t, tt.want, chatcfg.Contrast(tt.b, tt.a), 0.001, "%s %s", tt.b, tt.a)
	}
	assert.Equal(t, "#123456", chatcfg.Readable("#fff", "#123456"))
	assert.Equal(t, "#000000", chatcfg.Readable("#ffffff", "#777777"))
	assert.Equal(t, "#ffffff", chatcfg.Readable("#00f", "#000"))
	assert.Equal(t, "#ffffff", chatcfg.Readable("#00f", "nonsense"))
	assert.Equal(t, "#777", chatcfg.Readable("nonsense", "#777"))
	assert.Equal(t, "#0055aa", chatcfg.Accent("#05A", "#ffffff"), "it can be read")
	assert.Equal(t, "#4d88c4", chatcfg.Accent("#0055aa", "#1a1d23"))
	assert.Equal(t, "#8c7000", chatcfg.Accent("#ffcc00", "#fff"))
	assert.Equal(t, "nonsense", chatcfg.Accent("nonsense", "#fff"))
	assert.Equal(t, "#777", chatcfg.Accent("#777", "nonsense"))
	const hex = "0123456789abcdef"
	for r := range hex {
		for g := range hex {
			for b := range hex {
				background := "#" + hex[r:r+1] + hex[g:g+1] + hex[b:b+1]
				text := chatcfg.Readable(background, background)
				require.GreaterOrEqual(t, chatcfg.Contrast(background, text), chatcfg.MinContrast, background)
				accent := chatcfg.Accent("#1d4ed8", background)
				require.GreaterOrEqual(t, chatcfg.Contrast(background, accent), chatcfg.MinContrast, background)
			}
		}
	}
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	check := func(s string) []string { return list(chatcfg.CheckText("text", s, 10)) }
	assert.Empty(t, check("hola\n\t¿?"))
	assert.Empty(t, check("a\r\nb"))
	assert.Empty(t, check("😀😀😀😀😀😀😀😀😀😀"))
	assert.Empty(t, check("\u202e\u2066abc"), "bidi is text")
	assert.Equal(t, []string{"text too_long"}, check("😀😀😀😀😀😀😀😀😀😀a"))
	assert.Equal(t, []string{"text too_long"}, check(strings.Repeat("\x00", 100_000)))
	assert.Equal(t, []string{"text blank"}, check(""))
	assert.Equal(t, []string{"text blank"}, check(" \n\t\u00a0\u200b\u2060\ufeff"))
	assert.Equal(t, []string{"text blank", "text control_character"}, check("\v"))
	assert.Empty(t, check("a\u2028b"), "a line of several")
	for _, s := range []string{"\n", "\t", "\r\n", "\u2028", "\u2029", "\u0085"} {
		assert.Equal(t, []string{"x control_character"}, list(chatcfg.CheckLine("x", "a"+s+"b", 10)), "%q", s)
	}
	assert.Equal(t, []string{"text invalid_utf8"}, check("a\xc3"))
	for _, s := range []string{"\x00", "\x1b", "\x7f", "\u009b", "a\rb", "\r\r\n"} {
		assert.Contains(t, check("a"+s), "text control_character", "%q", s)
	}
	assert.Equal(t, []string{"text too_long", "text control_character"}, check("12345678901\x00"))
}

func itoa(n int) string { return strconv.Itoa(n) }
