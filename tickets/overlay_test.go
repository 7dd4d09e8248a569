package tickets_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// snooze is a command as somebody would add it.
const snooze = `	{
		Kind: "snooze", By: ActorAgent, Follows: true, do: (*Draft).ignore, To: kept(StatusOpen),
		Words: words("{actor} pospuso el ticket", "{actor} snoozed the ticket", "{actor} adiou o ticket"),
	},
`

// TestAddedCommand adds a command by one row, as anybody would: it is complete.
// With any of its parts missing, one failure names what is missing.
func TestAddedCommand(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("commands.go")
	require.NoError(t, err)
	matrix, err := os.ReadFile("matrix_test.go")
	require.NoError(t, err)
	for name, tt := range map[string]struct{ old, new, want string }{
		"complete":      {"", "", ""},
		"no Portuguese": {`"{actor} adiou o ticket"`, `""`, "snooze: its words lack pt"},
		"nobody named":  {"{actor} snoozed", "Snoozed", "snooze: its words in en do not say who"},
		"no sender":     {"By: ActorAgent,", "", "snooze: nobody may send it"},
		"no effect":     {"do: (*Draft).ignore,", "", "snooze: it does nothing"},
		"no status":     {"To: kept(StatusOpen),", "", "snooze: no status lets it happen"},
		"no column":     {"column", "", "snooze: TestMatrix has no column for it"},
	} {
		t.Run(name, func(t *testing.T) {
			row := strings.Replace(snooze, tt.old, tt.new, 1)
			files := map[string]string{
				"commands.go": strings.Replace(string(table), "var commands = []CommandRow{\n", "var commands = []CommandRow{\n"+row, 1),
			}
			if tt.old != "column" {
				files["matrix_test.go"] = strings.Replace(string(matrix), "columns = []tickets.CommandKind{\n", "columns = []tickets.CommandKind{\"snooze\",\n", 1)
			}
			output, err := testOverlaid(t, files)
			if tt.want == "" {
				require.NoError(t, err, output)
				return
			}
			require.Error(t, err)
			assert.Contains(t, output, tt.want)
		})
	}
}

// testOverlaid runs the test of completeness with files in place of the package's
// own.
func testOverlaid(t *testing.T, files map[string]string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs(".")
	require.NoError(t, err)
	replace := map[string]string{}
	for name, body := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
		replace[filepath.Join(here, name)] = path
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	overlay := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, body, 0o600))
	output, err := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay="+overlay, "-run=^TestCommandsAreComplete$", ".").CombinedOutput()
	return string(output), err
}
