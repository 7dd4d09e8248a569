// Package columns is the table of the columns that the SQL stores keep of a ticket
// beside its document: what tickets are found by. The stores make their statements and
// rows from it; each column's type and index are in the stores' migrations.
//
// A column more is a row in [All], a field of [storage.TicketQuery] with its line in
// [storage.TicketQuery.Matches], and a migration of each store that adds the column,
// fills it, and makes an index tickets_NAME that leads with the account and ends with
// changed (conversation and number too on PostgreSQL).
package columns

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
)

// Type is the type of a column.
type Type int

// The types.
const (
	// Number is an integer; an instant is in microseconds since 1970.
	Number Type = iota
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

// Column is a column of a ticket.
type Column struct {
	Name string
	Type Type
	// Nullable says that the column may be NULL, and that its index leaves NULL out.
	Nullable bool
	Change   Change
	// Index is the name of the index by which a query is narrowed that demands a value
	// of the column.
	Index string

	value func(t *tickets.Ticket) Value
	// wanted is the value that a query demands; not valid: any. Nil: none does.
	wanted func(q *storage.TicketQuery) Value
}

// All are the columns, those that narrow a list more behind those that narrow it less.
var All = [...]Column{
	{
		Name: "status", Type: Text, Index: "tickets_status",
		value:  func(t *tickets.Ticket) Value { return text(string(t.Status)) },
		wanted: func(q *storage.TicketQuery) Value { return given(string(q.Status)) },
	},
	{
		Name: "important", Type: Flag, Index: "tickets_important",
		value:  func(t *tickets.Ticket) Value { return flag(t.Important) },
		wanted: func(q *storage.TicketQuery) Value { return set(q.Important) },
	},
	{
		Name: "delayed", Type: Flag, Index: "tickets_delayed",
		value:  func(t *tickets.Ticket) Value { return flag(t.Delayed()) },
		wanted: func(q *storage.TicketQuery) Value { return set(q.Delayed) },
	},
	{
		// Of the typification, NULL without any.
		Name: "fields", Type: JSON, Nullable: true, Index: "tickets_typified",
		value: func(t *tickets.Ticket) Value {
			if t.Typification == nil {
				return Value{}
			}
			return object(t.Typification.Fields)
		},
		wanted: func(q *storage.TicketQuery) Value { return object(q.Fields) },
	},
	{
		Name: "category", Type: Text, Nullable: true, Index: "tickets_category",
		value: func(t *tickets.Ticket) Value {
			if t.Typification == nil {
				return Value{}
			}
			return text(t.Typification.Category)
		},
		wanted: func(q *storage.TicketQuery) Value { return given(q.Category) },
	},
	{
		Name: "created", Type: Number,
		value: func(t *tickets.Ticket) Value { return instant(t.CreatedAt) },
	},
	{
		Name: "changed", Type: Number, Change: Always,
		value: func(t *tickets.Ticket) Value { return instant(t.ChangedAt) },
	},
	{
		// Since when somebody waits, only of open tickets.
		Name: "waits", Type: Number, Nullable: true, Change: Often,
		value: func(t *tickets.Ticket) Value {
			if t.Status != tickets.StatusOpen || t.Wait == nil {
				return Value{}
			}
			return instant(t.Wait.Since)
		},
	},
	{
		// Where auto-close counts from, only of open tickets.
		Name: "counts", Type: Number, Nullable: true, Change: Often,
		value: func(t *tickets.Ticket) Value {
			if t.Status != tickets.StatusOpen || t.CountsFrom.IsZero() {
				return Value{}
			}
			return instant(t.CountsFrom)
		},
	},
}

// Row is what the columns hold of a ticket, in the order of [All].
type Row [len(All)]Value

// Of is a ticket's row.
func Of(t *tickets.Ticket) (r Row) {
	for i := range All {
		r[i] = All[i].value(t)
	}
	return r
}

// Changed is the least often changing among the columns in which two rows differ;
// Always if they do not differ.
func (r *Row) Changed(from *Row) Change {
	least := Always
	for i := range All {
		if All[i].Change < least && r[i] != from[i] {
			least = All[i].Change
		}
	}
	return least
}

// Wanted is what a query demands of the column; not valid: nothing.
func (c *Column) Wanted(q *storage.TicketQuery) Value {
	if c.wanted == nil {
		return Value{}
	}
	return c.wanted(q)
}

// Narrowed are the columns that a query demands something of, the narrowest last.
func Narrowed(q *storage.TicketQuery) (found []*Column) {
	for i := range All {
		if c := &All[i]; c.Wanted(q).Valid {
			found = append(found, c)
		}
	}
	return found
}

func instant(t time.Time) Value { return Value{Valid: true, Number: t.UnixMicro()} }

func text(s string) Value { return Value{Valid: true, Text: s} }

// given is a text, or NULL for none.
func given(s string) Value { return Value{Valid: s != "", Text: s} }

func flag(on bool) Value {
	if on {
		return Value{Valid: true, Number: 1}
	}
	return Value{Valid: true}
}

// set is a flag that is set, or NULL.
func set(on bool) Value { return Value{Valid: on, Number: 1} }

// object is a JSON object, or NULL for an empty one.
func object(m map[string]string) Value {
	if len(m) == 0 {
		return Value{}
	}
	doc, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("columns: texts that have no JSON: %v", err)) // there are none
	}
	return text(string(doc))
}
