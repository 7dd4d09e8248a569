package chatcfg_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/chatcfg"
)

// canvas is a picture with something on it, so that its pixels take bytes.
func canvas(width, height int) image.Image {
	m := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White, color.RGBA{R: 200, A: 255}})
	for i := range m.Pix {
		m.Pix[i] = byte(i * i % 3)
	}
	return m
}

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, canvas(width, height)))
	return b.Bytes()
}

func jpegOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, canvas(width, height), nil))
	return b.Bytes()
}

func gifOf(t testing.TB, width, height, frames int) []byte {
	t.Helper()
	var g gif.GIF
	for range frames {
		g.Image = append(g.Image, canvas(width, height).(*image.Paletted))
		g.Delay = append(g.Delay, 5)
	}
	var b bytes.Buffer
	require.NoError(t, gif.EncodeAll(&b, &g))
	return b.Bytes()
}

func chunk(kind string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(data)))
	b = append(b, data...)
	return append(b, make([]byte, len(data)%2)...)
}

func riff(chunks ...[]byte) []byte {
	body := slices.Concat(append([][]byte{[]byte("WEBP")}, chunks...)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// vp8l is a lossless chunk of one colour: five codes of one symbol each, and
// so not a bit for the pixels.
func vp8l(width, height int) []byte {
	bits := uint64(width-1) | uint64(height-1)<<14
	at := 28 + 1 + 3 + 1 + 1 + 1 // alpha, version, transform, cache, codes
	for range 5 {
		bits |= 1 << at // simple; one symbol, of one bit, zero
		at += 4
	}
	return chunk("VP8L", binary.LittleEndian.AppendUint64([]byte{0x2f}, bits))
}

func webpOf(width, height int) []byte { return riff(vp8l(width, height)) }

// vp8 is a lossy frame of 8 by 8 pixels, as cwebp makes it, with its alpha in a chunk
// before it: not compressed, a byte a pixel.
var vp8 = slices.Concat(
	chunk("ALPH", make([]byte, 1+8*8)),
	chunk("VP8 ", []byte("\xb0\x01\x00\x9d\x01\x2a\x08\x00\x08\x00\x0c\xc0\xce\x25\xb0\x02\x74\x00\xdd\x0c\x05\x00\x00\xef\xba\xea\x28\xe7\xce\xdc\xea\xbd\xc9\x8c\x73\x3d\x8e\x00\x00\x00")),
)

func animatedWebP(width, height, frames int) []byte {
	return animated(width, height, frames, vp8l(width, height))
}

func animated(width, height, frames int, frame []byte) []byte {
	size := []byte{byte(width - 1), byte((width - 1) >> 8), 0, byte(height - 1), byte((height - 1) >> 8), 0}
	chunks := [][]byte{
		chunk("VP8X", append([]byte{1 << 1, 0, 0, 0}, size...)),
		chunk("ANIM", make([]byte, 6)),
	}
	for range frames {
		header := slices.Concat(make([]byte, 6), size, []byte{40, 0, 0, 0})
		chunks = append(chunks, chunk("ANMF", append(header, frame...)))
	}
	return riff(chunks...)
}

// claim changes the size that a PNG's header claims.
func claim(b []byte, width, height uint32) []byte {
	b = slices.Clone(b)
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// R1.2: square pictures of the four formats pass, known by their content.
func TestCheckPicture(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		b    []byte
		mime string
		side int
	}{
		"png":                             {pngOf(t, 64, 64), "image/png", 64},
		"png one pixel":                   {pngOf(t, 1, 1), "image/png", 1},
		"png longest":                     {pngOf(t, chatcfg.MaxImageSide, chatcfg.MaxImageSide), "image/png", chatcfg.MaxImageSide},
		"jpeg":                            {jpegOf(t, 90, 90), "image/jpeg", 90},
		"gif":                             {gifOf(t, 33, 33, 1), "image/gif", 33},
		"gif animated":                    {gifOf(t, 16, 16, chatcfg.MaxImageFrames), "image/gif", 16},
		"webp":                            {webpOf(128, 128), "image/webp", 128},
		"webp animated":                   {animatedWebP(50, 50, 3), "image/webp", 50},
		"webp animated, with alpha apart": {animated(8, 8, 2, vp8), "image/webp", 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := chatcfg.CheckPicture(c.b)
			require.NoError(t, err)
			sum := sha256.Sum256(c.b)
			assert.Equal(t, chatcfg.Image{Type: c.mime, Side: c.side, SHA256: hex.EncodeToString(sum[:])}, got)
		})
	}
}

// R1.2: the logo is exactly 200×200, and the error says the size that it has.
func TestCheckLogo(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{pngOf(t, 200, 200), jpegOf(t, 200, 200), gifOf(t, 200, 200, 1), webpOf(200, 200)} {
		got, err := chatcfg.CheckLogo(b)
		require.NoError(t, err)
		assert.Equal(t, 200, got.Side)
	}
	for size, b := range map[string][]byte{
		"199x199": pngOf(t, 199, 199), "200x201": pngOf(t, 200, 201), "400x400": jpegOf(t, 400, 400),
		"50000x50000": claim(pngOf(t, 200, 200), 50000, 50000),
	} {
		_, err := chatcfg.CheckLogo(b)
		assert.Equal(t, chatcfg.Problems{{Code: "logo_size", Args: []any{"200x200", size}}}, err)
	}
}

// R1.2: what is refused, and by which problem.
func TestCheckPictureRefuses(t *testing.T) {
	t.Parallel()
	good := pngOf(t, 64, 64)
	tooLarge := append(slices.Clone(good), make([]byte, chatcfg.MaxImageBytes)...)
	text := func(s string) []byte { return []byte(s) }
	comment := slices.Concat(good[:33], pngChunk("tEXt", "Comment\x00<SCRIPT>alert(1)</script>"), good[33:])
	photo := jpegOf(t, 64, 64)
	scan := photo[bytes.Index(photo, []byte("\xff\xda")) : len(photo)-2]
	manyScans := slices.Concat(photo[:len(photo)-2], bytes.Repeat(scan, 100), []byte("\xff\xd9"))
	oneByte := animated(8, 8, 1, []byte{0})
	moving := animatedWebP(8, 8, 1)
	for name, c := range map[string]struct {
		b    []byte
		want chatcfg.Problem
	}{
		"a frame of one byte, and one more": {riff(oneByte[12:], moving[bytes.Index(moving, []byte("ANMF")):]), chatcfg.Problem{Code: "image_broken"}},
		"jpeg, a byte between segments":     {slices.Concat(photo[:20], []byte{0}, photo[20:]), chatcfg.Problem{Code: "image_broken"}},
		"wide":                              {pngOf(t, 800, 600), chatcfg.Problem{Code: "image_not_square", Args: []any{"800x600"}}},
		"tall jpeg":                         {jpegOf(t, 10, 11), chatcfg.Problem{Code: "image_not_square", Args: []any{"10x11"}}},
		"wide gif":                          {gifOf(t, 11, 10, 1), chatcfg.Problem{Code: "image_not_square", Args: []any{"11x10"}}},
		"wide webp":                         {webpOf(300, 200), chatcfg.Problem{Code: "image_not_square", Args: []any{"300x200"}}},
		"bytes":                             {tooLarge, chatcfg.Problem{Code: "image_too_large", Args: []any{"2 MiB"}}},
		"one pixel too many":                {pngOf(t, 2049, 2049), chatcfg.Problem{Code: "image_too_large", Args: []any{"2048x2048"}}},
		"png bomb":                          {claim(good, 50000, 50000), chatcfg.Problem{Code: "image_too_large", Args: []any{"2048x2048"}}},
		"webp bomb":                         {webpOf(16384, 16384), chatcfg.Problem{Code: "image_too_large", Args: []any{"2048x2048"}}},
		"header only":                       {claim(good, 64, 64)[:33], chatcfg.Problem{Code: "image_broken"}},
		"claims more than is":               {claim(good, 2000, 2000), chatcfg.Problem{Code: "image_broken"}},
		"no width":                          {claim(good, 0, 0), chatcfg.Problem{Code: "image_broken"}},
		"frames":                            {gifOf(t, 8, 8, 257), chatcfg.Problem{Code: "image_frames", Args: []any{256}}},
		"webp frames":                       {animatedWebP(8, 8, 257), chatcfg.Problem{Code: "image_frames", Args: []any{256}}},
		"jpeg of passes":                    {manyScans, chatcfg.Problem{Code: "image_broken"}},
		"gif's first bytes":                 {text("GIF89a"), chatcfg.Problem{Code: "image_broken"}},
		"nothing":                           {nil, chatcfg.Problem{Code: "image_type"}},
		"svg":                               {text(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`), chatcfg.Problem{Code: "image_type"}},
		"svg with prolog":                   {text(`<?xml version="1.0"?><svg/>`), chatcfg.Problem{Code: "image_type"}},
		"html":                              {text(`<!doctype html><script>alert(1)</script>`), chatcfg.Problem{Code: "image_type"}},
		"bmp":                               {text("BM\x00\x00"), chatcfg.Problem{Code: "image_type"}},
		"riff but not webp":                 {text("RIFF\x00\x00\x00\x00WAVEfmt "), chatcfg.Problem{Code: "image_type"}},
		"png and zip":                       {slices.Concat(good, text("PK\x03\x04")), chatcfg.Problem{Code: "image_rest", Args: []any{4}}},
		"jpeg and html":                     {slices.Concat(photo, text("<html>")), chatcfg.Problem{Code: "image_rest", Args: []any{6}}},
		"gif and javascript":                {slices.Concat(gifOf(t, 8, 8, 1), text("*/=alert(1)")), chatcfg.Problem{Code: "image_rest", Args: []any{11}}},
		"webp and more":                     {slices.Concat(webpOf(8, 8), text("x")), chatcfg.Problem{Code: "image_rest", Args: []any{1}}},
		"png, header's sum":                 {slices.Concat(good[:29], []byte{good[29] ^ 1}, good[30:]), chatcfg.Problem{Code: "image_checksum", Args: []any{"IHDR"}}},
		"png, pixels' sum":                  {slices.Concat(good[:len(good)-13], []byte{good[len(good)-13] ^ 1}, good[len(good)-12:]), chatcfg.Problem{Code: "image_checksum", Args: []any{"IDAT"}}},
		"png, last sum":                     {slices.Concat(good[:len(good)-1], []byte{good[len(good)-1] ^ 1}), chatcfg.Problem{Code: "image_checksum", Args: []any{"IEND"}}},
		"markup in a comment":               {comment, chatcfg.Problem{Code: "image_broken"}},
		"webp canvas too small":             {slices.Concat(animatedWebP(8, 8, 1)[:52], []byte{9}, animatedWebP(8, 8, 1)[53:]), chatcfg.Problem{Code: "image_broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := chatcfg.CheckPicture(c.b)
			assert.Equal(t, chatcfg.Problems{c.want}, err)
		})
	}
}

func pngChunk(kind, data string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// R1.2: a picture cut off anywhere is refused.
func TestCheckPictureCutOff(t *testing.T) {
	t.Parallel()
	for _, b := range [][]byte{pngOf(t, 20, 20), jpegOf(t, 20, 20), gifOf(t, 20, 20, 3), webpOf(20, 20), animatedWebP(20, 20, 2)} {
		_, err := chatcfg.CheckPicture(b)
		require.NoError(t, err)
		for i := range b {
			_, err := chatcfg.CheckPicture(b[:i])
			require.Error(t, err, "%d of %d bytes", i, len(b))
		}
	}
}

// FuzzCheckPicture looks for panics, and for a size above the limit.
func FuzzCheckPicture(f *testing.F) {
	f.Add([]byte("GIF89a"))
	f.Add(webpOf(4, 4))
	f.Add(animatedWebP(4, 4, 2))
	var b bytes.Buffer
	_ = png.Encode(&b, canvas(4, 4))
	f.Add(slices.Clone(b.Bytes()))
	b.Reset()
	_ = jpeg.Encode(&b, canvas(4, 4), nil)
	f.Add(slices.Clone(b.Bytes()))
	b.Reset()
	_ = gif.Encode(&b, canvas(4, 4), nil)
	f.Add(slices.Clone(b.Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := chatcfg.CheckPicture(b)
		if err != nil {
			var problems chatcfg.Problems
			require.ErrorAs(t, err, &problems)
			return
		}
		assert.NotEmpty(t, got.Type)
		assert.LessOrEqual(t, got.Side, chatcfg.MaxImageSide)
	})
}

// TestCheckPictureCut: R1.2: no beginning of a picture is one.
func TestCheckPictureCut(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"png": pngOf(t, 8, 8), "jpeg": jpegOf(t, 8, 8), "gif": gifOf(t, 8, 8, 2), "webp": webpOf(8, 8), "webp animated": animated(8, 8, 2, vp8),
	} {
		_, err := chatcfg.CheckPicture(b)
		require.NoError(t, err, name)
		for n := range b {
			_, err := chatcfg.CheckPicture(b[:n])
			require.Error(t, err, "%s, %d of %d bytes", name, n, len(b))
			f, err := chatcfg.CheckFile("a", b[:n])
			require.False(t, err == nil && f.Inline, "%s, %d of %d bytes", name, n, len(b))
		}
	}
}

// TestCheckPictureOfNoise: R1.2: whatever bytes the pixels become, also stuffed ones side by side.
func TestCheckPictureOfNoise(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	noise := image.NewGray(image.Rect(0, 0, 256, 256))
	stuffed := false
	for range 50 {
		for i := range noise.Pix {
			noise.Pix[i] = byte(r.Uint32())
		}
		var b bytes.Buffer
		require.NoError(t, jpeg.Encode(&b, noise, &jpeg.Options{Quality: 100}))
		stuffed = stuffed || bytes.Contains(b.Bytes(), []byte("\xff\x00\xff\x00"))
		_, err := chatcfg.CheckPicture(b.Bytes())
		require.NoError(t, err)
	}
	require.True(t, stuffed)
}
