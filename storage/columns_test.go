package storage_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/storage/internal/columns"
	"github.com/charlahq/charla/tickets"
)

// fill gives a value something that is not zero, in all its parts. Texts are all the
// same, so that what a query demands is what a ticket has.
func fill(v reflect.Value) {
	if at, ok := v.Addr().Interface().(*time.Time); ok {
		*at = time.UnixMicro(1_000_000)
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.String:
		v.SetString(string(tickets.StatusOpen))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	default: // nothing is found by it
	}
}

// TestColumnsAreComplete: a column of tickets is whole, and every condition of a query
// narrows a list by a column, which holds what the condition compares.
func TestColumnsAreComplete(t *testing.T) {
	t.Parallel()
	var zero, full tickets.Ticket
	fill(reflect.ValueOf(&full).Elem())
	seen := map[string]bool{}
	for _, c := range storage.TicketColumns() {
		that := func(holds bool, lacks string) {
			if !holds {
				t.Errorf("column %s: %s", c.Name, lacks)
			}
		}
		that(!seen[c.Name] && c.Name != "", "has no name of its own")
		seen[c.Name] = true
		that(slices.Contains([]columns.Type{columns.Number, columns.Flag, columns.Text, columns.JSON}, c.Type), "has no Type")
		that(c.Since.SQLite > 0, "has no number of SQLite's schema")
		that(c.Since.Postgres > 0, "has no number of PostgreSQL's schema")
		if that(c.Value != nil, "has no Value"); c.Value == nil {
			continue
		}
		that(c.Value(&zero) != c.Value(&full), "holds the same of every ticket")
		that(c.Nullable || c.Value(&zero).Valid && c.Value(&full).Valid, "holds NULL and is not Nullable")
	}

	for _, f := range reflect.VisibleFields(reflect.TypeFor[storage.TicketQuery]()) {
		if slices.Contains([]string{"Account", "Conversation", "Words", "Order", "Preview", "Reader", "Cursor", "Limit"}, f.Name) {
			continue
		}
		that := func(holds bool, lacks string) {
			if !holds {
				t.Errorf("TicketQuery.%s: %s", f.Name, lacks)
			}
		}
		full.WithBot = f.Name == "WithBot" // the column of the status has no other then
		var q storage.TicketQuery
		fill(reflect.ValueOf(&q).Elem().FieldByIndex(f.Index))
		if that(len(q.Conditions()) == 1, "no column is wanted by it"); len(q.Conditions()) != 1 {
			continue
		}
		that(q.Matches(&full, nil) != q.Matches(&zero, nil), "does not tell tickets apart")
	}
}
