package chatcfg

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Section is a part of the configuration as a settings page shows it; [Sections]
// lists them.
type Section struct {
	// Key is a word for programs.
	Key         string
	Label, Help Words
	Groups      []Group
}

// Group is what is set together. One whose first setting is a switch that names
// the whole has no label of its own.
type Group struct {
	Label, Help Words
	Settings    []Setting
}

// Setting is one row: a leaf of the configuration document, which [Config] has a
// field for. How it is read, checked, spelled, described and shown follows from
// the row; what one setting demands of another stands in demands.go.
type Setting struct {
	// Path is the JSON path; of a column the key.
	Path string
	// Kind says what its value is.
	Kind Kind
	// Label and Help are for people; Help may be missing.
	Label, Help Words
	// Choices are the values of a [KindChoice].
	Choices []Choice
	// Min and Max bound a [KindNumber], Min a [KindDuration], in seconds.
	Min, Max int64
	// Length is the limit of a text in characters.
	Length int
	// Items is how many elements a list may have; zero: it is not a list.
	Items int
	// Columns are what the elements of [KindRows] have.
	Columns []Setting
	// Required says that it must not be missing, whatever else is set.
	Required bool
	// Public is where visitors see it in the widget's configuration; empty:
	// it stays on the server. In a group that can be switched off it is public
	// while that is on.
	Public string
	// Needs is what the host must be able to do for it.
	Needs Need
	// ByLanguage says that the value is a [Words]. [Sections] sets it.
	ByLanguage bool

	// either are the columns of which a row has exactly one set.
	either [][]string
	// standard is the default of a new account, a Words, string, int64, bool, []string or
	// Duration; nil: the zero value. Words are the text of each language.
	standard any
	// builtIn is what visitors read in place of a blank text; zero: nothing.
	builtIn Words
}

// Choice is one of the values of a setting.
type Choice struct {
	Value string
	Label Words
}

// Need is what a host must be able to do for a setting to work.
type Need string

// The needs.
const (
	// NeedLogin is a social login (package widget/login, or the host's).
	NeedLogin Need = "login"
	// NeedMailer is a mailer that sends e-mails.
	NeedMailer Need = "mailer"
)

// Sections returns every setting of the configuration, once, as a settings page may show
// them. The caller may change what it gets.
func Sections() []Section {
	list := []Section{qualitySection(), automationSection(), generalSection(), chatSection()}
	config := reflect.TypeFor[Config]()
	for _, section := range list {
		for _, group := range section.Groups {
			for i := range group.Settings {
				group.Settings[i].setByLanguage(config)
			}
		}
	}
	return list
}

// setByLanguage sets ByLanguage of the setting, and of its columns, by its field of t.
func (s *Setting) setByLanguage(t reflect.Type) {
	field, ok := fieldAt(t, s.Path)
	if !ok {
		return
	}
	s.ByLanguage = field.Type == reflect.TypeFor[Words]() || field.Type == reflect.TypeFor[[]Words]()
	for i := range s.Columns {
		s.Columns[i].setByLanguage(field.Type.Elem())
	}
}

// leaf is a setting and its field in a [Config].
type leaf struct {
	*Setting
	index []int
	// order is its place in the document.
	order int
}

// of returns the setting's field of a configuration.
func (l *leaf) of(config reflect.Value) reflect.Value { return config.FieldByIndex(l.index) }

// each calls do with the setting, its path and its value; for rows it calls it with each
// column of each row.
func (s *Setting) each(path string, value reflect.Value, do func(*Setting, string, reflect.Value)) {
	if s.Kind != KindRows {
		do(s, path, value)
		return
	}
	for i := range value.Len() {
		for j := range s.Columns {
			c := &s.Columns[j]
			c.each(index(path, i)+"."+c.Path, value.Index(i).Field(fieldOf(value.Type().Elem(), c.Path)), do)
		}
	}
}

// document is every setting in the document's order, and by path.
var document = sync.OnceValue(func() (d struct {
	leaves []leaf
	byPath map[string]*leaf
}) {
	for _, section := range Sections() {
		for _, group := range section.Groups {
			for i := range group.Settings {
				s := &group.Settings[i]
				if field, ok := fieldAt(reflect.TypeFor[Config](), s.Path); ok {
					d.leaves = append(d.leaves, leaf{Setting: s, index: field.Index})
				}
			}
		}
	}
	slices.SortFunc(d.leaves, func(a, b leaf) int { return slices.Compare(a.index, b.index) })
	d.byPath = make(map[string]*leaf, len(d.leaves))
	for i := range d.leaves {
		d.leaves[i].order = i
		d.byPath[d.leaves[i].Path] = &d.leaves[i]
	}
	return d
})

// fieldAt returns the field at a JSON path, with its index from the root; false: there is
// none.
func fieldAt(t reflect.Type, path string) (field reflect.StructField, ok bool) {
	var index []int
	for key := range strings.SplitSeq(path, ".") {
		if t.Kind() != reflect.Struct || t == reflect.TypeFor[Words]() {
			return field, false
		}
		i := fieldOf(t, key)
		if i < 0 {
			return field, false
		}
		field = t.Field(i)
		index, t = append(index, i), field.Type
	}
	field.Index = index
	return field, true
}

// orderOf returns the place in the document of the setting at a path, of the one that the path
// is within, or of the first one below it; -1: there is none.
func orderOf(path string) int {
	d := document()
	for at := path; at != ""; at = at[:max(strings.LastIndexAny(at, ".["), 0)] {
		if l := d.byPath[at]; l != nil {
			return l.order
		}
	}
	return slices.IndexFunc(d.leaves, func(l leaf) bool { return strings.HasPrefix(l.Path, path+".") })
}

// Public returns what visitors may see of the chat's options: those that have a
// [Setting.Public], nested by its dots. Texts are in the visitor's language
// ([Words.In]). What belongs to something that is switched off is left out.
func (c *Chat) Public(visitor Locale) map[string]any {
	public := map[string]any{}
	config := reflect.ValueOf(Config{Chat: *c})
	for _, l := range document().leaves {
		if l.Public == "" || isOff(config, &l) {
			continue
		}
		value := l.of(config).Interface()
		if words, ok := value.(Words); ok {
			text := words.In(visitor, c.Locale)
			if IsBlank(text) && !l.builtIn.IsZero() {
				text = l.builtIn.In(visitor, c.Locale)
			}
			value = text
		}
		to, key := public, l.Public
		for {
			outer, inner, nested := strings.Cut(key, ".")
			if !nested {
				break
			}
			object, ok := to[outer].(map[string]any)
			if !ok {
				object = map[string]any{}
				to[outer] = object
			}
			to, key = object, inner
		}
		to[key] = value
	}
	return public
}

// isOff reports whether a setting belongs to something that is switched off: whether
// there is a field Enabled beside it, and it is false.
func isOff(config reflect.Value, l *leaf) bool {
	enabled := config.FieldByIndex(l.index[:len(l.index)-1]).FieldByName("Enabled")
	return enabled.IsValid() && !enabled.Bool()
}
