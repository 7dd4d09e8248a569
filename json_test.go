package charla_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnswersAreJSON: each field of what a handle's calls return has a name of its own in JSON
// that begins with a small letter, so that a host can send it on.
func TestAnswersAreJSON(t *testing.T) {
	t.Parallel()
	handles := []any{&charla.Desk{}, &charla.Account{}, &charla.Visitor{}, &charla.Agent{}, &charla.Inbox{}}
	seen := map[reflect.Type]bool{}
	for _, handle := range handles {
		seen[reflect.TypeOf(handle).Elem()] = true // a handle is for this process
	}
	seen[reflect.TypeFor[charla.Secret]()] = true // writes itself nowhere
	seen[reflect.TypeFor[charla.Proof]()] = true  // what the host's own server signs
	seen[reflect.TypeFor[charla.Lag]()] = true    // figures for metrics
	seen[reflect.TypeFor[time.Time]()], seen[reflect.TypeFor[time.Location]()] = true, true
	fields := 0
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(of.Elem())
			return
		case reflect.Func: // an iterator: what it yields
			for i := range of.NumIn() {
				walk(of.In(i))
			}
			return
		case reflect.Struct:
		default:
			return
		}
		if seen[of] || !strings.Contains(of.PkgPath(), "charlahq") || of.Implements(reflect.TypeFor[json.Marshaler]()) ||
			of.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()) {
			return
		}
		seen[of] = true
		for i := range of.NumField() {
			f := of.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.IsExported() && !f.Anonymous && name != "-" {
				fields++
				assert.Equal(t, strings.ToLower(f.Name[:1]), (name + " ")[:1], "%s.%s", of, f.Name)
			}
			walk(f.Type)
		}
	}
	for _, handle := range handles {
		of := reflect.TypeOf(handle)
		for i := range of.NumMethod() {
			m := of.Method(i)
			if m.Type.NumIn() < 2 || m.Type.In(1) != reflect.TypeFor[context.Context]() {
				continue
			}
			for out := range m.Type.NumOut() {
				walk(m.Type.Out(out))
			}
		}
	}
	assert.Greater(t, fields, 100)
	for _, of := range []reflect.Type{reflect.TypeFor[charla.Update](), reflect.TypeFor[charla.Row](), reflect.TypeFor[charla.Status](), reflect.TypeFor[charla.Customer]()} {
		assert.True(t, seen[of], "%s is an answer", of)
	}

	body, err := json.Marshal(tickets.Message{Seq: 1, From: tickets.FromNote, Text: "ojo"})
	require.NoError(t, err)
	assert.NotContains(t, string(body), "session", "a note is of none")
}
