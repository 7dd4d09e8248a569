package sqlite

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"

	"github.com/charlahq/charla/storage"
)

// position is where a page ended: the value that the list is ordered by, and the
// row number that tells equal ones apart.
type position struct{ at, key int64 }

// cursor returns the cursor for a position in a list. The list's name holds the account
// and everything else that selects its items.
func (s *Store) cursor(list string, p position) string {
	b := binary.BigEndian.AppendUint64(nil, s.seal(list))
	b = binary.BigEndian.AppendUint64(b, uint64(p.at))
	b = binary.BigEndian.AppendUint64(b, uint64(p.key))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor returns the position in a cursor of the same list and database; ok is
// false for an empty cursor. It fails with [storage.ErrCursor] for any other text.
func (s *Store) parseCursor(list, cursor string) (p position, ok bool, err error) {
	if cursor == "" {
		return position{}, false, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor) // which skips line ends
	if err != nil || len(b) != 24 || len(cursor) != base64.RawURLEncoding.EncodedLen(len(b)) || binary.BigEndian.Uint64(b) != s.seal(list) {
		return position{}, false, storage.ErrCursor
	}
	p.at = int64(binary.BigEndian.Uint64(b[8:]))
	p.key = int64(binary.BigEndian.Uint64(b[16:]))
	return p, true, nil
}

// seal returns a hash of the database's ID and a list's name, with which cursors begin.
func (s *Store) seal(list string) uint64 {
	h := fnv.New64a()
	h.Write(s.id)
	h.Write([]byte(list))
	return h.Sum64()
}
