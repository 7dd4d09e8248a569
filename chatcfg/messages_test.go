package chatcfg_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var languages = []chatcfg.Locale{chatcfg.Spanish, chatcfg.English, chatcfg.Portuguese}

// assertMessages checks that a problem reads well in every language: that there
// is a text, and that it mentions every argument once and no other.
func assertMessages(t *testing.T, p chatcfg.Problem) {
	t.Helper()
	assert.Len(t, p.Args, verbs(p.Code), p.Code)
	for _, l := range languages {
		text := p.Message(l)
		assert.NotEqual(t, string(p.Code), text, "%s has no message in %s", p.Code, l)
		assert.NotContains(t, text, "%!", "%s in %s", p.Code, l)
		assert.NotContains(t, text, "%v", "%s in %s", p.Code, l)
		assert.Regexp(t, `[.]$`, text, "%s in %s", p.Code, l)
	}
}

// verbs is how many arguments the message of a code has.
func verbs(code chatcfg.Code) int {
	return strings.Count(chatcfg.Problem{Code: code, Args: []any{"‡", "‡", "‡", "‡"}}.Message(chatcfg.English), "‡")
}

// codes are all the Codes that this package declares, from its sources, with the
// values of their constants.
func codes(t *testing.T) map[string]chatcfg.Code {
	t.Helper()
	all := map[string]chatcfg.Code{}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Code" {
				return true
			}
			for i, name := range spec.Names {
				value, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
				require.NoError(t, err)
				all[name.Name] = chatcfg.Code(value)
			}
			return true
		})
	}
	return all
}

// R1.4 Every code has a message in every language, with the same number of
// arguments.
func TestEveryCodeHasMessages(t *testing.T) {
	t.Parallel()
	all := codes(t)
	require.Greater(t, len(all), 60)
	for name, code := range all {
		// A mark that no message contains counts the verbs.
		marks := []any{"‡", "‡", "‡", "‡"}
		for _, l := range languages {
			text := chatcfg.Problem{Code: code, Args: marks}.Message(l)
			assert.NotEqual(t, string(code), text, "%s has no message in %s", name, l)
			assert.Equal(t, verbs(code), strings.Count(text, "‡"), "arguments of %s in %s", name, l)
		}
		assertMessages(t, chatcfg.Problem{Code: code, Args: marks[:verbs(code)]})
		texts := map[string]bool{}
		for _, l := range languages {
			texts[chatcfg.Problem{Code: code, Args: marks[:verbs(code)]}.Message(l)] = true
		}
		assert.Len(t, texts, 3, "%s reads alike in two languages", name)
	}
}

// R1.4 What is found has the arguments that its message wants, and they survive
// JSON.
func TestProblemsHaveTheirArgs(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	seen := map[chatcfg.Code]bool{}
	check := func(p chatcfg.Problem) {
		seen[p.Code] = true
		assertMessages(t, p)
		var back chatcfg.Problem
		require.NoError(t, json.Unmarshal(encode(t, p), &back))
		for _, l := range languages {
			assert.Equal(t, p.Message(l), back.Message(l))
		}
	}
	for range 100 {
		c := random(r)
		if err := c.Validate(); err != nil {
			for _, p := range problemsOf(t, err) {
				check(p)
			}
		}
		for _, p := range c.Lint() {
			check(p)
		}
	}
	assert.Greater(t, len(seen), 25)
}

func TestMessage(t *testing.T) {
	t.Parallel()
	long := chatcfg.Problem{Code: chatcfg.CodeTooLong, Args: []any{2000}}
	assert.Equal(t, "Tiene más de 2.000 caracteres.", long.Message(chatcfg.Spanish))
	assert.Equal(t, "Longer than 2,000 characters.", long.Message(chatcfg.English))
	assert.Equal(t, "Tem mais de 2.000 caracteres.", long.Message(chatcfg.Portuguese))
	assert.Equal(t, "Longer than 2,000 characters.", long.Message(chatcfg.Auto))
	assert.Equal(t, "Longer than 2,000 characters.", long.Message(""))
	assert.Equal(t, "Must be from 1 to ?.", chatcfg.Problem{Code: chatcfg.CodeOutOfRange, Args: []any{1}}.Message(chatcfg.English))
	assert.Equal(t, "of_a_host", chatcfg.Problem{Code: "of_a_host", Args: []any{1}}.Message(chatcfg.Spanish))

	// What someone typed is shown short and without tricks.
	twice := chatcfg.Problem{Code: chatcfg.CodeDuplicate, Args: []any{"a\x1b\n\xff%d" + strings.Repeat("ñ", 1000)}}
	assert.Equal(t, "“a���%d"+strings.Repeat("ñ", 54)+"…” stands twice.", twice.Message(chatcfg.English))
}

// R6.9 The reader's language.
func TestMatchLocale(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]chatcfg.Locale{
		"":                                  chatcfg.Spanish,
		"es":                                chatcfg.Spanish,
		"es-CL,es;q=0.9,en;q=0.8":           chatcfg.Spanish,
		"es-419":                            chatcfg.Spanish,
		"en-GB":                             chatcfg.English,
		"en-US,en;q=0.5":                    chatcfg.English,
		"pt-BR,pt;q=0.9,en;q=0.8":           chatcfg.Portuguese,
		"pt-PT":                             chatcfg.Portuguese,
		"fr-FR,en;q=0.3":                    chatcfg.English,
		"fr":                                chatcfg.Spanish,
		"zh,ja":                             chatcfg.Spanish,
		"en;q=0.1,pt;q=0.9":                 chatcfg.Portuguese,
		"*":                                 chatcfg.Spanish,
		"en-US@posix":                       chatcfg.English,
		"en-US,en;q=0.9,qps-ploc;q=0.1":     chatcfg.English,
		"en-US,en-US@posix;q=0.9,en;q=0.8":  chatcfg.English,
		"en-US,en;q=0.9,es-ES_tradnl;q=0.5": chatcfg.English,
		"en-US,en;q=0,9":                    chatcfg.English,
		"en-GB,C;q=0.5":                     chatcfg.English,
		"C,POSIX,en":                        chatcfg.English,
		"pt_BR.UTF-8":                       chatcfg.Portuguese,
		"es-ES_tradnl,en;q=0.5":             chatcfg.Spanish,
		"en-,,;q=1, ,pt;q=0.2":              chatcfg.English,
		"<script>,en;q=1;x=2,pt;q=0.1":      chatcfg.English,
		"en-toolongsubtag,pt;q=0.5":         chatcfg.English,
		"qps-ploc":                          chatcfg.Spanish,
		"english":                           chatcfg.English,
		"???;;;":                            chatcfg.Spanish,
		"en;q=x":                            chatcfg.Spanish,
		strings.Repeat("en-a-", 1<<16):      chatcfg.Spanish,
		"en" + strings.Repeat(",en", 500):   chatcfg.Spanish,
	} {
		assert.Equal(t, want, chatcfg.MatchLocale(header), "%.40q", header)
	}
	assert.Equal(t, chatcfg.Portuguese, chatcfg.Portuguese.For("en"))
	assert.Equal(t, chatcfg.English, chatcfg.Auto.For("en"))
	assert.Equal(t, chatcfg.Spanish, chatcfg.Auto.For(""))
	assert.Equal(t, chatcfg.English, chatcfg.Locale("xx").For("en"))
}
