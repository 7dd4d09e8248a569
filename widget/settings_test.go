package widget_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write ui/src/settings.ts")

// TestSettingsType: the TypeScript type of what the widget is told of the settings
// is the one that the settings make. To renew it: go test ./widget -run SettingsType -update
func TestSettingsType(t *testing.T) {
	t.Parallel()
	const name = "ui/src/settings.ts"
	want := settingsType()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
	}
	file, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, want, string(file), "run go test ./widget -run SettingsType -update")
}

// member is a value of the public configuration, or an object of them.
type member struct {
	kind     string
	optional bool
	inner    map[string]*member
}

func settingsType() string {
	root := &member{inner: map[string]*member{}}
	var all []chatcfg.Setting
	for _, section := range chatcfg.Sections() {
		for _, group := range section.Groups {
			all = append(all, group.Settings...)
		}
	}
	for _, s := range all {
		if s.Public == "" {
			continue
		}
		at := root
		for key := range strings.SplitSeq(s.Public, ".") {
			if at.inner[key] == nil {
				at.inner[key] = &member{inner: map[string]*member{}}
			}
			at = at.inner[key]
		}
		at.kind = typeOf(s)
		// What belongs to something that can be switched off may be missing.
		parent := s.Path[:strings.LastIndexByte(s.Path, '.')]
		if slices.ContainsFunc(all, func(other chatcfg.Setting) bool { return other.Path == parent+".enabled" }) {
			outer, _, _ := strings.Cut(s.Public, ".")
			root.inner[outer].optional = true
		}
	}
	var b strings.Builder
	b.WriteString("// Generated from the rows of chatcfg by go test ./widget -run SettingsType -update. Not to be edited.\n\n")
	b.WriteString("/** The settings that visitors may see. */\nexport interface Settings ")
	root.write(&b, "")
	b.WriteString("\n")
	return b.String()
}

func typeOf(s chatcfg.Setting) string {
	kind := "string"
	switch s.Kind {
	case chatcfg.KindSwitch:
		kind = "boolean"
	case chatcfg.KindNumber:
		kind = "number"
	case chatcfg.KindChoice:
		var values []string
		for _, choice := range s.Choices {
			values = append(values, "'"+choice.Value+"'")
		}
		kind = strings.Join(values, " | ")
	}
	if s.Items > 0 {
		kind = "(" + kind + ")[]"
	}
	return kind
}

func (m *member) write(b *strings.Builder, indent string) {
	if m.kind != "" {
		b.WriteString(m.kind)
		return
	}
	b.WriteString("{\n")
	for _, key := range slices.Sorted(maps.Keys(m.inner)) {
		b.WriteString(indent + "  " + key)
		if m.inner[key].optional {
			b.WriteString("?")
		}
		b.WriteString(": ")
		m.inner[key].write(b, indent+"  ")
		b.WriteString("\n")
	}
	b.WriteString(indent + "}")
}
