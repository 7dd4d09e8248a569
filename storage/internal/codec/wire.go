package codec

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// ErrCorrupt: the bytes are no document of this form.
var ErrCorrupt = errors.New("storage: corrupt document")

// The wire types that are written.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5 // read only
)

// appendTag appends a field's number and wire type to b and returns b.
func appendTag(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

// appendUint appends a number as a field to b and returns b; zero is left out.
func appendUint(b []byte, field int, v uint64) []byte {
	if v == 0 {
		return b
	}
	return binary.AppendUvarint(appendTag(b, field, wireVarint), v)
}

// appendInt appends a number as a field to b and returns b; zero is left out.
func appendInt[T ~int | ~int64](b []byte, field int, v T) []byte {
	return appendUint(b, field, uint64(v))
}

// appendBool appends true as a field to b and returns b; false is left out.
func appendBool(b []byte, field int, v bool) []byte {
	if !v {
		return b
	}
	return append(appendTag(b, field, wireVarint), 1)
}

// appendFixed appends a number of eight bytes as a field to b and returns b; zero is
// left out.
func appendFixed(b []byte, field int, v uint64) []byte {
	if v == 0 {
		return b
	}
	return binary.LittleEndian.AppendUint64(appendTag(b, field, wireFixed64), v)
}

// appendTime appends a time as a field to b and returns b; the zero time is left out,
// 1970 is not.
func appendTime(b []byte, field int, t time.Time) []byte {
	micros := t.UnixMicro()
	if micros == zeroMicros {
		return b
	}
	return binary.AppendUvarint(appendTag(b, field, wireVarint), uint64(micros))
}

var zeroMicros = time.Time{}.UnixMicro()

// appendText appends a text as a field to b and returns b; an empty one is left out.
func appendText[T ~string | ~[]byte](b []byte, field int, v T) []byte {
	if len(v) == 0 {
		return b
	}
	return appendElement(b, field, v)
}

// appendElement appends a text as a field to b and returns b, an empty one too: it is
// one of several.
func appendElement[T ~string | ~[]byte](b []byte, field int, v T) []byte {
	b = binary.AppendUvarint(appendTag(b, field, wireBytes), uint64(len(v)))
	return append(b, v...)
}

// appendID appends an ID as a field to b and returns b; the zero ID is left out.
func appendID(b []byte, field int, id uuid.UUID) []byte {
	if id == uuid.Nil {
		return b
	}
	return appendElement(b, field, id[:])
}

// begin starts a message within a message, as a field, and returns b. at is what end
// needs to finish it.
func begin(b []byte, field int) (_ []byte, at int) {
	b = append(appendTag(b, field, wireBytes), 0)
	return b, len(b)
}

// end writes the length of a message that began at at, which had one byte left for it,
// and returns b.
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

// endUnlessEmpty is end for a message that is left out if it is empty; start is where
// its field began.
func endUnlessEmpty(b []byte, start, at int) []byte {
	if len(b) == at {
		return b[:start]
	}
	return end(b, at)
}

// reader reads the fields of a message. After a failure its methods return zero values,
// and err the error.
type reader struct {
	doc    string
	at     int
	failed bool

	// The field that next has found, and its value.
	wire  uint8
	field int
	num   uint64
	text  string
}

// next finds the next field and reports whether there is one. It is false at the end,
// after a failure, and for a malformed field, for which the reader fails.
func (r *reader) next() bool {
	if r.failed || r.at == len(r.doc) {
		return false
	}
	tag := r.varint()
	// Numbers are 29 bits at most, and from 1.
	if tag>>3 == 0 || tag>>32 != 0 {
		return r.fail()
	}
	r.field, r.wire = int(tag>>3), uint8(tag&7)
	switch r.wire {
	case wireVarint:
		r.num = r.varint()
	case wireBytes:
		n := r.varint()
		if n > uint64(len(r.doc)-r.at) {
			return r.fail()
		}
		r.text = r.doc[r.at : r.at+int(n)]
		r.at += int(n)
	case wireFixed64:
		r.num = r.little(8)
	case wireFixed32:
		r.num = r.little(4)
	default:
		return r.fail()
	}
	return !r.failed
}

// fail makes the reader fail and returns false.
func (r *reader) fail() bool {
	r.failed = true
	return false
}

// varint reads a number of variable length. If there is none, the reader fails and the
// result is zero.
func (r *reader) varint() uint64 {
	if r.at < len(r.doc) && r.doc[r.at] < 0x80 {
		r.at++
		return uint64(r.doc[r.at-1])
	}
	return r.longVarint()
}

// longVarint is varint for a number of more than one byte.
func (r *reader) longVarint() (v uint64) {
	rest := r.doc[r.at:]
	for i := range min(len(rest), binary.MaxVarintLen64) {
		c := rest[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break // more than 64 bits
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.at += i + 1
			return v
		}
	}
	r.fail()
	return 0
}

// little reads a number of a size in bytes, the lowest byte first. If there are fewer
// bytes, the reader fails and the result is zero.
func (r *reader) little(size int) (v uint64) {
	if len(r.doc)-r.at < size {
		r.fail()
		return 0
	}
	for i := range size {
		v |= uint64(r.doc[r.at+i]) << (8 * i)
	}
	r.at += size
	return v
}

// err returns [ErrCorrupt] if the reader has failed, else nil.
func (r *reader) err() error {
	if r.failed {
		return ErrCorrupt
	}
	return nil
}

// is reports whether the field has a wire type and the reader has not failed; if it has
// another type, the reader fails.
func (r *reader) is(wire uint8) bool {
	if r.wire != wire {
		r.fail()
	}
	return !r.failed
}

// int returns the field's number. If it is none, the reader fails and the result is
// zero.
func (r *reader) int() int64 {
	if !r.is(wireVarint) {
		return 0
	}
	return int64(r.num)
}

// bool reports whether the field's number is not zero. If it is none, the reader fails
// and the result is false.
func (r *reader) bool() bool { return r.int() != 0 }

// fixed returns the field's number of eight bytes. If it is none, the reader fails and
// the result is zero.
func (r *reader) fixed() uint64 {
	if !r.is(wireFixed64) {
		return 0
	}
	return r.num
}

// time returns the field's time, in UTC. If it is none, the reader fails.
func (r *reader) time() time.Time { return time.UnixMicro(r.int()).UTC() }

// string returns the field's text, which is a part of the document. If it is none, the
// reader fails and the result is empty.
func (r *reader) string() string {
	if !r.is(wireBytes) {
		return ""
	}
	return r.text
}

// id returns the field's ID. If it is none, the reader fails and the result is zero.
func (r *reader) id() (id uuid.UUID) {
	r.array(id[:])
	return id
}

// array copies the field's bytes to to. The reader fails unless they are as many as to
// has.
func (r *reader) array(to []byte) {
	if text := r.string(); len(text) == len(to) {
		copy(to, text)
	} else {
		r.fail()
	}
}

// within returns a reader of the message in the field; leave ends it. If the field is
// none, the reader fails.
func (r *reader) within() reader { return reader{doc: r.string()} }

// leave ends a reader that within returned: if that has failed, r fails.
func (r *reader) leave(sub *reader) { r.failed = r.failed || sub.failed }
