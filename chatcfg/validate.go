package chatcfg

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Validate returns every problem of the configuration at once, as [Problems],
// each with its JSON path; nil if there is none (R1.4). It judges what
// [Config.Normalize] makes of the configuration, and that is what to keep.
//
// Values are checked whether or not what they belong to is switched on, so that
// switching on never meets an old mistake; only what may be missing while it is
// off depends on the switch.
func (c Config) Validate() error {
	c = c.Normalize()
	v := validator{hasHours: !c.Hours.IsOnlyZone()}
	v.checkMissing(&c)
	config := reflect.ValueOf(&c).Elem()
	for _, l := range document().leaves {
		v.setting(l.Setting, l.Path, l.of(config))
	}
	v.checkTogether(&c)
	slices.SortStableFunc(v.problems, func(a, b Problem) int { return cmp.Compare(orderOf(a.Path), orderOf(b.Path)) })
	// What is stored must be readable again.
	if len(v.problems) == 0 {
		if doc, err := json.Marshal(c); err != nil || len(doc) > MaxDocument {
			v.add("", CodeTooLarge, MaxDocument)
		}
	}
	return v.problems.orNil()
}

type validator struct {
	hasHours bool
	problems Problems
}

// add adds a problem to v.problems.
func (v *validator) add(path string, code Code, args ...any) {
	v.problems = append(v.problems, Problem{Path: path, Code: code, Args: args})
}

// setting adds the problems that the value at a path has by its row. Business hours are
// left to [Hours.Compile].
func (v *validator) setting(s *Setting, path string, value reflect.Value) {
	if s.Required {
		v.required(path, value)
	}
	switch at := value.Addr().Interface().(type) {
	case **Duration:
		v.duration(s, path, *at)
	case *int64:
		if *at < s.Min || *at > s.Max {
			v.add(path, CodeOutOfRange, s.Min, s.Max)
		}
	case *Words:
		at.each(path, func(path, text string) { v.text(s, path, text) })
	case *[]Words:
		if v.few(s, path, len(*at)) {
			for i, words := range *at {
				words.each(index(path, i), func(path, text string) { v.text(s, path, text) })
			}
		}
	case *[]string:
		if v.few(s, path, len(*at)) {
			v.list(s, path, *at)
		}
	case *[]Reminder:
		if v.few(s, path, len(*at)) {
			s.each(path, value, v.setting)
		}
	default:
		if value.Kind() == reflect.String {
			v.text(s, path, value.String())
		}
	}
}

// required adds a problem if a value is missing: nil, without elements, or blank in one of its
// languages.
func (v *validator) required(path string, value reflect.Value) {
	missing := func(path, text string) {
		if IsBlank(text) {
			v.add(path, CodeRequired)
		}
	}
	switch at := value.Addr().Interface().(type) {
	case *Words:
		at.each(path, missing)
	case *string:
		missing(path, *at)
	default:
		if value.IsNil() || value.Kind() == reflect.Slice && value.Len() == 0 {
			v.add(path, CodeRequired)
		}
	}
}

// few reports whether a list of n elements is short enough; if not, it adds a problem.
func (v *validator) few(s *Setting, path string, n int) bool {
	if n > s.Items {
		v.add(path, CodeTooMany, s.Items)
	}
	return n <= s.Items
}

// text adds the problems of a value that is a text. An empty one is no problem, except where
// the kind demands a value.
func (v *validator) text(s *Setting, path, text string) {
	switch s.Kind {
	case KindChoice:
		v.choice(path, text, s.Choices)
	case KindTemplate:
		v.template(path, text, s.Length)
	case KindKeyword:
		v.keyword(path, text, s.Length)
	case KindLine, KindText:
		if text != "" && IsBlank(text) && !v.problems.Has(path, CodeRequired) {
			v.add(path, CodeBlank)
		}
		v.problems = append(v.problems, checkString(path, text, s.Length, false, s.Kind == KindText)...)
	default:
		if parse := traits[s.Kind].parse; parse != nil && text != "" {
			_, err := parse(text)
			v.problems = append(v.problems, under(path, err)...)
		}
	}
}

// duration adds the problems of a duration; nil has none.
func (v *validator) duration(s *Setting, path string, d *Duration) {
	if d == nil {
		return
	}
	v.choice(path+".unit", string(d.Unit), Units())
	switch {
	case d.Value < 1:
		v.add(path+".value", CodeNotPositive)
	case unitStd(d.Unit) == 0:
	case d.Std() > MaxDuration:
		v.add(path, CodeDurationLong, int(MaxDuration/unitStd(UnitDays)))
	case d.Std() < time.Duration(s.Min)*time.Second:
		v.add(path, CodeDurationShort)
	}
}

// choice adds a problem if a value is empty or not among the choices.
func (v *validator) choice(path, value string, choices []Choice) {
	values := valuesOf(choices)
	switch {
	case value == "":
		v.add(path, CodeRequired)
	case !slices.Contains(values, value):
		v.add(path, CodeInvalidChoice, value, strings.Join(values, ", "))
	}
}

// valuesOf returns the values of choices.
func valuesOf(choices []Choice) []string {
	values := make([]string, len(choices))
	for i, choice := range choices {
		values[i] = choice.Value
	}
	return values
}

// template adds the problems of a text with variables, and one if it needs business
// hours and there are none.
func (v *validator) template(path, s string, limit int) {
	if bad := CheckText(path, s, limit); bad != nil {
		v.problems = append(v.problems, bad...)
		if bad.Has(path, CodeTooLong) || bad.Has(path, CodeInvalidUTF8) {
			return
		}
	}
	text, err := ParseText(s)
	v.problems = append(v.problems, under(path, err)...)
	v.needsHours(path, text.Uses(VarNextOpen))
}

// keyword adds the problems of a keyword, in which a star may only be at the end.
func (v *validator) keyword(path, s string, limit int) {
	if bad := checkString(path, s, limit, true, false); bad != nil {
		v.problems = append(v.problems, bad...)
		return
	}
	stem, prefix := strings.CutSuffix(s, "*")
	if strings.Contains(stem, "*") || prefix && stem != strings.TrimSpace(stem) || prefix && IsBlank(stem) {
		v.add(path, CodeKeywordStar)
	}
}

// list adds the problems of a list's elements. None may be blank, and, keywords aside, none
// may stand twice, not even in another case.
func (v *validator) list(s *Setting, path string, values []string) {
	parse := traits[s.Kind].parse
	if parse == nil {
		parse = func(text string) (string, error) { return text, nil }
	}
	seen := make(map[string]bool, len(values))
	for i, value := range values {
		at := index(path, i)
		if s.Kind == KindKeyword {
			v.text(s, at, value)
			continue
		}
		if value == "" {
			v.add(at, CodeBlank)
			continue
		}
		if s.Kind == KindLine || s.Kind == KindChoice {
			v.text(s, at, value)
		}
		parsed, err := parse(value)
		if err != nil {
			v.problems = append(v.problems, under(at, err)...)
			continue
		}
		key := strings.ToLower(parsed)
		if seen[key] {
			v.add(at, CodeDuplicate, parsed)
		}
		seen[key] = true
	}
}
