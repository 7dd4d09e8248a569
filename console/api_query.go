package console

import (
	"encoding"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charlahq/charla/chatcfg"
)

// maxQuery is how long a query may be, in bytes.
const maxQuery = 32 << 10

// queryName returns the name of a field in a query: the field's, with a small first letter.
func queryName(field string) string { return strings.ToLower(field[:1]) + field[1:] }

// queryFields returns the fields of a struct that are in a query, those of embedded
// structs, too.
func queryFields(of reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(of), func(f reflect.StructField) bool { return f.Anonymous || !f.IsExported() })
}

// readQuery reads the request's query into the fields of a struct. It fails with a
// badRequest that names each parameter that is unknown, there twice or of the wrong
// kind. Only of a list there may be several.
func (v *visit) readQuery(into any) error {
	if len(v.r.URL.RawQuery) > maxQuery {
		return statusError(http.StatusRequestURITooLong)
	}
	values, err := url.ParseQuery(v.r.URL.RawQuery)
	if err != nil {
		return statusError(http.StatusBadRequest)
	}
	return decodeQuery(values, into)
}

// decodeQuery does what readQuery says with the query's values.
func decodeQuery(values url.Values, into any) error {
	var bad badRequest
	to := reflect.ValueOf(into).Elem()
	known := map[string]reflect.Value{}
	for _, f := range queryFields(to.Type()) {
		known[queryName(f.Name)] = to.FieldByIndex(f.Index)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		given := values[name]
		base, key, isMember := strings.Cut(name, "[")
		field, ok := known[base]
		ok = ok && isMember == (field.Kind() == reflect.Map) && (!isMember || strings.HasSuffix(key, "]"))
		if name = chatcfg.Path("", name); ok && isMember {
			name = chatcfg.Path(base, strings.TrimSuffix(key, "]"))
		}
		switch {
		case !ok:
			bad = bad.add(name, chatcfg.CodeUnknownKey)
		case !utf8.ValidString(key) || slices.ContainsFunc(given, func(one string) bool { return !utf8.ValidString(one) }):
			bad = bad.add(name, chatcfg.CodeInvalidUTF8)
		case field.Kind() == reflect.Slice:
			field.Set(reflect.ValueOf(given))
		case len(given) > 1:
			bad = bad.add(name, chatcfg.CodeDuplicateKey)
		case isMember:
			if field.IsNil() {
				field.Set(reflect.MakeMap(field.Type()))
			}
			field.SetMapIndex(reflect.ValueOf(strings.TrimSuffix(key, "]")), reflect.ValueOf(given[0]))
		default:
			bad = bad.set(name, field, given[0])
		}
	}
	if len(bad) > 0 {
		return bad
	}
	return nil
}

// set sets a field to what a text says, and returns bad with the problem of one that
// says nothing of the field's kind.
func (bad badRequest) set(name string, field reflect.Value, text string) badRequest {
	switch to := field.Addr().Interface().(type) {
	case *time.Time:
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return bad.addWords(name, "invalid_time", notTime)
		}
		*to = at
		return bad
	case encoding.TextUnmarshaler:
		if to.UnmarshalText([]byte(text)) != nil || textOf(to) != text {
			return bad.addWords(name, "invalid_id", notID)
		}
		return bad
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return bad.add(name, chatcfg.CodeNotBoolean)
		}
		field.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case errors.Is(err, strconv.ErrRange) || field.OverflowInt(n):
			return bad.add(name, chatcfg.CodeOverflow)
		case err != nil || strconv.FormatInt(n, 10) != text:
			return bad.add(name, chatcfg.CodeNotInteger)
		}
		field.SetInt(n)
	default:
		panic("console: a query cannot have a " + field.Type().String())
	}
	return bad
}

// textOf returns the text of a value that was read from a text; empty: it has none.
func textOf(value any) string {
	if m, ok := value.(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err == nil {
			return string(text)
		}
	}
	return ""
}
