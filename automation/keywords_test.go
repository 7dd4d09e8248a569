package automation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/internal/fold"
)

func compileKeywords(t testing.TB, words ...string) *automation.Keywords {
	t.Helper()
	k, err := automation.CompileKeywords(words)
	require.NoError(t, err)
	return k
}

// R5.1: what is found, and what is not.
func TestKeywordsFind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words, text string // the words are separated by bars
		word, found string // found is the part of the text; empty: nothing
	}{
		{"reclamo", "Quiero poner un RECLAMO.", "reclamo", "RECLAMO"},
		{"Reclamación", "una reclamacion urgente", "Reclamación", "reclamacion"},
		{"reclamacion", "RECLAMACIO\u0301N", "reclamacion", "RECLAMACIO\u0301N"},
		{"cafe", "cafe\u0301", "cafe", "cafe\u0301"},
		{"straße", "STRASSE", "straße", "STRASSE"},

		{"arte", "esta parte y artesanía", "", ""},
		{"arte", "parte, arte", "arte", "arte"},
		{"arte", "arte2 2arte arte\u0301s", "", ""},
		{"arte", "martes,arte;", "arte", "arte"},
		{"arte", "❤\ufe0farte", "arte", "arte"},
		{"arte", "日arte", "arte", "arte"},
		{"arte", "_arte_ mi_arte", "", ""},
		{"mi_arte", "mi_arte", "mi_arte", "mi_arte"},
		{"arte", "arte.Otra", "arte", "arte"},

		{"doesn't work", "it doesn’t work", "doesn't work", "doesn’t work"},
		{"can’t pay", "i can't pay", "can’t pay", "can't pay"},
		{"d'urgence|urgence", "un cas dʼurgence", "d'urgence", "dʼurgence"},
		{"t|doesn|work's", "doesn't works", "", ""},
		{"works", "the works' end", "works", "works"},
		{"d'*", "c'est d’urgence", "d'*", "d’urgence"},
		{"d'*", "d' x", "d'*", "d'"},
		{"check-in", "el check\u2011in", "check-in", "check\u2011in"},
		{"reembolso", "mi reem\u00adbolso\u200b ya", "reembolso", "reem\u00adbolso"},
		{"re\u2060embolso", "mi reembolso", "re\u2060embolso", "reembolso"},
		{"refund|24h", "ＲＥＦＵＮＤ", "refund", "ＲＥＦＵＮＤ"},
		{"refund|24h", "２４ｈ?", "24h", "２４ｈ"},
		{"ｒｅｆｕｎｄ", "refund", "ｒｅｆｕｎｄ", "refund"},
		{"退款", "我要退款，谢谢", "退款", "退款"},
		{"返金", "昨日の注文を返金してください", "返金", "返金"},
		{"カード", "クレジットｶｰﾄﾞ払い", "カード", "ｶｰﾄﾞ"},
		{"คืนเงิน", "ขอคืนเงินด้วยครับ", "คืนเงิน", "คืนเงิน"},
		{"vip", "我是vip客户", "vip", "vip"},
		{"vip", "我是vips客户", "", ""},
		{"👍", "bien👍🏽!", "👍", "👍🏽"},
		{"🇨🇱", "🇦🇨🇱🇦", "", ""},
		{"🇨🇱", "hola🇨🇱🇦🇷", "🇨🇱", "🇨🇱"},
		{"👩", "👩\u200d🚒", "", ""},
		{"5", "5.000", "", ""},
		{"5.*", "5.000 5.", "5.*", "5.000"},

		{"ano", "dos años", "", ""},
		{"ano", "un AÑO", "", ""},
		{"ano", "un an\u0303o", "", ""},
		{"año", "un ano", "", ""},
		{"año", "un AN\u0303O", "año", "AN\u0303O"},
		{"an\u0303o", "un Año", "an\u0303o", "Año"},

		{"a,b", "a y b", "", ""},
		{"a,b", "a, b", "", ""},
		{"a,b", "x a,b x", "a,b", "a,b"},

		{"mal servicio", "muy mal servicio!", "mal servicio", "mal servicio"},
		{"mal servicio", "Mal \n\t servicio", "mal servicio", "Mal \n\t servicio"},
		{"mal  servicio ", "MAL\u00a0\u2003SERVICIO", "mal  servicio ", "MAL\u00a0\u2003SERVICIO"},
		{"mal servicio", "mal, servicio", "", ""},
		{"mal servicio", "malservicio mal servicios", "", ""},
		{"mal servicio", "mal mal servicio", "mal servicio", "mal servicio"},
		{"no no sirve", "no no no sirve", "no no sirve", "no no sirve"},

		{"recl*", "mis reclamos", "recl*", "reclamos"},
		{"recl*", "RÉCL", "recl*", "RÉCL"},
		{"recl*", "ya reclame\u0301, ya", "recl*", "reclame\u0301"},
		{"recl*", "prerecl", "", ""},
		{"mal serv*", "mal\nservido hoy", "mal serv*", "mal\nservido"},
		{"mal serv*", "mal\nser", "", ""},
		{"50%*", "al 50%off", "50%*", "50%"},

		{"mal|muy mal servicio", "muy mal servicio", "mal", "mal"},
		{"mal|muy mal", "muy mal", "muy mal", "muy mal"},
		{"mal*|muy mal", "muy mal", "muy mal", "muy mal"},
		{"mal*|muy mal", "muy malo", "mal*", "malo"},
		{"mal*|mal", "mal", "mal", "mal"},
		{"Mal|mal|MAL", "mal", "Mal", "mal"},
		{"uno dos tres|dos|dos tres cuatro", "uno dos, tres", "dos", "dos"},
		{"a b c d|b c", "a b cx b c", "b c", "b c"},

		{":(|!!", "qué mal:(", ":(", ":("},
		{"c++", "sé C++, algo", "c++", "C++"},
		{"c++", "abc++", "", ""},
		{"$100", "US$100", "$100", "$100"},
		{"$100", "US$1000", "", ""},
		{"日本", "日本 日本語", "日本", "日本"},
		{"\u0301", "e\u0301 \u0301", "", ""},
		{"\u0301 a \u0301", "b a\u0301", "\u0301 a \u0301", "a\u0301"},
		{"x", "", "", ""},
		{"x", "\xff\xfex\xff", "x", "x"},
		{"", "x", "", ""},
	} {
		t.Run(c.words+" in "+c.text, func(t *testing.T) {
			t.Parallel()
			var words []string
			if c.words != "" {
				words = strings.Split(c.words, "|")
			}
			m, ok := compileKeywords(t, words...).Find(c.text)
			assert.Equal(t, c.found != "", ok, "%+v", m)
			assert.Equal(t, c.word, m.Word)
			assert.Equal(t, c.found, c.text[m.From:m.To])
		})
	}
}

// R5.1: a blank keyword and a bare asterisk are errors.
func TestCompileKeywordsRefuses(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"", " ", "\u00a0\n", "*", " * ", "mal *", "**", "re*lamo", "*mo", "recl* ya"} {
		_, err := automation.CompileKeywords([]string{"bien", word})
		require.ErrorIs(t, err, automation.ErrKeyword, "%q", word)
		assert.Contains(t, err.Error(), "number 2")
	}
}

func TestKeywordsZero(t *testing.T) {
	t.Parallel()
	var none *automation.Keywords
	_, ok := none.Find("reclamo")
	assert.False(t, ok)
	_, ok = new(automation.Keywords).Find("reclamo")
	assert.False(t, ok)
	words := []string{"reclamo"}
	k := compileKeywords(t, words...)
	words[0] = "changed"
	m, _ := k.Find("reclamo")
	assert.Equal(t, "reclamo", m.Word)
}

// naiveSymbols reads all symbols of a text, with the bytes that they come from.
func naiveSymbols(s string) (symbols []rune, from, to []int) {
	for r := (fold.Reader{Text: s}); ; {
		symbol, ok := r.Next()
		if !ok {
			return symbols, from, to
		}
		symbols, from, to = append(symbols, symbol), append(from, r.From), append(to, r.To)
	}
}

func trimmed(symbols []rune) string {
	return strings.Trim(strings.ReplaceAll(string(withoutBorders(symbols)), "  ", " "), " ")
}

func withoutBorders(symbols []rune) []rune {
	runes := slices.Clone(symbols)
	for i := range runes {
		runes[i] &^= fold.Border
	}
	return runes
}

// naiveFind tries each keyword at each place. Borders within a keyword need not be
// compared: with those at its ends they follow from its runes.
func naiveFind(words []string, text string) (automation.Match, bool) {
	s, from, to := naiveSymbols(text)
	border := func(i int) bool { return i == len(s) || s[i]&fold.Border != 0 }
	type pattern struct {
		prefix bool
		runes  string
	}
	patterns := make([]pattern, len(words))
	for i, word := range words {
		stem, prefix := strings.CutSuffix(strings.TrimSpace(word), "*")
		symbols, _, _ := naiveSymbols(stem)
		patterns[i] = pattern{prefix, trimmed(symbols)}
	}
	for end := range len(s) + 1 {
		for begin := range end {
			if !border(begin) {
				continue
			}
			part := string(withoutBorders(s[begin:end]))
			for _, prefix := range []bool{false, true} {
				i := slices.Index(patterns, pattern{prefix, part})
				if i < 0 || !prefix && !border(end) {
					continue
				}
				last := end
				for !border(last) {
					last++
				}
				return automation.Match{Word: words[i], From: from[begin], To: to[last-1]}, true
			}
		}
	}
	return automation.Match{}, false
}

// R5.1: the automaton finds what trying everything finds.
func TestKeywordsOracle(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(51, 1))
	pieces := []string{"a", "b", "n", "ñ", "Á", "a\u0301", "n\u0303", " ", " ", "\n", "\u00a0", ",", "+", "1", "ß", "s", "日", "\u0301", "ŉ", "ʼ", "\xff", "ி", "'", "_", ".", "א", "\"", "🇨", "👍", "\u200d", "\u00ad", "ค"}
	draw := func(n int) string {
		var b strings.Builder
		few := pieces[:3+r.IntN(len(pieces)-3)]
		for range n {
			b.WriteString(few[r.IntN(len(few))])
		}
		return b.String()
	}
	found := 0
	for range 10_000 {
		var words []string
		for range 1 + r.IntN(6) {
			word := draw(1 + r.IntN(5))
			if r.IntN(4) == 0 {
				word = strings.TrimSpace(word) + "*"
			}
			if _, err := automation.CompileKeywords([]string{word}); err == nil {
				words = append(words, word)
			}
		}
		k, text := compileKeywords(t, words...), draw(r.IntN(14))
		got, ok := k.Find(text)
		want, wantOK := naiveFind(words, text)
		if got != want || ok != wantOK {
			t.Fatalf("%+q in %+q: got %+q %v, want %+q %v", words, text, fmt.Sprint(got), ok, fmt.Sprint(want), wantOK)
		}
		if ok {
			found++
		}
	}
	assert.Greater(t, found, 1_000)
}

// FuzzKeywords compares with the naive search; the keywords are lines.
func FuzzKeywords(f *testing.F) {
	f.Add("reclamo\nmal serv*\naño", "Muy MAL\u00a0servicio este an\u0303o")
	f.Add("a b c d\nb c", "a b cx b c")
	f.Add("c++\n:(", "C++ :(\xff")
	f.Add("ŉ\nß*", "ʼn STRASSE")
	f.Fuzz(func(t *testing.T, lines, text string) {
		if len(lines) > 200 || len(text) > 200 {
			return
		}
		words := strings.Split(lines, "\n")
		k, err := automation.CompileKeywords(words)
		if err != nil {
			require.ErrorIs(t, err, automation.ErrKeyword)
			return
		}
		got, ok := k.Find(text)
		want, wantOK := naiveFind(words, text)
		require.Equal(t, wantOK, ok)
		require.Equal(t, want, got)
	})
}

// Linear time: what would take minutes if each place of 64 KiB began a search of
// its own is done at once.
func TestKeywordsLinear(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ word, unit string }{
		"repeated words":    {strings.Repeat("a ", 49) + "b", "a "},
		"repeated signs":    {strings.Repeat("+", 99) + "-", "+"},
		"marks":             {"reclamo", "n\u0301\u0301\u0301\u0301"},
		"only marks":        {"reclamo", "\u0301"},
		"spaces":            {"mal servicio", "mal  "},
		"one long word":     {"recl*", "x"},
		"other alphabets":   {"жалоба", "жалобы "},
		"a very long start": {strings.Repeat("ñ ñ ", 24) + "x", "ñ ñ "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := compileKeywords(t, c.word)
			text := strings.Repeat(c.unit, 64<<10/len(c.unit))
			start := time.Now()
			_, ok := k.Find(text)
			assert.False(t, ok)
			assert.Less(t, time.Since(start), 2*time.Second)
		})
	}
}

func TestKeywordsConcurrentUse(t *testing.T) {
	t.Parallel()
	k := compileKeywords(t, "reclamo", "mal serv*")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				m, ok := k.Find("un muy mal servicio")
				assert.True(t, ok && m.Word == "mal serv*")
			}
		})
	}
	group.Wait()
}

// spanish is a message of 300 bytes.
const spanish = "Hola, buenas tardes. Les escribo porque compré un par de zapatillas la semana pasada y todavía no me llega el pedido; " +
	"en la página dice que salió de la bodega el miércoles, pero nadie me contesta el teléfono. ¿Me pueden decir dónde está y cuándo llega a mi casa en Ñuñoa? Muchas gracias"

// vocabulary is n words that are like those of the message, and not in it.
func vocabulary(n int) []string {
	r := rand.New(rand.NewPCG(3, 3))
	syllables := strings.Fields("ho la bue tar des es cri por com pré par za pa ti se ma na pe di do pá gi sa bo de ga miér na die con tes ta te lé fo ño mu chas gra cias re cla mo")
	var words []string
	for len(words) < n {
		var b strings.Builder
		for range 2 + r.IntN(4) {
			b.WriteString(syllables[r.IntN(len(syllables))])
		}
		b.WriteString([]string{"x", "ncia", " mal", "zz*"}[r.IntN(4)])
		words = append(words, b.String())
	}
	return words
}

func TestKeywordsAllocateNothing(t *testing.T) {
	k := compileKeywords(t, append(vocabulary(1000), "ñuñoa")...)
	assert.Zero(t, testing.AllocsPerRun(100, func() { k.Find(spanish) }))
	m, ok := k.Find(spanish)
	assert.True(t, ok)
	assert.Equal(t, "Ñuñoa", spanish[m.From:m.To])
}

func BenchmarkKeywords(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		words := vocabulary(n)
		k := compileKeywords(b, words...)
		if m, ok := k.Find(spanish); ok {
			b.Fatal(m)
		}
		b.Run(fmt.Sprint("find/", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(spanish)))
			for b.Loop() {
				k.Find(spanish)
			}
		})
		b.Run(fmt.Sprint("compile/", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = automation.CompileKeywords(words)
			}
		})
	}
}
