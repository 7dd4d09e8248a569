package chatcfg

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// The limits of pictures (R1.2).
const (
	// MaxImageBytes is the most bytes a picture may have: 2 MiB.
	MaxImageBytes = 2 << 20
	// MaxImageSide is the longest side of a picture in pixels.
	MaxImageSide = 2048
	// MaxImageFrames is the most frames an animated picture may have.
	MaxImageFrames = 256
	// LogoSide is the side of a button logo in pixels.
	LogoSide = 200
)

// The codes of the problems of [CheckPicture] and [CheckLogo], with their args.
const (
	// The limit, "2 MiB" or "2048x2048".
	CodeImageTooLarge Code = "image_too_large"
	// Not a PNG, JPEG, GIF or WebP. None.
	CodeImageType Code = "image_type"
	// The picture's size, "800x600".
	CodeImageNotSquare Code = "image_not_square"
	// The size that a logo has to have, "200x200", and the picture's.
	CodeLogoSize Code = "logo_size"
	// The limit.
	CodeImageFrames Code = "image_frames"
	// Cut off, damaged, or something else inside of a picture. None.
	CodeImageBroken Code = "image_broken"
	// How many bytes follow the picture's end.
	CodeImageRest Code = "image_rest"
	// A part of a PNG does not have the checksum that it says. The part's name.
	CodeImageChecksum Code = "image_checksum"
)

// imageFormat is a format that pictures may have.
type imageFormat struct {
	mime string
	// magic is how a file begins; a dot stands for any byte.
	magic string
	// config reads the header, and decode the pixels of the first frame.
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	// walk follows the structure of the file, without its pixels, to the end. It
	// returns how many frames there are and what follows the end, and false if
	// the structure is not as it should be.
	walk func([]byte) (frames int, rest []byte, ok bool)
}

var imageFormats = [...]imageFormat{
	{"image/png", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode, walkPNG},
	{"image/jpeg", "\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode, walkJPEG},
	{"image/gif", "GIF8.a", gif.DecodeConfig, gif.Decode, walkGIF},
	{"image/webp", "RIFF....WEBP", webp.DecodeConfig, decodeWebP, walkWebP},
}

// CheckPicture checks the picture of an account and describes it (R1.2): a square PNG,
// JPEG, GIF or WebP, known by its content, within the limits. It fails with [Problems]
// without a path for any other.
func CheckPicture(b []byte) (Image, error) {
	return checkImage(b, func(width, height int) *Problem {
		switch {
		case width != height:
			return &Problem{Code: CodeImageNotSquare, Args: []any{imageSize(width, height)}}
		case width > MaxImageSide:
			return &Problem{Code: CodeImageTooLarge, Args: []any{imageSize(MaxImageSide, MaxImageSide)}}
		}
		return nil
	})
}

// CheckLogo checks a button logo and describes it (R1.2): as [CheckPicture], but
// exactly 200×200. It fails with [Problems] without a path for any other.
func CheckLogo(b []byte) (Image, error) {
	return checkImage(b, func(width, height int) *Problem {
		if width != LogoSide || height != LogoSide {
			return &Problem{Code: CodeLogoSize, Args: []any{imageSize(LogoSide, LogoSide), imageSize(width, height)}}
		}
		return nil
	})
}

// checkImage describes a picture whose width and height pass size. It fails with
// [Problems] for any other. It checks the number of bytes, the header and the structure
// before it decodes the pixels, so that decoding takes bounded memory.
func checkImage(b []byte, size func(width, height int) *Problem) (Image, error) {
	if len(b) > MaxImageBytes {
		return Image{}, Problems{{Code: CodeImageTooLarge, Args: []any{fmt.Sprintf("%d MiB", MaxImageBytes>>20)}}}
	}
	format := findImageFormat(b)
	if format == nil {
		return Image{}, Problems{{Code: CodeImageType}}
	}
	config, err := format.config(bytes.NewReader(b))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return Image{}, Problems{brokenImage(b)}
	}
	if problem := size(config.Width, config.Height); problem != nil {
		return Image{}, Problems{*problem}
	}
	frames, rest, ok := format.walk(b)
	switch {
	case !ok:
		return Image{}, Problems{brokenImage(b)}
	case len(rest) > 0:
		return Image{}, Problems{{Code: CodeImageRest, Args: []any{len(rest)}}}
	case holdsMarkup(b):
		return Image{}, Problems{{Code: CodeImageBroken}}
	}
	if frames > MaxImageFrames {
		return Image{}, Problems{{Code: CodeImageFrames, Args: []any{MaxImageFrames}}}
	}
	if _, err := format.decode(bytes.NewReader(b)); err != nil {
		return Image{}, Problems{brokenImage(b)}
	}
	sum := sha256.Sum256(b)
	return Image{Type: format.mime, Side: config.Width, SHA256: hex.EncodeToString(sum[:])}, nil
}

// brokenImage returns the problem of a picture that cannot be read: the wrong checksum
// of a PNG, if it has one.
func brokenImage(b []byte) Problem {
	if part := wrongChecksum(b); part != "" {
		return Problem{Code: CodeImageChecksum, Args: []any{part}}
	}
	return Problem{Code: CodeImageBroken}
}

// findImageFormat returns the format of a file by how it begins, or nil if it is none.
func findImageFormat(b []byte) *imageFormat {
	for i := range imageFormats {
		magic := imageFormats[i].magic
		match := len(b) >= len(magic)
		for j := 0; match && j < len(magic); j++ {
			match = magic[j] == '.' || magic[j] == b[j]
		}
		if match {
			return &imageFormats[i]
		}
	}
	return nil
}

// imageSize returns a size as problems show it: "800x600".
func imageSize(width, height int) string { return fmt.Sprintf("%dx%d", width, height) }

// holdsMarkup reports whether a file has anywhere, as in a comment or its metadata, what a
// browser that guesses could take for a page, or a server for a program. Pixels do not look
// like this by accident.
func holdsMarkup(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			return false
		}
		b = b[i+1:]
		for _, tag := range [...]string{"script", "html", "svg", "!doctype", "iframe", "body", "?php"} {
			if len(b) >= len(tag) && bytes.EqualFold(b[:len(tag)], []byte(tag)) {
				return true
			}
		}
	}
}
