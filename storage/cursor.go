package storage

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// PageLimit returns how many items a page has for a caller's limit: [MaxPage] for a limit
// below one or above MaxPage, else the limit.
func PageLimit(limit int) int {
	if limit < 1 || limit > MaxPage {
		return MaxPage
	}
	return limit
}

// Cursor returns a cursor that holds a position, in any bytes that the store chooses.
// [ParseCursor] accepts it for the same database and list only: list must name one list
// of one account ([TicketQuery.List]).
func Cursor(database, list string, position []byte) string {
	return base64.RawURLEncoding.EncodeToString(append(cursorMark(database, list, position), position...))
}

// ParseCursor returns the position in a cursor that [Cursor] made for the same list of
// the same database. It fails with [ErrCursor] for any other text.
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

// cursorMark returns a hash of database, list and position, by which ParseCursor refuses
// any other text.
func cursorMark(database, list string, position []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %x", database, list, position))
	return sum[:markSize]
}
