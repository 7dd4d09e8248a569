package chatcfg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"io"
	"strings"

	"golang.org/x/image/webp"
)

// maxJPEGScans is the most scans a JPEG may have. Progressive ones have about
// ten; each takes a pass over all pixels and may be a few bytes long.
const maxJPEGScans = 64

// walkPNG follows the chunks to IEND. It returns the frames, at least one, and what
// follows the picture; false: it is malformed or not whole.
func walkPNG(b []byte) (frames int, rest []byte, ok bool) {
	b = b[8:]
	for len(b) >= 12 {
		size := binary.BigEndian.Uint32(b)
		if uint64(size) > uint64(len(b)-12) {
			return 0, nil, false
		}
		kind := string(b[4:8])
		b = b[12+size:]
		switch kind {
		case "IEND":
			return max(frames, 1), b, true
		case "fcTL": // an animation's frame
			frames++
		}
	}
	return 0, nil, false
}

// wrongChecksum returns the name of the first chunk of a PNG whose checksum is wrong; empty:
// there is none.
func wrongChecksum(b []byte) string {
	if f := findImageFormat(b); f == nil || f.mime != "image/png" {
		return ""
	}
	for b = b[8:]; len(b) >= 12; {
		size := binary.BigEndian.Uint32(b)
		if uint64(size) > uint64(len(b)-12) {
			return ""
		}
		end := 8 + size
		if crc32.ChecksumIEEE(b[4:end]) != binary.BigEndian.Uint32(b[end:]) {
			return strings.ToValidUTF8(string(b[4:8]), "�")
		}
		b = b[end+4:]
	}
	return ""
}

// walkJPEG follows the segments, and over the pixels' bytes, to EOI. It returns one
// frame and what follows the picture; false: it is malformed, not whole, or has too
// many scans.
func walkJPEG(b []byte) (frames int, rest []byte, ok bool) {
	b = b[2:]
	scans := 0
	for len(b) >= 2 && b[0] == 0xff {
		marker := b[1]
		switch {
		case marker == 0xff: // fill
			b = b[1:]
			continue
		case marker == 0xd9: // EOI
			return 1, b[2:], true
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd8: // no length
			b = b[2:]
			continue
		}
		if len(b) < 4 {
			return 0, nil, false
		}
		size := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if size < 4 || size > len(b) {
			return 0, nil, false
		}
		b = b[size:]
		if marker != 0xda { // SOS
			continue
		}
		if scans++; scans > maxJPEGScans {
			return 0, nil, false
		}
		for {
			i := bytes.IndexByte(b, 0xff)
			if i < 0 || i+1 == len(b) {
				return 0, nil, false
			}
			// A stuffed zero or a restart marker is a part of the scan.
			if next := b[i+1]; next != 0 && (next < 0xd0 || next > 0xd7) {
				b = b[i:]
				break
			}
			b = b[i+2:]
		}
	}
	return 0, nil, false
}

// walkGIF follows the blocks to the trailer. It returns the frames, at least one, and
// what follows the picture; false: it is malformed, not whole, or a frame is outside of
// the screen.
func walkGIF(b []byte) (frames int, rest []byte, ok bool) {
	if len(b) < 13 {
		return 0, nil, false
	}
	flags := b[10]
	screen := [2]int{int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))}
	b = b[13:]
	if b, ok = skipColors(b, flags); !ok {
		return 0, nil, false
	}
	for len(b) > 0 {
		switch b[0] {
		case 0x3b: // trailer
			return frames, b[1:], frames > 0
		case 0x21: // extension
			if len(b) < 2 {
				return 0, nil, false
			}
			b = b[2:]
		case 0x2c: // image
			frames++
			if len(b) < 10 {
				return 0, nil, false
			}
			for i, side := range screen { // browsers make the screen larger
				if int(binary.LittleEndian.Uint16(b[1+2*i:]))+int(binary.LittleEndian.Uint16(b[5+2*i:])) > side {
					return 0, nil, false
				}
			}
			flags := b[9]
			if b, ok = skipColors(b[10:], flags); !ok || len(b) < 1 {
				return 0, nil, false
			}
			b = b[1:]
		default:
			return 0, nil, false
		}
		if b, ok = skipBlocks(b); !ok {
			return 0, nil, false
		}
	}
	return 0, nil, false
}

// skipColors returns what follows a GIF's colour table, if the flags tell of one; false: the
// file ends within it.
func skipColors(b []byte, flags byte) ([]byte, bool) {
	if flags&0x80 == 0 {
		return b, true
	}
	size := 3 << (flags&7 + 1)
	if len(b) < size {
		return nil, false
	}
	return b[size:], true
}

// skipBlocks returns what follows a GIF's data blocks and the empty last one; false: the file
// ends before.
func skipBlocks(b []byte) ([]byte, bool) {
	for len(b) > 0 {
		size := 1 + int(b[0])
		if size > len(b) {
			return nil, false
		}
		b = b[size:]
		if size == 1 {
			return b, true
		}
	}
	return nil, false
}

// walkWebP follows the chunks to the end that the header tells. It returns the frames,
// at least one, and what follows the picture; false: it is malformed or not whole.
func walkWebP(b []byte) (frames int, rest []byte, ok bool) {
	end := uint64(binary.LittleEndian.Uint32(b[4:])) + 8
	if end < 12 || end > uint64(len(b)) {
		return 0, nil, false
	}
	b, rest = b[12:end], b[end:]
	for len(b) > 0 {
		var kind string
		if kind, _, b, ok = nextChunk(b); !ok {
			return 0, nil, false
		}
		if kind == "ANMF" {
			frames++
		}
	}
	return max(frames, 1), rest, true
}

// nextChunk cuts the first chunk off a WebP's chunks; false: it is not whole.
func nextChunk(b []byte) (kind string, data, rest []byte, ok bool) {
	if len(b) < 8 {
		return "", nil, nil, false
	}
	size := uint64(binary.LittleEndian.Uint32(b[4:]))
	end := 8 + size + size%2
	if end > uint64(len(b)) {
		return "", nil, nil, false
	}
	return string(b[:4]), b[8 : 8+size], b[end:], true
}

// decodeWebP decodes a WebP of 12 bytes or more, or the first frame of an animated one,
// which the library does not know. It fails if the reader does or the image is
// malformed.
func decodeWebP(r io.Reader) (image.Image, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var canvas []byte
	for rest := b[12:]; ; {
		kind, data, next, ok := nextChunk(rest)
		if !ok {
			return webp.Decode(bytes.NewReader(b))
		}
		rest = next
		switch {
		case kind == "VP8X" && len(data) == 10:
			canvas = data
		case kind == "ANMF" && len(data) > 16 && canvas != nil:
			return decodeFrame(canvas, data)
		}
	}
}

// decodeFrame decodes an animation's frame as if it were a file of its own. Its
// header is x, y, width and height less one, duration and flags; the canvas's
// is flags, width and height less one. It fails if the frame is malformed or outside of
// the canvas.
func decodeFrame(canvas, frame []byte) (image.Image, error) {
	uint24 := func(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
	if 2*uint24(frame)+uint24(frame[6:]) > uint24(canvas[4:]) || 2*uint24(frame[3:])+uint24(frame[9:]) > uint24(canvas[7:]) {
		return nil, errors.New("frame outside of its canvas")
	}
	const alphaFlag = 1 << 4
	data := frame[16:]
	file := []byte("RIFF....WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
	if bytes.HasPrefix(data, []byte("ALPH")) {
		file[20] = alphaFlag
	}
	file = append(append(file, frame[6:12]...), data...)
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	return webp.Decode(bytes.NewReader(file))
}
