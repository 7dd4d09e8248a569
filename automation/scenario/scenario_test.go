package scenario_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/charlahq/charla/automation/scenario"
)

// TestFiles plays the rules' files on the memory store; the scenario command's
// test plays them on the others.
func TestFiles(t *testing.T) {
	t.Parallel()
	scenario.Run(t, os.DirFS("testdata"), nil)
}

// sayable are the rules that the grammar can say something of. It cannot read
// reports (R2.7), typification and metadata (R3.6), the history (R3.8), nor send
// a message twice (R3.9).
var sayable = []string{
	"R2.1", "R2.2", "R2.3", "R2.4", "R2.5", "R2.6",
	"R3.1", "R3.2", "R3.3", "R3.4", "R3.5", "R3.7",
	"R4.1", "R4.2", "R4.3", "R4.4", "R4.5", "R4.6", "R4.7", "R4.8", "R4.9",
	"R5.1", "R5.2", "R5.3",
	"R7.1", "R7.2", "R7.3",
	"R11.1", "R11.2", "R11.4",
	"R12.1", "R12.2", "R12.3", "R12.4",
	"R13.1", "R13.2",
	"R14.2", "R14.3",
	"R16.5",
}

var (
	ruleInName = regexp.MustCompile(`^r(\d+\.\d+)-[a-z0-9-]+\.txtar$`)
	ruleInText = regexp.MustCompile(`\bR\d+\.\d+\b`)
)

// TestEveryRuleHasAFile counts a rule as told by the files that are named after
// it, whose comment must name it, too.
func TestEveryRuleHasAFile(t *testing.T) {
	t.Parallel()
	told := make(map[string]int)
	for name, data := range files(t) {
		match := ruleInName.FindStringSubmatch(name)
		require.NotNil(t, match, "%s is not called after a rule", name)
		rule := "R" + match[1]
		script, err := scenario.Parse(name, data)
		require.NoError(t, err)
		assert.Contains(t, ruleInText.FindAllString(script.Comment(), -1), rule, name)
		assert.Regexp(t, `(?m)^(expect|!) `, string(data), "%s checks nothing", name)
		told[rule]++
	}
	for _, rule := range sayable {
		assert.NotZero(t, told[rule], "%s has no file", rule)
	}
}

// TestEveryExpectationCounts turns expectations of the rules' files into their
// contrary, one at a time: the file must then fail, on that line. So every one of
// them is checked, and none holds whatever happens.
func TestEveryExpectationCounts(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(9, 1))
	for name, data := range files(t) {
		lines := strings.SplitAfter(string(data), "\n")
		var expectations []int
		for i, line := range lines {
			if strings.HasPrefix(line, "expect ") {
				expectations = append(expectations, i)
			}
		}
		chance.Shuffle(len(expectations), func(i, j int) {
			expectations[i], expectations[j] = expectations[j], expectations[i]
		})
		for _, i := range expectations[:min(2, len(expectations))] {
			changed := slices.Clone(lines)
			changed[i] = "! " + changed[i]
			script, err := scenario.Parse(name, []byte(strings.Join(changed, "")))
			require.NoError(t, err)
			var failure *scenario.Failure
			require.ErrorAs(t, script.Play(t.Context(), nil), &failure, "%s:%d", name, i+1)
			assert.Equal(t, i+1, failure.Line, name)
			assert.Equal(t, "a failure", failure.Want)
		}
	}
}

// files are the rules' files by their names.
func files(t *testing.T) map[string][]byte {
	t.Helper()
	fsys := os.DirFS("testdata")
	names, err := fs.Glob(fsys, "*.txtar")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(names), 60)
	all := make(map[string][]byte, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		require.NoError(t, err)
		all[name] = data
	}
	return all
}
