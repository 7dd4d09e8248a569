package site

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla/chatcfg"
)

// The views are the configuration's page: sections, groups and fields with their
// values and what is wrong with them.
type sectionView struct {
	section
	Open   bool
	Groups []groupView
}

type groupView struct {
	Title, Text string
	// Toggle is nil for groups without a switch.
	Toggle *fieldView
	Fields []*fieldView
	Notes  []note
}

type fieldView struct {
	setting
	Label, Hint string
	// Name is the label with that of its group, for summaries.
	Name string
	// Value is a text, number, choice, colour, or the lines; On a switch's.
	Value   string
	On      bool
	Unit    string
	Choices []choiceView
	Texts   []*cellView
	Rows    []*rowView
	Days    []dayView
	// Next is the number of the first new row.
	Next  int
	Notes []note
}

type choiceView struct {
	Value, Label string
	Selected     bool
}

// cellView is one of several texts, or one value of a row.
type cellView struct {
	Name, Column, Value string
	On                  bool
	Notes               []note
}

type rowView struct {
	Index int
	Cells map[string]*cellView
}

// dayView are a weekday's intervals.
type dayView struct {
	Day, Label string
	Rows       []*rowView
}

// note is a problem or a warning at its place.
type note struct {
	// Kind is "bad" or "warn".
	Kind, Path, Label, Text string
}

// ID is what labels and links name a field by.
func (f *fieldView) ID() string { return anchor(f.Path) }

// ID is the cell's.
func (c *cellView) ID() string { return anchor(c.Name) }

func anchor(path string) string {
	return "f-" + strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(path)
}

// Anchor is the field that the note is at.
func (n note) Anchor() string { return anchor(n.Path) }

// builder makes the views of a document.
type builder struct {
	lang   chatcfg.Locale
	all    map[string]setting
	doc    document
	fields map[string]*fieldView
	// top are the notes in the order in which they came, each with the label of
	// its place.
	top []note
}

func (b *builder) t(text string) string { return translate(b.lang, text) }

// sections makes the whole page.
func (b *builder) sections(problems, warnings []chatcfg.Problem) []sectionView {
	b.fields = map[string]*fieldView{}
	views := make([]sectionView, len(sections))
	for i, s := range sections {
		views[i].section = s
		for _, g := range s.Groups {
			view := groupView{Title: b.t(g.Title), Text: b.t(g.Text)}
			if g.Toggle != "" {
				view.Toggle = b.field(g.Toggle)
				view.Toggle.Label, view.Toggle.Name = view.Title, view.Title
			}
			for _, path := range g.Paths {
				field := b.field(path)
				field.Name = view.Title + " · " + field.Label
				view.Fields = append(view.Fields, field)
			}
			views[i].Groups = append(views[i].Groups, view)
		}
	}
	b.place(views, "bad", problems)
	b.place(views, "warn", warnings)
	return views
}

func (b *builder) field(path string) *fieldView {
	f := &fieldView{setting: b.all[path]}
	f.Path = path
	f.Label, f.Hint = b.t(labels[path][0]), b.t(labels[path][1])
	b.fields[path] = f
	value := b.doc.at(path)
	switch f.Kind {
	case "check":
		f.On, _ = value.(bool)
	case "duration":
		f.Unit = "minutes"
		if d, ok := value.(map[string]any); ok {
			f.Value, f.Unit = plain(d["value"]), plain(d["unit"])
		}
		f.Choices = b.choices("unit", units, f.Unit)
	case "choice":
		_, key, _ := cutLast(path, ".")
		f.Value = plain(value)
		f.Choices = b.choices(key, f.setting.Choices, f.Value)
	case "texts":
		list, _ := value.([]any)
		for i := range int(f.Items) {
			cell := &cellView{Name: indexed(path, i), Column: fmt.Sprintf("%s %d", b.t("Texto"), i+1)}
			if i < len(list) {
				cell.Value = plain(list[i])
			}
			f.Texts = append(f.Texts, cell)
		}
	case "lines":
		list, _ := value.([]any)
		lines := make([]string, len(list))
		for i, one := range list {
			lines[i] = plain(one)
		}
		f.Value = strings.Join(lines, "\n")
	case "rows":
		b.rows(f, value)
	default:
		f.Value = plain(value)
	}
	return f
}

func (b *builder) rows(f *fieldView, value any) {
	list, _ := value.([]any)
	for i, one := range list {
		row, _ := one.(map[string]any)
		f.Rows = append(f.Rows, newRow(f, i, row))
	}
	f.Next = len(list)
	if !slices.ContainsFunc(f.Columns, func(c setting) bool { return c.Path == "day" }) {
		// One row to fill in, for browsers without script.
		f.Rows = append(f.Rows, newRow(f, f.Next, nil))
		f.Next++
		return
	}
	for _, day := range days {
		view := dayView{Day: day, Label: b.t(choiceNames["day="+day])}
		for _, row := range f.Rows {
			if row.Cells["day"].Value == day {
				view.Rows = append(view.Rows, row)
			}
		}
		if len(view.Rows) == 0 {
			view.Rows = []*rowView{newRow(f, f.Next, map[string]any{"day": day})}
			f.Next++
		}
		f.Days = append(f.Days, view)
	}
}

func newRow(f *fieldView, i int, values map[string]any) *rowView {
	row := &rowView{Index: i, Cells: map[string]*cellView{}}
	for _, column := range f.Columns {
		cell := &cellView{Name: indexed(f.Path, i) + "." + column.Path, Column: column.Path, Value: plain(values[column.Path])}
		cell.On, _ = values[column.Path].(bool)
		row.Cells[column.Path] = cell
	}
	return row
}

func (b *builder) choices(key string, values []string, selected string) []choiceView {
	list := make([]choiceView, len(values))
	for i, value := range values {
		label := choiceNames[key+"="+value]
		if label == "" {
			label = value
		}
		list[i] = choiceView{value, b.t(label), value == selected}
	}
	return list
}

// plain is a JSON value as an input shows it.
func plain(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case map[string]any: // a text by language
		if body, err := json.Marshal(value); err == nil {
			return string(body)
		}
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return ""
}

// place puts problems where they belong, and all of them into the summary.
func (b *builder) place(views []sectionView, kind string, problems []chatcfg.Problem) {
	for _, p := range problems {
		n := note{Kind: kind, Path: p.Path, Text: p.Message(b.lang)}
		if f := b.fieldOf(p.Path); f != nil {
			n.Path, n.Label = f.Path, f.Name
			b.atField(f, p.Path, &n)
		} else if g := b.groupOf(views, p.Path); g != nil {
			n.Label = g.Title
			g.Notes = append(g.Notes, n)
		}
		b.top = append(b.top, n)
	}
	for i := range views {
		for _, n := range b.top {
			if n.Kind == "bad" && (n.Path == views[i].ID || strings.HasPrefix(n.Path, views[i].ID+".") ||
				views[i].ID == "quality" && strings.HasPrefix(n.Path, "hours")) {
				views[i].Open = true
			}
		}
	}
}

// fieldOf is the field that a path is, or lies in.
func (b *builder) fieldOf(path string) *fieldView {
	for p := path; p != ""; {
		if f := b.fields[p]; f != nil {
			return f
		}
		p = p[:max(strings.LastIndexAny(p, ".["), 0)]
	}
	return nil
}

// groupOf is the first group with a setting below a path.
func (b *builder) groupOf(views []sectionView, path string) *groupView {
	for i := range views {
		for j := range views[i].Groups {
			g := &views[i].Groups[j]
			fields := g.Fields
			if g.Toggle != nil {
				fields = append(slices.Clone(fields), g.Toggle)
			}
			if path != "" && slices.ContainsFunc(fields, func(f *fieldView) bool { return strings.HasPrefix(f.Path, path+".") }) {
				return g
			}
		}
	}
	return nil
}

// atField puts a note at a field, or at the one of its texts that is meant.
func (b *builder) atField(f *fieldView, path string, n *note) {
	rest := strings.TrimPrefix(path, f.Path)
	i, column := -1, ""
	if m := elementPath.FindStringSubmatch(rest); m != nil {
		i, _ = strconv.Atoi(m[1])
		column = m[2]
	}
	switch {
	case f.Kind == "texts" && i >= 0 && i < len(f.Texts):
		n.Path = f.Texts[i].Name
		f.Texts[i].Notes = append(f.Texts[i].Notes, *n)
		return
	case f.Kind == "lines" && i >= 0:
		n.Text = fmt.Sprintf("%s %d: %s", b.t("Línea"), i+1, n.Text)
	case f.Kind == "rows" && i >= 0 && i < len(f.Rows):
		cell := f.Rows[i].Cells[column]
		if cell == nil || column == "day" {
			for _, name := range []string{"open", "date"} {
				if c := f.Rows[i].Cells[name]; c != nil {
					cell = c
				}
			}
		}
		n.Path = cell.Name
		cell.Notes = append(cell.Notes, *n)
		return
	}
	f.Notes = append(f.Notes, *n)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, s, false
	}
	return s[:i], s[i+len(sep):], true
}
