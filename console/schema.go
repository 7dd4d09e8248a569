package console

import (
	"cmp"
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

// setting is a setting of the library, and how it is edited.
type setting struct {
	chatcfg.Setting
	// Edit is check, choice, number, line, text, color, duration, texts (each in
	// a box), lines (one a line), checks (boxes to tick) or rows.
	Edit string
	// Order is its place among all settings.
	Order int
}

// settings returns all settings of the configuration, by path.
func settings() map[string]setting {
	all := map[string]setting{}
	for _, section := range chatcfg.Sections() {
		for _, group := range section.Groups {
			for _, s := range group.Settings {
				all[s.Path] = setting{s, editorOf(s), len(all)}
			}
		}
	}
	return all
}

// editorOf returns the kind of input that edits a setting.
func editorOf(s chatcfg.Setting) string {
	switch {
	case s.Kind == chatcfg.KindRows:
		return "rows"
	case s.Items > 0 && s.Kind == chatcfg.KindTemplate:
		return "texts"
	case s.Items > 0 && s.Kind == chatcfg.KindChoice:
		return "checks"
	case s.Items > 0:
		return "lines"
	}
	switch s.Kind {
	case chatcfg.KindSwitch:
		return "check"
	case chatcfg.KindTemplate:
		return "text"
	case chatcfg.KindChoice, chatcfg.KindNumber, chatcfg.KindDuration, chatcfg.KindText, chatcfg.KindColor:
		return string(s.Kind)
	}
	return "line"
}

// document is a configuration as a tree of JSON values: what was saved, or what
// somebody typed, be it valid or not.
type document map[string]any

// documentOf returns a configuration as a JSON document.
func documentOf(cfg chatcfg.Config) (document, error) {
	body, err := json.Marshal(cfg.Normalize())
	if err != nil {
		return nil, fmt.Errorf("console: configuration: %w", err)
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("console: configuration: %w", err)
	}
	return d, nil
}

// at returns the value at a path of plain keys; nil: there is none.
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

// set sets the value at a path of plain keys, and makes the objects above it.
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

// typed returns the document that a form's values make. A switch that is not there is
// off; any other value that is not there is left out, and keeps its saved value.
func typed(all map[string]setting, form url.Values) document {
	d := document{}
	for path, s := range all {
		switch s.Edit {
		case "check":
			d.set(path, form.Has(path))
		case "duration":
			if value := strings.TrimSpace(form.Get(path + ".value")); value != "" {
				d.set(path, map[string]any{"value": number(value), "unit": form.Get(path + ".unit")})
			} else if form.Has(path + ".value") {
				d.set(path, nil)
			}
		case "texts":
			if form.Has(indexed(path, 0)) {
				d.set(path, textList(form, path, s.Items))
			}
		case "checks":
			list := []any{}
			for _, one := range form[path] {
				if one != "" { // which says that the boxes are there
					list = append(list, one)
				}
			}
			if form.Has(path) {
				d.set(path, list)
			}
		case "lines":
			list := []any{}
			for _, one := range elements(s, form.Get(path)) {
				list = append(list, one)
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
			if s.Edit == "number" {
				d.set(path, number(strings.TrimSpace(form.Get(path))))
			} else {
				text := words(form, path)
				if one, ok := text.(string); ok {
					text = read(s.Kind, one)
				}
				if by, ok := text.(map[string]any); ok {
					for _, l := range tongues { // null takes back what a language had
						by[string(l)] = by[string(l)]
					}
				}
				d.set(path, text)
			}
		}
	}
	return d
}

// read returns a text as the configuration writes it, of a kind that people write in other
// ways, too; any other text as it is.
func read(kind chatcfg.Kind, text string) string {
	switch kind {
	case chatcfg.KindZone:
		return zoneFor(text)
	case chatcfg.KindTime, chatcfg.KindEnd:
		return timeOfDay(text, kind == chatcfg.KindEnd)
	}
	return text
}

var rowName = regexp.MustCompile(`^\[(\d{1,4})\]\.`)

// elementPath is an element of a list, and perhaps one of its keys.
var elementPath = regexp.MustCompile(`^\[(\d{1,4})\](?:\.(\w+))?`)

// textList returns the texts of a list that somebody typed, each in a box.
func textList(form url.Values, path string, most int) []any {
	list := []any{}
	for i := range most {
		if text := words(form, indexed(path, i)); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// elements are the elements of a list that somebody typed: one a line, or separated by
// commas.
func elements(s setting, text string) []string {
	switch s.Kind {
	case chatcfg.KindKeyword:
		return chatcfg.SplitKeywords(text)
	case chatcfg.KindEmail, chatcfg.KindHosts:
		text = strings.NewReplacer(",", "\n", ";", "\n", "，", "\n", "；", "\n", "、", "\n").Replace(text)
	}
	return slices.DeleteFunc(strings.Split(unix(text), "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
}

// rows reads the rows of a list in the order of their numbers; a row in which nothing
// is typed is skipped.
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
			case column.Kind == chatcfg.KindDuration:
				if value := strings.TrimSpace(form.Get(name + ".value")); value != "" {
					row[column.Path], blank = map[string]any{"value": number(value), "unit": form.Get(name + ".unit")}, false
				}
			case column.Items > 0:
				texts := textList(form, name, column.Items)
				row[column.Path], blank = texts, blank && len(texts) == 0
			case column.Kind == chatcfg.KindSwitch:
				if form.Has(name) {
					row[column.Path], blank = true, false
				}
			case text != "" || column.Required:
				row[column.Path] = read(column.Kind, text)
				blank = blank && (text == "" || column.Kind == chatcfg.KindChoice)
			}
		}
		if !blank {
			list = append(list, row)
		}
	}
	return list
}

// words returns a text as it was typed: the one for every language, or if some language
// has its own, the object of them, in which languages without one have the text for
// every language.
func words(form url.Values, path string) any {
	text, by, own := unix(form.Get(path)), map[string]any{}, false
	for _, l := range tongues {
		s := unix(form.Get(path + "." + string(l)))
		own = own || s != ""
		if s = cmp.Or(s, text); s != "" {
			by[string(l)] = s
		}
	}
	if own {
		return by
	}
	return text
}

// number returns a whole number as JSON writes it; any other text as it is, for the
// library to refuse.
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

// indexed returns the path of an element of a list.
func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// unix returns a text from a browser with plain line ends.
func unix(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
