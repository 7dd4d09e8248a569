package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charlahq/charla/chatcfg"
)

// The views are the configuration's page: sections, groups and fields with their
// values and what is wrong with them.
type sectionView struct {
	ID, Title, Text string
	Groups          []groupView
}

type groupView struct {
	ID, Title, Text string
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
	// Value is a number, choice, colour, or the lines; On a switch's; Text is that
	// of a text.
	Value   string
	On      bool
	Text    *cellView
	Unit    string
	Choices []choiceView
	Texts   []*cellView
	Rows    []*rowView
	Days    []dayView
	// Next is the number of the first new row.
	Next int
	// Now is the time of day in a time zone; empty: it is none.
	Now string
	// Lacks says what the host is not able to do for it; empty: nothing is known.
	Lacks string
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
	// Own are the texts of each language, if there may be some.
	Own   []*cellView
	Notes []note
}

// HasOwn reports whether some language has a text of its own.
func (c *cellView) HasOwn() bool {
	return slices.ContainsFunc(c.Own, func(own *cellView) bool { return own.Value != "" || own.Notes != nil })
}

// Blank reports whether nothing is typed and nothing is wrong in any language.
func (c *cellView) Blank() bool { return c.Value == "" && c.Notes == nil && !c.HasOwn() }

type rowView struct {
	Index int
	Cells map[string]*cellView
	// Fields are in place of Cells where a column is a list.
	Fields []*fieldView
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

// Noted reports whether something in the group is wrong or doubtful.
func (g groupView) Noted() bool {
	return len(g.Notes) > 0 || g.Toggle != nil && g.Toggle.noted() || slices.ContainsFunc(g.Fields, (*fieldView).noted)
}

// noted reports whether something in the field is wrong or doubtful.
func (f *fieldView) noted() bool {
	cells := append(slices.Clone(f.Texts), f.Text)
	for _, row := range f.Rows {
		if slices.ContainsFunc(row.Fields, (*fieldView).noted) {
			return true
		}
		cells = slices.AppendSeq(cells, maps.Values(row.Cells))
	}
	return len(f.Notes) > 0 || slices.ContainsFunc(cells, func(c *cellView) bool {
		return c != nil && (len(c.Notes) > 0 || slices.ContainsFunc(c.Own, func(own *cellView) bool { return len(own.Notes) > 0 }))
	})
}

// ID returns the name by which labels and links refer to the field.
func (f *fieldView) ID() string { return anchor(f.Path) }

// ID returns the name by which labels refer to the cell.
func (c *cellView) ID() string { return anchor(c.Name) }

// anchor returns the ID of a setting's element in the page.
func anchor(path string) string {
	return "f-" + strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(path)
}

// Anchor returns the ID of the field that the note is at.
func (n note) Anchor() string { return anchor(n.Path) }

// builder makes the views of a document.
type builder struct {
	lang   chatcfg.Locale
	now    time.Time
	all    map[string]setting
	doc    document
	fields map[string]*fieldView
	// lacks is what the host is not able to do, by the setting that needs it.
	lacks map[string]string
	// top are the notes in the order in which they came, each with the label of
	// its place.
	top []note
}

// t returns a text of the site's in the reader's language.
func (b *builder) t(text string) string { return translate(b.lang, text) }

// say returns a text of the library's in the reader's language.
func (b *builder) say(w chatcfg.Words) string { return w.In(b.lang, chatcfg.Spanish) }

// sections returns the whole page, with problems and warnings at their fields.
func (b *builder) sections(problems, warnings []chatcfg.Problem) []sectionView {
	b.fields = map[string]*fieldView{}
	var views []sectionView
	for _, section := range chatcfg.Sections() {
		view := sectionView{ID: section.Key, Title: b.say(section.Label), Text: b.say(section.Help)}
		for _, group := range section.Groups {
			view.Groups = append(view.Groups, b.group(group))
		}
		views = append(views, view)
	}
	b.place(views, "bad", problems)
	b.place(views, "warn", warnings)
	return views
}

// group returns a group; a switch that leads it is its title.
func (b *builder) group(group chatcfg.Group) groupView {
	view, rest := groupView{Title: b.say(group.Label), Text: b.say(group.Help)}, group.Settings
	view.ID = "g" + strings.TrimPrefix(anchor(rest[0].Path), "f")
	if group.Label.IsZero() {
		view.Toggle, rest = b.field(rest[0].Path), rest[1:]
		view.Toggle.Name = view.Toggle.Label
		view.Title, view.Text = view.Toggle.Label, view.Toggle.Hint
	}
	for _, s := range rest {
		field := b.field(s.Path)
		field.Name = view.Title + " · " + field.Label
		view.Fields = append(view.Fields, field)
	}
	return view
}

// field returns the setting with a path, with its value in the document.
func (b *builder) field(path string) *fieldView { return b.view(b.all[path], b.doc.at(path)) }

// view returns a setting with a value.
func (b *builder) view(s setting, value any) *fieldView {
	f, path := &fieldView{setting: s}, s.Path
	f.Label, f.Hint, f.Lacks = b.say(f.Setting.Label), b.say(f.Help), b.lacks[path]
	b.fields[path] = f
	switch f.Edit {
	case "check":
		f.On, _ = value.(bool)
	case "duration":
		f.Unit = "minutes"
		if d, ok := value.(map[string]any); ok {
			f.Value, f.Unit = plain(d["value"]), plain(d["unit"])
		}
		f.Choices = b.choices(chatcfg.Units(), f.Unit)
	case "choice":
		f.Value = plain(value)
		f.Choices = b.choices(f.Setting.Choices, f.Value)
	case "checks":
		list, _ := value.([]any)
		f.Choices = b.choices(f.Setting.Choices, "")
		for i := range f.Choices {
			f.Choices[i].Selected = slices.Contains(list, any(f.Choices[i].Value))
		}
	case "texts":
		list, _ := value.([]any)
		for i := range f.Items {
			var text any
			if i < len(list) {
				text = list[i]
			}
			f.Texts = append(f.Texts, b.text(indexed(path, i), fmt.Sprintf("%s %d", b.t("Texto"), i+1), text))
		}
	case "lines":
		list, _ := value.([]any)
		lines := make([]string, len(list))
		for i, one := range list {
			lines[i] = plain(one)
		}
		f.Value = strings.Join(lines, "\n")
		if f.Kind == chatcfg.KindKeyword {
			f.Value = chatcfg.JoinKeywords(lines)
		}
	case "rows":
		b.rows(f, value)
	default:
		f.Value = plain(value)
		if zone, err := time.LoadLocation(f.Value); f.Kind == chatcfg.KindZone && f.Value != "" && err == nil {
			f.Now = b.now.In(zone).Format("15:04")
		}
		if f.ByLanguage {
			f.Text = b.text(path, f.Label, value)
		}
	}
	return f
}

// text returns a text that may be given by language.
func (b *builder) text(name, label string, value any) *cellView {
	cell := &cellView{Name: name, Column: label, Value: plain(value)}
	by, _ := value.(map[string]any)
	names := b.all["chat.locale"].Choices
	for i, l := range tongues {
		cell.Own = append(cell.Own, &cellView{Name: name + "." + string(l), Column: b.say(names[i].Label), Value: plain(by[string(l)])})
	}
	return cell
}

// rows adds to a field the rows of its list, and an empty one to fill in; business
// hours are sorted by day.
func (b *builder) rows(f *fieldView, value any) {
	list, _ := value.([]any)
	for i, one := range list {
		row, _ := one.(map[string]any)
		f.Rows = append(f.Rows, newRow(f, i, row))
	}
	f.Next = len(list)
	if slices.ContainsFunc(f.Columns, func(c chatcfg.Setting) bool { return c.Items > 0 }) {
		b.wideRows(f, list)
		return
	}
	if !slices.ContainsFunc(f.Columns, func(c chatcfg.Setting) bool { return c.Path == "day" }) {
		// One row to fill in, for browsers without script.
		f.Rows = append(f.Rows, newRow(f, f.Next, nil))
		f.Next++
		return
	}
	for _, choice := range f.Columns[0].Choices {
		day := choice.Value
		view := dayView{Day: day, Label: b.say(choice.Label)}
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

// wideRows makes each row of a list a group of fields, and adds rows to fill in.
func (b *builder) wideRows(f *fieldView, list []any) {
	f.Rows, f.Next = nil, max(len(list), f.Items)
	for i := range f.Next {
		var values map[string]any
		if i < len(list) {
			values, _ = list[i].(map[string]any)
		}
		row := &rowView{Index: i}
		for _, column := range f.Columns {
			s := setting{Setting: column, Edit: editorOf(column), Order: f.Order}
			s.Path = indexed(f.Path, i) + "." + column.Path
			field := b.view(s, values[column.Path])
			field.Name = f.Label + " " + strconv.Itoa(i+1) + " · " + field.Label
			row.Fields = append(row.Fields, field)
		}
		f.Rows = append(f.Rows, row)
	}
}

// newRow returns the row with a number, with values for its columns.
func newRow(f *fieldView, i int, values map[string]any) *rowView {
	row := &rowView{Index: i, Cells: map[string]*cellView{}}
	for _, column := range f.Columns {
		cell := &cellView{Name: indexed(f.Path, i) + "." + column.Path, Column: column.Path, Value: plain(values[column.Path])}
		cell.On, _ = values[column.Path].(bool)
		row.Cells[column.Path] = cell
	}
	return row
}

// choices returns the choices of a list, with the selected one marked.
func (b *builder) choices(values []chatcfg.Choice, selected string) []choiceView {
	list := make([]choiceView, len(values))
	for i, choice := range values {
		list[i] = choiceView{choice.Value, b.say(choice.Label), choice.Value == selected}
	}
	return list
}

// plain returns a JSON value as an input shows it; empty for lists and objects.
func plain(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return ""
}

// place adds problems to the fields or groups that they are about, and all of them to
// the summary.
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
}

// fieldOf returns the field that has a path or holds it; nil: none does.
func (b *builder) fieldOf(path string) *fieldView {
	for p := path; p != ""; {
		if f := b.fields[p]; f != nil {
			return f
		}
		p = p[:max(strings.LastIndexAny(p, ".["), 0)]
	}
	return nil
}

// groupOf returns the first group with a setting below a path; nil: none has.
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

// atField adds a note to a field, or to the cell or text of it that the path names.
func (b *builder) atField(f *fieldView, path string, n *note) {
	rest := strings.TrimPrefix(path, f.Path)
	i, column := -1, ""
	if m := elementPath.FindStringSubmatch(rest); m != nil {
		i, _ = strconv.Atoi(m[1])
		column = m[2]
	}
	text := f.Text
	if f.Edit == "texts" && i >= 0 && i < len(f.Texts) {
		text = f.Texts[i]
	}
	switch {
	case text != nil:
		for _, own := range text.Own {
			if own.Name == path {
				text = own
			}
		}
		n.Path = text.Name
		text.Notes = append(text.Notes, *n)
		return
	case f.Edit == "lines" && i >= 0:
		n.Text = fmt.Sprintf("%s %d: %s", b.t("Línea"), i+1, n.Text)
	case f.Edit == "rows" && i >= 0 && i < len(f.Rows) && f.Rows[i].Cells != nil:
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

// cutLast is [strings.Cut] around the last sep; without one, after is the whole text,
// too.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, s, false
	}
	return s[:i], s[i+len(sep):], true
}
