// Package codec is the stored form of what the SQL stores keep as documents and
// read often: messages, tickets, conversations, sessions, history entries and
// receipts. It is Protocol Buffers' wire format, laid out in charla.proto, so that
// a database can be read by hand:
//
//	sqlite3 chat.db "SELECT writefile('m.bin', doc) FROM messages LIMIT 1"
//	protoc --decode charla.Message charla.proto < m.bin
//
// A value that is zero is not written. An ID is 16 bytes. A time is in
// microseconds since 1970 in UTC, cut as the stores promise; the zero time is not
// written, so that 1970 itself is another.
//
// The form grows by new field numbers; one that was used is never given another
// meaning. A reader skips what it does not know, and would lose it if it wrote the
// document again: that is what [tickets.Format] and the numbers of the stores'
// schemas are for.
//
// An Append function appends a value to a buffer and never fails. A Decode
// function reads a whole document; its texts are parts of the document, so that
// all of them together are one allocation, which is the caller's. Bytes that are
// not a document are [ErrCorrupt], and take no more memory than in proportion to
// their number.
package codec
