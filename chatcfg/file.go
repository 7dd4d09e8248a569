package chatcfg

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of attachments.
const (
	// MaxFileName is the length of an attachment's name in characters.
	MaxFileName = 200
	// MaxFilePixels is how many pixels an attached picture may have.
	MaxFilePixels = 64 << 20
	// MaxInlinePixels is how many pixels a picture may have that is shown beside
	// its message; all frames of an animation together may have [MaxFilePixels].
	MaxInlinePixels = 16 << 20
)

// A picture of more than a megapixel that has more pixels for each byte than
// maxPixelsPerByte is not shown: it holds nothing but costs its viewer the memory.
const (
	freePixels       = 1 << 20
	maxPixelsPerByte = 1024
)

// The codes of the problems of attachments.
const (
	CodeFilesOff     Code = "files_off"      // none
	CodeFileType     Code = "file_type"      // none
	CodeFileTooLarge Code = "file_too_large" // the limit in bytes
	CodeFilesFull    Code = "files_full"     // the limit of all of an account's, in bytes
	// The name's ending is not one of the type. The type, its endings.
	CodeFileEnding Code = "file_ending"
	// The name means something else to Windows: a device, a stream. What of it does.
	CodeFileName Code = "file_name"
)

// File describes an attachment; see [CheckFile].
type File struct {
	// Name is a label of one line whose ending is one of the type's.
	Name string
	// Type is the media type, known by the content.
	Type string
	// Inline reports whether it is a picture small enough to be shown beside the
	// message; everything else is offered as a download only.
	Inline bool
}

// fileTypes are the media types of attachments with the endings that a name may
// have, the usual one first.
var fileTypes = [...]struct {
	mime    string
	endings []string
}{
	{"image/png", []string{".png"}},
	{"image/jpeg", []string{".jpg", ".jpeg", ".jpe", ".jfif"}},
	{"image/gif", []string{".gif"}},
	{"image/webp", []string{".webp"}},
	{"application/pdf", []string{".pdf"}},
	{"text/plain", []string{".txt", ".text", ".log"}},
}

// FileTypes returns the media types that [CheckFile] knows.
func FileTypes() []string {
	types := make([]string, len(fileTypes))
	for i := range fileTypes {
		types[i] = fileTypes[i].mime
	}
	return types
}

// FileEndings returns the endings that the name of a file of a media type may have, in lower
// or upper case, the usual one first: ".jpg", ".jpeg", …; nil for a type that [CheckFile]
// does not know.
func FileEndings(mime string) []string {
	for i := range fileTypes {
		if fileTypes[i].mime == mime {
			return slices.Clone(fileTypes[i].endings)
		}
	}
	return nil
}

// CheckFile describes an attachment by the name that it comes with and its content.
// The error is [Problems], all of them, with the path "name" or none; the File then
// has no more than its type.
//
// The content tells the type. A picture must have a sound header and at most
// [MaxFilePixels]; a text must be UTF-8 without control characters. That a file
// has a type says nothing of what is in it: hand it out as a download only.
//
// The name is a label. It is cut to what follows the last slash or backslash; format
// characters and others that show nothing go, and so do dots and white space at
// either end; a dot in full width or of another kind becomes a dot. What is left
// must be one line of at most [MaxFileName] characters and must not be a device or a
// stream of Windows. Its last ending must be one of the type's; a name without any
// gets the usual one. The File's name, checked again, gives the same File.
func CheckFile(name string, b []byte) (File, error) {
	f, err := checkFileBody(b)
	name, problems := checkFileName(name, f.Type)
	if err != nil {
		problems = append(problems, under("", err)...)
	}
	if problems != nil {
		return File{Type: f.Type}, problems
	}
	f.Name = name
	return f, nil
}

// checkFileBody describes an attachment by its content: the type, and whether it may be
// shown. The error is [Problems]; the File then has no more than its type, if it is known.
func checkFileBody(b []byte) (File, error) {
	if f := findImageFormat(b); f != nil {
		config, err := f.config(bytes.NewReader(b))
		pixels := int64(config.Width) * int64(config.Height)
		switch {
		case err != nil || config.Width <= 0 || config.Height <= 0:
			return File{Type: f.mime}, Problems{brokenImage(b)}
		case pixels > MaxFilePixels:
			return File{Type: f.mime}, refuse(CodeImageTooLarge, imageSize(8192, 8192))
		}
		return File{Type: f.mime, Inline: isInline(f, pixels, b)}, nil
	}
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return File{Type: "application/pdf"}, nil
	case len(b) > 0 && utf8.Valid(b) && !hasControl(string(b), true):
		return File{Type: "text/plain"}, nil
	}
	return File{}, refuse(CodeFileType)
}

// isInline reports whether a picture, of which one frame has that many pixels, may be
// shown beside its message: it is whole, it is within the limits of pixels and frames,
// and it does not have far more pixels than its bytes can hold. Data after the end of
// the picture, which cameras put there, is allowed.
func isInline(f *imageFormat, pixels int64, b []byte) bool {
	frames, _, ok := f.walk(b)
	all := pixels * int64(frames)
	return ok && frames <= MaxImageFrames && pixels <= MaxInlinePixels && all <= MaxFilePixels &&
		(all <= freePixels || all/maxPixelsPerByte <= int64(len(b)))
}

// checkFileName returns the label for the name of a file of a media type, or problems. The
// ending is not checked for an unknown type.
func checkFileName(name, mime string) (string, Problems) {
	const path = "name"
	if i := strings.LastIndexAny(name, `/\／＼`); i >= 0 {
		_, size := utf8.DecodeRuneInString(name[i:])
		name = name[i+size:]
	}
	if tooLong(name, MaxFileName) {
		return "", Problems{{Path: path, Code: CodeTooLong, Args: []any{MaxFileName}}}
	}
	if !utf8.ValidString(name) {
		return "", Problems{{Path: path, Code: CodeInvalidUTF8}}
	}
	if strings.ContainsFunc(name, breaksLine) {
		return "", Problems{{Path: path, Code: CodeControlCharacter}}
	}
	name = strings.TrimFunc(strings.Map(labelRune, name), func(r rune) bool { return r == '.' || unicode.IsSpace(r) })
	if name == "" {
		return "", Problems{{Path: path, Code: CodeBlank}}
	}
	if part := windowsPart(name); part != "" {
		return "", Problems{{Path: path, Code: CodeFileName, Args: []any{part}}}
	}
	endings := FileEndings(mime)
	if endings == nil {
		return name, nil
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		name += endings[0]
		if tooLong(name, MaxFileName) {
			return "", Problems{{Path: path, Code: CodeTooLong, Args: []any{MaxFileName}}}
		}
		return name, nil
	}
	if !slices.ContainsFunc(endings, func(e string) bool { return strings.EqualFold(e, name[dot:]) }) {
		return "", Problems{{Path: path, Code: CodeFileEnding, Args: []any{mime, strings.Join(endings, ", ")}}}
	}
	return name, nil
}

// labelRune returns a character as a label has it: -1, to remove it, if it shows nothing, and
// a dot for what looks like one, or is one for a program that folds widths.
func labelRune(r rune) rune {
	switch {
	case r == '\uff0e', r == '\u2024', r == '\ufe52':
		return '.'
	case isInvisible(r), isEmpty(r), unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}

// windowsPart returns the part of a name that Windows takes for a device, with any ending, or
// ":" for the stream of a file; empty: there is none.
func windowsPart(name string) string {
	if strings.ContainsRune(name, ':') {
		return ":"
	}
	base, _, _ := strings.Cut(name, ".")
	base = strings.TrimSpace(base)
	switch device := strings.ToLower(base); device {
	case "con", "prn", "aux", "nul", "conin$", "conout$", "clock$":
		return base
	default:
		for _, port := range [...]string{"com", "lpt"} {
			if digit, ok := strings.CutPrefix(device, port); ok && utf8.RuneCountInString(digit) == 1 && strings.ContainsAny(digit, "0123456789¹²³") {
				return base
			}
		}
	}
	return ""
}
