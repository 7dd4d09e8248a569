package postgres

import (
	"strings"

	"github.com/charlahq/charla/storage/internal/columns"
)

// ticketColumns are the columns of a ticket, of a table if it has a name: "u" is the
// table of rows to be put, whose objects are texts.
func ticketColumns(of string) string {
	var names []string
	for i := range columns.All {
		c := &columns.All[i]
		name := c.Name
		if of != "" {
			name = of + "." + name
		}
		if of == "u" && c.Type == columns.JSON {
			name += "::jsonb"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// kinds are the types of columns.
var kinds = map[columns.Type]kind{columns.Number: aNumber, columns.Flag: aFlag, columns.Text: aText, columns.JSON: aText}

// ticketKinds are the types of a whole row.
func ticketKinds() []kind {
	all := []kind{aUUID, aUUID, aNumber}
	for i := range columns.All {
		all = append(all, kinds[columns.All[i].Type])
	}
	return append(all, aBytea)
}

// ticket adds all but a ticket's account and conversation.
func (t *table) ticket(r *ticketRow) {
	t.number(r.number)
	for i := range columns.All {
		switch v := &r.Row[i]; {
		case !v.Valid:
			t.null()
		case columns.All[i].Type == columns.Number:
			t.number(v.Number)
		case columns.All[i].Type == columns.Flag:
			t.flag(v.Number != 0)
		default:
			t.text(v.Text)
		}
	}
	t.bytea(r.doc)
}

// narrowed adds a query's condition on a column.
func (l *listing) narrowed(c *columns.Column, wanted columns.Value) {
	name := "t." + c.Name
	switch c.Type {
	case columns.Flag:
		l.where(name)
	case columns.Number:
		l.where(name + " = " + l.arg(wanted.Number))
	case columns.JSON:
		l.where("t.category IS NOT NULL AND " + name + " @> " + l.arg(wanted.Text) + "::text::jsonb") // as its index has it
	default:
		l.where(name + " = " + l.arg(wanted.Text))
	}
}
