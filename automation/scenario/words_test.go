package scenario_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/charlahq/charla/automation"
	"github.com/charlahq/charla/tickets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryWordIsDocumented: each word that a statement may have is in the documentation of
// the script.
func TestEveryWordIsDocumented(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	doc, err := parser.ParseFile(fset, "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	_, script, found := strings.Cut(doc.Doc.Text(), "# The script\n")
	require.True(t, found)
	known := map[string]bool{}
	for _, word := range regexp.MustCompile(`[!A-Za-z]+`).FindAllString(script, -1) {
		known[word] = true
	}

	source, err := parser.ParseFile(fset, "statements.go", nil, 0)
	require.NoError(t, err)
	words := map[string]bool{}
	plain := regexp.MustCompile(`^(!|[a-z]+)$`)
	ast.Inspect(source, func(n ast.Node) bool {
		if _, ok := n.(*ast.ImportSpec); ok {
			return false
		}
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); assert.NoError(t, err) && plain.MatchString(text) {
				words[text] = true
			}
		}
		return true
	})
	for _, word := range []string{"takes", "unrated", "nobody", "rates", "hands", "over"} {
		assert.True(t, words[word], "%s is a word of the grammar", word)
	}
	for _, rule := range []tickets.RuleKey{
		automation.RuleNewCustomer, automation.RuleNoAgents, automation.RuleOutOfHours, automation.RuleTicketCreated,
		automation.RuleManualClose, automation.RuleAutomaticClose, automation.RuleReminders,
	} {
		words[string(rule)] = true
	}
	delete(words, "d") // of durations
	delete(words, "h")
	for word := range words {
		assert.True(t, known[word], "%q is not in the documentation", word)
	}
}
