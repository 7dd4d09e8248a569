package chatcfg

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/charlahq/charla/internal/strictjson"
)

// Decode reads a configuration document strictly: over [Default] in the
// document's own chat.locale (else [Spanish]), so that what it leaves out is the
// default. It is [Merge] in every other respect: the error is [Problems], and it does
// not validate. Creating an account and saving a configuration do, and [Apply] reads,
// normalises and validates in one.
func Decode(doc []byte) (Config, error) {
	root, err := parseDocument(doc)
	if err != nil {
		return Config{}, err
	}
	base := Default(localeOf(root))
	return mergeTree(base, base.Chat.Locale, root)
}

// localeOf returns the chat.locale of a document, or [Spanish] if it has none.
func localeOf(root strictjson.Value) Locale {
	at := root
	for _, key := range [...]string{"chat", "locale"} {
		i := slices.IndexFunc(at.Members, func(m strictjson.Member) bool { return m.Name == key })
		if i < 0 {
			return Spanish
		}
		at = at.Members[i].Value
	}
	return Locale(at.Text)
}

// Merge lays a JSON merge patch (RFC 7396) over a configuration: objects merge,
// lists replace, null takes back the default, that of [Default] in the base's
// chat.locale. The base is left as it was.
//
// It reads strictly. Unknown keys (case matters), keys that stand twice, values
// of another type, numbers that are not whole (1.0 is) or that overflow, halves of
// characters, more than [MaxDepth] levels or [MaxDocument] bytes, and anything
// after the document are errors: [Problems], all of them, each with its path. A
// null in a list is a value of another type.
//
// Merge does not validate; see [Apply] for that. With an error, the Config is
// the base with all that could be read.
func Merge(base Config, patch []byte) (Config, error) {
	root, err := parseDocument(patch)
	if err != nil {
		return base.clone(), err
	}
	return mergeTree(base.clone(), base.Chat.Locale, root)
}

// Apply returns the configuration to save when an administrator sends a patch: [Merge],
// [Config.Normalize] and [Config.Validate] in one. A patch that switches the last social
// login off also switches "social only" off ([Config.SwitchedOff]). The error is [Problems]
// of reading and of validating together (R1.4).
func Apply(base Config, patch []byte) (Config, error) {
	merged, err := Merge(base, patch)
	merged = merged.SwitchedOff(base).Normalize()
	problems := under("", err)
	seen := len(problems)
	if seen == 1 && problems[0].Path == "" {
		return merged, problems // nothing could be read
	}
	for _, p := range under("", merged.Validate()) {
		// A value that could not be read has had its say.
		if !slices.ContainsFunc(problems[:seen], func(q Problem) bool { return within(p.Path, q.Path) }) {
			problems = append(problems, p)
		}
	}
	return merged, problems.orNil()
}

// within reports whether a path is another or below it.
func within(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// clone returns a copy that shares no memory with c; nil slices become empty ones.
func (c Config) clone() Config {
	config := reflect.ValueOf(&c).Elem()
	for _, l := range document().leaves {
		detach(l.of(config))
	}
	return c
}

// detach makes a value share no memory with what it was copied from; nil slices become
// empty ones.
func detach(value reflect.Value) {
	switch value.Kind() {
	case reflect.Slice:
		value.Set(reflect.AppendSlice(reflect.MakeSlice(value.Type(), 0, value.Len()), value))
		for i := range value.Len() {
			detach(value.Index(i))
		}
	case reflect.Pointer:
		if !value.IsNil() {
			copied := reflect.New(value.Type().Elem())
			copied.Elem().Set(value.Elem())
			value.Set(copied)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			detach(value.Field(i))
		}
	}
}

// mergeTree returns c, which it may change, with a patch merged in; null means the
// default in l. It fails with [Problems] for what it cannot read; c then has the rest.
func mergeTree(c Config, l Locale, root strictjson.Value) (Config, error) {
	if root.Kind != strictjson.Object { // null would mean the defaults of everything
		return c, refuse(CodeNotObject)
	}
	m := merger{}
	m.set(reflect.ValueOf(&c).Elem(), reflect.ValueOf(Default(l)), root, "")
	return c, m.problems.orNil()
}

type merger struct {
	problems Problems
}

// add adds a problem to m.problems.
func (m *merger) add(path string, code Code, args ...any) {
	m.problems = append(m.problems, Problem{Path: path, Code: code, Args: args})
}

// set merges a node into a value, or adds problems. null sets the value to standard, which is
// the default; where standard is not valid, there is no default and null is a problem.
func (m *merger) set(to, standard reflect.Value, n strictjson.Value, path string) {
	switch {
	case n.Broken:
		m.add(path, CodeInvalidUTF8)
		return
	case n.Kind == strictjson.Null && standard.IsValid():
		to.Set(standard)
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		// A pointer's own null is dealt with; any other value is its element's.
		element := reflect.New(to.Type().Elem())
		if !to.IsNil() {
			element.Elem().Set(to.Elem())
		}
		before := len(m.problems)
		// Durations are missing by default, so a part of one has no other
		// default than the zero that Validate refuses.
		m.set(element.Elem(), reflect.Zero(to.Type().Elem()), n, path)
		if n.Kind == strictjson.Object || len(m.problems) == before {
			to.Set(element)
		}
	case reflect.Struct:
		if words, ok := to.Addr().Interface().(*Words); ok {
			switch n.Kind {
			case '"':
				*words = Words{Any: n.Text}
				return
			case '{': // a text in no particular language is no object to merge with
				*words = words.spread()
				words.Any = ""
			default:
				m.add(path, CodeNotText)
				return
			}
		}
		m.object(to, standard, n, path)
	case reflect.Slice:
		if n.Kind != strictjson.List {
			m.add(path, CodeNotList)
			return
		}
		list := reflect.MakeSlice(to.Type(), len(n.Items), len(n.Items))
		for i, item := range n.Items {
			m.set(list.Index(i), reflect.Value{}, item, index(path, i))
		}
		to.Set(list)
	case reflect.String:
		if n.Kind != strictjson.String {
			m.add(path, CodeNotText)
			return
		}
		to.SetString(n.Text)
	case reflect.Bool:
		if n.Kind != strictjson.True && n.Kind != strictjson.False {
			m.add(path, CodeNotBoolean)
			return
		}
		to.SetBool(n.Kind == strictjson.True)
	case reflect.Int64:
		value, code := whole(n)
		if code != "" {
			m.add(path, code)
			return
		}
		to.SetInt(value)
	default:
		panic("chatcfg: the document has no values of type " + to.Type().String())
	}
}

// whole returns a number that is whole, in any spelling (1, 1.0, 1e2), as JSON Schema defines
// it, and the empty code. If it is not, or does not fit, whole returns zero and the code of the
// problem. With a point or an exponent, what is beyond 2^53 does not fit.
func whole(n strictjson.Value) (int64, Code) {
	if n.Kind != strictjson.Number {
		return 0, CodeNotInteger
	}
	value, err := strconv.ParseInt(n.Text, 10, 64)
	switch {
	case err == nil:
		return value, ""
	case errors.Is(err, strconv.ErrRange):
		return 0, CodeOverflow
	}
	// Beyond 2^53 a float64 would make a whole number of one that is not.
	const exact = 1 << 53
	float, err := strconv.ParseFloat(n.Text, 64)
	switch {
	case err != nil || math.Abs(float) > exact:
		return 0, CodeOverflow
	case float != math.Trunc(float) || float == 0 && !isZero(n.Text):
		return 0, CodeNotInteger
	}
	return int64(float), ""
}

// isZero reports whether a number's digits are all zero: 0.0, but not 1e-999.
func isZero(number string) bool {
	digits, _, _ := strings.Cut(strings.ToLower(number), "e")
	return strings.Trim(digits, "-0.") == ""
}

// object merges the members of a JSON object into a struct, or adds problems, as set
// does.
func (m *merger) object(to, standard reflect.Value, n strictjson.Value, path string) {
	if n.Kind != strictjson.Object {
		m.add(path, CodeNotObject)
		return
	}
	seen := make(map[string]bool, len(n.Members))
	for _, one := range n.Members {
		at := Path(path, one.Name)
		i := fieldOf(to.Type(), one.Name)
		switch {
		case seen[one.Name]:
			m.add(at, CodeDuplicateKey)
		case i < 0:
			m.add(at, CodeUnknownKey)
		default:
			inner := reflect.Value{}
			if standard.IsValid() {
				inner = standard.Field(i)
			}
			m.set(to.Field(i), inner, one.Value, at)
		}
		seen[one.Name] = true
	}
}

// fieldOf returns the index of the field with that JSON name; -1: there is none.
func fieldOf(t reflect.Type, key string) int {
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name == key && name != "" {
			return i
		}
	}
	return -1
}
