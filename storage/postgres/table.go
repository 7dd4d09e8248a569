package postgres

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// kind is the type of a column.
type kind struct {
	name string
	// oid is the element's type, array that of the column's parameter.
	oid, array uint32
	// size is about what an element takes.
	size int
}

// The types of columns.
var (
	aUUID   = kind{"uuid", pgtype.UUIDOID, pgtype.UUIDArrayOID, 20}
	aNumber = kind{"bigint", pgtype.Int8OID, pgtype.Int8ArrayOID, 12}
	aText   = kind{"text", pgtype.TextOID, pgtype.TextArrayOID, 40}
	aFlag   = kind{"boolean", pgtype.BoolOID, pgtype.BoolArrayOID, 5}
	aBytea  = kind{"bytea", pgtype.ByteaOID, pgtype.ByteaArrayOID, 256}
)

// unnest is a table of the arguments from number first on, which are arrays.
func unnest(first int, kinds ...kind) string {
	list := "unnest("
	for i, k := range kinds {
		if i > 0 {
			list += ", "
		}
		list += "$" + strconv.Itoa(first+i) + "::" + k.name + "[]"
	}
	return list + ")"
}

// table gathers rows for [unnest], a value at a time: in the form in which the
// server takes arrays, which is less work than the driver has with slices.
type table struct {
	columns []column
	// at is the column of the next value.
	at int
}

// column is an array on its way to the server.
type column struct {
	kind kind
	// list is the array's header and its elements, each after its length.
	list  []byte
	n     uint32
	nulls bool
}

func newTable(kinds ...kind) *table {
	t := &table{columns: make([]column, len(kinds))}
	for i := range t.columns {
		t.columns[i].kind = kinds[i]
	}
	return t
}

// rows is how many rows there are.
func (t *table) rows() int { return int(t.columns[0].n) }

// args are the columns, to be given to the driver.
func (t *table) args() []any {
	list := make([]any, len(t.columns))
	for i := range t.columns {
		list[i] = &t.columns[i]
	}
	return list
}

// spacious is what a column keeps for other rows, in bytes.
const spacious = 256 << 10

// clear makes room for other rows.
func (t *table) clear() {
	t.at = 0
	for i := range t.columns {
		c := &t.columns[i]
		c.n, c.nulls = 0, false
		if cap(c.list) > spacious {
			c.list = nil
		} else if c.list != nil {
			c.list = c.list[:headed]
		}
	}
}

// headed is how long an array's header is.
const headed = 20

// next begins the next value, of so many bytes; -1: NULL.
func (t *table) next(size int) *column {
	c := &t.columns[t.at]
	if t.at++; t.at == len(t.columns) {
		t.at = 0
	}
	if c.list == nil {
		c.list = make([]byte, headed, headed+c.kind.size*groupSize)
	}
	c.n++
	c.list = binary.BigEndian.AppendUint32(c.list, uint32(size))
	return c
}

func (t *table) null() { t.next(-1).nulls = true }

func (t *table) uuid(id [16]byte) {
	c := t.next(len(id))
	c.list = append(c.list, id[:]...)
}

func (t *table) number(n int64) {
	c := t.next(8)
	c.list = binary.BigEndian.AppendUint64(c.list, uint64(n))
}

// numberOrNull is number, or NULL.
func (t *table) numberOrNull(n pgtype.Int8) {
	if !n.Valid {
		t.null()
		return
	}
	t.number(n.Int64)
}

func (t *table) text(s string) {
	c := t.next(len(s))
	c.list = append(c.list, s...)
}

// textOrNull is text, or NULL.
func (t *table) textOrNull(s pgtype.Text) {
	if !s.Valid {
		t.null()
		return
	}
	t.text(s.String)
}

func (t *table) flag(v bool) {
	c := t.next(1)
	one := byte(0)
	if v {
		one = 1
	}
	c.list = append(c.list, one)
}

func (t *table) bytea(b []byte) {
	c := t.next(len(b))
	c.list = append(c.list, b...)
}

// GoString keeps what customers wrote out of errors.
func (c *column) GoString() string { return fmt.Sprintf("%s[%d]", c.kind.name, c.n) }

// appended is the whole array at the end of a message.
func (c *column) appended(b []byte) []byte {
	if c.n == 0 {
		b = binary.BigEndian.AppendUint64(b, 0) // no dimension, no NULL
		return binary.BigEndian.AppendUint32(b, c.kind.oid)
	}
	h := c.list[:0:headed]
	h = binary.BigEndian.AppendUint32(h, 1) // dimension
	nulls := uint32(0)
	if c.nulls {
		nulls = 1
	}
	h = binary.BigEndian.AppendUint32(h, nulls)
	h = binary.BigEndian.AppendUint32(h, c.kind.oid)
	h = binary.BigEndian.AppendUint32(h, c.n)
	binary.BigEndian.AppendUint32(h, 1) // number of the first element
	return append(b, c.list...)
}

// takesColumns teaches a connection to take columns, if it does not know them yet. All
// else that it takes stays as it is.
func takesColumns(m *pgtype.Map) {
	if t, ok := m.TypeForOID(aUUID.array); ok {
		if _, known := t.Codec.(columnCodec); known {
			return
		}
	}
	for _, k := range []kind{aUUID, aNumber, aText, aFlag, aBytea} {
		if t, ok := m.TypeForOID(k.array); ok {
			m.RegisterType(&pgtype.Type{Name: t.Name, OID: t.OID, Codec: columnCodec{t.Codec}})
		}
	}
}

// columnCodec is the codec of an array type that also takes columns.
type columnCodec struct{ pgtype.Codec }

// PlanEncode takes columns as they are.
func (c columnCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.(*column); ok && format == pgtype.BinaryFormatCode {
		return columnPlan{}
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

// PreferredFormat is binary, as it is for the arrays of these types.
func (columnCodec) PreferredFormat() int16 { return pgtype.BinaryFormatCode }

type columnPlan struct{}

// Encode appends a column.
func (columnPlan) Encode(value any, buf []byte) ([]byte, error) {
	return value.(*column).appended(buf), nil
}
