package chatcfg_test

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "golang.org/x/image/webp"
)

// R6.6 A colour is read as itself, and every background has a readable text.
func FuzzParseColor(f *testing.F) {
	for _, seed := range []string{"#fff", " #A1B2C3\n", "#12345", "#+12345", "fff", "#ｆｆｆ", "#İİ", "#777777", ""} {
		f.Add(seed, "#777")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		color, err := chatcfg.ParseColor(a)
		ratio := chatcfg.Contrast(a, b)
		assert.InDelta(t, ratio, chatcfg.Contrast(b, a), 0)
		if err != nil {
			assert.NotEmpty(t, problemsOf(t, err))
			assert.Empty(t, color)
			assert.Zero(t, ratio)
			assert.Equal(t, b, chatcfg.Readable(a, b))
			assert.Equal(t, a, chatcfg.Accent(a, b))
			return
		}
		assert.Regexp(t, `^#([0-9a-f]{3}|[0-9a-f]{6})$`, color)
		again, err := chatcfg.ParseColor(strings.ToUpper(color))
		require.NoError(t, err)
		assert.Equal(t, color, again)
		readable := chatcfg.Readable(a, b)
		assert.GreaterOrEqual(t, chatcfg.Contrast(color, readable), chatcfg.MinContrast)
		if ratio >= chatcfg.MinContrast {
			assert.Equal(t, b, readable)
		}
		for _, surface := range []string{"#ffffff", "#1a1d23", chatcfg.Accent(a, "#808080")} {
			accent := chatcfg.Accent(a, surface)
			assert.GreaterOrEqual(t, chatcfg.Contrast(accent, surface), chatcfg.MinContrast)
			assert.Equal(t, accent, chatcfg.Accent(accent, surface))
		}
	})
}

// Whether a text can be stored is what the comment says, and what can is the same
// after it was written as JSON and read again.
func FuzzCheckText(f *testing.F) {
	for _, seed := range []string{"hola", "", " \u200b\u00a0", "a\r\nb\tc", "a\rb", "\x00", "\xff", "e\u0301", "\u2028", "\u0085", strings.Repeat("ñ", 9)} {
		f.Add(seed, uint8(8))
	}
	f.Fuzz(func(t *testing.T, s string, limit uint8) {
		found := map[chatcfg.Code]bool{}
		for _, p := range chatcfg.CheckText("text", s, int(limit)) {
			assert.Equal(t, "text", p.Path)
			assertMessages(t, p)
			found[p.Code] = true
		}
		valid, visible, control := utf8.ValidString(s), false, false
		for i, r := range s {
			visible = visible || !chatcfg.IsBlank(string(r))
			end := r == '\r' && strings.HasPrefix(s[i:], "\r\n")
			control = control || unicode.IsControl(r) && r != '\n' && r != '\t' && !end
		}
		long := len([]rune(s)) > int(limit)
		assert.Equal(t, valid && visible && !control && !long, len(found) == 0, "%q", s)
		assert.Equal(t, long, found[chatcfg.CodeTooLong])
		if valid && !long {
			assert.Equal(t, !visible, found[chatcfg.CodeBlank])
			assert.Equal(t, control, found[chatcfg.CodeControlCharacter])
		}
		if len(found) == 0 {
			raw, err := json.Marshal(s)
			require.NoError(t, err)
			var back string
			require.NoError(t, json.Unmarshal(raw, &back))
			assert.Equal(t, s, back)
		}
	})
}

// R1.2 What is taken as a picture is one to Go's own decoders, square, and of the
// size and type that were said; a logo is a picture of 200 by 200 and nothing else.
func FuzzCheckLogo(f *testing.F) {
	for _, side := range []int{4, 200} {
		var out [][]byte
		for _, b := range [][]byte{pngOf(f, side, side), jpegOf(f, side, side), gifOf(f, side, side, 2), webpOf(side, side), pngOf(f, side, side+1)} {
			out = append(out, b, append(bytes.Clone(b), "<script>"...))
		}
		for _, b := range out {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		picture, err := chatcfg.CheckPicture(b)
		logo, logoErr := chatcfg.CheckLogo(b)
		assert.Equal(t, err == nil && picture.Side == 200, logoErr == nil)
		if logoErr == nil {
			assert.Equal(t, picture, logo)
		}
		if err != nil {
			assert.Zero(t, picture)
			assert.NotEmpty(t, problemsOf(t, err))
			return
		}
		seen, format, err := image.DecodeConfig(bytes.NewReader(b))
		require.NoError(t, err)
		assert.Equal(t, "image/"+format, picture.Type)
		assert.Equal(t, []int{picture.Side, picture.Side}, []int{seen.Width, seen.Height})
		assert.NotContains(t, strings.ToLower(string(b)), "<script")
		assert.Len(t, picture.SHA256, 64)
	})
}

// R6.9 Whatever a browser sends, the answer is one of the three languages; what
// it asks for first wins, and a language that is set is not asked about.
func FuzzMatchLocale(f *testing.F) {
	for _, seed := range []string{"", "es-CL,es;q=0.9,en;q=0.8", "pt-BR", "*", "en;q=0", "de, fr;q=0.1", "x-y-z", "en-US-u-co-phonebk", ";;;", "zh-Hant", "es-419;q=1", "0,en;8", "en;q=8", "en;level=1;Q=0.5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		all := []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese}
		got := chatcfg.MatchLocale(header)
		assert.Contains(t, all, got)
		assert.Equal(t, got, chatcfg.Auto.For(header))
		assert.Equal(t, got, chatcfg.Locale("").For(header))
		for _, l := range all {
			assert.Equal(t, l, l.For(header))
		}
		for _, l := range all {
			if len(header) < 1000 {
				assert.Equal(t, l, chatcfg.MatchLocale(string(l)+","+header), "nothing has more weight, the first of equals counts")
			}
		}
		assert.Equal(t, chatcfg.Spanish, chatcfg.MatchLocale(strings.Repeat(",", 1<<10)+header), "too long to be read")
	})
}

// R6.3, R6.4, R7.3 What a visitor may enter with is canonical: entered again, it
// is taken as it is; and none gets past what the configuration asks for.
func FuzzCheckEntry(f *testing.F) {
	for flags := range uint16(8) {
		f.Add("Juan", "juan@example.com", "12.345.678-5", "+56 9 1234 5678", "google", flags*37)
	}
	f.Add(" ", "", "", "", "", uint16(0b1000_0001))
	f.Add("\u200b", "", "6-k", "9 1234 5678", "", uint16(0b1))
	f.Fuzz(func(t *testing.T, name, email, rut, phone, provider string, flags uint16) {
		on := func(bit int) bool { return flags>>bit&1 == 1 }
		chat := chatcfg.Default(chatcfg.Spanish).Chat
		chat.Anonymous, chat.EmailAsIdentifier, chat.AskRUT, chat.AskPhone = on(0), on(1), on(2), on(3)
		chat.Google, chat.Facebook = chatcfg.Social{Enabled: on(4), Only: on(5)}, chatcfg.Social{Enabled: on(6)}
		entry := chatcfg.Entry{Name: name, Email: email, RUT: rut, Phone: phone, Anonymous: on(7)}
		if on(8) {
			entry.Provider = provider
		}
		entry.Host = on(9) && on(10)
		got, err := chat.CheckEntry(entry)
		if err != nil {
			for _, p := range problemsOf(t, err) {
				assert.Contains(t, []string{"", "name", "email", "rut", "phone"}, p.Path)
			}
			assert.Zero(t, got)
			return
		}
		again, err := chat.CheckEntry(got)
		require.NoError(t, err)
		assert.Equal(t, got, again)
		proved := got.Host || got.Provider != ""
		assert.False(t, chat.SocialOnly() && !proved, "only social logins enter")
		assert.False(t, got.Anonymous && (!chat.Anonymous || got.Name+got.Email+got.RUT+got.Phone != ""))
		assert.False(t, chat.AskRUT && got.RUT == "")
		assert.False(t, chat.EmailAsIdentifier && got.Email == "" && !proved)
		assert.False(t, got.Name == "" && !proved && !chat.Anonymous)
		if got.Email != "" {
			canonical, err := chatcfg.ParseEmail(email)
			require.NoError(t, err)
			assert.Equal(t, canonical, got.Email)
		}
		assert.Empty(t, chatcfg.CheckText("name", "x"+got.Name, chatcfg.MaxName+1))
	})
}

// R4.9 Hours are refused with problems, or make a calendar that agrees with a
// reading of them minute by minute, and with itself.
func FuzzHours(f *testing.F) {
	for _, seed := range []string{
		`{"timezone":"America/Santiago","weekly":[{"day":"friday","open":"20:00","close":"02:00"}],"exceptions":[{"date":"2026-09-06","closed":true}]}`,
		`{"timezone":"UTC","weekly":[{"day":"monday","open":"00:00","close":"24:00"},{"day":"monday","open":"10:00","close":"11:00"}]}`,
		`{"timezone":"Pacific/Apia","weekly":[{"day":"sunday","open":"23:59","close":"00:00"}],"exceptions":[{"date":"2026-04-05","open":"23:00","close":"05:30"}]}`,
		`{"timezone":"Europe/London","weekly":[{"day":"domingo","open":"9:00","close":"25:00"}]}`,
		`{"timezone":"Local","exceptions":[{"date":"2026-02-30","open":"10:00","close":"10:00"}]}`,
		`{"timezone":"America/Santiago","exceptions":[{"yearly":"02-29","open":"10:00","close":"09:00"},{"from":"2026-12-24","to":"2027-01-02","closed":true},{"date":"2026-12-31","open":"10:00","close":"12:00"}]}`,
		`{"timezone":"UTC"}`,
		`{"timezone":"America/Santiago","weekly":[{"day":"saturday","open":"23:30","close":"00:30"}]}`,
	} {
		f.Add([]byte(seed), int64(1_788_660_000), int64(3600))
	}
	f.Fuzz(func(t *testing.T, doc []byte, unix, seconds int64) {
		var h chatcfg.Hours
		if json.Unmarshal(doc, &h) != nil || len(h.Weekly)+len(h.Exceptions) > 20 {
			return
		}
		c, err := h.Compile()
		if err != nil {
			for _, p := range problemsOf(t, err) {
				assert.Regexp(t, `^(timezone|weekly|weekly\[\d+\](\.(day|open|close))?|exceptions|exceptions\[\d+\](\.(date|yearly|from|to|open|close))?)$`, p.Path)
			}
			return
		}
		if h.IsOnlyZone() {
			assert.Nil(t, c)
			return
		}
		const year = 365 * 24 * 3600
		at := time.Unix(1_767_225_600+unix%year, 0) // in 2026 or the year before
		for i := range 4 {
			one := at.Add(time.Duration(i) * 37 * time.Minute)
			assert.Equal(t, oracleOpen(h, c.Location(), one), c.IsOpen(one), "%s", one)
		}
		if next, ok := c.NextOpen(at); ok {
			assert.False(t, next.Before(at))
			assert.True(t, c.IsOpen(next))
			assert.Zero(t, c.Between(at, next))
			assert.Equal(t, c.IsOpen(at), next.Equal(at))
		}
		d := time.Duration((seconds%year+year)%year) * time.Second / 10
		if end, ok := c.Add(at, d); ok {
			assert.False(t, end.Before(at))
			assert.Equal(t, d, c.Between(at, end))
		}
	})
}
