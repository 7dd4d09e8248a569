package chatcfg

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charlahq/charla/internal/strictjson"
)

// byteOrderMark is what some editors begin a text with.
const byteOrderMark = "\ufeff"

// parseDocument returns the tree of a JSON document, with or without a byte order mark. It
// fails, with [Problems], if the document is too large, too deep or not JSON.
func parseDocument(doc []byte) (strictjson.Value, error) {
	if len(doc) > MaxDocument {
		return strictjson.Value{}, refuse(CodeTooLarge, MaxDocument)
	}
	doc = bytes.TrimPrefix(doc, []byte(byteOrderMark))
	root, err := strictjson.Parse(doc, MaxDepth)
	switch {
	case err == nil:
		return root, nil
	case errors.Is(err, strictjson.ErrUTF8):
		return strictjson.Value{}, refuse(CodeInvalidUTF8)
	case errors.Is(err, strictjson.ErrDepth):
		return strictjson.Value{}, refuse(CodeTooDeep, MaxDepth)
	}
	offset := len(doc)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		offset = int(syntax.Offset)
	}
	line, column := position(doc, offset)
	return strictjson.Value{}, refuse(CodeSyntax, line, column)
}

// position returns the line and column, from 1, of the byte before an offset.
func position(doc []byte, offset int) (line, column int) {
	before := doc[:max(0, min(offset, len(doc))-1)]
	line = 1 + bytes.Count(before, []byte("\n"))
	column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return line, column
}

// Path returns the path of a key under a path: "fields.color". A key that is not plain letters
// and digits, or is long, is quoted, and cut: fields["Nº de pedido"].
func Path(path, key string) string {
	plain := key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
	switch {
	case !plain || len(key) > 60:
		return path + "[" + strconv.Quote(shorten(key)) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// index returns the path of an element of a list, such as path[2].
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
