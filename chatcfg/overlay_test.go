package chatcfg_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overlaid runs tests of this package with changed and added files, and returns
// what they print.
func overlaid(t *testing.T, pattern string, change map[string]func(string) string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for name, edit := range change {
		here, err := filepath.Abs(name)
		require.NoError(t, err)
		was, err := os.ReadFile(name)
		if !os.IsNotExist(err) {
			require.NoError(t, err)
		}
		became := edit(string(was))
		require.NotEqual(t, string(was), became, name)
		replace[here] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(replace[here], []byte(became), 0o600))
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	overlay := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, body, 0o600))
	out, err := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-overlay", overlay, "-run", pattern, ".").CombinedOutput()
	return string(out), err
}

// after puts a text behind the first occurrence of another.
func after(place, text string) func(string) string {
	return func(s string) string { return strings.Replace(s, place, place+text, 1) }
}

const (
	lastField = "	HeaderMessage Words `json:\"headerMessage\"`\n"
	lastGroup = "				Label: say(\"Mensajes de la ventana\", \"Messages of the window\", \"Mensagens da janela\"),\n				Settings: []Setting{\n"
)

// probe is what a setting does that has but a field and a row.
const probe = `package chatcfg_test

import (
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProbe(t *testing.T) {
	c := valid()
	assert.Equal(t, "Adiós", c.Chat.Farewell.Any, "defaults")
	assert.Equal(t, "Bye", chatcfg.Default(chatcfg.English).Chat.Farewell.Any, "defaults")
	c, err := chatcfg.Merge(c, []byte("{\"chat\": {\"farewell\": {\"pt\": \" Tchau \"}}}"))
	require.NoError(t, err, "merge")
	assert.Equal(t, "Tchau", c.Normalize().Chat.Farewell.PT, "normalising")
	c = c.Normalize()
	assert.Equal(t, "Tchau", c.Chat.Public(chatcfg.English)["farewell"], "public configuration")
	c.Chat.Farewell.PT = strings.Repeat("a", 31)
	assert.Equal(t, []string{"chat.farewell.pt too_long"}, found(t, c.Validate()), "validation")
	assert.NotEmpty(t, against(t, encode(t, c)), "schema")
	c.Chat.Farewell.PT = ""
	assert.Empty(t, against(t, encode(t, c)), "schema")
}
`

// TestOneSettingIsOneRow: a setting that has a field and a row is read, checked,
// spelled, described, shown and told to visitors; of one that lacks something,
// one line says which lacks what.
func TestOneSettingIsOneRow(t *testing.T) {
	t.Parallel()
	t.Run("complete", func(t *testing.T) {
		t.Parallel()
		out, err := overlaid(t, "^(TestProbe|TestSettings|TestDefault|TestMerge|TestDecode|TestSchemaAccepts)$", map[string]func(string) string{
			"config.go": after(lastField, "	Farewell Words `json:\"farewell\"`\n"),
			"rows_chat.go": after(lastGroup, `{Path: "chat.farewell", Kind: KindLine, Length: 30, Public: "farewell", `+
				`Label: say("Despedida", "Farewell", "Despedida"), standard: say("Adiós", "Bye", "Tchau")},`),
			"probe_test.go": func(string) string { return probe },
		})
		assert.NoError(t, err, out)
	})
	t.Run("incomplete", func(t *testing.T) {
		t.Parallel()
		field := func(name, kind string) string {
			return "	" + name + " " + kind + " `json:\"" + strings.ToLower(name) + "\"`\n"
		}
		label := `Label: say("a", "b", "c")`
		out, err := overlaid(t, "^TestSettings$", map[string]func(string) string{
			"config.go": after(lastField, field("Norow", "bool")+field("Nopt", "bool")+field("Nolength", "string")+field("Nochoices", "string")+
				field("Nomax", "int64")+field("Nokind", "string")+field("Noitems", "[]string")+field("Otherkind", "bool")+field("Halfhelp", "bool")),
			"rows_chat.go": after(lastGroup, `
{Path: "chat.nofield", Kind: KindSwitch, `+label+`},
{Path: "chat.nopt", Kind: KindSwitch, Label: say("a", "b", "")},
{Path: "chat.nolength", Kind: KindLine, `+label+`},
{Path: "chat.nochoices", Kind: KindChoice, `+label+`},
{Path: "chat.nomax", Kind: KindNumber, `+label+`},
{Path: "chat.nokind", `+label+`},
{Path: "chat.noitems", Kind: KindEmail, `+label+`},
{Path: "chat.otherkind", Kind: KindLine, Length: 1, `+label+`},
{Path: "chat.halfhelp", Kind: KindSwitch, Help: Words{ES: "a"}, `+label+`},
`),
		})
		require.Error(t, err, out)
		var lines []string
		for _, m := range regexp.MustCompile(`(?m)settings_test\.go:\d+: (.*)$`).FindAllStringSubmatch(out, -1) {
			lines = append(lines, m[1])
		}
		slices.Sort(lines)
		assert.Equal(t, []string{
			"chat.halfhelp: has a help that is not in es, en and pt",
			"chat.nochoices: has no Choices",
			"chat.nofield: has a row and no field",
			"chat.noitems: has Items and is no list, or is a list without Items",
			"chat.nokind: has no Kind that there is",
			"chat.nolength: has no Length",
			"chat.nomax: has no Min and Max",
			"chat.nopt: has no label in es, en and pt",
			"chat.norow: has a field and no row",
			"chat.otherkind: is a bool, which its kind \"line\" is not",
		}, lines, out)
	})
}
