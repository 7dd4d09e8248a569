package frozen_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// edit puts a text before the first occurrence of another in a file of the repository;
// of a file that is not there it makes one.
type edit struct{ file, before, text string }

// overlaid runs tests of a folder of the repository with files edited, and returns what
// they print.
func overlaid(t *testing.T, folder, pattern string, edits []edit) (string, error) {
	t.Helper()
	dir := t.TempDir()
	replace, became := map[string]string{}, map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join(root, e.file))
		require.NoError(t, err)
		if became[path] == "" && e.before != "" {
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			became[path] = string(body)
		}
		require.Contains(t, became[path], e.before, e.file)
		became[path] = strings.Replace(became[path], e.before, e.text+e.before, 1)
		replace[path] = filepath.Join(dir, strings.ReplaceAll(e.file, "/", "_"))
		require.NoError(t, os.WriteFile(replace[path], []byte(became[path]), 0o600))
	}
	body, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	overlay := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(overlay, body, 0o600))
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-overlay", overlay, "-run", pattern, ".")
	cmd.Dir = filepath.Join(root, folder)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// column is a row of the table of columns, condition a field of queries.
func column(row string) edit {
	return edit{"storage/ticketquery.go", "	{\n		Column: columns.Column{\n			Name: \"created\"", row}
}

func condition(field string) edit {
	return edit{"storage/ticketquery.go", "	Order Order\n", field}
}

// added are three indexed columns as somebody would add them: a new field of tickets and
// two that they have already, which databases of before are filled with. They are three
// files: tickets/ticket.go, storage/internal/codec/ticket.go and storage/ticketquery.go.
func added(t *testing.T) []edit {
	t.Helper()
	sqlite, postgres := next(t, "SQLite", "storage/sqlite"), next(t, "Postgres", "storage/postgres")
	return []edit{
		{"tickets/ticket.go", "	// Customer is a copy of who wrote, for lists.\n", "	Mood string `json:\"mood,omitempty\"`\n"},
		{"storage/internal/codec/ticket.go", "	for i := range t.Memory {\n", "	b = appendText(b, 1000, t.Mood)\n"},
		{"storage/internal/codec/ticket.go", "		case 25:\n", "		case 1000:\n			t.Mood = r.string()\n"},
		condition("	Mood   string\n	Agent  tickets.AgentID\n	Paused bool\n"),
		column(`{
	Column: columns.Column{
		Name: "mood", Type: columns.Text, Nullable: true, Since: columns.Since{` + since(sqlite, postgres) + `},
		Value: func(t *tickets.Ticket) columns.Value { return columns.StringOrNull(t.Mood) },
	},
	wanted: func(q *TicketQuery) columns.Value { return columns.StringOrNull(q.Mood) },
},
{
	Column: columns.Column{
		Name: "agent", Type: columns.Text, Since: columns.Since{` + since(sqlite+1, postgres+1) + `},
		Value: func(t *tickets.Ticket) columns.Value { return columns.String(t.Agent) },
	},
	wanted: func(q *TicketQuery) columns.Value { return columns.StringOrNull(q.Agent) },
},
{
	Column: columns.Column{
		Name: "paused", Type: columns.Flag, Since: columns.Since{` + since(sqlite+2, postgres+2) + `},
		Value: func(t *tickets.Ticket) columns.Value { return columns.Bool(t.Paused) },
	},
	wanted: func(q *TicketQuery) columns.Value { return columns.TrueOrNull(q.Paused) },
},
`),
	}
}

// next returns the number of the next migration of a store: after those that are files and
// those that are columns.
func next(t *testing.T, store, folder string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", folder, "migrations", "*.sql"))
	require.NoError(t, err)
	rows, err := os.ReadFile("../../storage/ticketquery.go")
	require.NoError(t, err)
	for _, file := range files {
		number, err := strconv.Atoi(filepath.Base(file)[:4])
		require.NoError(t, err)
		n = max(n, number)
	}
	for _, m := range regexp.MustCompile(store+`: (\d+)`).FindAllSubmatch(rows, -1) {
		number, err := strconv.Atoi(string(m[1]))
		require.NoError(t, err)
		n = max(n, number)
	}
	return n + 1
}

// since is the source of a column's numbers.
func since(sqlite, postgres int) string {
	return fmt.Sprintf("SQLite: %d, Postgres: %d", sqlite, postgres)
}

// judged is what the conformance suite is told of the conditions, and probe a test that
// lists by them what an older build stored.
var (
	judged = []edit{
		{"storage/storagetest/tickets.go", "	switch i % 5 {\n	case 0:\n", "	t.Mood, t.Agent, t.Paused = []string{\"\", \"alegre\", \"Alegre\"}[i%3], []tickets.AgentID{\"\", \"ana\"}[i%2], i%5 == 0\n"},
		{"storage/storagetest/tickets.go", "	{\"all at once\"", `
{"mood", storage.TicketQuery{Mood: "alegre"}, func(t *tickets.Ticket) bool { return t.Mood == "alegre" }},
{"agent", storage.TicketQuery{Agent: "ana"}, func(t *tickets.Ticket) bool { return t.Agent == "ana" }},
{"paused", storage.TicketQuery{Paused: true, Agent: "ana"}, func(t *tickets.Ticket) bool { return t.Paused && t.Agent == "ana" }},
`},
	}
	probe = edit{file: "lab/frozen/probe_test.go", text: `package frozen_test

import (
	"testing"

	"github.com/charlahq/charla/storage"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProbe(t *testing.T) {
	for _, s := range []storage.Store{openSQLite(t, frozenFile(t)), openPostgres(t, frozenDatabase(t, server(t)))} {
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		found := map[string]int{}
		for _, id := range kept(t).Accounts {
			list := func(q storage.TicketQuery) (refs []tickets.Ref) {
				q.Account = account(t, id)
				page, err := s.Queries().Tickets(t.Context(), q)
				require.NoError(t, err)
				for _, row := range page.Items {
					refs = append(refs, tickets.Ref{Conversation: row.Conversation, Number: row.Number})
				}
				return refs
			}
			all, err := s.Queries().Tickets(t.Context(), storage.TicketQuery{Account: account(t, id)})
			require.NoError(t, err)
			require.Empty(t, all.Next)
			wanted := map[tickets.AgentID][]tickets.Ref{}
			var paused []tickets.Ref
			for _, row := range all.Items {
				ref := tickets.Ref{Conversation: row.Conversation, Number: row.Number}
				wanted[row.Agent] = append(wanted[row.Agent], ref)
				if row.Paused {
					paused = append(paused, ref)
				}
			}
			delete(wanted, "")
			for agent, want := range wanted {
				assert.Equal(t, want, list(storage.TicketQuery{Agent: agent}), agent)
				found["agent"] += len(want)
			}
			assert.Equal(t, paused, list(storage.TicketQuery{Paused: true}))
			found["paused"] += len(paused)
			assert.Empty(t, list(storage.TicketQuery{Mood: "alegre"}))
		}
		assert.Positive(t, found["agent"])
		assert.Positive(t, found["paused"])
	}
}
`}
)

// An indexed column of tickets is added in three files: every store keeps it, lists by it
// and brings databases of before up to date with it, all by its row.
func TestAddedColumn(t *testing.T) {
	t.Parallel()
	for folder, pattern := range map[string]string{
		"storage":          "^(TestColumnsAreComplete|TestMemory)$/^(tickets|commit)",
		"storage/sqlite":   "^TestConformance$/^(tickets|commit)",
		"storage/postgres": "^TestConformance$/^(tickets|commit)",
		"lab/frozen":       "^(TestProbe|TestSchema|TestSQLite|TestPostgres)$",
	} {
		out, err := overlaid(t, folder, pattern, slices.Concat(added(t), judged, []edit{probe}))
		require.NoError(t, err, out)
		require.NotContains(t, out, "no tests to run")
	}
}

// Of a column that lacks a part one line says which.
func TestColumnLacks(t *testing.T) {
	t.Parallel()
	const (
		value  = "Value: func(t *tickets.Ticket) columns.Value { return columns.Bool(t.Paused) },"
		since  = "Since: columns.Since{SQLite: 4, Postgres: 3},"
		wanted = "wanted: func(q *TicketQuery) columns.Value { return columns.TrueOrNull(q.Paused) },"
	)
	out, err := overlaid(t, "storage", "^TestColumnsAreComplete$", []edit{
		condition("	Paused, Nocolumn bool\n	Other string\n"),
		column(`{Column: columns.Column{Name: "notype", ` + since + value + `}, ` + wanted + `},
{Column: columns.Column{Name: "nosqlite", Type: columns.Flag, Since: columns.Since{Postgres: 3}, ` + value + `}},
{Column: columns.Column{Name: "nopostgres", Type: columns.Flag, Since: columns.Since{SQLite: 4}, ` + value + `}},
{Column: columns.Column{Name: "novalue", Type: columns.Flag, ` + since + `}},
{Column: columns.Column{Name: "constant", Type: columns.Flag, ` + since + ` Value: func(*tickets.Ticket) columns.Value { return columns.Bool(true) }}},
{Column: columns.Column{Name: "null", Type: columns.Text, ` + since + ` Value: func(t *tickets.Ticket) columns.Value { return columns.StringOrNull(t.Agent) }}},
{
	Column: columns.Column{Name: "other", Type: columns.Text, ` + since + ` Value: func(t *tickets.Ticket) columns.Value { return columns.String("is " + t.Agent) }},
	wanted: func(q *TicketQuery) columns.Value { return columns.StringOrNull(q.Other) },
},
`),
	})
	require.Error(t, err, out)
	var lines []string
	for _, m := range regexp.MustCompile(`columns_test\.go:\d+: (.*)`).FindAllStringSubmatch(out, -1) {
		lines = append(lines, m[1])
	}
	slices.Sort(lines)
	assert.Equal(t, []string{
		"TicketQuery.Nocolumn: no column is wanted by it",
		"TicketQuery.Other: does not tell tickets apart",
		"column constant: holds the same of every ticket",
		"column nopostgres: has no number of PostgreSQL's schema",
		"column nosqlite: has no number of SQLite's schema",
		"column notype: has no Type",
		"column novalue: has no Value",
		"column null: holds NULL and is not Nullable",
	}, lines, out)
}
