package postgres

import (
	"strings"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/columns"
)

// ofTickets are the columns of a ticket, and dialect how PostgreSQL spells them.
var (
	ofTickets = storage.TicketColumns()
	dialect   = columns.Dialect{
		Table: "charla.tickets",
		Types: map[columns.Type]string{columns.Number: "bigint", columns.Flag: "boolean", columns.Text: `text COLLATE "C"`, columns.JSON: "jsonb"},
		Order: "changed, conversation, number",
		Since: func(c *columns.Column) int { return c.Since.Postgres },
	}
)

// ticketColumns returns the columns of a ticket as a list in SQL, of the table with that
// name, if not empty: "u" is the table of rows to be put.
func ticketColumns(of string) string {
	var names []string
	for i := range ofTickets {
		c := &ofTickets[i]
		switch of {
		case "":
			names = append(names, c.Name)
		case "u":
			names = append(names, cast(c, "u."+c.Name))
		default:
			names = append(names, of+"."+c.Name)
		}
	}
	return strings.Join(names, ", ")
}

// cast returns the SQL for a column's value in a row to be put: JSON comes as a text.
func cast(c *columns.Column, value string) string {
	if c.Type == columns.JSON {
		return value + "::jsonb"
	}
	return value
}

// kinds are the types of columns.
var kinds = map[columns.Type]kind{columns.Number: aNumber, columns.Flag: aFlag, columns.Text: aText, columns.JSON: aText}

// ticketKinds returns the types of a ticket's whole row.
func ticketKinds() []kind {
	all := []kind{aUUID, aUUID, aNumber}
	for i := range ofTickets {
		all = append(all, kinds[ofTickets[i].Type])
	}
	return append(all, aBytea)
}

// ticket adds the values of a ticket's row, except account and conversation.
func (t *table) ticket(r *ticketRow) {
	t.number(r.number)
	for i := range ofTickets {
		t.value(&ofTickets[i], r.Row[i])
	}
	t.bytea(r.doc)
}

// value adds a column's value to the row, or NULL if it is not valid.
func (t *table) value(c *columns.Column, v columns.Value) {
	switch {
	case !v.Valid:
		t.null()
	case c.Type == columns.Number:
		t.number(v.Number)
	case c.Type == columns.Flag:
		t.flag(v.Number != 0)
	default:
		t.text(v.Text)
	}
}

// narrow adds a query's condition on a column. Before it, it adds the condition of the
// column's index, so that the planner can use the index.
func (l *listing) narrow(c columns.Condition) {
	if indexed := dialect.Indexed(c.Column); indexed != "" {
		l.where("t." + indexed)
	}
	switch name := "t." + c.Name; c.Type {
	case columns.Flag: // the index has no others
	case columns.Number:
		l.where(name + " = " + hidden(l.arg(c.Number)+"::bigint"))
	case columns.JSON:
		l.where(name + " @> " + l.arg(c.Text) + "::text::jsonb")
	default:
		l.where(name + " = " + hidden(l.arg(c.Text)+"::text"))
	}
}
