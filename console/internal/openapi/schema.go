package openapi

import (
	"encoding"
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

// unknownType is the error for a type that the document cannot describe.
type unknownType struct{ t reflect.Type }

// Error names the type.
func (e unknownType) Error() string { return "openapi: no schema for " + e.t.String() }

// writer writes schemas. Named structs and the texts that have constants are components.
type writer struct {
	words   *Comments
	schemas object
	// names are the types of the components, by their names.
	names map[string]reflect.Type
	// strict says that objects have no other members than those of their types.
	strict bool
}

// closed returns a writer of what is read: its objects take no other members. It makes no
// components of structs, which may be answered, too.
func (w *writer) closed() *writer { return &writer{w.words, w.schemas, w.names, true} }

// known are the schemas of types that have a form of their own in JSON.
var known = map[reflect.Type]object{
	reflect.TypeFor[time.Time]():     {"type": "string", "format": "date-time", "description": "RFC 3339, in UTC, to the microsecond or finer."},
	reflect.TypeFor[tickets.Span]():  {"type": "string", "pattern": `^-?[0-9]+(\.[0-9]+)?s$`, "description": `Seconds, and an "s": "41.5s".`},
	reflect.TypeFor[[]byte]():        {"type": "string", "contentEncoding": "base64"},
	reflect.TypeFor[chatcfg.Words](): {"anyOf": []any{object{"type": "string"}, object{"type": "object", "additionalProperties": false, "properties": object{"es": object{"type": "string"}, "en": object{"type": "string"}, "pt": object{"type": "string"}}}}},
}

// schema returns the schema of a type.
func (w *writer) schema(t reflect.Type) object {
	if s, ok := known[t]; ok {
		return s
	}
	switch {
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{"type": "string", "format": "uuid"}
	case t.Implements(reflect.TypeFor[json.Marshaler]()), reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]()):
		panic(unknownType{t})
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.String:
		return w.text(t)
	case reflect.Interface:
		return object{}
	case reflect.Pointer:
		return w.schema(t.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": w.schema(t.Elem())}
	case reflect.Array:
		return object{"type": "array", "items": w.schema(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": w.schema(t.Elem())}
	case reflect.Struct:
		return w.named(t)
	}
	panic(unknownType{t})
}

// text returns the schema of a type of texts: a component if it has constants.
func (w *writer) text(t reflect.Type) object {
	values := w.words.constants(t)
	if len(values) == 0 {
		return object{"type": "string"}
	}
	name := w.name(t)
	w.schemas[name] = described(object{"type": "string", "enum": values}, w.words.typeWords(t))
	return object{"$ref": "#/components/schemas/" + name}
}

// named returns the schema of a struct: a reference to its component, unless it is strict.
func (w *writer) named(t reflect.Type) object {
	if w.strict {
		return w.members(t)
	}
	name := w.name(t)
	if _, ok := w.schemas[name]; !ok {
		w.schemas[name] = object{} // so that a struct may contain itself
		w.schemas[name] = described(w.members(t), w.words.typeWords(t))
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// members returns the schema of a struct's members.
func (w *writer) members(t reflect.Type) object {
	properties, required := object{}, object{}
	for _, f := range reflect.VisibleFields(t) {
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || name == "-" || f.Anonymous && name == "":
			continue
		case name == "":
			panic(unknownType{t})
		}
		properties[name] = described(w.schema(f.Type), w.words.field(owner(t, f), f.Name))
		if rest == "" {
			required[name] = true
		} else {
			delete(required, name)
		}
	}
	s := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = sorted(required)
	}
	if w.strict {
		s["additionalProperties"] = false
	}
	return s
}

// described returns a schema with a description before its own.
func described(s object, text string) object {
	if text == "" {
		return s
	}
	with := object{"description": text}
	for name, value := range s {
		if name == "description" {
			value = text + " " + value.(string)
		}
		with[name] = value
	}
	return with
}

// name returns the name of a type's component: with its package before it if another type
// has that name already.
func (w *writer) name(t reflect.Type) string {
	name := componentName(t)
	if of := w.names[name]; of != nil && of != t {
		pkg := t.PkgPath()[strings.LastIndex(t.PkgPath(), "/")+1:]
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	w.names[name] = t
	return name
}

var lastName = regexp.MustCompile(`\w+\.(\w+)`)

// componentName returns the name of a type among the components: that of Page[T] is PageT.
func componentName(t reflect.Type) string {
	name, of, generic := strings.Cut(t.Name(), "[")
	if generic {
		m := lastName.FindAllStringSubmatch(of, -1)
		of = m[len(m)-1][1]
		name += strings.ToUpper(of[:1]) + of[1:]
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
