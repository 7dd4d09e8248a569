package postgres

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla/storage"
)

// position is where a page ended: the value that the list is ordered by, and what
// tells equal ones apart.
type position struct {
	at     int64
	id     [16]byte
	number int64
}

// cursor returns the cursor for a position in a list. The list's name holds the account
// and everything else that selects its items.
func (s *Store) cursor(list string, p position) string {
	b := binary.BigEndian.AppendUint64(nil, s.seal(list))
	b = binary.BigEndian.AppendUint64(b, uint64(p.at))
	b = append(b, p.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.number))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor returns the position in a cursor of the same list and database; ok is
// false for an empty cursor. It fails with [storage.ErrCursor] for any other text.
func (s *Store) parseCursor(list, cursor string) (p position, ok bool, err error) {
	if cursor == "" {
		return position{}, false, nil
	}
	b, err := s.unseal(list, cursor)
	if err != nil || len(b) != 32 {
		return position{}, false, storage.ErrCursor
	}
	p.at = int64(binary.BigEndian.Uint64(b))
	copy(p.id[:], b[8:])
	p.number = int64(binary.BigEndian.Uint64(b[24:]))
	return p, true, nil
}

// unseal returns what a cursor of the same list holds behind its seal. It fails with
// [storage.ErrCursor] for any other text.
func (s *Store) unseal(list, cursor string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor) // which skips line ends
	if err != nil || len(b) < 8 || len(cursor) != base64.RawURLEncoding.EncodedLen(len(b)) || binary.BigEndian.Uint64(b) != s.seal(list) {
		return nil, storage.ErrCursor
	}
	return b[8:], nil
}

// seal returns a hash of the database's ID and a list's name, with which cursors begin.
func (s *Store) seal(list string) uint64 {
	h := fnv.New64a()
	h.Write(s.id[:])
	h.Write([]byte(list))
	return h.Sum64()
}

// snapshot says which transactions were over at some moment: those below xmin, and
// those below xmax but the ones under way.
type snapshot struct {
	xmin, xmax uint64
	underWay   []uint64
}

// parseSnapshot reads PostgreSQL's text for a snapshot, xmin:xmax:a,b,c; ok is false if it
// is none.
func parseSnapshot(text string) (s snapshot, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return s, false
	}
	numbers := parts[:2:2]
	if parts[2] != "" {
		numbers = append(numbers, strings.Split(parts[2], ",")...)
	}
	all := make([]uint64, len(numbers))
	for i, text := range numbers {
		var err error
		if all[i], err = strconv.ParseUint(text, 10, 64); err != nil {
			return s, false
		}
	}
	s = snapshot{all[0], all[1], all[2:]}
	return s, s.valid()
}

// valid reports whether the numbers are in order and in range.
func (s snapshot) valid() bool {
	last := s.xmin
	for i, x := range s.underWay {
		if x < last || i > 0 && x == last || x >= s.xmax {
			return false
		}
		last = x
	}
	return s.xmin > 0 && s.xmin <= s.xmax && s.xmax <= math.MaxInt64
}

// String returns PostgreSQL's text for the snapshot.
func (s snapshot) String() string {
	b := strconv.AppendUint(nil, s.xmin, 10)
	b = strconv.AppendUint(append(b, ':'), s.xmax, 10)
	for i, x := range s.underWay {
		b = strconv.AppendUint(append(b, ":,"[min(i, 1)]), x, 10)
	}
	if len(s.underWay) == 0 {
		b = append(b, ':')
	}
	return string(b)
}

// upTo returns the snapshot without the transactions above last.
func (s snapshot) upTo(last uint64) snapshot {
	s.xmin, s.xmax = min(s.xmin, last+1), min(s.xmax, last+1)
	n, _ := slices.BinarySearch(s.underWay, s.xmax)
	s.underWay = s.underWay[:n:n]
	return s
}

// append appends the snapshot to b as a cursor holds it, and returns b.
func (s snapshot) append(b []byte) []byte {
	b = binary.AppendUvarint(b, s.xmin)
	b = binary.AppendUvarint(b, s.xmax-s.xmin)
	b = binary.AppendUvarint(b, uint64(len(s.underWay)))
	for _, x := range s.underWay {
		b = binary.AppendUvarint(b, x-s.xmin)
	}
	return b
}

// reader reads what append wrote; bad: it could not.
type reader struct {
	b   []byte
	bad bool
}

// number reads a number; if there is none, it makes the reader bad and returns zero.
func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

// snapshot reads a snapshot. The result counts only if the reader is not bad.
func (r *reader) snapshot() (s snapshot) {
	s.xmin = r.number()
	s.xmax = s.xmin + r.number()
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad = true
		return s
	}
	for range n {
		s.underWay = append(s.underWay, s.xmin+r.number())
	}
	r.bad = r.bad || !s.valid()
	return s
}

// feed is where a reader of the changes is: it has seen what was over at seen. If
// it is in the middle of those that were over at until, it has seen them up to a
// transaction and conversation.
type feed struct {
	// timeline is the server's: one that takes over from another counts the
	// transactions from where it was. Zero: at the beginning.
	timeline uint64
	seen     snapshot
	until    snapshot // xmax zero: not inside a page
	change   uint64
	id       [16]byte
}

// beginning is before every change.
var beginning = snapshot{xmin: 1, xmax: 1}

// feedCursor returns the cursor for a place in the feed that list names.
func (s *Store) feedCursor(list string, f feed) string {
	b := binary.BigEndian.AppendUint64(nil, s.seal(list))
	b = binary.AppendUvarint(b, f.timeline)
	b = f.seen.append(b)
	if f.until.xmax > 0 {
		b = f.until.append(b)
		b = binary.AppendUvarint(b, f.change)
		b = append(b, f.id[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseFeed returns the place in a cursor that feedCursor made for the same list; an
// empty cursor is the feed's beginning. It fails with [storage.ErrCursor] for any other
// text.
func (s *Store) parseFeed(list, cursor string) (feed, error) {
	f := feed{seen: beginning}
	if cursor == "" {
		return f, nil
	}
	b, err := s.unseal(list, cursor)
	if err != nil {
		return f, err
	}
	r := reader{b: b}
	f.timeline = r.number()
	f.seen = r.snapshot()
	if !r.bad && len(r.b) > 0 {
		f.until = r.snapshot()
		f.change = r.number()
		r.bad = r.bad || len(r.b) != len(f.id)
		r.b = r.b[copy(f.id[:], r.b):]
	}
	if r.bad || len(r.b) > 0 || s.feedCursor(list, f) != cursor { // a number has many spellings
		return f, storage.ErrCursor
	}
	return f, nil
}
