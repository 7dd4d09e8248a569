package fold_test

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/internal/fold"
)

// lines reads a file of Unicode's, without its comments.
func lines(t testing.TB, name string) (lines []string) {
	t.Helper()
	file, err := os.Open("testdata/" + name + ".gz")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	for scanner := bufio.NewScanner(unzipped); scanner.Scan(); {
		line, _, _ := strings.Cut(scanner.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	require.NotEmpty(t, lines)
	return lines
}

func code(t testing.TB, hex string) rune {
	t.Helper()
	r, err := strconv.ParseInt(hex, 16, 32)
	require.NoError(t, err)
	return rune(r)
}

// segments cuts a text at its borders; what folds to nothing belongs to what is before
// it.
func segments(s string) (segments []string) {
	r, from := fold.Reader{Text: s}, 0
	for {
		symbol, ok := r.Next()
		if !ok {
			return append(segments, s[from:])
		}
		if symbol&fold.Border != 0 && r.From > from {
			segments = append(segments, s[from:r.From])
			from = r.From
		}
	}
}

// R5.1: the borders of Unicode's own tests, but for the differences of the Reader's
// comment.
func TestBordersOfUnicode(t *testing.T) {
	t.Parallel()
	differing := map[string]int{}
	for _, line := range lines(t, "WordBreakTest.txt") {
		var text strings.Builder
		var want []int
		fields := strings.Fields(line)
		for i := 0; i < len(fields); i += 2 {
			if fields[i] == "÷" {
				want = append(want, text.Len())
			}
			if i+1 < len(fields) {
				text.WriteRune(code(t, fields[i+1]))
			}
		}
		got := []int{0}
		for _, segment := range segments(text.String()) {
			got = append(got, got[len(got)-1]+len(segment))
		}
		if slices.Equal(got, want) {
			continue
		}
		i := slices.IndexFunc(differences, func(d difference) bool { return d.of.MatchString(text.String()) })
		if assert.GreaterOrEqual(t, i, 0, "%s: got %d", line, got) {
			differing[differences[i].why]++
		}
	}
	for _, d := range differences {
		assert.NotZero(t, differing[d.why], d.why)
	}
}

type difference struct {
	why string
	of  *regexp.Regexp
}

// differences are where the borders are not those of Unicode's annex 29, of which the
// tests have examples.
var differences = []difference{
	{"kana stand for themselves", regexp.MustCompile(`〱`)},
	{"white space is one, and what folds to nothing after it is part of it", regexp.MustCompile(`(^|[\s\v])[\pM\p{Cf}]*([\s\v]|[\pM\p{Cf}])`)},
	{"a full stop or a colon between letters is a border", regexp.MustCompile(`\pL[\pM\p{Cf}]*[.:][\pM\p{Cf}]*\pL`)},
}

// R5.1: every rune is of the class that Unicode says, but for those listed.
func TestClassesOfUnicode(t *testing.T) {
	t.Parallel()
	property := map[rune]string{}
	for _, line := range lines(t, "WordBreakProperty.txt") {
		runes, name, _ := strings.Cut(line, ";")
		first, last, several := strings.Cut(strings.TrimSpace(runes), "..")
		if !several {
			last = first
		}
		for r := code(t, first); r <= code(t, last); r++ {
			property[r] = strings.TrimSpace(name)
		}
	}
	probes := []string{"a.", ".a", "1.", ".1", "a.a", "1.1"}
	expected := map[string]string{
		"ALetter": "111111", "Hebrew_Letter": "111111", "Numeric": "111111", "ExtendNumLet": "111111",
		"MidLetter": "000010", "MidNum": "000001", "MidNumLet": "000011", "Single_Quote": "000011", "Extend": "101011",
	}
	for r := rune(0x20); r < 0x20000; r++ {
		s := string(r)
		first, rest, _ := fold.Next(s)
		if !utf8.ValidRune(r) || first != r || rest != "" {
			continue // what folds to others is of their class
		}
		var got strings.Builder
		for _, probe := range probes {
			if len(segments(strings.Replace(probe, ".", s, 1))) == 1 {
				got.WriteByte('1')
			} else {
				got.WriteByte('0')
			}
		}
		want := cmp.Or(expected[property[r]], "000000")
		switch {
		case unicode.IsSpace(r), // U+202F
			unicode.Is(unicode.Han, r) && unicode.IsLetter(r), // 々
			r >= '🄰' && r <= '🆉':                              // some are emoji
			want = "000000"
		case r == '.':
			want = "000001"
		case r == ':':
			want = "000000"
		}
		if got.String() != want {
			t.Errorf("%U %s %s: %s, want %s", r, s, property[r], got.String(), want)
		}
	}
}

// R5.1: words as keywords have them.
func TestSegments(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"doesn't doesn’t doesnʼt doesn＇t": "doesn't| |doesn’t| |doesnʼt| |doesn＇t",
		"'tis the customers' l'urgence":   "'|tis| |the| |customers|'| |l'urgence",
		"check‑in a_b _a_ a\u00adb":       "check|‑|in| |a_b| |_a_| |a\u00adb",
		"reem\u200bbolso \u2060x\ufeff y": "reem\u200bbolso| \u2060|x\ufeff| |y",
		"$5.000,50 1'000 3:30 1.a":        "$|5.000,50| |1'000| |3|:|30| |1|.|a",
		"listo.Reclamo ana@tienda.cl":     "listo|.|Reclamo| |ana|@|tienda|.|cl",
		"我是vip客户，退款。":                     "我|是|vip|客|户|，|退|款|。",
		"昨日の注文をカード払い":                     "昨|日|の|注|文|を|カ|ー|ド|払|い",
		"ขอคืนเงิน5บาท":                   "ข|อ|คื|น|เ|งิ|น|5|บ|า|ท",
		"ខ្ញុំ ຂໍ မြန်မာ":                 "ខ្|ញុំ| |ຂໍ| |မြ|န်|မာ",
		"한국어 हिन्दी עברית":                "한국어| |हिन्दी| |עברית",
		"ג' צה\"ל \"ל":                    "ג'| |צה\"ל| |\"|ל",
		"👍🏽👍 👩\u200d🚒❤\ufe0f\u200d🔥🇨🇱🇦🇷🇨": "👍🏽|👍| |👩\u200d🚒|❤\ufe0f\u200d🔥|🇨🇱|🇦🇷|🇨",
		"mal\u202f! mal\u3000servicio":    "mal|\u202f|!| |mal|\u3000|servicio",
		"c++ :( d'":                       "c|+|+| |:|(| |d|'",
		"col·legi coŀlegi":                "col·legi| |coŀlegi",
	} {
		assert.Equal(t, want, strings.Join(segments(s), "|"), "%+q", s)
	}
}

// Words has what a search finds a text by, Query what it looks for.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, words, query string }{
		{"", "", ""},
		{" \t\n", "", ""},
		{"\u0301", "", ""},
		{"¡!_ ,", "", ""},
		{"¡Hola,  Señor NÚÑEZ!\n¿Qué tal?", "hola señor nuñez que tal", "hola señor nuñez que tal"},
		{"a,b;c-d_e", "a b c d_e", "a b c d_e"},
		{"juan@tienda.cl +56 9", "juan tienda cl 56 9", "juan tienda cl 56 9"},
		{"don\u0301de\u00a0está", "donde esta", "donde esta"},
		{"x\xffy", "x y", "x y"},
		{"doesn’t", "doesn't", "doesn't"},
		{"😀👍🏽!", "😀 👍", "😀 👍"},
		{"退", "退", "退"},
		{"我退款, 谢vip客", "我 我退 退 退款 款 谢 vip 客", "我退 退款 谢 vip 客"},
		{"退 款", "退 款", "退 款"},
	} {
		assert.Equal(t, c.words, fold.Words(c.text), "%+q", c.text)
		assert.Equal(t, c.query, fold.Query(c.text), "%+q", c.text)
	}
}

// What ends at borders is found by a search: each such part of a text, and so each
// keyword that matches.
func TestPartsAreFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(29, 15))
	pieces := []string{"a", "ñ", "n\u0303", "É", "1", "'", "’", ".", ",", ":", "_", "-", "‑", " ", "\u00ad", "\u200b", "\u200d", "\ufe0f", "退", "款", "カ", "ー", "ト", "ค", "ื", "เ", "မ", "ာ", "א", "\"", "Ａ", "５", "👍", "🏽", "🇨", "🇱", "ி", "ß"}
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		parts := segments(b.String())
		from := r.IntN(len(parts))
		part := strings.Join(parts[from:from+1+r.IntN(len(parts)-from)], "")
		require.Subset(t, strings.Fields(fold.Words(b.String())), strings.Fields(fold.Query(part)), "%+q in %+q", part, b.String())
	}
}

// The fast ways read what the slow one does.
func TestPlain(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(29, 16))
	pieces := []string{"a", "B", "1", " ", " ", "n\u0303", "é", "'", "_", ".", "\u00ad", "¿", "退", "ி"}
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		slow, fast := fold.Reader{Text: b.String()}, fold.Reader{Text: b.String()}
		for more := true; more; {
			var want, got rune
			var plain bool
			want, more = slow.Next()
			if got, plain = fast.Plain(); !plain {
				got, _ = fast.Next()
			}
			require.Equal(t, want, got, "%+q", b.String())
			require.Equal(t, [2]int{slow.From, slow.To}, [2]int{fast.From, fast.To}, "%+q", b.String())
		}
	}
}

// Linear time, whatever has to be looked over.
func TestReaderLinear(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"a'", "a'\u200b", "\u200b", "\u200b\u0301", "a\u0301", "a'\u093f", "1,", "\u00ad", "🇨", "א\"", "n\u00ad\u00ad\u0303", "退"} {
		steps := 0
		for r := (fold.Reader{Text: strings.Repeat(unit, 20_000)}); ; steps++ {
			if _, ok := r.Next(); !ok {
				break
			}
		}
		assert.LessOrEqual(t, steps, 60_000)
	}
}
