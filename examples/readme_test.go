// Package examples_test keeps the README and the specification's tables true.
package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/charlahq/charla/automation/scenario"
	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/require"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	require.NoError(t, err)
	return string(text)
}

// block is the only fenced block of a language.
func block(t *testing.T, language string) string {
	t.Helper()
	found := regexp.MustCompile("(?s)\n```"+language+"\n(.*?)```").FindAllStringSubmatch(readme(t), -1)
	require.Len(t, found, 1)
	return found[0][1]
}

// TestProgram: the README's program is examples/first, which is compiled and run.
func TestProgram(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join("first", "main.go"))
	require.NoError(t, err)
	_, program, _ := strings.Cut(string(source), "\n")
	require.Equal(t, program, block(t, "go"))
}

// TestScenario: the README's scenario holds.
func TestScenario(t *testing.T) {
	t.Parallel()
	script, err := scenario.Parse("README.md", []byte(block(t, "txtar")))
	require.NoError(t, err)
	require.NoError(t, script.Play(t.Context(), nil))
}

// rows are the rows of the specification's table whose head holds a title, its head first.
func rows(t *testing.T, title string) [][]string {
	t.Helper()
	spec, err := os.ReadFile(filepath.Join("..", "docs", "SPEC.md"))
	require.NoError(t, err)
	var table [][]string
	for line := range strings.Lines(string(spec)) {
		if strings.HasPrefix(line, "|") && (len(table) > 0 || strings.Contains(line, title)) {
			cells := strings.Split(strings.Trim(line, "|\n"), "|")
			for i := range cells {
				cells[i] = strings.Trim(cells[i], " `")
			}
			table = append(table, cells)
		} else if len(table) > 0 {
			break
		}
	}
	require.NotEmpty(t, table)
	return append(table[:1], table[2:]...)
}

// TestActions: the eight actions of section 4 are the configuration's.
func TestActions(t *testing.T) {
	t.Parallel()
	table := rows(t, "| key | fires |")[1:]
	require.Len(t, table, 8)
	for _, row := range table {
		_, err := chatcfg.Decode([]byte(`{"automation": {"` + row[1] + `": {"enabled": true}}}`))
		require.NoError(t, err)
	}
}

// TestStates: the table of R3.3 is the transition table.
func TestStates(t *testing.T) {
	t.Parallel()
	columns := map[string]tickets.CommandKind{
		"customer writes": tickets.CommandWrite, "visitor ends": tickets.CommandEnd, "agent replies": tickets.CommandReply, "agent closes": tickets.CommandClose,
		"agent ignores": tickets.CommandIgnore, "agent opens": tickets.CommandOpen, "auto-close": tickets.CommandExpire,
	}
	table := rows(t, "agent ignores")
	require.Len(t, table, 5)
	for _, row := range table[1:] {
		from := tickets.Status(row[0])
		if row[0] == "(none)" {
			from = tickets.StatusNone
		}
		for i, cell := range row[1:] {
			kind, ok := columns[table[0][i+1]]
			require.True(t, ok)
			cell, _, _ = strings.Cut(cell, " (")
			cell, _, _ = strings.Cut(cell, ",")
			to, ok := tickets.Next(from, kind)
			want := string(to)
			switch {
			case !ok && kind == tickets.CommandExpire:
				want = "never"
			case !ok:
				want = "error"
			case kind == tickets.CommandWrite && (from == tickets.StatusNone || from == tickets.StatusClosed):
				want = "new ticket"
			}
			require.Equal(t, want, cell, "%s, %s", row[0], kind)
		}
	}
}
