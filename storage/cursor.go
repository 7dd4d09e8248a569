package storage

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// PageLimit is the size of a page for a limit that a caller gives (see [Queries]).
func PageLimit(limit int) int {
	if limit < 1 || limit > MaxPage {
		return MaxPage
	}
	return limit
}

// Cursor writes a position in a list of a database, in whatever form the store has
// positions. The list's name tells it from every other, of other accounts too
// ([TicketQuery.List]).
func Cursor(database, list string, position []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(cursorMark(database, list, position), position...))
}

// ParseCursor reads a position that [Cursor] wrote for the same list of the same
// database. Any other text is [ErrCursor].
func ParseCursor(database, list, cursor string) (position []byte, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) < markSize || len(cursor) != base64.RawURLEncoding.EncodedLen(len(b)) { // it skips line ends
		return nil, ErrCursor
	}
	mark, position := b[:markSize], b[markSize:]
	if !bytes.Equal(mark, cursorMark(database, list, position)) {
		return nil, ErrCursor
	}
	return position, nil
}

// markSize is how many bytes tell a cursor from any other text.
const markSize = 8

// cursorMark tells databases, their lists, and positions in these apart.
func cursorMark(database, list string, position []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %x", database, list, position))
	return sum[:markSize]
}
