package sqlite

import (
	"strings"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/columns"
)

// table are the columns of a ticket, and dialect how SQLite spells them.
var (
	table   = storage.TicketColumns()
	dialect = columns.Dialect{
		Table: "tickets",
		Types: map[columns.Type]string{columns.Number: "INTEGER", columns.Flag: "INTEGER", columns.Text: "TEXT", columns.JSON: "TEXT"},
		Set:   " = 1",
		Order: "changed",
		Since: func(c *columns.Column) int { return c.Since.SQLite },
	}
)

// insertTicket is the statement that adds a ticket, updateTicket those that replace one,
// by the least often changing column that changes: SQLite rewrites the entries of every
// index that a statement names a column of.
var (
	insertTicket = "INSERT INTO tickets (account, conversation, number, " + strings.Join(columnNames(columns.Seldom), ", ") + ", doc) VALUES (?, ?, ?" +
		strings.Repeat(", ?", len(table)+1) + ")"
	updateTicket = func() (all [columns.Always + 1]string) {
		for change := range all {
			all[change] = "UPDATE tickets SET " + strings.Join(columnNames(columns.Change(change)), " = ?, ") + " = ?, doc = ? WHERE key = ?"
		}
		return all
	}()
)

// columnNames returns the names of the columns that change at least as often.
func columnNames(change columns.Change) (names []string) {
	for i := range table {
		if c := &table[i]; c.Change >= change {
			names = append(names, c.Name)
		}
	}
	return names
}

// args appends the values of the columns that [columnNames] returns, in their order.
func (t *ticketRow) args(args []any, change columns.Change) []any {
	for i := range table {
		if c := &table[i]; c.Change >= change {
			args = append(args, arg(c, t.Row[i]))
		}
	}
	return args
}

// arg returns a column's value as the driver takes it; nil for NULL.
func arg(c *columns.Column, v columns.Value) any {
	switch {
	case !v.Valid:
		return nil
	case c.Type == columns.Number, c.Type == columns.Flag:
		return v.Number
	default:
		return v.Text
	}
}

// narrow adds a query's condition on a column. Before it, it adds the condition of the
// column's index, so that the planner can use the index.
func (l *listing) narrow(c columns.Condition) {
	if indexed := dialect.Indexed(c.Column); indexed != "" {
		l.where("t." + indexed)
	}
	switch c.Type {
	case columns.Flag: // the index has no others
	case columns.JSON:
		l.where("NOT EXISTS (SELECT 1 FROM json_each(?) g WHERE NOT EXISTS (SELECT 1 FROM json_each(t."+c.Name+") f WHERE f.key = g.key AND f.value = g.value))", c.Text)
	default:
		l.where("t."+c.Name+" = ?", arg(c.Column, c.Value))
	}
}
