package automation_test

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

// greeting is a rule as somebody would add it: with a deadline, an answer and a
// memory.
const greeting = `package automation

import (
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/charlahq/charla/tickets"
)

const RuleGreeting tickets.RuleKey = "throwaway"

const WhyGreeted tickets.Why = "greeted"

var greeting = rule{
	key:   RuleGreeting,
	name:  words("Saludo", "Greeting", "Saudação"),
	on:    []tickets.CommandKind{tickets.CommandWrite},
	reads: []tickets.RuleKey{RuleImportant},
	reasons: map[tickets.Why]chatcfg.Words{
		WhyGreeted:  words("Saludó", "It greeted", "Saudou"),
		WhyArmed:    words("Saluda {until}", "It greets {until}", "Saúda {until}"),
		WhyDeadline: words("Saludó {until}", "It greeted {until}", "Saudou {until}"),
	},
	compile: func(e *env) (any, error) {
		marks, err := e.earlier(RuleImportant)
		return greets{e, marks}, err
	},
}

type greets struct {
	*env
	marks earlier
}

func (r greets) ask(d *tickets.Draft) {
	_, asked := r.marks.answer(d)
	d.Remember(tickets.Memory{Rule: RuleGreeting, At: d.Inputs().Now})
	d.AddFinding(tickets.Finding{Rule: RuleGreeting, Fired: asked, Why: WhyGreeted})
}

func (r greets) due(t *tickets.Ticket) (time.Time, bool) {
	at := t.Recall(RuleGreeting).At
	return at.Add(time.Second), t.Status == tickets.StatusOpen && t.Important && t.Wait != nil && !t.Delayed() && !at.IsZero()
}

func (r greets) fire(d *tickets.Draft, in tickets.Inputs, due time.Time, _ tickets.CommandKind) error {
	return r.act(d, tickets.CommandDelay, in, due, WhyDeadline)
}

func (r greets) overdue(time.Time, bool) (Start, time.Time) { return StartWait, time.Time{} }
`

// TestAddedRule adds a rule by one file and one line, as anybody would: it is
// complete. With any of its parts missing, either it does not compile or one
// failure names what is missing.
func TestAddedRule(t *testing.T) {
	t.Parallel()
	list, err := os.ReadFile("rule.go")
	require.NoError(t, err)
	listed := strings.Replace(string(list), "&sla, &bot,", "&greeting, &sla, &bot,", 1)
	require.NotEqual(t, string(list), listed)
	for name, tt := range map[string]struct{ old, new, want string }{
		"complete":                 {"", "", ""},
		"a reason without words":   {`WhyGreeted:  words("Saludó", "It greeted", "Saudou"),`, "", "throwaway: its reason greeted has no words"},
		"no Portuguese":            {`"Saudação"`, `""`, "throwaway: its name lacks pt"},
		"no overdue":               {"func (r greets) overdue(", "func (r greets) late(", "throwaway: it has part of a deadline only"},
		"no words of the deadline": {`WhyDeadline: words("Saludó {until}", "It greeted {until}", "Saudou {until}"),`, "", "throwaway: no words for its deadline that came"},
		"an undeclared answer":     {"reads: []tickets.RuleKey{RuleImportant},", "", "throwaway reads the answer of important, which it does not name"},
		"two words only":           {`words("Saludó", "It greeted", "Saudou")`, `words("Saludó", "It greeted")`, "not enough arguments in call to words"},
		"no scenario":              {"scenario", "", "throwaway: no scenario file has it"},
	} {
		t.Run(name, func(t *testing.T) {
			source := strings.Replace(greeting, tt.old, tt.new, 1)
			overlay := map[string]string{"rule.go": listed, "rule_greeting.go": source}
			if tt.old != "scenario" {
				// The suite looks for scenarios in a folder; an existing one is told of
				// the rule in a comment.
				overlay["complete_scenarios_test.go"] = "package automation_test\n\nfunc init() { moreScenarios = append(moreScenarios, \"expect juan got throwaway\") }\n"
			}
			output, err := testOverlaid(t, overlay)
			if tt.want == "" {
				require.NoError(t, err, output)
				return
			}
			require.Error(t, err)
			assert.Contains(t, output, tt.want)
		})
	}
}

// testOverlaid runs the tests of completeness with files in place of, and beside,
// the package's own.
func testOverlaid(t *testing.T, files map[string]string) (string, error) {
	t.Helper()
	dir, here := t.TempDir(), must(filepath.Abs("."))
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
	output, err := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay="+overlay, "-run=^TestRulesAreComplete$", ".").CombinedOutput()
	return string(output), err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
