package chatcfg

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of the configuration document, made
// from the types and limits of this package; config.schema.json is a copy of it.
// It describes whole documents, in which everything may be left out; the null
// that [Decode] takes for a default is not in it. What one value demands of
// another it cannot say: a document that it accepts may still be refused by
// [Config.Validate].
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[Config](), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Configuration of a chat account"
	root["$defs"] = map[string]any{"duration": map[string]any{
		"description":          "A positive whole number of units, at most 365 days.",
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"value", "unit"},
		"properties": map[string]any{
			"value": map[string]any{"type": "integer", "minimum": 1, "maximum": int64(MaxDuration / MinDuration)},
			"unit":  map[string]any{"type": "string", "enum": valuesOf(Units())},
		},
	}}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		panic("chatcfg: schema: " + err.Error())
	}
	return b.Bytes()
}

// schemaOf returns the JSON Schema of the type at a path: of a setting, or of an object
// of settings.
func schemaOf(t reflect.Type, path string) map[string]any {
	l := document().byPath[path]
	if l != nil {
		return l.schema()
	}
	properties := map[string]any{}
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		properties[key] = schemaOf(t.Field(i).Type, strings.TrimPrefix(path+"."+key, "."))
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

// schema returns the JSON Schema of a setting, with its label and help as the
// description.
func (s *Setting) schema() map[string]any {
	one := s.value()
	one["description"] = strings.TrimSuffix(strings.Join([]string{s.Label.EN, s.Help.EN}, ". "), ". ")
	return one
}

// value returns the schema of a setting without its description.
func (s *Setting) value() map[string]any {
	one := s.element()
	if s.Items > 0 {
		one = map[string]any{"type": "array", "maxItems": s.Items, "items": one}
	}
	return one
}

// element returns the schema of a setting's value, or of an element if it is a list.
func (s *Setting) element() map[string]any {
	one := map[string]any{"type": "string"}
	switch s.Kind {
	case KindSwitch:
		return map[string]any{"type": "boolean"}
	case KindNumber:
		return map[string]any{"type": "integer", "minimum": s.Min, "maximum": s.Max}
	case KindDuration:
		return map[string]any{"anyOf": []any{map[string]any{"$ref": "#/$defs/duration"}, map[string]any{"type": "null"}}}
	case KindRows:
		properties, required := map[string]any{}, []string{}
		for _, column := range s.Columns {
			properties[column.Path] = column.value()
			if column.Required {
				required = append(required, column.Path)
			}
		}
		row := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
		if len(required) > 0 {
			row["required"] = required
		}
		var either []any
		for _, columns := range s.either {
			either = append(either, map[string]any{"required": columns})
		}
		if either != nil {
			row["oneOf"] = either
		}
		return row
	case KindChoice:
		one["enum"] = valuesOf(s.Choices)
	case KindTemplate, KindKeyword:
		one["minLength"] = 1
	case KindLine:
		if s.Items > 0 {
			one["minLength"] = 1
		}
	}
	if s.Length > 0 {
		one["maxLength"] = s.Length
	}
	if pattern := traits[s.Kind].pattern; pattern != "" {
		one["pattern"] = pattern
	}
	if s.ByLanguage {
		return map[string]any{"anyOf": []any{one, map[string]any{
			"type": "object", "additionalProperties": false,
			"properties": map[string]any{"es": one, "en": one, "pt": one},
		}}}
	}
	return one
}
