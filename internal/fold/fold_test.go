package fold_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/charlahq/charla/internal/fold"
)

// all folds a whole text, and checks that the characters make it up.
func all(t testing.TB, s string) string {
	t.Helper()
	var b strings.Builder
	for len(s) > 0 {
		first, rest, size := fold.Next(s)
		if size <= 0 || first < 0 && rest != "" {
			t.Fatalf("%+q: %U %+q %d", s, first, rest, size)
		}
		if first >= 0 {
			b.WriteRune(first)
		}
		b.WriteString(rest)
		s = s[size:]
	}
	return b.String()
}

// ignored are Unicode's default ignorable characters.
var ignored = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0xad, 0xad, 1}, {0x34f, 0x34f, 1}, {0x61c, 0x61c, 1}, {0x115f, 0x1160, 1}, {0x17b4, 0x17b5, 1}, {0x180b, 0x180f, 1}, {0x200b, 0x200f, 1},
		{0x202a, 0x202e, 1}, {0x2060, 0x206f, 1}, {0x3164, 0x3164, 1}, {0xfe00, 0xfe0f, 1}, {0xfeff, 0xfeff, 1}, {0xffa0, 0xffa0, 1}, {0xfff0, 0xfff8, 1},
	},
	R32:         []unicode.Range32{{0x1bca0, 0x1bca3, 1}, {0x1d173, 0x1d17a, 1}, {0xe0000, 0xe0fff, 1}},
	LatinOffset: 1,
}

const apostrophes = "'`´ʹʻʼʽˊˋ՚‘’‛′‵Ꞌꞌ"

// oracle folds a whole text by golang.org/x/text alone.
func oracle(s string) string {
	var seen strings.Builder
	for _, r := range s { // one replacement character for each bad byte
		compatible := norm.NFKD.String(string(r))
		switch {
		case unicode.Is(ignored, r), r >= '🏻' && r <= '🏿':
		case r >= 0xff00 && r < 0xfff0 && !strings.Contains(compatible, " "), r == 'ŀ', r == 'Ŀ':
			seen.WriteString(compatible)
		case r >= 0x180 && unicode.In(r, unicode.L, unicode.Nd, unicode.P) && r != '‼' && r != '⁉' && !strings.Contains(compatible, " "):
			seen.WriteString(compatible)
		default:
			seen.WriteRune(r)
		}
	}
	var b strings.Builder
	runes := []rune(norm.NFD.String(seen.String()))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case unicode.Is(unicode.Mn, r):
			continue
		case strings.ContainsRune(apostrophes, r):
			r = '\''
		case strings.ContainsRune("⁃⁻₋−", r), r < 0x3000 && unicode.Is(unicode.Pd, r):
			r = '-'
		}
		b.WriteRune(r)
		for j := i + 1; (r == 'n' || r == 'N') && j < len(runes) && unicode.Is(unicode.Mn, runes[j]); j++ {
			if runes[j] == 0x303 {
				b.WriteRune(0x303)
				break
			}
		}
	}
	folded := strings.ReplaceAll(cases.Fold().String(b.String()), "ʼn", "'n")
	// Unicode folds Cherokee to capitals; x/text swaps capitals and small letters.
	folded = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cherokee, r) {
			return unicode.ToUpper(r)
		}
		return r
	}, folded)
	return strings.ReplaceAll(folded, "n\u0303", "ñ")
}

// R5.1: case and accents do not count, but ñ is not n.
func TestNext(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                            "",
		"ÁÉÍÓÚÜ áéíóúü":               "aeiouu aeiouu",
		"AÑO año ano":                 "año año ano",
		"an\u0303o AN\u0303O":         "año año",
		"n\u0331\u0303 ñ\u0331":       "ñ ñ",
		"n\u0303\u0301 ń\u0303":       "ñ ñ",
		"n\u0301 ń Ň":                 "n n n",
		"e\u0301 o\u0308\u0304":       "e o",
		"\u0301a \u0303n":             "a n",
		"Straße STRASSE ẞ":            "strasse strasse ss",
		"ŉ":                           "'n",
		"n\u00ad\u0303 n\u200d\u0301": "ñ n",
		"reem\u00adbolso re\u200bem\u2060bolso\ufeff": "reembolso reembolso",
		"doesn’t doesnʼt doesn＇t don´t":               "doesn't doesn't doesn't don't",
		"check‑in check–in check−in":                  "check-in check-in check-in",
		"ＲＥＦＵＮＤ２４ｈ ＡＮ\u0303Ｏ！":                        "refund24h año!",
		"ｶｰﾄﾞ カード":                                    "カート カート",
		"№ Nº ª ² ½ ™":                                "№ nº ª ² ½ ™",
		"👍🏽 👩\u200d🚒 🇨🇱":                              "👍 👩🚒 🇨🇱",
		"coŀlega":                                     "col·lega",
		"İstanbul ISTANBUL ı":                         "istanbul istanbul ı",
		"Çã õ ÀÊ":                                     "ca o ae",
		"Łódź Đà Ørsted":                              "łodz đa ørsted",
		"ΆΣς":                                         "ασσ",
		"Ꭾꭾ ᏸ":                                        "ᎮᎮ Ᏸ",
		"Ёлка":                                        "елка",
		"ﬁn Å":                                        "fin a",
		"각 \u1100\u1161\u11a8":                        "\u1100\u1161\u11a8 \u1100\u1161\u11a8",
		"日本語が":                                        "日本語か",
		"हिन्दी":                                      "हिनदी",
		"❤\ufe0f 😀 … “€”":                             "❤ 😀 ... “€”",
		"a\xff\xc3b\xe2\x82":                          "a\ufffd\ufffdb\ufffd\ufffd",
		"\x00\u00a0ª":                                 "\x00\u00a0ª",
		"\u1e69 \u0073\u0323\u0307":                   "s s",
	} {
		assert.Equal(t, want, all(t, s), "%+q", s)
		assert.Equal(t, want, oracle(s), "%+q by the oracle", s)
	}
}

// Each rune that there is, alone and with marks, is as x/text folds it.
func TestNextEveryRune(t *testing.T) {
	t.Parallel()
	for r := rune(0); r < 0xe0200; r++ {
		if r == 0x31000 { // nothing is assigned until there
			r = 0xe0000
		}
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		if got, want := all(t, s), oracle(s); got != want {
			t.Fatalf("%U: %+q, want %+q", r, got, want)
		}
		if r < 0x3000 {
			s += "\u0301\u0303x"
			if got, want := all(t, s), oracle(s); got != want {
				t.Fatalf("%+q: %+q, want %+q", s, got, want)
			}
		}
	}
}

func TestNextRandom(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 1))
	pieces := []string{"n", "N", "ñ", "Ń", "\u0303", "\u0301", "\u0331", "\u034f", "\ufe0f", "e", "é", "ß", "ŉ", "İ", "각", "\u11a8", "\u0345", "ᾳ", "K", " ", "\u00a0", "\xcc", "\x83", "ﬃ", "が", "\u3099", "ி", "\u093f", "\u20e3", "\u00ad", "\u200b", "’", "Ｎ", "ﾞ", "ﾄ", "‑", "🏽", "ŀ"}
	for range 50_000 {
		var b strings.Builder
		for range r.IntN(8) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		require.Equal(t, oracle(b.String()), all(t, b.String()), "%+q", b.String())
	}
}

func TestNextAllocatesNothing(t *testing.T) {
	s := "¡Hola! ¿Dónde está mi pedido, señor Núñez? Lle\u0301vame “allí”… 😀"
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for rest := s; len(rest) > 0; {
			_, _, size := fold.Next(rest)
			rest = rest[size:]
		}
	}))
}

// FuzzNext compares with golang.org/x/text. Folding is idempotent, and the same
// for every spelling of a text.
func FuzzNext(f *testing.F) {
	for _, s := range []string{"", "ÁÑ", "an\u0303o", "Straße ŉ İ", "n\u0331\u0303", "각\u11a8", "हिन्दी", "Ꭾꭾ", "a\xff\xe2\x82", "\u0345\u0301 ᾳ", "ﬃ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := all(t, s)
		require.Equal(t, oracle(s), got)
		require.Equal(t, got, all(t, got))
		valid := string([]rune(s))
		require.Equal(t, got, all(t, norm.NFC.String(valid)))
		require.Equal(t, got, all(t, norm.NFD.String(valid)))
		query := fold.Query(s)
		require.Equal(t, query, strings.Join(strings.Fields(query), " "))
		words := map[string]bool{}
		for _, word := range strings.Fields(fold.Words(s)) {
			words[word] = true
		}
		for _, word := range strings.Fields(query) {
			require.True(t, words[word], "%q", word)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	for name, s := range map[string]string{
		"spanish":  strings.Repeat("¿Dónde está mi pedido? Llevo días esperando, señor. ", 6),
		"cyrillic": strings.Repeat("Где мой заказ? ", 20),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				for rest := s; len(rest) > 0; {
					_, _, size := fold.Next(rest)
					rest = rest[size:]
				}
			}
		})
	}
}
