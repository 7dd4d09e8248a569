package chatcfg_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSettings: SPEC section 10: every field of the configuration has its row, and
// every row all that is made from it.
func TestSettings(t *testing.T) {
	t.Parallel()
	for _, fault := range faults() {
		t.Error(fault)
	}
}

// rows are all settings.
func rows() []chatcfg.Setting {
	var all []chatcfg.Setting
	for _, section := range chatcfg.Sections() {
		for _, group := range section.Groups {
			all = append(all, group.Settings...)
		}
	}
	return all
}

// faults finds what is wrong with the rows, a line each.
func faults() []string {
	var all []string
	report := func(ok bool, path, fault string) {
		if !ok {
			all = append(all, path+": "+fault)
		}
	}
	fields := map[string]reflect.Type{}
	fieldsOf(fields, "", reflect.TypeFor[chatcfg.Config]())
	seen := map[string]bool{}
	for _, s := range rows() {
		report(!seen[s.Path], s.Path, "has two rows")
		seen[s.Path] = true
		field, ok := fields[s.Path]
		report(ok, s.Path, "has a row and no field")
		if ok {
			complete(report, s.Path, s, field)
		}
	}
	for path := range fields {
		report(seen[path], path, "has a field and no row")
	}
	for _, section := range chatcfg.Sections() {
		report(said(section.Label) && said(section.Help), section.Key, "has no label or help in es, en and pt")
		for _, group := range section.Groups {
			first := group.Settings[0]
			switched := group.Label.IsZero() && first.Kind == chatcfg.KindSwitch
			report(switched || said(group.Label), first.Path, "begins a group without a label in es, en and pt")
			report(group.Help.IsZero() || said(group.Help), first.Path, "begins a group whose help is not in es, en and pt")
		}
	}
	return all
}

// fieldsOf collects the leaves of a struct by their JSON paths.
func fieldsOf(fields map[string]reflect.Type, path string, t reflect.Type) {
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[chatcfg.Words]() {
		fields[path] = t
		return
	}
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fieldsOf(fields, strings.TrimPrefix(path+"."+key, "."), t.Field(i).Type)
	}
}

// said reports whether a text is there in every language.
func said(w chatcfg.Words) bool {
	return w.Any != "" || w.ES != "" && w.EN != "" && w.PT != ""
}

func complete(report func(bool, string, string), path string, s chatcfg.Setting, field reflect.Type) {
	report(said(s.Label), path, "has no label in es, en and pt")
	report(s.Help.IsZero() || said(s.Help), path, "has a help that is not in es, en and pt")
	list := field.Kind() == reflect.Slice
	report(list == (s.Items > 0), path, "has Items and is no list, or is a list without Items")
	element := field
	if list {
		element = field.Elem()
	}
	words := element == reflect.TypeFor[chatcfg.Words]()
	report(s.ByLanguage == words, path, "is by language and no Words, or a Words and not by language")
	fits := element.Kind() == reflect.String
	switch s.Kind {
	case chatcfg.KindSwitch:
		fits = element.Kind() == reflect.Bool
	case chatcfg.KindNumber:
		fits = element.Kind() == reflect.Int64
		report(s.Min < s.Max, path, "has no Min and Max")
	case chatcfg.KindDuration:
		fits = element == reflect.TypeFor[*chatcfg.Duration]()
		report(s.Min > 0, path, "has no Min")
	case chatcfg.KindLine, chatcfg.KindText, chatcfg.KindTemplate, chatcfg.KindKeyword:
		fits = fits || words
		report(s.Length > 0, path, "has no Length")
	case chatcfg.KindChoice:
		report(len(s.Choices) > 1, path, "has no Choices")
		for _, choice := range s.Choices {
			report(said(choice.Label), path+"="+choice.Value, "has no label in es, en and pt")
		}
	case chatcfg.KindRows:
		fits = element.Kind() == reflect.Struct
		columns, seen := map[string]reflect.Type{}, map[string]bool{}
		if fits {
			fieldsOf(columns, "", element)
		}
		for _, column := range s.Columns {
			at := path + "[]." + column.Path
			seen[column.Path] = true
			inner, ok := columns[column.Path]
			report(ok, at, "has a column and no field")
			if ok {
				complete(report, at, column, inner)
			}
		}
		for key := range columns {
			report(seen[key], path+"[]."+key, "has a field and no column")
		}
	case chatcfg.KindEmail, chatcfg.KindDomain, chatcfg.KindHosts, chatcfg.KindColor, chatcfg.KindZone,
		chatcfg.KindDate, chatcfg.KindYearly, chatcfg.KindTime, chatcfg.KindEnd:
	default:
		report(false, path, "has no Kind that there is")
	}
	report(fits, path, fmt.Sprintf("is a %s, which its kind %q is not", field, s.Kind))
}

// TestSettingsInSpec: the names of SPEC section 10 are those of the rows.
func TestSettingsInSpec(t *testing.T) {
	t.Parallel()
	spec, err := os.ReadFile("../docs/SPEC.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(spec), "## 10. The configuration document")
	require.True(t, found)
	_, block, _ := strings.Cut(section, "```\n")
	block, _, found = strings.Cut(block, "```")
	require.True(t, found)
	block = regexp.MustCompile(`"[^"]*"|\(duration or null\)|\(each `).ReplaceAllString(block, " ")
	block = strings.ReplaceAll(block, "(duration or null)", " ")
	inSpec := map[string]map[string]bool{}
	top := ""
	for _, line := range strings.Split(block, "\n") {
		if name, rest, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, " ") {
			top, line = name, rest
			inSpec[top] = map[string]bool{}
		}
		for _, word := range regexp.MustCompile(`[A-Za-z]+`).FindAllString(line, -1) {
			inSpec[top][word] = true
		}
	}
	inRows := map[string]map[string]bool{}
	add := func(path string) {
		top, rest, _ := strings.Cut(path, ".")
		if inRows[top] == nil {
			inRows[top] = map[string]bool{}
		}
		for key := range strings.SplitSeq(rest, ".") {
			inRows[top][key] = true
		}
	}
	for _, s := range rows() {
		add(s.Path)
		for _, column := range s.Columns {
			add(s.Path + "." + column.Path)
		}
	}
	assert.Equal(t, inSpec, inRows)
}

// TestPublic: what visitors may see, in their language; what is switched off is not
// there, nor is what stays on the server.
func TestPublic(t *testing.T) {
	t.Parallel()
	c := withHours().Chat
	c.HeaderMessage = chatcfg.Words{ES: "Hola", PT: "Olá"}
	public := c.Public(chatcfg.Portuguese)
	assert.Equal(t, "Olá", public["headerMessage"])
	assert.Equal(t, "Hola", c.Public("")["headerMessage"])
	assert.Equal(t, map[string]any{"anonymous": false, "email": false, "rut": false, "phone": false}, public["entry"])
	for _, off := range []string{"longButton", "openOnLoad", "welcome", "contact"} {
		assert.NotContains(t, public, off)
	}
	for _, private := range []string{"domain", "extraDomains", "facebook", "hidden"} {
		assert.NotContains(t, public, private)
	}
	c.LongButton = chatcfg.LongButton{Enabled: true, Text: chatcfg.Words{Any: "Ayuda"}}
	c.OpenOnLoad.Enabled = true
	public = c.Public(chatcfg.Portuguese)
	assert.Equal(t, "Ayuda", public["longButton"])
	assert.Equal(t, map[string]any{"delaySeconds": int64(10), "devices": chatcfg.AllDevices}, public["openOnLoad"])
	for _, s := range rows() {
		assert.True(t, s.Public == "" || strings.HasPrefix(s.Path, "chat."), "%s cannot be public", s.Path)
	}
}

// TestSectionsAreTheCallers: what somebody does to a list of settings stays theirs.
func TestSectionsAreTheCallers(t *testing.T) {
	t.Parallel()
	before := rows()
	list := chatcfg.Sections()
	list[0].Groups[0].Settings[0].Kind = chatcfg.KindColor
	list[3].Groups[0].Settings[3].Choices[0].Value = "xx"
	assert.True(t, slices.EqualFunc(before, rows(), func(a, b chatcfg.Setting) bool { return a.Kind == b.Kind }))
	assert.NoError(t, valid().Validate())
}
