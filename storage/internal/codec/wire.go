package codec

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// ErrCorrupt says that a stored document is not what was stored.
var ErrCorrupt = errors.New("storage: corrupt document")

// The wire types that are written.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5 // read only
)

func appendTag(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

func appendUint(b []byte, field int, v uint64) []byte {
	if v == 0 {
		return b
	}
	return binary.AppendUvarint(appendTag(b, field, wireVarint), v)
}

func appendInt[T ~int | ~int64](b []byte, field int, v T) []byte {
	return appendUint(b, field, uint64(v))
}

func appendBool(b []byte, field int, v bool) []byte {
	if !v {
		return b
	}
	return append(appendTag(b, field, wireVarint), 1)
}

func appendFixed(b []byte, field int, v uint64) []byte {
	if v == 0 {
		return b
	}
	return binary.LittleEndian.AppendUint64(appendTag(b, field, wireFixed64), v)
}

// appendTime writes 1970 too, which is not the zero time.
func appendTime(b []byte, field int, t time.Time) []byte {
	micros := t.UnixMicro()
	if micros == zeroMicros {
		return b
	}
	return binary.AppendUvarint(appendTag(b, field, wireVarint), uint64(micros))
}

var zeroMicros = time.Time{}.UnixMicro()

func appendText[T ~string | ~[]byte](b []byte, field int, v T) []byte {
	if len(v) == 0 {
		return b
	}
	return appendElement(b, field, v)
}

// appendElement writes an empty text too: one of several.
func appendElement[T ~string | ~[]byte](b []byte, field int, v T) []byte {
	b = binary.AppendUvarint(appendTag(b, field, wireBytes), uint64(len(v)))
	return append(b, v...)
}

func appendID(b []byte, field int, id uuid.UUID) []byte {
	if id == uuid.Nil {
		return b
	}
	return appendElement(b, field, id[:])
}

// begin starts a message within a message. The bytes before at are then what end
// needs to finish it.
func begin(b []byte, field int) (_ []byte, at int) {
	b = append(appendTag(b, field, wireBytes), 0)
	return b, len(b)
}

// end writes the length of a message that began at, which had one byte left for it.
func end(b []byte, at int) []byte {
	n := len(b) - at
	if n < 0x80 {
		b[at-1] = byte(n)
		return b
	}
	var length [binary.MaxVarintLen64]byte
	size := binary.PutUvarint(length[:], uint64(n))
	b = append(b, length[1:size]...) // for room
	copy(b[at-1+size:], b[at:at+n])
	copy(b[at-1:], length[:size])
	return b
}

// endUnlessEmpty is end for a message that is left out if it has nothing in it;
// start is where its field began.
func endUnlessEmpty(b []byte, start, at int) []byte {
	if len(b) == at {
		return b[:start]
	}
	return end(b, at)
}

// reader goes through the fields of a message.
type reader struct {
	rest   string
	failed bool

	// The field that next has found, and its value.
	field int
	wire  int
	num   uint64
	text  string
}

// next finds the next field; false at the end, and after a failure.
func (r *reader) next() bool {
	if r.failed || r.rest == "" {
		return false
	}
	tag := r.varint()
	// Numbers are 29 bits at most, and from 1.
	if r.failed || tag>>3 == 0 || tag>>32 != 0 {
		return r.fail()
	}
	r.field, r.wire = int(tag>>3), int(tag&7)
	switch r.wire {
	case wireVarint:
		r.num = r.varint()
	case wireBytes:
		n := r.varint()
		if r.failed || n > uint64(len(r.rest)) {
			return r.fail()
		}
		r.text, r.rest = r.rest[:n], r.rest[n:]
	case wireFixed64:
		if len(r.rest) < 8 {
			return r.fail()
		}
		r.num, r.rest = little(r.rest[:8]), r.rest[8:]
	case wireFixed32:
		if len(r.rest) < 4 {
			return r.fail()
		}
		r.num, r.rest = little(r.rest[:4]), r.rest[4:]
	default:
		return r.fail()
	}
	return !r.failed
}

func (r *reader) fail() bool {
	r.failed = true
	return false
}

func (r *reader) varint() (v uint64) {
	if len(r.rest) > 0 && r.rest[0] < 0x80 {
		v, r.rest = uint64(r.rest[0]), r.rest[1:]
		return v
	}
	for i := range min(len(r.rest), binary.MaxVarintLen64) {
		c := r.rest[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break // more than 64 bits
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.fail()
	return 0
}

func little(s string) (v uint64) {
	for i := len(s) - 1; i >= 0; i-- {
		v = v<<8 | uint64(s[i])
	}
	return v
}

// err is nil if all was well to the end.
func (r *reader) err() error {
	if r.failed {
		return ErrCorrupt
	}
	return nil
}

// is says whether the field is written as it must be.
func (r *reader) is(wire int) bool {
	if r.wire != wire {
		r.fail()
	}
	return !r.failed
}

func (r *reader) int() int64 {
	if !r.is(wireVarint) {
		return 0
	}
	return int64(r.num)
}

func (r *reader) bool() bool { return r.int() != 0 }

func (r *reader) fixed() uint64 {
	if !r.is(wireFixed64) {
		return 0
	}
	return r.num
}

func (r *reader) time() time.Time { return time.UnixMicro(r.int()).UTC() }

func (r *reader) string() string {
	if !r.is(wireBytes) {
		return ""
	}
	return r.text
}

func (r *reader) id() (id uuid.UUID) {
	r.array(id[:])
	return id
}

// array reads bytes of a length that must be met.
func (r *reader) array(to []byte) {
	if text := r.string(); len(text) == len(to) {
		copy(to, text)
	} else {
		r.fail()
	}
}

// within is a reader of the message in the field; leave ends it.
func (r *reader) within() reader { return reader{rest: r.string()} }

func (r *reader) leave(sub *reader) { r.failed = r.failed || sub.failed }
