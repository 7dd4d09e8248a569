package tickets_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A span is text in JSON and comes back exactly; what earlier versions stored, nanoseconds,
// is read, too.
func TestSpan(t *testing.T) {
	t.Parallel()
	for d, text := range map[time.Duration]string{
		0: "0s", 1: "0.000000001s", 41500 * time.Millisecond: "41.5s", time.Hour: "3600s", 365 * 24 * time.Hour: "31536000s",
		time.Second + 10: "1.00000001s", -1500 * time.Millisecond: "-1.5s",
		math.MaxInt64: "9223372036.854775807s", math.MinInt64: "-9223372036.854775808s",
	} {
		b, err := json.Marshal(tickets.Span(d))
		require.NoError(t, err)
		assert.Equal(t, `"`+text+`"`, string(b))
		for _, from := range []string{string(b), `"` + d.String() + `"`} {
			var s tickets.Span
			require.NoError(t, json.Unmarshal([]byte(from), &s), from)
			assert.Equal(t, d, s.Std(), from)
		}
		var s tickets.Span
		old, err := json.Marshal(d)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(old, &s))
		assert.Equal(t, d, s.Std(), "as earlier versions wrote it")
		assert.Equal(t, d.String(), s.String())
	}
	for _, bad := range []string{`"41.5"`, `""`, `"x"`, `1.5`, `{}`, `[1]`, `true`, `"1e400s"`, `99999999999999999999`} {
		var s tickets.Span
		assert.Error(t, json.Unmarshal([]byte(bad), &s), bad)
	}
	var f tickets.Fact
	require.NoError(t, json.Unmarshal([]byte(`{"kind":"answered","waited":41500000000}`), &f))
	assert.Equal(t, 41500*time.Millisecond, f.Waited.Std())
	b, err := json.Marshal(tickets.Fact{Kind: tickets.FactSaid})
	require.NoError(t, err)
	assert.NotContains(t, string(b), "waited")
}

// TestNoNanoseconds: no length of time is a number of nanoseconds in JSON that hosts pass on
// to browsers: of what an hour is in days, a browser's integers lose the end.
func TestNoNanoseconds(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	spans := 0
	var walk func(reflect.Type, string)
	walk = func(of reflect.Type, path string) {
		switch {
		case of == reflect.TypeFor[tickets.Span]():
			spans++
			return
		case of == reflect.TypeFor[time.Duration]():
			t.Errorf("%s is in nanoseconds", path)
			return
		case seen[of] || !strings.HasPrefix(of.PkgPath(), "github.com/charlahq/charla") && of.Name() != "" && of.Kind() == reflect.Struct:
			return
		}
		seen[of] = true
		switch of.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			walk(of.Elem(), path+"[]")
		case reflect.Struct:
			for i := range of.NumField() {
				if f := of.Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
					walk(f.Type, path+"."+f.Name)
				}
			}
		}
	}
	for _, of := range []reflect.Type{
		reflect.TypeFor[tickets.Report](), reflect.TypeFor[tickets.Conversation](), reflect.TypeFor[tickets.Ticket](),
		reflect.TypeFor[tickets.Message](), reflect.TypeFor[tickets.Entry](), reflect.TypeFor[tickets.Answer](), reflect.TypeFor[tickets.Session](),
		reflect.TypeFor[charla.Event](), reflect.TypeFor[charla.Mail](), reflect.TypeFor[charla.Result](),
		reflect.TypeFor[charla.Row](), reflect.TypeFor[charla.Customer](), reflect.TypeFor[charla.Delivery](), reflect.TypeFor[charla.Update](),
		reflect.TypeFor[charla.SessionInfo](), reflect.TypeFor[charla.AccountInfo](), reflect.TypeFor[charla.Saved](),
	} {
		walk(of, of.String())
	}
	assert.GreaterOrEqual(t, spans, 3, "the control: spans are found")
}
