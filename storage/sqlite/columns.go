package sqlite

import (
	"strings"

	"github.com/charlahq/charla/storage/internal/columns"
)

// insertTicket is the statement that adds a ticket, updateTicket those that replace one,
// by the least often changing column that changes: SQLite rewrites the entries of every
// index that a statement names a column of.
var (
	insertTicket = "INSERT INTO tickets (account, conversation, number, " + strings.Join(named(columns.Seldom), ", ") + ", doc) VALUES (?, ?, ?" +
		strings.Repeat(", ?", len(columns.All)+1) + ")"
	updateTicket = func() (all [columns.Always + 1]string) {
		for change := range all {
			all[change] = "UPDATE tickets SET " + strings.Join(named(columns.Change(change)), " = ?, ") + " = ?, doc = ? WHERE key = ?"
		}
		return all
	}()
)

// named are the columns that change at least as often.
func named(change columns.Change) (names []string) {
	for i := range columns.All {
		if c := &columns.All[i]; c.Change >= change {
			names = append(names, c.Name)
		}
	}
	return names
}

// args appends the values of these columns, in their order.
func (t *ticketRow) args(args []any, change columns.Change) []any {
	for i := range columns.All {
		if c := &columns.All[i]; c.Change >= change {
			args = append(args, arg(c, &t.Row[i]))
		}
	}
	return args
}

// arg is a column's value as the driver takes it.
func arg(c *columns.Column, v *columns.Value) any {
	switch {
	case !v.Valid:
		return nil
	case c.Type == columns.Number, c.Type == columns.Flag:
		return v.Number
	default:
		return v.Text
	}
}

// narrowed adds a query's condition on a column. A condition is spelled so that the
// planner sees that the column's index has all rows that meet it.
func (l *listing) narrowed(c *columns.Column, wanted columns.Value) {
	name := "t." + c.Name
	if c.Nullable {
		l.where(name + " IS NOT NULL")
	}
	switch c.Type {
	case columns.Flag:
		l.where(name + " = 1")
	case columns.JSON:
		l.where("t.category IS NOT NULL") // as its index has it
		l.where("NOT EXISTS (SELECT 1 FROM json_each(?) g WHERE NOT EXISTS (SELECT 1 FROM json_each("+name+") f WHERE f.key = g.key AND f.value = g.value))", wanted.Text)
	default:
		l.where(name+" = ?", arg(c, &wanted))
	}
}
