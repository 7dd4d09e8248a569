package chatcfg_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/chatcfg"
)

const (
	pdfBody  = "%PDF-1.7 x"
	textBody = "hola"
)

// R3.10: the label that a name gives, for a file of each type.
func TestCheckFileNames(t *testing.T) {
	t.Parallel()
	image := string(pngOf(t, 2, 2))
	for name, c := range map[string]struct{ body, want string }{
		"foto.png":                       {image, "foto.png"},
		"FOTO.PNG":                       {image, "FOTO.PNG"},
		"photo.JPG":                      {string(jpegOf(t, 2, 2)), "photo.JPG"},
		"a.jfif":                         {string(jpegOf(t, 2, 2)), "a.jfif"},
		"a.gif":                          {string(gifOf(t, 2, 2, 1)), "a.gif"},
		"a.webp":                         {string(webpOf(2, 2)), "a.webp"},
		"boleta":                         {pdfBody, "boleta.pdf"},
		"boleta ñ 😀.pdf":                 {pdfBody, "boleta ñ 😀.pdf"},
		"registro.log":                   {textBody, "registro.log"},
		`C:\fakepath\boleta.pdf`:         {pdfBody, "boleta.pdf"},
		"../../etc/passwd":               {textBody, "passwd.txt"},
		"a.exe/b.txt":                    {textBody, "b.txt"},
		"．．／．．＼a.txt":                    {textBody, "a.txt"},
		".htaccess":                      {textBody, "htaccess.txt"},
		"...a.txt":                       {textBody, "a.txt"},
		". . a.txt":                      {textBody, "a.txt"},
		"a.pdf .":                        {pdfBody, "a.pdf"},
		"a.pdf. . ":                      {pdfBody, "a.pdf"},
		"\u00a0a.pdf\u3000":              {pdfBody, "a.pdf"},
		"a.exe.png":                      {image, "a.exe.png"},
		"\u202ea.png":                    {image, "a.png"},
		"a\u2066b\u2069\u200e\ufeff.png": {image, "ab.png"},
		"a\u00ad\u200b\u2060b.png":       {image, "ab.png"},
		"\u3164\u2800\u034fa.png":        {image, "a.png"},
		"\u200b.\u200b.a.png":            {image, "a.png"},
		"foto．png":                       {image, "foto.png"},
		"foto\u2024png":                  {image, "foto.png"},
		"الصورة.png":                     {image, "الصورة.png"},
		"console.txt":                    {textBody, "console.txt"},
		"com10.txt":                      {textBody, "com10.txt"},
		".png":                           {image, "png.png"},
		strings.Repeat("ñ", 196):         {pdfBody, strings.Repeat("ñ", 196) + ".pdf"},
	} {
		got, err := chatcfg.CheckFile(name, []byte(c.body))
		if assert.NoError(t, err, "%q", name) {
			assert.Equal(t, c.want, got.Name, "%q", name)
		}
	}
}

// R3.10: names that are refused, and by which problem.
func TestCheckFileNamesRefused(t *testing.T) {
	t.Parallel()
	image := string(pngOf(t, 2, 2))
	ending := func(mime, endings string) chatcfg.Problem {
		return chatcfg.Problem{Path: "name", Code: "file_ending", Args: []any{mime, endings}}
	}
	text := ending("text/plain", ".txt, .text, .log")
	reserved := func(part string) chatcfg.Problem {
		return chatcfg.Problem{Path: "name", Code: "file_name", Args: []any{part}}
	}
	long := chatcfg.Problem{Path: "name", Code: "too_long", Args: []any{200}}
	control := chatcfg.Problem{Path: "name", Code: "control_character"}
	blank := chatcfg.Problem{Path: "name", Code: "blank"}
	for name, c := range map[string]struct {
		body string
		want chatcfg.Problem
	}{
		"a.hta":                 {textBody, text},
		"a.bat":                 {textBody, text},
		"a.svg":                 {`<svg xmlns="http://www.w3.org/2000/svg"/>`, text},
		"a.html":                {"<script>x()</script>", text},
		"a.js":                  {textBody, text},
		"a.pdf.js":              {pdfBody, ending("application/pdf", ".pdf")},
		"a.pdf":                 {textBody, text},
		"a.txt":                 {image, ending("image/png", ".png")},
		"a.png":                 {string(jpegOf(t, 2, 2)), ending("image/jpeg", ".jpg, .jpeg, .jpe, .jfif")},
		"a\u202egnp.exe":        {image, ending("image/png", ".png")},
		"a\u202egnp.hta":        {textBody, text},
		"a.txt\u200b.e\u00adxe": {textBody, text},
		"a.exe.":                {textBody, text},
		"a.exe. \u200b.":        {textBody, text},
		"a．exe":                 {textBody, text},
		"a.txt\u2024exe":        {textBody, text},
		"a.txt﹒exe":             {textBody, text},
		"a. txt":                {textBody, text},
		"a.txt\u0301":           {textBody, text},
		"a.pdf" + strings.Repeat(" ", 99) + ".exe": {pdfBody, ending("application/pdf", ".pdf")},
		"a.txt:evil.exe":                        {textBody, reserved(":")},
		"evil.exe:a.txt":                        {textBody, reserved(":")},
		"a.txt::$DATA":                          {textBody, reserved(":")},
		"con.png":                               {image, reserved("con")},
		"nul":                                   {textBody, reserved("nul")},
		"AUX .tar.txt":                          {textBody, reserved("AUX")},
		"com¹.txt":                              {textBody, reserved("com¹")},
		"Lpt9.txt":                              {textBody, reserved("Lpt9")},
		".\u200bprn.txt":                        {textBody, reserved("prn")},
		"a\x00.txt":                             {textBody, control},
		"a.txt\x00.exe":                         {textBody, control},
		"a\r\nb.txt":                            {textBody, control},
		"a\tb.txt":                              {textBody, control},
		"a\u0085b.txt":                          {textBody, control},
		"a\u2028b.txt":                          {textBody, control},
		"a\u2029b.txt":                          {textBody, control},
		"a\xffb.txt":                            {textBody, chatcfg.Problem{Path: "name", Code: "invalid_utf8"}},
		"":                                      {textBody, blank},
		"a/":                                    {textBody, blank},
		" . .. ":                                {textBody, blank},
		"\u202e\u3164":                          {textBody, blank},
		strings.Repeat("ñ", 197):                {pdfBody, long},
		strings.Repeat("a", 197) + ".txt":       {textBody, long},
		strings.Repeat("\u200b", 200) + "a.txt": {textBody, long},
		strings.Repeat("a", 1<<20):              {textBody, long},
	} {
		_, err := chatcfg.CheckFile(name, []byte(c.body))
		assert.Equal(t, chatcfg.Problems{c.want}, err, "%q", name[:min(len(name), 60)])
	}
	_, err := chatcfg.CheckFile("a\n.exe", []byte("MZ\x90\x00"))
	assert.Equal(t, chatcfg.Problems{control, {Code: "file_type"}}, err, "all problems at once")
	for _, l := range []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese} {
		assert.Contains(t, text.Message(l), ".txt, .text, .log")
		assert.Contains(t, reserved("con").Message(l), "con")
	}
}

// blankPNG is a sound PNG of one bit a pixel, all of them black.
func blankPNG(t testing.TB, side int) []byte {
	t.Helper()
	var pixels bytes.Buffer
	z := zlib.NewWriter(&pixels)
	_, err := z.Write(make([]byte, side*(1+(side+7)/8)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(side)), uint32(side))
	header = append(header, 1, 0, 0, 0, 0)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", string(header)), pngChunk("IDAT", pixels.String()), pngChunk("IEND", ""))
}

// R3.10: which pictures may be shown beside their message.
func TestCheckFileInline(t *testing.T) {
	t.Parallel()
	huge := blankPNG(t, 8192)
	require.Less(t, len(huge), 10_000)
	photo := jpegOf(t, 640, 480)
	outside := gifOf(t, 8, 8, 1)
	outside[6], outside[8] = 4, 4 // the screen is smaller than its frame
	for name, c := range map[string]struct {
		file   string
		body   []byte
		inline bool
	}{
		"small":                 {"a.png", pngOf(t, 64, 48), true},
		"photo":                 {"a.jpg", photo, true},
		"photo with a trailer":  {"a.jpg", slices.Concat(photo, []byte("motion")), true},
		"animation":             {"a.gif", gifOf(t, 64, 64, 12), true},
		"webp":                  {"a.webp", webpOf(64, 64), true},
		"blank, one megapixel":  {"a.png", blankPNG(t, 1024), true},
		"blank, two megapixels": {"a.png", blankPNG(t, 1500), false},
		"8192² in 8 KB":         {"a.png", huge, false},
		"8192² in 8 MB":         {"a.png", slices.Concat(huge, make([]byte, 8<<20)), false},
		"webp of no bytes":      {"a.webp", webpOf(4000, 4000), false},
		"a claimed size":        {"a.png", claim(pngOf(t, 64, 64), 4096, 4096), false},
		"cut off":               {"a.jpg", jpegOf(t, 64, 64)[:700], false},
		"too many frames":       {"a.gif", gifOf(t, 8, 8, chatcfg.MaxImageFrames+1), false},
		"a frame off screen":    {"a.gif", outside, false},
		"pdf":                   {"a.pdf", []byte(pdfBody), false},
		"text":                  {"a.txt", []byte(textBody), false},
	} {
		got, err := chatcfg.CheckFile(c.file, c.body)
		if assert.NoError(t, err, name) {
			assert.Equal(t, c.inline, got.Inline, name)
		}
	}
}

// FuzzCheckFile: the name of whatever is taken ends as its type does, shows what it
// holds, and is taken again as it is.
func FuzzCheckFile(f *testing.F) {
	for _, name := range []string{"a.pdf.js", "a\u202egnp.exe", "...", "a．txt", "con.txt", "a.exe.", "C:\\a\\b.txt", ".\u200b.", "a.txt:b", "ñ"} {
		f.Add(name, []byte(textBody))
		f.Add(name, []byte(pdfBody))
		f.Add(name, gifOf(f, 2, 2, 1))
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		got, err := chatcfg.CheckFile(name, b)
		var problems chatcfg.Problems
		if errors.As(err, &problems) {
			assert.NotEmpty(t, problems)
			return
		}
		require.NoError(t, err)
		endings := chatcfg.FileEndings(got.Type)
		assert.Contains(t, endings, strings.ToLower(got.Name[strings.LastIndexByte(got.Name, '.'):]))
		assert.False(t, strings.HasPrefix(got.Name, "."))
		assert.False(t, strings.ContainsAny(got.Name, "/\\:"))
		assert.False(t, strings.ContainsFunc(got.Name, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }))
		assert.LessOrEqual(t, len([]rune(got.Name)), chatcfg.MaxFileName)
		again, err := chatcfg.CheckFile(got.Name, b)
		require.NoError(t, err)
		assert.Equal(t, got, again)
	})
}

// TestCheckFileOfNoPixels: R3.10: a picture without width or height is none.
func TestCheckFileOfNoPixels(t *testing.T) {
	t.Parallel()
	for at, side := range map[int]string{6: "width", 8: "height"} {
		b := gifOf(t, 8, 8, 1)
		b[at] = 0
		_, err := chatcfg.CheckFile("a.gif", b)
		require.Equal(t, []string{"image_broken"}, found(t, err), side)
	}
}
