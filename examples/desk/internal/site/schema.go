package site

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// setting is one leaf of the configuration document, as its schema describes it.
type setting struct {
	Path string
	// Kind is how it is edited: check, choice, number, line, text, color,
	// duration, texts (each in a box), lines (one a line) or rows.
	Kind    string
	Choices []string
	// Min and Max bound a number; Length is the longest text, Items the most
	// elements; zero: no bound.
	Min, Max, Length, Items int64
	// Columns are a row's.
	Columns []setting
	// Required says that a row always has it.
	Required bool
}

// schemaNode is what is used of a JSON Schema.
type schemaNode struct {
	Type       string                `json:"type"`
	Properties map[string]schemaNode `json:"properties"`
	Items      *schemaNode           `json:"items"`
	AnyOf      []schemaNode          `json:"anyOf"`
	Enum       []string              `json:"enum"`
	Required   []string              `json:"required"`
	Pattern    string                `json:"pattern"`
	MaxLength  int64                 `json:"maxLength"`
	MaxItems   int64                 `json:"maxItems"`
	Minimum    int64                 `json:"minimum"`
	Maximum    int64                 `json:"maximum"`
}

// settings are all leaves of the configuration, by path: whatever the library
// adds to the schema is here, and the page's test misses it there.
func settings() (map[string]setting, error) {
	var root schemaNode
	if err := json.Unmarshal(chatcfg.Schema(), &root); err != nil {
		return nil, fmt.Errorf("desk: schema: %w", err)
	}
	all := map[string]setting{}
	collect(all, "", root)
	return all, nil
}

func collect(all map[string]setting, path string, n schemaNode) {
	if n.Type == "object" {
		for key, inner := range n.Properties {
			collect(all, strings.TrimPrefix(path+"."+key, "."), inner)
		}
		return
	}
	all[path] = leaf(path, n)
}

func leaf(path string, n schemaNode) setting {
	s := setting{Path: path, Choices: n.Enum, Min: n.Minimum, Max: n.Maximum, Length: n.MaxLength, Items: n.MaxItems}
	if len(n.AnyOf) > 0 && n.AnyOf[0].Type == "string" { // a text by language
		return leaf(path, n.AnyOf[0])
	}
	switch {
	case n.AnyOf != nil:
		s.Kind = "duration"
	case n.Type == "array" && n.Items.Type == "object":
		s.Kind = "rows"
		for _, key := range slices.Sorted(maps.Keys(n.Items.Properties)) {
			column := leaf(key, n.Items.Properties[key])
			column.Required = slices.Contains(n.Items.Required, key)
			s.Columns = append(s.Columns, column)
		}
	case n.Type == "array":
		s.Kind, s.Length = "lines", leaf("", *n.Items).Length
		if n.MaxItems <= 3 {
			s.Kind = "texts"
		}
	case n.Type == "boolean":
		s.Kind = "check"
	case n.Type == "integer":
		s.Kind = "number"
	case n.Enum != nil:
		s.Kind = "choice"
	case strings.HasPrefix(n.Pattern, "^#"):
		s.Kind = "color"
	case n.MaxLength >= chatcfg.MaxNote:
		s.Kind = "text"
	default:
		s.Kind = "line"
	}
	return s
}

// document is a configuration as a tree of JSON values: what was saved, or what
// somebody typed, be it valid or not.
type document map[string]any

func documentOf(cfg chatcfg.Config) (document, error) {
	body, err := json.Marshal(cfg.Normalize())
	if err != nil {
		return nil, fmt.Errorf("desk: configuration: %w", err)
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("desk: configuration: %w", err)
	}
	return d, nil
}

// at is the value at a path of plain keys; nil: there is none.
func (d document) at(path string) any {
	var value any = map[string]any(d)
	for key := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

func (d document) set(path string, value any) {
	object := map[string]any(d)
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		inner, ok := object[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			object[key] = inner
		}
		object = inner
	}
	object[keys[len(keys)-1]] = value
}

// typed is the document that a form's values make. A switch that is not there is
// off; anything else that is not there is left out, and keeps its saved value.
func typed(all map[string]setting, form url.Values) document {
	d := document{}
	for path, s := range all {
		switch s.Kind {
		case "check":
			d.set(path, form.Has(path))
		case "duration":
			if value := strings.TrimSpace(form.Get(path + ".value")); value != "" {
				d.set(path, map[string]any{"value": number(value), "unit": form.Get(path + ".unit")})
			} else if form.Has(path + ".value") {
				d.set(path, nil)
			}
		case "texts":
			list := []any{}
			for i := range s.Items {
				if text := unix(form.Get(indexed(path, int(i)))); text != "" {
					list = append(list, byLanguage(text))
				}
			}
			if form.Has(indexed(path, 0)) {
				d.set(path, list)
			}
		case "lines":
			list := []any{}
			for line := range strings.SplitSeq(unix(form.Get(path)), "\n") {
				if line != "" {
					list = append(list, line)
				}
			}
			if form.Has(path) {
				d.set(path, list)
			}
		case "rows":
			if form.Has(path) {
				d.set(path, rows(s, form))
			}
		default:
			if !form.Has(path) {
				continue
			}
			if s.Kind == "number" {
				d.set(path, number(strings.TrimSpace(form.Get(path))))
			} else {
				d.set(path, byLanguage(unix(form.Get(path))))
			}
		}
	}
	return d
}

var rowName = regexp.MustCompile(`^\[(\d{1,4})\]\.`)

// elementPath is an element of a list, and perhaps one of its keys.
var elementPath = regexp.MustCompile(`^\[(\d{1,4})\](?:\.(\w+))?`)

// rows reads the rows of a list in the order of their numbers; a row in which
// nothing is typed is none.
func rows(s setting, form url.Values) []any {
	numbers := map[int]bool{}
	for name := range form {
		if rest, ok := strings.CutPrefix(name, s.Path); ok {
			if m := rowName.FindStringSubmatch(rest); m != nil {
				i, _ := strconv.Atoi(m[1])
				numbers[i] = true
			}
		}
	}
	list := []any{}
	for _, i := range slices.Sorted(maps.Keys(numbers)) {
		row, blank := map[string]any{}, true
		for _, column := range s.Columns {
			name := indexed(s.Path, i) + "." + column.Path
			text := strings.TrimSpace(form.Get(name))
			switch {
			case column.Kind == "check":
				if form.Has(name) {
					row[column.Path], blank = true, false
				}
			case text != "" || column.Required:
				row[column.Path] = text
				blank = blank && (text == "" || column.Kind == "choice")
			}
		}
		if !blank {
			list = append(list, row)
		}
	}
	return list
}

// byLanguage is a text, or the object by language that it writes as JSON.
func byLanguage(text string) any {
	var by map[string]string
	if json.Unmarshal([]byte(text), &by) == nil && by != nil {
		return by
	}
	return text
}

// number is a whole number as JSON writes it; anything else stays the text that
// it is, for the library to refuse.
func number(text string) any {
	digits := strings.TrimLeft(strings.TrimPrefix(text, "-"), "0")
	if text == "" || strings.Trim(text, "-0123456789") != "" || strings.Contains(text[1:], "-") || text == "-" {
		return text
	}
	if digits == "" {
		digits = "0"
	}
	if text[0] == '-' {
		digits = "-" + digits
	}
	return json.Number(digits)
}

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// unix is a text as browsers send it, with plain line ends.
func unix(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
