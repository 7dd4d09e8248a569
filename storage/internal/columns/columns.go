// Package columns is how the SQL stores keep columns of a ticket beside its document:
// what tickets are found by. Their table is TicketColumns of package storage; the stores
// make their statements, their rows and their schemas from it.
//
// A column more is a row of that table, and a field of TicketQuery if lists are narrowed
// by it. The row names the schema of each store with which the column comes: a database
// of an older one gets the column, filled from the tickets' documents, and its index.
// What processes of an older version write beside has nothing in the column, or what it
// had before: if that must not be, [tickets.Format] rises with it.
package columns

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/charlahq/charla/tickets"
)

// Type is the type of a column. The zero value is invalid.
type Type int

// The types.
const (
	_ Type = iota
	// Number is an integer; an instant is in microseconds since 1970.
	Number
	// Flag is a yes or no.
	Flag
	// Text is compared byte by byte.
	Text
	// JSON is an object of texts.
	JSON
)

// Change says how often a column changes, which matters where a statement costs more
// the more indexed columns it names.
type Change int

// From seldom to always.
const (
	Seldom Change = iota
	Often
	Always
)

// Value is what a column holds of a ticket; the zero value is NULL. Of Number and Text a
// type uses its own; a flag that is set is the number 1.
type Value struct {
	Valid  bool
	Number int64
	Text   string
}

// Since are the numbers of the schemas with which a column came.
type Since struct{ SQLite, Postgres int }

// Column is a column of a ticket.
type Column struct {
	Name string
	Type Type
	// Nullable says that the column may be NULL, and that its index leaves NULL out.
	Nullable bool
	Change   Change
	Since    Since
	// ByStatus says that the column's index has the status behind the value, so that the
	// tickets of one status stand in the order of lists.
	ByStatus bool
	// Index is the name of the column's index if that is not tickets_NAME, and Where the
	// condition of a row to be in it if that is not made from the type.
	Index, Where string
	// Value is what the column holds of a ticket.
	Value func(t *tickets.Ticket) Value
}

// StatusBot is what the status column holds of a ticket that is with the bot: lists of open
// tickets do not read it. The ticket itself is open.
const StatusBot = "bot"

// AnyStatus is the SQL condition that a ticket is not with the bot.
const AnyStatus = "t.status IN ('open', 'ignored', 'closed')"

// Table are columns, those that narrow a list more behind those that narrow it less.
type Table []Column

// Condition is what a query demands of a column.
type Condition struct {
	*Column
	Value
}

// IndexName returns the name of the column's index: the one given, or one made of the
// column's name.
func (c *Column) IndexName() string {
	if c.Index != "" {
		return c.Index
	}
	return "tickets_" + c.Name
}

// Row is what the columns of a table hold of a ticket, in their order.
type Row []Value

// Of returns a ticket's row: its value in each column, in their order.
func (all Table) Of(t *tickets.Ticket) Row {
	r := make(Row, len(all))
	for i := range all {
		r[i] = all[i].Value(t)
	}
	return r
}

// Changed compares a row with an earlier version of the ticket and returns the lowest
// Change among the columns that differ; Always if none does.
func (all Table) Changed(r Row, was *tickets.Ticket) Change {
	least := Always
	for i := range all {
		if all[i].Change < least && r[i] != all[i].Value(was) {
			least = all[i].Change
		}
	}
	return least
}

// Instant returns a time as a number column's value, in microseconds since 1970.
func Instant(t time.Time) Value { return Value{Valid: true, Number: t.UnixMicro()} }

// InstantOrNull returns a time as a number column's value, as Instant does, or NULL if
// not ok.
func InstantOrNull(t time.Time, ok bool) Value {
	if !ok {
		return Value{}
	}
	return Instant(t)
}

// String returns a text column's value; an empty text is not NULL.
func String[S ~string](s S) Value { return Value{Valid: true, Text: string(s)} }

// StringOrNull returns a text column's value, or NULL for an empty text.
func StringOrNull[S ~string](s S) Value { return Value{Valid: s != "", Text: string(s)} }

// Bool returns a flag column's value; false is not NULL.
func Bool(on bool) Value {
	if on {
		return Value{Valid: true, Number: 1}
	}
	return Value{Valid: true}
}

// TrueOrNull returns a flag that is set, or NULL for false.
func TrueOrNull(on bool) Value { return Value{Valid: on, Number: 1} }

// Object returns a map as a JSON column's value, or NULL for an empty map. It panics
// only if JSON cannot hold texts.
func Object(m map[string]string) Value {
	if len(m) == 0 {
		return Value{}
	}
	doc, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("columns: texts that have no JSON: %v", err)) // there are none
	}
	return String(string(doc))
}
