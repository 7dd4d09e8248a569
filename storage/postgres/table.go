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

// unnest returns the SQL for a table whose columns are arguments, which are arrays, from
// number first on. The planner does not see how many rows it has ([hidden]).
func unnest(first int, kinds ...kind) string {
	list := "unnest("
	for i, k := range kinds {
		one := "$" + strconv.Itoa(first+i) + "::" + k.name + "[]"
		if i == 0 {
			one = hidden(one)
		}
		if i > 0 {
			list += ", "
		}
		list += one
	}
	return list + ")"
}

// hidden returns the SQL of a value that the planner does not look at. A statement whose
// plan seems cheaper for the values at hand is planned at each call, which can take longer
// than the statement itself; one that hides them is planned once a connection.
func hidden(value string) string { return "(SELECT " + value + ")" }

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

// newTable returns an empty table with columns of these types.
func newTable(kinds ...kind) *table {
	t := &table{columns: make([]column, len(kinds))}
	for i := range t.columns {
		t.columns[i].kind = kinds[i]
	}
	return t
}

// rows returns how many rows the table has.
func (t *table) rows() int { return int(t.columns[0].n) }

// args returns the columns as arguments for the driver.
func (t *table) args() []any {
	list := make([]any, len(t.columns))
	for i := range t.columns {
		list[i] = &t.columns[i]
	}
	return list
}

// maxRetainedBytes is how much of its memory a column keeps when it is cleared.
const maxRetainedBytes = 256 << 10

// clear removes all rows, and keeps the memory for others.
func (t *table) clear() {
	t.at = 0
	for i := range t.columns {
		c := &t.columns[i]
		c.n, c.nulls = 0, false
		if cap(c.list) > maxRetainedBytes {
			c.list = nil
		} else if c.list != nil {
			c.list = c.list[:headerSize]
		}
	}
}

// headerSize is the length of an array's header, in bytes.
const headerSize = 20

// next begins the next value, which has size bytes (-1: NULL), and returns its column. The
// caller appends the bytes.
func (t *table) next(size int) *column {
	c := &t.columns[t.at]
	if t.at++; t.at == len(t.columns) {
		t.at = 0
	}
	if c.list == nil {
		c.list = make([]byte, headerSize, headerSize+c.kind.size*groupSize)
	}
	c.n++
	c.list = binary.BigEndian.AppendUint32(c.list, uint32(size))
	return c
}

// null adds NULL as the next value.
func (t *table) null() { t.next(-1).nulls = true }

// uuid adds an ID as the next value.
func (t *table) uuid(id [16]byte) {
	c := t.next(len(id))
	c.list = append(c.list, id[:]...)
}

// number adds a number as the next value.
func (t *table) number(n int64) {
	c := t.next(8)
	c.list = binary.BigEndian.AppendUint64(c.list, uint64(n))
}

// numberOrNull adds a number, or NULL if it is not valid.
func (t *table) numberOrNull(n pgtype.Int8) {
	if !n.Valid {
		t.null()
		return
	}
	t.number(n.Int64)
}

// text adds a text as the next value.
func (t *table) text(s string) {
	c := t.next(len(s))
	c.list = append(c.list, s...)
}

// textOrNull adds a text, or NULL if it is not valid.
func (t *table) textOrNull(s pgtype.Text) {
	if !s.Valid {
		t.null()
		return
	}
	t.text(s.String)
}

// flag adds a boolean as the next value.
func (t *table) flag(v bool) {
	c := t.next(1)
	one := byte(0)
	if v {
		one = 1
	}
	c.list = append(c.list, one)
}

// bytea adds bytes as the next value; nil is empty, not NULL.
func (t *table) bytea(b []byte) {
	c := t.next(len(b))
	c.list = append(c.list, b...)
}

// GoString returns type and length only, so that no customer's text gets into errors.
func (c *column) GoString() string { return fmt.Sprintf("%s[%d]", c.kind.name, c.n) }

// appendTo appends the array to b as the server takes it, and returns b. It overwrites
// the list's head.
func (c *column) appendTo(b []byte) []byte {
	if c.n == 0 {
		b = binary.BigEndian.AppendUint64(b, 0) // no dimension, no NULL
		return binary.BigEndian.AppendUint32(b, c.kind.oid)
	}
	h := c.list[:0:headerSize]
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

// registerColumns registers codecs with which a connection accepts a [*column] as an array
// argument, unless it has them. Other arguments are encoded as before.
func registerColumns(m *pgtype.Map) {
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

// PlanEncode implements [pgtype.Codec]: for a [*column], which is encoded already, it
// returns a plan that copies it, for any other value the codec's own plan.
func (c columnCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ok := value.(*column); ok && format == pgtype.BinaryFormatCode {
		return columnPlan{}
	}
	return c.Codec.PlanEncode(m, oid, format, value)
}

// PreferredFormat returns binary, as the arrays of these types do.
func (columnCodec) PreferredFormat() int16 { return pgtype.BinaryFormatCode }

type columnPlan struct{}

// Encode appends the encoding of value, which must be a [*column], to buf. It never
// fails; it panics for anything else.
func (columnPlan) Encode(value any, buf []byte) ([]byte, error) {
	return value.(*column).appendTo(buf), nil
}
