package chatcfg

import (
	"bytes"
	"unicode/utf8"
)

// The limits of attachments.
const (
	// MaxFileName is the length of an attachment's name.
	MaxFileName = 200
	// MaxFilePixels is how many pixels an attached picture may have.
	MaxFilePixels = 64 << 20
)

// The codes of the problems of attachments.
const (
	CodeFilesOff     Code = "files_off"      // none
	CodeFileType     Code = "file_type"      // none
	CodeFileTooLarge Code = "file_too_large" // the limit in bytes
)

// FileTypes are the media types that [CheckFile] knows.
func FileTypes() []string {
	types := make([]string, 0, len(imageFormats)+2)
	for _, f := range imageFormats {
		types = append(types, f.mime)
	}
	return append(types, "application/pdf", "text/plain")
}

// CheckFile tells the media type of an attachment by its content. A picture must
// have a sound header and at most [MaxFilePixels]; a text must be UTF-8 without
// control characters. Everything else is [Problems] without a path. That a file has
// a type says nothing of what is in it: hand it out as a download only.
func CheckFile(b []byte) (string, error) {
	if f := findImageFormat(b); f != nil {
		config, err := f.config(bytes.NewReader(b))
		switch {
		case err != nil || config.Width <= 0 || config.Height <= 0:
			return "", Problems{{Code: CodeImageBroken}}
		case int64(config.Width)*int64(config.Height) > MaxFilePixels:
			return "", Problems{{Code: CodeImageTooLarge, Args: []any{imageSize(8192, 8192)}}}
		}
		return f.mime, nil
	}
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return "application/pdf", nil
	case len(b) > 0 && utf8.Valid(b) && !hasControl(string(b), true):
		return "text/plain", nil
	}
	return "", Problems{{Code: CodeFileType}}
}
