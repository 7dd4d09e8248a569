package chatcfg_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/charlahq/charla/chatcfg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R4.6 Variables, fallbacks and literal braces.
func TestTextRender(t *testing.T) {
	t.Parallel()
	values := chatcfg.Values{Customer: "Juan", Agent: "", Account: "Tienda {customer} {{", NextOpen: "lunes"}
	for in, want := range map[string]string{
		"":                                  "",
		"hola":                              "hola",
		"hola {customer}":                   "hola Juan",
		"{customer}{customer}":              "JuanJuan",
		"{customer|amigo}":                  "Juan",
		"{agent|alguien de {account}":       "error",
		"{agent|alguien}":                   "alguien",
		"{agent}":                           "",
		"{agent|}":                          "",
		"{agent| a|b }":                     " a|b ",
		"{account}":                         "Tienda {customer} {{", // R4.6: not expanded again
		"{nextOpen|pronto}":                 "lunes",
		"{{":                                "{",
		"{{customer}}":                      "{customer}}",
		"{{{customer}}":                     "{Juan}",
		"{{{{":                              "{{",
		"} a } }}":                          "} a } }}",
		"{\"a\": 1}":                        "error",
		"{":                                 "error",
		"{{{":                               "error",
		"{customer":                         "error",
		"{customer|amigo":                   "error",
		"{cust{{omer}":                      "error",
		"{}":                                "error",
		"{|x}":                              "error",
		"{ customer }":                      "error",
		"{Customer}":                        "error",
		"{nextopen}":                        "error",
		"{customer.name}":                   "error",
		strings.Repeat("{agent|x}", 10):     "xxxxxxxxxx",
		strings.Repeat("{agent|x}", 11):     "error",
		strings.Repeat("{{agent|x}", 1_000): strings.Repeat("{agent|x}", 1_000),
	} {
		text, err := chatcfg.ParseText(in)
		if want == "error" {
			assert.Error(t, err, in)
			assert.Empty(t, text.Render(values))
			continue
		}
		require.NoError(t, err, in)
		assert.Equal(t, want, text.Render(values), in)
	}
	assert.Empty(t, chatcfg.Text{}.Render(values))
}

func TestParseTextProblems(t *testing.T) {
	t.Parallel()
	_, err := chatcfg.ParseText("{a} {b|c} {customer|{d} {{e} {f")
	var problems chatcfg.Problems
	require.ErrorAs(t, err, &problems)
	const known = "customer, agent, account, nextOpen"
	assert.Equal(t, chatcfg.Problems{
		{Code: "unknown_variable", Args: []any{"a", known}},
		{Code: "unknown_variable", Args: []any{"b", known}},
		{Code: "nested_brace"},
		{Code: "unknown_variable", Args: []any{"d", known}},
		{Code: "open_brace"},
	}, problems)
}

func TestTextUses(t *testing.T) {
	t.Parallel()
	text, err := chatcfg.ParseText("agent {customer|account} {{agent} {nextOpen}")
	require.NoError(t, err)
	assert.True(t, text.Uses(chatcfg.VarCustomer))
	assert.True(t, text.Uses(chatcfg.VarNextOpen))
	assert.False(t, text.Uses(chatcfg.VarAgent))
	assert.False(t, text.Uses(chatcfg.VarAccount))
	assert.False(t, text.Uses(""))
	assert.False(t, text.Uses("agent {"))
}

// R4.6 What a valid text renders to is a message: it never passes MaxMessage.
func TestTextFitsAMessage(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("ñ", chatcfg.MaxName)
	s := strings.Repeat("{agent}", chatcfg.MaxVariables)
	s += strings.Repeat("x", chatcfg.MaxText-len(s))
	c := valid()
	c.Automation.ManualClose = on(s)
	require.NoError(t, c.Validate())
	text, err := chatcfg.ParseText(s)
	require.NoError(t, err)
	assert.Empty(t, chatcfg.CheckText("text", text.Render(chatcfg.Values{Agent: name}), chatcfg.MaxMessage))
}

// R4.6 Any text is itself once its braces are doubled.
func TestTextLiteral(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		s := randomBraces(r)
		text, err := chatcfg.ParseText(strings.ReplaceAll(s, "{", "{{"))
		require.NoError(t, err, s)
		require.Equal(t, s, text.Render(chatcfg.Values{Customer: "no"}))
	}
}

func randomBraces(r *rand.Rand) string {
	parts := []string{"{", "}", "|", "customer", "ñ", " ", "{agent}"}
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

// R4.6 {nextOpen} in the account's zone and language.
func TestFormatInstant(t *testing.T) {
	t.Parallel()
	santiago, err := time.LoadLocation("America/Santiago")
	require.NoError(t, err)
	at := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	assert.Equal(t, "lunes 9 de marzo, 09:00", chatcfg.FormatInstant(at, santiago, chatcfg.Spanish))
	assert.Equal(t, "Monday 9 March, 09:00", chatcfg.FormatInstant(at, santiago, chatcfg.English))
	assert.Equal(t, "segunda-feira, 9 de março, 09:00", chatcfg.FormatInstant(at, santiago, chatcfg.Portuguese))
	assert.Equal(t, "lunes 9 de marzo, 09:00", chatcfg.FormatInstant(at, santiago, chatcfg.Auto))
	assert.Equal(t, "lunes 9 de marzo, 12:00", chatcfg.FormatInstant(at, nil, ""))
	assert.Empty(t, chatcfg.FormatInstant(time.Time{}, santiago, chatcfg.English))
	seen := map[string]bool{}
	for i := range 366 {
		for _, l := range languages {
			s := chatcfg.FormatInstant(at.AddDate(0, 0, i), time.UTC, l)
			assert.NotEmpty(t, s)
			seen[s] = true
		}
	}
	assert.Len(t, seen, 366*3, "days are told apart")
	assert.Equal(t, "sábado 26 de diciembre, 23:59", chatcfg.FormatInstant(time.Date(2026, 12, 26, 23, 59, 59, 0, time.UTC), nil, "es"))
	assert.Equal(t, "domingo, 1 de fevereiro, 00:00", chatcfg.FormatInstant(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), nil, "pt"))
}
