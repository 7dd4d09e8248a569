package columns

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Dialect is how a database spells columns and their indexes.
type Dialect struct {
	// Table is the table of tickets.
	Table string
	// Types are those of columns.
	Types map[Type]string
	// Set follows a flag in the condition that it is set.
	Set string
	// Order are the columns by which the index of a list ends.
	Order string
	// Since is the number of the schema with which a column came.
	Since func(c *Column) int
}

// Migration is a step of a schema: a script, or a column of tickets.
type Migration struct {
	Number int
	Name   string
	// Column is added, then filled from the tickets, then indexed; nil: the script of
	// that name does it all.
	Column *Column
}

// Migrations returns the scripts NNNN_name.sql of a folder and the columns that came
// after the first schema, in order. It fails unless each has a number, and the numbers
// go from 1 on without a gap and each once; also for a column without one.
func (d *Dialect) Migrations(files fs.FS, all Table) ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var list []Migration
	for _, name := range names {
		n, err := strconv.Atoi(name[:max(strings.IndexByte(name, '_'), 0)])
		if err != nil {
			return nil, fmt.Errorf("migration %s has no number", name)
		}
		list = append(list, Migration{Number: n, Name: name})
	}
	for i := range all {
		c := &all[i]
		switch n := d.Since(c); n {
		case 0:
			return nil, fmt.Errorf("column %s says no schema that it came with", c.Name)
		case 1: // the first script makes it
		default:
			list = append(list, Migration{n, "column " + c.Name, c})
		}
	}
	slices.SortStableFunc(list, func(a, b Migration) int { return cmp.Compare(a.Number, b.Number) })
	for i, m := range list {
		if m.Number != i+1 {
			return nil, fmt.Errorf("migration %s is not number %d", m.Name, i+1)
		}
	}
	return list, nil
}

// Add returns the SQL statement that adds a column. The column may be NULL: processes
// that do not know it leave it so.
func (d *Dialect) Add(c *Column) string {
	return "ALTER TABLE " + d.Table + " ADD COLUMN " + c.Name + " " + d.Types[c.Type]
}

// Indexed returns the SQL condition by which tickets are in a column's index; empty:
// all are.
func (d *Dialect) Indexed(c *Column) string {
	switch {
	case c.Where != "":
		return c.Where
	case c.Type == Flag:
		return c.Name + d.Set
	case c.Type == JSON, c.Nullable:
		return c.Name + " IS NOT NULL"
	default:
		return ""
	}
}

// Index returns the SQL statement that makes a column's index: by account, by value
// (not for a flag or JSON), by status if ByStatus, then in the order of lists.
func (d *Dialect) Index(c *Column) string {
	by := c.Name + ", "
	if c.Type == Flag || c.Type == JSON {
		by = ""
	}
	if c.ByStatus {
		by += "status, "
	}
	index := "CREATE INDEX " + c.IndexName() + " ON " + d.Table + " (account, " + by + d.Order + ")"
	if where := d.Indexed(c); where != "" {
		index += " WHERE " + where
	}
	return index
}
