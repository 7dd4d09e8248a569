package console

import (
	"encoding/base64"
	"maps"
	"slices"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/chatcfg"
	"github.com/google/uuid"
)

// cursors are how far a stream of several accounts has come in each.
type cursors map[chatcfg.AccountID]string

// maxCursor is how long the cursor of one account may be, in bytes.
const maxCursor = 120

// cursorForm begins the text of cursors: it says how the rest is written.
const cursorForm = "1"

// String returns the cursors as one text: of each account its ID and its cursor with its
// length before it. An account whose cursor is too long is left out: its stream begins anew.
func (c cursors) String() string {
	var b []byte
	for _, id := range slices.SortedFunc(maps.Keys(c), compareIDs) {
		if cursor := c[id]; len(cursor) <= maxCursor {
			b = append(b, id.UUID[:]...)
			b = append(b, byte(len(cursor)))
			b = append(b, cursor...)
		}
	}
	return cursorForm + base64.RawURLEncoding.EncodeToString(b)
}

// parseCursors reads what String wrote. It fails with [charla.ErrCursor] for any other text.
func parseCursors(text string) (cursors, error) {
	c := cursors{}
	if len(text) > base64.RawURLEncoding.EncodedLen(maxStreamAccounts*(len(uuid.UUID{})+1+maxCursor))+1 || text[:min(1, len(text))] != cursorForm {
		return nil, charla.ErrCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text[1:])
	for err == nil && len(b) > 0 {
		const head = len(uuid.UUID{}) + 1
		if len(b) < head || int(b[head-1]) > maxCursor || len(b) < head+int(b[head-1]) {
			return nil, charla.ErrCursor
		}
		end := head + int(b[head-1])
		c[chatcfg.AccountID{UUID: uuid.UUID(b[:head-1])}] = string(b[head:end])
		b = b[end:]
	}
	if err != nil || c.String() != text {
		return nil, charla.ErrCursor
	}
	return c, nil
}

// compareIDs compares two accounts' IDs, for an order among them.
func compareIDs(a, b chatcfg.AccountID) int { return slices.Compare(a.UUID[:], b.UUID[:]) }
